"""Notes -> an .apkg file that is byte for byte the same for the same notes. The only module that knows genanki, SQLite and zip.

genanki gives the schema, the note types and the decks; the rows are written in bulk, because that is where its time goes.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import genanki
from genanki.apkg_col import APKG_COL
from genanki.apkg_schema import APKG_SCHEMA

from flashdeck.anki.identity import LEDGER_MEMBER, stable_id
from flashdeck.anki.media import load_media
from flashdeck.anki.note import Note, NoteType, Times
from flashdeck.model.template_language import find_mistakes, keep_tags

NOTHING: Mapping[str, str] = {}
MOST_CARDS = 500  # of a note
# Anki makes its indexes itself; in a package they would take a third of the time and the room.
SCHEMA = re.sub(r"CREATE INDEX[^;]*;", "", APKG_SCHEMA)
MASK_FIELDS = 5  # of Anki's own note type for pictures with hidden places
# A database records which SQLite wrote it; this one records the same everywhere.
SQLITE_VERSION = (3_040_000).to_bytes(4, "big")


def to_package(notes: Sequence[Note], times: Times, descriptions: Mapping[str, str] = NOTHING, ledgers: str = "") -> bytes:
    """The notes as an Anki package, with their files. Raises FileChanged where one changed since the notes were made.

    `descriptions` are of decks by their names in Anki; `ledgers` are what it says of earlier releases.
    """
    types = {note.type.id: note.type for note in notes}
    files = [file for note in notes for file in note.media] + [file for type in types.values() for file in type.media]
    media = {file.name: file for file in files}
    names = dict(enumerate(sorted(media)))
    package = BytesIO()
    with ZipFile(package, "w") as archive:
        _add(archive, "collection.anki2", _to_database(notes, times, descriptions))
        _add(archive, "media", json.dumps(names, ensure_ascii=False).encode())
        for at, name in names.items():
            _add(archive, str(at), load_media(media[name]))
        if ledgers:
            _add(archive, LEDGER_MEMBER, ledgers.encode(), 6)
    return package.getvalue()


def _add(archive: ZipFile, name: str, data: bytes | bytearray, level: int = 1) -> None:
    """Adds a member. The higher levels take long and gain little, but for a ledger, whose digests look random to the lowest."""
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the earliest a zip can hold
    entry.create_system, entry.external_attr, entry.compress_type = 3, 0o644 << 16, ZIP_DEFLATED
    archive.writestr(entry, data, compresslevel=level)


def _to_database(notes: Sequence[Note], times: Times, descriptions: Mapping[str, str]) -> bytearray:
    types = {note.type.id: note.type for note in notes}
    decks = {name: stable_id("deck", name) for name in sorted({note.deck for note in notes} | descriptions.keys())}
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        database.executescript(APKG_COL)
        (default,) = database.execute("SELECT decks FROM col").fetchone()
        all_decks = json.loads(default) | {
            str(id): genanki.Deck(id, name, descriptions.get(name, "")).to_json() for name, id in decks.items()
        }
        all_types = {str(type.id): to_model(type, times.types[type.id]) for type in types.values()}
        database.execute("UPDATE col SET decks = ?, models = ?", (json.dumps(all_decks), json.dumps(all_types)))
        numbered = list(zip(_to_ids(notes), notes, [times.of(note) for note in notes], strict=True))
        rows = [(id, note.guid, note.type.id, changed, f" {note.tag_text} ", note.text) for id, note, changed in numbered]
        cards: Sequence[tuple[int, ...]] = [
            (id + at, id, decks[note.deck], at, changed, note.order) for id, note, changed in numbered for at in note.cards
        ]
        if len({row[0] for row in cards}) < len(cards):
            cards = _set_apart(cards)
        # Anki computes the checksum and the sort field itself
        database.executemany("INSERT INTO notes VALUES (?, ?, ?, ?, -1, ?, ?, 0, 0, 0, '')", rows)
        sql = "INSERT INTO cards VALUES (?, ?, ?, ?, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')"
        database.executemany(sql, cards)
        database.commit()
        data = bytearray(database.serialize())
    data[96:100] = SQLITE_VERSION
    return data


def _to_ids(notes: Sequence[Note]) -> list[int]:
    """The id of each note's row; should two be equal, that of the later guid takes the next one that is free."""
    ids = [note.id for note in notes]
    taken: set[int] = set()
    if len({*ids}) < len(ids):
        for at in sorted(range(len(ids)), key=lambda at: notes[at].guid):
            while ids[at] in taken:
                ids[at] += 1
            taken.add(ids[at])
    return ids


def _set_apart(cards: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The rows of cards, each with an id of its own."""
    taken: set[int] = set()
    apart = []
    for id, *rest in cards:
        while id in taken:
            id += MOST_CARDS
        taken.add(id)
        apart.append((id, *rest))
    return apart


def to_model(type: NoteType, changed: int) -> dict[str, object]:
    """A note type in Anki's own words, with the ids by which it knows fields and templates again after a new name."""
    names = [name for _, name in type.fields]

    def to_tags(front: str) -> str:
        """What genanki needs of a front: it stops at one with mistakes, which somebody's learners may have all the same."""
        tags = keep_tags(front)
        return f"{{{{{names[0]}}}}}" if type.is_from_elsewhere and any(find_mistakes(tags, names)) else tags

    model = genanki.Model(
        type.id,
        type.name,
        fields=[{"name": name, "id": id, "font": "Arial", "rtl": type.right_to_left} for id, name in type.fields],
        # genanki would read the front as another template language, in which comments have tags
        templates=[{"name": name, "id": id, "qfmt": to_tags(front), "afmt": back} for id, name, front, back in type.templates],
        css=type.css,
        model_type=genanki.Model.CLOZE if type.cloze else genanki.Model.FRONT_BACK,
    )
    data: dict[str, Any] = model.to_json(changed, None)
    for template, (_, _, front, _) in zip(data["tmpls"], type.templates, strict=True):
        template["qfmt"] = front
    for place, settings in [
        (data, type.settings),
        *zip(data["flds"], type.field_settings, strict=False),
        *zip(data["tmpls"], type.template_settings, strict=False),
    ]:
        place |= dict(settings)
    if type.is_from_elsewhere:  # genanki adds what Anki no longer has, and ids are kept where learners have them
        for place in (*data["flds"], *data["tmpls"]):
            for key in ("media", *(() if place["id"] else ("id",))):
                place.pop(key, None)
    if type.original_stock_kind:  # Anki's editor for masks knows the note type and its fields by these
        data["originalStockKind"] = type.original_stock_kind
        for at, field in enumerate(data["flds"][:MASK_FIELDS]):
            field |= {"tag": at, "preventDeletion": at < MASK_FIELDS - 1}
    return data
