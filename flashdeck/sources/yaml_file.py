"""A YAML file -> plain values that can say where each was typed.

The only module that knows PyYAML, and the only one that makes a position. Values are `str`, `list` and `dict`: a scalar
stays what the author typed (`no`, `1.10`, `2016-01-01` and `0123` are text). Reading keeps no positions; they are found
by a second walk over a file's events, which only a file with a problem ever pays for.
"""

import os
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from flashdeck.diagnostics.problem import Problem, Spot

Route = tuple[str | int, ...]
Value = Any  # str | list[Value] | dict[str, Value]

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be installed without its C half

# PyYAML's C half dies by signal on some thousand levels, and libyaml is quadratic in them.
DEEPEST = 64
LARGEST = 32_000_000  # bytes; the largest file that anybody would review
ANYTHING = "\0"  # stands for the text of a file that could not be read at all
# YAML's own list of what may not stand in a file, and the line ends that no editor shows.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True)
class Source:
    """One YAML file. `text` has no BOM, `\\n` for newlines, and blanks where something could not be read.

    `unread` is the text of those blanks, or ANYTHING: a name that is not known may be defined there.
    """

    path: str  # as the user gave it
    text: str
    value: Value
    unread: str = ""

    def node(self, *route: str | int) -> "Node":
        return Node(self, route)

    def spot(self, route: Route, *, key: bool = False, word: str = "") -> Spot:
        """Where `route` leads: at `word` in its value, else at its value (or its `key`), else as near as it goes."""
        while route not in self._marks:
            route = route[:-1]
        at_key, start, end = self._marks[route]
        if key:
            return self.spot_at(at_key)
        if word and (found := self.text.find(word, start, end)) >= 0:
            return self.spot_at(found)
        if self.text[start : start + 1] in ("|", ">"):  # a block text begins under its sign
            block = re.compile(r".*\n\s*").match(self.text, start)
            start = min(block.end(), end - 1) if block else start
        return self.spot_at(start)

    @cached_property
    def escapes(self) -> bool:
        """Whether a text in double quotes can have signs in it that do not stand in the file."""
        return "\\" in self.text

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


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a source and what stands there: whoever finds it wrong needs no line numbers."""

    source: Source
    route: Route

    def node(self, *route: str | int) -> "Node":
        return Node(self.source, self.route + route)

    @property
    def value(self) -> Value:
        value = self.source.value
        for step in self.route:
            value = value[step]
        return value

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
        spot = self.source.spot(self.route + route, key=key, word=word)
        return Problem(spot, code, message, help, level)


def find_sources(paths: Iterable[Path], problems: list[Problem]) -> Iterator[Path]:
    """The YAML files in `paths`, each once, sorted within a path; a path inside a deck stands for the whole deck."""

    def tell(error: OSError) -> None:
        message = f"this folder cannot be read: {(error.strerror or str(error)).lower()}"
        problems.append(Problem(Spot(str(error.filename), 1, 1), "unreadable-file", message, "check that you may open it"))

    seen = set()
    for path in paths:
        top = next((up for up in (path, *path.parents) if (up / "deck.yaml").exists()), path)
        alone: Iterable[tuple[str, list[str], list[str]]] = [(str(top.parent), [], [top.name])]
        for folder, folders, files in os.walk(top, onerror=tell) if top.is_dir() else alone:
            apart = ("media", "kinds") if "deck.yaml" in files else ("media",)  # a deck's own kinds are read by themselves
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in apart)
            for name in sorted(files):
                file = Path(folder, name)
                if name.endswith((".yaml", ".yml")) and not name.startswith(".") and (real := file.resolve()) not in seen:
                    seen.add(real)
                    yield file


def read_source(path: Path, problems: list[Problem]) -> Source:
    """The file at `path`; what is wrong with it is added to `problems`, and the rest of it is read all the same."""
    data = read_bytes(path, problems)
    if data is None:
        return Source(str(path), "", None, ANYTHING)
    return to_source(path, data, problems)


def to_source(path: Path, data: bytes, problems: list[Problem]) -> Source:
    """What `read_source` would give if `data` stood at `path`."""
    source, mistakes = read_text(str(path), data)
    problems += (Problem(source.spot_at(found.index), found.code, found.message, found.help) for found in mistakes)
    return source


def read_plain(path: Path, problems: list[Problem]) -> Source:
    """The file at `path` as a text that is not YAML."""
    data = read_bytes(path, problems) or b""
    mistakes: list[Mistake] = []
    source = Source(str(path), _to_text(data, mistakes), None)
    problems += (Problem(source.spot_at(found.index), found.code, found.message, found.help) for found in mistakes)
    return source


def read_bytes(path: Path, problems: list[Problem]) -> bytes | None:
    """What the file at `path` holds; nothing where that cannot be had, which is told."""

    def refuse(code: str, message: str, help: str) -> None:
        problems.append(Problem(Spot(str(path), 1, 1), code, message, help))

    help = "check that it is a file and that you may open it"
    try:
        if not path.is_file():  # a pipe would wait for ever
            refuse("unreadable-file", "this is no file, or a link that leads nowhere", help)
            return None
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(LARGEST + 1 if size > LARGEST else -1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        refuse("unreadable-file", f"this file cannot be read: {reason}", help)
        return None
    if len(data) > LARGEST:
        message = f"this file has {size / 1e6:.0f} MB; flashdeck reads files of up to {LARGEST / 1e6:.0f} MB"
        refuse("large-file", message, "split it into several files of the same deck")
        return None
    return data


@dataclass(frozen=True)
class Mistake:
    """Something that is wrong with a text, by the index of its character."""

    index: int
    code: str
    message: str
    help: str


def read_text(path: str, data: bytes) -> tuple[Source, list[Mistake]]:
    """The bytes of a file as a `Source`, with the mistakes in them. Pure."""
    mistakes: list[Mistake] = []
    value, text, unread = _read_around_errors(_to_text(data, mistakes), mistakes)
    return Source(path, text, value, unread), mistakes


def _to_text(data: bytes, mistakes: list[Mistake]) -> str:
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
        looks = bytes([byte]).decode("cp1252", "replace")
        guess = f" (in Windows-1252 this byte would be '{looks}')" if looks.isalpha() else ""
        mistakes.append(Mistake(index, "wrong-encoding", f"byte 0x{byte:02X} is not UTF-8{guess}", "save the file as UTF-8"))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _without_unseen(text, mistakes)


def unseen(text: str) -> str:
    """The first character of `text` that nobody can see and Anki would drop or choke on; mostly none."""
    found = UNSEEN.search(text)
    return found[0] if found else ""


def name_unseen(character: str) -> str:
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character').lower()})"


def _without_unseen(text: str, mistakes: list[Mistake]) -> str:
    found = list(UNSEEN.finditer(text))
    if len(found) > 100:  # not a text at all: one line says so, not thousands
        message = f"{len(found)} characters of this file cannot be seen, such as {name_unseen(found[0][0])}"
        mistakes.append(Mistake(found[0].start(), "control-character", message, "save it as a plain UTF-8 text"))
    else:
        for match in found:
            message = f"{name_unseen(match[0])} cannot be seen"
            mistakes.append(Mistake(match.start(), "control-character", message, "delete this character"))
    return UNSEEN.sub(" ", text) if found else text


def _read_around_errors(text: str, mistakes: list[Mistake]) -> tuple[Value, str, str]:
    """Reads `text` as YAML. Items that break the syntax are blanked and the others read, so that one run tells of all.

    Gives the value, the text with its blanks, and what stood there.
    """
    unread = ""
    found: list[Mistake] = []
    try:
        value = _read_value(text, found)
    except yaml.YAMLError as error:
        first = _explain(error, text)
        parts, done = [], 0
        for start, end in _find_items(text):
            item = text[start:end]
            try:
                _read_value(item, [])
            except yaml.YAMLError as wrong:
                told = _explain(wrong, item)
                mistakes.append(replace(told, index=start + told.index))
                parts += [text[done:start], re.sub(r"[^\n]", " ", item)]
                done = end
                unread += item
        text = "".join(parts) + text[done:]
        found = []
        try:
            value = _read_value(text, found)
        except yaml.YAMLError as error:  # it is not in an item, or not only
            mistakes.append(_explain(error, text) if unread else first)
            return None, text, unread + text
    mistakes += found
    return value, text, unread


def _find_items(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each item of the lists at the top of a file goes, by its indentation."""
    tops = [found.start() for found in re.finditer(r"^[^\s#-]", text, re.M)]
    for start, end in pairwise([*tops, len(text)]):
        first = re.compile(r"^( *)-(?: |$)", re.M).search(text, start, end)
        if first:
            line = re.compile(rf"^{first[1]}-(?: |$)", re.M)
            starts = [found.start() for found in line.finditer(text, start, end)]
            yield from pairwise([*starts, end])


