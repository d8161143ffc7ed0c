"""What others put into a package: .apkg and .colpkg in every format that Anki writes, and CrowdAnki's folders.

A file from a stranger is read with care: no more of it than a collection may have, nothing of it is run, and nothing of it
names a place outside. Whatever is wrong with it is one PackageError in words for its user.
"""

import json
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from flashdeck.diagnostics.problem import FlashdeckError

LARGEST_COLLECTION = 1_000_000_000  # bytes, unpacked
LARGEST_MEDIUM = 200_000_000
MOST_PACKED = 300  # times its size: what unpacks to more is made to do harm
SMALL = 20_000_000  # bytes that do no harm however they were packed
STEPS = 2_000  # of a million of SQLite's instructions: a table that is none could be read for ever
CHUNK = 1 << 20


class PackageError(FlashdeckError):
    """A file that is no package, in words for its user."""


@dataclass(frozen=True)
class ForeignType:
    """A note type as Anki holds it."""

    id: int
    name: str
    fields: tuple[tuple[str, int], ...]  # name and id, or 0
    templates: tuple[tuple[str, str, str, int], ...]  # name, front, back, and id, or 0
    css: str
    cloze: bool = False
    stock: int = 0


@dataclass(frozen=True)
class ForeignNote:
    """A note as Anki holds it, with the deck of its first card."""

    guid: str
    id: int
    type: int
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    deck: str
    cards: tuple[int, ...]
    changed: int = 0


@dataclass(frozen=True)
class Archive:
    """The notes of a package in their author's order, their types by id, and where to get the media they name."""

    notes: tuple[ForeignNote, ...]
    types: Mapping[int, ForeignType]
    media: Mapping[str, Callable[[], bytes]] = field(repr=False)
    said: tuple[str, ...] = ()  # what was left out, and why


