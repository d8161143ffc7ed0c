"""`flashdeck import`: what others wrote."""

from collections.abc import Iterable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.options import complete_names
from flashdeck.commands.project import compile_sources, now
from flashdeck.commands.terminal import echo, show_problems, show_stages, write_all
from flashdeck.diagnostics.errors import FlashdeckError


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .tsv, .txt, .xlsx, .apkg, .colpkg or CrowdAnki's .json.")],
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder of the deck, existing or new.")],
    map: Annotated[list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="Which column holds a field.")] = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND", autocompletion=complete_names("kind"), help="The kind of the cards.", show_default="by the columns"
        ),
    ] = "",
    language: Annotated[str, typer.Option(metavar="CODE", help="The language of texts without one.")] = "en",
    id: Annotated[str, typer.Option(metavar="ID", help="The id of a new deck.", show_default="by the folder")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="Its name in Anki.", show_default="by the file")] = "",
    update: Annotated[bool, typer.Option("--update", help="Write what the file has corrected since its last import.")] = False,
    sheet: Annotated[str, typer.Option(metavar="NAME", help="Of a workbook.", show_default="the first that is not hidden")] = "",
    header: Annotated[
        int | None,
        typer.Option(
            metavar="LINE", min=0, help="The line with the names of the columns; 0: there is none.", show_default="seen"
        ),
    ] = None,
    separator: Annotated[
        str, typer.Option(metavar="TEXT", help="What stands between two cells: tab, ';', ' - '.", show_default="by the rows")
    ] = "",
    encoding: Annotated[str, typer.Option(metavar="NAME", help="Of a text that is not UTF-8 or UTF-16: cp1252.")] = "",
    html: Annotated[
        bool | None, typer.Option("--html/--no-html", help="Whether cells are HTML.", show_default="by their tags")
    ] = None,
    allow_scripts: Annotated[bool, typer.Option("--allow-scripts", help="Keep the scripts of a package's templates.")] = False,
    drop_scripts: Annotated[bool, typer.Option("--drop-scripts", help="Leave them out.")] = False,
    rehearse: Annotated[
        bool | None, typer.Option(help="Try the deck over the package in the real Anki.", show_default="where that is installed")
    ] = None,
) -> None:
    """Bring a spreadsheet, a text export or a package into a deck; a second time, what is new."""
    from flashdeck.diagnostics.render import to_lines
    from flashdeck.importing.cards import ImportOptions
    from flashdeck.importing.plan import plan_import

    options = ImportOptions(
        into,
        id,
        name,
        language,
        kind,
        _parse_columns(map or ()),
        allow_scripts,
        update,
        drop_scripts,
        int(now().timestamp()),
        encoding=encoding,
        separator=separator,
        sheet=sheet,
        header=header,
        html=html,
    )
    if not file.exists():
        raise FlashdeckError(f"there is no file '{file}'")
    try:
        with show_stages() as show:
            plan = plan_import(file, replace(options, show=show))
    except FlashdeckError as error:
        raise FlashdeckError(f"nothing was imported from '{file}': {error}", error.details) from error
    if plan.problems:
        show_problems(plan.problems, err=True)
        raise FlashdeckError("nothing was written: fix this first, or choose another --id, --name or --language")
    write_all(plan.files, into)
    echo(to_lines(plan.lines))
    if not plan.files:
        raise typer.Exit(2)
    if plan.has_learners and (rehearse or (rehearse is None and find_spec("anki"))) and file.suffix.lower() != ".colpkg":
        echo(_rehearse(file, into, language))


def _rehearse(original: Path, folder: Path, language: str) -> str:
    """What those who have the original would get, keep and lose by the first package of a deck."""
    from tempfile import TemporaryDirectory

    from flashdeck.pipeline import release
    from flashdeck.release.packages import Target, make_draft
    from flashdeck.release.rehearsal import rehearse, render_verdict

    project = compile_sources([folder], None)
    released = release(project, [language], int(now().timestamp()))
    deck = next(iter(project.frame.decks.values()))
    with TemporaryDirectory() as place:
        package = Path(place) / "draft.apkg"
        notes = Target(deck, language).select(released).notes
        package.write_bytes(make_draft(package.name, notes, released, project.ledgers).data)
        return render_verdict([rehearse(original, package)])


def _parse_columns(texts: Iterable[str]) -> dict[str, str]:
    """The column of each field, typed as FIELD=COLUMN."""
    columns = {}
    for text in texts:
        field, _, column = text.partition("=")
        if not column.strip():
            raise FlashdeckError(f"'{text}' is not FIELD=COLUMN; write it like question=Front")
        columns[field.strip()] = column.strip()
    return columns
