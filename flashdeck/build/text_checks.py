"""What an author typed that learners do not see as typed: Markdown, YAML or HTML took it for its own.

`card_checks.py` says how to add a check.

Note types from elsewhere are as they are: what was imported gives the HTML that it came from.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.anki.markdown import PLAIN_TEXT
from flashdeck.anki.shown import LETTER, shows_nothing, starts_seen, to_plain, to_shown
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.cards import Card
from flashdeck.model.frame import Frame
from flashdeck.model.keys import NAME_TYPES
from flashdeck.model.texts import RAW
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Route, Value

NOT_SHOWN = frozenset((*NAME_TYPES, "flag", "word", "day", "wording"))
# A text that begins with a letter, and has no sign that the checks here look for: most are such.
_HARMLESS = re.compile(rf"{LETTER}[^\n\[*_]*+").fullmatch
LONGEST_LINE = 40  # nobody wraps a paragraph at so few characters: who ends a line there means it


def check_texts(card: Card, frame: Frame) -> Iterator[Problem]:
    """What Markdown takes for its own is not on the card: part of a text, or all of it."""
    if card.kind.imported_note_type:
        return
    types = card.kind.types
    for key, value in card.values.items():
        if types[key] in NOT_SHOWN:
            continue
        for text in value.values() if type(value) is dict else (value,):
            if not (type(text) is str and (_HARMLESS(text) or _is_harmless(text))):
                break
        else:
            continue
        for route, text in card.all_texts(key):
            problems: Iterable[Problem] = ()
            if shows_nothing(text):
                problems = [_report_nothing(card, route, text)]
            elif not text.startswith(RAW):
                problems = [problem for find in MARKUP_CHECKS for problem in find(card, route, text)]
            if problems and not find_unsafe(text):  # else that has been reported, and may be all that is wrong
                yield from problems


def _is_harmless(text: str) -> bool:
    """Whether a text shows something, and has no sign that the checks here look for: most are such."""
    if "\n" in text or "[" in text or "__" in text or ("*" in text and _STAR_INSIDE.search(text)):
        return False
    return starts_seen(text) or (text.isascii() and bool(PLAIN_TEXT.fullmatch(text)))


def _report_nothing(card: Card, route: Route, text: str) -> Problem:
    typed = next((escaped for escaped in _escape(text) if to_shown(to_html(escaped)) == text.strip()), "")
    help = f"write '{short(typed)}' to show it as typed" if typed else "write it, or leave the key out"
    return card.problem("empty-text", f"learners see nothing of '{short(text)}'", *route, help=help)


def _escape(text: str) -> Iterator[str]:
    """Ways to write what Markdown would take for its own."""
    text = text.strip()
    if text.startswith(("<", "&")):
        return  # nobody asks for a tag by its look
    yield f"\\{text}"
    yield re.sub(r"^(\d+)([.)])", r"\1\\\2", text)
    yield re.sub(r"([*_#>`~+-])", r"\\\1", text)


def check_front(card: Card, frame: Frame) -> Iterator[Problem]:
    """A front that shows nothing of the note asks nothing."""
    kind = card.kind
    if kind.cloze or "retired" in card.values:
        return
    for at in kind.doubtful_fronts:
        template = kind.templates[at]
        for language in card.languages:
            shown = [text for _, text in card.asked(language, at) if text.strip() and not shows_nothing(text)]
            if shown or at not in card.templates(language):
                continue
            level = "warning" if kind.imported_note_type else "error"
            key = next((key for key in template.front_keys if key in card.values), "")
            message = f"the front of '{template.name}' shows nothing of this card"
            help = f"fill in {' or '.join(repr(key) for key in template.front_keys)}"
            yield card.problem("empty-front", message, *((key,) if key else ()), help=help, level=level)
            break


def find_definitions(card: Card, route: Route, text: str) -> Iterator[Problem]:
    """Markdown takes `[word]: text` for the address of a link, and shows nothing of it."""
    if "]:" not in text:
        return
    html = to_html(text)
    shown = to_shown(html)
    for found in re.finditer(r"^ {0,3}\[([^\]\n]+)\]:[ \t]*<?([^\s>]*)", text, re.M):
        label, address = found.groups()
        if f"[{label}]:" in shown or address == "#":
            continue
        linked = f'href="{address}"' in html.replace("&amp;", "&")
        if linked and label[0] != "^" and re.match(r"[a-z][a-z0-9+.-]*:|#|\.*/|www\.", address, re.I):
            continue
        message = f"learners do not see '{short(found[0])}': Markdown takes it for the address of a link"
        help = f"write '\\[{short(label)}]:' to show it"
        if label[0] == "^":
            help = "there are no footnotes: write the remark in parentheses, or in 'extra'"
        yield card.problem("hidden-definition", message, *route, word=f"[{label}]:", help=help, level="warning")


# Signs between numbers or single letters, and Python's names for its own methods.
_STAR_INSIDE = re.compile(r"[a-zA-Z\d]\*\*?[a-zA-Z\d]")  # nearly all stars stand about words
_STARS = re.compile(r"(?<=\d)\*\*?(?=\d)|(?<![a-z])[a-z]\*[a-z](?![a-z])", re.I)
_PRODUCT = re.compile(r"\d<(?:em|strong)>\d|\d</(?:em|strong)>\d|(?<![\w>])[a-zA-Z]<em>[a-zA-Z0-9]</em>[a-zA-Z](?!\w)", re.I)
_DUNDER = re.compile(
    r"(?<![\w\\])__(?:init|new|del|repr|str|bytes|format|lt|le|eq|ne|gt|ge|hash|bool|call|len|iter|next|contains|"
    r"[gs]etitem|delitem|getattr|setattr|delattr|getattribute|enter|exit|a?enter|a?exit|await|aiter|anext|add|sub|mul|"
    r"truediv|floordiv|mod|pow|and|or|xor|neg|pos|abs|invert|int|float|index|get|set|delete|slots|dict|doc|name|qualname|"
    r"module|main|file|all|class|annotations|import|builtins|version|future|missing|reversed|set_name|init_subclass|"
    r"proto|dirname|filename|typename|type|schema)__(?!\w)"
)


def find_signs(card: Card, route: Route, text: str) -> Iterator[Problem]:
    """Stars and underscores that Markdown takes for emphasis are not on the card."""
    if "*" not in text and "__" not in text:
        return
    word = ""
    if (stars := _STARS.search(text)) and _PRODUCT.search(to_html(text)):
        start = len(text[: stars.start()].rpartition(" ")[2])
        word = re.split(r"\s", text[stars.start() - start :], maxsplit=1)[0]
        help = f"write '{short(word.replace('*', chr(92) + '*'))}', or '×' for a product"
    elif (dunder := _DUNDER.search(text)) and f"<strong>{dunder[0].strip('_')}</strong>" in to_html(text):
        word = dunder[0]
        help = f"write '`{word}`'"
    if word:
        message = f"learners do not see all signs of '{short(word)}': Markdown takes them for emphasis"
        yield card.problem("lost-signs", message, *route, word=word, help=help, level="warning")


_BLOCK = re.compile(r"</?(?:p|li|ul|ol|dl|dt|dd|div|h\d|blockquote|table|thead|tbody|tr|t[dh]|hr|br|section)\b[^<>]*>")
_PREFORMATTED = re.compile(r"<pre>.*?</pre>|\\\[.*?\\\]|\\\(.*?\\\)", re.S)


def find_lines(card: Card, route: Route, text: str) -> Iterator[Problem]:
    """Lines of a verse or an address run together: Markdown takes the end of a line for a space."""
    if "\n" not in text.strip():
        return
    for part in _BLOCK.split(_PREFORMATTED.sub("", to_html(text))):
        lines = [to_shown(line) for line in part.strip().split("\n")]
        if len(lines) < 2 or not all(lines):
            continue
        if card.is_folded(*route):  # YAML makes one line end of an empty line
            message = f"learners see '{short(lines[0])}' and '{short(lines[1])}' in one paragraph"
            help = "leave two empty lines between paragraphs in a text after '>' or in quotes, or begin it with '|'"
        elif max(map(len, lines)) <= LONGEST_LINE and any(map(_is_meant, lines, lines[1:])):
            message = f"learners see '{short(lines[0])}' and '{short(lines[1])}' on one line"
            help = "end a line with '\\' where the next is to begin below it, or leave an empty line between paragraphs"
        else:
            continue
        yield card.problem("joined-lines", message, *route, word=lines[0], help=help, level="warning")
        return


def _is_meant(line: str, next_line: str) -> bool:
    """Whether a line more likely ends here as in a verse than as in a wrapped paragraph, or between sentences."""
    return line[-1] not in ".!?:;" and not next_line[0].islower()


def find_latex(card: Card, route: Route, text: str) -> Iterator[Problem]:
    """A formula in Anki's own tags is a picture that only learners with LaTeX installed get to see."""
    if "[latex]" not in text and "[$" not in text:
        return
    html = re.sub(r"<code>.*?</code>", "", to_html(text), flags=re.S)
    for tag, instead in (("[latex]", "\\[ ... \\]"), ("[$]", "\\( ... \\)"), ("[$$]", "\\[ ... \\]")):
        if tag in html and tag.replace("[", "[/") in html.partition(tag)[2]:
            message = f"'{tag}' makes a picture that only learners with LaTeX installed see"
            yield card.problem("latex-tag", message, *route, word=tag, help=f"write {instead}", level="warning")


