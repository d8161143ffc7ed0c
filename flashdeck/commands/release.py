"""`flashdeck release`: packages to hand out, and the promise that goes with them."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashdeck.commands.build import check_problems
from flashdeck.commands.options import DECKS, DIST, NoCache, Out, Paths
from flashdeck.commands.project import (
    compile_sources,
    is_time_given,
    now,
    open_cache,
    read_notes_before,
    with_lost_ledgers,
)
from flashdeck.commands.terminal import echo, progress, show_problems, write
from flashdeck.diagnostics.errors import FileChanged, FlashdeckError

if TYPE_CHECKING:
    from flashdeck.anki.note import Note
    from flashdeck.anki.package_reader import Stored
    from flashdeck.model.courses import Course
    from flashdeck.model.decks import Deck
    from flashdeck.pipeline import Project
    from flashdeck.release.ledger import Ledger
    from flashdeck.release.packages import Target
    from flashdeck.release.release import Release

    Targets = dict[Target, tuple[Note, ...]]

DAY = 86_400  # seconds: a clock that is wrong by one costs learners their edits


def release(
    paths: Paths = DECKS,
    title: Annotated[str, typer.Option(metavar="TEXT", help="What the release is called, in its notes.")] = "",
    out: Out = DIST,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be released, and write nothing.")] = False,
    locked: Annotated[bool, typer.Option("--locked", help="Fail if anything was not released yet (for CI at a tag).")] = False,
    with_tags: Annotated[bool, typer.Option("--with-tags", help="Send changes of tags alone, too.")] = False,
    rerender: Annotated[bool, typer.Option("--rerender", help="Send what this flashdeck renders otherwise, too.")] = False,
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="PACKAGE", help="A package of the last release, for the wording before. Can be repeated."),
    ] = None,
    over: Annotated[
        list[Path] | None,
        typer.Option(metavar="PACKAGE", help="A package that learners have from elsewhere, to be corrected. Can be repeated."),
    ] = None,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Try it on the last release in the real Anki first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="The clock is right: do not ask.")] = False,
    no_cache: NoCache = False,
) -> None:
    """Make a release: packages, update texts and notes of every deck, course and language, and the ledger.

    Whatever cannot be taken back once learners have it is refused first. The ledger (flashdeck.lock) belongs in git.
    """
    from flashdeck.anki.identity import FIELD_SEPARATOR
    from flashdeck.pipeline import release as to_release
    from flashdeck.release.changes import read_release
    from flashdeck.release.ledger import render_ledger
    from flashdeck.release.stamp import Wish

    project = with_lost_ledgers(compile_sources(paths, None, open_cache(not no_cache)), out, releasing=True)
    show_problems(project.problems, err=True)
    check_problems(project, "released")
    _hold_decks(project)
    time = int(now().timestamp())
    others = [note for path in over or () for note in read_release(path)]
    wish = Wish(with_tags, rerender, {note.guid: FIELD_SEPARATOR.join(note.fields.values()) for note in others})
    released = to_release(project, project.languages, time, wish, title)
    unreleased = [id for id, delta in released.deltas.items() if not delta.is_empty]
    if locked and unreleased:
        _show_deltas(released, project.ledgers, unreleased)
        echo("not everything is released: run 'flashdeck release' and commit the ledger", err=True)
        raise typer.Exit(1)
    if unreleased:
        _check_clock(project, time, max((note.changed for note in others), default=0), yes)
    _show_deltas(released, project.ledgers, unreleased)
    is_made, is_unfinished = not unreleased, any(ledger.pending for ledger in project.ledgers.values())
    latest = against or ([] if is_unfinished else _find_packages(project, out))
    stored = [read_release(path) for path in latest]
    _show_placed(released, stored)
    is_before = bool(against) or not is_made
    packages = latest if is_before else []
    before = _read_before(project, paths, stored if is_before else [], is_made)
    targets = _find_targets(project, released)
    notes = _render_notes(project, released, targets, title, before, is_made)
    if rehearse:
        _rehearse(project, released, targets, packages)
    if dry_run:
        echo("\n".join(() if is_made else notes.values()))
        echo("nothing was written: this was a dry run")
        return
    for id in unreleased:
        write(released.ledgers[id].path, render_ledger(released.ledgers[id]).encode(), released.ledgers[id].path.parent)
    rows = _write_files(project, released, targets, out)
    for name, text in notes.items():
        if is_made and not is_unfinished and (out / name).exists():
            continue  # whoever wrote it may have known more of the wording before
        write(out / name, text.encode())
        rows.append((str(out / name), "", "", f"{max(1, round(len(text.encode()) / 1000)):,} kB"))
    for ledger in released.ledgers.values():
        if ledger.pending and not locked:
            write(ledger.path, render_ledger(ledger.complete()).encode(), ledger.path.parent)
    from flashdeck.release.packages import render_files

    echo(render_files(rows, {}))
    echo(_say_next(released, unreleased, any(path.endswith(".txt") for path, *_ in rows)))


def _hold_decks(project: "Project") -> None:
    """Raises FlashdeckError where another process releases one of the decks, or did so since their ledgers were read."""
    from flashdeck.sources.files import hold

    for ledger in project.ledgers.values():
        if not hold(ledger.path.parent):
            raise FlashdeckError(f"another release of '{ledger.path.parent}' is being made: wait until it is done")
        text = ledger.path.read_text(encoding="utf-8") if ledger.path.exists() else ""
        if text != ledger.text:
            raise FileChanged(f"'{ledger.path}' changed while it was read; run the command again")


def _check_clock(project: "Project", time: int, others: int, yes: bool) -> None:
    """Raises FlashdeckError where the clock is behind, or ahead of all that is known and there is nobody to ask about it."""
    from flashdeck.release.git import find_commit_time
    from flashdeck.release.ledger import to_text

    latest = max([others, *(ledger.latest for ledger in project.ledgers.values())])
    if time <= latest:
        raise FlashdeckError(
            f"it is {to_text(time)} by this computer's clock, and there is a release of {to_text(latest)}: set the clock right, "
            "or wait until then; what is released must be later than what learners have"
        )
    known = max([latest, *(int(path.stat().st_mtime) for path in project.sources)])
    if time <= known + DAY or yes or is_time_given():
        return
    known = max([known, *(find_commit_time(deck.folder) for deck in project.frame.decks.values())])
    if time > known + DAY:
        found = f"nothing here is later than {to_text(known)}, and by this computer's clock it is {to_text(time)}"
        if not sys.stdin.isatty():
            raise FlashdeckError(f"{found}: if that is right, add --yes; a release from the future would keep corrections away")
        if not typer.confirm(f"{found}. Is that right?", err=True):
            raise FlashdeckError("nothing was released")


def _show_deltas(released: "Release", ledgers: "Mapping[str, Ledger]", ids: Sequence[str]) -> None:
    from flashdeck.release.report import render_delta

    for id, delta in released.deltas.items():
        echo(render_delta(id, delta, ledgers[id], released.ledgers[id]))
    if not ids:
        echo("nothing changed since the last release: its packages are written again")


def _show_placed(released: "Release", packages: "Sequence[Sequence[Stored]]") -> None:
    """Says which cards have another place among the new ones, where packages of the last release are there to tell."""
    from flashdeck.release.report import render_placed

    for id in released.deltas:
        echo(render_placed(id, released.notes.values(), packages))


def _find_packages(project: "Project", out: Path) -> list[Path]:
    """The packages of the last release in the output folder."""
    from flashdeck.anki.package_reader import read_ledgers
    from flashdeck.release.witness import is_latest

    return [path for path in sorted(out.glob("*.apkg")) if is_latest(project.ledgers, read_ledgers(path))]


def _read_before(
    project: "Project", paths: Sequence[Path], packages: "Sequence[Sequence[Stored]]", is_made: bool
) -> "Mapping[str, Stored] | None":
    """The notes as learners have them, by guid: of packages, else of git when the ledgers were written; None if unknown."""
    if all(ledger.is_empty for ledger in project.ledgers.values()):
        return {}
    if packages:
        return {note.guid: note for package in packages for note in package}
    return read_notes_before(project, paths, is_made)


def _render_notes(
    project: "Project",
    released: "Release",
    targets: "Targets",
    title: str,
    before: "Mapping[str, Stored] | None",
    is_made: bool,
) -> dict[str, str]:
    """The release notes of each package, by the name of their file; also of a release that is made already."""
    from flashdeck.release.notes import render_notes
    from flashdeck.release.packages import find_latest, find_releasing
    from flashdeck.release.stamp import find_made

    texts = {}
    for target, notes in targets.items():
        decks = find_releasing(target, notes)
        deltas = [released.deltas[id] for id in decks]
        again = {note.guid for delta in deltas for note in (*delta.changed, *delta.retired, *delta.restored)}
        has_changes = any(delta.changes_notes or delta.types for delta in deltas)
        for id in decks:
            ledger = project.ledgers[id]
            times = ledger.pending or frozenset(ledger.heads if is_made else ())
            has_changes |= any(note.changed_text in times for note in ledger.notes.values())
            has_changes |= any(type.changed_text in times for type in ledger.types.values())
            deltas.append(find_made(ledger, times, [note for note in notes if note.guid not in again]))
        time = find_latest([released.ledgers[id] for id in decks])
        if has_changes:
            titles = [past.title for id in decks if (past := released.ledgers[id].releases.get(time)) and past.title]
            words = title or next(iter(titles), "")
            texts[f"{target.name}-notes.md"] = render_notes(words, time[:10], target.language, notes, deltas, before)
    return texts


def _find_targets(project: "Project", released: "Release") -> "Targets":
    """Every deck and course in each language in which it has notes."""
    from flashdeck.release.packages import Target

    chosen: list[Deck | Course] = [*project.frame.decks.values(), *project.frame.courses.values()]
    targets = [Target(one, language) for one in chosen for language in project.languages]
    return {target: notes for target in targets if (notes := target.select(released).notes)}


def _write_files(project: "Project", released: "Release", targets: "Targets", out: Path) -> list[tuple[str, ...]]:
    """Writes packages and update texts, and deletes the texts of earlier releases; gives the rows of the table of files."""
    from flashdeck.release.packages import make_release

    rows: list[tuple[str, ...]] = []
    for target, notes in progress(list(targets.items())):
        written = set()
        for file in make_release(target, notes, released, project.frame.decks[target.deck_id]):
            write(out / file.name, file.data)
            written.add(out / file.name)
            rows.append((str(out / file.name), *file.row))
        for path in {*out.glob(f"{target.name}-from-????-??-??*.txt")} - written:
            path.unlink()  # it leads to an earlier release than the package beside it
    return rows


def _rehearse(project: "Project", released: "Release", targets: "Targets", packages: Sequence[Path]) -> None:
    """Tries the release on each package of the last one; ends the command where a learner would lose something."""
    from tempfile import TemporaryDirectory

    from flashdeck.commands.rehearse import rehearse_all

    if not packages:
        raise FlashdeckError("there is no package of the last release to try this one on: name one with --against")
    with TemporaryDirectory() as folder:
        _write_files(project, released, targets, Path(folder))
        pairs = [(old, Path(folder) / old.name) for old in packages if (Path(folder) / old.name).exists()]
        loses_nothing = rehearse_all(pairs)
    if not loses_nothing:
        echo("nothing was released", err=True)
        raise typer.Exit(1)


def _say_next(released: "Release", ids: Sequence[str], texts: bool) -> str:
    """What is left to do after a release of some decks, with or without update texts."""
    ledgers = ", ".join(str(released.ledgers[id].path) for id in ids)
    order = ": who has the deck imports the text first, then the package" if texts else ""
    return f"commit {ledgers}, then hand out the packages{order}" if ids else ""
