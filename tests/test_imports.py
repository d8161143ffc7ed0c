"""What others wrote becomes sources: spreadsheets, text exports and packages, with their media, guids and mistakes."""

import csv
import json
import re
import shutil
import sqlite3
import struct
import zipfile
import zlib
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import pytest
import zstandard
from anki.collection import Collection, ExportAnkiPackageOptions
from conftest import ROOT, counts, import_package
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from flashdeck.anki.package_reader import read_archive
from flashdeck.anki.package_writer import to_package
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.html_to_markdown import to_look
from flashdeck.importing.plan import plan_import
from flashdeck.model.courses import Filter
from flashdeck.pipeline import compile_project, release
from flashdeck.release.release import select_notes
from flashdeck.sources.editing import render_block

LANGUAGES = "en de fr es it pt nl sv nb da pl cs fi ru zh".split()


def geography(rows: int) -> list[list[str]]:
    """A table as big shared decks have it: languages side by side, HTML, quotes, line breaks in cells, pictures."""
    head = ["guid"] + [f"Country{'' if code == 'en' else ':' + code}" for code in LANGUAGES]
    head += [f"Capital{'' if code == 'en' else ':' + code}" for code in LANGUAGES] + ["Info", "Flag", "tags"]
    table = [head]
    for at in range(rows):
        names = [f"Land {at} <{code}>" if at % 5 == 0 else f'Land "{at}" {code}' for code in LANGUAGES]
        capitals = [f"Town {at} ({code})" for code in LANGUAGES]
        info = ["", 'Sea of <i>Salt</i> &amp; "sand"', "one\ntwo; three, four"][at % 3]
        table.append(
            [f"g:{at}&x", *names, *capitals, info, f'<img src="flag-{at}.svg" />' if at < 4 else "", "UG::Europe, island"]
        )
    return table


def write_csv(path: Path, table: list[list[str]], separator: str = ",", encoding: str = "utf-8", newline: str = "\n") -> None:
    text = StringIO()
    csv.writer(text, delimiter=separator, lineterminator=newline).writerows(table)
    path.write_bytes(text.getvalue().encode(encoding))


@pytest.mark.parametrize(
    ("separator", "encoding", "newline", "how"),
    [
        (",", "utf-8", "\n", "commas, in UTF-8"),
        (";", "utf-8-sig", "\r\n", "semicolons, in UTF-8"),
        ("\t", "utf-16", "\r\n", "tabs, in UTF-16"),
    ],
)
def test_fifteen_languages_side_by_side_become_cards_that_build(separator, encoding, newline, how, cli, col, tmp_path):
    table = geography(30)
    write_csv(tmp_path / "geo.csv", table, separator, encoding, newline)
    (tmp_path / "media").mkdir()
    for at in range(3):
        (tmp_path / "media" / f"flag-{at}.svg").write_text(f"<svg xmlns='http://www.w3.org/2000/svg' width='{at}'/>")
    words = ["--map", "question=Country", "--map", "answer=Capital", "--map", "extra=Info"]

    ran = cli("import", "geo.csv", "--into", "decks/geo", *words)
    built = cli("build", "--language", "fr", "--language", "zh")

    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"30 rows, separated by {how}"
    assert ran.out.splitlines()[1].endswith("; left out: Flag")
    assert ran.out.splitlines()[2] == "30 cards to 'decks/geo/cards.yaml'"
    assert built.code == 0, built.err
    import_package(col, tmp_path / "dist" / "geo-zh.apkg")
    notes = {note.guid: note.fields for note in map(col.get_note, col.find_notes(""))}
    assert len(notes) == 30
    fields = next(fields for fields in notes.values() if "Town 2 " in fields[1])
    assert fields[:2] == ["Land &quot;2&quot; zh".replace("&quot;", '"'), "Town 2 (zh)"]
    assert fields[3] == "one<br>\ntwo; three, four"
    assert next(fields for fields in notes.values() if "Town 5 " in fields[1])[0] == "Land 5 &lt;zh&gt;"


def test_pictures_beside_a_table_come_with_it(cli, tmp_path):
    write_csv(tmp_path / "geo.csv", geography(4))
    (tmp_path / "media").mkdir()
    for at in range(4):
        (tmp_path / "media" / f"flag-{at}.svg").write_text(f"<svg xmlns='http://www.w3.org/2000/svg' width='{at}'/>")
    (tmp_path / "media" / "other.svg").write_text("<svg/>")

    ran = cli("import", "geo.csv", "--into", "decks/geo", "--map", "question=Country", "--map", "answer=Flag")

    assert "4 files to 'media'" in ran.out
    assert sorted(path.name for path in (tmp_path / "decks" / "geo" / "media").iterdir()) == [f"flag-{at}.svg" for at in range(4)]
    assert cli("check").code == 0


@pytest.mark.parametrize(
    ("head", "words", "deck_yaml", "card"),
    [
        ("Question,Réponse", [], "[en]", "question: a\n    answer: b"),
        ("Vorderseite;Rückseite", ["--language", "de"], "[de]", "question: a\n    answer: b"),
        ("Pays,Country", ["--map", "question.fr=Pays", "--map", "question.en=Country", "--map", "answer=Pays"], "[fr, en]",
         "question: {fr: a, en: b}\n    answer: a"),
        ("Term,Definition (fr),Definition (en)", [], "[fr, en]", "question: a\n    answer: {fr: b, en: c}"),
    ],
)  # fmt: skip
def test_headers_in_many_languages_are_understood(head, words, deck_yaml, card, cli, tmp_path):
    row = "a;b" if ";" in head else ",".join("abc"[: head.count(",") + 1])
    (tmp_path / "t.csv").write_text(f"{head}\n{row}\n", encoding="utf-8")

    assert cli("import", "t.csv", "--into", "deck", *words).code == 0

    assert (tmp_path / "deck" / "deck.yaml").read_text().endswith(f"languages: {deck_yaml}\n")
    assert (tmp_path / "deck" / "cards.yaml").read_text().endswith(f"  - id: a\n    {card}\n")


