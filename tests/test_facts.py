"""What an author typed counts, whatever else is wrong; what they did not touch stays as it is. All through the command line."""

import re
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from json import loads
from pathlib import Path
from unicodedata import normalize
from zipfile import ZipFile

import pytest
from conftest import ROOT, counts, import_package

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
from sources import make_notes, write_flashdeck

RELEASED = "0123456789abcdef 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z"


def write(place: Path, files: dict[str, str | bytes]) -> None:
    """Writes files below `place`, by their paths from there."""
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def deck_yaml(id: str, languages: str = "en") -> str:
    return f"id: {id}\nname: {id.upper()}\nlanguages: [{languages}]\n"


def ledger(*lines: str) -> str:
    """A ledger in which these notes and decks were released."""
    lines = tuple(line if line.startswith("deck ") else f"note {line} {RELEASED}" for line in lines)
    return "\n".join(["flashdeck ledger 1", *sorted(lines), "end"]) + "\n"


def find_problems(shown: str) -> list[str]:
    """`place code` of each problem that a command shows."""
    return [f"{place} {code}" for place, code in re.findall(r"^(.+?:\d+:\d+): \w+\[([a-z-]+)\]", shown, re.M)]


@dataclass(frozen=True)
class Package:
    """What is in an .apkg: fields by name of each note by guid, media by name, and its rows as they are."""

    notes: dict[str, dict[str, str]]
    media: dict[str, bytes]
    types: list[dict]
    rows: dict[str, int]  # the ids of notes, by guid
    cards: list[tuple[int, int, int]]  # id, id of the note, place among the note's cards
    schema: list[str]

    def shown(self, html: str) -> list[bytes]:
        """The contents of the media that a field shows or plays, in its order."""
        names = re.findall(r"src=\"?([^\">\s]+)|\[sound:([^\]]+)\]", html)
        return [self.media[picture or sound] for picture, sound in names]


def read_package(path: Path) -> Package:
    with ZipFile(path) as archive, closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(archive.read("collection.anki2"))
        (models,) = database.execute("select models from col").fetchone()
        types = loads(models)
        names = {id: [field["name"] for field in type["flds"]] for id, type in types.items()}
        rows = database.execute("select guid, id, mid, flds from notes").fetchall()
        return Package(
            {guid: dict(zip(names[str(mid)], text.split("\x1f"), strict=True)) for guid, _, mid, text in rows},
            {name: archive.read(number) for number, name in loads(archive.read("media")).items()},
            list(types.values()),
            {guid: id for guid, id, _, _ in rows},
            database.execute("select id, nid, ord from cards order by id").fetchall(),
            [name for (name,) in database.execute("select name from sqlite_master where type = 'index' and sql is not null")],
        )


# One slip is one problem

# What required fields may hold; in a kind that is not here, all are texts.
VALID = {
    "basic": {"question": "q", "answer": "r"},
    "choice": {"question": "q", "answer": "r", "distractors": "[s, t]"},
    "cloze": {"text": "'q {{c1::gap}}'"},
    "notice": {"colour": "red", "purpose": "q", "reference": "r"},
    "occlusion": {"question": "q", "shapes": "{c1: {name: q, rectangle: [1, 2, 3, 4]}}", "image": "map.png", "alt": "r"},
    "statistic": {"claim": "q", "date": "2018", "reference": "r"},
    "term": {"avoid": "q", "prefer": "r", "reference": "r"},
}
COLOURS = "red yellow blue black green orange purple silver".split()


