"""Rows of a table -> cards: which column holds which field, and what a cell means."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from flashdeck.anki.html import RAW, find_media, to_html
from flashdeck.anki.identity import FIELD_SEPARATOR, split_guid
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.problem import nearest
from flashdeck.diagnostics.render import count
from flashdeck.importing.cards import ImportedCard, ImportOptions, ParsedImport, separate_courses
from flashdeck.importing.html_to_markdown import from_html, from_plain, is_html
from flashdeck.importing.tables import Table, parse_tags, read_table
from flashdeck.model.kinds import Field, Kind
from flashdeck.sources.files import MEDIA_FOLDER, is_inside, read_file
from flashdeck.sources.values import short, to_id
from flashdeck.sources.yaml_file import Value

# What people call the columns of a table, beside the keys and names of fields.
WORDS = {
    "question": """front prompt term word expression vocabulary recto mot terme expression vorderseite frage wort begriff vokabel
    ausdruck anverso pregunta palabra término frente fronte domanda parola termine pergunta palavra termo voorkant vraag woord
    pytanie słowo przód вопрос слово лицо سؤال السؤال كلمة الكلمة שאלה מילה 问题 單詞 单词 正面 問題 単語 表 질문 단어 앞면""",
    "answer": """back response definition meaning translation verso réponse reponse définition signification traduction rückseite
    antwort bedeutung übersetzung definition reverso respuesta significado traducción definición retro risposta significato
    traduzione definizione resposta significado tradução verso achterkant antwoord betekenis vertaling odpowiedź tłumaczenie
    tył ответ перевод значение оборот جواب الجواب إجابة معنى ترجمة תשובה תרגום 答案 翻译 释义 背面 答え 意味 裏 답 뜻 뒷면""",
    "text": "cloze lückentext",
}
ALIASES = {word: key for key, words in WORDS.items() for word in words.split()}
# Columns that hold something about a card, not one of its fields.
ABOUT_CARD = {
    "id": "id",
    "guid": "guid",
    "tag": "tags",
    "tags": "tags",
    "deck": "deck",
    "notetype": "notetype",
    "note type": "notetype",
    **dict.fromkeys("schlagwörter schlagwort étiquettes etiquetas etichette теги метки".split(), "tags"),
}
ABOUT_KEYS = frozenset(ABOUT_CARD.values())
HTML_SIGNS = re.compile(r"</?(a|b|i|u|p|br|hr|em|img|div|sub|sup|span|strong|li|ul|ol|code|font|h\d)(\s[^<>]*)?/?>", re.I)
TRUE_WORDS = frozenset("1 true yes y x ✓ ✔ oui vrai ja wahr sí si verdadero vero sim да истина prawda tak waar".split())
OUR_TYPE = re.compile(r"[\w.-]+ ([\w.-]+) \([A-Za-z-]+\)")  # the name of a note type that flashdeck made
# A last row that counts or adds up what is above it.
TOTAL = re.compile(r"(grand )?(total|sum|count|summe|gesamt|anzahl|somme|totale|suma|итого|всего)\s*:?", re.I)
NUMBER = re.compile(r"[\d.,\s%€$£¥\u202f\u00a0+-]+")
LONGEST_NAME, MOST_WORDS = 40, 4  # characters and words of the name of a column, where it has to be told from a text
LANGUAGE = "a language"
NAMED_IN = "en fr de es it pt nl ru pl uk tr ar he zh ja ko"  # languages in which the names of languages are known
MOST_LISTED = 30  # columns
SHOWN_EACH = 500  # rows, of progress
LAST_TITLE = 20  # rows: a header stands among the first


@dataclass(frozen=True)
class TableColumn:
    """What one column holds."""

    key: str  # of a field, or one of ABOUT_KEYS
    language: str  # or nothing
    at: int  # which column it is, from 0

    @property
    def is_field(self) -> bool:
        return self.key not in ABOUT_KEYS


@dataclass(frozen=True)
class Columns:
    """What all columns of a table hold; the kind is empty where each row shows its own."""

    kind: str
    columns: tuple[TableColumn, ...]
    languages: tuple[str, ...] = ()

    @property
    def used(self) -> set[int]:
        return {column.at for column in self.columns}


Kinds = Mapping[str, Kind]  # by the word that cards use for them


def import_table(path: Path, options: ImportOptions, known: Kinds) -> ParsedImport:
    """The cards of a spreadsheet or text export, with the media beside it. Raises FlashdeckError."""
    return replace(_read_rows(read_table(path, options), options, known), media=_find_beside(path))


def _find_beside(path: Path) -> dict[str, Callable[[], bytes]]:
    """The files beside a table, and in a folder `media` there: those that it names come with it."""
    beside = Path(os.path.realpath(path)).parent
    tops = [top for top in (beside, beside / MEDIA_FOLDER) if is_inside(top, beside) and top.is_dir()]
    found = [file for top in tops for file in sorted(top.iterdir()) if file.is_file()]
    return {file.name: partial(read_file, file, beside) for file in found}


Row = tuple[int, tuple[str, ...]]  # the line at which it begins, and its cells


def _read_rows(table: Table, options: ImportOptions, known: Kinds) -> ParsedImport:
    if options.kind and options.kind not in known:
        raise FlashdeckError(f"there is no kind '{options.kind}'; {nearest(options.kind, known)}")
    if options.html is not None:
        table = replace(table, html=options.html)
    header, rows, titles = _find_header(table, options, known)
    width = len(header) or max((len(cells) for _, cells in rows), default=0)
    try:
        columns = _map_columns(header, width, table, options, known)
    except FlashdeckError as error:
        raise FlashdeckError(str(error), _list_columns(header, rows, width)) from error
    reader = _CardReader(table, columns, known, header)
    cards, left_out = [], []
    for done, (line, cells) in enumerate(rows):
        if not done % SHOWN_EACH:
            options.show(f"reading row {done:,} of {len(rows):,}")
        if reason := _find_misfit(line, cells, width, rows, header):
            left_out.append(f"line {line}: {reason}")
            continue
        card = reader.read(line, cells + ("",) * (width - len(cells)))
        if isinstance(card, str):
            left_out.append(f"line {line}: {card}")
        else:
            cards.append(card)
    messages = [f"{count(len(rows), 'row')}, {table.description}", _describe(columns, header, table)]
    messages += [f"above the header, and not read: {', '.join(titles)}"] if titles else []
    return ParsedImport(cards, messages + reader.list_notes(), left_out, columns.languages)


def _find_header(table: Table, options: ImportOptions, known: Kinds) -> tuple[tuple[str, ...], list[Row], list[str]]:
    """The names of the columns (none, where there is no header), the rows below them, and the titles above them."""
    rows = list(table.rows)
    if table.header:
        return table.header, rows, []
    wanted = {_normal_name(name) for name in options.columns.values() if not name.isdecimal()}
    at: int | None = None
    if options.header:
        at = next((at for at, (line, _) in enumerate(rows) if line == options.header), None)
        if at is None:
            raise FlashdeckError(f"there is nothing in its line {options.header}; name the line of the header, or 0 for none")
    elif options.header is None and not table.is_anki:
        for place, (_, cells) in enumerate(rows[:LAST_TITLE]):
            filled = [cell for cell in cells if cell.strip()]
            keys = {_find_key(*_split_name(cell), known) for cell in filled} - {""}
            sure = wanted or not options.columns or len(keys) != 1  # with columns by number, a card may hold one such word
            named = (sure and _is_header(filled, known)) or wanted & {*map(_normal_name, filled)}
            if named and (len(filled) > 1 or not place):
                at = place
            if len(filled) > 1:
                at = place if at is None and wanted else at
                break
        at = 0 if at is None and wanted and rows else at
    if at is None:
        return (), rows, []
    titles = [short(cell) for _, cells in rows[:at] for cell in cells if cell.strip()]
    header = tuple(cell.strip() for cell in rows[at][1])
    while header and not header[-1] and not any(cell.strip() for _, cells in rows[at + 1 :] for cell in cells[len(header) - 1 :]):
        header = header[:-1]
    return header, rows[at + 1 :], [f"'{title}'" for title in titles]


def _find_misfit(line: int, cells: Sequence[str], width: int, rows: Sequence[Row], header: tuple[str, ...]) -> str:
    """Why a row is no card, whatever its columns mean; usually empty."""
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return f"{len(cells)} cells where {'the header has' if header else 'others have'} {width}"
    if header and len(rows) > 1 and tuple(cell.strip() for cell in cells[:width]) == header:
        return "it repeats the header"
    if line == rows[-1][0] and len(rows) > 2:
        first, *others = [cell.strip() for cell in cells if cell.strip()] or [""]
        if TOTAL.fullmatch(first) and others and all(map(NUMBER.fullmatch, others)):
            return "it adds up what is above it"
    return ""


def _list_columns(header: Sequence[str], rows: Sequence[Row], width: int) -> tuple[str, ...]:
    """All columns with their numbers, names and examples, for a user who has to name some."""
    fullest = sorted((cells for _, cells in rows[:LAST_TITLE]), key=lambda cells: -sum(bool(cell.strip()) for cell in cells))
    lines = []
    for at in range(min(width, MOST_LISTED)):
        first = next((cells[at].strip() for cells in fullest if at < len(cells) and cells[at].strip()), "")
        name = (f"'{short(header[at])}'" if header[at] else "without a name") if header else ""
        example = f"'{short(first)}'" if first else "nothing"
        lines.append(f"column {at + 1}: {f'{name}, with ' if name else ''}{example}")
    return (*lines, *([f"and {width - MOST_LISTED} more"] if width > MOST_LISTED else []))


def _describe(columns: Columns, header: tuple[str, ...], table: Table) -> str:
    """Which column became what, for the user."""
    names = [
        f"{header[column.at] if header else column.at + 1} -> {column.key}{f' ({column.language})' if column.language else ''}"
        for column in columns.columns
    ]
    left = [cell or str(at + 1) for at, cell in enumerate(header) if at not in columns.used]
    none = "" if header or table.is_anki else "; no header (if its first line is one: --header 1)"
    return f"columns: {', '.join(names)}" + (f"; left out: {', '.join(left)}" if left else "") + none


def _is_header(cells: Sequence[str], known: Kinds) -> bool:
    """Whether a row names columns: some of its cells are words for fields, or they name two languages."""
    names = [_split_name(cell)[0] for cell in cells]
    words = set(ALIASES) | set(ABOUT_CARD) | {word for kind in known.values() for word in _words_for(kind)}
    if any(name in words for name in names):
        return True
    if len(cells) < 2 or any(len(cell) > LONGEST_NAME for cell in cells):
        return False
    languages = [code for cell in cells if (code := find_language(cell))]
    if len(languages) > 1 and len(languages) * 2 >= len(cells):
        return len({*languages}) == len(languages)  # else it is vocabulary about languages
    return {"question", "answer"} <= {*map(_find_hint, cells)}


def _find_hint(cell: str) -> str:
    """Which side of a card of vocabulary a column may hold by its name: `Terme français`; LANGUAGE where it names only that."""
    words = _normal_name(cell).split()
    keys = {ALIASES[word] for word in words if word in ALIASES} if len(words) <= MOST_WORDS else set()
    if len(keys) == 1:
        return keys.pop()
    return LANGUAGE if find_language(cell) else ""


@lru_cache(maxsize=1000)
def find_language(name: str) -> str:
    """The code of a language by its name in one of the languages of the world's tables, or nothing."""
    return next((code for names in _read_languages() if (code := names.get(_normal_name(name)))), "")


