"""Finds the pictures and sounds that cards show, and gives them flat names that change with their content.

Anki keeps all media in one folder, and never replaces a file there: a corrected picture must come under another name.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

from flashdeck.anki.html import find_media, find_unnamed_pictures, to_html, to_media_html
from flashdeck.diagnostics.problem import Problem, Spot, nearest
from flashdeck.model.cards import Card, Deck, Library
from flashdeck.model.kinds import Kind
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Route, Value, unseen

LARGEST_MEDIA = 5_000_000  # bytes
Place = tuple[Path, str]  # the folder of the YAML file (or the name of a kind), and the name as it stands in the HTML


@dataclass(frozen=True)
class Media:
    """A file for the learner's media folder, and its name there."""

    name: str
    data: bytes = field(repr=False)
    path: Path = field(compare=False)


@dataclass(frozen=True)
class _Folders:
    """What is in folders: each is looked into once, however many files are looked for in it."""

    names: dict[Path, set[str]] = field(default_factory=dict)
    files: dict[tuple[Path, ...], frozenset[str]] = field(default_factory=dict)

    def hold(self, path: Path) -> bool:
        """Whether a file or folder has this name to the letter; some file systems take any letter case."""
        if path.parent not in self.names:
            self.names[path.parent] = {file.name for file in path.parent.iterdir()}
        return path.name in self.names[path.parent]

    def list(self, *tops: Path) -> frozenset[str]:
        """The paths of all files below some folders, from there."""
        if tops not in self.files:
            self.files[tops] = frozenset(path.relative_to(top).as_posix() for top in tops for path in _files(top))
        return self.files[tops]


def read_media(library: Library, problems: list[Problem]) -> dict[Place, Media]:
    """The media of all cards and kinds, by where they were named; those that cannot be had are added to `problems`."""
    found: dict[Place, Media] = {}
    folders = _Folders()
    files: dict[Path, Media] = {}
    bare: dict[int, bool] = {}
    for card in library.versions:
        source = card.node.source
        if id(source) not in bare:
            bare[id(source)] = not any(sign in source.text for sign in ("![", "[sound:", "<"))
        if bare[id(source)] and not card.overrides and not card.kind.has_media:
            continue  # in the whole file there is no name of one
        for key, value in card.values.items():
            field = card.kind.fields.get(key)
            is_media = field is not None and field.type == "media"
            if not is_media and not _may_name_files(value):
                continue
            folder = card.home(key)[1]
            for route, text in _texts(card, key):
                if "[" not in text and "<" not in text and not is_media:
                    continue
                html = to_media_html(text, "") if is_media else to_html(text)
                if broken := re.search(r"!\[[^\]]*\]\(", html):
                    help = "if the name of the file has blanks, write it as ![words](<name of file.png>)"
                    message = "this does not become a picture"
                    problems.append(card.problem("missing-media", message, *route, word=broken[0], help=help))
                for name in find_media(html):
                    if (folder, name) in found:
                        continue
                    try:
                        if path := _find(card, folder, name, route, folders, problems):
                            found[folder, name] = files.setdefault(path, read_file(path))
                            _check_size(card, found[folder, name], name, route, problems)
                    except OSError as error:
                        message = f"'{short(unquote(name))}' cannot be read: {(error.strerror or str(error)).lower()}"
                        help = "check that you may open it"
                        problems.append(card.problem("unreadable-file", message, *route, word=unquote(name), help=help))
                for name in find_unnamed_pictures(html):
                    if (folder, name) not in found or (is_media and card.values.get("alt")):
                        continue
                    message = f"the picture '{short(unquote(name))}' says nothing to who cannot see it"
                    help = f"write what it shows, as in '![a red square]({name})'"
                    if "alt" in card.kind.fields:
                        help = "write what it shows in 'alt'"
                    problem = card.problem("missing-alt", message, *route, word=unquote(name), help=help, level="warning")
                    problems.append(problem)
    return found


