"""A card as its author wrote it, and how it is read. Reading never stops at a mistake: it is reported, and the rest goes on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from flashdeck.diagnostics.problem import Problem, nearest
from flashdeck.model.decks import Deck
from flashdeck.model.fields import TEXT_TYPES, are_complete_texts, is_complete, read_value, to_shapes, type_of
from flashdeck.model.keys import CARD_KEYS, COMMON_ONLY, FILE_KEYS, OF_ONE_CARD, SENSITIVE
from flashdeck.model.kinds import Kind
from flashdeck.model.template_language import shows_something
from flashdeck.model.texts import all_texts, is_complete_in, texts_in
from flashdeck.sources.values import find_misspelt, read_some_words, report_shape, report_unknown_keys, short, to_date
from flashdeck.sources.yaml_file import Node, Route, Source, Value, find_invisible


@dataclass(frozen=True)
class Override:
    """Where a deck overrides the wording of a field of another deck's card."""

    deck: Deck
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Card:
    """One card as written. `id` never changes: it is what keeps a learner's progress."""

    id: str  # in its deck
    deck: Deck
    kind: Kind
    values: Mapping[str, Value]  # as typed, with the defaults of the file
    languages: tuple[str, ...]  # in which it is complete
    left_out: tuple[str, ...]  # in which a translation is missing
    tags: tuple[str, ...]
    node: Node = field(repr=False, compare=False)
    overrides: Mapping[str, Override] = field(default_factory=dict)  # by the key of a field that another deck overrides

    @property
    def full_id(self) -> str:
        return f"{self.deck.id}/{self.id}"

    def texts(self, key: str, language: str) -> list[tuple[Route, str]]:
        """The texts of a field in one language, each with its route from the card."""
        value = self.values.get(key)
        if type(value) is str:  # by far the most are texts, and texts by language
            return [((key,), value)]
        if type(value) is dict and type(text := value.get(language)) is str:
            return [((key, language), text)]
        return [((key, *route), text) for route, text in texts_in(value, language)] if value else []

    def all_texts(self, key: str) -> list[tuple[Route, str]]:
        """The texts of a field in all languages of the deck, each with its route, each once; empty ones have been reported."""
        texts = [pair for language in self.deck.languages for pair in self.texts(key, language) if pair[1].strip()]
        return list(dict.fromkeys(texts))

    def text(self, key: str, language: str) -> str:
        """The text of a field in one language; empty where there is none."""
        value = self.values.get(key, "")
        if type(value) is dict:
            value = value.get(language, "")
        if type(value) is str:
            return value
        return next((text for _, text in self.texts(key, language)), "")

    def is_set(self, key: str) -> bool:
        """Whether a flag is `true`."""
        return self.values.get(key) == "true"

    @property
    def retired(self) -> Mapping[str, Value]:
        """`since`, `why` and perhaps `replaced_by` of a card that was withdrawn; else empty."""
        value = self.values.get("retired")
        return value if isinstance(value, dict) else {}

    def asked(self, language: str, at: int = 0) -> list[tuple[Route, str]]:
        """The texts that the front of one of its templates shows in one language, each with its route."""
        return [pair for key in self.kind.templates[at].front_keys for pair in self.texts(key, language)]

    def front(self, language: str) -> str:
        """What the card asks, in one line: the first text that its front shows, with its gaps filled in."""
        if key := self.kind.shapes:
            return ", ".join(shape.name(language) for shape in to_shapes(self.values[key]))
        asked = self.asked(language)
        return fill_gaps(asked[0][1]) if asked else ""

    def problem(self, code: str, message: str, *route: str | int, unknown: str = "", **about: Any) -> Problem:
        """A problem at a field of this card, wherever that field was typed; `unknown` is the id that it reports as unknown."""
        problem = self._place(*route).problem(code, message, *route, **about)
        return problem._replace(card=self.full_id, unknown=unknown)

    def _place(self, *route: str | int) -> Node:
        """The node below which a field was typed: the card, the defaults of its file, or an override."""
        if route and route[0] in self.overrides:
            return self.overrides[str(route[0])].node
        if route and route[0] not in self.node.fields:
            return self.node.source.node()
        return self.node

    def home(self, key: str) -> tuple[Deck, Path]:
        """The deck in which a field was written, and the folder of its file: where its pictures are."""
        other = self.overrides.get(key)
        deck, node = (other.deck, other.node) if other else (self.deck, self.node)
        return deck, Path(node.source.path).parent

    def templates(self, language: str) -> list[int]:
        """Which of its kind's templates make a card of it (of a cloze: which gaps, from 0)."""
        kind = self.kind
        if kind.shapes:
            value = self.values.get(kind.shapes)
            return find_gaps("".join(f"{{{{{key}::" for key in value)) if isinstance(value, dict) else []
        if kind.cloze:
            return find_gaps(self.text(kind.cloze, language))
        if kind.imported_note_type:  # its templates themselves decide which cards there are; without any, Anki makes the first
            filled = {field.name for field in kind.fields.values() if self.text(field.key, language).strip()}
            shown = [at for at, one in enumerate(kind.templates) if shows_something(one.front, filled)]
            return shown or [0]
        return [at for at, when in kind.template_conditions if not when or self.values.get(when, "false") != "false"]


