"""Reads the kinds of cards. A kind is a folder: kind.yaml (fields, cards, labels), a front and a back a card, style.css.

In the HTML files `[[word]]` is replaced when a deck is built: by the file `word.html` beside the kind's folder, by the
language (`[[lang]]`, `[[dir]]`), or by the label `word` in the language of the note. `{{Field}}` is Anki's.

A deck has kinds of its own in its folder `kinds`, of the same layout; what is wrong with them is told at its place.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from unicodedata import normalize

from flashdeck.diagnostics.problem import Problem, Spot, nearest
from flashdeck.model.template_language import find_mistakes, find_scripts, find_shown
from flashdeck.sources.values import read_texts, read_word, read_words, short, tell_shape, tell_unknown_keys
from flashdeck.sources.yaml_file import Node, Source, Value, read_plain, read_source

FOLDER = Path(__file__).parent.parent / "kinds"

# What Anki stores after a kind's own fields. A published note type can never gain a field before its last one, so
# `Retired` (why a card was withdrawn) and `Typed answer` are here before anything fills them. `My notes` is the learner's.
COMMON_FIELDS = ("Extra", "Sources", "Retired", "Typed answer", "My notes")

KIND_KEYS = ("fields", "cards", "labels", "cloze", "typed", "anki", "stock")
FIELD_KEYS = ("name", "type", "required", "needs", "words", "fact", "doc", "id")
TEMPLATE_KEYS = ("name", "front", "back", "when", "id")
TYPES = ("text", "texts", "options", "references", "word", "flag", "date", "day", "media", "shapes")
# What every card has: no field of a kind can have these keys, but it may ask for a reference.
TAKEN = frozenset(("id", "guid", "kind", "deck", "languages", "tags", "extra", "sensitive", "retired", "override"))
TAKEN_IN_FILES = frozenset(("cards", "references", "courses"))


@dataclass(frozen=True)
class Field:
    """What an author may write under `key`; `name` is where Anki stores it, or empty.

    Types: text, texts (one or a list), options (the wrong ones of a choice), references, word (one of `words`), flag
    (true or false), date (shown to learners), day (YYYY-MM-DD), media (a picture or sound) and shapes (on a picture).
    """

    key: str
    type: str
    name: str = ""
    required: bool = False
    needs: str = ""  # the field that must be there where this one is
    words: tuple[str, ...] = ()
    fact: bool = False  # a change here is one of facts, not of wording
    doc: str = ""
    id: int = 0  # Anki's, of a note type that learners have from elsewhere


@dataclass(frozen=True)
class Template:
    """One card that Anki makes of a note; where `when` names a field, only of notes that have it."""

    key: str
    name: str
    front: str
    back: str
    when: str = ""
    asks: tuple[str, ...] = ()  # the keys of the fields that its front shows, in its order
    id: int = 0


@dataclass(frozen=True)
class Kind:
    """A kind of card: what its author writes, and how its learner sees it. `name` and all keys are permanent."""

    name: str  # of a deck's own kind: deck/word
    fields: dict[str, Field]
    templates: tuple[Template, ...]  # none in one whose fields have mistakes
    labels: dict[str, dict[str, str]] = field(repr=False)
    css: str = field(repr=False)
    parts: Mapping[str, str] = field(repr=False)  # the HTML that `[[word]]` stands for, by word
    cloze: str = ""  # the field with the gaps, for a kind that has them
    typed: str = ""  # the field that learners type, where a card asks them to
    stock: int = 0  # what Anki calls the kind of a note type of its own that it knows how to edit
    anki: tuple[int, str] | None = None  # id and name of the note type that learners have from elsewhere
    scripts: tuple[Problem, ...] = field(default=(), repr=False)  # what a deck has to allow

    @property
    def word(self) -> str:
        """What its authors call it."""
        return self.name.rpartition("/")[2]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of its fields."""
        return frozenset(self.fields)

    @cached_property
    def options(self) -> tuple[str, ...]:
        """The keys of its fields of wrong answers."""
        return tuple(field.key for field in self.fields.values() if field.type == "options")

    @cached_property
    def days(self) -> tuple[str, ...]:
        """The keys of its fields that say when to look at it again."""
        return tuple(field.key for field in self.fields.values() if field.type == "day")

    @cached_property
    def shows(self) -> bool:
        """Whether it has a field for a picture or sound."""
        return any(field.type == "media" for field in self.fields.values())

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        """The fields that Anki stores as they are, in its order."""
        return tuple(field for field in self.fields.values() if field.name and field.name not in self.common)

    @cached_property
    def whens(self) -> tuple[tuple[int, str], ...]:
        """The places of its templates, each with the key of the field that it needs, or nothing."""
        return tuple((at, template.when) for at, template in enumerate(self.templates))

    @cached_property
    def extras(self) -> tuple[Field, ...]:
        """The fields that go before what the author adds as `extra`."""
        return tuple(field for field in self.fields.values() if field.name == "Extra" and self.common)

    @property
    def common(self) -> tuple[str, ...]:
        """The fields that Anki stores after its own: none in a note type that is to stay as learners have it."""
        return () if self.anki else COMMON_FIELDS

    def label(self, word: str, language: str) -> str:
        """The label in a language, else in the language it is a variety of, else in English, else in any."""
        texts = self.labels[word]
        return texts.get(language) or texts.get(language.partition("-")[0]) or texts.get("en") or next(iter(texts.values()))

    def speaks(self, language: str) -> bool:
        """Whether the kind has its labels in this language."""
        return all({language, language.partition("-")[0]} & texts.keys() for texts in self.labels.values())


