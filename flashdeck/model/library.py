"""Reads sources into decks, cards, references and courses.

Reading never stops at a mistake: what is wrong is told and left out, and the rest goes on to the checks.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from flashdeck.diagnostics.problem import Problem, nearest
from flashdeck.model.cards import (
    FORMS,
    HIGHEST_GAP,
    Card,
    Course,
    Deck,
    Library,
    Override,
    Reference,
    is_said_in,
    said_in,
    to_shapes,
)
from flashdeck.model.kinds import Kind
from flashdeck.model.references import read_reference
from flashdeck.sources.values import (
    read_date,
    read_id,
    read_texts,
    read_word,
    read_words,
    short,
    tell_shape,
    tell_unknown_keys,
    to_date,
)
from flashdeck.sources.yaml_file import ANYTHING, Node, Source, Value, unseen

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
DECK_KEYS = ("id", "name", "title", "languages", "licence", "allow_scripts")
COURSE_KEYS = ("id", "title", "include", "exclude", "cards")
RULE_KEYS = ("kinds", "tags", "decks")
FILE_KEYS = ("cards", "references", "courses")
# What a card of any kind may have besides its kind's fields, by type.
CARD_KEYS = {
    "id": "id",
    "guid": "guid",
    "kind": "kind",
    "deck": "text",
    "languages": "languages",
    "tags": "tags",
    "reference": "references",
    "extra": "text",
    "sensitive": "flag",
    "retired": "retired",
}
PLAIN_TYPES = frozenset(("text", "texts", "options", "references", "guid"))
RETIRED_KEYS = ("since", "why", "replaced_by")


@dataclass(frozen=True)
class Frame:
    """What stands around cards: their decks, with the kinds that those have of their own, references and courses."""

    decks: Mapping[str, Deck]  # by id
    folders: Mapping[Path, Deck | None]  # of all that have a deck.yaml, be it good or not
    kinds: Mapping[str, Kind]
    own_kinds: Mapping[str, Mapping[str, Kind]]  # by the id of the deck and what its authors call them
    references: Mapping[str, Reference]
    courses: Mapping[str, Course]
    paths: frozenset[str]  # of the files that it was read from


def read_library(
    sources: Iterable[Source], kinds: Mapping[str, Kind], own_kinds: Mapping[Path, list[Kind]], problems: list[Problem]
) -> Library:
    """All that the sources define, with the kinds that a deck's folder may have of its own; what is wrong is told."""
    sources = list(sources)
    return read_cards(sources, read_frame(sources, kinds, own_kinds, problems), problems)


def read_frame(
    sources: Iterable[Source], kinds: Mapping[str, Kind], own_kinds: Mapping[Path, list[Kind]], problems: list[Problem]
) -> Frame:
    """What the sources define around their cards; what is wrong with it is told."""
    sources = list(sources)
    folders = {Path(source.path).parent.resolve(): _read_deck(source, problems) for source in sources if describes_deck(source)}
    taken: dict[tuple[str, str], Node] = {}
    # a deck and a course each name a package, so they share their ids
    decks = {
        deck.id: deck
        for deck in sorted(filter(None, folders.values()), key=lambda deck: (deck.id, str(deck.folder)))
        if _is_free(("package", deck.id), deck.node, taken, problems)
    }
    own = {
        deck.id: {kind.name: replace(kind, name=f"{deck.id}/{kind.name}") for kind in own_kinds.get(deck.folder, ())}
        for deck in decks.values()
    }
    everywhere = {**kinds, **{kind.name: kind for some in own.values() for kind in some.values()}}
    references: dict[str, Reference] = {}
    courses: dict[str, Course] = {}
    for source, deck in _order(sources, folders, problems):
        for node in _read_items(source, "references", problems):
            reference = read_reference(node, problems)
            if reference and _is_free(("reference", reference.id), node, taken, problems):
                references[reference.id] = reference
        for node in _read_items(source, "courses", problems):
            course = _read_course(node, deck, problems)
            if course and _is_free(("package", course.id), node, taken, problems):
                courses[course.id] = course
    return Frame(decks, folders, everywhere, own, references, courses, frozenset(source.path for source in sources))


