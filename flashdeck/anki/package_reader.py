"""The notes, note types and media of packages: .apkg and .colpkg in every format that Anki writes, and CrowdAnki's folders.

A file from a stranger is not trusted: sizes are bounded, nothing in it is run, and no name in it leads outside its folder.
Whatever is wrong with it raises PackageError, with a message for its user.
"""

import json
import os
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from flashdeck.anki.identity import FIELD_SEPARATOR, LEDGER_MEMBER
from flashdeck.anki.note import Note
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.model.kinds import FIELD_SETTINGS, TEMPLATE_SETTINGS, TYPE_SETTINGS, Setting, Settings
from flashdeck.sources.files import DEVICE, open_file, read_file
from flashdeck.sources.values import short

LARGEST_COLLECTION = 1_000_000_000  # bytes, unpacked
LARGEST_JSON = 200_000_000
LARGEST_MEDIUM = 200_000_000
MAX_COMPRESSION = 300  # times its size: what unpacks to more is a zip bomb
SMALL = 20_000_000  # bytes that are harmless however they were compressed
STEPS = 500  # of a million SQLite instructions each: a hostile view could be read without end
CHUNK = 1 << 20
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# CrowdAnki says nothing of when notes changed, and its learners have them since they imported them: so, before any of them.
BEFORE_CROWDANKI = 1_262_304_000  # 2010-01-01
NO_PLACE = 1 << 62  # the place of a note without cards in its author's order: after all others, as no `due` of 32 bits is


class PackageError(FlashdeckError):
    """A file that is not a package; the message is for its user."""


TOO_MUCH_TEXT = PackageError("its collection has more text than fits into it")  # a column that is computed could be endless


@dataclass(frozen=True)
class PackageNoteType:
    """A note type as Anki holds it."""

    id: int
    name: str
    fields: tuple[tuple[str, int], ...]  # name and id, or 0
    templates: tuple[tuple[str, str, str, int], ...]  # name, front, back, and id, or 0
    css: str
    cloze: bool = False
    original_stock_kind: int = 0  # which of Anki's own note types it was made from; 0 for none
    changed: int = 0  # when, as a Unix time
    settings: Settings = ()
    field_settings: tuple[Settings, ...] = ()  # of each field
    template_settings: tuple[Settings, ...] = ()


@dataclass(frozen=True)
class PackageNote:
    """A note as Anki holds it, with the deck of its first card."""

    guid: str
    id: int
    type: int
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    deck: str
    cards: tuple[int, ...]  # which of the templates make a card
    changed: int = 0
    has_other_decks: bool = False  # whether others of its cards are in another deck


@dataclass(frozen=True)
class Archive:
    """The notes of a package in their author's order, their types by id, and where to get the media they name."""

    notes: tuple[PackageNote, ...]
    types: Mapping[int, PackageNoteType]
    media: Mapping[str, Callable[[], bytes]] = field(repr=False)
    messages: tuple[str, ...] = ()  # what was left out, and why
    ledgers: str = ""  # of flashdeck's own packages: the ledgers of the decks in it, one after the other
    descriptions: Mapping[str, str] = field(default_factory=dict)  # of decks by name, where they have one
    has_presets: bool = False  # whether a deck has options of its own
    is_crowdanki: bool = False  # then the ids of its note types are not those of its learners, who each have others


@dataclass(frozen=True)
class Contents:
    """What the notes of a package hold, as Anki stores it, and when each last changed; and its note types by id."""

    notes: Mapping[str, tuple[str, str, int]]  # by guid: fields, tags and a Unix time
    types: Mapping[int, PackageNoteType]


def read_archive(path: Path) -> Archive:
    """A package or a CrowdAnki folder's JSON. Raises PackageError."""
    with _as_package_errors():
        if path.suffix.lower() == ".json" or path.is_dir():
            return _read_crowdanki(path)
        with open_file(path) as file, ZipFile(file) as archive:
            return _read_zip(path, archive)


def read_contents(path: Path) -> Contents:
    """What the notes of a package hold, in a fourth of the time that `read_archive` takes. Raises PackageError."""
    with _as_package_errors(), open_file(path) as file, ZipFile(file) as archive:
        data, _ = _unpack_collection(archive)
        with _open_collection(data) as (database, types, _):
            return Contents(_read_contents(database, len(data)), types)


