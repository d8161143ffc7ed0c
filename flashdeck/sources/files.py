"""The files of a project during one run, and files written whole or not at all.

The only door to what lies on the disk beside sources. Every answer is recorded: what was worked out from it stays true for
as long as the same questions get the same answers.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from pathlib import Path
from unicodedata import normalize
from zlib import crc32

from flashdeck.diagnostics.problem import Problem, Spot

LARGEST = 32_000_000  # bytes; no one can review a larger source
# A file that was written so shortly before it was read can change again without the system's times showing it.
RACY = 2_000_000_000  # nanoseconds
DECK_FILE, MEDIA_FOLDER, OWN_KINDS = "deck.yaml", "media", "kinds"
APART = (MEDIA_FOLDER, OWN_KINDS)  # folders in a deck's whose files are no sources of cards
Stat = tuple[int, int, int, int]  # when it was modified and its status changed (ns), its size, its inode
SOURCES = (".yaml", ".yml")
NO_MEDIA = (*SOURCES, ".md", ".lock")  # what else may lie in a media folder
ABSENT = ""  # the digest of a file that is not there


def digest_bytes(data: bytes) -> str:
    from hashlib import sha256  # a tenth of the time of an unchanged build, which needs none

    return sha256(data).hexdigest()


class Files:
    """The files of a project. The digest of one that was read in an earlier run is known without reading it, where the system
    says that it is still the same file.

    `index` has, by path, what a digest was taken of, and the digest; `now` is the time of this run (Unix, nanoseconds), or 0
    where no index is kept; `edits` stand for files as they would be, written or not.
    """

    def __init__(
        self, index: dict[str, tuple[Stat, str]] | None = None, now: int = 0, edits: Mapping[Path, bytes] | None = None
    ) -> None:
        self.index: dict[str, tuple[Stat, str]] = {} if index is None else index
        self.now = now
        self.edits: Mapping[Path, bytes] = edits or {}
        self.answers: dict[str, str] = {}  # by question
        self.is_changed = False  # whether the index knows more than it was given
        self._digests: dict[str, str] = {}
        self._listed: dict[Path, dict[str, str]] = {}
        self._below: dict[Path, tuple[str, ...]] = {}
        self._media: dict[tuple[Path, ...], frozenset[str]] = {}

    def record(self) -> "Files":
        """The same files with a record of their own, for work that is kept by what it asks."""
        files = copy(self)
        files.answers = {}
        return files

    def answer(self, question: str) -> str:
        """The answer to a recorded question, as it is now."""
        word, _, path = question.partition(" ")
        if word == "file":
            return self._digest(path)
        self.list_below(Path(path))
        return self.answers[question]

    def keep_answers(self, asked: Mapping[str, str]) -> None:
        """Records what was asked elsewhere: in another process, or for work that is kept. Other questions are not of files."""
        self.answers.update((question, answer) for question, answer in asked.items() if question.startswith(("file ", "below ")))

    def digest(self, path: Path) -> str:
        """The digest of a file; ABSENT where there is none that can be read."""
        return self._digest(str(path))

    def _digest(self, name: str) -> str:
        found = self._digests.get(name)
        if found is None:
            found = self._digests[name] = self._find_digest(name)
        self.answers[f"file {name}"] = found
        return found

    def _find_digest(self, name: str) -> str:
        if self.edits and Path(name) in self.edits:
            return digest_bytes(self.edits[Path(name)])
        try:
            known = self.index.get(name)
            same = known and known[0] == _to_stat(os.stat(name))  # noqa: PTH116 (this is what has to be fast)
            return known[1] if known and same else digest_bytes(self.read(Path(name)))
        except OSError:
            return ABSENT

    def read(self, path: Path) -> bytes:
        """What a file holds, and from now on its digest. Raises OSError for what is not a file, or is too large for a source."""
        if path in self.edits:
            data = self.edits[path]
            digest = digest_bytes(data)
        else:
            if not path.is_file():  # a pipe would be waited for
                raise NotAFile(str(path))
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                largest = LARGEST if path.suffix in SOURCES else -1
                if status.st_size > largest > 0:
                    raise TooLarge(status.st_size)
                data = file.read(largest)
            stat = _to_stat(status)
            known = self.index.get(str(path))
            digest = known[1] if known and known[0] == stat else digest_bytes(data)
            if max(stat[:2]) < self.now - RACY:
                self.is_changed |= known != (stat, digest)
                self.index[str(path)] = stat, digest
            else:
                self.index.pop(str(path), None)
        self._digests[str(path)] = self.answers[f"file {path}"] = digest
        return data

    def size(self, path: Path) -> int:
        """The size of a file in bytes; 0 where there is none."""
        if path in self.edits:
            return len(self.edits[path])
        return path.stat().st_size if path.is_file() else 0

    def find(self, folder: Path, name: str) -> Path | None:
        """The file that `name` leads to from a folder, however its accents are composed; one that differs in case is not it."""
        path = folder
        for part in Path(name).parts:
            path /= part if part == ".." else self.names(path).get(normalize("NFC", part), "")
        if path != folder and self.digest(path):
            return path
        self.digest(folder / name)  # should it come
        return None

    def list_below(self, folder: Path) -> tuple[str, ...]:
        """The paths from there of all files below a folder, in order; those that systems and editors hide do not count."""
        if folder not in self._below:
            found = [path.relative_to(folder) for path in folder.rglob("*") if path.name[0] != "." and path.is_file()]
            found += [path.relative_to(folder) for path in self.edits if path.is_relative_to(folder)]
            self._below[folder] = tuple(sorted({path.as_posix() for path in found}))
        if (question := f"below {folder}") not in self.answers:
            names = "\n".join(self._below[folder]).encode(errors="surrogateescape")
            self.answers[question] = f"{len(names)} {crc32(names):08x}"  # no file's content: hashlib would have to be imported
        return self._below[folder]

    def media_below(self, *folders: Path) -> frozenset[str]:
        """The paths from there of all files below some folders that can be media."""
        found = [self.list_below(folder) for folder in folders]  # asked each time, so that each record has the question
        if folders not in self._media:
            self._media[folders] = frozenset(name for names in found for name in names if is_media(name))
        return self._media[folders]

    def names(self, folder: Path) -> dict[str, str]:
        """The names in a folder by their NFC form: macOS and its archives write accents as characters of their own."""
        if folder not in self._listed:
            try:
                names = os.listdir(folder)  # noqa: PTH208 (pathlib makes a path of each)
            except OSError:
                names = []
            names += [path.relative_to(folder).parts[0] for path in self.edits if folder in path.parents]
            self._listed[folder] = {normalize("NFC", name): name for name in names}
        return self._listed[folder]


def is_media(name: str) -> bool:
    return not name.endswith(NO_MEDIA)


class NotAFile(OSError):
    """A folder, a pipe, a device, or a link that leads nowhere."""


class TooLarge(OSError):
    """A file that is larger than any that people write; `size` in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.size = size


