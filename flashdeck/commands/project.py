"""What commands ask of the pipeline: the one place that calls it, with the user's paths, the cache and the time.

What compiles raises FlashdeckError where the paths hold nothing to read.
"""

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flashdeck.commands.terminal import echo_line, progress
from flashdeck.diagnostics.errors import FlashdeckError

if TYPE_CHECKING:
    from flashdeck.anki.package_reader import Stored
    from flashdeck.build.answer import Answer
    from flashdeck.build.cache import Cache
    from flashdeck.pipeline import Project


def now() -> datetime:
    """The time of the build, or the one that SOURCE_DATE_EPOCH asks for. Only this module reads the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.fromtimestamp(int(time.time()), UTC)
    from flashdeck.sources.values import LATEST  # what did not change needs no YAML

    if not (epoch.isascii() and epoch.isdecimal() and len(epoch) <= 11 and int(epoch) <= LATEST):
        raise FlashdeckError(f"SOURCE_DATE_EPOCH is '{epoch}'; write a number of seconds since 1970")
    return datetime.fromtimestamp(int(epoch), UTC)


def is_time_given() -> bool:
    """Whether the time is one that SOURCE_DATE_EPOCH asks for."""
    return bool(os.environ.get("SOURCE_DATE_EPOCH"))


def open_cache(use: bool = True, err: bool = True) -> "Cache":
    """The user's cache; an empty one where it is not to be used, or the user has no folder for it that is safe."""
    from flashdeck.build.cache import NO_CACHE, Cache, find_cache_folder, is_own_folder

    folder = find_cache_folder() if use else None
    if folder and not is_own_folder(folder):
        if err:
            way = "make it so with 'chmod', or name another in FLASHDECK_CACHE"
            echo_line(f"the cache '{folder}' is not used: it has to be yours, and nobody else's to write to; {way}", err=True)
        return NO_CACHE
    return Cache(folder, time.time_ns()) if folder else NO_CACHE


def compile_sources(
    paths: Sequence[Path],
    languages: Collection[str] | None = (),
    cache: "Cache | None" = None,
    edits: Mapping[Path, bytes] | None = None,
    hints: bool = False,
) -> "Project":
    """Everything below the paths, with its notes in some languages (in all, if None); only what changed is compiled."""
    from flashdeck.pipeline import compile_project

    for path in paths:
        if not path.exists():
            raise FlashdeckError(f"there is no folder '{path}'; name one that holds a deck")
        if not path.is_dir() and path.suffix not in (".yaml", ".yml"):
            raise FlashdeckError(f"'{path}' is neither a folder nor a YAML file; name a folder that holds a deck")
    project = compile_project(paths, now().date(), cache or open_cache(), languages, edits, progress, hints)
    if not project.frame.folders and not project.problems:
        names = " and ".join(f"'{path}'" for path in paths)
        raise FlashdeckError(f"there is no deck in {names}: a deck is a folder with a deck.yaml")
    return project


def with_lost_ledgers(project: "Project", out: Path | None = None, releasing: bool = False) -> "Project":
    """A project with the problems of ledgers that git, or a package in the output folder, knows to have been lost.

    An earlier ledger is often meant, as on an older branch: only a release may not go on from it, and asks git for a later one.
    """
    from flashdeck.diagnostics.problem import in_order
    from flashdeck.release.witness import find_committed, find_lost, read_all_committed

    problems = [*find_committed(project.ledgers.values())]
    witnesses = [*read_all_committed(project.ledgers.values())] if releasing and not problems else []
    if out and not problems and os.path.isdir(out):  # noqa: PTH112 (pathlib raises for names that nothing can have)
        from flashdeck.anki.package_reader import read_ledgers

        packages = sorted(out.glob("*.apkg"))
        witnesses += [(f"the package '{path}'", read_ledgers(path)) for path in packages if path.is_file()]
    problems += find_lost(project.ledgers, witnesses)
    return replace(project, problems=in_order([*project.problems, *problems])) if problems else project


def compile_quietly(paths: Sequence[Path]) -> "Project":
    """Everything below the paths, without progress and whatever there is. Never raises."""
    from flashdeck.pipeline import compile_project

    return compile_project(paths, None, open_cache(err=False), ())


def read_notes(paths: Sequence[Path]) -> "list[Stored]":
    """All notes of the sources, as packages would hold them. Raises FlashdeckError where the sources have errors."""
    return _to_notes(compile_sources(paths, None), "the sources")


def read_notes_at(revision: str, paths: Sequence[Path]) -> "list[Stored]":
    """All notes of the sources as they were at a revision of git. Raises FlashdeckError."""
    from tempfile import TemporaryDirectory

    from flashdeck.pipeline import compile_project
    from flashdeck.release.git import extract

    with TemporaryDirectory() as folder:
        there = extract(revision, paths, Path(folder))
        return _to_notes(compile_project(there), f"the sources at '{revision}'")


def read_notes_before(project: "Project", paths: Sequence[Path], is_made: bool) -> "dict[str, Stored] | None":
    """The notes of the sources as they were at the commit of the release before, by guid; None where git does not know.

    Where the release itself `is_made`, and its ledgers are committed, that is the last commit but one that wrote them.
    """
    from flashdeck.release.git import find_commits, read_committed

    ledgers = [ledger for ledger in project.ledgers.values() if not ledger.is_empty]
    commits = find_commits([ledger.path for ledger in ledgers], 2)
    is_committed = all(read_committed(ledger.path).decode(errors="replace") == ledger.text for ledger in ledgers)
    revision = "".join(commits[1:] if is_made and is_committed else commits[:1])
    try:
        return {note.guid: note for note in read_notes_at(revision, paths)} if revision else None
    except FlashdeckError:
        return None  # it was released from sources that never were in git


def _to_notes(project: "Project", what: str) -> "list[Stored]":
    from flashdeck.anki.package_reader import to_stored
    from flashdeck.pipeline import release

    if not project.ok:
        raise FlashdeckError(f"{what} have errors: see 'flashdeck check'")
    return [to_stored(note) for note in release(project, project.languages, int(now().timestamp())).notes.values()]


def find_answer(cache: "Cache", words: Sequence[str], paths: Sequence[Path]) -> "Answer | None":
    """What a command with these words printed last time, if nothing that it depends on has changed since."""
    from flashdeck.build.answer import load_answer

    return load_answer(cache, _to_key(words), paths) if _are_complete(paths) else None


def save_answer(
    cache: "Cache", words: Sequence[str], paths: Sequence[Path], project: "Project", outputs: Sequence[Path], text: str
) -> None:
    """Keeps what a command printed of a project, and which files it wrote."""
    from flashdeck.build.answer import Answer, store_answer

    if _are_complete(paths) and cache.folder:
        answer = Answer(project.problems, text)
        asked, media = project.facts.files.answers, project.facts.named_media
        store_answer(cache, _to_key(words), answer, map(str, project.sources), project.stray, asked, media, outputs)


def _to_key(words: Sequence[str]) -> list[str]:
    """What an answer depends on besides files: the folder, the day, and the time that was asked for."""
    return [*words, str(Path.cwd()), str(now().date()), os.environ.get("SOURCE_DATE_EPOCH", "")]


def _are_complete(paths: Sequence[Path]) -> bool:
    """Whether all that belongs to the decks is below these folders."""
    return all(path.is_dir() and not any((up / "deck.yaml").exists() for up in path.resolve().parents) for path in paths)
