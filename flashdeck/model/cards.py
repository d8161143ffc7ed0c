"""A card as its author wrote it, and how it is read. Reading never stops at a mistake: it is reported, and the rest goes on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from flashdeck.diagnostics.problem import Problem, find_nearest, has_errors, nearest
from flashdeck.model.cloze import fill_gaps, find_numbers
from flashdeck.model.decks import Deck
from flashdeck.model.fields import TEXT_TYPES, are_complete_texts, is_complete, is_optional, read_value, to_shapes
from flashdeck.model.keys import CARD_KEYS, COMMON_ONLY, FILE_KEYS, OF_ONE_CARD, SENSITIVE
from flashdeck.model.kinds import Kind
from flashdeck.model.lists import read_items
from flashdeck.model.template_language import shows_something
from flashdeck.model.texts import all_texts, is_complete_in, texts_in
from flashdeck.sources.values import (
    find_misspelt,
    id_as_typed,
    read_id,
    read_some_words,
    report_shape,
    report_unknown_keys,
    short,
    to_date,
)
from flashdeck.sources.yaml_file import Node, Route, Source, Value, find_invisible

FLAGS = ("true", "false")


@dataclass(frozen=True)
class Override:
    """Where a deck overrides the wording of a field of another deck's card."""

    deck: Deck
    node: Node = field(repr=False, compare=False)


class Card(NamedTuple):
    """One card as written. `id` never changes: it is what keeps a learner's progress."""

    id: str  # in its deck
    deck: Deck
    kind: Kind
    values: Mapping[str, Value]  # as typed, with the defaults of the file
    languages: tuple[str, ...]  # in which it is complete
    left_out: tuple[str, ...]  # in which a translation is missing
    tags: tuple[str, ...]
    node: Node
    overrides: Mapping[str, Override] = {}  # by the key of a field that another deck overrides
    absent: tuple[tuple[str, str], ...] = ()  # fields that are empty in a language, each with the language

    @property
    def full_id(self) -> str:
        return f"{self.deck.id}/{self.id}"

    @property
    def origin(self) -> str:
        """The full id under which learners got it: it may have been moved since."""
        was = self.values.get("was")
        return to_origin(was, self.id) if type(was) is str else self.full_id

    @property
    def item(self) -> int:
        """Which item of `cards` it is."""
        return int(self.node.route[1])

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
        if key == "retired" or key == self.kind.shapes:
            found = [
                ((*route, *rest), text)
                for language in self.deck.languages
                for route, value in self._find_inner(key)
                for rest, text in texts_in(value, language)
            ]
        else:
            found = [pair for language in self.deck.languages for pair in self.texts(key, language)]
        return list(dict.fromkeys(pair for pair in found if pair[1].strip()))

    def _find_inner(self, key: str) -> Iterator[tuple[Route, Value]]:
        """What learners read of a field whose value is no text: the reason for a retirement, the names of shapes."""
        value = self.values.get(key)
        if key == "retired":
            yield (key, "why"), self.retired.get("why", "")
            return
        for gap, about in value.items() if isinstance(value, dict) else ():
            for route, one in (
                [((key, gap, at), one) for at, one in enumerate(about)] if isinstance(about, list) else [((key, gap), about)]
            ):
                if isinstance(one, dict):
                    yield (*route, "name"), one.get("name", "")

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

    def find_comment(self, *route: str | int) -> str:
        """The comment that ends a text of a field, with one space before it as in a sentence; usually none."""
        place = self._place(*route)
        return place.source.find_comment(place.route + route)

    def is_folded(self, *route: str | int) -> bool:
        """Whether YAML made spaces of the line ends of a text of a field."""
        place = self._place(*route)
        return place.source.is_folded(place.route + route)

    def home(self, key: str) -> tuple[Deck, Path]:
        """The deck in which a field was written, and the folder of its file: where its pictures are."""
        other = self.overrides.get(key)
        deck, node = (other.deck, other.node) if other else (self.deck, self.node)
        return deck, Path(node.source.path).parent

    def templates(self, language: str) -> list[int]:
        """Which of its kind's templates make a card of it (of a cloze: which gaps, from 0)."""
        kind = self.kind
        if kind.cloze and kind.shapes:
            value = self.values.get(kind.shapes)
            text = "".join(f"{{{{{key}::}}}}" for key in value) if isinstance(value, dict) else ""
            return [number - 1 for number in find_numbers(text)]
        if kind.cloze:
            keys = kind.fields if kind.imported_note_type else (kind.cloze,)  # Anki looks for gaps in all fields
            text = "".join([self.text(key, language) for key in keys])
            numbers = find_numbers(text)
            if kind.imported_note_type and not numbers:
                return [0]  # Anki makes a card all the same, which says that there is no gap
            return [number - 1 for number in numbers]
        if kind.imported_note_type:  # its templates themselves decide which cards there are; without any, Anki makes the first
            filled = {field.name for field in kind.fields.values() if self.text(field.key, language).strip()}
            shown = [at for at, one in enumerate(kind.templates) if shows_something(one.front, filled)]
            return shown or [0]
        values = self.values
        return [at for at, one in enumerate(kind.templates) if not one.when or _is_there(values.get(one.when), language)]

    def is_blank(self, language: str) -> bool:
        """Whether all its fronts show nothing in a language, as far as the texts decide that."""
        kind = self.kind
        doubtful = kind.templates if kind.imported_note_type else [kind.templates[at] for at in kind.doubtful_fronts]
        return bool(doubtful) and not any(self.text(key, language).strip() for one in doubtful for key in one.front_keys)