@contextmanager
def _as_package_errors() -> Iterator[None]:
    """Whatever is wrong with a package, as a PackageError."""
    try:
        yield
    except OSError as error:
        raise PackageError((error.strerror or str(error)).lower()) from error
    except (BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise PackageError("it is not a zip file, or a damaged one") from error
    except (sqlite3.Error, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise PackageError("its collection cannot be read") from error
    except RuntimeError as error:  # what zipfile raises for a password
        raise PackageError("it is encrypted; unpack it and pack it again without a password") from error


def _unpack_collection(archive: ZipFile) -> tuple[bytes, bool]:
    """The newest collection in a package, as a database of SQLite; and whether its files are zstd."""
    names = archive.namelist()
    name = next((name for name in ("collection.anki21b", "collection.anki21", "collection.anki2") if name in names), "")
    if not name:
        raise PackageError("it contains no collection")
    zstd = name.endswith("b")  # since 2022: zstd, and protobuf inside
    data = _unpack(archive, name, zstd, LARGEST_COLLECTION, "its collection")
    if not data.startswith(b"SQLite format 3\0"):
        raise PackageError("its collection cannot be read")
    return data, zstd


def _read_zip(path: Path, archive: ZipFile) -> Archive:
    data, zstd = _unpack_collection(archive)
    notes, types, decks = _read_collection(data)
    media, messages = _find_media(path, archive, zstd)
    descriptions = {name: description for name, description, _ in decks if description}
    has_presets = any(preset > 1 for _, _, preset in decks)
    return Archive(tuple(notes), types, media, tuple(messages), _read_ledgers(archive), descriptions, has_presets)


def _read_ledgers(archive: ZipFile) -> str:
    """The ledgers that a package of flashdeck's carries; empty in others."""
    if LEDGER_MEMBER not in archive.namelist():
        return ""
    return _unpack(archive, LEDGER_MEMBER, False, LARGEST_MEDIUM, "its ledger").decode("utf-8", "replace")


def read_ledgers(path: Path) -> str:
    """The ledgers that a package of flashdeck's carries; empty where it carries none, or is no package at all."""
    try:
        with ZipFile(path) as archive:
            return _read_ledgers(archive)
    except (OSError, BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, PackageError):
        return ""


def _unpack(archive: ZipFile, name: str, zstd: bool, limit: int, what: str) -> bytes:
    """A member of a zip, decompressed again where it is `zstd`; never more than `limit` bytes, nor a bomb."""
    entry = archive.getinfo(name)
    if entry.file_size > limit:
        raise PackageError(f"{what} is larger than {limit // 1_000_000:,} MB")
    with archive.open(entry) as stream:
        if not zstd:
            return _read_at_most(stream, entry.compress_size, limit, what)
        import zstandard

        decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        try:
            return _read_at_most(decompressor.stream_reader(stream, read_across_frames=True), entry.compress_size, limit, what)
        except zstandard.ZstdError as error:
            raise PackageError(f"{what} cannot be unpacked") from error


def _read_at_most(stream: IO[bytes], size: int, limit: int, what: str) -> bytes:
    data = bytearray()
    while piece := stream.read(CHUNK):
        data += piece
        if len(data) > limit:
            raise PackageError(f"{what} is larger than {limit // 1_000_000:,} MB")
        if len(data) > max(SMALL, MAX_COMPRESSION * size):
            raise PackageError(f"{what} unpacks to more than {MAX_COMPRESSION} times its size, as a zip bomb does")
    return bytes(data)


PackageDeck = tuple[str, str, int]  # its name, its description, and the id of its options: 1 for those that every deck has


@contextmanager
def _open_collection(
    data: bytes,
) -> Iterator[tuple[sqlite3.Connection, dict[int, PackageNoteType], dict[int, PackageDeck]]]:
    """A collection, as anybody may have made it, with its note types and decks by id: whatever is in it, reading ends."""
    steps = iter(range(STEPS))
    with closing(sqlite3.connect(":memory:")) as database:
        database.text_factory = lambda raw: raw.decode("utf-8", "replace")
        database.create_collation(
            "unicase", lambda left, right: (left.casefold() > right.casefold()) - (left.casefold() < right.casefold())
        )
        # these two bytes record whether the last writer kept a journal beside the file; a copy in memory has none
        database.deserialize(data[:18] + b"\x01\x01" + data[20:])
        database.set_progress_handler(lambda: next(steps, None) is None, 1_000_000)
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(1_000_000, len(data)))
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            database.execute(f"PRAGMA {pragma}")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"col", "notes", "cards"} <= tables:
            raise PackageError("its collection is not Anki's")
        (models, decks_json) = database.execute("SELECT models, decks FROM col").fetchone()
        if "notetypes" in tables and not models:
            if not {"fields", "templates", "decks"} <= tables:
                raise PackageError("its collection is not Anki's")
            types, decks = _read_tables(database)
        else:
            types, decks = _read_json(_load(models), _load(decks_json))
        yield database, types, decks


