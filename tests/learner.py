"""What learners do, in whatever Anki this runs in: `python learner.py < steps` in an environment that has nothing else.

Reads a list of learners in JSON, each a list of steps; writes what each had after every step that asks for it. A step happens
at its time: what Anki dates later, because it takes its own clock, is given that time.
"""

import json
import re
import sys
import tempfile
import time
from pathlib import Path

import anki.lang
from anki.buildinfo import version
from anki.collection import Collection

try:  # of 23.10 and later
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest
except ImportError:
    ImportAnkiPackageRequest = None

IS_LEGACY = version.startswith("2.1.54")  # its desktop program used this engine
COUNTED = ("new", "updated", "duplicate", "conflicting", "missing_notetype", "missing_deck", "empty_first_field")
# all that Anki knows of a card's progress, and where its learner keeps it
CARDS = """
    select n.guid, c.ord, c.id, c.did, c.type, c.queue, c.due, c.ivl, c.factor, c.reps, c.lapses, c.left, c.odue, c.odid, c.flags,
    c.data from cards c join notes n on n.id = c.nid order by n.guid, c.ord
"""
FILES = re.compile(r"<img[^>]+src=\"([^\"]+)\"|\[sound:([^\]]+)\]")


def main():
    anki.lang.set_lang("en")
    print(json.dumps([play(steps) for steps in json.load(sys.stdin)]))


def play(steps):
    """What a learner had after each step that asks for it."""
    with tempfile.TemporaryDirectory() as folder:
        path, found = str(Path(folder, "collection.anki2")), []
        col = Collection(path)
        try:
            for step in steps:
                counted = STEPS[step["do"]](col, step) or {}
                col.db.execute("update notes set mod = ? where mod > ?", step["at"], step["at"])
                if col.db.scalar("select 1 from notetypes where mtime_secs > ?", step["at"]):
                    col.db.execute("update notetypes set mtime_secs = ? where mtime_secs > ?", step["at"], step["at"])
                    col.close()  # it knows the other time by heart
                    col = Collection(path)
                if step["look"]:
                    found.append(look(col) | {"counted": counted})
        finally:
            col.close()
    return found


def import_package(col, step):
    if IS_LEGACY:
        from anki.importing.apkg import AnkiPackageImporter

        AnkiPackageImporter(col, step["path"]).run()
        return {}
    if ImportAnkiPackageRequest is None:
        return count(col.import_anki_package(step["path"]))
    request = ImportAnkiPackageRequest(package_path=step["path"], options=ImportAnkiPackageOptions())
    return count(col.import_anki_package(request))


def import_text(col, step):
    from anki.import_export_pb2 import ImportCsvRequest

    return count(col.import_csv(ImportCsvRequest(path=step["path"], metadata=col.get_csv_metadata(step["path"], None))))


def count(response):
    found = {name: len(getattr(response.log, name)) for name in COUNTED if hasattr(response.log, name)}
    return {name: number for name, number in found.items() if number}


def study(col, step):
    for ease in step["eases"]:
        card = col.sched.getCard()
        if card:
            card.timer_started = card.timerStarted = time.time()
            col.sched.answerCard(card, ease)


def edit(col, step):
    note = note_of(col, step["guid"])
    if note is None:
        return
    for name in [note.keys()[0] if name == "first" else name for name in step["fields"]]:
        if name in note:
            note[name] += step["words"]
    note.tags += step["tags"]
    col.update_note(note)


def keep_apart(col, step):
    """Suspends a card, and puts the others of its note into a deck of the learner's own."""
    note = note_of(col, step["guid"])
    if note is not None:
        ids = note.card_ids()
        col.sched.suspend_cards(ids[:1])
        col.set_deck(ids[1:], col.decks.id("My own deck"))


def style(col, step):
    """Changes what note types look like, and what they are called."""
    for model in used_models(col):
        model["css"] += step["css"]
        model["name"] += step["name"]
        col.models.update_dict(model)


def add_field(col, step):
    for model in used_models(col):
        col.models.add_field(model, col.models.new_field("My own field"))
        col.models.update_dict(model)


def own_types(col, step):
    """Note types of the learner's own, by the names of ours."""
    for name in step["names"]:
        model = col.models.new(name)
        col.models.add_field(model, col.models.new_field("Mine"))
        col.models.add_template(model, col.models.new_template("Card") | {"qfmt": "{{Mine}}", "afmt": "{{Mine}}"})
        col.models.add_dict(model)


def used_models(col):
    return [model for model in col.models.all() if col.db.scalar("select 1 from notes where mid = ?", model["id"])]


def note_of(col, guid):
    id = col.db.scalar("select id from notes where guid = ?", guid)
    return col.get_note(id) if id else None


def look(col):
    """All that a learner has."""
    col.models._clear_cache()  # an import changes what it keeps
    models = {model["id"]: model for model in used_models(col)}
    notes = {}
    for guid, mid, tags, text, changed in col.db.all("select guid, mid, tags, flds, mod from notes"):
        fields = [field["name"] for field in models[mid]["flds"]]
        notes[guid] = {
            "type": mid,
            "fields": dict(zip(fields, text.split("\x1f"))),  # noqa: B905 (as old Pythons have it)
            "tags": sorted(tags.split()),
            "changed": changed,
        }
    files = {
        first or second for note in notes.values() for text in note["fields"].values() for first, second in FILES.findall(text)
    }
    return {
        "notes": notes,
        "repeated": col.db.list("select guid from notes group by guid having count() > 1"),
        "cards": col.db.all(CARDS),
        "reviews": col.db.all("select * from revlog order by id"),
        "decks": {deck.id: deck.name for deck in col.decks.all_names_and_ids()},
        "types": {
            id: {
                "name": model["name"],
                "css": model["css"],
                "sides": [[side["qfmt"], side["afmt"]] for side in model["tmpls"]],
                "changed": col.db.scalar("select mtime_secs from notetypes where id = ?", id),
            }
            for id, model in models.items()
        },
        "missing": sorted(name for name in files if not Path(col.media.dir(), name).exists()),
    }


STEPS = {
    "import": import_package,
    "text": import_text,
    "study": study,
    "edit": edit,
    "keep apart": keep_apart,
    "style": style,
    "add field": add_field,
    "own types": own_types,
}

if __name__ == "__main__":
    main()
