"""The files of a project during one run, and files written whole or not at all.

The only door to the disk. What strangers wrote may be links, pipes and devices: nothing is read but regular files inside the
folder that the user named, and inside the deck's folder where there is a deck. What was opened is judged, not its name, which
may stand for something else a moment later. Links on the way to what the user named are the user's own.

Every answer is recorded: what was worked out from it stays true for as long as the same questions get the same answers.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import IO
from unicodedata import normalize
from zlib import crc32

from flashdeck.diagnostics.problem import Problem, Spot

LARGEST = 32_000_000  # bytes; no one can review a larger source
LARGEST_FILE = 500_000_000  # bytes; pictures, sounds and ledgers are read as a whole
CHUNK = 1 << 20
# A pipe that took the place of a file must not be waited for, and a terminal not become ours; Windows would change line ends.
READ_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))
NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
# A file that was written so shortly before it was read can change again without the system's times showing it.
RACY = 2_000_000_000  # nanoseconds
DECK_FILE, MEDIA_FOLDER, OWN_KINDS = "deck.yaml", "media", "kinds"
APART = (MEDIA_FOLDER, OWN_KINDS)  # folders in a deck's whose files are no sources of cards
Stat = tuple[int, int, int, int]  # when it was modified and its status changed (ns), its size, its inode
SOURCES = (".yaml", ".yml")
# What systems and editors make of the name of a source that somebody saves with them.
LIKE_A_SOURCE = re.compile(r"(.+?)\.ya?ml(\.(txt|rtf|docx?|odt))?[ .]*", re.IGNORECASE)
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # what Windows takes for one, whatever follows
TEXTS = (".svg", ".html", ".css")  # are read with the line ends of Unix
NO_MEDIA = (*SOURCES, ".md", ".lock")  # what else may lie in a media folder
ABSENT = ""  # the digest of a file that is not there
UNREADABLE = "!"  # begins what stands in place of the digest of a file that is there and cannot be read


def digest_bytes(data: bytes) -> str:
    from hashlib import sha256  # a tenth of the time of an unchanged build, which needs none

    return sha256(data).hexdigest()


class Files:
    """The files below the folders `tops`. The digest of one that was read in an earlier run is known without reading it, where
    the system says that it is still the same file.

    `index` has, by path, what a digest was taken of, and the digest; `now` is the time of this run (Unix, nanoseconds), or 0
    where no index is kept; `edits` stand for files as they would be, written or not.
    """

    def __init__(
        self,
        tops: Iterable[Path] = (),
        edits: Mapping[Path, bytes] | None = None,
        index: dict[str, tuple[Stat, str]] | None = None,
        now: int = 0,
    ) -> None:
        self.tops = frozenset(map(str, tops))
        self.index: dict[str, tuple[Stat, str]] = {} if index is None else index
        self.now = now
        self.edits: Mapping[Path, bytes] = edits or {}
        self.answers: dict[str, str] = {}  # by question
        self.is_changed = False  # whether the index knows more than it was given
        self.released: Mapping[Path, Mapping[str, str]] = {}  # by deck folder: media that keep their names, with their digests
        self._digests: dict[str, str] = {}
        self._listed: dict[Path, dict[str, str]] = {}
        self._below: dict[Path, tuple[str, ...]] = {}
        self._media: dict[tuple[Path, ...], frozenset[str]] = {}
        self._places: dict[str, tuple[str, str] | None] = {}

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
        found = self._digest(str(path))
        return ABSENT if found.startswith(UNREADABLE) else found

    def _digest(self, name: str) -> str:
        """The digest of a file, ABSENT, or why it cannot be read."""
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
            if known and known[0] == _to_stat(os.lstat(name)) and self._find_place(os.path.dirname(name)):  # noqa: PTH120
                return known[1]
            return digest_bytes(self.read(Path(name)))
        except FileNotFoundError:
            return ABSENT
        except OSError as error:
            return f"{UNREADABLE} {type(error).__name__} {error.errno}"

    def read(self, path: Path) -> bytes:
        """What a file holds, and from now on its digest.

        Raises OSError: NotAFile, Outside, or TooLarge where it is too large for what it is.
        """
        if path in self.edits:
            data = self.edits[path]
            digest = digest_bytes(data)
        else:
            folder, inside = self._place(str(path.parent))
            largest = LARGEST if path.suffix in SOURCES else LARGEST_FILE
            data, status = _read(os.path.join(folder, path.name), inside, largest)  # noqa: PTH118 (there may be thousands)
            at = _to_stat(status)
            known = self.index.get(str(path))
            digest = known[1] if known and known[0] == at else digest_bytes(data)
            if max(at[:2]) < self.now - RACY:
                self.is_changed |= known != (at, digest)
                self.index[str(path)] = at, digest
            else:
                self.index.pop(str(path), None)
        self._digests[str(path)] = self.answers[f"file {path}"] = digest
        return data

    def keeps_name(self, path: Path) -> bool:
        """Whether learners have a file under its own name, from elsewhere, with this content."""
        names = next((self.released[up] for up in path.parents if up in self.released), None)
        known = names.get(normalize("NFC", path.name)) if names else None
        return bool(known) and self.digest(path)[: len(known or "")] == known

    def size(self, path: Path) -> int:
        """The size of a file in bytes; 0 where there is none."""
        if path in self.edits:
            return len(self.edits[path])
        return path.stat().st_size if path.is_file() else 0

    def leads_out(self, path: Path) -> bool:
        """Whether a path leads out of the folder that nothing beside it may lead out of."""
        place = self._find_place(str(path.parent))
        return not place or not _is_within(os.path.realpath(path), place[1])

    def _place(self, folder: str) -> tuple[str, str]:
        """Where a folder really is, and the folder that nothing in it may lead out of. Raises Outside."""
        place = self._find_place(folder)
        if not place:
            raise Outside
        return place

    def _find_place(self, folder: str) -> tuple[str, str] | None:
        folder = folder or "."
        if folder not in self._places:
            self._places[folder] = self._judge(folder)
        return self._places[folder]

    def _judge(self, folder: str) -> tuple[str, str] | None:
        real = os.path.realpath(folder)
        if folder in self.tops:
            return real, real
        above = os.path.dirname(folder) or "."  # noqa: PTH120 (as all paths here: there may be thousands)
        place = self._find_place(above) if above != folder else None
        if not place or not _is_within(real, place[1]):
            return None
        return real, real if os.path.lexists(os.path.join(folder, DECK_FILE)) else place[1]  # noqa: PTH118

    def find(self, folder: Path, name: str) -> Path | None:
        """The file that `name` leads to from a folder, be it readable or not, however its accents are composed; one that differs
        in case is not it.
        """
        path = folder
        for part in Path(name).parts:
            there = part if part == ".." else self.names(path).get(normalize("NFC", part), "")
            if not there:
                break
            path /= there
        else:
            if path != folder and self._digest(str(path)):
                return path
        self.digest(folder / name)  # should it come
        return None

    def list_below(self, folder: Path) -> tuple[str, ...]:
        """The paths from there of all that lies below a folder and is no folder, in order; those that systems and editors hide
        do not count.
        """
        if folder not in self._below:
            found = [*self._walk(folder, "", set())]
            found += [path.relative_to(folder).as_posix() for path in self.edits if path.is_relative_to(folder)]
            self._below[folder] = tuple(sorted({*found}))
        if (question := f"below {folder}") not in self.answers:
            names = "\n".join(self._below[folder]).encode(errors="surrogateescape")
            self.answers[question] = f"{len(names)} {crc32(names):08x}"  # no file's content: hashlib would have to be imported
        return self._below[folder]

    def _walk(self, folder: Path, prefix: str, seen: set[str]) -> Iterator[str]:
        """What `list_below` gives; a folder that is a link counts as one only where it leads to another folder inside."""
        place = self._find_place(str(folder))
        if not place or place[0] in seen:
            return
        seen.add(place[0])
        try:
            entries = [*os.scandir(folder)]
        except OSError:
            return
        for entry in entries:
            inner = folder / entry.name if entry.is_dir(follow_symlinks=False) or entry.is_symlink() else None
            if inner and not self.leads_out(inner) and inner.is_dir():
                yield from self._walk(inner, f"{prefix}{entry.name}/", seen)
            elif entry.name[0] != ".":
                yield f"{prefix}{entry.name}"

    def digest_below(self, folder: Path) -> str:
        """A short digest of all files below a folder, names and contents; the same however accents are composed and lines end."""
        found = []
        for name in self.list_below(folder):
            digest = self.digest(folder / name)
            if digest and name.endswith((*SOURCES, *TEXTS)):
                digest = self.read(folder / name).decode(errors="surrogateescape").replace("\r\n", "\n")
            found.append(f"{name} {digest}")
        return digest_bytes(normalize("NFC", "\n".join(found)).encode(errors="surrogateescape"))[:12]

    def media_below(self, suffixes: tuple[str, ...], *folders: Path) -> frozenset[str]:
        """The paths from there of all files below some folders whose names end as those of pictures, sounds or videos do, those
        of kinds left out; what is in a folder for media is in it alone.
        """
        found = [self.list_below(folder) for folder in folders]  # asked each time, so that each record has the question
        if folders not in self._media:
            media = (name for names in found for name in names if name.lower().endswith(suffixes))
            self._media[folders] = frozenset(name for name in media if not name.startswith(NOT_OFFERED))
        return self._media[folders]

    def names(self, folder: Path) -> dict[str, str]:
        """The names in a folder by their NFC form: macOS and its archives write accents as characters of their own."""
        if folder not in self._listed:
            try:
                self._place(str(folder))
                names = os.listdir(folder)  # noqa: PTH208 (pathlib makes a path of each)
            except OSError:
                names = []
            names += [path.relative_to(folder).parts[0] for path in self.edits if folder in path.parents]
            self._listed[folder] = {normalize("NFC", name): name for name in names}
        return self._listed[folder]


NOT_OFFERED = (f"{MEDIA_FOLDER}/", f"{OWN_KINDS}/")


def is_media(name: str) -> bool:
    return not name.endswith(NO_MEDIA)


class NotAFile(OSError):
    """A folder, a pipe, a device, or a link that leads nowhere."""

    def __init__(self) -> None:
        super().__init__("it is not a file")


class Outside(OSError):
    """A file that would be read or written elsewhere than in the folder where it seems to be."""

    def __init__(self) -> None:
        super().__init__("a link leads out of its folder")


class TooLarge(OSError):
    """A file that is larger than any that people write; `size` in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"it is larger than {size / 1e6:,.0f} MB")
        self.size = size


