"""Which cards belong to a course, or to what the command line asks for. Selecting keeps the authors' order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from unicodedata import normalize

from flashdeck.model.cards import Card, Course


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
    cards = list(cards)
    chosen = find_courses(cards, [course])
    return [card for card in cards if card.id in chosen]


def find_courses(cards: Iterable[Card], courses: Sequence[Course]) -> dict[str, list[str]]:
    """The ids of the courses of each card that belongs to one, by its id."""
    named: dict[str, set[str]] = {}
    for course in courses:
        for id in course.cards:
            named.setdefault(id, set()).add(course.id)
    rules = [(course.id, _to_rule(course.include), _to_rule(course.exclude)) for course in courses]
    # thousands of cards are alike in all that rules ask for
    judged: dict[tuple[str, str, tuple[str, ...]], tuple[list[str], set[str]]] = {}
    found = {}
    for card in cards:
        asked = (card.kind.name, card.deck.id, card.tags)
        if asked not in judged:
            barred = {id for id, _, exclude in rules if _matches(card, exclude)}
            judged[asked] = [id for id, include, _ in rules if id not in barred and _matches(card, include)], barred
        ids, barred = judged[asked]
        if more := named.get(card.id, set()) - barred:
            ids = [course.id for course in courses if course.id in more or course.id in ids]
        if ids:
            found[card.id] = ids
    return found


Rule = tuple[frozenset[str], frozenset[str], frozenset[str]]  # words for kinds, ids of decks, tags


def _to_rule(rule: dict[str, tuple[str, ...]]) -> Rule:
    kinds, decks, tags = (frozenset(rule.get(key, ())) for key in ("kinds", "decks", "tags"))
    return kinds, decks, tags


def _matches(card: Card, rule: Rule) -> bool:
    """Whether a card has any of the kinds, decks or tags that a rule names."""
    kinds, decks, tags = rule
    return card.kind.name in kinds or card.kind.word in kinds or card.deck.id in decks or not tags.isdisjoint(card.tags)
