"""Writes files whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, over the old one. Raises OSError.

    A killed process leaves no temporary file, but for the wink between its getting a name and its getting the right one.
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
