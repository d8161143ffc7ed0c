"""The text that updates notes even where a learner edited them later: Anki's own format for importing text.

A package leaves a note alone that its learner edited after the release was built. This text does not: it carries the
author's fields of every note that ever changed since it was first released, and nothing else, so that tags, `My notes` and
scheduling stay. Notes that never changed are not in it, so what a learner wrote into those stays too.
"""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

from flashdeck.ledger import Ledger, to_deck_id, to_name
from flashdeck.notes import Note

HEAD = "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n"


def select_changed(notes: Iterable[Note], ledgers: Mapping[str, Ledger]) -> list[Note]:
    """The notes that changed since they were first released.

    A retired note is not among them: for a learner who does not have it, Anki would make cards of its row.
    """
    released = [(note, ledgers[to_deck_id(note)].notes[to_name(note)]) for note in notes if not note.retired]
    return [note for note, known in released if known.changed > known.first]


def render_update(notes: Iterable[Note]) -> str:
    """The text that updates `notes`."""
    text = StringIO()
    text.write(HEAD)
    rows = csv.writer(text, delimiter="\t", lineterminator="\n")
    for note in notes:
        # the last field, the learner's own, is no column: Anki leaves a field without a column as it is
        rows.writerow([note.guid, note.type.name, note.deck, *note.fields[:-1]])
    return text.getvalue()
