"""A mistake in a source: where it is, what it is, and how to fix it."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar
from unicodedata import normalize

from flashdeck.diagnostics.errors import FlashdeckError

T = TypeVar("T")
SEE_LIST = "see 'flashdeck list'"
SIMILAR = 0.6  # the ratio of difflib: of five letters, two may be wrong
LISTED = 21  # known words: more are too many to show
FEW = 100  # known words: up to here, a word is compared with all of them


class Spot(NamedTuple):
    """A place in a file; line and column count from 1, the column in characters."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One mistake. `code` never changes; `flashdeck explain CODE` explains it. Problems are in order by their places."""

    spot: Spot
    code: str
    message: str
    help: str = ""
    level: str = "error"  # or "warning"
    card: str = ""  # the full id of the card it belongs to, where it belongs to one
    unknown: str = ""  # the id that it says is not known, should that be defined somewhere

    def __str__(self) -> str:
        line = f"{self.spot}: {self.level}[{self.code}] {self.message}"
        return f"{line}\n    help: {self.help}" if self.help else line


ROW = [str, int, int, str, str, str, str, str, str]  # the types of a problem's row


def problem_to_row(problem: Problem) -> list[str | int]:
    """A problem as the cache keeps it, in JSON."""
    return [*problem.spot, *problem[1:]]


def row_to_problem(row: object) -> Problem:
    """The problem that a row of JSON was made from. Raises ValueError for anything else."""
    if not isinstance(row, list) or [type(part) for part in row] != ROW:
        raise ValueError("it is not a problem")
    return Problem(Spot(*row[:3]), *row[3:])


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems sorted by place, each once: what is wrong with a default of a file is found with each of its cards."""
    return tuple({problem[:5]: problem for problem in sorted(problems)}.values())


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any problem is an error: warnings block nothing."""
    return any(problem.level == "error" for problem in problems)


def nearest(word: str, known: Collection[str], default: str = "") -> str:
    """The help for a word that is not `known`: the known word most like it, or else all of them, or `default`."""
    if close := find_nearest(word.lower(), known):
        return f"there is '{close}'"
    if known and len(known) <= LISTED:
        return f"there {'is' if len(known) == 1 else 'are'} " + ", ".join(f"'{name}'" for name in sorted(known))
    return default


def find_known(what: str, word: str, known: Mapping[str, T]) -> T:
    """What a word that a user typed stands for. Raises FlashdeckError with the nearest known word."""
    word = normalize("NFC", word)  # as all names are read
    if word not in known:
        raise FlashdeckError(f"there is no {what} '{word}'; {nearest(word, known, SEE_LIST)}")
    return known[word]


def find_nearest(word: str, known: Collection[str], cutoff: float = SIMILAR) -> str:
    """The known word most like another, or nothing. Of many, give a frozenset, and only those a letter or two away count.

    To compare each word that is wrong with all that are known would take minutes where both are thousands.
    """
    from difflib import get_close_matches  # an import that a check without mistakes does not need

    if len(known) > FEW:
        index = _to_index(frozenset(known))
        known = {other for part in _without_a_letter(word) for other in index.get(part, ())}
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=cutoff)), "")


@lru_cache(maxsize=16)
def _to_index(known: frozenset[str]) -> dict[str, list[str]]:
    """Words by what they are without one of their letters: words that are almost the same meet there."""
    index: dict[str, list[str]] = {}
    for word in known:
        for part in _without_a_letter(word):
            index.setdefault(part, []).append(word)
    return index


def _without_a_letter(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def read_explanations() -> dict[str, str]:
    """What `flashdeck explain` says, by code: the sections of problems.md."""
    text = Path(__file__).with_name("problems.md").read_text(encoding="utf-8")
    sections = (section.partition("\n") for section in text.split("\n## ")[1:])
    return {code.strip(): f"{code.strip()}\n\n{explanation.strip()}" for code, _, explanation in sections}
