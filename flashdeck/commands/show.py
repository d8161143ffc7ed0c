"""`flashdeck show`: all about one card."""

from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.options import DECKS
from flashdeck.commands.project import compile_sources
from flashdeck.commands.terminal import echo
from flashdeck.diagnostics.errors import FlashdeckError


def show(
    card: Annotated[
        str, typer.Argument(metavar="CARD", help="Its full id, as deck/card; or its id, where only one deck has it.")
    ],
    paths: Annotated[list[Path] | None, typer.Option("--decks", metavar="DIR", help="Folders with decks.")] = None,
) -> None:
    """Show all about one card: where it stands, what it asks in each language, its courses, sources and releases."""
    from flashdeck.authoring.card_report import render_card
    from flashdeck.diagnostics.problem import nearest

    project = compile_sources(paths or DECKS, None)
    facts = project.facts
    found = [one for one in facts.ids if one == card or one.partition("/")[2] == card]
    if not found:
        names = facts.card_ids if "/" in card else frozenset(id.partition("/")[2] for id in facts.ids)
        raise FlashdeckError(f"there is no card '{card}'; {nearest(card, names, 'see the ids in the sources')}")
    if len(found) > 1:
        raise FlashdeckError(f"there are several: {', '.join(sorted(found))}; write one of them")
    fact = facts.find(found[0])
    assert fact  # it is one of them
    echo(render_card(project, fact))
