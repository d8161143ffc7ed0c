"""The kinds of cards as values: what an author may write on a card, and which cards Anki makes of it.

How a folder of files becomes a kind is `kind_reader.py`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from flashdeck.model.keys import CARD_KEYS, COMMON_ONLY
from flashdeck.model.template_language import find_cloze_fields, without_fields
from flashdeck.sources.yaml_file import Node, Source, Value

# What Anki stores after a kind's own fields. A published note type can never gain a field before its last one, so
# `Retired` (why a card was withdrawn) and `Typed answer` are here before anything fills them. `My notes` is the learner's.
COMMON_FIELDS = ("Extra", "Sources", "Retired", "Typed answer", "My notes")


Setting = str | int | bool
Settings = tuple[tuple[str, Setting], ...]  # by Anki's names, those that are not as usual

# What Anki knows of a note type, a field and a template of it besides names, texts and ids: by its own names, what is usual.
TYPE_SETTINGS: Mapping[str, Setting] = {
    "sortf": 0,
    "latexPre": (
        "\\documentclass[12pt]{article}\n\\special{papersize=3in,5in}\n\\usepackage[utf8]{inputenc}\n"
        "\\usepackage{amssymb,amsmath}\n\\pagestyle{empty}\n\\setlength{\\parindent}{0in}\n\\begin{document}\n"
    ),
    "latexPost": "\\end{document}",
    "latexsvg": False,
    "crowdanki_uuid": "",
}
FIELD_SETTINGS: Mapping[str, Setting] = {
    "font": "Arial",
    "size": 20,
    "rtl": False,
    "sticky": False,
    "description": "",
    "plainText": False,
    "collapsed": False,
    "excludeFromSearch": False,
}
TEMPLATE_SETTINGS: Mapping[str, Setting] = {"bqfmt": "", "bafmt": "", "bfont": "", "bsize": 0}


class ImportedNoteType(NamedTuple):
    """The note type that learners have from elsewhere."""

    id: int  # 0 where each of them has another
    name: str
    settings: Settings = ()


@dataclass(frozen=True)
class Field:
    """What an author may write under `key`; `name` is where Anki stores it, or empty.

    Types: text, texts (one or a list), options (the wrong ones of a choice), references, word (one of `words`), flag
    (true or false), date (shown to learners), day (YYYY-MM-DD), media (a picture or sound), shapes (on a picture) and
    wording (words for checks, in some languages or all).
    """

    key: str
    type: str = "text"
    name: str = ""
    required: bool = False
    needs: str = ""  # the field that must be there where this one is
    words: tuple[str, ...] = ()
    fact: bool = False  # a change here is one of facts, not of wording
    doc: str = ""
    id: int = 0  # Anki's, of a note type that learners have from elsewhere
    settings: Settings = ()
    since: int = 1  # the edition of the kind that added it


@dataclass(frozen=True)
class Template:
    """One card that Anki makes of a note; where `when` names a field, only of notes that have it."""

    key: str
    name: str
    front: str
    back: str
    when: str = ""
    front_keys: tuple[str, ...] = ()  # of the fields that its front shows, in its order
    id: int = 0
    settings: Settings = ()
    since: int = 1


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
    typed_field: str = ""  # the field that learners type, where a card asks them to
    original_stock_kind: int = 0  # Anki's number of a note type of its own that it has a special editor for
    imported_note_type: ImportedNoteType | None = None
    sides: tuple[Source, ...] = field(default=(), repr=False)  # the files of its templates
    style: Source | None = field(default=None, repr=False)  # its own style
    own_parts: Mapping[str, str] = field(default_factory=dict, repr=False)  # those of `parts` that its deck wrote
    own_labels: Mapping[str, Mapping[str, Node]] = field(default_factory=dict, repr=False)  # those of `labels` that it wrote
    asks: str = ""  # what its learners are asked, for the README
    example: Mapping[str, Value] = field(default_factory=dict, repr=False)  # a card as its author writes it, for `init`
    source: str = ""  # a digest of all files of a kind of a deck's own
    order: int = 0  # its place where kinds are listed for readers; 0: after all that have one

    @property
    def word(self) -> str:
        """What its authors call it."""
        return self.name.rpartition("/")[2]

    @property
    def is_own(self) -> bool:
        """Whether it is a kind of a deck's own, in this format of ours."""
        return "/" in self.name and not self.imported_note_type

    @cached_property
    def edition(self) -> int:
        """The number of its latest edition. Anki's note types cannot grow, so what is added goes into a note type of its own."""
        return max([1, *(one.since for one in self.fields.values()), *(one.since for one in self.templates)])

    def in_edition(self, edition: int) -> "Kind":
        """The kind as it was, for the notes that were released then."""
        if edition >= self.edition:
            return self
        missing = {one.name for one in self.fields.values() if one.since > edition}
        templates = [
            replace(one, front=without_fields(one.front, missing), back=without_fields(one.back, missing))
            for one in self.templates
            if one.since <= edition
        ]
        fields = {key: one for key, one in self.fields.items() if one.since <= edition}
        return replace(self, fields=fields, templates=tuple(templates))

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The types of the values of all keys that its cards may have."""
        common = {key: about.type for key, about in CARD_KEYS.items() if self.common or key not in COMMON_ONLY}
        return common | {key: field.type for key, field in self.fields.items()}

    @cached_property
    def options(self) -> tuple[str, ...]:
        """The keys of its fields of wrong answers."""
        return tuple(field.key for field in self.fields.values() if field.type == "options")

    @cached_property
    def days(self) -> tuple[str, ...]:
        """The keys of its fields with the day of its next review."""
        return tuple(field.key for field in self.fields.values() if field.type == "day")

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """The keys of its fields with the date of a figure that ages, where it has any for the day of its next review."""
        return tuple(field.key for field in self.fields.values() if field.type == "date") if self.days else ()

    @cached_property
    def shapes(self) -> str:
        """The key of its field of shapes, if its gaps are places on a picture."""
        return self.cloze if self.cloze and self.fields[self.cloze].type == "shapes" else ""

    @cached_property
    def has_media(self) -> bool:
        """Whether it has a field for a picture or sound."""
        return any(field.type == "media" for field in self.fields.values())

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        """The fields that Anki stores as they are, in its order."""
        return tuple(field for field in self.fields.values() if field.name and field.name not in self.common)

    @cached_property
    def lists(self) -> tuple[str, ...]:
        """The keys of its fields of one text or several."""
        return tuple(field.key for field in self.fields.values() if field.type == "texts")

    @cached_property
    def doubtful_fronts(self) -> tuple[int, ...]:
        """The templates on whose fronts no field must be filled in."""

        def is_filled(key: str, template: Template) -> bool:
            field = self.fields[key]
            return field.type != "flag" and (field.required or key == template.when) and not self.imported_note_type

        fronts = enumerate(self.templates)
        return tuple(at for at, one in fronts if one.front_keys and not any(is_filled(key, one) for key in one.front_keys))

    @cached_property
    def extra_fields(self) -> tuple[Field, ...]:
        """The fields that go before what the author adds as `extra`."""
        return tuple(field for field in self.fields.values() if field.name == "Extra" and self.common)

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The keys of the fields on which it depends whether there is a card."""
        return tuple(template.when for template in self.templates if template.when)

    @cached_property
    def gapped(self) -> tuple[str, ...]:
        """The keys of the fields whose gaps make cards: of a note type from elsewhere, all those that its front shows as such."""
        if not self.imported_note_type or not self.templates:
            return (self.cloze,) if self.cloze else ()
        names = {field.name: key for key, field in self.fields.items()}
        shown = (names[name] for name in find_cloze_fields(self.templates[0].front) if name in names)
        return tuple(dict.fromkeys((*shown, self.cloze))) if self.cloze else ()

    @property
    def common(self) -> tuple[str, ...]:
        """The fields that Anki stores after its own: none in a note type that is to stay as learners have it."""
        return () if self.imported_note_type else COMMON_FIELDS

    def label(self, word: str, language: str) -> str:
        """The label in a language, else in the language it is a variety of, else in English, else in any."""
        texts = self.labels[word]
        return texts.get(language) or texts.get(language.partition("-")[0]) or texts.get("en") or next(iter(texts.values()))

    def has_labels(self, language: str) -> bool:
        """Whether all its labels exist in this language, or in the one it is a variety of."""
        return all({language, language.partition("-")[0]} & texts.keys() for texts in self.labels.values())


