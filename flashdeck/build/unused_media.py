"""The media that no card shows. Whether there are any is the one thing that depends on files that are never read, so it is looked
up at every run, even where all else is as it was.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from unicodedata import normalize

from flashdeck.diagnostics.problem import Problem, Spot
from flashdeck.sources.files import Files, is_media


def find_unused_media(folders: Mapping[str, Iterable[str]], files: Files) -> Iterator[Problem]:
    """The files in media folders that no card shows or plays; with each folder come the names that cards use."""
    for folder, named in folders.items():
        known = {normalize("NFC", name) for name in named}
        for name in files.list_below(Path(folder)):
            path = Path(folder, name)
            if is_media(name) and not path.name.startswith(".") and normalize("NFC", name) not in known:
                message = f"no card shows or plays '{path.name}', so it is in no package"
                yield Problem(Spot(str(path), 1, 1), "unused-media", message, "name it on a card, or delete it", "warning")
