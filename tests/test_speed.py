"""Speed without a clock: how many calls a deck takes, and that twice the cards take no more than twice as many."""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
from sources import make_notes, write_flashdeck
from stages import TODAY, walk

from flashdeck.compiler import compile_decks
from flashdeck.linking import link_decks

# Calls of functions a note, Python's own included; whoever lowers one writes the new figure here.
CALLS = {
    "read": 56,  # half of them are PyYAML's events
    "library": 63,
    "media": 2,
    "checks": 61,
    "notes": 90,
    "link": 12,
    "ledger": 12,
    "ledger file": 0,
    "package": 1,
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASHDECK_CACHE", str(tmp_path / "cache"))


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


def count_stages(notes: int) -> dict[str, int]:
    """The calls of each stage for so many notes."""
    with TemporaryDirectory() as place:
        write_flashdeck(Path(place), make_notes(notes), notes // 50, courses=5)
        return {name: count(work) for name, work in walk(Path(place))}


def test_no_stage_takes_more_than_twice_the_calls_for_twice_the_notes():
    count_stages(100)  # what is read once
    few, many = count_stages(300), count_stages(600)

    assert {name: round(many[name] / few[name], 1) for name in few if many[name] > 2.15 * few[name]} == {}


def test_no_stage_takes_more_calls_a_note_than_it_did():
    count_stages(100)
    few, many = count_stages(300), count_stages(600)

    a_note = {name: (many[name] - few[name]) / 300 for name in few}  # without what a build takes at any size

    assert a_note.keys() == CALLS.keys()
    assert {name: round(calls, 1) for name, calls in a_note.items() if calls > 1.1 * CALLS[name] + 1} == {}


def test_after_one_edit_only_one_file_is_read_again(tmp_path):
    write_flashdeck(tmp_path, make_notes(400), 20)
    assert link_decks([tmp_path], TODAY, ["fr"])
    path = tmp_path / "decks" / "bench" / "cards-007.yaml"
    path.write_text(path.read_text().replace("fr: ", "fr: x", 1))

    edited, nothing = (count(lambda: link_decks([tmp_path], TODAY, ["fr"])) for _ in range(2))
    path.write_text(path.read_text().replace("en: ", "en: x", 1))
    again = count(lambda: link_decks([tmp_path], TODAY, ["fr"]))
    (tmp_path / "cache").rename(tmp_path / "gone")
    everything = count(lambda: link_decks([tmp_path], TODAY, ["fr"]))

    assert nothing < edited < 0.25 * everything
    assert again < 1.1 * edited


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
