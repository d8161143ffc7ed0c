"""Spreadsheets and text exports -> rows of cells with their line numbers: CSV, TSV, Anki's and Quizlet's text, XLSX."""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from flashdeck.anki.package_reader import MAX_COMPRESSION, SMALL
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.sources.files import read_file
from flashdeck.sources.values import short

LARGEST_TABLE = 100_000_000  # bytes
LARGEST_CELL = 10_000_000  # characters
LARGEST_SHEET = 200_000_000  # bytes, unpacked
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 1_048_576, 1_000, 5_000_000  # the rows are those that a workbook can have
SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "pipes", ":": "colons", " ": "spaces"}
ANKI_NAMES = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":", "space": " "}


@dataclass(frozen=True)
class Table:
    """Rows with the lines where they begin. `header` has the names of the columns, where the file states them."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]
    description: str  # how it was read: 'separated by tabs, in UTF-8'
    header: tuple[str, ...] = ()
    html: bool | None = None  # whether the cells are HTML, where the file declares it
    about_columns: Mapping[str, int] = field(default_factory=dict)  # Anki's guid, notetype, deck and tags, from 0
    defaults: Mapping[str, str] = field(default_factory=dict)  # Anki's notetype, deck and tags of all rows


def read_table(path: Path) -> Table:
    """The table in a file. Raises FlashdeckError."""
    try:
        data = read_file(path)
    except OSError as error:
        raise FlashdeckError((error.strerror or str(error)).lower()) from error
    if len(data) > LARGEST_TABLE:
        raise FlashdeckError(f"it is larger than {LARGEST_TABLE // 1_000_000} MB; split it into several files")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _read_sheet(data)
    text, encoding = _decode(data)
    if text.count("\n") > MOST_ROWS:
        raise FlashdeckError(f"it has more than {MOST_ROWS:,} lines; split it into several files")
    lines = text.split("\n")
    directives, first = _read_directives(lines)
    separator = directives.get("separator", "")
    separator = ANKI_NAMES.get(separator.lower(), separator)[:1]
    if separator == '"':
        raise FlashdeckError("its line '#separator' names a quote, which cannot separate anything; name 'tab' or 'comma'")
    body = "\n".join(lines[first:])
    if not separator:
        separator = _guess_separator(body, "\t" if path.suffix.lower() == ".tsv" else "")
    rows, quoting = _split(body, separator, first)
    description = f"separated by {SEPARATORS.get(separator, repr(separator))}, in {encoding}{quoting}"
    header = _split(directives["columns"], separator, 0)[0][0][1] if directives.get("columns", "").strip() else ()
    about_columns = _read_about_columns(directives, max((len(cells) for _, cells in rows), default=0))
    defaults: dict[str, str] = {name: directives[name] for name in ("notetype", "deck", "tags") if name in directives}
    html = {"true": True, "false": False}.get(directives.get("html", "").lower())
    return Table(tuple(rows), description, header, html, about_columns, defaults)


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text, encoding = data.decode("utf-16", "replace"), "UTF-16"
    elif data[:400].count(0) > len(data[:400]) // 4:  # UTF-16 without a byte order mark: every other byte is 0
        little = data[:400:2].count(0) < data[1:400:2].count(0)
        text, encoding = data.decode("utf-16-le" if little else "utf-16-be", "replace"), "UTF-16"
    else:
        try:
            text, encoding = data.decode("utf-8-sig"), "UTF-8"
        except UnicodeDecodeError:
            text, encoding = data.decode("cp1252", "replace"), "Windows-1252"
    if text.count("\0") > 0 or (
        len(text) > 100 and sum(not sign.isprintable() and sign not in "\r\n\t\v\f" for sign in text[:4000]) > 400
    ):
        raise FlashdeckError("it is not a text file")
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"), encoding


def _read_directives(lines: list[str]) -> tuple[dict[str, str], int]:
    """The lines with `#` at the top of what Anki exports, and the number of the first line after them."""
    directives: dict[str, str] = {}
    for at, line in enumerate(lines):
        name, colon, value = line.removeprefix("#").partition(":")
        if not line.startswith("#") or not colon:
            return directives, at
        directives[name.strip().lower()] = value if name.strip().lower() == "columns" else value.strip()
    return directives, len(lines)


def _read_about_columns(directives: Mapping[str, str], width: int) -> dict[str, int]:
    """The columns that hold no field, from 0, as Anki's lines at the top name them: 0 stands for none. Raises FlashdeckError."""
    found: dict[int, str] = {}
    for name in ("guid", "notetype", "deck", "tags"):
        word = directives.get(f"{name} column", "0")
        number = int(word) if re.fullmatch("[0-9]{1,5}", word) else width + 1
        if number > width:
            there = f"there {'is 1 column' if width == 1 else f'are {width} columns'}"
            raise FlashdeckError(
                f"its line '#{name} column:{short(word)}' names no column: {there}; correct the line, or delete it"
            )
        if number and number in found:
            raise FlashdeckError(f"its lines '#{found[number]} column' and '#{name} column' name the same column; correct one")
        found[number] = name
    return {name: number - 1 for number, name in found.items() if number}


