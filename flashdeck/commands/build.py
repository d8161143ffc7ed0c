"""`flashdeck build`: packages to look at and try."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from flashdeck.commands.options import DECKS, DIST, Courses, Kinds, Languages, NoCache, Out, Paths, Tags, WithoutTags
from flashdeck.commands.project import compile_sources, find_answer, now, open_cache, save_answer, with_lost_ledgers
from flashdeck.commands.terminal import echo, progress, show_problems, write
from flashdeck.diagnostics.errors import FileChanged, FlashdeckError

if TYPE_CHECKING:
    from flashdeck.build.cache import Cache
    from flashdeck.model.courses import Course, Filter
    from flashdeck.model.decks import Deck
    from flashdeck.pipeline import Project
    from flashdeck.release.drafts import Draft


ATTEMPTS = 3  # a file that is saved while it is read is read again, but not without end


def build(
    paths: Paths = DECKS,
    course: Courses = None,
    language: Languages = None,
    kind: Kinds = None,
    tag: Tags = None,
    without_tag: WithoutTags = None,
    out: Out = DIST,
    no_cache: NoCache = False,
) -> None:
    """Check everything, then write a package to try for each deck (or course) and language. Options can be repeated.

    Nothing in the sources changes, and nobody is bound by it: 'flashdeck release' makes packages to hand out.
    """
    words = ["build", *map(repr, (paths, course, language, kind, tag, without_tag, out))]
    cache = open_cache(not no_cache)
    if answer := find_answer(cache, words, paths):
        show_problems(answer.problems, err=True)
        echo(f"{answer.text}\nunchanged since the last build")
        return

    from flashdeck.model.courses import Filter

    filter = Filter(tuple(kind or ()), tuple(tag or ()), tuple(without_tag or ()))
    options = BuildOptions(tuple(course or ()), tuple(language or ()), filter, out)
    for attempt in range(ATTEMPTS):
        try:
            project, text, files = _build(paths, cache, options)
            break
        except FileChanged:
            if attempt == ATTEMPTS - 1:
                raise
    echo(text)
    save_answer(cache, words, paths, project, files, text)


class BuildOptions(NamedTuple):
    """What the user asked for."""

    courses: tuple[str, ...]
    languages: tuple[str, ...]
    filter: "Filter"
    out: Path


def _build(paths: Sequence[Path], cache: "Cache", options: BuildOptions) -> tuple["Project", str, list[Path]]:
    """Writes packages; gives the project, what there is to say of it, and the files that were written.

    Raises FileChanged where a file was saved meanwhile.
    """
    from flashdeck.pipeline import release
    from flashdeck.release.drafts import keep_times, render_draft, to_draft
    from flashdeck.release.packages import Target, make_draft, name_draft, render_files

    project = with_lost_ledgers(compile_sources(paths, options.languages or None, cache), options.out)
    show_problems(project.problems, err=True)
    check_problems(project, "built")
    chosen = find_targets(project, options)
    codes = list(dict.fromkeys(options.languages or project.languages))
    time = int(now().timestamp())
    released = release(project, codes, time)
    draft = to_draft(released, project.ledgers)
    targets = [Target(target, code, options.filter) for target in chosen for code in codes]
    selections = {target: target.select(draft) for target in targets}
    if not any(selection.notes for selection in selections.values()):
        raise FlashdeckError("nothing was built: no cards match what you asked for")
    paths_of = {target: options.out / name_draft(target, project.ledgers[target.deck_id]) for target in targets}
    known = _read_drafts(path for target, path in paths_of.items() if selections[target].notes)
    if known:
        draft = keep_times(draft, project.ledgers, known, time)
    rows: list[tuple[str, ...]] = []
    for target in progress([target for target in targets if selections[target].notes]):
        file = make_draft(paths_of[target].name, selections[target].notes, draft, project.ledgers)
        write(paths_of[target], file.data)
        rows.append((str(paths_of[target]), *file.row))
    table = render_files(rows, {target.name: len(selection.left_out) for target, selection in selections.items()})
    notes = {note.guid: note for selection in selections.values() for note in selection.notes}
    text = "\n".join([table, *render_draft(released, project.ledgers, notes.values(), known)])
    return project, text, [Path(path) for path, *_ in rows]


def _read_drafts(paths: Iterable[Path]) -> "Draft | None":
    """What lies in the output folder from the build before; None where there is nothing that can be read."""
    from flashdeck.anki.package_reader import PackageError, read_contents
    from flashdeck.release.drafts import read_draft

    packages = []
    for path in paths:
        if os.path.isfile(path):  # noqa: PTH113 (pathlib raises for names that nothing can have)
            try:
                packages.append(read_contents(path))
            except PackageError:
                continue  # it is about to be replaced
    return read_draft(packages) if packages else None


def check_problems(project: "Project", done: str) -> None:
    """Ends the command where there is an error."""
    from flashdeck.diagnostics.render import count

    if not project.ok:
        errors = sum(problem.level == "error" for problem in project.problems)
        echo(f"nothing was {done}: fix {count(errors, 'error')} first", err=True)
        raise typer.Exit(1)


def find_targets(project: "Project", options: BuildOptions) -> "list[Deck | Course]":
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
