"""Where the time goes: each stage's share of a cold build in one process. `python tests/benchmarks/stages.py [NOTES ...]`."""

import gc
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sources import make_notes, write_flashdeck

from flashdeck.anki.package_writer import to_package
from flashdeck.build.answers import Answers
from flashdeck.build.cache import NO_CACHE, Cache
from flashdeck.build.compile import compile_unit
from flashdeck.build.link import link, to_notes
from flashdeck.build.project_checks import check_all
from flashdeck.build.unit_text import from_bytes, to_bytes
from flashdeck.model.courses import Filter
from flashdeck.model.frame import read_frame
from flashdeck.pipeline import compile_project, release
from flashdeck.release.ledger import render_ledger
from flashdeck.release.release import select_notes
from flashdeck.sources.files import Files, find_sources
from flashdeck.sources.yaml_file import read_source

TODAY = date(2026, 11, 25)


def walk(folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The stages of a build of the decks in a folder, in their order: whoever takes one does its work before the next.

    `again` is a whole check where all units are kept. The cache is in the folder too.
    """
    made: dict[str, Any] = {}

    def stage(name: str, work: Callable[[], Any]) -> tuple[str, Callable[[], Any]]:
        return name, lambda: made.update({name: work()})

    problems: list[Any] = []
    files = Files([folder])
    paths = list(find_sources([folder], files, problems))
    yield stage("read", lambda: {path: read_source(path, files, problems) for path in paths})
    sources = made["read"]
    answers = Answers(read_frame(sources, files), files)
    cards = {path: source for path, source in sources.items() if path.name != "deck.yaml"}
    yield stage("compile", lambda: [compile_unit(path, source, (), answers, ["fr"]) for path, source in cards.items()])
    yield stage("keep", lambda: [from_bytes(to_bytes(unit)) for unit in made["compile"]])
    yield stage("link", lambda: link(answers.frame, dict(zip(cards, made["keep"], strict=True)), files, TODAY, NO_CACHE, {}, {}))
    yield stage("check", lambda: check_all(made["link"], False))
    yield stage("notes", lambda: to_notes(made["link"], "fr"))
    cache = Cache(folder / "cache", time.time_ns())
    project = compile_project([folder], TODAY, cache, ["fr"])
    assert project.ok and not problems, (project.problems, problems[:3])
    yield stage("again", lambda: compile_project([folder], TODAY, cache, []))
    yield stage("ledger", lambda: release(project, ["fr"], 1_700_000_000))
    released = made["ledger"]
    yield stage("ledger file", lambda: [render_ledger(ledger) for ledger in released.ledgers.values()])
    selected = select_notes(released, next(iter(project.frame.decks.values())), "fr", Filter()).notes
    yield stage("package", lambda: to_package(selected, released.times))


def measure(count: int) -> dict[str, float]:
    """Seconds of each stage for so many notes, in files of 500."""
    seconds = {}
    with TemporaryDirectory() as place:
        write_flashdeck(Path(place), make_notes(count), max(1, count // 500))
        for name, work in walk(Path(place)):
            started = time.perf_counter()
            work()
            seconds[name] = time.perf_counter() - started
    return seconds


def main(counts: list[int]) -> None:
    gc.disable()
    names = list(measure(100))  # and all imports
    print("| notes | seconds | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(names))
    for count in counts:
        seconds = measure(count)
        whole = sum(seconds.values())
        print(f"| {count:,} | {whole:.2f} | " + " | ".join(f"{100 * part / whole:.0f} %" for part in seconds.values()) + " |")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1_000, 10_000, 100_000])
