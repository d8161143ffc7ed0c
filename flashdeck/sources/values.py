"""What a value in a source may look like: each function returns what is valid and reports what is not."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from unicodedata import category, normalize

from flashdeck.diagnostics.problem import Problem, find_nearest, nearest
from flashdeck.sources.yaml_file import Node, Value, find_invisible, name_character

LATEST = 4_102_444_800  # the Unix time of the year 2100: a time after it is a mistake
ID = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


def to_id(text: str) -> str:
    """An id made from a text in any script: lowercase letters a-z, digits and hyphens; empty when nothing is left."""
    return "-".join(re.findall(r"[a-z0-9]+", _to_ascii(text.lower())))


def _to_ascii(text: str) -> str:
    """A lowercase text in letters that can be typed everywhere: `straße` as `strasse`, `собака` as `sobaka`."""
    if text.isascii():
        return text
    plain = "".join(map(_to_ascii_letters, normalize("NFC", text)))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain).lower()  # capitals begin the syllables of Chinese and Korean


@lru_cache(maxsize=10_000)
def _to_ascii_letters(sign: str) -> str:
    from anyascii import anyascii  # most ids need none

    plain = anyascii(sign)
    return re.sub("['\"`]", "", plain) if category(sign)[0] in "LM" else plain  # soft signs and glottal stops


def to_date(text: str) -> date | None:
    """The first day of a year, month or day written as in ISO 8601 (2018, 2018-03, 2018-03-06); else nothing."""
    found = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", text, re.A)
    try:
        return date(int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else None
    except ValueError:
        return None


def as_mapping(value: Value) -> dict[str, Value]:
    """The value where it is a mapping, else an empty one: for values that were checked already, or are reported elsewhere."""
    return value if isinstance(value, dict) else {}


def as_text(value: Value) -> str:
    """The value where it is a text, else an empty one: for values that were checked already, or are reported elsewhere."""
    return value if isinstance(value, str) else ""


def first_text(value: Value) -> str:
    """A text that may be given by language, in the first of its languages."""
    return value if isinstance(value, str) else as_text(next(iter(as_mapping(value).values()), ""))


def short(text: str) -> str:
    """A text as a message quotes it: on one line, and cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"


def report_shape(node: Node, name: str, expected: str, problems: list[Problem]) -> None:
    """Reports that the value at `node`, which is that of `name`, is not what is `expected` there."""
    value = node.value
    if isinstance(value, str):
        found = f"'{short(value)}'" if value else "nothing"
    else:
        found = "a list" if isinstance(value, list) else "a mapping"
    message = f"{name}: expected {expected}, found {found}"
    problems.append(node.problem("wrong-shape", message, help=f"write {expected}"))


def find_misspelt(typed: Collection[str], known: Collection[str]) -> dict[str, str]:
    """The known keys that are absent and misspelt, each with the key that was typed."""
    misspelt: dict[str, str] = {}
    for key in typed:
        if key not in known and (close := find_nearest(key.lower(), known)) and close not in typed:
            misspelt.setdefault(close, key)
    return misspelt


def report_unknown_keys(node: Node, known: Collection[str], what: str, problems: list[Problem]) -> dict[str, str]:
    """Reports each key that is not known. Gives `find_misspelt`: what is misspelt is not missing, one mistake is one problem."""
    for key in node.fields:
        if key not in known:
            message = f"'{short(key)}' is not a field of {what}"
            problems.append(node.problem("unknown-key", message, key, key=True, help=nearest(key, known)))
    return find_misspelt(node.fields, known)


def read_id(node: Node, problems: list[Problem], misspelt: Mapping[str, str]) -> str:
    """The id of a deck, card, reference or course; empty when there is no valid one."""
    typed = node.fields
    if "id" not in typed:
        if "id" in misspelt:
            return id_as_typed(typed[misspelt["id"]])
        if not node.route and node.source.may_have("id"):
            return ""
        problems.append(node.problem("missing-field", "there is no 'id' here", help="add one; once released, it never changes"))
        return ""
    id = typed["id"]
    if not isinstance(id, str):
        report_shape(node.node("id"), "'id'", "a word", problems)
    else:
        report_bad_id(node.node("id"), id, problems)
    return id_as_typed(id)


