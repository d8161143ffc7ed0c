"""The command line, one module a command: words in, exit code out.

Exit codes are 0 for done, 1 for problems in the sources, 2 for wrong usage or nothing to do. A command is a few lines: it reads
its words, calls the rooms below, prints and writes. `project.py` is the only door to the pipeline and to the clock,
`terminal.py` prints and writes, `options.py` holds what several commands take. What stops a command is raised as a
FlashdeckError, with a message for its user; `main` prints it.

The trap: whatever a command needs of the other rooms it imports inside its function, so that `--help` and completion are instant.
"""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from flashdeck import __version__
from flashdeck.commands import (
    add,
    build,
    changes,
    check,
    courses,
    explain,
    export,
    import_,
    init,
    lint,
    list_,
    recover,
    rehearse,
    release,
    schema,
    show,
    stale,
)
from flashdeck.commands.terminal import echo, echo_line, guard_output
from flashdeck.diagnostics.errors import FlashdeckError

app = typer.Typer(
    name="flashdeck",
    help="Compiles YAML cards into Anki packages that never cost a learner any progress.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
# In the order of `flashdeck --help`. Each example has to work with the decks of this repository.
app.command("build", epilog="Example: flashdeck build --course frontline-101 --language fr")(build.build)
app.command("release", epilog="Example: flashdeck release --dry-run --title Autumn")(release.release)
app.command("check", epilog="Example: flashdeck check --format github decks")(check.check)
app.command("lint", epilog="Example: flashdeck lint decks/interpol/README.md")(lint.lint)
app.command("list", epilog="Example: flashdeck list --format json")(list_.list_)
app.command("courses", epilog="Example: flashdeck courses")(courses.courses)
app.command("show", epilog="Example: flashdeck show interpol/icse-meaning")(show.show)
app.command("stale", epilog="Example: flashdeck stale --within 90d --format ics")(stale.stale)
app.command("explain", epilog="Example: flashdeck explain same-front")(explain.explain)
app.command("init", epilog="Example: flashdeck init decks/my-course --name My-course --language en")(init.init)
app.command("add", epilog="Example: flashdeck add --deck custom --set question=Q --set answer=A")(add.add)
app.command("import", epilog="Example: flashdeck import dist/custom-en.apkg --into decks/imported")(import_.import_)
app.command("export", epilog="Example: flashdeck export --to tbx --course frontline-101")(export.export)
app.command("schema", epilog="Example: flashdeck schema decks --out schema.json")(schema.schema)
app.command("changes", epilog="Example: flashdeck changes --since HEAD decks")(changes.changes)
app.command("rehearse", epilog="Example: flashdeck rehearse dist/interpol-fr.apkg dist/interpol-fr.apkg")(rehearse.rehearse)
app.command("recover", epilog="Example: flashdeck recover dist/custom-en.apkg")(recover.recover)


@app.callback(invoke_without_command=True)
def flashdeck(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    """Compiles YAML cards into Anki packages that never cost a learner any progress."""
    if version:
        echo(f"flashdeck {__version__}")
        raise typer.Exit


def _check_words(words: Sequence[str]) -> None:
    """Whether all that was typed is text: what is not cannot be written into any file. Raises FlashdeckError."""
    for word in words:
        if not word.isascii() and any("\ud800" <= sign <= "\udfff" for sign in word):
            raise FlashdeckError(f"'{word}' is not UTF-8; rename the file, or type it in UTF-8")


def main() -> NoReturn:
    """Runs the command line, and ends the process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that half-written files are cleaned up
    guard_output()
    code: str | int | None = 0
    try:
        _check_words(sys.argv)
        app()
    except SystemExit as end:
        code = end.code
    except FlashdeckError as error:
        echo_line(f"flashdeck: {error}", err=True)
        for line in error.details:
            echo_line(f"  {line}", err=True)
        code = 2
    except OSError as error:
        if error.filename is not None:  # mostly a path that somebody typed: too long, or not to be looked at
            from flashdeck.sources.values import short

            echo_line(f"flashdeck: '{short(str(error.filename))}': {(error.strerror or str(error)).lower()}", err=True)
            code = 2
        elif error.errno == errno.ENOSPC:
            code = f"flashdeck: {os.strerror(error.errno).lower()}"
        else:
            raise
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # everything is written: there is nothing left to clean up
    if not isinstance(code, int):
        sys.exit(code)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os._exit(code)  # taking all values and modules apart one by one would only cost time
