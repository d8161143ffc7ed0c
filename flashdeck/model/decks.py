"""A deck: a folder with a `deck.yaml`, the namespace of its cards."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from flashdeck.diagnostics.problem import Problem, nearest
from flashdeck.model.keys import DECK_KEYS
from flashdeck.model.texts import all_texts, is_complete_in, texts_in
from flashdeck.sources.values import (
    read_id,
    read_some_words,
    read_texts,
    read_word,
    report_shape,
    report_unknown_keys,
    short,
)
from flashdeck.sources.yaml_file import Node, Source, Value

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class Deck:
    """A folder of cards. `id` is the namespace of its cards and never changes.

    One that is not `valid` lacks what its cards would need; its id, where it has one, still names them.
    """

    id: str
    name: Value  # a text, or a mapping language -> text
    title: Value
    languages: tuple[str, ...]
    partial: tuple[str, ...]  # those of `languages` in which only some cards are meant to be
    description: Value
    licence: str
    folder: Path
    allow_scripts: bool
    node: Node = field(repr=False, compare=False)
    valid: bool = True

    @cached_property
    def language_set(self) -> frozenset[str]:
        return frozenset(self.languages)


def to_package_name(id: str, language: str) -> str:
    """What the package of a deck or course in one language is called, without its suffix."""
    return f"{id}-{language}"


NOWHERE = Deck(
    "", "", "", (), (), "", "", Path(), False, Source("", "", None).node(), valid=False
)  # of a file that is in no deck


def read_deck(source: Source, problems: list[Problem]) -> Deck:
    """The deck that a deck.yaml describes; adds what is wrong with it to `problems`."""
    node, known, before = source.node(), source.fields, len(problems)
    if not isinstance(source.value, dict):
        if source.value is not None:
            report_shape(node, "deck.yaml", "a mapping", problems)
        elif not source.unread:
            problems.append(node.problem("empty-file", "this file is empty", help="write the 'id' of the deck first"))
        return Deck("", "", "", (), (), "", "", Path(source.path).parent, False, node, valid=False)
    misspelt = report_unknown_keys(node, DECK_KEYS, "a deck", problems)
    id = read_id(node, problems, misspelt)
    if not any(("name" in known, "name" in misspelt, source.may_have("name"))):
        problems.append(node.problem("missing-field", "this deck has no 'name'", help="add the name learners see in Anki"))
    if not any(("languages" in known, "languages" in misspelt, source.may_have("languages"))):
        help = "add the codes of its languages, such as 'languages: [fr, en]'"
        problems.append(node.problem("missing-field", "this deck has no 'languages'", help=help))
    languages = read_some_words(node.node("languages"), "'languages'", problems) if "languages" in known else {}
    for language, place in languages.items():
        if not LANGUAGE.fullmatch(language):
            help = "write a code such as 'fr', 'en' or 'pt-BR'"
            problems.append(place.problem("bad-language", f"'{short(language)}' is not a language code", help=help))
    valid_keys = {
        key
        for key in ("name", "title", "description", "licence")
        if key in known and languages and read_texts(node.node(key), f"'{key}'", languages if key != "licence" else (), problems)
    }
    name: Value = known["name"] if "name" in valid_keys else ""
    if name:
        check_deck_name(node.node("name"), languages, problems)
    for language in languages if name else ():
        if not is_complete_in(name, language):
            message = f"'name' is not translated into '{language}': all cards are left out of that language"
            problems.append(node.problem("missing-translation", message, "name", key=True, help="translate it", level="warning"))
    scripts = "allow_scripts" in known and read_word(node.node("allow_scripts"), "'allow_scripts'", ("true", "false"), problems)
    valid = bool(id and name and languages) and not any(
        problem.code in ("bad-language", "unknown-language") for problem in problems[before:]
    )
    return Deck(
        id,
        name,
        known["title"] if "title" in valid_keys else name,
        tuple(languages),
        _read_partial(node.node("partial"), languages, problems) if "partial" in known and languages else (),
        known["description"] if "description" in valid_keys else "",
        "".join(all_texts(known["licence"])) if "licence" in valid_keys else "",
        Path(source.path).parent,
        scripts and known["allow_scripts"] == "true",
        node,
        valid,
    )


def _read_partial(node: Node, languages: Collection[str], problems: list[Problem]) -> tuple[str, ...]:
    words = read_some_words(node, "'partial'", problems)
    for word, place in words.items():
        if word not in languages:
            message = f"'{short(word)}' is not a language of this deck"
            problems.append(place.problem("unknown-language", message, help=nearest(word, languages)))
    return tuple(word for word in words if word in languages)


def check_deck_name(node: Node, languages: Iterable[str], problems: list[Problem], is_part: bool = False) -> None:
    """Reports a name that Anki would change, so that the next release would miss the deck; that of a part may begin with `::`."""
    for route, text in dict(pair for language in languages for pair in texts_in(node.value, language)).items():
        text = text.removeprefix("::") if is_part else text
        if '"' in text:
            help = "use other quotes, such as « » or “ ”"
            problems.append(
                node.problem("bad-deck-name", "Anki may drop the '\"' from a deck's name", *route, word='"', help=help)
            )
        if re.search("<[a-zA-Z/!?]", text):
            message = "older versions of Anki write a deck's name into a page as it is, where '<' begins a tag"
            help = "leave the '<' out, or write a space behind it"
            problems.append(node.problem("bad-deck-name", message, *route, word="<", help=help))
        if any(not part or part != part.strip() or "\n" in part for part in text.split("::")):
            message = f"'{short(text)}' has an empty part, or one with a leading or trailing space"
            problems.append(node.problem("bad-deck-name", message, *route, help="write it as 'Deck::Part'"))
