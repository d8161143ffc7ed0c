"""Every file in tests/bad states, in comments, what flashdeck must report there: `# expect: LINE:COLUMN CODE`.

A file `code.yaml` stands for the cards.yaml of a deck; a folder `code` for the whole `decks` folder, and states it in `expect`.
A second source of one code adds what it is about, as in `unknown-card.replaced-by.yaml`.
"""

import ast
import re
import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pytest
from conftest import DECK_YAML, ROOT

from flashdeck.diagnostics.problem import Problem, read_explanations, without_hints
from flashdeck.pipeline import compile_project

TODAY = date(2026, 11, 23)
CODES = set(read_explanations())
BAD = sorted(path for path in (ROOT / "tests" / "bad").iterdir())
HINTS = {
    "answer-in-front",
    "foreign-reference",
    "gap-in-open-list",
    "in-no-course",
    "longest-option",
    "near-fronts",
    "nested-citation",
    "unused-reference",
}
GOOD = sorted(path for path in (ROOT / "tests" / "good").iterdir())


def name_of(path: Path) -> str:
    return path.name.removesuffix(".yaml")


def code_of(path: Path) -> str:
    return path.name.partition(".")[0]


def put(path: Path, decks: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, decks, symlinks=True)
    else:
        (decks / "test").mkdir(parents=True)
        (decks / "test" / "deck.yaml").write_text(DECK_YAML)
        shutil.copy(path, decks / "test" / "cards.yaml")


def read_expected(path: Path) -> list[str]:
    """What a source states must be reported in it, line by line; of a good one, nothing."""
    if path in GOOD:
        return []
    if path.is_dir():
        return (path / "expect").read_text().splitlines()
    return re.findall(r"# expect: (.+)", path.read_text(encoding="utf-8", errors="replace"))


def to_lines(path: Path, problems: Iterable[Problem]) -> list[str]:
    """Problems as the source at `path` would write what it expects."""
    if path.is_dir():
        return [f"{problem.spot} {problem.code}" for problem in problems]
    return [f"{problem.spot.line}:{problem.spot.column} {problem.code}" for problem in problems]


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_a_bad_source_gets_the_problems_it_names_and_no_others(path, tmp_path, monkeypatch, golden):
    put(path, tmp_path / "decks")
    monkeypatch.chdir(tmp_path)

    problems: Sequence[Problem] = compile_project([Path("decks")], TODAY, hints=True).problems
    if code_of(path) not in HINTS:  # what the others are about is none of taste
        problems = without_hints(problems)

    assert to_lines(path, problems) == read_expected(path)
    assert code_of(path) in {problem.code for problem in problems}
    golden(f"bad/{name_of(path)}.txt", "".join(f"{problem}\n" for problem in problems))


@pytest.mark.parametrize("path", GOOD, ids=name_of)
def test_a_good_source_gets_no_problem(path, tmp_path):
    put(path, tmp_path / "decks")

    assert without_hints(compile_project([tmp_path / "decks"]).problems) == []


def test_every_code_is_explained_and_has_a_bad_source():
    reporters = {"problem", "report", "_report", "Mistake", "Problem", "_at", "_at_name"}
    used = {"unknown-kind", "unknown-tag", "unknown-deck"}  # made of a word and its rule
    for module in (ROOT / "flashdeck").rglob("*.py"):
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in reporters:
                words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
                used |= {word for word in words if word in CODES or re.fullmatch("[a-z]+(-[a-z]+)+", word)}

    assert used - {*map(code_of, BAD)} == MADE_BY_TESTS
    assert used == CODES


# What cannot lie in a repository: test_files.py and test_release.py make it.
MADE_BY_TESTS = {"large-file", "large-media", "lost-ledger"}
