"""What a command said the last time, and of which files: where nothing changed since, it need not be worked out again.

The memory is files in the user's cache folder (or in FLASHDECK_CACHE), with the units of `linking.py` beside them. They hold no
code, are written whole or not at all, and deleting them changes nothing but time. A file counts as unchanged by what the system
says of it (its times, size and number); one that was written within two seconds of being remembered could change again unseen, so
it is read and compared.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from zlib import adler32, crc32

from flashdeck.sources.files import write_file

FORM = 1  # of the memory; another is forgotten
RACY = 2_000_000_000  # nanoseconds
A_DAY = 86_400 * 10**9
LONG_AGO = 30 * A_DAY  # what is older is forgotten
Seen = dict[str, list[int | str]]  # by path: times, size, number, and where it is young its digest


def recall(words: Sequence[str], paths: Iterable[Path]) -> list[str] | None:
    """What was said for these words, if every file it came of and every file it wrote is as it was then; else nothing."""
    try:
        known = json.loads(_place(words).read_bytes())
        if known["form"] != FORM or known["words"] != list(words):
            return None
        names = list_files(paths)
        if known["inputs"].keys() != set(names):
            return None
        files = known["inputs"] | known["outputs"]
        if not all(_is_same(name, seen) for name, seen in files.items()):
            return None
        old = time.time_ns() - RACY
        if young := [seen for seen in files.values() if len(seen) > 4 and max(seen[:2]) < old]:
            for seen in young:  # by now they would show a change
                del seen[4:]
            write_file(_place(words), json.dumps(known).encode())
        return [str(text) for text in known["said"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # there is none, or none that anybody wrote on purpose
    return None


def remember(words: Sequence[str], paths: Iterable[Path], outputs: Iterable[Path], said: Sequence[str]) -> None:
    """Keeps what was said. A cache that cannot be written is no problem."""
    now = time.time_ns()
    try:
        inputs = {name: _look(name, now) for name in list_files(paths)}
        written = {str(path): _look(str(path), now) for path in outputs}
        known = {"form": FORM, "words": list(words), "inputs": inputs, "outputs": written, "said": list(said)}
        write_file(_place(words), json.dumps(known).encode())
        _forget(now)
    except OSError:
        pass


def _forget(now: int) -> None:
    """Deletes what is old; once a day, since there may be thousands of files to look at."""
    last = cache_folder() / "forgotten"
    if last.exists() and now - A_DAY < last.stat().st_mtime_ns <= now:
        return
    for old in cache_folder().iterdir():
        if (old.suffix in (".json", ".unit") or old.name.startswith(".")) and old.stat().st_mtime_ns < now - LONG_AGO:
            old.unlink(missing_ok=True)
    last.write_bytes(b"")


def look_up(words: Sequence[str]) -> bytes:
    """What was kept under these words, or nothing."""
    try:
        return _place(words, ".unit").read_bytes()
    except OSError:
        return b""


def keep(words: Sequence[str], data: bytes) -> None:
    """Keeps something under these words. A cache that cannot be written is no problem."""
    with suppress(OSError):
        write_file(_place(words, ".unit"), data)


def _place(words: Sequence[str], suffix: str = ".json") -> Path:
    text = os.fsencode("\0".join(words))  # the words stand in the file too, so two of one name only forget each other
    return cache_folder() / f"{crc32(text):08x}{adler32(text):08x}{suffix}"


def cache_folder() -> Path:
    """Where the system wants what can be made again. Raises OSError for a user without a home."""
    if chosen := os.environ.get("FLASHDECK_CACHE"):
        return Path(chosen)
    try:
        home = Path.home()
    except RuntimeError as error:  # containers have such users
        raise OSError(str(error)) from None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"), "flashdeck", "Cache")
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "flashdeck"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache", "flashdeck")


def mark(name: str) -> str:
    """What changes when a file does: its content where that is what an author writes, else what the system says of it."""
    if name.endswith((".yaml", ".yml", ".html", ".css")):
        return f"{name} {_digest(name)}"
    return f"{name} {_stat(name)}"


def list_files(paths: Iterable[Path]) -> list[str]:
    """All files below the folders, and those of flashdeck itself: another version may say something else."""
    names = []
    for top in [*paths, Path(__file__).parent.parent]:
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders if name[0] not in "." and name != "__pycache__"]
            names += [f"{folder}{os.sep}{name}" for name in files]
    return names


def _stat(name: str) -> list[int]:
    """What the system says of a file: its times, size and number."""
    status = os.stat(name)  # noqa: PTH116 (there may be thousands, and this is the path that has to be fast)
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _look(name: str, now: int) -> list[int | str]:
    modified, changed, size, number = _stat(name)
    about: list[int | str] = [modified, changed, size, number]
    if max(modified, changed) > now - RACY:
        about.append(_digest(name))
    return about


def _is_same(name: str, seen: list[int | str]) -> bool:
    if _stat(name) != seen[:4]:
        return False
    return len(seen) == 4 or _digest(name) == seen[4]


def _digest(name: str) -> str:
    from hashlib import sha256  # it takes a tenth of the time of an unchanged build to import

    return sha256(Path(name).read_bytes()).hexdigest()
