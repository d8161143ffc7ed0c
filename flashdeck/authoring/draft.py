"""What `add` writes: a card with its id, in the file where it belongs, tried out before a byte is written.

The card is put into the files as they would be, and all is compiled with it: what is wrong then and was not before is the
draft's, wherever it is. Where nothing is, the draft shows how the card will look.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flashdeck.anki.identity import to_full_id
from flashdeck.anki.media import Media, Place, read_media
from flashdeck.anki.note import Note
from flashdeck.authoring.words import render_words
from flashdeck.build.compile import add_cards
from flashdeck.build.link import CardFact, Facts, to_unit_notes
from flashdeck.build.unit import Unit, to_rows
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.problem import Problem, has_errors, without_hints
from flashdeck.model.cloze import fill_gaps
from flashdeck.model.decks import Deck
from flashdeck.model.keys import CARD_KEYS, OF_ONE_CARD
from flashdeck.model.kinds import Kind
from flashdeck.pipeline import Project, compile_project
from flashdeck.sources.editing import append_items, render_item
from flashdeck.sources.values import to_id
from flashdeck.sources.yaml_file import Value

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
    project: Project,
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
    facts = project.facts
    taken = facts.ids_of(deck.id)
    id = id or to_new_id(_first_text(values, kind), taken, f"{kind.word}-{len(taken) + 1}")
    path, defaults = choose_file(facts, deck, kind)
    entry = to_entry(id, deck, kind, values, tags, references, defaults)
    edits = {path: append_items(str(path), _read(facts, path) if os.path.lexists(path) else b"", ("cards",), [entry])}
    full_id = to_full_id(deck.id, id)
    for course in (project.frame.courses[name] for name in courses):
        file = Path(course.node.source.path)
        data = edits.get(file) or _read(facts, file)
        edits[file] = append_items(str(file), data, (*course.node.route, "cards"), [full_id])
    after = compile_project(paths, edits=edits, languages=())
    problems = find_new_problems(project.problems, after.problems)
    card = after.facts.find(full_id)
    looks = (
        {note.type.language: render_words(note) for note in _to_notes(after.facts, card)}
        if card and not has_errors(problems)
        else {}
    )
    return Draft(full_id, render_item(entry), path, edits, looks, problems)


def _read(facts: Facts, path: Path) -> bytes:
    try:
        return facts.files.read(path)
    except OSError as error:
        raise FlashdeckError(f"'{path}' cannot be read: {(error.strerror or str(error)).lower()}") from error


def _to_notes(facts: Facts, fact: CardFact) -> Iterator[Note]:
    """The notes of one card, whatever is wrong with others."""
    card = facts.read_card(fact)
    if card:
        media: dict[Place, Media] = {}
        for _ in read_media(card, facts.files, media, []):
            pass
        unit = Unit(fact.unit.path, fact.unit.digest, {}, fact.deck)
        unit = add_cards(unit, [card], facts.frame, media, card.languages, [{}])
        for language in card.languages:
            yield from to_unit_notes(facts, unit, language, 0)


def find_new_problems(before: Iterable[Problem], after: Iterable[Problem], ignore: Collection[str] = ()) -> tuple[Problem, ...]:
    """What is wrong after an edit that was not before, on whatever line; without hints, and problems of the codes in `ignore`."""
    known = {(problem.spot.path, problem.code, problem.message) for problem in before}
    return tuple(
        problem
        for problem in without_hints(after)
        if (problem.spot.path, problem.code, problem.message) not in known and problem.code not in ignore
    )


def to_new_id(text: str, taken: Collection[str], default: str) -> str:
    """An id made from a text (`default` where it has no letters a-z) that no card of `taken` has."""
    id = to_id(fill_gaps(text))
    if len(id) > LONGEST_ID:
        id = id[: LONGEST_ID + 1].rpartition("-")[0] or id[:LONGEST_ID]
    id = id or default
    if id not in taken:
        return id
    return next(f"{id}-{number}" for number in range(2, len(taken) + 3) if f"{id}-{number}" not in taken)


def choose_file(facts: Facts, deck: Deck, kind: Kind) -> tuple[Path, Mapping[str, Value]]:
    """The file of a deck to which a card of a kind goes, and the defaults of that file.

    It is where most cards of the kind are, or else most cards, of the files whose defaults the kind can take.
    """
    units = [unit for unit in facts.units if unit.deck == deck.id and unit.size]
    fitting = [unit for unit in units if not _foreign_defaults(facts.open(unit).defaults, kind)]
    if not fitting:
        file = deck.folder / "cards.yaml"
        return (deck.folder / f"{kind.word}.yaml" if str(file) in [unit.path for unit in units] else file), {}
    best = max(fitting, key=lambda unit: (to_rows(unit.cards.kinds).count(kind.name), unit.size))
    return Path(best.path), facts.open(best).defaults


def _foreign_defaults(defaults: Mapping[str, Value], kind: Kind) -> set[str]:
    """The defaults of a file that a kind has no field for."""
    return {*defaults} - kind.fields.keys() - (CARD_KEYS.keys() - {*OF_ONE_CARD})


def to_entry(
    id: str,
    deck: Deck,
    kind: Kind,
    values: Mapping[str, Value],
    tags: Sequence[str],
    references: Sequence[str],
    defaults: Mapping[str, Value],
) -> dict[str, Value]:
    """A card as it is written in a file with these defaults."""
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
