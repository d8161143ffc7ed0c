"""Units -> what a build needs, without reading again what did not change.

What only all cards together can tell (a course without cards, a released card that is gone) is looked at here only so far as to
see that all is well. Where it is not, nothing is linked, and `compiler.py` goes through everything at once and tells. What a
few files tell together (a question that two cards ask, a card that another deck words otherwise) is told by reading those.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from itertools import repeat
from pathlib import Path
from urllib.parse import unquote

from flashdeck.build.checks import CARD_CHECKS, check_fronts, check_guids, check_scripts, tell_labels
from flashdeck.pipeline import Compiled, to_types
from flashdeck.model.kind_reader import read_kinds, read_own_kinds
from flashdeck.release.ledger import NAME as LEDGER
from flashdeck.release.ledger import Ledger, read_ledger, to_cards, to_released
from flashdeck.model.library import Frame, find_home, read_cards, read_frame
from flashdeck.anki.media import Media, read_file, read_media, read_static, tell_unused
from flashdeck.build.cache import keep, list_files, look_up, mark
from flashdeck.model.cards import Course, Library
from flashdeck.anki.note import NO_CARDS, LeftOut, Note, NoteType
from flashdeck.diagnostics.problem import Problem, are_warnings
from flashdeck.build.parallel import count_processes, share_out
from flashdeck.release.compatibility import check_types
from flashdeck.sources.yaml_file import find_sources, read_bytes, to_source
from flashdeck.build.unit import Around, Unit, compile_unit, from_bytes, to_bytes

MUCH = 500_000  # bytes; below, another process is not worth its start
FRAMING = [b"references", b"courses"]


class Unlinked(Exception):
    """Only all files together can tell what is to be told."""


@dataclass(frozen=True)
class Linked:
    """What the sources say and what was released of them, like `Compiled`; its library has no cards, but notes are at hand."""

    library: Library
    ledgers: dict[str, Ledger]
    problems: tuple[Problem, ...]
    types: Mapping[str, NoteType]
    units: tuple[Unit, ...]  # in the order of their cards
    files: Mapping[str, Media]  # by their names in Anki
    closer: Compiled  # the files that had to be read together

    @property
    def ok(self) -> bool:
        """Whether packages may be made: warnings do not hinder."""
        return are_warnings(self.problems)

    @property
    def tags(self) -> set[str]:
        return {tag for unit in self.units for tag in unit.tags} | {"sensitive"}

    def to_notes(self, language: str) -> list[Note]:
        """The notes of all cards that are whole in a language."""
        notes: list[Note] = []
        places: Counter[str] = Counter()
        for unit in self.units:
            notes += unit.to_notes(language, self.types, places[unit.deck], self.files)
            places[unit.deck] += unit.size
        replaced = {old for unit in self.units for old, _ in unit.replaced}
        cards = {card.id: card for card in self.closer.library.cards if card.id in replaced}
        if not cards:
            return notes
        return [
            self.closer.to_note(cards[note.card], language)._replace(order=note.order) if note.card in cards else note
            for note in notes
        ]

    def to_override(self, card: str, language: str) -> Note | None:
        """The note of a card (by its id) as another deck words it, if one does."""
        return self.closer.to_override(card, language)

    def left_out(self, language: str) -> list[LeftOut]:
        """The cards that a missing translation keeps out of a language."""
        return [one for unit in self.units for one in unit.left_out(language)]


def link_decks(
    paths: Sequence[Path],
    today: date,
    languages: Collection[str] | None = None,
    follow: Callable[[list[Path]], Iterable[Path]] = iter,
) -> Linked | None:
    """What `compile_decks` would give, with notes in some languages (in all, if None), without what did not change.

    Nothing where that cannot be had: where only all files together can tell what is to be told.
    """
    try:
        return _link_decks(paths, today, languages, follow)
    except (Unlinked, OSError):  # a file that vanished meanwhile is told when all are read
        return None


def _link_decks(
    paths: Sequence[Path],
    today: date,
    languages: Collection[str] | None,
    follow: Callable[[list[Path]], Iterable[Path]],
) -> Linked:
    problems: list[Problem] = []
    texts = {path: read_bytes(path, problems) or b"" for path in find_sources(paths, problems)}
    if problems:
        raise Unlinked
    digests = {path: sha256(text).hexdigest() for path, text in texts.items()}
    here = str(Path.cwd())
    known = {path: unit for path in texts if (unit := _recall(here, path))}
    around, library = _read_around(texts, digests, known, problems)
    wanted = library.languages if languages is None else [code for code in library.languages if code in languages]
    units = {path: unit for path, unit in known.items() if unit.is_good(digests[path], around.mark, wanted, today)}
    missing = [path for path in texts if path not in units and path.name != "deck.yaml"]
    if missing:
        # what was made for another language the last time may be wanted again the next time
        made = [code for code in library.languages if code in wanted or any(code in one.languages for one in known.values())]
        units |= _compile({path: texts[path] for path in missing}, digests, around, made, today, here, follow)
    ordered = _order(units, around.frame)
    closer, told = _look_closer(_find_concerned(ordered), texts, around)
    ledgers = {deck.id: read_ledger(deck.folder / LEDGER, problems) for deck in library.decks}
    if not are_warnings(problems) or not _are_together(ordered, around, library, ledgers):
        raise Unlinked
    problems += [*(problem for unit in ordered for problem in unit.problems), *told]
    problems += tell_labels(library, {(unit.deck, *spoken) for unit in ordered for spoken in unit.spoken})
    ok = are_warnings(problems)
    named = {name for unit in ordered for name in unit.named} | {unquote(name) for _, name in closer.media}
    unused = list(tell_unused(library.decks, named))
    if unused and not ok:  # a file may be meant that seems unused
        raise Unlinked
    files = {name: read_file(Path(path)) for unit in ordered for name, path in unit.media.items()} if wanted and ok else {}
    if any(file.name != name for name, file in files.items()):  # it was changed within the wink of a clock
        raise Unlinked
    library = replace(library, overridden=closer.library.overridden)
    return Linked(library, ledgers, tuple(sorted({*problems, *unused})), around.types, ordered, files, closer)


def _recall(here: str, path: Path) -> Unit | None:
    """The unit that was kept of a file; `here` is the folder from which its path leads to it."""
    try:
        unit = from_bytes(look_up(["unit", here, str(path)]))
    except (ValueError, RecursionError):
        return None  # there is none, or none that anybody wrote on purpose
    return unit if unit.path == str(path) else None


def _read_around(
    texts: Mapping[Path, bytes], digests: Mapping[Path, str], known: Mapping[Path, Unit], problems: list[Problem]
) -> tuple[Around, Library]:
    """What stands around the cards, and the library without them: reads all files that may have more than cards in them."""
    sources = []
    for path, text in texts.items():
        unit = known.get(path)
        same = unit and unit.digest == digests[path]
        if path.name == "deck.yaml" or (unit.is_framed if unit and same else _may_frame(text)):
            source = to_source(path, text, problems)
            if path.name == "deck.yaml" or (isinstance(source.value, dict) and source.value.keys() & {"references", "courses"}):
                sources.append(source)
    folders = [Path(source.path).parent for source in sources if Path(source.path).name == "deck.yaml"]
    own_kinds = {folder: read_own_kinds(folder, problems) for folder in folders}
    frame = read_frame(sources, read_kinds(), own_kinds, problems)
    if not are_warnings(problems) or not frame.decks:
        raise Unlinked
    library = read_cards([], frame, [])
    problems += check_scripts(library)
    static = read_static(library.kinds.values(), frame.decks)
    types = to_types(library.kinds.values(), library.languages, static)
    marks = [f"{source.path} {digests[Path(source.path)]}" for source in sources]
    # the pictures and kinds of the decks, and flashdeck itself
    marks += [mark(name) for name in list_files(folders) if Path(name) not in texts and not name.endswith((".md", LEDGER))]
    return Around(frame, static, types, sha256(os.fsencode("\n".join(sorted(marks)))).hexdigest()), library


def _may_frame(text: bytes) -> bool:
    """Whether a file may have references or courses in it. Who hides them from this gets no unit."""
    return any(text.startswith(word) or b"\n" + word in text for word in FRAMING)


def _compile(
    texts: Mapping[Path, bytes],
    digests: Mapping[Path, str],
    around: Around,
    languages: Sequence[str],
    today: date,
    here: str,
    follow: Callable[[list[Path]], Iterable[Path]],
) -> dict[Path, Unit]:
    """Compiles files, in as many processes as are worth it, and keeps their units."""

    def compile_one(path: Path) -> bytes:
        problems: list[Problem] = []
        source = to_source(path, texts[path], problems)
        unit = compile_unit(source, problems, digests[path], around, languages, today)
        if not unit:
            return b""
        data = to_bytes(unit)
        keep(["unit", here, str(path)], data)
        return data

    largest_first = sorted(texts, key=lambda path: -len(texts[path]))
    processes = min(count_processes(), 1 + sum(map(len, texts.values())) // MUCH, len(texts))
    made = share_out(compile_one, largest_first, processes, follow)
    if not all(made) or len(made) != len(texts):  # the second is so when a process was killed
        raise Unlinked
    return {Path(unit.path): unit for unit in map(from_bytes, made)}


def _order(units: Mapping[Path, Unit], frame: Frame) -> tuple[Unit, ...]:
    """The units in the order of their cards."""
    return tuple(unit for path, unit in sorted(units.items(), key=lambda one: (one[1].deck, find_home(one[0], frame.folders)[1])))


def _find_concerned(units: Sequence[Unit]) -> list[Path]:
    """The files that have to be read together: those that have an id, guid or question in common, or name others' cards."""
    paths = _find_sharing(units, lambda unit: unit.ids)
    for group in {name for unit in units for name in unit.columns if name.startswith("fronts ")}:
        paths |= _find_sharing(units, lambda unit, group=group: unit.column(group))  # type: ignore[misc]
    if any(name.startswith("guids ") for unit in units for name in unit.columns):  # else they are as different as ids
        paths |= _find_sharing(units, lambda unit: list(unit.guids()))
    wanted = [{id} for unit in units for id in unit.column("overrides")]
    wanted += ({new, f"{unit.deck}/{new}"} for unit in units for _, new in unit.replaced)
    homes = {id: unit.path for unit in units for id in unit.ids} if wanted else {}
    for ids in wanted:
        if homes.keys().isdisjoint(ids):  # only all ids together tell which one may be meant
            raise Unlinked
        paths |= {homes[id] for id in ids if id in homes}
    paths |= {unit.path for unit in units if unit.columns.keys() & {"overrides", "replaced"}}
    return [Path(path) for path in sorted(paths)]


