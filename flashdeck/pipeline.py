"""The whole pipeline on one page: read this first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import unquote

from flashdeck.anki.media import Media, Place, read_media, read_static, tell_unused
from flashdeck.anki.note import LeftOut, Note, NoteType, to_note, to_note_type, to_tag_text
from flashdeck.build.checks import CHECKS, check_review
from flashdeck.diagnostics.problem import Problem, are_warnings
from flashdeck.model.cards import Card, Course, Deck, Library
from flashdeck.model.courses import Filter, find_courses, select
from flashdeck.model.kind_reader import read_kinds, read_own_kinds
from flashdeck.model.kinds import Kind
from flashdeck.model.library import read_library
from flashdeck.release.compatibility import check_releases
from flashdeck.release.ledger import NAME as LEDGER
from flashdeck.release.ledger import Ledger, is_released, read_ledger, stamp
from flashdeck.sources.yaml_file import find_sources, read_source, to_source


@dataclass(frozen=True)
class Compiled:
    """What the sources say, what was released of them, and all that is wrong with them, sorted by place."""

    library: Library
    media: dict[Place, Media]
    ledgers: dict[str, Ledger]  # by deck id
    types: Mapping[str, NoteType]  # by `kind@language`
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether packages may be made: warnings do not hinder."""
        return are_warnings(self.problems)

    @property
    def tags(self) -> set[str]:
        return self.library.tags

    @cached_property
    def courses(self) -> dict[str, list[str]]:
        """The ids of the courses of each card, by its id."""
        return find_courses(self.library.cards, [*self.library.courses.values()])

    def to_notes(self, language: str) -> list[Note]:
        """The notes of all cards that are whole in a language."""
        return [self.to_note(card, language) for card in self.library.cards if language in card.languages]

    def to_override(self, card: str, language: str) -> Note | None:
        """The note of a card (by its id) as another deck words it, if one does."""
        overridden = self.library.overridden
        return self.to_note(overridden[card], language) if card in overridden else None

    def left_out(self, language: str) -> list[LeftOut]:
        """The cards that a missing translation keeps out of a language."""
        return [
            LeftOut(card.id, card.kind.name, to_tag_text(card, self.courses.get(card.id, ())))
            for card in self.library.cards
            if language in card.left_out
        ]

    def to_note(self, card: Card, language: str) -> Note:
        """The note of a card, with the tags of all its courses, whichever of them is built."""
        retired = card.retired
        replacement = self.library.find(card, retired["replaced_by"]) if "replaced_by" in retired else None
        type = self.types[f"{card.kind.name}@{language}"]
        courses = self.courses.get(card.id, ())
        return to_note(card, language, type, self.library.references, self.media, courses, replacement)


class Notes(Protocol):
    """Of what a release is made: what `compile_decks` gives, or `linking.link_decks` in less time."""

    @property
    def library(self) -> Library: ...
    @property
    def ledgers(self) -> dict[str, Ledger]: ...
    def to_notes(self, language: str) -> list[Note]: ...
    def to_override(self, card: str, language: str) -> Note | None: ...
    def left_out(self, language: str) -> list[LeftOut]: ...


@dataclass(frozen=True)
class Release:
    """Every note in the languages of a build, when each last changed, and the ledgers as they are after it."""

    notes: dict[tuple[str, str], Note]  # by card id and language
    overrides: dict[tuple[str, str, str], Note]  # by the deck that words it otherwise, card id and language
    left_out: dict[tuple[str, str], LeftOut]  # by card id and language
    times: dict[str | int, int]  # by key of the note and id of the note type
    ledgers: dict[str, Ledger]

    @cached_property
    def parts(self) -> dict[tuple[str, str], list[Note]]:
        """The notes of each deck and course in each language, those included that a deck words otherwise."""
        parts = _to_parts(self.notes)
        for deck, card, language in self.overrides:
            parts.setdefault((deck, language), []).append(self.notes[card, language])
        for part in {(deck, language) for deck, _, language in self.overrides}:
            parts[part].sort(key=lambda note: (note.card.partition("/")[0], note.order))
        return parts

    @cached_property
    def parts_left_out(self) -> dict[tuple[str, str], list[LeftOut]]:
        """The cards that a missing translation kept out of each deck and course in each language."""
        return _to_parts(self.left_out)


@dataclass(frozen=True)
class Selection:
    """The notes of one deck or course in one language, and the cards that a missing translation kept out of it."""

    name: str
    notes: tuple[Note, ...]
    left_out: tuple[LeftOut, ...]


