"""flashdeck.lock: what was released, and when each note and note type last changed. Kept in git beside the sources.

Anki replaces a learner's note only by one with a later time. So what did not change must keep its time, or every release
would overwrite learners' own edits and tags; and what changed must get a later time than ever, or its correction would not
arrive. Nothing else can distinguish the two once the sources have moved on.

One line a note and note type, sorted, so that git merges it; the last line is `end`, so that a cut file shows.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.identity import in_language, split_language, to_guid
from flashdeck.anki.note import Note, NoteType, Times, digest_texts
from flashdeck.build.unit import RETIRED
from flashdeck.diagnostics.problem import Problem, Spot
from flashdeck.sources.files import Files
from flashdeck.sources.values import LATEST

NAME = "flashdeck.lock"
FIRST, LAST = "flashdeck ledger 1", "end"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
NUMBERS = "[0-9]{1,3}(?:,[0-9]{1,3})*"  # of templates, or gaps
DIGEST = "[0-9a-f]{16}"
NOTE = re.compile(rf"^note (\S+@\S+) (\S+) ({NUMBERS}|{RETIRED}) ({DIGEST}) ({TIME}) ({TIME})(?: guid:({DIGEST}))?$", re.M)
TYPE = re.compile(rf"^type (\S+@\S+) ({DIGEST}) ({TIME}) (\S+) (\S+)$", re.M)
DECK = re.compile(r"^deck (.*)$", re.M)


class ReleasedNote(NamedTuple):
    """What is known of a note, as text from its line after its name: most did not change, and their times are never needed."""

    kind: str
    templates: str  # their numbers (of a cloze: the gaps, from 0) with commas, or RETIRED
    digest: str
    first_text: str  # when it was first released, in ISO 8601
    changed_text: str
    guid: str  # a digest of the guid that its author gave it, if so

    @property
    def cards(self) -> tuple[int, ...]:
        return () if self.templates == RETIRED else tuple(map(int, self.templates.split(",")))

    @property
    def first(self) -> int:
        """When it was first released, as a Unix time."""
        return _to_time(self.first_text)

    @property
    def changed(self) -> int:
        """When it last changed, as a Unix time."""
        return _to_time(self.changed_text)


class ReleasedType(NamedTuple):
    """What is known of a note type: the keys of its fields and templates can only grow at the end."""

    digest: str
    changed: int
    fields: tuple[str, ...]
    templates: tuple[str, ...]


@dataclass(frozen=True)
class Ledger:
    """The ledger of one deck: notes by `card@language`, note types by `kind@language`, and the names of decks in Anki."""

    path: Path
    notes: Mapping[str, ReleasedNote] = field(default_factory=dict)
    types: Mapping[str, ReleasedType] = field(default_factory=dict)
    decks: frozenset[str] = frozenset()
    text: str = field(default="", compare=False, repr=False)  # as it was read

    @cached_property
    def plain(self) -> frozenset[tuple[str, str, str]]:
        """The notes without a guid of their own, by name, with kind and templates: a whole file is compared with them at once."""
        return frozenset((name, note[0], note[1]) for name, note in self.notes.items() if not note[5])

    @property
    def overrides(self) -> list[tuple[str, str]]:
        """The cards of other decks that this one overrides, or once did, by their full ids, each with the language."""
        return [split_language(name) for name in self.notes if is_override(name)]

    @property
    def latest(self) -> int:
        """The latest time in it; 0 when it is empty."""
        times = {note.changed_text for note in self.notes.values()}
        return max([*map(_to_time, times), *(type.changed for type in self.types.values())], default=0)

    def spot(self, name: str) -> Spot:
        """The line of a note (`note card@language`), note type or deck."""
        return Spot(str(self.path), self._numbers.get(name, 1), 1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The numbers of its lines, by what they are about."""
        return {_name_line(line): number for number, line in enumerate(self.text.splitlines(), 1)}


def name_note(note: Note) -> str:
    """What ledgers call a note: `card@language`, or `deck/card@language` where another deck overrides it."""
    return in_language(note.full_id if note.overriding else note.card, note.type.language)


