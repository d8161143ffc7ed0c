"""Kinds of cards, without Python: what learners get of a deck's own in the real Anki, and what is reported of them."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT, counts, import_package

from flashdeck.anki.note import stable_id
from flashdeck.model.kind_reader import FIELD_KEYS, KIND_KEYS, TEMPLATE_KEYS, TYPES, read_kinds
from flashdeck.model.kinds import Kind, in_reading_order
from flashdeck.pipeline import compile_project


def test_kinds_of_a_decks_own_come_out_as_their_templates_define(cli, col, tmp_path):
    shutil.copytree(ROOT / "tests" / "good" / "own-kinds", tmp_path / "decks")

    assert cli("release").code == 0
    logs = [counts(import_package(col, tmp_path / "dist" / f"{name}-en.apkg")) for name in ("mine", "other")]

    assert logs == [{"new": 3}, {"new": 2}]
    notes = {note.guid: note for note in map(col.get_note, col.find_notes(""))}
    glossary, exact = notes["mine/child@en"].note_type(), notes["kT}&x,)9"].note_type()
    borrowed = notes["other/borrowed@en"].note_type()  # whoever has both decks can be sent another look of each
    assert [(one["name"], one["id"]) for one in (glossary, borrowed)] == [
        (f"{deck} glossary (en)", stable_id("note type", deck, "mine/glossary", "en")) for deck in ("mine", "other")
    ]
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
        assert sum(map(int, re.findall(r"\.apkg +(\d)", ran.out))) == 2


OCCLUSION = """
    kind: occlusion
    cards:
      - id: map
        image: map.png
        alt: three areas
        question: Which town is hidden?
        remark: Not to *scale*
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
    names = [f'<span class="named c{gap}">{name}</span>' for gap, name in ((1, "Lyon"), (2, "The Nile, Delta"), (4, "Triangle"))]
    assert read.back_extra == f'{"".join(names)}<div class="remark">Not to <em>scale</em></div>'


def test_the_note_type_for_hidden_places_has_the_marks_of_ankis_own(deck, cli, col, tmp_path):
    assert cli("build", deck(OCCLUSION, media__map_png=b"a picture"), "--language", "en").code == 0
    import_package(col, tmp_path / "dist" / "test-en.apkg")
    col._backend.add_image_occlusion_notetype()

    ours = col.get_note(col.find_notes("")[0]).note_type()
    marks = [
        (type["originalStockKind"], [(field["tag"], field["preventDeletion"]) for field in type["flds"][:5]])
        for type in (ours, col.models.by_name("Image Occlusion"))
    ]
    assert marks[0] == marks[1]
    assert [(field["tag"], field["preventDeletion"]) for field in ours["flds"][5:]] == [(None, False)] * (len(ours["flds"]) - 5)


TYPED = """
    cards:
      - {id: capital, kind: basic, question: Where?, answer: "**Paris** & more", type_answer: true, also_accepted: Paname}
      - {id: plain, kind: basic, question: Who?, answer: me, also_accepted: I}
      - {id: call, kind: basic, question: Which?, answer: "the call [sound:call.mp3]", type_answer: true}
      - {id: term, kind: term, avoid: old, prefer: [new, fresh], type_answer: true, reference: book}
    references:
      - {id: book, type: book, title: A Book, publisher: P, issued: 2020}
    """


def test_answers_to_type_are_asked_and_compared_without_their_html(deck, cli, col, tmp_path):
    folder = deck(TYPED)
    (folder / "test" / "media").mkdir()
    (folder / "test" / "media" / "call.mp3").write_bytes(b"ID3 a call")
    assert cli("release", folder).code == 0
    import_package(col, tmp_path / "dist" / "test-en.apkg")

    notes = {note.guid.partition("@")[0]: note for note in map(col.get_note, col.find_notes(""))}
    typed = {guid: note["Typed answer"] for guid, note in notes.items()}
    assert typed == {"test/capital": "Paris &amp; more", "test/plain": "", "test/call": "the call", "test/term": "new"}
    assert notes["test/capital"]["Extra"] == '<p class="label">Also accepted</p><div>Paname</div>'
    for guid, note in notes.items():
        sides = [note.cards()[0].question(), note.cards()[0].answer()]
        assert [side.count("[[type:Typed answer]]") for side in sides] == ([0, 0] if guid == "test/plain" else [1, 1])


