"""Decks that learners have already: whoever takes one over changes nothing for them, and what is corrected arrives."""

import json
import os
import re
import time
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from anki.collection import (
    AddNoteRequest,
    Collection,
    ExportAnkiPackageOptions,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
)
from anki.import_export_pb2 import ImportCsvRequest
from conftest import counts, import_package
from hypothesis import given, settings
from hypothesis import strategies as st

from flashdeck.anki.package_writer import to_package
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.html_to_markdown import to_look
from flashdeck.importing.plan import plan_import
from flashdeck.model.courses import Filter
from flashdeck.pipeline import compile_project, release
from flashdeck.release.release import select_notes

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
    rehearsed = cli("rehearse", folder, package)
    assert rehearsed.code == 0
    assert re.findall("a learner .*", rehearsed.out) == [
        "a learner who came by CrowdAnki imports the package with 'Merge note types'",
        f"a learner who came by CrowdAnki imports {text.name}, then the package with 'Merge note types'",
    ]
    change(tmp_path / "decks" / "crowd" / "cards.yaml", "a1", "a one")
    assert cli("release", SOURCE_DATE_EPOCH=str(int(time.time()) + 60)).code == 0
    assert counts(import_package(learner, package)) == {"updated": 1, "duplicate": 2}
    learner.close()


def shown(col: Collection) -> list[tuple[Any, ...]]:
    """All cards as their learner sees them, with their decks."""
    cards = map(col.get_card, col.find_cards(""))
    return sorted((one.note().guid, one.ord, col.decks.name(one.did), look(one.question()), look(one.answer())) for one in cards)


def look(html: str) -> str:
    """HTML without differences that nobody sees, as the numbers that Anki gives to hints."""
    return to_look(re.sub("hint[0-9a-f]{8,16}", "hint", html), {"b": "**"})


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


def test_ankis_own_pictures_with_hidden_places_are_no_strangers_scripts(cli, tmp_path):
    col = Collection(str(tmp_path / "author.anki2"))
    col._backend.add_image_occlusion_notetype()
    col.media.write_data("map.png", b"a map")
    shapes = (
        "{{c1::image-occlusion:rect:left=.1:top=.1:width=.2:height=.2}}<br>{{c0::image-occlusion:text:left=.5:top=.5:text=N}}"
    )
    note = col.new_note(col.models.by_name("Image Occlusion"))
    note.fields = [shapes, '<img src="map.png">', "Where?", "a remark", ""]
    col.add_note(note, col.decks.id("Maps"))
    export(col, tmp_path / "maps.apkg")
    before = shown(col)
    col.close()

    ran = cli("import", "maps.apkg", "--into", "decks/maps", "--rehearse")
    assert cli("build").code == 0

    assert ran.code == 0
    assert (
        ran.out.splitlines()[-1] == "in the real Anki, over the original: 0 updated, 1 left alone, 0 conflicting; nothing is lost"
    )
    fresh = Collection(str(tmp_path / "fresh.anki2"))
    assert counts(import_package(fresh, tmp_path / "dist" / "maps-en-draft.apkg")) == {"new": 1}
    assert shown(fresh) == before
    fresh.close()


