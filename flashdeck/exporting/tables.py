"""Cards as tables: a CSV for each kind, with a column for each field and language, which `flashdeck import` reads back.

What a cell can hold is not judged here: every table is read back by the reader that `import` has, and a card that would not come
back as it is gets no row, since whoever imports the table again with corrections would lose what it has otherwise.
"""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.html import to_html, unquote_name
from flashdeck.anki.media import Media, Place, load_media, read_media
from flashdeck.anki.note import TOP
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.render import count
from flashdeck.exporting.cards import Exported, ExportOptions, find_missing, list_cards, select_cards
from flashdeck.importing.cards import ImportedCard, ImportOptions
from flashdeck.importing.columns import WORDS_ALONE, read_cards, shows_html, to_text
from flashdeck.importing.plan import part_below
from flashdeck.importing.tables import read_text_table
from flashdeck.model.cards import Card
from flashdeck.model.courses import Course
from flashdeck.model.decks import Deck
from flashdeck.model.kinds import Kind
from flashdeck.model.texts import all_texts, texts_in
from flashdeck.pipeline import Project
from flashdeck.sources.files import MEDIA_FOLDER, Files
from flashdeck.sources.values import first_text
from flashdeck.sources.yaml_file import Value

ABOUT = ("id", "deck", "tags")  # columns beside those of fields
COMMON = ("extra", "reference")
TEXTS = ("text", "texts", "options")  # what cards show
LISTS = ("texts", "options", *WORDS_ALONE)
SUFFIX = ".csv"
# What spreadsheets take for a formula, at the beginning of a cell.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# Keys of which nothing is lost: what a table says otherwise, and what tags say.
SAID = frozenset((*ABOUT, *COMMON, "kind", "sensitive"))


class Column(NamedTuple):
    """What a column holds."""

    key: str
    language: str = ""  # of all texts of the field; else it is the same in all languages

    @property
    def title(self) -> str:
        return f"{self.key} ({self.language})" if self.language else self.key


def export_tables(project: Project, target: Deck | Course, options: ExportOptions) -> Exported:
    """A table for each deck and kind, in a folder of each deck."""
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in select_cards(project.facts, target, options):
        groups.setdefault((card.deck.id, card.kind.word), []).append(card)
    files: dict[str, bytes] = {}
    contents: dict[str, str] = {}
    left_out = []
    for (deck, word), cards in groups.items():
        folder = options.name(target) if deck == target.id else f"{options.name(target)}/{deck}"
        path = f"{folder}/{word}{SUFFIX}"
        data, wrong = _to_table(cards, options.languages, project.frame.kinds_of(cards[0].deck))
        left_out += [f"{path}: {count(len(some), 'card')}, {reason}: {list_cards(some)}" for reason, some in wrong.items()]
        if number := len(cards) - sum(map(len, wrong.values())):
            files[path], contents[path] = data, count(number, "card")
            lost = {card.id for some in wrong.values() for card in some}
            left_out += _add_media(files, folder, project.facts.files, [card for card in cards if card.id not in lost])
    left_out += find_missing(target.id, [card for cards in groups.values() for card in cards], _find_missing)
    return Exported(files, contents, left_out)


def _add_media(files: dict[str, bytes], folder: str, sources: Files, cards: Sequence[Card]) -> Iterator[str]:
    """Adds the files that cards show, beside their table, where `import` finds them; gives what has no place there."""
    elsewhere = []
    for card in cards:
        known: dict[Place, Media] = {}
        for _ in read_media(card, sources, known, []):
            pass
        for (_, name), media in known.items():
            path, data = f"{folder}/{MEDIA_FOLDER}/{media.path.name}", load_media(media)
            if unquote_name(name) == media.path.name and files.get(path, data) == data:
                files[path] = data
            else:
                elsewhere.append(card)
    if elsewhere:
        what = f"the files of {count(len(elsewhere), 'card')}, which are in folders of their own"
        yield f"{folder}: {what}: {list_cards(elsewhere)}"


def _find_missing(card: Card) -> Iterator[str]:
    """The keys of what there are no columns for."""
    yield from (key for key in card.values if key not in SAID and key not in card.kind.fields)
    if isinstance(card.values.get("deck"), dict):
        yield "deck"
    if {*card.languages, *card.left_out} != card.deck.language_set:
        yield "languages"


def _to_table(cards: Sequence[Card], languages: Sequence[str], kinds: Mapping[str, Kind]) -> tuple[bytes, dict[str, list[Card]]]:
    """The table of those cards of one kind that come back from it as they are; and the others, by the reason."""
    kind = cards[0].kind
    if kind.shapes:
        return b"", {"since no table can hold places on a picture": [*cards]}
    wrong: dict[str, list[Card]] = {}
    left = []
    for card in cards:
        if _is_inert(card):
            left.append(card)
        else:
            wrong.setdefault("since a cell with one of its words would be a formula", []).append(card)
    while left:
        columns = _to_columns(left, languages)
        data = _write(columns, left)
        back = _read_back(data, kind, languages, kinds)
        lost = [card for card in left if not (found := back.get(card.id)) or not _is_same(card, found, columns, languages)]
        if not lost:
            return data, wrong
        wrong.setdefault("since it would come back otherwise", []).extend(lost)
        ids = {card.id for card in lost}
        left = [card for card in left if card.id not in ids]
    return b"", wrong


