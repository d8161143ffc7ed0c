"""Speed without a clock: how many calls a deck takes, and that twice the cards take no more than twice as many."""

import csv
import sys
import time
from collections.abc import Callable
from cProfile import Profile
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
from sources import make_notes, write_flashdeck
from stages import TODAY, walk

from flashdeck.build.cache import A_DAY, Cache
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.plan import ImportPlan, plan_import
from flashdeck.pipeline import compile_project, release
from flashdeck.release.ledger import render_ledger

# Calls of functions a note, Python's own included; whoever lowers one writes the new figure here.
CALLS = {
    "read": 54,  # half of them are PyYAML's events
    "compile": 266,
    "keep": 7,
    "link": 1,
    "check": 2,  # the age of figures
    "notes": 10,
    "again": 16,
    "ledger": 27,
    "ledger file": 1,
    "package": 1,
}


CALLS_OF_IMPORTS = (810, 640)  # a row of a table, in a first import and in a second one of the same


def count(work: Callable[[], object]) -> int:
    """How many calls of functions, Python's own included, some work takes."""
    profile = Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


def count_stages(notes: int) -> dict[str, int]:
    """The calls of each stage for so many notes."""
    with TemporaryDirectory() as place:
        write_flashdeck(Path(place), make_notes(notes), notes // 50, courses=5)
        return {name: count(work) for name, work in walk(Path(place))}


@pytest.fixture(scope="module")
def few_and_many() -> tuple[dict[str, int], dict[str, int]]:
    """The calls of 300 notes, and of twice as many."""
    count_stages(100)  # what is read once
    return count_stages(300), count_stages(600)


def test_no_stage_takes_more_than_twice_the_calls_for_twice_the_notes(few_and_many):
    few, many = few_and_many

    assert {name: round(many[name] / few[name], 1) for name in few if many[name] > 2.15 * few[name]} == {}


def test_no_stage_takes_more_calls_a_note_than_it_did(few_and_many):
    few, many = few_and_many

    a_note = {name: (many[name] - few[name]) / 300 for name in few}  # without what a build takes at any size

    assert a_note.keys() == CALLS.keys()
    assert {name: round(calls, 1) for name, calls in a_note.items() if calls > 1.1 * CALLS[name] + 1} == {}


def test_after_one_edit_only_one_file_is_read_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_flashdeck(tmp_path, make_notes(400), 20)
    path = tmp_path / "decks" / "bench" / "cards-007.yaml"

    def compile_again(cache: Cache) -> int:
        return count(lambda: compile_project([Path("decks")], TODAY, cache, ["fr"]))

    cache = Cache(tmp_path / "cache", time.time_ns() + A_DAY)
    everything = compile_again(cache)
    nothing = compile_again(cache)
    path.write_text(path.read_text().replace("fr: ", "fr: x", 1))
    edited = compile_again(cache)
    (tmp_path / "decks" / "bench" / "notes.txt").write_text("a stray file")
    (tmp_path / "decks" / "bench" / "media").mkdir()
    (tmp_path / "decks" / "bench" / "media" / "unused.png").write_bytes(b"x")
    stray = compile_again(cache)

    assert nothing < edited < 0.25 * everything
    assert stray < 1.1 * nothing


# What only all files together show costs its own files once more, and is kept.
MISTAKES = {
    "a wrong course": ("courses:\n  - {id: c, include: {tags: [nope]}}\n", "unknown-tag"),
    "an unknown key": ("kind: basic\ncards:\n  - {id: u, question: q, anwser: a}\n", "unknown-key"),
    "a duplicate id": ("kind: basic\ncards:\n  - {id: n7, question: q, answer: a, reference: book}\n", "duplicate-id"),
    "a question twice": (
        "kind: basic\ncards:\n  - {id: u, question: q, answer: a}\n  - {id: v, question: q, answer: b}\n",
        "same-front",
    ),
}


@pytest.mark.parametrize(("text", "code"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_that_stands_makes_no_check_slower(text, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_flashdeck(tmp_path, make_notes(1000), 50)
    path = tmp_path / "decks" / "bench" / "cards-007.yaml"
    cache = Cache(tmp_path / "cache", time.time_ns() + A_DAY)

    def check_after_an_edit(word: str) -> tuple[int, set[str]]:
        path.write_text(path.read_text().replace("fr: ", f"fr: {word} ", 1))
        found: list[set[str]] = []
        calls = count(lambda: found.append({one.code for one in compile_project([Path("decks")], TODAY, cache, []).problems}))
        return calls, found[0]

    check_after_an_edit("first")
    without = check_after_an_edit("second")
    (tmp_path / "decks" / "bench" / "mistake.yaml").write_text(text)
    check_after_an_edit("third")
    together = check_after_an_edit("fourth")

    assert (without[1], together[1]) == (set(), {code})
    assert together[0] < 1.2 * without[0]


def cards(count: int, more: str = "", id: str = "n{at}", question: str = "q{at}") -> str:
    line = f"  - {{{{id: {id}, question: {question}, answer: a{more}}}}}"
    return "kind: basic\ncards:\n" + "".join(line.format(at=at) + "\n" for at in range(count))


def references(count: int) -> str:
    return "references:\n" + "".join(f"  - {{id: r{at}, title: T, publisher: P, issued: 2020}}\n" for at in range(count))


def course(rule: str, words: list[str]) -> str:
    return f"courses:\n  - {{id: c, {rule.replace('WORDS', ', '.join(words))}}}\n"


# What can be wrong, or only many, in a deck of any size: files by name.
MANY = {
    "unknown keys": lambda n: {"cards.yaml": cards(n).replace("answer", "anwser")},
    "one id": lambda n: {"cards.yaml": cards(n, id="n")},
    "one question": lambda n: {"cards.yaml": cards(n, question="q")},
    "one guid": lambda n: {"cards.yaml": cards(n, ", guid: g")},
    "empty texts": lambda n: {"cards.yaml": cards(n, question="''")},
    "scripts": lambda n: {"cards.yaml": cards(n, ", extra: <script>")},
    "broken items": lambda n: {"cards.yaml": cards(n, ", extra: [")},
    "known references": lambda n: {"cards.yaml": cards(n, ", reference: r{at}"), "r.yaml": references(n)},
    "unknown references": lambda n: {"cards.yaml": cards(n, ", reference: x{at}"), "r.yaml": references(n)},
    "pictures": lambda n: {"cards.yaml": cards(n, ", extra: '![x](p{at}.png)'")} | {f"media/p{at}.png": "x" for at in range(n)},
    "missing pictures": lambda n: (
        {"cards.yaml": cards(n, ", extra: '![x](q{at}.png)'")} | {f"media/p{at}.png": "x" for at in range(n)}
    ),
    "cards of a course": lambda n: {
        "cards.yaml": cards(n),
        "c.yaml": course("cards: [WORDS]", [f"test/n{at}" for at in range(n)]),
    },
    "unknown cards": lambda n: {"cards.yaml": cards(n), "c.yaml": course("cards: [WORDS]", [f"test/m{at}" for at in range(n)])},
    "unknown tags": lambda n: {
        "cards.yaml": cards(n, ", tags: [t{at}]"),
        "c.yaml": course("include: {tags: [WORDS]}", [f"u{at}" for at in range(n)]),
    },
    "replaced": lambda n: {"cards.yaml": cards(n, ", retired: {{since: 2026-01, why: w, replaced_by: n1}}")},
    "unknown replacements": lambda n: {"cards.yaml": cards(n, ", retired: {{since: 2026-01, why: w, replaced_by: m{at}}}")},
    "unknown overrides": lambda n: {
        "cards.yaml": cards(n) + "".join(f"  - {{override: x/n{at}, answer: b}}\n" for at in range(n))
    },
    "new ids": lambda n: {"cards.yaml": cards(n, id="m{at}"), "flashdeck.lock": released(cards(n))},
    "other cards": lambda n: {"cards.yaml": cards(n, id="m{at}", question="other{at}"), "flashdeck.lock": released(cards(n))},
    "ledger lines": lambda n: {
        "cards.yaml": cards(1),
        "flashdeck.lock": "flashdeck ledger 1\n" + "".join(f"note n{at}@en x\n" for at in range(n)) + "end\n",
    },
}


def write(files: dict[str, str]) -> Path:
    folder = Path(mkdtemp())
    for name, text in {"deck.yaml": "id: test\nname: Test\nlanguages: [en]\n", **files}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def released(text: str) -> str:
    """The ledger after a release of some cards."""
    (ledger,) = release(compile_project([write({"cards.yaml": text})]), ["en"], 1_790_000_000).ledgers.values()
    return render_ledger(ledger)


@pytest.mark.parametrize("many", MANY.values(), ids=MANY)
def test_twice_as_many_mistakes_take_twice_as_long(many):
    """A search for places, or for what may have been meant, is where that would go wrong."""
    folders = [write(many(notes)) for notes in (20, 200, 400)]

    _, few, more = (count(lambda folder=folder: compile_project([folder])) for folder in folders)

    assert more < 2.3 * few


def count_import(rows: int, times: int) -> list[int]:
    """The calls that an import of a table takes, and each one after it."""
    with TemporaryDirectory() as place:
        path, folder, calls = Path(place) / "t.csv", Path(place) / "deck", []
        extra = ("", "two\nlines", "<b>bold</b> & a < b")
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [
                    ["Question", "Answer", "Extra", "Tags"],
                    *([f"Q {at}?", f"A{at}", extra[at % 3], f"t{at % 9} u"] for at in range(rows)),
                ]
            )
        for _ in range(times):
            found: list[ImportPlan] = []
            calls.append(count(lambda: found.append(plan_import(path, ImportOptions(folder)))))  # noqa: B023 (called at once)
            folder.mkdir(exist_ok=True)
            for target, data in found[0].files.items():
                target.write_bytes(data)
    return calls


def test_an_import_takes_no_more_calls_a_row_than_it_did_nor_does_a_second_one():
    count_import(50, 2)  # what is read once
    few, many = count_import(300, 2), count_import(600, 2)

    a_row = [(more - less) / 300 for less, more in zip(few, many, strict=True)]
    assert [round(calls) for calls, known in zip(a_row, CALLS_OF_IMPORTS, strict=True) if calls > 1.1 * known] == []