# What is asked of every event, under names that are found at once.
SCALAR, ALIAS = yaml.ScalarEvent, yaml.AliasEvent
SEQUENCE, SEQUENCE_END = yaml.SequenceStartEvent, yaml.SequenceEndEvent
MAPPING, MAPPING_END = yaml.MappingStartEvent, yaml.MappingEndEvent


def _read_value(text: str, mistakes: list[Mistake]) -> Value:
    """The one document in `text`; raises yaml.YAMLError. Repeated keys keep their first value."""
    loader = Loader(text)
    next_event = loader.get_event
    try:
        next_event()  # the start of the stream
        if type(next_event()) is yaml.StreamEndEvent:
            return None
        value = _read_event(next_event(), 0, next_event, mistakes)
        next_event()  # the end of the document
        if type(event := next_event()) is not yaml.StreamEndEvent:
            help = "delete the '---' or make it a file of its own"
            mistakes.append(_at(event, "second-document", "a second YAML document begins here", help))
        return value
    finally:
        loader.dispose()


def _read_event(event: Any, depth: int, next_event: Callable[[], Any], mistakes: list[Mistake]) -> Value:
    """The value that begins with an event."""
    kind = type(event)
    if kind is ALIAS:
        help = "write the text out; put it in quotes if the '*' belongs to it"
        mistakes.append(_at(event, "alias", f"'*{event.anchor}' is an alias", help))
        return f"*{event.anchor}"
    if event.anchor:
        help = "delete it; put the text in quotes if the '&' belongs to it"
        mistakes.append(_at(event, "alias", f"'&{event.anchor}' is an anchor", help))
    if event.tag:
        name = event.tag.replace("tag:yaml.org,2002:", "!!")
        help = "delete it; put the text in quotes if the '!' belongs to it"
        mistakes.append(_at(event, "yaml-tag", f"'{name}' is a YAML tag", help))
    if kind is SCALAR:
        return event.value
    if depth >= DEEPEST:
        raise yaml.MarkedYAMLError(problem="too deep", problem_mark=event.start_mark)
    if kind is SEQUENCE:
        items = []
        while type(event := next_event()) is not SEQUENCE_END:
            items.append(_read_event(event, depth + 1, next_event, mistakes))
        return items
    assert kind is MAPPING
    values: dict[str, Value] = {}
    while type(event := next_event()) is not MAPPING_END:
        # nearly all are plain texts, and a call for each would take a third of the time
        plain = type(event) is SCALAR and event.anchor is None and event.tag is None
        key = event.value if plain else _read_event(event, depth + 1, next_event, mistakes)
        said = next_event()
        plain = type(said) is SCALAR and said.anchor is None and said.tag is None
        value = said.value if plain else _read_event(said, depth + 1, next_event, mistakes)
        if not isinstance(key, str):
            message = "a list or a mapping stands where a key belongs"
            mistakes.append(_at(event, "wrong-shape", message, "write one word before the ':'"))
        elif key in values:
            mistakes.append(_at(event, "repeated-key", f"'{key}' stands here a second time", "keep one of the two"))
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
        return event.start_mark.index

    def after(event: Any) -> int:
        return event.end_mark.index

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
                key = getattr(event, "value", "")  # a list as a key has been reported
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
        pass  # it has been reported, and the marks up to there are good
    finally:
        loader.dispose()
    return marks