def test_a_misspelt_required_field_is_one_problem_in_a_card_of_every_kind(cli, tmp_path):
    slips = []
    for path in sorted((ROOT / "flashdeck" / "kinds").glob("*/kind.yaml")):
        required = re.findall(r"^  (\w+): \{.*required: true", path.read_text(encoding="utf-8"), re.M)
        valid = VALID.setdefault(path.parent.name, dict.fromkeys(required, "q"))
        assert {*required} <= valid.keys(), "write in VALID what such a field may hold"
        slips += [(path.parent.name, key) for key in required] + [(path.parent.name, "id"), (path.parent.name, "kind")]
    lines, expected = ["cards:"], []
    for at, (kind, key) in enumerate(slips):
        texts = {field: re.sub(r"\bq\b", f"q{at}", text) for field, text in VALID[kind].items()}
        if kind == "notice":  # no two cards may ask the same
            texts["colour"] = COLOURS[at % len(COLOURS)]
        card = {"id": f"n{at}", "kind": kind, **texts}
        slip = f"{key}s" if key == "id" else key[0] + key[2] + key[1] + key[3:]
        line = "  - {" + ", ".join(f"{slip if one == key else one}: {text}" for one, text in card.items()) + "}"
        expected.append(f"decks/x/cards.yaml:{len(lines) + 1}:{line.index(f'{slip}:') + 1} unknown-key there is '{key}'")
        lines.append(line)
    references = "references:\n  - {id: r, title: T, publisher: P}\n"
    write(
        tmp_path / "decks" / "x",
        {"deck.yaml": deck_yaml("x"), "cards.yaml": "\n".join(lines) + "\n" + references, "media/map.png": "map"},
    )

    out = cli("check").out

    found = re.findall(r"^(\S+): error\[([a-z-]+)\].*\n    help: (.*)", out, re.M)
    assert [" ".join(one) for one in found] == expected
    assert len(find_problems(out)) == len(expected)


# The same sources give the same lines

LARGE = b"\x89PNG" + bytes(5_100_000)
SHOWN = "  - {id: ID, question: 'ID ![a map](big.png)', answer: 'again ![a map](big.png)'}\n"


def test_a_large_picture_is_reported_once_wherever_it_is_shown_and_whatever_else_is_wrong(cli, tmp_path):
    decks = tmp_path / "decks"
    head = "kind: basic\ncards:\n"
    write(
        decks,
        {
            "x/deck.yaml": deck_yaml("x"),
            "x/a.yaml": head + SHOWN.replace("ID", "a1") + SHOWN.replace("ID", "a2"),
            "x/b.yaml": head + SHOWN.replace("ID", "b"),
            "x/sub/c.yaml": head + SHOWN.replace("ID", "c"),
            "x/media/big.png": LARGE,
            "y/deck.yaml": deck_yaml("y"),
            "y/a.yaml": head + SHOWN.replace("ID", "d") + "  - {override: x/b, extra: 'more ![a map](big.png)'}\n",
            "y/big.png": LARGE,
        },
    )
    large = ["decks/x/a.yaml:3:37 large-media", "decks/y/a.yaml:3:35 large-media"]

    assert find_problems(cli("check").out) == large
    write(decks, {"z/deck.yaml": deck_yaml("z"), "z/a.yaml": "courses:\n  - {id: c, include: {tags: [big.png]}}\n"})
    assert find_problems(cli("check").out) == [*large, "decks/z/a.yaml:2:30 unknown-tag"]
    write(decks, {"z/a.yaml": "cards:\n  - id: one\n    kind: basic\n    question: 'see' big.png\n"})
    assert find_problems(cli("check").out) == [*large, "decks/z/a.yaml:4:21 yaml-syntax"]
    write(decks, {"x/c.yaml": head + SHOWN.replace("ID", "e").replace("answer", "anwser")})
    assert find_problems(cli("check").out) == [
        large[0],
        "decks/x/c.yaml:3:46 unknown-key",
        large[1],
        "decks/z/a.yaml:4:21 yaml-syntax",
    ]


# However letters are put together, they are the same letters


def compose(text: str, form: str) -> str:
    return normalize(form, text)


FORMS = [("NFC", "NFC"), ("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")]


