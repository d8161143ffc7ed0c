"""Decks that learners have already: whoever takes one over changes nothing for them, and what is corrected arrives."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from anki.collection import Collection, ExportAnkiPackageOptions, ImportAnkiPackageOptions, ImportAnkiPackageRequest
from anki.import_export_pb2 import ImportCsvRequest
from conftest import counts, import_package

from flashdeck.importing.html_to_markdown import to_look

SCHEDULE = "select id, nid, did, ord, type, queue, due, ivl, factor, reps, lapses, odue, flags, data from cards order by id"
NOTES = "select guid, mid, mod, flds, tags from notes order by guid"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def export(col: Collection, path: Path, legacy: bool = False) -> Path:
    col.export_anki_package(out_path=str(path), options=ExportAnkiPackageOptions(with_media=True, legacy=legacy), limit=None)
    return path


def merge(col: Collection, path: Path) -> dict[str, int]:
    """Imports as a learner who ticks "Merge note types"."""
    options = ImportAnkiPackageOptions(merge_notetypes=True)
    return counts(col.import_anki_package(ImportAnkiPackageRequest(package_path=str(path), options=options)).log)


def study(col: Collection) -> None:
    """Learns, suspends, moves, edits and tags, as learners do."""
    for ease in (3, 1, 4, 2):
        if card := col.sched.getCard():
            card.start_timer()
            col.sched.answerCard(card, ease)
    first, *rest = map(col.get_note, sorted(col.find_notes("")))
    first.fields[-1] += " (as I see it)"
    first.tags += ["my-own", "marked"]
    col.update_note(first)
    if rest:
        col.sched.suspend_cards(rest[-1].card_ids()[:1])
        col.set_deck(rest[-1].card_ids(), col.decks.id("My own"))


def everything(col: Collection) -> tuple[list[Any], ...]:
    """Scheduling, reviews, notes and note types of a learner."""
    used = [col.models.get(id) for id in col.db.list("select distinct mid from notes order by mid")]
    types = [[one[key] for key in ("id", "name", "css", "flds", "tmpls", "latexPre", "latexsvg", "sortf")] for one in used]
    reviews = col.db.all("select * from revlog order by id")
    return col.db.all(SCHEDULE), reviews, col.db.all(NOTES), types


def some_deck(folder: Path) -> Collection:
    """A collection whose note type is as its maintainer made it: fonts, right to left, LaTeX, a browser's own template."""
    folder.mkdir()
    col = Collection(str(folder / "c.anki2"))
    model = col.models.new("Wörter")
    for at, name in enumerate(("Text", "معنى", "Note")):
        field = col.models.new_field(name) | {
            "rtl": at == 1,
            "font": "Noto Naskh Arabic" if at == 1 else "Arial",
            "size": 20 + at,
        }
        col.models.add_field(model, field | {"description": "a hint for editors" * (at == 2)})
    for name, front, back in (("Read", "{{Text}}", "{{معنى}}"), ("Write", "{{#Note}}{{معنى}}{{/Note}}", "{{Text}}")):
        side = col.models.new_template(name) | {"qfmt": front, "afmt": back}
        col.models.add_template(model, side | {"bqfmt": "{{Text}} in short"} if name == "Read" else side)
    model |= {
        "latexPre": "\\documentclass{minimal}\n\\begin{document}\n",
        "latexsvg": True,
        "sortf": 1,
        "css": ".card { color: teal }\n",
    }
    col.models.add(model)
    for name in ("map.png", "a picture.png"):
        (folder / name).write_bytes(name.encode())
        col.media.add_file(str(folder / name))
    rows = [
        ("Basic", ["one <img src='map.png'>", "<b>yes</b> "], "Top"),
        ("Wörter", ["كتاب", 'book <img src="a picture.png">', ""], "Top::Words"),
        ("Wörter", ["two", "deux", "both"], "Other::Deep"),
    ]
    for at, (name, fields, deck) in enumerate(rows):
        note = col.new_note(col.models.by_name(name))
        note.fields = fields
        note.tags = ["x::y"]
        col.add_note(note, col.decks.id(deck))
        col.db.execute("update notes set mod = ? where id = ?", 1_600_000_000 + at, note.id)
    col.db.execute("update notetypes set mtime_secs = 1500000000")
    return col


