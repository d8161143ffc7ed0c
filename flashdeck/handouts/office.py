"""Office files and PDFs -> their texts, part by part. It runs as a process of its own, on the bytes of one file:

    python -P -m flashdeck.handouts.office .docx < handout.docx

Its readers meet what strangers made, so it may die of anything; only what it printed whole counts.
"""

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

LARGEST_UNPACKED = 300_000_000  # bytes
MOST_MEMORY = 2_000_000_000  # bytes
LONGEST = 60  # seconds
LARGEST_TEXT = 20_000_000  # characters
NO_READER, TOO_LARGE = 3, 4  # exit codes
CELL = "\x1f"  # between the cells of a row, as `wording/markup.py` has it

Part = tuple[str, str]  # where it is, and its text


def read_docx(data: bytes) -> Iterator[Part]:
    """Paragraphs and the rows of tables, in their order, then headers, footers and notes."""
    from docx import Document
    from docx.table import Table

    document: Any = Document(io.BytesIO(data))
    for number, one in enumerate(_walk_blocks(document, Table), 1):
        yield f"paragraph {number}", one
    for section in document.sections:
        for name, part in (("header", section.header), ("footer", section.footer)):
            for one in _walk_blocks(part, Table):
                yield name, one


def _walk_blocks(holder: Any, table: type) -> Iterator[str]:
    for block in holder.iter_inner_content():
        if isinstance(block, table):
            for row in block.rows:  # type: ignore[attr-defined]
                yield CELL.join(cell.text for cell in row.cells)
        else:
            yield block.text


def read_pptx(data: bytes) -> Iterator[Part]:
    """Shape by shape, and the notes of each slide."""
    from pptx import Presentation

    presentation: Any = Presentation(io.BytesIO(data))
    for number, slide in enumerate(presentation.slides, 1):
        lines = [text for shape in slide.shapes for text in _walk_shape(shape, 0)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines.append(slide.notes_slide.notes_text_frame.text)
        yield f"slide {number}", "\n\n".join(lines)


def _walk_shape(shape: Any, depth: int) -> Iterator[str]:
    if depth < 20 and hasattr(shape, "shapes"):
        for inner in shape.shapes:
            yield from _walk_shape(inner, depth + 1)
    if getattr(shape, "has_table", False):
        for row in shape.table.rows:
            yield CELL.join(cell.text for cell in row.cells)
    if getattr(shape, "has_text_frame", False):
        yield "\n\n".join(paragraph.text for paragraph in shape.text_frame.paragraphs)


def read_pdf(data: bytes) -> Iterator[Part]:
    from pypdf import PdfReader

    for number, page in enumerate(PdfReader(io.BytesIO(data)).pages, 1):
        yield f"page {number}", page.extract_text()


READERS: Mapping[str, Callable[[bytes], Iterable[Part]]] = {".docx": read_docx, ".pptx": read_pptx, ".pdf": read_pdf}


def main() -> None:
    """Prints the parts of the file on its standard input as JSON."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no such bounds; the time is bounded everywhere
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    data = sys.stdin.buffer.read()
    if sys.argv[1] != ".pdf" and sum(one.file_size for one in zipfile.ZipFile(io.BytesIO(data)).infolist()) > LARGEST_UNPACKED:
        sys.exit(TOO_LARGE)
    parts, size = list[Part](), 0
    try:
        for where, text in READERS[sys.argv[1]](data):
            size += len(text)
            if size > LARGEST_TEXT:
                sys.exit(TOO_LARGE)
            parts.append((where, text))
    except ModuleNotFoundError:
        sys.exit(NO_READER)
    sys.stdout.buffer.write(json.dumps(parts).encode(errors="backslashreplace"))


if __name__ == "__main__":
    main()
