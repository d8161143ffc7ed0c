"""An author's Markdown -> HTML as it was meant, not yet safe. The only module that knows pyromark."""

import re

import pyromark

_markdown = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH,
)

# A line with no sign that Markdown or HTML could take for its own is the same in both: most texts are such.
PLAIN_TEXT = re.compile(
    r"(?![-+=:]|\d+[.)])[^\s\\`*_\[\]<>&#~|\x00-\x1f](?:[^\n\r\t\f\v\\`*_\[\]<>&#~|\x00-\x1f\x85\u2028\u2029]*[^\s\\`*_\[\]<>&#~|\x00-\x1f])?"
)

# MathJax's own brackets, which Markdown would take for escapes. `$5 to $9` stays money.
MATH = re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]", re.S)
_PLACEHOLDER = "\ue000{}\ue001"  # of the private use area: in no author's text, and nothing to Markdown or HTML


def to_raw_html(text: str) -> str:
    """What a text of Markdown and HTML says, as HTML that may hold anything."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
        return _PLACEHOLDER.format(len(kept) - 1)

    html = _markdown.html(MATH.sub(keep, text) if "\\" in text else text)
    for at, math in enumerate(kept):
        html = html.replace(_PLACEHOLDER.format(at), math)
    return html
