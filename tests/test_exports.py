"""Exports: what other programs read of them is what the cards say, and what a format cannot carry is listed."""

import csv
import json
import os
import re
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from anki.collection import Collection
from conftest import ROOT, import_package
from hypothesis import given, settings
from hypothesis import strategies as st

from flashdeck.commands.export import Format
from flashdeck.exporting.cards import ExportOptions
from flashdeck.exporting.plan import FORMATS, plan_export
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.plan import plan_import
from flashdeck.model.courses import Filter
from flashdeck.pipeline import Project, compile_project

NAMES = {"x": "urn:iso:std:iso:30042:ed-2"}
REFERENCES = """
references:
  - id: guide
    title: Terms & words
    author: [{literal: A <Body>}]
    issued: 2016
    URL: https://example.org/a?b=1&c=[2]
  - {id: book, title: A book, publisher: Press}
"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
ENGLISH = "id: test\nname: Test\nlanguages: [en]\n"
TERMS = """
kind: term
reference: guide
cards:
  - id: material
    avoid: {fr: [Vieux élève, 'Autre (mot)'], en: [Old "word", former child]}
    prefer: {fr: "Bon *mot*", en: [Good & <em>new</em>, "other | one"]}
    also_accepted: {fr: [Mot admis], en: [Fine]}
    level: avoid
    why: {fr: "C’est 50 % faux.", en: "It is 50 % wrong: see `x`."}
    extra: {fr: Note, en: Remark}
    tags: [core]
  - id: careful
    avoid: {fr: "l'habit", en: "the don't"}
    prefer: {fr: tenue, en: dress}
    level: caution
    reference: [guide, book]
  - {id: french, languages: [fr], avoid: {fr: seul}, prefer: {fr: unique}}
  - {id: gone, avoid: {fr: a, en: b}, prefer: {fr: c, en: d}, retired: {since: 2024-01, why: {fr: x, en: y}}}
