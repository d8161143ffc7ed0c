"""An author's Markdown -> HTML that is safe to put on a card. The only module that knows pyromark and nh3."""

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import nh3
import pyromark

_markdown = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH,
)
_attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_attributes["*"] = {"class", "dir", "lang", "title"}
_cleaner = nh3.Cleaner(attributes=_attributes, url_schemes={"http", "https", "mailto"}, link_rel=None, strip_comments=True)

# MathJax's own brackets, which Markdown would take for escapes. `$5 to $9` stays money.
MATH = re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]", re.S)
SOUND = re.compile(r"\[sound:([^\]\n]+)\]")
_MARK = "\ue000{}\ue001"  # of the private use area: in no author's text, and nothing to Markdown or HTML


def to_html(text: str) -> str:
    """A text as it stands on a card: safe HTML, without <p> where it is one paragraph."""
    html = _cleaner.clean(_to_raw_html(text)).strip().replace("&nbsp;", "\u00a0")
    if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        html = html[3:-4]
    return html


def find_unsafe(text: str) -> list[str]:
    """What `to_html` would have to cut from a text, as typed: tags (`<script`), attributes (`onclick`), addresses.

    nh3 is the judge: what stands in the HTML before and not after it.
    """
    if "<" not in text and "](" not in text and "]:" not in text:
        return []  # neither HTML nor a link
    raw = _to_raw_html(text)
    lost = Counter(_parts(raw)) - Counter(_parts(_cleaner.clean(raw)))
    # what goes with its tag needs no word of its own
    parts = [part or tag for tag, part in lost if not part or (tag, "") not in lost]
    # a bad tag can take the good ones around it along: those that Markdown made are not the author's mistake
    return [part for part in parts if part in text.lower() or part in text] or parts


def find_media(html: str) -> list[str]:
    """The files that a card's HTML shows or plays, by the names the author wrote."""
    if "<img" not in html and "[sound:" not in html:
        return []
    return [unescape(name) for name in re.findall(r'<img[^>]* src="([^"]*)"', html)] + [
        unescape(name) for name in SOUND.findall(html)
    ]


def rename_media(html: str, names: dict[str, str]) -> str:
    """The HTML with other names for its media files."""

    def rename(found: re.Match[str]) -> str:
        name = unescape(found[2])
        return found[1] + names.get(name, found[2]) + found[3]

    html = re.sub(r'(<img[^>]* src=")([^"]*)(")', rename, html)
    return re.sub(r"(\[sound:)([^\]\n]+)(\])", rename, html)


def _to_raw_html(text: str) -> str:
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
        return _MARK.format(len(kept) - 1)

    html = _markdown.html(MATH.sub(keep, text) if "\\" in text else text)
    for at, math in enumerate(kept):
        html = html.replace(_MARK.format(at), math)
    return html


class _Parts(HTMLParser):
    """Collects (tag, attribute) of all tags, the attribute empty for the tag itself, in the words that an author types."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((f"<{tag}", ""))
        for name, value in attrs:
            self.found.append((f"<{tag}", value if value and name in ("href", "src") else name))

    def handle_decl(self, decl: str) -> None:
        self.found.append(("<!", ""))

    def handle_pi(self, data: str) -> None:
        self.found.append(("<?", ""))

    def unknown_decl(self, data: str) -> None:
        self.found.append(("<!", ""))


def _parts(html: str) -> list[tuple[str, str]]:
    parser = _Parts()
    parser.feed(html)
    parser.close()
    return parser.found