def write_accents(place: Path, one: str, other: str) -> None:
    """A deck whose cards are typed in one form, and all that they name in the other."""
    cards = """
kind: café
tags: [été]
deck: Leçon
cards:
  - {id: one, réponse: là, degré: élevé}
  - {id: two, kind: basic, question: 'où ?', answer: là, tags: [élève, thème::début], deck: {fr: Leçon, en: Leçon}}
  - {id: three, kind: basic, question: 'là ?', answer: où, languages: [fr]}
"""
    courses = """
courses:
  - {id: c1, title: Été, include: {tags: [été]}}
  - {id: c2, include: {tags: [élève], kinds: [café, x/café]}}
  - {id: c3, include: {decks: [x]}, exclude: {tags: ['thème::début']}}
"""
    kind = """
fields:
  réponse: {required: true}
  degré: {type: word, words: [élevé, bas], needs: réponse}
labels:
  élevé: {fr: élevé, en: high}
  bas: {fr: bas, en: low}
  légende: {fr: Légende, en: Legend}
cards:
  premier: {name: Premier, front: devant-é.html, back: back.html, when: degré}
"""
    decks = place / "decks"
    folder = compose("dossier-é", other)
    word = compose("café", other)
    write(
        decks,
        {
            f"{folder}/deck.yaml": compose(deck_yaml("x", "fr, en").replace("name: X", "name: Été"), other),
            f"{folder}/cards.yaml": compose(cards, one),
            f"{folder}/courses.yaml": compose(courses, other),
            f"{folder}/kinds/{word}/kind.yaml": compose(kind, other),
            f"{folder}/kinds/{word}/{compose('devant-é.html', one)}": compose("[[légende]] {{Réponse}}", one),
            f"{folder}/kinds/{word}/back.html": compose("{{Degré}} [[règle]]", one),
            f"{folder}/kinds/{compose('règle.html', other)}": "<hr>",
            "y/deck.yaml": deck_yaml("y", "fr, en"),
            "y/cards.yaml": compose(
                "cards:\n  - {id: own, kind: x/café, réponse: ici, degré: bas, tags: [été]}\n"
                "  - {override: x/one, réponse: par là}\n",
                other,
            ),
        },
    )


def test_names_in_composed_and_in_decomposed_letters_are_the_same_names(cli, tmp_path):
    built = []
    for one, other in FORMS:
        place = tmp_path / (one + other)
        write_accents(place, one, other)

        checked = cli("check", "--strict", cwd=place)
        assert (checked.code, checked.out) == (0, "")
        assert cli("release", cwd=place, SOURCE_DATE_EPOCH="1790000000").code == 0
        built.append(
            {path.name: path.read_bytes() for path in (place / "dist").iterdir()}
            | {path.parent.name[0]: path.read_bytes() for path in (place / "decks").rglob("flashdeck.lock")}
        )

    assert all(one == built[0] for one in built)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_what_is_asked_for_on_the_command_line_may_be_typed_either_way(form, cli, tmp_path):
    write_accents(tmp_path, "NFC", "NFD")
    asked = [["--tag", "été"], ["--kind", "café"], ["--without-tag", "été"]]

    tables = [cli("build", "--language", "fr", *(compose(word, form) for word in words)).out for words in asked]

    assert [re.findall(r"\.apkg +(\d)", table) for table in tables] == [["2", "2"], ["1", "2"], ["1"]]


def test_texts_that_differ_only_in_how_letters_are_put_together_are_the_same_texts(cli, tmp_path):
    composed, decomposed = compose("été", "NFC"), compose("été", "NFD")
    cards = f"""\
cards:
  - {{id: one, kind: basic, question: {composed}, answer: a}}
  - {{id: two, kind: basic, question: {decomposed}, answer: b}}
  - {{id: three, kind: choice, question: c, answer: {composed}, distractors: [{decomposed}, d]}}
  - {{id: four, kind: choice, question: e, answer: f, distractors: [{composed}, {decomposed}]}}
  - {{id: five, kind: basic, question: g, answer: {decomposed} h, {composed}: i, {decomposed}: j}}
"""
    write(tmp_path / "decks" / "x", {"deck.yaml": deck_yaml("x"), "cards.yaml": cards})
    lines = cards.splitlines()

    found = [line.partition("cards.yaml:")[2] for line in find_problems(cli("check").out)]

    # columns count the characters that the file has
    assert found == [
        f"3:{lines[2].index(decomposed) + 1} same-front",
        f"4:{lines[3].index(decomposed) + 1} answer-among-distractors",
        f"5:{lines[4].index(decomposed) + 1} repeated-option",
        f"6:{lines[5].index(composed + ':') + 1} unknown-key",
        f"6:{lines[5].index(decomposed + ':') + 1} repeated-key",
    ]


