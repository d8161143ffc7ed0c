"""flashdeck.lock: what was released, and when each note and note type last changed. Kept in git beside the sources.

Anki replaces a learner's note only by one with a later time. So what did not change must keep its time, or every release
would overwrite learners' own edits and tags; and what changed must get a later time than ever, or its correction would not
arrive. Nothing else can tell the two apart once the sources have moved on.

One line a note and note type, sorted, so that git merges it; the last line is `end`, so that a cut file shows.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.note import NO_CARDS, Note, NoteType, to_digest
from flashdeck.diagnostics.problem import Problem, Spot

NAME = "flashdeck.lock"
FIRST, LAST = "flashdeck ledger 1", "end"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
DIGEST = "[0-9a-f]{16}"
NOTE = re.compile(rf"^note (\S+@\S+) (\S+ (?:[\d,]+|{NO_CARDS}) {DIGEST} ({TIME}) ({TIME})(?: guid:{DIGEST})?)$", re.M)
TYPE = re.compile(rf"^type (\S+@\S+) ({DIGEST}) ({TIME}) (\S+) (\S+)$", re.M)
DECK = re.compile(r"^deck (.*)$", re.M)


class ReleasedNote(NamedTuple):
    """What is known of a note: its kind, its cards (templates or gaps, from 0), when it was first released and last changed."""

    kind: str
    cards: tuple[int, ...]
    digest: str
    first: int  # Unix times
    changed: int
    retired: bool
    guid: str  # a digest of the guid that its author gave it, if so


class ReleasedType(NamedTuple):
    """What is known of a note type: the keys of its fields and templates can only grow at the end."""

    digest: str
    changed: int
    fields: tuple[str, ...]
    templates: tuple[str, ...]


@dataclass(frozen=True)
class Ledger:
    """The ledger of one deck: notes by `card@language`, note types by `kind@language`, and the names of decks in Anki.

    Of a note it keeps what its line says after its name: most notes did not change, and then nobody asks for more.
    """

    path: Path
    lines: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, ReleasedType] = field(default_factory=dict)
    decks: frozenset[str] = frozenset()
    text: str = field(default="", compare=False, repr=False)  # as it was read

    @cached_property
    def notes(self) -> dict[str, ReleasedNote]:
        return {name: to_released(line) for name, line in self.lines.items()}

    @property
    def overrides(self) -> list[str]:
        """The names of the notes of other decks that this one words otherwise, or once did: `deck/card@language`."""
        return [name for name in self.lines if "/" in name]

    @property
    def latest(self) -> int:
        """The latest time in it; 0 when it is empty."""
        times = {line.split(" ", 5)[4] for line in self.lines.values()}
        return max([*map(_to_time, times), *(type.changed for type in self.types.values())], default=0)

    def spot(self, name: str) -> Spot:
        """The line that tells of a note (`note card@language`), note type or deck."""
        return Spot(str(self.path), self._numbers.get(name, 1), 1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The numbers of its lines, by what they tell of."""
        return {_name_line(line): number for number, line in enumerate(self.text.splitlines(), 1)}


def to_released(line: str) -> ReleasedNote:
    """What the line of a note says, after its name."""
    kind, cards, digest, first, changed, *guid = line.split(" ")
    own = guid[0].removeprefix("guid:") if guid else ""
    return ReleasedNote(kind, to_cards(cards), digest, _to_time(first), _to_time(changed), cards == NO_CARDS, own)


def to_cards(text: str) -> tuple[int, ...]:
    """The cards of a note as its line says them."""
    return () if text == NO_CARDS else tuple(map(int, text.split(",")))


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
    found = NOTE.findall(text)
    notes = {name: line for name, line, _, _ in found}
    times = {time for _, _, *both in found for time in both}
    others = "\n".join([line for line in lines if not line.startswith("note ")])
    decks = frozenset(DECK.findall(others))
    types = {
        name: ReleasedType(digest, _to_time(changed), tuple(fields.split(",")), tuple(templates.split(",")))
        for name, digest, changed, fields, templates in TYPE.findall(others)
        if _is_time(changed)
    }
    whole = len(notes) + len(types) + len(decks) + 2 == len(lines)
    if not whole or not all(map(_is_time, times)):
        _tell_lines(lines, tell, back)
    return Ledger(path, notes, types, decks, text)


def _tell_lines(lines: list[str], tell: Callable[[int, str, str], None], back: str) -> None:
    """Tells which lines of a ledger are wrong, and why."""
    seen = set()
    for number, line in enumerate(lines, 1):
        if line in (FIRST, LAST):
            continue
        if re.match(r"<{7}|={7}|>{7}|\|{7}", line):
            tell(number, f"'{line[:7]}' is left over from a merge", "delete this line; of two lines of one note keep the later")
            continue
        name = _name_line(line)
        if name in seen:
            tell(number, f"'{name}' stands here a second time", "keep the line with the later time, delete the other")
        seen.add(name)
        known = any(one.fullmatch(line) for one in (NOTE, TYPE, DECK))
        if not known or not all(map(_is_time, re.findall(rf" ({TIME})(?= |$)", line))):
            tell(number, "this line of the ledger cannot be read", back)


