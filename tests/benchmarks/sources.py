"""The same notes for everybody: as flashdeck's sources, as Python lists, and in each peer's own format.

Notes have two cards; they are of three kinds, a third of their texts has Markdown in it, and flashdeck's sources are in two
languages. Sentences are random words from a fixed seed, so every run and machine has the same.
"""

import csv
import json
import random
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import yaml

SYLLABLES = "ba co di fe gu ha jo ki lu me no pa qui ro sa ti vu we xa zo bri cle dra fro gli".split()
LANGUAGES = ("fr", "en")
ASKED = ("question", "claim", "text", "avoid")  # what must differ from card to card
GAP = re.compile(r"\{\{c\d::(.*?)\}\}")


@dataclass(frozen=True)
class Note:
    """A note: its kind, its fields by key in each language as Markdown, and the same as HTML."""

    id: str
    kind: str
    texts: dict[str, dict[str, str]]  # language -> field -> Markdown
    html: dict[str, dict[str, str]]  # language -> field -> HTML
    tags: tuple[str, ...]


@dataclass(frozen=True)
class NoteType:
    """A note type as genanki takes it."""

    name: str
    fields: tuple[str, ...]
    templates: tuple[tuple[str, str, str], ...]  # name, front, back
    css: str = ""
    cloze: bool = False


@dataclass(frozen=True)
class Row:
    """A note as genanki takes it, ready: its fields in the order of its type, as HTML."""

    guid: str
    type: str
    fields: tuple[str, ...]
    tags: tuple[str, ...]


def make_notes(count: int) -> list[Note]:
    return list(_make_notes(count))


def _make_notes(count: int) -> Iterator[Note]:
    chance = random.Random(20261124)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(3000)]

    def sentence(low: int, high: int) -> str:
        return " ".join(chance.choices(words, k=chance.randint(low, high)))

    for at in range(count):
        kind = ("basic", "cloze", "statistic")[at % 3]
        rich = at % 3 == at // 3 % 3
        texts: dict[str, dict[str, str]] = {}
        html: dict[str, dict[str, str]] = {}
        for language in LANGUAGES:
            one, other = f"{sentence(4, 9)} {at} {language}", sentence(2, 7)
            if kind == "cloze":
                plain = {
                    "text": f"{one} {{{{c1::{other}}}}} {sentence(1, 3)} {{{{c2::{sentence(1, 2)}}}}}",
                    "extra": sentence(3, 8),
                }
            elif kind == "basic":
                plain = {"question": f"{one} ?", "answer": f"{other} {at}", "extra": sentence(3, 8)}
            else:
                plain = {
                    "claim": f"{one}.",
                    "question": f"{sentence(3, 6)} {at} ?",
                    "value": f"{at} {sentence(1, 2)}",
                    "date": "2024",
                }
            first = next(iter(plain))
            marked = dict(plain)
            shown = dict(plain)
            if rich:
                bold, slant = sentence(1, 2), sentence(1, 2)
                marked[first] = f"**{bold}** & *{slant}* {plain[first]}"
                shown[first] = f"<strong>{bold}</strong> &amp; <em>{slant}</em> {plain[first]}"
            texts[language], html[language] = marked, shown
        yield Note(f"n{at}", kind, texts, html, (f"t{at % 17}", "all"))