def test_a_large_deck_becomes_a_file_a_part_with_its_description_and_a_list_of_what_was_left_out(cli, tmp_path):
    col = Collection(str(tmp_path / "author.anki2"))
    requests = []
    for at in range(240):
        note = col.new_note(col.models.by_name("Basic"))
        note.fields = [f"<hl>question {at}</hl>", f"answer {at}"]
        requests.append(AddNoteRequest(note, col.decks.id(("Land::Asia", "Land::Europe::North", "Other")[at % 3])))
    col.add_notes(requests)
    deck = col.decks.get(col.decks.id("Land"))
    col.decks.save(deck | {"desc": "By <b>many</b>"})
    export(col, tmp_path / "land.apkg")
    col.close()

    ran = cli("import", "land.apkg", "--into", "decks/land", "--rehearse")

    assert ran.code == 0
    folder = tmp_path / "decks" / "land"
    assert sorted(path.name for path in folder.glob("*.*")) == [
        "asia.yaml",
        "deck.yaml",
        "europe.yaml",
        "flashdeck.lock",
        "left-out.txt",
        "other.yaml",
    ]
    assert [(folder / name).read_text().splitlines()[1] for name in ("asia.yaml", "europe.yaml", "other.yaml")] == [
        "deck: Asia",
        "deck: 'Europe::North'",
        "deck: '::Other'",
    ]
    assert (folder / "left-out.txt").read_text().count("'<hl>', which is not allowed") == 240
    assert "description: By **many**" in (folder / "deck.yaml").read_text()
    change(folder / "asia.yaml", "back: answer 0\n", "back: corrected\n")
    assert cli("release").code == 0
    fresh = Collection(str(tmp_path / "fresh.anki2"))
    import_package(fresh, tmp_path / "dist" / "land-en.apkg")
    described = {one.name: fresh.decks.get(one.id)["desc"] for one in fresh.decks.all_names_and_ids()}
    assert sorted(described) == ["Default", "Land", "Land::Asia", "Land::Europe", "Land::Europe::North", "Other"]
    assert described["Land"].startswith("<p>By <strong>many</strong></p><p>land (en), release of ")
    fresh.close()


def test_two_files_of_one_name_in_anki_are_an_error_with_its_way_out(cli, tmp_path):
    for name in ("one", "two"):
        col = Collection(str(tmp_path / f"{name}.anki2"))
        col.media.write_data("map.png", name.encode())
        note = col.new_note(col.models.by_name("Basic"))
        note.fields = [f'<img src="map.png"> {name}', "answer"]
        col.add_note(note, col.decks.id(name))
        export(col, tmp_path / f"{name}.apkg")
        col.close()
        assert cli("import", f"{name}.apkg", "--into", f"decks/{name}").code == 0

    ran = cli("check")

    assert ran.code == 1
    problem = (
        "decks/two/media/map.png:1:1: error[two-media] 'decks/one/media/map.png' has the same name in Anki, and is another file"
    )
    assert problem in ran.out.splitlines()
    ledger = tmp_path / "decks" / "two" / "flashdeck.lock"
    ledger.write_text(re.sub("^file .*\n", "", ledger.read_text(), flags=re.M))
    assert cli("check").code == 0


PICTURES = {"map.png": b"a map", "a b.png": b"a picture", "صورة.png": b"another", "x.mp3": b"a sound", "_logo.png": b"a logo"}
LATEX = f"latex-{sha1(b'x^2').hexdigest()}.png"
PIECES = (
    "plain",
    "كتاب",
    "日本語",
    "<b>bold</b> ",
    "one<br>two",
    "<div>block</div>",
    '<img src="map.png">',
    '<img src="a b.png" />',
    '<img src="صورة.png">',
    '<img src="gone.png">',
    "[sound:x.mp3]",
    "[latex]x^2[/latex]",
    "[$]a&nbsp;b[/$]",
    "\\(a &lt; b\\)",
    '<table border="1"><tbody><tr><td id="q" data-a="1">1</td></tr></tbody></table>',
    "{{c1::gap}}",
    "{{c1,2::both::hint}}",
    "{{c3::a {{c1::nested}} b}}",
    "1. one",
    "&nbsp;*a* _b_ # c",
    '<span style="color: red">red</span>',
    "<ul><li>a</li><li>b</li></ul>",
    "\\{{Name}}",
)
FIELDS = ("Front", "Back", "السؤال", "質問", "deck", "Back Extra", "a b", "Straße")
FRONTS = ("{{%s}}", "{{#%s}}{{%s}}{{/%s}}", "<p>{{hint:%s}}</p>", "<img src='_logo.png'>{{%s}}")
GAPS = ("{{cloze:%s}}", "{{edit:cloze:%s}}", "{{cloze:%s}}<hr>{{cloze:%s}}")


