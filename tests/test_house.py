"""The house: who may import whom, and that what the README says is so."""

import ast
import re
import shutil

import pytest
from conftest import ROOT

from flashdeck.problem import read_explanations

# Each module and the modules of ours that it may know. Whoever adds a line here explains it in the review.
MAP = {
    "__init__": "",
    "__main__": "cli",
    "archive": "",
    "asking": "kinds problem source",
    "authoring": "compiler kinds model preview problem shapes source writing",
    "changes": "kinds model notes package",
    "cli": "__init__ archive asking authoring changes compiler courses files foreign git imports kinds ledger linking memory "
    "model output package problem rehearsal schema shapes source tables updates watching writing",
    "compiler": "checks courses kinds ledger library media model notes problem releases source",
    "checks": "courses markdown model problem shapes source",
    "courses": "model",
    "files": "",
    "foreign": "source",
    "git": "",
    "imports": "archive authoring compiler foreign kinds markdown problem rows shapes source tables unpacking writing",
    "kinds": "problem shapes source templates",
    "ledger": "notes problem",
    "linking": "checks compiler kinds ledger library media memory model notes problem processes releases source units",
    "library": "kinds model problem references shapes source",
    "markdown": "",
    "media": "kinds markdown model problem shapes source",
    "memory": "files",
    "model": "kinds problem source templates",
    "notes": "kinds markdown media model references",
    "output": "problem",
    "package": "archive notes",
    "preview": "notes templates",
    "problem": "",
    "processes": "",
    "references": "model problem shapes source",
    "rehearsal": "notes package",
    "releases": "ledger model notes problem",
    "rows": "foreign kinds markdown problem shapes source tables wording",
    "schema": "kinds library model references",
    "shapes": "problem source",
    "source": "problem",
    "tables": "",
    "templates": "problem source",
    "units": "checks compiler ledger library media model notes problem shapes source",
    "unpacking": "archive authoring foreign kinds markdown rows shapes source templates wording writing",
    "updates": "kinds ledger notes",
    "watching": "",
    "wording": "markdown source",
    "writing": "source",
}
ALONE = {
    "yaml": "source",
    "genanki": "package",
    "openpyxl": "tables",
    "sqlite3": "archive package",  # one reads what others wrote, the other writes
    "zipfile": "archive package tables",
    "zstandard": "archive",
    "nh3": "markdown",
    "pyromark": "markdown",
}


def imports(name: str) -> set[str]:
    path = ROOT / "flashdeck" / (f"{name}.py" if name != "kinds" else "kinds/__init__.py")
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("flashdeck.__init__" if node.module == "flashdeck" else node.module)
    return found


def test_every_module_imports_only_what_the_map_allows():
    modules = {path.stem for path in (ROOT / "flashdeck").glob("*.py")} | {"kinds"}
    found = {
        name: " ".join(sorted(word.removeprefix("flashdeck.") for word in imports(name) if word.startswith("flashdeck")))
        for name in modules
    }

    assert found == MAP


def test_each_foreign_library_has_one_door():
    found = {
        library: " ".join(sorted(name for name in MAP if library in {word.split(".")[0] for word in imports(name)}))
        for library in ALONE
    }

    assert found == ALONE


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_the_two_commands_and_names_every_code_and_module():
    assert "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/flashdeck build\n" in README
    assert "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest -q\n" in README
    codes = README.partition("## Problem codes")[2]
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", codes, re.M)) == sorted(read_explanations())
    house = README.partition("## The house")[2]
    assert {name for name in MAP if not name.startswith("__")} <= set(re.findall(r"(\w+)(?:\.py|/)", house))


@pytest.mark.parametrize("command", re.findall(r"^flashdeck (.+?)(?: +#.*)?$", README, re.M))
def test_every_command_of_the_readme_works(command, cli, project):
    assert cli(*command.split(), cwd=project).code == 0


def test_the_cards_of_the_readme_build(cli, tmp_path):
    blocks = re.findall(r"```(?:yaml|html)\n(?:#|<!--) decks/(\S+)(?: -->)?\n(.*?)```", README, re.S)
    shutil.copytree(ROOT / "decks", tmp_path / "decks")
    for name, text in blocks:
        path = tmp_path / "decks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    ran = cli("check", "--strict")

    assert len(blocks) == 8
    assert (ran.code, ran.out) == (0, "")