def check_comments(card: Card, frame: Frame) -> Iterator[Problem]:
    """YAML ends a text at ` #`: what comes after it is on no card."""
    if not card.node.source.has_comments_after_values and not card.overrides:
        return
    for key, value in card.values.items():
        if card.kind.types[key] in NOT_SHOWN:
            continue
        for route in _list_routes(value):
            if comment := card.find_comment(key, *route):
                message = f"YAML ends the text before '{short(comment)}': learners do not see that"
                help = "put the text in quotes; put a remark to other authors on a line of its own"
                yield card.problem("cut-text", message, key, *route, word="", help=help, level="warning")


def _list_routes(value: Value) -> Iterator[Route]:
    """The routes of all texts in a value."""
    if isinstance(value, str):
        yield ()
        return
    for step, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from ((step, *route) for route in _list_routes(item))


def check_repeated_texts(card: Card, frame: Frame) -> Iterator[Problem]:
    """A list that says the same twice looks like a mistake, and is one."""
    for key in card.kind.lists:
        if type(card.values.get(key, "")) is str:
            continue
        for language in card.deck.languages:
            seen: set[str] = set()
            for route, text in card.texts(key, language):
                plain = to_plain(text)
                if plain in seen and plain:
                    message = f"'{short(text)}' is repeated in '{key}'"
                    yield card.problem("repeated-text", message, *route, help="delete one", level="warning")
                seen.add(plain)


MARKUP_CHECKS: tuple[Callable[[Card, Route, str], Iterator[Problem]], ...] = (
    find_definitions,
    find_signs,
    find_lines,
    find_latex,
)
TEXT_CHECKS: tuple[Callable[[Card, Frame], Iterator[Problem]], ...] = (
    check_texts,
    check_front,
    check_comments,
    check_repeated_texts,
)
