"""Rows of a table -> cards: which column holds which field, and what a cell means."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from flashdeck.anki.html import find_media
from flashdeck.anki.identity import FIELD_SEPARATOR
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.problem import nearest
from flashdeck.importing.cards import ImportedCard, ImportOptions, ParsedImport, separate_courses
from flashdeck.importing.html_to_markdown import from_html, from_plain
from flashdeck.importing.tables import Table, parse_tags, read_table
from flashdeck.model.kinds import Field, Kind
from flashdeck.sources.files import MEDIA_FOLDER, is_inside, read_file
from flashdeck.sources.values import to_id
from flashdeck.sources.yaml_file import Value

# What people call the columns of a table, beside the keys and names of fields.
ALIASES = {
    **dict.fromkeys(("front", "term", "word", "recto", "mot", "frage", "vorderseite", "wort", "pregunta", "anverso"), "question"),
    **dict.fromkeys(
        ("back", "definition", "verso", "réponse", "reponse", "définition", "antwort", "rückseite", "respuesta"), "answer"
    ),
    "cloze": "text",
}
# Columns that hold something about a card, not one of its fields.
ABOUT_CARD = {
    "id": "id",
    "guid": "guid",
    "tag": "tags",
    "tags": "tags",
    "deck": "deck",
    "notetype": "notetype",
    "note type": "notetype",
}
ABOUT_KEYS = frozenset(ABOUT_CARD.values())
TRUE_WORDS = ("1", "true", "yes", "x", "oui", "ja", "sí")


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
    return replace(_read_rows(read_table(path), options, known), media=_find_beside(path))


def _find_beside(path: Path) -> dict[str, Callable[[], bytes]]:
    """The files beside a table, and in a folder `media` there: those that it names come with it."""
    beside = Path(os.path.realpath(path)).parent
    tops = [top for top in (beside, beside / MEDIA_FOLDER) if is_inside(top, beside) and top.is_dir()]
    found = [file for top in tops for file in sorted(top.iterdir()) if file.is_file()]
    return {file.name: partial(read_file, file, beside) for file in found}


def _read_rows(table: Table, options: ImportOptions, known: Kinds) -> ParsedImport:
    rows = list(table.rows)
    if options.kind and options.kind not in known:
        raise FlashdeckError(f"there is no kind '{options.kind}'; {nearest(options.kind, known)}")
    header = table.header
    by_name = options.columns and not all(column.isdecimal() for column in options.columns.values())
    if not header and rows and (by_name or (not options.columns and _is_header(rows[0][1], known))):
        header = tuple(cell.strip() for cell in rows.pop(0)[1])
    width = len(header) or max((len(cells) for _, cells in rows), default=0)
    columns = _map_columns(header, width, table, options, known)
    cards, left_out = [], []
    for line, cells in rows:
        if len(cells) != width and any(cell.strip() for cell in cells[width:]):
            left_out.append(f"line {line}: {len(cells)} cells where {'the header has' if header else 'others have'} {width}")
            continue
        card = _to_card(f"line {line}", cells + ("",) * (width - len(cells)), columns, table, known)
        if card.values:
            cards.append(card)
        else:
            left_out.append(f"line {line}: it is empty")
    messages = [f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}, {table.description}", _describe(columns, header)]
    return ParsedImport(cards, messages, left_out, columns.languages)


def _describe(columns: Columns, header: tuple[str, ...]) -> str:
    """Which column became what, for the user."""
    names = [
        f"{header[column.at] if header else column.at + 1} -> {column.key}{f' ({column.language})' if column.language else ''}"
        for column in columns.columns
    ]
    left = [cell or str(at + 1) for at, cell in enumerate(header) if at not in columns.used]
    return f"columns: {', '.join(names)}" + (f"; left out: {', '.join(left)}" if left else "")


def _is_header(cells: Sequence[str], known: Kinds) -> bool:
    """Whether the first row names columns: some of its cells are words for fields, and none repeats."""
    names = [_split_name(cell)[0] for cell in cells]
    words = set(ALIASES) | set(ABOUT_CARD) | {word for kind in known.values() for word in _words_for(kind)}
    return any(name in words for name in names) and len(set(cells)) == len(cells)


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
    """The columns that the user named, by name or by number."""
    columns = [column for key, name in options.columns.items() for column in _find_named(key, name, header, width)]
    keys = {column.key for column in columns}
    kind = options.kind or find_best_kind(keys, known)
    if unknown := sorted(keys - {*known[kind].fields, "extra", "reference", *ABOUT_KEYS}):
        raise FlashdeckError(f"there is no field '{unknown[0]}' in a {kind}; {nearest(unknown[0], known[kind].fields)}")
    return Columns(kind, tuple(columns))


def _find_named(key: str, name: str, header: tuple[str, ...], width: int) -> list[TableColumn]:
    """The columns that the user means by a name, with those of other languages beside it, or by a number."""
    key, _, language = key.partition(".")
    normal = _normal_name(name)
    found = [TableColumn(key, language, at) for at, cell in enumerate(header) if _normal_name(cell) == normal]
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


def _map_by_header(header: tuple[str, ...], options: ImportOptions, known: Kinds) -> Columns:
    """The columns that are named like the fields of a kind, each field once in a language."""
    kind = options.kind or find_best_kind({_find_key(*_split_name(cell), known) for cell in header}, known)
    words = {alias: key for alias, key in ALIASES.items() if key in known[kind].fields} | _words_for(known[kind])
    found: dict[tuple[str, str], TableColumn] = {}
    for at, cell in enumerate(header):
        for word, language in ((_normal_name(cell), ""), _split_name(cell)):
            if word in words and (words[word], language) not in found:
                found[words[word], language] = TableColumn(words[word], language, at)
                break
    return Columns(kind, tuple(found.values()))


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
    """The columns of a table without a header: question, answer, extra, or one text."""
    free = [at for at in range(width) if at not in table.about_columns.values()]
    if len(free) > 3:
        help = "name them, as in '--map question=1 --map answer=2'"
        raise FlashdeckError(f"it has {width} columns and no header; {help}")
    keys = ("question", "answer", "extra") if len(free) > 1 else ("text",)
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
    scores = {}
    for word, kind in known.items():
        required = {field.key for field in kind.fields.values() if field.required and field.type != "references"}
        if required <= keys and required:
            scores[word] = len(keys & kind.fields.keys()) + 0.5 * (word == "basic")
    if not scores:
        raise FlashdeckError("no kind of card fits its columns; map them, as in '--map question=Country --map answer=Capital'")
    return max(scores, key=lambda word: scores[word])


Text = tuple[str, str, str]  # the key of a field, a language or nothing, and what the cell holds


def _to_card(origin: str, cells: Sequence[str], columns: Columns, table: Table, known: Kinds) -> ImportedCard:
    own = {column.key: cells[column.at].strip() for column in columns.columns if not column.is_field}
    about = {**table.defaults, **own}
    texts = [
        (column.key, column.language, cells[column.at])
        for column in columns.columns
        if column.is_field and cells[column.at].strip()
    ]
    kind = columns.kind
    if not kind:
        kind = _guess_kind(texts, about.get("notetype", ""))
        if kind == "cloze":
            texts = [("text" if key in ("question", "text") else "extra", language, text) for key, language, text in texts]
    tags = parse_tags(table.defaults.get("tags", "")) + parse_tags(own.get("tags", ""))
    values = _to_values(texts, columns, known[kind], table.html)
    places = {column.key for column in columns.columns if column.is_field or column.key in ("deck", "tags")}
    return ImportedCard(
        origin,
        _to_guid(cells, columns),
        kind,
        values,
        about.get("deck", ""),
        *separate_courses(tags),
        id=to_id(about.get("id", "")),
        content=FIELD_SEPARATOR.join(cells),
        empty=tuple(key for key in sorted(places) if key not in values and not about.get(key)),
    )


def _guess_kind(texts: Sequence[Text], notetype: str) -> str:
    """The kind of a row whose table has no header."""
    return "cloze" if (texts and "{{c" in texts[0][2]) or "cloze" in notetype.lower() else "basic"


def _to_guid(cells: Sequence[str], columns: Columns) -> str | dict[str, str]:
    """The guid of a row, by language where the table has several."""
    base = columns.languages[0]
    found = {column.language or base: cells[column.at].strip() for column in columns.columns if column.key == "guid"}
    guids = {language: guid for language, guid in found.items() if guid}
    return guids if len(columns.languages) > 1 else guids.get(base, "")


def _to_values(texts: Sequence[Text], columns: Columns, kind: Kind, html: bool | None) -> dict[str, Value]:
    """The fields of a row. A text without a language is of the first one, where other columns hold its translations."""
    translated = {column.key for column in columns.columns if column.language} if len(columns.languages) > 1 else set()
    values: dict[str, Value] = {}
    for key, language, text in texts:
        value = _to_value(kind.fields.get(key), text, html)
        if key in translated:
            language = language or columns.languages[0]
        earlier = values.get(key, {})
        if language and isinstance(earlier, dict):
            values[key] = {**earlier, language: value}
        elif key in values and key == "extra":
            values[key] = f"{earlier}\n\n{value}"
        else:
            values[key] = value
    return values


def _to_value(field: Field | None, text: str, html: bool | None) -> Value:
    """A cell as the value of a field."""
    type = field.type if field else "text"
    if type == "flag":
        return "true" if text.strip().lower() in TRUE_WORDS else "false"
    if type in ("word", "date", "day", "references"):
        return text.strip()
    if type == "media":
        return (find_media(text) or [text.strip()])[0]
    if type in ("options", "texts"):
        parts = [part.strip() for part in re.split(r"\n|<br>|;", text) if part.strip()]
        values: list[Value] = [_to_text(part, html) for part in parts]
        return values if len(values) > 1 or type == "options" else values[0]
    return _to_text(text, html)


HTML_SIGNS = re.compile(
    r"</?(a|b|i|u|p|br|hr|em|img|div|sub|sup|span|strong|li|ul|ol|code|font|h\d)(\s[^<>]*)?/?>|&(#\d+|[a-z]+);", re.I
)


def _to_text(text: str, html: bool | None) -> str:
    """A cell as an author would write it; its tags show whether it is HTML where the file does not declare it (None)."""
    if html is None:
        html = bool(HTML_SIGNS.search(text))
    return from_html(text.strip(), exact=False) if html else from_plain(text)
