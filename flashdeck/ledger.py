"""flashdeck.lock: what was released, and when each note and note type last changed. Kept in git beside the sources.

Anki replaces a learner's note only by one with a later time. So what did not change must keep its time, or every release
would overwrite learners' own edits and tags; and what changed must get a later time than ever, or its correction would not
arrive. Nothing else can tell the two apart once the sources have moved on.

One line a note and note type, sorted, so that git merges it; the last line is `end`, so that a cut file shows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from flashdeck.notes import Note, NoteType
from flashdeck.problem import Problem, Spot

NAME = "flashdeck.lock"
FIRST, LAST = "flashdeck ledger 1", "end"
RETIRED = "retired"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
NOTE = re.compile(rf"note (\S+@\S+) (\S+) ([\d,]+|{RETIRED}) ([0-9a-f]{{16}}) ({TIME}) ({TIME})(?: guid:([0-9a-f]{{16}}))?")
TYPE = re.compile(rf"type (\S+@\S+) ([0-9a-f]{{16}}) ({TIME}) (\S+) (\S+)")


@dataclass(frozen=True)
class ReleasedNote:
    """What is known of a note: its kind, its cards (templates or gaps, from 0), when it was first released and last changed."""

    kind: str
    cards: tuple[int, ...]
    digest: str
    first: int  # Unix times
    changed: int
    retired: bool = False
    guid: str = ""  # a digest of the guid that its author gave it, if so


@dataclass(frozen=True)
class ReleasedType:
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
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)  # where each stands

    @property
    def latest(self) -> int:
        """The latest time in it; 0 when it is empty."""
        times = [note.changed for note in self.notes.values()] + [type.changed for type in self.types.values()]
        return max(times, default=0)

    def spot(self, name: str) -> Spot:
        """The line that tells of a note (`note card@language`), note type or deck."""
        return Spot(str(self.path), self.lines.get(name, 1), 1)


def read_ledger(path: Path, problems: list[Problem]) -> Ledger:
    """The ledger at `path`, empty where there is none; what is wrong with it is added to `problems`."""

    def tell(line: int, message: str, help: str) -> None:
        problems.append(Problem(Spot(str(path), line, 1), "broken-ledger", message, help))

    back = f"get the file back from git, as with 'git checkout -- {path.as_posix()}'"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Ledger(path)
    except (OSError, UnicodeDecodeError):
        tell(1, "this ledger cannot be read", back)
        return Ledger(path)
    lines = text.splitlines()
    if not lines or (lines[0] != FIRST and not lines[0].startswith("<<<<<<<")):
        if known := re.fullmatch(r"flashdeck ledger (\d+)", lines[0] if lines else ""):
            tell(1, f"this ledger is of version {known[1]}; this flashdeck knows version 1", "use the flashdeck that wrote it")
        else:
            tell(1, f"this ledger does not begin with '{FIRST}'", back)
        return Ledger(path)
    if lines[-1] != LAST:
        tell(len(lines), f"this ledger is cut off: its last line is not '{LAST}'", back)
        return Ledger(path)
    notes: dict[str, ReleasedNote] = {}
    types: dict[str, ReleasedType] = {}
    decks: set[str] = set()
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if line in (FIRST, LAST):
            continue
        if re.match(r"<{7}|={7}|>{7}|\|{7}", line):
            tell(number, f"'{line[:7]}' is left over from a merge", "delete this line; of two lines of one note keep the later")
            continue
        name = line if line.startswith("deck ") else " ".join(line.split(" ")[:2])
        if name in seen:
            tell(number, f"'{name}' stands here a second time", "keep the line with the later time, delete the other")
        seen[name] = number
        if found := NOTE.fullmatch(line):
            retired = found[3] == RETIRED
            cards = () if retired else tuple(map(int, found[3].split(",")))
            notes[found[1]] = ReleasedNote(
                found[2], cards, found[4], _to_time(found[5]), _to_time(found[6]), retired, found[7] or ""
            )
        elif found := TYPE.fullmatch(line):
            types[found[1]] = ReleasedType(found[2], _to_time(found[3]), tuple(found[4].split(",")), tuple(found[5].split(",")))
        elif line.startswith("deck "):
            decks.add(line.removeprefix("deck "))
        else:
            tell(number, "this line of the ledger cannot be read", back)
    return Ledger(path, notes, types, frozenset(decks), seen)


def render_ledger(ledger: Ledger) -> str:
    """The text of a ledger."""
    lines = [f"deck {name}" for name in ledger.decks]
    for name, note in ledger.notes.items():
        cards = RETIRED if note.retired else ",".join(map(str, note.cards))
        line = f"note {name} {note.kind} {cards} {note.digest} {_say(note.first)} {_say(note.changed)}"
        lines.append(f"{line} guid:{note.guid}" if note.guid else line)
    for name, type in ledger.types.items():
        keys = f"{','.join(type.fields)} {','.join(type.templates)}"
        lines.append(f"type {name} {type.digest} {_say(type.changed)} {keys}")
    return "\n".join([FIRST, *sorted(lines), LAST]) + "\n"


def stamp(ledgers: Mapping[str, Ledger], notes: Iterable[Note], now: int) -> dict[str, Ledger]:
    """The ledgers (by deck id) after a release of `notes` at the Unix time `now`.

    What did not change keeps its time. What did gets the release's time, which is above every earlier one, even when the
    clock was put back. What is not among the notes stays as it is: it may be released another day.
    """
    # two, because what a deck words otherwise is a second later than the original
    now = max(now, 2 + max((ledger.latest for ledger in ledgers.values()), default=0))
    # decks share their note types: one that another deck has released already is no change
    known = {(name, type.digest): type.changed for ledger in ledgers.values() for name, type in ledger.types.items()}
    by_deck: dict[str, list[Note]] = {id: [] for id in ledgers}
    for note in notes:
        for id in note.ledgers:
            by_deck[id].append(note)
    return {id: _stamp_one(ledger, by_deck[id], known, now) for id, ledger in ledgers.items()}


def _stamp_one(ledger: Ledger, notes: list[Note], known: Mapping[tuple[str, str], int], now: int) -> Ledger:
    new_notes, new_types = dict(ledger.notes), dict(ledger.types)
    for note in notes:
        new = ReleasedNote(
            note.type.kind,
            note.cards,
            digest(note),
            now,
            now,
            note.retired,
            digest_guid(note.card, note.type.language, note.guid),
        )
        if old := ledger.notes.get(to_name(note)):
            new = replace(new, first=old.first, changed=old.changed if old.digest == new.digest else now)
        new_notes[to_name(note)] = new
    for type in {note.type.name: note.type for note in notes}.values():
        name, text = f"{type.kind}@{type.language}", digest_type(type)
        old_type = ledger.types.get(name)
        changed = old_type.changed if old_type and old_type.digest == text else known.get((name, text), now)
        if old_type and old_type.digest != text and changed <= old_type.changed:
            changed = now  # what another deck released earlier would not replace what this deck's learners have
        keys = [tuple(key.replace(" ", "_") for key in keys) for keys in (type.field_keys, type.template_keys)]
        new_types[name] = ReleasedType(text, changed, *keys)
    decks = ledger.decks | {note.deck for note in notes if note.cards and not note.is_override}
    return Ledger(ledger.path, new_notes, new_types, decks)


def to_times(ledgers: Mapping[str, Ledger], notes: Iterable[Note]) -> dict[str | int, int]:
    """When each note (by its key) and note type (by id) last changed.

    What a deck words otherwise is a second later than the original, so that it wins in whatever order both are imported.
    """
    times: dict[str | int, int] = {}
    types: dict[tuple[tuple[str, ...], int], NoteType] = {}
    overrides = []
    for note in notes:
        types[note.ledgers, note.type.id] = note.type
        if note.is_override:
            overrides.append(note)
        else:
            times[note.guid] = ledgers[note.ledgers[0]].notes[to_name(note)].changed
    for note in overrides:
        changed = max(ledgers[id].notes[to_name(note)].changed for id in note.ledgers)
        times[note.key] = max(changed, 1 + times.get(note.guid, 0))
    for (ids, type_id), type in types.items():
        changed = max(ledgers[id].types[f"{type.kind}@{type.language}"].changed for id in ids)
        times[type_id] = max(times.get(type_id, 0), changed)
    return times


def is_released(ledgers: Mapping[str, Ledger], note: Note) -> bool:
    return any(to_name(note) in ledgers[id].notes for id in note.ledgers)


def to_name(note: Note) -> str:
    """How a ledger names a note: `card@language`, or `deck/card@language` where another deck words it otherwise."""
    return f"{note.card if note.is_override else note.card.partition('/')[2]}@{note.type.language}"


def digest(note: Note) -> str:
    """A digest of what Anki stores of a note, without its deck and its place: those never reach a learner who has it."""
    return _digest("\x1f".join(note.fields), " ".join(note.tags), str(note.type.id), str(note.cards))


def digest_guid(card: str, language: str, guid: str) -> str:
    """A digest of the guid that an author gave a card; nothing for the one that follows from its id."""
    return "" if guid == f"{card}@{language}" else _digest(guid)


def digest_type(type: NoteType) -> str:
    return _digest(type.name, str(type.fields), str(type.templates), type.css)


def _digest(*parts: str) -> str:
    return sha256("\x1e".join(parts).encode()).hexdigest()[:16]


@cache
def _to_time(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@cache
def _say(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
