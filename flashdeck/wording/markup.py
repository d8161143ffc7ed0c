"""A text as its author typed it -> its words as readers see them, each with its place, and what of them is quoted.

Markdown and HTML may hide anything anywhere, so this does not judge what is shown (`anki/` does): it takes out what is certainly
not words, in one pass without backtracking, and whatever it does not know stays and is searched.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from operator import itemgetter

BREAK = "\x1e"  # between paragraphs that no empty line parts: items of lists, headings
CELL = "\x1f"  # between the cells of a row
_GAP = "\0"  # in place of a sign that is not shown
_LONGEST = 2000  # characters of a tag or quotation; what is longer is something else

_QUOTING = ("q", "blockquote", "cite", "code", "pre", "script", "style", "head", "title")
_CELLS = ("td", "th")
_INLINE = (
    "a",
    "abbr",
    "b",
    "em",
    "i",
    "mark",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
    "wbr",
    "del",
    "ins",
    "s",
    "q",
    "cite",
)
# Each of these begins with one of a few signs, which is what makes it quick.
_SIGNS = re.compile(
    rf"(?=[<\]&{{}}:`|*_-])(?:(?P<comment><!--|-->)"
    rf"|<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]{{0,{_LONGEST}}})?/?>"
    rf"|\](?P<link>\([^()\s]{{1,{_LONGEST}}}(?: \"[^\"\n]{{0,200}}\")?\))"
    r"|(?P<entity>&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});)"
    r"|(?P<gap>\{\{c[\d,]{1,20}::|(?:::[^{}:\n]{0,200})?\}\})"
    r"|(?P<fence>(?<![^\n])```(?:(?!\n```).)*(?:\n```|\Z))"
    r"|(?P<code>`[^`\n]{1,200}`)"
    r"|(?P<row>\|)"
    r"|(?P<sign>\*{1,3}|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)))",
    re.S,
)
_LINES = re.compile(r"\n(?:(?P<item>[ \t]{0,20}(?:[-*+•]|\d{1,4}[.)]|#{1,6})[ \t])|(?P<quote>[ \t]{0,20}>[^\n]*))")
_PLAIN_SIGNS = re.compile(r"(?P<sign>-\n[ \t]{0,20}(?<=[^\W\d_]-\n)(?=[^\W\d_]))|(?P<row>[|\t])")
_PLAIN_LINES = re.compile(r"\n(?P<item>[ \t]{0,20}(?:[-*+•=o]|\d{1,4}[.)])[ \t])")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>)\]»\"]+|@[\w-]+\.[\w.-]+|\.[a-z]{2,4}/[^\s<>()\[\]]*")
# A quotation in a text. Those of several paragraphs are none.
_SPOKEN = re.compile(
    rf"«[^«»{BREAK}]{{1,{_LONGEST}}}»|“[^“”{BREAK}]{{1,{_LONGEST}}}[”“]|„[^„“”{BREAK}]{{1,{_LONGEST}}}[“”]|‘[^‘’{BREAK}\n]{{1,200}}’(?!\w)"
    rf'|"(?<![\w"]")(?! )(?=[^"{BREAK}]{{1,{_LONGEST}}}"(?!\w))(?:[^"\n]|\n(?!\s*\n))+"'
)
# In italics, from a capital on and several words long: the title of a work.
_TITLE = re.compile(
    rf"\*(?<![*\w]\*)(?=[A-ZÀ-Ý])(?=(?:[^*\s]+\s+){{2}})[^*{BREAK}\n]{{1,300}}\*(?![*\w])|<(em|i)>(?=[A-ZÀ-Ý])(?=(?:[^<\s]+\s+){{2}})[^<]{{1,300}}</\1>"
)


@dataclass(frozen=True)
class Passage:
    """The words of a text; a place in them is one in what was typed."""

    text: str
    quoted: Sequence[tuple[int, int]] = ()  # where what is only quoted begins and ends, in order
    places: Sequence[int] | None = None  # of each sign in what was typed; None where they are the same

    def place(self, index: int) -> int:
        """Where the sign at `index` was typed."""
        return self.places[index] if self.places is not None else index

    def is_quoted(self, start: int, end: int) -> bool:
        at = bisect_right(self.quoted, (start, len(self.text))) - 1
        return at >= 0 and self.quoted[at][0] <= start and end <= self.quoted[at][1]


def read_markdown(typed: str) -> Passage:
    """The words of Markdown or HTML."""
    titles = [found.span() for found in _TITLE.finditer(typed)] if "*" in typed or "<" in typed else []
    return _read(typed, _SIGNS, _LINES, titles)


def read_plain_text(typed: str) -> Passage:
    """The words of a text in which no sign is anything but itself."""
    return _read(typed, _PLAIN_SIGNS, _PLAIN_LINES, [])


def _read(typed: str, signs: re.Pattern[str], lines: re.Pattern[str], quoted: list[tuple[int, int]]) -> Passage:
    quoted += [found.span() for found in _SPOKEN.finditer(typed)]
    quoted += _find_addresses(typed)
    first = lines.match(f"\n{typed[:_LONGEST]}")  # each other line has the end of the one before
    found = [(one.span(one.lastgroup or 0), one) for one in (*signs.finditer(typed), *lines.finditer(typed))]
    if first and first.lastgroup:
        start, end = first.span(first.lastgroup)
        found.append(((start - 1, end - 1), first))
    if not found:
        return Passage(typed, _merge(quoted))
    pieces: list[str] = []
    done = 0
    opened: list[tuple[str, int]] = []
    for (start, end), one in sorted(found, key=itemgetter(0)):
        if one.lastgroup == "tag":
            start, end = one.span()
        if start < done:
            continue
        match one.lastgroup:
            case "comment":
                shown = ""
                _follow(opened, "!", one[0] == "-->", start, end, quoted)
            case "link" | "gap" | "sign":
                shown = ""
            case "tag":
                tag = one["tag"].lower()
                shown = "" if tag in _INLINE else CELL if tag in _CELLS else BREAK if tag != "br" else " "
                if tag in _QUOTING:
                    _follow(opened, tag, bool(one["end"]), start, end, quoted)
            case "entity":
                shown = unescape(one[0])[:1]
            case "item":
                shown = BREAK
            case "row":
                shown = CELL
            case _:  # a line or a piece of code that is quoted
                quoted.append((start, end))
                continue
        pieces += typed[done:start], shown.ljust(end - start, _GAP)
        done = end
    quoted += [(start, len(typed)) for _, start in opened]  # what nobody closes goes on
    masked = "".join([*pieces, typed[done:]])
    if _GAP not in masked:
        return Passage(masked, _merge(quoted))
    places = [at for part in re.finditer(f"[^{_GAP}]+", masked) for at in range(*part.span())]
    inside = [(bisect_right(places, start - 1), bisect_right(places, end - 1)) for start, end in quoted]
    return Passage(masked.replace(_GAP, ""), _merge(inside), places)


def _find_addresses(typed: str) -> list[tuple[int, int]]:
    """Where addresses of the web and of mail stand: nobody chose the words in them."""
    found: list[tuple[int, int]] = []
    for one in _ADDRESS.finditer(typed):
        start = one.start()
        least = max(found[-1][1] if found else 0, start - 64) if one[0][0] in ".@" else start
        while start > least and (typed[start - 1].isalnum() or typed[start - 1] in "._%+-"):
            start -= 1
        found.append((start, one.end()))
    return found


def _follow(opened: list[tuple[str, int]], tag: str, closes: bool, start: int, end: int, quoted: list[tuple[int, int]]) -> None:
    """Follows the tags of quotations; adds each that is closed to `quoted`."""
    if not closes:
        opened.append((tag, end))
        return
    for at in range(len(opened) - 1, max(-1, len(opened) - 20), -1):
        if opened[at][0] == tag:
            quoted.append((opened[at][1], start))
            del opened[at:]
            return


def _merge(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


PARAGRAPH = re.compile(rf"\n[ \t]*\n|{BREAK}")


def find_paragraph(text: str, start: int, end: int, longest: int = _LONGEST) -> tuple[int, int]:
    """From where to where the paragraph goes that holds a place."""
    first = max(0, start - longest)
    before = [found.end() for found in PARAGRAPH.finditer(text, first, start)]
    after = PARAGRAPH.search(text, end, end + longest)
    return (before[-1] if before else first), (after.start() if after else min(len(text), end + longest))


def split_cells(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each cell of a row goes."""
    at = 0
    for found in re.finditer(rf"{CELL}|→|->|=>", text):
        yield at, found.start()
        at = found.end()
    yield at, len(text)