"""


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def project_of(folder: Path) -> Project:
    project = compile_project([folder])
    assert project.ok, project.problems
    return project


def export(project: Project, format: str, **about: Any) -> dict[str, bytes]:
    languages = about.pop("languages", tuple(project.languages))
    options = ExportOptions([*project.frame.decks.values()], languages, (), Filter(**about), 1_700_000_000)
    return dict(plan_export(project, format, options).files)


# ---- TBX ---------------------------------------------------------------------------------------------------------------------


def test_a_termbase_has_a_concept_for_each_term_card_and_the_status_of_each_term(deck, cli, golden, tmp_path):
    deck(TERMS, references_yaml=REFERENCES)

    ran = cli("export", "--to", "tbx")

    assert (ran.code, ran.out) == (0, "file           content\ndist/test.tbx  3 concepts, 15 terms\n")
    assert ran.err == "not in these files:\n  test.tbx: 'tags' of 1 card\n"
    golden("terms.tbx", read(tmp_path / "dist" / "test.tbx"))


def test_termbases_of_our_decks_and_of_hostile_texts_are_valid(deck, tmp_path):
    """By our own schema; by hand also by the published one: TBX=TBXcoreStructV03.rng pytest tests/test_exports.py."""
    etree = pytest.importorskip("lxml.etree")
    paths = [ROOT / "tests" / "tbx-basic.rng", *filter(None, [os.environ.get("TBX")])]
    hostile = "]]> <![CDATA[ <!-- & &amp; ' \" <b>x</b> \U0001f600 " + "עברית"
    term = {"id": "1", "avoid": hostile, "prefer": [hostile, "b"], "why": hostile, "extra": hostile, "reference": "guide"}
    deck("kind: term\ncards: " + json.dumps([term], ensure_ascii=False), references_yaml=REFERENCES)

    for folder in (tmp_path / "decks", ROOT / "decks"):
        data = export(project_of(folder), "tbx")
        for root in map(etree.fromstring, data.values()):
            for path in paths:
                schema = etree.RelaxNG(etree.parse(path))
                assert schema.validate(root), schema.error_log
            terms = root.xpath("//x:term/text()", namespaces=NAMES)
            assert len(terms) > 2
    words = "]]> <![CDATA[ <!-- & & ' \" x 😀 עברית"
    (data,) = export(project_of(tmp_path / "decks"), "tbx").values()
    root = etree.fromstring(data)
    assert root.xpath("//x:langSec[1]//x:term/text()", namespaces=NAMES) == [words, "b", words]
    assert {*root.xpath("//x:note/text()", namespaces=NAMES)} == {words}


# ---- tables ------------------------------------------------------------------------------------------------------------------


def test_a_table_has_a_column_for_each_field_and_language_and_import_knows_every_card_again(deck, cli, tmp_path):
    deck(TERMS, references_yaml=REFERENCES)

    ran = cli("export", "--to", "csv")

    table = tmp_path / "dist" / "test" / "term.csv"
    assert (ran.code, ran.out) == (0, "file                content\ndist/test/term.csv  3 cards\n")
    assert ran.err == "not in these files:\n  test: 'languages' of 1 card\n"
    assert [*csv.reader(StringIO(read(table), newline=""))] == [
        [
            "id", "avoid (fr)", "avoid (en)", "prefer (fr)", "prefer (en)", "reference", "level",
            "why (fr)", "why (en)", "also_accepted (fr)", "also_accepted (en)", "extra (fr)", "extra (en)", "tags",
        ],
        [
            "material", "Vieux élève\nAutre (mot)", 'Old "word"\nformer child',
            "Bon <em>mot</em>", "Good & <em>new</em>\nother | one",
            "guide", "avoid", "C’est 50 % faux.", "It is 50 % wrong: see <code>x</code>.", "Mot admis", "Fine", "Note", "Remark",
            "core",
        ],
        ["careful", "l'habit", "the don't", "tenue", "dress", "guide\nbook", "caution", "", "", "", "", "", "", ""],
        ["french", "seul", "", "unique", "", "guide", "", "", "", "", "", "", "", ""],
    ]  # fmt: skip
    again = cli("import", table, "--kind", "term", "--language", "fr", "--into", "decks/test", "--update")
    assert (again.code, again.out.splitlines()[2:]) == (2, ["no new cards", "3 cards there already"])
    alone = cli("export", "--to", "csv", "--language", "fr", "--out", "fr")
    assert alone.code == 0
    again = cli("import", "fr/test-fr/term.csv", "--kind", "term", "--language", "fr", "--into", "decks/test", "--update")
    assert (again.code, again.out.splitlines()[2:]) == (2, ["no new cards", "3 cards there already"])


def test_a_table_of_one_language_corrects_that_one_and_leaves_the_others_alone(deck, cli, tmp_path):
    deck(
        """\
        kind: basic
        cards:
          - {id: one, question: {fr: q, en: q}, answer: {fr: vieux, en: old}, extra: {fr: e, en: e}, reference: [book]}
          - {id: two, question: {fr: r, en: r}, answer: {fr: s, en: s}, extra: {en: only here}}
        """,
        references_yaml=REFERENCES,
    )
    before = read(tmp_path / "decks" / "test" / "cards.yaml")
    assert cli("export", "--to", "csv", "--language", "fr").code == 0
    table = tmp_path / "dist" / "test-fr" / "basic.csv"
    table.write_bytes(table.read_bytes().replace(b"vieux", b"neuf"))

    ran = cli("import", table, "--kind", "basic", "--language", "fr", "--into", "decks/test", "--update")

    assert ran.code == 0
    assert read(tmp_path / "decks" / "test" / "cards.yaml") == before.replace("vieux", "neuf")


def test_no_cell_is_a_formula_and_all_words_come_back(deck, tmp_path):
    texts = ["=1+2", "+1", "-x", "@SUM(A1)", "\t=1", "-**b**", "= *x*", "'=x", "- a\n- b", "＝1", "a; b", "=a; b", "#x"]
    cards = [
        {"id": f"n{at}", "question": f"{text} {at}", "answer": text, "also_accepted": [text, "b"], "tags": ["=t", "a"]}
        for at, text in enumerate(texts)
    ]
    cards += [{"id": f"m{at}", "question": f"{at}", "answer": "a", "also_accepted": text} for at, text in enumerate(texts)]
    deck("kind: basic\ndeck: =cmd\ncards: " + json.dumps(cards), "id: test\nname: Test\nlanguages: [en]\n")

    files = export(project_of(tmp_path / "decks"), "csv")

    rows = [*csv.reader(StringIO(files["test/basic.csv"].decode("utf-8-sig"), newline=""))]
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))] == []
    assert {row[0] for row in rows[1:]} == {card["id"] for card in cards}
    (tmp_path / "basic.csv").write_bytes(files["test/basic.csv"])
    plan = plan_import(tmp_path / "basic.csv", ImportOptions(tmp_path / "decks" / "test", kind="basic", update=True))
    assert plan.lines[2:] == ["no new cards", f"{len(cards)} cards there already"]


def test_what_no_table_can_hold_has_no_row_and_is_named(deck, cli, tmp_path):
    deck(
        """
        cards:
          - id: good
            kind: basic
            question: q
            answer: a
          - id: lines
            kind: basic
            question: q2
            answer: a
            also_accepted: ["one<br>two", three]
          - id: comma
            kind: basic
            question: q3
            answer: a
            tags: ["a,b"]
          - id: bold
            kind: basic
            question: <b>q4</b>
            answer: a
          - id: elsewhere
            kind: basic
            deck: "::Elsewhere"
            question: q5
            answer: a
          - id: twice
            kind: basic
            deck: Test
            question: q6
            answer: a
          - id: formula
            kind: statistic
            claim: c
            date: =1
            reference: book
          - id: place
            kind: occlusion
            image: one.svg
            alt: x
            shapes: {c1: {name: n, rectangle: [1, 1, 9, 9]}}
        """,
        "id: test\nname: Test\nlanguages: [en]\n",
        references_yaml=REFERENCES,
        media__one_svg='<svg xmlns="http://www.w3.org/2000/svg"/>',
    )

    ran = cli("export", "--to", "csv")

    assert ran.code == 0 and [path.name for path in (tmp_path / "dist" / "test").iterdir()] == ["basic.csv"]
    assert ran.err.splitlines()[-4:] == [
        "not in these files:",
        "  test/basic.csv: 5 cards, since it would come back otherwise: "
        "test/lines, test/comma, test/bold, test/elsewhere, test/twice",
        "  test/statistic.csv: 1 card, since a cell with one of its words would be a formula: test/formula",
        "  test/occlusion.csv: 1 card, since no table can hold places on a picture: test/place",
    ]


def test_pictures_stand_beside_the_table_where_import_finds_them(deck, cli, tmp_path):
    text = '{id: one, kind: basic, question: "Q ![a](one.svg)", answer: "[sound:beep.mp3]"}'
    deck(f"cards:\n  - {text}\n", ENGLISH, media__one_svg=PICTURE, media__beep_mp3=b"ID3")

    assert cli("export", "--to", "csv").code == 0
    assert cli("import", "dist/test/basic.csv", "--into", "decks/other").code == 0

    files = {path.name: path.read_bytes() for path in (tmp_path / "decks" / "other" / "media").iterdir()}
    assert files == {"one.svg": PICTURE.encode(), "beep.mp3": b"ID3"}
    cards = yaml.safe_load(read(tmp_path / "decks" / "other" / "cards.yaml"))["cards"]
    assert cards == [{"id": "one", "question": "Q ![a](one.svg)", "answer": "[sound:beep.mp3]"}]


PIECES = (
    """= + - @ ' " , ; | # $ % & < > ** _ ` \\ é 文 שלום 1. &lt; <b>x</b> [a](https://e.org) {{c1::x}} a bc true -1 '=""".split()
)
PIECES += ["\t", "\n", "\n\n", "", " "]
texts = st.lists(st.sampled_from(PIECES) | st.text(alphabet="ab =+-@;,'\"", max_size=4), min_size=1, max_size=5).map(" ".join)
by_language = texts | st.fixed_dictionaries({"fr": texts, "en": texts})
lists = by_language | st.lists(by_language, min_size=1, max_size=3)
tags = st.lists(st.sampled_from(["core", "law::code", "-x", "=y", "é"]), unique=True)
basics = st.fixed_dictionaries({"kind": st.just("basic"), "question": by_language, "answer": by_language, "tags": tags},
                               optional={"also_accepted": lists, "extra": by_language})  # fmt: skip
discouraged = {"kind": st.just("term"), "avoid": lists, "prefer": lists, "tags": tags, "reference": st.just("book")}
terms = st.fixed_dictionaries(discouraged, optional={"why": by_language, "level": st.sampled_from(["avoid", "caution"])})


@settings(max_examples=20)
@given(st.lists(basics | terms, min_size=1, max_size=5))
def test_what_is_exported_as_tables_and_imported_again_gives_the_same_notes(cards):
    with TemporaryDirectory() as name:
        folder = Path(name, "decks", "test")
        folder.mkdir(parents=True)
        (folder / "deck.yaml").write_text("id: test\nname: Test\nlanguages: [fr, en]\n")
        (folder / "references.yaml").write_text(REFERENCES)
        (folder / "cards.yaml").write_text("cards: " + json.dumps([{"id": f"n{at}", **card} for at, card in enumerate(cards)]))
        project = compile_project([folder])
        bad = {problem.card for problem in project.problems if problem.level == "error"}
        good = [{"id": f"n{at}", **card} for at, card in enumerate(cards) if f"test/n{at}" not in bad]
        (folder / "cards.yaml").write_text("cards: " + json.dumps(good))
        project = compile_project([folder])
        if not project.ok or not good:
            return
        plan = FORMATS["csv"](project, project.frame.decks["test"], ExportOptions((), ("fr", "en"), (), Filter(), 1))
        other = Path(name, "other", "test")
        other.mkdir(parents=True)
        (other / "deck.yaml").write_text("id: test\nname: Test\nlanguages: [fr, en]\n")
        (other / "references.yaml").write_text(REFERENCES)
        carried = set()
        for path, data in plan.files.items():
            table = Path(name, "table.csv")
            table.write_bytes(data)
            rows = [*csv.reader(StringIO(data.decode("utf-8-sig"), newline=""))]
            carried |= {row[0] for row in rows[1:]}
            assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
            kind = Path(path).stem
            there = plan_import(table, ImportOptions(folder, language="fr", kind=kind, update=True))
            assert there.files == {}, there.lines
            for file, text in plan_import(table, ImportOptions(other, language="fr", kind=kind)).files.items():
                file.write_bytes(text)

        again = compile_project([other])

        named = {id for line in plan.left_out for id in re.findall(r"test/(n\d+)", line)}
        assert carried | named == {card["id"] for card in good} and not carried & named
        for language in ("fr", "en"):
            before = {note.card: (note.text, note.tag_text, note.guid) for note in project.notes(language)}
            after = {note.card: (note.text, note.tag_text, note.guid) for note in again.notes(language)}
            assert after == {id: one for id, one in before.items() if id in carried}


# ---- CrowdAnki ---------------------------------------------------------------------------------------------------------------

SEVERAL = """
cards:
  - {id: one, kind: basic, question: "Q ![a square](one.svg)", answer: A, tags: [core], both_ways: true}
  - {id: two, kind: cloze, deck: "Law::Basics", text: "{{c1::a}} and {{c2::b}}"}
  - {id: three, kind: choice, deck: Law, question: Which?, answer: This, distractors: [That, "Those & <b>these</b>"]}
  - {id: four, kind: basic, deck: "::Elsewhere", question: Q4, answer: A4}