def _read_contents(database: sqlite3.Connection, size: int) -> dict[str, tuple[str, str, int]]:
    database.text_factory = str  # what is no UTF-8 is an error
    text, number = "CAST(coalesce({}, '') AS TEXT)", "CAST(coalesce({}, 0) AS INTEGER)"  # a cell may hold anything
    columns = text.format("guid"), text.format("flds"), f"trim({text.format('tags')})", number.format("mod")
    contents, length = {}, 0
    for guid, fields, tags, changed in database.execute(f"SELECT {', '.join(columns)} FROM notes"):
        length += len(fields)
        if length > size:
            raise TOO_MUCH_TEXT
        contents[guid] = fields, tags, changed
    return contents


def _read_collection(data: bytes) -> tuple[list[PackageNote], dict[int, PackageNoteType], list[PackageDeck]]:
    with _open_collection(data) as (database, types, decks):
        cards: dict[int, list[tuple[int, int, int]]] = {}
        for note, at, deck, home, due in database.execute("SELECT nid, ord, did, odid, due FROM cards ORDER BY nid, ord"):
            cards.setdefault(note, []).append((at, home or deck, due))
        notes, length = [], 0
        for guid, id, type, fields, tags, changed in database.execute("SELECT guid, id, mid, flds, tags, mod FROM notes"):
            if type not in types:
                raise PackageError("its collection has a note without a note type")
            fields = _to_text(fields)
            length += len(fields)
            if length > len(data):
                raise TOO_MUCH_TEXT
            texts = _fit(fields.split(FIELD_SEPARATOR), types[type])
            own = cards.get(id, [])
            deck = decks[own[0][1]][0] if own and own[0][1] in decks else ""
            has_other_decks = len({one[1] for one in own}) > 1
            place = own[0][2] if own else NO_PLACE
            templates = tuple(at for at, _, _ in own)
            words = tuple(_to_text(tags).split())
            note = PackageNote(_to_text(guid), id, type, texts, words, deck, templates, int(changed), has_other_decks)
            notes.append((place, note))
        notes.sort(key=lambda placed: (placed[0], placed[1].id))
        used = {decks[at][0] for own in cards.values() for _, at, _ in own if at in decks}
        used |= {"::".join(name.split("::")[:at]) for name in used for at in range(1, name.count("::") + 1)}
        used_types = _used_types(types, (note.type for _, note in notes))
        return [note for _, note in notes], used_types, [deck for deck in decks.values() if deck[0] in used]


def _load(text: str | bytes) -> Any:
    """The values of a JSON text; halves of characters, which no file can hold, become U+FFFD."""
    value = json.loads(text)
    return _mend(value) if SURROGATE.search(text if isinstance(text, str) else text.decode("utf-8", "replace")) else value


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mend(item) for item in value]
    return {_mend(key): _mend(item) for key, item in value.items()} if isinstance(value, dict) else value