def read_cards(sources: Iterable[Source], frame: Frame, problems: list[Problem], alone: bool = False) -> Library:
    """The cards of the sources within their frame; what is wrong with them is told.

    Sources that are read `alone` say nothing of other files' cards: their overrides are passed over.
    """
    sources = list(sources)
    taken: dict[tuple[str, str], Node] = {}
    unread = "".join(source.unread for source in sources)
    cards: list[Card] = []
    overrides: list[Override] = []
    orders: Counter[str] = Counter()
    for source, deck in _order(sources, frame.folders, problems):
        forms: dict[tuple[str, ...], _Form | None] = {}
        defaults = {key: value for key, value in source.value.items() if key not in FILE_KEYS}
        nodes = _read_items(source, "cards", problems)
        # a deck's own kind goes before one of its name
        known = {**frame.kinds, **frame.own_kinds.get(deck.id, {})} if deck else frame.kinds
        _check_defaults(source, defaults, nodes, known, problems)
        for node in nodes:
            if "override" in node.value:
                if deck:
                    overrides.append(Override(deck, node))
                continue
            id = read_id(node, problems)
            kind = _read_kind(node, defaults, known, problems)
            if not deck:
                continue
            orders[deck.id] += 1
            full_id = f"{deck.id}/{id or orders[deck.id]}"  # a card without a good id goes on to the checks all the same
            if id:
                _is_free(("card", full_id), node, taken, problems)
            if kind:
                card = _read_sound_card(node, defaults, deck, kind, full_id, orders[deck.id], forms)
                before = len(problems)
                cards.append(card or _read_card(node, defaults, deck, kind, full_id, orders[deck.id], problems))
                problems[before:] = [replace(problem, card=full_id) for problem in problems[before:]]
    overridden = {} if alone else _read_overrides(overrides, {card.id: card for card in cards}, unread, problems)
    cards.sort(key=lambda card: card.deck.id)  # a stable sort: within a deck the order stays
    card_ids = frozenset(id for _, id in taken)
    decks, references, courses = tuple(frame.decks.values()), frame.references, frame.courses
    return Library(decks, tuple(cards), references, courses, frame.kinds, card_ids, unread, overridden)


def describes_deck(source: Source) -> bool:
    return Path(source.path).name == "deck.yaml"


def _order(
    sources: list[Source], folders: Mapping[Path, Deck | None], problems: list[Problem]
) -> Iterator[tuple[Source, Deck | None]]:
    """The sources of cards, references and courses with their decks, in an order that no file system can change."""
    found = []
    for source in sources:
        if describes_deck(source) or not _is_file_of_deck(source, problems):
            continue
        home, place = find_home(Path(source.path), folders)
        if home is None:
            message = f"'{Path(source.path).name}' is in no deck: no folder above it has a deck.yaml"
            problems.append(source.node().problem("no-deck", message, help="add a deck.yaml beside it, or move the file"))
        found.append((place, source, folders.get(home) if home else None))
    found.sort(key=lambda one: one[0])
    return ((source, deck) for _, source, deck in found)


def find_home(path: Path, folders: Container[Path]) -> tuple[Path | None, str]:
    """The folder with a deck.yaml in which a file is, and the file's path in it: by those files are in order."""
    path = path.resolve()
    home = next((folder for folder in path.parents if folder in folders), None)
    return home, path.relative_to(home or path.parent).as_posix()


def _is_file_of_deck(source: Source, problems: list[Problem]) -> bool:
    """Whether the source has cards, references or courses; tells when it has not."""
    value = source.value
    if isinstance(value, dict) and value.keys() & set(FILE_KEYS):
        return True
    if value is None:
        if not source.unread:  # else it has been told why there is nothing
            problems.append(source.node().problem("empty-file", "there is nothing in this file", help="fill it or delete it"))
    else:
        help = "begin it with one of them"
        if isinstance(value, dict):
            close = [key for word in value for key in get_close_matches(word, FILE_KEYS, n=1)]
            if {"id", "name"} <= value.keys():
                help = "if it describes a deck, name it deck.yaml"
            elif close:
                help = f"there is '{close[0]}'"
        message = "this file has none of 'cards', 'references' and 'courses'"
        problems.append(source.node().problem("unknown-file", message, help=help))
    return False


def _read_items(source: Source, key: str, problems: list[Problem]) -> list[Node]:
    """The items of one of a file's lists that are mappings."""
    if key not in source.value:
        return []
    node, items = source.node(key), source.value[key]
    if not isinstance(items, list):
        if items or not source.unread:  # else its items are those that could not be read
            tell_shape(node, f"'{key}'", "a list", problems)
        return []
    for at, item in enumerate(items):
        if not isinstance(item, dict):
            tell_shape(node.node(at), f"an item of '{key}'", "a mapping", problems)
    return [node.node(at) for at, item in enumerate(items) if isinstance(item, dict)]


