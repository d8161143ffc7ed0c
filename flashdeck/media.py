"""Finds the pictures and sounds that cards show, and gives them flat names that change with their content.

Anki keeps all media in one folder, and never replaces a file there: a corrected picture must come under another name.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

from flashdeck.markdown import find_media, to_html
from flashdeck.model import Card, Library
from flashdeck.problem import Problem, nearest
from flashdeck.shapes import short
from flashdeck.source import Route, unseen

Place = tuple[Path, str]  # the folder of the YAML file, and the name as it stands in the HTML


@dataclass(frozen=True)
class Media:
    """A file for the learner's media folder, and its name there."""

    name: str
    data: bytes = field(repr=False)


def read_media(library: Library, problems: list[Problem]) -> dict[Place, Media]:
    """The media of all cards, by where they were named; those that cannot be had are added to `problems`."""
    found: dict[Place, Media] = {}
    files: dict[Path, Media] = {}
    for card in library.cards:
        folder = folder_of(card)
        for key in card.values:
            for language in card.deck.languages:
                for route, text in card.said(key, language):
                    if "[" not in text and "<" not in text:
                        continue  # neither ![...](...) nor [sound:...] nor <img>
                    html = to_html(text)
                    if broken := re.search(r"!\[[^\]]*\]\(", html):
                        help = "if the name of the file has blanks, write it as ![words](<name of file.png>)"
                        message = "this does not become a picture"
                        problems.append(card.problem("missing-media", message, *route, word=broken[0], help=help))
                    for name in find_media(html):
                        if (folder, name) in found:
                            continue
                        try:
                            if path := _find(card, folder, name, route, problems):
                                found[folder, name] = files.setdefault(path, _read(path))
                        except OSError as error:
                            message = f"'{short(unquote(name))}' cannot be read: {(error.strerror or str(error)).lower()}"
                            help = "check that you may open it"
                            problems.append(card.problem("unreadable-file", message, *route, word=unquote(name), help=help))
    return found


def folder_of(card: Card) -> Path:
    return Path(card.node.source.path).parent


def _find(card: Card, folder: Path, name: str, route: Route, problems: list[Problem]) -> Path | None:
    """The one file that `name` means: in the deck's `media` folder, or beside the YAML file."""
    typed, name = name, unquote(name)

    def tell(code: str, message: str, help: str) -> None:
        problems.append(card.problem(code, message, *route, word=name, help=help))

    if re.match(r"[a-z][a-z0-9+.-]*:|//", name, re.I):
        tell("remote-media", f"'{name}' is not a file of the deck", "put the file into the deck's 'media' folder")
        return None
    if unseen(name):  # no file system takes it, and Python would stop at a NUL
        tell("missing-media", f"there is no file '{typed}'", "write the name of a file in the deck's 'media' folder")
        return None
    places = [place for place in (card.deck.folder / "media" / name, folder / name) if place.is_file()]
    found = {place.resolve(): place for place in places}
    deck = card.deck.folder.resolve()
    if "\\" in name or _climbs(folder, name, deck) or not all(path.is_relative_to(deck) for path in found):
        tell("media-outside", f"'{name}' leads out of the deck's folder", "copy the file into the deck's 'media' folder")
    elif not found:
        tops = (card.deck.folder / "media", folder)
        there = [path.relative_to(top).as_posix() for top in tops for path in _files(top)]
        tell("missing-media", f"there is no file '{name}'", nearest(name, there, "put it into the deck's 'media' folder"))
    elif len({path.read_bytes() for path in found}) > 1:
        both = " and ".join(f"'{place}'" for place in found.values())
        tell("two-media", f"'{name}' could be {both}", "rename one of the two")
    elif not _is_spelt_so(next(iter(found.values())), name):
        tell("missing-media", f"there is no file '{name}', only one in other capitals", "write its name as it is")
    else:
        return next(iter(found))
    return None


def _climbs(folder: Path, name: str, deck: Path) -> bool:
    return not any((top / name).resolve().is_relative_to(deck) for top in (folder, deck / "media"))


def _is_spelt_so(place: Path, name: str) -> bool:
    """Whether a file has this name to the letter; some file systems take any letter case."""
    return all(part.name in {file.name for file in part.parent.iterdir()} for part in (place, *place.parents[: name.count("/")]))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.rglob("*")) if path.suffix not in (".yaml", ".yml", ".md", ".lock") and path.is_file()]


def _read(path: Path) -> Media:
    data = path.read_bytes()
    stem = re.sub(r"[^\w.-]+", "-", normalize("NFC", path.stem)).strip("-_.") or "file"
    return Media(f"{stem[:80]}-{sha256(data).hexdigest()[:12]}{path.suffix.lower()}", data)
