"""A side of a card as Anki would show it: a template of a note type, filled with the fields of one note."""

import re
from collections.abc import Callable, Mapping, Sequence

from flashdeck.model.cloze import list_asked, show_gap, show_gap_as_html
from flashdeck.model.template_language import GAP, TAG

# What a field becomes: its text and name, the filters before it, the gap that is asked, and whether that is the back.
Show = Callable[[str, str, Sequence[str], int, bool], str]


def _show(text: str, name: str, filters: Sequence[str], gap: int, back: bool) -> str:
    if "cloze" in filters:
        text = show_gap(text, gap, back)
    if "type" in filters and not back:
        return "[______]"
    return text


def render(html: str, values: Mapping[str, str], gap: int = 0, back: bool = False, show: Show = _show) -> str:
    """A side of a card in the words that learners see: sections, fields, and of a cloze the `gap` (from 1) that is asked."""
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
            parts.append(show(values.get(name, ""), name, filters, gap, back))
    return "".join(parts) + html[done:]


def render_as_html(html: str, values: Mapping[str, str], gap: int = 0, back: bool = False) -> str:
    """A side of a card as the HTML that Anki makes of it, before it plays, asks and draws what it finds in it."""
    return render(html, values, gap, back, _show_as_html)


def _show_as_html(text: str, name: str, filters: Sequence[str], gap: int, back: bool) -> str:
    if filters[:1] == ["type"]:
        return f"[[{':'.join([*filters[:2], name])}]]" if filters[1:] in (["cloze"], ["nc"]) else f"[[type:{name}]]"
    for one in reversed(filters):
        match one:
            case "cloze":
                text = show_gap_as_html(text, gap, back)
            case "cloze-only":
                text = ", ".join(list_asked(text, gap, back))
            case "hint" if text.strip():
                text = f'<a class="hint" href="#">{name}</a><div class="hint">{text}</div>'
            case "furigana" | "kanji" | "kana":
                text = _RUBY.sub(_RUBY_FORMS[one], text.replace("&nbsp;", " "))
            case _ if one.startswith("tts "):
                text = f"[anki:tts lang={one[4:]}]{text}[/anki:tts]"
    return text


_RUBY = re.compile(r" ?([^ >]+?)\[(?!sound:)(.+?)\]")
_RUBY_FORMS = {"furigana": r"<ruby><rb>\1</rb><rt>\2</rt></ruby>", "kanji": r"\1", "kana": r"\2"}
