"""What a learner perceives of HTML: words, pictures, sounds and formulas, and nothing of what shows nothing.

Whatever asks whether a text is empty, or the same as another, asks here.
"""

import re
from html import unescape
from operator import itemgetter
from zlib import crc32

from flashdeck.anki.html import to_html
from flashdeck.anki.safe import MATHML_TAGS, simplify

# Signs without a look of their own: formats, fillers, and (where they join nothing) joiners and variants.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\U000e0000-\U000e00ff]|(?<![^\\s])[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)
_BLANK = "\u2800"  # a Braille cell without dots
_BULLET = "\ufdd3"  # a noncharacter
_TAG = re.compile(r"<(/?)(\w+)([^<>]*)>")
_ATTRIBUTE = re.compile(r'(src|alt)="([^"]*)"')
_INLINE = re.compile("</?(?:strong|em|b|i|u|del|code|sub|sup|span)>")
_DRAWING = re.compile(r"<svg[ >].*?</svg>", re.S)
_FORMULA_TAG = re.compile(rf"</?(?:{'|'.join(sorted(MATHML_TAGS))})(?: [^<>]*)?>")
_EMPTY_FORMULA = re.compile(r"\\\(\s*\\\)|\\\[\s*\\\]")
# What may differ in case alone: formulas, names of files.
_EXACT = re.compile(r"(\\\((?:(?!\\\)).)*\\\)|\\\[(?:(?!\\\]).)*\\\]|\[(?:picture|sound:)[^\[\]]*\])", re.S)
LETTER = "[a-zA-ZÀ-ÖØ-öø-ʯΑ-ωА-я؀-ؿف-ي一-鿿ぁ-ヿ]"
_STARTS_SEEN = re.compile(rf"\*{{0,2}}{LETTER}|\d(?!\d*[.)])")
# A line of letters, digits and marks of European languages that nothing takes for its own: most texts are such.
_MARKS = r" !\"%'()+,\-./0-9:;=?@A-ZÀ-ÖØ-öø-ʯa-z«»‐-‧"
_SIMPLE = re.compile(rf"(?![-+=: ]|\d+[.)])(?!.*(?:  | $))(?:[{_MARKS}]++|{{{{c[1-9][0-9]?::[{_MARKS}]++}}}}(?!}}))++")
# Words in bold or italics, and nothing about it that Markdown could take otherwise.
_EMPHASIS = re.compile(rf"(?<![^\s(])(\*\*?)(?=[^\W_])([{_MARKS}]*[^\W_])\1(?![^\s).,;:?!])")


def to_shown(html: str) -> str:
    """What a learner sees and hears of HTML, line by line; empty where that is nothing."""
    if "<" in html and "<" in (html := _INLINE.sub("", html)):
        if "<svg" in html or "<math" in html:
            html = _FORMULA_TAG.sub(" ", _DRAWING.sub(lambda found: f"[picture {crc32(found[0].encode()):08x}]", html))
        html = _TAG.sub(_show_tag, simplify(html))
    if "&" in html:
        html = unescape(html)
    if not html.isascii():
        html = _UNSEEN.sub("", html).replace(_BLANK, " ")
    if "\\" in html:
        html = _EMPTY_FORMULA.sub("", html)
    if "  " not in html and html.isprintable():
        return html.strip()
    lines = (" ".join(line.split()) for line in html.splitlines())
    return "\n".join(line.replace(_BULLET, "-") for line in lines if line and line != _BULLET)


def _show_tag(found: re.Match[str]) -> str:
    if found[2] == "img":
        about = dict(_ATTRIBUTE.findall(found[3]))
        words = ": ".join(about[name] for name in ("src", "alt") if about.get(name))
        return f"[picture {words}]" if about.get("src") else ""
    return f"\n{_BULLET} " if found[2] == "li" and not found[1] else "\n"


def starts_seen(text: str) -> bool:
    """Whether an author's text begins with a letter, which shows that at least: most do."""
    return bool(_STARTS_SEEN.match(text))


def shows_nothing(text: str) -> bool:
    """Whether a learner sees nothing of an author's text."""
    return not starts_seen(text) and not _to_shown_text(text)


def to_plain(text: str) -> str:
    """What a learner perceives of an author's text, without what makes no difference to them: case, weight, white space."""
    return _to_simple(text) or compare_as(_to_shown_text(text))


def to_plain_cloze(text: str) -> str | None:
    """What a learner perceives of a cloze text, its gaps with their braces; None where that depends on tags in them."""
    if simple := _to_simple(text):
        return simple
    html = to_html(text)
    return compare_as(to_shown(html)) if "<wbr>" not in html else None


def _to_simple(text: str) -> str:
    """What `to_plain` makes of a text that can be told without Markdown and HTML; empty for all others."""
    plain = _EMPHASIS.sub(itemgetter(2), text) if "*" in text else text
    return plain.casefold() if _SIMPLE.fullmatch(plain.replace("& ", "+ ")) else ""


def compare_as(shown: str) -> str:
    """What is shown, without what makes no difference to a learner."""
    if "  " in shown or not shown.isprintable():  # else its only white space is single spaces
        shown = " ".join(shown.split())
    if "\\" in shown or "[" in shown:
        return "".join(part if at % 2 else part.casefold() for at, part in enumerate(_EXACT.split(shown)))
    return shown.casefold()


def _to_shown_text(text: str) -> str:
    html = to_html(text)
    if html is not text:
        return to_shown(html)
    return text if text.isascii() else _UNSEEN.sub("", text).replace(_BLANK, " ").strip()
