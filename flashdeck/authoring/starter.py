"""What `init` and `add` write: the files of a first deck, and a card with its id, its place, and what is wrong with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flashdeck.authoring.words import render_words
from flashdeck.diagnostics.problem import Problem, are_warnings
from flashdeck.model.cards import Card, Deck, Library, fill_gaps
from flashdeck.model.kinds import Kind
from flashdeck.pipeline import Compiled, compile_decks
from flashdeck.sources.editing import append_items, render_block, render_item
from flashdeck.sources.values import to_id
from flashdeck.sources.yaml_file import Source, Value

SCHEMA = "schema.json"
LONGEST_ID = 40

TERMINOLOGY = "https://www.interpol.int/Crimes/Crimes-against-children/Appropriate-terminology"
NOTICES = "https://www.interpol.int/How-we-work/Notices/About-Notices"
ASSEMBLY_TITLE = "Together Against Crime - INTERPOL General Assembly approves blueprint for future"
ASSEMBLY = (
    "https://www.interpol.int/fr/Actualites-et-evenements/Actualites/2025/"
    "Together-Against-Crime-INTERPOL-General-Assembly-approves-blueprint-for-future"
)
DECK_COMMENT = """\
# A deck: its cards stand in the other files of this folder. `flashdeck check` tells mistakes, `flashdeck build` makes packages.
# The id is part of every card's identity, and name is what learners see in Anki: never change them once learners have the deck.
"""
CARDS_COMMENT = """\
# One example of each kind of card: change them, or delete them and write your own (`flashdeck add` helps).
# An id names its card for ever: the text may change, the id never.
"""
REFERENCES_COMMENT = "# Where it is from, as Zotero and pandoc write it (CSL-YAML).\n"
COURSES_COMMENT = "# A course is a subset: `flashdeck build --course ID`.\n"
IGNORED = f"# what flashdeck makes and what systems leave behind\ndist/\n{SCHEMA}\n.DS_Store\nThumbs.db\n~$*\n"
PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200" viewBox="0 0 400 200" font-family="sans-serif" font-size="28">
  <rect x="20" y="30" width="160" height="140" fill="#f2c230"/><text x="100" y="110" text-anchor="middle">Yellow</text>
  <rect x="220" y="30" width="160" height="140" fill="#2b6cb0"/><text x="300" y="110" text-anchor="middle" fill="#fff">Blue</text>
</svg>
"""


