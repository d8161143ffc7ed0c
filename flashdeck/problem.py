"""A mistake in a source: where it is, what it is, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True, order=True, slots=True)
class Spot:
    """A place in a file; line and column count from 1, the column in characters."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One mistake. `code` is stable for ever; `flashdeck explain CODE` tells more about it."""

    spot: Spot
    code: str
    message: str
    help: str = ""
    level: str = "error"  # or "warning"

    def __str__(self) -> str:
        line = f"{self.spot}: {self.level}[{self.code}] {self.message}"
        return f"{line}\n    help: {self.help}" if self.help else line


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The help for a word that is not `known`: the known word most like it, or else all of them, or `otherwise`."""
    known = sorted(known)
    if close := get_close_matches(word.lower(), known, n=1):
        return f"there is '{close[0]}'"
    if known and len(known) <= 20:
        return "there is " + ", ".join(f"'{name}'" for name in known)
    return otherwise


def read_explanations() -> dict[str, str]:
    """What `flashdeck explain` says, by code: the sections of problems.md."""
    text = Path(__file__).with_name("problems.md").read_text(encoding="utf-8")
    sections = (section.partition("\n") for section in text.split("\n## ")[1:])
    return {code.strip(): f"{code.strip()}\n\n{explanation.strip()}" for code, _, explanation in sections}