@cache
def read_kinds() -> dict[str, Kind]:
    """The kinds that come with flashdeck, by name."""
    problems: list[Problem] = []
    kinds = _read_folder(FOLDER, {}, _read_labels(), problems)
    assert not problems, problems
    return {kind.name: kind for kind in kinds}


def read_own_kinds(folder: Path, problems: list[Problem]) -> list[Kind]:
    """The kinds of the deck in `folder`, by their words; what is wrong with them is added to `problems`."""
    if not (folder / "kinds").is_dir():
        return []
    return _read_folder(folder / "kinds", _read_parts(FOLDER, problems), _read_labels(), problems)


def _read_folder(folder: Path, parts: Mapping[str, str], labels: Value, problems: list[Problem]) -> list[Kind]:
    own_parts = _read_parts(folder, problems)
    css = _read_css(FOLDER)
    kinds = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"):
        source = read_source(path / "kind.yaml", problems)
        if isinstance(source.value, dict):
            kinds.append(_read_kind(source.node(), path, parts, own_parts, labels, css, problems))
        elif not source.unread:
            problems.append(source.node().problem("wrong-shape", "kind.yaml wants a mapping", help="begin it with 'fields:'"))
    return kinds


@cache
def _read_labels() -> Value:
    return read_source(FOLDER / "labels.yaml", []).value


@cache
def _read_css(folder: Path) -> str:
    path = folder / "style.css"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _read_parts(folder: Path, problems: list[Problem]) -> dict[str, str]:
    return {path.stem.replace("-", "_"): read_plain(path, problems).text for path in sorted(folder.glob("*.html"))}


def _read_kind(
    node: Node,
    folder: Path,
    shared_parts: Mapping[str, str],
    own_parts: Mapping[str, str],
    shared_labels: Value,
    shared_css: str,
    problems: list[Problem],
) -> Kind:
    known = len(problems)
    tell_unknown_keys(node, KIND_KEYS, "a kind", problems)
    anki = _read_anki(node, problems)
    fields = _read_fields(node, problems)
    labels = {} if anki else shared_labels | _read_own_labels(node, problems)
    names = [field.name for field in fields.values() if field.name]
    for key in ("cloze", "typed"):
        if key in node.value:
            read_word(node.node(key), f"'{key}'", fields, problems)
    if len(problems) > known:  # templates and cards would only be wrong for the same reasons
        return Kind(folder.name, fields, (), {}, "", {})
    parts = {} if anki else {**shared_parts, **own_parts}
    reader = _Templates(folder, labels, (*names, *(() if anki else COMMON_FIELDS)), parts, own_parts, problems)
    templates = reader.read(node, fields)
    if not anki:
        for word in (word for field in fields.values() for word in field.words):
            if word not in labels:
                help = f"write it in every language under 'labels: {{{word}: ...}}'"
                problems.append(node.problem("unknown-label", f"there is no label for '{word}'", "fields", word=word, help=help))
    css = read_plain(folder / "style.css", problems).text if (folder / "style.css").exists() else ""
    return Kind(
        folder.name,
        fields,
        tuple(templates),
        labels,
        css if anki else shared_css + css,
        parts,
        node.value.get("cloze", ""),
        node.value.get("typed", ""),
        _read_number(node, "stock", problems),
        anki,
        tuple(reader.scripts),
    )


