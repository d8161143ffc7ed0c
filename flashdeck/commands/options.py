"""Arguments and options that several commands have, and the names that a shell completes for them."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DECKS = [Path("decks")]  # the default of Paths
Paths = Annotated[list[Path], typer.Argument(metavar="[PATHS]...", help="Folders with decks.")]


NoCache = Annotated[bool, typer.Option("--no-cache", help="Compile everything, without reading or writing the cache.")]


class OutputFormat(StrEnum):
    """What `list` and `rehearse` print."""

    text = "text"
    json = "json"


def complete_names(what: str) -> Callable[[typer.Context, str], list[str]]:
    """Offers the names of the decks at hand to a shell; stays silent about all mistakes in them."""

    def complete_name(ctx: typer.Context, incomplete: str) -> list[str]:
        from flashdeck.commands.project import compile_quietly

        project = compile_quietly([Path(path) for path in ctx.params.get("paths") or DECKS])
        frame = project.frame
        names: dict[str, Iterable[str]] = {
            "course": frame.courses,
            "tag": project.facts.tags,
            "kind": frame.kind_words,
            "language": frame.languages,
            "deck": frame.decks,
            "reference": frame.references,
        }
        # shells take what completes a word as code: zsh even runs `$(command)` in it
        return sorted(name for name in names[what] if name.startswith(incomplete) and re.fullmatch(r"[\w./:@+-]+", name))

    return complete_name


def complete_code(incomplete: str) -> list[str]:
    """Offers the codes of problems to a shell."""
    from flashdeck.diagnostics.problem import read_explanations

    return [code for code in read_explanations() if code.startswith(incomplete)]
