"""The results of earlier runs, kept as files in the user's cache folder.

Whoever may write here could put any note into a package, so a cache is used only where it and its files belong to the user and
nobody else may write to them; links, pipes and devices are no entries. A sum only finds damage: what is truncated, or no entry,
counts as missing. It holds no code, and deleting it costs nothing but time.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zlib import adler32, crc32

from flashdeck.sources.files import Files, Stat, is_private, read_private, write_file

A_DAY = 86_400 * 10**9  # nanoseconds
LONG_AGO = 30 * A_DAY  # an entry that is older is deleted
OURS = re.compile(r"[0-9a-f]{16}\.cache|\.flashdeck-[0-9a-f]{16}")  # entries, and what a killed process left of one
PACKAGE = Path(__file__).parent.parent


class Cache(NamedTuple):
    """The entries of one user and one version of flashdeck. `now` is the time of the run (Unix, nanoseconds)."""

    folder: Path | None = None
    now: int = 0

    def load(self, *words: str) -> bytes:
        """What was stored under these words; empty where there is nothing, or a damaged entry."""
        if not self.folder:
            return b""
        try:
            data = read_private(self._place(words))
        except OSError:
            return b""
        sum, head, rest = data[:8], *data[8:].partition(b"\n")[::2]
        return rest if sum == _sum(data[8:]) and head == self._head(words) else b""

    def store(self, data: bytes, *words: str) -> None:
        """Keeps something under these words. A cache that cannot be written is ignored."""
        if not self.folder:
            return
        entry = self._head(words) + b"\n" + data
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(self._place(words), _sum(entry) + entry, mode=0o600)

    def open_files(self, tops: Iterable[Path], edits: Mapping[Path, bytes]) -> Files:
        """The files below some folders, with the digests that earlier runs took of them; `edits` stand for some of them."""
        index: dict[str, tuple[Stat, str]] = {}
        with suppress(ValueError, TypeError, RecursionError):
            for path, modified, changed, size, inode, digest in json.loads(self.load("index", str(Path.cwd())) or "[]"):
                index[str(path)] = (int(modified), int(changed), int(size), int(inode)), str(digest)
        return Files(tops, edits, index, self.now)

    def keep_digests(self, files: Files) -> None:
        """Keeps what `open_files` gives to the next run, and deletes entries of long ago."""
        with suppress(OSError):
            self._delete_old()
        if self.folder and files.is_changed:
            rows = [(path, *stat, digest) for path, (stat, digest) in sorted(files.index.items())]
            self.store(json.dumps(rows).encode(), "index", str(Path.cwd()))

    def _head(self, words: Sequence[str]) -> bytes:
        # another version of flashdeck, of Python or of a library may give other results
        return json.dumps([_find_version(), sys.version, _find_installed(), *words]).encode()

    def _place(self, words: Sequence[str]) -> Path:
        # no digest: to import hashlib would take a tenth of the time of an unchanged build. The entry holds the words too, so
        # two entries of one name only displace each other
        assert self.folder
        text = os.fsencode("\0".join(words))
        return self.folder / f"{crc32(text):08x}{adler32(text):08x}.cache"

    def _delete_old(self) -> None:
        """Deletes what is old; once a day, since there may be thousands of files to look at."""
        if not self.folder or not self.folder.is_dir():
            return
        last = self.folder / "cleaned"
        if os.path.lexists(last) and self.now - A_DAY < last.lstat().st_mtime_ns <= self.now + A_DAY:
            return
        for old in self.folder.iterdir():
            if OURS.fullmatch(old.name) and old.lstat().st_mtime_ns < self.now - LONG_AGO:
                old.unlink(missing_ok=True)
        write_file(last, b"", mode=0o600)


NO_CACHE = Cache()


def _sum(data: bytes) -> bytes:
    return b"%08x" % crc32(data)


@cache
def _find_version() -> str:
    """A text that differs whenever a file of flashdeck itself does."""
    return f"{crc32(repr(sorted(_list_files(str(PACKAGE)))).encode()):08x}"


@cache
def _find_installed() -> str:
    """A text that differs whenever another version of a library is installed.

    It is made of the names of what pip knows, which have the versions: to ask for those of single libraries would take longer.
    """
    found: set[str] = set()
    for folder in sys.path:
        with suppress(OSError):
            found.update(name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info")))  # noqa: PTH208
    return f"{crc32(repr(sorted(found)).encode(errors='surrogateescape')):08x}"


def is_own_folder(folder: Path) -> bool:
    """Whether a cache may be in a folder: it belongs to the user and nobody else may write there, or it is still to be made."""
    try:
        return is_private(folder.stat())
    except OSError:
        return True


def _list_files(folder: str) -> Iterator[tuple[str, int, int]]:
    """All files below a folder, each with the time of its last change and its size."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size
            elif entry.name != "__pycache__":
                yield from _list_files(entry.path)


def find_cache_folder() -> Path | None:
    """Where the system keeps what can be made again; None for a user without a home."""
    if chosen := os.environ.get("FLASHDECK_CACHE"):
        return Path(chosen)
    try:
        home = Path.home()
    except RuntimeError:  # containers have such users
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"), "flashdeck", "Cache")
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "flashdeck"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache", "flashdeck")