def to_starter(id: str, name: str, languages: Collection[str], left_out: Collection[str] = ()) -> dict[str, str]:
    """The files of a small deck with one card a kind, by name; without the examples of the kinds in `left_out`."""

    def say(en: str, fr: str) -> Value:
        texts = {"fr": fr, "en": en}
        if not set(languages) <= texts.keys():
            return en
        said = {language: texts[language] for language in languages}
        return said if len(said) > 1 else next(iter(said.values()))

    yellow, blue = say("Yellow", "Jaune"), say("Blue", "Bleue")
    examples: dict[str, dict[str, Value]] = {
        "basic": {
            "id": "csam",
            "tags": ["first"],
            "question": say("What do the letters CSAM stand for?", "Que veulent dire les lettres CSAM ?"),
            "answer": say(
                "Child **sexual abuse** material", "*Child sexual abuse material*, contenu **d’abus sexuels** d’enfants"
            ),
            "reference": f"{id}-terminology",
        },
        "cloze": {
            "id": "yellow-gap",
            "text": say(
                "A {{c1::Yellow}} Notice is about {{c2::missing}} persons.",
                "La notice {{c1::jaune}} concerne une personne {{c2::disparue}}.",
            ),
            "reference": f"{id}-notices",
        },
        "choice": {
            "id": "missing-person",
            "tags": ["first"],
            "question": say("Which notice is about a missing person?", "Quelle notice concerne une personne disparue ?"),
            "answer": yellow,
            "distractors": [say("Red", "Rouge"), blue, say("Green", "Verte")],
            "reference": f"{id}-notices",
        },
        "term": {
            "id": "material",
            "avoid": say("child pornography", "pornographie enfantine"),
            "prefer": say("child sexual abuse material", "contenu d’abus sexuels d’enfants"),
            "level": "avoid",
            "reference": f"{id}-terminology",
        },
        "notice": {
            "id": "yellow-notice",
            "colour": "yellow",
            "purpose": say(
                "Trace a missing person, or identify somebody who cannot say who they are",
                "Retrouver une personne disparue, ou identifier une personne incapable de dire qui elle est",
            ),
            "reference": f"{id}-notices",
        },
        "statistic": {
            "id": "members",
            "claim": say("196 countries are members of INTERPOL.", "196 pays sont membres d’INTERPOL."),
            "date": "2025-11",
            "reference": f"{id}-members",
        },
        "occlusion": {
            "id": "two-notices",
            "image": "example.svg",
            "alt": say("two coloured fields with their names", "deux champs de couleur et leurs noms"),
            "question": say("Which colour is hidden?", "Quelle couleur est cachée ?"),
            "shapes": {
                "c1": {"name": yellow, "rectangle": ["5", "15", "40", "70"]},
                "c2": {"name": blue, "rectangle": ["55", "15", "40", "70"]},
            },
        },
    }
    cards = [{"id": card["id"], "kind": kind, **card} for kind, card in examples.items() if kind not in left_out]
    references = [
        {
            "id": f"{id}-terminology",
            "type": "webpage",
            "publisher": "INTERPOL",
            "title": "Appropriate terminology",
            "URL": TERMINOLOGY,
        },
        {"id": f"{id}-notices", "type": "webpage", "publisher": "INTERPOL", "title": "About Notices", "URL": NOTICES},
        {
            "id": f"{id}-members",
            "type": "webpage",
            "publisher": "INTERPOL",
            "issued": "2025-11-27",
            "title": ASSEMBLY_TITLE,
            "URL": ASSEMBLY,
        },
    ]
    course = {"id": f"{id}-first", "title": f"{name}: a first course", "include": {"tags": ["first"]}}
    line = f"# yaml-language-server: $schema={SCHEMA}\n"
    deck = {"id": id, "name": name, "languages": list(languages)}
    files = {
        "deck.yaml": line + DECK_COMMENT + render_block(deck) + "\n",
        "cards.yaml": line + CARDS_COMMENT + "cards:\n" + _render_items(cards),
        "references.yaml": line + REFERENCES_COMMENT + "references:\n" + _render_items(references),
        "courses.yaml": line + COURSES_COMMENT + "courses:\n" + _render_items([course]),
        ".gitignore": IGNORED,
    }
    return files | ({"media/example.svg": PICTURE} if "occlusion" not in left_out else {})


def _render_items(items: list[dict[str, Any]]) -> str:
    return "".join(f"{render_item(item, '  ')}\n" for item in items)


def to_new_id(text: str, taken: Collection[str], otherwise: str) -> str:
    """An id made from a text that no card of `taken` has."""
    id = to_id(fill_gaps(text))
    if len(id) > LONGEST_ID:
        id = id[: LONGEST_ID + 1].rpartition("-")[0] or id[:LONGEST_ID]
    id = id or otherwise
    if id not in taken:
        return id
    return next(f"{id}-{number}" for number in range(2, len(taken) + 3) if f"{id}-{number}" not in taken)


def find_home(library: Library, deck: Deck, kind: Kind) -> tuple[Path, Mapping[str, Value]]:
    """The file of a deck to which a card of a kind goes, and the defaults of that file: where most of its kind are."""
    counts: dict[str, int] = {}
    sources: dict[str, Source] = {}
    for card in (card for card in library.cards if card.deck.id == deck.id):
        source = card.node.source
        sources[source.path] = source
        counts[source.path] = counts.get(source.path, 0) + (1000 if card.kind == kind else 1)
    fitting = [path for path, source in sources.items() if not _other_defaults(source, kind)]
    if not fitting:
        path = deck.folder / "cards.yaml"
        return (deck.folder / f"{kind.word}.yaml" if str(path) in sources else path), {}
    home = max(fitting, key=lambda path: counts[path])
    defaults = {key: one for key, one in sources[home].value.items() if key not in ("cards", "references", "courses")}
    return Path(home), defaults


def _other_defaults(source: Source, kind: Kind) -> set[str]:
    """The defaults of a file that a kind has no field for."""
    common = {"cards", "references", "courses", "kind", "deck", "languages", "tags", "reference", "extra", "sensitive", "retired"}
    return source.value.keys() - kind.fields.keys() - common


def to_entry(
    id: str,
    deck: Deck,
    kind: Kind,
    values: Mapping[str, Value],
    tags: list[str],
    references: list[str],
    defaults: Mapping[str, Value],
) -> dict[str, Value]:
    """A card as it stands in a file with these defaults."""
    entry: dict[str, Value] = {"id": id}
    name = kind.name.removeprefix(f"{deck.id}/")
    if defaults.get("kind") != name:
        entry["kind"] = name
    entry |= values
    if tags:
        entry["tags"] = tags
    if references:
        entry["reference"] = references[0] if len(references) == 1 else references
    return entry