def compile_decks(
    paths: Sequence[Path],
    today: date | None = None,
    follow: Callable[[list[Path]], Iterable[Path]] = iter,
    edits: Mapping[Path, bytes] | None = None,
) -> Compiled:
    """Reads and checks everything below `paths`. `today` is for figures that are due for review; `follow` shows progress.

    `edits` stand for files as they would be, written already or not.
    """
    problems: list[Problem] = []
    edits = edits or {}
    files = list(dict.fromkeys([*find_sources(paths, problems), *edits]))
    sources = [to_source(file, edits[file], problems) if file in edits else read_source(file, problems) for file in follow(files)]
    folders = {Path(source.path).parent for source in sources if Path(source.path).name == "deck.yaml"}
    own_kinds = {folder: read_own_kinds(folder, problems) for folder in sorted(folders)}
    library = read_library(sources, read_kinds(), own_kinds, problems)
    ledgers = {deck.id: read_ledger(deck.folder / LEDGER, problems) for deck in library.decks}
    missed: list[Problem] = []
    media = read_static(library.kinds.values(), {deck.id: deck for deck in library.decks}) | read_media(library, missed)
    problems += missed
    if not library.unread and are_warnings(missed):  # else a file may be meant that seems unused
        problems += tell_unused(library.decks, {unquote(name) for _, name in media})
    for check in CHECKS:
        problems += check(library)
    if today:
        problems += check_review(library, today)
    types = to_types(library.kinds.values(), library.languages, media)
    compiled = Compiled(library, media, ledgers, types)
    sound = are_warnings(problems)
    problems += check_releases(library, ledgers, types, compiled.to_note if sound else None)
    return replace(compiled, problems=tuple(sorted(set(problems))))


def to_types(kinds: Iterable[Kind], languages: Iterable[str], media: Mapping[Place, Media]) -> dict[str, NoteType]:
    """The note types of the kinds, by `kind@language`."""
    languages = list(languages)
    return {f"{kind.name}@{language}": to_note_type(kind, language, media) for kind in kinds for language in languages}


def release(compiled: Notes, languages: Iterable[str], now: int) -> Release:
    """All notes in these languages, and what the ledgers say of them at the Unix time `now`; `compiled` must be ok."""
    # what was withdrawn before anybody had it needs no farewell
    notes = {
        (note.card, language): note
        for language in languages
        for note in compiled.to_notes(language)
        if not note.retired or is_released(compiled.ledgers, note)
    }
    overrides = _to_overrides(compiled, notes)
    left_out = {(one.card, language): one for language in languages for one in compiled.left_out(language)}
    ledgers, times = stamp(compiled.ledgers, [*notes.values(), *overrides.values()], now)
    return Release(notes, overrides, left_out, times, ledgers)


def _to_overrides(compiled: Notes, notes: Mapping[tuple[str, str], Note]) -> dict[tuple[str, str, str], Note]:
    """The notes that decks word otherwise. A deck that once did goes on to release the card: its learners get it back."""
    decks_of: dict[tuple[str, str], set[str]] = {}
    for id, ledger in compiled.ledgers.items():
        for name in ledger.overrides:
            card, _, language = name.rpartition("@")
            decks_of.setdefault((card, language), set()).add(id)
    for card, one in compiled.library.overridden.items():
        for deck in (override.deck for override in one.overrides.values()):
            for language in deck.languages:
                decks_of.setdefault((card, language), set()).add(deck.id)
    overrides: dict[tuple[str, str, str], Note] = {}
    for (card, language), decks in decks_of.items():
        if original := notes.get((card, language)):
            note = compiled.to_override(card, language) or original._replace(name=f"{card}@{language}")
            note = note._replace(ledgers=tuple(sorted(decks)), order=original.order)
            overrides |= {(deck, card, language): note for deck in decks}
    return overrides


T = TypeVar("T", bound=Note | LeftOut)


def _to_parts(all: Mapping[tuple[str, str], T]) -> dict[tuple[str, str], list[T]]:
    """What belongs to each deck and course (by its id: they share theirs) in each language, in its order."""
    parts: dict[tuple[str, str], list[T]] = {}
    courses: dict[str, list[str]] = {}  # by the text of all tags
    for (card, language), one in all.items():
        if one.tag_text not in courses:
            courses[one.tag_text] = [tag.removeprefix("course::") for tag in one.tags if tag.startswith("course::")]
        for id in (card.partition("/")[0], *courses[one.tag_text]):
            parts.setdefault((id, language), []).append(one)
    return parts


def select_notes(released: Release, whole: Deck | Course, language: str, wanted: Filter) -> Selection:
    """The notes of a deck or course in one language, in their authors' order."""
    deck, part = whole.deck if isinstance(whole, Course) else whole.id, (whole.id, language)
    notes = select(released.parts.get(part, []), wanted)
    chosen = tuple(released.overrides.get((deck, note.card, language), note) for note in notes)
    return Selection(f"{whole.id}-{language}", chosen, tuple(select(released.parts_left_out.get(part, []), wanted)))