def _read_anki(node: Node, problems: list[Problem]) -> tuple[int, str] | None:
    """Which note type it is that learners have from elsewhere; nothing for one of flashdeck's."""
    if "anki" not in node.value:
        return None
    place = node.node("anki")
    if not isinstance(place.value, dict):
        tell_shape(place, "'anki'", "a mapping of 'id' and 'name'", problems)
        return None
    tell_unknown_keys(place, ("id", "name"), "'anki'", problems)
    name = place.value.get("name")
    if not isinstance(name, str) or not name.strip():
        problems.append(place.problem("missing-field", "'anki' has no 'name'", help="add the name of the note type in Anki"))
        return None
    return _read_number(place, "id", problems), name


def _read_number(node: Node, key: str, problems: list[Problem]) -> int:
    """A positive whole number that Anki can store; 0 where there is none."""
    text = node.value.get(key, "") if isinstance(node.value, dict) else ""
    if not text:
        return 0
    if isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,19}", text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    tell_shape(node.node(key), f"'{key}'", "a number", problems)
    return 0


def _read_fields(node: Node, problems: list[Problem]) -> dict[str, Field]:
    if not isinstance(node.value.get("fields"), dict) or not node.value["fields"]:
        help = "add the fields of its cards, as in 'fields: {question: {type: text}}'"
        problems.append(node.problem("missing-field", "this kind has no 'fields'", help=help))
        return {}
    place = node.node("fields")
    fields = {}
    seen = {name.casefold() for name in COMMON_FIELDS} if "anki" not in node.value else set()
    for key, about in place.value.items():
        if about == "":
            about = {}
        if not isinstance(about, dict):
            tell_shape(place.node(key), f"'{key}'", "a mapping such as '{type: text}'", problems)
            continue
        if key in TAKEN | TAKEN_IN_FILES or not re.fullmatch(r"[\w.-]+", key):
            reason = "is what every card or file has" if key in TAKEN | TAKEN_IN_FILES else "cannot be a key"
            help = "choose another key; its 'name' in Anki may stay"
            problems.append(place.problem("bad-field-name", f"'{short(key)}' {reason}", key, key=True, help=help))
        one = place.node(key)
        if about:
            tell_unknown_keys(one, FIELD_KEYS, "a field", problems)
        type = about.get("type", "text")
        if type not in TYPES:
            read_word(one.node("type"), "'type'", TYPES, problems)
        words = tuple(read_words(one.node("words"), "'words'", problems)) if "words" in about else ()
        if type == "word" and not words:
            problems.append(one.problem("missing-field", f"the field '{key}' has no 'words'", help="list the words it may take"))
        for flag in ("required", "fact"):
            if flag in about:
                read_word(one.node(flag), f"'{flag}'", ("true", "false"), problems)
        if "needs" in about:
            read_word(one.node("needs"), "'needs'", place.value, problems)
        if "doc" in about:
            read_texts(one.node("doc"), "'doc'", (), problems)
        default = "" if type in ("references", "day") or key == "type_answer" else key.replace("_", " ").capitalize()
        name = about.get("name", default)
        if name and _is_good_name(one, name, "name", problems) and name != "Extra":  # what goes there is put before `extra`
            if name.casefold() in seen:
                message = f"'{name}' is the name of another field, and Anki would rename one of them"
                problems.append(_at_name(one, "bad-field-name", message, "give each field a name of its own"))
            seen.add(name.casefold())
        if isinstance(name, str) and isinstance(type, str):
            required, fact = about.get("required") == "true", about.get("fact") == "true"
            number = _read_number(one, "id", problems)
            needs, doc = str(about.get("needs", "")), str(about.get("doc", ""))
            fields[key] = Field(key, type, name, required, needs, words, fact, doc, number)
    return fields


