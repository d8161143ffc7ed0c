"""What a preview shows: every card of a project in each language, with both sides as Anki draws them. Pure.

The notes are those of a package. Where a file has mistakes, its valid cards are made all the same, and the others stand there
with what is wrong with them.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.media import Media, Place, read_media
from flashdeck.anki.note import LeftOut, Note, digest_texts
from flashdeck.anki.package_reader import Stored, to_stored
from flashdeck.anki.shown import to_shown
from flashdeck.build.languages import add_languages
from flashdeck.build.link import CardFact, Facts
from flashdeck.build.unit import Unit
from flashdeck.diagnostics.problem import Problem, has_errors
from flashdeck.model.cards import Card
from flashdeck.model.keys import SENSITIVE
from flashdeck.model.texts import texts_in
from flashdeck.pipeline import Project
from flashdeck.preview.sides import Side, draw_side
from flashdeck.release.changes import compare, find_displaced
from flashdeck.release.release import Release, to_release
from flashdeck.sources.yaml_file import Value

Drawn = MutableMapping[Note, tuple[Side, ...]]
NOBODY: Mapping[str, Stored] = {}


class Change(NamedTuple):
    """How a card differs from the last release: `new`, `changed`, `retired` or `restored`."""

    what: str
    fields: tuple[tuple[str, str, str], ...] = ()  # name, text then and text now, where both are known


@dataclass(frozen=True)
class PreviewCard:
    """A card in one language. One that cannot be made has no sides, but problems."""

    id: str  # its full id; of one without, `deck/`
    language: str
    deck_id: str
    deck: str  # its name in Anki, with its parents; empty where it cannot be made
    kind: str  # the word that its author uses
    tags: tuple[str, ...]
    courses: tuple[str, ...]  # their ids
    sides: tuple[Side, ...]  # one for each card that Anki makes of it
    style: str  # which of `Preview.styles`
    path: str  # of its source, as the user named it
    line: int
    sensitive: bool = False
    retired: bool = False
    worded_by: str = ""  # the id of the deck whose wording it has, where that is not its own
    media: tuple[str, ...] = ()  # the names in Anki of the files that it shows
    sources: tuple[str, ...] = ()  # what it cites, as HTML
    problems: tuple[Problem, ...] = ()
    change: Change | None = None  # since the last release; None where nothing was released

    @property
    def key(self) -> str:
        """What no other card of a preview is called, as long as ids are not repeated."""
        return f"{self.id}@{self.language}" + f" {self.worded_by}" * bool(self.worded_by)


class Titled(NamedTuple):
    """A deck or course: its title in each language that has one."""

    id: str
    titles: Mapping[str, str]
    licence: str = ""
    descriptions: Mapping[str, str] = {}


class Citation(NamedTuple):
    """A source as cards of one language cite it."""

    language: str
    html: str
    cards: tuple[str, ...]  # their full ids


class NotCarried(NamedTuple):
    """What a package cannot bring to who has the one before: `moved` to another deck in Anki, in another place among the new
    cards (`placed`), `retired`, with other tags only (`tagged`), drawn otherwise by this flashdeck (`rendered`); or what it
    leaves out: cards that are not translated (`untranslated`).
    """

    what: str
    cards: tuple[str, ...]  # their full ids
    about: str = ""  # of `moved`, the deck in which learners keep them; of `untranslated`, the language


@dataclass(frozen=True)
class Preview:
    """All that a page, a file for print or a site shows of a project."""

    decks: tuple[Titled, ...]
    courses: tuple[Titled, ...]
    languages: tuple[str, ...]
    cards: tuple[PreviewCard, ...]  # in their authors' order, language by language
    styles: Mapping[str, str] = field(repr=False)  # CSS
    media: Mapping[str, Path]  # by their names in Anki
    citations: tuple[Citation, ...]
    problems: tuple[Problem, ...]  # those that are of none of the cards
    not_carried: tuple[NotCarried, ...]


def collect(
    project: Project,
    now: int,
    courses: Collection[str] = (),
    languages: Collection[str] = (),
    before: Mapping[str, Stored] = NOBODY,
    drawn: Drawn | None = None,
) -> Preview:
    """What there is to see of some courses (of all decks, where none is named) in some languages (or all).

    `now` is a Unix time; `before` are the notes of the last release by guid, as far as they are known; `drawn` are sides that
    need not be drawn again, and gets those that were.
    """
    frame = project.frame
    codes = tuple(code for code in frame.languages if not languages or code in languages)
    facts = _salvage(project.facts, codes)
    released = to_release(facts, project.ledgers, codes, now)
    maker = _Maker(project, facts, released, {} if drawn is None else drawn, _find_changes(released, project, before))
    problems, others = _sort_problems(project.problems, facts)
    chosen = []
    for fact in facts.cards():
        ids = frame.rules.find(fact.full_id, fact.kind, fact.deck, fact.tags)
        if not courses or not {*courses}.isdisjoint(ids):
            chosen.append((fact, ids, tuple(problems.get((fact.unit.path, fact.item), ()))))
    cards = [card for code in codes for one in chosen for card in maker.make(*one, code, courses)]
    facts.keep_spots()
    return Preview(
        tuple(_to_titled(deck.id, deck.title, codes, deck.licence, deck.description) for deck in frame.decks.values()),
        tuple(_to_titled(one.id, one.title, codes) for one in frame.courses.values() if not courses or one.id in courses),
        codes,
        tuple(cards),
        maker.styles,
        maker.media,
        tuple(_find_citations(cards)),
        tuple(others),
        tuple(_find_not_carried(released, before)),
    )


@dataclass(frozen=True)
class _Maker:
    """Makes the cards of a preview, and learns which styles and files they need."""

    project: Project
    facts: Facts
    released: Release
    drawn: Drawn
    changes: Mapping[tuple[str, bool], Change]  # by guid, and whether it has another deck's wording
    styles: dict[str, str] = field(default_factory=dict)
    media: dict[str, Path] = field(default_factory=dict)

    def make(
        self, fact: CardFact, courses: tuple[str, ...], problems: tuple[Problem, ...], code: str, wanted: Collection[str]
    ) -> Iterator[PreviewCard]:
        """A card in a language: with its own wording, and with that of decks which override it."""
        card = PreviewCard(
            fact.full_id,
            code,
            fact.deck,
            "",
            fact.kind.rpartition("/")[2],
            fact.tags,
            courses,
            (),
            "",
            fact.unit.path,
            self.facts.spot(fact.unit, fact.item).line,
            SENSITIVE in fact.tags,
            problems=problems,
        )
        notes = [*self._find_notes(fact, code, wanted)]
        for worded_by, note in notes:
            files = (*note.media, *note.type.media)
            style = digest_texts(note.type.css)[:8]
            self.styles[style] = note.type.css
            self.media.update({file.name: file.path for file in files})
            yield replace(
                card,
                deck=note.deck,
                sides=self._draw(fact, note),
                style=style,
                retired=note.retired,
                worded_by=worded_by,
                media=tuple(file.name for file in files),
                sources=tuple(_find_sources(note)),
                change=self.changes.get((note.guid, bool(note.overriding))),
            )
        deck = self.project.frame.decks.get(fact.deck)
        if not notes and has_errors(problems) and (not deck or code in deck.languages):
            yield card

    def _find_notes(self, fact: CardFact, code: str, wanted: Collection[str]) -> Iterator[tuple[str, Note]]:
        """The notes of a card in a language, each with the deck that words it so, if that is not its own."""
        if not _is_first(self.facts, fact) or (fact.full_id, code) not in self.released.notes:
            return
        decks = {self.project.frame.courses[id].deck for id in wanted if id in self.project.frame.courses}
        overrides = {
            deck: note for (deck, id, other), note in self._overrides.get(fact.full_id, {}).items() if other == code and id
        }
        if not decks or not decks <= overrides.keys():
            yield "", self.released.notes[fact.full_id, code]
        yield from ((deck, note) for deck, note in overrides.items() if not decks or deck in decks)

    @cached_property
    def _overrides(self) -> dict[str, dict[tuple[str, str, str], Note]]:
        found: dict[str, dict[tuple[str, str, str], Note]] = {}
        for key, note in self.released.overrides.items():
            found.setdefault(key[1], {})[key] = note
        return found

    def _draw(self, fact: CardFact, note: Note) -> tuple[Side, ...]:
        if note not in self.drawn:
            cards = note.cards
            if note.retired and (card := self.facts.read_card(fact)):  # who has it has the cards that it made
                cards = tuple(card.templates(note.type.language))
            self.drawn[note] = tuple(draw_side(note, at) for at in cards)
        return self.drawn[note]


def _is_first(facts: Facts, fact: CardFact) -> bool:
    """Whether a card is the first, or only, one of its id."""
    unit, row = facts.ids.get(fact.full_id, (fact.unit, -1))
    return (unit.path, row) == (fact.unit.path, fact.row)


def _salvage(facts: Facts, languages: Collection[str]) -> Facts:
    """The facts with notes of all cards that can be made: where a file has a mistake, its unit has none."""
    first = {(unit.path, row) for unit, row in facts.ids.values()}
    units = []
    for unit in facts.units:
        if unit.deck not in facts.frame.decks:
            unit = replace(unit, languages={}, notes={})
        elif not unit.ok or any((unit.path, card.row) not in first for card in facts.cards([unit])):
            unit = _salvage_unit(facts, unit, first, languages)
        units.append(unit)
    return replace(facts, units=tuple(units), _rows={})


def _salvage_unit(facts: Facts, unit: Unit, first: Collection[tuple[str, int]], languages: Collection[str]) -> Unit:
    media: dict[Place, Media] = {}
    cards: dict[int, Card] = {}
    for fact in facts.cards([unit]):
        card = facts.read_card(fact) if fact.valid and (unit.path, fact.row) in first else None
        if card and all(card.templates(code) for code in card.languages):
            cards[fact.row] = card
            for _ in read_media(card, facts.files, media, []):
                pass
    return add_languages(unit, cards, facts.frame.references, media, languages)


def _find_changes(released: Release, project: Project, before: Mapping[str, Stored]) -> dict[tuple[str, bool], Change]:
    """How notes differ from the last release, of decks that had one."""
    found = {}
    for id, delta in released.deltas.items():
        if not project.ledgers[id].is_empty:
            for what in ("new", "changed", "retired", "restored"):
                for note in getattr(delta, what):
                    old = before.get(note.guid) if what == "changed" and not note.overriding else None
                    change = compare(old, to_stored(note)) if old else None
                    found[note.guid, bool(note.overriding)] = Change(what, change.fields if change else ())
    return found


def _sort_problems(problems: Iterable[Problem], facts: Facts) -> tuple[dict[tuple[str, int], list[Problem]], list[Problem]]:
    """Problems by the path and item of their cards, and those that are of no card."""
    places: dict[str, list[tuple[str, int]]] = {}
    for fact in facts.cards():
        places.setdefault(fact.full_id, []).append((fact.unit.path, fact.item))
    spans: dict[str, list[tuple[int, int, int]]] = {}  # of the cards of a file: their first and last lines, and items
    by_card: dict[tuple[str, int], list[Problem]] = {}
    others = []
    for problem in problems:
        found = places.get(problem.card, []) if problem.card else []
        if len(found) != 1:
            path, line, _ = problem.spot
            if path not in spans:
                spans[path] = [*_find_spans(facts, path)]
            found = [(path, item) for start, end, item in spans[path] if start <= line <= end]
        if found:
            by_card.setdefault(found[0], []).append(problem)
        else:
            others.append(problem)
    return by_card, others


def _find_spans(facts: Facts, path: str) -> Iterator[tuple[int, int, int]]:
    for unit in facts.units:
        if unit.path == path and unit.size:
            source = facts.source(unit)
            for fact in facts.cards([unit]):
                start, _, end = source.span(facts.node(unit, fact.item).route)
                yield source.spot_at(start).line, source.spot_at(max(start, end - 1)).line, fact.item


_CITED = re.compile(r"<li[^>]*>(.*?)</li>", re.S)


def _find_sources(note: Note) -> list[str]:
    """What a note cites, as HTML."""
    if "Sources" not in note.type.field_keys:
        return []
    return _CITED.findall(note.fields[note.type.field_keys.index("Sources")])


def _find_citations(cards: Iterable[PreviewCard]) -> Iterator[Citation]:
    """The sources that cards cite, in the order of their texts, each once a language."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for card in cards:
        for html in card.sources:
            found.setdefault((card.language, html), {})[card.id] = None
    for (language, html), ids in sorted(found.items(), key=lambda pair: (pair[0][0], to_shown(pair[0][1]).casefold())):
        yield Citation(language, html, tuple(ids))


