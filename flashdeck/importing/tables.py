"""Text files -> rows of cells with their line numbers: CSV, TSV, Anki's and Quizlet's text; a workbook is read elsewhere."""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.encodings import decode
from flashdeck.sources.files import read_file
from flashdeck.sources.values import short

LARGEST_TABLE = 100_000_000  # bytes
LARGEST_CELL = 10_000_000  # characters
MOST_ROWS = 1_048_576  # those that a workbook can have
WORKBOOKS = (".xlsx", ".xlsm")
SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "pipes", ":": "colons", " ": "spaces"}
NAMES = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":", "space": " "}
ABOUT = ("guid", "notetype", "deck", "tags")
DIRECTIVES = ("separator", "html", "tags", "columns", "notetype", "deck", "if matches", *(f"{name} column" for name in ABOUT))
# What Quizlet offers between a word and its definition, and people choose.
ODD_SEPARATORS = (" - ", " – ", " — ", " = ", " : ", ": ", " / ")
# What spreadsheets show of a formula that has no result, in the languages in which a CSV has it as a text.
ERRORS = frozenset(
    """#N/A #DIV/0! #VALUE! #REF! #NAME? #NUM! #NULL! #SPILL! #CALC! #FIELD! #BLOCKED! #ERROR! #NV #WERT! #BEZUG! #ZAHL!
    #VALEUR! #NOM? #NOMBRE! #¡DIV/0! #¡VALOR! #¡REF! #¿NOMBRE? #¡NUM! #VALORE! #RIF! #NOME? Err:502 Err:504 Err:508 Err:511
    Err:520 Err:522""".split()
)