@lru_cache(maxsize=1)
def _read_languages() -> list[dict[str, str]]:
    """The names of languages, in each of some languages."""
    from babel import Locale  # most tables have other words in their header

    return [{name.casefold(): code for code, name in Locale(place).languages.items()} for place in NAMED_IN.split()]


def _split_name(cell: str) -> tuple[str, str]:
    """The name of a column and the language in it: `capital:de`, `capital (de)`, `capital_de`."""
    name = _normal_name(cell)
    found = re.fullmatch(r"(.+?)(?:\s*[:\-_/]\s*|\s*[(\[])([a-z]{2,3}(?:[-_][a-z]{2,4})?)[)\]]?", name)
    if not found:
        return name, ""
    code, _, rest = found[2].replace("_", "-").partition("-")
    return found[1], f"{code}-{rest.upper() if len(rest) == 2 else rest.capitalize()}" if rest else code


def _words_for(kind: Kind) -> dict[str, str]:
    """What a column for a field of a kind may be called, in lowercase -> the key of the field."""
    words = {}
    for field in kind.fields.values():
        for word in (field.key, field.key.replace("_", " "), field.name):
            if word:
                words[word.casefold()] = field.key
    return words | {"extra": "extra", "reference": "reference"}


def _map_columns(header: tuple[str, ...], width: int, table: Table, options: ImportOptions, known: Kinds) -> Columns:
    """What each column holds: by the user's options, else by the header, else by its place."""
    if options.columns:
        columns = _map_by_options(header, width, options, known)
    elif header:
        columns = _map_by_header(header, options, known)
    else:
        columns = _map_by_place(width, table, options)
    all_columns = (*columns.columns, *_find_about(header, table, columns.used))
    return Columns(columns.kind, all_columns, _find_languages(all_columns, options.language))