def read_static(kinds: Iterable[Kind], decks: Mapping[str, Deck]) -> dict[Place, Media]:
    """The media that the templates and styles of kinds name."""
    found = {}
    for kind in kinds:
        for name in find_static(kind):
            folder = decks[kind.name.partition("/")[0]].folder
            places = (folder / "kinds" / kind.word / name, folder / "media" / name)
            if path := next((place for place in places if place.is_file()), None):
                found[Path(kind.name), name] = read_file(path)
    return found


def _may_name_files(value: Value) -> bool:
    """Whether ![...](...), [sound:...] or <img> can be anywhere in a value."""
    if type(value) is str:
        return "[" in value or "<" in value
    return any(_may_name_files(one) for one in (value.values() if type(value) is dict else value))


def find_static(kind: Kind) -> list[str]:
    """The files that the templates and the style of a deck's own kind name: in Anki, they begin with `_`."""
    if "/" not in kind.name:
        return []
    html = "".join(template.front + template.back for template in kind.templates)
    return sorted(set(re.findall(r"(?<![\w.-])_[\w.-]*\.\w+", html + kind.css)))


def _check_size(card: Card, media: Media, name: str, route: Route, problems: list[Problem]) -> None:
    if len(media.data) > LARGEST_MEDIA:
        message = f"'{short(unquote(name))}' has {len(media.data) / 1e6:.0f} MB: phones are slow to fetch it"
        help = f"make it smaller than {LARGEST_MEDIA / 1e6:.0f} MB"
        problems.append(card.problem("large-media", message, *route, word=unquote(name), help=help, level="warning"))


def tell_unused(decks: Iterable[Deck], named: Container[str]) -> Iterator[Problem]:
    """Files in the decks' `media` folders that no card shows or plays."""
    for deck in decks:
        for path in _files(deck.folder / "media"):
            if path.relative_to(deck.folder / "media").as_posix() not in named and not path.name.startswith("."):
                message = f"no card shows or plays '{path.name}', so it is in no package"
                yield Problem(Spot(str(path), 1, 1), "unused-media", message, "name it on a card, or delete it", "warning")


def _texts(card: Card, key: str) -> list[tuple[Route, str]]:
    return list(dict.fromkeys(said for language in card.deck.languages for said in card.said(key, language)))


def _find(card: Card, folder: Path, name: str, route: Route, folders: _Folders, problems: list[Problem]) -> Path | None:
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
    home = card.home(str(route[0]))[0].folder
    places = [place for place in (home / "media" / name, folder / name) if place.is_file()]
    found = {place.resolve(): place for place in places}
    deck = home.resolve()
    if "\\" in name or _climbs(folder, name, deck) or not all(path.is_relative_to(deck) for path in found):
        tell("media-outside", f"'{name}' leads out of the deck's folder", "copy the file into the deck's 'media' folder")
    elif not found:
        there = folders.list(home / "media", folder)
        tell("missing-media", f"there is no file '{name}'", nearest(name, there, "put it into the deck's 'media' folder"))
    elif len({path.read_bytes() for path in found}) > 1:
        both = " and ".join(f"'{place}'" for place in found.values())
        tell("two-media", f"'{name}' could be {both}", "rename one of the two")
    elif not all(folders.hold(part) for place in places[:1] for part in (place, *place.parents[: name.count("/")])):
        tell("missing-media", f"there is no file '{name}', only one in other capitals", "write its name as it is")
    else:
        return next(iter(found))
    return None


def _climbs(folder: Path, name: str, deck: Path) -> bool:
    return not any((top / name).resolve().is_relative_to(deck) for top in (folder, deck / "media"))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.rglob("*")) if path.suffix not in (".yaml", ".yml", ".md", ".lock") and path.is_file()]


def read_file(path: Path) -> Media:
    """A file under a name that changes with its content. Raises OSError."""
    data = path.read_bytes()
    mark = sha256(data).hexdigest()[:12]
    stem = re.sub(r"[^\w.-]+", "-", normalize("NFC", path.stem)).strip("-.") or "file"
    if not stem.endswith(f"-{mark}"):  # else it was imported from a package of flashdeck
        static = "_" * path.stem.startswith("_")  # Anki keeps these for templates
        stem = f"{static}{stem.strip('-_.')[:80] or 'file'}-{mark}"
    return Media(stem + path.suffix.lower(), data, path)
