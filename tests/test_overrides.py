"""Cards whose wording another deck overrides: whoever has that deck gets its wording, under the same guid."""

from itertools import permutations

import pytest
from conftest import counts, import_package

from flashdeck.model.courses import Filter
from flashdeck.pipeline import compile_project, release
from flashdeck.release.release import select_notes

BASE = """
    kind: basic
    tags: [base]
    cards:
      - {id: one, question: {fr: Q1, en: E1}, answer: A1, extra: X1}
      - {id: two, question: Q2, answer: A2}
    courses:
      - {id: official, include: {decks: [test]}}
    """
MINE_DECK = "id: mine\nname: Mine\nlanguages: [fr, en]\n"
MINE = """\
cards:
  - {id: own, kind: basic, question: Q3, answer: A3}
  - {override: test/one, extra: {fr: 'une remarque ![un carré](red.svg)'}}
courses:
  - {id: local, include: {decks: [test]}}
"""
RED = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'


@pytest.fixture
def decks(deck):
    decks = deck(BASE)
    (decks / "mine").mkdir()
    (decks / "mine" / "deck.yaml").write_text(MINE_DECK)
    (decks / "mine" / "red.svg").write_bytes(RED)
    (decks / "mine" / "cards.yaml").write_text(MINE)
    return decks


def notes(col) -> dict[str, list[str]]:
    return {note.guid: note.fields for note in map(col.get_note, col.find_notes(""))}


def test_the_deck_and_its_courses_have_its_wording_and_all_others_the_original(decks, cli, col, tmp_path):
    assert cli("release", decks).code == 0

    found = {}
    for name in ("test", "official", "mine", "local"):
        col.remove_notes(col.find_notes(""))
        import_package(col, tmp_path / "dist" / f"{name}-fr.apkg")
        found[name] = {guid: fields[3] for guid, fields in notes(col).items()}
    remark = 'une remarque <img src="_red-8dfb78e4b6d3.svg" alt="un carré">'
    picture = next(path.name for path in (tmp_path / "collection.media").iterdir() if path.name.startswith("_red-"))
    remark = remark.replace("_red-8dfb78e4b6d3.svg", picture)
    assert found["test"] == found["official"] == {"test/one@fr": "X1", "test/two@fr": ""}
    assert found["mine"] == {"mine/own@fr": "", "test/one@fr": remark}
    assert found["local"] == {"test/one@fr": remark, "test/two@fr": ""}
    assert col.decks.name(col.get_note(col.find_notes("Q1")[0]).cards()[0].did) == "Test"


def test_cards_that_are_worded_otherwise_stand_in_the_order_of_their_own_deck(decks):
    (decks / "mine" / "cards.yaml").write_text(
        "cards:\n  - {override: test/two, answer: A4}\n  - {override: test/one, answer: A5}\n"
        "  - {id: own, kind: basic, question: Q3, answer: A3}\n"
    )
    project = compile_project([decks])
    released = release(project, ["fr"], 100)

    notes = select_notes(released, project.frame.decks["mine"], "fr", Filter()).notes

    assert [(note.guid, note.deck, note.order, note.fields[1]) for note in notes] == [
        ("mine/own@fr", "Mine", 1, "A3"),
        ("test/one@fr", "Test", 1, "A5"),
        ("test/two@fr", "Test", 2, "A4"),
    ]


@pytest.mark.parametrize("order", list(permutations(["test", "mine"])))
def test_the_other_wording_wins_in_whatever_order_the_packages_are_imported(order, decks, cli, col, tmp_path):
    seen = []

    def take() -> None:
        assert cli("release", decks, SOURCE_DATE_EPOCH=str(1_700_000_000 + 100 * len(seen))).code == 0
        for name in (*order, *order):
            log = counts(import_package(col, tmp_path / "dist" / f"{name}-fr.apkg"))
            assert "conflicting" not in log
        seen.append(notes(col)["test/one@fr"][:4])

    take()
    base = decks / "test" / "cards.yaml"
    mine = decks / "mine" / "cards.yaml"
    base.write_text(base.read_text().replace("answer: A1", "answer: B1"))
    take()  # a correction of the original arrives in the other wording too
    base.write_text(base.read_text().replace("extra: X1", "extra: Y1"))
    take()  # where the original is overridden, its corrections do not matter
    mine.write_text(mine.read_text().replace("{override: test/one, extra: {fr: 'une remarque ![un carré](red.svg)'}}", ""))
    mine.write_text(mine.read_text().replace("  - \n", ""))
    take()  # and when the override is given up, its learners get the original back

    remark = seen[0][3]
    assert remark.startswith("une remarque <img")
    assert seen == [["Q1", "A1", "", remark], ["Q1", "B1", "", remark], ["Q1", "B1", "", remark], ["Q1", "B1", "", "Y1"]]
    assert cli("release", decks, "--locked").code == 0
