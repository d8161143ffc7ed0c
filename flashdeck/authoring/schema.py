"""The sources' format as a JSON Schema, for editors: what may be written where, with the names of this project.

It is looser than `flashdeck check` where an editor cannot know better, and never refuses what flashdeck accepts.
"""

from collections.abc import Collection, Iterable
from typing import Any

from flashdeck.build.link import Facts
from flashdeck.diagnostics.render import to_json
from flashdeck.model.fields import FORMS
from flashdeck.model.keys import CARD_KEYS, COURSE_KEYS, DECK_KEYS, FILE_KEYS, OVERRIDE_DOC, RETIRED_KEYS, RULE_KEYS
from flashdeck.model.kinds import Field, Kind
from flashdeck.model.references import DATES, NAMES, OTHERS, OURS, TEXTS

Schema = dict[str, Any]

TEXT: Schema = {"type": ["string", "number", "boolean", "null"], "minLength": 1}  # editors read `196`, `no` and `~` as they like
FLAG: Schema = {"enum": [True, False, "true", "false"]}
ID_SCHEMA: Schema = {"type": ["string", "number", "boolean", "null"], "pattern": "^[a-z0-9]+([._-][a-z0-9]+)*$"}
NUMBER: Schema = {"type": ["number", "string"]}
DOCS = {key: about.doc for key, about in CARD_KEYS.items()} | {"override": OVERRIDE_DOC}


def to_schema(facts: Facts) -> Schema:
    """The schema of all files of a project, whatever mistakes are in them now."""
    names = _Names(facts)
    deck = _mapping({key: _deck_field(key) for key in DECK_KEYS}, required=("id", "name", "languages"))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "a file of a flashdeck deck",
        "type": "object",
        "if": {"anyOf": [{"required": [key]} for key in FILE_KEYS]},
        "then": _file(facts, names),
        "else": deck,
    }


def render_schema(facts: Facts) -> bytes:
    """The schema as a file for editors."""
    return (to_json(to_schema(facts)) + "\n").encode()


class _Names:
    """The names of a project, each as a schema: an enumeration, unless some could not be read."""

    def __init__(self, facts: Facts) -> None:
        self.complete = not facts.unread
        self.kinds = self.one_of(facts.frame.kind_words)
        self.references = self.one_of(facts.frame.references)
        self.tags = self.one_of(facts.tags)
        self.any_tag: Schema = {"anyOf": [{"enum": sorted(facts.tags)}, TEXT]}
        self.decks = self.one_of(facts.frame.decks)
        self.cards = self.one_of(facts.card_ids)
        self.languages = sorted(facts.frame.languages)

    def one_of(self, words: Iterable[str]) -> Schema:
        """One of these words, which editors may take for something else; any text where some of them could not be read."""
        words = sorted(words)
        return {"anyOf": [{"enum": words}, {"type": ["number", "boolean", "null"]}]} if words and self.complete else TEXT

    def localized(self, value: Schema, many: bool = False, optional: bool = False) -> Schema:
        """A value that may be different in each language, where it is `optional` nothing, and where `many` a list."""
        inner = {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]} if many else value
        inner = {"anyOf": [inner, {"const": ""}]} if optional else inner
        by_language = {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": dict.fromkeys(self.languages, inner),
        }
        any_of = [value, by_language]
        return {"anyOf": any_of + ([{"type": "array", "items": {"anyOf": any_of}, "minItems": 1}] if many else [])}


def _mapping(properties: dict[str, Schema], required: Collection[str] = ()) -> Schema:
    """A mapping of these keys and no others, each with its help."""
    about = {key: ({"description": DOCS[key]} if key in DOCS else {}) | schema for key, schema in properties.items()}
    return {"type": "object", "properties": about, "additionalProperties": False, "required": list(required)}


def _list_of(item: Schema) -> Schema:
    """A list, or one that stands for a list of one."""
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _deck_field(key: str) -> Schema:
    anywhere = {"anyOf": [TEXT, {"type": "object", "additionalProperties": TEXT, "minProperties": 1}]}
    known: dict[str, Schema] = {
        "id": ID_SCHEMA,
        "languages": _list_of(TEXT),
        "partial": _list_of(TEXT),
        "licence": TEXT,
        "allow_scripts": FLAG,
    }
    return known.get(key, anywhere)


def _file(facts: Facts, names: _Names) -> Schema:
    """A file of cards, references and courses, with the defaults of its cards."""
    kinds = [kind for kind in facts.frame.kinds.values() if kind.templates]
    fields: dict[str, Schema] = {}
    for kind in kinds:
        for field in kind.fields.values():
            schema = _field(field, names)
            known = fields.get(field.key, schema)
            fields[field.key] = schema if known == schema else {"anyOf": [known, schema]}
    common = {key: _card_field(key, names) for key in CARD_KEYS}
    card = _mapping(fields | common | {"override": names.cards})
    card |= {
        "anyOf": [{"required": ["id"]}, {"required": ["override"]}],
        "allOf": [_when_of(kind, names, common) for kind in kinds],
    }
    file = _mapping(
        {key: schema for key, schema in (fields | common).items() if key not in ("id", "guid")}
        | {
            "cards": {"type": "array", "items": card},
            "references": {"type": "array", "items": _reference()},
            "courses": {"type": "array", "items": _course(names)},
        }
    )
    return file | {"allOf": [rule for kind in kinds for rule in _defaults_of(kind, names, common)]}


