"""The units of all files: those that an earlier run kept, and the others compiled anew, in as many processes as are worth it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flashdeck.build.answers import Answers
from flashdeck.build.cache import Cache
from flashdeck.build.compile import compile_unit
from flashdeck.build.parallel import count_processes, map_in_processes
from flashdeck.build.unit import Unit
from flashdeck.build.unit_text import from_bytes, to_bytes
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.frame import may_frame
from flashdeck.sources.files import DECK_FILE, Files
from flashdeck.sources.yaml_file import ANYTHING, Source, read_bytes, to_source

MUCH = 500_000  # bytes; below, another process is not worth its start
Follow = Callable[[list[Path]], Iterable[Path]]


@dataclass(frozen=True)
class Read:
    """The files of a project as far as they had to be read: all that may define more than cards, and those that changed."""

    known: Mapping[Path, Unit]  # of an earlier run, where the file is still the same
    sources: Mapping[Path, Source]  # of the files that may define more than cards
    changed: Mapping[Path, bytes | None]  # None: it cannot be read
    problems: Mapping[Path, list[Problem]]


def read_files(paths: Iterable[Path], files: Files, cache: Cache) -> Read:
    """Reads what has to be read before anything is compiled."""
    known: dict[Path, Unit] = {}
    sources: dict[Path, Source] = {}
    changed: dict[Path, bytes | None] = {}
    problems: dict[Path, list[Problem]] = {}
    here = str(Path.cwd())
    for path in paths:
        found: list[Problem] = []
        unit = None if path.name == DECK_FILE else _recall(cache.load("unit", here, str(path)))
        same = unit is not None and unit.path == str(path) and unit.digest == (files.digest(path) or None)
        if unit and same:
            known[path] = unit
        if not same or (unit and unit.defines_frame):
            data = read_bytes(path, files, found)
            if not same:
                changed[path] = data
            if path.name == DECK_FILE or (data is not None and may_frame(data)):
                sources[path] = Source(str(path), "", None, ANYTHING) if data is None else to_source(str(path), data, found)
        problems[path] = found
    return Read(known, sources, changed, problems)


def _recall(data: bytes) -> Unit | None:
    try:
        return from_bytes(data)
    except (ValueError, TypeError, RecursionError):
        return None  # there is no entry, or a damaged one


def compile_units(
    read: Read, answers: Answers, languages: Collection[str] | None, cache: Cache, follow: Follow
) -> dict[Path, Unit]:
    """The units of all files but deck.yaml, with their notes in some languages (in all, if None)."""
    wanted = answers.frame.languages if languages is None else [code for code in answers.frame.languages if code in languages]
    units = {path: unit for path, unit in read.known.items() if unit.has_notes(wanted) and answers.are_still(unit.asked)}
    # what was made for another language the last time may be needed again the next time
    made = [code for code in answers.frame.languages if code in wanted or any(code in unit.notes for unit in read.known.values())]
    missing = [path for path in read.problems if path not in units and path.name != DECK_FILE]
    here = str(Path.cwd())

    def compile_one(path: Path) -> bytes:
        found = [*read.problems[path]]
        source = read.sources.get(path)
        if not source:
            data = read.changed[path] if path in read.changed else read_bytes(path, answers.files, found)
            source = Source(str(path), "", None, ANYTHING) if data is None else to_source(str(path), data, found)
        entry = to_bytes(compile_unit(path, source, found, answers, made))
        cache.store(entry, "unit", here, str(path))
        return entry

    sizes = {path: len(read.changed.get(path) or b"") for path in missing}
    processes = min(count_processes(), 1 + sum(sizes.values()) // MUCH, len(missing))
    largest_first = sorted(missing, key=lambda path: -sizes[path])
    for unit in map(from_bytes, map_in_processes(compile_one, largest_first, processes, follow)):
        units[Path(unit.path)] = unit
        answers.files.keep_answers(unit.asked)
    for path in missing:
        if path not in units:  # a process was killed
            units[path] = from_bytes(compile_one(path))
    return {path: units[path] for path in read.problems if path.name != DECK_FILE}