def _find_sharing(units: Sequence[Unit], say: Callable[[Unit], list[str]]) -> set[str]:
    """The paths of units that say one thing twice, or the same as another."""
    said = [say(unit) for unit in units]
    if len(set().union(*said)) == sum(map(len, said)):
        return set()
    first: dict[str, str] = {}
    paths = set()
    for unit, texts in zip(units, said, strict=True):
        for text in texts:
            if text in first:
                paths |= {first[text], unit.path}
            first.setdefault(text, unit.path)
    return paths


def _look_closer(paths: Iterable[Path], texts: Mapping[Path, bytes], around: Around) -> tuple[Compiled, list[Problem]]:
    """Some files read together, and what they tell together."""
    problems: list[Problem] = []
    library = read_cards([to_source(path, texts[path], problems) for path in paths], around.frame, problems)
    if any(card.id != f"{card.deck.id}/{card.node.value.get('id')}" for card in library.cards):
        raise Unlinked  # a card without an id is named by its place among all
    media = read_media(library, problems)
    for check in (*CARD_CHECKS, check_fronts, check_guids):
        problems += check(library)
    return Compiled(library, {**around.static, **media}, {}, around.types), problems


def _are_together(units: Sequence[Unit], around: Around, library: Library, ledgers: Mapping[str, Ledger]) -> bool:
    """Whether nothing is wrong with all units together."""
    known = {
        "kinds": library.kind_words,
        "tags": {tag for unit in units for tag in unit.tags} | {"sensitive"},
        "decks": {deck.id for deck in library.decks},
        "cards": {id for unit in units for id in unit.ids},
        "courses": {course for unit in units for course in unit.courses},
    }
    by_deck: dict[str, list[Unit]] = {deck: [] for deck in ledgers}
    for unit in units:
        by_deck.setdefault(unit.deck, []).append(unit)
    return all(_is_good_course(course, known) for course in around.frame.courses.values()) and all(
        _is_good_release(by_deck[deck], around, deck, ledger) for deck, ledger in ledgers.items()
    )