@pytest.mark.parametrize(("typed", "stored"), FORMS[1:3], ids=["typed composed", "typed decomposed"])
def test_a_file_is_found_however_its_name_is_put_together(typed, stored, cli, tmp_path):
    cards = """\
cards:
  - {id: one, kind: basic, question: 'a ![a map](carte-é.png)', answer: '[sound:été.mp3]'}
  - {id: two, kind: basic, question: b <img src="forêt.png" alt="a wood">, answer: '![a map](sous-dossier-é/carte.png)'}
  - {id: three, kind: basic, question: 'c ![near](près.png)', answer: '![spaces](<un été.png>)'}
  - {id: four, kind: occlusion, image: île.png, alt: an island, shapes: {c1: {name: d, rectangle: [1, 2, 3, 4]}}}
  - {id: five, kind: mine, word: e}
"""
    escaped = "  - {id: six, kind: basic, question: 'f ![escaped](%C3%A9tang.png)', answer: r}\n"
    if typed == "NFD":
        escaped = escaped.replace("%C3%A9", "e%CC%81")
    media = [
        "carte-é.png",
        "été.mp3",
        "forêt.png",
        "sous-dossier-é/carte.png",
        "un été.png",
        "île.png",
        "étang.png",
        "_décor.svg",
    ]
    files = {f"media/{name}": name for name in media} | {"près.png": "près.png"}
    write(
        tmp_path / "decks" / "x",
        {compose(name, stored): text for name, text in files.items()}
        | {
            "deck.yaml": deck_yaml("x"),
            "cards.yaml": compose(cards, typed) + escaped,
            "kinds/mine/kind.yaml": "fields: {word: {}}\n",
            "kinds/mine/front.html": compose("{{Word}}<img src='_décor.svg'>", typed),
            "kinds/mine/back.html": "{{Word}}",
        },
    )

    checked, built = cli("check", "--strict"), cli("release")

    assert (checked.code, checked.out, built.code) == (0, "", 0)
    package = read_package(tmp_path / "dist" / "x-en.apkg")
    assert sorted(package.media.values()) == sorted(name.encode() for name in files.values())
    assert all(name == compose(name, "NFC") for name in package.media)
    assert package.shown(package.notes["x/one@en"]["Question"]) == ["carte-é.png".encode()]
    assert package.shown(package.notes["x/six@en"]["Question"]) == ["étang.png".encode()]


# A withdrawn card shows what replaces it as that is

OLD = "  - {id: old-ID, question: 'old ID', answer: r, retired: {since: 2026-11, why: w, replaced_by: TO}}\n"
REPLACED = {
    "same": "new-same",
    "sub": "new-sub",
    "html": "x/new-html",
    "other": "y/new-other",
    "sound": "y/new-sound",
    "formula": "new-formula",
    "cloze": "y/new-cloze",
    "shapes": "y/new-shapes",
}


def test_a_withdrawn_card_shows_what_its_replacement_shows(cli, tmp_path):
    a = "kind: basic\ncards:\n" + "".join(OLD.replace("ID", id).replace("TO", to) for id, to in REPLACED.items())
    a += OLD.replace("old ID", "own ![a map](map.png)").replace("ID", "own").replace("TO", "new-sub")
    a += "  - {id: new-same, question: 'same ![a map](map.png)', answer: r}\n"
    b = """\
kind: basic
cards:
  - {id: new-sub, question: 'sub ![a map](map.png)', answer: r}
  - {id: new-html, question: 'html <img src="map.png" alt="a map">', answer: r}
  - {id: new-formula, question: 'What is \\(x^2\\)?', answer: r}
"""
    c = """\
kind: basic
cards:
  - {id: new-other, question: 'other ![a map](map.png)', answer: r}
  - {id: new-sound, question: 'hear [sound:call.mp3]', answer: r}
  - {id: new-cloze, kind: cloze, text: 'the {{c1::Nile::river}} ![a map](map.png)'}
  - {id: new-shapes, kind: occlusion, image: map.png, alt: a map, shapes: {c1: {name: Delta, rectangle: [1, 2, 3, 4]}}}
  - {override: x/old-sub, answer: overridden}
"""
    released = [f"old-{id}@en basic 0" for id in (*REPLACED, "own")]
    write(
        tmp_path / "decks",
        {
            "x/deck.yaml": deck_yaml("x"),
            "x/a.yaml": a,
            "x/map.png": "beside a",
            "x/sub/b.yaml": b,
            "x/sub/map.png": "beside b",
            "x/flashdeck.lock": ledger("deck X", *released),
            "y/deck.yaml": deck_yaml("y"),
            "y/c.yaml": c,
            "y/media/map.png": "of y",
            "y/media/call.mp3": "a call",
        },
    )

    checked, built = cli("check", "--strict"), cli("release")

    assert (checked.code, checked.out, built.code) == (0, "", 0)
    x, y = (read_package(tmp_path / "dist" / f"{id}-en.apkg") for id in "xy")
    farewells = {id: x.notes[f"x/old-{id}@en"]["Retired"].partition(" → ")[2] for id in (*REPLACED, "own")}
    plain = {id: text.replace('"_map-', '"map-').replace("[sound:_", "[sound:") for id, text in farewells.items()}  # corrected
    for id in ("same", "sub", "html", "formula"):
        assert plain[id] == x.notes[f"x/new-{id}@en"]["Question"]
    for id in ("other", "sound"):
        assert plain[id] == y.notes[f"y/new-{id}@en"]["Question"]
    assert "the Nile" in farewells["cloze"] and "{{" not in farewells["cloze"]
    assert "Delta" in farewells["shapes"] and "{{" not in farewells["shapes"]
    assert {id: x.shown(text) for id, text in farewells.items() if id not in ("formula", "shapes")} == {
        "same": [b"beside a"],
        "sub": [b"beside b"],
        "html": [b"beside b"],
        "other": [b"of y"],
        "sound": [b"a call"],
        "cloze": [b"of y"],
        "own": [b"beside b"],
    }
    assert x.shown(x.notes["x/old-own@en"]["Question"]) == [b"beside a"]
    assert y.notes["x/old-sub@en"]["Answer"] == "overridden"
    assert y.shown(y.notes["x/old-sub@en"]["Retired"]) == [b"beside b"]


