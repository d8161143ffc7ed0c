"""`flashdeck list`: what there is."""

from typing import Annotated

import typer

from flashdeck.commands.options import DECKS, OutputFormat, Paths
from flashdeck.commands.project import compile_sources
from flashdeck.commands.terminal import echo


def list_(
    paths: Paths = DECKS,
    format: Annotated[OutputFormat, typer.Option(help="How to show what there is.")] = OutputFormat.text,
) -> None:
    """Show what there is: decks, kinds, languages, courses, and how many cards."""
    from flashdeck.authoring.overview import render_overview, to_overview
    from flashdeck.diagnostics.problem import without_hints
    from flashdeck.diagnostics.render import count, to_json

    project = compile_sources(paths)
    overview = to_overview(project.facts)
    echo(to_json(overview.to_data()) if format is OutputFormat.json else render_overview(overview))
    if problems := without_hints(project.problems):
        echo(f"{count(len(problems), 'problem')} in the sources: see 'flashdeck check'", err=True)
    raise typer.Exit(int(not project.ok))