def _is_free(what: tuple[str, str], node: Node, taken: dict[tuple[str, str], Node], problems: list[Problem]) -> bool:
    first = taken.setdefault(what, node)
    if first is node:
        return True
    spot = first.source.spot((*first.route, "id"))
    message = f"'{node.value['id']}' is also the id at {spot}"
    problems.append(node.problem("duplicate-id", message, "id", help="give the newer of the two another id"))
    return False


def _read_deck(source: Source, problems: list[Problem]) -> Deck | None:
    node = source.node()
    if not isinstance(source.value, dict):
        if source.value is not None:
            tell_shape(node, "deck.yaml", "a mapping", problems)
        elif not source.unread:
            problems.append(node.problem("empty-file", "there is nothing in this file", help="write the 'id' of the deck first"))
        return None
    tell_unknown_keys(node, DECK_KEYS, "a deck", problems)
    id = read_id(node, problems)
    if "name" not in source.value:
        problems.append(node.problem("missing-field", "this deck has no 'name'", help="add the name learners see in Anki"))
    if "languages" not in source.value:
        help = "add the codes of its languages, such as 'languages: [fr, en]'"
        problems.append(node.problem("missing-field", "this deck has no 'languages'", help=help))
    languages = _read_some_words(node.node("languages"), "'languages'", problems) if "languages" in source.value else {}
    for language, place in languages.items():
        if not LANGUAGE.fullmatch(language):
            help = "write a code such as 'fr', 'en' or 'pt-BR'"
            problems.append(place.problem("bad-language", f"'{short(language)}' is not the code of a language", help=help))
    good = {
        key
        for key in ("name", "title", "licence")
        if key in source.value
        and languages
        and read_texts(node.node(key), f"'{key}'", languages if key != "licence" else (), problems)
    }
    if not id or "name" not in good:
        return None
    name = source.value["name"]
    _check_deck_name(node.node("name"), languages, problems)
    for language in languages:
        if not is_said_in(name, language):
            message = f"'name' is not given in '{language}': all cards are left out of that language"
            problems.append(node.problem("missing-translation", message, "name", key=True, help="translate it", level="warning"))
    title = source.value["title"] if "title" in good else name
    licence = source.value["licence"] if "licence" in good else ""
    scripts = "allow_scripts" in source.value and read_word(
        node.node("allow_scripts"), "'allow_scripts'", ("true", "false"), problems
    )
    allowed = scripts and source.value["allow_scripts"] == "true"
    return Deck(id, name, title, tuple(languages), licence, Path(source.path).parent, allowed, node)


def _check_deck_name(node: Node, languages: Iterable[str], problems: list[Problem]) -> None:
    """Tells about a name that Anki would change, so that the next release would miss the deck."""
    for route, text in dict(said for language in languages for said in said_in(node.value, language)).items():
        if '"' in text:
            help = "use other quotes, such as « » or “ ”"
            problems.append(node.problem("bad-deck-name", "Anki may drop the '\"' of a deck's name", *route, word='"', help=help))
        if any(not part or part != part.strip() or "\n" in part for part in text.split("::")):
            message = f"'{short(text)}' has a part that is empty, or begins or ends with a blank"
            problems.append(node.problem("bad-deck-name", message, *route, help="write it as 'Deck::Part'"))


def _read_kind(node: Node, defaults: Mapping[str, Value], kinds: Mapping[str, Kind], problems: list[Problem]) -> Kind | None:
    here = node.value
    if "kind" not in here and "kind" not in defaults:
        help = f"add one, here or beside 'cards': {', '.join(kind for kind in kinds if '/' not in kind)}"
        problems.append(node.problem("missing-field", "this card has no 'kind'", help=help))
        return None
    name = here["kind"] if "kind" in here else defaults["kind"]
    if isinstance(name, str) and name in kinds:
        return kinds[name] if kinds[name].templates else None  # what is wrong with it has been told
    place = _place(node, "kind")
    if not isinstance(name, str):
        tell_shape(place, "'kind'", "a word", problems)
    else:
        problems.append(place.problem("unknown-kind", f"'{short(name)}' is not a kind of card", help=nearest(name, kinds)))
    return None