def test_a_second_import_adds_what_is_new_and_reports_what_changed(cli, tmp_path):
    table = [["Front", "Back", "Tags"], ["Q1", "A1", "a"], ["Q2", "A2", ""], ["Q1", "A1", "a"]]
    write_csv(tmp_path / "t.csv", table)
    cli("import", "t.csv", "--into", "deck")
    before = (tmp_path / "deck" / "cards.yaml").read_text()
    (tmp_path / "deck" / "cards.yaml").write_text(before.replace("  - id: q1", "  # mine\n  - id: q1"))
    table[1][1] = "other"
    write_csv(tmp_path / "t.csv", [*table, ["Q3", "A3", ""]])

    ran = cli("import", "t.csv", "--into", "deck")

    assert ran.out.splitlines()[2:] == [
        "1 card to 'deck/cards.yaml'",
        "1 card there already",
        "changed since, and not written (--update writes it): 1",
        "  line 2: answer of deck/q1: 'A1' -> 'other'",
        "left out: 1",
        "  line 4: 'Q1' is also what the card 'deck/q1' asks",
    ]
    after = (tmp_path / "deck" / "cards.yaml").read_text()
    assert after == before.replace("  - id: q1", "  # mine\n  - id: q1") + "  - id: q3\n    question: Q3\n    answer: A3\n"


def test_corrections_of_a_table_are_shown_and_written_when_asked_for(cli, tmp_path):
    """Whatever its author wrote into the deck meanwhile stays: comments, another order, cards moved to other files."""
    table = [
        ["Question", "Answer", "Extra", "Tags", "Deck"],
        ["Where is Straße 1?", "A1", "x", "a b", "One"],
        ["¿Dónde?", "A2", "", "b", ""],
        ["кошка", "cat", "old", "", ""],
        ["Q4", "A4, *", "", "d", ""],
    ]
    write_csv(tmp_path / "t.csv", table)
    cli("import", "t.csv", "--into", "deck")
    path, other = tmp_path / "deck" / "cards.yaml", tmp_path / "deck" / "other.yaml"
    text = path.read_text(encoding="utf-8")
    text, _, last = text.partition("  - id: q4\n")
    path.write_text(text.replace("  - id: donde\n", "  # mine\n  - id: my-own-id\n"), encoding="utf-8")
    other.write_text(f"kind: basic\ncards:\n  - id: q4\n{last}  - {{id: mine, question: M, answer: N}}\n")
    table[1][1:4] = ["A1: new", "", "b c"]
    table[2][0:2] = ["¿Donde?", "A2\nmore"]
    table[3][2:4] = ["", "z"]
    table[4][3] = ""
    write_csv(tmp_path / "t.csv", [*table, ["Q5", "A5", "", "", ""]])

    told, updated, again = (cli("import", "t.csv", "--into", "deck", *words) for words in ([], ["--update"], ["--update"]))

    changes = [
        "  line 2: answer of deck/where-is-strasse-1: 'A1' -> 'A1: new'",
        "  line 2: tags of deck/where-is-strasse-1: [a, b] -> [b, c]",
        "  line 2: extra of deck/where-is-strasse-1: 'x' -> nothing",
        "  line 3: question of deck/my-own-id: '¿Dónde?' -> '¿Donde?'",
        "  line 3: answer of deck/my-own-id: 'A2' -> 'A2\\ more'",
        "  line 6: tags of deck/q4: [d] -> nothing",
    ]
    changes[5:5] = ["  line 5: tags of deck/koshka: nothing -> [z]", "  line 5: extra of deck/koshka: 'old' -> nothing"]
    new = "1 card to 'deck/cards.yaml'"
    assert told.out.splitlines()[2:] == [new, "changed since, and not written (--update writes it): 4", *changes]
    assert updated.out.splitlines()[2:] == ["no new cards", "1 card there already", "corrected: 4", *changes]
    assert (again.code, again.out.splitlines()[2:]) == (2, ["no new cards", "5 cards there already"])
    assert path.read_text(encoding="utf-8") == dedent("""\
        kind: basic
        cards:
          - id: where-is-strasse-1
            question: 'Where is Straße 1?'
            answer: 'A1: new'
            tags: [b, c]
          # mine
          - id: my-own-id
            question: '¿Donde?'
            answer: |-
              A2\\
              more
            tags: [b]
          - id: koshka
            question: кошка
            answer: cat
            tags: [z]
          - id: q5
            question: Q5
            answer: A5
        """)
    assert other.read_text() == (
        "kind: basic\ncards:\n  - id: q4\n    question: Q4\n    answer: 'A4, *'\n  - {id: mine, question: M, answer: N}\n"
    )


def test_a_correction_that_would_be_a_mistake_is_left_out_and_reported(cli, tmp_path):
    write_csv(tmp_path / "t.csv", [["Question", "Answer"], ["Q1", "A1"], ["Q2", "A2"]])
    cli("import", "t.csv", "--into", "deck")
    write_csv(tmp_path / "t.csv", [["Question", "Answer"], ["Q1", ""], ["Q2", "A3"]])

    ran = cli("import", "t.csv", "--into", "deck", "--update")

    assert ran.out.splitlines()[2:] == [
        "no new cards",
        "corrected: 1",
        "  line 3: answer of deck/q2: 'A2' -> 'A3'",
        "left out: 1",
        "  line 2: this basic has no 'answer'",
    ]


def test_cards_with_ids_as_earlier_versions_made_them_are_known_again(cli, tmp_path):
    write_csv(tmp_path / "t.csv", [["Question", "Answer"], ["Straße", "street"], ["собака", "dog"], ["A *b* 2", "x"]])
    (tmp_path / "deck").mkdir()
    (tmp_path / "deck" / "deck.yaml").write_text("id: deck\nname: Deck\nlanguages: [en]\n")
    (tmp_path / "deck" / "cards.yaml").write_text(
        "kind: basic\ncards:\n  - {id: stra-e, question: Straße, answer: street}\n"
        "  - {id: card-4330624c, question: собака, answer: Dog}\n  - {id: a-b, question: 'A \\*b\\* 2', answer: x}\n",
        encoding="utf-8",
    )

    ran = cli("import", "t.csv", "--into", "deck")

    assert ran.out.splitlines()[2:] == [
        "no new cards",
        "2 cards there already",
        "changed since, and not written (--update writes it): 1",
        "  line 3: answer of deck/card-4330624c: 'Dog' -> 'dog'",
    ]