QUOTE_IT = "put the whole text in quotes, or under a '|'"
CHECK_INDENT = "check the indentation"
# What libyaml says -> (what to say instead, what to do).
SAYINGS = {
    "mapping values are not allowed": ("a second ': ' on this line", QUOTE_IT),
    "could not find expected ':'": ("this line has no ': ' after its key", "write 'key: text', or indent it under its text"),
    "did not find expected key": ("this cannot stand here", f"{CHECK_INDENT}; if a text begins with a quote or '[', {QUOTE_IT}"),
    "did not find expected '-' indicator": ("this line is not part of the list above it", CHECK_INDENT),
    "did not find expected ',' or ']'": ("the '[' that opens here begins a list that goes wrong", QUOTE_IT),
    "did not find expected ',' or '}'": ("the '{' that opens here begins a mapping that goes wrong", QUOTE_IT),
    "did not find expected alphabetic or numeric character": ("the '*', '&' or '!' that opens here is a sign of YAML", QUOTE_IT),
    "did not find expected <document start>": ("this line does not fit what stands above it", CHECK_INDENT),
    "found unexpected end of stream": ("the quotes that open here are never closed", "close them; inside, a quote is doubled"),
    "found unknown escape character": ("a '\\' in double quotes starts an escape", "use single quotes, or write '\\\\'"),
    "block sequence entries are not allowed": ("a list item cannot begin here", f"{CHECK_INDENT}, or {QUOTE_IT}"),
}


def _explain(error: yaml.YAMLError, text: str) -> Mistake:
    """A syntax error of libyaml in an author's words."""
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error)
    index = min(mark.index, len(text)) if mark else 0
    context = getattr(error, "context_mark", None)
    if "maximum nesting depth" in said:  # libyaml reads ahead, and meets its own limit before we meet ours
        try:
            _read_value(text[:index], [])
        except yaml.YAMLError as nearer:
            return _explain(nearer, text)
    if said == "too deep":
        return Mistake(index, "deep-nesting", f"this is nested more than {DEEPEST} levels deep", QUOTE_IT)
    character = text[index : index + 1]
    if character == "\t" or "tab character" in said:
        return Mistake(index, "tab", "a tab stands where YAML wants spaces", "indent with spaces")
    if "cannot start any token" in said:
        return Mistake(index, "yaml-syntax", f"a text cannot begin with '{character}'", QUOTE_IT)
    for saying, (message, help) in SAYINGS.items():
        if saying in said:
            if context and (" open" in message or "expected ':'" in saying):  # where it begins, not where libyaml gave up
                index = context.index
            return Mistake(index, "yaml-syntax", message, help)
    return Mistake(index, "yaml-syntax", f"this is not YAML: {said}", QUOTE_IT)
