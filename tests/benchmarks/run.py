"""flashdeck's speed beside its peers', as whole processes, measured in turn (A B A B ...); the table is Markdown.

    python tests/benchmarks/run.py [--rounds 5] [--only WORDS] [--quick] [--json FILE]

It needs the test extra (the real Anki reads every package that is compared) and the network once: peers are installed into
environments of their own in .cache/peers. `--quick` measures a tenth of the notes, to see that all works.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sources

if TYPE_CHECKING:
    from anki.collection import Collection

ROOT = Path(__file__).parent.parent.parent
NOTHING = "import typer\napp = typer.Typer(rich_markup_mode=None)\n@app.command()\ndef nothing() -> None:\n    pass\napp()\n"


@dataclass(frozen=True)
class Row:
    """One line of the table: the work, what was asked for, and what was measured."""

    work: str
    target: str
    measured: float
    holds: bool
    remark: str = ""


def at_most(work: str, target: float, measured: float, remark: str = "") -> Row:
    return Row(work, f"at most {target}", measured, measured <= target, remark)


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


def run(words: list[str | Path], cwd: Path, memory: bool = False, code: int = 0, **environment: str) -> Run:
    """A whole process: its seconds and, where `memory` is asked for, the most megabytes it had (looking costs time).

    It must end with this exit code.
    """
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
    if process.returncode != code:
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


@contextmanager
def open_package(package: Path) -> "Iterator[Collection]":
    """A collection of the real Anki that has taken a package."""
    from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

    with TemporaryDirectory() as folder:
        col = Collection(str(Path(folder) / "c.anki2"))
        col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=ImportAnkiPackageOptions()))
        yield col
        col.close()


def verify(package: Path, notes: int, cards: int, text: str) -> None:
    """The real Anki takes the package whole, and finds a text in one note of it."""
    with open_package(package) as col:
        found = (col.note_count(), col.card_count(), len(col.find_notes(f'"{text}"')))
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

    what: str  # as the table shows it
    folder: Path
    bin: Path
    notes: int
    cards: int
    text: str  # what stands in one note

    def flashdeck(self, *words: str, memory: bool = False, code: int = 0) -> Run:
        cache = str(self.folder / "cache")
        return run([self.bin / "flashdeck", *words], self.folder, memory, code, FLASHDECK_CACHE=cache)

    def build(self, memory: bool = False) -> Run:
        return self.flashdeck("build", "--language", "fr", memory=memory)

    def cold(self, memory: bool = False) -> Run:
        for path in (self.folder / "dist", self.folder / "cache"):
            shutil.rmtree(path, ignore_errors=True)
        (self.deck / "flashdeck.lock").unlink(missing_ok=True)
        return self.build(memory)

    def check(self, code: int = 0) -> Run:
        return self.flashdeck("check", code=code)

    def settle(self) -> None:
        """Builds and checks until nothing is left to do: files are not trusted to be unchanged in the seconds after a change."""
        self.cold()
        self.check()
        time.sleep(2.5)
        self.build()
        self.check()

    def edit(self, word: str) -> None:
        """Puts a word into the file in the middle."""
        path = self.files[len(self.files) // 2]
        text, edits = re.subn(r"\n      fr: (?=\w)", f"\n      fr: {word} ", path.read_text(encoding="utf-8"), count=1)
        assert edits
        path.write_text(text, encoding="utf-8")

    def genanki(self) -> Run:
        script = Path(__file__).with_name("with_genanki.py")
        return run([self.bin / "python", script, self.folder / "rows.json", self.folder / "genanki.apkg"], self.folder)

    @property
    def deck(self) -> Path:
        return self.folder / "decks" / "bench"

    @property
    def files(self) -> list[Path]:
        """The files with cards."""
        return sorted(self.deck.glob("*-[0-9][0-9][0-9].yaml"))

    @property
    def package(self) -> Path:
        return self.folder / "dist" / "bench-fr.apkg"

    def verify(self) -> None:
        for package in (self.package, self.folder / "genanki.apkg"):
            verify(package, self.notes, self.cards, self.text)


def make_bench(folder: Path, bin: Path, count: int, files: int) -> Bench:
    """Notes of random words."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notes = sources.make_notes(count)
    sources.write_flashdeck(folder, notes, files)
    sources.write_rows(folder / "rows.json", sources.to_rows(notes))
    return Bench(f"{count:,} notes", folder, bin, count, 2 * count, find_extra(notes[count // 2 :]))


def make_real_bench(folder: Path, bin: Path, count: int, files: int) -> Bench:
    """Our own decks, copied. genanki gets what flashdeck made of them, with the same note types."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sources.write_copies(ROOT / "decks", folder, count, files)
    bench = Bench("", folder, bin, 0, 0, "(guidelines-aim-1)")
    bench.cold()
    with open_package(bench.package) as col:
        models = {model["id"]: model for model in col.models.all() if col.models.use_count(model)}
        assert col.db
        found = col.db.all("SELECT guid, mid, flds, tags FROM notes ORDER BY id")
        cards = col.card_count()
    rows = [
        sources.Row(guid, models[model]["name"], tuple(fields.split("\x1f")), tuple(tags.split()))
        for guid, model, fields, tags in found
    ]
    sources.write_rows(folder / "rows.json", rows, map(to_type, models.values()))
    return replace(bench, what=f"our decks copied to {len(rows):,} notes", notes=len(rows), cards=cards)


def to_type(model: Mapping[str, Any]) -> sources.NoteType:
    """A note type of Anki's for genanki."""
    templates = tuple((template["name"], template["qfmt"], template["afmt"]) for template in model["tmpls"])
    return sources.NoteType(
        model["name"], tuple(field["name"] for field in model["flds"]), templates, model["css"], model["type"] == 1
    )


def measure_cold(bench: Bench, target: float, rounds: int, first_target: float | None = None) -> list[Row]:
    ratio, _ = pair(bench.cold, bench.genanki, rounds)
    bench.verify()
    work = f"cold build, {bench.what} in {len(bench.files)} files / genanki"
    return [at_most(work, target, ratio, "" if first_target is None else f"the first target was {first_target}")]


def measure_size(bench: Bench) -> list[Row]:
    """Of the packages that lie there, and of one that is released: it has its ledger inside."""
    theirs = (bench.folder / "genanki.apkg").stat().st_size
    bench.flashdeck("release", "--out", "released")
    (bench.deck / "flashdeck.lock").unlink()
    size, released = (path.stat().st_size / theirs for path in (bench.package, bench.folder / "released" / bench.package.name))
    return [
        at_most(f"size of the package, {bench.what} / genanki's", 0.25, size),
        at_most(f"size of the released package, {bench.what} / genanki's", 0.28, released),
    ]


def measure_peers(place: Path, bin: Path, count: int, rounds: int) -> list[Row]:
    bench, notes = make_bench(place / "peers", bin, count, 20), sources.make_notes(count)
    return [measure_peer(peer, bench, notes, rounds) for peer in PEERS]


def measure_peer(peer: Peer, bench: Bench, notes: list[sources.Note], rounds: int) -> Row:
    count, folder = bench.notes, bench.folder / peer.name
    work, target = f"{peer.name}, {count:,} notes / cold build", f"at least {peer.target}"
    home = install(peer)
    if not home:
        return Row(work, target, 0, False, "could not be installed")
    folder.mkdir()
    peer.write(folder, notes)
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


def measure_again(bench: Bench, rounds: int) -> list[Row]:
    """After a build: nothing changed, or one file."""
    bench.settle()
    before = bench.package.read_bytes()
    same, _ = pair(bench.build, bench.genanki, rounds)
    assert bench.package.read_bytes() == before
    words = (f"edited{at}" for at in count())

    def build() -> Run:
        bench.edit(next(words))
        return bench.build()

    def check() -> Run:
        bench.edit(next(words))
        return bench.check()

    built, _ = pair(build, bench.genanki, rounds)
    word = next(words)
    bench.edit(word)
    bench.build()
    verify(bench.package, bench.notes, bench.cards, word)
    checked, _ = pair(check, bench.genanki, rounds)
    return [
        at_most(f"nothing changed, {bench.what} / genanki", 0.25, same),
        at_most(f"one file of {len(bench.files)} changed, {bench.what} / genanki", 0.8, built, "the first target was 0.45"),
        at_most(
            f"check, one file of {len(bench.files)} changed, {bench.what} / genanki", 0.45, checked, "the first target was 0.35"
        ),
    ]


# Mistakes in another file than the one that is edited: the file (a new one, or one with cards by its place among them), what is
# added to it, and the problem's code. ID is the id of a card in the first file.
MISTAKES: dict[str, tuple[str | int, str, str]] = {
    "a wrong course": ("wrong.yaml", "courses:\n  - {id: wrong, title: Wrong, include: {tags: [no-such-tag]}}\n", "unknown-tag"),
    "an unknown key": (1, "  - {id: wrong, kind: basic, question: Wrong?, anwser: Yes}\n", "unknown-key"),
    "a duplicate id": (1, "  - {id: ID, kind: basic, question: Wrong?, answer: Yes}\n", "duplicate-id"),
}


def measure_mistakes(make: Callable[[str], Bench], rounds: int) -> list[Row]:
    """What a mistake in one file costs whoever edits another: two folders, one of them without the mistake."""
    sound = make("sound")
    sound.settle()
    rows = []
    for name, (where, text, code) in MISTAKES.items():
        broken = make("broken")
        broken.settle()
        path = broken.files[where] if isinstance(where, int) else broken.deck / where
        id = re.findall(r"^  - id: (.+)$", broken.files[0].read_text(encoding="utf-8"), re.MULTILINE)[-1]
        with path.open("a", encoding="utf-8") as file:
            file.write(text.replace("ID", id))
        time.sleep(2.5)
        broken.check(code=1)
        ratio, _ = pair(partial(edit_and_check, broken, 1), partial(edit_and_check, sound), rounds)
        assert code in find_codes(broken), (find_codes(broken), code)
        rows.append(at_most(f"check after an edit, {name} elsewhere, {sound.what} / without it", 1.2, ratio))
    return rows


def edit_and_check(bench: Bench, code: int = 0) -> Run:
    bench.edit("x")
    return bench.check(code)


def find_codes(bench: Bench) -> set[str]:
    """The codes of what `check` finds."""
    words = [str(bench.bin / "flashdeck"), "check", "--format", "json"]
    environment = os.environ | {"FLASHDECK_CACHE": str(bench.folder / "cache")}
    done = subprocess.run(words, cwd=bench.folder, env=environment, capture_output=True, encoding="utf-8")
    return {problem["code"] for problem in json.loads(done.stdout)}


STRAYS = {"a stray file": "notes{at}.txt", "an unused picture": "media/unused{at}.png"}


def measure_strays(make: Callable[[str], Bench], rounds: int) -> list[Row]:
    """What a new file costs that no card uses, a new one each round: two folders, in one of which nothing changes."""
    same = make_with_media(make, "same")
    rows = []
    for name, path in STRAYS.items():
        strayed = make_with_media(make, "strayed")
        numbers = count()

        def add_and_check(strayed: Bench = strayed, path: str = path, numbers: Iterator[int] = numbers) -> Run:
            at = next(numbers)
            (strayed.deck / path.format(at=at)).write_bytes(b"%d" % at)
            return strayed.check()

        ratio, _ = pair(add_and_check, same.check, rounds)
        rows.append(at_most(f"check, {name} added, {same.what} / nothing changed", 1.2, ratio))
    return rows


def make_with_media(make: Callable[[str], Bench], name: str) -> Bench:
    """Sources beside which there is a picture that no card uses."""
    bench = make(name)
    (bench.deck / "media").mkdir()
    (bench.deck / "media" / "unused.png").write_bytes(b"picture")
    bench.settle()
    return bench


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
    return [at_most(f"40 packages (10 courses x 4 languages) of {count:,} notes / one package", 8, ratio)]


def measure_growth(place: Path, bin: Path, count: int) -> list[Row]:
    small = make_bench(place / "small", bin, count, count // 500)
    large = make_bench(place / "large", bin, 10 * count, count // 50)
    runs = [(large.cold(memory=True), small.cold(memory=True)) for _ in range(2)]
    ratio = statistics.median(one.seconds / other.seconds for one, other in runs)
    memory = statistics.median(one.megabytes / other.megabytes for one, other in runs)
    most = max(one.megabytes for one, _ in runs)
    words = f"from {count:,} to {10 * count:,} notes"
    return [
        at_most(f"time {words}", 11, ratio, "2 rounds"),
        Row(f"peak memory {words}", "at most 8", memory, memory <= 8 and most < 1000, f"{most:,.0f} MB"),
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
        rows.append(at_most(f"{what} / a Typer program that does nothing", 1.5, ratio))
    return rows


def render(rows: list[Row]) -> str:
    lines = ["| work | target | measured | |", "|---|---|---|---|"]
    for row in rows:
        measured = f"{row.measured:.2f}" if row.measured < 10 else f"{row.measured:.1f}"
        verdict = ("holds" if row.holds else "**does not hold**") + (f" ({row.remark})" if row.remark else "")
        lines.append(f"| {row.work} | {row.target} | {measured} | {verdict} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="some parts of the table, with commas between; a wrong one lists them")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    bin, few = flashdeck(), 10 if options.quick else 1
    with TemporaryDirectory() as name:
        place = Path(name)
        notes, rounds = 10_000 // few, options.rounds

        def random_words(name: str) -> Bench:
            return make_bench(place / name, bin, notes, 100)

        def our_decks(name: str) -> Bench:
            return make_real_bench(place / f"our-{name}", bin, notes, 100)

        def large() -> list[Row]:
            bench = make_bench(place / "50000", bin, 5 * notes, 100)
            return [*measure_cold(bench, 0.9, rounds), *measure_size(bench)]

        def cold() -> list[Row]:
            bench = make_bench(place / "cold", bin, notes, 20)
            return [*measure_cold(bench, 1.7, rounds, first_target=1.0), *measure_size(bench)]

        parts: dict[str, Callable[[], list[Row]]] = {
            "start": lambda: measure_start(place, bin, rounds),
            "cold": cold,
            "again": lambda: measure_again(random_words("again"), rounds),
            "mistakes": lambda: measure_mistakes(random_words, rounds),
            "strays": lambda: measure_strays(random_words, rounds),
            "our-cold": lambda: measure_cold(our_decks("cold"), 1.7, rounds),
            "our-again": lambda: measure_again(our_decks("again"), rounds),
            "our-mistakes": lambda: measure_mistakes(our_decks, rounds),
            "our-strays": lambda: measure_strays(our_decks, rounds),
            "packages": lambda: measure_packages(place, bin, notes, rounds),
            "peers": lambda: measure_peers(place, bin, notes, rounds),
            "large": large,
            "growth": lambda: measure_growth(place, bin, notes),
        }
        unknown = {*filter(None, options.only.split(","))} - parts.keys()
        if unknown:
            parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
        rows = []
        for part, measure in parts.items():
            if not options.only or part in options.only.split(","):
                print(f"measuring {part} ...", file=sys.stderr)
                rows += measure()
    print(render(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
