"""What one file of cards gives to a build, worked out by itself and kept as text: a unit.

Most files are the same as at the last build, and most of what a file gives depends on nothing but the file and what stands
around cards. So each file is compiled by itself, and `linking.py` puts the units together. A unit keeps its notes in columns,
one text each, because what is one text is read, kept and taken apart at once; it holds no code.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import repeat
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from flashdeck.build.checks import CARD_CHECKS, check_review, find_fronts
from flashdeck.pipeline import Compiled
from flashdeck.release.ledger import digest_guid, to_cards
from flashdeck.model.library import Frame, read_cards
from flashdeck.anki.media import Media, Place, read_media
from flashdeck.model.cards import Library
from flashdeck.anki.note import LeftOut, Note, NoteType, to_deck_name, to_line
from flashdeck.diagnostics.problem import Problem, Spot, are_warnings
from flashdeck.sources.values import to_date
from flashdeck.sources.yaml_file import Source

ROW, COLUMN = "\x1e", "\x1d"  # no text of a card has them: `control-character`


@dataclass(frozen=True)
class Around:
    """What stands around cards, and a mark that changes with anything of it."""

    frame: Frame
    static: Mapping[Place, Media]
    types: Mapping[str, NoteType]  # by `kind@language`
    mark: str


@dataclass(frozen=True)
class Unit:
    """What one file of cards gives. Where it has errors, there are no notes in it."""

    path: str
    digest: str  # of the file
    mark: str  # of what stood around it
    day: str  # when it was made, and the last day on which it would be the same
    until: str
    deck: str
    is_framed: bool  # whether it has references or courses too
    size: int  # how many cards it has
    languages: tuple[str, ...]  # in which its notes are made
    problems: tuple[Problem, ...]
    tags: tuple[str, ...]
    courses: tuple[str, ...]  # to which its cards belong
    spoken: tuple[tuple[str, str], ...]  # kinds and languages of its cards
    decks: tuple[str, ...]  # their names in Anki
    media: Mapping[str, str]  # the names of its files in Anki, and their paths
    named: tuple[str, ...]  # the same as its author names them
    columns: Mapping[str, str] = field(repr=False)

    @property
    def ok(self) -> bool:
        return are_warnings(self.problems)

    def is_good(self, digest: str, mark: str, languages: Iterable[str], day: date) -> bool:
        """Whether it would be the same if it were made again."""
        same = self.digest == digest and self.mark == mark and self.day <= str(day) <= self.until
        return same and (not self.ok or {*languages} <= {*self.languages})

    @cached_property
    def ids(self) -> list[str]:
        """The full ids of its cards."""
        return [f"{self.deck}/{id}" for id in self.column("ids")]

    def column(self, name: str) -> list[str]:
        return self.columns[name].split(ROW)[:-1] if name in self.columns else []

    def to_notes(self, language: str, types: Mapping[str, NoteType], offset: int, files: Mapping[str, Media]) -> Iterable[Note]:
        """Its notes in a language, the first of them in the place `offset` of its deck; `types` by `kind@language`."""
        column = self.column
        names, lines, media = column(f"names {language}"), column(f"lines {language}"), column(f"media {language}")
        forms = [line.rpartition(" ")[0] for line in lines]
        types_of = {form: types[f"{form.partition(' ')[0]}@{language}"] for form in {*forms}}
        cards_of = {form: to_cards(form.partition(" ")[2]) for form in types_of}
        return map(
            Note,
            self._guids(language),
            map(int, column(f"rows {language}")),
            names,
            lines,
            [f"{self.deck}/{name[: -len(language) - 1]}" for name in names],
            map(types_of.__getitem__, forms),
            column(f"texts {language}"),
            column(f"tags {language}"),
            column(f"decks {language}"),
            map(cards_of.__getitem__, forms),
            [offset + int(order) for order in column(f"orders {language}")],
            [tuple(files[name] for name in row.split("/") if name) for row in media] if media else repeat(()),
            repeat((self.deck,)),
            [not cards_of[form] for form in forms],
        )

    def guids(self) -> Iterator[str]:
        """The guids of its notes in all languages."""
        for name in self.columns:
            if name.startswith("names "):
                yield from self._guids(name.removeprefix("names "))

    def _guids(self, language: str) -> list[str]:
        return self.column(f"guids {language}") or [f"{self.deck}/{name}" for name in self.column(f"names {language}")]

    @property
    def replaced(self) -> list[tuple[str, str]]:
        """The ids of retired cards, each with that of the card in another file that replaces it."""
        return [(old, new) for old, _, new in (row.partition("\x1f") for row in self.column("replaced"))]

    def left_out(self, language: str) -> list[LeftOut]:
        """The cards that a missing translation keeps out of a language."""
        return [LeftOut(*row.split("\x1f")) for row in self.column(f"left out {language}")]


def compile_unit(
    source: Source, told: Sequence[Problem], digest: str, around: Around, languages: Sequence[str], today: date
) -> Unit | None:
    """The unit of a file, with its notes in some languages; nothing where it needs other files to tell what is to be told.

    `told` is what was wrong with it when it was read. The notes of retired cards do not name what stands in another file.
    """
    frame, is_framed = around.frame, source.path in around.frame.paths
    if not isinstance(source.value, dict) or (source.value.keys() & {"references", "courses"} and not is_framed):
        return None  # it came by them in a way that nobody saw
    problems = [*told]
    library = read_cards([source], frame, problems, alone=True)
    media = read_media(library, problems)
    for check in CARD_CHECKS:
        problems += check(library)
    problems += check_review(library, today)
    fronts: dict[tuple[str, str, int], list[str]] = {}
    for card in library.cards:
        for group, text in find_fronts(card):
            fronts.setdefault(group, []).append(text)
    ok = are_warnings(problems)
    compiled = Compiled(library, {**around.static, **media}, {}, around.types)
    columns = {
        **{f"fronts {kind}@{language}#{at}": texts for (kind, language, at), texts in fronts.items()},
        "ids": [id.partition("/")[2] for id in library.card_ids],
        "overrides": _find_overrides(source),
        "replaced": _find_replaced(library),
    }
    deck = library.cards[0].deck if library.cards else None
    for language in deck.languages if deck else ():
        columns |= _to_columns(compiled, language, ok and language in languages)
    joined = {name: "".join([text + ROW for text in column]) for name, column in columns.items() if column}
    if any(COLUMN in text or text.count(ROW) > len(columns[name]) for name, text in joined.items()):
        return None
    return Unit(
        source.path,
        digest,
        around.mark,
        str(today),
        str(_find_end(library, today)),
        deck.id if deck else "",
        is_framed,
        len(library.cards),
        tuple(languages) if ok else (),
        tuple(problems),
        tuple(sorted({tag for card in library.cards for tag in card.tags})),
        tuple(sorted({course for courses in compiled.courses.values() for course in courses})),
        tuple(sorted({(card.kind.name, language) for card in library.cards for language in card.languages})),
        tuple(sorted({to_deck_name(card, language) for card in library.cards for language in card.languages})),
        {file.name: str(file.path) for file in media.values()},
        tuple(sorted({unquote(name) for _, name in media})),
        joined,
    )


def _find_overrides(source: Source) -> list[str]:
    """The ids of other decks' cards that a file words otherwise, as they are written."""
    cards = source.value.get("cards")
    items = cards if isinstance(cards, list) else []
    return [str(item["override"]) for item in items if isinstance(item, dict) and "override" in item]


