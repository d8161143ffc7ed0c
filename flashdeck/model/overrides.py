"""A card with the wording that another deck gives it for its own learners."""

from collections.abc import Iterable

from flashdeck.diagnostics.problem import Problem
from flashdeck.model.cards import Card, Override, override_keys, to_tags
from flashdeck.model.fields import read_value
from flashdeck.model.keys import SENSITIVE
from flashdeck.sources.values import report_unknown_keys, short
from flashdeck.sources.yaml_file import Value


def apply_overrides(card: Card, overrides: Iterable[Override], problems: list[Problem]) -> Card:
    """The card with the wording of the decks that override it; one without `overrides` where none of them does."""
    values, places, id = dict(card.values), dict(card.overrides), card.full_id
    for override in overrides:
        node = override.node
        if card.deck.id == override.deck.id:
            help = "change the card itself"
            problems.append(node.problem("bad-override", f"'{short(id)}' is a card of this deck", "override", help=help))
            continue
        known = override_keys(card.kind)
        report_unknown_keys(node, known, f"an override of a {card.kind.word}", problems)
        if len(node.fields) == 1:
            help = "add the fields whose wording it overrides"
            problems.append(node.problem("bad-override", "this override changes nothing", "override", help=help))
        for key in node.fields:
            if key not in known or key == "override":
                continue
            if key in places:
                spot = places[key].node.spot(key, key=True)
                message = f"'{key}' of '{short(id)}' is overridden already, at {spot}"
                problems.append(node.problem("repeated-override", message, key, key=True, help="keep one of the two"))
            elif read_value(node.node(key), key, card.kind, card.deck, problems):
                values[key] = _merge(values.get(key), node.fields[key], card.deck.languages)
                places[key] = override
    tags = {*to_tags({"tags": values.get("tags", [])}), *({*card.tags} & {SENSITIVE})}
    return card._replace(values=values, overrides=places, tags=tuple(sorted(tags)))


def _merge(old: Value | None, new: Value, languages: Iterable[str]) -> Value:
    """A value with another wording, which may be given in some languages only."""
    if not isinstance(new, dict) or not set(new) <= set(languages):
        return new
    if not isinstance(old, dict):
        return new if old is None else {**dict.fromkeys(languages, old), **new}
    return {**old, **new}
