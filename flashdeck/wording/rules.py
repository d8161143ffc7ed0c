"""What a card of the kind `term` asks of all other texts, in one language."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from flashdeck.model.cards import Card
from flashdeck.model.texts import texts_in

FIND = "find"  # the field that makes a kind one of rules
OWN_FIELDS = frozenset(("avoid", FIND, "only_near", "not_near"))  # what names the discouraged words of a card
# A term that stands for itself: words, without brackets, quotation marks, commas or figures that explain it.
PLAIN = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+){0,7}")


class Rule(NamedTuple):
    """Words that are discouraged in a language. All texts are as typed."""

    card: str  # the full id of the card that says so
    language: str
    finds: tuple[str, ...]  # any of these words or phrases, in all their forms
    only_near: tuple[str, ...]  # in a sentence with any of these; in any, where there are none
    not_near: tuple[str, ...]  # and in none with any of these
    avoids: tuple[str, ...]  # what it says of itself to avoid
    prefers: tuple[str, ...]  # what to use instead
    also: tuple[str, ...]  # what counts as right, too
    level: str  # avoid or caution
    why: str


def to_rule(row: Any) -> Rule:
    """The rule that a row of JSON was made from. Raises ValueError for anything else."""
    match row:
        case [str(), str(), list(), list(), list(), list(), list(), list(), str(), str()]:
            finds, only_near, not_near, avoids, prefers, also = (tuple(map(str, part)) for part in row[2:8])
            return Rule(row[0], row[1], finds, only_near, not_near, avoids, prefers, also, row[8], row[9])
    raise ValueError("it is not a rule")


def to_rules(card: Card) -> Iterator[Rule]:
    """The rules of a card, one a language; a card that was withdrawn has none."""
    if FIND not in card.kind.fields or "retired" in card.values:
        return
    for language in (*card.languages, *card.left_out):
        if finds := _find_words(card, language):
            texts = (tuple(_texts(card, key, language)) for key in ("only_near", "not_near", "avoid", "prefer", "also_accepted"))
            only_near, not_near, avoids, prefers, also = texts
            level, why = card.text("level", language) or "avoid", card.text("why", language)
            yield Rule(card.full_id, language, finds, only_near, not_near, avoids, prefers, also, level, why)


def _find_words(card: Card, language: str) -> tuple[str, ...]:
    """What to find: what the card says under `find` for the language, else its discouraged terms as far as they are plain."""
    typed = card.values.get(FIND)
    if typed is not None and (type(typed) is not dict or language in typed):
        return tuple(_texts(card, FIND, language))
    return tuple(text.strip() for text in _texts(card, "avoid", language) if PLAIN.fullmatch(text.strip()))


def _texts(card: Card, key: str, language: str) -> Iterable[str]:
    return [text for _, text in texts_in(card.values.get(key, []), language)]
