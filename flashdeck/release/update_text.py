"""The text that corrects notes and keeps what belongs to the learner, in Anki's own format for importing text.

A package replaces a corrected note as a whole, with the learner's tags and `My notes`, or leaves it alone if the learner
edited it after the build. This text has only the author's fields of the notes that changed since they were first
released, so tags, `My notes` and scheduling stay. Imported before the package, it also keeps the package from replacing
them, because Anki then considers the note newer than the package's. Notes that never changed are not in it.
"""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

from flashdeck.anki.note import Note
from flashdeck.model.kinds import COMMON_FIELDS
from flashdeck.release.ledger import Ledger, name_note

HEAD = "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n"


def select_changed(notes: Iterable[Note], ledgers: Mapping[str, Ledger], since: int = 0) -> list[Note]:
    """The notes that changed since they were first released, and after the Unix time `since`.

    Retired notes are not among them: for a learner who does not have one, Anki would make cards of its row.
    """
    released = [(note, ledgers[note.released_by[0]].notes[name_note(note)]) for note in notes if not note.retired]
    return [note for note, known in released if known.changed > max(known.first, since)]


def render_update(notes: Iterable[Note]) -> str:
    """The text that updates `notes`."""
    text = StringIO()
    text.write(HEAD)
    plain, quoted = (
        csv.writer(text, delimiter="\t", lineterminator="\n", quoting=quoting) for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    for note in notes:
        rows = quoted if note.guid.startswith("#") else plain  # else Anki takes the row for a comment, or for a line of the head
        # the learner's own field is no column: Anki leaves a field without a column as it is
        own = len(note.fields) - (note.type.field_keys[-1] == COMMON_FIELDS[-1])
        rows.writerow([note.guid, note.type.name, note.deck, *note.fields[:own]])
    return text.getvalue()
