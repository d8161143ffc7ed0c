"""flashdeck.lock: what was released of a deck, and when each note and note type last changed. Kept in git beside the sources.

Anki replaces a learner's note only by one with a later time. So what did not change must keep its time, or every release
would overwrite learners' own edits and tags; and what changed must get a later time than ever, or its correction would not
arrive. Nothing else can distinguish the two once the sources have moved on.

One line a note, note type, deck, release and file that kept its name, sorted, so that git merges it (`merge=union`). Where a
merge leaves two lines of one note, the one counts whose release descends from that of the other. The last line is `end`, so
that a cut file shows.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple, TypeVar

from flashdeck.anki.identity import in_language, split_full_id, split_language, to_full_id, to_guid
from flashdeck.anki.note import CONTENT_DIGEST, Note, NoteType, digest_texts, shared_type_id
from flashdeck.build.link import TypeKey
from flashdeck.build.unit import RETIRED
from flashdeck.diagnostics.problem import Problem, Spot
from flashdeck.sources.files import Files
from flashdeck.sources.values import ID as VALID_ID
from flashdeck.sources.values import LATEST

NAME = "flashdeck.lock"
UNKNOWN = "0" * 12  # in place of a digest
FIRST, LAST = "flashdeck ledger 2", "end"
FIRST_1 = "flashdeck ledger 1"  # the format before there were releases: one digest a note, of its tags too
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
NUMBERS = "[0-9]{1,3}(?:,[0-9]{1,3})*"  # of templates, or gaps
DIGEST, CONTENT, SHORT = "[0-9a-f]{16}", "[0-9a-f]{12}", "[0-9a-f]{8}"
NOTE = re.compile(
    rf"^note (\S+@\S+) (\S+) ({NUMBERS}|{RETIRED}) ({CONTENT}) ({CONTENT}) ({SHORT}) ({SHORT}) ({TIME}) ({TIME})"
    rf"(?: restored:({TIME}))?(?: gaps:([0-9a-f=,]+))?(?: guid:({DIGEST}))?$",
    re.M,
)
NOTE_1 = re.compile(rf"^note (\S+@\S+) (\S+) ({NUMBERS}|{RETIRED}) ({DIGEST}) ({TIME}) ({TIME})(?: guid:({DIGEST}))?$", re.M)
TYPE = re.compile(rf"^type (\S+@\S+) (-?[0-9]{{1,19}}) ({CONTENT}) ({CONTENT}) ({TIME}) (\S+) (\S+)$", re.M)
TYPE_1 = re.compile(rf"^type (\S+@\S+) ({DIGEST}) ({TIME}) (\S+) (\S+)$", re.M)
DECK = re.compile(rf"^deck ({SHORT}) (.*)$", re.M)
DECK_1 = re.compile(r"^deck (.*)$", re.M)
RELEASE = re.compile(rf"^release ({TIME}) after (-|{TIME}(?:,{TIME})*)(?: (.*))?$", re.M)
FILE = re.compile(rf"^file ({CONTENT}) (\S.*)$", re.M)  # in Anki under its own name, as learners have it from elsewhere
PENDING = re.compile(rf"^pending ({TIME})$", re.M)
ID = re.compile(r"^id (\S+)$", re.M)
COURSE = re.compile(r"^course (\S+)$", re.M)
MOVED = re.compile(r"^moved (\S+@\S+) (\S+/\S+)$", re.M)
# A note type of the first edition of a kind, of the ledger's own deck, is simply called `kind@language`.
TYPE_NAME = re.compile(rf"(?:({VALID_ID.pattern}):)?(.*?)(?:~([1-9][0-9]?))?@([^@]*)")


class ReleasedNote(NamedTuple):
    """What is known of a note, as text from its line after its name: most did not change, and their times are never needed."""

    kind: str
    templates: str  # their numbers (of a cloze: the gaps, from 0) with commas, or RETIRED
    source: str  # a digest of what its author typed; UNKNOWN in format 1, and where two branches released different ones
    digest: (
        str  # of what its learners see; where `source` is empty, of format 1, or empty where two branches released different ones
    )
    tags: str  # a digest of its own tags
    deck: str  # a digest of the name of its deck in Anki
    first_text: str  # when it was first released, in ISO 8601
    changed_text: str
    restored: str  # when it was last brought back after it was retired, if so
    gaps: str  # where it has several, the number of each with a digest of its text
    guid: str  # a digest of the guid that its author gave it, if so

    @property
    def cards(self) -> tuple[int, ...]:
        return () if self.templates == RETIRED else tuple(map(int, self.templates.split(",")))

    @property
    def first(self) -> int:
        """When it was first released, as a Unix time."""
        return to_time(self.first_text)

    @property
    def changed(self) -> int:
        """When it last changed, as a Unix time."""
        return to_time(self.changed_text)


class ReleasedType(NamedTuple):
    """What is known of a note type: the keys of its fields and templates can never change."""

    id: int
    source: str  # a digest of what its author typed; UNKNOWN in format 1, and where two branches released different ones
    digest: str  # UNKNOWN where two branches released different ones
    changed_text: str
    fields: tuple[str, ...]
    templates: tuple[str, ...]

    @property
    def changed(self) -> int:
        """When it last changed, as a Unix time."""
        return to_time(self.changed_text)


class PastRelease(NamedTuple):
    """A release: the releases that it comes after (several where branches were merged), as times, and its title."""

    after: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Ledger:
    """The ledger of one deck: notes by `card@language`, note types by `kind@language`, names of decks in Anki by their digest."""

    path: Path
    deck_id: str = ""
    notes: Mapping[str, ReleasedNote] = field(default_factory=dict)
    types: Mapping[str, ReleasedType] = field(default_factory=dict)
    decks: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, PastRelease] = field(default_factory=dict)  # by time, in ISO 8601
    files: Mapping[str, str] = field(default_factory=dict)  # digests of media that learners have under their own names
    pending: frozenset[str] = frozenset()  # the times of releases whose packages may not all have been written
    courses: frozenset[str] = frozenset()  # their ids
    moved: Mapping[str, str] = field(default_factory=dict)  # notes that left: the full id of the card of each, by its name here
    text: str = field(default="", compare=False, repr=False)  # as it was read

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the deck was ever released."""
        return not self.notes and not self.types

    @cached_property
    def plain(self) -> frozenset[tuple[str, str, str, str]]:
        """The notes without a guid of their own, by name, with kind, templates and gaps: a whole file is compared at once."""
        return frozenset((name, note.kind, note.templates, note.gaps) for name, note in self.notes.items() if not note.guid)

    @property
    def overrides(self) -> list[tuple[str, str]]:
        """The cards of other decks that this one overrides, or once did, by their full ids, each with the language."""
        return [split_language(name) for name in self.notes if is_override(name)]

    @property
    def latest(self) -> int:
        """The latest time in it; 0 when it is empty."""
        times = {note.changed_text for note in self.notes.values()} | {type.changed_text for type in self.types.values()}
        return max(map(to_time, times | self.releases.keys()), default=0)

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The releases that no other comes after: several where branches were merged."""
        followed = {time for release in self.releases.values() for time in release.after}
        return tuple(sorted(self.releases.keys() - followed))

    @cached_property
    def completed(self) -> tuple[str, ...]:
        """The releases, the latest first, whose packages were all written and that all heads come after or are."""
        common = [self.releases.keys()] if not self.heads else [self.ancestors(head) | {head} for head in self.heads]
        shared = set(common[0]).intersection(*common)
        return tuple(sorted(shared - self.pending, reverse=True))

    def complete(self) -> "Ledger":
        """The ledger once all packages of its releases are written."""
        return replace(self, pending=frozenset())

    def ancestors(self, time: str) -> frozenset[str]:
        """The releases before one."""
        if time not in self._ancestors:
            found: set[str] = set()
            waiting = [time]
            while waiting:
                for earlier in self.releases[waiting.pop()].after:
                    if earlier not in found and earlier in self.releases:
                        found.add(earlier)
                        waiting.append(earlier)
            self._ancestors[time] = frozenset(found)
        return self._ancestors[time]

    @cached_property
    def _ancestors(self) -> dict[str, frozenset[str]]:
        return {}

    def descends(self, later: str, earlier: str) -> bool:
        """Whether what changed at one time was released by somebody who had what changed at another."""
        if later not in self.releases or earlier not in self.releases:  # of before there were releases
            return later in self.releases or (earlier not in self.releases and later > earlier)
        return earlier in self.ancestors(later)

    def is_after(self, time: str, release: str) -> bool:
        """Whether what changed at a time is new to who has only a release (of this deck, or of another one at that time)."""
        if release in self.releases:
            return time != release and not self.descends(release, time)
        return time > release

    def full_id(self, name: str) -> str:
        """The full id of the card of a note."""
        return to_full_id(self.deck_id, split_language(name)[0])

    def spot(self, name: str) -> Spot:
        """The line of a note (`note card@language`), note type or deck (`deck NAME`)."""
        return Spot(str(self.path), self._numbers.get(name, 1), 1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The numbers of its lines, by what they are about."""
        return {_name_line(line): number for number, line in enumerate(self.text.splitlines(), 1)}


