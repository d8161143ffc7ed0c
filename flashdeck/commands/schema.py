"""`flashdeck schema`: the format, for editors."""

from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.options import DECKS, Paths
from flashdeck.commands.project import compile_sources
from flashdeck.commands.terminal import echo, write


def schema(
    paths: Paths = DECKS,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it.", show_default="the screen")] = None,
) -> None:
    """Print a JSON Schema of the sources, with this project's names, for editors that complete and explain YAML."""
    from flashdeck.authoring.schema import render_schema

    data = render_schema(compile_sources(paths).facts)
    if out:
        write(out, data)
    else:
        echo(data.decode().rstrip("\n"))