def _map_by_options(header: tuple[str, ...], width: int, options: ImportOptions, known: Kinds) -> Columns:
    """The columns that the user named, by name or by number; with those that the header names, where they make no card alone."""
    columns = tuple(column for key, name in options.columns.items() for column in _find_named(key, name, header, width))
    keys = {column.key for column in columns}
    try:
        kind = options.kind or find_best_kind(keys, known)
    except FlashdeckError:
        if not any(header):
            raise
        used = {column.at for column in columns}
        rest = tuple("" if at in used else cell for at, cell in enumerate(header))
        found = _map_by_header(rest, options, known, columns)
        kind, columns = found.kind, found.columns
    if unknown := sorted(keys - {*known[kind].fields, "extra", "reference", *ABOUT_KEYS}):
        raise FlashdeckError(f"there is no field '{unknown[0]}' in a {kind}; {nearest(unknown[0], known[kind].fields)}")
    return Columns(kind, columns)


def _find_named(key: str, name: str, header: tuple[str, ...], width: int) -> list[TableColumn]:
    """The columns that the user means by a name, with those of other languages beside it, or by a number."""
    key, _, language = key.partition(".")
    normal = _normal_name(name)
    found = [TableColumn(key, language, at) for at, cell in enumerate(header) if _normal_name(cell) == normal]
    if len(found) > 1:
        _refuse_twins(name, header)
    if not language:
        names = enumerate(map(_split_name, header))
        found += [TableColumn(key, code, at) for at, (base, code) in names if base == normal and code]
    if found:
        return found
    if header and not name.isdecimal():
        raise FlashdeckError(f"there is no column '{name}'; {nearest(name, [cell for cell in header if cell])}")
    if not re.fullmatch("[0-9]{1,5}", name) or not 1 <= int(name) <= width:
        raise FlashdeckError(f"there is no column '{name}'; it has {width} columns{'' if header else ' and no header'}")
    return [TableColumn(key, language, int(name) - 1)]