# Note types from elsewhere


def test_a_kind_that_only_names_its_note_type_builds_in_every_language(cli, tmp_path):
    kind = "anki: {name: Their type}\nfields: {front: {name: Front}, back: {name: Back}}\n"
    files = {"kind.yaml": kind, "front.html": "{{Front}}", "back.html": "{{Back}}"}
    write(
        tmp_path / "decks" / "x",
        {
            "deck.yaml": deck_yaml("x", "fr, en"),
            "cards.yaml": "cards:\n  - {id: one, kind: mine, front: a, back: b}\n  - {id: two, kind: other, front: c, back: d}\n",
        }
        # two kinds may come from note types of one name
        | {f"kinds/{word}/{name}": text for word in ("mine", "other") for name, text in files.items()},
    )

    assert cli("release").code == 0

    packages = [read_package(tmp_path / "dist" / f"x-{language}.apkg") for language in ("fr", "en")]
    types = [type for package in packages for type in package.types]
    assert {type["name"] for type in types} == {"Their type"}
    assert len({type["id"] for type in types}) == 4
    assert [sorted(package.notes) for package in packages] == [["x/one@fr", "x/two@fr"], ["x/one@en", "x/two@en"]]
    assert cli("release", "--locked", "--out", "again").code == 0
    assert [read_package(tmp_path / "again" / f"x-{language}.apkg") for language in ("fr", "en")] == packages


# What is not used changes nothing, and what is used is seen

STRAY = [
    "decks/notes.txt",
    "decks/x/notes.txt",
    "decks/x/sub/table.csv",
    "decks/x/.cards.yaml.swp",
    "decks/x/sub/.more.yaml.swp",
    "decks/x/cards.yaml~",
    "decks/x/.DS_Store",
    "decks/x/media/.DS_Store",
    "decks/x/kinds/.DS_Store",
    "decks/x/README.md",
]


def write_pictured(place: Path) -> None:
    cards = """\
kind: basic
cards:
  - {id: one, question: 'one ![a map](map.png)', answer: r}
  - {id: two, question: 'two ![a map](.pics/beside.png)', answer: '![a map](.hidden/map.png)'}
"""
    write(
        place / "decks" / "x",
        {
            "deck.yaml": deck_yaml("x"),
            "cards.yaml": cards,
            "sub/more.yaml": "kind: basic\ncards:\n  - {id: three, question: three, answer: r}\n",
            "media/map.png": "map 0",
            "media/.hidden/map.png": "hidden 0",
            ".pics/beside.png": "beside 0",
            "kinds/mine/kind.yaml": "fields: {word: {}}\n",
            "kinds/mine/front.html": "{{Word}}",
            "kinds/mine/back.html": "{{Word}}",
        },
    )


def test_a_stray_file_leaves_what_was_built_as_it_is(cli, tmp_path):
    write_pictured(tmp_path)
    assert cli("build").code == 0
    checked = cli("check")
    assert (checked.code, checked.out) == (0, "")

    for name in STRAY:
        write(tmp_path, {name: "stray"})
        assert "unchanged since the last build" in cli("build").out, name
    write(tmp_path, {"decks/x/.cards.yaml.swp": "changed with each key"})
    assert "unchanged since the last build" in cli("build").out
    assert cli("check") == checked