def is_override(name: str) -> bool:
    return "/" in name


def read_ledger(path: Path, files: Files, problems: list[Problem]) -> Ledger:
    """The ledger at `path`, empty where there is none; adds what is wrong with it to `problems`."""

    def report(line: int, message: str, help: str) -> None:
        problems.append(Problem(Spot(str(path), line, 1), "broken-ledger", message, help))

    restore = f"get the file back from git, as with 'git checkout -- {path.as_posix()}'"
    if not files.digest(path) and not os.path.lexists(path):
        return Ledger(path)
    if path.is_symlink():  # the next build would put a file in its place, and the other would stay as it is
        report(1, "this ledger is a link", "put the file itself there")
        return Ledger(path)
    try:
        text = files.read(path).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        report(1, "this ledger cannot be read", restore)
        return Ledger(path)
    lines = text.splitlines()
    if not lines or (lines[0] != FIRST and not lines[0].startswith("<<<<<<<")):
        if known := re.fullmatch(r"flashdeck ledger ([0-9]{1,9})", lines[0] if lines else ""):
            report(
                1,
                f"this ledger has version {known[1]}; this flashdeck reads version 1",
                "use the version of flashdeck that wrote it",
            )
        else:
            report(1, f"this ledger does not begin with '{FIRST}'", restore)
        return Ledger(path)
    if lines[-1] != LAST:
        report(len(lines), f"this ledger is truncated: its last line is not '{LAST}'", restore)
        return Ledger(path)
    found = NOTE.findall(text)
    notes = {row[0]: ReleasedNote._make(row[1:]) for row in found}
    times = {row[4] for row in found} | {row[5] for row in found}
    others = "\n".join([line for line in lines if not line.startswith("note ")])
    decks = frozenset(DECK.findall(others))
    types = {
        name: ReleasedType(digest, _to_time(changed), tuple(fields.split(",")), tuple(templates.split(",")))
        for name, digest, changed, fields, templates in TYPE.findall(others)
        if _is_time(changed)
    }
    is_complete = len(notes) + len(types) + len(decks) + 2 == len(lines)
    if not is_complete or not all(map(_is_time, times)):
        _report_lines(lines, report, restore)
    return Ledger(path, notes, types, decks, text)


def _report_lines(lines: list[str], report: Callable[[int, str, str], None], restore: str) -> None:
    """Reports which lines of a ledger are wrong, and why."""
    seen = set()
    for number, line in enumerate(lines, 1):
        if line in (FIRST, LAST):
            continue
        if re.match(r"<{7}|={7}|>{7}|\|{7}", line):
            report(
                number,
                f"'{line[:7]}' is left over from a merge",
                "delete this line; where a note has two lines, keep the later one",
            )
            continue
        name = _name_line(line)
        if name in seen:
            dated = not name.startswith("deck ")
            help = "keep the line with the later time, and delete the other" if dated else "delete one of the two lines"
            report(number, f"'{name}' is repeated", help)
        seen.add(name)
        known = any(pattern.fullmatch(line) for pattern in (NOTE, TYPE, DECK))
        if not known or not all(map(_is_time, re.findall(rf" ({TIME})(?= |$)", line))):
            report(number, "this line of the ledger cannot be read", restore)


def _name_line(line: str) -> str:
    """What a line is about: `note card@language`, `type kind@language` or a deck."""
    return line if line.startswith("deck ") else " ".join(line.split(" ", 2)[:2])


def render_ledger(ledger: Ledger) -> str:
    """The text of a ledger."""
    lines = [f"deck {name}" for name in ledger.decks]
    lines += [
        f"note {name} {kind} {templates} {digest} {first} {changed}{f' guid:{guid}' if guid else ''}"
        for name, (kind, templates, digest, first, changed, guid) in ledger.notes.items()
    ]
    for name, type in ledger.types.items():
        keys = f"{','.join(type.fields)} {','.join(type.templates)}"
        lines.append(f"type {name} {type.digest} {_to_text(type.changed)} {keys}")
    return "\n".join([FIRST, *sorted(lines), LAST]) + "\n"


