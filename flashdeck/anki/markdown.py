"""An author's Markdown -> HTML as it was meant, not yet safe. The only module that knows pyromark."""

import re
from html import escape

import pyromark

from flashdeck.model.cloze import APART, keep_apart

_markdown = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH,
)

# A line with no sign that Markdown, HTML or mathematics could take for its own is the same in all: most texts are such. Braces
# are where they belong to gaps with none in them.
_PLAIN = r"[^{}$\n\r\t\f\v\\`*_\[\]<>&#~|\x00-\x1f\x85\u2028\u2029\ufdd0-\ufdef]*+"
PLAIN_TEXT = re.compile(
    rf"(?![-+=:]|\d+[.)])(?=\S){_PLAIN}(?:(?:{{{{c[0-9,]++::{_PLAIN}}}}}(?!}})|{{(?!{{c)|}}){_PLAIN})*+(?<!\s)"
)

# Where a formula, or what holds none, may begin. Markdown would take MathJax's own brackets for escapes.
_OPENING = re.compile(r"\\[(\[]|(?<!\\)(?:\$\$?|`+)")
_DOLLARS = re.compile(r"\$(?=[^\s$\]])((?:[^$\n]|\n(?!\s*\n))+)(?<=[^\s\\])\$")
_COMMAND = re.compile(r"\\[a-zA-Z]")
# A formula without commands: variables of a letter or two, and something between, above or below them.
_TERM = re.compile(
    r"(?=.*[a-zA-Z])(?:[a-zA-Z]|(?=.*[-^=+*/<>(≤≥≠±·×]|.*_\S)"
    rf"(?:(?:(?:sin|cos|tan|log|lim|max|min|exp|mod)|[a-zA-Z]{{1,2}})(?![a-zA-Z])|[^a-zA-Z\\$\"'#&@?]|{APART})+)",
    re.S,
)
_PLACEHOLDER = "\ufdd0{}\ufdd1"  # noncharacters, as APART
_PLACED = re.compile("\ufdd0(\\d+)\ufdd1")


def to_raw_html(text: str) -> str:
    """What a text of Markdown and HTML says, as HTML that may hold anything."""
    if "{{c" in text:
        text = keep_apart(text)
    kept: list[str] = []
    if "\\" in text or "$" in text:
        text = _keep_formulas(text, kept)
    html = _markdown.html(text)
    if kept:
        html = _PLACED.sub(lambda found: kept[int(found[1])] if int(found[1]) < len(kept) else found[0], html)
    if APART in html:  # but no tag can be in a tag
        html = re.sub(rf"(<[a-zA-Z/!][^<>]*>)|{APART}", lambda found: found[1].replace(APART, "") if found[1] else "<wbr>", html)
    return html


def _keep_formulas(text: str, kept: list[str]) -> str:
    """The text with placeholders for its formulas, which are added to `kept` as HTML."""
    pieces, done, at = [], 0, 0
    missing: set[str] = set()  # what does not come any more
    while found := _OPENING.search(text, at):
        start, at = found.span()
        sign = found[0]
        closing = {"\\(": "\\)", "\\[": "\\]"}.get(sign, sign)
        formula: tuple[str, str, str] | None = None
        end = -1
        if sign == "$":
            if (dollars := _DOLLARS.match(text, start)) and _is_formula(text, dollars):
                formula, end = ("\\(", dollars[1], "\\)"), dollars.end()
        elif closing not in missing:
            end = _find(text, closing, at)
            if end < 0:
                missing.add(closing)
            elif sign == "$$":
                inner = text[at : end - 2]
                if inner[0] != "]" and (_COMMAND.search(inner) or _TERM.fullmatch(inner.strip())):
                    formula = "\\[", inner, "\\]"
                else:
                    end = -1
            elif sign[0] == "\\":
                formula = sign, text[at : end - 2], closing
        if formula:
            kept.append(escape("".join(formula), quote=False))
            pieces += [text[done:start], _PLACEHOLDER.format(len(kept) - 1)]
            done = end
        at = max(at, end)
    return "".join([*pieces, text[done:]])


def _find(text: str, closing: str, at: int) -> int:
    """Where what begins before `at` ends, with its closing sign; -1 where it does not. There is something in a formula."""
    if closing[0] == "`":
        found = re.compile(f"(?<!`){closing}(?!`)").search(text, at)
        return found.end() if found else -1
    return text.find(closing, at + 1) + len(closing) if text.find(closing, at + 1) >= 0 else -1


def _is_formula(text: str, found: re.Match[str]) -> bool:
    """Whether what stands between two `$` cannot be money, a variable of a shell or of a program."""
    if _COMMAND.search(found[1]):
        return True
    start, end = found.span()
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    if before.isalnum() or after.isalnum() or before == "_" or after in ("_", "$"):
        return False
    return bool(_TERM.fullmatch(found[1]))