@pytest.mark.parametrize("legacy", [True, False])
def test_the_first_package_over_the_original_changes_nothing_and_a_correction_one_note(legacy, cli, tmp_path):
    author = some_deck(tmp_path / "author")
    original = export(author, tmp_path / "original.apkg", legacy)
    author.close()
    assert cli("import", "original.apkg", "--into", "decks/words").code == 0
    folder = tmp_path / "decks" / "words"
    assert sorted(path.name for path in (folder / "media").iterdir()) == ["a picture.png", "map.png"]
    learner = Collection(str(tmp_path / "learner.anki2"))
    assert counts(import_package(learner, original)) == {"new": 3}
    study(learner)
    before = everything(learner)

    assert "since the last release: nothing changed" in cli("build").out
    assert counts(import_package(learner, tmp_path / "dist" / "words-en-draft.apkg")) == {"duplicate": 3}
    assert everything(learner) == before
    fresh = Collection(str(tmp_path / "fresh.anki2"))
    assert counts(import_package(fresh, tmp_path / "dist" / "words-en-draft.apkg")) == {"new": 3}
    assert everything(fresh)[3] == before[3]
    there = Collection(str(tmp_path / "there.anki2"))
    import_package(there, original)
    assert shown(fresh) == shown(there)
    assert sorted(path.name for path in Path(fresh.media.dir()).iterdir()) == ["a picture.png", "map.png"]

    change(folder / "cards.yaml", "deux", "zwei")
    assert cli("release").code == 0
    assert counts(import_package(learner, tmp_path / "dist" / "words-en.apkg")) == {"updated": 1, "duplicate": 2}
    after = everything(learner)
    assert (after[0], after[1], after[3]) == (before[0], before[1], before[3])
    assert [row[3] for row in after[2] if row not in before[2]] == ["two\x1fzwei\x1fboth"]
    for col in (learner, fresh, there):
        col.close()


def crowdanki(folder: Path) -> Path:
    """A folder as CrowdAnki writes it, under the name that git gave it: no times, and no ids but its own."""
    folder.mkdir()
    fields = [
        {"name": name, "ord": at, "font": "Arial", "size": 20, "rtl": False, "sticky": False} for at, name in enumerate("QA")
    ]
    sides = [
        {"name": name, "ord": at, "qfmt": front, "afmt": back, "bqfmt": "", "bafmt": "", "did": None}
        for at, (name, front, back) in enumerate([("There", "{{Q}}", "{{A}}"), ("Back", "{{A}}", "{{Q}}")])
    ]
    model = {
        "__type__": "NoteModel",
        "crowdanki_uuid": "u-1",
        "name": "Land",
        "type": 0,
        "css": ".card {}",
        "flds": fields,
        "tmpls": sides,
    }
    notes = [
        {"__type__": "Note", "fields": [f"q{at}", f"a{at}"], "guid": f"g{at}", "note_model_uuid": "u-1", "tags": []}
        for at in range(3)
    ]
    deck = {
        "__type__": "Deck",
        "name": "Crowd",
        "notes": notes,
        "children": [],
        "note_models": [model],
        "media_files": [],
        "desc": "By <b>many</b>",
    }
    (folder / "deck.json").write_text(json.dumps(deck), encoding="utf-8")
    return folder


