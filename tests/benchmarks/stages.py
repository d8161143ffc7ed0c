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

from flashdeck.anki.media import read_media
from flashdeck.anki.package_writer import to_package
from flashdeck.build.checks import CHECKS
from flashdeck.build.link import link_decks
from flashdeck.model.courses import Filter
from flashdeck.model.kind_reader import read_kinds
from flashdeck.model.library import read_library
from flashdeck.pipeline import Compiled, release, select_notes, to_types
from flashdeck.release.ledger import read_ledger, render_ledger
from flashdeck.sources.yaml_file import find_sources, read_source

TODAY = date(2026, 11, 25)


def walk(folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The stages of a build of the decks in a folder, in their order: whoever takes one does its work before the next.

    The first five are those of a file, in `compiler.py` and in each unit alike; `link` is what is left of them where nothing
    changed since. Needs a cache folder of its own in FLASHDECK_CACHE.
    """
    made: dict[str, Any] = {}

    def stage(name: str, work: Callable[[], Any]) -> tuple[str, Callable[[], Any]]:
        return name, lambda: made.update({name: work()})

    problems: list[Any] = []
    yield stage("read", lambda: [read_source(path, problems) for path in find_sources([folder], problems)])
    yield stage("library", lambda: read_library(made["read"], read_kinds(), {}, problems))
    library = made["library"]
    yield stage("media", lambda: read_media(library, problems))
    yield stage("checks", lambda: problems.extend(problem for check in CHECKS for problem in check(library)))
    ledgers = {deck.id: read_ledger(deck.folder / "flashdeck.lock", problems) for deck in library.decks}
    compiled = Compiled(library, made["media"], ledgers, to_types(library.kinds.values(), library.languages, {}))
    yield stage("notes", lambda: compiled.to_notes("fr"))
    link_decks([folder], TODAY, ["fr"])  # so that there are units
    yield stage("link", lambda: link_decks([folder], TODAY, ["fr"]))
    linked = made["link"]
    assert linked and not problems, problems[:3]
    yield stage("ledger", lambda: release(linked, ["fr"], 1_700_000_000))
    released = made["ledger"]
    yield stage("ledger file", lambda: [render_ledger(ledger) for ledger in released.ledgers.values()])
    selected = select_notes(released, library.decks[0], "fr", Filter()).notes
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
    import os

    with TemporaryDirectory() as cache:
        os.environ["FLASHDECK_CACHE"] = cache
        main([int(word) for word in sys.argv[1:]] or [1_000, 10_000, 100_000])
