"""Renders values as YAML, and adds them to an author's file, or changes them there, without touching a byte of the rest. Pure.

The result is read again before it is returned: a file that is too unusual to add to is refused, never damaged.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.sources.yaml_file import Route, Source, Value, compose, find_invisible, read_text

MAX_WIDTH = 120  # characters of a list or mapping on one line
# A text that needs no quotes: it begins with no indicator of YAML, and holds nothing that ends it, in brackets or out of them.
PLAIN_SCALAR = re.compile(
    r"(?!---|\.\.\.)(?:[\w(/.+$€«“„¿¡\\]|-(?=[\w(])|<(?!<))(?:[^:#,\[\]{}?\n\t\x85]|:(?=[^\s,\[\]{}:])|(?<=\S)#)*(?<![ :])"
)


class WritingError(FlashdeckError):
    """A file that a value cannot be added to, with a message for its user."""


def render_scalar(text: str, flow: bool = False, pad: str = "") -> str:
    """A text as YAML: plain if it needs no quotes; lines as a block under `|` (but not in brackets); else in quotes."""
    if PLAIN_SCALAR.fullmatch(text) and not find_invisible(text):
        return text
    if "\n" in text:
        fits_block = not find_invisible(text) and not re.search(r"[ \t]\n|\t|[ \t]$|\A\s|\n\n\Z|\x85", text)
        if flow or not fits_block:
            return _render_quoted(text)
        lines = "".join(f"{pad}  {line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n"))
        return f"|{'' if text.endswith(chr(10)) else '-'}\n{lines.removesuffix(chr(10))}"
    if find_invisible(text) or re.search(r"[\t\x85]", text):
        return _render_quoted(text)
    return "'" + text.replace("'", "''") + "'"


def _render_quoted(text: str) -> str:
    return re.sub(
        "[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def render_flow(value: Value) -> str:
    """A value on one line, in brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{render_scalar(key, True)}: {render_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(render_flow, value)) + "]"
    return render_scalar(value, True)


def render_block(value: Mapping[str, Value], pad: str = "") -> str:
    """A mapping, each key on a line of its own, without the last newline; a short value stays on the line of its key."""
    lines = []
    for key, item in value.items():
        name = f"{pad}{render_scalar(key, True)}:"
        if isinstance(item, str):
            lines.append(f"{name} {render_scalar(item, False, pad)}")
        elif not item or (len(flow := render_flow(item)) + len(name) < MAX_WIDTH and "\\n" not in flow):
            lines.append(f"{name} {render_flow(item)}")
        elif isinstance(item, dict):
            lines.append(f"{name}\n{render_block(item, pad + '  ')}")
        else:
            lines.append(name + "".join(f"\n{render_item(entry, pad + '  ')}" for entry in item))
    return "\n".join(lines)


def render_item(value: Value, pad: str = "") -> str:
    """An item of a list, on lines of its own."""
    if isinstance(value, dict) and value:
        block = render_block(value, pad + "  ")
        return f"{pad}- {block[len(pad) + 2 :]}"
    return f"{pad}- {render_scalar(value, False, pad) if isinstance(value, str) else render_flow(value)}"


def append_items(path: str, data: bytes, route: Route, items: Sequence[Value]) -> bytes:
    """The file with `items` at the end of the list at `route`; the list is made if its key is missing.

    Raises WritingError if the file is too unusual for that.
    """
    source, mistakes = read_text(path, data)
    if mistakes:
        raise WritingError("there are mistakes in it: see 'flashdeck check'")
    items = [compose(item) for item in items]  # as they are read again
    expected = _with_items(source.value or {}, route, items)
    index, text = _find_place(source, route, items)
    new = _insert(data, source, index, text)
    again, mistakes = read_text(path, new)
    if mistakes or not _is_same(again.value, expected):
        raise WritingError("its form is too unusual to add to: write what is shown above by hand")
    return new