def test_an_unused_picture_is_reported_by_check_and_build_until_it_is_gone(cli, tmp_path):
    write_pictured(tmp_path)
    assert [cli("build").err, cli("check").out] == ["", ""]
    package = read_package(tmp_path / "dist" / "x-en.apkg")
    expected = ["decks/x/media/more/unused.png:1:1 unused-media"]

    write(tmp_path, {"decks/x/media/more/unused.png": "x"})
    for _ in range(2):
        assert find_problems(cli("check").out) == find_problems(cli("build").err) == expected
    (tmp_path / "decks/x/media/more/unused.png").unlink()

    assert [cli("check").out, cli("build").err] == ["", ""]
    assert read_package(tmp_path / "dist" / "x-en.apkg") == package


def test_a_picture_that_changes_is_noticed_in_a_hidden_folder_too(cli, tmp_path):
    write_pictured(tmp_path)
    assert cli("build").code == 0
    pictures = {"media/map.png": "map", "media/.hidden/map.png": "hidden", ".pics/beside.png": "beside"}

    for path, word in pictures.items():
        write(tmp_path / "decks" / "x", {path: f"{word} 1"})

        assert "unchanged" not in cli("build").out, path
        assert f"{word} 1".encode() in read_package(tmp_path / "dist" / "x-en.apkg").media.values()
    assert "unchanged since the last build" in cli("build").out


@pytest.mark.parametrize("path", ["media/map.png", "media/.hidden/map.png", ".pics/beside.png"])
def test_a_picture_that_is_deleted_is_noticed(path, cli, tmp_path):
    write_pictured(tmp_path)
    assert [cli("build").code, cli("check").code] == [0, 0]

    (tmp_path / "decks" / "x" / path).unlink()

    assert [cli("check").code, cli("build").code] == [1, 1]


def test_what_is_saved_while_a_build_runs_is_in_the_next(cli, tmp_path):
    write_flashdeck(tmp_path, make_notes(600), 6)
    folder = tmp_path / "decks" / "bench"
    cards, picture = sorted(folder.glob("cards-*.yaml"))[0], folder / "media" / "saved.png"
    shown = "kind: basic\ncards:\n  - {id: shown, question: 'shown ![saved](saved.png)', answer: r}\n"
    write(folder, {"a-shown.yaml": shown, "media/saved.png": "turn"})
    text = cards.read_text()

    def save(turn: float) -> None:
        for path, words in ((cards, text.replace("fr: ", f"fr: turn{turn} ", 1)), (picture, f"turn{turn}")):
            new = tmp_path / "new"
            new.write_text(words)
            new.replace(path)

    def build() -> Package:
        assert cli("build", "--language", "fr").code == 0
        return read_package(tmp_path / "dist" / "bench-fr.apkg")

    build()
    save(0)
    started = time.monotonic()
    build()
    lasts = time.monotonic() - started

    for part in (0.4, 0.55, 0.7, 0.8, 0.9):
        save(-part)
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(build)
            time.sleep(part * lasts)
            save(part)
            building.result()

        package = build()

        assert any(f"turn{part} " in text for fields in package.notes.values() for text in fields.values()), part
        assert [*package.media.values()] == [f"turn{part}".encode()], part
    assert "unchanged since the last build" in cli("build", "--language", "fr").out


# What a package holds


def test_places_at_the_edges_of_a_picture_are_written_as_anki_reads_them(cli, tmp_path):
    cards = """\
kind: occlusion
cards:
  - id: map
    image: map.png
    alt: a map
    shapes:
      c1: {name: corner, rectangle: [0, 0, 30, 15]}
      c2: {name: all, rectangle: [0, 0, 100, 100]}
      c3: {name: round, ellipse: [10, 20, 10, 20]}
      c4: {name: three, polygon: [[0, 0], [100, 0.5], [0, 100]]}
"""
    write(tmp_path / "decks" / "x", {"deck.yaml": deck_yaml("x"), "cards.yaml": cards, "media/map.png": "map"})

    assert cli("release").code == 0

    masks = read_package(tmp_path / "dist" / "x-en.apkg").notes["x/map@en"]["Occlusion"]
    assert re.findall(r"image-occlusion:(.*?)}}", masks) == [
        "rect:left=0:top=0:width=.3:height=.15",
        "rect:left=0:top=0:width=1:height=1",
        "ellipse:left=0:top=0:rx=.1:ry=.2",
        "polygon:left=0:top=0:points=0,0 1,.005 0,1",
    ]


