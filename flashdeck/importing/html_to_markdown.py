"""HTML or plain text from elsewhere -> what an author would have written: Markdown where nothing is lost, else HTML.

Nobody has to trust the way back: each try is turned into HTML again, and counts only if that is what was there.
"""

import re
from html import escape, unescape
from html.parser import HTMLParser

from flashdeck.anki.html import RAW, clean_raw, find_unsafe, to_html
from flashdeck.sources.yaml_file import UNSEEN

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")
AT_START = re.compile(r"^(\s*\d*)([-+=]|(?<=\d)[.)])", re.M)
MARKS = {"strong": "**", "em": "*", "del": "~~", "code": "`"}
PLAIN_MARKS = {"b": "**", "i": "*"}


def from_html(html: str, exact: bool) -> str:
    """A text that gives this HTML; where not `exact`, also one that gives <strong> for <b> and <em> for <i>."""
    html = drop_unseen(html)
    wanted = html if exact else _normal(html)

    def gives(text: str) -> bool:
        made = to_html(text)
        return text.strip() == text and (made if exact else _normal(made)) == wanted and not find_unsafe(text)

    if "<" not in html and "&" not in html:
        tries = [html, _escaped(html)]
    else:
        words = unescape(html)
        tries = [_to_markdown(html, exact)] if "<" in html else [words, _escaped(words)]
        tries.append(html)
    return next((text for text in tries if text and gives(text)), "") or keep_html(html)


def keep_html(html: str) -> str:
    """HTML as it stands, without what can run."""
    return RAW + (clean_raw(html) if find_unsafe(RAW + html) else html) if html else ""


def from_plain(text: str) -> str:
    """A text that shows these words, whatever signs are in them."""
    text = drop_unseen(text).strip()
    lines = [line.strip() for line in text.split("\n")]
    wanted = "<br>".join(escape(line, quote=False) for line in lines)
    tries = [text] if len(lines) == 1 else []
    tries += [_escaped("\n".join(lines)).replace("\n", "\\\n")]
    return next((one for one in tries if re.sub(r"<br>\n", "<br>", to_html(one)) == wanted), RAW + wanted if text else "")


def drop_unseen(text: str) -> str:
    """A text without the characters that no editor shows; ends of lines that YAML does not know become usual ones."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n").replace("\x85", "\n")
    return UNSEEN.sub("", text)


def _normal(html: str) -> str:
    """HTML without differences that nobody sees."""
    html = clean_raw(html).replace(' alt=""', "")
    for old, new in (("<b>", "<strong>"), ("</b>", "</strong>"), ("<i>", "<em>"), ("</i>", "</em>"), ("<br>\n", "<br>")):
        html = html.replace(old, new)
    return re.sub(r"\s+", " ", re.sub(r">\s+<", "><", html)).strip()


def _escaped(text: str) -> str:
    return AT_START.sub(r"\1\\\2", SPECIAL.sub(r"\\\1", text)).replace("&", "&amp;")


def _to_markdown(html: str, exact: bool) -> str:
    writer = _Writer(MARKS if exact else MARKS | PLAIN_MARKS)
    writer.feed(html)
    writer.close()
    text = "".join(writer.parts).strip()
    return "" if writer.lost else re.sub(r"\n{3,}", "\n\n", text)


class _Writer(HTMLParser):
    """Writes the Markdown of HTML; `lost` where there is none for it."""

    def __init__(self, marks: dict[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self.marks, self.parts, self.lost = marks, [""], False
        self.lists: list[int] = []  # of the lists around, the number of the last item, or -1 where there are none
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag in self.marks and not attrs:
            self.parts.append(self.marks[tag])
        elif tag == "br" and not attrs:
            self.parts.append("\\\n")
        elif tag == "img" and set(about) <= {"src", "alt"} and about.get("src"):
            self.parts.append(f"![{_escaped(about.get('alt') or '')}]({_target(about['src'] or '')})")
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
            self.lost = True

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
            self.parts.append(_escaped_lightly(data))

    def handle_comment(self, data: str) -> None:
        self.lost = True

    def handle_decl(self, decl: str) -> None:
        self.lost = True


def _escaped_lightly(text: str) -> str:
    """A text with only those signs escaped that Markdown could take for its own: what people write stays as it is."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text).replace("&", "&amp;")


def _target(address: str) -> str:
    return f"<{address}>" if re.search(r"[\s()]", address) else address
