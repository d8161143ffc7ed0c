"""Units -> the facts of a whole project, in order, and completed where one file needs another.

Everything is worked out over facts, never over cards. Where a card has to be seen again, for the place of a problem or for the
wording of an override, its one file is read again.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.identity import in_language, split_full_id, to_guid
from flashdeck.anki.media import Media, find_static, read_static
from flashdeck.anki.note import LeftOut, Note, NoteType, in_edition, to_note_type, to_tag_text
from flashdeck.build.cache import NO_CACHE, Cache
from flashdeck.build.unit import PART, RETIRED, ROW, Unit, to_rows
from flashdeck.diagnostics.problem import Problem, Spot
from flashdeck.model.cards import Card, CardFile, open_card_file, read_card
from flashdeck.model.decks import NOWHERE
from flashdeck.model.frame import Frame
from flashdeck.model.keys import SENSITIVE
from flashdeck.model.lists import find_lists
from flashdeck.sources.files import MEDIA_FOLDER, Files
from flashdeck.sources.yaml_file import ANYTHING, Node, Source, read_source

# Where one of these is reported, a file may be meant that seems unused.
MEDIA_CODES = ("missing-media", "two-media", "media-outside", "unreadable-file")


class TypeKey(NamedTuple):
    """What a note type is of."""

    kind: str  # its name
    language: str
    deck: str  # the id of the deck that released it first
    edition: int = 1  # of the kind


class CardFact(NamedTuple):
    """What is known of one card as it was typed, valid or not."""

    unit: Unit
    row: int
    item: int  # which item of `cards` it is
    id: str  # in its deck; empty where none is typed
    kind: str  # its name; empty where it is not known
    tags: tuple[str, ...]
    valid: bool
    replaced_by: str
    origin: str  # the full id that it had before it was moved; else empty

    @property
    def deck(self) -> str:
        return self.unit.deck

    @property
    def full_id(self) -> str:
        return f"{self.unit.deck}/{self.id}"


@dataclass(frozen=True)
class Facts:
    """The facts of all files of a project together."""

    frame: Frame
    units: tuple[Unit, ...]  # in the order of their cards
    files: Files
    today: date | None = None  # for what is due on a day; None where nothing is
    cache: Cache = NO_CACHE
    completed: tuple[Unit, ...] = ()  # cards that need several files: retired ones that are replaced, and overridden ones
    type_ids: Mapping[TypeKey, int] = field(default_factory=dict)  # of note types that were released
    editions: Mapping[str, int] = field(default_factory=dict)  # of released notes by `deck/card@language`, where kinds have any
    _rows: dict[str, list[CardFact]] = field(default_factory=dict, repr=False)
    _files: dict[str, CardFile] = field(default_factory=dict, repr=False)
    _sources: dict[str, Source] = field(default_factory=dict, repr=False)
    _ids_of: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _types: dict[TypeKey, NoteType] = field(default_factory=dict, repr=False)
    _alike: "dict[tuple[str, ...], _Alike]" = field(default_factory=dict, repr=False)
    _spots: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict, repr=False)  # by digest of a file
    _new_spots: set[str] = field(default_factory=set, repr=False)  # the digests of files with places that the cache does not have

    # ---- names -----------------------------------------------------------------------------------------------------------

    @cached_property
    def ids(self) -> dict[str, tuple[Unit, int]]:
        """The full ids of all cards, each with the unit and row of the first card that has it."""
        found: dict[str, tuple[Unit, int]] = {}
        for unit in self.units:
            for row, id in enumerate(to_rows(unit.cards.ids)):
                if id:
                    found.setdefault(f"{unit.deck}/{id}", (unit, row))
        return found

    @cached_property
    def card_ids(self) -> frozenset[str]:
        return frozenset(self.ids)

    def ids_of(self, deck: str) -> frozenset[str]:
        """The ids of the cards of a deck, in it."""
        if deck not in self._ids_of:
            self._ids_of[deck] = frozenset(id for full in self.ids for head, _, id in [full.partition("/")] if head == deck)
        return self._ids_of[deck]

    @cached_property
    def tags(self) -> frozenset[str]:
        """The tags of all cards."""
        texts = {text for unit in self.units for _, text in unit.groups}
        return frozenset(tag for text in texts for tag in text.split(PART) if tag) | {SENSITIVE}

    @cached_property
    def unread(self) -> str:
        """The text of all files that could not be read."""
        return "\n".join(
            text for text in (*(unit.unread for unit in self.units), *(one.unread for one in self.frame.sources.values())) if text
        )

    def may_define(self, id: str) -> bool:
        """Whether an id (of a card: also its full id) that is not known may be defined where something could not be read.

        That has been reported already.
        """
        deck, id = split_full_id(id)
        if deck and deck not in self.frame.deck_ids and self.frame.has_nameless_decks:
            return True
        if not self.unread:
            return False
        return ANYTHING in self.unread or bool(re.search(rf"""\bid["']?\s*:\s*["']?{re.escape(id)}(?![\w.-])""", self.unread))

    def may_have(self, key: str, word: str) -> bool:
        """Whether a tag, kind or deck (by its key in a course) that is not known may be there all the same."""
        if key == "tags":
            return word in self.unread or ANYTHING in self.unread
        return self.may_define(word if "/" in word else f"{word}/") and self.frame.has_nameless_decks

    def note_type(self, key: TypeKey) -> NoteType:
        """A note type; it is made once, and only if asked for."""
        if key not in self._types:
            kind, language, deck, edition = key
            static = read_static(self.frame.kinds[kind], self.frame.kind_folders, self.files)
            self._types[key] = to_note_type(self.frame.kinds[kind], language, static, deck, self.type_ids.get(key, 0), edition)
        return self._types[key]

    @cached_property
    def named_media(self) -> dict[str, list[str]]:
        """The media folder of each deck with the names of files that are used, but for decks in which such a name is wrong."""
        folders = {}
        overriding = {name for unit in self.completed for name in unit.named}
        for id, deck in self.frame.decks.items():
            units = [unit for unit in self.units if unit.deck == id]
            if not any(problem.code in MEDIA_CODES for unit in units for problem in unit.problems):
                kinds = self.frame.kinds_of(deck).values()
                static = {name for kind in kinds for name in find_static(kind)}
                folders_of = self.frame.kind_folders
                static |= {name for kind in kinds if "/" in kind.name for _, name in read_static(kind, folders_of, self.files)}
                names = {name for unit in units for name in unit.named} | overriding | static
                folders[str(deck.folder / MEDIA_FOLDER)] = sorted(names)
        return folders

    # ---- cards -----------------------------------------------------------------------------------------------------------

    def cards(self, units: Iterable[Unit] | None = None) -> Iterator[CardFact]:
        """The cards of some units (of all, if None), in order."""
        for unit in self.units if units is None else units:
            yield from self._cards_of(unit)

    def card(self, unit: Unit, row: int) -> CardFact:
        """The card in one row of a unit."""
        return self._cards_of(unit)[row]

    def card_at(self, unit: Unit, item: int) -> CardFact:
        """The card that is one of the items of `cards`."""
        return next(card for card in self._cards_of(unit) if card.item == item)

    def _cards_of(self, unit: Unit) -> list[CardFact]:
        if unit.path not in self._rows:
            columns = unit.cards
            wanted = (columns.ids, columns.items, columns.kinds, columns.tags, columns.valid, columns.replaced_by)
            self._rows[unit.path] = [
                CardFact(unit, row, int(item), id, kind, split_tags(tags), bool(valid), replaced_by, origin)
                for row, (id, item, kind, tags, valid, replaced_by, origin) in enumerate(
                    zip(*map(to_rows, (*wanted, columns.origins)), strict=True)
                )
            ]
        return self._rows[unit.path]

    @cached_property
    def moved(self) -> dict[str, CardFact]:
        """The cards that were moved, by the full ids that they had."""
        units = [unit for unit in self.units if unit.cards.origins.strip(ROW)]
        return {card.origin: card for card in self.cards(units) if card.origin}

    def list_guids(self) -> Iterator[tuple[CardFact, list[str]]]:
        """Each card that is complete in a language, with its guids in all of them."""
        for unit in self.units:
            guids: dict[int, list[str]] = {}
            ids = to_rows(unit.cards.ids)
            for language, table in unit.languages.items():
                for row, guid in zip(map(int, to_rows(table.rows)), to_rows(table.guids), strict=True):
                    guids.setdefault(row, []).append(guid or to_guid(f"{unit.deck}/{ids[row]}", language))
            for row, some in guids.items():
                yield self.card(unit, row), some

    def find(self, id: str, deck: str = "") -> CardFact | None:
        """The card of a full id or, in the same deck, of its own."""
        found = self.ids.get(id) or self.ids.get(f"{deck}/{id}")
        return self.card(*found) if found else None

    # ---- places ----------------------------------------------------------------------------------------------------------

    def source(self, unit: Unit) -> Source:
        """The file of a unit, read again."""
        if unit.path not in self._sources:
            self._sources[unit.path] = read_source(Path(unit.path), self.files, [])
        return self._sources[unit.path]

    def node(self, unit: Unit, item: int) -> Node:
        """An item of the cards of a unit."""
        source = self.source(unit)
        return source.node(find_lists(source)["cards"], item)

    def read_card(self, fact: CardFact) -> Card | None:
        """The card as its author wrote it; None where its kind is not known."""
        return read_card(self.open(fact.unit), fact.row, []).card

    def open(self, unit: Unit) -> CardFile:
        """The file of a unit, to read cards of it again."""
        if unit.path not in self._files:
            source, deck = self.source(unit), self.frame.find_home(Path(unit.path))[0] or NOWHERE
            self._files[unit.path] = open_card_file(
                source, find_lists(source).get("cards", ""), deck, self.frame.kinds_of(deck), []
            )
        return self._files[unit.path]

    def spot(self, unit: Unit, item: int, *route: str | int, word: str = "", nth: int = 0) -> Spot:
        """The place of a field of a card, in the card or beside `cards`.

        It is kept: a mistake that several files make together stands while others are edited, and must not make checks slow.
        """
        known = self._known_spots(unit)
        question = repr((item, route, word, nth))
        if question not in known:
            source, node = self.source(unit), self.node(unit, item)
            top = () if route and route[0] not in node.fields else node.route
            spot = source.spot(top + route, word=word, nth=nth)
            known[question] = spot.line, spot.column
            self._new_spots.add(unit.digest)
        return Spot(unit.path, *known[question])

    def problem(self, card: CardFact, code: str, message: str, *route: str | int, help: str, level: str = "error") -> Problem:
        """A problem at a field of a card."""
        spot = self.spot(card.unit, card.item, *route)
        return Problem(spot, code, message, help, level, card.full_id if card.id else "")

    def _known_spots(self, unit: Unit) -> dict[str, tuple[int, int]]:
        if unit.digest not in self._spots:
            found: dict[str, tuple[int, int]] = {}
            try:
                for question, (line, column) in json.loads(self.cache.load("spots", unit.digest) or "{}").items():
                    found[str(question)] = int(line), int(column)
            except (ValueError, TypeError, AttributeError, RecursionError):  # a damaged entry
                found = {}
            self._spots[unit.digest] = found
        return self._spots[unit.digest]

    def keep_spots(self) -> None:
        """Keeps the places that were looked up for the next run."""
        for digest in self._new_spots:
            self.cache.store(json.dumps(self._spots[digest]).encode(), "spots", digest)


def split_tags(text: str) -> tuple[str, ...]:
    return tuple(text.split(PART)) if text else ()


def link(
    frame: Frame,
    units: Mapping[Path, Unit],
    files: Files,
    today: date | None,
    cache: Cache,
    type_ids: Mapping[TypeKey, int],
    editions: Mapping[str, int],
) -> Facts:
    """The facts of all units, in an order that no file system can change: by deck, then by the path in its folder."""
    homes = {path: frame.find_home(path)[1] for path in units}
    ordered = sorted(units.items(), key=lambda pair: (pair[1].deck, homes[pair[0]]))
    return Facts(frame, tuple(unit for _, unit in ordered), files, today, cache, (), type_ids, editions)


# ---- notes ---------------------------------------------------------------------------------------------------------------


def to_notes(facts: Facts, language: str) -> list[Note]:
    """The notes of all cards that are complete in a language. There are none where the project has errors."""
    notes: list[Note] = []
    places: Counter[str] = Counter()
    for unit in facts.units:
        notes += to_unit_notes(facts, unit, language, places[unit.deck])
        places[unit.deck] += unit.size
    replaced = {
        note.full_id: note for unit in facts.completed if not unit.overriding for note in to_unit_notes(facts, unit, language, 0)
    }
    if not replaced:
        return notes
    return [replaced[note.full_id]._replace(order=note.order) if note.full_id in replaced else note for note in notes]


def to_overrides(facts: Facts, language: str) -> list[Note]:
    """The notes of cards as other decks word them."""
    return [note for unit in facts.completed if unit.overriding for note in to_unit_notes(facts, unit, language, 0)]


class _Alike(NamedTuple):
    """What is the same in all notes of one kind with the same tags, courses and templates."""

    type: NoteType
    tag_text: str
    cards: tuple[int, ...]
    retired: bool


def to_unit_notes(facts: Facts, unit: Unit, language: str, offset: int) -> Iterator[Note]:
    """The notes of a unit in a language, the first of its cards in the place `offset` of its deck."""
    if language not in unit.notes:
        return
    ids, kinds, tags = map(to_rows, (unit.cards.ids, unit.cards.kinds, unit.cards.tags))
    origins = to_rows(unit.cards.origins) if unit.cards.origins.strip(ROW) else None
    rules, deck_id, known = facts.frame.rules, unit.deck, facts._alike
    table = unit.languages[language]
    facts_of = zip(*map(to_rows, (table.rows, table.templates, table.guids, table.gaps)), strict=True)
    notes_of = zip(*map(to_rows, unit.notes[language]), strict=True)
    for (row_text, templates, guid, gaps), (id, text, digest, source, deck, media) in zip(facts_of, notes_of, strict=True):
        row = int(row_text)
        name, kind = ids[row], kinds[row]
        named = f"{deck_id}/{name}" if rules.named and f"{deck_id}/{name}" in rules.named else ""
        origin = origins[row] if origins else ""
        key = (language, deck_id, kind, tags[row], templates, named, origin.partition("/")[0])
        if not (alike := known.get(key)):
            own = split_tags(tags[row])
            courses = rules.find(named, kind, deck_id, own)
            type_key = TypeKey(kind, language, key[-1] or deck_id, facts.frame.kinds[kind].edition)
            alike = known[key] = _to_alike(facts.note_type(type_key), templates, own, rules.with_former(courses))
        type, tag_text, cards, retired = alike
        note = Note(
            guid or to_guid(f"{deck_id}/{name}", language),
            int(id),
            name,
            deck_id,
            type,
            text,
            tag_text,
            digest,
            source,
            deck,
            cards,
            offset + row + 1,
            tuple(Media(one, Path(unit.media[one])) for one in media.split("/")) if media else (),
            unit.overriding,
            retired,
            gaps,
            origin,
        )
        yield _in_its_edition(facts, note) if type.edition > 1 else note


def _in_its_edition(facts: Facts, note: Note) -> Note:
    """The note as it was released, where its kind has fields or cards since."""
    type = note.type
    names = [in_language(id, type.language) for id in (note.full_id, note.origin)]
    edition = next((facts.editions[name] for name in names if name in facts.editions), type.edition)
    if edition == type.edition:
        return note
    return in_edition(note, facts.frame.kinds[type.kind], facts.note_type(TypeKey(type.kind, type.language, type.deck, edition)))


def _to_alike(type: NoteType, templates: str, own: tuple[str, ...], courses: tuple[str, ...]) -> _Alike:
    retired = templates == RETIRED
    cards = () if retired else tuple(map(int, templates.split(",")))
    tag_text = to_tag_text(own, courses, retired)
    return _Alike(type, tag_text, cards, retired)


def to_left_out(facts: Facts, language: str) -> list[LeftOut]:
    """The cards that a missing translation keeps out of a language."""
    found = []
    for unit in facts.units:
        if language in unit.languages:
            for row in to_rows(unit.languages[language].left_out):
                card = facts.card(unit, int(row))
                courses = facts.frame.rules.find(card.full_id, card.kind, card.deck, card.tags)
                found.append(LeftOut(card.full_id, card.deck, card.kind, to_tag_text(card.tags, courses, False)))
    return found
