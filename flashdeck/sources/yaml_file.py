"""A YAML file -> plain values that know where each was typed.

The only module that knows PyYAML, and the only one that makes a position. Values are `str`, `list` and `dict`: a scalar
stays what the author typed (`no`, `1.10`, `2016-01-01` and `0123` are text), with its accents composed (NFC). Reading keeps no
positions; they are found by a second walk over a file's events, which only a file with a problem ever pays for.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, Union
from unicodedata import is_normalized, normalize

import yaml

from flashdeck.diagnostics.problem import Problem, Spot
from flashdeck.sources.files import LARGEST, Files, NotAFile, Outside, TooLarge
from flashdeck.sources.yaml_errors import QUOTE_IT, Mistake, explain

Route = tuple[str | int, ...]
Value: TypeAlias = Union[str, "list[Value]", "dict[str, Value]"]

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be installed without its C half

# PyYAML's C half dies by signal on some thousand levels, and libyaml is quadratic in them.
DEEPEST = 64
ANYTHING = "\0"  # stands for the text of a file that could not be read at all
# Characters that YAML lets no file contain, line ends that no editor shows, and noncharacters, which mark places in our own work.
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufeff\ufffe\uffff\ud800-\udfff]")
# What git leaves in a file where two branches changed the same lines: one side, and all the others.
CONFLICT = re.compile(r"^<{7}(?: .*)?\n((?:(?!<{7}|\|{7}|={7}\n).*\n)*)((?:\|{7}|={7}\n)(?:(?!>{7}).*\n)*)>{7}.*$", re.M)
LEFT_OVER = "git could not merge the two sides that begin here"
KEEP_ONE = "keep one side or both, and delete the lines that begin with '<<<<<<<', '=======' and '>>>>>>>'"
VERBATIM = "guid"  # the one key whose value Anki compares letter by letter


@dataclass(frozen=True)
class Source:
    """One YAML file. `text` has no BOM, `\\n` for newlines, and spaces where something could not be read.

    `unread` is the text that those spaces replace, or ANYTHING: a name that is not known may be defined there.
    """

    path: str  # as the user gave it
    text: str
    value: Value | None
    unread: str = ""

    def node(self, *route: str | int) -> "Node":
        return Node(self, route)

    @property
    def fields(self) -> dict[str, Value]:
        """The mapping at the top of the file; empty where there is none."""
        return self.value if isinstance(self.value, dict) else {}

    def spot(self, route: Route, *, key: bool = False, word: str = "", nth: int = 0) -> Spot:
        """Where `route` leads: at `word` in its value (the one after `nth` others), else at its value (or its `key`), else as
        near as it goes.
        """
        while route not in self._marks:
            route = route[:-1]
        at_key, start, end = self._marks[route]
        if key:
            return self.spot_at(at_key)
        for form in (word, normalize("NFD", word)) if word else ():
            if not nth and (found := self.text.find(form, start, end)) >= 0:
                return self.spot_at(found)
            parts = map(re.escape, form.split())  # a line may end between two of them
            if places := [one.start() for one in re.finditer(r"\s+".join(parts), self.text[start:end])]:
                return self.spot_at(start + places[min(nth, len(places) - 1)])
        if self.text[start : start + 1] in ("|", ">"):  # a block text begins under its sign
            block = re.compile(r".*\n\s*").match(self.text, start)
            start = min(block.end(), end - 1) if block else start
        return self.spot_at(start)

    @cached_property
    def escapes(self) -> bool:
        """Whether a text in double quotes can contain characters that are not in the file."""
        return "\\" in self.text

    @cached_property
    def has_markup(self) -> bool:
        """Whether HTML, a link, a picture, a sound or LaTeX can be in any text of the file: in most there is none."""
        return self.escapes or any(sign in self.text for sign in ("<", "](", "]:", "[sound:", "[/", "&#", "\\", "![["))

    @cached_property
    def has_comments_after_values(self) -> bool:
        return " #" in self.text and bool(re.search(r"^[^\n#]*+(?<=[^\s#] )#", self.text, re.M))

    def find_comment(self, route: Route) -> str:
        """The comment that ends the plain text at a route, with one space before it as in a sentence; usually none."""
        _, start, end = self._marks.get(route, (0, 0, 0))
        found = re.compile(r" (#[^\n]*)").match(self.text, end)
        return found[1] if found and end and self.text[start] not in "\"'|>" else ""

    def is_folded(self, route: Route) -> bool:
        """Whether YAML made spaces of the line ends of the text at a route, and one line end of an empty line."""
        _, start, end = self._marks.get(route, (0, 0, 0))
        return self.text[start : start + 1] not in ("|", '"') and "\n" in self.text[start:end]

    def may_have(self, key: str) -> bool:
        """Whether a key that is missing may be where the file could not be read."""
        return bool(self.unread) and (self.unread == ANYTHING or bool(re.search(rf"\b{re.escape(key)}\s*:", self.unread)))

    def span(self, route: Route) -> tuple[int, int, int]:
        """The characters at which the key or value of a route begins, its value begins, and its value ends."""
        return self._marks[route]

    def spot_at(self, index: int) -> Spot:
        """The place of the character at `index` of `text`."""
        line = bisect_right(self._lines, index)
        return Spot(self.path, line, index - self._lines[line - 1] + 1)

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    @cached_property
    def _marks(self) -> dict[Route, tuple[int, int, int]]:
        return {(): (0, 0, len(self.text)), **_find_marks(self.text)}


class Node(NamedTuple):
    """A place in a source and its value: a check that reports it needs no line numbers."""

    source: Source
    route: Route

    def node(self, *route: str | int) -> "Node":
        return Node(self.source, self.route + route)

    @property
    def value(self) -> Value:
        value: Any = self.source.value
        for step in self.route:
            value = value[step]
        found: Value = value
        return found

    @property
    def fields(self) -> dict[str, Value]:
        """The mapping here; empty where there is something else."""
        value = self.value
        return value if isinstance(value, dict) else {}

    def spot(self, *route: str | int, key: bool = False) -> Spot:
        """The place of `route` below this node."""
        return self.source.spot(self.route + route, key=key)

    def problem(
        self,
        code: str,
        message: str,
        *route: str | int,
        help: str = "",
        key: bool = False,
        word: str = "",
        level: str = "error",
    ) -> Problem:
        """A problem at `route` below this node: at its `key`, or at a `word` of its value."""
        return Problem(self.source.spot(self.route + route, key=key, word=word), code, message, help, level)


def read_source(path: Path, files: Files, problems: list[Problem]) -> Source:
    """The YAML file at `path`; adds what is wrong with it to `problems`, and reads the rest of it all the same."""
    data = read_bytes(path, files, problems)
    return Source(str(path), "", None, ANYTHING) if data is None else to_source(str(path), data, problems)


def to_source(path: str, data: bytes, problems: list[Problem]) -> Source:
    """The YAML text in `data`, the content of the file at `path`; adds what is wrong with it to `problems`."""
    source, mistakes = read_text(path, data)
    problems += (Problem(source.spot_at(found.index), found.code, found.message, found.help) for found in mistakes)
    return source


def read_plain(path: Path, files: Files, problems: list[Problem]) -> Source:
    """The file at `path` as a text that is not YAML, with its accents composed."""
    data = read_bytes(path, files, problems) or b""
    mistakes: list[Mistake] = []
    source = Source(str(path), normalize("NFC", _decode(data, mistakes)), None)
    problems += (Problem(source.spot_at(found.index), found.code, found.message, found.help) for found in mistakes)
    return source


def read_bytes(path: Path, files: Files, problems: list[Problem]) -> bytes | None:
    """The content of the file at `path`; None, and a problem, where it cannot be read."""
    spot, help = Spot(str(path), 1, 1), "check that it is a file and that you have permission to read it"
    try:
        return files.read(path)
    except (NotAFile, FileNotFoundError):
        problems.append(Problem(spot, "unreadable-file", "this is not a file, or is a broken link", help))
    except Outside:
        message = "this is a link that leads out of the folder of its deck or project, so it is not read"
        problems.append(Problem(spot, "link-outside", message, "put the file itself there"))
    except TooLarge as error:
        message = f"this file is {error.size / 1e6:.0f} MB; flashdeck reads files of up to {LARGEST / 1e6:.0f} MB"
        problems.append(Problem(spot, "large-file", message, "split it into several files of the same deck"))
    except OSError as error:
        message = f"this file cannot be read: {(error.strerror or str(error)).lower()}"
        problems.append(Problem(spot, "unreadable-file", message, help))
    return None


def read_text(path: str, data: bytes) -> tuple[Source, list[Mistake]]:
    """The bytes of a file as a `Source`, with the mistakes in them. Pure."""
    mistakes: list[Mistake] = []
    value, text, unread = _read_around_errors(_decode(data, mistakes), mistakes)
    return Source(path, text, value, unread), mistakes


def _decode(data: bytes, mistakes: list[Mistake]) -> str:
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            mistakes.append(Mistake(0, "wrong-encoding", "this file is UTF-16, not UTF-8", "save it as UTF-8"))
            text = data.decode("utf-16", "replace")
        else:
            text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        index = len(data[: error.start].decode("utf-8").lstrip("\ufeff").replace("\r\n", "\n"))
        byte = data[error.start]
        shown = bytes([byte]).decode("cp1252", "replace")
        guess = f" (in Windows-1252 this byte would be '{shown}')" if shown.isalpha() else ""
        mistakes.append(Mistake(index, "wrong-encoding", f"byte 0x{byte:02X} is not UTF-8{guess}", "save the file as UTF-8"))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _replace_invisible(text, mistakes)


def find_invisible(text: str) -> str:
    """The first character of `text` that is invisible and that Anki would drop or refuse; usually none."""
    found = INVISIBLE.search(text)
    return found[0] if found else ""


def name_character(character: str) -> str:
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character').lower()})"


def _replace_invisible(text: str, mistakes: list[Mistake]) -> str:
    found = list(INVISIBLE.finditer(text))
    if len(found) > 100:  # not a text at all: one problem is enough
        message = f"this file contains {len(found)} invisible characters, such as {name_character(found[0][0])}"
        mistakes.append(Mistake(found[0].start(), "control-character", message, "save it as a plain UTF-8 text"))
    else:
        for match in found:
            message = f"{name_character(match[0])} is invisible"
            mistakes.append(Mistake(match.start(), "control-character", message, "delete this character"))
    return INVISIBLE.sub(" ", text) if found else text


def _blank(text: str, start: int, end: int) -> str:
    """A text with spaces in place of a part of it."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _read_around_errors(text: str, mistakes: list[Mistake]) -> tuple[Value | None, str, str]:
    """Reads `text` as YAML. Parts that break the syntax are replaced by spaces and the others read, so that one run reports all.

    Gives the value, the text with those spaces, and what stood there.
    """
    found: list[Mistake] = []
    try:
        value = _read_value(text, found)
    except yaml.YAMLError as error:
        if conflicts := [*CONFLICT.finditer(text)]:  # one of the two sides is read, so that all else is checked
            for conflict in conflicts:
                text = _blank(_blank(text, conflict.start(), conflict.start(1)), conflict.end(1), conflict.end())
            mistakes += [Mistake(conflict.start(), "yaml-syntax", LEFT_OVER, KEEP_ONE) for conflict in conflicts]
            value, text, unread = _read_around_errors(text, mistakes)
            return value, text, unread + "".join(conflict[2] for conflict in conflicts)
        first = _explain(error, text)
    else:
        mistakes += found
        return value, text, ""
    unread = ""
    for find_parts in (_find_items, _find_sections):
        for start, end in find_parts(text):
            part = text[start:end]
            try:
                _read_value(part, [])
            except yaml.YAMLError as error:
                mistake = _explain(error, part)
                mistakes.append(replace(mistake, index=start + mistake.index))
                text = _blank(text, start, end)
                unread += part
        found = []
        try:
            value = _read_value(text, found) if unread else None
        except yaml.YAMLError:
            continue  # it is not in such a part, or not only
        if unread:
            mistakes += found
            return value, text, unread
    if not unread:
        mistakes.append(first)
    return None, text, unread + text