def _is(kind: Kind) -> Schema:
    return {"properties": {"kind": {"enum": [kind.name, kind.word]}}, "required": ["kind"]}


def _only(kind: Kind, names: _Names, common: dict[str, Schema]) -> Schema:
    """What a card of a kind may have; another kind's fields of the same key may want something else."""
    own = {field.key: _field(field, names) for field in kind.fields.values()}
    return {"properties": own, "propertyNames": {"enum": sorted({*own, *common, "override"})}}


def _when_of(kind: Kind, names: _Names, common: dict[str, Schema]) -> Schema:
    return {"if": _is(kind), "then": _only(kind, names, common)}


def _defaults_of(kind: Kind, names: _Names, common: dict[str, Schema]) -> Iterable[Schema]:
    """What follows from the defaults of a file: the kind of its cards, and which of their fields must be there."""
    without_kind = {"not": {"anyOf": [{"required": ["kind"]}, {"required": ["override"]}]}}
    rule = {"if": without_kind, "then": _only(kind, names, common)}
    yield {"if": _is(kind), "then": {"properties": {"cards": {"items": rule}}}}
    for field in kind.fields.values():
        if field.required:
            needed, absent = {"required": [field.key]}, {"not": {"required": [field.key]}}
            yield {"if": absent, "then": {"properties": {"cards": {"items": {"if": _is(kind), "then": needed}}}}}
            both = {"allOf": [_is(kind), absent]}
            yield {"if": both, "then": {"properties": {"cards": {"items": {"if": without_kind, "then": needed}}}}}


def _field(field: Field, names: _Names) -> Schema:
    about = {"description": field.doc} if field.doc else {}
    types: dict[str, Schema] = {
        "texts": names.localized(TEXT, many=True, optional=not field.required),
        "options": names.localized(TEXT, many=True),
        "references": names.localized(names.references, many=True) | {"description": DOCS["reference"]},
        "word": {"enum": list(field.words)},
        "flag": FLAG,
        "day": TEXT,
        "shapes": _shapes(names),
        "wording": {"anyOf": [names.localized(TEXT, many=True), {"type": ["array", "object"]}]},
    }
    return about | types.get(field.type, names.localized(TEXT, optional=not field.required))


def _card_field(key: str, names: _Names) -> Schema:
    types: dict[str, Schema] = {
        "id": ID_SCHEMA,
        "kind": names.kinds,
        "languages": _list_of({"enum": names.languages} if names.languages else TEXT),
        "tags": _list_of(names.any_tag),
        "references": names.localized(names.references, many=True),
        "flag": FLAG,
        "retired": _mapping({key: names.localized(TEXT) if key == "why" else TEXT for key in RETIRED_KEYS}, ("since", "why")),
    }
    return types.get(CARD_KEYS[key].type, names.localized(TEXT, optional=True))


def _shapes(names: _Names) -> Schema:
    rows = {form: {"type": "array", "items": NUMBER, "minItems": 4, "maxItems": 4} for form in FORMS if form != "polygon"}
    point = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
    forms = rows | {"polygon": {"type": "array", "items": point, "minItems": 3}}
    described = {form: schema | {"description": f"{FORMS[form]} in percent of the picture"} for form, schema in forms.items()}
    shape = _mapping({"name": names.localized(TEXT), **described}, ["name"]) | {"oneOf": [{"required": [form]} for form in FORMS]}
    gaps = {"^c[1-9][0-9]{0,2}$": {"anyOf": [shape, {"type": "array", "items": shape, "minItems": 1}]}}
    return {"type": "object", "patternProperties": gaps, "additionalProperties": False, "minProperties": 1}


def _course(names: _Names) -> Schema:
    rules = {"kinds": names.kinds, "tags": names.tags, "decks": names.decks}
    rule = _mapping({key: _list_of(rules[key]) for key in RULE_KEYS})
    types = {"id": ID_SCHEMA, "title": names.localized(TEXT), "include": rule, "exclude": rule, "cards": _list_of(names.cards)}
    types["former"] = _list_of(ID_SCHEMA)
    return _mapping({key: types[key] for key in COURSE_KEYS}, ["id"])


def _reference() -> Schema:
    """A reference of CSL; what its dates and names may be is CSL's."""
    return _mapping({key: ID_SCHEMA if key == "id" else {} for key in sorted(TEXTS | DATES | NAMES | OTHERS | OURS)}, ["id"])
