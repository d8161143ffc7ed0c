"""Finds the pictures and sounds that cards show, and gives them flat names that change with their content.

Anki keeps all media in one folder, and never replaces a file there: a corrected picture must come under another name.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from unicodedata import normalize

from flashdeck.anki.html import (
    PLAYED,
    SEEN,
    find_latex_pictures,
    find_media,
    find_pictures_without_alt,
    to_html,
    to_media_html,
    unquote_name,
)
from flashdeck.diagnostics.errors import FileChanged
from flashdeck.diagnostics.problem import Problem, nearest
from flashdeck.model.cards import Card
from flashdeck.model.kinds import Kind
from flashdeck.sources.files import DECK_FILE, MEDIA_FOLDER, OWN_KINDS, Files, digest_bytes, is_inside, read_file
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Route, Value, find_invisible

LARGEST_MEDIA = 5_000_000  # bytes
Place = tuple[Path, str]  # the folder of the YAML file (or the name of a kind), and the name as in the HTML


@dataclass(frozen=True)
class Media:
    """A file for the learner's media folder: its name there, and where it is now."""

    name: str
    path: Path = field(compare=False)


@dataclass(frozen=True)
class Shown:
    """A file that a card is the first of its file to show: where that was typed, and as what."""

    route: Route
    word: str
    media: Media


def to_media(path: Path, digest: str, keeps_name: bool = False) -> Media:
    """A file under a name that changes with its content, of which `digest` is; or under its own, where learners have it so."""
    if keeps_name:
        return Media(normalize("NFC", path.name), path)
    real = Path(os.path.realpath(path))
    stem = re.sub(r"[^\w.-]+", "-", normalize("NFC", real.stem)).strip("-.") or "file"
    if not stem.endswith(f"-{digest[:12]}"):  # else it was imported from a package of flashdeck
        static = "_" * real.stem.startswith("_")  # Anki keeps these for templates
        stem = f"{static}{stem.strip('-_.')[:80] or 'file'}-{digest[:12]}"
    suffix = re.sub(r"[^\w.]+", "", normalize("NFC", real.suffix).lower())  # Anki and HTML take the name as it is
    return Media(stem + suffix, path)


def to_static_name(name: str) -> str:
    """The name of a file that Anki brings with a package even where its note is not imported, since the learner has a later one.

    So it is for those who imported the update text first, and have the corrected note without the picture that it shows now.
    """
    return name if name.startswith("_") else f"_{name}"


def load_media(media: Media) -> bytes:
    """The content of a file. Raises FileChanged where it no longer is what its name was made from."""
    try:
        data = read_file(media.path, _find_deck_folder(media.path))
    except OSError:
        data = None
    kept = normalize("NFC", media.path.name)
    keeps_name = media.name in (kept, to_static_name(kept))
    name = "" if data is None else to_media(media.path, digest_bytes(data), keeps_name).name
    if data is None or media.name not in (name, to_static_name(name)):
        raise FileChanged(f"'{media.path}' changed while it was read; run the command again")
    return data


def _find_deck_folder(path: Path) -> Path:
    return next((up for up in path.parents if (up / DECK_FILE).exists()), path.parent)