def name_note(note: Note) -> str:
    """What ledgers call a note: `card@language`, or `deck/card@language` where another deck overrides it."""
    return in_language(note.full_id if note.overriding else note.card, note.type.language)


def name_type(type: NoteType, deck_id: str) -> str:
    """What the ledger of a deck calls a note type: `kind@language`, of a later edition of the kind `kind~2@language`, and of a
    card that came from another deck folder, which keeps the note type of that, `deck:kind@language`.
    """
    return in_language(f"{type.deck}:" * (type.deck != deck_id) + to_edition(type), type.language)


def to_edition(type: NoteType) -> str:
    """The kind of a note type, as ledgers have it: `kind`, or of a later edition `kind~2`."""
    return type.kind if type.edition == 1 else f"{type.kind}~{type.edition}"


def split_type(name: str, deck_id: str) -> TypeKey:
    """What the note type is of which the ledger of a deck has this name."""
    found = TYPE_NAME.fullmatch(name)
    assert found, name  # the pattern of a line is narrower
    return TypeKey(found[2], found[4], found[1] or deck_id, int(found[3] or 1))


def is_override(name: str) -> bool:
    return "/" in name


def read_ledger(path: Path, deck_id: str, files: Files, problems: list[Problem]) -> Ledger:
    """The ledger at `path` of a deck, empty where there is none; adds what is wrong with it to `problems`."""

    def report(line: int, message: str, help: str) -> None:
        problems.append(Problem(Spot(str(path), line, 1), "broken-ledger", message, help))

    empty = Ledger(path, deck_id)
    restore = f"get the file back from git, as with 'git checkout -- {path.as_posix()}'"
    if not files.digest(path) and not os.path.lexists(path):
        return empty
    if path.is_symlink():  # the next release would put a file in its place, and the other would stay as it is
        report(1, "this ledger is a link", "put the file itself there")
        return empty
    try:
        text = files.read(path).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        report(1, "this ledger cannot be read", restore)
        return empty
    lines = text.splitlines()
    first = next((line for line in lines if not _is_left_over(line)), "")
    if first not in (FIRST, FIRST_1):
        if known := re.fullmatch(r"flashdeck ledger ([0-9]{1,9})", first):
            help = "use the version of flashdeck that wrote it"
            report(1, f"this ledger has version {known[1]}; this flashdeck reads versions 1 and 2", help)
        else:
            report(1, f"this ledger does not begin with '{FIRST}'", restore)
        return empty
    if lines[-1] != LAST:
        report(len(lines), f"this ledger is truncated: its last line is not '{LAST}'", restore)
        return empty
    try:
        ledger, known_lines = _parse(path, deck_id, text, lines)
    except ValueError:  # a time that does not exist
        _report_lines(lines, report, restore)
        return empty
    if known_lines != len(lines):
        _report_lines(lines, report, restore)
    ids = {*ID.findall(text)}
    if ids - {deck_id}:
        other = min(ids - {deck_id})
        message = f"this ledger is of the deck '{other}', and this deck is '{deck_id}'"
        help = f"if the folder was copied, delete this file; else give the deck its id '{other}' back"
        problems.append(Problem(ledger.spot(f"id {other}"), "foreign-ledger", message, help))
        return empty
    return ledger


