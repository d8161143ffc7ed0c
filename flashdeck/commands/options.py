"""Arguments and options that several commands have, and the names that a shell completes for them."""

import os
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flashdeck.diagnostics.errors import FlashdeckError

DECKS = [Path("decks")]  # the default of Paths
DIST = Path("dist")  # the default of Out


def refuse_linked_default(ctx: typer.Context, param: typer.CallbackParam, value: list[Path] | Path) -> list[Path] | Path:
    """Only what a user typed may lead elsewhere: a link where the default is may have come with a stranger's changes.

    Decks may be a link to another place in this folder, and are only read.
    """
    source = ctx.get_parameter_source(param.name or "")
    if ctx.resilient_parsing or not source or source.name != "DEFAULT":
        return value
    for path in [value] if isinstance(value, Path) else value:
        here, real = Path.cwd(), Path(os.path.realpath(path))
        if not (real.is_relative_to(os.path.realpath(here)) if path in DECKS else real == Path(os.path.realpath(here), path)):
            way = f"--out {path}" if isinstance(value, Path) else str(path)
            raise FlashdeckError(f"'{path}' is a link to another folder; if that is what you want, write '{way}'")
    return value


Paths = Annotated[list[Path], typer.Argument(metavar="[PATHS]...", help="Folders with decks.", callback=refuse_linked_default)]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The folder for the packages.", callback=refuse_linked_default)]

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


Courses = Annotated[
    list[str] | None,
    typer.Option(
        "--course", metavar="ID", autocompletion=complete_names("course"), help="Take this course instead of whole decks."
    ),
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="CODE", autocompletion=complete_names("language"), help="Take this language only."),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", autocompletion=complete_names("kind"), help="Take only cards of this kind."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", autocompletion=complete_names("tag"), help="Take only cards with this tag."),
]
WithoutTags = Annotated[
    list[str] | None,
    typer.Option("--without-tag", metavar="TAG", autocompletion=complete_names("tag"), help="Leave out cards with this tag."),
]