def _guess_separator(text: str, default: str) -> str:
    """The character that cuts most rows into the same number of cells; of several, the one that makes most of them."""
    sample = text[:200_000]
    if len(sample) < len(text):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, chosen = (0.0, 0), default or ","
    for separator in ("\t", ";", ",", "|"):
        rows, _ = _split(sample, separator, 0)
        counts = Counter(len(cells) for _, cells in rows[:500])
        columns, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = (times / max(1, sum(counts.values())), columns)
        if columns > 1 and (score[0] > best[0] + 0.05 or (score[0] > best[0] - 0.05 and score[1] > best[1])):
            best, chosen = score, separator
    return chosen


def _split(text: str, separator: str, before: int) -> tuple[list[tuple[int, tuple[str, ...]]], str]:
    """The rows of a text, and what is special about its quotes."""
    csv.field_size_limit(LARGEST_CELL)
    try:
        return _read_rows(text, separator, before), ""
    except csv.Error:  # a quote that does not quote, as in 5" nails
        lines = text.split("\n")
        rows = [(before + at, tuple(line.split(separator))) for at, line in enumerate(lines, 1) if line.strip()]
        return rows, ", quotes taken literally"


def _read_rows(text: str, separator: str, before: int) -> list[tuple[int, tuple[str, ...]]]:
    """The rows that hold anything, each with the line at which it begins. Raises csv.Error."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, line = [], 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append((before + line + 1, tuple(cells)))
        line = reader.line_num
    return rows


def _read_sheet(data: bytes) -> Table:
    """The first sheet of a workbook that has anything in it."""
    from openpyxl import load_workbook

    try:
        with ZipFile(BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > LARGEST_SHEET or size > max(SMALL, MAX_COMPRESSION * len(data)):
                raise FlashdeckError(f"it unpacks to {size // 1_000_000:,} MB; save its sheets as CSV, one by one")
            for entry in archive.infolist():  # no workbook declares entities, but bombs are made of them
                if b"<!ENTITY" in archive.read(entry).replace(b"\0", b""):
                    raise FlashdeckError("it declares entities, as no spreadsheet does; save it again as .xlsx or CSV")
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            if rows := _read_cells(sheet):
                width = max(len(row) for _, row in rows)
                others = [other.title for other in book.worksheets if other is not sheet]
                description = f"the sheet '{sheet.title}'" + (f", not {', '.join(map(repr, others))}" if others else "")
                return Table(tuple((at, row + ("",) * (width - len(row))) for at, row in rows), description)
    except (
        BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        SyntaxError,
        AttributeError,
        IndexError,
        EOFError,
        OverflowError,
        OSError,
        RuntimeError,
    ) as error:
        raise FlashdeckError("it is not a spreadsheet that can be read; save it again as .xlsx or CSV") from error
    raise FlashdeckError("there is nothing in it")


def _read_cells(sheet: Any) -> list[tuple[int, tuple[str, ...]]]:
    """The rows that hold anything, with their numbers. Raises FlashdeckError where they are more than anybody can have typed."""
    sheet.reset_dimensions()  # what it claims to be wide would be filled up in each row
    rows, count = [], 0
    for at, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if at > MOST_ROWS:
            raise FlashdeckError(f"a cell of its sheet '{sheet.title}' is below row {MOST_ROWS:,}; delete it, or save it as CSV")
        if any(value is not None for value in values):
            cells = tuple(map(_to_cell, values))
            width = max((column for column, cell in enumerate(cells, 1) if cell.strip()), default=0)
            count += width
            if width > MOST_COLUMNS or count > MOST_CELLS:
                what = f"{MOST_COLUMNS:,} columns" if width > MOST_COLUMNS else f"{MOST_CELLS:,} cells"
                raise FlashdeckError(f"its sheet '{sheet.title}' has more than {what}; save the cards alone as CSV")
            rows += [(at, cells[:width])] if width else []
    return rows


def _to_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def parse_tags(text: str) -> list[str]:
    """Tags as people and Anki write them in one cell."""
    return [tag for tag in re.split(r"[,;\s]+", text) if tag]