def stamp(ledgers: Mapping[str, Ledger], notes: Iterable[Note], now: int) -> tuple[dict[str, Ledger], Times]:
    """The ledgers (by deck id) after a release of `notes` at the Unix time `now`, and when all of it last changed.

    What did not change keeps its time. What did gets the release's time, which is above every earlier one, even when the
    clock was put back. What is not among the notes stays as it is: it may be released another day.
    """
    # two, because what overrides is a second later than the original
    now = max(now, 2 + max((ledger.latest for ledger in ledgers.values()), default=0))
    # decks share their note types: one that another deck has released already is no change
    known = {(name, type.digest): type.changed for ledger in ledgers.values() for name, type in ledger.types.items()}
    by_deck: dict[str, list[Note]] = {id: [] for id in ledgers}
    for note in notes:
        for id in note.released_by:
            by_deck[id].append(note)
    times = Times()
    stamped = {id: _stamp_ledger(ledger, by_deck[id], known, now, times) for id, ledger in ledgers.items()}
    for guid, changed in times.overrides.items():
        # so that it wins in whatever order both are imported
        times.overrides[guid] = max(changed, 1 + times.notes.get(guid, 0))
    return stamped, times


def _stamp_ledger(ledger: Ledger, notes: list[Note], known: Mapping[tuple[str, str], int], now: int, times: Times) -> Ledger:
    new_notes, new_types = dict(ledger.notes), dict(ledger.types)
    for note in notes:
        name = name_note(note)
        old = ledger.notes.get(name)
        language = note.type.language
        guid = digest_guid(note.full_id, language, note.guid)
        templates = _to_templates(note.cards)
        changed = old.changed if old and old.digest == note.digest else now
        if not old or (note.type.kind, templates, note.digest, guid) != (old.kind, old.templates, old.digest, old.guid):
            first = old.first_text if old else _to_text(now)
            new_notes[name] = ReleasedNote(note.type.kind, templates, note.digest, first, _to_text(changed), guid)
        by_guid = times.overrides if note.overriding else times.notes
        by_guid[note.guid] = max(changed, by_guid.get(note.guid, 0))
    for type in {note.type.id: note.type for note in notes}.values():
        name, digest = in_language(type.kind, type.language), digest_type(type)
        old_type = ledger.types.get(name)
        changed = old_type.changed if old_type and old_type.digest == digest else known.get((name, digest), now)
        if old_type and old_type.digest != digest and changed <= old_type.changed:
            changed = now  # what another deck released earlier would not replace what this deck's learners have
        new_types[name] = ReleasedType(digest, changed, *(_to_keys(keys) for keys in (type.field_keys, type.template_keys)))
        times.types[type.id] = max(changed, times.types.get(type.id, 0))
    decks = ledger.decks | {note.deck for note in notes if note.cards and not note.overriding}
    return Ledger(ledger.path, new_notes, new_types, decks)


@cache
def _to_templates(cards: tuple[int, ...]) -> str:
    return ",".join(map(str, cards)) or RETIRED


def to_released_keys(type: NoteType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of the fields and templates of a note type, as ledgers have them."""
    return _to_keys(type.field_keys), _to_keys(type.template_keys)


def _to_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(",".join(keys).replace(" ", "_").split(","))


def is_released(ledgers: Mapping[str, Ledger], note: Note) -> bool:
    return any(name_note(note) in ledgers[id].notes for id in note.released_by)


def digest_guid(card: str, language: str, guid: str) -> str:
    """A digest of the guid that an author gave a card (by its full id); empty for the one that follows from its id."""
    return "" if not guid or guid == to_guid(card, language) else digest_texts(guid)


def digest_type(type: NoteType) -> str:
    return digest_texts(type.name, str(type.fields), str(type.templates), type.css)


def _is_time(text: str) -> bool:
    try:
        return 0 < _to_time(text) <= LATEST
    except ValueError:  # the thirteenth month
        return False


@cache
def _to_time(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@cache
def _to_text(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