def _place(node: Node, key: str) -> Node:
    """Where a field of the card at `node` was typed: in the card, or beside `cards` as the default of its file."""
    return node.node(key) if key in node.value else node.source.node(key)


def _check_defaults(
    source: Source, defaults: Mapping[str, Value], nodes: list[Node], kinds: Mapping[str, Kind], problems: list[Problem]
) -> None:
    """What stands beside `cards` must be a field of a kind that the file uses."""
    names = [node.value.get("kind", defaults.get("kind")) for node in nodes]
    used = [kinds[name] for name in {name for name in names if isinstance(name, str)} & kinds.keys()]
    if "cards" in source.value and not (used and all(kind.templates for kind in used)):
        return  # nobody can tell what the defaults are for, and the reason has been told
    known = {*FILE_KEYS}
    if used:
        known |= (CARD_KEYS.keys() - {"id", "guid"}).union(*(kind.fields for kind in used))
    tell_unknown_keys(source.node(), known, "a file of " + next(key for key in FILE_KEYS if key in source.value), problems)


@dataclass(frozen=True)
class _Form:
    """What the keys of a card say of it: thousands of cards have the same."""

    stored: tuple[str, ...]  # of its values
    plain: tuple[str, ...]  # of those that are texts, or texts by language
    others: tuple[str, ...]  # of those that have to be looked at one by one


def _read_sound_card(
    node: Node,
    defaults: Mapping[str, Value],
    deck: Deck,
    kind: Kind,
    id: str,
    order: int,
    forms: dict[tuple[str, ...], _Form | None],
) -> Card | None:
    """A card with which nothing is wrong and in which nothing lacks, in little time; nothing for any other.

    `_read_card` would give the same card. It is the one that tells.
    """
    here = node.value
    values = {**defaults, **here} if defaults else here
    keys = (kind.name, *here)
    form = forms[keys] if keys in forms else forms.setdefault(keys, _to_form(values, here, kind, deck))
    if not form:
        return None
    texts = []
    for key in form.plain:
        value = values[key]
        if type(value) is str:
            texts.append(value)
        elif type(value) is dict and value.keys() == deck.said:
            texts += value.values()
        else:
            return None
    if {*map(type, texts)} != {str} or not all(map(str.strip, texts)) or (node.source.escapes and any(map(unseen, texts))):
        return None
    problems: list[Problem] = []
    for key in form.others:
        value = values[key]
        if not _is_good(node, key, value, kind, deck, problems) or problems:
            return None
        if type(value) is not str and key != "tags" and not all(_is_whole(kind, key, value, one) for one in deck.languages):
            return None
    said = values.get("tags", ())
    tags = {said} if type(said) is str else set(said)
    if values.get("sensitive") == "true":
        tags.add("sensitive")
    stored = {key: values[key] for key in form.stored}
    return Card(id, deck, kind, stored, deck.languages, (), tuple(sorted(tags)), order, node)


def _to_form(values: Mapping[str, Value], here: Mapping[str, Value], kind: Kind, deck: Deck) -> _Form | None:
    """The form of a card of which only the values remain to be looked at; nothing where more is to be told or sorted out."""
    known = _known_keys(kind)
    typed = [key for key in values if key in known]
    if (
        not here.keys() <= known
        or "languages" in typed
        or "retired" in typed
        or any(field.required and field.key not in typed for field in kind.fields.values())
        or any(field.needs and field.key in typed and field.needs not in typed for field in kind.fields.values())
        or not all(is_said_in(deck.name, language) for language in deck.languages)
    ):
        return None
    types = {key: kind.fields[key].type if key in kind.fields else CARD_KEYS[key] for key in typed}
    stored = [key for key in typed if key not in ("id", "kind")]
    plain = [key for key in stored if types[key] in PLAIN_TYPES and key != "deck"]
    return _Form(tuple(stored), tuple(plain), tuple(key for key in stored if key not in plain))