@dataclass(frozen=True)
class Table:
    """Rows with the lines where they begin. `header` has the names of the columns, where the file states them."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]
    description: str  # how it was read: 'separated by tabs, in UTF-8'
    header: tuple[str, ...] = ()
    html: bool | None = None  # whether the cells are HTML, where the file declares it
    about_columns: Mapping[str, int] = field(default_factory=dict)  # Anki's guid, notetype, deck and tags, from 0
    defaults: Mapping[str, str] = field(default_factory=dict)  # Anki's notetype, deck and tags of all rows
    is_anki: bool = False  # whether Anki exported it
    broken: Mapping[tuple[int, int], str] = field(default_factory=dict)  # by line and column: why a cell has no value
    days: Mapping[tuple[int, int], str] = field(default_factory=dict)  # by line and column: a day as ISO 8601 writes it


def read_table(path: Path, options: ImportOptions) -> Table:
    """The table in a file. Raises FlashdeckError."""
    try:
        data = read_file(path)
    except OSError as error:
        raise FlashdeckError((error.strerror or str(error)).lower()) from error
    if len(data) > LARGEST_TABLE:
        raise FlashdeckError(f"it is larger than {LARGEST_TABLE // 1_000_000} MB; split it into several files")
    if path.suffix.lower() in WORKBOOKS:
        from flashdeck.importing.workbooks import read_workbook  # most tables are text

        if options.encoding or options.separator:
            raise FlashdeckError("a workbook has no encoding and no separator; leave the option out")
        return read_workbook(data, options)
    if options.sheet:
        raise FlashdeckError("a text file has no sheets; leave --sheet out")
    return read_text_table(data, path.suffix.lower(), options)


def read_text_table(data: bytes, suffix: str, options: ImportOptions) -> Table:
    """The table in a text, of a file with this suffix. Raises FlashdeckError."""
    text, encoding = decode(data, options.encoding)
    if text.count("\n") > MOST_ROWS:
        raise FlashdeckError(f"it has more than {MOST_ROWS:,} lines; split it into several files")
    lines = text.split("\n")
    separator, first = _read_first_line(lines[0])
    directives, first = _read_directives(lines, first)
    separator = _to_separator(options.separator) or separator or _find_declared(directives)
    if separator == '"':
        raise FlashdeckError("its line '#separator' names a quote, which cannot separate anything; name 'tab' or 'comma'")
    body = "\n".join(lines[first:])
    if not separator:
        separator = _guess_separator(body, "\t" if suffix == ".tsv" else "")
    rows, quoting = _split(body, separator, first)
    header = _split(directives["columns"], separator, 0)[0][0][1] if directives.get("columns", "").strip() else ()
    return Table(
        tuple(rows),
        f"separated by {SEPARATORS.get(separator, repr(separator))}, in {encoding}{quoting}",
        header,
        {"true": True, "false": False}.get(directives.get("html", "").lower()),
        _read_about_columns(directives, max((len(cells) for _, cells in rows), default=0)),
        {name: directives[name] for name in ("notetype", "deck", "tags") if name in directives},
        bool(directives),
        {(line, at): f"shows the error '{cell}'" for line, cells in rows for at, cell in enumerate(cells) if cell in ERRORS},
    )


def _read_first_line(line: str) -> tuple[str, int]:
    """The separator that Excel is told in a first line `sep=;`, and the number of lines that this takes."""
    found = re.fullmatch(r'"?sep=(.)"?[;,\t]*', line, re.I)
    return (found[1], 1) if found else ("", 0)


def _to_separator(typed: str) -> str:
    """The separator that the user named or typed."""
    text = NAMES.get(typed.lower(), typed.replace("\\t", "\t"))
    if text in ('"', "\n", "\\n"):
        raise FlashdeckError(f"{text!r} cannot separate cells; name 'tab', 'comma', 'semicolon', or what stands between them")
    return text


def _read_directives(lines: list[str], first: int) -> tuple[dict[str, str], int]:
    """The lines with `#` at the top of what Anki exports, and the number of the first line after them.

    A spreadsheet that such a file went through has put them in quotes, or filled them up with separators.
    """
    directives: dict[str, str] = {}
    for at, line in enumerate(lines[first:], first):
        if line.startswith('"#'):
            line = next(csv.reader([line.replace(";", ",")]))[0] if line.count('"') > 1 else line
        name, colon, value = line.removeprefix("#").partition(":")
        name = name.strip().lower()
        if not line.startswith("#") or not colon or name not in DIRECTIVES:
            return directives, at
        directives[name] = value if name in ("columns", "separator") else re.sub(r"([,;\t|])\1*$", "", value).strip()
    return directives, len(lines)


def _find_declared(directives: Mapping[str, str]) -> str:
    """The separator that the file declares; the one that a spreadsheet filled up this very line with comes first."""
    value = directives.get("separator", "")
    found = re.fullmatch(r"\s*(\w+|[^\w\s])\s*?(([,;\t|])\3*)?\s*", value)
    if found and found[3]:
        return found[3]
    value = value.strip() or value
    return NAMES.get(value.lower(), value)[:1]


def _read_about_columns(directives: Mapping[str, str], width: int) -> dict[str, int]:
    """The columns that hold no field, from 0, as Anki's lines at the top name them: 0 stands for none. Raises FlashdeckError."""
    found: dict[int, str] = {}
    for name in ABOUT:
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
    """The character that cuts most rows into the same number of cells; of several, the one that makes most of them.

    Where none does, there may be words between the cells: those are never guessed, but named. Raises FlashdeckError.
    """
    sample = text[:200_000]
    if len(sample) < len(text):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, chosen = (0.0, 0), ""
    for separator in ("\t", ";", ",", "|"):
        rows, _ = _split(sample, separator, 0)
        counts = Counter(len(cells) for _, cells in rows[:500])
        columns, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = (times / max(1, sum(counts.values())), columns)
        if columns > 1 and (score[0] > best[0] + 0.05 or (score[0] > best[0] - 0.05 and score[1] > best[1])):
            best, chosen = score, separator
    lines = [line for line in sample.split("\n") if line.strip()]
    for odd in ODD_SEPARATORS:
        if not chosen and lines and all(odd in line for line in lines):
            raise FlashdeckError(f"there is {odd!r} in each of its lines; if it separates the cells: --separator {odd!r}")
    return chosen or default or ","


def _split(text: str, separator: str, before: int) -> tuple[list[tuple[int, tuple[str, ...]]], str]:
    """The rows of a text, and what is special about its quotes."""
    csv.field_size_limit(LARGEST_CELL)
    if len(separator) == 1:
        try:
            return _read_rows(text, separator, before), ""
        except csv.Error:  # a quote that does not quote, as in 5" nails
            pass
    lines = text.split("\n")
    rows = [(before + at, tuple(line.split(separator))) for at, line in enumerate(lines, 1) if line.strip()]
    return rows, ", quotes taken literally" if len(separator) == 1 else ""


def _read_rows(text: str, separator: str, before: int) -> list[tuple[int, tuple[str, ...]]]:
    """The rows that hold anything, each with the line at which it begins. Raises csv.Error."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, line = [], 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append((before + line + 1, tuple(cells)))
        line = reader.line_num
    return rows


def parse_tags(text: str) -> list[str]:
    """Tags as people and Anki write them in one cell."""
    return [tag for tag in re.split(r"[,;\s]+", text) if tag]
