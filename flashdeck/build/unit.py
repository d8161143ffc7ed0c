"""What one file of cards gives: a unit of facts, notes and problems.

Facts are all that other files may ask. They stand as they were typed, whatever is wrong with a card, so that one mistake never
brings others after it. They are kept in columns, a text a row: what is one text is read, kept and split at once, and a check of
all cards of a project compares whole columns. A unit holds no code.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from flashdeck.diagnostics.problem import Problem, has_errors
from flashdeck.wording.rules import Rule

# No text of a valid card has these (`control-character`); in what was typed for others they are replaced.
ROW, COLUMN, PART = "\x1e", "\x1d", "\x1f"
SEPARATORS = re.compile(f"[{ROW}{COLUMN}{PART}]")
RETIRED = "retired"  # in place of the templates of a card that was withdrawn, here and in ledgers
Column = str  # a text a row, each ended by ROW
T = TypeVar("T")


def to_column(rows: list[str]) -> Column:
    column = f"{ROW.join(rows)}{ROW}" if rows else ""
    if column.count(ROW) == len(rows) and COLUMN not in column:
        return column
    return to_column([SEPARATORS.sub("\ufffd", row) for row in rows])


def to_rows(column: Column) -> list[str]:
    return column.split(ROW)[:-1]


def to_tables(type: Callable[..., T], tables: Mapping[str, Iterable[list[str]]]) -> dict[str, T]:
    """Tables of one type by their names, of their columns as lists."""
    return {name: type(*map(to_column, columns)) for name, columns in tables.items()}


class CardFacts(NamedTuple):
    """A row a card, in the order of the file."""

    ids: Column = ""  # empty where none is typed
    items: Column = ""  # which item of `cards` it is
    kinds: Column = ""  # their names; empty where the kind is not known
    likely_kinds: Column = ""  # of those that are not known, the kind that was most likely meant
    tags: Column = ""  # with PART between them
    valid: Column = ""  # empty where something is wrong with the card
    replaced_by: Column = ""  # the id of a card, as typed
    origins: Column = ""  # the full ids that they had before they were moved; else empty


NO_CARDS = CardFacts()


class LanguageFacts(NamedTuple):
    """A row a card that is complete in one language."""

    rows: Column = ""  # of CardFacts
    templates: Column = ""  # their numbers with commas, or RETIRED
    guids: Column = ""  # empty where the guid follows from the id
    gaps: Column = ""  # where there are several, the number of each with a digest of what is asked there
    left_out: Column = ""  # not beside the others: the rows of cards that a missing translation keeps out of the language


class Fronts(NamedTuple):
    """What the cards of one kind ask with one template in one language, without what learners do not see as a difference."""

    rows: Column = ""  # of CardFacts
    texts: Column = ""


class NoteColumns(NamedTuple):
    """The notes of one language, in the rows of LanguageFacts."""

    ids: Column = ""  # of rows in Anki
    texts: Column = ""
    digests: Column = ""
    sources: Column = ""  # digests of what their authors typed
    decks: Column = ""  # their names in Anki
    media: Column = ""  # names of files in Anki, with "/" between them


@dataclass(frozen=True)
class Unit:
    """What one file gives. Where it has errors, there are no notes in it."""

    path: str
    digest: str  # of the file
    asked: Mapping[str, str]  # what it depends on besides: questions and their answers
    deck: str = ""  # the id of its deck
    defines_frame: bool = False  # whether it has references or courses too
    unread: str = ""  # the text that could not be read; a name that is not known may be defined there
    problems: tuple[Problem, ...] = ()
    deck_names: tuple[str, ...] = ()  # in Anki, of all its cards
    media: Mapping[str, str] = field(default_factory=dict)  # the names of its files in Anki, and their paths
    named: tuple[str, ...] = ()  # the names of media that its author wrote
    large: tuple[tuple[str, int, int, str, str], ...] = ()  # media: path, size, item of `cards`, field, and the name as typed
    reviews: tuple[tuple[int, str, str], ...] = ()  # item of `cards`, field, and the day from which to look at it again
    figures: tuple[tuple[int, str, str], ...] = ()  # item of `cards`, field, and the date of a figure without such a day
    rules: tuple[Rule, ...] = ()  # what its cards forbid in the texts of others
    overrides: tuple[tuple[int, str], ...] = ()  # item of `cards`, and the id of the card that it overrides
    groups: tuple[tuple[str, str], ...] = ()  # of its cards: each kind and each text of tags that go together
    cards: CardFacts = NO_CARDS
    languages: Mapping[str, LanguageFacts] = field(default_factory=dict)
    fronts: Mapping[str, Fronts] = field(default_factory=dict)  # by `kind@language#template`
    notes: Mapping[str, NoteColumns] = field(default_factory=dict)  # by language, those that were asked for
    kind_languages: tuple[tuple[str, str], ...] = ()  # the kinds of its cards, each with the languages in which there are any
    overriding: tuple[str, ...] = ()  # the ids of the decks whose wording its cards have, where that is not their own deck's

    @property
    def ok(self) -> bool:
        return not has_errors(self.problems)

    @property
    def size(self) -> int:
        """How many cards are in it."""
        return self.cards.ids.count(ROW)

    def has_notes(self, languages: Iterable[str]) -> bool:
        return not self.ok or all(language in self.notes for language in languages if language in self.languages)
