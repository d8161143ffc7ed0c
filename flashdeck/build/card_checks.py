"""What must hold of one card by itself. A check gives the problems of a card; CARD_CHECKS, at the end, lists them.

To add a check: a function here (or in `project_checks.py`, if it needs more than one file), its name in the list, its code in
`diagnostics/problems.md`, and a source in tests/bad named after the code.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape

from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.anki.identity import is_reserved_tag
from flashdeck.anki.safe import find_unsafe_latex, has_latex
from flashdeck.anki.shown import to_plain
from flashdeck.build.gap_checks import GAP_CHECKS
from flashdeck.build.text_checks import TEXT_CHECKS
from flashdeck.diagnostics.problem import Problem, nearest
from flashdeck.model.cards import Card
from flashdeck.model.frame import Frame
from flashdeck.model.keys import NAME_TYPES
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Value, find_invisible, name_character


def check_references(card: Card, frame: Frame) -> Iterator[Problem]:
    """A card that cites nothing that is known leaves its learner without a source."""
    typed = card.values.get("reference")
    if typed is None or (type(typed) is str and typed in frame.references):
        return
    for route, id in card.all_texts("reference"):
        if id not in frame.references:
            help = nearest(id, frame.reference_ids, "describe it in a file that begins with 'references:'")
            yield card.problem("unknown-reference", f"'{short(id)}' is not the id of a reference", *route, help=help, unknown=id)


def check_tags(card: Card, frame: Frame) -> Iterator[Problem]:
    """Anki splits, drops or claims a tag of the wrong form, and searches for it find nothing."""
    if VALID_TAGS.issuperset(card.tags):
        return
    for route, tag in card.all_texts("tags"):
        if re.search(r'[\s"]', tag):
            valid = re.sub(r'[\s"]+', "-", tag).strip("-")
            yield card.problem("bad-tag", f"'{short(tag)}' contains a space or a quote", *route, help=f"write '{valid}'")
        elif not all(tag.split("::")):
            yield card.problem("bad-tag", f"'{short(tag)}' has an empty part", *route, help="write it as 'part::part'")
        elif is_reserved_tag(tag):
            message = f"'{short(tag)}' is reserved: Anki or flashdeck sets this tag itself"
            yield card.problem("bad-tag", message, *route, help="choose another word")
        else:
            VALID_TAGS.add(tag)


VALID_TAGS: set[str] = set()  # those checked already: a project has few tags and many cards


def check_options(card: Card, frame: Frame) -> Iterator[Problem]:
    """A right answer among the wrong ones, or one option twice, teaches that the right answer is wrong."""
    for key in card.kind.options:
        for language in card.deck.languages:
            answers = {to_plain(text) for _, text in card.texts("answer", language)}
            seen: set[str] = set()
            for route, text in card.texts(key, language):
                plain = to_plain(text)
                if not plain:
                    continue  # it has been reported
                if plain in answers:
                    message = f"'{short(text)}' is the right answer, and is also among the wrong ones"
                    yield card.problem("answer-among-distractors", message, *route, help="delete it here")
                elif plain in seen:
                    yield card.problem(
                        "repeated-option", f"'{short(text)}' is repeated among the wrong answers", *route, help="delete one"
                    )
                seen.add(plain)


def check_html(card: Card, frame: Frame) -> Iterator[Problem]:
    """What can run in a learner's Anki, or breaks out of the card, has no place in a text."""
    if not card.node.source.has_markup and not card.overrides:
        return
    for key, value in card.values.items():
        if not _may_be_html(value) or card.kind.types[key] in NAME_TYPES:
            continue
        for route, text in card.all_texts(key):
            if "&#" in text and (character := find_invisible(to_html(text))):
                entities = (entity[0] for entity in re.finditer(r"&#\w+;?", text))
                word = next((entity for entity in entities if unescape(entity) in (character, "")), "&#")
                message = f"'{word}' is the invisible character {name_character(character)}"
                yield card.problem("control-character", message, *route, word=word, help="delete it")
            for part in find_unsafe(text) or (find_unsafe_latex(to_html(text)) if "\\" in text and _has_latex(card) else ()):
                word = next((word for word in (part.word, part.word.upper()) if word in text), "")
                message = f"{part.named} is not allowed in a text"
                yield card.problem("unsafe-html", message, *route, word=word, help=part.help)


def _has_latex(card: Card) -> bool:
    """Whether LaTeX begins or ends anywhere on a card: in one of its texts, or in what is around them."""
    texts = (text for key, value in card.values.items() if _may_be_latex(value) for _, text in card.all_texts(key))
    around = [*(side.text for side in card.kind.sides), *card.kind.own_parts.values()] if card.kind.source else []
    return any(map(has_latex, around)) or any(has_latex(to_html(text)) for text in texts)


def _may_be_latex(value: Value) -> bool:
    if type(value) is str:
        return "[" in value or "&" in value
    return any(map(_may_be_latex, value.values() if isinstance(value, dict) else value))


def _may_be_html(value: Value) -> bool:
    """Whether HTML, a link or a character by its number can be anywhere in a value."""
    if type(value) is str:
        return "<" in value or "](" in value or "]:" in value or "&#" in value or "\\" in value
    return any(map(_may_be_html, value.values() if isinstance(value, dict) else value))


CARD_CHECKS: tuple[Callable[[Card, Frame], Iterator[Problem]], ...] = (
    check_references,
    check_tags,
    check_options,
    check_html,
    *GAP_CHECKS,
    *TEXT_CHECKS,
)


def check_card(card: Card, frame: Frame) -> list[Problem]:
    """All problems of a card by itself."""
    return [problem for check in CARD_CHECKS for problem in check(card, frame)]
