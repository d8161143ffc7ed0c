"""`flashdeck rehearse`: a release, tried in the real Anki."""

from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.options import OutputFormat
from flashdeck.commands.terminal import echo
from flashdeck.diagnostics.errors import FlashdeckError


def rehearse(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The package that learners have.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The package of the next release.")],
    format: Annotated[OutputFormat, typer.Option(help="How to show the report.")] = OutputFormat.text,
) -> None:
    """Try a release on a throw-away collection of the real Anki: what a learner gets, keeps and loses.

    The update text is tried too if it lies beside NEW. Needs the real Anki (pip install anki, or the extra 'rehearse').
    """
    from importlib.util import find_spec

    from flashdeck.diagnostics.render import to_json
    from flashdeck.release.changes import read_release
    from flashdeck.release.rehearsal import rehearse, render_report

    if not find_spec("anki"):
        raise FlashdeckError("this needs the real Anki: run 'pip install anki'")
    for path in (old, new):
        read_release(path)
    reports = {f"{old} -> {new}": rehearse(old, new)}
    text = new.with_name(f"{new.stem}-update.txt")
    if text.exists():
        reports[f"{old} -> {text} -> {new}"] = rehearse(old, new, text)
    if format is OutputFormat.json:
        echo(to_json({title: report.to_data() for title, report in reports.items()}))
    else:
        echo("\n\n".join(render_report(title, report) for title, report in reports.items()))
    raise typer.Exit(int(not all(report.ok for report in reports.values())))
