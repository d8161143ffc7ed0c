"""What must hold of the gaps of one card: Anki reads them in its HTML, as its author means them. `card_checks.py` says how to add
a check.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from flashdeck.anki.html import to_html
from flashdeck.anki.shown import to_shown
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.cards import Card
from flashdeck.model.cloze import (
    OLDEST_DEEPEST_GAP,
    TOO_DEEP,
    UNPAIRED,
    Gap,
    Parts,
    Reading,
    find_unclosed,
    is_shape,
    list_gaps,
    list_numbers,
    read_gaps,
    read_text,
    reveal,
)
from flashdeck.model.fields import HIGHEST_GAP
from flashdeck.model.frame import Frame
from flashdeck.model.texts import RAW
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Route

# Gaps with something in them, none in another, and no character by which Markdown could drop or make one, or empty it: most
# texts are such.
_PLAIN = r"[^{}`|<\[\\~&:]++|&(?![#\w])"
PLAIN_GAPS = re.compile(
    rf"(?:{_PLAIN}|:|{{{{c[1-9]\d?::\s*+[0-9A-Za-zÀ-ʯΑ-ωА-яء-ي一-鿿](?:[^{{}}`|<\[\\~&:\n*_$]++|&(?![#\w]))*+}}}}(?!}}))*+"
)

_OPENING = re.compile(r"{{\s*[cC]\s*(?:(?=\d)|(?<={{c)(?=:))[\d,\s]*+:{0,2}")
_VALID = re.compile(r"{{c([0-9,]+)::")
HOW_TO = "write a gap as {{c1::text}} or {{c1::text::hint}}"
_BLOCKS = frozenset("p li ul ol dl dt dd div h1 h2 h3 h4 h5 h6 blockquote pre table thead tbody tr td th hr".split())
_VOID = frozenset(("br", "hr", "img", "wbr"))
_TAG = re.compile(r"<(/?)(\w+)[^<>]*>")


def check_gaps(card: Card, frame: Frame) -> Iterator[Problem]:
    """Without a valid gap Anki makes no card, or one that shows the answer."""
    if not card.kind.cloze or card.kind.shapes:
        return
    keys = card.kind.gapped or (card.kind.cloze,)
    level = "warning" if card.kind.imported_note_type else "error"  # its learners have what Anki makes of it
    if not any(key in card.values or card.kind.fields[key].required for key in keys):
        help = f"write what is asked into '{card.kind.cloze}', as in {{{{c1::...}}}}"
        yield card.problem("cloze-without-deletion", "there is no gap on this card", help=help, level=level)
    with_gaps = [key for key in keys[len(keys) == 1 :] if any("{{c" in text for _, text in card.all_texts(key))]
    for route, text in (pair for key in with_gaps or [card.kind.cloze] for pair in card.all_texts(key)):
        if "{{c" in text and PLAIN_GAPS.fullmatch(text):
            continue

        def report(code: str, message: str, word: str = "", route: Route = route, **about: str) -> Problem:
            if level == "warning":
                about["level"] = level
            return card.problem(code, message, *route, word=word, **about)

        yield from find_gap_problems(text, report)


def find_gap_problems(text: str, report: Callable[..., Problem]) -> Iterator[Problem]:
    """What is wrong with the gaps of a text."""
    meant, html = read_text(text), to_html(text)
    gaps = read_gaps(html)
    if wrong := _find_wrong_opening(text, html):
        yield report("broken-cloze", f"'{short(wrong)}' does not open a gap", wrong, help=HOW_TO)
    elif unclosed := find_unclosed(html):
        yield report("broken-cloze", f"the gap '{unclosed}' is never closed with '}}}}'", unclosed, help=HOW_TO)
    elif meant.doubt and meant.doubt.reason == TOO_DEEP:
        message = "this gap is in more than ten others: Anki does not see it"
        yield report("broken-cloze", message, meant.doubt.word, help="write it beside the others")
    elif _outline(gaps) != _outline(meant.parts):
        help = "write it differently: a gap cannot be in a link"
        yield report("broken-cloze", "Markdown drops a gap of this text", help=help)
    elif not list_numbers(gaps):
        help = "put what is asked into {{c1::...}}"
        yield report("cloze-without-deletion", "there is no gap in this text", help=help)
    else:
        typed = [*list_gaps(meant.parts)]
        for one, gap in zip(typed, list_gaps(gaps), strict=True):
            yield from _check_inside(text[one.start : one.end], gap, "" if text.startswith(RAW) else html, report)
        yield from _check_ends(text, meant, typed, report)


def _check_inside(word: str, gap: Gap, html: str, report: Callable[..., Problem]) -> Iterator[Problem]:
    """A gap that shows nothing, or in which tags of Markdown are only half."""
    if not to_shown(reveal(gap.parts)) and not is_shape(gap):
        yield report("broken-cloze", f"the gap '{short(word)}' is empty", word, help="put what is asked into it")
    elif tag := _find_crossing(html[gap.start : gap.end]):
        message = f"the gap '{short(word)}' begins and ends in different parts of the text: a <{tag}> is only half in it"
        help = "close what is opened in a gap (a list, **, *) before its '}}', or put all of it around the gap"
        yield report("broken-cloze", message, word, help=help, level="error" if tag in _BLOCKS else "warning")


def _check_ends(text: str, meant: Reading, gaps: list[Gap], report: Callable[..., Problem]) -> Iterator[Problem]:
    """Gaps that end, or in which the hint begins, where their author may not have meant it."""
    if meant.doubt:
        reason, word = meant.doubt
        help = "write '\\{' or '\\}' for a brace without a partner" if reason == UNPAIRED else "put it before the '::'"
        yield report("cut-gap", f"it is not clear where the gap '{word}' ends: {reason}", word, help=help, level="warning")
        return
    around = "".join(part for part in meant.parts if isinstance(part, str))
    if "}}" in around and around.count("}") > around.count("{"):
        message = "there is a '}}' behind a gap that has ended already"
        help = "write '\\}}' for one that is in the gap, or delete it"
        yield report("cut-gap", message, "}}", help=help, level="warning")
    if (depth := _find_depth(meant.parts)) > OLDEST_DEEPEST_GAP:
        message = f"these gaps are {depth} deep in one another: Anki 24.11 and older see only {OLDEST_DEEPEST_GAP}"
        yield report("broken-cloze", message, help="write some of them beside the others", level="warning")
    for gap in gaps:
        answer = reveal(gap.parts)
        opening = _VALID.match(text, gap.start)
        if opening and "," in opening[1]:
            message = f"Anki 25.09 and older make no card of '{opening[0]}'"
            nested = _nest(gap.numbers, answer, "" if gap.hint is None else f"::{gap.hint}")
            help = f"write '{short(nested)}', which Anki 2.1.56 and later understand"
            yield report("broken-cloze", message, opening[0], help=help, level="warning")
        if gap.hint is not None and not text.startswith(RAW) and _looks_cut(answer, gap.hint, text):
            message = f"this gap asks '[{short(gap.hint)}]', and its answer is '{short(answer)}': '::' begins the hint"
            more, separator, _ = gap.hint.rpartition("::")
            whole = f"{answer}::{more if separator else gap.hint}".replace("::", "\\::")
            help = f"if it is part of the answer, write '\\::', as in '{short(whole)}'"
            yield report("cut-gap", message, text[gap.start : gap.end], help=help, level="warning")


def _nest(numbers: Iterable[int], answer: str, hint: str) -> str:
    """A gap of several numbers as gaps in one another."""
    for number in sorted({*numbers} - {0}, reverse=True):
        answer = f"{{{{c{number}::{answer}{hint}}}}}"
    return answer


def _find_wrong_opening(text: str, html: str) -> str:
    """What looks like the beginning of a gap, and is none to Anki: the first in a text that is in its HTML too."""
    for found in _OPENING.finditer(text):
        valid, start = _VALID.match(text, found.start()), found.start()
        words = [word.lstrip("0")[:6] or "0" for word in valid[1].split(",") if word] if valid else []
        good = words and all(1 <= int(word) <= HIGHEST_GAP for word in words)
        if not good and found[0] in html and text[max(start - 1, 0) : start] != "\\":
            return found[0].strip()
    return ""


def _outline(parts: Parts) -> list[tuple[tuple[int, ...], bool, int]]:
    """What has to be the same in a text and its HTML."""
    return [(gap.numbers, gap.hint is not None, sum(1 for _ in list_gaps(gap.parts))) for gap in list_gaps(parts)]


def _find_depth(parts: Parts) -> int:
    return max((1 + _find_depth(part.parts) for part in parts if isinstance(part, Gap)), default=0)


def _find_crossing(html: str) -> str:
    """A tag that is opened and not closed in a piece of HTML, or closed and not opened."""
    opened: list[str] = []
    for sign, tag in _TAG.findall(html):
        if tag in _VOID:
            continue
        if not sign:
            opened.append(tag)
        elif opened and opened[-1] == tag:
            opened.pop()
        else:
            return str(tag)
    return opened[0] if opened else ""


# Words that say that a text is about code or addresses, in which `::` is a sign of its own.
_ABOUT_CODE = re.compile(r"C\+\+|IPv6|\bPHP\b|\bnamespace\b|`[^`]*::")
_NAME = re.compile(r"[A-Za-z_]\w*(?:[.:]\w+)*(?:\(\))?|[0-9a-f:]+")
_CODE = re.compile(r"\(\)|->|<\w|[a-z]_[a-z]|\b[A-Z][a-z]+[A-Z]|\b[A-Z]{2,}\.\w")
_ADDRESS = re.compile(r"(?=.*[a-f])(?=.*\d)[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*|(?:[0-9a-f]{1,4}:)+[0-9a-f]{1,4}")


def _looks_cut(answer: str, hint: str, text: str) -> bool:
    """Whether a `::` is more likely part of the answer than the beginning of a hint."""
    if "::" in hint:
        return True
    if answer in ("std", "boost"):
        return True
    if not answer or not hint or re.search(r"\s", answer + hint):
        return False
    if _ADDRESS.fullmatch(answer) and re.fullmatch(r"[0-9a-f:]+", hint):
        return True
    are_names = bool(_NAME.fullmatch(answer) and re.match(r"\w", hint))
    return are_names and bool(_CODE.search(hint) or _ABOUT_CODE.search(text))


GAP_CHECKS: tuple[Callable[[Card, Frame], Iterator[Problem]], ...] = (check_gaps,)
