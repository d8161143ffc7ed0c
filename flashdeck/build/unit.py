"""What one file of cards gives, worked out by itself: a unit of facts, notes and problems.

Facts are all that other files may ask. They stand as they were typed, whatever is wrong with a card, so that one mistake never
brings others after it. They are kept in columns, a text a row: what is one text is read, kept and split at once, and a check of
all cards of a project compares whole columns. A unit holds no code.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.html import unquote_name
from flashdeck.anki.identity import in_language, stable_id
from flashdeck.anki.media import LARGEST_MEDIA, Media, Place, read_media
from flashdeck.anki.note import Content, to_content, to_deck_name, to_digest, to_guid_of, to_tag_text, to_type_id
from flashdeck.build.card_checks import CARD_CHECKS, to_plain
from flashdeck.diagnostics.problem import Problem, find_nearest, has_errors
from flashdeck.model.cards import Card, CardFile, open_card_file, read_card, read_kind, to_tags
from flashdeck.model.decks import NOWHERE
from flashdeck.model.frame import Frame, key_of_list, read_items
from flashdeck.model.keys import CARD_KEYS, FILE_KEYS
from flashdeck.model.references import Reference
from flashdeck.model.texts import all_texts, texts_in
from flashdeck.sources.files import OWN_KINDS, Files, digest_bytes
from flashdeck.sources.values import find_misspelt, read_id
from flashdeck.sources.yaml_file import Node, Source, Value

# No text of a valid card has these (`control-character`); in what was typed for others they are replaced.
ROW, COLUMN, PART = "\x1e", "\x1d", "\x1f"
SEPARATORS = re.compile(f"[{ROW}{COLUMN}{PART}]")
RETIRED = "retired"  # in place of the templates of a card that was withdrawn, here and in ledgers
Column = str  # a text a row, each ended by ROW


def to_column(rows: list[str]) -> Column:
    column = f"{ROW.join(rows)}{ROW}" if rows else ""
    if column.count(ROW) == len(rows) and COLUMN not in column:
        return column
    return to_column([SEPARATORS.sub("\ufffd", row) for row in rows])


def to_rows(column: Column) -> list[str]:
    return column.split(ROW)[:-1]


class CardFacts(NamedTuple):
    """A row a card, in the order of the file."""

    ids: Column = ""  # empty where none is typed
    items: Column = ""  # which item of `cards` it is
    kinds: Column = ""  # their names; empty where the kind is not known
    likely_kinds: Column = ""  # of those that are not known, the kind that was most likely meant
    tags: Column = ""  # with PART between them
    valid: Column = ""  # empty where something is wrong with the card
    replaced_by: Column = ""  # the id of a card, as typed


NO_CARDS = CardFacts()


class LanguageFacts(NamedTuple):
    """A row a card that is complete in one language."""

    rows: Column = ""  # of CardFacts
    templates: Column = ""  # their numbers with commas, or RETIRED
    guids: Column = ""  # empty where the guid follows from the id
    left_out: Column = ""  # not beside the others: the rows of cards that a missing translation keeps out of the language


class Fronts(NamedTuple):
    """What the cards of one kind ask with one template in one language, without what learners do not see as a difference."""

    rows: Column = ""  # of CardFacts
    texts: Column = ""


class NoteColumns(NamedTuple):
    """The notes of one language, in the rows of LanguageFacts."""

    ids: Column = ""  # of rows in Anki
    texts: Column = ""
    digests: Column = ""  # where the card is in no course
    decks: Column = ""  # their names in Anki
    media: Column = ""  # names of files in Anki, with "/" between them


@dataclass(frozen=True)
class Unit:
    """What one file gives. Where it has errors, there are no notes in it."""

    path: str
    digest: str  # of the file
    asked: Mapping[str, str]  # what it depends on besides: questions and their answers
    deck: str = ""  # the id of its deck
    defines_frame: bool = False  # whether it has references or courses too
    unread: str = ""  # the text that could not be read; a name that is not known may be defined there
    problems: tuple[Problem, ...] = ()
    deck_names: tuple[str, ...] = ()  # in Anki, of all its cards
    media: Mapping[str, str] = field(default_factory=dict)  # the names of its files in Anki, and their paths
    named: tuple[str, ...] = ()  # the names of media that its author wrote
    large: tuple[tuple[str, int, int, str, str], ...] = ()  # media: path, size, item of `cards`, field, and the name as typed
    reviews: tuple[tuple[int, str, str], ...] = ()  # item of `cards`, field, and the day from which to look at it again
    overrides: tuple[tuple[int, str], ...] = ()  # item of `cards`, and the id of the card that it overrides
    groups: tuple[tuple[str, str], ...] = ()  # of its cards: each kind and each text of tags that go together
    cards: CardFacts = NO_CARDS
    languages: Mapping[str, LanguageFacts] = field(default_factory=dict)
    fronts: Mapping[str, Fronts] = field(default_factory=dict)  # by `kind@language#template`
    notes: Mapping[str, NoteColumns] = field(default_factory=dict)  # by language, those that were asked for
    kind_languages: tuple[tuple[str, str], ...] = ()  # the kinds of its cards, each with the languages in which there are any
    overriding: tuple[str, ...] = ()  # the ids of the decks whose wording its cards have, where that is not their own deck's

    @property
    def ok(self) -> bool:
        return not has_errors(self.problems)

    @property
    def size(self) -> int:
        """How many cards are in it."""
        return self.cards.ids.count(ROW)

    def has_notes(self, languages: Iterable[str]) -> bool:
        return not self.ok or all(language in self.notes for language in languages if language in self.languages)


@dataclass(frozen=True)
class Answers:
    """What units ask of the project besides their own files. Each question is answered once in a run."""

    frame: Frame
    files: Files
    known: dict[str, str] = field(default_factory=dict)

    def find(self, question: str) -> str:
        if question not in self.known:
            self.known[question] = self._find(question)
        return self.known[question]

    def find_all(self, questions: Iterable[str]) -> dict[str, str]:
        return {question: self.find(question) for question in questions}

    def are_still(self, asked: Mapping[str, str]) -> bool:
        """Whether all questions would get the same answers again."""
        return all(self.find(question) == answer for question, answer in asked.items())

    def _find(self, question: str) -> str:
        frame = self.frame
        word, _, name = question.partition(" ")
        match word:
            case "deck":
                deck, place = frame.find_home(Path(name))
                return f"{place} {self.find(f'deck-in {deck.folder}') if deck else ''}"
            case "deck-in":
                deck = frame.folders[Path(name).resolve()]
                return _digest(deck.id, deck.name, deck.languages, deck.valid)
            case "kind":
                return self._find_kind(name)
            case "kinds":
                return _digest(*sorted(frame.kinds_of(frame.decks[name]) if name in frame.decks else frame.kinds))
            case "reference":
                return _digest(frame.references.get(name))
            case "references":
                return _digest(*sorted(frame.references))
        return self.files.answer(question)

    def _find_kind(self, name: str) -> str:
        """A kind that comes with flashdeck changes with flashdeck only; one of a deck with any file of its kinds."""
        if name not in self.frame.kinds or "/" not in name:
            return str(name in self.frame.kinds)
        folder = self.frame.kind_folders[name] / OWN_KINDS
        return _digest(*((one, self.files.digest(folder / one)) for one in self.files.list_below(folder)))


def _digest(*values: object) -> str:
    return digest_bytes(repr(values).encode(errors="surrogateescape"))


def compile_unit(path: Path, source: Source, found: Iterable[Problem], answers: Answers, languages: Collection[str]) -> Unit:
    """The unit of a file, with its notes in some languages; `found` is what was wrong with it when it was read.

    The notes of retired cards do not name the cards that replace them, and those that another deck overrides are not in it:
    both need other files, and are completed when all units are linked.
    """
    frame, files, problems = answers.frame, answers.files.record(), [*found]
    deck = frame.find_home(path)[0]
    unit = Unit(str(path), files.digest(path), {f"deck {path}": answers.find(f"deck {path}")}, unread=_find_unread(source))
    recognised = source.fields.keys() & FILE_KEYS.keys()
    if not recognised:
        problems += _report_file(source)
    known = len(problems)
    if not any(key_of_list(source, key) for key in FILE_KEYS):
        return replace(unit, problems=tuple(problems))
    if not deck:
        message = f"'{path.name}' is not in a deck: no folder above it has a deck.yaml"
        problems.append(source.node().problem("no-deck", message, help="add a deck.yaml beside it, or move the file into a deck"))
        deck = NOWHERE
    nodes = read_items(source, "cards", problems)
    file = open_card_file(source, deck, nodes, frame.kinds_of(deck), problems)
    overrides = [node for node in nodes if "override" in node.fields]
    if overrides:
        nodes = [node for node in nodes if "override" not in node.fields]
    rows = [_read_row(file, row, node, frame, problems) for row, node in enumerate(nodes)]
    cards = {at: row.card for at, row in enumerate(rows) if row.card}
    media: dict[Place, Media] = {}
    shown = [(item_of(card), one) for card in cards.values() for one in read_media(card, files, media, problems)]
    if not recognised:  # its cards count, but what is wrong in them can wait
        del problems[known:]
    ok = not has_errors(problems)
    unit = replace(
        unit,
        deck=deck.id,
        asked=answers.find_all(_find_questions(path, file, rows, problems)) | files.answers,
        defines_frame=any(key_of_list(source, key) for key in ("references", "courses")),
        problems=tuple(problems),
        deck_names=tuple(sorted({name for row in rows for name in row.deck_names})),
        named=tuple(sorted({unquote_name(name) for _, name in media})) if ok else _find_mentions(source, media),
        large=tuple(
            (str(one.media.path), size, item, str(one.route[0]), one.word)
            for item, one in shown
            if (size := files.size(one.media.path)) > LARGEST_MEDIA
        ),
        reviews=tuple(
            (item_of(card), key, str(card.values[key])) for card in cards.values() for key in card.kind.days if key in card.values
        ),
        overrides=tuple(
            (int(node.route[1]), text if isinstance(text := node.fields["override"], str) else "") for node in overrides
        ),
        groups=tuple(sorted({(row.kind, PART.join(row.tags)) for row in rows})),
        cards=CardFacts(
            to_column([row.id for row in rows]),
            to_column([str(node.route[1]) for node in nodes]),
            to_column([row.kind for row in rows]),
            to_column([row.likely_kind for row in rows]),
            to_column([PART.join(row.tags) for row in rows]),
            to_column(["valid" * row.valid for row in rows]),
            to_column([row.replaced_by for row in rows]),
        ),
    )
    return _add_languages(unit, cards, frame.references, media, languages if ok else ())


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
    columns = (
        [card.id for card in cards],
        [str(item_of(card)) for card in cards],
        [card.kind.name for card in cards],
        ["" for _ in cards],
        [PART.join(card.tags) for card in cards],
        ["valid" for _ in cards],
        ["" for _ in cards],
    )
    unit = replace(unit, cards=CardFacts(*map(to_column, columns)))
    return _add_languages(unit, dict(enumerate(cards)), frame.references, media, languages, replacements)


def _add_languages(
    unit: Unit,
    cards: Mapping[int, Card],
    references: Mapping[str, Reference],
    media: Mapping[Place, Media],
    languages: Collection[str],
    replacements: Sequence[Mapping[str, Content]] = (),
) -> Unit:
    """The unit with what its cards are in each language, and their notes in some."""
    versions = _to_versions(cards)
    codes = dict.fromkeys(one for card in cards.values() for one in (*card.languages, *card.left_out))
    wanted = [code for code in codes if code in languages]
    return replace(
        unit,
        media={one.name: str(one.path) for one in media.values()},
        kind_languages=tuple(sorted({(one.card.kind.name, code) for code, some in versions.items() for one in some})),
        languages={code: _to_language_facts(cards, versions.get(code, ()), code) for code in codes},
        fronts=_to_fronts(versions),
        notes={code: _to_notes(versions.get(code, ()), code, references, media, replacements) for code in wanted},
    )


def item_of(card: Card) -> int:
    """Which item of `cards` a card is."""
    return int(card.node.route[1])


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


class _Row(NamedTuple):
    """What is typed for one card, and the card where its kind and deck are known."""

    id: str
    kind: str
    likely_kind: str
    tags: tuple[str, ...]
    deck_names: frozenset[str]
    replaced_by: str
    valid: bool
    card: Card | None


def _read_row(file: CardFile, row: int, node: Node, frame: Frame, problems: list[Problem]) -> _Row:
    deck, typed, before, card = file.deck, file.typed(node), len(problems), None
    id = read_id(node, problems, {} if "id" in typed else find_misspelt(typed, CARD_KEYS))
    kind = read_kind(file, node, typed, problems)
    if kind and kind.templates and deck.valid:
        card = read_card(file, node, typed, kind, id or str(row + 1), problems)
        for check in CARD_CHECKS:
            problems += check(card, frame)
    if id and len(problems) > before:
        problems[before:] = [problem._replace(card=f"{deck.id}/{id}") for problem in problems[before:]]
    valid = card is not None and not (len(problems) > before and has_errors(problems[before:]))
    if not valid or file.misspelt:  # what is misspelt counts as what it was meant to be
        typed = {**typed, **{meant: typed[key] for meant, key in find_misspelt(typed, CARD_KEYS).items()}}
    retired = typed.get("retired")
    replaced_by = retired.get("replaced_by") if isinstance(retired, dict) else ""
    return _Row(
        id,
        kind.name if kind else "",
        "" if kind else _find_likely_kind(file, typed),
        card.tags if card and valid and not file.misspelt else tuple(SEPARATORS.sub("\ufffd", tag) for tag in to_tags(typed)),
        _find_deck_names(file, typed.get("deck", ""), card.languages if card and valid else deck.languages),
        replaced_by if isinstance(replaced_by, str) else "",
        valid,
        card,
    )


def _find_likely_kind(file: CardFile, typed: Mapping[str, Value]) -> str:
    """The name of the kind that was meant by one that is not known; empty where none is similar."""
    word = typed.get("kind")
    close = find_nearest(word, file.kinds) if isinstance(word, str) else ""
    return file.kinds[close].name if close else ""


def _find_deck_names(file: CardFile, part: Value, languages: tuple[str, ...]) -> frozenset[str]:
    """The names in Anki of the deck and its part in which a card is."""
    if type(part) is str and (part, languages) in file.deck_names:  # mostly all cards of a file are in one
        return file.deck_names[part, languages]
    texts = {language: texts_in(part, language) if part else [] for language in languages}
    names = frozenset(to_deck_name(file.deck.name, some[0][1] if some else "", one) for one, some in texts.items())
    if type(part) is str:
        file.deck_names[part, languages] = names
    return names


def _find_questions(path: Path, file: CardFile, rows: Iterable[_Row], problems: Iterable[Problem]) -> set[str]:
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


class _Version(NamedTuple):
    """A card in a language in which it is complete."""

    row: int
    card: Card
    templates: tuple[int, ...]  # those that make a card of it


def _to_versions(cards: Mapping[int, Card]) -> dict[str, list[_Version]]:
    """The cards that are complete in each language."""
    found: dict[str, list[_Version]] = {}
    for row, card in cards.items():
        kind = card.kind
        templates: tuple[int, ...] = ()
        differ = kind.cloze or kind.imported_note_type
        if card.languages and not differ:
            templates = tuple(card.templates(card.languages[0]))
        for language in card.languages:
            version = _Version(row, card, tuple(card.templates(language)) if differ else templates)
            found.setdefault(language, []).append(version)
    return found


def _to_language_facts(cards: Mapping[int, Card], versions: Sequence[_Version], language: str) -> LanguageFacts:
    return LanguageFacts(
        to_column([str(one.row) for one in versions]),
        to_column([RETIRED if "retired" in one.card.values else ",".join(map(str, one.templates)) for one in versions]),
        to_column([one.card.text("guid", language) if "guid" in one.card.values else "" for one in versions]),
        to_column([str(row) for row, card in cards.items() if language in card.left_out]),
    )


def _to_fronts(versions: Mapping[str, Sequence[_Version]]) -> dict[str, Fronts]:
    found: dict[str, Fronts] = {}
    for language, some in versions.items():
        groups: dict[tuple[str, int], tuple[tuple[str, ...], list[str], list[str]]] = {}  # by kind and template
        for row, card, templates in some:
            kind, values = card.kind, card.values
            if "retired" in values:
                continue
            for at in (0,) if kind.cloze else templates:
                group = groups.get((kind.name, at))
                if not group:
                    group = groups[kind.name, at] = (tuple(kind.templates[at].front_keys), [], [])
                asked: list[str] = []
                for key in group[0]:
                    value = values.get(key)
                    text = value.get(language) if type(value) is dict else value
                    if type(text) is str:
                        asked.append(to_plain(text))
                    else:
                        asked += [to_plain(text) for _, text in card.texts(key, language)]
                if asked and all(asked):  # else something is missing, and has been reported
                    group[1].append(str(row))
                    group[2].append("\n".join(asked))
        for (name, at), (_, rows, texts) in groups.items():
            if rows:
                found[f"{in_language(name, language)}#{at}"] = Fronts(to_column(rows), to_column(texts))
    return found


def _to_notes(
    versions: Sequence[_Version],
    language: str,
    references: Mapping[str, Reference],
    media: Mapping[Place, Media],
    replacements: Sequence[Mapping[str, Content]],
) -> NoteColumns:
    ids, texts, digests, decks, files = [], [], [], [], []
    for row, card, templates in versions:
        replacement = replacements[row].get(language) if replacements else None
        content = to_content(card, language, references, media, replacement)
        retired = "retired" in card.values
        tags = to_tag_text(card.tags, (), retired)
        part = card.text("deck", language) if "deck" in card.values else ""
        ids.append(str(stable_id(to_guid_of(card, language))))
        texts.append(content.text)
        digests.append(to_digest(content, tags, to_type_id(card.kind, language), () if retired else templates))
        decks.append(to_deck_name(card.deck.name, part, language))
        files.append("/".join([file.name for file in content.media]))
    return NoteColumns(*map(to_column, (ids, texts, digests, decks, files)))
