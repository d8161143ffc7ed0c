"""`flashdeck changes`: what a learner would see of a release."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.options import DECKS
from flashdeck.commands.project import read_notes, read_notes_at
from flashdeck.commands.terminal import echo
from flashdeck.diagnostics.errors import FlashdeckError


class ChangesFormat(StrEnum):
    """How changes are printed."""

    text = "text"
    markdown = "markdown"
    json = "json"


def changes(
    releases: Annotated[list[Path] | None, typer.Argument(metavar="OLD NEW", help="Two packages; with --since, decks.")] = None,
    since: Annotated[str, typer.Option(metavar="GITREV", help="Compare the sources with those of this revision.")] = "",
    format: Annotated[ChangesFormat, typer.Option(help="How to show the changes.")] = ChangesFormat.text,
) -> None:
    """Show what a learner would see of a release: facts changed, wording, new and retired notes."""
    from flashdeck.diagnostics.render import to_json
    from flashdeck.release.changes import find_changes, read_release, render_changes, to_data

    if since:
        paths = releases or DECKS
        old, new = read_notes_at(since, paths), read_notes(paths)
    elif releases and len(releases) == 2:
        old, new = map(read_release, releases)
    else:
        raise FlashdeckError("name two packages, the old one first; or a revision, as in 'flashdeck changes --since HEAD'")
    found = find_changes(old, new)
    if format is ChangesFormat.json:
        echo(to_json(to_data(found)))
    else:
        echo(render_changes(found, markdown=format is ChangesFormat.markdown))
