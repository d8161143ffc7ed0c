"""Every file in tests/bad says, in comments, what flashdeck must report there: `# expect: LINE:COLUMN CODE`.

A file `code.yaml` stands for the cards.yaml of a deck; a folder `code` for the whole `decks` folder, and says it in `expect`.
"""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from conftest import DECK_YAML, ROOT

from flashdeck.compiler import compile_decks
from flashdeck.problem import read_explanations

TODAY = date(2026, 11, 23)
BAD = sorted(path for path in (ROOT / "tests" / "bad").iterdir())
GOOD = sorted(path for path in (ROOT / "tests" / "good").iterdir())


def put(path: Path, decks: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, decks, symlinks=True)
    else:
        (decks / "test").mkdir(parents=True)
        (decks / "test" / "deck.yaml").write_text(DECK_YAML)
        shutil.copy(path, decks / "test" / "cards.yaml")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_source_gets_the_problems_it_names_and_no_others(path, tmp_path, monkeypatch, golden):
    put(path, tmp_path / "decks")
    monkeypatch.chdir(tmp_path)

    problems = compile_decks([Path("decks")], TODAY).problems

    if path.is_dir():
        expected = (path / "expect").read_text().splitlines()
        found = [f"{problem.spot} {problem.code}" for problem in problems]
    else:
        expected = re.findall(r"# expect: (.+)", path.read_text(encoding="utf-8", errors="replace"))
        found = [f"{problem.spot.line}:{problem.spot.column} {problem.code}" for problem in problems]
    assert found == expected
    assert path.stem in {problem.code for problem in problems}
    golden(f"bad/{path.stem}.txt", "".join(f"{problem}\n" for problem in problems))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_source_gets_no_problem(path, tmp_path):
    put(path, tmp_path / "decks")

    assert compile_decks([tmp_path / "decks"]).problems == ()


def test_every_code_is_explained_and_has_a_bad_source():
    used = set()
    for module in (ROOT / "flashdeck").glob("*.py"):
        text = module.read_text(encoding="utf-8")
        used |= set(re.findall(r'(?:problem|refuse|tell|Mistake|wrong)\((?:[\w. ()]+, )*"([a-z]+(?:-[a-z]+)+|alias|tab)"', text))
    used |= set(re.findall(r'Problem\(ledger\.spot\([^)]*\), "([a-z-]+)"', (ROOT / "flashdeck" / "releases.py").read_text()))
    used |= {"unreadable-file", "broken-ledger", "unknown-kind", "unknown-tag", "unknown-deck"}

    assert used - {path.stem for path in BAD} == MADE_BY_TESTS
    assert used == set(read_explanations())


# What cannot lie in a repository: test_files.py makes it.
MADE_BY_TESTS = {"large-file"}