"""


def import_crowdanki(col: Collection, folder: Path) -> None:
    """What CrowdAnki does: options, decks and note types are found by their uuid, else made; notes by their guid."""
    deck = json.loads((folder / "deck.json").read_text(encoding="utf-8"))
    for options in deck["deck_configurations"]:
        mine = next((one for one in col.decks.all_config() if one.get("crowdanki_uuid") == options["crowdanki_uuid"]), None)
        col.decks.update_config((mine or col.decks.add_config(options["name"])) | without_type(options))
    for model in deck["note_models"]:
        mine = next((one for one in col.models.all() if one.get("crowdanki_uuid") == model["crowdanki_uuid"]), None)
        if mine:
            col.models.update(new := mine | without_type(model))
            assert [mine[key] for key in ("flds", "tmpls")] == [new[key] for key in ("flds", "tmpls")]  # else it asks
        else:
            col.models.add(col.models.new(model["name"]) | without_type(model))
    add_deck(col, deck, "", {one["crowdanki_uuid"] for one in deck["deck_configurations"]})
    for file in (folder / "media").iterdir() if (folder / "media").exists() else ():
        Path(col.media.dir(), file.name).write_bytes(file.read_bytes())


def without_type(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "__type__"}


def add_deck(col: Collection, deck: dict[str, Any], above: str, options: set[str]) -> None:
    name = f"{above}::{deck['name']}" if above else deck["name"]
    id = col.decks.id(name)
    assert deck["deck_config_uuid"] in options
    inner = ("note_models", "deck_configurations", "children", "media_files", "notes", "deck_config_uuid", "__type__")
    col.decks.save(col.decks.get(id) | {key: value for key, value in deck.items() if key not in inner} | {"name": name})
    for child in deck["children"]:
        add_deck(col, child, name, options)
    for one in deck["notes"]:
        type = next(model for model in col.models.all() if model.get("crowdanki_uuid") == one["note_model_uuid"])
        found = col.db.scalar("select id from notes where guid = ?", one["guid"])
        note = col.get_note(found) if found else col.new_note(type)
        note.fields, note.tags, note.guid = one["fields"], one["tags"], one["guid"]
        if found:
            col.update_note(note)
        else:
            col.add_note(note, id)


def shown(col: Collection) -> list[tuple[Any, ...]]:
    """All cards as their learner sees them, with their decks and tags."""
    cards = map(col.get_card, col.find_cards(""))
    return sorted(
        (one.note().guid, one.ord, col.decks.name(one.did), one.question(), one.answer(), *one.note().tags) for one in cards
    )


def collect(path: Path, *sources: Path) -> list[tuple[Any, ...]]:
    """What a new collection shows after some packages and folders were imported."""
    col = Collection(str(path))
    for source in sources:
        import_crowdanki(col, source) if source.is_dir() else import_package(col, source)
    cards, media = shown(col), sorted((file.name, file.read_bytes()) for file in Path(col.media.dir()).iterdir())
    col.close()
    return [*cards, *media]


def test_a_folder_for_crowdanki_gives_the_same_cards_as_the_package_by_its_rules_and_by_ours(deck, cli, tmp_path):
    deck(SEVERAL, ENGLISH, media__one_svg=PICTURE)
    assert cli("build").code == 0

    ran = cli("export", "--to", "crowdanki")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "file            content\ndist/test-en    3 notes, 5 cards\ndist/test-en+2  1 note, 1 card\n"
    package = collect(tmp_path / "package.anki2", tmp_path / "dist" / "test-en.apkg")
    folders = [tmp_path / "dist" / "test-en", tmp_path / "dist" / "test-en+2"]
    assert len(package) == 7
    assert collect(tmp_path / "folders.anki2", *folders) == package
    assert collect(tmp_path / "twice.anki2", *folders, *folders) == package
    for folder in folders:  # into the real sources, and from there into a package again
        assert (
            cli("import", folder, "--into", f"again/{folder.name}", "--id", folder.name.replace("+", "-"), "--allow-scripts").code
            == 0
        )
    assert cli("build", "again", "--out", "made").code == 0
    made = [tmp_path / "made" / f"{name}-en.apkg" for name in ("test-en", "test-en-2")]
    made = [path.with_name(path.name.replace("-en.apkg", "-en-draft.apkg")) for path in made]
    assert collect(tmp_path / "made.anki2", *made) == package
    first = {path: path.read_bytes() for path in (tmp_path / "dist").rglob("deck.json")}
    assert cli("export", "--to", "crowdanki").code == 0
    assert {path: path.read_bytes() for path in first} == first
    # whoever has it by CrowdAnki has it by the same uuids after it was taken over
    assert cli("export", "again", "--to", "crowdanki", "--out", "again-out").code == 0
    assert [find_uuids(tmp_path / "again-out" / f"{name}-en") for name in ("test-en", "test-en-2")] == [*map(find_uuids, folders)]


def test_what_was_released_keeps_its_guids_and_a_note_without_cards_is_named(deck, cli, tmp_path):
    cards = "cards:\n  - {id: one, kind: basic, question: q1, answer: a}\n  - {id: two, kind: basic, question: q2, answer: a"
    deck(f"{cards}}}\n", ENGLISH)
    assert cli("release").code == 0
    deck(f"{cards}, retired: {{since: 2024-01, why: Old}}}}\n", ENGLISH)

    ran = cli("export", "--to", "crowdanki")

    says = "  test-en: 1 note that was withdrawn: who has it keeps it, without the reason"
    assert (ran.code, ran.err.splitlines()) == (0, ["not in these files:", says])
    assert [guid for guid, _ in find_uuids(tmp_path / "dist" / "test-en")[1]] == ["test/one@en"]


def find_uuids(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The note types and the notes of a folder."""
    deck = json.loads((folder / "deck.json").read_text(encoding="utf-8"))

    def list_notes(deck: dict[str, Any]) -> list[tuple[str, str]]:
        notes = [(note["guid"], note["note_model_uuid"]) for note in deck["notes"]]
        return notes + [note for child in deck["children"] for note in list_notes(child)]

    return sorted(model["crowdanki_uuid"] for model in deck["note_models"]), sorted(list_notes(deck))


