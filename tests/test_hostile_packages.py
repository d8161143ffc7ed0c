"""Packages that a stranger made, in every format: an import brings nothing that runs, reads and writes nothing outside, and says
what it leaves out; what it wrote is a deck without mistakes that builds.

Some hundreds a run; `PACKAGES=20000 pytest -n0 tests/test_hostile_packages.py` tries as many as one likes.
"""

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from conftest import counts, import_package
from hostile_packages import SECRET, Package, write_package
from judge import TEX_COMMANDS, find_css_dangers, find_dangers

from flashdeck.anki.note import Note
from flashdeck.anki.package_writer import to_package
from flashdeck.anki.templates import render_as_html
from flashdeck.commands.terminal import write_all
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.plan import plan_import
from flashdeck.model.kinds import Settings
from flashdeck.pipeline import compile_project, release

GROUP = 60  # packages a test
MISSING = re.compile(
    r"sound: (?:[^/\\:]|\{\{c\d+::)*$|src: (?![/\\]|[a-zA-Z][\w+.-]*:)"
)  # what learners have may show what nobody has
BY_HAND = "PACKAGES" in os.environ
GROUPS = int(os.environ.get("PACKAGES", "120")) // GROUP


def find_dangers_of(notes: list[Note]) -> dict[str, list[str]]:
    """What in the fields, styles and rendered sides of notes runs, loads or commands, by where it is."""
    media = {file.name for note in notes for file in note.media} | {file.name for note in notes for file in note.type.media}
    found = {}
    for note in notes:
        for name, text in ((name, text) for (_, name), text in zip(note.type.fields, note.fields, strict=True)):
            found[f"{note.guid} {name}"] = find_dangers(text, media)
        found[f"{note.guid} style"] = find_css_dangers(note.type.css, media)
        for settings in (note.type.settings, *note.type.field_settings, *note.type.template_settings):
            found[f"{note.guid} settings"] = [*found.get(f"{note.guid} settings", []), *find_dangers_of_settings(settings)]
        values = {name: text for (_, name), text in zip(note.type.fields, note.fields, strict=True)}
        values |= {"Tags": note.tag_text, "Deck": note.deck, "Subdeck": note.deck.rpartition("::")[2], "Type": note.type.name}
        for at in note.cards:
            _, name, front, back = note.type.templates[0 if note.type.cloze else at]
            gap = at + 1 if note.type.cloze else 0
            values |= {"Card": name, "FrontSide": render_as_html(front, values, gap)}
            for side in (values["FrontSide"], render_as_html(back, values, gap, back=True)):
                asked = Counter({f"command: {word}": side.count(word) for word in ("[[type:", "[anki:tts", "[anki:play")})
                shown = Counter(find_dangers(side, media, designed=True)) - asked
                found[f"{note.guid} {name}"] = [*found.get(f"{note.guid} {name}", []), *shown]
    some = ((place, [danger for danger in dangers if not MISSING.match(danger)]) for place, dangers in found.items())
    return {place: dangers for place, dangers in some if dangers}


def find_dangers_of_settings(settings: Settings) -> list[str]:
    """What in the settings of a note type runs or loads where Anki uses them: its fonts in a style, as they are."""
    about = {name: value for name, value in settings if isinstance(value, str)}
    found = [danger for danger in find_dangers(about.get("description", "")) if re.match("element|attribute|address", danger)]
    for font in (about.get("font", ""), about.get("bfont", "")):
        found += find_dangers(f"<b style=\"font-family: '{font}'; font-size: 20px;\">x</b>")
    return found + TEX_COMMANDS.findall(re.sub(r"\\usepackage|\\special", "", about.get("latexPre", "")))


def try_package(file: Path, package: Package, folder: Path, allow_scripts: bool) -> list[str]:
    """Imports a package into an empty folder, checks and builds what that wrote; gives what is wrong with it."""
    try:
        plan = plan_import(file, ImportOptions(folder, allow_scripts=allow_scripts, drop_scripts=not allow_scripts))
    except FlashdeckError:
        return []
    if plan.problems:
        return []
    wrong = [f"outside: {path}" for path in plan.files if folder not in Path(os.path.normpath(path)).parents]
    wrong += [f"a secret in {path}" for path, data in plan.files.items() if SECRET in data]
    if wrong:
        return wrong
    write_all(plan.files, folder)
    project = compile_project([folder])
    if not project.ok:
        return [str(problem) for problem in project.problems if problem.level == "error"]
    notes = project.notes("en")
    released = release(project, ["en"], 1_800_000_000)
    assert to_package(notes, released.times)
    said = "\n".join(plan.lines)
    if len(notes) < len(package.notes) and "left out" not in said and "there already" not in said:
        wrong.append(f"{len(package.notes)} notes, {len(notes)} cards, and nothing said:\n{said}")
    if not allow_scripts:
        wrong += [f"{place}: {dangers}" for place, dangers in find_dangers_of(notes).items()]
    return wrong


@pytest.mark.parametrize("group", range(GROUPS))
def test_what_is_imported_of_a_hostile_package_is_a_harmless_deck(tmp_path, group):
    wrong = {}
    for seed in range(group * GROUP, (group + 1) * GROUP):
        for allow_scripts in (False, True) if BY_HAND else (seed % 3 == 0,):
            place = tmp_path / f"{seed} {allow_scripts}"
            place.mkdir()
            file, package = write_package(place, seed)
            there = {*place.rglob("*")}
            if found := try_package(file, package, place / "decks" / "new", allow_scripts):
                wrong[seed, allow_scripts] = found
            written = {*place.rglob("*")} - there
            assert all(place / "decks" in (path, *path.parents) for path in written)
            shutil.rmtree(place)
    assert {*tmp_path.iterdir()} == set()
    assert wrong == {}


def test_a_hostile_package_is_imported_checked_built_and_taken_by_the_real_anki(cli, col, tmp_path):
    imported = []
    for seed in range(10):
        place = tmp_path / str(seed)
        place.mkdir()
        file, _ = write_package(place, seed)
        if cli("import", file, "--into", "decks/new", "--drop-scripts", cwd=place).code:
            continue
        assert cli("check", cwd=place).code == 0
        assert cli("build", cwd=place).code == 0
        log = import_package(col, next((place / "dist").glob("*.apkg")))
        assert counts(log) == {"new": len(log.new)}
        imported.append(seed)
        col.remove_notes(col.find_notes(""))
    assert len(imported) > 2
