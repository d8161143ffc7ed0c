"""`flashdeck courses`: what each course holds, takes and lacks."""

from datetime import timedelta
from typing import Annotated

import typer

from flashdeck.commands.options import DECKS, OutputFormat, Paths
from flashdeck.commands.project import compile_sources, now
from flashdeck.commands.terminal import echo
from flashdeck.diagnostics.errors import FlashdeckError

SOON = timedelta(90)  # as `stale`


def courses(
    paths: Paths = DECKS,
    format: Annotated[OutputFormat, typer.Option(help="How to show them.")] = OutputFormat.text,
) -> None:
    """Show each course in each language: cards by kind, minutes to learn them, what is untranslated, sensitive or stale."""
    from flashdeck.authoring.course_report import courses_to_data, render_courses, report_courses
    from flashdeck.authoring.due import find_due
    from flashdeck.diagnostics.render import to_json

    project = compile_sources(paths, None)
    if not project.ok:
        raise FlashdeckError("the sources have errors: see 'flashdeck check'")
    reports = report_courses(project.facts, project.languages, find_due(project.facts, now().date() + SOON))
    echo(to_json(courses_to_data(reports)) if format is OutputFormat.json else render_courses(reports))
