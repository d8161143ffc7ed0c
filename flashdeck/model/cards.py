"""The author's side: decks, cards, references and courses as frozen values. `library.py` reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from flashdeck.diagnostics.problem import Problem
from flashdeck.model.kinds import Kind
from flashdeck.model.template_language import shows_something
from flashdeck.sources.yaml_file import ANYTHING, Node, Route, Value

HIGHEST_GAP = 499  # Anki makes no card of a higher number
FORMS = {
    "rectangle": "[left, top, width, height]",
    "ellipse": "[centre from left, centre from top, half its width, half its height]",
    "polygon": "[[left, top], [left, top], [left, top]]",
}


@dataclass(frozen=True)
class Deck:
    """A folder of cards. `id` is the namespace of its cards and never changes."""

    id: str
    name: Value  # a text, or a mapping language -> text
    title: Value
    languages: tuple[str, ...]
    licence: str
    folder: Path
    allow_scripts: bool
    node: Node = field(repr=False, compare=False)

    @cached_property
    def said(self) -> frozenset[str]:
        """Its languages, to look one up."""
        return frozenset(self.languages)


@dataclass(frozen=True)
class Override:
    """Where a deck words a field of another deck's card otherwise."""

    deck: Deck
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Card:
    """One card as written. `id` never changes: it is what keeps a learner's progress."""

    id: str  # deck/card
    deck: Deck
    kind: Kind
    values: Mapping[str, Value]  # as typed, with the defaults of the file
    languages: tuple[str, ...]  # in which it is whole
    left_out: tuple[str, ...]  # in which a translation is missing
    tags: tuple[str, ...]
    order: int  # its place in the deck, from 1
    node: Node = field(repr=False, compare=False)
    overrides: Mapping[str, Override] = field(default_factory=dict)  # fields that another deck words otherwise, by key

    def said(self, key: str, language: str) -> list[tuple[Route, str]]:
        """The texts of a field in one language, each with its route from the card."""
        value = self.values.get(key)
        if type(value) is str:  # by far the most are texts, and texts by language
            return [((key,), value)]
        if type(value) is dict and type(text := value.get(language)) is str:
            return [((key, language), text)]
        return [((key, *route), text) for route, text in said_in(value, language)] if value else []

    def text(self, key: str, language: str) -> str:
        """The text of a field in one language, or nothing."""
        value = self.values.get(key, "")
        if type(value) is dict:
            value = value.get(language, "")
        if type(value) is str:
            return value
        return next((text for _, text in self.said(key, language)), "")

    def guid(self, language: str) -> str:
        """By what Anki knows its note in one language, for ever."""
        return (self.text("guid", language) if "guid" in self.values else "") or f"{self.id}@{language}"

    @property
    def retired(self) -> dict[str, Value]:
        """`since`, `why` and perhaps `replaced_by` of a card that was withdrawn; else nothing."""
        return self.values.get("retired", {})

    def front(self, language: str) -> str:
        """The first text that the card shows, its gaps filled in."""
        keys = self.kind.templates[0].front_keys
        if shapes := next((key for key, field in self.kind.fields.items() if field.type == "shapes"), ""):
            return ", ".join(shape.name(language) for shape in to_shapes(self.values[shapes]))
        return fill_gaps(next((text for key in keys for _, text in self.said(key, language)), ""))

    def problem(self, code: str, message: str, *route: str | int, **about: Any) -> Problem:
        """A problem at a field of this card, which may stand beside `cards` as the default of the file."""
        node = self.node
        if route and route[0] in self.overrides:
            node = self.overrides[str(route[0])].node
        elif route and route[0] not in node.value:
            node = node.source.node()
        return replace(node.problem(code, message, *route, **about), card=self.id)

    def home(self, key: str) -> tuple[Deck, Path]:
        """The deck in which a field was written, and the folder of its file: where its pictures are."""
        other = self.overrides.get(key)
        deck, node = (other.deck, other.node) if other else (self.deck, self.node)
        return deck, Path(node.source.path).parent

    def templates(self, language: str) -> list[int]:
        """Which of its kind's templates make a card of it (of a cloze: which gaps, from 0)."""
        if self.kind.cloze:
            value = self.values.get(self.kind.cloze, "")
            if self.kind.fields[self.kind.cloze].type == "shapes":
                return gaps("".join(f"{{{{{key}::" for key in value))
            return gaps(self.text(self.kind.cloze, language))
        if self.kind.imported_note_type:  # its templates say themselves which cards there are; without any, Anki makes the first
            filled = {field.name for field in self.kind.fields.values() if self.text(field.key, language).strip()}
            shown = [at for at, one in enumerate(self.kind.templates) if shows_something(one.front, filled)]
            return shown or [0]
        return [at for at, when in self.kind.template_conditions if not when or self.values.get(when, "false") != "false"]