def _read_card(
    node: Node, defaults: Mapping[str, Value], deck: Deck, kind: Kind, id: str, order: int, problems: list[Problem]
) -> Card:
    known, here = _known_keys(kind), node.value
    if not here.keys() <= known:
        tell_unknown_keys(node, known, f"a {kind.word}", problems)
    typed = {key: value for key, value in (defaults | here).items() if key in known}
    for field in kind.fields.values():
        if field.required and field.key not in typed:
            help = f"add '{field.key}'" + (f": {field.doc}" if field.doc else "")
            problems.append(node.problem("missing-field", f"this {kind.word} has no '{field.key}'", help=help))
        if field.needs and field.key in typed and field.needs not in typed:
            message = f"there is '{field.key}' but no '{field.needs}'"
            problems.append(node.problem("missing-field", message, help=f"add '{field.needs}', or delete '{field.key}'"))
    good = {key for key, value in typed.items() if _is_good(node, key, value, kind, deck, problems)}
    values = {key: value for key, value in typed.items() if key not in ("id", "kind", "languages")}
    if "retired" not in good:
        values.pop("retired", None)

    wanted = _read_languages(node, deck, problems) if "languages" in typed else deck.languages
    said = {key: value for key, value in values.items() if key != "guid"} | (
        {"retired": values["retired"]["why"]} if "retired" in values else {}
    )
    unsure = {key: value for key, value in said.items() if type(value) is not str and key in good and key != "tags"}
    lacking = {
        language: [key for key, value in unsure.items() if not _is_whole(kind, key, value, language)] for language in wanted
    }
    for language, keys in lacking.items():
        for key in keys:
            message = f"'{key}' is not given in '{language}': the card is left out of that language"
            help = f"translate it, or take '{language}' out of the 'languages' of this card"
            problem = _place(node, key).problem("missing-translation", message, key=True, help=help, level="warning")
            problems.append(problem)
    left_out = tuple(language for language in wanted if lacking[language] or not is_said_in(deck.name, language))
    whole = tuple(language for language in wanted if language not in left_out)
    tags = {text for _, text in said_in(values["tags"], "")} if "tags" in values else set()
    if values.get("sensitive") == "true":
        tags.add("sensitive")
    return Card(id, deck, kind, values, whole, left_out, tuple(sorted(tags)), order, node)


def _known_keys(kind: Kind) -> frozenset[str]:
    """What a card of a kind may have."""
    return kind.keys | CARD_KEYS.keys() if kind.common else kind.keys | (CARD_KEYS.keys() - {"extra", "reference"})


def _read_overrides(
    overrides: list[Override], cards: Mapping[str, Card], unread: str, problems: list[Problem]
) -> dict[str, Card]:
    """The cards that other decks word otherwise, as those decks' learners get them."""
    made: dict[str, Card] = {}
    known_ids = frozenset(cards) if overrides else frozenset()
    for one in overrides:
        node, id = one.node, one.node.value["override"]
        if not isinstance(id, str) or not id:
            tell_shape(node.node("override"), "'override'", "the full id of a card, such as 'deck/card'", problems)
            continue
        card = made.get(id) or cards.get(id)
        if not card:
            if id.rpartition("/")[2] not in unread and ANYTHING not in unread:
                help = nearest(id, known_ids, "write the full id of a card, such as 'deck/card'")
                problems.append(node.problem("unknown-card", f"'{short(id)}' is not the id of a card", "override", help=help))
            continue
        if card.deck.id == one.deck.id:
            help = "change the card itself"
            problems.append(node.problem("bad-override", f"'{short(id)}' is a card of this deck", "override", help=help))
            continue
        known = {*card.kind.fields, "override", "tags", *(("extra", "reference") if card.kind.common else ())}
        tell_unknown_keys(node, known, f"an override of a {card.kind.word}", problems)
        keys = [key for key in node.value if key in known and key != "override"]
        if len(node.value) == 1:
            help = "add the fields that are to be worded otherwise"
            problems.append(node.problem("bad-override", "this override changes nothing", "override", help=help))
        values, places = dict(card.values), dict(card.overrides)
        for key in keys:
            if key in card.overrides:
                spot = card.overrides[key].node.problem("", "", key, key=True).spot
                message = f"'{key}' of '{short(id)}' is overridden already, at {spot}"
                problems.append(node.problem("repeated-override", message, key, key=True, help="keep one of the two"))
            elif _is_good(node, key, node.value[key], card.kind, card.deck, problems):
                values[key] = _merge(values.get(key), node.value[key], card.deck.languages)
                places[key] = one
        tags = tuple(sorted({text for _, text in said_in(values.get("tags", []), "")} | ({*card.tags} & {"sensitive"})))
        made[id] = replace(card, values=values, overrides=places, tags=tags)
    return {id: card for id, card in made.items() if card.overrides}


