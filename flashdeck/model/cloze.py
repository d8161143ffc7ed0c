"""Gaps (`{{c1::answer::hint}}`): how Anki reads them in a field, and what an author means by braces and colons in them.

Anki ends a gap at the next `}}` and its answer at the first `::`, whatever these belong to. An author's braces pair, and code and
formulas are what they are: so literal signs that Anki would take for its own are kept apart by APART, which becomes `<wbr>`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise
from typing import NamedTuple

from flashdeck.model.texts import RAW

DEEPEST_GAP = 10  # Anki drops the `{{c1::` of a gap in more gaps than these, and ends the gap around it at its `}}`
OLDEST_DEEPEST_GAP = 3  # in Anki 24.11 and older
HIGHEST_NUMBER = 2**16  # of what Anki reads as a number at all
APART = "\ufdd2"  # a noncharacter: in no author's text (`control-character`), and nothing to Markdown or HTML

_TOKEN = re.compile(r"{{c([0-9,]+)::|}}")


@dataclass
class Gap:
    """A gap as Anki reads it: a card for each of its `numbers` but 0, which asks for its `parts`."""

    numbers: tuple[int, ...]
    start: int  # where its `{{` is
    parts: "list[str | Gap]" = field(default_factory=list)
    hint: str | None = None
    end: int = 0  # after its `}}`


Parts = Sequence[str | Gap]


def read_gaps(html: str) -> list[str | Gap]:
    """A field as Anki reads it: texts, and gaps between them. What is in a gap that is never closed is in none of them."""
    if "{{c" not in html:
        return [html]
    found: list[str | Gap] = []
    opened: list[Gap] = []
    for text, index, numbers in _tokenize(html):
        if numbers:
            if len(opened) < DEEPEST_GAP:
                opened.append(Gap(numbers, index))
        elif text == "}}" and opened:
            gap = opened.pop()
            gap.end = index + 2
            (opened[-1].parts if opened else found).append(gap)
        elif opened:
            if not text.startswith("image-occlusion:") and "::" in text:
                text, _, opened[-1].hint = text.partition("::")
            opened[-1].parts.append(text)
        else:
            found.append(text)
    return found


def _tokenize(html: str) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Texts, `}}`, and openings of gaps with their numbers; each with its index."""
    done = 0
    for token in _TOKEN.finditer(html):
        numbers: tuple[int, ...] = ()
        if token[1]:
            numbers = _read_numbers(token[1])
            if not numbers:
                continue  # a text
        if token.start() > done:
            yield html[done : token.start()], done, ()
        yield token[0], token.start(), numbers
        done = token.end()
    if done < len(html):
        yield html[done:], done, ()


def _read_numbers(text: str) -> tuple[int, ...]:
    digits = [word.lstrip("0")[:6] or "0" for word in text.split(",") if word]
    return tuple(sorted({int(word) for word in digits if int(word) < HIGHEST_NUMBER}))


def list_gaps(parts: Parts) -> Iterator[Gap]:
    """All gaps, those in others too, in the order in which they open."""
    for part in parts:
        if isinstance(part, Gap):
            yield part
            yield from list_gaps(part.parts)


def list_numbers(parts: Parts) -> list[int]:
    """The numbers of the gaps: each but 0 is a card."""
    return sorted({number for gap in list_gaps(parts) for number in gap.numbers} - {0})


def reveal(parts: Parts, number: int = 0, back: bool = True) -> str:
    """What Anki shows of a field on the card of one gap: the answers of all, or in place of the one that is asked its hint."""
    return "".join(
        part
        if isinstance(part, str)
        else ""
        if is_shape(part)
        else f"[{'...' if part.hint is None else part.hint}]"
        if number in part.numbers and not back
        else reveal(part.parts, number, back)
        for part in parts
    )


def show_gap(html: str, number: int, back: bool) -> str:
    """What Anki shows of a field on the card of one gap: nothing where it has no such gap."""
    parts = read_gaps(html)
    return reveal(parts, number, back) if _asks(parts, number) else ""


def show_gap_as_html(html: str, number: int, back: bool) -> str:
    """A field as the HTML that Anki makes of it on the card of one gap: gaps in tags, and formulas without any."""
    parts = read_gaps(html)
    return _FORMULA.sub(_strip, _mark(parts, number, back)) if _asks(parts, number) else ""


_FORMULA = re.compile(r"(\\[(\[])(.*?)(\\[)\]])", re.S)
_ANY_TAG = re.compile(r"<!--.*?-->|<(style|script).*?>.*?</\1>|<.*?>", re.S | re.I)


def _strip(formula: re.Match[str]) -> str:
    return f"{formula[1]}{_ANY_TAG.sub('', formula[2])}{formula[3]}"


def _mark(parts: Parts, number: int, back: bool) -> str:
    pieces = []
    for part in parts:
        if isinstance(part, str):
            pieces.append(part)
        elif not is_shape(part):
            asked = number in part.numbers and not back
            inner = f"[{'...' if part.hint is None else part.hint}]" if asked else _mark(part.parts, number, back)
            pieces.append(f"{MARK}{inner}</span>")
    return "".join(pieces)