def _find_replaced(library: Library) -> list[str]:
    """The ids of retired cards and of those that replace them, where those are in another file."""
    replaced = ((card, card.retired["replaced_by"]) for card in library.cards if "replaced_by" in card.retired)
    return [f"{card.id}\x1f{id}" for card, id in replaced if not library.find(card, id)]


def _to_columns(compiled: Compiled, language: str, made: bool) -> dict[str, list[str]]:
    """The columns of a language: what a ledger says of its notes, and the notes themselves where they are `made`."""
    cards = [card for card in compiled.library.cards if language in card.languages]
    columns = {f"left out {language}": ["\x1f".join(one) for one in compiled.left_out(language)]}
    if any("guid" in card.values for card in cards):
        guids = [card.guid(language) for card in cards]
        columns[f"guids {language}"] = guids
        columns[f"guid digests {language}"] = [
            digest_guid(card.id, language, guid) for card, guid in zip(cards, guids, strict=True)
        ]
    if not made:
        columns[f"names {language}"] = [f"{card.id.partition('/')[2]}@{language}" for card in cards]
        columns[f"lines {language}"] = [
            to_line(card.kind.name, () if card.retired else tuple(card.templates(language)), "") for card in cards
        ]
        return columns
    notes = compiled.to_notes(language)
    columns |= {
        f"names {language}": [note.name for note in notes],
        f"lines {language}": [note.line for note in notes],
        f"rows {language}": [str(note.id) for note in notes],
        f"texts {language}": [note.text for note in notes],
        f"tags {language}": [note.tag_text for note in notes],
        f"decks {language}": [note.deck for note in notes],
        f"orders {language}": [str(note.order) for note in notes],
    }
    if any(note.media for note in notes):
        columns[f"media {language}"] = ["/".join(file.name for file in note.media) for note in notes]
    return columns


