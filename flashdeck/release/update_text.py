"""The text that corrects notes and keeps what belongs to the learner, in Anki's own format for importing text.

A package replaces a corrected note as a whole, with the learner's tags and `My notes`, or leaves it alone if the learner
edited it after the release. This text has only the author's fields of the notes that changed since an earlier release, so tags,
`My notes` and scheduling stay. Imported before the package, it also keeps the package from replacing them, because Anki then
considers the note newer than the package's. What did not change since that release is not in it: it would only overwrite what a
learner made of it meanwhile.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from io import StringIO

from flashdeck.anki.note import Note, NoteType, shared_type_id
from flashdeck.model.kinds import COMMON_FIELDS
from flashdeck.release.ledger import Ledger, name_note

HEAD = "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n"
DECKS = "#deck column:3\n"  # in which Anki puts a note that its learner deleted meanwhile


def select_changed(notes: Iterable[Note], ledgers: Mapping[str, Ledger], since: str) -> list[Note]:
    """The notes of the release at `since` (a time in ISO 8601) that changed after it.

    Retired notes are not among them: for a learner who does not have one, Anki would make cards of its row. Nor are those that
    were brought back after it: their learners would keep the tag that says they are retired.
    """
    found = []
    for note in notes:
        ledger = ledgers[note.released_by[0]]
        entry = ledger.notes[name_note(note)]
        if (
            not note.retired
            and ledger.is_after(entry.changed_text, since)
            and not ledger.is_after(entry.first_text, since)
            and not (entry.restored and ledger.is_after(entry.restored, since))
        ):
            found.append(note)
    return found


def render_update(notes: Iterable[Note], tags: str = "") -> str:
    """The text that updates `notes`, and gives them these tags besides their own.

    Anki up to 25.09 cuts every row to as many columns as the first one has, and takes a row that begins with `#` for a comment.
    A deck whose name is a number is looked for by id up to 24.11, and its notes are left out: so the decks are.
    """
    notes = list(notes)
    has_decks = not any(re.fullmatch("[+-]?[0-9]+", note.deck) for note in notes)
    text = StringIO()
    text.write(HEAD + (DECKS if has_decks else "") + (f"#tags:{tags}\n" if tags else ""))
    rows = []
    for note in notes:
        # the learner's own field is no column: Anki leaves a field without a column as it is
        own = len(note.fields) - (note.type.field_keys[-1] == COMMON_FIELDS[-1])
        rows.append([note.guid, _name_type(note.type), *([note.deck] if has_decks else []), *note.fields[:own]])
    rows.sort(key=len, reverse=True)
    plain = csv.writer(text, delimiter="\t", lineterminator="\n")
    quoted = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        (plain if row[0][:1].isalnum() else quoted).writerow(row)
    return text.getvalue()


def _name_type(type: NoteType) -> str:
    """A note type, by what every learner's Anki finds it: its id, for Anki gives it another name where that is taken.

    What was imported without an id has the name only: CrowdAnki gives it another id for each learner.
    """
    has_id = not type.is_from_elsewhere or type.id != shared_type_id(type.kind, type.language)
    return str(type.id) if has_id else type.name