def _is_good_name(node: Node, name: Value, key: str, problems: list[Problem]) -> bool:
    """Whether Anki takes a name of a field or card as it is: it renames others without a word, and updates stop."""
    if not isinstance(name, str):
        tell_shape(node.node(key), f"'{key}'", "a text", problems)
        return False
    wrong = next(iter(re.findall(r'[:"{}]|^[#^/]', name)), "")
    if not wrong and name == name.strip() and name and normalize("NFC", name) == name:
        return True
    reason = f"has '{wrong}' in it" if wrong else "begins or ends with a blank, or has letters in two halves"
    message = f"'{short(name)}' {reason}: Anki would rename it, and later releases would not arrive"
    problems.append(_at_name(node, "bad-field-name", message, "use letters, digits, blanks and hyphens"))
    return False


def _at_name(node: Node, code: str, message: str, help: str) -> Problem:
    return node.problem(code, message, *(("name",) if "name" in (node.value or ()) else ()), help=help)


def _read_own_labels(node: Node, problems: list[Problem]) -> dict[str, dict[str, str]]:
    labels = node.value.get("labels", {})
    if labels == "":
        return {}
    if not isinstance(labels, dict):
        tell_shape(node.node("labels"), "'labels'", "a mapping of words to texts", problems)
        return {}
    good = {}
    for word, texts in labels.items():
        if isinstance(texts, dict) and texts and all(isinstance(text, str) and text for text in texts.values()):
            good[word] = texts
        else:
            wanted = "a text in each language, such as '{en: ...}'"
            tell_shape(node.node("labels", word), f"the label '{word}'", wanted, problems)
    return good


