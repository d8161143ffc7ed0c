"""What a build or release publishes: every note with its time, and which of them belong to each deck and course. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from flashdeck.anki.identity import course_of
from flashdeck.anki.note import LeftOut, Note, Times, with_static_media
from flashdeck.build.link import Facts, to_left_out, to_notes, to_overrides
from flashdeck.model.courses import Course, Filter, select
from flashdeck.model.decks import Deck
from flashdeck.release.ledger import Ledger, is_released, name_note
from flashdeck.release.stamp import CORRECTIONS, Delta, Wish, stamp


@dataclass(frozen=True)
class Release:
    """Every note in the languages of a build, when each last changed, and the ledgers as they are after it."""

    notes: dict[tuple[str, str], Note]  # by full id of the card, and language
    overrides: dict[tuple[str, str, str], Note]  # by the deck that overrides it, full id of the card, and language
    left_out: dict[tuple[str, str], LeftOut]  # by full id of the card, and language
    times: Times
    ledgers: dict[str, Ledger]
    deltas: dict[str, Delta]  # by deck id

    @cached_property
    def parts(self) -> dict[tuple[str, str], list[Note]]:
        """The notes of each deck and course in each language, those included that a deck overrides."""
        parts = _to_parts(self.notes)
        for deck, card, language in self.overrides:
            parts.setdefault((deck, language), []).append(self.notes[card, language])
        for part in {(deck, language) for deck, _, language in self.overrides}:
            parts[part].sort(key=lambda note: (note.deck_id, note.order))
        return parts

    @cached_property
    def parts_left_out(self) -> dict[tuple[str, str], list[LeftOut]]:
        """The cards that a missing translation kept out of each deck and course in each language."""
        return _to_parts(self.left_out)


@dataclass(frozen=True)
class Selection:
    """The notes of one deck or course in one language, and the cards that a missing translation kept out of it."""

    notes: tuple[Note, ...]
    left_out: tuple[LeftOut, ...]


def to_release(
    facts: Facts, ledgers: Mapping[str, Ledger], languages: Iterable[str], now: int, wish: Wish = CORRECTIONS, title: str = ""
) -> Release:
    """All notes in these languages, and what the ledgers record of them at the Unix time `now`, of a project without errors."""
    languages = list(languages)
    # what was withdrawn before anybody had it is not released
    notes = {
        (note.full_id, language): note
        for language in languages
        for note in to_notes(facts, language)
        if not note.retired or is_released(ledgers, note)
    }
    overrides = _to_overrides(facts, ledgers, notes, languages)
    left_out = {(card.full_id, language): card for language in languages for card in to_left_out(facts, language)}
    all_notes = [*notes.values(), *{id(note): note for note in overrides.values()}.values()]
    courses = {id: {one.id for one in facts.frame.courses.values() if one.deck == id} for id in ledgers}
    stamped = stamp(ledgers, all_notes, now, wish, title, courses)
    notes |= {key: with_static_media(note) for key, note in notes.items() if _is_corrected(note, stamped.ledgers)}
    overrides |= {key: with_static_media(note) for key, note in overrides.items() if note.media}
    return Release(notes, overrides, left_out, stamped.times, stamped.ledgers, stamped.deltas)


def _is_corrected(note: Note, ledgers: Mapping[str, Ledger]) -> bool:
    """Whether files of a note may come to learners who have it without them."""
    if not note.media:
        return False
    entries = [ledgers[id].notes[name_note(note)] for id in note.released_by]
    return any(entry.changed_text != entry.first_text for entry in entries)


def _to_overrides(
    facts: Facts, ledgers: Mapping[str, Ledger], notes: Mapping[tuple[str, str], Note], languages: Iterable[str]
) -> dict[tuple[str, str, str], Note]:
    """The notes that decks override. A deck that once did goes on to release the card: its learners get the original back."""
    decks_of: dict[tuple[str, str], set[str]] = {}
    for id, ledger in ledgers.items():
        for name in ledger.overrides:
            decks_of.setdefault(name, set()).add(id)
    overriding = {(note.full_id, language): note for language in languages for note in to_overrides(facts, language)}
    for (card, language), note in overriding.items():
        decks = {id for id in note.overriding if language in facts.frame.decks[id].languages}
        decks_of.setdefault((card, language), set()).update(decks)
    overrides: dict[tuple[str, str, str], Note] = {}
    for (card, language), decks in decks_of.items():
        if (original := notes.get((card, language))) and decks:
            note = overriding.get((card, language), original)
            note = note._replace(overriding=tuple(sorted(decks)), order=original.order)
            overrides |= {(deck, card, language): note for deck in decks}
    return overrides


T = TypeVar("T", bound=Note | LeftOut)


def _to_parts(items: Mapping[tuple[str, str], T]) -> dict[tuple[str, str], list[T]]:
    """What belongs to each deck and course (by its id: they share theirs) in each language, in its order."""
    parts: dict[tuple[str, str], list[T]] = {}
    courses: dict[str, list[str]] = {}  # by the text of all tags
    for (_, language), item in items.items():
        if item.tag_text not in courses:
            courses[item.tag_text] = [course for tag in item.tags if (course := course_of(tag))]
        for id in (item.deck_id, *courses[item.tag_text]):
            parts.setdefault((id, language), []).append(item)
    return parts


def select_notes(released: Release, target: Deck | Course, language: str, criteria: Filter) -> Selection:
    """The notes of a deck or course in one language, in their authors' order."""
    deck, part = target.deck if isinstance(target, Course) else target.id, (target.id, language)
    notes = select(released.parts.get(part, []), criteria)
    if released.overrides:
        notes = [released.overrides.get((deck, note.full_id, language), note) for note in notes]
    return Selection(tuple(notes), tuple(select(released.parts_left_out.get(part, []), criteria)))