def _is_inert(card: Card) -> bool:
    """Whether no value of it that has to be written as it is would be a formula."""
    kind = card.kind
    values = [card.values.get(key, "") for key in (*kind.fields, *COMMON) if kind.types.get(key) not in TEXTS]
    return not any(text.startswith(FORMULA) for value in values for text in all_texts(value))


def _to_columns(cards: Sequence[Card], languages: Sequence[str]) -> list[Column]:
    """The columns that hold anything. A field that differs by language in any card has one for each."""
    kind = cards[0].kind
    columns = [Column("id")]
    for key in (*kind.fields, *(key for key in COMMON if key not in kind.fields)):
        values = [card.values[key] for card in cards if key in card.values]
        if any(map(_differs_by_language, values)):
            columns += [Column(key, language) for language in languages]
        elif values:
            columns.append(Column(key))
    if any(isinstance(card.values.get("deck"), str) for card in cards):
        columns.append(Column("deck"))
    return [*columns, Column("tags")] if any(card.tags for card in cards) else columns


def _differs_by_language(value: Value) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def _write(columns: Sequence[Column], cards: Sequence[Card]) -> bytes:
    text = StringIO()
    writer = csv.writer(text)  # with the line ends that the standard for CSV asks for
    writer.writerow([column.title for column in columns])
    writer.writerows([_to_cell(card, column) for column in columns] for card in cards)
    return text.getvalue().encode("utf-8-sig")  # with its mark: Excel takes what has none for another encoding


def _to_cell(card: Card, column: Column) -> str:
    key = column.key
    if key == "id":
        return card.id
    if key == "tags":
        return _inert(" ".join(card.tags), ",")
    if key == "deck":
        part = card.values.get("deck", "")
        return _inert(part if isinstance(part, str) else "", TOP)
    texts = _texts(card, column)
    type = card.kind.types[key]
    cell = "\n".join(_to_text_cell(text, type in LISTS) if type in TEXTS else text for text in texts)
    return f"{cell}\n" if type in LISTS and len(texts) == 1 and ";" in cell else cell  # else that would stand between two


def _texts(card: Card, column: Column) -> list[str]:
    """The texts of a field; where it has no language here, in any."""
    if column.language and column.language not in (*card.languages, *card.left_out):
        return []
    return [text for _, text in card.texts(column.key, column.language)]


def _inert(words: str, before: str) -> str:
    """Words that are no formula, with something before them that does not count."""
    return f"{before}{words}" if words.startswith(FORMULA) else words


def _to_text_cell(text: str, is_item: bool) -> str:
    """What a cell holds for a text: words as they are read, where they mean the same; else HTML."""
    html = to_html(text)
    if is_item:  # in a list, each line is another item
        html = html.replace(">\n", ">")
    plain = text.strip()
    return plain if not plain.startswith(FORMULA) and to_html(to_text(plain, shows_html(plain))) == html else _to_inert_html(html)


def _to_inert_html(html: str) -> str:
    """HTML that is no formula."""
    if html.startswith(FORMULA):
        return f"&#{ord(html[0])};{html[1:]}"
    return html


def _read_back(data: bytes, kind: Kind, languages: Sequence[str], kinds: Mapping[str, Kind]) -> dict[str, ImportedCard]:
    """The cards that `import` makes of a table, by their ids; none, where it takes that for something else."""
    options = ImportOptions(Path(), kind=kind.word, language=languages[0])
    try:
        parsed = read_cards(read_text_table(data, SUFFIX, options), options, kinds)
    except FlashdeckError:
        return {}
    return {card.id: card for card in parsed.cards}


def _is_same(card: Card, back: ImportedCard, columns: Collection[Column], languages: Sequence[str]) -> bool:
    """Whether a card came back as it is."""
    if {*card.tags} != {*back.tags, *back.courses} or back.kind != card.kind.word:
        return False
    part = card.values.get("deck", "")
    if isinstance(part, str) and part != part_below(back.deck, first_text(card.deck.name), False):
        return False
    for column in columns:
        if column.key not in ABOUT:
            there = [text for _, text in texts_in(back.values.get(column.key, []), column.language or languages[0])]
            is_text = card.kind.types[column.key] in TEXTS
            look = to_html if is_text else str
            if [look(text).strip() for text in _texts(card, column)] != [look(text).strip() for text in there]:
                return False
    return True
