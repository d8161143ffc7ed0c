"""An author's Markdown, or HTML from elsewhere, as it appears on a card; and the files that it shows and plays."""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha1
from html import escape, unescape

from flashdeck.anki.markdown import PLAIN_TEXT, to_raw_html
from flashdeck.anki.safe import (
    Unsafe,
    clean,
    find_files,
    find_pictures,
    find_unsafe_in_template,
    make_safe,
    rename_pictures,
    replace_pictures,
)
from flashdeck.anki.safe import find_unsafe as find_unsafe_html
from flashdeck.model.cloze import read_gaps, reveal
from flashdeck.model.texts import RAW as RAW

SEEN = tuple(".apng .avif .bmp .gif .ico .jfif .jpe .jpeg .jpg .png .svg .tif .tiff .webp".split())
PLAYED = tuple(".mp3 .ogg .oga .opus .wav .flac .m4a .aac .spx .mp4 .m4v .webm .ogv .mov .mkv .avi .mpg .mpeg".split())

SOUND = re.compile(r"\[sound:([^\[\]\n<>\"]{1,255})\]")


def to_html(text: str) -> str:
    """A text as it appears on a card: safe HTML, without <p> where it is one paragraph; the text itself where it is plain."""
    return text if PLAIN_TEXT.fullmatch(text) else _to_html(text)


@lru_cache(maxsize=10_000)  # what is checked is stored
def _to_html(text: str) -> str:
    if text.startswith(RAW):
        return make_safe(text[len(RAW) :], local=False)
    html = clean(to_raw_html(text)).strip()
    html = replace_pictures(html, _play)  # sounds and videos are written like pictures: Markdown has nothing else
    if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        html = html[3:-4]
    return html


def to_media_html(text: str, alt: str) -> str:
    """A field that holds a picture or sound: a file's name alone, or Markdown, as it appears on a card."""
    if "[" in text or "<" in text:
        return to_html(text)
    return _play(text) or clean(f'<img src="{escape(text)}" alt="{escape(alt)}">')


def _play(name: str) -> str | None:
    """Anki's words for a file that is played; None for a picture, and for a name that Anki would end too early."""
    played = f"[sound:{escape(unquote_name(name), quote=False)}]"
    return played if name.lower().endswith(PLAYED) and SOUND.fullmatch(played) else None


def unquote_name(name: str) -> str:
    """The name of a file as it is on the disk: in links and pictures, `%20` is a space."""
    if "%" not in name:
        return name
    from urllib.parse import unquote  # most decks need none

    return unquote(name)


def find_unsafe(text: str) -> list[Unsafe]:
    """What `to_html` would have to take away from a text, as typed: tags (`<script`), attributes (`onclick`), addresses."""
    if "<" not in text and "](" not in text and "]:" not in text and "\\" not in text:
        return []  # neither HTML nor a link nor a formula
    if text.startswith(RAW):
        return find_unsafe_html(text[len(RAW) :])
    found = find_unsafe_html(to_raw_html(text))
    # with a bad tag, those may be bad that Markdown made around it, which are not the author's mistake
    return [one for one in found if one.word.lower() in text.lower()] or found


def find_unsafe_alone(text: str) -> list[Unsafe]:
    """As `find_unsafe`, of a text that has no files of its own: of others, pictures are judged with their files."""
    return find_unsafe(text) or find_unsafe_in_template(to_html(text))


def find_media(html: str) -> list[str]:
    """The files that a card's HTML shows or plays, by the names the author wrote."""
    return find_files(html) + [unescape(name) for name in SOUND.findall(html)]


LATEX = re.compile(r"\[latex\](.+?)\[/latex\]|\[\$\](.+?)\[/\$\]|\[\$\$\](.+?)\[/\$\$\]", re.I | re.S)


def find_latex_pictures(html: str) -> list[str]:
    """The names under which Anki looks for pictures of the LaTeX in a card's HTML: learners without LaTeX see only these."""
    if "[/" not in html:
        return []
    names = []
    for plain, inline, display in LATEX.findall(reveal(read_gaps(html))):
        latex = plain or (f"${inline}$" if inline else f"\\begin{{displaymath}}{display}\\end{{displaymath}}")
        text = unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>|<div>", "\n", latex, flags=re.I))).replace("\u00a0", " ")
        names += [f"latex-{sha1(text.encode()).hexdigest()}.{suffix}" for suffix in ("png", "svg")]
    return names


def link_remote_media(html: str) -> tuple[str, list[str]]:
    """The HTML with links in place of pictures and sounds on the web, and their addresses."""
    pictures = [name for name, _ in find_pictures(html) if REMOTE.match(name)]
    sounds = [unescape(name) for name in SOUND.findall(html) if REMOTE.match(unescape(name))]

    def link(name: str) -> str | None:
        return f'<a href="{escape(name)}">{escape(name)}</a>' if REMOTE.match(name) else None

    if pictures:
        html = replace_pictures(clean(html), link)
    if sounds:
        html = SOUND.sub(lambda found: link(unescape(found[1])) or found[0], html)
    return html, pictures + sounds


REMOTE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.I)


def find_pictures_without_alt(html: str) -> list[str]:
    """The pictures of a card's HTML without alternative text, by their names."""
    return [name for name, alt in find_pictures(html) if not alt.strip()]


def rename_media(html: str, names: Mapping[str, str]) -> str:
    """The HTML with other names for its media files."""

    def play(found: re.Match[str]) -> str:
        return f"[sound:{names.get(unescape(found[1]), found[1])}]"

    return SOUND.sub(play, rename_pictures(html, names) if names and "src" in html.lower() else html)
