"""Reads the kinds of cards. A kind is a folder: kind.yaml (fields, cards, labels), a front and a back a card, style.css.

In the HTML files `[[word]]` is replaced when a deck is built: by the file `word.html` beside the kind's folder, by the
language (`[[lang]]`, `[[dir]]`), or by the label `word` in the language of the note. `{{Field}}` is Anki's.

A deck has kinds of its own in its folder `kinds`, of the same layout; flashdeck/kinds/README.md is for who writes one.
What is wrong with them is added to `problems`, at its place.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

from flashdeck.diagnostics.problem import Problem, Spot, nearest
from flashdeck.model.keys import CARD_KEYS, FILE_KEYS
from flashdeck.model.kinds import (
    COMMON_FIELDS,
    FIELD_SETTINGS,
    LARGEST_FILLED,
    PART,
    TEMPLATE_SETTINGS,
    TYPE_SETTINGS,
    Field,
    ImportedNoteType,
    Kind,
    Setting,
    Settings,
    Template,
    measure,
    measure_parts,
)
from flashdeck.model.template_language import find_cloze_fields, find_mistakes, find_shown
from flashdeck.sources.files import MEDIA_FOLDER, Files
from flashdeck.sources.values import (
    as_mapping,
    as_text,
    read_id,
    read_texts,
    read_word,
    read_words,
    report_shape,
    report_unknown_keys,
    short,
    to_id,
)
from flashdeck.sources.yaml_file import Node, Source, Value, read_plain, read_source

KINDS_FOLDER = Path(__file__).parent.parent / "kinds"

KIND_KEYS = ("fields", "cards", "labels", "cloze", "typed", "anki", "stock", "asks", "example", "order")
TEMPLATE_KEYS = ("name", "front", "back", "when", "id", "since", "anki")
EXAMPLE_KEYS = ("id", "tags", "reference", "extra")  # beside the kind's fields
TYPES = ("text", "texts", "options", "references", "word", "flag", "date", "day", "media", "shapes", "wording")
# What every card or file has: no field of a kind can have these keys, but it may ask for a reference.
RESERVED_KEYS = frozenset((*CARD_KEYS, "override", *FILE_KEYS)) - {"reference"}
NAMED_FILE = re.compile(r"""\burl\([ "']*([^"'()\s]+)|\bsrc\s?=[ "']*([^"'\s>]+)""", re.IGNORECASE)
FILE_NAME = re.compile(r"[\w.-]*\.\w+")  # without a folder or an address, and nothing that Anki fills in

# What may be wrong with templates and does not keep a package from being made.
TEMPLATE_CODES = ("empty-front", "equal-fronts", "unbalanced-section", "unknown-field")

Labels = dict[str, dict[str, str]]


@cache
def read_kinds() -> dict[str, Kind]:
    """The kinds that come with flashdeck, by name."""
    problems: list[Problem] = []
    kinds = _read_folder(KINDS_FOLDER, {}, Files([KINDS_FOLDER]), problems)
    assert not problems, problems
    return {kind.name: kind for kind in kinds}


def read_own_kinds(folder: Path, files: Files, problems: list[Problem]) -> list[Kind]:
    """The kinds in the folder `kinds` of a deck."""
    if not files.list_below(folder):
        return []
    return _read_folder(folder, _read_shared_parts(), files, problems)


@dataclass(frozen=True)
class _Shared:
    """What all kinds of a folder may use: flashdeck's labels and style, parts that come with it, and the folder's own parts."""

    labels: Labels
    css: str
    parts: Mapping[str, str]
    own_parts: Mapping[str, str]
    sizes: Mapping[str, int]  # of the parts, with all that they name
    files: Files


def _read_folder(folder: Path, parts: Mapping[str, str], files: Files, problems: list[Problem]) -> list[Kind]:
    css = (KINDS_FOLDER / "style.css").read_text(encoding="utf-8")
    own_parts = _read_parts(folder, files, problems)
    sizes = measure_parts({**parts, **own_parts})
    for word in (word for word in own_parts if sizes[word] > LARGEST_FILLED):
        message = f"'[[{word}]]' has no end: it names itself, or stands for more than {LARGEST_FILLED:,} characters"
        spot = Spot(str(folder / f"{word}.html"), 1, 1)
        problems.append(Problem(spot, "endless-part", message, "delete the '[[word]]' in it that leads back to it"))
    whole = {word: html if sizes[word] <= LARGEST_FILLED else "" for word, html in {**parts, **own_parts}.items()}
    shared = _Shared(_read_shared_labels(), css, whole, {word: whole[word] for word in own_parts}, measure_parts(whole), files)
    kinds = []
    names = {name.partition("/")[0] for name in files.list_below(folder) if "/" in name}
    for path in (folder / name for name in sorted(names) if name[0] not in "._"):
        source = read_source(path / "kind.yaml", files, problems)
        _check_folder_name(source, path.name, problems)
        if isinstance(source.value, dict):
            kinds.append(_read_kind(source.node(), path, shared, problems))
            continue
        if not source.unread:
            problems.append(source.node().problem("wrong-shape", "kind.yaml: expected a mapping", help="begin it with 'fields:'"))
        kinds.append(Kind(normalize("NFC", path.name), {}, (), {}, "", {}))  # its cards have a kind that is known
    return kinds


def _check_folder_name(source: Source, name: str, problems: list[Problem]) -> None:
    """Whether ledgers can hold the name of a kind: it is a word of a line there, before a language."""
    if not name.isprintable() or set(name) & set(" @~"):
        message = f"the folder '{short(name)}' cannot give a kind its name"
        slug = to_id(name)
        help = f"rename it to '{slug}'" if slug else "name it with lowercase letters a-z, digits and hyphens"
        problems.append(source.node().problem("bad-id", message, help=help))


@cache
def _read_shared_labels() -> Labels:
    return _read_labels(read_source(KINDS_FOLDER / "labels.yaml", Files([KINDS_FOLDER]), []).node(), [])


@cache
def _read_shared_parts() -> Mapping[str, str]:
    return _read_parts(KINDS_FOLDER, Files([KINDS_FOLDER]), [])


def _read_parts(folder: Path, files: Files, problems: list[Problem]) -> dict[str, str]:
    paths = [folder / name for name in files.list_below(folder) if name.endswith(".html") and "/" not in name]
    return {normalize("NFC", path.stem).replace("-", "_"): read_plain(path, files, problems).text for path in paths}


def _read_kind(node: Node, folder: Path, shared: _Shared, problems: list[Problem]) -> Kind:
    known = len(problems)
    about = as_mapping(node.value)
    cloze, typed_field = as_text(about.get("cloze", "")), as_text(about.get("typed", ""))
    misspelt = report_unknown_keys(node, KIND_KEYS, "a kind", problems)
    imported = _read_imported_note_type(node.node("anki"), problems) if "anki" in about else None
    fields = {} if "fields" in misspelt else _read_fields(node, () if "anki" in about else COMMON_FIELDS, problems)
    # a note type from elsewhere stays as it is: nothing of flashdeck's is added to it, and nothing in it is replaced
    own_labels = _read_labels(node.node("labels"), problems) if "labels" in about and not imported else {}
    labels = {} if imported else shared.labels | own_labels
    for key in ("cloze", "typed"):
        if key in about:
            read_word(node.node(key), f"'{key}'", fields, problems)
    if len(problems) > known:  # templates and cards would only be wrong for the same reasons
        return Kind(normalize("NFC", folder.name), fields, (), {}, "", {})
    parts = {} if imported else shared.parts
    names = tuple(field.name for field in fields.values() if field.name) + (() if imported else COMMON_FIELDS)
    context = _Context(folder, fields, names, cloze, labels, parts, shared.sizes, shared.files)
    known = len(problems)
    templates, sides = _read_templates(node, context, problems)
    if imported:  # its learners have what Anki makes of it
        problems[known:] = [one._replace(level="warning") if one.code in TEMPLATE_CODES else one for one in problems[known:]]
    else:
        _check_word_labels(node, fields, labels, problems)
    css_file = shared.files.find(folder, "style.css")
    style = read_plain(css_file, shared.files, problems) if css_file else Source("", "", "")
    _check_named_files(style, context, problems)
    css = style.text
    return Kind(
        normalize("NFC", folder.name),
        fields,
        templates,
        labels,
        css if imported else shared.css + css,
        parts,
        cloze=cloze,
        typed_field=typed_field,
        original_stock_kind=_read_number(node, "stock", problems),
        imported_note_type=imported,
        sides=sides,
        style=style,
        own_parts=shared.own_parts,
        own_labels={word: {one: node.node("labels", word, one) for one in texts} for word, texts in own_labels.items()},
        asks=as_text(about["asks"]) if "asks" in about and read_texts(node.node("asks"), "'asks'", (), problems) else "",
        example=_read_example(node.node("example"), fields, problems) if "example" in about else {},
        order=_read_number(node, "order", problems),
    )


def _read_imported_note_type(node: Node, problems: list[Problem]) -> ImportedNoteType | None:
    if not isinstance(node.value, dict):
        report_shape(node, "'anki'", "a mapping of 'id' and 'name'", problems)
        return None
    misspelt = report_unknown_keys(node, ("id", "name", *TYPE_SETTINGS), "'anki'", problems)
    name = node.value.get("name")
    if not isinstance(name, str) or not name.strip():
        if "name" in misspelt:
            return None
        problems.append(node.problem("missing-field", "'anki' has no 'name'", help="add the name of the note type in Anki"))
        return None
    return ImportedNoteType(_read_number(node, "id", problems), name, _read_settings(node, TYPE_SETTINGS, problems))


def _read_settings(node: Node, usual: Mapping[str, Setting], problems: list[Problem]) -> Settings:
    """What differs from what is usual in a note type, a field or a template of Anki's."""
    about, found = as_mapping(node.value), []
    for key in (key for key in usual if key in about):
        value: Setting
        if isinstance(usual[key], bool):
            value = _read_flag(node.node(key), (), problems)
        elif isinstance(usual[key], int):
            value = _read_number(node, key, problems)
        else:
            value = as_text(about[key])
            if not isinstance(about[key], str):
                report_shape(node.node(key), f"'{key}'", "a text", problems)
        found += [(key, value)] if value != usual[key] else []
    return tuple(found)


def _read_inner_settings(node: Node, usual: Mapping[str, Setting], problems: list[Problem]) -> Settings:
    """The settings below the key `anki` of a field or a template."""
    if "anki" not in as_mapping(node.value):
        return ()
    inner = node.node("anki")
    if not isinstance(inner.value, dict):
        report_shape(inner, "'anki'", f"a mapping such as '{{{next(iter(usual))}: ...}}'", problems)
        return ()
    report_unknown_keys(inner, usual, "'anki'", problems)
    return _read_settings(inner, usual, problems)


def _read_number(node: Node, key: str, problems: list[Problem]) -> int:
    """A whole number that Anki can store; 0 where there is none."""
    text = as_mapping(node.value).get(key, "")
    if not text:
        return 0
    if isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,19}", text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    report_shape(node.node(key), f"'{key}'", "a number", problems)
    return 0


def _read_example(node: Node, fields: Mapping[str, Field], problems: list[Problem]) -> Mapping[str, Value]:
    """A card of the kind, complete but for its kind; its texts are judged where they are used, in the deck of `init`."""
    if not isinstance(node.value, dict):
        report_shape(node, "'example'", "a mapping of fields, as a card has them", problems)
        return {}
    misspelt = report_unknown_keys(node, (*fields, *EXAMPLE_KEYS), "this kind", problems)
    read_id(node, problems, misspelt)
    for field in fields.values():
        if field.required and field.key not in node.value and field.key not in misspelt:
            message = f"this example has no '{field.key}'"
            problems.append(node.problem("missing-field", message, help="add it: this kind requires it"))
    return node.value


def _read_fields(node: Node, common: Collection[str], problems: list[Problem]) -> dict[str, Field]:
    """The fields of a kind by key; Anki stores the `common` ones beside them."""
    abouts = as_mapping(as_mapping(node.value).get("fields", ""))
    if not abouts:
        help = "add the fields of its cards, as in 'fields: {question: {type: text}}'"
        problems.append(node.problem("missing-field", "this kind has no 'fields'", help=help))
        return {}
    place = node.node("fields")
    fields: dict[str, Field] = {}
    names = {name.casefold() for name in common}
    for key, about in abouts.items():
        if about != "" and not isinstance(about, dict):
            report_shape(place.node(key), f"'{key}'", "a mapping such as '{type: text}'", problems)
            continue
        if key in RESERVED_KEYS or not re.fullmatch(r"[\w.-]+", key):
            reason = "is reserved: every card or file may have it" if key in RESERVED_KEYS else "cannot be a key"
            help = "choose another key; its 'name' in Anki may stay"
            problems.append(place.problem("bad-field-name", f"'{short(key)}' {reason}", key, key=True, help=help))
        fields[key] = field = _read_field(place.node(key), key, abouts, problems)
        if field.name and field.name != "Extra":  # what goes there is put before `extra`
            if field.name.casefold() in names:
                message = f"'{field.name}' is the name of another field, and Anki would rename one of them"
                problems.append(_at_name(place.node(key), message, "give each field a name of its own"))
            names.add(field.name.casefold())
    return fields


def _read_type(node: Node, fields: Collection[str], problems: list[Problem]) -> str:
    return as_text(node.value) if read_word(node, "'type'", TYPES, problems) else "text"


def _read_flag(node: Node, fields: Collection[str], problems: list[Problem]) -> bool:
    return read_word(node, f"'{node.route[-1]}'", ("true", "false"), problems) and node.value == "true"


def _read_needs(node: Node, fields: Collection[str], problems: list[Problem]) -> str:
    return as_text(node.value) if read_word(node, "'needs'", fields, problems) else ""


def _read_words(node: Node, fields: Collection[str], problems: list[Problem]) -> tuple[str, ...]:
    words = read_words(node, "'words'", problems)
    for word, place in words.items():
        if not re.fullmatch(r"\w[\w -]*", word):
            report_shape(place, "an item of 'words'", "letters, digits, spaces and hyphens", problems)
    return tuple(words)


def _read_doc(node: Node, fields: Collection[str], problems: list[Problem]) -> str:
    return as_text(node.value) if read_texts(node, "'doc'", (), problems) else ""


# The keys of a field, and how each is read; `fields` are the keys of all fields of the kind.
FIELD_READERS: Mapping[str, Callable[[Node, Collection[str], list[Problem]], Any]] = {
    "type": _read_type,
    "required": _read_flag,
    "needs": _read_needs,
    "words": _read_words,
    "fact": _read_flag,
    "doc": _read_doc,
}
FIELD_KEYS = ("name", *FIELD_READERS, "id", "since", "anki")


def _read_field(node: Node, key: str, fields: Collection[str], problems: list[Problem]) -> Field:
    about = as_mapping(node.value)
    misspelt = report_unknown_keys(node, FIELD_KEYS, "a field", problems) if about else {}
    values = {name: read(node.node(name), fields, problems) for name, read in FIELD_READERS.items() if name in about}
    type = values.get("type", "text")
    if type == "word" and not values.get("words") and "words" not in misspelt:
        problems.append(node.problem("missing-field", f"the field '{key}' has no 'words'", help="list the words it may take"))
    default = "" if type in ("references", "day") or key == "type_answer" else key.replace("_", " ").capitalize()
    name = "" if about.get("name", default) == "" else _read_name(node, default, problems)
    id, since = (_read_number(node, "id", problems), _read_edition(node, problems)) if about else (0, 1)
    settings = _read_inner_settings(node, FIELD_SETTINGS, problems)
    return Field(key, name=name, id=id, settings=settings, since=since, **values)


def _read_edition(node: Node, problems: list[Problem]) -> int:
    """The edition of the kind that added a field or card: the first, unless its author names another."""
    text = as_mapping(node.value).get("since", "1")
    if isinstance(text, str) and re.fullmatch("[1-9][0-9]?", text):
        return int(text)
    report_shape(node.node("since"), "'since'", "the number of an edition of the kind, such as 2", problems)
    return 1


def _read_name(node: Node, default: str, problems: list[Problem], bad: str = r'[:"{}]|^[#^/]') -> str:
    """The name of a field or card in Anki; empty where Anki would rename it without a word, and updates would stop."""
    name = as_mapping(node.value).get("name", default)
    if not isinstance(name, str):
        report_shape(node.node("name"), "'name'", "a text", problems)
        return ""
    wrong = next(iter(re.findall(bad, name)), "")
    if not wrong and name == name.strip() and name and normalize("NFC", name) == name:
        return name
    reason = f"contains '{wrong}'" if wrong else "has a leading or trailing space, or a decomposed accent"
    message = f"'{short(name)}' {reason}: Anki would rename it, and later releases would not arrive"
    problems.append(_at_name(node, message, "use letters, digits, spaces and hyphens"))
    return ""


def _at_name(node: Node, message: str, help: str) -> Problem:
    """A problem with the name of a field or card, whether it was typed or follows from the key."""
    return node.problem("bad-field-name", message, *(("name",) if "name" in (node.value or ()) else ()), help=help)


def _read_labels(node: Node, problems: list[Problem]) -> Labels:
    """The texts of each word by language."""
    if node.value == "":
        return {}
    if not isinstance(node.value, dict):
        report_shape(node, "'labels'", "a mapping of words to texts", problems)
        return {}
    labels: Labels = {}
    for word, texts in node.value.items():
        by_language = {language: text for language, text in as_mapping(texts).items() if isinstance(text, str) and text}
        for language, text in by_language.items():
            if found := re.search(r"\{\{|\}\}", text):
                help = "write what is Anki's in the templates"
                message = f"the label '{short(word)}' cannot hold '{found[0]}'"
                problems.append(node.problem("unbalanced-section", message, word, language, word=found[0], help=help))
        if by_language and by_language == texts:
            labels[word] = by_language
        else:
            report_shape(node.node(word), f"the label '{word}'", "a text in each language, such as '{en: ...}'", problems)
    return labels


def _check_word_labels(node: Node, fields: Mapping[str, Field], labels: Labels, problems: list[Problem]) -> None:
    """The words that a field may take are shown to learners, so each needs a label."""
    for word in (word for field in fields.values() for word in field.words):
        if word not in labels:
            help = f"write it in every language under 'labels: {{{word}: ...}}'"
            problems.append(node.problem("unknown-label", f"there is no label for '{word}'", "fields", word=word, help=help))


@dataclass(frozen=True)
class _Context:
    """What the templates of one kind may name."""

    folder: Path
    fields: Mapping[str, Field]
    names: tuple[str, ...]  # of the fields in Anki, the common ones included
    cloze: str  # the key of the field with the gaps
    labels: Labels
    parts: Mapping[str, str]
    sizes: Mapping[str, int]  # of the parts, with all that they name
    files: Files

    @property
    def has_words(self) -> bool:
        """Whether `[[word]]` is to be replaced: a note type from elsewhere may have `[[0]]` in a script."""
        return bool(self.parts or self.labels)


def _read_templates(node: Node, context: _Context, problems: list[Problem]) -> tuple[tuple[Template, ...], tuple[Source, ...]]:
    """The templates of a kind, and their files."""
    about_kind = as_mapping(node.value)
    typed = "cards" in about_kind
    cards = about_kind.get("cards", {"card": {}})
    if not isinstance(cards, dict) or not cards:
        report_shape(node.node("cards"), "'cards'", "a mapping of keys to their 'front' and 'back'", problems)
        return (), ()
    templates: list[Template] = []
    sides: list[Source] = []
    fronts: dict[str, str] = {}  # the key of the card by the text of its front
    for key, about in cards.items():
        place = node.node("cards", key) if typed else node
        if typed and (not key.isprintable() or not key.strip()):
            message = f"'{short(key)}' cannot be a key"
            help = "choose another key; its 'name' in Anki may stay"
            problems.append(place.problem("bad-field-name", message, key=True, help=help))
            continue
        if not isinstance(about, dict):
            report_shape(place, f"the card '{key}'", "a mapping with 'name', 'front' and 'back'", problems)
            continue
        if typed:
            report_unknown_keys(place, TEMPLATE_KEYS, "a card of a kind", problems)
        name = _read_name(place, key if typed else "Card", problems, bad=r'"')
        if not name:
            continue
        if name.casefold() in (template.name.casefold() for template in templates):
            message = f"'{name}' is the name of another card, and Anki would rename one of them"
            problems.append(_at_name(place, message, "give each card a name of its own"))
        when = about.get("when", "")
        if when != "" and not read_word(place.node("when"), "'when'", context.fields, problems):
            continue
        front, back = (_read_side(place, about, side, context, problems) for side in ("front", "back"))
        shown = find_shown(_fill_parts(front.text, context.parts))
        if front.path:  # else it was already reported that there is none
            _check_front(front, shown, key, fronts, context, problems)
        by_name = {field.name: field.key for field in context.fields.values() if field.name}
        front_keys = tuple(by_name[field] for field in shown if field in by_name)
        id, since = (_read_number(place, "id", problems), _read_edition(place, problems)) if typed else (0, 1)
        settings = _read_inner_settings(place, TEMPLATE_SETTINGS, problems) if typed else ()
        templates.append(Template(key, name, front.text, back.text, as_text(when), front_keys, id, settings, since))
        if (when and context.fields[as_text(when)].since > since) or (
            front_keys and all(context.fields[key].since > since for key in front_keys)
        ):
            message = f"'{key}' is of edition {since}, and asks only for fields that later ones added"
            help = "show a field on it that is as old, or give the card the same 'since'"
            problems.append(Problem(front.spot_at(0), "empty-front", message, help))
        sides += [front, back]
    return tuple(templates), tuple(sides)


def _read_side(node: Node, about: Mapping[str, Value], side: str, context: _Context, problems: list[Problem]) -> Source:
    """The HTML of the front or back of a card; one without a path where there is none."""
    file = about.get(side, f"{side}.html")
    if not isinstance(file, str) or not re.fullmatch(r"[\w. -]+", file):
        report_shape(node.node(side), f"'{side}'", "the name of a file beside kind.yaml", problems)
        return Source("", "", "")
    path = context.files.find(context.folder, file)
    if not path:
        help = f"write it beside kind.yaml, or name another in '{side}'"
        where = (side,) if side in about else ()
        problems.append(node.problem("missing-file", f"there is no file '{file}'", *where, help=help))
        return Source("", "", "")
    html = read_plain(path, context.files, problems)
    if context.has_words and measure(PART.findall(html.text), context.sizes) > LARGEST_FILLED:
        message = f"'{file}' stands for more than {LARGEST_FILLED:,} characters"
        problems.append(Problem(html.spot_at(0), "endless-part", message, "name fewer parts in it"))
        return Source("", "", "")
    for mistake in find_mistakes(html.text, context.names):
        problems.append(Problem(html.spot_at(mistake.index), mistake.code, mistake.message, mistake.help))
    _check_named_files(html, context, problems)
    for found in PART.finditer(html.text) if context.has_words else ():
        _check_word(found[1], html, found.start(), context, problems)
    return html


def _check_named_files(source: Source, context: _Context, problems: list[Problem]) -> None:
    """Whether the pictures, sounds and fonts that a side or a style names are packed."""
    for found in NAMED_FILE.finditer(source.text):
        name, spot = found[1] or found[2], source.spot_at(found.start(found.lastindex or 0))
        if not FILE_NAME.fullmatch(name):
            continue
        if name[0] != "_":
            message = f"'{name}' is in no package: Anki keeps only those files for templates whose names begin with '_'"
            problems.append(Problem(spot, "unpacked-file", message, f"rename it to '_{name}', there and here", "warning"))
            continue
        tops = (context.folder, context.folder.parent.parent / MEDIA_FOLDER)
        path = next((path for top in tops if (path := context.files.find(top, name))), None)
        if not path:
            help = "put it beside kind.yaml, or into the deck's 'media' folder"
            problems.append(Problem(spot, "unpacked-file", f"there is no file '{name}'", help, "warning"))
        elif not context.files.digest(path):
            help = "put the file itself there, and check that you have permission to read it"
            problems.append(Problem(spot, "unreadable-file", f"'{name}' is no file that can be read inside the deck", help))


def _check_word(word: str, html: Source, index: int, context: _Context, problems: list[Problem]) -> None:
    """Whether a `[[word]]` is defined, and its HTML is valid in this kind."""
    spot = html.spot_at(index)
    for mistake in find_mistakes(_fill_parts(context.parts.get(word, ""), context.parts), context.names):
        problems.append(Problem(spot, mistake.code, f"in '{word}.html', {mistake.message}", mistake.help))
    if word not in (*context.labels, *context.parts, "lang", "dir"):
        help = nearest(word, [*context.labels, *context.parts])
        problems.append(Problem(spot, "unknown-label", f"there is no label '{word}'", help))


def _check_front(
    front: Source, shown: Collection[str], key: str, fronts: dict[str, str], context: _Context, problems: list[Problem]
) -> None:
    """Whether Anki makes a card of a front, and another than of those in `fronts`, to which it is added."""
    cloze = f"{{{{cloze:{context.fields[context.cloze].name}}}}}" if context.cloze else ""
    text = " ".join(front.text.split())
    start = front.spot_at(0)
    if not any(name in context.names for name in shown):
        help = f"show the field that is asked, as in '{{{{{context.names[0]}}}}}'"
        problems.append(Problem(start, "empty-front", "this front shows no field: Anki makes no card of it", help))
    elif context.cloze and context.fields[context.cloze].name not in find_cloze_fields(_fill_parts(front.text, context.parts)):
        problems.append(Problem(start, "empty-front", "this front shows no gap", f"write '{cloze}' where the gaps go"))
    elif text in fronts:
        message = f"this front is the same as that of the card '{fronts[text]}'"
        problems.append(Problem(start, "equal-fronts", message, "ask something else, or delete one of the two"))
    fronts.setdefault(text, key)


def _fill_parts(html: str, parts: Mapping[str, str]) -> str:
    return PART.sub(lambda found: parts.get(found[1], ""), html)