def _is_same(left: Value | None, right: Value) -> bool:
    """Whether two values are equal, but for the newline that a block text at the very end of a file may have gained."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(_is_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_is_same, left, right))
    return isinstance(left, str) and isinstance(right, str) and left.rstrip("\n") == right.rstrip("\n")


def _with_items(value: Value | None, route: Route, items: Sequence[Value]) -> Value:
    if not route:
        if isinstance(value, list) or not value:
            return [*(value or []), *items]
        raise WritingError("there is no list to add to")
    key, rest = route[0], route[1:]
    if isinstance(value, list) and isinstance(key, int):
        return [_with_items(item, rest, items) if at == key else item for at, item in enumerate(value)]
    if isinstance(value, dict) and isinstance(key, str):
        return {**value, key: _with_items(value.get(key), rest, items)}
    raise WritingError("there is no list to add to")


def _find_place(source: Source, route: Route, items: Sequence[Value]) -> tuple[int, str]:
    """The index in the text of a source at which items go, and what to insert there."""

    def render(pad: str) -> str:
        return "".join(f"{render_item(item, pad)}\n" for item in items)

    def render_inside() -> str:
        return ", ".join(map(render_flow, items))

    text = source.text
    node = source.node(*route[:-1]).fields if source.value else {}
    key = str(route[-1])
    if key not in node:  # a new key of a mapping
        if not source.value:
            return len(text), f"{_line_before(text, len(text))}{key}:\n{render('  ')}"
        _, start, end = source.span(route[:-1])
        if text[start : start + 1] == "{":
            return end - 1, f"{_comma(text, start, end)}{key}: [{render_inside()}]"
        column = source.spot_at(start).column - 1 if route[:-1] else 0
        at = _line_after(text, _end_of(source, route[:-1]))
        pad = " " * column
        return at, f"{_line_before(text, at)}{pad}{key}:\n{render(pad + '  ')}"
    at_key, start, end = source.span(route)
    if text[start : start + 1] == "[":
        return end - 1, _comma(text, start, end) + render_inside()
    pad = " " * (source.spot_at(at_key).column + 1)
    if node[key]:
        _, first, _ = source.span((*route, len(node[key]) - 1))
        dashes = list(re.finditer(r"^( *)-(?=[ \n])", text[: first + 1], re.M))
        pad = dashes[-1][1] if dashes else pad
    at = _line_after(text, _end_of(source, route))
    return at, f"{_line_before(text, at)}{render(pad)}"


def _end_of(source: Source, route: Route) -> int:
    """Where the last text or bracket of a value ends; comments below it belong to what follows."""
    _, start, end = source.span(route)
    value = source.node(*route).value
    if source.text[start : start + 1] in ("[", "{") or isinstance(value, str) or not value:
        return end
    last = list(value)[-1] if isinstance(value, dict) else len(value) - 1
    return _end_of(source, (*route, last))


def _line_after(text: str, index: int) -> int:
    if index and text[index - 1] == "\n":
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _line_before(text: str, index: int) -> str:
    return "\n" if index and text[index - 1] != "\n" else ""


def _comma(text: str, start: int, end: int) -> str:
    inside = text[start + 1 : end - 1].rstrip()
    return ", " if inside and not inside.endswith(",") else ""


def change_values(path: str, data: bytes, changes: Mapping[Route, Mapping[str, Value | None]]) -> bytes:
    """The file with other values for some keys of the mapping at each route; a key whose value is None is deleted.

    Raises WritingError if the file is too unusual for that.
    """
    source, mistakes = read_text(path, data)
    if mistakes:
        raise WritingError("there are mistakes in it: see 'flashdeck check'")
    expected = deepcopy(source.value)
    edits: list[tuple[int, int, str]] = []
    for route, values in changes.items():
        place: Any = expected
        for step in route:
            place = place[step]
        for key, value in values.items():
            edits.append(_delete(source, route, key) if value is None else _put(source, route, key, value))
            place.pop(key, None)
        place |= {key: compose(value) for key, value in values.items() if value is not None}
    new = _replace(data, source, edits)
    again, mistakes = read_text(path, new)
    if mistakes or not _is_same_anyhow(again.value, expected):
        raise WritingError("its form is too unusual to change it: change it by hand")
    return new


def _put(source: Source, route: Route, key: str, value: Value) -> tuple[int, int, str]:
    """From where to where of a file a value goes, and how it is written there."""
    _, start, _ = source.span(route)
    flow = source.text[start : start + 1] == "{"
    fields = source.node(*route).fields
    beside = key if key in fields else next(iter(fields))
    at_key, _, _ = source.span((*route, beside))
    pad = " " * (source.spot_at(at_key).column - 1)
    text = f"{render_scalar(key, True)}: {render_flow(value)}" if flow else render_block({key: value}, pad)
    if key in fields:
        return at_key, _end_of_text(source, (*route, key)), text.removeprefix(pad)
    if flow:
        _, start, end = source.span(route)
        return end - 1, end - 1, f"{_comma(source.text, start, end)}{text}"
    at = _line_after(source.text, _end_of(source, route))
    return at, at, f"{_line_before(source.text, at)}{text}\n"


def _delete(source: Source, route: Route, key: str) -> tuple[int, int, str]:
    """From where to where of a file a key stands, with its value."""
    text, fields = source.text, list(source.node(*route).fields)
    at_key, _, _ = source.span((*route, key))
    line = text.rfind("\n", 0, at_key) + 1
    if not text[line:at_key].strip():  # on lines of its own
        return line, _line_after(text, _end_of_text(source, (*route, key))), ""
    at = fields.index(key)
    if not at:
        return at_key, source.span((*route, fields[1]))[0], ""
    return _end_of_text(source, (*route, fields[at - 1])), _end_of_text(source, (*route, key)), ""


def _end_of_text(source: Source, route: Route) -> int:
    """Where the last sign of a value ends: the line ends below a block text belong to what follows."""
    _, start, _ = source.span(route)
    end = max(start, _end_of(source, route))
    while source.text[end - 1] in "\n ":
        end -= 1
    return end


def _is_same_anyhow(left: Value | None, right: Value | None) -> bool:
    """Whether two values are equal, whatever the order of their keys, but for newlines at the ends of texts."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_is_same_anyhow(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_is_same_anyhow, left, right))
    return isinstance(left, str) and isinstance(right, str) and left.rstrip("\n") == right.rstrip("\n")


def _insert(data: bytes, source: Source, index: int, text: str) -> bytes:
    """The bytes of a file with a text inserted, in the file's own newlines; `index` counts the characters of the source."""
    return _replace(data, source, [(index, index, text)])


def _replace(data: bytes, source: Source, edits: Iterable[tuple[int, int, str]]) -> bytes:
    """The bytes of a file with texts from one character of the source to another, in the file's own newlines."""
    raw = data.decode("utf-8")
    newlines = re.findall(r"\r\n|\r|\n", raw)
    newline = max(set(newlines), key=newlines.count) if newlines else "\n"
    ends = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", raw))]
    starts = [0, *(found.end() for found in re.finditer("\n", source.text))]
    shift = 1 if raw.startswith("\ufeff") else 0

    def place(index: int) -> int:
        line = bisect_right(starts, index) - 1
        return ends[line] + index - starts[line] + (shift if not line else 0)

    parts, at = [], 0
    for start, end, text in sorted(edits):
        parts += [raw[at : place(start)], text.replace("\n", newline)]
        at = place(end)
    return "".join([*parts, raw[at:]]).encode()
