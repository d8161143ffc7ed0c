"""What a release changes for those who have the one before, and when each note and note type last changed. Pure.

A note changed when what its author typed is different *and* what its learners see is. Another rendering by a newer flashdeck,
a course that a note joins, a tag: none of them is worth a learner's own words. They wait until the author corrects the note, or
asks for them. A line of the ledger is written anew only when its time moves, so that nothing is taken for sent that was not.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache

from flashdeck.anki.identity import is_reserved_tag
from flashdeck.anki.note import BUILT_IN, Note, NoteType, Times, digest_texts
from flashdeck.build.unit import RETIRED
from flashdeck.release.ledger import (
    UNKNOWN,
    Ledger,
    PastRelease,
    Released,
    ReleasedNote,
    ReleasedType,
    digest_guid,
    digest_type,
    find_released,
    name_note,
    name_type,
    to_edition,
    to_released_keys,
    to_short,
    to_text,
    to_time,
)


@dataclass(frozen=True)
class Wish:
    """What a release sends besides corrections."""

    with_tags: bool = False  # changes of tags alone
    rerender: bool = False  # what this flashdeck renders otherwise than the one that released it
    over: Mapping[str, str] = field(default_factory=dict)  # the fields of notes that somebody else released, by guid


CORRECTIONS = Wish()  # and nothing else


@dataclass(frozen=True)
class Delta:
    """What a release changes in one deck, for those who have the one before."""

    new: list[Note] = field(default_factory=list)
    changed: list[Note] = field(default_factory=list)
    retired: list[Note] = field(default_factory=list)
    restored: list[Note] = field(default_factory=list)  # brought back after they were retired
    moved: list[tuple[Note, str]] = field(default_factory=list)  # with the deck in Anki in which its learners keep it
    taken: list[Note] = field(default_factory=list)  # from another deck folder, or another id
    left: dict[str, str] = field(default_factory=dict)  # what others took: the full id of the card now, by name
    types: list[NoteType] = field(default_factory=list)  # note types with another look
    courses: list[str] = field(default_factory=list)  # the ids of new ones
    # what waits for the next correction
    tagged: list[Note] = field(default_factory=list)
    rendered: list[Note] = field(default_factory=list)
    rendered_types: list[NoteType] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to release."""
        return not (self.changes_notes or self.taken or self.left or self.types or self.courses)

    @property
    def changes_notes(self) -> bool:
        """Whether learners see something else of a note."""
        return bool(self.new or self.changed or self.retired or self.restored or self.moved)


def find_made(ledger: Ledger, times: Set[str], notes: Iterable[Note]) -> Delta:
    """What the releases at some times changed; where cards were before is not known any more."""
    delta = Delta()
    for note in notes:
        entry = ledger.notes.get(name_note(note)) if ledger.deck_id in note.released_by else None
        if entry and entry.changed_text in times:
            if entry.first_text in times:
                delta.new.append(note)
            elif note.retired:
                delta.retired.append(note)
            else:
                (delta.restored if entry.restored in times else delta.changed).append(note)
    return delta


@dataclass(frozen=True)
class Stamped:
    """What ledgers hold after a release, when all of it last changed, and what the release changes, by deck id."""

    ledgers: dict[str, Ledger]
    times: Times
    deltas: dict[str, Delta]


def stamp(
    ledgers: Mapping[str, Ledger],
    notes: Iterable[Note],
    now: int,
    wish: Wish,
    title: str = "",
    courses: Mapping[str, Set[str]] | None = None,
) -> Stamped:
    """What a release of `notes` at the Unix time `now`, which is later than all in the ledgers, makes of them; `courses` are the
    ids of those that each deck has.

    What is not among the notes stays as it is: it may be released another day. A ledger of which nothing changed stays the same.
    """
    new_notes = {id: dict(ledger.notes) for id, ledger in ledgers.items()}
    types: dict[str, dict[tuple[int, str], NoteType]] = {id: {} for id in ledgers}
    deltas, times = {id: Delta() for id in ledgers}, Times()
    corrected: set[str] = set()  # the guids of originals that changed: what overrides them has to be later again
    notes = [*notes]
    for note in [*(note for note in notes if not note.overriding), *(note for note in notes if note.overriding)]:
        name = name_note(note)
        for id in note.released_by:
            delta, old, decks = deltas[id], ledgers[id].notes.get(name), ledgers[id].decks
            was_moved = note.origin or name in ledgers[id].moved
            if was_moved:
                lines = find_released(ledgers, id, note)
                old, decks = _choose(lines), {digest: deck for line in lines for digest, deck in line.ledger.decks.items()}
                for line in lines:
                    if (line.ledger.deck_id, line.name) != (id, name):
                        del new_notes[line.ledger.deck_id][line.name]
                        deltas[line.ledger.deck_id].left[line.name] = note.full_id
                        delta.taken.append(note)
            change = _classify(note, old, wish, corrected)
            entry = _to_entry(note, old, change, now)
            if was_moved:
                entry = entry._replace(guid=digest_guid(note.full_id, note.type.language, note.guid))
            new_notes[id][name] = entry
            if change:
                getattr(delta, change).append(note)
            if old and old.deck != entry.deck and old.deck in decks and not note.retired:
                delta.moved.append((note, decks[old.deck]))
            by_guid = times.overrides if note.overriding else times.notes
            by_guid[note.guid] = max(entry.changed, by_guid.get(note.guid, 0))
        if not note.overriding:
            types[note.deck_id][note.type.id, note.type.language] = note.type
            if change in TIMED:
                corrected.add(note.guid)
    for guid, changed in times.overrides.items():
        # so that it wins in whatever order both are imported
        times.overrides[guid] = max(changed, 1 + times.notes.get(guid, 0))
    stamped = {}
    for id, ledger in ledgers.items():
        new_types = _stamp_types(ledgers, ledger, types[id].values(), now, wish, deltas[id], times)
        deltas[id].courses.extend(sorted((courses or {}).get(id, frozenset()) - ledger.courses))
        if deltas[id].is_empty:
            stamped[id] = ledger
        else:
            stamped[id] = _to_ledger(ledger, new_notes[id], new_types, deltas[id], now, title, notes)
    return Stamped(stamped, times, deltas)