def _name_line(line: str) -> str:
    """What a line tells of: `note card@language`, `type kind@language` or a deck."""
    return line if line.startswith("deck ") else " ".join(line.split(" ", 2)[:2])


def render_ledger(ledger: Ledger) -> str:
    """The text of a ledger."""
    lines = [f"deck {name}" for name in ledger.decks]
    lines += [f"note {name} {line}" for name, line in ledger.lines.items()]
    for name, type in ledger.types.items():
        keys = f"{','.join(type.fields)} {','.join(type.templates)}"
        lines.append(f"type {name} {type.digest} {_say(type.changed)} {keys}")
    return "\n".join([FIRST, *sorted(lines), LAST]) + "\n"


def stamp(ledgers: Mapping[str, Ledger], notes: Iterable[Note], now: int) -> tuple[dict[str, Ledger], dict[str | int, int]]:
    """The ledgers (by deck id) after a release of `notes` at the Unix time `now`, and when all of it last changed.

    What did not change keeps its time. What did gets the release's time, which is above every earlier one, even when the
    clock was put back. What is not among the notes stays as it is: it may be released another day. The times are those of
    each note (by its key) and note type (by its id).
    """
    # two, because what a deck words otherwise is a second later than the original
    now = max(now, 2 + max((ledger.latest for ledger in ledgers.values()), default=0))
    # decks share their note types: one that another deck has released already is no change
    known = {(name, type.digest): type.changed for ledger in ledgers.values() for name, type in ledger.types.items()}
    by_deck: dict[str, list[Note]] = {id: [] for id in ledgers}
    for note in notes:
        for id in note.ledgers:
            by_deck[id].append(note)
    times: dict[str | int, int] = {}
    stamped = {id: _stamp_one(ledger, by_deck[id], known, now, times) for id, ledger in ledgers.items()}
    for override in {note.key: note for some in by_deck.values() for note in some if note.is_override}.values():
        # so that it wins in whatever order both are imported
        times[override.key] = max(times[override.key], 1 + times.get(override.guid, 0))
    return stamped, times


def _stamp_one(
    ledger: Ledger, notes: list[Note], known: Mapping[tuple[str, str], int], now: int, times: dict[str | int, int]
) -> Ledger:
    lines, new_types = dict(ledger.lines), dict(ledger.types)
    for note in notes:
        guid = digest_guid(note.card, note.type.language, note.guid)
        ends = f" guid:{guid}" if guid else ""
        line = lines.get(note.name, "")
        if line.startswith(note.line) and line.endswith(ends or "Z"):
            changed = _to_time(line.split(" ", 5)[4])
        else:
            old = to_released(line) if line else None
            changed = old.changed if old and old.digest == note.digest else now
            lines[note.name] = f"{note.line} {_say(old.first if old else now)} {_say(changed)}{ends}"
        key = note.key
        times[key] = max(changed, times[key]) if key in times else changed
    for type in {note.type.id: note.type for note in notes}.values():
        name, text = f"{type.kind}@{type.language}", digest_type(type)
        old_type = ledger.types.get(name)
        changed = old_type.changed if old_type and old_type.digest == text else known.get((name, text), now)
        if old_type and old_type.digest != text and changed <= old_type.changed:
            changed = now  # what another deck released earlier would not replace what this deck's learners have
        keys = [tuple(key.replace(" ", "_") for key in keys) for keys in (type.field_keys, type.template_keys)]
        new_types[name] = ReleasedType(text, changed, *keys)
        times[type.id] = max(changed, times.get(type.id, 0))
    decks = ledger.decks | {note.deck for note in notes if note.cards and not note.is_override}
    return Ledger(ledger.path, lines, new_types, decks)


def is_released(ledgers: Mapping[str, Ledger], note: Note) -> bool:
    return any(note.name in ledgers[id].lines for id in note.ledgers)


def digest_guid(card: str, language: str, guid: str) -> str:
    """A digest of the guid that an author gave a card; nothing for the one that follows from its id."""
    return "" if guid == f"{card}@{language}" else to_digest(guid)


def digest_type(type: NoteType) -> str:
    return to_digest(type.name, str(type.fields), str(type.templates), type.css)


def _is_time(text: str) -> bool:
    try:
        return bool(_to_time(text))
    except ValueError:  # the thirteenth month
        return False


@cache
def _to_time(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@cache
def _say(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
