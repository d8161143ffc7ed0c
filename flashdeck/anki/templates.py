"""A side of a card as Anki would show it: a template of a note type, filled with the fields of one note."""

from collections.abc import Mapping

from flashdeck.model.cloze import show_gap
from flashdeck.model.template_language import GAP, TAG


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
        text = show_gap(text, gap, back)
    if "type" in filters and not back:
        return "[______]"
    return text