def report_bad_id(place: Node, id: str, problems: list[Problem]) -> None:
    """Reports what is typed at `place` where it cannot be an id."""
    if not ID.fullmatch(id):
        message = f"'{short(id)}' cannot be an id" if id else "this id is empty"
        slug = to_id(id)
        help = f"write '{slug}'" if slug else "use lowercase letters a-z, digits and hyphens"
        problems.append(place.problem("bad-id", message, help=help))


def id_as_typed(value: Value | None) -> str:
    """A value as an id; empty where it is not one."""
    return value if isinstance(value, str) and ID.fullmatch(value) else ""


def read_texts(
    node: Node,
    name: str,
    languages: Collection[str],
    problems: list[Problem],
    many: bool = False,
    inside: bool = False,
    optional: bool = False,
) -> bool:
    """Whether there is a text at `node`, or a mapping language -> text, or where `many` a list of either.

    `inside` a mapping of languages there is no other one; where the text is `optional`, it may be empty in some of them.
    """
    value = node.value
    if inside and optional and value == "":
        return True
    if isinstance(value, str):
        if not value.strip():
            problems.append(node.problem("empty-text", f"{name} is empty", help="write it, or leave the key out"))
        elif character := find_invisible(value):
            message = f"{name} contains the invisible character {name_character(character)}"
            problems.append(node.problem("control-character", message, help="delete it"))
        return bool(value.strip())
    if not value:
        shape = "list" if isinstance(value, list) else "mapping"
        problems.append(node.problem("empty-text", f"{name} is an empty {shape}", help="fill it, or leave the key out"))
        return False
    if isinstance(value, list) and many:
        valid = [read_texts(node.node(at), name, languages, problems, inside=inside) for at in range(len(value))]
        return all(valid)
    if isinstance(value, dict) and languages and not inside:
        unknown = [language for language in value if language not in languages]
        for language in unknown:
            message = f"'{short(language)}' is not a language of this deck"
            help = nearest(language, languages)
            if value[language] == "":  # {fr: one, two, en: three}
                help = "if it is part of the text before it, put that text in quotes: a comma ends it"
            problems.append(node.problem("unknown-language", message, language, key=True, help=help))
        known = [language for language in value if language in languages]
        optional = optional and any(value[language] for language in known)
        valid = [read_texts(node.node(language), name, languages, problems, many, True, optional) for language in known]
        return all(valid) and not unknown
    report_shape(node, name, "a text or a list of texts" if many else "a text", problems)
    return False


def read_words(node: Node, name: str, problems: list[Problem]) -> dict[str, Node]:
    """The words of a list, or one word that stands for a list of one, each with its place."""
    value = node.value
    if isinstance(value, str) and value.strip():
        return {value: node}
    if not isinstance(value, list):
        report_shape(node, name, "a list", problems)
        return {}
    words: dict[str, Node] = {}
    for item in (node.node(at) for at in range(len(value))):
        if isinstance(item.value, str) and item.value.strip():
            words.setdefault(item.value, item)
        else:
            report_shape(item, f"an item of {name}", "a word", problems)
    return words


def read_some_words(node: Node, name: str, problems: list[Problem]) -> dict[str, Node]:
    """The words of a list that may not be empty."""
    if node.value == []:
        problems.append(node.problem("empty-text", f"{name} is an empty list", help="fill it, or leave the key out"))
    return read_words(node, name, problems)


def read_word(node: Node, name: str, known: Collection[str], problems: list[Problem]) -> bool:
    """Whether there is one of the `known` words at `node`."""
    value = node.value
    if not isinstance(value, str):
        report_shape(node, name, "a word", problems)
    elif value not in known:
        message = f"'{short(value)}' is not one of the words for {name}" if value else f"{name} is empty"
        problems.append(node.problem("unknown-word", message, help=nearest(value, known)))
    return isinstance(value, str) and value in known


def read_date(node: Node, text: str, problems: list[Problem], only_day: bool = False) -> bool:
    """Whether `text` is a day of the calendar, or also a month or year."""
    if to_date(text) and (len(text) == 10 or not only_day):
        return True
    help = "write it as 2018-03-06" if only_day else "write the day as 2018-03-06, the month as 2018-03, or the year as 2018"
    message = f"'{short(text)}' is not a valid {'day' if only_day else 'date'}"
    problems.append(node.problem("bad-date", message, help=help))
    return False