class _Templates:
    """Reads the templates of one kind, and collects what is wrong with them."""

    def __init__(
        self,
        folder: Path,
        labels: Mapping[str, object],
        names: Iterable[str],
        parts: Mapping[str, str],
        own_parts: Mapping[str, str],
        problems: list[Problem],
    ) -> None:
        self.folder, self.labels, self.parts, self.own_parts = folder, labels, parts, own_parts
        self.names, self.problems = tuple(names), problems
        self.scripts: list[Problem] = []
        self.fills = parts or labels  # a note type from elsewhere may have `[[0]]` in a script

    def read(self, node: Node, fields: Mapping[str, Field]) -> list[Template]:
        cards = node.value.get("cards", {"card": {"name": "Card"}})
        if not isinstance(cards, dict) or not cards:
            tell_shape(node.node("cards"), "'cards'", "a mapping of keys to their 'front' and 'back'", self.problems)
            return []
        templates: list[Template] = []
        fronts: dict[str, str] = {}
        for key, about in cards.items():
            one = node.node("cards", key) if "cards" in node.value else node
            if not isinstance(about, dict):
                tell_shape(one, f"the card '{key}'", "a mapping with 'name', 'front' and 'back'", self.problems)
                continue
            if "cards" in node.value:
                tell_unknown_keys(one, TEMPLATE_KEYS, "a card of a kind", self.problems)
            name = about.get("name", key)
            if not _is_good_name(one, name, "name", self.problems) or not isinstance(name, str):
                continue
            if name.casefold() in (template.name.casefold() for template in templates):
                message = f"'{name}' is the name of another card, and Anki would rename one of them"
                self.problems.append(_at_name(one, "bad-field-name", message, "give each card a name of its own"))
            when = about.get("when", "")
            if when and not read_word(one.node("when"), "'when'", fields, self.problems):
                continue
            front, back = (self.read_side(one, about, side) for side in ("front", "back"))
            shown = self.check_front(front, node.value.get("cloze", ""), fields, fronts, key)
            keys = {field.name: field.key for field in fields.values() if field.name}
            asks = tuple(keys[name] for name in shown if name in keys)
            templates.append(Template(key, name, front.text, back.text, when, asks, _read_number(one, "id", self.problems)))
        return templates

    def read_side(self, node: Node, about: Mapping[str, Value], side: str) -> Source:
        file = about.get(side, f"{side}.html")
        if not isinstance(file, str) or not re.fullmatch(r"[\w. -]+", file):
            tell_shape(node.node(side), f"'{side}'", "the name of a file beside kind.yaml", self.problems)
            return Source("", "", None)
        if not (self.folder / file).is_file():
            help = f"write it beside kind.yaml, or name another in '{side}'"
            where = (side,) if side in about else ()
            self.problems.append(node.problem("missing-file", f"there is no file '{file}'", *where, help=help))
            return Source("", "", None)
        html = read_plain(self.folder / file, self.problems)
        for mistake in find_mistakes(html.text, self.names):
            self.problems.append(Problem(html.spot_at(mistake.index), mistake.code, mistake.message, mistake.help))
        for found in re.finditer(r"\[\[(\w+)\]\]", html.text) if self.fills else ():
            for mistake in find_mistakes(_fill_parts(self.parts.get(found[1], ""), self.parts), self.names):
                message = f"in '{found[1]}.html', {mistake.message}"
                self.problems.append(Problem(html.spot_at(found.start()), mistake.code, message, mistake.help))
            for _, what in find_scripts(self.own_parts.get(found[1], "")):
                self.tell_script(html.spot_at(found.start()), f"'{what}' in '{found[1]}.html'")
            if found[1] not in (*self.labels, *self.parts, "lang", "dir"):
                message = f"there is no label '{found[1]}'"
                help = nearest(found[1], [*self.labels, *self.parts])
                self.problems.append(Problem(html.spot_at(found.start()), "unknown-label", message, help))
        for index, what in find_scripts(html.text):
            self.tell_script(html.spot_at(index), f"'{what}'")
        return html

    def tell_script(self, spot: Spot, what: str) -> None:
        help = "delete it; or, if you know what it does, write 'allow_scripts: true' in deck.yaml"
        self.scripts.append(Problem(spot, "script", f"{what} can run in a learner's Anki", help))

    def check_front(self, front: Source, cloze: str, fields: Mapping[str, Field], fronts: dict[str, str], key: str) -> list[str]:
        """The fields that a front shows, its parts included."""
        html = _fill_parts(front.text, self.parts)
        shown = find_shown(html)
        text = " ".join(front.text.split())
        if not front.path:
            return shown  # that there is none has been told
        if not [name for name in shown if name in self.names]:
            help = f"show what is asked, as in '{{{{{self.names[0]}}}}}'"
            message = "this front shows no field: Anki makes no card of it"
            self.problems.append(Problem(front.spot_at(0), "empty-front", message, help))
        elif cloze and f"{{{{cloze:{fields[cloze].name}}}}}" not in html:
            help = f"write '{{{{cloze:{fields[cloze].name}}}}}' where the gaps go"
            self.problems.append(Problem(front.spot_at(0), "empty-front", "this front shows no gap", help))
        elif text in fronts:
            message = f"this front is the same as that of the card '{fronts[text]}'"
            self.problems.append(
                Problem(front.spot_at(0), "equal-fronts", message, "ask something else, or delete one of the two")
            )
        fronts.setdefault(text, key)
        return shown


def _fill_parts(html: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"\[\[(\w+)\]\]", lambda found: parts.get(found[1], ""), html)


def fill(html: str, kind: Kind, language: str, depth: int = 8) -> str:
    """The HTML of a template with its `[[words]]` filled in for one language."""
    if kind.anki:
        return html

    def word(found: re.Match[str]) -> str:
        name = found[1]
        if name == "lang":
            return language
        if name == "dir":
            return "rtl" if is_right_to_left(language) else "ltr"
        if name in kind.parts:
            return fill(kind.parts[name], kind, language, depth - 1) if depth else ""
        return kind.label(name, language) if name in kind.labels else found[0]

    return re.sub(r"\[\[(\w+)\]\]", word, html)


def is_right_to_left(language: str) -> bool:
    return language.partition("-")[0] in {"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}
