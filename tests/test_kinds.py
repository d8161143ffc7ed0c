"""Kinds of a deck's own, without Python: what learners get of them, in the real Anki."""

import shutil

from conftest import ROOT, counts, import_package

from flashdeck.notes import stable_id


def test_kinds_of_a_decks_own_come_out_as_their_templates_say(cli, col, tmp_path):
    shutil.copytree(ROOT / "tests" / "good" / "own-kinds", tmp_path / "decks")

    assert cli("build", "--language", "en").code == 0
    logs = [counts(import_package(col, tmp_path / "dist" / f"{name}-en.apkg")) for name in ("mine", "other")]

    assert logs == [{"new": 3}, {"new": 2}]
    notes = {note.guid: note for note in map(col.get_note, col.find_notes(""))}
    glossary, exact = notes["mine/child@en"].note_type(), notes["kT}&x,)9"].note_type()
    assert glossary["name"] == "flashdeck mine/glossary (en)"
    assert glossary["id"] == notes["other/borrowed@en"].mid == stable_id("note type", "mine/glossary", "en")
    assert [one["name"] for one in glossary["flds"]][:4] == ["Word", "Meaning", "Level", "Extra"]
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
