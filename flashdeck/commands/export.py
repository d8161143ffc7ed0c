"""`flashdeck export`: files for other programs."""

from enum import StrEnum
from typing import Annotated

import typer

from flashdeck.commands.build import BuildOptions, check_problems, find_targets
from flashdeck.commands.options import DECKS, DIST, Courses, Kinds, Languages, Out, Paths, Tags, WithoutTags
from flashdeck.commands.project import compile_sources, now, with_lost_ledgers
from flashdeck.commands.terminal import echo, show_problems, write_all


class Format(StrEnum):
    """What `export` writes."""

    tbx = "tbx"
    csv = "csv"
    crowdanki = "crowdanki"
    vale = "vale"


def export(
    to: Annotated[
        Format,
        typer.Option(help="A termbase, tables that 'import' reads back, a folder for CrowdAnki, or a style for Vale."),
    ],
    paths: Paths = DECKS,
    course: Courses = None,
    language: Languages = None,
    kind: Kinds = None,
    tag: Tags = None,
    without_tag: WithoutTags = None,
    out: Out = DIST,
) -> None:
    """Check everything, then write each deck (or course) for other programs. What a format cannot carry is listed."""
    from flashdeck.diagnostics.render import render_table, to_lines
    from flashdeck.exporting.cards import ExportOptions
    from flashdeck.exporting.plan import plan_export
    from flashdeck.model.courses import Filter

    filter = Filter(tuple(kind or ()), tuple(tag or ()), tuple(without_tag or ()))
    wanted = BuildOptions(tuple(course or ()), tuple(dict.fromkeys(language or ())), filter, out)
    project = compile_sources(paths, (wanted.languages or None) if to is Format.crowdanki else ())
    project = with_lost_ledgers(project) if to is Format.crowdanki else project
    show_problems(project.problems, err=True)
    check_problems(project, "exported")
    targets = find_targets(project, wanted)
    languages = wanted.languages or tuple(project.languages)
    plan = plan_export(project, to, ExportOptions(targets, languages, wanted.languages, filter, int(now().timestamp())))
    files = {out / path: data for path, data in plan.files.items()}
    write_all(files, out)
    echo(render_table([["file", "content"], *([str(out / path), text] for path, text in plan.contents.items())]))
    if plan.left_out:
        echo(to_lines(["not in these files:", *(f"  {line}" for line in plan.left_out)]), err=True)
    old = [str(path) for top in plan.contents for path in sorted((out / top).rglob("*")) if path.is_file() and path not in files]
    if old:
        echo(to_lines(["not of this export, so delete what you do not want:", *(f"  {path}" for path in old)]), err=True)
