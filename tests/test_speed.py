"""Speed without a clock: how many calls a deck takes, and that twice the cards take no more than twice as many."""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
from sources import make_notes, write_flashdeck

from flashdeck.checks import CHECKS
from flashdeck.compiler import Compiled, compile_decks, release, select_notes, to_types
from flashdeck.courses import Filter
from flashdeck.kinds import read_kinds
from flashdeck.ledger import read_ledger, render_ledger
from flashdeck.library import read_library
from flashdeck.media import read_media
from flashdeck.package import to_package
from flashdeck.source import find_sources, read_source

CALLS_A_NOTE = 620  # of Python's functions, from the sources to the package; whoever lowers it writes the new figure here


def count(work: Callable[[], object]) -> int:
    """How many calls of functions, Python's own included, some work takes."""
    calls = 0

    def tally(_frame: object, event: str, _about: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(tally)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def stages(notes: int) -> dict[str, int]:
    """The calls of each stage for so many notes."""
    calls = {}
    with TemporaryDirectory() as place:
        write_flashdeck(Path(place), make_notes(notes), notes // 50, courses=5)
        box: dict[str, object] = {}

        def stage(name: str, work: Callable[[], object]) -> None:
            calls[name] = count(lambda: box.update({name: work()}))

        problems: list = []
        stage("read", lambda: [read_source(path, problems) for path in find_sources([Path(place)], problems)])
        stage("library", lambda: read_library(box["read"], read_kinds(), {}, problems))
        library = box["library"]
        stage("media", lambda: read_media(library, problems))
        stage("checks", lambda: [list(check(library)) for check in CHECKS])
        ledgers = {deck.id: read_ledger(deck.folder / "flashdeck.lock", problems) for deck in library.decks}
        compiled = Compiled(library, box["media"], ledgers, to_types(library.kinds.values(), library.languages, {}))
        stage("notes and ledger", lambda: release(compiled, ["fr"], 1_700_000_000))
        released = box["notes and ledger"]
        stage("ledger file", lambda: [render_ledger(ledger) for ledger in released.ledgers.values()])
        selected = select_notes(compiled, released, library.decks[0], "fr", Filter()).notes
        stage("package", lambda: to_package(selected, released.times))
        assert problems == []
    return calls


def test_no_stage_takes_more_than_twice_the_calls_for_twice_the_notes():
    stages(100)  # what is read once
    few, many = stages(300), stages(600)

    assert {name: round(many[name] / few[name], 1) for name in few if many[name] > 2.15 * few[name]} == {}


def test_a_build_takes_no_more_calls_a_note_than_it_did():
    stages(100)

    calls = sum(stages(600).values()) / 600

    assert calls < 1.1 * CALLS_A_NOTE


@pytest.mark.parametrize("edit", ["bad", "repeated"])
def test_many_mistakes_take_no_more_than_their_share(edit, tmp_path):
    """A file of nothing but mistakes is where a search for places could go wrong."""

    def write(cards: int) -> int:
        lines = ["kind: basic", "cards:"]
        lines += [f"  - {{id: n{at if edit == 'bad' else 0}, question: q{at}, anwser: b}}" for at in range(cards)]
        folder = tmp_path / f"{cards}"
        folder.mkdir()
        (folder / "deck.yaml").write_text("id: test\nname: Test\nlanguages: [en]\n")
        (folder / "cards.yaml").write_text("\n".join(lines) + "\n")
        return count(lambda: compile_decks([folder]))

    write(20)
    few, many = write(200), write(400)

    assert many < 2.3 * few
