"""Rows of a table -> cards: which column is which field, and what a cell says."""

import re
from collections.abc import Mapping, Sequence

from flashdeck.anki.html import find_media
from flashdeck.diagnostics.problem import nearest
from flashdeck.importing.cards import ForeignError, Incoming, Read, Wish, sort_tags
from flashdeck.importing.html_to_markdown import from_html, from_plain
from flashdeck.importing.tables import Table, split_tags
from flashdeck.model.kinds import Field, Kind
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
SPECIAL = {
    "id": "id",
    "guid": "guid",
    "tag": "tags",
    "tags": "tags",
    "deck": "deck",
    "notetype": "notetype",
    "note type": "notetype",
}


Column = tuple[str, str, int]  # the key of a field, a language or nothing, and which column it is


def read_rows(table: Table, wish: Wish, known: Mapping[str, Kind]) -> Read:
    rows = list(table.rows)
    if wish.kind and wish.kind not in known:
        raise ForeignError(f"there is no kind '{wish.kind}'; {nearest(wish.kind, known)}")
    head = table.head
    named = wish.columns and not all(column.isdecimal() for column in wish.columns.values())
    if not head and rows and (named or (not wish.columns and _is_head(rows[0][1], known))):
        head = tuple(cell.strip() for cell in rows.pop(0)[1])
    width = len(head) or max((len(cells) for _, cells in rows), default=0)
    columns, kind, left = _map_columns(head, width, table, wish, known)
    languages = _find_languages(columns, wish.language)
    said = [f"{len(rows)} rows, {table.how}"]
    names = [f"{head[at] if head else at + 1} -> {key}{f' ({language})' if language else ''}" for key, language, at in columns]
    said.append(f"columns: {', '.join(names)}" + (f"; left out: {', '.join(left)}" if left else ""))
    cards, left_out = [], []
    for line, cells in rows:
        if len(cells) != width and any(cell.strip() for cell in cells[width:]):
            left_out.append(f"line {line}: {len(cells)} cells where {'the header has' if head else 'others have'} {width}")
            continue
        cells += ("",) * (width - len(cells))
        one = _to_card(f"line {line}", cells, columns, kind, table, languages, known)
        if one.values:
            cards.append(one)
        else:
            left_out.append(f"line {line}: nothing is in it")
    return Read(cards, said, left_out, languages)


def _find_languages(columns: Sequence[Column], base: str) -> tuple[str, ...]:
    """The languages of the columns; the one of those without only where a field has both."""
    named = [language for _, language, _ in columns if language]
    both = {key for key, language, _ in columns if not language} & {key for key, language, _ in columns if language}
    return tuple(dict.fromkeys([base, *named] if both or not named else named))


def _is_head(cells: Sequence[str], known: Mapping[str, Kind]) -> bool:
    """Whether the first row names columns: some of its cells are words for fields, and none repeats."""
    names = [_split_name(cell)[0] for cell in cells]
    words = set(ALIASES) | set(SPECIAL) | {word for kind in known.values() for word in _words_for(kind)}
    return any(name in words for name in names) and len(set(cells)) == len(cells)


def _split_name(cell: str) -> tuple[str, str]:
    """The name of a column and the language in it: `capital:de`, `capital (de)`, `capital_de`."""
    name = _plain(cell)
    found = re.fullmatch(r"(.+?)(?:\s*[:\-_/]\s*|\s*[(\[])([a-z]{2,3}(?:[-_][a-z]{2,4})?)[)\]]?", name)
    if not found:
        return name, ""
    code, _, rest = found[2].replace("_", "-").partition("-")
    return found[1], f"{code}-{rest.upper() if len(rest) == 2 else rest.capitalize()}" if rest else code


def _words_for(kind: Kind) -> dict[str, str]:
    """What a column for a field of a kind may be called, in small letters -> the key of the field."""
    words = {}
    for one in kind.fields.values():
        for word in (one.key, one.key.replace("_", " "), one.name):
            if word:
                words[word.casefold()] = one.key
    return words | {"extra": "extra", "reference": "reference"}


def _map_columns(
    head: tuple[str, ...], width: int, table: Table, wish: Wish, known: Mapping[str, Kind]
) -> tuple[list[Column], str, list[str]]:
    """Which field (in which language) each column is, the kind (or nothing, if the rows tell), and the columns left out."""
    special = dict(table.special)
    if wish.columns:
        used = [column for key, name in wish.columns.items() for column in _find_wished(key, name, head, width)]
        kind = wish.kind or find_fitting({key for key, _, _ in used}, known)
        allowed = {*known[kind].fields, "extra", "reference", *SPECIAL.values()}
        if wrong := sorted({key for key, _, _ in used} - allowed):
            raise ForeignError(f"there is no field '{wrong[0]}' in a {kind}; {nearest(wrong[0], known[kind].fields)}")
    elif head:
        names = [_split_name(cell) for cell in head]
        kind = wish.kind or find_fitting({_key_for(name, language, known) for name, language in names}, known)
        used = _find_named(head, known[kind])
    else:
        kind, free = wish.kind, [at for at in range(width) if at not in special.values()]
        if len(free) > 3:
            help = "name them, as in '--map question=1 --map answer=2'"
            raise ForeignError(f"nobody can tell which of its {width} columns is what; {help}")
        keys = ("question", "answer", "extra") if len(free) > 1 else ("text",)
        used = [(key, "", at) for key, at in zip(keys, free, strict=False)]
    taken = {at for _, _, at in used}
    for at, (name, language) in enumerate(map(_split_name, head)):
        if at not in taken and name == "guid" and language:
            used.append(("guid", language, at))
        elif at not in taken and name in SPECIAL and SPECIAL[name] not in special:
            special[SPECIAL[name]] = at
    used += [(name, "", at) for name, at in special.items()]
    left = [cell or str(at + 1) for at, cell in enumerate(head) if at not in {at for _, _, at in used}]
    return used, kind, left


