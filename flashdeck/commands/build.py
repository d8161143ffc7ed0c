"""`flashdeck build`: packages and ledgers."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashdeck.commands.options import DECKS, Paths, complete
from flashdeck.commands.project import compile_project, load_answer, now, store_answer
from flashdeck.commands.terminal import echo, progress, render, show_problems, write
from flashdeck.diagnostics.errors import FlashdeckError

if TYPE_CHECKING:
    from flashdeck.build.link import Linked
    from flashdeck.model.cards import Course, Deck
    from flashdeck.model.courses import Filter
    from flashdeck.pipeline import Compiled, Release, Selection


def build(
    paths: Paths = DECKS,
    course: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", autocompletion=complete("course"), help="Build this course instead of whole decks."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODE", autocompletion=complete("language"), help="Build this language only.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", autocompletion=complete("kind"), help="Take only cards of this kind.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", autocompletion=complete("tag"), help="Take only cards with this tag.")
    ] = None,
    without_tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", autocompletion=complete("tag"), help="Leave out cards with this tag.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the packages.")] = Path("dist"),
    updates: Annotated[bool, typer.Option("--updates", help="Also write a text that updates notes edited by learners.")] = False,
    since: Annotated[str, typer.Option(metavar="DAY", help="With --updates: only what changed after this day.")] = "",
    locked: Annotated[bool, typer.Option("--locked", help="Fail if a ledger would change (for CI).")] = False,
) -> None:
    """Check everything, then write one package for each deck (or course) and language. Options can be repeated."""
    changed_after = _read_since(since, updates)
    words = ["build", *map(repr, (paths, course, language, kind, tag, without_tag, out, updates, since, locked))]
    if answer := load_answer(words, paths):
        echo(answer[0], err=True)
        typer.echo(f"{answer[1]}\nunchanged since the last build")
        return

    from flashdeck.model.courses import Filter
    from flashdeck.pipeline import release, select_notes
    from flashdeck.release.ledger import render_ledger

    project = compile_project(paths, language)
    show_problems(project.problems, err=True)
    _check_problems(project)
    wanted = Filter(tuple(kind or ()), tuple(tag or ()), tuple(without_tag or ()))
    wholes = _find_wholes(project, course or (), language or (), wanted)
    codes = list(dict.fromkeys(language or project.library.languages))
    released = release(project, codes, int(now().timestamp()))
    changed = [ledger for id, ledger in released.ledgers.items() if ledger != project.ledgers[id]]
    if locked:
        _check_unchanged(ledger.path for ledger in changed)
    selections = [select_notes(released, whole, code, wanted) for whole in wholes for code in codes]
    table, files = _write_files(selections, released, out, changed_after)
    typer.echo(table)
    for ledger in changed:
        write(ledger.path, render_ledger(ledger).encode())
    store_answer(words, paths, files, [render(project.problems), table])


def _read_since(since: str, updates: bool) -> int | None:
    """After which Unix time a note must have changed to be in the text of `--updates`; None if no text is wanted."""
    if since and not updates:
        raise FlashdeckError("--since limits the text that --updates writes; give both, or neither")
    if not since:
        return 0 if updates else None
    from flashdeck.sources.values import end_of_day

    return end_of_day(since)


def _check_problems(project: "Compiled | Linked") -> None:
    """Ends the command where there is an error."""
    from flashdeck.diagnostics.render import count

    if not project.ok:
        errors = sum(problem.level == "error" for problem in project.problems)
        typer.echo(f"nothing was built: fix {count(errors, 'error')} first", err=True)
        raise typer.Exit(1)


def _find_wholes(
    project: "Compiled | Linked", courses: Iterable[str], languages: Iterable[str], wanted: "Filter"
) -> "list[Deck | Course]":
    """The courses that are asked for, or all decks. Raises FlashdeckError for a word that names nothing."""
    from flashdeck.diagnostics.problem import find_known

    library = project.library
    chosen: list[Deck | Course] = [find_known("course", id, library.courses) for id in courses] or list(library.decks)
    for what, words, known in (
        ("language", languages, library.languages),
        ("kind", wanted.kinds, library.kind_words),
        ("tag", (*wanted.tags, *wanted.without_tags), project.tags),
    ):
        for word in words:
            find_known(what, word, dict.fromkeys(known))
    return chosen


def _check_unchanged(ledgers: Iterable[Path]) -> None:
    """Ends the command where a ledger would change."""
    for path in (ledgers := list(ledgers)):
        typer.echo(f"{path} would change: run 'flashdeck build' and commit it", err=True)
    if ledgers:
        raise typer.Exit(1)


def _write_files(
    selections: "Sequence[Selection]", released: "Release", out: Path, changed_after: int | None
) -> tuple[str, list[Path]]:
    """Writes the packages, and the texts of `--updates`; gives the table that says so, and the paths."""
    from flashdeck.release.packages import make_files, render_files

    wanted = [selection for selection in selections if selection.notes]
    if not wanted:
        raise FlashdeckError("nothing was built: no cards match what you asked for")
    rows: list[tuple[str, ...]] = []
    for selection in progress(wanted):
        for file in make_files(selection.name, selection.notes, released.times, released.ledgers, changed_after):
            write(out / file.name, file.data)
            rows.append((str(out / file.name), *file.row))
    table = render_files(rows, {selection.name: len(selection.left_out) for selection in selections})
    return table, [Path(path) for path, *_ in rows]
