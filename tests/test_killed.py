"""A build or release that is killed at any moment, or finds the disk full, leaves every file whole, and the next one ends it.

`KILLED=200 pytest -n0 tests/test_killed.py` kills builds at more moments, and when something is read too.
"""

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ENVIRONMENT, commit, import_package
from edits import CARDS
from warm import start, wait

from flashdeck.release.ledger import NAME, to_text

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
MOMENTS = int(os.environ.get("KILLED", "6"))
DECK = "id: test\nname: Test\nlanguages: [fr, en]\n"
WRITING = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.truncate")


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def without_temporary(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without those of which a killed process had no time to change the name."""
    return {name: data for name, data in files.items() if not Path(name).name.startswith(".flashdeck-")}


def run(project: Path, clock: int, prepare: Callable[[], None] = lambda: None, command: str = "build") -> tuple[int, str]:
    """Runs a command with a cache beside the project; gives its exit code, or minus the signal that ended it, and its errors."""
    about = {**ENVIRONMENT, "SOURCE_DATE_EPOCH": str(clock), "FLASHDECK_CACHE": str(project.parent / "cache")}
    err = project.parent / "err"
    code = wait(start([command], str(project), about, os.devnull, str(err), prepare))
    return code, err.read_text()


def is_writing(event: str, arguments: tuple[object, ...]) -> bool:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    return bool(writes) or event in WRITING or (MOMENTS > 6 and event in ("open", "os.listdir", "os.scandir"))


def at_event(moment: int, seen: Path | None = None, sign: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Sends a signal before the process does for the `moment`-th time what counts; counts into a file instead, if given."""
    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if is_writing(event, arguments):
            count += 1
            if seen:
                os.write(descriptor, b".")
            elif count == moment:
                os.kill(os.getpid(), sign)

    descriptor = os.open(seen, os.O_CREAT | os.O_WRONLY) if seen else -1
    return lambda: sys.addaudithook(watch)


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A project that was built, and then edited."""
    folder = tmp_path / "before" / "project"
    (folder / "decks" / "test").mkdir(parents=True)
    (folder / "decks" / "test" / "deck.yaml").write_text(DECK)
    cards = folder / "decks" / "test" / "cards.yaml"
    cards.write_text(CARDS.replace("ID", "a"))
    assert run(folder, 1_800_000_000) == (0, "")
    cards.write_text(
        CARDS.replace("ID", "a").replace("answer: a", "answer: other") + "  - {id: new, question: new, answer: new}\n"
    )
    return folder


def copy(project: Path, to: Path) -> Path:
    """The project and its cache elsewhere, with the times of its files."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(project.parent, to)
    return to / project.name


def moments_of(project: Path, tmp_path: Path) -> tuple[dict[str, bytes], list[int]]:
    """What a build in a copy leaves, and at which of its events it is to be stopped."""
    done = copy(project, tmp_path / "done")
    assert run(done, 1_800_000_100, at_event(0, tmp_path / "seen")) == (0, "")
    events = len((tmp_path / "seen").read_bytes())
    assert events > 5
    return read(done), sorted({1 + events * at // MOMENTS for at in range(MOMENTS)})


def test_a_build_that_is_killed_leaves_whole_files_and_the_next_finishes_it(edited, tmp_path, col):
    old = read(edited)
    new, moments = moments_of(edited, tmp_path)
    assert new != old

    for moment in moments:
        project = copy(edited, tmp_path / "killed")
        assert run(project, 1_800_000_100, at_event(moment))[0] == -signal.SIGKILL
        left = without_temporary(read(project))
        assert left.keys() >= old.keys()
        assert [name for name, data in left.items() if data not in (old.get(name), new[name])] == [], moment

        assert run(project, 1_800_000_100) == (0, "")
        assert without_temporary(read(project)) == new, moment
    assert len(import_package(col, tmp_path / "done" / "project" / "dist" / "test-en.apkg").new) == 4


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_build_that_is_stopped_leaves_no_temporary_file_and_says_nothing(sign, code, edited, tmp_path):
    old = read(edited)
    new, moments = moments_of(edited, tmp_path)

    for moment in moments:
        project = copy(edited, tmp_path / "stopped")
        ran = run(project, 1_800_000_100, at_event(moment, sign=sign))

        assert ran == (code, "")
        assert [name for name, data in read(project).items() if data not in (old.get(name), new[name])] == [], moment


@pytest.mark.parametrize("room", [300, 1_500])
def test_a_build_that_finds_the_disk_full_leaves_whole_files(room, edited, tmp_path):
    """Stood for by a limit on the size of files; the least leaves room for what is said."""
    old = read(edited)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    assert run(edited, 1_800_000_100, limit) == (2, "flashdeck: 'dist/test-fr.apkg' cannot be written: file too large\n")
    assert read(edited).keys() == old.keys()
    assert {name for name, data in read(edited).items() if data != old[name]} <= {"dist/test-en.apkg", "dist/test-fr.apkg"}
    assert run(edited, 1_800_000_100) == (0, "")


# ---- a release ---------------------------------------------------------------------------------------------------------


def read_all(folder: Path) -> dict[str, bytes]:
    """All files but git's, and those to which a killed process did not give their names."""
    return {name: data for name, data in read(folder).items() if not name.startswith(".git/") and ".flashdeck-" not in name}


def at_file(number: int, stop: Callable[[], None]) -> Callable[[], None]:
    """Stops the process in some way before the file at a place in the order of those it writes is put there."""
    put, count = os.replace, iter(range(1000))

    def replace(source: Path, target: Path, **more: int) -> None:
        if "cache" not in Path(target).parts and next(count) + 1 == number:
            stop()
        put(source, target, **more)

    def prepare() -> None:
        os.replace = replace
        if not number:
            stop()

    return prepare


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk() -> None:
    """From now on, nothing can be written: stood for by a limit on the size of files."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.parametrize(("stop", "code", "stops"), [(kill, -signal.SIGKILL, 7), (fill_disk, 2, 7)], ids=["killed", "disk full"])
def test_a_release_that_is_stopped_anywhere_is_ended_by_the_next_with_the_same_bytes(stop, code, stops, tmp_path):
    """There is never a package of a release that no ledger knows."""
    first, second, third = (1_750_000_000 + at * 86_400 for at in range(3))
    folder = tmp_path / "project"
    (folder / "decks" / "test").mkdir(parents=True)
    (folder / "decks" / "test" / "deck.yaml").write_text(DECK)
    cards = folder / "decks" / "test" / "cards.yaml"
    cards.write_text(CARDS.replace("ID", "a"))
    assert run(folder, first, command="release")[0] == 0
    commit(folder, "decks")
    cards.write_text(CARDS.replace("ID", "a").replace("answer: a", "answer: {en: other, fr: a}"))
    start = read_all(folder)
    assert run(folder, second, command="release")[0] == 0
    whole = read_all(folder)
    stopped = 0
    for number in range(20):
        for name in read_all(folder):
            (folder / name).unlink()
        for name, data in start.items():
            (folder / name).write_bytes(data)
        if run(folder, second, at_file(number + (stop is kill), stop), "release")[0] == 0:
            break
        stopped += 1
        ledger = (folder / "decks" / "test" / NAME).read_bytes()
        is_released = f"release {to_text(second)} ".encode() in ledger
        for name, data in read_all(folder / "dist").items():
            assert data in (start.get(f"dist/{name}"), whole.get(f"dist/{name}") if is_released else None), (number, name)

        assert run(folder, third if is_released else second, command="release")[0] == 0

        assert read_all(folder) == whole, number
    assert stopped == stops
