"""Whatever a stranger writes: what is accepted neither runs, nor loads from elsewhere, nor changes when it is made safe again.

3,000 texts a run; `HOSTILE=300000 pytest -n0 tests/test_strangers.py -k every` tries as many as one likes.
"""

import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from anki.collection import Collection
from conftest import counts, import_package
from hostile_texts import FILES, Grammar, hostile_texts
from judge import find_css_dangers, find_dangers, render_as_desktop

from flashdeck.anki.note import Note
from flashdeck.anki.package_writer import to_package
from flashdeck.anki.safe import make_safe
from flashdeck.anki.templates import render_as_html
from flashdeck.pipeline import Project, compile_project, release

TEXTS = 1_500  # a file
SHOWN = int(os.environ.get("SHOWN", "300"))  # in the real Anki
SEED = 7
DECK = "id: test\nname: Test\nlanguages: [en]\n"
REFERENCE = "references:\n  - {id: book, title: A Book, publisher: P, issued: 2020}\n"


def to_card(at: int, text: str) -> dict[str, object]:
    """A card with a hostile text in one of the places that cards have for texts."""
    card: dict[str, object] = {"id": f"n{at}", "kind": "basic", "question": f"n{at}", "answer": "a"}
    match at % 14:
        case 0 | 1 | 2 | 3:
            return card | {"answer": text}
        case 4 | 5:
            return card | {"question": f"{text}\n\nn{at}"}
        case 6:
            return card | {"extra": text, "both_ways": "true"}
        case 7:
            return card | {"answer": text, "type_answer": "true", "also_accepted": [text]}
        case 8 | 9:
            return {"id": f"n{at}", "kind": "cloze", "text": f"{text} {{{{c1::n{at}}}}}"}
        case 10:
            return card | {"kind": "choice", "distractors": [text, "b"], "why": text}
        case 11:
            term = {"avoid": f"n{at}", "prefer": [text, "b"], "why": text, "reference": "book"}
            return {"id": f"n{at}", "kind": "term", **term}
        case 12:
            about = {"claim": f"{text} n{at}", "caveat": text, "population": text, "date": "2020", "reference": "book"}
            return {"id": f"n{at}", "kind": "statistic", **about}
        case _:
            shapes = {"c1": {"name": text, "rectangle": ["1", "1", "9", "9"]}}
            return {"id": f"n{at}", "kind": "occlusion", "image": "p.png", "alt": text, "shapes": shapes, "question": f"n{at}"}


def write_deck(decks: Path, texts: Iterable[str]) -> dict[int, str]:
    """A deck of such texts, a card a line; gives each line of the file."""
    folder = decks / "test"
    (folder / "media").mkdir(parents=True)
    (folder / "deck.yaml").write_text(DECK)
    (folder / "references.yaml").write_text(REFERENCE)
    for at, name in enumerate(FILES):
        (folder / "media" / name.replace("/", "")).write_bytes(b"x%d" % at)
    cards = (json.dumps(to_card(at, text)) for at, text in enumerate(texts))
    lines = {line: f"  - {card}\n" for line, card in enumerate(cards, start=2)}
    write_cards(decks, lines)
    return lines


def write_cards(decks: Path, lines: dict[int, str]) -> None:
    (decks / "test" / "cards.yaml").write_text("cards:\n" + "".join(lines.get(line, "\n") for line in range(2, max(lines) + 1)))


def accept(decks: Path, lines: dict[int, str]) -> Project:
    """The project with those cards only that have no errors."""
    while not (project := compile_project([decks])).ok:
        wrong = {problem.spot.line for problem in project.problems if problem.level == "error"}
        assert wrong & lines.keys(), project.problems
        for line in wrong:
            lines.pop(line, None)
        write_cards(decks, lines)
    return project


def find_all_dangers(notes: list[Note]) -> dict[str, list[str]]:
    """The fields with dangers in them, with what they are."""
    media = {file.name for note in notes for file in note.media}
    fields = dict.fromkeys(field for note in notes for field in note.fields)
    return {field: dangers for field in fields if (dangers := find_dangers(field, media))}