def _parse(path: Path, deck_id: str, text: str, lines: list[str]) -> tuple[Ledger, int]:
    """A ledger, and how many of its lines were understood. Raises ValueError for a time that does not exist."""
    others = "\n".join([line for line in lines if not line.startswith("note ")])
    releases = {
        time: PastRelease(() if after == "-" else tuple(after.split(",")), title)
        for time, after, title in RELEASE.findall(others)
    }
    is_old = lines[0] == FIRST_1
    if is_old:
        note_rows = [
            (name, kind, templates, UNKNOWN, digest, UNKNOWN[:8], UNKNOWN[:8], first, changed, "", "", guid)
            for name, kind, templates, digest, first, changed, guid in NOTE_1.findall(text)
        ]
        type_rows = [(name, str(shared_type_id(*split_language(name))), UNKNOWN, *rest) for name, *rest in TYPE_1.findall(others)]
        deck_rows = [(to_short(name), name) for name in DECK_1.findall(others)]
    else:
        note_rows, type_rows, deck_rows = NOTE.findall(text), TYPE.findall(others), DECK.findall(others)
    for time in {row[7] for row in note_rows} | {row[8] for row in note_rows} | {row[-3] for row in type_rows} | releases.keys():
        to_time(time)
    pending, courses, moved, files = (pattern.findall(others) for pattern in (PENDING, COURSE, MOVED, FILE))
    known_files = {name: digest for digest, name in files}
    graph = Ledger(path, deck_id, releases=releases)
    notes = _merge(((row[0], ReleasedNote._make(row[1:])) for row in note_rows), graph)
    types = _merge(
        (
            (name, ReleasedType(int(id), source, digest, changed, tuple(fields.split(",")), tuple(templates.split(","))))
            for name, id, source, digest, changed, fields, templates in type_rows
        ),
        graph,
    )
    others_known = known_files, frozenset(pending), frozenset(courses), dict(moved)
    ledger = Ledger(path, deck_id, notes, types, dict(deck_rows), releases, *others_known, text)
    heads = sum(line in (FIRST, FIRST_1, LAST) for line in lines)
    counted = (note_rows, type_rows, deck_rows, pending, courses, moved, files, RELEASE.findall(others), ID.findall(others))
    return ledger, sum(map(len, counted)) + heads