def _merge(old: Value, new: Value, languages: Iterable[str]) -> Value:
    """A value with another wording, which may be given in some languages only."""
    if not isinstance(new, dict) or not set(new) <= set(languages):
        return new
    if not isinstance(old, dict):
        old = {} if old is None else dict.fromkeys(languages, old)
    return {**old, **new}


def _is_whole(kind: Kind, key: str, value: Value, language: str) -> bool:
    """Whether nothing of a field lacks in one language."""
    if type(value) is dict and language in value:
        return True
    if key in kind.fields and kind.fields[key].type == "shapes":
        return all(is_said_in(shape.names, language) for shape in to_shapes(value))
    return is_said_in(value, language)


def _read_languages(node: Node, deck: Deck, problems: list[Problem]) -> tuple[str, ...]:
    words = _read_some_words(_place(node, "languages"), "'languages'", problems)
    for word, place in words.items():
        if word not in deck.languages:
            message = f"'{short(word)}' is not a language of this deck"
            problems.append(place.problem("unknown-language", message, help=nearest(word, deck.languages)))
    return tuple(language for language in deck.languages if language in words)


def _read_some_words(node: Node, name: str, problems: list[Problem]) -> dict[str, Node]:
    """The words of a list that may not be empty."""
    if node.value == []:
        problems.append(node.problem("empty-text", f"{name} is an empty list", help="fill it, or leave the key out"))
    return read_words(node, name, problems)


def _is_good(node: Node, key: str, value: Value, kind: Kind, deck: Deck, problems: list[Problem]) -> bool:
    """Whether a value of a card has the type of its field; tells why not."""
    field = kind.fields.get(key)
    type_ = field.type if field else CARD_KEYS[key]
    if type_ in ("id", "kind", "languages"):
        return True  # they are read by themselves
    if type_ in PLAIN_TYPES and key != "deck":  # what nearly all values are: no need to know where they stand
        if type(value) is str:
            if _is_fine(value, node.source):
                return True
        elif type(value) is dict and value and value.keys() <= deck.said:
            for text in value.values():
                if not _is_fine(text, node.source):
                    break
            else:
                return True
    elif (
        (type_ == "tags" and type(value) is list and all(_is_fine(tag, node.source) for tag in value))
        or (type_ == "flag" and value in ("true", "false"))
        or (type_ == "date" and type(value) is str and to_date(value))
    ):
        return True
    place, name = _place(node, key), f"'{key}'"
    if type_ == "retired":
        return _is_good_farewell(place, deck, problems)
    if type_ == "shapes":
        return _are_good_shapes(place, deck, problems)
    if type_ == "tags":
        return value == [] or read_texts(place, name, (), problems, many=True)
    if type_ == "flag":
        return read_word(place, name, ("true", "false"), problems)
    if type_ == "word":
        return read_word(place, name, field.words if field else (), problems)
    if type_ == "day":
        return read_texts(place, name, (), problems) and read_date(place, value, problems, only_day=True)
    if not read_texts(place, name, deck.languages, problems, many=type_ in ("texts", "options", "references")):
        return False
    if key == "deck":
        _check_deck_name(place, deck.languages, problems)
    if type_ == "date":
        for route, text in dict(said for language in deck.languages for said in said_in(value, language)).items():
            if re.match(r"\d{4}-\d", text) and not to_date(text):
                read_date(place.node(*route), text, problems)
    return True


def _are_good_shapes(place: Node, deck: Deck, problems: list[Problem]) -> bool:
    """Whether places on a picture are given as gaps (c1, c2 ...) with a name and one form each."""
    before = len(problems)
    if not isinstance(place.value, dict) or not place.value:
        tell_shape(place, f"'{place.route[-1]}'", "a mapping such as '{c1: {name: ..., rectangle: [10, 20, 30, 15]}}'", problems)
        return False
    for key, about in place.value.items():
        if not re.fullmatch(r"c[1-9]\d{0,2}", key) or int(key[1:]) > HIGHEST_GAP:
            help = "write c1, c2 and so on: the number is the card's, and never changes"
            problems.append(place.problem("bad-shape", f"'{short(key)}' is not the number of a gap", key, key=True, help=help))
        many = isinstance(about, list) and about
        for one in [place.node(key, at) for at in range(len(about))] if many else [place.node(key)]:
            if not isinstance(one.value, dict):
                tell_shape(one, f"'{key}'", "a mapping such as '{name: ..., rectangle: [10, 20, 30, 15]}'", problems)
                continue
            tell_unknown_keys(one, ("name", *FORMS), "a shape", problems)
            if "name" in one.value:
                read_texts(one.node("name"), "'name'", deck.languages, problems)
            else:
                problems.append(one.problem("missing-field", "this shape has no 'name'", help="add what is hidden there"))
            forms = [form for form in FORMS if form in one.value]
            if len(forms) != 1:
                help = "give it one of 'rectangle', 'ellipse' and 'polygon'"
                problems.append(one.problem("bad-shape", f"this shape has {len(forms) or 'no'} forms", help=help))
            for form in forms:
                _check_form(one.node(form), form, problems)
    return len(problems) == before