def read_archive(path: Path) -> Archive:
    """A package or a CrowdAnki folder's JSON. Raises PackageError."""
    try:
        if path.suffix.lower() == ".json" or path.is_dir():
            return _read_crowdanki(path / f"{path.resolve().name}.json" if path.is_dir() else path)
        with ZipFile(path) as archive:
            return _read_zip(path, archive)
    except PackageError:
        raise
    except OSError as error:
        raise PackageError((error.strerror or str(error)).lower()) from error
    except (BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise PackageError("it is no zip file, or a broken one") from error
    except RuntimeError as error:  # what zipfile raises for a password
        raise PackageError("it is encrypted; unpack it and pack it again without a password") from error
    except (sqlite3.Error, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise PackageError("its collection cannot be read") from error


def _read_zip(path: Path, archive: ZipFile) -> Archive:
    names = archive.namelist()
    name = next((name for name in ("collection.anki21b", "collection.anki21", "collection.anki2") if name in names), "")
    if not name:
        raise PackageError("it holds no collection")
    packed = name.endswith("b")  # since 2022: zstd, and protobuf inside
    data = _unpack(archive, name, packed, LARGEST_COLLECTION, "its collection")
    if not data.startswith(b"SQLite format 3\0"):
        raise PackageError("its collection cannot be read")
    notes, types = _read_collection(data)
    media, said = _find_media(path, archive, packed)
    return Archive(tuple(notes), types, media, tuple(said))


def _unpack(archive: ZipFile, name: str, packed: bool, most: int, what: str) -> bytes:
    """A member of a zip, and where `packed` what zstd has in it; never more than `most` bytes, nor a bomb."""
    entry = archive.getinfo(name)
    if entry.file_size > most:
        raise PackageError(f"{what} is larger than {most // 1_000_000:,} MB")
    with archive.open(entry) as stream:
        return _read_at_most(_unzstd(stream) if packed else stream, entry.compress_size, most, what)


def _unzstd(stream: IO[bytes]) -> IO[bytes]:
    import zstandard

    reader: IO[bytes] = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(stream, read_across_frames=True)
    return reader


def _read_at_most(stream: IO[bytes], size: int, most: int, what: str) -> bytes:
    import zstandard

    data = bytearray()
    try:
        while piece := stream.read(CHUNK):
            data += piece
            if len(data) > most:
                raise PackageError(f"{what} is larger than {most // 1_000_000:,} MB")
            if len(data) > max(SMALL, MOST_PACKED * size):
                raise PackageError(f"{what} unpacks to more than {MOST_PACKED} times its size: it is made to do harm")
    except zstandard.ZstdError as error:
        raise PackageError(f"{what} cannot be unpacked") from error
    return bytes(data)


def _read_collection(data: bytes) -> tuple[list[ForeignNote], dict[int, ForeignType]]:
    steps = iter(range(STEPS))
    with closing(sqlite3.connect(":memory:")) as database:
        database.text_factory = lambda raw: raw.decode("utf-8", "replace")
        database.create_collation(
            "unicase", lambda one, other: (one.casefold() > other.casefold()) - (one.casefold() < other.casefold())
        )
        # a database whose last writer kept a journal beside it says so here, and a copy in memory has none
        database.deserialize(data[:18] + b"\x01\x01" + data[20:])
        database.set_progress_handler(lambda: next(steps, None) is None, 1_000_000)
        database.execute("PRAGMA trusted_schema = OFF")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"col", "notes", "cards"} <= tables:
            raise PackageError("its collection is not Anki's")
        (models, decks_json) = database.execute("SELECT models, decks FROM col").fetchone()
        if "notetypes" in tables and not models:
            types, decks = _read_tables(database)
        else:
            types, decks = _read_json(json.loads(models), json.loads(decks_json))
        cards: dict[int, list[tuple[int, int, int]]] = {}
        for note, at, deck, home, due in database.execute("SELECT nid, ord, did, odid, due FROM cards ORDER BY nid, ord"):
            cards.setdefault(note, []).append((at, home or deck, due))
        notes = []
        for guid, id, type, fields, tags, changed in database.execute("SELECT guid, id, mid, flds, tags, mod FROM notes"):
            if type not in types:
                raise PackageError("its collection has notes of no note type")
            texts = tuple(str(fields).split("\x1f"))
            wanted = len(types[type].fields)
            texts = (texts + ("",) * wanted)[:wanted]
            mine = cards.get(id, [])
            deck = decks.get(mine[0][1], "") if mine else ""
            ords = tuple(at for at, _, _ in mine)
            notes.append(
                (
                    mine[0][2] if mine else 1 << 62,
                    ForeignNote(str(guid), id, type, texts, tuple(tags.split()), deck, ords, changed),
                )
            )
    notes.sort(key=lambda one: (one[0], one[1].id))
    used = {note.type for _, note in notes}
    return [note for _, note in notes], {id: type for id, type in types.items() if id in used}


def _read_json(models: Mapping[str, Any], decks: Mapping[str, Any]) -> tuple[dict[int, ForeignType], dict[int, str]]:
    """Note types and decks as they stood in one row of JSON until 2021, and still do in packages for older versions."""
    types = {int(id): _to_type(int(id), model) for id, model in models.items()}
    return types, {int(id): str(deck["name"]) for id, deck in decks.items()}


def _to_type(id: int, model: Mapping[str, Any]) -> ForeignType:
    return ForeignType(
        id,
        str(model["name"]),
        tuple((str(one["name"]), int(one.get("id") or 0)) for one in model["flds"]),
        tuple((str(one["name"]), str(one["qfmt"]), str(one["afmt"]), int(one.get("id") or 0)) for one in model["tmpls"]),
        str(model.get("css", "")),
        model.get("type") == 1,
        int(model.get("originalStockKind") or 0),
    )


def _read_tables(database: sqlite3.Connection) -> tuple[dict[int, ForeignType], dict[int, str]]:
    """Note types and decks as tables with protobuf in them: what Anki has had since 2021."""
    fields: dict[int, list[tuple[str, int]]] = {}
    for type, name, config in database.execute("SELECT ntid, name, config FROM fields ORDER BY ntid, ord"):
        fields.setdefault(type, []).append((name, _number(_read_message(config), 9)))
    templates: dict[int, list[tuple[str, str, str, int]]] = {}
    for type, name, config in database.execute("SELECT ntid, name, config FROM templates ORDER BY ntid, ord"):
        message = _read_message(config)
        templates.setdefault(type, []).append((name, _text(message, 1), _text(message, 2), _number(message, 8)))
    types = {}
    for id, name, config in database.execute("SELECT id, name, config FROM notetypes"):
        message = _read_message(config)
        some, cards = tuple(fields[id]), tuple(templates[id])
        types[id] = ForeignType(id, name, some, cards, _text(message, 3), _number(message, 1) == 1, _number(message, 9))
    decks = {id: name.replace("\x1f", "::") for id, name in database.execute("SELECT id, name FROM decks")}
    return types, decks


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
        raise ValueError("no number")
    return value - (1 << 64) if value >= 1 << 63 else value


def _text(message: Mapping[int, list[int | bytes]], key: int) -> str:
    value = message.get(key, [b""])[-1]
    if not isinstance(value, bytes):
        raise ValueError("no text")
    return value.decode("utf-8", "replace")


def _find_media(path: Path, archive: ZipFile, packed: bool) -> tuple[dict[str, Callable[[], bytes]], list[str]]:
    """The media of a package by name, each to be read when it is wanted; and what is wrong with their names."""
    members = set(archive.namelist())
    if "media" not in members:
        return {}, []
    data = _unpack(archive, "media", packed, LARGEST_MEDIUM, "its list of media")
    if packed:
        entries = enumerate(_read_message(data).get(1, []))
        names = {}
        for at, entry in entries:
            if not isinstance(entry, bytes):
                raise ValueError("no entry")
            message = _read_message(entry)
            names[str(_number(message, 255) or at)] = _text(message, 1)
    else:
        names = json.loads(data or b"{}")
        if not isinstance(names, dict):
            raise PackageError("its list of media cannot be read")
    media: dict[str, Callable[[], bytes]] = {}
    said = []
    for member, name in names.items():
        if not isinstance(name, str) or not is_safe_name(name):
            said.append(f"the file {str(name)!r} has a name that leads elsewhere")
        elif member not in members:
            said.append(f"the file '{name}' is not in the package")
        else:
            media[name] = _reader(path, member, packed, name)
    return media, said


def _reader(path: Path, member: str, packed: bool, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with ZipFile(path) as archive:
                return _unpack(archive, member, packed, LARGEST_MEDIUM, f"'{name}'")
        except (BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
            raise PackageError(f"'{name}' cannot be unpacked") from error

    return read


def is_safe_name(name: str) -> bool:
    """Whether a name is that of a file in a folder, and of nothing above, below or beside it on any system."""
    reserved = re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name)
    bad = re.search(r'[/\\:*?"<>|\x00-\x1f\x7f]', name)
    return (
        bool(name)
        and not bad
        and not reserved
        and name.strip(". ") == name.lstrip()
        and len(name.encode("utf-8", "replace")) <= 200
    )


def _read_crowdanki(path: Path) -> Archive:
    """What the add-on CrowdAnki writes: a JSON file, with the media in a folder beside it."""
    if path.stat().st_size > LARGEST_COLLECTION:
        raise PackageError(f"it is larger than {LARGEST_COLLECTION // 1_000_000:,} MB")
    deck = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(deck, dict) or "notes" not in deck:
        raise PackageError("it is no deck of CrowdAnki")
    types: dict[int, ForeignType] = {}
    by_uuid: dict[str, int] = {}
    notes: list[ForeignNote] = []
    names: list[str] = []
    for name, one in _walk(deck, ""):
        for model in one.get("note_models", ()):
            if model["crowdanki_uuid"] not in by_uuid:
                by_uuid[model["crowdanki_uuid"]] = len(types) + 1
                types[len(types) + 1] = _to_type(len(types) + 1, model)
        for note in one["notes"]:
            type = by_uuid[note["note_model_uuid"]]
            wanted = len(types[type].fields)
            texts = (tuple(map(str, note["fields"])) + ("",) * wanted)[:wanted]
            notes.append(
                ForeignNote(str(note["guid"]), len(notes), type, texts, tuple(map(str, note.get("tags", ()))), name, (0,))
            )
        names += one.get("media_files", ())
    folder = path.parent / "media"
    good = {name for name in names if isinstance(name, str) and is_safe_name(name) and (folder / name).is_file()}
    media: dict[str, Callable[[], bytes]] = {name: (folder / name).read_bytes for name in sorted(good)}
    said = [f"the file {str(name)!r} is not in its folder 'media'" for name in names if name not in good]
    used = {note.type for note in notes}
    return Archive(tuple(notes), {id: type for id, type in types.items() if id in used}, media, tuple(said))


def _walk(deck: Mapping[str, Any], above: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    name = f"{above}::{deck['name']}" if above else str(deck["name"])
    yield name, deck
    for child in deck.get("children", ()):
        yield from _walk(child, name)