@dataclass(frozen=True)
class Shape:
    """A place on a picture that a card asks for. All lengths are in percent of the picture's width or height."""

    gap: int  # from 1
    names: Value
    form: str  # rectangle, ellipse or polygon
    numbers: tuple[tuple[float, ...], ...]  # of a polygon its points; else one row

    def name(self, language: str) -> str:
        return next((text for _, text in said_in(self.names, language)), "")


def to_shapes(value: Value) -> list[Shape]:
    """The shapes of a good value, in its order."""
    shapes = []
    for key, about in value.items():
        for one in about if isinstance(about, list) else [about]:
            form = next(form for form in FORMS if form in one)
            rows = one[form] if form == "polygon" else [one[form]]
            numbers = tuple(tuple(float(number) for number in row) for row in rows)
            shapes.append(Shape(int(key[1:]), one["name"], form, numbers))
    return shapes


@dataclass(frozen=True, eq=False)  # thousands of cards cite one and the same
class Reference:
    """A cited source."""

    id: str
    authors: tuple[str, ...]
    title: str
    container: str
    publisher: str
    year: str
    url: str
    language: str
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Course:
    """A subset of the cards: those that match any of `include`, or are named in `cards`, and match none of `exclude`."""

    id: str
    title: Value
    include: dict[str, tuple[str, ...]]
    exclude: dict[str, tuple[str, ...]]
    cards: tuple[str, ...]
    deck: str  # the id of the deck that defines it, whose wording it takes
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Library:
    """Everything that was read, in a fixed order: by deck id, then by file, then as written."""

    decks: tuple[Deck, ...]
    cards: tuple[Card, ...]
    references: Mapping[str, Reference]
    courses: Mapping[str, Course]
    kinds: Mapping[str, Kind] = field(repr=False)
    card_ids: frozenset[str]  # also of cards that were left out for a mistake
    unread: str  # the text that could not be read
    overridden: Mapping[str, Card] = field(default_factory=dict)  # cards as other decks word them, by id

    @property
    def versions(self) -> list[Card]:
        """All cards, and after them those that other decks word otherwise."""
        return [*self.cards, *self.overridden.values()]

    def may_define(self, name: str) -> bool:
        """Whether a name that is not known may be defined where a file could not be read; that is told already."""
        return name in self.unread or ANYTHING in self.unread

    def find(self, card: Card, id: str) -> Card | None:
        """The card that another one names, by its full id or, in the same deck, by its own."""
        return self._by_id.get(id) or self._by_id.get(f"{card.deck.id}/{id}")

    @cached_property
    def _by_id(self) -> dict[str, Card]:
        return {card.id: card for card in self.cards}

    @property
    def languages(self) -> list[str]:
        return list(dict.fromkeys(language for deck in self.decks for language in deck.languages))

    @property
    def kind_words(self) -> set[str]:
        """What its kinds may be called: `term`, and of a deck's own kind `deck/term` too."""
        return {word for kind in self.kinds.values() for word in (kind.name, kind.word)}

    @property
    def tags(self) -> set[str]:
        return {tag for card in self.cards for tag in card.tags} | {"sensitive"}


def said_in(value: Value, language: str) -> list[tuple[Route, str]]:
    """The texts of a value in one language, each with its route."""
    if isinstance(value, str):
        return [((), value)]
    if isinstance(value, dict):
        return [((language, *route), text) for route, text in said_in(value.get(language, []), language)]
    return [((at, *route), text) for at, item in enumerate(value) for route, text in said_in(item, language)]


def is_said_in(value: Value, language: str) -> bool:
    """Whether nothing of a value lacks in one language."""
    if isinstance(value, dict):
        return language in value
    return isinstance(value, str) or all(is_said_in(item, language) for item in value)


def gaps(text: str) -> list[int]:
    """The gaps of a cloze text, from 0: each is a card."""
    return sorted({int(number) - 1 for number in re.findall(r"{{c([1-9]\d*)::", text)})


def fill_gaps(text: str) -> str:
    """A cloze text with what is asked in it, without the braces and hints."""
    return re.sub(r"{{c\d+::(.*?)(?:::.*?)?}}", r"\1", text)