def _map_by_header(header: tuple[str, ...], options: ImportOptions, known: Kinds, given: tuple[TableColumn, ...] = ()) -> Columns:
    """The columns that are named like the fields of a kind, each field once in a language, beside those that are `given`.

    Raises FlashdeckError.
    """
    keys = {_find_key(*_split_name(cell), known) for cell in header} | {column.key for column in given}
    sides = [key for key in ("question", "answer") if key not in keys]
    wanted = known[options.kind].fields.keys() >= {*sides} if options.kind else not _score_kinds(keys, known)
    loose: dict[int, str] = {}
    if sides and wanted:  # of vocabulary, perhaps, from one language into another
        loose = {at: _find_hint(cell) for at, cell in enumerate(header) if not _find_key(*_split_name(cell), known)}
        loose = {at: hint for at, hint in loose.items() if hint}
        keys |= {*sides} if len(loose) >= len(sides) else set()
    kind = options.kind or find_best_kind(keys, known)
    words = {alias: key for alias, key in ALIASES.items() if key in known[kind].fields} | _words_for(known[kind])
    found = {(column.key, column.language): column for column in given}
    for at, cell in enumerate(header):
        for word, language in ((_normal_name(cell), ""), _split_name(cell)):
            if word in words and (words[word], language) not in found:
                found[words[word], language] = TableColumn(words[word], language, at)
                break
    for key in sides if {*sides} <= keys & known[kind].fields.keys() else ():
        for place in [place for wanted in (key, LANGUAGE) for place, hint in loose.items() if hint == wanted][:1]:
            found[key, ""] = TableColumn(key, "", place)
            del loose[place]
    for column in found.values():
        if column not in given:
            _refuse_twins(header[column.at], header)
    return Columns(kind, tuple(sorted(found.values(), key=lambda column: column.at)))


