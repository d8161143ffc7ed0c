"""What `build` makes: packages to look at and try, which bind nobody. Pure.

A note that did not change since the last release has the time of the ledger. One that did has the time that it has in the draft
which lies in the output folder, where that has the same content: who tries two drafts loses nothing either. A note type that
was never released, by nobody, may still change, and Anki would stop all updates for those who tried it: so its drafts have ids
and guids of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from flashdeck.anki.identity import shift_id, stable_id
from flashdeck.anki.note import Note, NoteType, Times, digest_texts
from flashdeck.anki.package_reader import Contents
from flashdeck.release.ledger import Ledger, find_released, name_type
from flashdeck.release.release import Release


@dataclass(frozen=True)
class Draft:
    """What lies in the output folder from the build before: the content of its notes and note types, each with its time."""

    notes: Mapping[str, tuple[str, str, int]]  # by guid: fields, tags and a Unix time
    types: Mapping[int, tuple[str, int]]  # by id: a digest


def read_draft(packages: Iterable[Contents]) -> Draft:
    """The draft that some packages are; of a note in several of them, the latest."""
    notes: dict[str, tuple[str, str, int]] = {}
    types: dict[int, tuple[str, int]] = {}
    for package in packages:
        for guid, note in package.notes.items():
            if guid not in notes or notes[guid][-1] < note[-1]:
                notes[guid] = note
        for type in package.types.values():
            types[type.id] = _digest_look(type.name, type.templates, type.css), type.changed
    return Draft(notes, types)


def to_draft(released: Release, ledgers: Mapping[str, Ledger]) -> Release:
    """The notes of a release as drafts: those of note types that were never released get ids and guids of their own."""
    types: dict[tuple[str, int], NoteType] = {}  # by deck and id

    def change(note: Note) -> Note:
        key = note.deck_id, note.type.id
        if key not in types:
            decks = {id for id in (note.deck_id, note.type.deck) if id in ledgers}
            is_released = any(name_type(note.type, id) in ledgers[id].types for id in decks)
            types[key] = note.type if note.type.is_from_elsewhere or is_released else _to_draft_type(note.type)
        type = types[key]
        if type.id == note.type.id:
            return note
        return note._replace(type=type, guid=f"draft-{type.id}-{note.guid}", id=shift_id(note.id, type.id))

    notes = {key: change(note) for key, note in released.notes.items()}
    overrides = {key: change(note) for key, note in released.overrides.items()}
    times = released.times
    of_notes = {notes[key].guid: times.notes[note.guid] for key, note in released.notes.items()}
    of_overrides = {overrides[key].guid: times.overrides[note.guid] for key, note in released.overrides.items()}
    of_types = {type.id: times.types[id] for (_, id), type in types.items()}
    return replace(released, notes=notes, overrides=overrides, times=Times(of_notes, of_overrides, of_types))


def _to_draft_type(type: NoteType) -> NoteType:
    names = [(key, name) for key, (_, name, *_) in zip(type.template_keys, type.templates, strict=True)]
    id = stable_id("draft", type.id, digest_texts(str(type.fields), str(names)))
    return replace(type, id=id, name=f"{type.name} draft")


def keep_times(draft: Release, ledgers: Mapping[str, Ledger], known: Draft, now: int) -> Release:
    """A draft of `now` with the times of the one that lies there, for what has the same content in both."""
    times = Times(dict(draft.times.notes), dict(draft.times.overrides), dict(draft.times.types))
    is_first = all(ledger.is_empty for ledger in ledgers.values())
    for note in (*draft.notes.values(), *draft.overrides.values()):
        text, tag_text, changed = known.notes.get(note.guid) or (None, None, 0)
        if text == note.text and tag_text == note.tag_text:
            by_guid = times.overrides if note.overriding else times.notes
            if by_guid[note.guid] >= now and (is_first or _find_released(note, ledgers) < changed):
                by_guid[note.guid] = changed
    for type in {note.type.id: note.type for note in draft.notes.values()}.values():
        look, changed = known.types.get(type.id, ("", 0))
        if times.types[type.id] >= now and look == _digest_look(type.name, type.templates, type.css):
            times.types[type.id] = changed
    return replace(draft, times=times)


def _find_released(note: Note, ledgers: Mapping[str, Ledger]) -> int:
    """When what learners have of a note last changed; 0 where they have none."""
    lines = [line for id in note.released_by for line in find_released(ledgers, id, note)]
    return max((line.note.changed for line in lines), default=0)


def _digest_look(name: str, templates: Iterable[tuple[object, ...]], css: str) -> str:
    sides = [tuple(str(part) for part in template if isinstance(part, str)) for template in templates]
    return digest_texts(name, str(sides), css)


def render_draft(released: Release, ledgers: Mapping[str, Ledger], notes: Iterable[Note], known: Draft | None) -> list[str]:
    """What a build says of its notes: what is new, changed and gone since the last release, and since the last build."""
    notes = list(notes)
    lines = []
    if any(not ledger.is_empty for ledger in ledgers.values()):
        deltas = released.deltas.values()
        counts = {
            "new": sum(len(delta.new) for delta in deltas),
            "changed": sum(len(delta.changed) + len(delta.restored) for delta in deltas),
            "retired": sum(len(delta.retired) for delta in deltas),
        }
        lines.append(f"since the last release: {_render_counts(counts)}")
    if known:
        pairs = [(note, known.notes[note.guid]) for note in notes if note.guid in known.notes]
        counts = {
            "new": len(notes) - len(pairs),
            "changed": sum(text != note.text or tags != note.tag_text for note, (text, tags, _) in pairs),
            "gone": len(known.notes) - len(pairs),
        }
        lines.append(f"since the last build: {_render_counts(counts)}")
    return [*lines, "these packages are for trying; 'flashdeck release' makes packages to hand out"]


def _render_counts(counts: Mapping[str, int]) -> str:
    """As in "2 new, 1 changed"."""
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or "nothing changed"