def _is_good_course(course: Course, known: Mapping[str, Collection[str]]) -> bool:
    """Whether a course names what there is, and has cards; `known` are the words for all that there is."""
    named = [(key, word) for rule in (course.include, course.exclude) for key, words in rule.items() for word in words]
    named += (("cards", id) for id in course.cards)
    return course.id in known["courses"] and all(word in known[key] for key, word in named)


def _is_good_release(units: Sequence[Unit], around: Around, deck: str, ledger: Ledger) -> bool:
    """Whether all that a deck released is there, and can still become what it is now."""
    if not ledger.lines:
        return True
    found: set[str] = set()
    for language in around.frame.decks[deck].languages:
        for unit in units:
            names, lines = unit.column(f"names {language}"), unit.column(f"lines {language}")
            guids = unit.column(f"guid digests {language}") or repeat("")
            for name, line, guid in zip(names, lines, guids, strict=False):
                known = ledger.lines.get(name)
                if known is None:
                    continue
                found.add(name)
                if known.startswith(line) and known.endswith(guid or "Z"):
                    continue
                old, (kind, cards, _) = to_released(known), line.split(" ")
                if (old.kind, old.guid) != (kind, guid) or (cards != NO_CARDS and not set(old.cards) <= set(to_cards(cards))):
                    return False
    return (
        len(found) == len(ledger.lines) - len(ledger.overrides)
        and ledger.decks <= {name for unit in units for name in unit.decks}
        and not list(check_types(ledger, around.types))
    )