def _refuse_twins(name: str, header: Sequence[str]) -> None:
    """Raises FlashdeckError where two columns have a name that is used."""
    if [_normal_name(cell) for cell in header].count(_normal_name(name)) > 1:
        raise FlashdeckError(f"several of its columns are named '{name}'; name them by number, as in '--map answer=2'")


def _find_key(name: str, language: str, known: Kinds) -> str:
    """The field of any kind that a column is named like, or nothing; what looks like a language may belong to the name."""
    for word in (name, f"{name} {language}".strip()):
        if word in ALIASES:
            return ALIASES[word]
        for kind in known.values():
            if word in _words_for(kind):
                return _words_for(kind)[word]
    return ""


def _map_by_place(width: int, table: Table, options: ImportOptions) -> Columns:
    """The columns of a table without a header: question, answer, extra, or one text. Raises FlashdeckError."""
    free = [at for at in range(width) if at not in table.about_columns.values()]
    if len(free) > 3 and not table.is_anki:
        line = max(table.rows[:LAST_TITLE], key=lambda row: sum(bool(cell.strip()) for cell in row[1]))[0]
        help = f"name them, as in '--map question=1 --map answer=2', or the line of the header, as in '--header {line}'"
        raise FlashdeckError(f"it has {width} columns and no header that is known; {help}")
    keys = ["question", "answer", *["extra"] * (len(free) - 2)] if len(free) > 1 else ["text"]
    return Columns(options.kind, tuple(TableColumn(key, "", at) for key, at in zip(keys, free, strict=False)))


def _find_about(header: tuple[str, ...], table: Table, used: set[int]) -> list[TableColumn]:
    """The columns with something about a card, of those that are not `used`: by what the file declares, else by the header."""
    guids = []
    about = dict(table.about_columns)
    for at, (name, language) in enumerate(map(_split_name, header)):
        if at not in used and name == "guid" and language:
            guids.append(TableColumn("guid", language, at))
        elif at not in used and name in ABOUT_CARD and ABOUT_CARD[name] not in about:
            about[ABOUT_CARD[name]] = at
    return guids + [TableColumn(key, "", at) for key, at in about.items()]


def _find_languages(columns: Sequence[TableColumn], base: str) -> tuple[str, ...]:
    """The languages of the columns; the one of those without only where a field has both."""
    named = [column.language for column in columns if column.language]
    both = {column.key for column in columns if not column.language} & {column.key for column in columns if column.language}
    return tuple(dict.fromkeys([base, *named] if both or not named else named))


def _normal_name(name: str) -> str:
    return " ".join(name.split()).casefold()


def find_best_kind(keys: set[str], known: Kinds) -> str:
    """The kind whose fields the columns fill: all that it requires, and most of them."""
    scores = _score_kinds(keys, known)
    if not scores:
        raise FlashdeckError("no kind of card fits its columns; map them, as in '--map question=Country --map answer=Capital'")
    return max(scores, key=lambda word: scores[word])


def _score_kinds(keys: set[str], known: Kinds) -> dict[str, float]:
    """How many fields of each kind the columns fill, of those kinds of which they fill all that is required."""
    scores = {}
    for word, kind in known.items():
        required = {field.key for field in kind.fields.values() if field.required and field.type != "references"}
        if required <= keys and required:
            scores[word] = len(keys & kind.fields.keys()) + 0.5 * (word == "basic")
    return scores