def _choose(lines: Sequence[Released]) -> ReleasedNote | None:
    """What learners have of a note, of the lines about it: there are several where branches were merged of which one moved it."""
    found = sorted((one.note for one in lines), key=lambda note: note.changed_text)
    if len({(note.source, note.digest) for note in found}) > 1:
        return found[-1]._replace(source=UNKNOWN, digest=UNKNOWN)
    return found[-1] if found else None


TIMED = ("new", "changed", "retired", "restored")  # what makes a note later than the one that learners have


def _classify(note: Note, old: ReleasedNote | None, wish: Wish, corrected: set[str]) -> str:
    """What a release makes of a note: the name of a list of Delta, or nothing."""
    if old is None:
        return "new"
    if note.retired != (old.templates == RETIRED):
        return "retired" if note.retired else "restored"
    if wish.over.get(note.guid, note.text) != note.text:
        return "changed"
    if old.source == UNKNOWN:  # of format 1, or of two branches
        same = old.digest == digest_texts(note.text, note.tag_text, str(note.type.id), str(note.cards))
        return "" if same else "changed"
    is_seen = note.digest != old.digest
    if (is_seen and (wish.rerender or note.source != old.source)) or (note.overriding and note.guid in corrected):
        return "changed"
    if _digest_tags(note.tag_text) != old.tags:
        return "changed" if wish.with_tags else "tagged"
    return "rendered" if is_seen else ""


def _to_entry(note: Note, old: ReleasedNote | None, change: str, now: int) -> ReleasedNote:
    """The line of a note after a release: the old one, unless its time moves."""
    deck = to_short(note.deck)
    if old and old.source != UNKNOWN and change not in TIMED:
        return old if old.deck == deck else old._replace(deck=deck)
    return ReleasedNote(
        to_edition(note.type),
        _to_templates(note.cards),
        note.source,
        note.digest,
        _digest_tags(note.tag_text),
        deck,
        old.first_text if old else to_text(now),
        old.changed_text if old and change not in TIMED else to_text(now),
        to_text(now) if change == "restored" else old.restored if old else "",
        note.gaps,
        digest_guid(note.full_id, note.type.language, note.guid),
    )


@cache
def _to_templates(cards: tuple[int, ...]) -> str:
    return ",".join(map(str, cards)) or RETIRED


@cache
def _digest_tags(tag_text: str) -> str:
    """A digest of the tags that an author gave a note."""
    return to_short(" ".join(tag for tag in tag_text.split() if not is_reserved_tag(tag)))


def _stamp_types(
    ledgers: Mapping[str, Ledger], ledger: Ledger, types: Iterable[NoteType], now: int, wish: Wish, delta: Delta, times: Times
) -> dict[str, ReleasedType]:
    """The note types of a deck after a release; its delta and the times learn which of them have another look."""
    found = dict(ledger.types)
    for type in types:
        name, digest = name_type(type, ledger.deck_id), digest_type(type)
        home = ledgers.get(type.deck, ledger)
        old = ledger.types.get(name) or home.types.get(name_type(type, home.deck_id))
        # an imported note type is the same in every language: one that is added changes nothing for the others
        old = old or next((entry for entry in ledger.types.values() if entry.id == type.id), None)
        if old and old.source == UNKNOWN:
            old = old._replace(digest=old.digest[: len(UNKNOWN)])
        changed = to_text(now)
        if old:
            if old.digest == UNKNOWN or (old.digest != digest and (wish.rerender or _is_own_change(type, old))):
                delta.types.append(type)
            else:
                changed = old.changed_text
                if old.digest != digest:
                    delta.rendered_types.append(type)
        if name not in found or not old or changed != old.changed_text or old.source == UNKNOWN:
            shown = digest if not old or changed != old.changed_text else old.digest
            found[name] = ReleasedType(type.id, type.source, shown, changed, *to_released_keys(type))
        times.types[type.id] = max(to_time(changed), times.types.get(type.id, 0))
    return found


def _is_own_change(type: NoteType, old: ReleasedType) -> bool:
    """Whether a note type looks otherwise because of its author: those that come with flashdeck only change with flashdeck."""
    return type.source != (BUILT_IN if old.source == UNKNOWN else old.source)


def _to_ledger(
    ledger: Ledger,
    notes: Mapping[str, ReleasedNote],
    types: Mapping[str, ReleasedType],
    delta: Delta,
    now: int,
    title: str,
    all_notes: Iterable[Note],
) -> Ledger:
    names = {note.deck for note in all_notes if note.cards and note.deck_id == ledger.deck_id and not note.overriding}
    decks = {**ledger.decks, **{to_short(name): name for name in names}}
    if delta.left:  # a deck all of whose cards went is nobody's any more
        used = {note.deck for note in notes.values()}
        decks = {digest: name for digest, name in decks.items() if digest in used}
    time = to_text(now)
    releases = {**ledger.releases, time: PastRelease(ledger.heads, " ".join(title.split()))}
    return replace(
        ledger,
        notes=notes,
        types=types,
        decks=decks,
        releases=releases,
        pending=ledger.pending | {time},
        courses=ledger.courses.union(delta.courses),
        moved={name: card for name, card in ledger.moved.items() if name not in notes} | delta.left,
        text="",
    )
