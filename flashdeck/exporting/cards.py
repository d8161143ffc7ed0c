"""What every export works with: what its user asked for, which cards that is, and what comes out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flashdeck.anki.html import to_html
from flashdeck.anki.shown import to_shown
from flashdeck.build.link import Facts
from flashdeck.diagnostics.render import count
from flashdeck.model.cards import Card
from flashdeck.model.courses import Course, Filter, select
from flashdeck.model.decks import Deck
from flashdeck.release.packages import name_filter

# What both XML and YAML take as it is.
UNFIT = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class ExportOptions:
    """What the user asked for."""

    targets: Sequence[Deck | Course]
    languages: tuple[str, ...]  # all, where none was named
    named_languages: tuple[str, ...]
    filter: Filter
    now: int  # a Unix time

    def name(self, target: Deck | Course) -> str:
        """What the files of a target are called, so that a part never takes the place of the whole."""
        return "-".join((target.id, *self.named_languages)) + name_filter(self.filter)


@dataclass(frozen=True)
class Exported:
    """The files of one target, by their paths in the output folder, each with what is in it; and what they cannot carry."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)  # of those files that a user looks at
    left_out: Sequence[str] = ()


def select_cards(facts: Facts, target: Deck | Course, options: ExportOptions) -> list[Card]:
    """The cards of a deck or course that are meant for any of the languages, complete or not, in their authors' order.

    What was withdrawn is not among them.
    """
    rules = facts.frame.rules
    if isinstance(target, Course):
        found = [one for one in facts.cards() if target.id in rules.find(one.full_id, one.kind, one.deck, one.tags)]
    else:
        found = [one for one in facts.cards() if one.deck == target.id]
    cards = filter(None, map(facts.read_card, select(found, options.filter)))
    wanted = {*options.languages}
    return [card for card in cards if not card.retired and not wanted.isdisjoint((*card.languages, *card.left_out))]


def find_missing(name: str, cards: Iterable[Card], find_keys: Callable[[Card], Iterable[str]]) -> Iterator[str]:
    """What is typed on cards and not in a file: `find_keys` gives the keys of a card."""
    missing: dict[str, int] = {}
    for card in cards:
        for key in find_keys(card):
            missing[key] = missing.get(key, 0) + 1
    for key, number in missing.items():
        yield f"{name}: '{key}' of {count(number, 'card')}"


def to_words(text: str) -> str:
    """What a learner reads of an author's text, on one line."""
    return UNFIT.sub("", " ".join(to_shown(to_html(text)).split()))


def list_cards(cards: Iterable[Card]) -> str:
    """Cards by their full ids, the first few."""
    ids = list(dict.fromkeys(card.full_id for card in cards))
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
