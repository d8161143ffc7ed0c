"""An author's Markdown -> HTML that is safe to put on a card. The only module that knows nh3."""

import re
from collections import Counter
from collections.abc import Container
from html import escape, unescape

import nh3

from flashdeck.anki.markdown import PLAIN_TEXT, to_raw_html

_attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_attributes["*"] = {"class", "dir", "lang", "title"}
_cleaner = nh3.Cleaner(attributes=_attributes, url_schemes={"http", "https", "mailto"}, link_rel=None, strip_comments=True)

# A text that begins with this is HTML as it is: what was imported and cannot be expressed in Markdown.
RAW = "<!-- html -->"
_raw_cleaner = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS | {"font"},
    attributes={**_attributes, "*": {*_attributes["*"], "style"}, "font": {"color", "face", "size"}},
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
_SOURCE = r"""(?i)(<img\b[^>]*?\ssrc\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)"""
PLAYED = tuple(".mp3 .ogg .oga .opus .wav .flac .m4a .aac .spx .mp4 .m4v .webm .ogv .mov .mkv .avi .mpg .mpeg".split())

SOUND = re.compile(r"\[sound:([^\]\n]+)\]")


def to_html(text: str) -> str:
    """A text as it appears on a card: safe HTML, without <p> where it is one paragraph."""
    if PLAIN_TEXT.fullmatch(text):
        return text
    if text.startswith(RAW):
        return text[len(RAW) :]
    html = _cleaner.clean(to_raw_html(text)).strip().replace("&nbsp;", "\u00a0")
    if "<img" in html:  # sounds and videos are written like pictures: Markdown has nothing else
        html = re.sub(r'<img src="([^"]*)"[^>]*>', lambda found: _play(unescape(found[1])) or found[0], html)
    if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        html = html[3:-4]
    return html


def to_media_html(text: str, alt: str) -> str:
    """A field that holds a picture or sound: a file's name alone, or Markdown, as it appears on a card."""
    if "[" in text or "<" in text:
        return to_html(text)
    return _play(text) or f'<img src="{escape(text)}" alt="{escape(alt)}">'


def _play(name: str) -> str:
    """Anki's words for a file that is played; nothing for a picture."""
    return f"[sound:{unquote_name(name)}]" if name.lower().endswith(PLAYED) else ""


def unquote_name(name: str) -> str:
    """The name of a file as it is on the disk: in links and pictures, `%20` is a space."""
    if "%" not in name:
        return name
    from urllib.parse import unquote  # most decks need none

    return unquote(name)


def find_unsafe(text: str) -> list[str]:
    """What `to_html` would have to cut from a text, as typed: tags (`<script`), attributes (`onclick`), addresses.

    What counts is what nh3 removes: the parts of the HTML before it that are not in its result.
    """
    if "<" not in text and "](" not in text and "]:" not in text:
        return []  # neither HTML nor a link
    from flashdeck.anki.html_parts import find_parts  # few texts get here

    if text.startswith(RAW):
        raw = text[len(RAW) :]
        if unended := re.search(r"<[a-zA-Z/!?][^>]*$", raw):  # it would take what comes after it on the card into itself
            return [unended[0]]
        clean = clean_raw(raw)
    else:
        raw = to_raw_html(text)
        clean = _cleaner.clean(raw)
    removed = Counter(find_parts(raw)) - Counter(find_parts(clean))
    # what is removed with its tag is not reported apart
    parts = [part or tag for tag, part in removed if not part or (tag, "") not in removed]
    # with a bad tag, nh3 may remove valid ones around it: those that Markdown made are not the author's mistake
    return [part for part in parts if part in text.lower() or part in text] or parts


def find_media(html: str) -> list[str]:
    """The files that a card's HTML shows or plays, by the names the author wrote."""
    if "<img" not in html and "[sound:" not in html:
        return []
    return [unescape(name.strip("\"'")) for _, name in re.findall(_SOURCE, html)] + [
        unescape(name) for name in SOUND.findall(html)
    ]


def drop_media(html: str, known: Container[str]) -> tuple[str, list[str]]:
    """The HTML without the pictures and sounds that are not `known`, and their names; those on the web become links."""
    dropped: list[str] = []

    def show(found: re.Match[str]) -> str:
        name = unescape(found[2].strip("\"'"))
        if name in known or unquote_name(name) in known:
            return found[0]
        dropped.append(name)
        return f'<a href="{escape(name)}">{escape(name)}</a>' if re.match(r"https?://", name) else ""

    def play(found: re.Match[str]) -> str:
        if unescape(found[1]) in known:
            return found[0]
        dropped.append(unescape(found[1]))
        return ""

    if "<img" in html.lower():
        html = re.sub(_SOURCE + "[^>]*>", show, html)
    return SOUND.sub(play, html), dropped


def find_pictures_without_alt(html: str) -> list[str]:
    """The pictures of a card's HTML without alternative text, by their names."""
    pictures = re.findall(r"<img\b[^>]*>", html) if "<img" in html else []
    return [
        name for picture in pictures if not re.search(r"""\salt\s*=\s*["']?[^"'\s>]""", picture) for name in find_media(picture)
    ]


def rename_media(html: str, names: dict[str, str]) -> str:
    """The HTML with other names for its media files."""

    def show(found: re.Match[str]) -> str:
        name = names.get(unescape(found[2].strip("\"'")))
        quote = found[2][0] if found[2][0] in "\"'" else '"'
        return f"{found[1]}{quote}{name}{quote}" if name else found[0]

    def play(found: re.Match[str]) -> str:
        return f"[sound:{names.get(unescape(found[1]), found[1])}]"

    return SOUND.sub(play, re.sub(_SOURCE, show, html))


def clean_raw(html: str) -> str:
    """HTML from elsewhere without what can run, or fetch something."""
    clean = _raw_cleaner.clean(html)
    return re.sub(r"\sstyle=\"[^\"]*(?:url\(|expression|@import|\\\\)[^\"]*\"", "", clean, flags=re.I)
