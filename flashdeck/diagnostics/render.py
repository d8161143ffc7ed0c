"""How results look: problems as text, JSON and GitHub's annotation lines; tables. Pure.

Names and texts come from strangers: what a terminal or a CI machine would act on is shown as what it is, `\\x1b` for instance.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import quote

from flashdeck import __version__
from flashdeck.diagnostics.problem import Problem

# Control characters, ends of lines that only some programs know, and what changes the direction of the text around it.
ACTS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
COLOURS = "\x1b\\[(?:0|31|33|36)m"  # the only ones that flashdeck itself prints
# GitHub runs a line that begins with `::`, and whatever follows `##[` in a line; Azure and TeamCity have `##word[`.
COMMAND = r"^(?P<indent>[^\S\n]*):(?=:)|#(?=#\w*\[)"
INERT = re.compile(f"(?P<colour>{COLOURS})|[{ACTS}]|{COMMAND}", re.M)
IN_JSON = re.compile(f"[{ACTS}\ud800-\udfff]|#(?=#\\w*\\[)")
ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def to_inert(text: str) -> str:
    """A text of which nothing acts on a terminal or a CI machine; it keeps its lines and our own colours."""
    return INERT.sub(_show, text)


def _show(found: re.Match[str]) -> str:
    indent = found["indent"]
    return found[0] if found["colour"] else (indent or "") + _escape_character(found[0][-1])


def to_line(text: str) -> str:
    """A text on one line, of which nothing acts on a terminal or a CI machine."""
    return re.sub(f"[{ACTS}\n]", lambda found: _escape_character(found[0]), text)


def to_lines(texts: Iterable[str]) -> str:
    """Texts below one another, each on one line, whatever line ends are in it."""
    return "\n".join(map(to_line, texts))


def _escape_character(character: str) -> str:
    code = ord(character)
    if short := ESCAPES.get(character):
        return short
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def render_problems(problems: Iterable[Problem], format: str) -> str:
    """The problems in one of the formats `text`, `json` and `github`; empty where there is nothing to print."""
    renderers = {"text": _to_text, "github": _to_annotation}
    if format == "json":
        return to_json([_to_data(problem) for problem in problems])
    return "\n".join(renderers[format](problem) for problem in problems)


def render_sarif(problems: Iterable[Problem], explanations: Mapping[str, str]) -> str:
    """Problems as SARIF 2.1.0, which code scanners and editors read; `explanations` are by code."""
    problems = [*problems]
    codes = sorted({problem.code for problem in problems})
    rules = [{"id": code, "fullDescription": {"text": explanations[code]}} for code in codes]
    results = [
        {
            "ruleId": problem.code,
            "ruleIndex": codes.index(problem.code),
            "level": problem.level,
            "message": {"text": f"{problem.message}\n{problem.help}" if problem.help else problem.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(problem.spot.path.replace("\\", "/"))},
                        "region": {"startLine": problem.spot.line, "startColumn": problem.spot.column},
                    }
                }
            ],
        }
        for problem in problems
    ]
    tool = {"driver": {"name": "flashdeck", "version": __version__, "rules": rules}}
    run = {"tool": tool, "columnKind": "unicodeCodePoints", "results": results}
    return to_json({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def to_json(data: object) -> str:
    """JSON in which what could act is written as an escape, so that it is the same text."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return IN_JSON.sub(lambda found: "\\u0023" if found[0] == "#" else json.dumps(found[0])[1:-1], text)


LEVELS = {"error": "\x1b[31m", "warning": "\x1b[33m", "hint": "\x1b[36m"}  # their colours on a terminal


def _to_text(problem: Problem) -> str:
    colour = LEVELS[problem.level]
    line = f"{to_line(str(problem.spot))}: {colour}{problem.level}[{problem.code}]\x1b[0m {to_line(problem.message)}"
    return f"{line}\n    help: {to_line(problem.help)}" if problem.help else line


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
    return f"::{'notice' if problem.level == 'hint' else problem.level} {place}::{_escape(text)}"


def _escape(text: str, also: str = "") -> str:
    """A text as GitHub's annotation lines want it."""
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return to_line(text)


def render_summary(problems: Collection[Problem], strict: bool = False) -> str:
    """How many errors and warnings there are; where `strict`, that the warnings count as errors."""
    errors = sum(problem.level == "error" for problem in problems)
    hints = sum(problem.level == "hint" for problem in problems)
    warnings = len(problems) - errors - hints
    parts = [count(errors, "error")] if errors else []
    if warnings:
        counted = f" (counted as {'an error' if warnings == 1 else 'errors'})" if strict else ""
        parts.append(count(warnings, "warning") + counted)
    if hints:
        parts.append(count(hints, "hint"))
    return ", ".join(parts) or "no problems"


def count(number: int, what: str) -> str:
    """A number of things, with the word in the plural where there is not just one."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def render_table(rows: list[list[str]], indent: str = "", numbers: bool = False) -> str:
    """Rows in columns; columns of `numbers`, which are all but the first, are aligned to the right."""
    rows = [[to_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if numbers and at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)
