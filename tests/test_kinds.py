"""Kinds of a deck's own, without Python: what learners get of them, in the real Anki."""

import shutil

from conftest import ROOT, counts, import_package

from flashdeck.anki.note import stable_id


def test_kinds_of_a_decks_own_come_out_as_their_templates_say(cli, col, tmp_path):
    shutil.copytree(ROOT / "tests" / "good" / "own-kinds", tmp_path / "decks")

    assert cli("build", "--language", "en").code == 0
    logs = [counts(import_package(col, tmp_path / "dist" / f"{name}-en.apkg")) for name in ("mine", "other")]

    assert logs == [{"new": 3}, {"new": 2}]
    notes = {note.guid: note for note in map(col.get_note, col.find_notes(""))}
    glossary, exact = notes["mine/child@en"].note_type(), notes["kT}&x,)9"].note_type()
    assert glossary["name"] == "flashdeck mine/glossary (en)"
    assert glossary["id"] == notes["other/borrowed@en"].mid == stable_id("note type", "mine/glossary", "en")
    assert [one["name"] for one in glossary["flds"]][:4] == ["Word", "Meaning", "Level", "Remark"]
    assert [glossary["css"].endswith("teal; }\n"), exact["css"]] == [True, ".card {}\n"]
    assert (exact["id"], exact["name"]) == (1700000000001, "Somebody's type")
    assert [(one["name"], one["id"]) for one in exact["flds"]][1] == ("Back", 12345)
    assert [(one["name"], one["id"]) for one in exact["tmpls"]] == [("Card 1", -4567)]
    assert notes["mine/own-basic@en"].mid != notes["other/plain@en"].mid
    questions = {guid: note.cards()[0].question() for guid, note in notes.items()}
    assert '<p lang="en">What does it mean?</p>' in questions["mine/child@en"]
    assert '<span class="hard">hard</span>' in questions["mine/child@en"]
    assert questions["mine/own-basic@en"].strip().endswith("<i>an own front</i>")
    assert questions["kT}&x,)9"].strip().endswith("<b>a</b> [[0]]<script>let a = [[0]];</script>")
    answer = notes["mine/child@en"].cards()[0].answer()
    assert "<em>eighteen</em>remark<script>let own = 1;</script>" in answer
    assert col.fix_integrity()[1]


def test_a_course_and_an_option_can_name_a_kind_by_its_word(cli, tmp_path):
    shutil.copytree(ROOT / "tests" / "good" / "own-kinds", tmp_path / "decks")

    for words in (["--course", "words"], ["--kind", "glossary"], ["--kind", "mine/glossary"]):
        ran = cli("build", "--language", "en", *words)
        assert sum(int(row.split()[1]) for row in ran.out.splitlines()[1:]) == 2


OCCLUSION = """
    kind: occlusion
    cards:
      - id: map
        image: map.png
        alt: three areas
        question: Which town is hidden?
        hide: all
        shapes:
          c1: {name: Lyon, rectangle: [10, 20, 30, 15]}
          c2: [{name: The Nile, ellipse: [70, 50, 10, 20]}, {name: Delta, rectangle: [60, 80, 10, 10]}]
          c4: {name: Triangle, polygon: [[10, 60], [30, 60], [20.5, 90]]}
    """


def test_hidden_places_of_a_picture_are_what_ankis_own_editor_for_them_reads(deck, cli, col, tmp_path):
    decks = deck(OCCLUSION, media__map_png=b"a picture")

    assert cli("build", decks, "--language", "en").code == 0
    import_package(col, tmp_path / "dist" / "test-en.apkg")

    (id,) = col.find_notes("")
    read = col.get_image_occlusion_note(id).note
    shapes = {
        (group.ordinal, shape.shape): {one.name: one.value for one in shape.properties}
        for group in read.occlusions
        for shape in group.shapes
    }
    assert shapes == {
        (1, "rect"): {"left": ".1", "top": ".2", "width": ".3", "height": ".15", "oi": "1"},
        (2, "ellipse"): {"left": ".6", "top": ".3", "rx": ".1", "ry": ".2", "oi": "1"},
        (2, "rect"): {"left": ".6", "top": ".8", "width": ".1", "height": ".1", "oi": "1"},
        (4, "polygon"): {"left": ".1", "top": ".6", "points": ".1,.6 .3,.6 .205,.9", "oi": "1"},
    }
    assert (read.header, read.image_data) == ("Which town is hidden?", b"a picture")
    assert [card.ord for card in col.get_note(id).cards()] == [0, 1, 3]
    assert '<span class="named c2">The Nile, Delta</span>' in read.back_extra


TYPED = """
    cards:
      - {id: capital, kind: basic, question: Where?, answer: "**Paris** & more", type_answer: true, also_accepted: Paname}
      - {id: plain, kind: basic, question: Who?, answer: me, also_accepted: I}
      - {id: term, kind: term, avoid: old, prefer: [new, fresh], type_answer: true, reference: book}
    references:
      - {id: book, type: book, title: A Book, publisher: P, issued: 2020}
    """


def test_answers_to_type_are_asked_and_compared_without_their_html(deck, cli, col, tmp_path):
    assert cli("build", deck(TYPED), "--language", "en").code == 0
    import_package(col, tmp_path / "dist" / "test-en.apkg")

    notes = {note.guid.partition("@")[0]: note for note in map(col.get_note, col.find_notes(""))}
    typed = {guid: note["Typed answer"] for guid, note in notes.items()}
    assert typed == {"test/capital": "Paris &amp; more", "test/plain": "", "test/term": "new"}
    assert notes["test/capital"]["Extra"] == '<p class="label">Also accepted</p><div>Paname</div>'
    for guid, note in notes.items():
        sides = [note.cards()[0].question(), note.cards()[0].answer()]
        assert [side.count("[[type:Typed answer]]") for side in sides] == ([0, 0] if guid == "test/plain" else [1, 1])
