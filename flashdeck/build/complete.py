"""Cards that take several files: retired ones that name what replaces them, and those whose wording another deck overrides.

Both are compiled as the file of the card itself is, once more and only these cards, and give units of their own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from flashdeck.anki.media import Media, Place, list_forms, read_media
from flashdeck.anki.note import Content, to_asked
from flashdeck.build.answers import Answers
from flashdeck.build.card_checks import check_card
from flashdeck.build.compile import add_cards
from flashdeck.build.link import CardFact, Facts
from flashdeck.build.side_checks import check_sides
from flashdeck.build.unit import ROW, Unit, to_rows
from flashdeck.build.unit_text import from_bytes, to_bytes
from flashdeck.diagnostics.problem import Problem, has_errors
from flashdeck.model.cards import Card, Override
from flashdeck.model.overrides import apply_overrides
from flashdeck.sources.files import Files, digest_bytes

END = b"\x1c"  # ends a unit; no text has it (`control-character`)


@dataclass(frozen=True)
class Dependents:
    """The cards of one file that need others."""

    unit: Unit
    replaced: dict[int, CardFact] = field(default_factory=dict)  # by row: the card that replaces it
    overridden: dict[int, list[tuple[Unit, int]]] = field(default_factory=dict)  # by row: units and items that override it

    @property
    def digest(self) -> str:
        """What changes with any of the files."""
        replaced = [(row, card.unit.path, card.unit.digest, card.row) for row, card in self.replaced.items()]
        overridden = [(row, unit.path, unit.digest, item) for row, places in self.overridden.items() for unit, item in places]
        return digest_bytes(repr((self.unit.digest, replaced, overridden)).encode(errors="surrogateescape"))


def complete(facts: Facts, answers: Answers, languages: Collection[str]) -> Facts:
    """The facts with the cards that take several files, and their notes in some languages."""
    units: list[Unit] = []
    here = str(Path.cwd())
    for dependents in find_dependents(facts):
        words = ("completed", here, dependents.unit.path, dependents.digest)
        known = _load(facts.cache.load(*words))
        if not known or not all(answers.are_still(unit.asked) and unit.has_notes(languages) for unit in known):
            known = [*_complete(facts, dependents, answers, languages)]
            facts.cache.store(END.join(map(to_bytes, known)), *words)
        units += known
    for unit in units:
        answers.files.keep_answers(unit.asked)
    return replace(facts, completed=tuple(units))


def _load(data: bytes) -> list[Unit]:
    try:
        return [from_bytes(entry) for entry in data.split(END)]
    except (ValueError, TypeError, RecursionError):
        return []  # there is no entry, or a damaged one


def find_dependents(facts: Facts) -> list[Dependents]:
    """The cards that need other files, by the file in which they are."""
    found: dict[str, Dependents] = {}
    for unit in facts.units:
        if unit.cards.replaced_by.strip(ROW):
            for card in facts.cards([unit]):
                other = facts.find(card.replaced_by, card.deck) if card.replaced_by else None
                if other:
                    found.setdefault(unit.path, Dependents(unit)).replaced[card.row] = other
        for item, target in unit.overrides:
            if target in facts.ids:
                base, row = facts.ids[target]
                found.setdefault(base.path, Dependents(base)).overridden.setdefault(row, []).append((unit, item))
    return list(found.values())


def _complete(facts: Facts, dependents: Dependents, answers: Answers, languages: Collection[str]) -> Iterator[Unit]:
    """One unit of the retired cards, and one of the overridden cards for each set of decks that override them."""
    base, files, media, problems = dependents.unit, answers.files.record(), dict[Place, Media](), list[Problem]()
    groups: dict[tuple[str, ...], dict[int, Card]] = {(): {}}
    for row, places in dependents.overridden.items():
        decks = [(facts.frame.decks.get(unit.deck), unit, item) for unit, item in places]
        overrides = [Override(deck, facts.node(unit, item)) for deck, unit, item in decks if deck]
        card = _override(facts, facts.card(base, row), overrides, files, media, problems)
        if card:
            groups.setdefault(tuple(sorted({override.deck.id for override in card.overrides.values()})), {})[row] = card
    replacements: dict[int, dict[str, Content]] = {}
    for row, other in dependents.replaced.items():
        card = facts.read_card(facts.card(base, row)) if facts.card(base, row).valid else None
        if card:
            groups[()][row] = card
            _read_all(card, files, media)
        replacements[row] = _read_replacement(facts, other, files, media)
    for group, cards in groups.items():
        unit = Unit(
            base.path,
            base.digest,
            asked=answers.find_all(_find_questions(base, dependents, groups, problems)) | files.answers,
            deck=base.deck,
            problems=tuple(problems),
            media={file.name: str(file.path) for file in media.values()},
            named=tuple(list_forms(media)),
            overriding=group,
        )
        by_row = [replacements.get(row, {}) for row in cards]
        yield add_cards(unit, [*cards.values()], facts.frame, media, () if has_errors(problems) else languages, by_row)


def _override(
    facts: Facts, fact: CardFact, overrides: list[Override], files: Files, media: dict[Place, Media], problems: list[Problem]
) -> Card | None:
    """A card with the wording of other decks; None where something is wrong with it, or nothing is left to override."""
    card, before = facts.read_card(fact), len(problems)
    if not card:
        return None
    card = apply_overrides(card, overrides, problems)
    problems += check_card(card, facts.frame)
    problems += _read_all(card, files, media)
    if fact.valid and not has_errors(problems[before:]):
        problems += check_sides(card, facts.frame)
    return card if card.overrides and fact.valid and not has_errors(problems[before:]) else None


def _read_all(card: Card, files: Files, media: dict[Place, Media]) -> list[Problem]:
    """Adds the files that a card shows to `media`; gives what is wrong with them."""
    problems: list[Problem] = []
    for _ in read_media(card, files, media, problems):
        pass
    return problems


def _read_replacement(facts: Facts, other: CardFact, files: Files, media: dict[Place, Media]) -> dict[str, Content]:
    """What the card asks that replaces another, by language."""
    card = facts.read_card(other) if other.valid else None
    if not card:
        return {}
    _read_all(card, files, media)
    return {language: to_asked(card, language, media) for language in facts.frame.languages}


def _find_questions(
    base: Unit, dependents: Dependents, groups: Mapping[tuple[str, ...], Mapping[int, Card]], problems: Iterable[Problem]
) -> set[str]:
    """What the units depend on besides the contents of files: decks, and the kinds and references that the cards name."""
    paths = {base.path, *(other.unit.path for other in dependents.replaced.values())}
    paths |= {unit.path for places in dependents.overridden.values() for unit, _ in places}
    cards = [card for by_row in groups.values() for card in by_row.values()]
    questions = {f"deck {path}" for path in paths} | {f"kind {card.kind.name}" for card in cards}
    questions |= {f"reference {id}" for card in cards for _, id in card.all_texts("reference")}
    return questions | (
        {"references", *(f"kind {kind}" for kind in {*to_rows(base.cards.kinds)} if kind)} if [*problems] else set()
    )