class Text(NamedTuple):
    """What a cell holds for a field."""

    key: str
    language: str  # or nothing
    text: str
    day: str = ""  # as ISO 8601 writes it, where the cell is one


class _CardReader:
    """Rows of a table -> cards."""

    def __init__(self, table: Table, columns: Columns, known: Kinds, header: Sequence[str]) -> None:
        self.table, self.columns, self.known, self.header = table, columns, known, header
        self.used = columns.used
        self.places = {column.key for column in columns.columns if column.is_field or column.key in ("deck", "tags")}
        self.tags = parse_tags(table.defaults.get("tags", ""))
        self.odd: list[int] = []  # the lines of cells that are shown as typed, although there are tags in them
        self.foreign: dict[str, None] = {}  # note types of Anki's whose guids are kept

    def read(self, line: int, cells: Sequence[str]) -> ImportedCard | str:
        """The card of a row, or why there is none."""
        for at in self.used:
            if reason := self.table.broken.get((line, at)):
                return f"'{self.header[at] if self.header and self.header[at] else at + 1}' {reason}"
        own = {column.key: cells[column.at].strip() for column in self.columns.columns if not column.is_field}
        about = {**self.table.defaults, **own}
        texts = [
            Text(column.key, column.language, cells[column.at], self.table.days.get((line, column.at), ""))
            for column in self.columns.columns
            if column.is_field and cells[column.at].strip()
        ]
        if not texts:
            return "there is nothing in the columns that were read"
        notetype = about.get("notetype", "")
        if self.table.is_anki and "image-occlusion:" in texts[0].text:
            return "a text export has not all of an image occlusion; import a package of it"
        guid = _to_guid(cells, self.columns)
        places = self.places
        if ours := _find_our_kind(notetype, guid, self.known):
            kind = ours.word
            fields = [cells[column.at] for column in self.columns.columns if column.is_field]
            texts = _to_our_texts(fields, ours, guid, self.columns.languages[0])
            places = places - {"question", "answer", "text", "extra"} | {one.key for one in texts}
            texts = [one for one in texts if one.text.strip()]
        else:
            kind = self.columns.kind or _guess_kind(texts, notetype)
            texts = texts if self.columns.kind else _for_kind(texts, kind, notetype)
            places = places - {"extra"} if self.table.is_anki else places  # of another note type, which has more fields
            self.foreign |= {notetype: None} if guid and notetype else {}
        values = _to_values(texts, self.columns, self.known[kind], self._to_text(line))
        return ImportedCard(
            f"line {line}",
            guid,
            kind,
            values,
            about.get("deck", ""),
            *separate_courses(self.tags + parse_tags(own.get("tags", ""))),
            id=to_id(about.get("id", "")),
            content=FIELD_SEPARATOR.join(cells),
            empty=tuple(key for key in sorted(places) if key not in values and not about.get(key)),
        )

    def _to_text(self, line: int) -> Callable[[str], str]:
        """What a cell of a line is as an author would write it; its tags show whether it is HTML, unless the file says so."""

        def to_text(text: str) -> str:
            html = self.table.html
            if html is None and "<" not in text and "&" not in text:
                return from_plain(text)
            if html is None:
                html = is_html(text)
                if not html and HTML_SIGNS.search(text):
                    self.odd.append(line)
            return from_html(text.strip(), exact=False) if html else from_plain(text)

        return to_text

    def list_notes(self) -> list[str]:
        """What the user should know of all rows together."""
        notes = []
        if self.odd:
            lines = [*dict.fromkeys(self.odd)]
            shown = ", ".join(map(str, lines[:5])) + (" ..." if len(lines) > 5 else "")
            notes.append(f"cells with tags in them that are no HTML as a whole, and are shown as typed: line {shown}")
        if self.foreign:
            names = ", ".join(f"'{short(name)}'" for name in self.foreign)
            notes.append(
                f"guids of notes of the type {names}: Anki does not update those by notes of another type; whoever has them"
                " goes on with them only if you import a package (.apkg) of them instead"
            )
        return notes


def _find_our_kind(notetype: str, guid: str | Mapping[str, str], known: Kinds) -> Kind | None:
    """The kind of a note that flashdeck made and somebody exported from Anki; None for all others."""
    found = OUR_TYPE.fullmatch(notetype)
    kind = known.get(found[1]) if found and isinstance(guid, str) and split_guid(guid) else None
    return kind if kind and not kind.imported_note_type else None


