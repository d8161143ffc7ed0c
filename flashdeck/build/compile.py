"""One file of cards -> its unit, worked out by itself: reading, checks, files and facts. What a card is in each language, and its
notes, are `languages.py`.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flashdeck.anki.html import unquote_name
from flashdeck.anki.media import LARGEST_MEDIA, Media, Place, read_media
from flashdeck.anki.note import Content, to_deck_name
from flashdeck.build.answers import Answers
from flashdeck.build.card_checks import check_card
from flashdeck.build.languages import add_languages
from flashdeck.build.side_checks import check_sides
from flashdeck.build.unit import PART, SEPARATORS, CardFacts, Unit, to_column
from flashdeck.diagnostics.problem import Problem, has_errors
from flashdeck.model.cards import Card, CardFile, TypedCard, open_card_file, read_cards
from flashdeck.model.decks import NOWHERE
from flashdeck.model.frame import Frame
from flashdeck.model.keys import FILE_KEYS
from flashdeck.model.lists import find_lists
from flashdeck.model.texts import all_texts, texts_in
from flashdeck.sources.values import as_text, find_misspelt
from flashdeck.sources.yaml_file import Source
from flashdeck.wording.rules import to_rules


def compile_unit(path: Path, source: Source, found: Iterable[Problem], answers: Answers, languages: Collection[str]) -> Unit:
    """The unit of a file, with its notes in some languages; `found` is what was wrong with it when it was read.

    The notes of retired cards do not name the cards that replace them, and those that another deck overrides are not in it:
    both need other files, and are completed when all units are linked.
    """
    frame, problems = answers.frame, [*found]
    (deck, _), lists, files = frame.find_home(path), find_lists(source), answers.files.record()
    unit = Unit(str(path), files.digest(path), {}, unread=_find_unread(source))
    recognised = any(key == typed for key, typed in lists.items())
    if not recognised:
        problems += _report_file(source)
    known = len(problems)
    if not lists:
        return replace(unit, asked=answers.find_all([f"deck {path}"]), problems=tuple(problems))
    if not deck:
        message = f"'{path.name}' is not in a deck: no folder above it has a deck.yaml"
        problems.append(source.node().problem("no-deck", message, help="add a deck.yaml beside it, or move the file into a deck"))
        deck = NOWHERE
    file = open_card_file(source, lists.get("cards", ""), deck, frame.kinds_of(deck), problems)
    rows = [_check(row, frame, problems) for row in read_cards(file, problems)]
    cards = {at: row.card for at, row in enumerate(rows) if row.card}
    media: dict[Place, Media] = {}
    shown = [(card.item, one) for card in cards.values() for one in read_media(card, files, media, problems)]
    if not recognised:  # its cards count, but what is wrong in them can wait
        del problems[known:]
    ok = not has_errors(problems)
    unit = replace(
        unit,
        deck=deck.id,
        asked=answers.find_all(_find_questions(path, file, rows, problems)) | files.answers,
        defines_frame="references" in lists or "courses" in lists,
        problems=tuple(problems),
        deck_names=_find_deck_names(file, rows),
        named=tuple(sorted({unquote_name(name) for _, name in media})) if ok else _find_mentions(source, media),
        large=tuple(
            (str(one.media.path), size, item, str(one.route[0]), one.word)
            for item, one in shown
            if (size := files.size(one.media.path)) > LARGEST_MEDIA
        ),
        reviews=tuple(
            (card.item, key, str(card.values[key])) for card in cards.values() for key in card.kind.days if key in card.values
        ),
        rules=tuple(rule for card in cards.values() for rule in to_rules(card)),
        overrides=tuple((int(node.route[1]), as_text(here["override"])) for node, here in file.overrides),
    )
    return add_languages(_add_rows(unit, rows), cards, frame.references, media, languages if ok else ())


def add_cards(
    unit: Unit,
    cards: Sequence[Card],
    frame: Frame,
    media: Mapping[Place, Media],
    languages: Collection[str],
    replacements: Sequence[Mapping[str, Content]],
) -> Unit:
    """The unit with some valid cards as its rows, and their notes in some languages; each with what the card asks that
    replaces it.
    """
    rows = [
        TypedCard(
            card.item, card.id, card.kind.name, "", card.tags, "", "", card.origin if "was" in card.values else "", card, True
        )
        for card in cards
    ]
    unit = _add_rows(unit, rows)
    return add_languages(unit, dict(enumerate(cards)), frame.references, media, languages, replacements)


def _check(row: TypedCard, frame: Frame, problems: list[Problem]) -> TypedCard:
    """What is typed for a card; it is valid where its checks find nothing either."""
    if not row.card:
        return row
    found = check_card(row.card, frame)
    if row.valid and not has_errors(found):
        found += check_sides(row.card, frame)
    if found:
        problems += found
        return row._replace(valid=row.valid and not has_errors(found))
    return row


def _add_rows(unit: Unit, rows: Sequence[TypedCard]) -> Unit:
    kinds = [row.kind for row in rows]
    tags = [PART.join(row.tags if row.valid else [SEPARATORS.sub("\ufffd", tag) for tag in row.tags]) for row in rows]
    columns = (
        [row.id for row in rows],
        [str(row.item) for row in rows],
        kinds,
        [row.likely_kind for row in rows],
        tags,
        ["valid" * row.valid for row in rows],
        [row.replaced_by for row in rows],
        [row.origin for row in rows],
    )
    groups = tuple(sorted({*zip(kinds, tags, strict=True)}))
    return replace(unit, cards=CardFacts(*map(to_column, columns)), groups=groups)


def _report_file(source: Source) -> Iterator[Problem]:
    """Reports a file without cards, references and courses."""
    value = source.value
    if value is None:
        if not source.unread:  # else it has been reported why there is nothing
            yield source.node().problem("empty-file", "this file is empty", help="fill it or delete it")
        return
    help = "begin it with one of them"
    if isinstance(value, dict):
        if {"id", "name"} <= value.keys():
            help = "if it describes a deck, name it deck.yaml"
        elif close := next(iter(find_misspelt(value, FILE_KEYS)), ""):
            help = f"there is '{close}'"
    yield source.node().problem("unknown-file", "this file has none of 'cards', 'references' and 'courses'", help=help)


def _find_unread(source: Source) -> str:
    """The text that could not be read, with the defaults of its cards: they would apply to the cards there."""
    if not source.unread:
        return ""
    defaults = {key: value for key, value in source.fields.items() if key not in FILE_KEYS}
    return "\n".join([source.unread, *(text for value in defaults.values() for text in all_texts(value))])


def _find_deck_names(file: CardFile, rows: Iterable[TypedCard]) -> tuple[str, ...]:
    """The names in Anki of the deck and its parts in which the cards are."""
    deck, names, known = file.deck, set[str](), set[tuple[str, tuple[str, ...]]]()
    for row in rows:
        part, languages = row.part, row.card.languages if row.card and row.valid else deck.languages
        if type(part) is str:
            if (part, languages) in known:  # mostly all cards of a file are in one
                continue
            known.add((part, languages))
        for language in languages:
            some = texts_in(part, language) if part else ()
            names.add(to_deck_name(deck.name, some[0][1] if some else "", language))
    return tuple(sorted(names))


def _find_questions(path: Path, file: CardFile, rows: Iterable[TypedCard], problems: Iterable[Problem]) -> set[str]:
    """What a unit depends on: its deck, the kinds and references that its cards name, and all of them where one is not known."""
    codes = {problem.code for problem in problems}
    references: set[str] = set()
    for row in rows:
        if row.card and "reference" in row.card.values:
            value = row.card.values["reference"]
            references.update([value] if type(value) is str else all_texts(value))
    questions = {f"deck {path}", *(f"kind {row.kind}" for row in rows if row.kind), *(f"reference {id}" for id in references)}
    if codes & {"unknown-kind", "missing-field", "unknown-key"} or not all(row.kind for row in rows):
        questions.add(f"kinds {file.deck.id}")
    if "unknown-reference" in codes:
        questions.add("references")
    return questions


def _find_mentions(source: Source, media: Mapping[Place, Media]) -> tuple[str, ...]:
    """The files that a source with mistakes names or may mean to name."""
    words = re.findall(r"[^\s()\[\]<>\"'{}:,]+\.\w+", source.text + source.unread)
    return tuple(sorted({*(unquote_name(name) for _, name in media), *map(unquote_name, words)}))