def _find_end(library: Library, today: date) -> date:
    """The last day on which a file gives the same: on the next a figure is due to be looked at again."""
    days = (to_date(str(card.values.get(key, ""))) for card in library.cards for key in card.kind.days)
    return min((day for day in days if day and day >= today), default=date.max)


def to_bytes(unit: Unit) -> bytes:
    """A unit as the bytes of a file."""
    about = {name: getattr(unit, name) for name in _TYPES}
    problems = [[p.spot.path, p.spot.line, p.spot.column, p.code, p.message, p.help, p.level, p.card] for p in unit.problems]
    head = json.dumps([about, problems, list(unit.columns)])
    data = COLUMN.join([head, *unit.columns.values()]).encode()
    return b"%08x" % crc32(data) + data


def from_bytes(data: bytes) -> Unit:
    """What `to_bytes` was given. Raises ValueError for anything else."""
    if b"%08x" % crc32(data[8:]) != data[:8]:
        raise ValueError("it is cut off")
    head, *texts = data[8:].decode().split(COLUMN)
    match json.loads(head):
        case [dict(about), list(problems), list(names)] if about.keys() == _TYPES.keys() and all(map(_is_problem, problems)):
            told = tuple(Problem(Spot(*one[:3]), *one[3:]) for one in problems)
            columns = dict(zip(names, texts, strict=True))
        case _:
            raise ValueError("it is no unit")
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in about.items()}
    if not all(isinstance(plain[name], type) for name, type in _TYPES.items()):
        raise ValueError("it is no unit")
    plain["spoken"] = tuple((str(kind), str(language)) for kind, language in plain["spoken"])
    for language in plain["languages"]:
        if len({columns.get(f"{name} {language}", "").count(ROW) for name in _ALIKE}) > 1:
            raise ValueError("its columns are not of one length")
    return Unit(**plain, problems=told, columns=columns)


def _is_problem(row: object) -> bool:
    return isinstance(row, list) and [type(part) for part in row] == [str, int, int, str, str, str, str, str]


_TYPES: dict[str, type] = {
    "path": str, "digest": str, "mark": str, "day": str, "until": str, "deck": str, "is_framed": bool, "size": int,
    "languages": tuple, "tags": tuple, "courses": tuple, "spoken": tuple, "decks": tuple, "media": dict, "named": tuple,
}  # fmt: skip
_ALIKE = ("names", "lines", "rows", "texts", "tags", "decks", "orders")
