"""What a preview shows: the cards of a package, and what is wrong with those that cannot be made."""

from datetime import date
from pathlib import Path

import pytest
from conftest import ROOT

from flashdeck.pipeline import compile_project, release
from flashdeck.preview.collect import Change, NotCarried, collect

NOW = 1_800_000_000
FRENCH = "id: test\nname: Test\nlanguages: [fr]\n"
SOURCES = sorted(
    path for folder in ("bad", "good") for path in (ROOT / "tests" / folder).iterdir() if path.suffix in ("", ".yaml")
)


def preview(*paths: Path, **options):
    return collect(compile_project(paths, date(2026, 11, 26)), NOW, **options)


def asked(*paths: Path) -> list[tuple[str, ...]]:
    """The cards of sources in French, each with the names of its sides and the codes of its problems."""
    return [
        (card.key, *(side.name for side in card.sides), *(problem.code for problem in card.problems))
        for card in preview(*paths, languages=["fr"]).cards
    ]


def test_a_preview_has_the_cards_of_the_packages_and_every_problem_once():
    project = compile_project([ROOT / "decks"], date(2026, 11, 26))
    notes = release(project, project.languages, NOW).notes

    found = collect(project, NOW)

    assert [(card.id, card.language, len(card.sides), card.deck) for card in found.cards] == [
        (note.full_id, note.type.language, len(note.cards), note.deck) for note in notes.values()
    ]
    assert sorted({*found.problems, *(problem for card in found.cards for problem in card.problems)}) == [*project.problems]
    assert {card.style for card in found.cards} == {*found.styles}


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_whatever_is_wrong_with_sources_is_in_their_preview(path, tmp_path):
    paths = [path] if path.is_dir() else [write_deck(path, tmp_path)]
    project = compile_project(paths, date(2026, 11, 26))

    found = collect(project, NOW)

    # each problem stands on its card or beside the cards, and a card without sides says why
    assert {*project.problems} == {*found.problems, *(problem for card in found.cards for problem in card.problems)}
    assert [card.key for card in found.cards if not card.sides and not card.problems] == []


def write_deck(path: Path, folder: Path) -> Path:
    (folder / "deck.yaml").write_text("id: test\nname: Test\nlanguages: [fr, en]\n", encoding="utf-8")
    (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_mistake_takes_only_its_own_card_out_of_the_preview(deck):
    decks = deck(
        """\
        kind: basic
        cards:
          - {id: one, question: Un ?, answer: un}
          - {id: two, question: Deux ?, answr: deux}
          - {id: one, question: Encore ?, answer: encore}
          - {id: three, question: "![x](no.png)", answer: trois}
        """
    )

    assert asked(decks) == [
        ("test/one@fr", "Question to answer"),
        ("test/two@fr", "unknown-key"),
        ("test/one@fr", "duplicate-id"),
        ("test/three@fr", "Question to answer", "missing-media"),
    ]


def test_changes_since_the_last_release_have_their_old_text(cli, deck):
    cards = "kind: basic\ncards:\n  - {id: one, question: Un ?, answer: un}\n  - {id: two, question: Deux ?, answer: deux}\n"
    decks = deck(cards, FRENCH)
    assert cli("release").code == 0
    before = {note.guid: note for note in stored(decks)}
    deck(cards.replace("answer: un}", "answer: uno, deck: Part}").replace("id: two", "id: three"), FRENCH)

    found = preview(decks, before=before)

    assert [(card.id, card.change) for card in found.cards] == [
        ("test/one", Change("changed", (("Answer", "un", "uno"),))),
        ("test/three", Change("new")),
    ]
    assert found.not_carried == (NotCarried("moved", ("test/one",), "Test"),)


def stored(decks: Path):
    from flashdeck.anki.package_reader import to_stored

    project = compile_project([decks])
    return [to_stored(note) for note in release(project, project.languages, NOW).notes.values()]