Entry = TypeVar("Entry", ReleasedNote, ReleasedType)


def _merge(rows: Iterable[tuple[str, Entry]], graph: Ledger) -> dict[str, Entry]:
    """The entries by name. Of two lines of one name, as merges leave them, the one counts that was released knowing the other."""
    found: dict[str, Entry] = {}
    for name, entry in rows:
        other = found.get(name)
        found[name] = entry if other is None else _choose(entry, other, graph)
    return found


def _choose(one: Entry, other: Entry, graph: Ledger) -> Entry:
    later, earlier = (one, other) if one.changed_text >= other.changed_text else (other, one)
    if graph.descends(later.changed_text, earlier.changed_text):
        chosen = later
    elif graph.descends(earlier.changed_text, later.changed_text):
        chosen = earlier
    elif (one.source, one.digest) == (other.source, other.digest):
        chosen = earlier  # the content is the same: nobody's edits need to be overwritten
    else:  # some learners have one and some the other, so the next release has to be later than both
        chosen = later._replace(source=UNKNOWN, digest=UNKNOWN)
    if isinstance(chosen, ReleasedNote) and isinstance(one, ReleasedNote) and isinstance(other, ReleasedNote):
        return chosen._replace(first_text=min(one.first_text, other.first_text))
    return chosen


def _is_left_over(line: str) -> bool:
    """Whether a line is git's, of a merge that was not finished."""
    return bool(re.match(r"<{7}|={7}|>{7}|\|{7}", line))


