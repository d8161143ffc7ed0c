"""The only door to git."""

import subprocess
import tarfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from flashdeck.diagnostics.errors import FlashdeckError


def extract(revision: str, paths: Iterable[Path], folder: Path) -> None:
    """Writes the files at `paths` in a revision of the repository here into `folder`. Raises FlashdeckError."""
    command = ["git", "archive", "--format=tar", revision, "--", *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise FlashdeckError("git is not installed") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise FlashdeckError(f"git cannot show '{revision}': {lines[-1] if lines else 'no reason given'}") from error
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
