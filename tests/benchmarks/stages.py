"""Where the time goes: each stage's share of a cold build. `python tests/benchmarks/stages.py [NOTES ...]`."""

import gc
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sources import make_notes, write_flashdeck

from flashdeck.checks import CHECKS
from flashdeck.compiler import Compiled, release, select_notes, to_types
from flashdeck.courses import Filter
from flashdeck.kinds import read_kinds
from flashdeck.ledger import read_ledger, render_ledger
from flashdeck.library import read_library
from flashdeck.media import read_media
from flashdeck.package import to_package
from flashdeck.problem import Problem
from flashdeck.source import find_sources, read_source


def measure(count: int) -> dict[str, float]:
    """Seconds of each stage for so many notes, in files of 500."""
    seconds: dict[str, float] = {}
    last = time.perf_counter()

    def done(stage: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[stage] = now - last
        last = now

    with TemporaryDirectory() as place:
        write_flashdeck(Path(place), make_notes(count), max(1, count // 500))
        problems: list[Problem] = []
        last = time.perf_counter()
        sources = [read_source(path, problems) for path in find_sources([Path(place)], problems)]
        done("read")
        library = read_library(sources, read_kinds(), {}, problems)
        done("library")
        media = read_media(library, problems)
        done("media")
        for check in CHECKS:
            problems += check(library)
        done("checks")
        assert not problems, problems[:3]
        ledgers = {deck.id: read_ledger(deck.folder / "flashdeck.lock", problems) for deck in library.decks}
        compiled = Compiled(library, media, ledgers, to_types(library.kinds.values(), library.languages, {}))
        notes = {(card.id, "fr"): compiled.to_note(card, "fr") for card in library.cards}
        done("notes")
        released = release(compiled, ["fr"], 1_700_000_000)
        text = "".join(render_ledger(ledger) for ledger in released.ledgers.values())
        seconds["ledger"] = time.perf_counter() - last - seconds["notes"]  # a release makes the notes too
        last = time.perf_counter()
        selection = select_notes(compiled, released, library.decks[0], "fr", Filter())
        to_package(selection.notes, released.times)
        done("package")
        assert len(notes) == count and text
    return seconds


def main(counts: list[int]) -> None:
    gc.disable()
    measure(100)  # imports
    print("| notes | seconds | " + " | ".join(measure(100)) + " |\n|---|---|" + "---|" * 7)
    for count in counts:
        seconds = measure(count)
        whole = sum(seconds.values())
        print(f"| {count:,} | {whole:.2f} | " + " | ".join(f"{100 * part / whole:.0f} %" for part in seconds.values()) + " |")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1_000, 10_000, 100_000])
