"""The same notes for everybody: as flashdeck's sources, as Python lists, and in each peer's own format.

Notes have two cards; they are of three kinds, a third of their texts has Markdown in it, and flashdeck's sources are in two
languages. Sentences are random words from a fixed seed, so every run and machine has the same.
"""

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYLLABLES = "ba co di fe gu ha jo ki lu me no pa qui ro sa ti vu we xa zo bri cle dra fro gli".split()
LANGUAGES = ("fr", "en")


@dataclass(frozen=True)
class Note:
    """A note: its kind, its fields by key in each language as Markdown, and the same as HTML."""

    id: str
    kind: str
    texts: dict[str, dict[str, str]]  # language -> field -> Markdown
    html: dict[str, dict[str, str]]  # language -> field -> HTML
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
                    lines.append("    date: 2024")
                    continue
                lines.append(f"    {key}:")
                lines += [f"      {lang}: {_quote(note.texts[LANGUAGES[i % 2]][key])}" for i, lang in enumerate(languages)]
        (deck / f"cards-{at:03}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if courses:
        lines = ["courses:"]
        for at in range(courses):
            lines.append(f"  - {{id: c{at}, include: {{tags: [t{at}, t{at + 5}, t{(at * 3) % 17}]}}}}")
        (deck / "courses.yaml").write_text("\n".join(lines) + "\n")


def _quote(text: str) -> str:
    """A text as authors leave it: plain where YAML lets them, else in quotes."""
    return text if text[0].isalnum() and ": " not in text else "'" + text.replace("'", "''") + "'"


def to_rows(notes: list[Note]) -> list[tuple[str, str, list[str], list[str]]]:
    """(guid, kind, HTML fields, tags) of the French notes."""
    return [(f"bench/{note.id}@fr", note.kind, list(note.html["fr"].values()), list(note.tags)) for note in notes]


def write_rows(path: Path, notes: list[Note]) -> None:
    path.write_text(json.dumps(to_rows(notes)), encoding="utf-8")


def write_pairs(notes: list[Note]) -> Iterator[tuple[str, str, list[str]]]:
    """Front, back and tags of each note: what all peers can say. Cards both ways make two of each."""
    for note in notes:
        first, second = list(note.texts["fr"].values())[:2]
        yield first.replace("{{c1::", "").replace("{{c2::", "").replace("}}", ""), second, list(note.tags)


def write_csv(path: Path, notes: list[Note]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["guid", "question", "answer", "tags"])
        for at, (front, back, tags) in enumerate(write_pairs(notes)):
            rows.writerow([f"guid{at}", front, back, ", ".join(tags)])


def write_anki_yaml_tool(folder: Path, notes: list[Note]) -> None:
    """One file, as anki-yaml-tool wants it."""
    config = {
        "name": "Bench",
        "fields": ["Front", "Back"],
        "templates": [
            {"name": "Card 1", "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr id=answer>{{Back}}"},
            {"name": "Card 2", "qfmt": "{{Back}}", "afmt": "{{FrontSide}}<hr id=answer>{{Front}}"},
        ],
    }
    lines = [f"config: {json.dumps(config)}", "deck-name: Bench", "data:"]
    for front, back, tags in write_pairs(notes):
        lines += [f"- front: {_quote(front)}", f"  back: {_quote(back)}", f"  tags: [{', '.join(tags)}]"]
    folder.mkdir()
    (folder / "deck.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_anki_librarian(folder: Path, notes: list[Note], files: int) -> None:
    """A folder a deck, as anki-librarian wants it: lists of fields."""
    deck = folder / "bench"
    deck.mkdir(parents=True)
    templates = [
        {"name": "Card 1", "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr id=answer>{{Back}}"},
        {"name": "Card 2", "qfmt": "{{Back}}", "afmt": "{{FrontSide}}<hr id=answer>{{Front}}"},
    ]
    model = {"id": 1_600_000_009, "name": "Bench", "fields": [{"name": "Front"}, {"name": "Back"}], "templates": templates}
    (deck / "deck.yaml").write_text(f"id: 1600000010\nname: Bench\nmodels: {json.dumps([model])}\n")
    pairs = list(write_pairs(notes))
    for at in range(files):
        some = pairs[at * len(pairs) // files : (at + 1) * len(pairs) // files]
        lines = ["cards:", "  model: Bench", "  notes:"] + [f"  - [{_double(front)}, {_double(back)}]" for front, back, _ in some]
        (deck / f"cards-{at:03}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _double(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def write_ankcompiler(folder: Path, notes: list[Note], files: int) -> None:
    """Markdown, as ankcompiler wants it: a block a card, with its id below."""
    folder.mkdir()
    pairs = list(enumerate(write_pairs(notes)))
    for at in range(files):
        blocks = ["---\ndeck: Bench\ntags: [all]\n---\n"]
        for number, (front, back, _) in pairs[at * len(pairs) // files : (at + 1) * len(pairs) // files]:
            blocks.append(f"---\n\n\n{front} ::: {back}\n\n---\n[^uid]: n{number:09}\n[^type]: reversed\n")
        (folder / f"cards-{at:03}.md").write_text("\n".join(blocks), encoding="utf-8")
