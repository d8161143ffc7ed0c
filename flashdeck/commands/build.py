"""`flashdeck build`: packages and ledgers."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flashdeck.commands.options import DECKS, DIST, NoCache, Out, Paths, complete_names
from flashdeck.commands.project import compile_sources, find_answer, now, open_cache, save_answer
from flashdeck.commands.terminal import echo, echo_line, progress, show_problems, write
from flashdeck.diagnostics.errors import FileChanged, FlashdeckError

if TYPE_CHECKING:
    from flashdeck.build.cache import Cache
    from flashdeck.model.courses import Course, Filter
    from flashdeck.model.decks import Deck
    from flashdeck.pipeline import Project
    from flashdeck.release.release import Release, Selection


ATTEMPTS = 3  # a file that is saved while it is read is read again, but not without end


def build(
    paths: Paths = DECKS,
    course: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", autocompletion=complete_names("course"), help="Build this course instead of whole decks."),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", autocompletion=complete_names("language"), help="Build this language only."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", autocompletion=complete_names("kind"), help="Take only cards of this kind."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", autocompletion=complete_names("tag"), help="Take only cards with this tag.")
    ] = None,
    without_tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", autocompletion=complete_names("tag"), help="Leave out cards with this tag.")
    ] = None,
    out: Out = DIST,
    updates: Annotated[bool, typer.Option("--updates", help="Also write a text that updates notes edited by learners.")] = False,
    since: Annotated[str, typer.Option(metavar="DAY", help="With --updates: only what changed after this day.")] = "",
    locked: Annotated[bool, typer.Option("--locked", help="Fail if a ledger would change (for CI).")] = False,
    no_cache: NoCache = False,
) -> None:
    """Check everything, then write one package for each deck (or course) and language. Options can be repeated."""
    changed_after = _read_since(since, updates)
    words = ["build", *map(repr, (paths, course, language, kind, tag, without_tag, out, updates, since, locked))]
    cache = open_cache(not no_cache)
    if answer := find_answer(cache, words, paths):
        show_problems(answer.problems, err=True)
        echo(f"{answer.text}\nunchanged since the last build")
        return

    from flashdeck.model.courses import Filter

    filter = Filter(tuple(kind or ()), tuple(tag or ()), tuple(without_tag or ()))
    options = BuildOptions(tuple(course or ()), tuple(language or ()), filter, out, changed_after, locked)
    for attempt in range(ATTEMPTS):
        try:
            project, table, files = _build(paths, cache, options)
            break
        except FileChanged:
            if attempt == ATTEMPTS - 1:
                raise
    echo(table)
    save_answer(cache, words, paths, project, files, table)


class BuildOptions(NamedTuple):
    """What the user asked for."""

    courses: tuple[str, ...]
    languages: tuple[str, ...]
    filter: "Filter"
    out: Path
    changed_after: int | None  # a Unix time; None without update texts
    locked: bool


def _build(paths: Sequence[Path], cache: "Cache", options: BuildOptions) -> tuple["Project", str, list[Path]]:
    """Writes packages and ledgers; gives the project, the table that lists the files, and all that was written.

    Raises FileChanged where a file was saved meanwhile.
    """
    from flashdeck.pipeline import release
    from flashdeck.release.ledger import render_ledger
    from flashdeck.release.release import select_notes

    project = compile_sources(paths, options.languages or None, cache)
    show_problems(project.problems, err=True)
    _check_problems(project)
    targets = _find_targets(project, options)
    codes = list(dict.fromkeys(options.languages or project.languages))
    released = release(project, codes, int(now().timestamp()))
    changed = [ledger for id, ledger in released.ledgers.items() if ledger != project.ledgers[id]]
    if options.locked:
        _check_unchanged(ledger.path for ledger in changed)
    selections = [select_notes(released, target, code, options.filter) for target in targets for code in codes]
    table, files = _write_files(selections, released, options)
    for ledger in changed:
        write(ledger.path, render_ledger(ledger).encode(), ledger.path.parent)
    return project, table, [*files, *(ledger.path for ledger in changed)]


def _read_since(since: str, updates: bool) -> int | None:
    """After which Unix time a note must have changed to be in the text of `--updates`; None without such a text."""
    if since and not updates:
        raise FlashdeckError("--since limits the text that --updates writes; give both, or neither")
    if not since:
        return 0 if updates else None
    from flashdeck.sources.values import end_of_day

    return end_of_day(since)


def _check_problems(project: "Project") -> None:
    """Ends the command where there is an error."""
    from flashdeck.diagnostics.render import count

    if not project.ok:
        errors = sum(problem.level == "error" for problem in project.problems)
        echo(f"nothing was built: fix {count(errors, 'error')} first", err=True)
        raise typer.Exit(1)


def _find_targets(project: "Project", options: BuildOptions) -> "list[Deck | Course]":
    """The courses that are asked for, or all decks. Raises FlashdeckError for a word that names nothing."""
    from flashdeck.diagnostics.problem import find_known

    frame = project.frame
    chosen: list[Deck | Course] = [find_known("course", id, frame.courses) for id in options.courses] or list(
        frame.decks.values()
    )
    for word in options.languages:
        find_known("language", word, dict.fromkeys(frame.languages))
    for word in options.filter.kinds:
        find_known("kind", word, dict.fromkeys(frame.kind_words))
    for word in (*options.filter.tags, *options.filter.without_tags):
        find_known("tag", word, dict.fromkeys(project.facts.tags))
    return chosen


def _check_unchanged(ledgers: Iterable[Path]) -> None:
    """Ends the command where a ledger would change."""
    for path in (ledgers := list(ledgers)):
        echo_line(f"{path} would change: run 'flashdeck build' and commit it", err=True)
    if ledgers:
        raise typer.Exit(1)


def _write_files(selections: "Sequence[Selection]", released: "Release", options: BuildOptions) -> tuple[str, list[Path]]:
    """Writes the packages, and the texts of `--updates`; gives the table that lists them, and the paths."""
    from flashdeck.release.packages import make_files, render_files

    filled = [selection for selection in selections if selection.notes]
    if not filled:
        raise FlashdeckError("nothing was built: no cards match what you asked for")
    rows: list[tuple[str, ...]] = []
    for selection in progress(filled):
        for file in make_files(selection.name, selection.notes, released.times, released.ledgers, options.changed_after):
            write(options.out / file.name, file.data)
            rows.append((str(options.out / file.name), *file.row))
    table = render_files(rows, {selection.name: len(selection.left_out) for selection in selections})
    return table, [Path(path) for path, *_ in rows]