def _find_sections(text: str) -> Iterator[tuple[int, int]]:
    """From where to where the value of each key at the top of a file goes, by its indentation."""
    tops = [found.start() for found in re.finditer(r"^[^\s#-]", text, re.M)]
    yield from pairwise([*tops, len(text)])


def _find_items(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each item of the lists at the top of a file goes, by its indentation."""
    for start, end in _find_sections(text):
        first = re.compile(r"^( *)-(?: |$)", re.M).search(text, start, end)
        if first:
            line = re.compile(rf"^{first[1]}-(?: |$)", re.M)
            starts = [found.start() for found in line.finditer(text, start, end)]
            yield from pairwise([*starts, end])


# What is asked of every event, under names that are found at once.
SCALAR, ALIAS = yaml.ScalarEvent, yaml.AliasEvent
SEQUENCE, SEQUENCE_END = yaml.SequenceStartEvent, yaml.SequenceEndEvent
MAPPING, MAPPING_END = yaml.MappingStartEvent, yaml.MappingEndEvent


def _read_value(text: str, mistakes: list[Mistake]) -> Value | None:
    """The one document in `text`; raises yaml.YAMLError. Repeated keys keep their first value."""
    loader = Loader(text)
    next_event = loader.get_event
    try:
        next_event()  # the start of the stream
        if type(next_event()) is yaml.StreamEndEvent:
            return None
        composed = is_normalized("NFC", text) and "\\" not in text
        value = _read_event(next_event(), 0, composed, next_event, mistakes)
        next_event()  # the end of the document
        if type(event := next_event()) is not yaml.StreamEndEvent:
            help = "delete the '---', or move this document to a file of its own"
            mistakes.append(_at(event, "second-document", "a second YAML document begins here", help))
        return value if composed else compose(value)
    finally:
        loader.dispose()


def compose(value: Value) -> Value:
    """A value with its accents composed: in names and keys, one letter has to be one letter, whatever system typed it."""
    if isinstance(value, str):
        return value if value.isascii() else normalize("NFC", value)
    if isinstance(value, list):
        return [compose(item) for item in value]
    return {key: item if key == VERBATIM else compose(item) for key, item in value.items()}


def _read_event(event: Any, depth: int, composed: bool, next_event: Callable[[], Any], mistakes: list[Mistake]) -> Value:
    """The value that begins with an event; `composed` where the accents of its text need not be looked at."""
    kind = type(event)
    if kind is ALIAS:
        help = "write the text out; put it in quotes if the '*' is part of it"
        mistakes.append(_at(event, "alias", f"'*{event.anchor}' is an alias", help))
        return f"*{event.anchor}"
    if event.anchor:
        help = "delete it; put the text in quotes if the '&' is part of it"
        mistakes.append(_at(event, "alias", f"'&{event.anchor}' is an anchor", help))
    if event.tag:
        name = event.tag.replace("tag:yaml.org,2002:", "!!")
        help = "delete it; put the text in quotes if the '!' is part of it"
        mistakes.append(_at(event, "yaml-tag", f"'{name}' is a YAML tag", help))
    if kind is SCALAR:
        text: str = event.value
        return text
    if depth >= DEEPEST:
        raise yaml.MarkedYAMLError(problem="too deep", problem_mark=event.start_mark)
    if kind is SEQUENCE:
        items = []
        while type(event := next_event()) is not SEQUENCE_END:
            items.append(_read_event(event, depth + 1, composed, next_event, mistakes))
        return items
    assert kind is MAPPING
    values: dict[str, Value] = {}
    while type(event := next_event()) is not MAPPING_END:
        # nearly all are plain texts, and a call for each would take a third of the time
        plain = type(event) is SCALAR and event.anchor is None and event.tag is None
        key = event.value if plain else _read_event(event, depth + 1, composed, next_event, mistakes)
        if not composed and isinstance(key, str):
            key = normalize("NFC", key)
        value_event = next_event()
        plain = type(value_event) is SCALAR and value_event.anchor is None and value_event.tag is None
        value = value_event.value if plain else _read_event(value_event, depth + 1, composed, next_event, mistakes)
        if not isinstance(key, str):
            message = "expected a key, found a list or a mapping"
            mistakes.append(_at(event, "wrong-shape", message, "write one word before the ':'"))
        elif key in values:
            mistakes.append(_at(event, "repeated-key", f"the key '{key}' is repeated", "keep one of the two"))
        else:
            values[key] = value
    return values


def _at(event: Any, code: str, message: str, help: str) -> Mistake:
    return Mistake(event.start_mark.index, code, message, help)


def _find_marks(text: str) -> dict[Route, tuple[int, int, int]]:
    """For each value of `text`: where its key or dash begins, where it begins, where it ends."""
    marks: dict[Route, tuple[int, int, int]] = {}
    loader = Loader(text)
    next_event: Callable[[], Any] = loader.get_event

    def index(event: Any) -> int:
        return int(event.start_mark.index)

    def after(event: Any) -> int:
        return int(event.end_mark.index)

    def mark(event: Any, route: Route, at_key: int) -> None:
        start, end = index(event), after(event)
        if isinstance(event, yaml.SequenceStartEvent):
            at = 0
            while not isinstance(event := next_event(), yaml.SequenceEndEvent):
                mark(event, (*route, at), index(event))
                at += 1
            end = after(event)
        elif isinstance(event, yaml.MappingStartEvent):
            while not isinstance(event := next_event(), yaml.MappingEndEvent):
                key = normalize("NFC", getattr(event, "value", ""))  # a list as a key has been reported
                mark(event, (*route, "", key), index(event))
                mark(next_event(), (*route, key), index(event))
            end = after(event)
        marks.setdefault(route, (at_key, start, end))  # of repeated keys the first is the one that counts

    try:
        while not isinstance(start := next_event(), yaml.StreamEndEvent):
            if isinstance(start, yaml.NodeEvent):
                mark(start, (), index(start))
                break  # the first document is the one that counts
    except yaml.YAMLError:
        pass  # it has been reported, and the marks up to there are valid
    finally:
        loader.dispose()
    return marks


def _explain(error: yaml.YAMLError, text: str) -> Mistake:
    """A syntax error of libyaml in an author's words."""
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    index = min(mark.index, len(text)) if mark else 0
    if "maximum nesting depth" in reason:  # libyaml reads ahead, and meets its own limit before we meet ours
        try:
            _read_value(text[:index], [])
        except yaml.YAMLError as nearer:
            return _explain(nearer, text)
    if reason == "too deep":
        return Mistake(index, "deep-nesting", f"this is nested more than {DEEPEST} levels deep", QUOTE_IT)
    return explain(reason, text, index, context.index if context else index)