# ---- Vale --------------------------------------------------------------------------------------------------------------------


def find_by_vale(rules: list[dict[str, Any]], text: str) -> list[tuple[str, str]]:
    """What Vale finds by rules of this kind: their level, and their message with what to use and what was found."""
    found = []
    for rule in rules:
        assert rule["extends"] == "substitution" and rule["level"] in ("suggestion", "warning", "error")
        for key in sorted(rule["swap"], key=len, reverse=True):
            assert len(re.findall(r"(?<!\\)\((?!\?)", key)) == 0  # groups would shift what is said instead
            for hit in re.finditer(rf"\b(?:{key})\b", text, re.I if rule["ignorecase"] else 0):
                instead = "' or '".join(re.sub(r"\$\$", "$", rule["swap"][key]).split("|"))
                found.append((rule["level"], rule["message"] % (instead, hit[0])))
    return found


def test_a_style_for_vale_has_a_rule_for_each_card_with_its_level_reason_and_source(deck, cli, golden, tmp_path):
    deck(TERMS, references_yaml=REFERENCES)

    ran = cli("export", "--to", "vale")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "file                 content\ndist/styles/test-fr  3 rules\ndist/styles/test-en  2 rules\n"
    styles = tmp_path / "dist" / "styles"
    golden("vale.yml", read(styles / "test-en" / "test--material.yml"))
    english, french = (
        [yaml.safe_load(read(path)) for path in sorted((styles / name).iterdir())] for name in ("test-en", "test-fr")
    )
    assert find_by_vale(english, "A former child, FORMER\nCHILDREN, formerchild; the  don’t, Fine; reformer child.") == [
        ("warning", "Use 'dress' instead of 'the  don’t'."),
        ("error", "Use 'Good & new' or 'other / one' instead of 'former child'. It is 50 % wrong: see x."),
        ("error", "Use 'Good & new' or 'other / one' instead of 'FORMER\nCHILDREN'. It is 50 % wrong: see x."),
    ]
    assert find_by_vale(french, "Vieux élèves, VIEUX ELEVE, l’habit, esseulé, Autre (mot)") == [
        ("warning", "Use 'tenue' instead of 'l’habit'."),
        ("error", "Use 'Bon mot' instead of 'Vieux élèves'. C’est 50 % faux."),
        ("error", "Use 'Bon mot' instead of 'VIEUX ELEVE'. C’est 50 % faux."),
    ]