ANKI_TEXT = """\
#separator:tab
#html:true
#guid column:1
#notetype column:2
#deck column:3
#tags column:6
kX&1=\tBasic\tGeo::Europe\tWhere is <b>Lyon</b>?\t"In ""France""<br>of course"\tx y::z
kX&2=\tCloze\tGeo\tA {{c1::gap}}\t\t
"""


def test_ankis_own_text_export_keeps_guids_decks_and_tags(cli, tmp_path):
    (tmp_path / "notes.txt").write_text(ANKI_TEXT, encoding="utf-8")

    ran = cli("import", "notes.txt", "--into", "decks/geo")

    assert ran.code == 0
    folder = tmp_path / "decks" / "geo"
    assert (folder / "cards.yaml").read_text() == dedent("""\
        cards:
          - id: where-is-lyon
            guid: kX&1=
            kind: basic
            deck: Europe
            question: 'Where is **Lyon**?'
            answer: |-
              In "France"\\
              of course
            tags: [x, 'y::z']
          - id: a-gap
            guid: kX&2=
            kind: cloze
            text: 'A {{c1::gap}}'
        """)
    assert cli("check").code == 0


@pytest.mark.parametrize(
    ("text", "encoding", "how", "question"),
    [
        ('a 5" nail\tun clou\nb\tdeux\n', "utf-8", "tabs, in UTF-8", 'a 5" nail'),
        ('"open\tun\nb\tdeux\n', "utf-8", "tabs, in UTF-8, quotes taken literally", '"open'),
        ("question,answer\nno,1.10\n", "utf-8", "commas, in UTF-8", "no"),
        ("a|b\nc|d\n", "utf-8", "pipes, in UTF-8", "a"),
    ],
)
def test_separators_encodings_and_stray_quotes_are_detected_and_reported(text, encoding, how, question, cli, tmp_path):
    (tmp_path / "words.txt").write_bytes(text.encode(encoding))

    ran = cli("import", "words.txt", "--into", "deck")

    assert ran.code == 0
    assert ran.out.splitlines()[0].endswith(f"rows, separated by {how}") or ran.out.splitlines()[0].endswith(
        f"row, separated by {how}"
    )
    assert json.loads(cli("list", "deck", "--format", "json").out)["cards"] == {
        "basic": len(text.strip().splitlines()) - ("question" in text)
    }
    first = (tmp_path / "deck" / "cards.yaml").read_text().partition("question: ")[2].splitlines()[0]
    assert first.strip("'") == question


def test_a_workbook_is_read_with_its_numbers_and_days(cli, tmp_path):
    from datetime import date

    book = Workbook()
    sheet = book.active
    sheet.title = "Cards"
    for row in (
        ["Question", "Answer", "Extra"],
        ["How many?", 196, None],
        ["When?", date(2018, 3, 6), 1.5],
        [None, None, None],
        ["x"],
    ):
        sheet.append(row)
    book.create_sheet("Notes")
    book.save(tmp_path / "cards.xlsx")

    ran = cli("import", "cards.xlsx", "--into", "deck")

    assert ran.out.splitlines()[0] == "3 rows, the sheet 'Cards', not 'Notes' (see --sheet)"
    assert ran.out.splitlines()[2:] == ["2 cards to 'deck/cards.yaml'", "left out: 1", "  line 5: this basic has no 'answer'"]
    assert (tmp_path / "deck" / "cards.yaml").read_text() == dedent("""\
        kind: basic
        cards:
          - id: how-many
            question: 'How many?'
            answer: 196
          - id: when
            question: 'When?'
            answer: 2018-03-06
            extra: 1.5
        """)


def some_collection(folder: Path) -> Collection:
    """A collection as its learner has it: stock note types, own decks, tags, media, a suspended card."""
    folder.mkdir()
    col = Collection(str(folder / "c.anki2"))
    (folder / "a b.png").write_bytes(b"a picture")
    col.media.add_file(str(folder / "a b.png"))
    col._backend.add_image_occlusion_notetype()
    rows = [
        ("Basic", ["1 &lt; 2 <img src='a b.png'>", "<div>yes</div>"]),
        ("Basic (optional reversed card)", ["front", "back", ""]),
        ("Basic (optional reversed card)", ["front 2", "back 2", "y"]),
        ("Cloze", ["a {{c1::b::hint}} {{c3::c}}", "<b>more</b>"]),
        (
            "Image Occlusion",
            ["{{c1::image-occlusion:rect:left=.1:top=.1:width=.2:height=.2:oi=1}}", '<img src="a b.png">', "", "", ""],
        ),
    ]
    for at, (name, fields) in enumerate(rows):
        note = col.new_note(col.models.by_name(name))
        note.fields = fields
        note.tags = ["x::y", "marked"] if at else ["z"]
        col.add_note(note, col.decks.id("Mine::Sub" if at else "Mine"))
    col.sched.suspend_cards(note.card_ids())
    return col


def look(html: str) -> str:
    """HTML without differences that nobody sees."""
    return to_look(html, {"b": "**"})


def stored(col: Collection) -> dict[str, tuple]:
    """What a learner has, but for what looks the same."""
    return {
        note.guid: (
            note.note_type()["name"].rstrip("+"),
            [*map(look, note.fields)],
            [card.ord for card in note.cards()],
        )
        for note in map(col.get_note, col.find_notes(""))
    }


