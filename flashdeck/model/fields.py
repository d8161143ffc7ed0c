"""What a value of a card may be, by the type of its field. Each reader reports what is wrong, and returns whether nothing is."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from flashdeck.diagnostics.problem import Problem
from flashdeck.model.decks import Deck, check_deck_name
from flashdeck.model.keys import RETIRED_KEYS
from flashdeck.model.kinds import Field, Kind
from flashdeck.model.texts import is_complete_in, texts_in
from flashdeck.sources.values import (
    read_date,
    read_texts,
    read_word,
    report_bad_id,
    report_shape,
    report_unknown_keys,
    short,
    to_date,
)
from flashdeck.sources.yaml_file import Node, Source, Value, find_invisible

HIGHEST_GAP = 499  # Anki makes no card of a higher number
FORMS = {
    "rectangle": "[left, top, width, height]",
    "ellipse": "[centre from left, centre from top, half its width, half its height]",
    "polygon": "[[left, top], [left, top], [left, top]]",
}
# Nearly all values are of these types: a text, or texts by language.
TEXT_TYPES = frozenset(("text", "texts", "options", "references", "guid"))
READ_APART = ("id", "kind", "languages")


def are_complete_texts(values: Sequence[Value], deck: Deck, wanted: frozenset[str], source: Source) -> bool:
    """Whether all values of a text type are valid and given in every language that is wanted: true of most cards, and quick."""
    texts: list[Value] = []
    for value in values:
        if type(value) is dict and wanted <= value.keys() <= deck.language_set:
            texts += value.values()
        else:
            texts.append(value)
    return {*map(type, texts)} <= {str} and all(map(str.strip, texts)) and not (source.escapes and any(map(_is_invisible, texts)))  # type: ignore[arg-type]


def _is_invisible(text: Value) -> bool:
    return bool(find_invisible(text)) if isinstance(text, str) else False


def read_value(place: Node, key: str, kind: Kind, deck: Deck, problems: list[Problem]) -> bool:
    """Whether the value at `place` is what the field `key` of a card takes; reports why not."""
    type = kind.types[key]
    return type in READ_APART or READERS[type](place, f"'{key}'", deck, kind.fields.get(key), problems)


def _read_text(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    return read_texts(place, name, deck.languages, problems, optional=not (field and field.required))


def _read_was(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    """The id of a deck, or the full id of a card."""
    if not read_texts(place, name, (), problems):
        return False
    for id in str(place.value).split("/", 1):
        report_bad_id(place, id, problems)
    return True


def _read_texts(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    optional = field is not None and not field.required and field.type == "texts"
    return read_texts(place, name, deck.languages, problems, many=True, optional=optional)


def _read_wording(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    """Words in some languages or in all; an empty list says that there are none."""
    value = place.value
    if isinstance(value, dict) and value and value.keys() <= deck.language_set:
        some = [place.node(language) for language, words in value.items() if words != []]
        valid = [read_texts(node, name, (), problems, many=True, inside=True) for node in some]
        return all(valid)
    return value == [] or read_texts(place, name, deck.languages, problems, many=True)


def _read_deck_name(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    if not read_texts(place, name, deck.languages, problems):
        return False
    check_deck_name(place, deck.languages, problems, is_part=True)
    return True


def _read_tags(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    return place.value == [] or read_texts(place, name, (), problems, many=True)


def _read_flag(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    return read_word(place, name, ("true", "false"), problems)


def _read_field_word(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    return read_word(place, name, field.words if field else (), problems)


def _read_day(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    value = place.value
    return read_texts(place, name, (), problems) and isinstance(value, str) and read_date(place, value, problems, only_day=True)


def _read_date(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    """A date is shown as it is typed, but what looks like one of the calendar has to be one."""
    if not read_texts(place, name, deck.languages, problems):
        return False
    for route, text in dict(pair for language in deck.languages for pair in texts_in(place.value, language)).items():
        if re.match(r"\d{4}-\d", text) and not to_date(text):
            read_date(place.node(*route), text, problems)
    return True


def _read_shapes(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    """Places on a picture, given as gaps (c1, c2 ...) with a name and one form each."""
    before = len(problems)
    if not isinstance(place.value, dict) or not place.value:
        report_shape(place, name, "a mapping such as '{c1: {name: ..., rectangle: [10, 20, 30, 15]}}'", problems)
        return False
    for key, about in place.value.items():
        if not re.fullmatch(r"c[1-9]\d{0,2}", key) or int(key[1:]) > HIGHEST_GAP:
            help = "write c1, c2 and so on: the number is the card's, and never changes"
            problems.append(place.problem("bad-shape", f"'{short(key)}' is not a gap number", key, key=True, help=help))
        for one in [place.node(key, at) for at in range(len(about))] if isinstance(about, list) and about else [place.node(key)]:
            _read_shape(one, key, deck, problems)
    return len(problems) == before


def _read_shape(place: Node, gap: str, deck: Deck, problems: list[Problem]) -> None:
    if not isinstance(place.value, dict):
        report_shape(place, f"'{gap}'", "a mapping such as '{name: ..., rectangle: [10, 20, 30, 15]}'", problems)
        return
    misspelt = report_unknown_keys(place, ("name", *FORMS), "a shape", problems)
    if "name" in place.value:
        read_texts(place.node("name"), "'name'", deck.languages, problems)
    elif "name" not in misspelt:
        problems.append(place.problem("missing-field", "this shape has no 'name'", help="add what is hidden there"))
    forms = [form for form in FORMS if form in place.value]
    if len(forms) != 1 and not (not forms and misspelt.keys() & FORMS.keys()):
        help = "give it one of 'rectangle', 'ellipse' and 'polygon'"
        problems.append(place.problem("bad-shape", f"this shape has {len(forms) or 'no'} forms", help=help))
    for form in forms:
        _check_form(place.node(form), form, problems)


def _check_form(place: Node, form: str, problems: list[Problem]) -> None:
    """Reports numbers that are no place on a picture."""
    rows = place.value if form == "polygon" else [place.value]
    size = 2 if form == "polygon" else 4
    numbers: list[list[float]] = []
    for row in rows if isinstance(rows, list) else ():
        texts = row if isinstance(row, list) else []
        numbers.append([float(text) for text in texts if isinstance(text, str) and re.fullmatch(r"\d{1,3}(\.\d{1,6})?", text)])
        if len(texts) != size or len(numbers[-1]) != size:
            numbers = []
            break
    if len(numbers) < (3 if form == "polygon" else 1):
        problems.append(place.problem("bad-shape", f"this {form} is not {FORMS[form]} in percent", help=f"write {FORMS[form]}"))
        return
    for x, y, *rest in numbers:
        width, height = rest or (0, 0)
        left, top = (x - width, y - height) if form == "ellipse" else (x, y)
        right, bottom = x + width, y + height
        if min(left, top) < 0 or max(right, bottom) > 100 or (rest and 0 in rest):
            message = f"this {form} is not inside the picture"
            problems.append(place.problem("bad-shape", message, help="its numbers are percent of the picture, from 0 to 100"))
            return


def _read_retired(place: Node, name: str, deck: Deck, field: Field | None, problems: list[Problem]) -> bool:
    """Since when and why a card is withdrawn, in all languages, and perhaps by what it is replaced."""
    typed = place.value
    if not isinstance(typed, dict):
        report_shape(place, name, "a mapping of 'since', 'why' and perhaps 'replaced_by'", problems)
        return False
    misspelt = report_unknown_keys(place, RETIRED_KEYS, name, problems)
    good = True
    for key, help in (("since", "add the month, such as 2026-11"), ("why", "give learners the reason")):
        if key in typed:
            good &= read_texts(place.node(key), f"'{key}'", deck.languages if key == "why" else (), problems)
        else:
            good = False
            if key not in misspelt:
                problems.append(place.problem("missing-field", f"'retired' has no '{key}'", help=help))
    if good and isinstance(since := typed["since"], str):
        good = read_date(place.node("since"), since, problems)
    if "replaced_by" in typed:
        good &= read_texts(place.node("replaced_by"), "'replaced_by'", (), problems)
    return good


READERS: Mapping[str, Callable[[Node, str, Deck, Field | None, list[Problem]], bool]] = {
    "text": _read_text,
    "guid": _read_text,
    "was": _read_was,
    "media": _read_text,
    "texts": _read_texts,
    "options": _read_texts,
    "references": _read_texts,
    "deck": _read_deck_name,
    "tags": _read_tags,
    "flag": _read_flag,
    "word": _read_field_word,
    "day": _read_day,
    "date": _read_date,
    "shapes": _read_shapes,
    "wording": _read_wording,
    "retired": _read_retired,
}


def is_complete(kind: Kind, key: str, value: Value, language: str) -> bool:
    """Whether no part of a valid value of a card is missing in one language."""
    match kind.types[key]:
        case "shapes":
            return all(is_complete_in(shape.names, language) for shape in to_shapes(value))
        case "retired":
            return isinstance(value, dict) and is_complete_in(value["why"], language)
        case "tags" | "guid" | "was" | "wording":
            return True
    return is_complete_in(value, language)


def is_optional(kind: Kind, key: str, typed: Collection[str]) -> bool:
    """Whether a card is complete in a language without a field in it, for which all these keys are typed."""
    field = kind.fields.get(key)
    if not field:
        return key == "extra"
    return (
        not field.required
        and field.type not in ("references", "shapes")
        and key != kind.cloze
        and not any(other.needs == key for other in kind.fields.values() if other.key in typed)
    )


@dataclass(frozen=True)
class Shape:
    """A place on a picture that a card asks for. All lengths are in percent of the picture's width or height."""

    gap: int  # from 1
    names: Value
    form: str  # a key of FORMS
    numbers: tuple[tuple[float, ...], ...]  # of a polygon its points; else one row

    def name(self, language: str) -> str:
        return next((text for _, text in texts_in(self.names, language)), "")


def to_shapes(value: Value) -> list[Shape]:
    """The shapes of a valid value, in its order."""
    shapes = []
    for key, about in value.items() if isinstance(value, dict) else ():
        for one in about if isinstance(about, list) else [about]:
            assert isinstance(one, dict)
            form = next(form for form in FORMS if form in one)
            rows = one[form] if form == "polygon" else [one[form]]
            numbers = tuple(tuple(float(str(number)) for number in row) for row in rows)
            shapes.append(Shape(int(key[1:]), one["name"], form, numbers))
    return shapes