MARK = '<span class="cloze">'


def list_asked(html: str, number: int, back: bool) -> list[str]:
    """What Anki shows of one gap alone, once for each place: its answers, or its hints."""
    gaps = [gap for gap in list_gaps(read_gaps(html)) if number in gap.numbers]
    return [reveal(gap.parts) if back else "..." if gap.hint is None else gap.hint for gap in gaps]


def _asks(parts: Parts, number: int) -> bool:
    """Whether a gap is shown that has this number."""
    gaps = [part for part in parts if isinstance(part, Gap)]
    return any(number in gap.numbers or (not is_shape(gap) and _asks(gap.parts, number)) for gap in gaps)


def is_shape(gap: Gap) -> bool:
    """Whether a gap is a place on a picture, which has no text."""
    return bool(gap.parts) and isinstance(gap.parts[0], str) and gap.parts[0].startswith("image-occlusion:")


def find_unclosed(html: str) -> str:
    """The opening of a gap that Anki finds no end of, and so does not show; empty where there is none."""
    opened: list[str] = []
    for text, _, numbers in _tokenize(html):
        if numbers and len(opened) < DEEPEST_GAP:
            opened.append(text)
        elif text == "}}" and opened:
            opened.pop()
    return opened[0] if opened else ""


# ---- what an author means ------------------------------------------------------------------------------------------------


class Doubt(NamedTuple):
    """Why an author's text does not say where its gaps end, and the opening of the gap of which that is true."""

    reason: str
    word: str


UNPAIRED = "its braces do not pair"
TOO_DEEP = f"it is in more than {DEEPEST_GAP} others"
IN_A_HINT = "there is a gap in its hint"


class Reading(NamedTuple):
    """A text as its author means it: its gaps, the text with APART between signs that make no mark, and the first doubt."""

    parts: list[str | Gap]
    text: str
    doubt: Doubt | None = None


# Signs that mean something in a gap; and the same where Markdown makes them of something else.
_SIGN = re.compile(
    r"(?P<open>{{c[0-9,]+::)|(?P<escaped>\\[{}:])|(?P<math>\\[(\[])|(?P<other>\\.)|(?P<code>`+)|(?P<sign>[{}:])"
    r"|&(?:\#0*(?:123|125|58)|\#[xX]0*(?:7[bBdD]|3[aA])|[lr]brace|[lr]cub|colon);",
    re.S,
)
# A text with gaps in which every brace belongs to one: whoever wrote it means what Anki reads.
_SIMPLE = re.compile(
    r"(?:[^{}\\&:]++|{{c[0-9]{1,4}::[^{}\\`&:]*+(?:::[^{}\\`&:]*+)?}}(?!})|:|&(?!#|[lr]brace|[lr]cub|colon)|\\(?![{}:&]))*+"
)
_NUMBER = re.compile("{{c([0-9]+)::")
_GAP = re.compile("{{c([1-9][0-9]{0,3})::([^:{}]*)(?:::([^{}]*))?}}")


def read_text(text: str) -> Reading:
    """The gaps of an author's text. Braces in a gap pair, `\\::` is two colons; code and formulas in a gap are as typed.

    Where that is in doubt, and in HTML, the gaps are those that Anki reads.
    """
    if "{{" not in text:
        return Reading([text], text)
    if _SIMPLE.fullmatch(text) or text.startswith(RAW):
        return Reading(read_gaps(text), text)
    reader = _Reader(text)
    if (doubt := reader.read()) is None:
        return Reading(reader.found, reader.keep_apart())
    return Reading(read_gaps(text), text, doubt)


def find_numbers(text: str) -> list[int]:
    """The numbers of the gaps of an author's text, as `list_numbers`."""
    if not _SIMPLE.fullmatch(text):
        return list_numbers(read_text(text).parts)
    return sorted({*map(int, _NUMBER.findall(text))} - {0})


def show_asked(text: str, numbers: Sequence[int]) -> list[str] | None:
    """A field as Anki shows it on the front of the card of each of these gaps; None where there are gaps in gaps, or signs that
    make it hard to say.
    """
    pieces = _GAP.split(text)  # a text, then the number, answer, hint and following text of each gap
    texts, of = pieces[::4], pieces[1::4]
    if "{{c" in "".join(texts) or "image-occlusion:" in text:
        return None
    hints = ["[...]" if hint is None else f"[{hint}]" for hint in pieces[3::4]]
    gaps = [*zip(of, pieces[2::4], hints, texts[1:], strict=True)]
    fronts = []
    for number in map(str, numbers):
        front = texts[0]
        for one, answer, hint, after in gaps:
            front += (hint if one == number else answer) + after
        fronts.append(front)
    return fronts


def keep_apart(text: str) -> str:
    """An author's text with APART between signs that Anki would take together for a mark."""
    return text if _SIMPLE.fullmatch(text) else read_text(text).text


def fill_gaps(text: str) -> str:
    """An author's text with what is asked in it, without the braces and hints."""
    return reveal(read_text(text).parts) if "{{c" in text else text


