"""Which cards belong to a course, or to what the command line asks for. Selecting keeps the authors' order."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from unicodedata import normalize

from flashdeck.model import Card, Course


@dataclass(frozen=True)
class Filter:
    """What the command line asks for: cards of these kinds (any, when empty) and tags (any of them), without some tags."""

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()


class Tagged(Protocol):
    """A note, or a card without one."""

    @property
    def kind(self) -> str: ...
    @property
    def tags(self) -> list[str]: ...


T = TypeVar("T", bound=Tagged)


def select(notes: Iterable[T], wanted: Filter) -> list[T]:
    """The notes that pass the filter."""
    if wanted == Filter():
        return list(notes)
    tags, without_tags = ({normalize("NFC", tag) for tag in some} for some in (wanted.tags, wanted.without_tags))
    return [
        note
        for note in notes
        if (not wanted.kinds or note.kind in wanted.kinds or note.kind.rpartition("/")[2] in wanted.kinds)
        and (not tags or not tags.isdisjoint(note.tags))
        and without_tags.isdisjoint(note.tags)
    ]


def select_course(cards: Iterable[Card], course: Course) -> list[Card]:
    """The cards of a course: those that match any of its rules or are named by it, but never one that it excludes."""
    named = {*course.cards}
    judged: dict[tuple[str, str, tuple[str, ...]], tuple[bool, bool]] = {}  # thousands are alike in what rules ask for
    chosen = []
    for card in cards:
        asked = (card.kind.name, card.deck.id, card.tags)
        if asked not in judged:
            judged[asked] = _matches(card, course.include), _matches(card, course.exclude)
        included, excluded = judged[asked]
        if (included or card.id in named) and not excluded:
            chosen.append(card)
    return chosen


def _matches(card: Card, rule: dict[str, tuple[str, ...]]) -> bool:
    """Whether a card has any of the kinds, tags or decks that a rule names."""
    return (
        card.kind.name in rule.get("kinds", ())
        or card.kind.word in rule.get("kinds", ())
        or card.deck.id in rule.get("decks", ())
        or any(tag in card.tags for tag in rule.get("tags", ()))
    )