def _is_there(value: Value | None, language: str) -> bool:
    """Whether the value of a field on which a template depends is set in a language."""
    if type(value) is dict:
        value = value.get(language)
    return bool(value) and value != "false"


def to_origin(was: str, id: str) -> str:
    """The full id that a card had before it was moved: `was` is that, or the id of the deck in which it had the same."""
    return was if "/" in was else f"{was}/{id}"


@dataclass(frozen=True)
class CardFile:
    """A file of cards: what reading one of its cards needs of the rest of the file, its deck and the kinds."""

    source: Source
    deck: Deck
    kinds: Mapping[str, Kind]  # by the words that its cards may use
    cards: Sequence[tuple[Node, Mapping[str, Value]]]  # each with what is typed in it
    overrides: Sequence[tuple[Node, Mapping[str, Value]]]  # of cards of other decks
    defaults: Mapping[str, Value]  # what is written beside `cards`, for each of them
    misspelt: Mapping[str, str]  # keys of defaults: what each was meant to be, and what was typed
    forms: dict[tuple[str, ...], "Form"] = field(default_factory=dict)
    tags: dict[tuple[str, ...], tuple[str, ...] | None] = field(default_factory=dict)  # by list: in order; None: not valid

    def typed(self, row: int) -> Mapping[str, Value]:
        """All that is typed for the card in a row, defaults included."""
        here = self.cards[row][1]
        return {**self.defaults, **here} if self.defaults else here

    def place(self, node: Node, key: str) -> Node:
        """Where a field of the card at `node` was typed: in the card, or beside `cards`."""
        return node.node(key) if key in node.fields else self.source.node(key)


class TypedCard(NamedTuple):
    """What is typed for one card, whatever is wrong with it; and the card, where its kind and its deck are known."""

    item: int  # which item of `cards` it is
    id: str  # empty where none is typed
    kind: str  # its name; empty where it is not known
    likely_kind: str  # of one that is not known, the kind that was most likely meant
    tags: tuple[str, ...]
    part: Value  # of its deck in Anki; empty where it is in no part
    replaced_by: str  # the id of a card
    origin: str  # the full id that it had before it was moved; else empty
    card: Card | None
    valid: bool


def open_card_file(source: Source, key: str, deck: Deck, kinds: Mapping[str, Kind], problems: list[Problem]) -> CardFile:
    """A file with cards under a key (none, if it is empty); reports what is no card, and keys beside them that are not a field of
    any kind that it uses.
    """
    top, items = source.fields, read_items(source, key, problems)
    defaults = {key: value for key, value in top.items() if key not in FILE_KEYS}
    misspelt = {} if defaults.keys() <= CARD_KEYS.keys() else find_misspelt(defaults, CARD_KEYS)
    default_kind = defaults.get("kind") or defaults.get(misspelt.get("kind", ""))
    names = {name for _, here in items if type(name := here.get("kind", default_kind)) is str}
    used = [kinds[name] for name in names & kinds.keys()]
    what = next((key for key in FILE_KEYS if key in top), "")
    if what and ("cards" not in top or (used and all(kind.templates for kind in used))):
        known = {*FILE_KEYS}
        if used:
            known |= (CARD_KEYS.keys() - {*OF_ONE_CARD}).union(*(kind.fields for kind in used))
        if not defaults.keys() <= known:
            misspelt = report_unknown_keys(source.node(), known, f"a file of {what}", problems)
    # else it is not known what the defaults are for, and the reason is reported with the cards
    cards = [item for item in items if "override" not in item[1]]
    overrides = [item for item in items if "override" in item[1]] if len(cards) < len(items) else []
    return CardFile(source, deck, kinds, cards, overrides, defaults, misspelt)