def with_kind(write, kind_yaml: str, cards: str = "cards: []\n") -> Path:
    """A deck with a kind `pair` of its own."""
    sides = {"kinds__pair__front_html": "{{Front}}\n", "kinds__pair__back_html": "{{Back}} [[foot]]\n"}
    return write(cards, kinds__pair__kind_yaml=kind_yaml, **sides)


def test_a_note_type_from_elsewhere_without_an_id_builds_in_two_languages(deck, cli, col, tmp_path):
    cards = "kind: pair\ncards: [{id: a, front: {fr: q, en: r}, back: OLD}]\n"
    decks = with_kind(deck, "anki: {name: Pair}\nfields: {front: {}, back: {}}\n", cards)
    (decks / "test" / "kinds" / "pair" / "back.html").write_text("{{Back}}\n")

    first = cli("release", SOURCE_DATE_EPOCH="1700000000")
    logs = [counts(import_package(col, tmp_path / "dist" / f"test-{language}.apkg")) for language in ("en", "fr")]
    (decks / "test" / "cards.yaml").write_text(cards.replace("OLD", "new"))
    second = cli("release", SOURCE_DATE_EPOCH="1700000100")
    logs += [counts(import_package(col, tmp_path / "dist" / f"test-{language}.apkg")) for language in ("en", "fr")]

    assert (first.code, second.code) == (0, 0)
    assert logs == [{"new": 1}, {"new": 1}, {"updated": 1}, {"updated": 1}]
    assert sorted(note.fields for note in map(col.get_note, col.find_notes(""))) == [["q", "new"], ["r", "new"]]
    types = {col.get_note(id).note_type()["id"] for id in col.find_notes("")}
    assert types == {stable_id("note type", "test/pair", language) for language in ("en", "fr")}


FIELDS = "fields:\n  front: {required: true}\n  back: {}\n"


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("asks: what a word means\nexample: {id: a, front: {en: x, fr: y}, tags: [b], reference: c}\norder: 3\n", ""),
        ("asks: [a, b]\n", "4:7: error[wrong-shape]"),
        ("asks: ''\n", "4:7: error[empty-text]"),
        ("example: a card\n", "4:10: error[wrong-shape]"),
        ("example: {front: x}\n", "4:10: error[missing-field] there is no 'id' here"),
        ("example: {id: A b, front: x}\n", "4:15: error[bad-id]"),
        ("example: {id: a}\n", "4:10: error[missing-field] this example has no 'front'"),
        ("example: {id: a, front: x, bakc: y}\n", "4:28: error[unknown-key] 'bakc' is not a field of this kind"),
        ("order: first\n", "4:8: error[wrong-shape]"),
        ("exmaple: {id: a}\n", "4:1: error[unknown-key] 'exmaple' is not a field of a kind"),
    ],
)
def test_what_is_wrong_with_the_example_of_an_own_kind_is_reported_at_its_place(text, reported, deck, cli):
    with_kind(deck, FIELDS + text)

    ran = cli("check")

    errors = [line.removeprefix("decks/test/kinds/pair/kind.yaml:") for line in ran.out.splitlines() if "error[" in line]
    assert [error[: len(reported)] for error in errors] == ([reported] if reported else [])


def test_a_readme_beside_the_kinds_is_none_of_them(deck, cli):
    decks = with_kind(deck, FIELDS)
    (decks / "test" / "kinds" / "README.md").write_text("# for designers: [[nothing]] {{here}}\n")

    assert cli("check").out == ""


def to_row(kind: Kind) -> str:
    """The row of a kind in the table of the README."""

    def describe(key: str) -> str:
        field = kind.fields[key]
        *words, last = [f"`{word}`" for word in field.words] or [""]
        notes = [f"{', '.join(words)} or {last}"] if words else []
        notes += [f"with {field.needs}"] if field.needs else []
        return (f"**{key}**" if field.required else key) + (f" ({'; '.join(notes)})" if notes else "")

    keys = sorted(kind.fields, key=lambda key: not kind.fields[key].required)
    shown = [key for key in keys if kind.fields[key].required or kind.fields[key].type != "references"]
    return f"| `{kind.name}` | {', '.join(map(describe, shown))} | {kind.asks} |\n"