OWN_KIND = """
fields:
  avoid: {name: Avoid, type: texts, required: true}
  prefer: {name: Prefer, type: texts, required: true}
  find: {type: texts, name: ''}
  only_near: {type: texts, name: ''}
  not_near: {type: texts, name: ''}
cards:
  one: {name: One, front: front.html, back: back.html}
"""


def test_words_to_find_come_before_the_terms_and_what_vale_cannot_do_is_named(deck, cli, tmp_path):
    phrase = " ".join(["word"] * 300)
    deck(
        f"""
        kind: word
        prefer: offender
        cards:
          - {{id: long, avoid: x, find: {phrase}}}
          - {{id: is.found, avoid: Patron (of a child), find: [patron, punter ... child]}}
          - {{id: silent, avoid: 'Client: a euphemism'}}
          - {{id: beside, avoid: customer, only_near: child}}
          - {{id: besides, avoid: buyer, not_near: shop}}
        """,
        ENGLISH,
        kinds__word__kind_yaml=OWN_KIND,
        kinds__word__front_html="{{Avoid}}",
        kinds__word__back_html="{{Prefer}}",
    )

    ran = cli("export", "--to", "vale")

    assert ran.err.splitlines() == [
        "not in these files:",
        "  test-en: 1 card whose terms stand so in no text, and that have no 'find': test/silent",
        "  test-en: words to find only beside others, since Vale cannot look there: test/is.found, test/beside",
        "  test-en: words beside which a term is right ('not_near'), so Vale reports too much: test/besides",
    ]
    rules = {path.name: yaml.safe_load(read(path))["swap"] for path in (tmp_path / "dist" / "styles" / "test-en").iterdir()}
    (pattern,) = rules.pop("test--long.yml")
    assert re.fullmatch(pattern, phrase) and not re.fullmatch(pattern, phrase[5:])  # no key of YAML, but for a question mark
    assert rules == {
        "test--besides.yml": {"buyer(?:s|)": "offender"},
        "test--is__found.yml": {"patron(?:s|)": "offender"},  # Vale takes what comes after a dot for no part of the name
    }


