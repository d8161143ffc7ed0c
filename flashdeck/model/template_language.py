"""Anki's template language: what a card's front and back name, and what Anki would make an error of.

What Anki shows of a template for one note is `anki/templates.py`.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from flashdeck.diagnostics.problem import nearest
from flashdeck.sources.yaml_errors import Mistake

# What Anki fills in beside the fields of a note.
SPECIAL = frozenset(("FrontSide", "Tags", "Type", "Deck", "Subdeck", "Card", "CardFlag", "CardID"))
TAG = re.compile(r"{{\s*+([#^/]?)\s*+((?:[^{}:]*+:)*+)([^{}]*+)}}")
GAP = re.compile(r"c\d+")  # in templates of clozes a section can ask for the number of the gap


@dataclass(frozen=True)
class Tag:
    """One `{{...}}` of a template: what is before the name (`#`, `^`, `/` or nothing), the filters, and the name.

    Anki has no sign for remarks: it looks for a field `!remark`.
    """

    index: int
    sign: str
    filters: tuple[str, ...]
    name: str


def find_tags(html: str) -> list[Tag]:
    """The tags of a template, without its comments."""
    html = _blank_comments(html)
    return [
        Tag(found.start(), found[1], tuple(part.strip() for part in found[2].split(":")[:-1]), found[3].strip())
        for found in TAG.finditer(html)
    ]


def keep_tags(html: str) -> str:
    """A template with nothing but its tags, all that decides whether it shows something: no words, no comments."""
    return "".join(found[0] for found in TAG.finditer(_blank_comments(html)))


def without_fields(html: str, missing: Collection[str]) -> str:
    """A template for notes that do not have some fields: as Anki shows it where they are empty."""
    pieces, at, hidden = [], 0, [""]  # of the sections around: the name of the field for which nothing of it is shown
    for found in TAG.finditer(html):
        sign, name = found[1], found[3].strip()
        if name not in missing:
            continue
        if not hidden[-1]:
            pieces.append(html[at : found.start()])
        if sign in ("#", "^"):
            hidden.append(hidden[-1] or (name if sign == "#" else ""))
        elif sign == "/":
            hidden[1:] = hidden[1:-1]
        at = found.end()
    return "".join([*pieces, html[at:]])


def _blank_comments(html: str) -> str:
    """The HTML with spaces for its comments, so that all else stays where it is."""
    pieces, at = [], 0
    while (start := html.find("<!--", at)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        pieces += [html[at:start], " " * (end + 3 - start)]
        at = end + 3
    return "".join(pieces) + html[at:]


def find_shown(html: str) -> list[str]:
    """The fields that a template shows, in its order."""
    return [tag.name for tag in find_tags(html) if not tag.sign and tag.name not in SPECIAL]


def find_cloze_fields(html: str) -> list[str]:
    """The fields whose gaps a template shows, whatever other filters they go through."""
    return [tag.name for tag in find_tags(html) if not tag.sign and "cloze" in tag.filters]


def find_mistakes(html: str, fields: Collection[str]) -> Iterator[Mistake]:
    """What Anki would not understand in a template of a note type with these fields."""
    opened: list[Tag] = []
    for tag in find_tags(html):
        known = tag.name in fields or tag.name in SPECIAL or (tag.sign and GAP.fullmatch(tag.name))
        if tag.sign == "/":
            if opened and opened[-1].name == tag.name:
                opened.pop()
            elif tag.name in [section.name for section in opened]:
                message = f"'{{{{/{tag.name}}}}}' closes before '{{{{/{opened[-1].name}}}}}'"
                yield Mistake(tag.index, "unbalanced-section", message, "close the inner section first")
                del opened[[section.name for section in opened].index(tag.name) :]
            else:
                message = f"'{{{{/{tag.name}}}}}' closes what was never opened"
                yield Mistake(tag.index, "unbalanced-section", message, f"write '{{{{#{tag.name}}}}}' before it, or delete it")
            continue
        if tag.sign:
            opened.append(tag)
        if not known:
            message = f"'{tag.name}' is not a field of this kind" if tag.name else "'{{}}' names no field"
            yield Mistake(tag.index, "unknown-field", message, nearest(tag.name, fields))
    for tag in opened:
        message = f"'{{{{{tag.sign}{tag.name}}}}}' is never closed"
        yield Mistake(tag.index, "unbalanced-section", message, f"write '{{{{/{tag.name}}}}}' after what belongs to it")
    for found in re.finditer(r"{{(?![^{}]*}})", html):
        yield Mistake(found.start(), "unbalanced-section", "this '{{' is never closed with '}}'", "write '{{Field}}'")


def shows_something(front: str, filled: Collection[str]) -> bool:
    """Whether Anki makes a card of this front for a note whose `filled` fields are not empty: words of its own do not count."""
    shown = [True]
    for found in TAG.finditer(front):
        sign, name = found[1], found[3].strip()
        if sign == "/":
            shown[1:] = shown[1:-1]
        elif sign in ("#", "^"):
            shown.append(shown[-1] and (name in filled) == (sign == "#"))
        elif not sign and shown[-1] and name in filled:
            return True
    return False