def _find_not_carried(released: Release, before: Mapping[str, Stored]) -> Iterator[NotCarried]:
    def name(notes: Iterable[Note | LeftOut]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(note.full_id for note in notes))

    moved: dict[str, list[Note]] = {}
    for note, deck in (pair for delta in released.deltas.values() for pair in delta.moved):
        moved.setdefault(deck, []).append(note)
    yield from (NotCarried("moved", name(notes), deck) for deck, notes in moved.items())
    by_guid = {note.guid: note for note in released.notes.values() if note.cards}
    if placed := [by_guid[guid] for guid in find_displaced([*before], [*by_guid])]:
        yield NotCarried("placed", name(placed))
    for what in ("retired", "tagged", "rendered"):
        if some := [note for delta in released.deltas.values() for note in getattr(delta, what)]:
            yield NotCarried(what, name(some))
    left_out: dict[str, list[LeftOut]] = {}
    for (_, language), card in released.left_out.items():
        left_out.setdefault(language, []).append(card)
    yield from (NotCarried("untranslated", name(cards), language) for language, cards in left_out.items())


def _to_titled(id: str, title: Value, languages: Iterable[str], licence: str = "", description: Value = "") -> Titled:
    return Titled(id, _by_language(title, languages), licence, _by_language(description, languages))


def _by_language(value: Value, languages: Iterable[str]) -> dict[str, str]:
    texts = ((code, next((text for _, text in texts_in(value, code)), "")) for code in languages)
    return {code: text for code, text in texts if text}
