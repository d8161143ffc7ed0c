"""Which cards belong to a course, or to what the command line asks for. Selecting keeps the authors' order."""

from collections.abc import Iterable
from dataclasses import dataclass

from flashdeck.model import Card, Course


@dataclass(frozen=True)
class Filter:
    """What the command line asks for: cards of these kinds (any, when empty) and tags (any of them), without some tags."""

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()


def select(cards: Iterable[Card], wanted: Filter) -> list[Card]:
    """The cards that pass the filter."""
    return [
        card
        for card in cards
        if (not wanted.kinds or card.kind.name in wanted.kinds or card.kind.word in wanted.kinds)
        and (not wanted.tags or not set(wanted.tags).isdisjoint(card.tags))
        and set(wanted.without_tags).isdisjoint(card.tags)
    ]


def select_course(cards: Iterable[Card], course: Course) -> list[Card]:
    """The cards of a course: those that match any of its rules or are named by it, but never one that it excludes."""
    return [
        card
        for card in cards
        if (card.id in course.cards or _matches(card, course.include)) and not _matches(card, course.exclude)
    ]


def _matches(card: Card, rule: dict[str, tuple[str, ...]]) -> bool:
    """Whether a card has any of the kinds, tags or decks that a rule names."""
    return (
        card.kind.name in rule.get("kinds", ())
        or card.kind.word in rule.get("kinds", ())
        or card.deck.id in rule.get("decks", ())
        or any(tag in card.tags for tag in rule.get("tags", ()))
    )
