"""What every test may ask for: `deck` writes sources, `cli` runs the command for real, `col` is the real Anki."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest, ImportLogWithChanges
from hypothesis import HealthCheck, settings
from warm import Warm

ROOT = Path(__file__).parent.parent
# machines are slow at times, and that is no bug of ours
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
DECK_YAML = "id: test\nname: Test\nlanguages: [fr, en]\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite tests/golden with what comes out now; review the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a whole text with a file of tests/golden."""

    def compare(name: str, text: str) -> None:
        path = ROOT / "tests" / "golden" / name
        if request.config.getoption("--update"):
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.read_text(encoding="utf-8") == text

    return compare


@pytest.fixture
def deck(tmp_path: Path) -> Callable[..., Path]:
    """Writes a deck folder: its cards.yaml, and other files by name; gives the folder that holds it."""

    def write(cards: str = "", deck_yaml: str = DECK_YAML, **files: str | bytes) -> Path:
        folder = tmp_path / "decks" / "test"
        folder.mkdir(parents=True, exist_ok=True)
        texts: dict[str, str | bytes] = {"deck.yaml": deck_yaml} | ({"cards.yaml": cards} if cards else {})
        for name, text in (texts | {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return folder.parent

    return write


def commit(folder: Path, *paths: str) -> None:
    """Commits what is at some paths of a folder, in a repository of its own."""
    for words in (
        ["init", "-q"],
        ["add", *paths],
        ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


OURS = ("FLASHDECK_CACHE", "SOURCE_DATE_EPOCH")  # what Python does not look at
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm | None]:
    """A Python that has imported flashdeck already; none where there is no fork."""
    if not hasattr(os, "fork"):
        yield None
        return
    process = Warm(ENVIRONMENT)
    yield process
    process.stop()


@pytest.fixture
def cli(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, warm: Warm | None) -> Callable[..., Ran]:
    """Runs `flashdeck` as its user would, in a temporary folder and a process of its own."""

    cache, streams = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("streams")

    def run(*words: str | Path, cwd: Path = tmp_path, **environment: str) -> Ran:
        texts = [*map(str, words)]
        if texts[:1] == ["import"] and not any("rehearse" in text for text in texts):
            texts.append("--no-rehearse")  # it takes longer than all the rest
        environment = {**ENVIRONMENT, "FLASHDECK_CACHE": str(cache), **environment}
        if (
            warm
            and {key: text for key, text in environment.items() if key not in ("FLASHDECK_CACHE", "SOURCE_DATE_EPOCH")}
            == ENVIRONMENT
        ):
            ran = Ran(*warm.run(texts, cwd, environment, streams))
        else:
            command = [sys.executable, "-m", "flashdeck", *texts]
            done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=120)
            ran = Ran(done.returncode, done.stdout, done.stderr)
        print(ran.out, ran.err)
        assert "Traceback" not in ran.err
        return ran

    return run


@pytest.fixture(scope="session")
def built_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our decks under git, with the packages of a release in `old`, and of the same one in `dist`; the ledgers are committed."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "decks", folder / "decks")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (folder / "words.csv").write_text(re.search(r"```csv\n(.*?)```", readme, re.S)[1], encoding="utf-8")
    an_hour_ago = {"PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": str(int(time.time()) - 3600)}
    for out in ("old", "dist"):
        words = [sys.executable, "-m", "flashdeck", "release", "--out", out]
        subprocess.run(words, cwd=folder, check=True, env=os.environ | an_hour_ago, capture_output=True)
    commit(folder, "decks")
    return folder


@pytest.fixture
def project(built_project: Path, tmp_path: Path) -> Path:
    """A copy of the built project for one test to change."""
    return Path(shutil.copytree(built_project, tmp_path / "project"))


@pytest.fixture
def col(tmp_path: Path) -> Iterator[Collection]:
    """A fresh collection of the real Anki."""
    collection = Collection(str(tmp_path / "collection.anki2"))
    yield collection
    collection.close()


def import_package(col: Collection, package: Path) -> ImportLogWithChanges.Log:
    """Imports as a learner does who just clicks Import; gives which notes were new, updated, ..."""
    presets = col._backend.get_import_anki_package_presets()
    options = ImportAnkiPackageOptions()
    options.CopyFrom(presets)
    return col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options)).log


def find_old_anki(version: str) -> Path:
    """The Python of an environment that has an old Anki; it is made once, and kept under .cache."""
    folder = ROOT / ".cache" / f"anki-{version}"
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    folder.parent.mkdir(exist_ok=True)
    import fcntl  # Windows has none

    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes test
        _make_old_anki(version, folder, python)
    return python


def _make_old_anki(version: str, folder: Path, python: Path) -> None:
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", f"anki=={version}"], capture_output=True, encoding="utf-8")
        assert done.returncode == 0, f"Anki {version} cannot be had on this machine, so it is NOT tested: {done.stderr}"
        (folder / "ready").touch()


def counts(log: ImportLogWithChanges.Log) -> dict[str, int]:
    """How many notes an import treated how; only what is not 0."""
    names = (
        "new",
        "updated",
        "duplicate",
        "conflicting",
        "first_field_match",
        "missing_notetype",
        "missing_deck",
        "empty_first_field",
    )
    return {name: len(getattr(log, name)) for name in names if getattr(log, name)}