@dataclass(frozen=True)
class Starter:
    """The files of a first deck, the kinds whose example another deck beside it has already, and what is wrong with it."""

    files: dict[Path, bytes]
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]


def start_deck(folder: Path, id: str, name: str, languages: Sequence[str]) -> Starter:
    """A small deck that builds at once, also beside the decks that are there."""
    beside = [folder.parent] if any(folder.parent.glob("*/deck.yaml")) else []
    known = compile_decks(beside)
    asked = {_front(card, language) for card in known.library.cards for language in card.languages}
    files = _starter_files(folder, to_starter(id, name, languages))
    cards = compile_decks([], edits=_only_yaml(files)).library.cards
    same = {card.kind.name for card in cards for language in card.languages if _front(card, language) in asked}
    if same:
        files = _starter_files(folder, to_starter(id, name, languages, same))
    problems = _new_problems(known, compile_decks(beside, edits=_only_yaml(files)), ignore=("missing-media", "no-labels"))
    return Starter(files, tuple(sorted(same)), problems)


def _front(card: Card, language: str) -> tuple[str, str, str]:
    return card.kind.name, language, card.front(language).casefold()


def _starter_files(folder: Path, files: Mapping[str, str]) -> dict[Path, bytes]:
    return {folder / name: text.encode() for name, text in files.items()}


def _only_yaml(files: Mapping[Path, bytes]) -> dict[Path, bytes]:
    return {path: data for path, data in files.items() if path.suffix == ".yaml"}


def _new_problems(before: Compiled, after: Compiled, ignore: Collection[str] = ()) -> tuple[Problem, ...]:
    """What is wrong after an edit that was not before, wherever it stood then."""
    known = {(problem.spot.path, problem.code, problem.message) for problem in before.problems}
    return tuple(
        problem
        for problem in after.problems
        if (problem.spot.path, problem.code, problem.message) not in known and problem.code not in ignore
    )


@dataclass(frozen=True)
class Draft:
    """A card that is about to be written: its full id, its text in its file, its look in words, and what is wrong with it."""

    id: str
    text: str
    path: Path
    edits: dict[Path, bytes]  # what the files will be
    looks: dict[str, str]  # by language; none while something is wrong
    problems: tuple[Problem, ...]


def draft_card(
    compiled: Compiled,
    paths: Sequence[Path],
    deck: Deck,
    kind: Kind,
    values: Mapping[str, Value],
    *,
    id: str = "",
    tags: Sequence[str] = (),
    references: Sequence[str] = (),
    courses: Sequence[str] = (),
) -> Draft:
    """A card as it would be written into the right file of a deck. Raises WritingError where it cannot be."""
    library = compiled.library
    taken = {one.rpartition("/")[2] for one in library.card_ids if one.startswith(f"{deck.id}/")}
    id = id or to_new_id(_first_text(values, kind), taken, f"{kind.word}-{len(taken) + 1}")
    path, defaults = find_home(library, deck, kind)
    entry = to_entry(id, deck, kind, values, list(tags), list(references), defaults)
    edits = {path: append_items(str(path), path.read_bytes() if path.exists() else b"", ("cards",), [entry])}
    full_id = f"{deck.id}/{id}"
    for course in (library.courses[one] for one in courses):
        file = Path(course.node.source.path)
        data = edits.get(file) or file.read_bytes()
        edits[file] = append_items(str(file), data, (*course.node.route, "cards"), [full_id])
    after = compile_decks(paths, edits=edits)
    problems = _new_problems(compiled, after)
    card = next((card for card in after.library.cards if card.id == full_id), None)
    looks = {}
    if card and are_warnings(problems):
        looks = {language: render_words(after.to_note(card, language)) for language in card.languages}
    return Draft(full_id, render_item(entry), path, edits, looks, problems)


def _first_text(values: Mapping[str, Value], kind: Kind) -> str:
    """The first text that a card's front shows, in the first of its languages."""
    for key in (*kind.templates[0].front_keys, *values):
        value = values.get(key)
        while value and not isinstance(value, str):
            value = next(iter(value.values())) if isinstance(value, dict) else value[0]
        if value:
            return value
    return ""
