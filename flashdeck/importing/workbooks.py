"""Workbooks -> rows of cells as the program shows them: XLSX. The only module that knows openpyxl."""

import re
from collections import defaultdict
from datetime import date, time, timedelta
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from flashdeck.anki.package_reader import MAX_COMPRESSION, SMALL
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.problem import nearest
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.number_formats import show, to_iso
from flashdeck.importing.tables import MOST_ROWS, Table

LARGEST_SHEET = 200_000_000  # bytes, unpacked
MOST_COLUMNS, MOST_CELLS = 1_000, 5_000_000
NO_DATA = "Export Summary"  # the sheet that Numbers puts before those of its user
ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")  # how a workbook writes what XML cannot hold, such as half of a line end
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
# Excel and LibreOffice store the result beside each formula; what writes workbooks without being a spreadsheet does not.
UNCALCULATED = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


def read_workbook(data: bytes, options: ImportOptions) -> Table:
    """A sheet of a workbook: the one that is asked for, else the first that can be seen and has anything in it."""
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
            for sheet in _choose_sheets(book, options.sheet):
                reader = _SheetReader(sheet, archive.read(sheet._worksheet_path), options.language)
                if reader.rows:
                    return reader.to_table(_describe(book, sheet))
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
    raise FlashdeckError(f"there is nothing in its sheet '{options.sheet}'" if options.sheet else "there is nothing in it")


def _choose_sheets(book: Any, wanted: str) -> list[Any]:
    """The sheets that may be meant, in order. Raises FlashdeckError."""
    if not wanted:
        return sorted(filter(_is_seen, book.worksheets), key=lambda sheet: sheet.title == NO_DATA)
    titles = [sheet.title for sheet in book.worksheets]
    if wanted not in titles:
        raise FlashdeckError(f"it has no sheet '{wanted}'; {nearest(wanted, titles)}")
    return [book.worksheets[titles.index(wanted)]]


def _is_seen(sheet: Any) -> bool:
    return bool(sheet.sheet_state == "visible")


def _describe(book: Any, sheet: Any) -> str:
    """Which sheet was read, and which not."""
    others = [other for other in book.worksheets if other is not sheet]
    seen = ", ".join(f"'{other.title}'" for other in others if _is_seen(other))
    hidden = ", ".join(f"'{other.title}'" for other in others if not _is_seen(other))
    return (
        f"the sheet '{sheet.title}'"
        + (f", not {seen} (see --sheet)" if seen else "")
        + (f", not the hidden {hidden}" if hidden else "")
    )


class _SheetReader:
    """The rows that hold anything, with their numbers, and what is special about single cells."""

    def __init__(self, sheet: Any, xml: bytes, language: str) -> None:
        self.title, self.language = sheet.title, language
        self.rows: list[tuple[int, tuple[str, ...]]] = []
        self.broken = {
            (
                int(row),
                _to_number(column),
            ): "holds a formula that was never calculated; open the workbook, save it, import it again"
            for column, row in UNCALCULATED.findall(xml)
        }
        self.days: dict[tuple[int, int], str] = {}
        self.merged: dict[int, list[tuple[int, int]]] = defaultdict(list)  # by first row: the column, and the last row
        for column, first, _, last in MERGED.findall(xml):  # to the right nothing is carried: those are titles
            self.merged[int(first)].append((_to_number(column), int(last)))
        self._read(sheet)

    def to_table(self, description: str) -> Table:
        width = max(len(row) for _, row in self.rows)
        rows = tuple((at, row + ("",) * (width - len(row))) for at, row in self.rows)
        return Table(rows, description, broken=self.broken, days=self.days)

    def _read(self, sheet: Any) -> None:
        """Raises FlashdeckError where there is more than anybody can have typed."""
        sheet.reset_dimensions()  # what it claims to be wide would be filled up in each row
        count = 0
        carried: dict[int, tuple[int, str]] = {}  # by column: to which row a merged cell goes, and what is in it
        for at, cells in enumerate(sheet.iter_rows(), 1):
            if at > MOST_ROWS:
                raise FlashdeckError(
                    f"a cell of its sheet '{self.title}' is below row {MOST_ROWS:,}; delete it, or save it as CSV"
                )
            row = [self._show(at, column, cell) for column, cell in enumerate(cells)]
            while row and not row[-1].strip():
                row.pop()
            for column, last in self.merged.get(at, ()):
                carried[column] = last, row[column] if column < len(row) else ""
            if row:
                self._carry_down(at, row, carried)
                self.rows.append((at, tuple(row)))
                count += len(row)
            if len(row) > MOST_COLUMNS or count > MOST_CELLS:
                what = f"{MOST_COLUMNS:,} columns" if len(row) > MOST_COLUMNS else f"{MOST_CELLS:,} cells"
                raise FlashdeckError(f"its sheet '{self.title}' has more than {what}; save the cards alone as CSV")

    def _carry_down(self, at: int, row: list[str], carried: dict[int, tuple[int, str]]) -> None:
        """Fills in what is in merged cells that begin above a row."""
        for column, (last, text) in [*carried.items()]:
            if at > last:
                del carried[column]
            elif column < MOST_COLUMNS and text:
                row += [""] * (column + 1 - len(row))
                row[column] = row[column] or text

    def _show(self, at: int, column: int, cell: Any) -> str:
        value = cell.value
        if value is None:
            return ""
        if isinstance(value, str):
            if cell.data_type == "e":
                self.broken[at, column] = f"shows the error '{value}'"
            return ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
        if isinstance(value, date | time | timedelta):
            self.days[at, column] = to_iso(value)
        return show(value, cell.number_format, self.language)


def _to_number(column: bytes) -> int:
    """The number of a column from 0: `A` is 0, `AA` 26."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number - 1
