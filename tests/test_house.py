"""The house: which room may import which, and that the README is right."""

import ast
import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

from flashdeck.diagnostics.problem import read_explanations

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = (ROOT / "flashdeck" / "README.md").read_text(encoding="utf-8")
# The rooms from the roof down, as the map has them, each with its modules: a room imports only what stands below it.
ROOMS = {
    heading.rstrip("/").removesuffix(".py"): re.findall(r"^\| `(\w+\.py)` \|", text, re.M)
    for heading, text in re.findall(r"^### `([\w./]+)`(.*?)(?=^##)", MAP, re.M | re.S)
}
ALONE = {
    "anyascii": "sources/values",
    "yaml": "sources/yaml_file",
    "genanki": "anki/package_writer",
    "openpyxl": "importing/workbooks",
    "sqlite3": "anki/package_reader anki/package_writer",
    "zipfile": "anki/package_reader anki/package_writer handouts/office importing/workbooks",
    "watchfiles": "sources/watching",
    "zstandard": "anki/package_reader",
    "nh3": "anki/safe",
    "pyromark": "anki/markdown",
    "simplemma": "wording/forms",
    "docx": "handouts/office",
    "pptx": "handouts/office",
    "pypdf": "handouts/office",
    "tinycss2": "anki/css",
}
MODULES = sorted(
    path for path in (ROOT / "flashdeck").rglob("*.py") if path.parent != ROOT / "flashdeck" or path.name == "pipeline.py"
)


@cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_a_room_imports_only_rooms_that_stand_below_it():
    rooms = [*ROOMS]
    for path in MODULES:
        room = path.relative_to(ROOT / "flashdeck").parts[0].removesuffix(".py")
        known = {name.split(".")[1] for name in imports(path) if name.startswith("flashdeck.")}
        assert known <= {*rooms[rooms.index(room) :]}, path


def test_each_foreign_library_has_one_door():
    def name(path: Path) -> str:
        return path.relative_to(ROOT / "flashdeck").with_suffix("").as_posix()

    found = {
        library: " ".join(sorted(name(path) for path in MODULES if library in {word.split(".")[0] for word in imports(path)}))
        for library in ALONE
    }

    assert found == ALONE


def test_the_map_has_every_room_and_every_module_and_no_others():
    found: dict[str, list[str]] = {"pipeline": []}
    for path in MODULES:
        if path.name != "__init__.py" and path.name != "pipeline.py":
            found.setdefault(path.parent.name, []).append(path.name)

    named = {room: sorted(name for name in modules if name != "__init__.py") for room, modules in ROOMS.items()}

    assert named == {room: sorted(names) for room, names in found.items()}
    assert "](flashdeck/README.md)" in README


def test_whatever_the_map_names_is_there():
    words = re.findall(r"`([^`\n]+)`", MAP)
    paths = {word for word in words if re.fullmatch(r"[a-z_./]+/([a-z_]+\.\w+)?", word)} | {*re.findall(r"\]\(([^)]+)\)", MAP)}
    names = {word.rpartition(".")[2] for word in words if re.fullmatch(r"[A-Z]\w*(\.\w+)?|_?[a-z]+(_[a-z]+)+", word)}
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)

    assert len(paths) > 20 and len(names) > 10
    assert [path for path in paths if not (ROOT / path).exists() and not (ROOT / "flashdeck" / path).exists()] == []
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []


def test_each_room_has_a_page_that_names_its_trap():
    for room in ROOMS:
        if room != "pipeline":
            page = (ROOT / "flashdeck" / room / "__init__.py").read_text(encoding="utf-8")
            assert "The trap: " in (ast.get_docstring(ast.parse(page)) or ""), room


def test_the_readme_has_the_two_commands_and_names_every_code():
    assert "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/flashdeck build\n" in README
    assert "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest -q\n" in README
    codes = README.partition("## Problem codes")[2]
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", codes, re.M)) == sorted(read_explanations())


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

    assert len(blocks) == 9
    assert (ran.code, ran.out) == (0, "")
