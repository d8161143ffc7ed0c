"""The whole pipeline on one page: read this first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flashdeck.checks import CHECKS, check_review
from flashdeck.courses import Filter, select, select_course
from flashdeck.kinds import read_kinds
from flashdeck.library import read_library
from flashdeck.media import Media, Place, read_media
from flashdeck.model import Card, Course, Deck, Library
from flashdeck.notes import Note, to_note, to_note_type
from flashdeck.problem import Problem
from flashdeck.source import find_sources, read_source


@dataclass(frozen=True)
class Compiled:
    """What the sources say, and all that is wrong with them, sorted by place."""

    library: Library
    media: dict[Place, Media]
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether packages may be made: warnings do not hinder."""
        return all(problem.level != "error" for problem in self.problems)


@dataclass(frozen=True)
class Selection:
    """The notes of one deck or course in one language, and the cards that a missing translation kept out of it."""

    name: str
    notes: tuple[Note, ...]
    left_out: tuple[Card, ...]


def compile_decks(
    paths: Sequence[Path],
    today: date | None = None,
    follow: Callable[[list[Path]], Iterable[Path]] = iter,
) -> Compiled:
    """Reads and checks everything below `paths`. `today` is for figures that are due for review; `follow` shows progress."""
    problems: list[Problem] = []
    files = list(find_sources(paths, problems))
    sources = [read_source(file, problems) for file in follow(files)]
    library = read_library(sources, read_kinds(), problems)
    media = read_media(library, problems)
    for check in CHECKS:
        problems += check(library)
    if today:
        problems += check_review(library, today)
    return Compiled(library, media, tuple(sorted(set(problems))))


def select_notes(compiled: Compiled, whole: Deck | Course, language: str, wanted: Filter) -> Selection:
    """The notes of a deck or course in one language, in their authors' order; `compiled` must be ok."""
    library = compiled.library
    if isinstance(whole, Course):
        cards = select_course(library.cards, whole)
    else:
        cards = [card for card in library.cards if card.deck == whole]
    cards = select(cards, wanted)
    courses: dict[str, list[str]] = {}
    for course in library.courses.values():
        for card in select_course(library.cards, course):
            courses.setdefault(card.id, []).append(course.id)
    types = {name: to_note_type(library.kinds[name], language) for name in {card.kind.name for card in cards}}
    notes = tuple(
        to_note(card, language, types[card.kind.name], library.references, compiled.media, courses.get(card.id, ()))
        for card in cards
        if language in card.languages
    )
    return Selection(f"{whole.id}-{language}", notes, tuple(card for card in cards if language in card.left_out))