def override_keys(kind: Kind) -> frozenset[str]:
    """What an override of a card of a kind may have."""
    return frozenset((*kind.fields, "override", "tags", *(COMMON_ONLY if kind.common else ())))


def read_cards(file: CardFile, problems: list[Problem]) -> list[TypedCard]:
    """All cards of a file; adds what is wrong with them to `problems`."""
    return [read_card(file, row, problems) for row in range(len(file.cards))]


def read_card(file: CardFile, row: int, problems: list[Problem]) -> TypedCard:
    """The card in one row of a file; adds what is wrong with it to `problems`."""
    deck, before, card = file.deck, len(problems), None
    node, here = file.cards[row]
    typed = {**file.defaults, **here} if file.defaults else here
    id = id_as_typed(here.get("id")) or read_id(node, problems, {} if "id" in typed else find_misspelt(typed, CARD_KEYS))
    kind = _read_kind(file, node, typed, problems)
    if kind and kind.templates and deck.valid:
        card = _read_values(file, row, typed, kind, id or str(row + 1), problems)
    wrong = problems[before:]
    if wrong and id:
        problems[before:] = [problem._replace(card=f"{deck.id}/{id}") for problem in wrong]
    valid = card is not None and not (wrong and has_errors(wrong))
    if not valid or file.misspelt:  # what is misspelt counts as what it was meant to be
        typed = {**typed, **{meant: typed[key] for meant, key in find_misspelt(typed, CARD_KEYS).items()}}
    retired = typed.get("retired")
    replaced_by = retired.get("replaced_by") if type(retired) is dict else ""
    return TypedCard(
        int(node.route[1]),
        id,
        kind.name if kind else "",
        "" if kind else _find_likely_kind(file, typed),
        card.tags if card and valid and not file.misspelt else to_tags(typed),
        typed.get("deck", ""),
        replaced_by if type(replaced_by) is str else "",
        to_origin(was, id) if "was" in typed and type(was := typed["was"]) is str else "",
        card,
        valid,
    )


def _find_likely_kind(file: CardFile, typed: Mapping[str, Value]) -> str:
    """The name of the kind that was meant by one that is not known; empty where none is similar."""
    word = typed.get("kind")
    close = find_nearest(word, file.kinds) if isinstance(word, str) else ""
    return file.kinds[close].name if close else ""


def _read_kind(file: CardFile, node: Node, typed: Mapping[str, Value], problems: list[Problem]) -> Kind | None:
    """The kind of the card at `node`; one whose own files have mistakes has no templates, and its cards cannot be read."""
    name = typed.get("kind")
    if type(name) is str and name in file.kinds:
        return file.kinds[name]
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


class Form(NamedTuple):
    """What the keys of a card imply: thousands of cards have the same."""

    stored: tuple[str, ...]  # the keys of its values
    texts: tuple[str, ...]  # of these, those whose values are texts, or texts by language
    others: tuple[tuple[str, str], ...]  # and those that are read one by one, with their types
    has_mistakes: bool  # whether a key is unknown or missing


