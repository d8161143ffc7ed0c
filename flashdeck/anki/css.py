"""Which CSS may stand on a card: what runs nothing, and loads only files of the package. The only module that knows tinycss2.

A browser reads `\\75rl(...)` as `url(...)`, so what counts are its tokens, with their escapes resolved.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

# Beside `url`: functions that load what they name, or run it. `url` is judged by what it names.
_FUNCTIONS = frozenset(("src", "image", "image-set", "-webkit-image-set", "element", "-moz-element", "paint", "expression"))
_PROPERTIES = frozenset(("behavior", "-ms-behavior", "-moz-binding", "-o-link", "progid"))
_END_OF_STYLE = re.compile(r"</style", re.I)
# What needs no loading: a part of the same page, or the data themselves.
_INLINE = re.compile(r"#|data:(?:image|font|application/(?:x-)?font)[\w.+-]*[/;,]", re.I)
_FILE = re.compile(r"[^:/\\?#]+")  # by its name alone, in the learner's media folder


def find_unsafe_css(css: str, files: bool = True) -> Iterator[tuple[int, str]]:
    """What loads something from elsewhere or runs, as its index and its words. `files`: whether it may load the package's own."""
    if found := _END_OF_STYLE.search(css):
        yield found.start(), found[0]
    starts = _line_starts(css)
    for token in _tokens(css):
        if word := _judge(token, files):
            yield starts[token.source_line - 1] + token.source_column - 1, word


def clean_css(css: str) -> str:
    """A style sheet without the rules in which something is unsafe."""
    if not any(find_unsafe_css(css)):
        return css
    import tinycss2

    starts = _line_starts(css)
    rules = [starts[rule.source_line - 1] + rule.source_column - 1 for rule in tinycss2.parse_stylesheet(css)]
    pieces = [css[start:end] for start, end in pairwise([0, *rules[1:], len(css)])] if rules else []
    return "".join(piece for piece in pieces if not any(find_unsafe_css(piece)))


def _line_starts(css: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(r"\r\n|[\n\r\f]", css))]


def is_safe_style(css: str) -> bool:
    """Whether a `style` attribute loads nothing, runs nothing, and does not cover what is around its card."""
    if not _UNUSUAL.search(css):
        return True
    words = {token.lower_value for token in _tokens(css) if token.type == "ident"}
    covers = "position" in words and words & {"fixed", "sticky"}
    return not covers and not any(find_unsafe_css(css, files=False))


# Without these signs there is no function, no escape and no at-rule; and what covers the page says `position`.
_UNUSUAL = re.compile(r"[(\\@<]|position|behavior|binding|link|progid", re.I)


def _tokens(css: str) -> Iterator[Any]:
    """All tokens of CSS, those in blocks and functions included."""
    import tinycss2  # most texts have no style

    tokens = tinycss2.parse_component_value_list(css)[::-1]
    while tokens:
        token = tokens.pop()
        tokens += reversed(_inside(token))
        yield token


def _inside(token: Any) -> list[Any]:
    """The tokens in a block or a function."""
    if token.type == "function":
        return list(token.arguments)
    return list(token.content) if token.type.endswith(" block") else []


def _judge(token: Any, files: bool) -> str:
    """The words of a token that may not be there; empty where it may."""
    match token.type:
        case "at-keyword":
            return f"@{token.value}" if token.lower_value == "import" else ""
        case "url":
            return "" if _may_load(token.value, files) else f"url({token.value})"
        case "function" if token.lower_name == "url":
            named = [one for one in token.arguments if one.type not in ("whitespace", "comment")]
            value = named[0].value if len(named) == 1 and named[0].type == "string" else ""
            return "" if value and _may_load(value, files) else f"{token.name}({value})"
        case "function":
            return f"{token.name}(" if token.lower_name in _FUNCTIONS else ""
        case "ident":
            return str(token.value) if token.lower_value in _PROPERTIES else ""
        case "error":
            return "url(" if token.kind == "bad-url" else ""
    return ""


def _may_load(name: str, files: bool) -> bool:
    return bool(_INLINE.match(name.strip()) or (files and _FILE.fullmatch(name.strip())))
