"""Reads the kinds of cards. A kind is a folder: kind.yaml (fields, cards, labels), a front and a back a card, style.css.

In the HTML files `[[word]]` is replaced when a deck is built: by the file `word.html` beside this one, by the language
(`[[lang]]`, `[[dir]]`), or by the label `word` in the language of the note. `{{Field}}` is Anki's.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from flashdeck.source import Value, read_text

FOLDER = Path(__file__).parent

# What Anki stores after a kind's own fields. A published note type can never gain a field before its last one, so
# `Retired` (why a card was withdrawn) and `Typed answer` are here before anything fills them. `My notes` is the learner's.
COMMON_FIELDS = ("Extra", "Sources", "Retired", "Typed answer", "My notes")


@dataclass(frozen=True)
class Field:
    """What an author may write under `key`; `name` is where Anki stores it, or empty.

    Types: text, texts (one or a list), options (the wrong ones of a choice), references, word (one of `words`), flag
    (true or false), date (shown to learners) and day (YYYY-MM-DD).
    """

    key: str
    type: str
    name: str = ""
    required: bool = False
    needs: str = ""  # the field that must be there where this one is
    words: tuple[str, ...] = ()
    fact: bool = False  # a change here is one of facts, not of wording
    doc: str = ""


@dataclass(frozen=True)
class Template:
    """One card that Anki makes of a note; where `when` names a field, only of notes that have it."""

    key: str
    name: str
    front: str
    back: str
    when: str = ""
    asks: tuple[str, ...] = ()  # the keys of the fields that its front shows, in its order


@dataclass(frozen=True)
class Kind:
    """A kind of card: what its author writes, and how its learner sees it. `name` and all keys are permanent."""

    name: str
    fields: dict[str, Field]
    templates: tuple[Template, ...]
    labels: dict[str, dict[str, str]] = field(repr=False)
    css: str = field(repr=False)
    cloze: str = ""  # the field with the gaps, for a kind that has them

    def label(self, word: str, language: str) -> str:
        """The label in a language, else in the language it is a variety of, else in English."""
        texts = self.labels[word]
        return texts.get(language) or texts.get(language.partition("-")[0]) or texts["en"]

    def speaks(self, language: str) -> bool:
        """Whether the kind has its labels in this language."""
        return all({language, language.partition("-")[0]} & texts.keys() for texts in self.labels.values())


@cache
def read_kinds() -> dict[str, Kind]:
    """The kinds that come with flashdeck, by name."""
    return {path.parent.name: _read_kind(path.parent) for path in sorted(FOLDER.glob("*/kind.yaml"))}


@cache
def _read_file(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _read_yaml(path: Path) -> Value:
    source, mistakes = read_text(str(path), path.read_bytes())
    assert not mistakes, (path, mistakes)
    return source.value


def _read_kind(folder: Path) -> Kind:
    kind = _read_yaml(folder / "kind.yaml")
    fields = {
        key: Field(
            key,
            about["type"],
            about.get("name", ""),
            about.get("required") == "true",
            about.get("needs", ""),
            tuple(about.get("words", ())),
            about.get("fact") == "true",
            about.get("doc", ""),
        )
        for key, about in kind["fields"].items()
    }
    keys = {field.name: field.key for field in fields.values() if field.name}
    templates = []
    for key, card in kind["cards"].items():
        front, back = (_read_file(folder / card[side]) for side in ("front", "back"))
        shown = re.findall(r"{{(?:cloze:)?([^{}#^/]+)}}", front)
        asks = tuple(keys[name] for name in shown if name in keys)
        templates.append(Template(key, card["name"], front, back, card.get("when", ""), asks))
    labels = _read_yaml(FOLDER / "labels.yaml") | kind["labels"]
    css = _read_file(FOLDER / "style.css") + _read_file(folder / "style.css")
    return Kind(folder.name, fields, tuple(templates), labels, css, kind.get("cloze", ""))


def fill(html: str, kind: Kind, language: str) -> str:
    """The HTML of a template with its `[[words]]` filled in for one language."""

    def word(found: re.Match[str]) -> str:
        name = found[1]
        if name == "lang":
            return language
        if name == "dir":
            return "rtl" if is_right_to_left(language) else "ltr"
        shared = FOLDER / f"{name.replace('_', '-')}.html"
        return fill(_read_file(shared), kind, language) if shared.exists() else kind.label(name, language)

    return re.sub(r"\[\[(\w+)\]\]", word, html)


def is_right_to_left(language: str) -> bool:
    return language.partition("-")[0] in {"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}
