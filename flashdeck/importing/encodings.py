"""Bytes -> text. Nothing is guessed: where several encodings are possible, the user is shown what the text would be in each."""

import re
import unicodedata

from flashdeck.diagnostics.errors import FlashdeckError

# What spreadsheets and vocabulary programs write when they do not write Unicode, the commonest first.
ENCODINGS = tuple(
    """cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 mac-roman koi8-r cp850 cp437 cp866 cp874
    shift_jis gb18030 big5 euc-kr""".split()
)
SHOWN_CELLS = 3
LONGEST_SHOWN = 40  # bytes of a cell
# Where one of these begins a byte order mark, it names the encoding.
MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
}


def decode(data: bytes, encoding: str) -> tuple[str, str]:
    """The text of a file, and the name of its encoding: the one that is asked for, else Unicode. Raises FlashdeckError."""
    if not encoding:
        encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), "") or _find_unicode(data)
    try:
        text = data.decode(encoding)
    except LookupError:
        known = ", ".join(("utf-8", "utf-16", *ENCODINGS))
        raise FlashdeckError(f"there is no encoding '{encoding}'; name one of {known}") from None
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = data.count(b"\n", 0, at) + 1
        raise FlashdeckError(
            f"it is not {NAMES.get(encoding, encoding)}: byte 0x{data[at]:02X} in line {line} means nothing in it"
        ) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text or (len(text) > 100 and sum(_is_control(sign) for sign in text[:4000]) > 400):
        raise FlashdeckError("it is not a text file")
    return text, NAMES.get(encoding, encoding)


def _find_unicode(data: bytes) -> str:
    """UTF-8, or UTF-16 without its mark: no other encoding has bytes that are 0. Raises FlashdeckError."""
    if b"\0" in data:
        for name in ("utf-16-le", "utf-16-be"):
            try:
                text = data.decode(name)
            except UnicodeDecodeError:
                continue
            if re.search("[\n\t ]", text) and not any(map(_is_control, set(text))):
                return name
        raise FlashdeckError("it is not a text file")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise _ask(data) from None
    return "utf-8"


def _ask(data: bytes) -> FlashdeckError:
    """A refusal that shows some cells as they would be in each encoding in which the whole file is a text."""
    cells = _choose_cells(data)
    readings: dict[str, tuple[str, str]] = {}
    for name in ENCODINGS:
        try:
            text = data.decode(name)
            shown = " | ".join(cell.decode(name) for cell in cells)
        except UnicodeDecodeError:
            continue
        if not any(map(_is_control, set(text))):
            readings.setdefault(text, (name, shown))
    if not readings:
        return FlashdeckError("it is not a text file")
    width = max(len(name) for name, _ in readings.values())
    return FlashdeckError(
        "it is not in UTF-8; see in which of these encodings its cells read as they should, and name that one",
        tuple(f"--encoding {name:{width}}  {shown}" for name, shown in readings.values()),
    )


def _choose_cells(data: bytes) -> list[bytes]:
    """The cells that show most of a file's letters beyond ASCII, in their order."""
    pieces = dict.fromkeys(piece.strip(b' "') for piece in re.split(rb"[\t;,\n\r]", data[:1_000_000]))
    cells = [piece for piece in pieces if len(piece) <= LONGEST_SHOWN and not piece.isascii()]
    cells = cells or [piece for piece in pieces if not piece.isascii()]
    chosen: list[bytes] = []
    seen: set[int] = set()
    for _ in range(SHOWN_CELLS):
        left = [cell for cell in cells if cell not in chosen]
        best = max(left, key=lambda cell: len({byte for byte in cell if byte > 127} - seen), default=b"")
        chosen += [best] if best else []
        seen.update(best)
    return [cell for cell in cells if cell in chosen]


def _is_control(sign: str) -> bool:
    """Whether no text has this: it stands for nothing, or acts."""
    return unicodedata.category(sign) in ("Cc", "Cn", "Co", "Cs") and sign not in "\r\n\t\v\f"
