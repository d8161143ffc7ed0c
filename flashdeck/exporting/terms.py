"""What cards say of terms: which to use, which also count as right, which to keep away from, and why."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from flashdeck.diagnostics.render import count
from flashdeck.exporting.cards import list_cards, to_words
from flashdeck.model.cards import Card
from flashdeck.model.references import Reference
from flashdeck.wording.rules import Rule, to_rules

FIELDS = ("avoid", "prefer")  # what makes a kind one of terms


class Term(NamedTuple):
    """What a card says in one language, in plain words."""

    card: Card
    language: str
    preferred: tuple[str, ...]
    admitted: tuple[str, ...]
    discouraged: tuple[str, ...]
    rule: Rule | None  # which words no other text should have
    is_forbidden: bool  # else it may be used with caution
    why: str
    remark: str
    references: tuple[Reference, ...]


def to_terms(cards: Sequence[Card], languages: Sequence[str], references: Mapping[str, Reference]) -> Iterator[Term]:
    """The terms of those cards that have any, card by card in the order of the languages, where they are complete."""
    for card in cards:
        if _has_terms(card):
            for language in languages:
                if language in card.languages:
                    yield _to_term(card, language, references)


def find_untranslated(name: str, cards: Sequence[Card], languages: Sequence[str]) -> Iterator[str]:
    """Which cards of terms a missing translation keeps out of a language."""
    for language in languages:
        if some := [card for card in cards if _has_terms(card) and language in card.left_out]:
            yield f"{name}: {count(len(some), 'card')} for a missing translation into '{language}': {list_cards(some)}"


def _has_terms(card: Card) -> bool:
    return card.kind.fields.keys() >= {*FIELDS}


def _to_term(card: Card, language: str, references: Mapping[str, Reference]) -> Term:
    def texts(key: str) -> tuple[str, ...]:
        return tuple(filter(None, (to_words(text) for _, text in card.texts(key, language))))

    rule = next((rule for rule in to_rules(card) if rule.language == language), None)
    return Term(
        card,
        language,
        texts("prefer"),
        texts("also_accepted"),
        texts("avoid"),
        rule,
        card.text("level", language) != "caution",
        " ".join(texts("why")),
        " ".join(texts("extra")),
        tuple(references[id] for _, id in card.texts("reference", language)),
    )