def _read_values(file: CardFile, row: int, typed: Mapping[str, Value], kind: Kind, id: str, problems: list[Problem]) -> Card:
    """The card in one row of a file of a valid deck, for which all this is `typed`."""
    deck, source, (node, here) = file.deck, file.source, file.cards[row]
    keys = (kind.name, *here)
    form = file.forms.get(keys) or file.forms.setdefault(keys, _to_form(typed, here, kind))
    if form.has_mistakes:
        _report_keys(file, row, kind, problems)
    values = {key: typed[key] for key in form.stored}
    doubtful, tags = form.others, None
    meant = typed.get("languages", ())
    for_languages = deck.language_set.intersection(meant) if type(meant) is list and {*map(type, meant)} == {str} else None
    if not are_complete_texts([values[key] for key in form.texts], deck, for_languages or deck.language_set, source):
        doubtful += tuple((key, "text") for key in form.texts)
    incomplete: dict[str, set[str]] = {}
    for key, type_ in doubtful:
        value = values[key]
        if type_ == "tags":
            tags = _find_tags(file, value)
            if tags is not None:
                continue
        elif (value in FLAGS) if type_ == "flag" else (type_ == "date" and type(value) is str and _is_date(value)):
            continue
        if not read_value(file.place(node, key), key, kind, deck, problems):
            if key == "retired":
                del values[key]
        elif type(value) is not str:
            incomplete[key] = {language for language in deck.languages if not is_complete(kind, key, value, language)}
    wanted = _read_languages(file, node, problems) if "languages" in typed else deck.languages
    absent: tuple[tuple[str, str], ...] = ()
    if incomplete:
        optional = [key for key in incomplete if is_optional(kind, key, typed)]
        absent = tuple((key, language) for key in optional for language in wanted if language in incomplete[key])
        card = Card(id, deck, kind, values, wanted, (), (), node)
        blank = {language for _, language in absent if card.is_blank(language)}
        absent = tuple((key, language) for key, language in absent if language not in blank)
        incomplete = {key: without & blank if key in optional else without for key, without in incomplete.items()}
    for key, without in incomplete.items():
        for language in (one for one in wanted if one in without and one not in deck.partial):
            message = f"'{key}' is not translated into '{language}': the card is left out of that language"
            help = f"translate it, or remove '{language}' from the 'languages' of this card"
            place = file.place(node, key)
            problems.append(place.problem("missing-translation", message, key=True, help=help, level="warning"))
    lacking: set[str] = set().union(*incomplete.values()) if incomplete else set()
    if type(deck.name) is dict:
        lacking |= {language for language in wanted if not is_complete_in(deck.name, language)}
    languages = tuple(language for language in wanted if language not in lacking) if lacking else wanted
    left_out = tuple(language for language in wanted if language in lacking) if lacking else ()
    if tags is None or SENSITIVE in values:
        tags = to_tags(values)
    return Card(id, deck, kind, values, languages, left_out, tags, node, absent=absent)


def _find_tags(file: CardFile, value: Value) -> tuple[str, ...] | None:
    """The tags of a list of words, in order; None where it is something else, or not valid. A file has few such lists."""
    if type(value) is not list or {*map(type, value)} != {str}:
        return None
    words: tuple[str, ...] = tuple(value)  # type: ignore[arg-type]
    if words not in file.tags:
        valid = all(map(str.strip, words)) and not (file.source.escapes and any(map(find_invisible, words)))
        file.tags[words] = tuple(sorted({*words})) if valid else None
    return file.tags[words]


def to_tags(values: Mapping[str, Value]) -> tuple[str, ...]:
    """The tags that are typed on a card, in order, whatever is wrong with it."""
    tags = {*all_texts(values["tags"])} if "tags" in values else set()
    if values.get(SENSITIVE) == "true":
        tags.add(SENSITIVE)
    return tuple(sorted(tags))


def _to_form(typed: Mapping[str, Value], here: Mapping[str, Value], kind: Kind) -> Form:
    types = kind.types
    stored = [key for key in typed if key in types and key not in ("id", "kind", "languages")]
    missing = any(
        (field.required and field.key not in typed) or (field.needs and field.key in typed and field.needs not in typed)
        for field in kind.fields.values()
    )
    return Form(
        tuple(stored),
        tuple([key for key in stored if types[key] in TEXT_TYPES]),
        tuple([(key, types[key]) for key in stored if types[key] not in TEXT_TYPES]),
        missing or not here.keys() <= types.keys(),
    )


def _report_keys(file: CardFile, row: int, kind: Kind, problems: list[Problem]) -> None:
    """Reports the keys of a card that its kind does not have, and those that are missing."""
    typed, node = file.typed(row), file.cards[row][0]
    present = {*typed, *file.misspelt, *report_unknown_keys(node, kind.types, f"a {kind.word}", problems)}
    present |= {key for key in kind.fields if file.source.may_have(key)}
    for one in kind.fields.values():
        if one.required and one.key not in present:
            help = f"add '{one.key}'" + (f": {one.doc}" if one.doc else "")
            problems.append(node.problem("missing-field", f"this {kind.word} has no '{one.key}'", help=help))
        if one.needs and one.key in typed and one.needs not in present:
            message = f"there is '{one.key}' but no '{one.needs}'"
            problems.append(node.problem("missing-field", message, help=f"add '{one.needs}', or delete '{one.key}'"))


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
