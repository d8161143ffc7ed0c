"""A pull request as an attacker would send it: whatever is in it, checking and building touch nothing outside of it.

Each attack is tried alone, in a project beside a folder of secrets. That it is refused is as good as that it is built.
"""

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

from flashdeck.commands import app
from flashdeck.diagnostics.errors import FlashdeckError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and alarms as Linux and macOS have them")
SECRET = "the secret of another folder"
CARDS = "kind: basic\ncards:\n  - {id: one, question: '![a picture](p.png)', answer: a}\n"
KIND = "fields:\n  word: {required: true}\n"
OWN = "kind: own\ncards:\n  - {id: own, word: w}\n"
ENVIRONMENT = Path("/proc/self/environ").read_bytes()[:60] if Path("/proc/self/environ").exists() else SECRET.encode()
ATTACKS: dict[str, Callable[[Path, Path], None]] = {}


def attack(make: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
    ATTACKS[make.__name__.replace("_", " ")] = make
    return make


def link(path: Path, target: Path | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def make_kind(deck: Path) -> Path:
    folder = deck / "kinds" / "own"
    folder.mkdir(parents=True)
    for name, text in {"kind.yaml": KIND, "front.html": "{{Word}}", "back.html": "[[part]]", "style.css": "b {}"}.items():
        (folder / name).write_text(text)
    (deck / "kinds" / "part.html").write_text("part")
    (deck / "own.yaml").write_text(OWN)
    return folder


# Every place from which something is read, as a link, a pipe, a device, a socket, a folder and a loop

PLACES = {
    "a source": "more.yaml",
    "deck.yaml": "deck.yaml",
    "the ledger": "flashdeck.lock",
    "a picture": "media/p.png",
    "a picture beside the source": "p.png",
    "kind.yaml": "kinds/own/kind.yaml",
    "a front": "kinds/own/front.html",
    "a style": "kinds/own/style.css",
    "a part": "kinds/part.html",
    "the media folder": "media",
    "a kind's folder": "kinds/own",
    "the kinds folder": "kinds",
    "a folder of sources": "sub",
}
KEEPS = {"more.yaml": "source.yaml", "media/p.png": "p.png", "p.png": "p.png", "flashdeck.lock": "flashdeck.lock"}


def replace(path: Path) -> None:
    """Makes room for something else in a place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        for inside in sorted(path.rglob("*"), reverse=True):
            inside.rmdir() if inside.is_dir() else inside.unlink()
        path.rmdir()
    path.unlink(missing_ok=True)


def put_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


THINGS: dict[str, Callable[[Path, Path], None]] = {
    "link outside": lambda path, outside: link(path, outside / KEEPS.get(path.name, path.name)),
    "link to a secret": lambda path, outside: link(path, outside / "secret.txt"),
    "link to the environment": lambda path, _: link(path, "/proc/self/environ"),
    "link to an endless device": lambda path, _: link(path, "/dev/zero"),
    "link to itself": lambda path, _: link(path, path.name),
    "link to the folder above": lambda path, _: link(path, ".."),
    "link to the root": lambda path, _: link(path, "/"),
    "pipe": lambda path, _: os.mkfifo(path),
    "socket": lambda path, _: put_socket(path),
}


def place_attack(place: str, thing: str) -> Callable[[Path, Path], None]:
    def make(repo: Path, outside: Path) -> None:
        deck = repo / "decks" / "test"
        if "kind" in place or "part" in place or "front" in place or "style" in place:
            make_kind(deck)
        replace(deck / PLACES[place])
        THINGS[thing](deck / PLACES[place], outside)

    return make


ATTACKS |= {
    f"{place} is a {thing}": place_attack(place, thing)
    for place in PLACES
    for thing in THINGS
    if "folder" in place or thing not in ("link to the root", "link to the folder above")
}


# Where something is written


@attack
def dist_is_a_link(repo: Path, outside: Path) -> None:
    link(repo / "dist", outside)


@attack
def a_package_is_a_link(repo: Path, outside: Path) -> None:
    link(repo / "dist" / "test-en.apkg", outside / "secret.txt")


@attack
def temporary_files_are_links(repo: Path, outside: Path) -> None:
    for name in ("dist/.test-en.apkg", "decks/test/.flashdeck.lock"):
        link(repo / f"{name}.{os.getpid()}", outside / "secret.txt")
        link(repo / f"{name}.tmp", outside / "secret.txt")


@attack
def temporary_files_are_links_to_nothing_yet(repo: Path, outside: Path) -> None:
    for name in ("dist/.test-en.apkg", "decks/test/.flashdeck.lock"):
        link(repo / f"{name}.{os.getpid()}", outside / "made")


@attack
def a_package_is_a_folder(repo: Path, outside: Path) -> None:
    (repo / "dist" / "test-en.apkg").mkdir(parents=True)


@attack
def a_package_is_a_pipe(repo: Path, outside: Path) -> None:
    (repo / "dist").mkdir()
    os.mkfifo(repo / "dist" / "test-en.apkg")


@attack
def an_id_is_a_path(repo: Path, outside: Path) -> None:
    (repo / "decks" / "test" / "deck.yaml").write_text("id: ../../outside/x\nname: X\nlanguages: [en]\n")


@attack
def a_language_is_a_path(repo: Path, outside: Path) -> None:
    (repo / "decks" / "test" / "deck.yaml").write_text("id: x\nname: X\nlanguages: [../../outside/x]\n")


@attack
def a_course_is_a_path(repo: Path, outside: Path) -> None:
    (repo / "decks" / "test" / "courses.yaml").write_text("courses:\n  - {id: ../../outside/x, include: {kinds: [basic]}}\n")


@attack
def a_kind_names_files_elsewhere(repo: Path, outside: Path) -> None:
    folder = make_kind(repo / "decks" / "test")
    (folder / "kind.yaml").write_text(
        f"{KIND}cards:\n  one: {{front: ../../../../../outside/secret.txt, back: {outside}/secret.txt}}\n"
    )


# What a text names


def text_attack(text: str) -> Callable[[Path, Path], None]:
    def make(repo: Path, outside: Path) -> None:
        named = text.replace("OUTSIDE", str(outside)).replace("UP", "../../../../outside")
        (repo / "decks" / "test" / "text.yaml").write_text(
            f"kind: basic\ncards:\n  - id: two\n    question: q\n    answer: '{named}'\n"
        )

    return make


ATTACKS |= {
    f"a text names {text}": text_attack(text)
    for text in (
        "![x](UP/p.png)",
        "![x](OUTSIDE/p.png)",
        "![x](file://OUTSIDE/p.png)",
        "![x](%2e%2e/%2e%2e/%2e%2e/%2e%2e/outside/p.png)",
        '<img alt="x" src="UP/p.png">',
        "[sound:UP/p.png]",
        "[sound:OUTSIDE/p.png]",
    )
}


# Names and sizes


NAMES = (
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned #",
    "a\n::error::forged",
    "\n::warning file=x::forged",
    "a\r::set-env name=X::y",
    "a\x1b]0;title\x07\x1b[2J",
    "a\u202egnp",
    "--output=pwned",
    "-rf",
    "%0A::error::forged",
)


def make_names(repo: Path, name: str) -> None:
    """A project in which everything has such a name."""
    deck = repo / "decks" / "test"
    for path in (deck / f"{name}.yaml", deck / "media" / f"{name}.png", repo / "decks" / name / "deck.yaml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"cards: [{{id: x, question: q}}]\n{name}: x\n")
    (deck / f"named {NAMES.index(name)}.yaml").write_text(
        f"deck: {json.dumps(name)}\ntags: [{json.dumps(name)}]\nkind: {json.dumps(name)}\n"
        f"cards:\n  - {{id: {json.dumps(name)}, question: {json.dumps(name)}, {json.dumps(name)}: a}}\n"
    )


@attack
def a_name_is_no_text(repo: Path, outside: Path) -> None:
    (repo / "decks" / "test" / os.fsdecode(b"\xff\xfe.yaml")).write_text("cards: []\n")
    (repo / "decks" / "test" / "media" / os.fsdecode(b"\xff\xfe.png")).write_text("x")


@attack
def a_source_is_huge(repo: Path, outside: Path) -> None:
    with (repo / "decks" / "test" / "huge.yaml").open("wb") as file:
        file.truncate(40_000_000_000)


@attack
def a_picture_is_huge(repo: Path, outside: Path) -> None:
    with (repo / "decks" / "test" / "media" / "p.png").open("wb") as file:
        file.truncate(40_000_000_000)


@attack
def yaml_is_a_bomb(repo: Path, outside: Path) -> None:
    rows = [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 30)]
    (repo / "decks" / "test" / "bomb.yaml").write_text("\n".join(["a0: &a0 x", *rows]))
    (repo / "decks" / "test" / "deep.yaml").write_text("cards: " + "[" * 100_000)
    (repo / "decks" / "test" / "deeper.yaml").write_text("cards:\n" + "".join(f"{' ' * at}- \n" for at in range(300)))


@attack
def git_is_prepared(repo: Path, outside: Path) -> None:
    for folder in (repo, repo / "decks", repo / "decks" / "test"):
        (folder / ".git").mkdir()
        (folder / ".git" / "config").write_text(
            '[core]\n\tfsmonitor = "touch pwned"\n\tpager = "touch pwned"\n[filter "x"]\n\tsmudge = "touch pwned"\n'
        )
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / ".git" / "objects").mkdir()
        (folder / ".git" / "refs").mkdir()
        (folder / ".gitattributes").write_text("* filter=x diff=x\n")


@attack
def a_cache_lies_in_the_project(repo: Path, outside: Path) -> None:
    for folder in (".cache", ".cache/flashdeck", ".flashdeck", "decks/.cache"):
        (repo / folder).mkdir(parents=True, exist_ok=True)
        link(repo / folder / "cleaned", outside / "secret.txt")


def look(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder: what it is, what it holds, and when it was changed; what is huge only by its size."""
    seen: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        held = (
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() and status.st_size < 10**6 else ""
        )
        changed = 0 if path.is_dir() else status.st_mtime_ns
        seen[path.relative_to(folder).as_posix()] = status.st_mode, changed, status.st_size * path.is_file(), held
    return seen


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise AssertionError(f"still busy after {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def run(*words: str) -> int:
    try:
        return int(app([*words], standalone_mode=False) or 0)
    except FlashdeckError as error:
        print(f"flashdeck: {error}")
        return 2


def make_project(tmp_path: Path) -> tuple[Path, Path]:
    """A good project, and a folder beside it with secrets under every name that a project has."""
    repo, outside = tmp_path / "repo", tmp_path / "outside"
    (repo / "decks" / "test" / "media").mkdir(parents=True)
    (repo / "decks" / "test" / "deck.yaml").write_text("id: test\nname: Test\nlanguages: [en]\n")
    (repo / "decks" / "test" / "cards.yaml").write_text(CARDS)
    (repo / "decks" / "test" / "media" / "p.png").write_bytes(b"a picture")
    texts = dict.fromkeys(("secret.txt", "flashdeck.lock", "p.png"), SECRET)
    texts |= dict.fromkeys(("front.html", "back.html", "style.css", "part.html"), f"{SECRET} {{{{Word}}}}")
    texts |= {"deck.yaml": f"id: secret\nname: {SECRET}\nlanguages: [en]\n", "kind.yaml": f"{KIND}asks: {SECRET}\n"}
    texts |= {"source.yaml": f"kind: basic\ncards:\n  - {{id: secret, question: {SECRET}, answer: {SECRET}}}\n"}
    for folder in ("", "media", "sub", "own", "kinds", "kinds/own"):
        (outside / folder).mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            (outside / folder / file).write_text(text)
    return repo, outside


@pytest.mark.parametrize("name", ATTACKS)
def test_a_pull_request_reads_and_writes_nothing_outside(name, tmp_path, monkeypatch, capfd):
    repo, outside = make_project(tmp_path)
    ATTACKS[name](repo, outside)
    before, others = look(repo), look(outside)
    monkeypatch.chdir(repo)
    monkeypatch.setenv("FLASHDECK_CACHE", str(tmp_path / "cache"))

    with at_most(10):
        codes = [run("list"), run("build")]
    printed = "".join(capfd.readouterr())
    written = [name for name, held in look(repo).items() if before.get(name) != held]
    packages = [path for path in (repo / "dist").glob("*.apkg") if path.is_file() and not path.is_symlink()]
    texts = [printed.encode(), *(path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())]
    for path in packages:
        with ZipFile(path) as archive:
            texts += map(archive.read, archive.namelist())

    assert set(codes) <= {0, 1, 2}
    assert look(outside) == others
    assert [name for name in written if not re.fullmatch(r"dist(/[^./][^/]*)?|decks/[^/]+/flashdeck\.lock", name)] == []
    assert [text for text in texts for secret in (SECRET.encode(), ENVIRONMENT) if secret in text] == []


def test_names_of_a_pull_request_act_on_nothing(tmp_path, cli):
    """Neither on a shell, nor on a terminal, nor on GitHub's runner, which takes lines that begin with `::` for commands."""
    repo, _ = make_project(tmp_path)
    for name in NAMES:
        make_names(repo, name)
    before = look(tmp_path)

    printed = ""
    for words in (("check",), ("check", "--format", "github"), ("list",), ("build",)):
        ran = cli(*words, cwd=repo)
        printed += ran.out + ran.err

    assert look(tmp_path) == before
    assert [line for line in printed.splitlines() if re.match("::(?!error file=|warning file=)", line)] == []
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed) == []
