"""What histories in the real Anki have taught of releases, one rule a test; `test_histories.py` plays them all together."""

import subprocess
from pathlib import Path

import pytest
from anki.collection import Collection
from anki.import_export_pb2 import ImportCsvRequest
from conftest import commit, counts, import_package
from test_release import CARDS, DECK, FIRST, SECOND, THIRD, at, guids_and_times, ledger_of

from flashdeck.release.ledger import NAME, to_time

FOURTH = "2026-04-01T00:00:00Z"


def answers(col: Collection) -> dict[str, str]:
    return {note.guid: note["Answer"] for note in map(col.get_note, col.find_notes(""))}


def edit(col: Collection, guid: str, day: str) -> None:
    """What a learner adds to a note on a day."""
    note = col.get_note(col.db.scalar("select id from notes where guid = ?", guid))
    note["My notes"] = "mine"
    note.tags = ["own"]
    col.update_note(note)
    col.db.execute("update notes set mod = ? where id = ?", to_time(day), note.id)


def import_text(col: Collection, path: Path) -> dict[str, int]:
    return counts(col.import_csv(ImportCsvRequest(path=str(path), metadata=col.get_csv_metadata(str(path), None))).log)


def rows(path: Path) -> list[str]:
    """The guids of an update text."""
    return sorted(line.partition("\t")[0] for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


def test_a_release_that_git_took_back_is_corrected_over_its_package(deck, cli, col, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    commit(tmp_path, "decks")
    deck(CARDS.replace("answer: b", "answer: wrong"), DECK)
    cli("release", decks, **at(SECOND))
    import_package(col, tmp_path / "dist" / "test-en.apkg")
    edit(col, "test/one@en", SECOND)
    subprocess.run(["git", "checkout", "-q", "HEAD", "--", "decks"], cwd=tmp_path, check=True)

    refused = cli("release", decks, **at(THIRD))
    (tmp_path / "dist" / "test-en.apkg").rename(tmp_path / "theirs.apkg")
    ran = cli("release", decks, "--over", "theirs.apkg", **at(THIRD))

    assert "error[lost-ledger]" in refused.err and (refused.code, ran.code) == (1, 0)
    assert counts(import_package(col, tmp_path / "dist" / "test-en.apkg")) == {"updated": 1, "duplicate": 1}
    assert answers(col) == {"test/one@en": "a", "test/two@en": "b"}
    assert len(col.find_notes("tag:own")) == 1  # what is the same in both keeps the ledger's time
    assert rows(tmp_path / "dist" / "test-en-from-2026-01-01.txt") == ["test/two@en"]


def test_a_draft_that_was_handed_out_and_reverted_is_corrected_over_it(deck, cli, col, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    deck(CARDS.replace("answer: b", "answer: draft"), DECK)
    cli("build", decks, **at(SECOND))
    import_package(col, tmp_path / "dist" / "test-en-draft.apkg")
    deck(CARDS, DECK)

    without = cli("release", decks, "--out", "without", **at(THIRD))
    stays = import_package(col, tmp_path / "without" / "test-en.apkg"), answers(col)
    ran = cli("release", decks, "--over", "dist/test-en-draft.apkg", **at(THIRD))
    import_package(col, tmp_path / "dist" / "test-en.apkg")

    assert (without.code, ran.code) == (0, 0)
    assert stays[1]["test/two@en"] == "draft"
    assert answers(col) == {"test/one@en": "a", "test/two@en": "b"}


def test_who_touched_a_note_of_a_draft_gets_the_release_all_the_same(deck, cli, col, tmp_path):
    """So a release never takes the time of the draft before it."""
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    import_package(col, tmp_path / "dist" / "test-en.apkg")
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    cli("build", decks, **at(SECOND))
    edit(col, "test/two@en", "2026-02-02T00:00:00Z")  # after the draft, which this learner never had

    cli("release", decks, **at(THIRD))

    assert guids_and_times(tmp_path / "dist" / "test-en.apkg")["test/two@en"] == to_time(THIRD)
    assert counts(import_package(col, tmp_path / "dist" / "test-en.apkg")) == {"updated": 1, "duplicate": 1}
    assert answers(col)["test/two@en"] == "c"


def test_two_branches_that_each_corrected_a_note_and_released_it_are_both_healed_by_the_next_release(deck, cli, col, tmp_path):
    three = "  - {id: three, question: three, answer: d}\n"
    decks = deck(CARDS + three, DECK)
    cli("release", decks, "--out", "first", **at(FIRST))
    ledgers = {"base": (decks / "test" / NAME).read_bytes()}
    branches = {  # one corrects `one` and `two`, the other `one` and `three`
        "ours": (CARDS.replace("answer: a", "answer: a1").replace("answer: b", "answer: b1") + three, SECOND),
        "theirs": (CARDS.replace("answer: a", "answer: a2") + three.replace("answer: d", "answer: d2"), THIRD),
    }
    for branch, (text, day) in branches.items():
        (decks / "test" / NAME).write_bytes(ledgers["base"])
        deck(text, DECK)
        assert cli("release", decks, "--out", branch, **at(day)).code == 0
        ledgers[branch] = (decks / "test" / NAME).read_bytes()
    for name, data in ledgers.items():
        (tmp_path / name).with_suffix(".lock").write_bytes(data)
    words = ["git", "merge-file", "-p", "--union", "ours.lock", "base.lock", "theirs.lock"]
    (decks / "test" / NAME).write_bytes(subprocess.run(words, cwd=tmp_path, check=True, capture_output=True).stdout)
    deck(branches["theirs"][0].replace("answer: b", "answer: b1"), DECK)

    ran = cli("release", decks, **at(FOURTH))

    assert ran.code == 0
    assert guids_and_times(tmp_path / "dist" / "test-en.apkg") == {
        "test/one@en": to_time(FOURTH),  # each has another text, and neither knew the other's
        "test/two@en": to_time(SECOND),
        "test/three@en": to_time(THIRD),
    }
    texts = {path.name: rows(path) for path in (tmp_path / "dist").glob("*.txt")}
    assert texts == {
        "test-en-from-2026-01-01.txt": ["test/one@en", "test/three@en", "test/two@en"],
        "test-en-from-2026-02-01.txt": ["test/one@en", "test/three@en"],
        "test-en-from-2026-03-01.txt": ["test/one@en", "test/two@en"],
    }
    import_package(col, tmp_path / "ours" / "test-en.apkg")
    edit(col, "test/three@en", "2026-03-15T00:00:00Z")  # later than their release
    import_text(col, tmp_path / "dist" / "test-en-from-2026-02-01.txt")
    import_package(col, tmp_path / "dist" / "test-en.apkg")
    assert answers(col) == {"test/one@en": "a2", "test/two@en": "b1", "test/three@en": "d2"}
    assert len(col.find_notes("tag:own")) == 1


def test_what_a_stopped_release_had_to_send_is_in_the_next_text_though_the_sources_were_edited(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, "--out", "first", **at(FIRST))
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    (tmp_path / "dist").write_text("a file")
    stopped = cli("release", decks, **at(SECOND))
    (tmp_path / "dist").unlink()
    deck(CARDS.replace("answer: b", "answer: c").replace("answer: a", "answer: e"), DECK)

    ran = cli("release", decks, **at(THIRD))

    assert (stopped.code, ran.code) == (2, 0)
    assert {path.name: rows(path) for path in (tmp_path / "dist").glob("*.txt")} == {
        "test-en-from-2026-01-01.txt": ["test/one@en", "test/two@en"]
    }
    assert ledger_of(decks).pending == frozenset()


def test_the_text_of_a_course_gives_its_tag_and_what_was_brought_back_waits_for_the_package(deck, cli, col, tmp_path):
    course = "courses:\n  - {id: course, include: {kinds: [basic]}}\n"
    cards = CARDS + "  - {id: back, question: back, answer: d}\n"
    retired = cards.replace("answer: d", "answer: d, retired: {since: 2026-01, why: wrong}")
    decks = deck(cards, DECK)
    cli("release", decks, "--out", "first", **at(FIRST))
    cli("release", deck(retired, DECK), "--out", "second", **at(SECOND))
    for out in ("first", "second"):
        import_package(col, tmp_path / out / "test-en.apkg")
    edit(col, "test/two@en", SECOND)
    both = cards.replace("answer: d", "answer: d2").replace("answer: b", "answer: b2")

    cli("release", deck(both + course, DECK), **at(THIRD))
    text = tmp_path / "dist" / "course-en-from-2026-02-01.txt"
    by_text = import_text(col, text)
    import_package(col, tmp_path / "dist" / "course-en.apkg")

    assert rows(text) == ["test/two@en"] and by_text == {"updated": 1}
    assert answers(col) == {"test/one@en": "a", "test/two@en": "b2", "test/back@en": "d2"}
    (two,) = col.find_notes("tag:own")
    assert (col.get_note(two).tags, col.get_note(two)["My notes"]) == (["course::course", "own"], "mine")
    assert list(col.find_notes("tag:flashdeck::retired")) == []


CITED = """\
cards:
  - {id: cited, kind: basic, question: q, answer: a, reference: book}
  - {id: shown, kind: basic, question: '![a square](square.svg)', answer: a}
  - {id: labelled, kind: own, word: w, level: high}
references:
  - {id: book, title: A Book, publisher: P, issued: 2020}
"""
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'
KIND = "fields: {word: {}, level: {type: word, words: [high]}}\nlabels: {high: {en: High}}\n"


@pytest.mark.parametrize(
    ("card", "change"),
    [
        ("cited", {"cards": CITED.replace("2020", "2021")}),
        ("shown", {"square_svg": SQUARE.replace("4", "5")}),
        ("labelled", {"kinds__own__kind_yaml": KIND.replace("High", "Very high")}),
    ],
)
def test_whatever_an_author_changes_of_what_a_card_shows_counts(card, change, deck, cli, tmp_path):
    files = {"cards": CITED, "square_svg": SQUARE, "kinds__own__kind_yaml": KIND}
    files |= {"kinds__own__front_html": "{{Word}}", "kinds__own__back_html": "{{Level}}"}
    decks = deck(deck_yaml=DECK, **files)
    cli("release", decks, **at(FIRST))

    ran = cli("release", deck(deck_yaml=DECK, **(files | change)), **at(SECOND))

    assert ran.code == 0
    times = guids_and_times(tmp_path / "dist" / "test-en.apkg")
    assert {guid for guid, time in times.items() if time == to_time(SECOND)} == {f"test/{card}@en"}


def test_another_wording_is_later_whenever_its_original_is_corrected_and_its_learners_get_the_original_back(cli, col, tmp_path):
    def write(answer: str, override: str) -> None:
        texts = {
            "one": f"kind: basic\ncards:\n  - {{id: a, question: qa, answer: {answer}}}\n",
            "two": f"kind: basic\ncards:\n  - {{id: b, question: qb, answer: rb}}\n{override}",
        }
        for id, text in texts.items():
            folder = tmp_path / "decks" / id
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "deck.yaml").write_text(f"id: {id}\nname: {id}\nlanguages: [en]\n")
            (folder / "cards.yaml").write_text(text)

    ours = "  - {override: one/a, answer: ours}\n"
    times, found = [], []
    for (answer, override), day in zip([("x", ours), ("y", ours), ("y", "")], (FIRST, SECOND, THIRD), strict=True):
        write(answer, override)
        assert cli("release", **at(day)).code == 0
        times.append([guids_and_times(tmp_path / "dist" / f"{id}-en.apkg")["one/a@en"] for id in ("one", "two")])
        for id in ("two", "one"):
            import_package(col, tmp_path / "dist" / f"{id}-en.apkg")
        found.append(answers(col)["one/a@en"])

    first, second, third = map(to_time, (FIRST, SECOND, THIRD))
    assert times == [[first, first + 1], [second, second + 1], [second, third]]
    assert found == ["ours", "ours", "y"]


def test_the_text_of_a_course_has_what_another_deck_corrected_in_a_release_of_its_own(cli, tmp_path):
    course = "courses:\n  - {id: course, include: {kinds: [basic]}}\n"
    for id, text in (("one", CARDS + course), ("two", CARDS)):
        folder = tmp_path / "decks" / id
        folder.mkdir(parents=True)
        (folder / "deck.yaml").write_text(f"id: {id}\nname: {id}\nlanguages: [en]\n")
        (folder / "cards.yaml").write_text(text.replace("one, ", f"one-{id}, ").replace("two, ", f"two-{id}, "))
    cli("release", **at(FIRST))
    cards = tmp_path / "decks" / "two" / "cards.yaml"
    cards.write_text(cards.read_text().replace("answer: b", "answer: c"))
    cli("release", "--title", "Only two", **at(SECOND))

    assert list(ledger_of(tmp_path / "decks", "one").releases) == [FIRST]
    assert {path.name: rows(path) for path in (tmp_path / "dist").glob("*.txt")} == {
        "two-en-from-2026-01-01.txt": ["two/two-two@en"],
        "course-en-from-2026-01-01.txt": ["two/two-two@en"],
    }
    notes = {path.name: path.read_text().partition("\n")[0] for path in (tmp_path / "dist").glob("*-notes.md")}
    assert notes == {
        "one-en-notes.md": "# 2026-01-01",
        "two-en-notes.md": "# Only two (2026-02-01)",
        "course-en-notes.md": "# Only two (2026-02-01)",
    }