def _to_text(value: object) -> str:
    """What a cell of a collection holds, as text: any value may stand in any column."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)


def _used_types(types: Mapping[int, PackageNoteType], used: Iterable[int]) -> dict[int, PackageNoteType]:
    """The note types that notes have. Raises PackageError for one that could hold or show nothing."""
    ids = {*used}
    found = {id: type for id, type in types.items() if id in ids}
    for type in found.values():
        if not type.fields or not type.templates:
            raise PackageError(f"its note type '{short(type.name)}' has no {'cards' if type.fields else 'fields'}")
    return found


def _fit(texts: Iterable[str], type: PackageNoteType) -> tuple[str, ...]:
    """The fields of a note, as many as its note type has."""
    count = len(type.fields)
    return (*texts, *[""] * count)[:count]


def _read_json(models: Mapping[str, Any], decks: Mapping[str, Any]) -> tuple[dict[int, PackageNoteType], dict[int, PackageDeck]]:
    """Note types and decks as they were stored in one row of JSON until 2021, and still do in packages for older versions."""
    types = {int(id): _to_type(int(id), model) for id, model in models.items()}
    return types, {int(id): _to_deck(str(deck["name"]), deck) for id, deck in decks.items()}


def _to_deck(name: str, deck: Mapping[str, Any]) -> PackageDeck:
    description, preset = deck.get("desc"), deck.get("conf")
    return name, description if isinstance(description, str) else "", preset if isinstance(preset, int) else 1


def _to_type(id: int, model: Mapping[str, Any]) -> PackageNoteType:
    return PackageNoteType(
        id,
        str(model["name"]),
        tuple((str(field["name"]), int(field.get("id") or 0)) for field in model["flds"]),
        tuple((str(side["name"]), str(side["qfmt"]), str(side["afmt"]), int(side.get("id") or 0)) for side in model["tmpls"]),
        str(model.get("css", "")),
        model.get("type") == 1,
        int(model.get("originalStockKind") or 0),
        int(model.get("mod") or 0),
        _to_settings(model, TYPE_SETTINGS),
        tuple(_to_settings(field, FIELD_SETTINGS) for field in model["flds"]),
        tuple(_to_settings(side, TEMPLATE_SETTINGS) for side in model["tmpls"]),
    )


def _to_settings(values: Mapping[str, Any], usual: Mapping[str, Setting]) -> Settings:
    """What is not as usual of what somebody else's program wrote; a value of another type counts as it is usual."""
    found: list[tuple[str, Setting]] = []
    for key, expected in usual.items():
        value = values.get(key, expected)
        if isinstance(expected, bool) and value in (0, 1):
            value = bool(value)
        if type(value) is type(expected) and value != expected:
            found.append((key, value))
    return tuple(found)


def _read_tables(database: sqlite3.Connection) -> tuple[dict[int, PackageNoteType], dict[int, PackageDeck]]:
    """Note types and decks as tables with protobuf in them: what Anki has had since 2021."""
    fields: dict[int, list[tuple[str, int]]] = {}
    field_settings: dict[int, list[Settings]] = {}
    for type, name, config in database.execute("SELECT ntid, name, config FROM fields ORDER BY ntid, ord"):
        message = _read_message(config)
        fields.setdefault(type, []).append((_to_text(name), _number(message, 9)))
        field_settings.setdefault(type, []).append(_find_settings(message, FIELD_NUMBERS, FIELD_SETTINGS))
    templates: dict[int, list[tuple[str, str, str, int]]] = {}
    template_settings: dict[int, list[Settings]] = {}
    for type, name, config in database.execute("SELECT ntid, name, config FROM templates ORDER BY ntid, ord"):
        message = _read_message(config)
        templates.setdefault(type, []).append((_to_text(name), _text(message, 1), _text(message, 2), _number(message, 8)))
        template_settings.setdefault(type, []).append(_find_settings(message, TEMPLATE_NUMBERS, TEMPLATE_SETTINGS))
    types = {}
    for id, name, changed, config in database.execute("SELECT id, name, mtime_secs, config FROM notetypes"):
        message = _read_message(config)
        own_fields, own_templates = tuple(fields[id]), tuple(templates[id])
        settings = _find_settings(message, TYPE_NUMBERS, TYPE_SETTINGS)
        is_cloze, stock_kind = _number(message, 1) == 1, _number(message, 9)
        types[id] = PackageNoteType(
            id,
            _to_text(name),
            own_fields,
            own_templates,
            _text(message, 3),
            is_cloze,
            stock_kind,
            int(changed),
            settings,
            tuple(field_settings[id]),
            tuple(template_settings[id]),
        )
    decks = {}
    for id, name, kind in database.execute("SELECT id, name, kind FROM decks"):
        normal = _read_message(kind).get(1, [b""])[-1]  # a filtered deck has another
        about = _read_message(normal) if isinstance(normal, bytes) else {}
        decks[id] = _to_text(name).replace(FIELD_SEPARATOR, "::"), _text(about, 4), _number(about, 1)
    return types, decks