@pytest.mark.parametrize("form", ["old.apkg", "new.apkg", "old.colpkg", "new.colpkg"])
def test_every_format_of_anki_is_read_and_its_learners_get_updates(form, cli, tmp_path):
    col = some_collection(tmp_path / "theirs")
    before = stored(col)
    path = tmp_path / form
    if form.endswith(".apkg"):
        options = ExportAnkiPackageOptions(with_media=True, legacy=form.startswith("old"))
        col.export_anki_package(out_path=str(path), options=options, limit=None)
    else:
        col.export_collection_package(str(path), True, form.startswith("old"))
        col = Collection(str(tmp_path / "theirs" / "c.anki2"))
    sched = col.db.all("select id, due, queue, ivl from cards")

    ran = cli("import", path, "--into", "decks/theirs", "--allow-scripts")
    assert ran.code == 0
    assert cli("build").code == 0
    log = counts(import_package(col, tmp_path / "dist" / "theirs-en-draft.apkg"))

    assert log == {"duplicate": 5}
    assert stored(col) == before
    assert col.db.all("select id, due, queue, ivl from cards") == sched
    assert col.fix_integrity()[1]
    fresh = Collection(str(tmp_path / "fresh.anki2"))
    assert counts(import_package(fresh, tmp_path / "dist" / "theirs-en-draft.apkg")) == {"new": 5}
    assert stored(fresh) == before
    for deck in (fresh, col):
        deck.close()


def test_crowdanki_folders_are_read_with_their_sub_decks(cli, tmp_path):
    folder = tmp_path / "Geo"
    (folder / "media").mkdir(parents=True)
    for name in ("map.png", "Chad.png", "_Chad.png"):
        (folder / "media" / name).write_bytes(b"a map")
    model = {"__type__": "NoteModel", "crowdanki_uuid": "u1", "name": "Land", "type": 0, "css": ".card {}"}
    back = '{{Map}}<img src="{{Country}}.png"><img src="_{{Country}}.png">'
    model |= {"flds": [{"name": "Country"}, {"name": "Map"}], "tmpls": [{"name": "C", "qfmt": "{{Country}}", "afmt": back}]}
    note = {"__type__": "Note", "fields": ["Chad", '<img src="map.png">'], "guid": "abc", "note_model_uuid": "u1", "tags": ["x"]}
    child = {"__type__": "Deck", "name": "Africa", "notes": [note], "children": [], "media_files": ["map.png", "../evil.png"]}
    child["media_files"] += ["Chad.png", "_Chad.png"]
    deck = {"__type__": "Deck", "name": "Geo", "notes": [], "children": [child], "note_models": [model], "media_files": []}
    (folder / "Geo.json").write_text(json.dumps(deck))

    ran = cli("import", folder, "--into", "decks/geo", "--allow-scripts")

    assert ran.code == 0
    assert "  the file '../evil.png' is not in its folder 'media'" in ran.out
    reason = "'Chad.png' and 1 other, named by a field: Anki imports only files that begin with '_' for templates"
    assert f"  land/back.html: {reason}" in ran.out
    assert sorted(path.name for path in (tmp_path / "decks" / "geo" / "media").iterdir()) == ["_Chad.png", "map.png"]
    assert (tmp_path / "decks" / "geo" / "cards.yaml").read_text() == dedent("""\
        kind: land
        deck: Africa
        tags: [x]
        cards:
          - id: chad
            guid: abc
            country: Chad
            map: '![](map.png)'
        """)
    assert cli("build").code == 0


def make_package(
    path: Path, sqlite: bytes | None, media: dict[str, str] | bytes = b"{}", name: str = "collection.anki2", **members: bytes
) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if sqlite is not None:
            archive.writestr(name, sqlite)
        archive.writestr("media", media if isinstance(media, bytes) else json.dumps(media))
        for member, data in members.items():
            archive.writestr(member.strip("_"), data)
    return path


def collection_of(package: Path, *statements: str) -> bytes:
    with zipfile.ZipFile(package) as archive:
        data = archive.read("collection.anki2")
    database = sqlite3.connect(":memory:")
    database.deserialize(data)
    for statement in statements:
        database.execute(statement)
    database.commit()
    return database.serialize()


HOSTILE = {
    "no zip": lambda path, good: path.write_bytes(b"PK\x03\x04 not a zip"),
    "cut zip": lambda path, good: path.write_bytes(good.read_bytes()[:-100]),
    "empty": lambda path, good: path.write_bytes(b""),
    "no collection": lambda path, good: make_package(path, None),
    "broken sqlite": lambda path, good: make_package(path, b"SQLite format 3\0" + b"\xff" * 5000),
    "no sqlite": lambda path, good: make_package(path, b"hello"),
    "another database": lambda path, good: make_package(path, sqlite_bytes("CREATE TABLE x (y)")),
    "views for tables": lambda path, good: make_package(
        path, sqlite_bytes("CREATE TABLE col (models, decks)", "CREATE VIEW notes AS SELECT 1", "CREATE VIEW cards AS SELECT 1")
    ),
    "a view for fields": lambda path, good: make_package(path, collection_of(good, *TABLES, "CREATE VIEW fields AS SELECT 1")),
    "computed texts": lambda path, good: make_package(
        path,
        collection_of(good, "ALTER TABLE notes DROP COLUMN flds", "ALTER TABLE notes ADD flds AS (hex(zeroblob(400000)))"),
    ),
    "wrong json": lambda path, good: make_package(path, collection_of(good, "UPDATE col SET models = '[1, 2'")),
    "notes of no type": lambda path, good: make_package(path, collection_of(good, "UPDATE notes SET mid = 1")),
    "media that is no list": lambda path, good: make_package(path, collection_of(good), b"[1]"),
    "bomb": lambda path, good: make_package(path, b"SQLite format 3\0" + b"\0" * 30_000_000),
    "zstd bomb": lambda path, good: make_package(
        path, zstandard.compress(b"SQLite format 3\0" + b"\0" * 30_000_000, 19), name="collection.anki21b"
    ),
    "no zstd": lambda path, good: make_package(path, b"hello", name="collection.anki21b"),
    "wrong protobuf": lambda path, good: make_package(
        path, zstandard.compress(collection_of(good)), zstandard.compress(b"\xff" * 50), name="collection.anki21b"
    ),
    "a claim of 2 GB": lambda path, good: path.write_bytes(claim(good.read_bytes())),
    "a password": lambda path, good: path.write_bytes(encrypted(good.read_bytes())),
}