# ---- the command -------------------------------------------------------------------------------------------------------------


def test_a_part_has_a_name_of_its_own_and_a_course_has_the_cards_of_several_decks(deck, cli, tmp_path):
    deck(TERMS, references_yaml=REFERENCES)
    other = tmp_path / "decks" / "other"
    other.mkdir()
    (other / "deck.yaml").write_text("id: other\nname: Other\nlanguages: [en]\n")
    (other / "cards.yaml").write_text("kind: basic\ntags: [core]\ncards:\n  - {id: one, question: q, answer: a}\n")
    (other / "courses.yaml").write_text("courses:\n  - {id: first, title: First, include: {tags: [core]}}\n")

    for words in (
        ["csv", "--course", "first"], ["tbx", "--tag", "core", "--language", "en"], ["crowdanki", "--kind", "basic"],
        ["vale", "--course", "first", "--language", "en"],
    ):  # fmt: skip
        assert cli("export", "--to", *words).code == 0

    files = [path.relative_to(tmp_path / "dist").as_posix() for path in (tmp_path / "dist").rglob("*") if path.is_file()]
    assert sorted(files) == [
        "first/other/basic.csv",
        "first/test/term.csv",
        "other-en+basic/deck.json",
        "styles/first-en/test--material.yml",
        "test-en+core.tbx",
    ]


