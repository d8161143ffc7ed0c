"""What there is in some decks: titles, languages and how many cards of each kind. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from flashdeck.build.link import CardFact, Facts
from flashdeck.diagnostics.render import render_table
from flashdeck.model.frame import Frame
from flashdeck.sources.values import first_text
from flashdeck.sources.yaml_file import Value

CardCounts = dict[str, int]  # by kind


@dataclass(frozen=True)
class DeckRow:
    """One deck."""

    id: str
    title: Value
    languages: list[str]
    cards: CardCounts


@dataclass(frozen=True)
class CourseRow:
    """One course."""

    id: str
    title: Value
    cards: CardCounts


@dataclass(frozen=True)
class Overview:
    """Everything that `flashdeck list` shows."""

    decks: list[DeckRow]
    languages: list[str]
    courses: list[CourseRow]
    kinds: list[str]
    cards: CardCounts
    scripts: list[str]  # the ids of the decks that allow them

    def to_data(self) -> dict[str, object]:
        """The overview as values for JSON."""
        return asdict(self)


def to_overview(facts: Facts) -> Overview:
    """Counts the cards of each deck and course."""
    frame = facts.frame
    cards = [card for card in facts.cards() if card.kind and card.deck in frame.decks]
    belongs = [(card, frame.rules.find(card.full_id, card.kind, card.deck, card.tags)) for card in cards]
    decks = [
        DeckRow(deck.id, deck.title, list(deck.languages), _count(card for card in cards if card.deck == deck.id))
        for deck in frame.decks.values()
    ]
    courses = [
        CourseRow(course.id, course.title, _count(card for card, ids in belongs if course.id in ids))
        for course in frame.courses.values()
    ]
    return Overview(decks, frame.languages, courses, list(frame.kinds), _count(cards), find_scripting(frame))


def _count(cards: Iterable[CardFact]) -> CardCounts:
    return dict(sorted(Counter(card.kind for card in cards).items()))


def find_scripting(frame: Frame) -> list[str]:
    """The ids of the decks whose templates may run scripts."""
    return [deck.id for deck in frame.decks.values() if deck.allow_scripts]


def name_scripts(decks: list[str]) -> str:
    """That decks may run scripts on their learners' machines, in a line; empty where none may."""
    return f"scripts are allowed in the templates of {', '.join(decks)}: learners' Anki runs them" if decks else ""


def render_overview(overview: Overview) -> str:
    """The overview as text for a terminal."""
    return "\n".join(
        [
            *_render_rows("decks", overview.decks),
            *_render_rows("courses", overview.courses),
            f"languages: {', '.join(overview.languages)}",
            f"kinds: {', '.join(overview.kinds)}",
            *([name_scripts(overview.scripts)] if overview.scripts else []),
        ]
    )


def _render_rows(heading: str, rows: Iterable[DeckRow | CourseRow]) -> list[str]:
    table = [[row.id, first_text(row.title), _render_counts(row.cards)] for row in rows]
    return [f"{heading}:", render_table(table, indent="  ")] if table else [f"{heading}:"]


def _render_counts(counts: CardCounts) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in counts.items()) or "no cards"