def _to_stat(status: os.stat_result) -> Stat:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def find_sources(paths: Iterable[Path], edits: Iterable[Path], problems: list[Problem]) -> Iterator[Path]:
    """The YAML files in `paths`, each once, sorted within a path; a path inside a deck stands for the whole deck.

    Those that `edits` add come last. A deck's own kinds are read by themselves, and are not among them.
    """

    def report(error: OSError) -> None:
        message = f"this folder cannot be read: {(error.strerror or str(error)).lower()}"
        problems.append(
            Problem(Spot(str(error.filename), 1, 1), "unreadable-file", message, "check that you have permission to read it")
        )

    seen = set()
    for path in paths:
        top = next((up for up in (path, *path.parents) if (up / DECK_FILE).exists()), path)
        alone: Iterable[tuple[str, list[str], list[str]]] = [(str(top.parent), [], [top.name])]
        for folder, folders, files in os.walk(top, onerror=report) if top.is_dir() else alone:
            skipped = APART if DECK_FILE in files else (MEDIA_FOLDER,)
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in skipped)
            real_folder = os.path.realpath(folder)
            for name in sorted(files):
                if name.endswith(SOURCES) and not name.startswith("."):
                    real = os.path.join(real_folder, name)  # noqa: PTH118 (there may be hundreds)
                    real = os.path.realpath(real) if os.path.islink(real) else real  # noqa: PTH114
                    if real not in seen:
                        seen.add(real)
                        yield Path(folder, name)
    added = {*edits}
    for file in sorted(added):
        decks = [up.parent / DECK_FILE for up in file.parents if up.name in APART]
        apart = any(deck in added or deck.exists() for deck in decks)
        if file.suffix in SOURCES and not apart and (real := str(file.resolve())) not in seen:
            seen.add(real)
            yield file


def look(paths: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """When each file below `paths` was written (of a file's path: each beside it), and its size. Hidden ones do not count."""
    seen: dict[str, tuple[int, int]] = {}
    for path in paths:
        for folder, folders, files in os.walk(path if path.is_dir() else path.parent):
            folders[:] = [name for name in folders if not name.startswith(".") and name != "dist"]
            for name in (name for name in files if not name.startswith(".")):
                try:
                    status = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 (several times a second for all files)
                except OSError:
                    continue  # it vanished meanwhile
                seen[f"{folder}/{name}"] = status.st_mtime_ns, status.st_size
    return seen


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, over the old one. Raises OSError.

    A process that is killed between the naming of the temporary file and its renaming leaves that file behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if hasattr(os, "O_TMPFILE"):  # Linux: the file has no name until it is whole
            try:
                _write_nameless(temporary, data)
            except OSError:  # not every file system can
                temporary.write_bytes(data)
        else:
            temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _write_nameless(temporary: Path, data: bytes) -> None:
    descriptor = os.open(temporary.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.link(f"/proc/self/fd/{descriptor}", temporary, follow_symlinks=True)
