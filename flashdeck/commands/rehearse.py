"""`flashdeck rehearse`: a release, tried in the real Anki."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.options import OutputFormat
from flashdeck.commands.terminal import echo
from flashdeck.diagnostics.errors import FlashdeckError


def rehearse(
    packages: Annotated[list[Path], typer.Argument(metavar="OLD... NEW", help="Packages that learners have, and the next one.")],
    format: Annotated[OutputFormat, typer.Option(help="How to show the report.")] = OutputFormat.text,
) -> None:
    """Try a release on throw-away collections of the real Anki: what learners get, keep and lose.

    Each OLD is a release from which a learner comes, who edits, studies and moves cards. One imports the update text beside NEW
    before it, one has added a field. Fails if anything is lost. Needs the real Anki (pip install anki, or the extra 'rehearse').
    """
    *old, new = packages
    if not old:
        raise FlashdeckError("name two packages at least: those that learners have, and the next one")
    raise typer.Exit(int(not rehearse_all([(one, new) for one in old], format)))


def rehearse_all(pairs: Sequence[tuple[Path, Path]], format: OutputFormat = OutputFormat.text) -> bool:
    """Tries the second package of each pair on the first, and prints the reports; gives whether nobody loses anything."""
    from importlib.util import find_spec

    from flashdeck.diagnostics.render import to_json
    from flashdeck.release.changes import read_release
    from flashdeck.release.rehearsal import rehearse_all, render_report

    if not find_spec("anki"):
        raise FlashdeckError("this needs the real Anki: run 'pip install anki'")
    for path in (path for pair in pairs for path in pair):
        read_release(path)
    reports = {f"{old} -> {new}": rehearse_all(old, new) for old, new in pairs}
    if format is OutputFormat.json:
        echo(to_json({title: [report.to_data() for report in some] for title, some in reports.items()}))
    else:
        echo("\n\n".join(render_report(title, report) for title, some in reports.items() for report in some))
    return not any(report.failures for some in reports.values() for report in some)
