"""The only door to git.

A repository may be a stranger's, and its configuration runs programs (filters, hooks, monitors, transports). So git is only asked
what a revision holds, by commands that run none of these, and no word that is handed to it can be an option.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from posixpath import normpath
from tempfile import TemporaryFile
from typing import NamedTuple

from flashdeck.diagnostics.errors import FlashdeckError

LARGEST_REVISION = 2_000_000_000  # bytes
# A hostile configuration cannot undo these. A bare repository could be part of what somebody committed.
GIT = ["git", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit"]
WITHOUT_NETWORK = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


class _Entry(NamedTuple):
    """A file of a revision, or a link."""

    name: str  # from the top of the repository
    object: str
    size: int
    is_link: bool


def extract(revision: str, paths: Iterable[Path], folder: Path) -> list[Path]:
    """Writes the files at `paths` in a revision of the repository here into `folder`; gives where each path is there.

    A link to another of these files is written as a copy of it, any other is left out. Raises FlashdeckError.
    """
    if not revision or revision.startswith("-") or "\0" in revision:
        raise FlashdeckError(f"'{revision}' is not a revision; write one as 'HEAD' or 'v1.0'")
    top = Path(os.fsdecode(_ask(revision, "rev-parse", "--show-toplevel")).removesuffix("\n")).resolve()
    commit = _ask(revision, "rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()
    names = {path: _name_in(top, path) for path in paths}
    below = [] if "." in names.values() else names.values()
    entries = [*_parse(_ask(revision, "ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *below))]
    for path, name in names.items():
        if not any(name == "." or PurePosixPath(entry.name).is_relative_to(name) for entry in entries):
            raise FlashdeckError(f"git cannot show '{revision}': there is no '{path}' in it")
    if sum(entry.size for entry in entries) > LARGEST_REVISION:
        raise FlashdeckError(f"'{revision}' holds more than {LARGEST_REVISION // 1_000_000:,} MB in these folders")
    links: dict[str, str] = {}
    try:
        for entry, data in _read(entries):
            if entry.is_link:
                links[entry.name] = normpath(PurePosixPath(entry.name).parent / os.fsdecode(data))
            else:
                _write(folder / entry.name, data)
        for name, target in links.items():
            if any(entry.name == target and not entry.is_link for entry in entries):
                _write(folder / name, (folder / target).read_bytes())
    except OSError as error:
        raise FlashdeckError(f"the files of '{revision}' cannot be written: {(error.strerror or str(error)).lower()}") from error
    return [folder / name for name in names.values()]


def read_committed(path: Path) -> bytes:
    """What a file holds in the last commit of its repository; empty where it is in none, or there is no git."""
    if not find_top(path.parent.resolve()):
        return b""  # without starting git
    try:
        return _ask("HEAD", "-C", str(path.parent), "cat-file", "blob", f"HEAD:./{path.name}")
    except FlashdeckError:
        return b""


def read_history(path: Path, most: int) -> list[tuple[str, bytes]]:
    """What a file held after the last commits on the way to this one that changed it, each with the commit's short name; nothing
    where git knows nothing of it.
    """
    folder = path.parent.resolve()
    if not find_top(folder):
        return []
    try:
        top = Path(os.fsdecode(_ask("HEAD", "-C", str(folder), "rev-parse", "--show-toplevel")).removesuffix("\n")).resolve()
        words = ("log", f"-{most}", "--format=%H", "--no-show-signature", "--diff-filter=AM", "--", _name_in(top, path))
        commits = _ask("HEAD", "-C", str(top), *words).decode().split()
        return [
            (commit[:10], _ask(commit, "-C", str(top), "cat-file", "blob", f"{commit}:{_name_in(top, path)}"))
            for commit in commits
        ]
    except FlashdeckError:
        return []


def find_commit_time(folder: Path) -> int:
    """When the last commit of a folder's repository was made, as a Unix time; 0 where there is none, or no git."""
    if not find_top(folder.resolve()):
        return 0
    try:
        return int(_ask("HEAD", "-C", str(folder), "log", "-1", "--format=%ct", "--no-show-signature"))
    except FlashdeckError:
        return 0


def find_top(folder: Path) -> Path | None:
    """The top of the repository in which a folder is, or will be."""
    return next((up for up in (folder, *folder.parents) if (up / ".git").exists()), None)


def _ask(revision: str, *words: str) -> bytes:
    """What git prints. Raises FlashdeckError."""
    try:
        return subprocess.run([*GIT, *words], capture_output=True, check=True, env=os.environ | WITHOUT_NETWORK).stdout
    except FileNotFoundError as error:
        raise FlashdeckError("git is not installed") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise FlashdeckError(f"git cannot show '{revision}': {lines[-1] if lines else 'no reason given'}") from error


def _name_in(top: Path, path: Path) -> str:
    """The name of a path from the top of the repository. Raises FlashdeckError."""
    try:
        return path.resolve().relative_to(top).as_posix()
    except ValueError as error:
        raise FlashdeckError(f"'{path}' is not in the repository '{top}'") from error


def _parse(listed: bytes) -> Iterator[_Entry]:
    """The files and links that git lists; none whose name would lead out of a folder, as only a forged tree has it."""
    for line in filter(None, listed.split(b"\0")):
        about, _, raw = line.partition(b"\t")
        mode, _, object, size = about.decode().split()
        name = os.fsdecode(raw)
        is_inside = not Path(name).anchor and not {"", ".", ".."} & {*name.replace("\\", "/").split("/")}
        if mode in ("100644", "100755", "120000") and is_inside:
            yield _Entry(name, object, int(size), mode == "120000")


def _read(entries: Sequence[_Entry]) -> Iterator[tuple[_Entry, bytes]]:
    """The files with their content as it was committed, without any filter. Raises FlashdeckError."""
    with TemporaryFile() as asked:
        asked.write("".join(f"{entry.object}\n" for entry in entries).encode())
        asked.seek(0)
        command = [*GIT, "cat-file", "--batch"]
        environment = os.environ | WITHOUT_NETWORK
        with subprocess.Popen(
            command, stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        ) as process:
            assert process.stdout
            for entry in entries:
                head = process.stdout.readline().split()
                if head[1:] != [b"blob", str(entry.size).encode()]:
                    raise FlashdeckError(f"git cannot show '{entry.name}'")
                yield entry, process.stdout.read(entry.size + 1)[:-1]


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def find_commits(paths: Iterable[Path], most: int) -> list[str]:
    """The last commits that changed one of these files; none where there is no git, or only a part of the history."""
    try:
        if _ask("HEAD", "rev-parse", "--is-shallow-repository").strip() != b"false":
            return []
        words = ("log", f"-{most}", "--format=%H", "--no-show-signature", "--", *map(str, paths))
        return _ask("HEAD", *words).decode().split()
    except FlashdeckError:
        return []