def import_crowdanki(col: Collection, folder: Path) -> None:
    """What CrowdAnki does: the note type gets an id by the clock, notes keep their guids."""
    deck = json.loads((folder / "deck.json").read_text(encoding="utf-8"))
    for model in deck["note_models"]:
        col.models.add(col.models.new(model["name"]) | {key: value for key, value in model.items() if key != "__type__"})
    for one in deck["notes"]:
        note = col.new_note(next(one for one in col.models.all() if one.get("crowdanki_uuid") == "u-1"))
        note.fields, note.guid = one["fields"], one["guid"]
        col.add_note(note, col.decks.id(deck["name"]))


def test_learners_who_came_by_crowdanki_get_corrections_by_the_text_and_by_merging_once(cli, tmp_path):
    folder = crowdanki(tmp_path / "git-name")
    learner = Collection(str(tmp_path / "learner.anki2"))
    import_crowdanki(learner, folder)
    study(learner)
    before = everything(learner)

    ran = cli("import", folder, "--into", "decks/crowd")
    assert ran.code == 0
    change(tmp_path / "decks" / "crowd" / "cards.yaml", "a2", "a two")
    assert cli("release").code == 0
    package, (text,) = tmp_path / "dist" / "crowd-en.apkg", [*(tmp_path / "dist").glob("*.txt")]

    learner.import_csv(ImportCsvRequest(path=str(text), metadata=learner.get_csv_metadata(str(text), None)))
    after = everything(learner)
    assert (after[0], after[1], after[3]) == (before[0], before[1], before[3])
    assert [row[3] for row in after[2] if row not in before[2]] == ["q2\x1fa two"]
    assert counts(import_package(learner, package)) == {"conflicting": 3}
    assert everything(learner) == after
    assert merge(learner, package) == {"duplicate": 3}
    merged = everything(learner)
    assert [row[4:] for row in merged[0]] == [row[4:] for row in before[0]] and len(merged[0]) == 6
    assert [(row[0], *row[3:]) for row in merged[2]] == [(row[0], *row[3:]) for row in after[2]]
    change(tmp_path / "decks" / "crowd" / "cards.yaml", "a1", "a one")
    assert cli("release", SOURCE_DATE_EPOCH=str(int(time.time()) + 60)).code == 0
    assert counts(import_package(learner, package)) == {"updated": 1, "duplicate": 2}
    learner.close()


def shown(col: Collection) -> list[tuple[Any, ...]]:
    """All cards as their learner sees them, with their decks."""
    cards = map(col.get_card, col.find_cards(""))
    return sorted((one.note().guid, one.ord, col.decks.name(one.did), look(one.question()), look(one.answer())) for one in cards)


def look(html: str) -> str:
    """HTML without differences that nobody sees."""
    return to_look(html, {"b": "**"})


def test_note_types_of_one_name_stay_apart_and_those_that_are_there_are_used(cli, tmp_path):
    for name, look in (("one", "blue"), ("two", "red")):
        col = Collection(str(tmp_path / f"{name}.anki2"))
        basic = col.models.by_name("Basic")
        col.models.update_dict(basic | {"css": f".card {{ color: {look} }}"})
        for at in range(2):
            note = col.new_note(col.models.by_name("Basic"))
            note.fields = [f"{name} {at}", "answer"]
            col.add_note(note, col.decks.id("Deck"))
            export(col, tmp_path / f"{name}-{at}.apkg")
        col.close()

    for file in ("one-0", "two-0", "two-1"):
        assert cli("import", f"{file}.apkg", "--into", "decks/x").code == 0

    kinds = tmp_path / "decks" / "x" / "kinds"
    styles = {path.parent.name: path.read_text().strip() for path in sorted(kinds.glob("*/style.css"))}
    assert styles == {"basic-2": ".card { color: blue }", "basic-3": ".card { color: red }"}
    cards = (tmp_path / "decks" / "x" / "cards.yaml").read_text()
    assert re.findall("kind: (.*)", cards) == ["basic-2", "basic-3", "basic-3"]
    assert "since the last release: nothing changed" in cli("build").out
