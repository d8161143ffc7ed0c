"""How results look: problems as text, JSON and GitHub's annotation lines; tables. Pure."""

import json
from collections.abc import Collection, Iterable

from flashdeck.diagnostics.problem import Problem


def render_problems(problems: Iterable[Problem], format: str) -> str:
    """The problems in one of the formats `text`, `json` and `github`; empty where there is nothing to print."""
    renderers = {"text": _to_text, "github": _to_annotation}
    if format == "json":
        return to_json([_to_data(problem) for problem in problems])
    return "\n".join(renderers[format](problem) for problem in problems)


def to_json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


def _to_text(problem: Problem) -> str:
    colour = "\x1b[31m" if problem.level == "error" else "\x1b[33m"  # the terminal's red or yellow; elsewhere it is stripped
    line = f"{problem.spot}: {colour}{problem.level}[{problem.code}]\x1b[0m {problem.message}"
    return f"{line}\n    help: {problem.help}" if problem.help else line


def _to_data(problem: Problem) -> dict[str, object]:
    return {
        "path": problem.spot.path,
        "line": problem.spot.line,
        "column": problem.spot.column,
        "code": problem.code,
        "level": problem.level,
        "message": problem.message,
        "help": problem.help,
        "card": problem.card,
    }


def _to_annotation(problem: Problem) -> str:
    spot = problem.spot
    place = f"file={_escape(spot.path, ',:')},line={spot.line},col={spot.column},title={problem.code}"
    text = f"{problem.message}\nhelp: {problem.help}" if problem.help else problem.message
    return f"::{problem.level} {place}::{_escape(text)}"


def _escape(text: str, also: str = "") -> str:
    """A text as GitHub's annotation lines want it."""
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def render_summary(problems: Collection[Problem], strict: bool = False) -> str:
    """How many errors and warnings there are; where `strict`, that the warnings count as errors."""
    errors = sum(problem.level == "error" for problem in problems)
    warnings = len(problems) - errors
    parts = [count(errors, "error")] if errors else []
    if warnings:
        counted = f" (counted as {'an error' if warnings == 1 else 'errors'})" if strict else ""
        parts.append(count(warnings, "warning") + counted)
    return ", ".join(parts) or "no problems"


def count(number: int, what: str) -> str:
    """A number of things, with the word in the plural where there is not just one."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def render_table(rows: list[list[str]], indent: str = "", numbers: bool = False) -> str:
    """Rows in columns; columns of `numbers`, which are all but the first, are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if numbers and at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)
