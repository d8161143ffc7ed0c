"""Cards that are there already: found again in a file that is imported once more, and what it says of them otherwise."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.html import to_html
from flashdeck.build.link import Facts
from flashdeck.importing.cards import ImportedCard
from flashdeck.model.texts import texts_in
from flashdeck.sources.editing import change_values, render_flow
from flashdeck.sources.values import first_text, short, to_id
from flashdeck.sources.yaml_file import Node, Route, Value

MARKUP = re.compile(r"<[^<>]*>|!?\[|\]\([^()]*\)|\\")


class Known(NamedTuple):
    """A card that is there already."""

    node: Node
    values: Mapping[str, Value]  # all that is typed for it, with the defaults of its file
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Correction:
    """What a file says otherwise of a card that is there already; None where it says nothing and the card does."""

    card: ImportedCard
    known: Known
    values: Mapping[str, Value | None]

    def describe(self, deck: str) -> list[str]:
        """Each value before and after."""
        return [
            f"{self.card.origin}: {key} of {deck}/{self.card.id}: {_show(self._before(key))} -> {_show(value)}"
            for key, value in self.values.items()
        ]

    def _before(self, key: str) -> Value | None:
        return list(self.known.tags) if key == "tags" else self.known.values.get(key)


def _show(value: Value | None) -> str:
    if not value:
        return "nothing"
    return f"'{short(value)}'" if isinstance(value, str) else short(render_flow(value))


def read_known(facts: Facts, deck: str) -> dict[str, Known]:
    """The cards of a deck by their ids, whatever is wrong with them."""
    known: dict[str, Known] = {}
    for fact in facts.cards():
        if fact.deck == deck and fact.id:
            file = facts.open(fact.unit)
            known.setdefault(fact.id, Known(file.cards[fact.row][0], file.typed(fact.row), fact.tags))
    return known


def find_again(cards: Sequence[ImportedCard], known: Mapping[str, Known]) -> dict[int, str]:
    """The ids of those cards that are there already under the same first text, by their places.

    A card without an id or guid of its own is known by that, at least by its words: by its id it could not be, since not every
    version makes ids in the same way.
    """
    found: dict[int, str] = {}
    free: dict[str, None] = dict.fromkeys(known)
    wanted = {at: next(iter(card.values)) for at, card in enumerate(cards) if card.values and not (card.id or card.guids)}
    for look in (first_text, _to_shown, _to_words):
        if not free or not wanted:
            break
        by_text: dict[tuple[str, str], list[str]] = defaultdict(list)
        keys = {*wanted.values()}
        for id in free:
            for key in keys & known[id].values.keys():
                if text := look(known[id].values[key]):
                    by_text[key, text].append(id)
        for at, key in [*wanted.items()]:
            ids = [id for id in by_text.get((key, look(cards[at].values[key])), ()) if id in free]
            same = next((id for id in ids if len(ids) == 1 or not find_changes(cards[at], known[id], ())), "")
            if same:
                found[at] = same
                del free[same], wanted[at]
    return found


def _to_shown(value: Value) -> str:
    return to_html(first_text(value))


def _to_words(value: Value) -> str:
    return to_id(plain_words(value))


def plain_words(value: Value) -> str:
    """The first text of a value, without its markup."""
    while not isinstance(value, str):
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return MARKUP.sub(" ", value)


def find_changes(card: ImportedCard, known: Known, languages: Sequence[str]) -> dict[str, Value | None]:
    """What a card has otherwise than the one that is there; a single text is of the first of the file's `languages`, where that
    one has several.
    """
    changes: dict[str, Value | None] = {}
    for key, value in card.values.items():
        before = known.values.get(key)
        after = _merge(before, value, languages[0] if languages else "") if before is not None else value
        if before is None or not _looks_same(before, after):
            changes[key] = after
    if (card.deck or "deck" in card.empty) and (before := known.values.get("deck", "")) != card.deck and isinstance(before, str):
        changes["deck"] = card.deck or None
    if (card.tags or "tags" in card.empty) and {*known.tags} != {*card.tags}:
        changes["tags"] = list(card.tags) or ([] if "tags" in known.node.source.fields else None)
    emptied = [key for key in card.empty if known.values.get(key) and key not in ("deck", "tags")]
    # a table of some languages says nothing of what a text is in others
    return changes | {key: None for key in emptied if _find_languages(known.values[key]) <= {*languages}}


def _merge(before: Value, value: Value, language: str) -> Value:
    """A value with the languages that it had and the file has not."""
    if isinstance(before, dict):
        if isinstance(value, dict):
            return {**before, **value}
        return {**before, language: value} if language in before else value
    if isinstance(value, dict) and all(_looks_same(before, one) for one in value.values()):
        return before
    return value


def _looks_same(one: Value, other: Value) -> bool:
    """Whether two values show the same in every language, however they are written."""
    languages = _find_languages(one) | _find_languages(other) or {""}
    return all(_show_in(one, language) == _show_in(other, language) for language in languages)


def _show_in(value: Value, language: str) -> list[str]:
    return [to_html(text).strip() for _, text in texts_in(value, language)]


def _find_languages(value: Value) -> set[str]:
    """The languages of a value; none where all of it is the same in all."""
    if isinstance(value, dict):
        return {*value}
    return set().union(*map(_find_languages, value)) if isinstance(value, list) else set()


def correct(corrections: Iterable[Correction], read: Callable[[Path], bytes]) -> dict[Path, bytes]:
    """The files in which the cards stand, with what the imported file says. Raises WritingError."""
    changes: dict[str, dict[Route, Mapping[str, Value | None]]] = defaultdict(dict)
    for one in corrections:
        here = one.known.node.fields  # a default of the file counts for other cards too
        values = {key: value for key, value in one.values.items() if value is not None or key in here}
        changes[one.known.node.source.path][one.known.node.route] = values
    return {Path(path): change_values(path, read(Path(path)), routes) for path, routes in changes.items()}
