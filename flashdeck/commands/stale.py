"""`flashdeck stale`: what has to be looked at again."""

from enum import StrEnum
from typing import Annotated

import typer

from flashdeck.commands.options import DECKS, Paths
from flashdeck.commands.project import compile_sources, now
from flashdeck.commands.terminal import echo
from flashdeck.diagnostics.errors import FlashdeckError


class StaleFormat(StrEnum):
    """How what is due is printed."""

    text = "text"
    json = "json"
    ics = "ics"


def stale(
    paths: Paths = DECKS,
    within: Annotated[str, typer.Option(metavar="TIME", help="From now on: 90d, 12w, 3m, 1y.")] = "90d",
    owner: Annotated[
        str, typer.Option(metavar="NAME", help="Only what NAME looks after ('owner' of cards and references).")
    ] = "",
    format: Annotated[StaleFormat, typer.Option(help="How to show it; ics is a calendar.")] = StaleFormat.text,
) -> None:
    """Show which figures and sources are due for a review, and which figures have no day for one."""
    from flashdeck.authoring.due import due_to_data, find_due, read_length, render_calendar, render_due
    from flashdeck.diagnostics.render import to_json

    length = read_length(within)
    if length is None:
        raise FlashdeckError(f"'{within}' is not a length of time; write it as 90d, 12w, 3m or 1y")
    today = now().date()
    found = find_due(compile_sources(paths).facts, today + length, owner)
    if format is StaleFormat.json:
        echo(to_json(due_to_data(found)))
    elif format is StaleFormat.ics:
        echo(render_calendar(found, today).removesuffix("\r\n").replace("\r\n", "\n"))
    else:
        echo(render_due(found, today))
