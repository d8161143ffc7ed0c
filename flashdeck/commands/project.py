"""What commands ask of the pipeline: the one place that calls it, with the user's paths and the time.

What compiles raises FlashdeckError where the paths hold nothing to read.
"""

import os
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flashdeck import __version__
from flashdeck.commands.terminal import progress
from flashdeck.diagnostics.errors import FlashdeckError

if TYPE_CHECKING:
    from flashdeck.anki.package_writer import Stored
    from flashdeck.build.link import Linked
    from flashdeck.pipeline import Compiled


def now() -> datetime:
    """The time of the build, or the one that SOURCE_DATE_EPOCH asks for. Nothing else reads the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch and not (epoch.isdecimal() and len(epoch) <= 11):
        raise FlashdeckError(f"SOURCE_DATE_EPOCH is '{epoch}'; write a number of seconds since 1970")
    return datetime.fromtimestamp(int(epoch) if epoch else int(time.time()), UTC)


def compile_project(paths: Sequence[Path], languages: Collection[str] | None = None) -> "Compiled | Linked":
    """Everything below the paths, with its notes in some languages (in all, if None); only what changed is compiled."""
    from flashdeck.build.link import link_decks

    _check_paths(paths)
    return link_decks(paths, now().date(), languages, progress) or compile_cards(paths)


def compile_cards(paths: Sequence[Path]) -> "Compiled":
    """Everything below the paths, with its cards as they were typed."""
    from flashdeck.pipeline import compile_decks

    _check_paths(paths)
    compiled = compile_decks(paths, now().date(), progress)
    if not compiled.library.decks and not compiled.problems:
        names = " and ".join(f"'{path}'" for path in paths)
        raise FlashdeckError(f"there is no deck in {names}: a deck is a folder with a deck.yaml")
    return compiled


def compile_quietly(paths: Sequence[Path]) -> "Compiled":
    """Everything below the paths, without progress, and as it was if they are a copy of an earlier time. Never raises."""
    from flashdeck.pipeline import compile_decks

    return compile_decks(paths)


def read_notes(paths: Sequence[Path]) -> "list[Stored]":
    """All notes of the sources, as packages would hold them. Raises FlashdeckError where the sources have errors."""
    return _to_notes(compile_cards(paths), "the sources")


def read_notes_at(revision: str, paths: Sequence[Path]) -> "list[Stored]":
    """All notes of the sources as they were at a revision of git. Raises FlashdeckError."""
    from tempfile import TemporaryDirectory

    from flashdeck.release.git import extract

    with TemporaryDirectory() as folder:
        extract(revision, paths, Path(folder))
        return _to_notes(compile_quietly([Path(folder, path) for path in paths]), f"the sources at '{revision}'")


def _to_notes(compiled: "Compiled", what: str) -> "list[Stored]":
    from flashdeck.anki.package_writer import to_stored
    from flashdeck.pipeline import release

    if not compiled.ok:
        raise FlashdeckError(f"{what} have errors: see 'flashdeck check'")
    return [to_stored(note) for note in release(compiled, compiled.library.languages, 0).notes.values()]


def _check_paths(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise FlashdeckError(f"there is no folder '{path}'; name one that holds a deck")
        if not path.is_dir() and path.suffix not in (".yaml", ".yml"):
            raise FlashdeckError(f"'{path}' is neither a folder nor a YAML file; name a folder that holds a deck")


def load_answer(words: Sequence[str], paths: Sequence[Path]) -> list[str] | None:
    """What a command with these words printed last time, if nothing that it depends on has changed since."""
    from flashdeck.build.cache import recall

    return recall(_to_key(words), paths) if _are_complete(paths) else None


def store_answer(words: Sequence[str], paths: Sequence[Path], outputs: Sequence[Path], answer: Sequence[str]) -> None:
    """Keeps what a command printed, and which files it wrote."""
    from flashdeck.build.cache import remember

    if _are_complete(paths):
        remember(_to_key(words), paths, outputs, answer)


def _to_key(words: Sequence[str]) -> list[str]:
    """What an answer depends on besides files: the folder, the version, the day, and the time that was asked for."""
    return [*words, str(Path.cwd()), __version__, str(now().date()), os.environ.get("SOURCE_DATE_EPOCH", "")]


def _are_complete(paths: Sequence[Path]) -> bool:
    """Whether all that belongs to the decks is below these folders."""
    return all(path.is_dir() and not any((up / "deck.yaml").exists() for up in path.resolve().parents) for path in paths)