def find_gaps(text: str) -> list[int]:
    """The gaps of a cloze text, from 0: each is a card."""
    return sorted({int(number) - 1 for number in re.findall(r"{{c([1-9]\d*)::", text)})


def fill_gaps(text: str) -> str:
    """A cloze text with what is asked in it, without the braces and hints."""
    return re.sub(r"{{c\d+::(.*?)(?:::.*?)?}}", r"\1", text)


@dataclass(frozen=True)
class CardFile:
    """A file of cards: what reading one of its cards needs of the rest of the file, its deck and the kinds."""

    source: Source
    deck: Deck
    kinds: Mapping[str, Kind]  # by the words that its cards may use
    defaults: Mapping[str, Value]  # what is written beside `cards`, for each of them
    misspelt: Mapping[str, str]  # keys of defaults: what each was meant to be, and what was typed
    forms: dict[tuple[str, ...], "Form"] = field(default_factory=dict)
    deck_names: dict[tuple[str, tuple[str, ...]], frozenset[str]] = field(default_factory=dict)  # by sub-deck and languages

    def typed(self, node: Node) -> dict[str, Value]:
        """All that is typed for the card at `node`, defaults included."""
        return {**self.defaults, **node.fields} if self.defaults else node.fields

    def place(self, node: Node, key: str) -> Node:
        """Where a field of the card at `node` was typed: in the card, or beside `cards`."""
        return node.node(key) if key in node.fields else self.source.node(key)


def open_card_file(source: Source, deck: Deck, nodes: list[Node], kinds: Mapping[str, Kind], problems: list[Problem]) -> CardFile:
    """A file with cards at `nodes`; reports keys beside `cards` that are not a field of any kind that the file uses."""
    defaults = {key: value for key, value in source.fields.items() if key not in FILE_KEYS}
    misspelt = find_misspelt(defaults, CARD_KEYS)
    default_kind = defaults.get("kind") or defaults.get(misspelt.get("kind", ""))
    names = [node.fields.get("kind", default_kind) for node in nodes]
    used = [kinds[name] for name in {name for name in names if isinstance(name, str)} & kinds.keys()]
    what = next((key for key in FILE_KEYS if key in source.fields), "")
    if what and ("cards" not in source.fields or (used and all(kind.templates for kind in used))):
        known = {*FILE_KEYS}
        if used:
            known |= (CARD_KEYS.keys() - {*OF_ONE_CARD}).union(*(kind.fields for kind in used))
        misspelt = report_unknown_keys(source.node(), known, f"a file of {what}", problems)
    # else it is not known what the defaults are for, and the reason is reported with the cards
    return CardFile(source, deck, kinds, defaults, misspelt)


def known_keys(kind: Kind) -> frozenset[str]:
    """What a card of a kind may have."""
    return kind.keys | (CARD_KEYS.keys() if kind.common else CARD_KEYS.keys() - {*COMMON_ONLY})


def override_keys(kind: Kind) -> frozenset[str]:
    """What an override of a card of a kind may have."""
    return kind.keys | {"override", "tags", *(COMMON_ONLY if kind.common else ())}


def read_kind(file: CardFile, node: Node, typed: Mapping[str, Value], problems: list[Problem]) -> Kind | None:
    """The kind of the card at `node`; one whose own files have mistakes has no templates, and its cards cannot be read."""
    key = "kind" if "kind" in typed else find_misspelt(typed, (*CARD_KEYS, "override")).get("kind", "")
    name = typed.get(key)
    if isinstance(name, str) and name in file.kinds:
        return file.kinds[name]
    if not key and file.source.may_have("kind"):
        pass  # that it cannot be read has been reported
    elif not key:
        help = f"add one, here or beside 'cards': {', '.join(kind for kind in file.kinds if '/' not in kind)}"
        problems.append(node.problem("missing-field", "this card has no 'kind'", help=help))
    elif key != "kind":
        place = node if key in node.fields else file.source.node()
        message = f"'{short(key)}' is not a field of a card"
        problems.append(place.problem("unknown-key", message, key, key=True, help="there is 'kind'"))
    elif isinstance(name, str):
        message = f"'{short(name)}' is not a kind of card"
        problem = file.place(node, key).problem("unknown-kind", message, help=nearest(name, file.kinds))
        problems.append(problem._replace(unknown=name if "/" in name else ""))  # of a deck whose id is not known, perhaps
    else:
        report_shape(file.place(node, key), "'kind'", "a word", problems)
    return None


@dataclass(frozen=True)
class Form:
    """What the keys of a card imply: thousands of cards have the same."""

    stored: tuple[str, ...]  # the keys of its values
    texts: tuple[str, ...]  # of these, those whose values are texts, or texts by language
    others: tuple[str, ...]  # and those that are read one by one
    has_mistakes: bool  # whether a key is unknown or missing


