"""When files change: the system tells, so that waiting costs next to nothing, whatever number of files there is.

Each folder is watched by itself: what watches recursively follows links, and one that came with a stranger's changes could lead
to the whole disk.
"""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from flashdeck.sources.files import find_tops

PAUSE = 100  # milliseconds from a look at the folders themselves to the next
QUIET = 30  # milliseconds without a change, after which a save is complete
NOT_WATCHED = "dist"  # packages, in whatever folder


def watch(paths: Sequence[Path], stop: Event | None = None) -> Iterator[None]:
    """Yields at once, and whenever something below `paths` changed (of a path in a deck: in that deck), until `stop` is set.

    What changes while the caller is at work is not missed. Hidden files do not count. A folder may vanish and come back.
    """
    stop = stop or Event()
    while not stop.is_set():
        folders = _find_folders(paths)
        if folders:
            yield from _watch_folders(folders, paths, stop)
        else:
            yield
            while not stop.is_set() and not _find_folders(paths):
                time.sleep(PAUSE / 1000)


def _watch_folders(folders: dict[str, int], paths: Sequence[Path], stop: Event) -> Iterator[None]:
    """Yields once it watches, and after every change, until there are other folders than these."""
    from watchfiles import watch as watch_files  # 50 ms, which only those who watch should wait

    for polling in (None, True):  # the system may have no more watches left, and then the files have to be looked at
        try:
            changes = watch_files(
                *folders,
                watch_filter=lambda _, path: not os.path.basename(path).startswith("."),  # noqa: PTH119 (as all paths here)
                debounce=1000,
                step=QUIET,
                stop_event=stop,
                rust_timeout=PAUSE,
                yield_on_timeout=True,
                recursive=False,
                force_polling=polling,
                ignore_permission_denied=True,
            )
            next(changes, None)  # from here on, nothing is missed
            break
        except FileNotFoundError:
            return
        except OSError:
            if polling:
                raise
    if _find_folders(paths) != folders:
        return
    yield
    tops = {str(top): folders[str(top)] for top in find_tops(paths) if str(top) in folders}
    for changed in changes:
        if changed or any(_to_inode(top) != inode for top, inode in tops.items()):
            if _find_folders(paths) != folders:
                return
            yield


def _find_folders(paths: Sequence[Path]) -> dict[str, int]:
    """All folders below some paths that are not hidden, with their inodes: one that was replaced is another."""
    found: dict[str, int] = {}
    for top in find_tops(path for path in paths if path.exists()):
        for folder, names, _ in os.walk(top):
            names[:] = [name for name in names if not name.startswith(".") and name != NOT_WATCHED]
            found[folder] = _to_inode(folder)
    return found


def _to_inode(folder: str) -> int:
    try:
        return os.stat(folder).st_ino  # noqa: PTH116 (ten times a second)
    except OSError:
        return 0
