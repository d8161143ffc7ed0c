"""What no build can do without, beside all that genanki takes: `python tests/benchmarks/limits.py [NOTES]`.

Each piece is the least that it could take: the work alone, by the libraries that flashdeck is built on, its result thrown away.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from run import NOTHING, Bench, flashdeck, make_bench, run

ROUNDS = 5
IMPORTS = "import os, flashdeck.commands, flashdeck.build.link, flashdeck.anki.package_writer; os._exit(0)"
# The seconds of some work, without the start of Python.
TIMED = """import gc, glob, sys, time
gc.disable()
{before}
started = time.perf_counter()
{work}
print(time.perf_counter() - started)"""
EVENTS = """for path in sorted(glob.glob('decks/bench/cards-*.yaml')):
    loader = yaml.CSafeLoader(open(path, encoding='utf-8').read())
    while type(loader.get_event()) is not yaml.StreamEndEvent: pass"""
ROWS = """database = sqlite3.connect(':memory:')
database.execute('CREATE TABLE notes (id INTEGER PRIMARY KEY, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data)')
database.execute('CREATE TABLE cards (id INTEGER PRIMARY KEY, nid, did, ord, mod, usn, type, queue, due)')
database.executemany("INSERT INTO notes VALUES (?, ?, 1, 1, -1, ?, ?, 0, 0, 0, '')", notes)
database.executemany('INSERT INTO cards VALUES (?, ?, 1, ?, 1, -1, 0, 0, ?)', cards)
database.commit()
zlib.compress(database.serialize(), 1)"""
NOTES = """import json, sqlite3, zlib
texts = json.load(open('rows.json', encoding='utf-8'))['notes']
notes = [(10**12 + 997 * at, guid, ' '.join(tags), chr(31).join(fields)) for at, (guid, _, fields, tags) in enumerate(texts)]
cards = [(id + at, id, at, id) for id, *_ in notes for at in (0, 1)]"""


def main(count: int) -> None:
    bin = flashdeck()
    with TemporaryDirectory() as place:
        bench = make_bench(Path(place) / "bench", bin, count, max(1, count // 500))
        (bench.folder / "nothing.py").write_text(NOTHING)
        events = TIMED.format(before="import yaml", work=EVENTS)
        pieces: dict[str, Callable[[], float]] = {
            "a Typer program that does nothing": lambda: run([bin / "python", "nothing.py"], bench.folder).seconds,
            "Python, and what a build imports": lambda: run([bin / "python", "-c", IMPORTS], bench.folder).seconds,
            "PyYAML's events of all files": lambda: _time(bench, events),
            "half of them, in each of two processes": lambda: _time_halves(bench, events),
            "the rows of notes and cards in SQLite, deflated": lambda: _time(bench, TIMED.format(before=NOTES, work=ROWS)),
        }
        print(f"| {count:,} notes | times genanki |\n|---|---|")
        for name, measure in pieces.items():
            print(f"| {name} | {median(measure() / bench.genanki().seconds for _ in range(ROUNDS)):.2f} |")


def _time(bench: Bench, code: str) -> float:
    words = [bench.bin / "python", "-c", code]
    return float(subprocess.run(words, cwd=bench.folder, check=True, capture_output=True, encoding="utf-8").stdout)


def _time_halves(bench: Bench, code: str) -> float:
    """The seconds of the slower of two processes at once, each with every other file."""
    words = [[bench.bin / "python", "-c", code.replace("yaml'))", f"yaml'))[{at}::2]")] for at in (0, 1)]
    halves = [subprocess.Popen(some, cwd=bench.folder, stdout=subprocess.PIPE, encoding="utf-8") for some in words]
    return max(float(half.communicate()[0]) for half in halves)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