def _check_form(place: Node, form: str, problems: list[Problem]) -> None:
    """Tells about numbers that are no place on a picture."""
    rows = place.value if form == "polygon" else [place.value]
    size = 2 if form == "polygon" else 4
    if not (
        isinstance(rows, list)
        and (form != "polygon" or len(rows) >= 3)
        and all(isinstance(row, list) and len(row) == size for row in rows)
        and all(isinstance(number, str) and re.fullmatch(r"\d{1,3}(\.\d{1,6})?", number) for row in rows for number in row)
    ):
        problems.append(place.problem("bad-shape", f"this {form} is not {FORMS[form]} in percent", help=f"write {FORMS[form]}"))
        return
    for row in rows:
        x, y, *rest = map(float, row)
        width, height = rest or (0, 0)
        left, top = (x - width, y - height) if form == "ellipse" else (x, y)
        right, bottom = x + width, y + height
        if min(left, top) < 0 or max(right, bottom) > 100 or (rest and 0 in rest):
            message = f"this {form} is not on the picture"
            problems.append(place.problem("bad-shape", message, help="its numbers are percent of the picture, from 0 to 100"))
            return


def _is_fine(text: Value, source: Source) -> bool:
    """Whether a value is a text that can be seen. Without escapes there is no sign that was not seen in the file already."""
    return type(text) is str and bool(text) and not text.isspace() and not (source.escapes and unseen(text))


def _is_good_farewell(place: Node, deck: Deck, problems: list[Problem]) -> bool:
    """Whether `retired` says since when and why, in all languages."""
    value = place.value
    if not isinstance(value, dict):
        tell_shape(place, "'retired'", "a mapping of 'since', 'why' and perhaps 'replaced_by'", problems)
        return False
    tell_unknown_keys(place, RETIRED_KEYS, "'retired'", problems)
    good = True
    for key in ("since", "why"):
        if key not in value:
            help = "add the month, such as 2026-11" if key == "since" else "tell learners the reason"
            problems.append(place.problem("missing-field", f"'retired' has no '{key}'", help=help))
            good = False
        else:
            languages = deck.languages if key == "why" else ()
            good &= read_texts(place.node(key), f"'{key}'", languages, problems)
    if good:
        good = read_date(place.node("since"), value["since"], problems)
    if "replaced_by" in value:
        good &= read_texts(place.node("replaced_by"), "'replaced_by'", (), problems)
    return good


def _read_course(node: Node, deck: Deck | None, problems: list[Problem]) -> Course | None:
    tell_unknown_keys(node, COURSE_KEYS, "a course", problems)
    id = read_id(node, problems)
    titled = "title" in node.value and deck and read_texts(node.node("title"), "'title'", deck.languages, problems)
    rules: dict[str, dict[str, tuple[str, ...]]] = {"include": {}, "exclude": {}}
    for key in rules:
        place = node.node(key)
        if key not in node.value:
            continue
        if not isinstance(place.value, dict):
            tell_shape(place, f"'{key}'", "a mapping of 'kinds', 'tags' or 'decks'", problems)
            continue
        tell_unknown_keys(place, RULE_KEYS, f"a course's '{key}'", problems)
        for name in RULE_KEYS:
            if name in place.value:
                rules[key][name] = tuple(read_words(place.node(name), f"'{name}'", problems))
    cards = tuple(read_words(node.node("cards"), "'cards'", problems)) if "cards" in node.value else ()
    if not id:
        return None
    title = node.value["title"] if titled else id
    return Course(id, title, rules["include"], rules["exclude"], cards, deck.id if deck else "", node)
