"""The terminology guard over all cards: what a card of the kind `term` discourages, no other card may use.

What is found in a file depends on that file, on what it asked for (its deck, its kinds) and on the rules of all decks. So it
is no part of a unit, which would have to be compiled again for each new rule: all that was found under one set of rules is one
entry of the cache, file by file. The forms of words are another, so that a dictionary is opened only for a new word of a rule.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from flashdeck.build.cache import Cache
from flashdeck.build.link import Facts
from flashdeck.build.unit import Unit
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.cards import Card
from flashdeck.model.texts import all_texts, texts_in
from flashdeck.sources.files import digest_bytes
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Route, Value
from flashdeck.wording.forms import find_forms
from flashdeck.wording.markup import read_markdown
from flashdeck.wording.rules import FIND, OWN_FIELDS, Rule
from flashdeck.wording.search import Guard, list_vocabulary, list_words

# Types of fields that hold no prose: names, days, and the wrong answers of a choice, which are there to be rejected.
NO_PROSE = frozenset(
    ("id", "guid", "kind", "deck", "languages", "tags", "references", "flag", "word", "day", "wording", "options")
)


@dataclass(frozen=True)
class _Found:
    """Discouraged words in a field of an item of `cards`."""

    item: int
    route: Route  # from the item
    word: str  # as typed
    nth: int  # how often it stands in the text before
    rule: int  # which of all rules


class _Possible(NamedTuple):
    """A guard, and those of its words that a file has; None where that cannot be said without reading it as YAML."""

    guard: Guard
    words: list[str] | None

    def may_be_in(self, text: str) -> bool:
        if self.words is None or any(sign in text for sign in "&*<_"):  # which may be in a word
            return True
        return any(word in text for word in self.words)


def check_terms(facts: Facts) -> Iterator[Problem]:
    """A card that uses a word which another card teaches to avoid teaches both."""
    rules = [rule for unit in facts.units for rule in unit.rules]
    if not rules:
        return
    guards = open_guards(rules, facts.cache)
    numbers = {rule: number for number, rule in enumerate(rules)}
    words = ("wording", str(Path.cwd()), digest_bytes(repr(rules).encode(errors="surrogateescape")))
    known = _load(facts.cache.load(*words))
    kept: dict[str, list[Any]] = {}
    for unit in facts.units:
        key = digest_bytes(repr((unit.digest, *unit.asked.items())).encode(errors="surrogateescape"))
        about = known.get(unit.path)
        found = _read_rows(about[1], len(rules)) if about and about[0] == key else None
        if found is None:
            found = [*_search_unit(facts, unit, guards, numbers)]
        kept[unit.path] = [key, [[one.item, [*one.route], one.word, one.nth, one.rule] for one in found]]
        for one in found:
            yield _report(facts, unit, one, rules[one.rule])
    if kept != known:
        facts.cache.store(json.dumps(kept).encode(), *words)


def open_guards(rules: Iterable[Rule], cache: Cache) -> dict[str, Guard]:
    """A guard for each language that has rules, with the forms of their words."""
    by_language: dict[str, list[Rule]] = {}
    for rule in rules:
        by_language.setdefault(rule.language, []).append(rule)
    return {language: _open_guard(language, tuple(some), cache) for language, some in by_language.items()}


@lru_cache(maxsize=32)  # one process may ask several times, and its cache may be switched off
def _open_guard(language: str, rules: tuple[Rule, ...], cache: Cache) -> Guard:
    words = list_words(rules)
    known: dict[str, list[str]] = {}
    with suppress(ValueError, TypeError, AttributeError, RecursionError):  # there is no entry, or a damaged one
        for word, forms in json.loads(cache.load("forms", language) or "{}").items():
            known[str(word)] = [str(form) for form in forms]
    if missing := words - known.keys():
        known |= _find_forms(frozenset(missing), language)
        cache.store(json.dumps(known).encode(), "forms", language)
    return Guard(language, rules, known)


@lru_cache(maxsize=32)
def _find_forms(words: frozenset[str], language: str) -> dict[str, list[str]]:
    return find_forms(words, language)


def explain(rule: Rule) -> str:
    """What to write instead, and why."""
    terms = " or ".join(f"'{short(text)}'" for text in rule.prefers)
    return f"write {terms}" + (f": {rule.why}" if rule.why else "")


def _report(facts: Facts, unit: Unit, found: _Found, rule: Rule) -> Problem:
    spot = facts.spot(unit, found.item, *found.route, word=found.word, nth=found.nth)
    level = "error" if rule.level == "avoid" else "warning"
    message = f"'{short(read_markdown(found.word).text)}' is discouraged by the card '{rule.card}'"
    card = next((card for card in facts.cards([unit]) if card.item == found.item and card.id), None)
    return Problem(spot, "discouraged-term", message, explain(rule), level, card.full_id if card else "")


def _load(data: bytes) -> dict[str, list[Any]]:
    """What was found under some rules: by path, the key of a unit and a row a place."""
    try:
        return {str(path): [str(key), list(rows)] for path, (key, rows) in json.loads(data or "{}").items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}  # a damaged entry


def _read_rows(rows: Iterable[Any], rules: int) -> list[_Found] | None:
    found = []
    for row in rows:
        match row:
            case [int(item), list(route), str(word), int(nth), int(rule)] if 0 <= rule < rules:
                found.append(_Found(item, tuple(step if isinstance(step, int) else str(step) for step in route), word, nth, rule))
            case _:
                return None
    return found


# ---- one file ------------------------------------------------------------------------------------------------------------


def _search_unit(facts: Facts, unit: Unit, guards: Mapping[str, Guard], numbers: Mapping[Rule, int]) -> Iterator[_Found]:
    """Discouraged words of the cards of a file, and of its overrides; most files have none, and are not read as YAML."""
    if not unit.size and not unit.overrides:
        return
    data = facts.files.read(Path(unit.path)) if unit.digest else b""
    text = data.decode("utf-8", "replace")
    vocabulary = list_vocabulary(text)
    found = {code: None if "\\" in text else guard.find_words(vocabulary) for code, guard in guards.items()}
    possible = {code: _Possible(guards[code], words) for code, words in found.items() if words != []}
    if not possible:
        return
    file = facts.open(unit)
    for card in facts.cards([unit]):
        if not card.valid or not _may_have(file.typed(card.row), possible.values()):
            continue
        if read := facts.read_card(card):
            yield from _search_card(read, read.values, possible, numbers)
    for item, target in unit.overrides:
        base = facts.find(target)
        card_of = facts.read_card(base) if base and base.valid else None
        if card_of:
            values = {key: value for key, value in facts.node(unit, item).fields.items() if key in card_of.kind.types}
            yield from _search_card(card_of._replace(node=facts.node(unit, item)), values, possible, numbers)


def _may_have(typed: Mapping[str, Value], guards: Collection[_Possible]) -> bool:
    """Whether any of the words can be in what is typed for a card: most cards need not be read again."""
    texts = [text for value in typed.values() for text in ((value,) if type(value) is str else all_texts(value))]
    return any(guard.may_be_in(text) for guard in guards for text in texts)


def _search_card(
    card: Card, values: Mapping[str, Value], guards: Mapping[str, _Possible], numbers: Mapping[Rule, int]
) -> Iterator[_Found]:
    if card.is_set("quote"):
        return
    is_term = FIND in card.kind.fields
    for key, value in values.items():
        if card.kind.types[key] in NO_PROSE or (is_term and key in OWN_FIELDS):
            continue
        seen: set[tuple[Route, int]] = set()  # what is the same in all languages is found in each of them
        for code, possible in guards.items():
            if code not in card.deck.languages:
                continue
            for route, text in _list_texts(card, key, value, code):
                for hit in possible.guard.search(read_markdown(text)) if possible.may_be_in(text) else ():
                    if possible.guard.is_owner(card.full_id, hit) or (route, hit.start) in seen:
                        continue
                    seen.add((route, hit.start))
                    word = text[hit.start : hit.end]
                    yield _Found(card.item, route, word, _count(text[: hit.start], word), numbers[hit.rule])


def _list_texts(card: Card, key: str, value: Value, language: str) -> list[tuple[Route, str]]:
    if isinstance(value, str):
        return [((key,), value)]
    if key == "retired" or key == card.kind.shapes:
        others = {*card.deck.languages} - {language}
        return [(route, text) for route, text in card.all_texts(key) if others.isdisjoint(route)]
    return [((key, *route), text) for route, text in texts_in(value, language)]


def _count(text: str, word: str) -> int:
    """How often a word stands in a text, whatever white space is between its parts."""
    return len(re.findall(r"\s+".join(map(re.escape, word.split())), text))
