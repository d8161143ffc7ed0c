"""Notes as a folder of the Anki add-on CrowdAnki: deck.json, and the files that cards show in `media` beside it.

CrowdAnki knows decks, options and note types again by `crowdanki_uuid`, and notes by their guids, so all of these follow from
what never changes. It knows no ids of note types, no times and no notes without cards.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flashdeck.anki.media import load_media
from flashdeck.anki.note import Note, NoteType
from flashdeck.anki.package_writer import to_model
from flashdeck.diagnostics.render import count
from flashdeck.exporting.cards import Exported, ExportOptions
from flashdeck.model.courses import Course
from flashdeck.model.decks import Deck
from flashdeck.pipeline import Project, release
from flashdeck.release.drafts import to_draft
from flashdeck.release.packages import Target

UUID = "crowdanki_uuid"
OWN_IDS = ("id", "mod", "usn", "did")  # of a note type: what only one collection knows
DEPTH = "::"  # between a deck and the one below it
FILE = "deck.json"


def export_crowdanki(project: Project, target: Deck | Course, options: ExportOptions) -> Exported:
    """A folder for each language, with the notes of the package that `build` makes; several, for several root decks."""
    draft = to_draft(release(project, options.languages, options.now), project.ledgers)
    files: dict[str, bytes] = {}
    contents: dict[str, str] = {}
    left_out = []
    for language in options.languages:
        one = Target(target, language, options.filter)
        selection = one.select(draft)
        notes = [note for note in selection.notes if note.cards]
        if number := len(selection.notes) - len(notes):
            were, it = ("was", "it") if number == 1 else ("were", "them")
            left_out.append(
                f"{one.name}: {count(number, 'note')} that {were} withdrawn: who has {it} keeps {it}, without the reason"
            )
        if number := len(selection.left_out):
            left_out.append(f"{one.name}: {count(number, 'card')} for a missing translation")
        by_root: dict[str, list[Note]] = {}
        for note in notes:
            by_root.setdefault(note.deck.split(DEPTH)[0], []).append(note)
        for at, (root, some) in enumerate(by_root.items(), 1):
            folder = one.name if at == 1 else f"{one.name}+{at}"
            files |= _to_folder(folder, root, some)
            contents[folder] = f"{count(len(some), 'note')}, {count(sum(len(note.cards) for note in some), 'card')}"
    return Exported(files, contents, left_out)


def _to_folder(folder: str, root: str, notes: Sequence[Note]) -> Iterator[tuple[str, bytes]]:
    """The files of the notes that are in and below one deck."""
    types = {note.type.id: note.type for note in notes}
    media = {file.name: file for note in notes for file in note.media}
    own = {file.name: file for type in types.values() for file in type.media}
    options = _to_uuid("options")
    deck = _to_deck(root, root, notes, options) | {
        "deck_configurations": [{"__type__": "DeckConfig", UUID: options, "name": "Default"}],
        "note_models": [_to_note_model(type) for type in types.values()],
    }
    deck["media_files"] = sorted({*deck["media_files"], *own})
    text = json.dumps(deck, ensure_ascii=False, indent=4, sort_keys=True)
    yield f"{folder}/{FILE}", f"{text}\n".encode()
    for name, file in (media | own).items():
        yield f"{folder}/media/{name}", load_media(file)


def _to_deck(name: str, full_name: str, notes: Sequence[Note], options: str) -> dict[str, Any]:
    here = [note for note in notes if note.deck == full_name]
    inner = [note for note in notes if note.deck.startswith(f"{full_name}{DEPTH}")]
    names = dict.fromkeys(note.deck[len(full_name) + len(DEPTH) :].split(DEPTH)[0] for note in inner)
    return {
        "__type__": "Deck",
        "children": [_to_deck(one, f"{full_name}{DEPTH}{one}", inner, options) for one in names],
        UUID: _to_uuid("deck", full_name),
        "deck_config_uuid": options,
        "desc": "",
        "dyn": 0,
        "media_files": sorted({file.name for note in here for file in note.media}),
        "name": name,
        "notes": [
            {
                "__type__": "Note",
                "fields": note.fields,
                "guid": note.guid,
                "note_model_uuid": _to_type_uuid(note.type),
                "tags": note.tags,
            }
            for note in here
        ],
    }


def _to_note_model(type: NoteType) -> dict[str, Any]:
    model = {key: value for key, value in to_model(type, 0).items() if key not in OWN_IDS}
    return model | {"__type__": "NoteModel", UUID: _to_type_uuid(type)}


def _to_type_uuid(type: NoteType) -> str:
    """The uuid that learners have who got the note type by CrowdAnki before, else one of its own."""
    return str(dict(type.settings).get(UUID) or _to_uuid("note type", str(type.id)))


def _to_uuid(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "\x1f".join(("flashdeck", *names))))