def test_fields_are_written_from_right_to_left_where_the_language_is(cli, tmp_path):
    cards = "kind: basic\ncards:\n  - {id: one, question: q, answer: r}\n"
    write(tmp_path / "decks" / "x", {"deck.yaml": deck_yaml("x", "ar, en, he-IL"), "cards.yaml": cards})

    assert cli("build").code == 0

    packages = {code: read_package(tmp_path / "dist" / f"x-{code}.apkg") for code in ("ar", "en", "he-IL")}
    sides = {code: {field["rtl"] for type in package.types for field in type["flds"]} for code, package in packages.items()}
    assert sides == {"ar": {True}, "en": {False}, "he-IL": {True}}
    # Anki makes its indexes itself
    assert [package.schema for package in packages.values()] == [[], [], []]


# Guids whose rows would be 1349900298829 and the next, and both 1446151658498
NEXT, SAME = ("g443881", "g405218"), ("g108663", "g668935")


def test_notes_whose_rows_collide_are_set_apart(cli, col, tmp_path):
    guids = [*SAME[::-1], *NEXT]
    lines = [
        f"  - {{id: n{at}, question: q{at}, answer: r{at}, both_ways: true, guid: {guid}}}\n" for at, guid in enumerate(guids)
    ]
    write(tmp_path / "decks" / "x", {"deck.yaml": deck_yaml("x"), "cards.yaml": "kind: basic\ncards:\n" + "".join(lines)})

    assert cli("release").code == 0

    package = read_package(tmp_path / "dist" / "x-en.apkg")
    assert package.rows == {
        NEXT[0]: 1349900298829,
        NEXT[1]: 1349900298830,
        SAME[0]: 1446151658498,
        SAME[1]: 1446151658499,
    }
    assert len({id for id, _, _ in package.cards}) == 8
    assert sorted((note, at) for _, note, at in package.cards) == sorted(
        (id, at) for id in package.rows.values() for at in (0, 1)
    )
    assert counts(import_package(col, tmp_path / "dist" / "x-en.apkg")) == {"new": 4}
    assert (col.card_count(), col.fix_integrity()[1]) == (8, True)


# What learners have


def test_a_guid_that_changed_alone_after_a_release_is_refused(cli, tmp_path):
    card = "  - {id: ID, question: q-ID, answer: r, guid: ID-guid}\n"
    before = [card.replace("ID", id) for id in ("other", "gone", "kept")] + [
        card.replace("ID", "own").replace(", guid: own-guid", ""),
        card.replace("ID", "one").replace("guid: one-guid", "guid: {fr: one-fr}"),
    ]
    after = [
        before[0].replace("other-guid", "another-guid"),
        before[1].replace(", guid: gone-guid", ""),
        before[2],
        before[3].replace("answer: r", "answer: r, guid: own-guid"),
        before[4].replace("{fr: one-fr}", "{en: one-fr}"),
    ]
    head = "kind: basic\nlanguages: [en]\ncards:\n"
    both = {4: ("languages: [fr, en], ", "")}
    texts = []
    for lines in (before, after):
        lines = list(lines)
        for at, (words, _) in both.items():
            lines[at] = lines[at].replace("question:", f"{words}question:")
        texts.append(head + "".join(lines))
    write(tmp_path / "decks" / "x", {"deck.yaml": deck_yaml("x", "fr, en"), "cards.yaml": texts[0]})
    assert cli("release").code == 0
    packages = {path.name: path.read_bytes() for path in (tmp_path / "dist").iterdir()}

    write(tmp_path / "decks" / "x", {"cards.yaml": texts[1]})
    checked, built = cli("check"), cli("build")

    assert (checked.code, built.code) == (1, 1)
    assert find_problems(checked.out) == find_problems(built.err)
    found = [line.partition("cards.yaml:")[2] for line in find_problems(checked.out)]
    assert {(line.partition(":")[0], line.rpartition(" ")[2]) for line in found} == {
        (str(number), "changed-guid") for number in (4, 5, 7, 8)
    }
    assert {path.name: path.read_bytes() for path in (tmp_path / "dist").iterdir()} == packages
    write(tmp_path / "decks" / "x", {"cards.yaml": texts[0]})
    assert cli("check").code == 0
