"""A unit <-> the bytes of an entry of the cache: first, as JSON, what is not a column; then the columns."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from flashdeck.build.unit import COLUMN, ROW, CardFacts, Fronts, LanguageFacts, NoteColumns, Unit
from flashdeck.diagnostics.problem import problem_to_row, row_to_problem
from flashdeck.wording.rules import to_rule

TABLES: Mapping[str, type[Any]] = {"languages": LanguageFacts, "fronts": Fronts, "notes": NoteColumns}
PLAIN_FIELDS: Mapping[str, type] = {
    "path": str, "digest": str, "asked": dict, "deck": str, "defines_frame": bool, "unread": str, "deck_names": list,
    "media": dict, "named": list, "large": list, "reviews": list, "figures": list, "rules": list, "overrides": list,
    "kind_languages": list, "groups": list, "overriding": list,
}  # fmt: skip
NUMBERS = re.compile(rf"(?:\d+{ROW})*")


def to_bytes(unit: Unit) -> bytes:
    head = {name: getattr(unit, name) for name in PLAIN_FIELDS}  # tuples become lists
    problems = [problem_to_row(problem) for problem in unit.problems]
    tables = {name: list(getattr(unit, name)) for name in TABLES}
    columns = [*unit.cards]
    for name in TABLES:
        for table in getattr(unit, name).values():
            columns += table
    return COLUMN.join([json.dumps([head, problems, tables]), *columns]).encode()


def from_bytes(data: bytes) -> Unit:
    """What `to_bytes` was given. Raises ValueError for anything else."""
    head, *texts = data.decode().split(COLUMN)
    columns = iter(texts)
    match json.loads(head):
        case [dict(plain), list(problems), dict(tables)] if (
            plain.keys() == PLAIN_FIELDS.keys() and tables.keys() == TABLES.keys()
        ):
            pass
        case _:
            raise ValueError("it is not a unit")
    if not all(isinstance(plain[name], type) for name, type in PLAIN_FIELDS.items()):
        raise ValueError("it has values of another type")
    for name in ("deck_names", "named", "overriding"):
        plain[name] = tuple(map(str, plain[name]))
    plain["large"] = tuple((str(a), int(b), int(c), str(d), str(e)) for a, b, c, d, e in plain["large"])
    for name in ("reviews", "figures"):
        plain[name] = tuple([(int(a), str(b), str(c)) for a, b, c in plain[name]])
    plain["rules"] = tuple(map(to_rule, plain["rules"]))
    plain["overrides"] = tuple((int(a), str(b)) for a, b in plain["overrides"])
    plain["groups"] = tuple((str(kind), str(tags)) for kind, tags in plain["groups"])
    plain["kind_languages"] = tuple((str(kind), str(language)) for kind, language in plain["kind_languages"])
    cards = _take(CardFacts, columns)
    found: dict[str, Any] = {name: {str(key): _take(type, columns) for key in tables[name]} for name, type in TABLES.items()}
    unit = Unit(**plain, problems=tuple(map(row_to_problem, problems)), cards=cards, **found)
    _check(unit)
    return unit


def _take(type: type[Any], columns: Iterator[str]) -> Any:
    taken = [*islice(columns, len(type._fields))]
    if len(taken) < len(type._fields):
        raise ValueError("columns are missing")
    return type(*taken)


def _check(unit: Unit) -> None:
    """Raises ValueError where columns have different lengths, or a column of numbers holds something else."""
    numbers = [unit.cards.items]
    tables = [[*unit.cards]]
    for language, facts in unit.languages.items():
        numbers += facts.rows, facts.left_out
        notes_of = unit.notes.get(language, ())
        tables.append([facts.rows, facts.templates, facts.guids, facts.gaps, *notes_of])
    for language, notes in unit.notes.items():
        numbers.append(notes.ids)
        if not {*notes.media.replace(ROW, "/").split("/")} <= {"", *unit.media}:
            raise ValueError("a note has a file that is not known")
        if language not in unit.languages:
            raise ValueError("there are notes in a language without cards")
    for fronts in unit.fronts.values():
        numbers.append(fronts.rows)
        tables.append([fronts.rows, fronts.texts])
    if any(len({column.count(ROW) for column in table}) > 1 for table in tables) or not all(map(NUMBERS.fullmatch, numbers)):
        raise ValueError("its columns do not fit together")