def in_reading_order(kinds: Iterable[Kind]) -> list[Kind]:
    """Kinds as readers meet them (in the README, in what `init` writes): by their `order`, then those without one."""
    return sorted(kinds, key=lambda kind: (not kind.order, kind.order, kind.name))


# A part may name parts, and those of own kinds could make a circle, or grow with each level.
DEEPEST_PART = 8
LARGEST_FILLED = 1_000_000  # characters
PART = re.compile(r"\[\[(\w+)\]\]")


def measure_parts(parts: Mapping[str, str]) -> dict[str, int]:
    """How long each part is with all that it names filled in; more than LARGEST_FILLED where that has no end."""
    named = {word: PART.findall(html) for word, html in parts.items()}
    sizes, levels = dict.fromkeys(parts, 0), dict.fromkeys(parts, 0)
    for _ in range(DEEPEST_PART + 1):
        sizes = {word: min(len(parts[word]) + measure(named[word], sizes), LARGEST_FILLED + 1) for word in parts}
        levels = {word: 1 + max((levels.get(name, 0) for name in named[word]), default=0) for word in parts}
    return {word: size if levels[word] <= DEEPEST_PART else LARGEST_FILLED + 1 for word, size in sizes.items()}


def measure(words: Iterable[str], sizes: Mapping[str, int]) -> int:
    """How long these words are, filled in."""
    return sum(sizes.get(word, 0) for word in words)


def fill(html: str, kind: Kind, language: str, depth: int = DEEPEST_PART) -> str:
    """The HTML of a template with its `[[words]]` filled in for one language."""
    if kind.imported_note_type:
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

    return PART.sub(word, html)


def is_right_to_left(language: str) -> bool:
    return language.partition("-")[0] in {"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}
