"""flashdeck's speed beside its peers', as whole processes, measured in turn (A B A B ...); the table is Markdown.

    python tests/benchmarks/run.py [--rounds 5] [--only WORDS] [--quick] [--json FILE]

It needs the test extra (the real Anki reads every package that is compared) and the network once: peers are installed into
environments of their own in .cache/peers. `--quick` measures a tenth of the notes, to see that all works.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import sources

ROOT = Path(__file__).parent.parent.parent
NOTHING = "import typer\napp = typer.Typer(rich_markup_mode=None)\n@app.command()\ndef nothing() -> None:\n    pass\napp()\n"


@dataclass(frozen=True)
class Row:
    """One line of the table: the work, what was wished, and what was measured."""

    work: str
    target: str
    measured: float
    holds: bool
    remark: str = ""


@dataclass(frozen=True)
class Peer:
    """Another compiler, and how many times slower we want it to be: its release, its sources, its command, what it writes."""

    name: str
    version: str
    target: float
    write: Callable[[Path, list[sources.Note]], None]
    words: str
    output: str
    remark: str = ""


PEERS = (
    Peer(
        "anki-yaml-tool",
        "0.4.0",
        14,
        sources.write_anki_yaml_tool,
        "anki-yaml-tool batch-build --files *.yaml --merge --deck-name Bench",  # `build` takes one note type
        "Bench.apkg",
    ),
    Peer(
        "anki-librarian",
        "0.1.2",
        8,
        sources.write_anki_librarian,
        "anki-librarian --source-directory decks",
        "build/bench.apkg",
        "it has no tags",
    ),
    Peer("ankcompiler", "0.6.0", 25, sources.write_ankcompiler, "ankc build --all", "bench.apkg"),
    Peer(
        "brain-brew",
        "0.3.11",
        3.5,
        sources.write_brain_brew,
        "brain-brew run recipe.yaml",
        "bench/deck.json",
        "it writes CrowdAnki's JSON, no package: its notes are counted there",
    ),
)


@dataclass(frozen=True)
class Run:
    seconds: float
    megabytes: float


def run(words: list[str | Path], cwd: Path, memory: bool = False, **environment: str) -> Run:
    """A whole process: its seconds and, where `memory` is asked for, the most megabytes it had (looking costs time)."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in words], cwd=cwd, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    most = 0.0
    while memory and process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        most = max(most, *(float(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM")), 0)
        time.sleep(0.02)
    error = process.communicate()[1]
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{words}: exit {process.returncode}\n{error.decode()[-2000:]}")
    return Run(seconds, most)


def pair(ours: Callable[[], Run], theirs: Callable[[], Run], rounds: int) -> tuple[float, list[tuple[Run, Run]]]:
    """The median of the ratios of runs in turn, and the runs."""
    runs = [(ours(), theirs()) for _ in range(rounds)]
    return statistics.median(one.seconds / other.seconds for one, other in runs), runs


def flashdeck() -> Path:
    """flashdeck as its users have it: installed, not from the source tree."""
    home = ROOT / ".cache" / "benchmark"
    if not home.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    subprocess.run([home / "bin" / "pip", "install", "-q", "--force-reinstall", "--no-deps", str(ROOT)], check=True)
    subprocess.run([home / "bin" / "pip", "install", "-q", str(ROOT)], check=True, capture_output=True)
    return home / "bin"


def install(peer: Peer) -> Path | None:
    """The environment of a peer; nothing where it cannot be had."""
    home = ROOT / ".cache" / "peers" / peer.name
    if not (home / "bin" / "pip").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    done = subprocess.run([home / "bin" / "pip", "install", "-q", f"{peer.name}=={peer.version}"], capture_output=True)
    return home / "bin" if done.returncode == 0 else None


def verify(package: Path, notes: int, cards: int, text: str) -> None:
    """The real Anki takes the package whole, and finds a text in one note of it."""
    from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

    with TemporaryDirectory() as folder:
        col = Collection(str(Path(folder) / "c.anki2"))
        col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=ImportAnkiPackageOptions()))
        found = (col.note_count(), col.card_count(), len(col.find_notes(f'"{text}"')))
        col.close()
    assert found == (notes, cards, 1), (package, found, (notes, cards, text))


def verify_json(path: Path, notes: int, text: str) -> None:
    """CrowdAnki's JSON holds all notes, and a text in one of them: the most that can be asked without its add-on."""
    written = [note["fields"] for note in json.loads(path.read_text(encoding="utf-8"))["notes"]]
    found = (len(written), sum(any(text in field for field in fields) for fields in written))
    assert found == (notes, 1), (path, found, (notes, text))


def find_extra(notes: list[sources.Note]) -> str:
    """A last field: who has it has them all. No other note has the same."""
    return next(note.html["fr"]["extra"] for note in notes if "extra" in note.html["fr"])


@dataclass(frozen=True)
class Bench:
    """A folder with sources, and what everybody does with them."""

    folder: Path
    notes: list[sources.Note]
    bin: Path
    cache: Path

    def build(self, memory: bool = False) -> Run:
        words = [self.bin / "flashdeck", "build", "--language", "fr"]
        return run(words, self.folder, memory, FLASHDECK_CACHE=str(self.cache))

    def cold(self, memory: bool = False) -> Run:
        for path in (self.folder / "dist", self.cache):
            shutil.rmtree(path, ignore_errors=True)
        (self.folder / "decks" / "bench" / "flashdeck.lock").unlink(missing_ok=True)
        return self.build(memory)

    def genanki(self) -> Run:
        script = Path(__file__).with_name("with_genanki.py")
        return run([self.bin / "python", script, self.folder / "rows.json", self.folder / "genanki.apkg"], self.folder)

    @property
    def package(self) -> Path:
        return self.folder / "dist" / "bench-fr.apkg"

    @property
    def text(self) -> str:
        return find_extra(self.notes[len(self.notes) // 2 :])

    def verify(self) -> None:
        for package in (self.package, self.folder / "genanki.apkg"):
            verify(package, len(self.notes), 2 * len(self.notes), self.text)


def make_bench(place: Path, bin: Path, count: int, files: int, **about: int) -> Bench:
    folder = place / f"{count}-{files}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notes = sources.make_notes(count)
    sources.write_flashdeck(folder, notes, files, **about)
    sources.write_rows(folder / "rows.json", notes)
    return Bench(folder, notes, bin, place / f"cache-{count}-{files}")


def measure_cold(place: Path, bin: Path, count: int, files: int, target: float, rounds: int) -> list[Row]:
    bench = make_bench(place, bin, count, files)
    ratio, _ = pair(bench.cold, bench.genanki, rounds)
    bench.verify()
    size = bench.package.stat().st_size / (bench.folder / "genanki.apkg").stat().st_size
    return [
        Row(f"cold build, {count:,} notes in {files} files / genanki", f"at most {target}", ratio, ratio <= target),
        Row(f"size of the package, {count:,} notes / genanki's", "at most 0.25", size, size <= 0.25),
    ]


def measure_peers(place: Path, bin: Path, count: int, rounds: int) -> list[Row]:
    bench = make_bench(place, bin, count, 20)
    return [measure_peer(peer, bench, rounds) for peer in PEERS]


def measure_peer(peer: Peer, bench: Bench, rounds: int) -> Row:
    count, folder = len(bench.notes), bench.folder / peer.name
    work, target = f"{peer.name}, {count:,} notes / cold build", f"at least {peer.target}"
    home = install(peer)
    if not home:
        return Row(work, target, 0, False, "could not be installed")
    folder.mkdir()
    peer.write(folder, bench.notes)
    command, *words = peer.words.split()
    output = folder / peer.output

    def theirs() -> Run:
        output.unlink(missing_ok=True)
        return run([home / command, *words], folder)

    ratio, _ = pair(theirs, bench.cold, min(rounds, 3))
    if output.suffix == ".json":
        verify_json(output, count, bench.text)
    else:
        verify(output, count, 2 * count, bench.text)
    remark = ", ".join(filter(None, ["3 rounds" if rounds > 3 else "", peer.remark]))
    return Row(work, target, ratio, ratio >= peer.target, remark)


def measure_again(place: Path, bin: Path, count: int, rounds: int) -> list[Row]:
    bench = make_bench(place, bin, count, 100)
    bench.cold()
    time.sleep(2.5)
    bench.build()
    before = bench.package.read_bytes()
    same, _ = pair(bench.build, bench.genanki, rounds)
    assert bench.package.read_bytes() == before
    path, turn = bench.folder / "decks" / "bench" / "cards-007.yaml", iter(range(1000))

    def edit() -> str:
        word, text = f"x{next(turn)}", path.read_text(encoding="utf-8")
        path.write_text(text.replace("\n      fr: ", f"\n      fr: {word} ", 1), encoding="utf-8")
        return word

    def one() -> Run:
        edit()
        return bench.build()

    def check() -> Run:
        edit()
        return run([bench.bin / "flashdeck", "check"], bench.folder, FLASHDECK_CACHE=str(bench.cache))

    changed, _ = pair(one, bench.genanki, rounds)
    word = edit()
    bench.build()
    verify(bench.package, count, 2 * count, word)
    checked, _ = pair(check, bench.genanki, rounds)
    return [
        Row(f"nothing changed, {count:,} notes / genanki", "at most 0.25", same, same <= 0.25),
        Row(f"one file of 100 changed, {count:,} notes / genanki", "at most 0.45", changed, changed <= 0.45),
        Row(f"check, one file of 100 changed, {count:,} notes / genanki", "at most 0.35", checked, checked <= 0.35),
    ]


def measure_packages(place: Path, bin: Path, count: int, rounds: int) -> list[Row]:
    folder = place / "many"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    notes = sources.make_notes(count)
    sources.write_flashdeck(folder, notes, 20, courses=10, languages=("fr", "en", "es", "de"))

    def build(*words: str) -> Run:
        for path in (folder / "dist", folder / "cache"):
            shutil.rmtree(path, ignore_errors=True)
        (folder / "decks" / "bench" / "flashdeck.lock").unlink(missing_ok=True)
        return run([bin / "flashdeck", "build", *words], folder, FLASHDECK_CACHE=str(folder / "cache"))

    courses = [word for at in range(10) for word in ("--course", f"c{at}")]
    build(*courses)
    assert len(list((folder / "dist").glob("*.apkg"))) == 40
    some = [note for note in notes if not set(sources.to_course_tags(3)).isdisjoint(note.tags)]
    verify(folder / "dist" / "c3-fr.apkg", len(some), 2 * len(some), find_extra(some))
    ratio, _ = pair(lambda: build(*courses), lambda: build("--language", "fr"), min(rounds, 3))
    return [Row(f"40 packages (10 courses x 4 languages) of {count:,} notes / one package", "at most 8", ratio, ratio <= 8)]


def measure_growth(place: Path, bin: Path, count: int) -> list[Row]:
    small, large = make_bench(place, bin, count, count // 500), make_bench(place, bin, 10 * count, count // 50)
    runs = [(large.cold(memory=True), small.cold(memory=True)) for _ in range(2)]
    ratio = statistics.median(one.seconds / other.seconds for one, other in runs)
    memory = statistics.median(one.megabytes / other.megabytes for one, other in runs)
    most = max(one.megabytes for one, _ in runs)
    return [
        Row(f"time from {count:,} to {10 * count:,} notes", "at most 11", ratio, ratio <= 11, "2 rounds"),
        Row(
            f"peak memory from {count:,} to {10 * count:,} notes",
            "at most 8",
            memory,
            memory <= 8 and most < 1000,
            f"{most:,.0f} MB",
        ),
    ]


def measure_start(place: Path, bin: Path, rounds: int) -> list[Row]:
    script = place / "nothing.py"
    script.write_text(NOTHING)
    rows = []
    lists = {"--version": ["--version"], "--help": ["--help"], "shell completion": []}
    for what, words in lists.items():
        about = {"_FLASHDECK_COMPLETE": "complete_bash", "COMP_WORDS": "flashdeck bu", "COMP_CWORD": "1"} if not words else {}

        def ours(words: list[str] = words, about: dict[str, str] = about) -> Run:
            return run([bin / "flashdeck", *words], place, **about)

        ratio, _ = pair(ours, lambda: run([bin / "python", script], place), 3 * rounds)
        rows.append(Row(f"{what} / a Typer program that does nothing", "at most 1.5", ratio, ratio <= 1.5))
    return rows


def render(rows: list[Row]) -> str:
    lines = ["| work | target | measured | |", "|---|---|---|---|"]
    for row in rows:
        measured = f"{row.measured:.2f}" if row.measured < 10 else f"{row.measured:.1f}"
        told = ("holds" if row.holds else "**does not hold**") + (f" ({row.remark})" if row.remark else "")
        lines.append(f"| {row.work} | {row.target} | {measured} | {told} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cold, large, peers, again, packages, growth, start")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    wish = parser.parse_args()
    bin, few = flashdeck(), 10 if wish.quick else 1
    with TemporaryDirectory() as name:
        place = Path(name)
        parts: dict[str, Callable[[], list[Row]]] = {
            "start": lambda: measure_start(place, bin, wish.rounds),
            "cold": lambda: measure_cold(place, bin, 10_000 // few, 20, 1.0, wish.rounds),
            "again": lambda: measure_again(place, bin, 10_000 // few, wish.rounds),
            "packages": lambda: measure_packages(place, bin, 10_000 // few, wish.rounds),
            "peers": lambda: measure_peers(place, bin, 10_000 // few, wish.rounds),
            "large": lambda: measure_cold(place, bin, 50_000 // few, 100, 0.9, wish.rounds),
            "growth": lambda: measure_growth(place, bin, 10_000 // few),
        }
        rows = []
        for part, measure in parts.items():
            if not wish.only or part in wish.only.split(","):
                print(f"measuring {part} ...", file=sys.stderr)
                rows += measure()
    print(render(rows))
    if wish.json:
        wish.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