@st.composite
def note_types(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(FIELDS), min_size=2, max_size=4, unique=True))
    is_cloze = draw(st.booleans())
    fronts = draw(st.lists(st.sampled_from(FRONTS), min_size=1, max_size=2, unique=True))
    if is_cloze:
        fronts = [draw(st.sampled_from(GAPS))]
    sides = []
    for at, front in enumerate(fronts):
        used = names if is_cloze else [names[at]] * 3
        sides.append({"name": f"Card: {at + 1}", "qfmt": front % tuple(used[: front.count("%s")])})
        front = sides[-1]["qfmt"] if is_cloze else "{{FrontSide}}"
        sides[-1]["afmt"] = f"{front}<hr id=answer>" + "".join(f"<div>{{{{{name}}}}}</div>" for name in names[1:])
    return {
        "name": draw(st.sampled_from(("Basic", "Слова", "My type"))),
        "type": int(is_cloze),
        "flds": [{"name": name, "rtl": draw(st.booleans()), "size": draw(st.integers(10, 30))} for name in names],
        "tmpls": sides,
        "css": draw(st.sampled_from((".card { color: teal }", "b { color: red }", ""))),
        "has_ids": draw(st.booleans()),
        "latexsvg": draw(st.booleans()),
    }


texts = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
note_lists = st.lists(
    st.tuples(st.lists(texts, min_size=4, max_size=4), st.sampled_from(("A", "A::B", "C::D"))), min_size=1, max_size=3
)
packages = st.lists(st.tuples(note_types(), note_lists), min_size=1, max_size=2)


def make_original(folder: Path, types: list[Any]) -> Path:
    """A package by the real Anki, of note types with notes and their decks."""
    col = Collection(str(folder / "author.anki2"))
    for name, data in (PICTURES | {LATEX: b"a formula"}).items():
        col.media.write_data(name, data)
    for at, (about, notes) in enumerate(types):
        fields = [col.models.new_field(one["name"]) | one for one in about["flds"]]
        sides = [col.models.new_template(one["name"]) | one for one in about["tmpls"]]
        for one in [] if about["has_ids"] else [*fields, *sides]:
            one["id"] = None
        model = col.models.new(about["name"]) | about | {"flds": fields, "tmpls": sides}
        id = col.models.add_dict(model).id
        requests = []
        for text, deck in notes:
            note = col.new_note(col.models.get(id))
            note.fields = [text[0] or f"front {at}", *text[1:]][: len(fields)]
            note.tags = ["x::y"]
            requests.append(AddNoteRequest(note, col.decks.id(deck)))
        col.add_notes(requests)
    col.db.execute("update notes set mod = 1600000000")
    col.db.execute("update notetypes set mtime_secs = 1500000000")
    path = export(col, folder / "original.apkg", legacy=len(types) > 1)
    col.close()
    return path


@settings(max_examples=int(os.environ.get("PACKAGES", "3")))
@given(packages)
def test_whatever_a_package_holds_its_learners_notice_nothing(types):
    """By hand: PACKAGES=500."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        original = make_original(folder, types)
        count = sum(len(notes) for _, notes in types)
        plan = plan_import(original, ImportOptions(folder / "deck", drop_scripts=True, now=1_700_000_000))
        assert not plan.problems
        for path, data in plan.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        project = compile_project([folder / "deck"])
        assert project.ok, project.problems
        released = release(project, ["en"], 1_700_000_000)
        notes = select_notes(released, project.frame.decks["deck"], "en", Filter()).notes
        (folder / "ours.apkg").write_bytes(to_package(notes, released.times))

        learner = Collection(str(folder / "learner.anki2"))
        assert counts(import_package(learner, original)) == {"new": count}
        before = shown(learner)
        study(learner)
        state = everything(learner)
        assert counts(import_package(learner, folder / "ours.apkg")) == {"duplicate": count}
        assert everything(learner) == state
        learner.close()
        fresh = Collection(str(folder / "fresh.anki2"))
        assert counts(import_package(fresh, folder / "ours.apkg")) == {"new": count}
        assert shown(fresh) == before
        fresh.close()