def read_media(card: Card, files: Files, known: dict[Place, Media], problems: list[Problem]) -> Iterator[Shown]:
    """Adds the files that a card shows or plays to `known`, by where they were named, and gives those that are new there.

    What is wrong with them is added to `problems`.
    """
    if not card.node.source.has_markup and not card.overrides and not card.kind.has_media:
        return
    for key, value in card.values.items():
        is_media = key in card.kind.fields and card.kind.fields[key].type == "media"
        if not is_media and not _may_name_files(value):
            continue
        folder = card.home(key)[1]
        for route, text in card.all_texts(key):
            if "[" not in text and "<" not in text and not is_media:
                continue
            html = to_media_html(text, "") if is_media else to_html(text)
            if broken := re.search(r"!\[[^\]]*\]\(|!\[\[([^\]\n|]*)", _CODE.sub("", html)):
                help = "if the file name contains spaces, write it as ![words](<name of file.png>)"
                if broken[1] is not None:
                    help = f"write ![what it shows]({broken[1].strip().replace(' ', '%20')})"
                message = "this is not rendered as a picture"
                problems.append(card.problem("missing-media", message, *route, word=broken[0], help=help))
            if "[<wbr>sound:" in html and (unplayed := UNPLAYED.search(_CODE.sub("", html))):
                message = f"'{short(unescape(_TAG.sub('', unplayed[0])))}' is not played: no name of a sound is like that"
                help = "rename the file: letters, digits, hyphens; to write about it, put `...` around it"
                problems.append(card.problem("missing-media", message, *route, word="[sound:", help=help, level="warning"))
            for name in find_media(html):
                if name.lower().endswith(PLAYED) and f'<img src="{escape(name)}"' in html:
                    message = f"'{short(unquote_name(name))}' cannot be played: Anki would end its name too early"
                    help = "rename the file: letters, digits, hyphens"
                    problems.append(card.problem("missing-media", message, *route, word=unquote_name(name), help=help))
                    continue
                if (folder, name) in known:
                    continue
                try:
                    path = _find(card, folder, name, route, files, problems)
                except OSError as error:
                    message = f"'{short(unquote_name(name))}' cannot be read: {(error.strerror or str(error)).lower()}"
                    help = "check that it is a file and that you have permission to read it"
                    problems.append(card.problem("unreadable-file", message, *route, word=unquote_name(name), help=help))
                    continue
                if path:
                    known[folder, name] = to_media(path, files.digest(path), files.keeps_name(path))
                    yield Shown(route, unquote_name(name), known[folder, name])
            for name in find_latex_pictures(html) if "[/" in html else ():
                top = card.home(str(route[0]))[0].folder / MEDIA_FOLDER
                if (folder, name) not in known and (path := files.find(top, name)) and files.digest(path):
                    known[folder, name] = to_media(path, "", keeps_name=True)
                    yield Shown(route, name, known[folder, name])
            for name in find_pictures_without_alt(html):
                if (folder, name) in known and not (is_media and card.values.get("alt")):
                    problems.append(_missing_alt(card, name, route))


_CODE = re.compile(r"<code\b.*?</code>", re.S)
_TAG = re.compile(r"<[^>]*>")
UNPLAYED = re.compile(r"\[<wbr>sound:[^\]]*\]?")


def _may_name_files(value: Value) -> bool:
    """Whether ![...](...), [sound:...] or <img> can be anywhere in a value."""
    if type(value) is str:
        return "[" in value or "<" in value
    return any(_may_name_files(item) for item in (value.values() if isinstance(value, dict) else value))


def list_forms(media: Iterable[Place]) -> list[str]:
    """The names of files as they are typed, and with their `%20` read: one of the two is that on the disk."""
    return sorted({form for _, name in media for form in (name, unquote_name(name))})


def _missing_alt(card: Card, name: str, route: Route) -> Problem:
    message = f"the picture '{short(unquote_name(name))}' has no alternative text (for screen readers)"
    help = f"write what it shows, as in '![a red square]({name})'"
    if "alt" in card.kind.fields:
        help = "write what it shows in 'alt'"
    return card.problem("missing-alt", message, *route, word=unquote_name(name), help=help, level="warning")