def _find_wished(key: str, name: str, head: tuple[str, ...], width: int) -> list[Column]:
    """The columns that the user means: by name, with those of other languages beside it, or by number."""
    key, _, language = key.partition(".")
    wanted = _plain(name)
    found = [(key, language, at) for at, cell in enumerate(head) if _plain(cell) == wanted]
    if not language:
        found += [(key, code, at) for at, (base, code) in enumerate(map(_split_name, head)) if base == wanted and code]
    if not found and name.isdecimal():
        return [(key, language, _column_number(name, width))]
    if not found and head:
        raise ForeignError(f"there is no column '{name}'; {nearest(name, [cell for cell in head if cell])}")
    return found or [(key, language, _column_number(name, width))]


def _find_named(head: tuple[str, ...], kind: Kind) -> list[Column]:
    """The columns that are named as the fields of a kind are, each field once in a language."""
    words = {alias: key for alias, key in ALIASES.items() if key in kind.fields} | _words_for(kind)
    used: list[Column] = []
    for at, cell in enumerate(head):
        for word, language in ((_plain(cell), ""), _split_name(cell)):
            if word in words and (words[word], language) not in [(key, code) for key, code, _ in used]:
                used.append((words[word], language, at))
                break
    return used


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _column_number(column: str, width: int) -> int:
    if not column.isdecimal() or not 1 <= int(column) <= width:
        raise ForeignError(f"there is no column '{column}'; it has {width}, and no header")
    return int(column) - 1


def _key_for(name: str, language: str, known: Mapping[str, Kind]) -> str:
    for word in (f"{name}", f"{name} {language}".strip()):
        if word in ALIASES:
            return ALIASES[word]
        for kind in known.values():
            if word in _words_for(kind):
                return _words_for(kind)[word]
    return ""


def find_fitting(keys: set[str], known: Mapping[str, Kind]) -> str:
    """The kind whose fields the columns fill: all that it cannot do without, and most of them."""
    fitting = {}
    for word, kind in known.items():
        needed = {one.key for one in kind.fields.values() if one.required and one.type != "references"}
        if needed <= keys and needed:
            fitting[word] = len(keys & kind.fields.keys()) + 0.5 * (word == "basic")
    if not fitting:
        raise ForeignError(
            "no kind of card fits its columns; say which is which, as in '--map question=Country --map answer=Capital'"
        )
    return max(fitting, key=lambda word: fitting[word])


def _to_card(
    where: str,
    cells: Sequence[str],
    columns: Sequence[Column],
    kind: str,
    table: Table,
    languages: Sequence[str],
    known: Mapping[str, Kind],
) -> Incoming:
    about = {key: cells[at].strip() for key, _, at in columns if key in SPECIAL.values()}
    texts = [(key, language, cells[at]) for key, language, at in columns if key not in SPECIAL.values() and cells[at].strip()]
    if not kind:  # no header told it
        first = texts[0][2] if texts else ""
        notetype = about.get("notetype", table.for_all.get("notetype", ""))
        kind = "cloze" if "{{c" in first or "cloze" in notetype.lower() else "basic"
        if kind == "cloze":
            texts = [("text" if key in ("question", "text") else "extra", language, text) for key, language, text in texts]
    values: dict[str, Value] = {}
    for key, language, text in texts:
        value = _to_value(known[kind].fields.get(key), text, table.html)
        if not language and len(languages) > 1 and any(one == key and code for one, code, _ in columns):
            language = languages[0]
        if language and isinstance(values.get(key, {}), dict):
            values[key] = {**values.get(key, {}), language: value}
        elif key in values and key == "extra":
            values[key] = f"{values[key]}\n\n{value}"
        else:
            values[key] = value
    tags = (*split_tags(table.for_all.get("tags", "")), *split_tags(about.get("tags", "")))
    deck = about.get("deck", table.for_all.get("deck", ""))
    id = to_id(about.get("id", ""))
    guids = {language or languages[0]: cells[at].strip() for key, language, at in columns if key == "guid" and cells[at].strip()}
    guid: Value = guids if len(languages) > 1 else guids.get(languages[0], "")
    return Incoming(where, guid, kind, values, deck, *sort_tags(tags), id=id, row="\x1f".join(cells))


def _to_value(one: Field | None, text: str, html: bool | None) -> Value:
    """A cell as the value of a field."""
    type = one.type if one else "text"
    if type == "flag":
        return "true" if text.strip().lower() in ("1", "true", "yes", "x", "oui", "ja", "sí") else "false"
    if type in ("word", "date", "day", "references"):
        return text.strip()
    if type == "media":
        return (find_media(text) or [text.strip()])[0]
    if type in ("options", "texts"):
        parts = [part.strip() for part in re.split(r"\n|<br>|;", text) if part.strip()]
        values = [_to_text(part, html) for part in parts]
        return values if len(values) > 1 or type == "options" else values[0]
    return _to_text(text, html)


def _to_text(text: str, html: bool | None) -> str:
    """A cell as an author would write it; whether it is HTML shows by its tags where the file does not say so."""
    if html is None:
        html = bool(
            re.search(
                r"</?(a|b|i|u|p|br|hr|em|img|div|sub|sup|span|strong|li|ul|ol|code|font|h\d)(\s[^<>]*)?/?>|&(#\d+|[a-z]+);",
                text,
                re.I,
            )
        )
    return from_html(text.strip(), exact=False) if html else from_plain(text)