def read_card(file: CardFile, node: Node, typed: Mapping[str, Value], kind: Kind, id: str, problems: list[Problem]) -> Card:
    """The card at `node`, of a valid deck, for which all this is `typed`; adds what is wrong with it to `problems`."""
    deck, here = file.deck, node.fields
    keys = (kind.name, *here)
    form = file.forms.get(keys) or file.forms.setdefault(keys, _to_form(typed, here, kind))
    if form.has_mistakes:
        _report_keys(file, node, kind, problems)
    values = {key: typed[key] for key in form.stored}
    doubtful = form.others
    if not are_complete_texts([values[key] for key in form.texts], deck, node.source):
        doubtful += form.texts
    incomplete: dict[str, set[str]] = {}
    for key in doubtful:
        value = values[key]
        if _is_plain(type_of(kind, key), value, node.source):
            continue
        if not read_value(file.place(node, key), key, kind, deck, problems):
            if key == "retired":
                del values[key]
        elif type(value) is not str:
            incomplete[key] = {language for language in deck.languages if not is_complete(kind, key, value, language)}
    wanted = _read_languages(file, node, problems) if "languages" in typed else deck.languages
    for key, without in incomplete.items():
        for language in filter(without.__contains__, wanted):
            message = f"'{key}' is not translated into '{language}': the card is left out of that language"
            help = f"translate it, or remove '{language}' from the 'languages' of this card"
            place = file.place(node, key)
            problems.append(place.problem("missing-translation", message, key=True, help=help, level="warning"))
    lacking: set[str] = set().union(*incomplete.values()) if incomplete else set()
    if type(deck.name) is dict:
        lacking |= {language for language in wanted if not is_complete_in(deck.name, language)}
    languages = tuple(language for language in wanted if language not in lacking) if lacking else wanted
    left_out = tuple(language for language in wanted if language in lacking) if lacking else ()
    return Card(id, deck, kind, values, languages, left_out, to_tags(values), node)


def to_tags(values: Mapping[str, Value]) -> tuple[str, ...]:
    """The tags that are typed on a card, in order, whatever is wrong with it."""
    tags = {*all_texts(values["tags"])} if "tags" in values else set()
    if values.get(SENSITIVE) == "true":
        tags.add(SENSITIVE)
    return tuple(sorted(tags))


def _to_form(typed: Mapping[str, Value], here: Mapping[str, Value], kind: Kind) -> Form:
    known = known_keys(kind)
    stored = [key for key in typed if key in known and key not in ("id", "kind", "languages")]
    texts = [key for key in stored if type_of(kind, key) in TEXT_TYPES]
    missing = any(
        (field.required and field.key not in typed) or (field.needs and field.key in typed and field.needs not in typed)
        for field in kind.fields.values()
    )
    others = tuple(key for key in stored if key not in texts)
    return Form(tuple(stored), tuple(texts), others, missing or not here.keys() <= known)


def _report_keys(file: CardFile, node: Node, kind: Kind, problems: list[Problem]) -> None:
    """Reports the keys of a card that its kind does not have, and those that are missing."""
    typed = file.typed(node)
    present = {*typed, *file.misspelt, *report_unknown_keys(node, known_keys(kind), f"a {kind.word}", problems)}
    present |= {key for key in kind.fields if file.source.may_have(key)}
    for one in kind.fields.values():
        if one.required and one.key not in present:
            help = f"add '{one.key}'" + (f": {one.doc}" if one.doc else "")
            problems.append(node.problem("missing-field", f"this {kind.word} has no '{one.key}'", help=help))
        if one.needs and one.key in typed and one.needs not in present:
            message = f"there is '{one.key}' but no '{one.needs}'"
            problems.append(node.problem("missing-field", message, help=f"add '{one.needs}', or delete '{one.key}'"))


def _is_plain(type_: str, value: Value, source: Source) -> bool:
    """Whether a value is what nearly all of its type are, so that its place is not needed."""
    if type_ == "flag":
        return value in ("true", "false")
    if type_ == "date":
        return type(value) is str and _is_date(value)
    if type_ == "tags":
        texts = value if type(value) is list else ()
        return (
            {*map(type, texts)} == {str}
            and all(map(str.strip, texts))  # type: ignore[arg-type]
            and not (source.escapes and any(map(find_invisible, texts)))  # type: ignore[arg-type]
        )
    return False


@lru_cache(maxsize=1000)
def _is_date(text: str) -> bool:
    return bool(to_date(text))


def _read_languages(file: CardFile, node: Node, problems: list[Problem]) -> tuple[str, ...]:
    words = read_some_words(file.place(node, "languages"), "'languages'", problems)
    for word, place in words.items():
        if word not in file.deck.languages:
            message = f"'{short(word)}' is not a language of this deck"
            problems.append(place.problem("unknown-language", message, help=nearest(word, file.deck.languages)))
    return tuple(language for language in file.deck.languages if language in words)