def _find(card: Card, folder: Path, typed: str, route: Route, files: Files, problems: list[Problem]) -> Path | None:
    """The one file that a name means, as typed or else with its `%20` read: in the deck's `media` folder, or beside the YAML
    file.
    """
    deck = card.home(str(route[0]))[0].folder
    tops = (deck / MEDIA_FOLDER, folder)
    name = unquote_name(typed)
    if name != typed and not find_invisible(typed) and any(files.find(top, typed) for top in tops):
        name = typed  # as Anki takes it

    def report(code: str, message: str, help: str, level: str = "error") -> None:
        problems.append(card.problem(code, message, *route, word=name, help=help, level=level))

    if re.match(r"[a-z][a-z0-9+.-]*:|//", name, re.I):
        report("remote-media", f"'{name}' is not a file of the deck", "put the file into the deck's 'media' folder")
        return None
    if find_invisible(name):  # no file system takes it, and Python would stop at a NUL
        report("missing-media", f"there is no file '{typed}'", "write the name of a file in the deck's 'media' folder")
        return None
    found = {os.path.realpath(path): path for top in tops if (path := files.find(top, name))}
    climbs = ".." in name.split("/")  # then it does not count what happens to be there
    inside = {path: is_inside(path, deck) for path in (top / name for top in tops)}
    if "\\" in name or not any(inside.values()) or not all(inside[path] for path in inside if climbs or os.path.lexists(path)):
        report("media-outside", f"'{name}' is outside the deck's folder", "copy the file into the deck's 'media' folder")
    elif unread := [path for path in found.values() if not files.digest(path)]:
        files.read(unread[0])  # raises OSError
    elif not found and (path := next((path for path in inside if _is_there(path)), None)):
        files.read(path)  # raises OSError, where that is the reason
        report(
            "missing-media",
            f"there is no file '{name}', only one whose name differs in case",
            "write the name exactly as the file has it",
        )
    elif not found:
        there = files.media_below(SEEN + PLAYED, *tops)
        # those who have the note have seen it without the file as well
        level = "warning" if card.kind.imported_note_type else "error"
        help = nearest(name, there, "put it into the deck's 'media' folder")
        report("missing-media", f"there is no file '{name}'", help, level)
    elif len({files.digest(path) for path in found.values()}) > 1:
        both = " and ".join(f"'{path}'" for path in found.values())
        report("two-media", f"'{name}' could be {both}", "rename one of the two")
    else:
        return next(iter(found.values()))
    return None


def _is_there(path: Path) -> bool:
    """Whether there is a file or a link; there is none whose name is too long for any."""
    return os.path.lexists(path) and (path.is_symlink() or path.is_file())


def find_static(kind: Kind) -> list[str]:
    """The files that the templates and the style of a deck's own kind name: in Anki, they begin with `_`."""
    if "/" not in kind.name:
        return []
    html = "".join(template.front + template.back for template in kind.templates)
    return sorted(set(re.findall(r"(?<![\w.-])_[\w.-]*\.\w+", html + kind.css)))


def find_named_by_fields(html: str) -> list[re.Pattern[str]]:
    """What matches the names of the files that templates put together of texts and fields, as `_{{Name}}.png`.

    Anki imports only those that begin with `_`.
    """
    typed = re.findall(r"""src=["']?([^"'<>]*{{[^"'<>]*)""", html)
    return [re.compile("[^/]+".join(map(re.escape, re.split(r"{{[^{}]*}}", name)))) for name in dict.fromkeys(typed)]


def read_static(kind: Kind, folders: Mapping[str, Path], files: Files) -> dict[Place, Media]:
    """The media that the templates and style of a kind name; `folders` are of the decks that own kinds, by kind."""
    found = {}
    for name in find_static(kind):
        folder = folders[kind.name]
        tops = (folder / OWN_KINDS / kind.word, folder / MEDIA_FOLDER)
        if path := next((path for top in tops if (path := files.find(top, name)) and files.digest(path)), None):
            found[Path(kind.name), name] = to_media(path, files.digest(path), files.keeps_name(path))
    patterns = find_named_by_fields("".join(one.front + one.back for one in kind.templates)) if kind.imported_note_type else ()
    top = folders[kind.name] / MEDIA_FOLDER if patterns else Path()
    for name in files.names(top) if patterns else ():
        if name.startswith("_") and any(pattern.fullmatch(name) for pattern in patterns):
            found[Path(kind.name), name] = to_media(top / name, "", keeps_name=True)
    return found
