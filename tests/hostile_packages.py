"""Packages as a stranger would send them: the grammar of `hostile_texts.py`, and what else a package is made of.

Every format that an import reads: Anki's old and new packages, whole collections, CrowdAnki's folders, text exports.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import zstandard
from anki.notetypes_pb2 import Notetype
from hostile_texts import Grammar

Json = Any
# Names of fields, decks, types, templates, tags and media; some are what people type.
HONEST = ["Front", "Back", "Text", "Word", "Meaning", "Extra", "a b", "Études", "中文", "x-1"]
NAMES = (
    r"""
<img src=x onerror=hit()>|<img/src='x'/onerror=hit()>|<b>|</style><script>hit()</script>|"|'|a"b|a'b|{{Front}}
{{#Front}}|}}|a::b|::a|a::|a::::b|..|../x|../../outside|/etc/x|C:\x|a/b|a\b|CON|nul.txt|aux|com1.png|a]b
[sound:x]|[[type:Front]]|[anki:play:q:0]|[[label]]|$x$|~|-|null|true|1|2016-01-01|#a|^a|/a|!a|:|a:b|FrontSide
Tags|Deck|cards|kind|deck|guid|id|name|.|...|a.|kind.yaml|__init__|&lt;|&amp;amp;|%2e%2e%2fx|- a|a: b|a #b
""".strip()
    .replace("\n", "|")
    .split("|")
)
ODD_NAMES = [
    "",
    " ",
    " a ",
    "a\nb",
    "a\tb",
    "a\x1fb",
    "a\0b",
    "e\u0301",
    "a\u202eb",
    "\u200b",
    "\ufeffa",
    "a" * 300,
    "\U0001f600",
    "a\x1b[2J",
]
ODD = [None, True, 0, -1, 1.5, 2**31, 2**63, -(2**63) - 1, 10**40, "", "x", "1", [], {}, [None], {"a": {}}, [[1]], "\udc80"]
IDS = [1, 2, 1000, 1_600_000_000_000, 1_600_000_000_001, 2**31, 2**53, 2**63 - 2]
MEDIA = [
    "p.png",
    "p.png",
    "s.mp3",
    "a b.png",
    "a'b.png",
    "a]b.mp3",
    "_logo.png",
    "é.png",
    "a&b.png",
    "x.svg",
    "deck.yaml",
    "cards.yaml",
]
FONTS = ["Arial", "Arial", "ＭＳ 明朝", "x'; background:url(http://elsewhere.invalid/x)", '"><b>']
FONTS += ['x\' "onfocus=hit() autofocus x="']
SECRET = b"a secret of the machine"


@dataclass
class Package:
    """What a stranger packs: as JSON, as it was before 2021, from which each format is made."""

    models: list[Json]
    decks: dict[int, Json]
    notes: list[Json]  # guid, model (its place), fields, tags, deck, cards
    media: dict[str, bytes]


class PackageGrammar(Grammar):
    """Hostile packages from one seed."""

    def odds(self, part: float) -> bool:
        return self.chance.random() < part

    def name(self, odd: float = 0.2) -> str:
        if not self.odds(odd):
            return self.pick(HONEST)
        return self.pick(NAMES if self.odds(0.8) else ODD_NAMES)

    def html(self) -> str:
        """What a field holds: HTML, as Anki's editor gives it, or as somebody else does."""
        chance = self.chance.random()
        if chance < 0.3:
            return self.word()
        if chance < 0.45:
            return f"<b>{self.word()}</b><br>{self.entity()} &nbsp; {self.formula()}"
        if chance < 0.55:
            return self.pick([f'<img src="{self.pick(MEDIA)}">', f"[sound:{self.pick(MEDIA)}]", f"<img src={self.name()}>"])
        if chance < 0.7:
            return self.mild()
        return self.mutate(self.piece(2)) if self.odds(0.2) else self.piece(2)

    def side(self, fields: list[str]) -> str:
        """A template."""
        if self.odds(0.5):
            return "".join(f"{{{{{self.pick(fields)}}}}}{self.pick(['', '<br>', '<hr id=answer>', ' '])}" for _ in range(2))
        return self.mutate(self.template(fields)) if self.odds(0.2) else self.template(fields)

    def model(self, at: int) -> Json:
        fields = list(dict.fromkeys([self.name(0.05), *(self.name(0.1) for _ in range(self.pick([1, 1, 2, 3])))]))
        cloze = self.odds(0.2)
        sides = [
            (self.side(fields), self.side(["FrontSide", "Type", "Card", *fields]))
            for _ in range(1 if cloze else self.pick([1, 1, 2]))
        ]
        if cloze:
            sides = [(f"{{{{cloze:{fields[0]}}}}}" + (front if self.odds(0.3) else ""), back) for front, back in sides]
        return {
            "id": self.pick(IDS) + at,
            "name": self.name(0.3) + str(at),
            "type": int(cloze),
            "mod": 1_600_000_000,
            "usn": -1,
            "sortf": 0,
            "did": None,
            "css": self.sheet() if self.odds(0.4) else ".card { color: red }",
            "latexPre": self.pick(["", r"\documentclass{article}", r"\input{/etc/passwd}", "<script>hit()</script>"]),
            "latexPost": r"\end{document}",
            "flds": [
                {
                    "name": name,
                    "ord": ord,
                    "font": self.pick(FONTS),
                    "description": self.html(),
                    "rtl": False,
                    "size": 20,
                    "sticky": False,
                }
                for ord, name in enumerate(fields)
            ],
            "tmpls": [
                {
                    "name": self.name(0.2) + str(ord),
                    "ord": ord,
                    "qfmt": front,
                    "afmt": back,
                    "bqfmt": self.side(fields) if self.odds(0.2) else "",
                    "bafmt": "",
                    "bfont": self.pick(FONTS),
                    "did": None,
                }
                for ord, (front, back) in enumerate(sides)
            ],
        }

    def package(self) -> Package:
        models = [self.model(at) for at in range(self.pick([1, 1, 2]))]
        decks = {
            1_600_000_000_000 + at: {
                "id": 1_600_000_000_000 + at,
                "name": self.name(0.4),
                "desc": self.html(),
                "conf": 1,
                "dyn": 0,
            }
            for at in range(self.pick([1, 1, 2]))
        }
        notes = []
        for at in range(self.chance.randint(1, 4)):
            model = self.chance.randrange(len(models))
            fields = [self.html() for _ in models[model]["flds"]]
            if models[model]["type"] == 1:
                fields[0] = f"{fields[0]} {self.gap()} {{{{c1::n{at}}}}}"
            else:
                fields[0] = f"{fields[0]} n{at}"
            notes.append(
                {
                    "guid": f"g{at}" if not self.odds(0.2) else self.name(1),
                    "model": model,
                    "fields": fields,
                    "tags": [self.name(0.3) for _ in range(self.pick([0, 0, 1, 2]))],
                    "deck": self.pick([*decks]),
                    "cards": [0],
                }
            )
        names = {self.pick(MEDIA) if self.odds(0.7) else self.name(1) for _ in range(self.pick([0, 1, 3]))}
        return Package(models, decks, notes, dict.fromkeys(sorted(names), b"<svg onload=hit()>"))

    def spoil(self, value: Json) -> Json:
        """JSON with a key less, or something else in place of a value."""
        if isinstance(value, dict | list) and value and self.odds(0.85):
            key = self.pick([*value]) if isinstance(value, dict) else self.chance.randrange(len(value))
            if self.odds(0.15):
                del value[key]
            else:
                value[key] = self.spoil(value[key])
            return value
        return self.pick(ODD)


def write_package(folder: Path, seed: int) -> tuple[Path, Package]:
    """A hostile package in a folder, in one of the formats; the same for a seed."""
    grammar = PackageGrammar(seed)
    package = grammar.package()
    return grammar.pick([_write_old, _write_old, _write_new, _write_crowdanki, _write_text])(folder, package, grammar), package


def _write_old(folder: Path, package: Package, grammar: PackageGrammar) -> Path:
    """Note types and decks in one row of JSON."""
    models: Json = {str(model["id"]): model for model in package.models}
    decks: Json = {str(id): deck for id, deck in package.decks.items()}
    media: Json = {str(at): name for at, name in enumerate(package.media)}
    if grammar.odds(0.25):
        models, decks, media = (grammar.spoil(one) if grammar.odds(0.6) else one for one in deepcopy((models, decks, media)))
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE col (models, decks)")
        database.execute("INSERT INTO col VALUES (?, ?)", (json.dumps(models), json.dumps(decks)))
        collection = _add_notes(database, package, grammar)
    name = grammar.pick(["collection.anki2", "collection.anki21"])
    return _zip(
        folder / grammar.pick(["a.apkg", "a.apkg", "a.colpkg"]), {name: collection, "media": json.dumps(media).encode()}, package
    )


def _write_new(folder: Path, package: Package, grammar: PackageGrammar) -> Path:
    """Tables with protobuf in them, compressed."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript("""
            CREATE TABLE col (models, decks); INSERT INTO col VALUES ('', '');
            CREATE TABLE notetypes (id, name, mtime_secs, usn, config);
            CREATE TABLE fields (ntid, ord, name, config); CREATE TABLE templates (ntid, ord, name, mtime_secs, usn, config);
            CREATE TABLE decks (id, name, mtime_secs, usn, common, kind);
        """)
        for model in package.models:
            config = Notetype.Config(kind=model["type"], css=model["css"], latex_pre=model["latexPre"])
            database.execute(
                "INSERT INTO notetypes VALUES (?, ?, 1, -1, ?)", (model["id"], model["name"], config.SerializeToString())
            )
            for one in model["flds"]:
                about = Notetype.Field.Config(font_name=one["font"], description=one["description"], id=grammar.pick([0, *IDS]))
                row = model["id"], one["ord"], one["name"], _spoil_bytes(about.SerializeToString(), grammar)
                database.execute("INSERT INTO fields VALUES (?, ?, ?, ?)", row)
            for one in model["tmpls"]:
                side = Notetype.Template.Config(q_format=one["qfmt"], a_format=one["afmt"], q_format_browser=one["bqfmt"])
                row = model["id"], one["ord"], one["name"], _spoil_bytes(side.SerializeToString(), grammar)
                database.execute("INSERT INTO templates VALUES (?, ?, ?, 1, -1, ?)", row)
        for id, deck in package.decks.items():
            database.execute("INSERT INTO decks VALUES (?, ?, 1, -1, '', '')", (id, deck["name"].replace("::", "\x1f")))
        collection = zstandard.compress(_add_notes(database, package, grammar))
    entries = b"".join(b"\x0a" + _with_size(b"\x0a" + _with_size(name.encode())) for name in package.media)
    files = {"meta": b"\x08\x03", "collection.anki21b": collection, "media": zstandard.compress(_spoil_bytes(entries, grammar))}
    packed = Package(
        package.models, package.decks, package.notes, {name: zstandard.compress(data) for name, data in package.media.items()}
    )
    return _zip(folder / grammar.pick(["a.apkg", "a.colpkg"]), files, packed)


def _with_size(data: bytes) -> bytes:
    size, head = len(data), b""
    while size > 127:
        head, size = head + bytes([size & 127 | 128]), size >> 7
    return head + bytes([size]) + data


def _spoil_bytes(data: bytes, grammar: PackageGrammar) -> bytes:
    if not data or not grammar.odds(0.03):
        return data
    at = grammar.chance.randrange(len(data))
    return data[:at] + bytes([grammar.chance.randrange(256)]) + data[at + 1 :]


def _add_notes(database: sqlite3.Connection, package: Package, grammar: PackageGrammar) -> bytes:
    database.execute("CREATE TABLE notes (id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data)")
    database.execute("CREATE TABLE cards (id, nid, did, ord, mod, usn, type, queue, due, odid)")
    for at, note in enumerate(package.notes):
        text = "\x1f".join(note["fields"][: None if not grammar.odds(0.05) else 1])
        row: list[object] = [
            at + 1,
            note["guid"],
            package.models[note["model"]]["id"],
            1_600_000_000,
            f" {' '.join(note['tags'])} ",
            text,
        ]
        if grammar.odds(0.04):
            row[grammar.chance.randrange(1, 6)] = grammar.pick([None, 1, 1.5, b"\xff\xfe", "x", -(2**63)])
        database.execute("INSERT INTO notes VALUES (?, ?, ?, ?, -1, ?, ?, 0, 0, 0, '')", row)
        for ord in note["cards"]:
            values: list[object] = [at * 100 + ord, at + 1, note["deck"], ord, at]
            if grammar.odds(0.03):
                values[grammar.chance.randrange(5)] = grammar.pick([None, "x", -1, 2**40, 1.5, b"x"])
            database.execute("INSERT INTO cards VALUES (?, ?, ?, ?, 0, -1, 0, 0, ?, 0)", values)
    database.commit()
    return database.serialize()


def _zip(path: Path, files: dict[str, bytes], package: Package) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for at, data in enumerate(package.media.values()):
            archive.writestr(str(at), data)
    return path


def _write_crowdanki(folder: Path, package: Package, grammar: PackageGrammar) -> Path:
    """JSON, with the media in a folder beside it: some of them lead out of it."""
    outside = folder / "outside.txt"
    outside.write_bytes(SECRET)
    deck = folder / "deck"
    (deck / "media").mkdir(parents=True)
    for name in package.media:
        if "/" not in name and "\0" not in name and name.strip(".") and len(name.encode()) < 200:
            (deck / "media" / name).write_bytes(b"<svg onload=hit()>")
    if grammar.odds(0.3):
        (deck / "media" / "p.png").unlink(missing_ok=True)
        (deck / "media" / "p.png").symlink_to(outside)
    models = [model | {"crowdanki_uuid": f"m{at}"} for at, model in enumerate(package.models)]
    notes = [
        {
            "__type__": "Note",
            "guid": one["guid"],
            "fields": one["fields"],
            "tags": one["tags"],
            "note_model_uuid": f"m{one['model']}",
        }
        for one in package.notes
    ]
    first, *rest = package.decks.values()
    about: Json = {
        "__type__": "Deck",
        "name": first["name"],
        "desc": first["desc"],
        "note_models": models,
        "notes": notes,
        "media_files": [*package.media, "../../outside.txt", str(outside), "p.png"],
        "children": [{"name": one["name"], "notes": [], "children": []} for one in rest],
    }
    if grammar.odds(0.3):
        about = grammar.spoil(deepcopy(about))
    (deck / "deck.json").write_text(json.dumps(about))
    return grammar.pick([deck, deck / "deck.json"])


def _write_text(folder: Path, package: Package, grammar: PackageGrammar) -> Path:
    """Anki's text export."""
    width = max(len(note["fields"]) for note in package.notes)
    head = {
        "separator": "tab",
        "html": "true",
        "guid column": "1",
        "notetype column": "2",
        "deck column": "3",
        "tags column": str(4 + width),
    }
    for name in [*head]:
        if grammar.odds(0.1):
            head[name] = grammar.pick(["", "0", "99", "x", "-1", "1", "comma", '"', "٣"])
    lines = [f"#{name}:{value}" for name, value in head.items()]
    for note in package.notes:
        deck, type = package.decks[note["deck"]]["name"], package.models[note["model"]]["name"]
        cells = [note["guid"], type, deck, *note["fields"], *[""] * (width - len(note["fields"])), " ".join(note["tags"])]
        quoted = ('"' + cell.replace('"', '""') + '"' if not grammar.odds(0.05) else cell for cell in cells)
        lines.append("\t".join(quoted))
    path = folder / "a.txt"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace", newline="\n")
    return path


def hostile_packages(folder: Path, seeds: Iterator[int]) -> Iterator[tuple[int, Path, Package]]:
    """Packages, each in a folder of its own."""
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        yield seed, *write_package(place, seed)
