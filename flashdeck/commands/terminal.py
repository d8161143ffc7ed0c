"""The terminal: the only way to print, and how commands write the files that they were asked for.

Whatever prints (a command, an error in how it was called, a traceback), `guard_output` sees to it that nothing acts on the
terminal or on a CI machine, whoever wrote it.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

import typer

from flashdeck.diagnostics.errors import FlashdeckError

if TYPE_CHECKING:
    from flashdeck.diagnostics.problem import Problem

T = TypeVar("T")
SOON = 0.5  # seconds
MANY = 50  # items; fewer are done before anybody could read a progress bar


class GuardedOutput(TextIOWrapper):
    """A stream on which nothing that is printed can act."""

    at_start = True  # of a line

    def write(self, text: str) -> int:
        from flashdeck.diagnostics.render import to_inert

        if not isinstance(text, str):  # so does Typer find out whether a stream is binary, and would take this for one
            raise TypeError("this is a stream for text")
        # the letter keeps what follows the start of a line from being taken for one
        shown = to_inert(text) if self.at_start else to_inert(f"x{text}")[1:]
        self.at_start = text.endswith("\n") if text else self.at_start
        super().write(shown)
        return len(text)


def guard_output() -> None:
    """Makes both streams inert. A console that lacks a letter shows its number instead of failing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            encoding, at_once = (stream.encoding, True) if stream.isatty() else ("utf-8", name == "stderr")
            setattr(sys, name, GuardedOutput(stream.buffer, encoding, "backslashreplace", line_buffering=at_once))


def echo(text: str, err: bool = False) -> None:
    """Prints a text of one line or more, unless it is empty; in colour only on a terminal, and never where NO_COLOR is set."""
    if text:
        typer.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def echo_line(text: str, err: bool = False) -> None:
    """Prints a text on one line, whatever line ends are in the names that it quotes."""
    from flashdeck.diagnostics.render import to_line

    echo(to_line(text), err)


def show_problems(problems: "Sequence[Problem]", format: str = "text", err: bool = False, hints: bool = False) -> None:
    """Prints problems in one of the formats of `check`; what is a matter of taste only as `hints`."""
    from flashdeck.diagnostics.problem import without_hints

    problems = problems if hints else without_hints(problems)
    text = format_problems(problems, format)
    if format == "github" and text:  # these lines are commands, so they bypass the guard
        stream = sys.stderr if err else sys.stdout
        stream.flush()
        stream.buffer.write(f"{text}\n".encode(stream.encoding, "backslashreplace"))
    else:
        echo(text, err)


def format_problems(problems: "Sequence[Problem]", format: str = "text") -> str:
    """Problems in one of the formats of `check`."""
    from flashdeck.diagnostics.render import render_problems

    return render_problems(problems, format)


def progress(items: Sequence[T]) -> Iterator[T]:
    """The items, with a progress bar on the terminal if there are many."""
    if len(items) < MANY or not sys.stderr.isatty():
        yield from items
        return
    with typer.progressbar(items, file=sys.__stderr__) as bar:  # it moves the cursor, and shows no text of anybody
        yield from bar


@contextmanager
def show_stages() -> Iterator[Callable[[str], None]]:
    """Takes what is being done, and shows the last of it on the terminal, from the moment at which somebody begins to wait."""
    if not sys.stderr.isatty():
        yield lambda stage: None
        return
    stage, done = [""], Event()

    def draw() -> None:
        seconds, width = 0.0, 0
        while not done.wait(SOON):
            seconds += SOON
            text = f"{stage[0]} ({seconds:.0f} s)"
            os.write(2, f"\r{text:{width}}".encode())  # past the stream: a copy of this process could wait for it for ever
            width = max(width, len(text))
        os.write(2, f"\r{'':{width}}\r".encode() if width else b"")

    thread = Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield lambda text: stage.__setitem__(0, text)
    finally:
        done.set()
        thread.join()


def write(path: Path, data: bytes, inside: Path | None = None) -> None:
    """Writes a file whole or not at all, and nowhere else than `inside` a folder. Raises FlashdeckError, which names the file."""
    from flashdeck.sources.files import write_file

    with _naming(path):
        write_file(path, data, inside)


def write_all(files: Mapping[Path, bytes], inside: Path) -> None:
    """Writes files inside a folder, or none of them where one does not belong there. Raises FlashdeckError."""
    from flashdeck.sources.files import find_target

    for path in files:
        with _naming(path):
            find_target(path, inside)
    for path, data in files.items():
        write(path, data, inside)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    if not path.name:
        raise FlashdeckError(f"'{path}' is a folder; name a file")
    try:
        yield
    except OSError as error:
        raise FlashdeckError(f"'{path}' cannot be written: {(error.strerror or str(error)).lower()}") from error