TABLES = ("UPDATE col SET models = ''", *(f"CREATE TABLE {name} (id)" for name in ("notetypes", "templates", "decks")))


def sqlite_bytes(*statements: str) -> bytes:
    database = sqlite3.connect(":memory:")
    for statement in statements:
        database.execute(statement)
    database.commit()
    return database.serialize()


def claim(data: bytes) -> bytes:
    """The package with a size for its collection that it has not."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 24] + struct.pack("<I", 2_000_000_000) + data[at + 28 :]


def encrypted(data: bytes) -> bytes:
    first, second = data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8
    return data[:first] + b"\x01\0" + data[first + 2 : second] + b"\x01\0" + data[second + 2 :]


@pytest.fixture(scope="module")
def good_package(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.apkg"
    compiled = compile_project([ROOT / "decks"])
    released = release(compiled, ["en"], 1_700_000_000)
    path.write_bytes(
        to_package(select_notes(released, next(iter(compiled.frame.decks.values())), "en", Filter()).notes, released.times)
    )
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_package_gets_one_clear_line_and_writes_nothing(name, good_package, cli, tmp_path):
    HOSTILE[name](tmp_path / "bad.apkg", good_package)

    ran = cli("import", "bad.apkg", "--into", "decks/bad")

    assert ran.code == 2
    assert ran.err.count("\n") == 1 and ran.err.startswith("flashdeck: nothing was imported from 'bad.apkg': ")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.apkg"]


def test_names_that_lead_outside_their_folder_are_left_out_and_reported(good_package, cli, tmp_path):
    names = {"0": "../../evil.png", "1": "/etc/evil", "2": "C:\\evil.png", "3": "ok.png", "4": "CON", "5": "gone.png"}
    sql = (
        'UPDATE notes SET flds = \'<img src="ok.png"><img src="../../evil.png">\' || flds WHERE id = (SELECT min(id) FROM notes)'
    )
    make_package(tmp_path / "x.apkg", collection_of(good_package, sql), names, _0=b"e", _1=b"e", _2=b"e", _3=b"ok", _4=b"e")

    ran = cli("import", "x.apkg", "--into", "decks/x", "--allow-scripts")

    assert ran.code == 0
    for name in ("'../../evil.png'", "'/etc/evil'", "'C:\\\\evil.png'", "'CON'"):
        assert f"  the file {name} has an unsafe name, which could be outside its folder" in ran.out
    assert "  the file 'gone.png' is not in the package" in ran.out
    assert not list(tmp_path.parent.rglob("evil*"))
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"x.apkg", "decks"}


def test_scripts_in_texts_are_cut_and_those_of_templates_only_kept_when_asked(good_package, cli, tmp_path):
    sql = "UPDATE notes SET flds = '<img src=x onerror=alert(1)><script>alert(2)</script>' || flds"
    template = "UPDATE col SET models = replace(models, '{{FrontSide}}', '<script>x()</script><p onclick=y()>{{FrontSide}}')"
    make_package(tmp_path / "x.apkg", collection_of(good_package, sql, template))

    asked = cli("import", "x.apkg", "--into", "x")
    without = cli("import", "x.apkg", "--into", "a/x", "--drop-scripts")
    with_ = cli("import", "x.apkg", "--into", "b/x", "--allow-scripts")

    assert (asked.code, without.code, with_.code) == (2, 0, 0)
    assert "it may run or load something in learners' Anki: " in asked.err
    assert "--allow-scripts" in asked.err and "--drop-scripts" in asked.err
    assert ": '<script>', which is not allowed\n" in without.out and ": 'onerror', which is not allowed\n" in without.out
    texts = {top: "".join(path.read_text() for path in (tmp_path / top).rglob("*.*") if path.is_file()) for top in "ab"}
    assert "onerror" not in texts["a"] + texts["b"] and "alert" not in texts["a"] + texts["b"]
    assert ("<script" in texts["a"], "onclick" in texts["a"], "<script" in texts["b"]) == (False, False, True)
    assert cli("check", "a").code == 0
    assert cli("check", "b").code == 0
    assert "allow_scripts: true" in (tmp_path / "b" / "x" / "deck.yaml").read_text()


def test_what_is_left_of_a_hostile_template_and_style_is_good(good_package, cli, tmp_path):
    template = """{{FrontSide}}<p onclick="x()" title="{{Extra}}">a</p><a href='java&#115;cript:x()'>b</a>{{text:Extra}}"""
    quoted = json.dumps(template)[1:-1].replace("'", "''")
    sql = f"UPDATE col SET models = replace(models, '{{{{FrontSide}}}}', '{quoted}')"
    style = "@import 'x.css'; .a { color: red } .b { background: u\\\\72l(//x.example) } </style><script>"
    css = f"UPDATE col SET models = replace(models, '.card', '{style.replace(chr(39), chr(39) * 2)} .card')"
    make_package(tmp_path / "x.apkg", collection_of(good_package, sql, css))

    ran = cli("import", "x.apkg", "--into", "a/x", "--drop-scripts")

    assert ran.code == 0
    assert cli("check", "a").err == ""
    assert cli("build", "a").code == 0
    texts = "".join(path.read_text() for path in (tmp_path / "a").rglob("*") if path.suffix in (".css", ".html"))
    assert not any(word in texts for word in ("x()", "x.example", "script", "@import", "title="))
    assert "{{FrontSide}}" in texts and ".a { color: red }" in texts


WIDTH = "there are 2 columns; correct the line, or delete it"


@pytest.mark.parametrize(
    ("name", "data", "words", "message"),
    [
        (
            "x.pdf",
            b"%PDF",
            [],
            "files named '*.pdf' are not supported; import one of .csv, .tsv, .txt, .xlsx, .xlsm, .apkg, .colpkg, .json",
        ),
        ("x.csv", b"", [], "there is no card in it"),
        (
            "x.csv",
            b"a,b,c,d,e\n1,2,3,4,5\n",
            [],
            "it has 5 columns and no header that is known; name them, as in '--map question=1 --map answer=2', or the line of the"
            " header, as in '--header 1'",
        ),
        ("x.csv", b"Country,Capital\nChad,x\n", ["--map", "question=Cuntry"], "there is no column 'Cuntry'; there is 'Country'"),
        ("x.csv", b"Front,Back\na,b\n", ["--kind", "bascic"], "there is no kind 'bascic'; there is 'basic'"),
        (
            "x.csv",
            b"Front,Back\na,b\n",
            ["--map", "questoin=Front", "--kind", "basic"],
            "there is no field 'questoin' in a basic; there is 'question'",
        ),
        ("x.csv", b"a,b\nc,d\n", ["--map", "question=7"], "there is no column '7'; it has 2 columns and no header"),
        ("x.csv", bytes(range(256)) * 20, [], "it is not a text file"),
        ("x.xlsx", b"PK no workbook", [], "it is not a spreadsheet that can be read; save it again as .xlsx or CSV"),
        *(
            ("x.txt", f"#separator:tab\n#{line}\na\tb\n".encode(), [], f"its line '#{line}' names no column: {WIDTH}")
            for line in ("guid column:99", "guid column:-1", "guid column:x", "deck column:3", "tags column:٢")
        ),
        (
            "x.txt",
            b"#separator:tab\n#guid column:1\n#deck column:1\na\tb\n",
            [],
            "its lines '#guid column' and '#deck column' name the same column; correct one",
        ),
        (
            "x.txt",
            b'#separator:"\na\tb\n',
            [],
            "its line '#separator' names a quote, which cannot separate anything; name 'tab' or 'comma'",
        ),
        ("x.csv", b"\n" * 1_100_000, [], "it has more than 1,048,576 lines; split it into several files"),
        (
            "x.csv",
            b"a,b\n",
            ["--map", f"question={'9' * 5000}"],
            f"there is no column '{'9' * 5000}'; it has 2 columns and no header",
        ),
        ("x.json", b"{", [], "its collection cannot be read"),
        ("x.json", b"[" * 100_000, [], "its collection cannot be read"),
        ("x.json", b"{}", [], "it is not a CrowdAnki deck"),
        ("x.csv", b"Front,Back\na,b\n", ["--map", "question"], None),
    ],
)
def test_what_cannot_be_imported_gets_a_line_that_states_what_to_do(name, data, words, message, cli, tmp_path):
    (tmp_path / name).write_bytes(data)

    ran = cli("import", name, "--into", "deck", *words)

    assert ran.code == 2
    assert ran.err.splitlines()[0] == (
        f"flashdeck: nothing was imported from '{name}': {message}"
        if message
        else "flashdeck: 'question' is not FIELD=COLUMN; write it like question=Front"
    )
    assert all(line.startswith("  column ") for line in ran.err.splitlines()[1:])
    assert not (tmp_path / "deck").exists()


def test_an_xml_bomb_in_a_workbook_is_refused(cli, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 30_000_000)

    ran = cli("import", "x.xlsx", "--into", "deck")

    assert (ran.code, ran.err) == (
        2,
        "flashdeck: nothing was imported from 'x.xlsx': it unpacks to 30 MB; save its sheets as CSV, one by one\n",
    )


ROW = '<row r="{row}"><c r="{cell}" t="inlineStr"><is><t>x</t></is></c></row>'


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        (
            ROW.format(row=999_999_999, cell="A999999999"),
            "",
            "a cell of its sheet 'Sheet' is below row 1,048,576; delete it, or save it as CSV",
        ),
        (ROW.format(row=1, cell="XFD1"), "", "its sheet 'Sheet' has more than 1,000 columns; save the cards alone as CSV"),
        (
            ROW.format(row=1, cell="A1"),
            '<!DOCTYPE x [<!ENTITY a "b">]>',
            "it declares entities, as no spreadsheet does; save it again as .xlsx or CSV",
        ),
    ],
    ids=["a row below all", "a column beyond all", "entities"],
)
def test_a_workbook_that_claims_to_be_endless_is_refused_at_once(rows, head, message, cli, tmp_path):
    workbook(tmp_path / "x.xlsx", rows, head)

    ran = cli("import", "x.xlsx", "--into", "deck")

    assert (ran.code, ran.err) == (2, f"flashdeck: nothing was imported from 'x.xlsx': {message}\n")


def test_what_a_workbook_claims_of_its_size_costs_nothing(cli, tmp_path):
    cells = '<c r="A1" t="inlineStr"><is><t>question</t></is></c><c r="B1" t="inlineStr"><is><t>answer</t></is></c>'
    more = cells.replace("A1", "A900000").replace("B1", "B900000")
    claims = '<dimension ref="A1:XFD1048576"/><sheetData>'
    rows = f'<row r="1">{cells}</row><row r="900000">{more}</row>'
    workbook(tmp_path / "x.xlsx", rows, "", claims, '<mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells>')

    ran = cli("import", "x.xlsx", "--into", "deck")

    assert ran.code == 0 and "1 card to" in ran.out


def workbook(path: Path, rows: str, head: str, claims: str = "<sheetData>", merged: str = "") -> None:
    """A workbook with the XML of these rows in its only sheet."""
    book = Workbook()
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'{head}<worksheet xmlns="{name}">{claims}{rows}</sheetData>{merged}</worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in (members | {"xl/worksheets/sheet1.xml": sheet.encode()}).items():
            archive.writestr(member, data)


def test_two_pictures_of_one_name_are_both_kept(good_package, cli, tmp_path):
    sql = "UPDATE notes SET flds = '<img src=\"map.png\">' || flds WHERE id = (SELECT min(id) FROM notes)"
    for name, picture in (("one", b"first"), ("two", b"second")):
        rename = "UPDATE notes SET guid = guid || '" + name + "'"
        make_package(tmp_path / f"{name}.apkg", collection_of(good_package, sql, rename), {"0": "map.png"}, _0=picture)
        assert cli("import", f"{name}.apkg", "--into", "decks/x", "--allow-scripts").code == 0

    pictures = {path.name: path.read_bytes() for path in (tmp_path / "decks" / "x" / "media").iterdir()}
    assert sorted(pictures.values()) == [b"first", b"second"]
    assert cli("check").code == 0


def test_a_picture_gets_a_new_name_also_where_another_card_is_left_out(cli, tmp_path):
    write_csv(tmp_path / "t.csv", [["Front", "Back"], ["Q1", "<img src='a.svg'>"], ["Q2", ""]])
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "deck" / "media").mkdir(parents=True)
    (tmp_path / "deck" / "media" / "a.svg").write_text("another picture")

    ran = cli("import", "t.csv", "--into", "deck")

    assert ran.out.splitlines()[2:] == [
        "1 card to 'deck/cards.yaml'",
        "1 file to 'media'",
        "left out: 1",
        "  line 3: this basic has no 'answer'",
    ]
    assert sorted(path.name for path in (tmp_path / "deck" / "media").iterdir()) == ["a-a87cba1d08bc.svg", "a.svg"]
    assert "answer: '![](a-a87cba1d08bc.svg)'" in (tmp_path / "deck" / "cards.yaml").read_text()


def test_a_picture_that_is_not_in_the_package_stays_in_the_text_and_is_a_warning_on_its_card(good_package, cli, tmp_path):
    picture = "'<img src=gone.png>[sound:gone.mp3]' || flds"
    sql = f"UPDATE notes SET flds = {picture} WHERE id = (SELECT min(id) FROM notes)"
    make_package(tmp_path / "x.apkg", collection_of(good_package, sql))

    ran = cli("import", "x.apkg", "--into", "x", "--allow-scripts")
    checked = cli("check", "x")

    assert ran.code == 0
    assert re.findall(r"(warning|error)\[missing-media\] (.*)", checked.out) == [
        ("warning", "there is no file 'gone.png'"),
        ("warning", "there is no file 'gone.mp3'"),
    ]
    assert "gone.png" in (tmp_path / "x" / "cards.yaml").read_text() and checked.code == 0


def test_halves_of_characters_become_marks(cli, tmp_path):
    model = {"crowdanki_uuid": "m", "name": "B\ud800", "css": "", "type": 0, "flds": [{"name": "Q"}, {"name": "A\udfff"}]}
    model["tmpls"] = [{"name": "C", "qfmt": "{{Q}}", "afmt": "\ud800 {{Q}}"}]
    note = {"fields": ["q\ud800", "a"], "guid": "g\udc00", "note_model_uuid": "m", "tags": ["t\ud800"]}
    deck = {"name": "D", "children": [], "note_models": [model], "notes": [note], "media_files": ["x\ud800.png"]}
    (tmp_path / "x.json").write_text(json.dumps(deck), encoding="utf-8")

    ran = cli("import", "x.json", "--into", "x")

    assert ran.code == 0 and "1 card to" in ran.out
    assert "q\ufffd" in (tmp_path / "x" / "cards.yaml").read_text(encoding="utf-8")
    assert cli("check", "x").err == ""


@pytest.mark.parametrize(("empty", "what"), [("flds", "fields"), ("tmpls", "cards")])
def test_a_note_type_that_holds_or_shows_nothing_gets_one_clear_line(empty, what, cli, tmp_path):
    model = {"crowdanki_uuid": "m", "name": "B", "type": 0, "flds": [{"name": "Q"}]}
    model |= {"tmpls": [{"name": "C", "qfmt": "{{Q}}", "afmt": "a"}], empty: []}
    note = {"fields": ["q"], "guid": "g", "note_model_uuid": "m"}
    (tmp_path / "x.json").write_text(json.dumps({"name": "D", "note_models": [model], "notes": [note]}), encoding="utf-8")

    ran = cli("import", "x.json", "--into", "x")

    assert (ran.code, ran.err) == (2, f"flashdeck: nothing was imported from 'x.json': its note type 'B' has no {what}\n")


def test_any_value_in_any_column_of_a_collection_is_read_as_text(good_package, cli, tmp_path):
    values = "tags = x'ff20', flds = CAST(flds AS BLOB), guid = id"
    make_package(
        tmp_path / "x.apkg", collection_of(good_package, f"UPDATE notes SET {values} WHERE id = (SELECT min(id) FROM notes)")
    )

    ran = cli("import", "x.apkg", "--into", "x", "--allow-scripts")

    assert ran.code == 0 and "Traceback" not in ran.err


def test_an_empty_note_does_not_stop_the_import(good_package, cli, tmp_path):
    sql = "UPDATE notes SET flds = replace(hex(zeroblob(length(flds) - length(replace(flds, char(31), '')))), '00', char(31))"
    make_package(tmp_path / "x.apkg", collection_of(good_package, f"{sql} WHERE id = (SELECT min(id) FROM notes)"))

    ran = cli("import", "x.apkg", "--into", "x", "--allow-scripts")

    assert ran.code == 0


def test_learners_keep_their_cards_where_a_package_comes_back_in_another_language(cli, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "deck.yaml").write_text("id: one\nname: One\nlanguages: [en]\n")
    (tmp_path / "one" / "cards.yaml").write_text("kind: basic\ncards:\n  - {id: a, question: Q, answer: A}\n")
    assert cli("release", "one").code == 0

    for language in ("en", "fr"):
        words = ["--into", language, "--id", "one", "--language", language]
        assert cli("import", "dist/one-en.apkg", *words, "--map", "question=Question", "--map", "answer=Answer").code == 0

    files = [(tmp_path / language / "cards.yaml").read_text() for language in ("en", "fr")]
    assert [file.partition("cards:\n")[2] for file in files] == [
        "  - id: a\n    question: Q\n    answer: A\n",
        "  - id: a\n    guid: one/a@en\n    question: Q\n    answer: A\n",
    ]


def test_a_mistake_that_is_there_already_is_shown_where_it_stands(cli, tmp_path):
    (tmp_path / "deck").mkdir()
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "deck" / "deck.yaml").write_text("id: deck\nname: Deck\nlanguages: [en]\n")
    (tmp_path / "deck" / "old.yaml").write_text("kind: basic\ncards:\n  - {id: a, question: Q}\n")
    write_csv(tmp_path / "words.csv", [["Front", "Back"], ["Q1", "A1"]])
    write_csv(tmp_path / "pictures.csv", [["Front", "Back"], ["Q1", "<img src='a.svg'>"]])

    for name in ("words.csv", "pictures.csv"):
        ran = cli("import", name, "--into", "deck")

        assert ran.code == 2
        assert ran.err.startswith("deck/old.yaml:3:5: error[missing-field] this basic has no 'answer'\n")


def test_crc_of_the_zip_is_checked(good_package, cli, tmp_path):
    data = bytearray(good_package.read_bytes())
    at = data.index(b"PK\x01\x02") + 16
    data[at : at + 4] = struct.pack("<I", zlib.crc32(b"other"))
    (tmp_path / "x.apkg").write_bytes(data)

    assert cli("import", "x.apkg", "--into", "x").err.endswith(": it is not a zip file, or a damaged one\n")


pieces = st.sampled_from(
    [
        "**a**",
        "*b*",
        " ",
        "\n\n",
        "- c",
        "1. d",
        "<b>e</b>",
        "<div>f</div>",
        "`g`",
        "&amp;",
        "<",
        "\\(x<y\\)",
        "$5",
        "\\",
        "{{x",
        "~~n~~",
    ]
    + ["![alt](red.svg)", "![](<b c.svg>)", "<img src='red.svg'>", "[sound:call.mp3]", "[h](https://example.org/i)"]
    + ["| j | k |\n|---|---|\n| l | m |", "<!-- html --><p style='color: red'>o<br/></p>"]
)
letters = st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"))
texts = (st.text(letters, min_size=1, max_size=25) | st.lists(pieces, min_size=1, max_size=5).map("".join)).filter(str.strip)
yes = st.just("true")


def a_card(kind: str, optional: dict | None = None, **fields: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({"kind": st.just(kind), **fields}, optional=optional or {})


gapped = texts.map(lambda text: text.replace("{{", "") + " {{c1::x}} {{c3::y::z}}")
options = st.lists(st.sampled_from("abc"), min_size=1, unique=True)
cards = st.one_of(
    a_card("basic", {"both_ways": yes, "extra": texts}, question=texts, answer=texts),
    a_card("basic", {"deck": st.sampled_from(["A", "A::B"])}, question=texts, answer=texts, type_answer=yes),
    a_card("cloze", text=gapped),
    a_card("term", avoid=texts, prefer=st.lists(texts, min_size=1, max_size=2), reference=st.just("book")),
    a_card("choice", question=texts, answer=st.just("right"), distractors=options),
)
BOOK = {"id": "book", "type": "book", "title": "A Book", "publisher": "P", "issued": "2020"}


def build_package(folder: Path) -> bytes:
    compiled = compile_project([folder])
    assert compiled.ok, compiled.problems
    released = release(compiled, ["en"], 1_700_000_000)
    return to_package(select_notes(released, next(iter(compiled.frame.decks.values())), "en", Filter()).notes, released.times)


@settings(max_examples=30)
@given(st.lists(cards, min_size=1, max_size=4), st.sampled_from([[], ["x", "y::z"]]))
def test_what_is_built_and_imported_into_an_empty_folder_builds_the_same_notes(some, tags):
    with TemporaryDirectory() as place:
        one, two = Path(place, "one"), Path(place, "two")
        (one / "media").mkdir(parents=True)
        for name in ("red.svg", "b c.svg", "call.mp3"):
            (one / "media" / name).write_text(name)
        (one / "deck.yaml").write_text("id: one\nname: One\nlanguages: [en]\n")
        entries = [{"id": f"n{at}"} | card | ({"tags": tags} if tags else {}) for at, card in enumerate(some)]
        course = {"id": "first", "cards": ["one/n0"]}
        text = render_block({"references": [BOOK], "courses": [course], "cards": entries}) + "\n"
        (one / "cards.yaml").write_text(text, encoding="utf-8")
        compiled = compile_project([one])
        assume(compiled.ok)
        package = build_package(one)
        (Path(place) / "one.apkg").write_bytes(package)

        plan = plan_import(Path(place) / "one.apkg", ImportOptions(two, id="other", allow_scripts=True))
        assert not plan.problems and not [line for line in plan.lines if "left out" in line], plan.lines
        for path, data in plan.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (Path(place) / "two.apkg").write_bytes(build_package(two))

        first, second = (read_archive(Path(place) / f"{name}.apkg") for name in ("one", "two"))
        notes = [[replace(note, id=0, fields=tuple(map(look, note.fields))) for note in one.notes] for one in (first, second)]
        assert notes[0] == notes[1]
        assert second.types == first.types
        assert {name: read() for name, read in second.media.items()} == {name: read() for name, read in first.media.items()}


def test_our_own_decks_come_back_as_they_were_in_the_real_anki(cli, tmp_path):
    shutil.copytree(ROOT / "decks", tmp_path / "decks")
    cli("release", "--out", "first")
    seen = []
    for name in ("interpol-fr", "custom-en"):
        language = name[-2:]
        assert cli("import", f"first/{name}.apkg", "--into", f"again/{name}", "--language", language, "--allow-scripts").code == 0
        assert cli("build", f"again/{name}", "--out", "second").code == 0
        for package in (tmp_path / "first" / f"{name}.apkg", tmp_path / "second" / f"{name}-{language}-draft.apkg"):
            col = Collection(str(tmp_path / f"{len(seen)}.anki2"))
            import_package(col, package)
            rows = [
                [*row[:2], look(row[2]), row[3]] for row in col.db.all("select guid, mid, flds, tags from notes order by guid")
            ]
            cards = col.db.all("select n.guid, c.ord from cards c join notes n on n.id = c.nid order by c.due, 2")
            decks = sorted(deck.name for deck in col.decks.all_names_and_ids())
            answers = [look(card.answer()) for card in map(col.get_card, sorted(col.find_cards("")))]
            seen.append((rows, cards, decks, sorted(answers)))
            col.close()
        assert seen[-2] == seen[-1]