def write_flashdeck(
    folder: Path, notes: list[Note], files: int, courses: int = 0, languages: tuple[str, ...] = LANGUAGES
) -> None:
    """A deck of flashdeck; where `courses`, also so many courses that share its notes among them."""
    deck = folder / "decks" / "bench"
    deck.mkdir(parents=True)
    (deck / "deck.yaml").write_text(f"id: bench\nname: Bench\nlanguages: [{', '.join(languages)}]\n")
    (deck / "references.yaml").write_text(
        "references:\n  - {id: book, type: book, title: A Book, publisher: A Press, issued: 2020}\n"
    )
    for at in range(files):
        some = notes[at * len(notes) // files : (at + 1) * len(notes) // files]
        lines = ["reference: book", "cards:"]
        for note in some:
            lines += [f"  - id: {note.id}", f"    kind: {note.kind}", f"    tags: [{', '.join(note.tags)}]"]
            if note.kind == "basic":
                lines.append("    both_ways: true")
            for key in note.texts["fr"]:
                if key == "date":
                    lines.append("    date: 2030")  # a figure that does not age while this is run
                    continue
                lines.append(f"    {key}:")
                lines += [f"      {lang}: {_quote(note.texts[LANGUAGES[i % 2]][key])}" for i, lang in enumerate(languages)]
        (deck / f"cards-{at:03}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if courses:
        lines = ["courses:"]
        for at in range(courses):
            lines.append(f"  - {{id: c{at}, include: {{tags: [{', '.join(to_course_tags(at))}]}}}}")
        (deck / "courses.yaml").write_text("\n".join(lines) + "\n")


def write_copies(decks: Path, folder: Path, notes: int, files: int) -> None:
    """Our own decks in one, copied with new ids until it has so many French notes, in about so many files, and without a problem.

    They are what real sources look like: flow mappings, comments, long sentences, languages that some cards lack. Each copy's
    cards have its number in their ids and behind what they ask. Notices are there once, as there are no more colours, and
    terms, as nobody discourages a word fifty times. Texts of more than a hundred characters are folded into blocks, as authors do
    who keep their lines short; our decks have none of these.
    """
    deck = folder / "decks" / "bench"
    deck.mkdir(parents=True)
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(decks.glob("*/*.yaml"))}
    cards = {path: _find_cards(text) for path, text in sources.items()}
    once = {path for path, found in cards.items() if not found or path.stem in ("notices", "terms")}
    for path in once - {decks / "custom" / "deck.yaml"}:
        text = sources[path].replace("id: interpol\n", "id: bench\n").replace("interpol/", "bench/")
        name = path.name if path.parent.name == "interpol" else f"{path.parent.name}-{path.name}"
        (deck / name).write_text(text, encoding="utf-8")
    alike = [card for path in cards.keys() - once for card in cards[path]]
    copies = round((notes - sum(len(cards[path]) for path in once)) / sum(card.french for card in alike))
    for path in sorted(cards.keys() - once):
        text = _fold(sources[path])
        found = _find_cards(text)
        head, body = text[: found[0].start], text[found[0].start :]
        together = max(1, round(copies * len(alike) / files / len(found)))
        for at, first in enumerate(range(0, copies, together)):
            some = [_copy(body, found, copy) for copy in range(first, min(first + together, copies))]
            (deck / f"{path.stem}-{at:03}.yaml").write_text(head + "".join(some), encoding="utf-8")


@dataclass(frozen=True)
class CardText:
    """Where a card stands in its file, and where the texts end that have to differ in each copy."""

    id: str
    start: int
    id_end: int
    asked_ends: tuple[int, ...]
    french: bool


def _find_cards(text: str) -> list[CardText]:
    root = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    parts = {key.value: node for key, node in root.value}
    found = []
    for card in parts["cards"].value if "cards" in parts else ():
        fields = {key.value: node for key, node in card.value}
        asked = [leaf for key in ASKED if key in fields for leaf in _find_leaves(fields[key])]
        languages = [node.value for node in fields["languages"].value] if "languages" in fields else ["fr"]
        start = text.rindex("\n", 0, card.start_mark.index) + 1
        id = fields["id"]
        ends = tuple(_find_end(text, leaf) for leaf in asked)
        found.append(CardText(id.value, start, id.end_mark.index, ends, "fr" in languages))
    return found


def _find_leaves(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _find_leaves(value)
    else:
        for value in node.value:
            yield from _find_leaves(value)


def _find_end(text: str, leaf: yaml.ScalarNode) -> int:
    """Where words can be added to a text: in front of its last quote, or of the end of its block's last line."""
    end: int = leaf.end_mark.index
    if leaf.style in ("'", '"'):
        return end - 1
    return len(text[:end].rstrip())


def _copy(body: str, cards: list[CardText], copy: int) -> str:
    """The cards of a file again. The first copy is as it was, since courses name its cards."""
    if not copy:
        return body
    start, end, parts = cards[0].start, cards[0].start, []
    more = {card.id_end: f"-{copy}" for card in cards} | {at: f" ({card.id}-{copy})" for card in cards for at in card.asked_ends}
    for at in sorted(more):
        parts += [body[end - start : at - start], more[at]]
        end = at
    return "".join([*parts, body[end - start :]])


def _fold(text: str) -> str:
    """Writes long texts that stand on a line of their own as blocks."""

    def block(found: re.Match[str]) -> str:
        lines = textwrap.wrap(found[3], 90, break_long_words=False, break_on_hyphens=False)
        return "\n".join([f"{found[1]}{found[2]}: >-", *(f"{found[1]}  {line}" for line in lines)])

    return re.sub(r"^( +)(\w+): (\w.{100,})$", block, text, flags=re.MULTILINE)


def to_course_tags(at: int) -> list[str]:
    """The tags of the notes in the course `at`."""
    return [f"t{at}", f"t{at + 5}", f"t{at * 3 % 17}"]


def _quote(text: str) -> str:
    """A text as authors leave it: plain where YAML lets them, else in quotes."""
    return text if text[0].isalnum() and ": " not in text else "'" + text.replace("'", "''") + "'"


def to_rows(notes: list[Note]) -> list[Row]:
    """The French notes as genanki gets them: of two note types with four fields each."""
    rows = []
    for note in notes:
        fields = (*note.html["fr"].values(), "", "")[:4]
        rows.append(Row(f"bench/{note.id}@fr", "gaps" if note.kind == "cloze" else "both", fields, note.tags))
    return rows


TYPES = (
    NoteType(
        "both",
        ("One", "Two", "Three", "Four"),
        (
            ("Card 1", "{{One}}", "{{FrontSide}}<hr id=answer>{{Two}}"),
            ("Card 2", "{{Two}}", "{{FrontSide}}<hr id=answer>{{One}}"),
        ),
    ),
    NoteType("gaps", ("One", "Two", "Three", "Four"), (("Gap", "{{cloze:One}}", "{{cloze:One}}{{Two}}"),), cloze=True),
)


def write_rows(path: Path, rows: list[Row], types: Iterable[NoteType] = TYPES) -> None:
    """What `with_genanki.py` reads."""
    ready = {"types": [astuple(type) for type in types], "notes": [astuple(row) for row in rows]}
    path.write_text(json.dumps(ready), encoding="utf-8")


def to_kinds(notes: list[Note]) -> dict[str, list[Note]]:
    """The notes by kind, for peers whose files have one note type each."""
    kinds: dict[str, list[Note]] = {}
    for note in notes:
        kinds.setdefault(note.kind, []).append(note)
    return kinds


def to_fields(note: Note) -> dict[str, str]:
    """The French HTML of a note, its gaps filled: for peers that know neither Markdown nor clozes."""
    return {key: GAP.sub(r"\1", text) for key, text in note.html["fr"].items()}


def to_templates(fields: list[str]) -> list[dict[str, str]]:
    """Two cards: each asks one of the first two fields and answers with all others."""
    shown = {field: "{{" + field + "}}" for field in fields}
    return [
        {
            "name": f"Card {number}",
            "qfmt": shown[asked],
            "afmt": "{{FrontSide}}<hr id=answer>" + "<br>".join(shown[field] for field in fields if field != asked),
        }
        for number, asked in enumerate(fields[:2], 1)
    ]


def write_anki_yaml_tool(folder: Path, notes: list[Note]) -> None:
    """A file a note type, as anki-yaml-tool wants it; when it merges files, notes must name their type again."""
    for kind, some in to_kinds(notes).items():
        fields = list(to_fields(some[0]))
        config = {"name": kind, "fields": fields, "templates": to_templates(fields)}
        lines = [f"config: {json.dumps(config)}", "data:"]
        for note in some:
            lines += [f"- model: {kind}", f"  tags: [{', '.join(note.tags)}]"]
            lines += [f"  {key}: {_quote(text)}" for key, text in to_fields(note).items()]
        (folder / f"{kind}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_anki_librarian(folder: Path, notes: list[Note]) -> None:
    """A folder a deck and a file a note type, as anki-librarian wants it: lists of fields. It has no tags."""
    deck, models = folder / "decks" / "bench", []
    deck.mkdir(parents=True)
    for number, (kind, some) in enumerate(to_kinds(notes).items()):
        fields = list(to_fields(some[0]))
        names = [{"name": field} for field in fields]
        models.append({"id": 1_600_000_011 + number, "name": kind, "fields": names, "templates": to_templates(fields)})
        lines = ["cards:", f"  model: {kind}", "  notes:"]
        lines += [f"  - {json.dumps(list(to_fields(note).values()), ensure_ascii=False)}" for note in some]
        (deck / f"{kind}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (deck / "deck.yaml").write_text(f"id: 1600000010\nname: Bench\nmodels: {json.dumps(models)}\n")


def write_ankcompiler(folder: Path, notes: list[Note]) -> None:
    """Markdown, as ankcompiler wants it: a block a card, with its id below. Its note types are its own, so a statistic is a card
    both ways too, and what it has no field for stands below the answer."""
    for at in range(0, len(notes), 500):
        blocks = ["---\ndeck: Bench\ntags: [all]\n---\n"]
        for note in notes[at : at + 500]:
            first, second, *others = note.texts["fr"].values()
            body = [first, second] if note.kind == "cloze" else [f"{first} ::: {second}", *others]
            about = [f"[^uid]: {note.id:0>10}", f"[^tag]: {note.tags[0]}"] + ["[^type]: reversed"] * (note.kind != "cloze")
            blocks.append("\n".join(["---\n\n", "\n\n".join(body), "\n---", *about, ""]))
        (folder / f"cards-{at:06}.md").write_text("\n".join(blocks), encoding="utf-8")


def write_brain_brew(folder: Path, notes: list[Note]) -> None:
    """A table and a note type a kind, and the recipe that makes CrowdAnki's JSON of them, as brain-brew wants it."""
    (folder / "style.css").write_text(".card { text-align: center; }\n")
    (folder / "headers.yaml").write_text("name: Bench\ncrowdanki_uuid: bench-deck\n")
    kinds = to_kinds(notes)
    for kind, some in kinds.items():
        fields, cloze = list(some[0].html["fr"]), kind == "cloze"
        gaps = [{"name": "Cloze", "qfmt": "{{cloze:text}}", "afmt": "{{cloze:text}}<hr id=answer>{{extra}}"}]
        templates = []
        for template in gaps if cloze else to_templates(fields):
            page = f"{kind} {template['name']}.html"
            (folder / page).write_text(f"{template['qfmt']}\n\n--\n\n{template['afmt']}")
            templates.append({"name": template["name"], "html_file": page})
        names = [{"name": field} for field in fields]
        model = {"name": kind, "id": f"bench-{kind}", "css_file": "style.css", "fields": names, "templates": templates}
        (folder / f"{kind}.yaml").write_text(json.dumps(model | {"is_cloze": cloze}))
        with (folder / f"{kind}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["guid", *fields, "tags"])
            table.writerows([note.id, *note.html["fr"].values(), ", ".join(note.tags)] for note in some)
    tables = {
        "part_id": "notes",
        "note_model_mappings": [{"note_models": list(kinds)}],
        "file_mappings": [{"file": f"{kind}.csv", "note_model": kind} for kind in kinds],
    }
    parts = [
        {"headers_from_yaml_part": {"part_id": "headers", "file": "headers.yaml"}},
        {"note_models_from_yaml_part": [{"part_id": kind, "file": f"{kind}.yaml"} for kind in kinds]},
        {"notes_from_csvs": tables},
    ]
    deck = {
        "folder": "bench",
        "headers": "headers",
        "notes": {"part_id": "notes"},
        "note_models": {"parts": [{"part_id": kind} for kind in kinds]},
    }
    (folder / "recipe.yaml").write_text(json.dumps([{"build_parts": parts}, {"generate_crowd_anki": deck}], indent=2))
