"""Cards that move to another deck folder, and kinds that grow: in the real Anki, nobody has a card twice and nothing is lost."""

from pathlib import Path

import pytest
from anki.collection import ImportCsvRequest
from conftest import counts, import_package
from test_release import FIRST, SECOND, THIRD, at

from flashdeck.anki.package_reader import read_archive

A = "kind: basic\ncards:\n  - {id: one, question: one, answer: a}\n  - {id: two, question: two, answer: b, tags: [t]}\n"
FOURTH = "2026-04-01T00:00:00Z"


def write(folder: Path, **files: str) -> None:
    """Writes `a__cards_yaml` to `a/cards.yaml`."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def deck_yaml(id: str) -> str:
    return f"id: {id}\nname: {id.upper()}\nlanguages: [en]\n"


def study_and_edit(col) -> dict[str, tuple]:
    """Answers every card, and writes a tag and own words on every note; what must never change of it, by guid."""
    while card := col.sched.getCard():
        col.sched.answerCard(card, 4)
    for note in map(col.get_note, col.find_notes("")):
        note["My notes"], note.tags = "mine", [*note.tags, "own"]
        col.update_note(note)
    return state(col)


def state(col) -> dict[str, tuple]:
    notes = [col.get_note(id) for id in col.find_notes("")]
    return {note.guid: (note.id, [(card.id, card.due, card.ivl, card.reps) for card in note.cards()]) for note in notes}


def own_words(col) -> dict[str, bool]:
    """Which notes still have what their learner wrote."""
    notes = [col.get_note(id) for id in col.find_notes("")]
    return {note.guid: note["My notes"] == "mine" and "own" in note.tags for note in notes}


@pytest.fixture
def two(cli, col, tmp_path):
    """A deck that was released, learnt and edited, beside one that was not."""
    decks = tmp_path / "decks"
    write(decks, a__deck_yaml=deck_yaml("a"), a__cards_yaml=A, b__deck_yaml=deck_yaml("b"))
    assert cli("release", decks, **at(FIRST)).code == 0
    import_package(col, tmp_path / "dist" / "a-en.apkg")
    study_and_edit(col)
    return decks


def test_a_card_that_moves_to_another_deck_folder_is_the_same_note(two, cli, col, tmp_path):
    before = state(col)
    second = A.splitlines(keepends=True)[3]
    write(two, a__cards_yaml=A.replace(second, ""))
    gone = cli("check", two)
    moved = second.replace("}", ", was: a}") + "  - {id: new, question: n, answer: c}\n"
    write(two, b__cards_yaml="kind: basic\ncards:\n" + moved)

    ran = cli("release", two, "--out", "second", **at(SECOND))
    logs = [counts(import_package(col, tmp_path / "second" / f"{id}-en.apkg")) for id in "ab"]

    assert "vanished-id" in gone.out and "'was: a'" in gone.out
    assert ran.code == 0 and "b: from elsewhere: two" in ran.out and "a: gone elsewhere: two" in ran.out
    assert logs == [{"duplicate": 1}, {"duplicate": 1, "new": 1}]
    assert {guid: state(col)[guid] for guid in before} == before
    assert own_words(col) == {"a/one@en": True, "a/two@en": True, "b/new@en": False}
    assert {note.type for note in read_archive(tmp_path / "second" / "b-en.apkg").notes} != {None}
    # a correction of it arrives, from its new place; the old deck may be elsewhere then
    text = (two / "b" / "cards.yaml").read_text()
    write(two, b__cards_yaml=text.replace("answer: b", "answer: corrected"))
    assert cli("release", two / "b", "--out", "third", **at(THIRD)).code == 0
    path = str(tmp_path / "third" / "b-en-from-2026-02-01.txt")
    col.import_csv(ImportCsvRequest(path=path, metadata=col.get_csv_metadata(path, None)))
    assert counts(import_package(col, tmp_path / "third" / "b-en.apkg")) == {"duplicate": 2}
    assert {guid: state(col)[guid] for guid in before} == before
    assert col.get_note(before["a/two@en"][0])["Answer"] == "corrected" and own_words(col)["a/two@en"]
    # the old deck does not miss it, and its id stays taken
    assert cli("check", two / "a").code == 0
    write(two, a__cards_yaml=A)
    taken = cli("check", two / "a")
    assert "the id 'two' belongs to what is 'b/two' now" in taken.out
    assert "duplicate-guid" in cli("check", two).out


def test_a_card_that_moves_on_or_back_or_gets_another_id_is_the_same_note(two, cli, col, tmp_path):
    before = state(col)
    first, second = A.splitlines(keepends=True)[2:]
    write(two, c__deck_yaml=deck_yaml("c"))
    states = [
        {"a": [first], "b": [second.replace("id: two", "id: other, was: a/two")], "c": []},
        {"a": [], "b": [], "c": [second.replace("two, q", "two, was: a, q"), first.replace("id: one", "id: first, was: a/one")]},
        {"a": [second, first.replace("id: one", "id: again, was: a/one")], "b": [], "c": []},
    ]
    for number, (files, day) in enumerate(zip(states, (SECOND, THIRD, FOURTH), strict=True)):
        for id, cards in files.items():
            path = two / id / "cards.yaml"
            path.unlink(missing_ok=True)
            if cards:
                write(two, **{f"{id}__cards_yaml": "kind: basic\ncards:\n" + "".join(cards)})
        out = tmp_path / f"out{number}"
        assert cli("release", two, "--out", out, **at(day)).code == 0
        for package in sorted(out.glob("*.apkg")):
            assert counts(import_package(col, package)).keys() == {"duplicate"}
        assert (state(col), own_words(col)) == (before, {"a/one@en": True, "a/two@en": True})
        assert "nothing changed" in cli("release", two, "--out", "again", **at(FOURTH)).out


def test_two_branches_of_which_one_moves_a_card_and_one_corrects_it_are_merged(two, cli, col, tmp_path):
    first, second = A.splitlines(keepends=True)[2:]
    ledgers = {}
    moved = {"a": "kind: basic\ncards:\n" + first, "b": "kind: basic\nwas: a\ncards:\n" + second}
    before = (two / "a" / "flashdeck.lock").read_text()
    for branch, cards in (("move", moved), ("correct", {"a": A.replace("answer: b", "answer: corrected"), "b": None})):
        (two / "a" / "flashdeck.lock").write_text(before)
        (two / "b" / "flashdeck.lock").unlink(missing_ok=True)
        (two / "b" / "cards.yaml").unlink(missing_ok=True)
        write(two, **{f"{id}__cards_yaml": text for id, text in cards.items() if text})
        assert cli("release", two, "--out", branch, **at(SECOND if branch == "move" else THIRD)).code == 0
        ledgers[branch] = {path.parent.name: path.read_text() for path in two.glob("*/flashdeck.lock")}
    col.remove_notes(col.find_notes(""))
    import_package(col, tmp_path / "correct" / "a-en.apkg")
    lines = {line for branch in ledgers.values() for line in branch["a"].splitlines()} - {"flashdeck ledger 2", "end"}
    write(two, a__flashdeck_lock="\n".join(["flashdeck ledger 2", *sorted(lines), "end", ""]))
    write(two, b__flashdeck_lock=ledgers["move"]["b"], a__cards_yaml=moved["a"], b__cards_yaml=moved["b"])
    write(two, b__cards_yaml=moved["b"].replace("answer: b", "answer: corrected"))

    assert cli("release", two, "--out", "merged", **at(FOURTH)).code == 0
    counted = counts(import_package(col, tmp_path / "merged" / "b-en.apkg"))

    assert counted == {"updated": 1}  # some learners have one and some the other
    assert sorted(col.get_note(id)["Answer"] for id in col.find_notes("")) == ["a", "corrected"]
    assert "note two@en" not in (two / "a" / "flashdeck.lock").read_text()


def test_an_override_of_a_card_that_moved_stays_what_its_learners_have(two, cli, col, tmp_path):
    write(two, mine__deck_yaml=deck_yaml("mine"), mine__cards_yaml="cards: [{override: a/two, answer: ours}]\n")
    assert cli("release", two, "--out", "second", **at(SECOND)).code == 0
    import_package(col, tmp_path / "second" / "mine-en.apkg")
    before = study_and_edit(col)
    first, second = A.splitlines(keepends=True)[2:]
    write(two, a__cards_yaml="kind: basic\ncards:\n" + first, b__cards_yaml="kind: basic\nwas: a\ncards:\n" + second)
    write(two, mine__cards_yaml="cards: [{override: b/two, answer: ours}]\n")

    assert cli("release", two, "--out", "third", **at(THIRD)).code == 0

    assert counts(import_package(col, tmp_path / "third" / "mine-en.apkg")) == {"duplicate": 1}
    assert (state(col), all(own_words(col).values())) == (before, True)


KIND = "fields: {word: {required: true}, meaning: {}}\n"
GROWN = (
    "fields: {word: {required: true}, example: {since: 2}, meaning: {}}\n"
    "cards:\n  card: {name: Card}\n  back: {name: Back, since: 2, front: back-front.html, back: front.html, when: example}\n"
)


@pytest.mark.parametrize("second", ["", "anki: {name: Theirs, id: 1234567890123}\n"], ids=["own", "from elsewhere"])
def test_a_kind_grows_for_new_cards_and_stays_what_it_was_for_those_that_learners_have(second, cli, col, tmp_path):
    decks = tmp_path / "decks"
    cards = "kind: word\ncards:\n  - {id: one, word: one, meaning: a}\n  - {id: two, word: two, meaning: b}\n"
    write(decks, a__deck_yaml=deck_yaml("a"), a__cards_yaml=cards, a__kinds__word__kind_yaml=second + KIND)
    write(decks, a__kinds__word__front_html="<p>{{Word}}</p>", a__kinds__word__back_html="<p>{{Meaning}}</p>")
    assert cli("release", decks, **at(FIRST)).code == 0
    import_package(col, tmp_path / "dist" / "a-en.apkg")
    while card := col.sched.getCard():
        col.sched.answerCard(card, 4)
    before = state(col)
    more = cards.replace("meaning: b", "meaning: c, example: not shown to who has it") + "  - {id: new, word: new, example: e}\n"
    back = "<p>{{Meaning}}</p>{{#Example}}<i>{{Example}}</i>{{/Example}}{{^Example}}<p>none</p>{{/Example}}"
    write(decks, a__cards_yaml=more, a__kinds__word__kind_yaml=second + GROWN.replace(", since: 2", "").replace("since: 2", ""))
    write(decks, a__kinds__word__back_html=back)
    (decks / "a" / "kinds" / "word" / "back-front.html").write_text("<p>{{Example}}</p>")

    refused = cli("check", decks)
    write(decks, a__kinds__word__kind_yaml=second + GROWN)
    checked = cli("check", decks)
    ran = cli("release", decks, "--out", "second", **at(SECOND))
    log = counts(import_package(col, tmp_path / "second" / "a-en.apkg"))

    assert refused.out.count("changed-note-type") == 2 and "write 'since: 2' on 'example' in kind.yaml" in refused.out
    assert (checked.code, checked.out, ran.code) == (0, "", 0)
    assert log == {"updated": 1, "duplicate": 1, "new": 1}
    after = state(col)
    assert {guid: after[guid] for guid in before} == before
    old, new = (col.get_note(after[f"a/{id}@en"][0]) for id in ("two", "new"))
    assert ("Example" in old, old["Meaning"], new["Example"]) == (False, "c", "e")
    assert [len(note.cards()) for note in (old, new)] == [1, 2]
    assert [card.answer().count("<p>none</p>") for card in (old.cards()[0], new.cards()[0])] == [1, 0]
    assert "nothing changed" in cli("release", decks, "--out", "again", **at(THIRD)).out
    # the new edition is as permanent as the first, and grows no more either
    write(decks, a__kinds__word__kind_yaml=second + GROWN.replace("since: 2}, meaning", "since: 2}, note: {}, meaning"))
    assert "write 'since: 3' on 'note'" in cli("check", decks).out
    write(decks, a__kinds__word__kind_yaml=second + GROWN.replace("since: 2}, meaning", "since: 2}, note: {since: 3}, meaning"))
    assert cli("check", decks).out == ""
    assert counts(import_package(col, tmp_path / "second" / "a-en.apkg")) == {"duplicate": 3}
