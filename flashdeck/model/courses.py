"""A course: a subset of the cards. Which cards belong to it, and what passes the filters of the command line."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar
from unicodedata import normalize

from flashdeck.diagnostics.problem import Problem
from flashdeck.model.decks import Deck
from flashdeck.model.keys import COURSE_KEYS, RULE_KEYS
from flashdeck.sources.values import (
    read_id,
    read_some_words,
    read_texts,
    read_words,
    report_bad_id,
    report_shape,
    report_unknown_keys,
)
from flashdeck.sources.yaml_file import Node, Route, Value

Words = Mapping[str, tuple[str, ...]]  # by `kinds`, `tags` and `decks`


@dataclass(frozen=True)
class Course:
    """A subset of the cards: those that match any of `include`, or are named in `cards`, and match none of `exclude`."""

    id: str
    title: Value
    include: Words
    exclude: Words
    cards: tuple[str, ...]
    deck: str  # the id of the deck that defines it, whose wording it takes
    node: Node = field(repr=False, compare=False)
    valid: bool = True  # whether nothing is wrong with what it names its cards by
    former: tuple[str, ...] = ()  # ids that it once had: its learners search by their tags

    def routes(self, *route: str) -> dict[str, Route]:
        """The routes to the words of one of its lists; of a repeated word, to the first."""
        value = self.node.node(*route).value
        if isinstance(value, str):
            return {value: route}
        return {word: (*route, at) for at, word in reversed([*enumerate(value)]) if isinstance(word, str)}


def read_course(node: Node, deck: Deck, problems: list[Problem]) -> Course | None:
    """The course at `node`; adds what is wrong with it to `problems`."""
    typed, before = node.fields, len(problems)
    misspelt = report_unknown_keys(node, COURSE_KEYS, "a course", problems)
    id = read_id(node, problems, misspelt)
    rules: dict[str, dict[str, tuple[str, ...]]] = {"include": {}, "exclude": {}}
    for key in rules:
        place = node.node(key)
        if key not in typed:
            continue
        if not isinstance(place.value, dict):
            report_shape(place, f"'{key}'", "a mapping of 'kinds', 'tags' or 'decks'", problems)
            continue
        report_unknown_keys(place, RULE_KEYS, f"a course's '{key}'", problems)
        for name in RULE_KEYS:
            if name in place.value:
                rules[key][name] = tuple(read_words(place.node(name), f"'{name}'", problems))
    cards = tuple(read_words(node.node("cards"), "'cards'", problems)) if "cards" in typed else ()
    former = _read_former(node.node("former"), problems) if "former" in typed else ()
    valid = len(problems) == before
    titled = "title" in typed and deck.valid and read_texts(node.node("title"), "'title'", deck.languages, problems)
    if not id:
        return None
    words = typed["title"] if titled else id
    return Course(id, words, rules["include"], rules["exclude"], cards, deck.id, node, valid, former)


def _read_former(node: Node, problems: list[Problem]) -> tuple[str, ...]:
    words = read_some_words(node, "'former'", problems)
    for word, place in words.items():
        report_bad_id(place, word, problems)
    return tuple(words)


@dataclass(frozen=True)
class Rules:
    """The rules of all courses. Thousands of cards are alike in all that rules ask for, and are matched once."""

    courses: Sequence[Course]
    _matched: dict[tuple[str, str, tuple[str, ...]], tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=dict)
    named: dict[str, set[str]] = field(default_factory=dict)  # by full id: the courses that name a card

    def with_former(self, courses: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of some courses, and those that they once had."""
        return courses + tuple(id for one in courses for id in self._former.get(one, ()))

    @cached_property
    def _former(self) -> dict[str, tuple[str, ...]]:
        return {course.id: course.former for course in self.courses if course.former}

    def __post_init__(self) -> None:
        for course in self.courses:
            for id in course.cards:
                self.named.setdefault(id, set()).add(course.id)

    def find(self, id: str, kind: str, deck: str, tags: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of the courses of a card, by its full id and what the rules ask for."""
        asked = (kind, deck, tags)
        if asked not in self._matched:
            excluded = frozenset(course.id for course in self.courses if _matches(asked, course.exclude))
            included = [course.id for course in self.courses if _matches(asked, course.include)]
            self._matched[asked] = tuple(id for id in included if id not in excluded), excluded
        found, excluded = self._matched[asked]
        if named := self.named.get(id, set()) - excluded:
            return tuple(course.id for course in self.courses if course.id in named or course.id in found)
        return found


def _matches(card: tuple[str, str, tuple[str, ...]], rule: Words) -> bool:
    """Whether a card (its kind, deck and tags) has any of the kinds, decks or tags that a rule names."""
    kind, deck, tags = card
    return (
        bool({kind, kind.rpartition("/")[2]} & {*rule.get("kinds", ())})
        or deck in rule.get("decks", ())
        or not {*tags}.isdisjoint(rule.get("tags", ()))
    )


@dataclass(frozen=True)
class Filter:
    """What the command line asks for: cards of these kinds (any, when empty) and tags (any of them), without some tags."""

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()


class Tagged(Protocol):
    """A note, or what is known of a card."""

    @property
    def kind(self) -> str: ...
    @property
    def tags(self) -> Collection[str]: ...


T = TypeVar("T", bound=Tagged)


def select(notes: Iterable[T], criteria: Filter) -> list[T]:
    """The notes that pass the filter, in their order."""
    if criteria == Filter():
        return list(notes)
    words = (criteria.kinds, criteria.tags, criteria.without_tags)
    kinds, tags, without_tags = ({normalize("NFC", word) for word in names} for names in words)
    return [
        note
        for note in notes
        if (not kinds or note.kind in kinds or note.kind.rpartition("/")[2] in kinds)
        and (not tags or not tags.isdisjoint(note.tags))
        and without_tags.isdisjoint(note.tags)
    ]
