"""What must hold of the sides of a card as Anki renders them: templates and gaps put texts side by side, and pieces that are
harmless each may be a command together.

It is asked of cards in which nothing else is wrong. No text of a kind that comes with flashdeck touches another.
"""

import re
from collections.abc import Iterator, Mapping

from flashdeck.anki.identity import FIELD_SEPARATOR
from flashdeck.anki.note import to_content, to_deck_name
from flashdeck.anki.safe import Unsafe, find_joined
from flashdeck.anki.templates import render_as_html
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.cards import Card
from flashdeck.model.frame import Frame
from flashdeck.model.kinds import Kind, fill
from flashdeck.model.texts import all_texts

# What a command may be made of; and where a gap makes one: of a hint, which Anki puts into brackets, or of what is beside it.
_REFERENCE = re.compile(r"&[#\w]")
_HINT = re.compile(r"::\s*(?:/?anki:|sound:|/?latex|/?\$|<|&)")
_BY_CARD = ("Tags", "Deck", "Subdeck")  # what a template may show besides: texts, too, which Anki does not escape
_NAMES = frozenset((*_BY_CARD, "Type", "Card"))
_SEPARATED = re.compile(r"[\[\\]|\{\{(?:[^{}]*:)?\s*(?:Tags|Deck|Subdeck|Type|Card|hint|kana|kanji|furigana)\b")


def check_sides(card: Card, frame: Frame) -> Iterator[Problem]:
    """A template or a gap puts pieces together to what makes Anki play, ask or run something."""
    kind = card.kind
    if kind.source:
        texts = (text for value in card.values.values() for text in all_texts(value))
        if not any(map(_has_piece, texts)) and not any(_joins(kind, language) for language in card.languages):
            return
    elif not kind.cloze or kind.shapes or not any(map(_has_piece, all_texts(card.values[kind.cloze]))):
        return
    for language in card.languages:
        values = _read_fields(card, language, frame)
        if found := _find_joined(card, language, values):
            message = f"{found.named} would be put together on this card"
            yield card.problem("unsafe-html", message, *_find_route(card, language, values, found), help=found.help)
            return


def _has_piece(text: str) -> bool:
    if "[" in text or "\\" in text:
        return True
    return ("&" in text and bool(_REFERENCE.search(text))) or ("::" in text and bool(_HINT.search(text)))


def _joins(kind: Kind, language: str) -> bool:
    """Whether there is a piece of a command in the templates of a deck's own kind, or what shows no field as it is."""
    key = kind.name, kind.source, language
    if key not in _JOINING:
        sides = [side for one in kind.templates for side in (one.front, one.back)]
        _JOINING[key] = any(_SEPARATED.search(fill(side, kind, language)) for side in sides)
    return _JOINING[key]


_JOINING: dict[tuple[str, str, str], bool] = {}  # a project has few kinds and many cards


def _read_fields(card: Card, language: str, frame: Frame) -> dict[str, str]:
    """The fields of a card's note by their names in Anki, and what else its templates may show."""
    kind = card.kind
    names = [*(field.name for field in kind.stored), *kind.common]
    content = to_content(card, language, frame.references, {})
    part = card.text("deck", language) if "deck" in card.values else ""
    deck = to_deck_name(card.deck.name, part, language)
    by_card = dict(zip(_BY_CARD, (" ".join(card.tags), deck, deck.rpartition("::")[2]), strict=True))
    return {**by_card, **dict(zip(names, content.text.split(FIELD_SEPARATOR), strict=True))}


def _find_joined(card: Card, language: str, values: Mapping[str, str]) -> Unsafe | None:
    """The first thing that stands on a side of a card, and neither in its texts nor on that side with harmless ones."""
    kind = card.kind
    type = kind.imported_note_type
    values = {**values, "Type": type.name if type else kind.name}
    for at in card.templates(language):
        template = kind.templates[0 if kind.cloze else at]
        sides = (fill(template.front, kind, language), fill(template.back, kind, language))
        gap, real = at + 1 if kind.cloze else 0, {**values, "Card": template.name}
        usual = {name: text and "x" for name, text in real.items()}
        shown = _render(sides, real, gap), _render(sides, usual, gap)
        for side, harmless in zip(*shown, strict=True):
            if found := find_joined(side, harmless, [text for name, text in values.items() if name not in _NAMES]):
                return found
    return None


def _render(sides: tuple[str, str], values: Mapping[str, str], gap: int) -> tuple[str, str]:
    front = render_as_html(sides[0], values, gap)
    return front, render_as_html(sides[1], {**values, "FrontSide": front}, gap, back=True)


def _find_route(card: Card, language: str, values: Mapping[str, str], found: Unsafe) -> tuple[str | int, ...]:
    """The first text without which it would not be there."""
    keys = {field.name: field.key for field in card.kind.stored} | {"Extra": "extra", "Sources": "reference"}
    keys |= {"Tags": "tags", "Deck": "deck", "Subdeck": "deck", "Retired": "retired"}
    for name in (name for name, text in values.items() if text and keys.get(name) in card.values):
        if _find_joined(card, language, {**values, name: "x"}) != found:
            return next((route for route, _ in card.texts(keys[name], language)), (keys[name],))
    return ()
