"""What is in the folders of decks, at a glance: whether anything changed since the last one."""

import os
from collections.abc import Iterable
from pathlib import Path

Glance = dict[str, tuple[int, int]]  # by path: when each file was written, and its size


def look(paths: Iterable[Path]) -> Glance:
    """All files below `paths`, and of a file's path all beside it. What vanishes meanwhile is not there."""
    seen: Glance = {}
    for path in paths:
        for folder, folders, files in os.walk(path if path.is_dir() else path.parent):
            folders[:] = [name for name in folders if not name.startswith(".") and name != "dist"]
            for name in files:
                try:
                    status = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 (ten times a second for all files)
                except OSError:
                    continue
                seen[f"{folder}/{name}"] = status.st_mtime_ns, status.st_size
    return seen
