"""HTML or plain text from elsewhere -> what an author would have written: Markdown where nothing is lost, else HTML.

The conversion need not be trusted: each candidate is rendered to HTML again, and used only if that equals the original.
"""

import re
from collections import Counter
from collections.abc import Mapping
from html import escape, unescape
from html.entities import html5
from html.parser import HTMLParser

from flashdeck.anki.html import LATEX, RAW, find_unsafe, to_html
from flashdeck.anki.markdown import PLAIN_TEXT
from flashdeck.anki.safe import TAGS, clean, make_safe
from flashdeck.sources.yaml_file import INVISIBLE

MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
MARKUP_AT_START = re.compile(r"^([^\S\n]*\d*)([-+=]|(?<=\d)[.)])", re.M)
AMPERSAND = re.compile(r"&(?=#?\w+;)")  # before what makes another sign of it
MARKS = {"strong": "**", "em": "*", "del": "~~", "code": "`"}
PLAIN_MARKS = {"b": "**", "i": "*"}


def from_html(html: str, css: str = "") -> str:
    """A text that shows the same as this HTML on a card with this style, in which <b> may look otherwise than <strong>."""
    html = drop_invisible(html)
    marks = MARKS if STYLED_MARKS.search(_BLOCKS.sub("{", css)) else MARKS | PLAIN_MARKS
    expected = to_look(html, marks)

    def is_faithful(text: str) -> bool:
        return text.strip() == text and to_look(to_html(text), marks) == expected and not find_unsafe(text)

    bare = make_safe(html)
    bare = bare if "<pre" in bare else bare.strip(SPACES)
    if "<" not in bare and "&" not in bare:
        candidates = [bare, _escape(bare)]
    elif "<" in bare:
        candidates = [_to_markdown(bare, marks), bare]
    else:
        candidates = [unescape(bare), _escape(unescape(bare)), bare]
    shown = (text.replace("\u00a0", "&nbsp;") for text in candidates)
    return next((text for text in shown if text and is_faithful(text)), "") or keep_html(html)


SPACES = " \t\n\u00a0"  # that show nothing at the start and the end of a field
_BLOCKS = re.compile(r"/\*.*?\*/|\{[^{}]*\}", re.S)  # of CSS: what is in braces, and comments
STYLED_MARKS = re.compile(r"(?<![\w.#-])(?:b|strong|i|em)(?![\w-])")


def keep_html(html: str) -> str:
    """HTML as it is, without what can run, in the form in which it will be stored."""
    return RAW + make_safe(html) if html else ""


def from_plain(text: str) -> str:
    """A text that shows exactly these words, whatever Markdown could make of them."""
    if PLAIN_TEXT.fullmatch(text):
        return text
    lines = [line.strip() for line in drop_invisible(text).strip().split("\n")]
    expected = "<br>".join(escape(line, quote=False) for line in lines)
    # what people write stays as readable as it can
    ways = (lambda line: line, lambda line: line.replace("<", "\\<"), _escape_lightly, _escape, _escape_brackets)
    candidates = ("\\\n".join(map(way, lines)) for way in ways)
    faithful = (text for text in candidates if to_html(text).replace("<br>\n", "<br>") == expected)
    return next(faithful, RAW + expected) if expected else ""