class _Atom(NamedTuple):
    """A brace or colon as learners see it."""

    sign: str
    start: int
    end: int
    is_mark: bool  # whether it is part of the mark of a gap
    inside: bool  # whether it is in a gap


class _Reader:
    """Reads an author's text once, from its start to its end or the first doubt."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[str | Gap] = []
        self.opened: list[Gap] = []
        self.braces: list[int] = []  # how many are open in each of the gaps
        self.atoms: list[_Atom] = []
        self.done = 0  # up to where the text is in a part
        self.runs: dict[int, list[int]] = {}  # where runs of backticks are, by their lengths

    def read(self) -> Doubt | None:
        text, at = self.text, 0
        while found := _SIGN.search(text, at):
            start, at = found.span()
            match found.lastgroup:
                case "open" if numbers := _read_numbers(found[0][3:-2]):
                    if self.opened and self.opened[-1].hint is not None:
                        return self._doubt(IN_A_HINT)
                    if len(self.opened) >= DEEPEST_GAP:
                        return Doubt(TOO_DEEP, found[0])
                    self._cut(start, at)
                    self._add_mark("{{", start)
                    self._add_mark("::", at - 2)
                    self.opened.append(Gap(numbers, start))
                    self.braces.append(0)
                case "open" | "sign":
                    width = self._read_sign(text[start], start)
                    if not width:
                        return self._doubt(UNPAIRED)
                    at = start + width
                case "escaped":
                    self._add(found[0][1], start, at)
                case "code" | "math":
                    at = self._skip(found) if self.opened else at
                case None:
                    self._add(unescape(found[0]), start, at)
        if self.opened:
            return self._doubt(UNPAIRED)
        self._cut(len(text), len(text))
        return None

    def _doubt(self, reason: str) -> Doubt:
        word = _TOKEN.match(self.text, self.opened[-1].start)
        return Doubt(reason, word[0] if word else "")

    def _read_sign(self, sign: str, start: int) -> int:
        """How wide the mark or sign is that begins here; 0 for a brace that closes nothing."""
        if not self.opened:
            self._add(sign, start, start + 1)
            return 1
        outermost = not self.braces[-1]
        if outermost and self.text.startswith("}}", start):
            gap = self.opened[-1]
            self._cut(start, start + 2)
            self._add_mark("}}", start)
            gap.end = start + 2
            self.opened.pop()
            self.braces.pop()
            (self.opened[-1].parts if self.opened else self.found).append(gap)
            return 2
        if outermost and self.text.startswith("::", start):
            gap = self.opened[-1]
            self._cut(start, start + 2)
            self._add_mark("::", start)
            gap.hint = "" if gap.hint is None else f"{gap.hint}::"
            return 2
        if outermost and sign == "}":
            return 0
        self.braces[-1] += {"{": 1, "}": -1, ":": 0}[sign]
        self._add(sign, start, start + 1)
        return 1

    def _cut(self, start: int, end: int) -> None:
        """Ends the part that goes up to a mark."""
        text = self.text[self.done : start]
        self.done = end
        if self.opened and self.opened[-1].hint is not None:
            self.opened[-1].hint += text
        elif text:
            (self.opened[-1].parts if self.opened else self.found).append(text)

    def _skip(self, found: re.Match[str]) -> int:
        """The end of the code or formula that begins here, where it holds no gap; else that of its sign."""
        start, after = found.span()
        if found.lastgroup == "code":
            end = self._find_run(after - start, after)
        else:
            closing = self.text.find("\\)" if found[0] == "\\(" else "\\]", after)
            end = closing + 2 if closing >= 0 else -1
        if end < 0 or re.compile(r"{{c[0-9]").search(self.text, after, end):
            return after
        for sign in re.compile("[{}:]").finditer(self.text, after, end):
            self._add(sign[0], sign.start(), sign.end())
        return end

    def _find_run(self, length: int, after: int) -> int:
        """Where the next run of as many backticks ends; -1 where there is none."""
        if not self.runs:
            for run in re.finditer("`+", self.text):
                self.runs.setdefault(len(run[0]), []).append(run.start())
        starts = self.runs[length]
        at = bisect_left(starts, after)
        return starts[at] + length if at < len(starts) else -1

    def _add(self, sign: str, start: int, end: int) -> None:
        self.atoms.append(_Atom(sign, start, end, False, bool(self.opened)))

    def _add_mark(self, signs: str, start: int) -> None:
        self.atoms += [_Atom(sign, at, at + 1, True, bool(self.opened)) for at, sign in enumerate(signs, start)]

    def keep_apart(self) -> str:
        """The text with APART between signs that Anki would take together for a mark."""
        pieces, done = [], 0
        for one, other in pairwise(self.atoms):
            if one.end != other.start or one.sign != other.sign or one.is_mark:
                continue  # behind a mark, Anki has read it
            made = other.end - one.start > 2 and not other.is_mark  # by Markdown, of escapes or entities
            if one.inside if one.sign != "{" else made and self.text.startswith("c", other.end):
                pieces.append(self.text[done : other.start])
                done = other.start
        return APART.join([*pieces, self.text[done:]])