def test_a_card_without_a_translation_is_in_one_language_and_named(deck, cli, tmp_path):
    deck("kind: term\ncards:\n  - {id: a, avoid: {fr: x}, prefer: {fr: y, en: z}, reference: book}\n", references_yaml=REFERENCES)

    for format, name in (("tbx", "test.tbx"), ("vale", "test-en")):
        ran = cli("export", "--to", format)
        says = f"  {name}: 1 card for a missing translation into 'en': test/a"
        assert (ran.code, ran.err.splitlines()[-2:]) == (0, ["not in these files:", says])
    assert re.findall("<term>(.*)</term>", read(tmp_path / "dist" / "test.tbx")) == ["y", "x"]


def test_nothing_is_exported_where_there_is_nothing_or_an_error(deck, cli, tmp_path):
    deck("kind: basic\ncards:\n  - {id: one, question: q, answer: a}\n")
    ran = cli("export", "--to", "tbx")
    assert (ran.code, ran.err) == (2, "flashdeck: nothing was exported: there is no card of terms in what you asked for\n")

    deck("kind: basic\ncards:\n  - {id: one, question: q}\n")
    ran = cli("export", "--to", "csv")
    assert (ran.code, ran.err.splitlines()[-1]) == (1, "nothing was exported: fix 1 error first")
    assert not (tmp_path / "dist").exists()


def test_what_an_earlier_export_left_is_named(deck, cli, tmp_path):
    assert [*FORMATS] == [*Format]
    deck(TERMS, references_yaml=REFERENCES)
    assert cli("export", "--to", "vale", "--language", "fr").code == 0
    deck(TERMS.replace("id: french,", "id: other,"), references_yaml=REFERENCES)

    ran = cli("export", "--to", "vale", "--language", "fr")

    assert ran.err.splitlines()[-2:] == [
        "not of this export, so delete what you do not want:",
        "  dist/styles/test-fr/test--french.yml",
    ]