def _to_our_texts(cells: Sequence[str], kind: Kind, guid: str | Mapping[str, str], base: str) -> list[Text]:
    """What of such a note its author can have typed, be it empty: the rest is made of other things."""
    found = split_guid(str(guid))
    language = found[2] if found and found[2] != base else ""
    keys = [*(field.key if field.type in ("text", "flag") else "" for field in kind.stored), "extra"]
    return [Text(key, language, cell) for key, cell in zip(keys, cells, strict=False) if key]


def _guess_kind(texts: Sequence[Text], notetype: str) -> str:
    """The kind of a row whose table has no header."""
    return "cloze" if (texts and "{{c" in texts[0].text) or "cloze" in notetype.lower() else "basic"


def _for_kind(texts: Sequence[Text], kind: str, notetype: str) -> list[Text]:
    """The texts of a row whose columns were not named, as its kind has them; Anki's own note types are known."""
    if kind == "cloze":
        return [one._replace(key="text" if one.key in ("question", "text") else "extra") for one in texts]
    if notetype == "Basic (and reversed card)":
        return [*texts, Text("both_ways", "", "true")]
    if notetype == "Basic (optional reversed card)":
        return [one._replace(key="both_ways", text="true") if one.key == "extra" else one for one in texts]
    if notetype == "Basic (type in the answer)":
        return [*texts, Text("type_answer", "", "true")]
    return list(texts)


def _to_guid(cells: Sequence[str], columns: Columns) -> str | dict[str, str]:
    """The guid of a row, by language where the table has several."""
    base = columns.languages[0]
    found = {column.language or base: cells[column.at].strip() for column in columns.columns if column.key == "guid"}
    guids = {language: guid for language, guid in found.items() if guid}
    return guids if len(columns.languages) > 1 else guids.get(base, "")


def _to_values(texts: Sequence[Text], columns: Columns, kind: Kind, to_text: Callable[[str], str]) -> dict[str, Value]:
    """The fields of a row. A text without a language is of the first one, where other columns hold its translations."""
    translated = {column.key for column in columns.columns if column.language} if len(columns.languages) > 1 else set()
    values: dict[str, Value] = {}
    for key, language, text, day in texts:
        value = _to_value(kind.fields.get(key), text, day, to_text)
        if key in translated:
            language = language or columns.languages[0]
        earlier = values.get(key, {})
        if language and isinstance(earlier, dict):
            values[key] = {**earlier, language: value}
        elif isinstance(earlier, str) and isinstance(value, str) and key == "extra":
            values[key] = _join(earlier, value)
        else:
            values[key] = value
    return values


def _join(one: str, other: str) -> str:
    """Two texts below one another."""
    if one.startswith(RAW) or other.startswith(RAW):
        return f"{RAW}{to_html(one)}<br><br>{to_html(other)}"
    return f"{one}\n\n{other}"


def _to_value(field: Field | None, text: str, day: str, to_text: Callable[[str], str]) -> Value:
    """A cell as the value of a field."""
    type = field.type if field else "text"
    if type == "flag":
        return "true" if text.strip().lower() in TRUE_WORDS else "false"
    if type in ("date", "day"):
        return day or text.strip()
    if type in ("word", "references"):
        return text.strip()
    if type == "media":
        return (find_media(text) or [text.strip()])[0]
    if type in ("options", "texts"):
        parts = [part.strip() for part in _split_list(text) if part.strip()]
        values: list[Value] = [to_text(part) for part in parts]
        return values if len(values) > 1 or type == "options" else values[0]
    return to_text(text)


def _split_list(text: str) -> list[str]:
    """The items in one cell: on lines of their own, else between semicolons, but for those that end `&lt;`."""
    lines = re.split(r"\n|<br\s*/?>", text)
    return lines if len(lines) > 1 else re.split(r"(?<!&\w\w)(?<!&\w\w\w)(?<!&\w\w\w\w)(?<!&#\d\d)(?<!&#\d\d\d);", text)