@pytest.mark.parametrize("seed", range(int(os.environ.get("HOSTILE", 3_000)) // TEXTS))
def test_every_text_that_is_accepted_is_harmless(tmp_path, seed):
    project = accept(tmp_path / "decks", write_deck(tmp_path / "decks", islice(hostile_texts(seed), TEXTS)))
    notes = project.notes("en")

    assert len(notes) > TEXTS // 4
    assert find_all_dangers(notes) == {}
    assert [field for note in notes for field in note.fields if make_safe(field) != field] == []


def read_fields(package: Path) -> dict[str, str]:
    """The fields of each note of a package, by its guid."""
    with ZipFile(package) as archive, closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(archive.read("collection.anki2"))
        return dict(database.execute("SELECT guid, flds FROM notes"))


def find_shown_dangers(col: Collection) -> dict[tuple[str, int], list[Counter[str]]]:
    """The dangers on both sides of each card, by its note's guid and its place there."""
    media = {path.name for path in Path(col.media.dir()).iterdir()}
    cards = [col.get_card(id) for id in col.find_cards("")]
    return {
        (card.note().guid, card.ord): [Counter(find_dangers(side, media)) for side in render_as_desktop(card)] for card in cards
    }


def find_rendered_otherwise(col: Collection, notes: Iterable[Note]) -> dict[tuple[str, int], list[tuple[str, str]]]:
    """The sides of cards that flashdeck judges in another form than Anki renders them: each with Anki's."""
    by_guid = {note.guid: note for note in notes}
    found = {}
    for card in map(col.get_card, col.find_cards("")):
        note = by_guid[re.sub(r"^draft-\d+-", "", card.note().guid)]
        made = col._backend.render_existing_card(card_id=card.id, browser=False, partial_render=True)
        _, name, front, back = note.type.templates[0 if note.type.cloze else card.ord]
        values = {name: text for (_, name), text in zip(note.type.fields, note.fields, strict=True)}
        values |= {"Tags": note.tag_text, "Deck": note.deck, "Subdeck": note.deck.rpartition("::")[2], "Type": note.type.name}
        gap = card.ord + 1 if note.type.cloze else 0
        values |= {"Card": name, "FrontSide": render_as_html(front, values, gap)}
        ours = (values["FrontSide"], render_as_html(back, values, gap, back=True))
        theirs = (join(nodes, values) for nodes in (made.question_nodes, made.answer_nodes))
        if different := [pair for pair in zip(map(level, ours), map(level, theirs), strict=True) if pair[0] != pair[1]]:
            found[note.guid, card.ord] = different
    return found


def join(nodes: Iterable[Any], values: Mapping[str, str]) -> str:
    """What Anki's backend makes of a side, with what it leaves to the program around it."""
    return "".join(
        one.text if one.HasField("text") else one.replacement.current_text or values[one.replacement.field_name] for one in nodes
    )


def level(html: str) -> str:
    """HTML without comments, which older Ankis fill in and newer ones leave alone, and without what makes no difference here."""
    html = re.sub(r"<!--.*?-->|<div (?:class=\"cloze|data-shape)[^>]*></div>", "", html, flags=re.S)
    html = re.sub(r'<span class="cloze[^>]*>', '<span class="cloze">', html)
    hint = r"\n<a class=hint.*?draggable=false>\n(.*?)</a>\n<div [^>]*>(.*?)</div>\n"
    return re.sub(hint, r'<a class="hint" href="#">\1</a><div class="hint">\2</div>', html, flags=re.S)


def test_the_real_anki_takes_accepted_texts_as_they_are_and_makes_nothing_harmful_of_them(tmp_path, cli, col):
    """Judged are the cards as Anki renders them, beside those of the same cards with a harmless text."""
    texts = {"harmless": ["x"] * SHOWN, "hostile": [*islice(hostile_texts(SEED), SHOWN)]}
    shown = {}
    for name in texts:
        decks = tmp_path / name / "decks"
        project = accept(decks, write_deck(decks, texts[name]))
        assert cli("build", cwd=tmp_path / name).code == 0
        package = tmp_path / name / "dist" / "test-en.apkg"
        log = import_package(col, package)
        assert counts(log) == {"new": len(log.new)}
        assert dict(col.db.execute("SELECT guid, flds FROM notes")) == read_fields(package)
        assert find_rendered_otherwise(col, project.notes("en")) == {}
        shown[name] = find_shown_dangers(col)
        col.remove_notes(col.find_notes(""))

    made = {}
    for card, sides in shown["hostile"].items():
        usual = shown["harmless"].get(card) or shown["harmless"][card[0], 0]
        if any(more := [side - around for side, around in zip(sides, usual, strict=True)]):
            made[card] = more
    assert len(shown["hostile"]) > SHOWN // 4
    assert made == {}


def test_a_second_build_of_accepted_texts_changes_nothing(tmp_path, cli):
    accept(tmp_path / "decks", write_deck(tmp_path / "decks", islice(hostile_texts(SEED), SHOWN)))
    states = []
    for clock in ("1800000000", "1900000000"):
        assert cli("build", "--no-cache", SOURCE_DATE_EPOCH=clock).code == 0
        states.append({path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()})

    assert states[0] == states[1]


# A deck's own kinds

KINDS = int(os.environ.get("KINDS", "60"))
FIELDS = ["Word", "Meaning"]
# Texts that are harmless each, and become something where a template puts one right after the other.
PIECES = [
    (r"\(\hr", r"ef{javascript:hit()}{x}\)"),
    (r"\(\href", r"{javascript:hit()}{x}\)"),
    ("[", "[type:Word]]"),
    ("[[type:", "Word]]"),
    ("[", "anki:tts lang=en_US]x[/anki:tts]"),
    ("[", "anki:play:q:0]"),
    ("[sound:", "x.mp3]"),
    ("\\\\<", "img src=x onerror=hit()>"),
    ("{{", "c1::x}}"),
    ("&", "lt;"),
    ("[latex]", r"\input{x}[/latex]"),
    (r"<!-- html -->\(\hr", r"<!-- html -->ef{javascript:hit()}{x}\)"),
    (r"<!-- html -->\(\sty", r"<!-- html -->le{background:url(http://elsewhere.invalid/x)}{x}\)"),
    ("a[[]anki:tts lang=en_US]", "b[[]sound:x.mp3]"),
    ("type:Word]]", "anki:play:q:0]"),
    ("<!-- html --><b>a", "</b><i>b"),
    ("<!-- html --><!--", "<!-- html -->-->"),
    ("\\(x", "\\)"),
]
TAGS = ["a", "<b>", "<img/src='x'/onerror=hit()>", "[sound:x.mp3]", "\\(", "a::b"]
DECKS = ["a", "a::b", "[anki:play:q:0]"]


def write_kinds(decks: Path, count: int) -> None:
    """A deck of hostile kinds, each with a card of harmless texts and one of texts that are pieces of something."""
    grammar = Grammar(SEED)
    kinds = decks / "test" / "kinds"
    kinds.mkdir(parents=True)
    (decks / "test" / "deck.yaml").write_text(DECK)
    (decks / "test" / "media").mkdir()
    (decks / "test" / "media" / "p.png").write_bytes(b"x")
    (kinds / "part.html").write_text("<i>part</i>")
    (kinds / "other-part.html").write_text("ript>")
    for at in range(count):
        folder = kinds / f"k{at}"
        folder.mkdir()
        about = {"fields": {"word": {"required": "true"}, "meaning": {}}, "labels": {"label": {"en": grammar.mild()[:60]}}}
        files = {"kind.yaml": json.dumps(about), "front.html": grammar.template(FIELDS), "back.html": grammar.template(FIELDS)}
        if grammar.chance.random() < 0.3:
            files["style.css"] = grammar.sheet()
        for file, text in files.items():
            (folder / file).write_text(text)
        word, meaning = grammar.pick(PIECES)
        cards = [
            {"id": f"k{at}", "word": f"k{at}", "meaning": "x"},
            {"id": f"p{at}", "word": word, "meaning": f"{meaning} p{at}"},
        ]
        if grammar.chance.random() < 0.3:
            cards[1] |= {"tags": [grammar.pick(TAGS)], "deck": grammar.pick(DECKS)}
        (decks / "test" / f"k{at}.yaml").write_text(json.dumps({"kind": f"k{at}", "cards": cards}))


def accept_kinds(decks: Path) -> Project:
    """The project without the kinds that have errors, or a card with one."""
    while not (project := compile_project([decks])).ok:
        paths = {Path(problem.spot.path) for problem in project.problems if problem.level == "error"}
        names = {path.parent.name if path.parent.parent.name == "kinds" else path.stem for path in paths}
        wrong = [name for name in names if (decks / "test" / f"{name}.yaml").exists()]
        assert wrong, project.problems
        for name in wrong:
            (decks / "test" / f"{name}.yaml").unlink()
            shutil.rmtree(decks / "test" / "kinds" / name)
    return project


def test_kinds_that_are_accepted_are_harmless_in_the_real_anki(tmp_path, col):
    decks = tmp_path / "decks"
    write_kinds(decks, KINDS)
    project = accept_kinds(decks)
    notes = project.notes("en")
    package = tmp_path / "test.apkg"
    package.write_bytes(to_package(notes, release(project, ["en"], 1_800_000_000).times))
    log = import_package(col, package)
    media = {path.name for path in Path(col.media.dir()).iterdir()}
    shown = {}
    for id in col.find_cards(""):
        card = col.get_card(id)
        about = card.note_type()
        sides = [Counter(find_dangers(side, media, designed=True)) for side in render_as_desktop(card)]
        shown[card.note().guid, card.ord] = sides[0] + sides[1] + Counter(find_css_dangers(about["css"], media))

    assert counts(log) == {"new": len(notes)}
    assert find_rendered_otherwise(col, notes) == {}
    assert len({note.kind for note in notes}) >= KINDS // 20
    hint = "attribute: onclick=this.style.display='none';\ndocument.getE"  # Anki's own link
    asked = Counter({"<output": 2, hint: 2})  # a template may ask to type
    wrong = {card: found for card, found in shown.items() if not found <= asked}
    joined = {
        card: found for card, found in shown.items() if not found <= shown.get((card[0].replace("/p", "/k"), card[1]), asked)
    }
    assert (wrong, joined) == ({}, {})