def parse_ledgers(text: str) -> list[Ledger]:
    """The ledgers in a text, one after the other, as packages carry them; without those that cannot be read."""
    found = []
    for part in re.findall(rf"^{FIRST}\n.*?^{LAST}$", text, re.M | re.S):
        lines = part.splitlines()
        try:
            ledger, known = _parse(Path(NAME), next(iter(ID.findall(part)), ""), part, lines)
        except ValueError:
            continue
        if known == len(lines) and ledger.deck_id:
            found.append(ledger)
    return found


def merge_ledgers(ledgers: Sequence[Ledger]) -> Ledger:
    """One ledger of several of the same deck, as packages of its languages and courses carry them."""
    graph = Ledger(Path(NAME), releases={time: release for one in ledgers for time, release in one.releases.items()})
    return Ledger(
        ledgers[0].path,
        ledgers[0].deck_id,
        _merge((pair for one in ledgers for pair in one.notes.items()), graph),
        _merge((pair for one in ledgers for pair in one.types.items()), graph),
        {digest: name for one in ledgers for digest, name in one.decks.items()},
        graph.releases,
        {name: digest for one in ledgers for name, digest in one.files.items()},
        courses=frozenset().union(*(one.courses for one in ledgers)),
        moved={name: card for one in ledgers for name, card in one.moved.items()},
    )


def _report_lines(lines: list[str], report: Callable[[int, str, str], None], restore: str) -> None:
    """Reports which lines of a ledger are wrong, and why."""
    patterns = (NOTE_1, TYPE_1, DECK_1) if FIRST_1 in lines else (NOTE, TYPE, DECK, RELEASE, FILE, PENDING, ID, COURSE, MOVED)
    for number, line in enumerate(lines, 1):
        if line in (FIRST, FIRST_1, LAST):
            continue
        if _is_left_over(line):
            help = (
                "delete this line and keep what stands around it: of two lines of one note, flashdeck finds the one that counts"
            )
            report(number, f"'{line[:7]}' is left over from a merge", help)
        elif not any(pattern.fullmatch(line) for pattern in patterns) or not all(map(_is_time, re.findall(rf"\b{TIME}", line))):
            report(number, "this line of the ledger cannot be read", restore)


def _name_line(line: str) -> str:
    """What a line is about: `note card@language`, `type kind@language` or a deck."""
    if line.startswith("deck "):
        return f"deck {line.split(' ', 2)[-1]}" if re.match(rf"deck {SHORT} ", line) else line
    return " ".join(line.split(" ", 2)[:2])


def render_ledger(ledger: Ledger) -> str:
    """The text of a ledger."""
    lines = [f"id {ledger.deck_id}", *(f"pending {time}" for time in ledger.pending)]
    lines += [f"course {id}" for id in ledger.courses]
    lines += [f"moved {name} {card}" for name, card in ledger.moved.items()]
    lines += [f"deck {digest} {name}" for digest, name in ledger.decks.items()]
    lines += [f"file {digest} {name}" for name, digest in ledger.files.items()]
    lines += [render_note(name, note) for name, note in ledger.notes.items()]
    lines += [
        f"type {name} {id} {source} {digest} {changed} {','.join(fields)} {','.join(templates)}"
        for name, (id, source, digest, changed, fields, templates) in ledger.types.items()
    ]
    lines += [
        f"release {time} after {','.join(after) or '-'} {title}".rstrip() for time, (after, title) in ledger.releases.items()
    ]
    return "\n".join([FIRST, *sorted(lines), LAST]) + "\n"


def render_note(name: str, note: ReleasedNote) -> str:
    """The line of a note."""
    kind, templates, source, digest, tags, deck, first, changed, restored, gaps, guid = note
    line = f"note {name} {kind} {templates} {source} {digest[:CONTENT_DIGEST]} {tags} {deck} {first} {changed}"
    if restored:
        line += f" restored:{restored}"
    if gaps:
        line += f" gaps:{gaps}"
    return f"{line} guid:{guid}" if guid else line


