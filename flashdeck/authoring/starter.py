"""What `init` writes: the files of a first deck, with the example of each kind of card that comes with flashdeck.

An example is a card in the kind's kind.yaml, with its picture beside it; what they cite is in kinds/references.yaml.
A text of theirs comes out in the languages of the deck, or in English where it is not there in all of them. The deck builds
at once, also beside other decks: an example that asks what one of their cards asks is left out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flashdeck.anki.identity import split_language
from flashdeck.authoring.draft import find_new_problems
from flashdeck.build.link import Facts
from flashdeck.build.unit import to_rows
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.kind_reader import KINDS_FOLDER, read_kinds
from flashdeck.model.kinds import Kind, in_reading_order
from flashdeck.pipeline import compile_project
from flashdeck.sources.editing import render_block, render_item
from flashdeck.sources.files import Files
from flashdeck.sources.values import as_mapping, as_text
from flashdeck.sources.yaml_file import Value, read_source

SCHEMA_FILE = "schema.json"

DECK_COMMENT = """\
# A deck: its cards are in the other files of this folder. `flashdeck check` finds mistakes, `flashdeck build` makes packages.
# The id is part of every card's identity, and name is what learners see in Anki: never change them once learners have the deck.
"""
CARDS_COMMENT = """\
# One example of each kind of card: change them, or delete them and write your own (`flashdeck add` helps).
# An id identifies its card permanently: the text may change, the id never.
"""
REFERENCES_COMMENT = "# The sources, as Zotero and pandoc write it (CSL-YAML).\n"
COURSES_COMMENT = "# A course is a subset: `flashdeck build --course ID`.\n"
IGNORED = f"# what flashdeck generates and what operating systems leave behind\ndist/\n{SCHEMA_FILE}\n.DS_Store\nThumbs.db\n~$*\n"


@dataclass(frozen=True)
class Starter:
    """The files of a first deck, the kinds whose example another deck beside it has already, and what is wrong with it."""

    files: dict[Path, bytes]
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]


def start_deck(folder: Path, id: str, name: str, languages: Sequence[str]) -> Starter:
    """A small deck that builds at once, also beside the decks that are there. Nothing is written."""
    beside = [folder.parent] if any(folder.parent.glob("*/deck.yaml")) else []
    before = compile_project(beside, languages=())
    asked = _find_asked(before.facts)
    files = _in_folder(folder, to_starter(id, name, languages))
    examples = _find_asked(compile_project([], edits=_only_yaml(files), languages=()).facts)
    same = {split_language(group)[0] for group, text in examples if (group, text) in asked}
    if same:
        files = _in_folder(folder, to_starter(id, name, languages, same))
    after = compile_project(beside, edits=_only_yaml(files), languages=())
    problems = find_new_problems(before.problems, after.problems, ignore=("missing-media", "no-labels"))
    return Starter(files, tuple(sorted(same)), problems)


def _find_asked(facts: Facts) -> set[tuple[str, str]]:
    """What the cards of each kind ask in each language."""
    return {
        (group.partition("#")[0], text)
        for unit in facts.units
        for group, fronts in unit.fronts.items()
        for text in to_rows(fronts.texts)
    }


def to_starter(id: str, name: str, languages: Collection[str], left_out: Collection[str] = ()) -> dict[str, bytes]:
    """The files of a small deck with one card a kind, by name; without the examples of the kinds in `left_out`."""
    kinds = [kind for kind in in_reading_order(read_kinds().values()) if kind.example and kind.name not in left_out]
    references = as_mapping(read_source(KINDS_FOLDER / "references.yaml", Files([KINDS_FOLDER]), []).value or {})["references"]
    cited = [_cite(as_mapping(reference), id, "id") for reference in references]
    deck: dict[str, Value] = {"id": id, "name": name, "languages": list(languages)}
    course: dict[str, Value] = {"id": f"{id}-first", "title": f"{name}: a first course", "include": {"tags": ["first"]}}
    texts = {
        "deck.yaml": DECK_COMMENT + render_block(deck) + "\n",
        "cards.yaml": CARDS_COMMENT + "cards:\n" + _render_items(_to_card(kind, id, languages) for kind in kinds),
        "references.yaml": REFERENCES_COMMENT + "references:\n" + _render_items(cited),
        "courses.yaml": COURSES_COMMENT + "courses:\n" + _render_items([course]),
    }
    files = {name: f"# yaml-language-server: $schema={SCHEMA_FILE}\n{text}".encode() for name, text in texts.items()}
    return files | {".gitignore": IGNORED.encode()} | {name: data for kind in kinds for name, data in _to_media(kind).items()}


def _to_card(kind: Kind, deck: str, languages: Collection[str]) -> dict[str, Value]:
    """The example of a kind as a card of the deck with this id."""
    example = _cite({key: _to_languages(value, languages) for key, value in kind.example.items()}, deck, "reference")
    return {"id": example["id"], "kind": kind.name, **example}


def _to_languages(value: Value, languages: Collection[str]) -> Value:
    """What an example has in several languages, in those of a deck; in English where it is not there in all of them."""
    if isinstance(value, list):
        return [_to_languages(item, languages) for item in value]
    if not isinstance(value, dict):
        return value
    if "en" not in value:  # no text in languages, but a mapping of something else
        return {key: _to_languages(item, languages) for key, item in value.items()}
    texts = {language: value[language] for language in languages if language in value}
    if len(texts) < len(languages):
        return value["en"]
    return texts if len(texts) > 1 else next(iter(texts.values()))


def _cite(entry: Mapping[str, Value], deck: str, key: str) -> dict[str, Value]:
    """An entry that names, under `key`, what is the deck's own: ids of references are the same in all decks of a project."""
    ids = entry.get(key, "")
    own: Value = [f"{deck}-{id}" for id in ids] if isinstance(ids, list) else f"{deck}-{ids}"
    return {name: own if name == key else value for name, value in entry.items()}


def _to_media(kind: Kind) -> dict[str, bytes]:
    """The pictures and sounds of a kind's example, which are beside its kind.yaml."""
    keys = [field.key for field in kind.fields.values() if field.type == "media" and field.key in kind.example]
    names = [as_text(kind.example[key]) for key in keys]
    return {f"media/{name}": (KINDS_FOLDER / kind.name / name).read_bytes() for name in names}


def _render_items(items: Iterable[dict[str, Value]]) -> str:
    return "".join(f"{render_item(item, '  ')}\n" for item in items)


def _in_folder(folder: Path, files: Mapping[str, bytes]) -> dict[Path, bytes]:
    return {folder / name: data for name, data in files.items()}


def _only_yaml(files: Mapping[Path, bytes]) -> dict[Path, bytes]:
    return {path: data for path, data in files.items() if path.suffix == ".yaml"}


def to_git_ignore(text: str) -> str:
    """A .gitignore that leaves out the packages that are built."""
    known = {line.strip().strip("/") for line in text.splitlines()}
    return text if known & {"dist", "dist/*", "dist/**"} else f"{_end(text)}dist/\n"


def to_git_attributes(text: str) -> str:
    """A .gitattributes by which ledgers merge by themselves, and line ends do not depend on the system."""
    patterns = {line.split()[0] for line in text.splitlines() if line.strip()}
    if "*" not in patterns:
        text = f"* text=auto eol=lf\n{text}"  # first, because what is said later counts
    if not any("flashdeck.lock" in pattern for pattern in patterns):
        text = f"{_end(text)}flashdeck.lock merge=union\n"
    return text


def _end(text: str) -> str:
    """A text whose last line has an end."""
    return text if not text or text.endswith("\n") else f"{text}\n"
