"""A side of a card as Anki would show it: a template of a note type, filled with the fields of one note."""

import re
from collections.abc import Mapping
from html import unescape

from flashdeck.model.template_language import GAP, TAG

GAP_IN_TEXT = re.compile(r"{{c(\d+)::((?:(?!{{c\d).)*?)}}", re.S)


def render(html: str, values: Mapping[str, str], gap: int = 0, back: bool = False) -> str:
    """A side of a card as Anki would show it: sections, fields, and of a cloze the `gap` (from 1) that is asked."""
    parts: list[str] = []
    shown = [True]  # whether the sections around are shown, from the outermost to the innermost
    done = 0
    for found in TAG.finditer(html):
        sign, name = found[1], found[3].strip()
        parts.append(html[done : found.start()] if shown[-1] else "")
        done = found.end()
        if sign == "/":
            shown[1:] = shown[1:-1]
        elif sign in ("#", "^"):
            there = name == f"c{gap}" if GAP.fullmatch(name) and name not in values else bool(values.get(name, "").strip())
            shown.append(shown[-1] and there == (sign == "#"))
        elif not sign and shown[-1]:
            filters = [part.strip() for part in found[2].split(":")[:-1]]
            parts.append(_show(values.get(name, ""), filters, gap, back))
    return "".join(parts) + html[done:]


def _show(text: str, filters: list[str], gap: int, back: bool) -> str:
    if "cloze" in filters:
        while inner := GAP_IN_TEXT.search(text):  # the innermost first
            answer, _, hint = inner[2].partition("::")
            shown = answer if back or int(inner[1]) != gap else f"[{hint or '...'}]"
            text = text[: inner.start()] + shown + text[inner.end() :]
    if "type" in filters and not back:
        return "[______]"
    return text


def to_words(html: str) -> str:
    """What a learner reads and hears of a card, line by line."""
    html = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->", "", html, flags=re.S | re.I)
    html = re.sub(r"""<img\b(?:[^>]*?\balt="([^"]*)")?[^>]*>""", lambda found: f"[picture: {found[1] or '?'}]", html)
    html = re.sub(r"<li\b[^>]*>", "\n- ", html)
    html = re.sub(r"</?(?:p|div|section|br|hr|ul|ol|dl|dt|dd|tr|table|footer|h\d|blockquote|pre)\b[^>]*>", "\n", html)
    lines = (" ".join(line.split()) for line in unescape(re.sub(r"<[^>]+>", "", html)).splitlines())
    return "\n".join(line for line in lines if line)
