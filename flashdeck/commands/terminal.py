"""The terminal: what several commands print, and how they write the files that they were asked for."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from flashdeck.diagnostics.errors import FlashdeckError

if TYPE_CHECKING:
    from flashdeck.diagnostics.problem import Problem

T = TypeVar("T")
MANY = 50  # items; fewer are done before anybody could read a progress bar


def echo(text: str, err: bool = False) -> None:
    """Prints a text, unless it is empty; in colour only on a terminal, and never where NO_COLOR is set."""
    if text:
        typer.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def show_problems(problems: "Sequence[Problem]", format: str = "text", err: bool = False) -> None:
    """Prints problems in one of the formats of `check`."""
    echo(format_problems(problems, format), err)


def format_problems(problems: "Sequence[Problem]", format: str = "text") -> str:
    """Problems in one of the formats of `check`."""
    from flashdeck.diagnostics.render import render_problems

    return render_problems(problems, format)


def progress(items: Sequence[T]) -> Iterator[T]:
    """The items, with a progress bar on the terminal if there are many."""
    if len(items) < MANY or not sys.stderr.isatty():
        yield from items
        return
    with typer.progressbar(items, file=sys.stderr) as bar:
        yield from bar


def write(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all. Raises FlashdeckError, which names the file."""
    from flashdeck.sources.files import write_file

    try:
        write_file(path, data)
    except OSError as error:
        raise FlashdeckError(f"'{path}' cannot be written: {(error.strerror or str(error)).lower()}") from error
