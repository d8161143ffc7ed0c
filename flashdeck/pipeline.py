"""The whole pipeline on one page: READ FIRST. It is what runs, for every command.

A full build and one after an edit are the same function: a full one is one with an empty cache.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flashdeck.anki.note import Note
from flashdeck.build.answers import Answers
from flashdeck.build.cache import NO_CACHE, Cache
from flashdeck.build.complete import complete
from flashdeck.build.link import Facts, link, to_notes
from flashdeck.build.project_checks import check_all
from flashdeck.build.units import Follow, Read, compile_units, read_files
from flashdeck.build.unused_media import find_unused_media
from flashdeck.diagnostics.problem import Problem, has_errors, in_order
from flashdeck.model.decks import Deck
from flashdeck.model.frame import Frame, read_frame
from flashdeck.release.compatibility import check_compatibility
from flashdeck.release.ledger import NAME, Ledger, find_editions, find_type_ids, read_ledger
from flashdeck.sources.files import DECK_FILE, find_sources, find_tops

if TYPE_CHECKING:
    from flashdeck.release.release import Release
    from flashdeck.release.stamp import Wish


@dataclass(frozen=True)
class Project:
    """What the sources contain, what was released of them, and every mistake in them, sorted by place."""

    facts: Facts
    ledgers: Mapping[str, Ledger]  # by deck id
    problems: tuple[Problem, ...]
    sources: tuple[Path, ...]  # every file that was found
    stray: tuple[Problem, ...]  # those of `problems` that are about what lies beside them

    @property
    def ok(self) -> bool:
        """Whether packages may be made: warnings block nothing."""
        return not has_errors(self.problems)

    @property
    def frame(self) -> Frame:
        return self.facts.frame

    @property
    def languages(self) -> list[str]:
        return self.facts.frame.languages

    def notes(self, language: str) -> list[Note]:
        """The notes of all cards in one of the languages for which the project was compiled."""
        return to_notes(self.facts, language)


def compile_project(
    paths: Sequence[Path],
    today: date | None = None,
    cache: Cache = NO_CACHE,
    languages: Collection[str] | None = None,
    edits: Mapping[Path, bytes] | None = None,
    follow: Follow = iter,
    hints: bool = False,
) -> Project:
    """Everything below `paths`, with its notes in some languages (in all, if None).

    `today` is for figures that are due for review; `edits` are files as they would be after a change; `follow` shows progress;
    `hints` are on what is a matter of taste.
    """
    stray: list[Problem] = []
    files = cache.open_files(find_tops(paths, edits or ()), edits or {})
    sources = tuple(find_sources(paths, files, stray))
    read = read_files(sources, files, cache)
    frame = read_frame(read.sources, files)
    problems = stray + [problem for path in sources if path.name == DECK_FILE for problem in read.problems[path]]
    ledgers = {deck.id: read_ledger(deck.folder / NAME, deck.id, files, problems) for deck in frame.decks.values()}
    files.released = {frame.decks[id].folder: ledger.files for id, ledger in ledgers.items() if ledger.files}
    answers = Answers(frame, files)
    units = compile_units(read, answers, languages, cache, follow)
    editions = find_editions(ledgers.values()) if any(kind.edition > 1 for kind in frame.kinds.values()) else {}
    linked = link(frame, units, files, today, cache, find_type_ids(ledgers.values()), editions)
    facts = complete(linked, answers, frame.languages if languages is None else languages)
    problems += check_all(facts, hints)
    find_notes = None if has_errors(problems) else partial(_find_notes, facts, read, answers, cache)
    problems += check_compatibility(facts, ledgers, find_notes)
    problems += find_unused_media(facts.named_media, files.record())
    facts.keep_spots()
    cache.keep_digests(files)
    return Project(facts, ledgers, in_order(problems), sources, tuple(stray))


def release(project: Project, languages: Iterable[str], now: int, wish: "Wish | None" = None, title: str = "") -> "Release":
    """What a release of a project without errors would publish in these languages, at the Unix time `now`."""
    from flashdeck.release.release import to_release  # a check needs none
    from flashdeck.release.stamp import CORRECTIONS

    return to_release(project.facts, project.ledgers, languages, now, wish or CORRECTIONS, title)


def _find_notes(facts: Facts, read: Read, answers: Answers, cache: Cache, deck: Deck) -> list[Note]:
    """The notes of a deck in all its languages, whichever of them the project is compiled for."""
    units = compile_units(read, answers, deck.languages, cache, iter)
    facts = complete(
        link(facts.frame, units, facts.files, facts.today, cache, facts.type_ids, facts.editions), answers, deck.languages
    )
    return [note for language in deck.languages for note in to_notes(facts, language) if note.deck_id == deck.id]