def is_private(status: os.stat_result) -> bool:
    """Whether something belongs to this user, and nobody else may write to it; on Windows, that is up to the folder above."""
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path leads, by whatever links, to something in a folder."""
    return _is_within(os.path.realpath(path), os.path.realpath(folder))


def _is_within(real: str, folder: str) -> bool:
    return real == folder or real.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def open_file(path: Path, inside: Path | None = None) -> IO[bytes]:
    """Opens a regular file for reading: one that the user named, or one `inside` a folder. Raises OSError."""
    return os.fdopen(_open(os.path.realpath(path), os.path.realpath(inside) if inside else ""), "rb")


def read_file(path: Path, inside: Path | None = None, largest: int = LARGEST_FILE) -> bytes:
    """The content of a regular file, as `open_file` opens it. Raises OSError, and TooLarge for more than `largest` bytes."""
    return _read(os.path.realpath(path), os.path.realpath(inside) if inside else "", largest)[0]


def read_private(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """The content of a file that only this user can have written. Raises OSError."""
    if path.is_symlink():
        raise NotAFile
    data, status = _read(str(path), "", largest)
    if not is_private(status):
        raise PermissionError("others may write to it")
    return data


def _read(path: str, inside: str, largest: int) -> tuple[bytes, os.stat_result]:
    """The content of a file, and what the system knew of it before it was read."""
    descriptor = _open(path, inside)
    try:
        status = os.fstat(descriptor)
        if status.st_size > largest:
            raise TooLarge(status.st_size)
        data = os.read(descriptor, status.st_size + 1)
        while part := os.read(descriptor, CHUNK):  # it grew, or is no file of a disk
            data += part
            if len(data) > largest:
                raise TooLarge(len(data))
        # git changes these on Windows, and learners would have every picture of theirs twice
        return data.replace(b"\r\n", b"\n") if path.lower().endswith(TEXTS) else data, status
    finally:
        os.close(descriptor)


def _open(path: str, inside: str) -> int:
    """A descriptor of the regular file at a path in a folder without links, for reading; `inside` is such a folder, or empty."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        path = os.path.realpath(path)
        mode = os.lstat(path).st_mode if os.path.lexists(path) else 0
    if inside and not _is_within(path, inside):
        raise Outside
    if not stat.S_ISREG(mode):  # a device may act on being opened
        raise NotAFile
    descriptor = os.open(path, READ_FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotAFile
        if inside and not _is_within(_find_path(descriptor, path), inside):
            raise Outside
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _find_path(descriptor: int, path: str) -> str:
    """Where what was opened is; as far as the system knows, whatever its name stands for by now."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 (for each file)
    except OSError:
        return os.path.realpath(path)


def _to_stat(status: os.stat_result) -> Stat:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def find_tops(paths: Iterable[Path], edits: Iterable[Path] = ()) -> list[Path]:
    """The folders that `paths` stand for: a path inside a deck stands for the whole deck. `edits` may make decks."""
    tops = [_find_top(path) for path in paths]
    return [*(top if top.is_dir() else top.parent for top in tops), *(path.parent for path in edits if path.name == DECK_FILE)]


def _find_top(path: Path) -> Path:
    return next((up for up in (path, *path.parents) if os.path.lexists(up / DECK_FILE)), path)


def find_sources(paths: Iterable[Path], files: Files, problems: list[Problem]) -> Iterator[Path]:
    """The YAML files in `paths`, each once, sorted within a path; a path inside a deck stands for the whole deck.

    Those that edits add come last. A deck's own kinds are read by themselves, and are not among them.
    """

    def report(error: OSError) -> None:
        message = f"this folder cannot be read: {(error.strerror or str(error)).lower()}"
        problems.append(
            Problem(Spot(str(error.filename), 1, 1), "unreadable-file", message, "check that you have permission to read it")
        )

    seen = set()
    for path in paths:
        top = _find_top(path)
        decks_above: list[str] = []
        alone: Iterable[tuple[str, list[str], list[str]]] = [(str(top.parent), [], [top.name])]
        for folder, folders, names in os.walk(top, onerror=report) if top.is_dir() else alone:
            # what seems to be a source and is a folder has to be reported
            names += (
                name for name in folders if name == DECK_FILE or (name.endswith(SOURCES) and Path(folder, name).is_symlink())
            )
            folders[:] = sorted({*folders}.difference(names))
            folders[:] = [name for name in folders if not name.startswith(".")]
            problems += (_report_link(Path(folder, name)) for name in folders if files.leads_out(Path(folder, name)))
            skipped = APART if DECK_FILE in names else (MEDIA_FOLDER,)
            decks_above += [folder] if DECK_FILE in names else []
            problems += _find_unread(folder, names, any(_is_within(folder, deck) for deck in decks_above))
            problems += (one for name in folders if name in skipped for one in _find_unread_apart(Path(folder, name), files))
            folders[:] = [name for name in folders if name not in skipped]
            real_folder = os.path.realpath(folder)
            for name in sorted(names):
                if name.endswith(SOURCES) and not name.startswith("."):
                    real = os.path.join(real_folder, name)  # noqa: PTH118 (there may be hundreds)
                    # a link that leads out is not read, but reported
                    if os.path.islink(real) and not files.leads_out(Path(folder, name)):  # noqa: PTH114
                        real = os.path.realpath(real)
                    if real not in seen:
                        seen.add(real)
                        yield Path(folder, name)
    added = {*files.edits}
    for file in sorted(added):
        decks = [up.parent / DECK_FILE for up in file.parents if up.name in APART]
        apart = any(deck in added or deck.exists() for deck in decks)
        if file.suffix in SOURCES and not apart and (real := os.path.realpath(file)) not in seen:
            seen.add(real)
            yield file


def _find_unread(folder: str, names: Iterable[str], in_deck: bool) -> Iterator[Problem]:
    """The files in a folder that were meant to be sources, and are not read because of their names."""
    for name in sorted(names):
        found = None if name.endswith(SOURCES) or name[0] in ".~" else LIKE_A_SOURCE.fullmatch(name)
        if found and (in_deck or f"{found[1]}.yaml" == DECK_FILE):
            message = f"'{name}' is not read: the name of a source ends in '.yaml' or '.yml'"
            yield _report_unread(Path(folder, name), message, f"rename it to '{found[1]}.yaml', or delete it")


def _find_unread_apart(folder: Path, files: Files) -> Iterator[Problem]:
    """The sources in a folder where no cards are read (of a `media` that is in no deck, only whole decks), and links that lead
    out of it.
    """
    in_deck = os.path.lexists(folder.parent / DECK_FILE)
    for name in files.record().list_below(folder):
        path = folder / name
        if path.is_symlink() and path.is_dir() and files.leads_out(path):
            yield _report_link(path)
        is_kind = folder.name == OWN_KINDS and path.name == "kind.yaml" and path.parent.parent == folder
        if name.endswith(SOURCES) and not is_kind and (in_deck or path.name == DECK_FILE):
            message = f"'{path.name}' is not read: in '{folder.name}' there are no cards, references and courses"
            yield _report_unread(path, message, f"move it out of '{folder.name}', or delete it")


def _report_unread(path: Path, message: str, help: str) -> Problem:
    return Problem(Spot(str(path), 1, 1), "unread-file", message, help, "warning")


def _report_link(folder: Path) -> Problem:
    message = f"'{folder.name}' is a link that leads out of the folder of this deck or project: what is in it is not read"
    help = "put the folder itself here; or, if it is a deck, name it on the command line too"
    return Problem(Spot(str(folder), 1, 1), "link-outside", message, help, "warning")


def find_target(path: Path, inside: Path | None) -> Path:
    """Where `write_file` writes. Raises NotAFile and Outside."""
    if inside:
        path = Path(os.path.realpath(path))
        if not is_inside(path, inside):
            raise Outside
    if os.path.lexists(path) and not path.is_file() and not (path.is_symlink() and not path.exists()):
        raise NotAFile
    return path


def write_file(path: Path, data: bytes, inside: Path | None = None, mode: int = 0o666) -> None:
    """Writes a file whole or not at all, over the old one. Raises OSError, and never writes to a pipe or a device.

    A link of this name is replaced; where the file has to be `inside` a folder, one that leads to another file there is
    followed, and one that leads out of it raises Outside. A process that is killed between the naming of the temporary file and
    its renaming leaves that file behind.
    """
    path = find_target(path, inside)
    path.parent.mkdir(parents=True, exist_ok=True)
    # nobody can know it, so nobody can have put a link in its place
    temporary = path.with_name(f".flashdeck-{os.urandom(8).hex()}")
    try:
        if hasattr(os, "O_TMPFILE"):  # Linux: the file has no name until it is whole
            try:
                _write_nameless(temporary, data, mode)
            except OSError:  # not every file system can
                _write_new(temporary, data, mode)
        else:
            _write_new(temporary, data, mode)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _write_new(temporary: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(temporary, NEW_FLAGS, mode), "wb") as file:
        file.write(data)


def _write_nameless(temporary: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(temporary.parent, os.O_TMPFILE | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        # with a descriptor, Python has the link followed; the path is absolute, so it does not matter which one
        os.link(f"/proc/self/fd/{descriptor}", temporary, src_dir_fd=descriptor, follow_symlinks=True)


def hold(folder: Path) -> bool:
    """Whether this process is from now on, until it ends, the only one that holds a folder. Windows cannot tell."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