# What Anki's messages call these.
TYPE_NUMBERS = {"sortf": 2, "latexPre": 5, "latexPost": 6, "latexsvg": 7}
FIELD_NUMBERS = {
    "sticky": 1, "rtl": 2, "font": 3, "size": 4, "description": 5, "plainText": 6, "collapsed": 7, "excludeFromSearch": 8,
}  # fmt: skip
TEMPLATE_NUMBERS = {"bqfmt": 3, "bafmt": 4, "bfont": 6, "bsize": 7}


def _find_settings(
    message: Mapping[int, list[int | bytes]], numbers: Mapping[str, int], usual: Mapping[str, Setting]
) -> Settings:
    values = {key: _text(message, at) if isinstance(usual[key], str) else _number(message, at) for key, at in numbers.items()}
    return _to_settings(values, usual)


def _read_message(data: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a protobuf message, by number. Raises ValueError."""
    message: dict[int, list[int | bytes]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            if at >= len(data) or shift > 63:
                raise ValueError("cut off")
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            value: int | bytes = varint()
        else:
            size = {1: 8, 5: 4}.get(kind) or (varint() if kind == 2 else -1)
            if size < 0 or at + size > len(data):
                raise ValueError("cut off")
            value = data[at : at + size]
            at += size
        message.setdefault(key >> 3, []).append(value)
    return message


def _number(message: Mapping[int, list[int | bytes]], key: int) -> int:
    value = message.get(key, [0])[-1]
    if not isinstance(value, int):
        raise ValueError("not a number")
    return value - (1 << 64) if value >= 1 << 63 else value


def _text(message: Mapping[int, list[int | bytes]], key: int) -> str:
    value = message.get(key, [b""])[-1]
    if not isinstance(value, bytes):
        raise ValueError("not a text")
    return value.decode("utf-8", "replace")


def _find_media(path: Path, archive: ZipFile, zstd: bool) -> tuple[dict[str, Callable[[], bytes]], list[str]]:
    """The media of a package by name, each to be read when it is needed; and what is wrong with their names."""
    members = set(archive.namelist())
    if "media" not in members:
        return {}, []
    data = _unpack(archive, "media", zstd, LARGEST_MEDIUM, "its list of media")
    if zstd:
        entries = enumerate(_read_message(data).get(1, []))
        names = {}
        for at, entry in entries:
            if not isinstance(entry, bytes):
                raise ValueError("not an entry")
            message = _read_message(entry)
            names[str(_number(message, 255) or at)] = _text(message, 1)
    else:
        names = _load(data or b"{}")
        if not isinstance(names, dict):
            raise PackageError("its list of media cannot be read")
    media: dict[str, Callable[[], bytes]] = {}
    messages = []
    for member, name in names.items():
        if not isinstance(name, str) or not is_safe_name(name):
            messages.append(f"the file {str(name)!r} has an unsafe name, which could be outside its folder")
        elif member not in members:
            messages.append(f"the file '{name}' is not in the package")
        else:
            media[name] = _reader(path, member, zstd, name)
    return media, messages


def _reader(path: Path, member: str, zstd: bool, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with open_file(path) as file, ZipFile(file) as archive:
                return _unpack(archive, member, zstd, LARGEST_MEDIUM, f"'{name}'")
        except (BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
            raise PackageError(f"'{name}' cannot be unpacked") from error

    return read


def is_safe_name(name: str) -> bool:
    """Whether a name is that of a file in a folder, and of nothing above, below or beside it on any system."""
    bad = re.search(r'[/\\:*?"<>|\x00-\x1f\x7f]', name)
    return (
        bool(name)
        and not bad
        and not DEVICE.match(name)
        and name.strip(". ") == name.lstrip()
        and len(name.encode("utf-8", "replace")) <= 200
    )


def _read_crowdanki(path: Path) -> Archive:
    """What the add-on CrowdAnki writes: a JSON file, with the media in a folder beside it."""
    folder = path if path.is_dir() else Path(os.path.realpath(path)).parent
    file = _find_crowdanki_file(path) if path.is_dir() else path
    deck = _load(read_file(file, folder, LARGEST_JSON).decode("utf-8-sig"))
    if not isinstance(deck, dict) or "notes" not in deck:
        raise PackageError("it is not a CrowdAnki deck")
    types: dict[int, PackageNoteType] = {}
    by_uuid: dict[str, int] = {}
    notes: list[PackageNote] = []
    names: list[str] = []
    descriptions: dict[str, str] = {}
    for name, child in _walk(deck, ""):
        for model in child.get("note_models", ()):
            if model["crowdanki_uuid"] not in by_uuid:
                by_uuid[model["crowdanki_uuid"]] = len(types) + 1
                types[len(types) + 1] = replace(_to_type(len(types) + 1, model), changed=BEFORE_CROWDANKI)
        for note in child["notes"]:
            type = by_uuid[note["note_model_uuid"]]
            texts, tags = _fit(map(str, note["fields"]), types[type]), tuple(map(str, note.get("tags", ())))
            notes.append(PackageNote(str(note["guid"]), len(notes), type, texts, tags, name, (0,), BEFORE_CROWDANKI))
        names += child.get("media_files", ())
        description = child.get("desc")
        if isinstance(description, str) and description:
            descriptions[name] = description
    places = {name: folder / "media" / name for name in names if isinstance(name, str) and is_safe_name(name)}
    found = {name: place for name, place in sorted(places.items()) if place.is_file()}
    media: dict[str, Callable[[], bytes]] = {name: partial(read_file, place, folder) for name, place in found.items()}
    messages = [f"the file {str(name)!r} is not in its folder 'media'" for name in names if name not in found]
    used = _used_types(types, (note.type for note in notes))
    presets = [preset for preset in deck.get("deck_configurations", ()) if isinstance(preset, dict)]
    has_presets = any(preset.get("name") != "Default" for preset in presets)
    return Archive(tuple(notes), used, media, tuple(messages), "", descriptions, has_presets, is_crowdanki=True)


def _find_crowdanki_file(folder: Path) -> Path:
    """The JSON in a folder of CrowdAnki's, which has the folder's name at first, and may have been renamed since, as by git."""
    named = [folder / f"{Path(os.path.realpath(folder)).name}.json", folder / "deck.json"]
    return next((file for file in (*named, *sorted(folder.glob("*.json"))) if file.is_file()), named[0])


def _walk(deck: Mapping[str, Any], above: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    name = f"{above}::{deck['name']}" if above else str(deck["name"])
    yield name, deck
    for child in deck.get("children", ()):
        yield from _walk(child, name)


@dataclass(frozen=True)
class Stored:
    """A note as a package holds it; `changed` is its Unix time there."""

    guid: str
    id: int
    type: str
    fields: dict[str, str]
    tags: tuple[str, ...]
    changed: int = field(default=0, compare=False)
    deck: str = field(default="", compare=False)  # of its first card, in Anki; empty where it has none


def to_stored(note: Note) -> Stored:
    """A note as a package would hold it."""
    names = (name for _, name in note.type.fields)
    return Stored(note.guid, note.id, note.type.name, dict(zip(names, note.fields, strict=True)), tuple(note.tags), 0, note.deck)


def read_package(path: Path) -> list[Stored]:
    """The notes of a package in any of Anki's formats, in their author's order. Raises PackageError."""
    archive = read_archive(path)
    stored = []
    for note in archive.notes:
        type = archive.types[note.type]
        fields = {name: text for (name, _), text in zip(type.fields, note.fields, strict=True)}
        stored.append(Stored(note.guid, note.id, type.name, fields, note.tags, note.changed, note.deck))
    return stored