def select_lines(ledger: Ledger, notes: Iterable[Note]) -> Ledger:
    """What a ledger says of some notes, their types and decks: what their package carries."""
    notes = list(notes)
    names = {name_note(note): note for note in notes if ledger.deck_id in note.released_by}
    entries = {name: entry for name in names if (entry := ledger.notes.get(name))}
    types = {name_type(note.type, ledger.deck_id) for note in notes if note.deck_id == ledger.deck_id}
    decks = {entry.deck for entry in entries.values()}
    shown = {file.path.name for note in notes for file in (*note.media, *note.type.media)}
    return replace(
        ledger,
        notes=entries,
        types={name: type for name, type in ledger.types.items() if name in types},
        decks={digest: name for digest, name in ledger.decks.items() if digest in decks},
        files={name: digest for name, digest in ledger.files.items() if name in shown},
        pending=frozenset(),
    )


def find_type_ids(ledgers: Iterable[Ledger]) -> dict[TypeKey, int]:
    """The ids of released note types."""
    return {split_type(name, ledger.deck_id): type.id for ledger in ledgers for name, type in ledger.types.items()}


def find_editions(ledgers: Iterable[Ledger]) -> dict[str, int]:
    """The edition of its kind in which each note was released, by `deck/card@language`."""
    return {f"{ledger.deck_id}/{name}": find_edition(note) for ledger in ledgers for name, note in ledger.notes.items()}


def find_edition(note: ReleasedNote) -> int:
    """The edition of its kind in which a note was released."""
    return int(note.kind.rpartition("~")[2]) if "~" in note.kind else 1


class Released(NamedTuple):
    """What learners have of a note: its line, and in which ledger and under which name that is."""

    ledger: Ledger
    name: str
    note: ReleasedNote


def find_lines(ledgers: Mapping[str, Ledger], places: Sequence[tuple[str, str]]) -> list[Released]:
    """The lines of one note: at some places (decks, and names in their ledgers), and where the ledgers there say that it went."""
    found: list[Released] = []
    waiting, seen = [*places], set[tuple[str, str]]()
    while waiting:
        id, name = place = waiting.pop(0)
        ledger = ledgers.get(id)
        if not ledger or place in seen:
            continue
        seen.add(place)
        if note := ledger.notes.get(name):
            found.append(Released(ledger, name, note))
        if name in ledger.moved:
            id, card = split_full_id(ledger.moved[name])
            waiting.append((id, in_language(card, split_language(name)[1])))
    return found


def find_released(ledgers: Mapping[str, Ledger], deck: str, note: Note) -> list[Released]:
    """What learners of a deck have of a note: its line there, and those that it left elsewhere when its card was moved."""
    places = [(deck, name_note(note))]
    if note.origin:
        origin = in_language(note.origin, note.type.language)
        places.append((deck, origin) if note.overriding else split_full_id(origin))
    return find_lines(ledgers, places)


def to_released_keys(type: NoteType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of the fields and templates of a note type, as ledgers have them."""
    return to_keys(type.field_keys), to_keys(type.template_keys)


def to_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(",".join(keys).replace(" ", "_").split(","))


def is_released(ledgers: Mapping[str, Ledger], note: Note) -> bool:
    return any(find_released(ledgers, id, note) for id in note.released_by)


def digest_guid(card: str, language: str, guid: str) -> str:
    """A digest of the guid that an author gave a card (by its full id); empty for the one that follows from its id."""
    return "" if not guid or guid == to_guid(card, language) else digest_texts(guid)


@cache
def to_short(text: str) -> str:
    """A short digest of a name or of some tags."""
    return digest_texts(text)[:8]


def digest_type(type: NoteType) -> str:
    """A digest of a note type; format 1 has four characters more of it."""
    settings = (type.settings, type.field_settings, type.template_settings)
    texts = (type.name, str(type.fields), str(type.templates), type.css, *([str(settings)] if any(settings) else []))
    return digest_texts(*texts)[: len(UNKNOWN)]


def _is_time(text: str) -> bool:
    try:
        return bool(to_time(text))
    except ValueError:
        return False


@cache
def to_time(text: str) -> int:
    """A Unix time. Raises ValueError for one that does not exist (of the thirteenth month), or that no release can have."""
    time = int(datetime.fromisoformat(text).timestamp())
    if not 0 < time <= LATEST:
        raise ValueError(text)
    return time


@cache
def to_text(time: int) -> str:
    """A Unix time in ISO 8601."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