def test_the_readme_has_a_row_for_every_kind(request):
    path = ROOT / "README.md"
    head, _, after = re.split(r"(?s)(?<=--update` -->\n)(.*)(?=<!-- end of kinds -->)", path.read_text(encoding="utf-8"))
    table = "| kind | fields (required in bold) | what learners are asked |\n|---|---|---|\n"
    table += "".join(map(to_row, in_reading_order(read_kinds().values())))
    text = head + table + after

    if request.config.getoption("--update"):
        path.write_text(text, encoding="utf-8", newline="\n")

    assert path.read_text(encoding="utf-8") == text
    assert all(kind.asks and kind.example and kind.order for kind in read_kinds().values())


def test_the_page_for_designers_explains_every_key_and_type():
    text = (ROOT / "flashdeck" / "kinds" / "README.md").read_text(encoding="utf-8")

    assert {word for word in (*KIND_KEYS, *FIELD_KEYS, *TEMPLATE_KEYS, *TYPES) if f"`{word}" not in text} == set()


def test_a_new_kind_is_one_folder(cli, tmp_path):
    """As the page for designers says it: `init` writes its example, and the deck builds."""
    shutil.copytree(ROOT / "flashdeck", tmp_path / "program" / "flashdeck")
    kinds = tmp_path / "program" / "flashdeck" / "kinds"
    (kinds / "glossary").mkdir()
    kind_yaml = re.search(r"```yaml\n(.*?)```", (kinds / "README.md").read_text(encoding="utf-8"), re.S)[1]
    (kinds / "glossary" / "kind.yaml").write_text(kind_yaml, encoding="utf-8")
    (kinds / "glossary" / "front.html").write_text('<p lang="[[lang]]">[[mean]]</p> {{Word}}\n')
    (kinds / "glossary" / "back.html").write_text('{{FrontSide}}<hr id="answer">{{Meaning}} [[foot]]\n')
    program = {"PYTHONPATH": str(tmp_path / "program")}

    ran = [cli(*words, **program) for words in (["init", "decks/mine", "--language", "fr"], ["check", "--strict"], ["build"])]

    assert [one.code for one in ran] == [0, 0, 0]
    assert (
        (tmp_path / "decks" / "mine" / "cards.yaml")
        .read_text(encoding="utf-8")
        .endswith(
            "  - id: victim\n    kind: glossary\n    word: victime\n"
            "    meaning: une personne à qui un crime a nui\n    reference: mine-terminology\n"
        )
    )
    assert int(ran[2].out.splitlines()[1].split()[1]) == len(read_kinds()) + 1


def test_parts_that_grow_with_each_level_are_refused_in_no_time(deck):
    levels = {f"kinds__p{at}_html": f"[[p{at + 1}]]" * 12 for at in range(7)} | {"kinds__p7_html": "x"}
    word = {
        "kinds__word__kind_yaml": "fields: {word: }\n",
        "kinds__word__front_html": "[[p3]] {{Word}}",
        "kinds__word__back_html": "",
    }
    many = {"kinds__many__kind_yaml": "fields: {word: }\n", "kinds__many__front_html": "[[p3]]" * 60 + "{{Word}}"}
    folder = deck("cards: []\n", **levels, **word, **many, kinds__many__back_html="")

    problems = compile_project([folder]).problems

    assert [(problem.spot.path.rpartition("/kinds/")[2], problem.code) for problem in problems] == [
        ("many/front.html", "endless-part"),
        ("p0.html", "endless-part"),
        ("p1.html", "endless-part"),
        ("p2.html", "endless-part"),
    ]


def test_a_template_that_is_no_more_does_not_stop_a_check(deck, cli):
    kind = "fields: {word: }\ncards:\n  one: {front: one.html, back: back.html}\n"
    two = "  'two,three': {front: two.html, back: back.html}\n"
    sides = {"kinds__word__one_html": "{{Word}}", "kinds__word__two_html": "2 {{Word}}", "kinds__word__back_html": "{{Word}}"}
    cards = "kind: word\ncards:\n  - {id: a, word: a}\n"
    deck(cards, kinds__word__kind_yaml=kind + two, **sides)
    assert cli("release").code == 0
    assert cli("check").out == ""
    deck(cards, kinds__word__kind_yaml=kind, **sides)

    ran = cli("check")

    assert (
        ran.out.count("error[changed-note-type] the cards of the released kind 'test/word'")
        == 2
        == len(ran.out.splitlines()) // 2
    )