# A tag as people write it: its attributes have values, so that `a<b and c>d` is none.
_TAG = re.compile(
    r"""<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:\s+[\w-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+))*\s*/?>|<!--(?:(?!<!--).)*?-->""", re.S
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_ALONE = frozenset("area br col hr img source wbr".split())
_OPTIONAL_END = _ALONE | frozenset("colgroup dd dt li p rb rp rt rtc tbody td tfoot th thead tr".split())


def is_html(text: str) -> bool:
    """Whether a text of which nobody says so is HTML: all its tags may stand on a card, and each has its end."""
    tags = Counter[str]()
    for end, name in _TAG.findall(text):
        tags[f"{end}{name.lower()}"] += 1
    if "<" in _TAG.sub("", text) or not {tag.strip("/") for tag in tags} <= {*TAGS, ""}:
        return False
    if any(tags[f"/{tag}"] != number for tag, number in tags.items() if tag and tag[0] != "/" and tag not in _OPTIONAL_END):
        return False
    if any(number > tags[tag[1:]] for tag, number in tags.items() if tag[:1] == "/"):
        return False
    return bool(tags) or any(found[0][1:] in html5 or found[0][1] == "#" for found in _ENTITY.finditer(text))


def drop_invisible(text: str) -> str:
    """A text without invisible characters; every kind of line end becomes `\\n`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n").replace("\x85", "\n")
    return INVISIBLE.sub("", text)


def to_look(html: str, marks: Mapping[str, str]) -> str:
    """HTML without differences that make no difference on a card."""
    html = make_safe(html)
    if "[/" in html and LATEX.search(html):
        return html  # its picture is known by its letters
    if "<" in html or "&" in html:
        html = clean(html)
    if "<pre" in html:
        return html
    html = html.replace(' alt=""', "").replace("<br>\n", "<br>")
    if "b" in marks:
        for old, new in (("<b>", "<strong>"), ("</b>", "</strong>"), ("<i>", "<em>"), ("</i>", "</em>")):
            html = html.replace(old, new)
    html = re.sub(r"\s*(</?(?:div|p|ul|ol|li|blockquote|table|tr|td|th|hr|h[1-6])(?: [^<>]*)?>)\s*", r"\1", html)
    return re.sub(r"[ \t\n]+", " ", html).strip(SPACES)


def _escape(text: str) -> str:
    return MARKUP_AT_START.sub(r"\1\\\2", MARKUP.sub(r"\\\1", AMPERSAND.sub("&amp;", text)))


def _escape_brackets(text: str) -> str:
    """A text with its brackets as entities: with backslashes they would be those of a formula."""
    return "&#91;".join(map(_escape, text.split("[")))


# Words in bold or italics among others: what most texts with any HTML are.
_WORDS = r"(?:[^<>&\\`*_\[\]|~\n]|&(?![#\w]))"
SIMPLE = re.compile(rf"(?:{_WORDS}|<(b|i|strong|em)>{_WORDS}+</\1>)+")
SIMPLE_MARK = re.compile(r"</?(?:(b|strong)|i|em)>")


def _to_markdown(html: str, marks: Mapping[str, str]) -> str:
    """Markdown for HTML that was made safe: Python's parser stops at some of what browsers read."""
    if "b" in marks and SIMPLE.fullmatch(html):
        return SIMPLE_MARK.sub(lambda mark: "**" if mark[1] else "*", html).strip()
    writer = _MarkdownWriter(marks)
    writer.feed(html)
    writer.close()
    text = "".join(writer.parts).strip()
    return "" if writer.is_lossy else re.sub(r"\n{3,}", "\n\n", text)


class _MarkdownWriter(HTMLParser):
    """Writes the Markdown of HTML; `is_lossy` if Markdown cannot express some of it."""

    def __init__(self, marks: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self.marks, self.parts, self.is_lossy = marks, [""], False
        self.lists: list[int] = []  # the last number in each of the lists around; -1 in one without numbers
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag in self.marks and not attrs:
            self.parts.append(self.marks[tag])
        elif tag == "br" and not attrs:
            self.parts.append("\\\n")
        elif tag == "img" and set(about) <= {"src", "alt"} and about.get("src"):
            self.parts.append(f"![{_escape(about.get('alt') or '')}]({_target(about['src'] or '')})")
        elif tag == "a" and set(about) == {"href"} and about["href"]:
            self.links.append(about["href"])
            self.parts.append("[")
        elif tag in ("ul", "ol") and not attrs:
            self.lists.append(0 if tag == "ol" else -1)
            self.parts.append("\n" if len(self.lists) > 1 else "\n\n")
        elif tag == "li" and self.lists and not attrs:
            number = self.lists[-1] + 1
            if number:
                self.lists[-1] = number
            pad = "   " * (len(self.lists) - 1)
            self.parts.append(f"{pad}{number}. " if number else f"{pad}- ")
        elif tag == "p" and not attrs:
            self.parts.append("\n\n")
        else:
            self.is_lossy = True

    def handle_endtag(self, tag: str) -> None:
        if tag in self.marks:
            self.parts.append(self.marks[tag])
        elif tag == "a" and self.links:
            self.parts.append(f"]({_target(self.links.pop())})")
        elif tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n")
        elif tag == "p":
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if data.strip() or not self.lists:
            text = _escape_lightly(data)
            at_start = not self.parts[-1] or self.parts[-1].endswith("\n")
            self.parts.append(MARKUP_AT_START.sub(r"\1\\\2", text, count=1) if at_start else text)

    def handle_comment(self, data: str) -> None:
        self.is_lossy = True

    def handle_decl(self, decl: str) -> None:
        self.is_lossy = True


def _escape_lightly(text: str) -> str:
    """A text with only those characters escaped that could be markup anywhere: what people write stays readable."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", AMPERSAND.sub("&amp;", text))


def _target(address: str) -> str:
    return f"<{address}>" if re.search(r"[\s()]", address) else address
