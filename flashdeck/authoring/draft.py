"""What `add` writes: a card with its id, in the file where it belongs, tried out before a byte is written.

The card is put into the files as they would be, and all is compiled with it: what is wrong then and was not before is the
draft's, wherever it stands. Where nothing is, the draft says how the card will look.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flashdeck.authoring.words import render_words
from flashdeck.diagnostics.problem import Problem, are_warnings
from flashdeck.model.cards import Deck, Library, fill_gaps
from flashdeck.model.kind_reader import RESERVED_KEYS
from flashdeck.model.kinds import Kind
from flashdeck.model.library import FILE_KEYS
from flashdeck.pipeline import Compiled, compile_decks
from flashdeck.sources.editing import append_items, render_item
from flashdeck.sources.values import as_mapping, to_id
from flashdeck.sources.yaml_file import Source, Value

LONGEST_ID = 40


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
    taken = {card.rpartition("/")[2] for card in library.card_ids if card.startswith(f"{deck.id}/")}
    id = id or to_new_id(_first_text(values, kind), taken, f"{kind.word}-{len(taken) + 1}")
    path, defaults = choose_file(library, deck, kind)
    entry = to_entry(id, deck, kind, values, tags, references, defaults)
    edits = {path: append_items(str(path), path.read_bytes() if path.exists() else b"", ("cards",), [entry])}
    full_id = f"{deck.id}/{id}"
    for course in (library.courses[name] for name in courses):
        file = Path(course.node.source.path)
        data = edits.get(file) or file.read_bytes()
        edits[file] = append_items(str(file), data, (*course.node.route, "cards"), [full_id])
    after = compile_decks(paths, edits=edits)
    problems = find_new_problems(compiled.problems, after.problems)
    card = next((card for card in after.library.cards if card.id == full_id), None)
    looks = {}
    if card and are_warnings(problems):
        looks = {language: render_words(after.to_note(card, language)) for language in card.languages}
    return Draft(full_id, render_item(entry), path, edits, looks, problems)


def find_new_problems(before: Iterable[Problem], after: Iterable[Problem], ignore: Collection[str] = ()) -> tuple[Problem, ...]:
    """What is wrong after an edit that was not before, wherever it stood then; without problems of the codes in `ignore`."""
    known = {(problem.spot.path, problem.code, problem.message) for problem in before}
    return tuple(
        problem
        for problem in after
        if (problem.spot.path, problem.code, problem.message) not in known and problem.code not in ignore
    )


def to_new_id(text: str, taken: Collection[str], otherwise: str) -> str:
    """An id made from a text (from `otherwise` where it has no letters a-z) that no card of `taken` has."""
    id = to_id(fill_gaps(text))
    if len(id) > LONGEST_ID:
        id = id[: LONGEST_ID + 1].rpartition("-")[0] or id[:LONGEST_ID]
    id = id or otherwise
    if id not in taken:
        return id
    return next(f"{id}-{number}" for number in range(2, len(taken) + 3) if f"{id}-{number}" not in taken)


def choose_file(library: Library, deck: Deck, kind: Kind) -> tuple[Path, Mapping[str, Value]]:
    """The file of a deck to which a card of a kind goes, and the defaults of that file.

    It is where most cards of the kind are, or else most cards, of the files whose defaults the kind can take.
    """
    counts: dict[str, tuple[int, int]] = {}  # cards of this kind, and all cards, by path
    sources: dict[str, Source] = {}
    for card in (card for card in library.cards if card.deck.id == deck.id):
        path = card.node.source.path
        sources[path] = card.node.source
        same, all = counts.get(path, (0, 0))
        counts[path] = same + (card.kind == kind), all + 1
    fitting = [path for path, source in sources.items() if not _foreign_defaults(source, kind)]
    if not fitting:
        file = deck.folder / "cards.yaml"
        return (deck.folder / f"{kind.word}.yaml" if str(file) in sources else file), {}
    best = max(fitting, key=lambda path: counts[path])
    return Path(best), {key: value for key, value in as_mapping(sources[best].value).items() if key not in FILE_KEYS}


def _foreign_defaults(source: Source, kind: Kind) -> set[str]:
    """The defaults of a file that a kind has no field for."""
    return {*source.value} - kind.fields.keys() - RESERVED_KEYS - {"reference"}


def to_entry(
    id: str,
    deck: Deck,
    kind: Kind,
    values: Mapping[str, Value],
    tags: Sequence[str],
    references: Sequence[str],
    defaults: Mapping[str, Value],
) -> dict[str, Value]:
    """A card as it stands in a file with these defaults."""
    entry: dict[str, Value] = {"id": id}
    name = kind.name.removeprefix(f"{deck.id}/")
    if defaults.get("kind") != name:
        entry["kind"] = name
    entry |= values
    if tags:
        entry["tags"] = [*tags]
    if references:
        entry["reference"] = references[0] if len(references) == 1 else [*references]
    return entry


def _first_text(values: Mapping[str, Value], kind: Kind) -> str:
    """The first text that a card's front shows, in the first of its languages."""
    for key in (*kind.templates[0].front_keys, *values):
        value = values.get(key)
        while isinstance(value, dict | list) and value:
            value = next(iter(value.values())) if isinstance(value, dict) else value[0]
        if isinstance(value, str) and value:
            return value
    return ""
