"""The schema for editors: it takes all that flashdeck takes, and refuses what it can."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from jsonschema import Draft7Validator
from test_bad import BAD, GOOD, put

from flashdeck.authoring.schema import to_schema
from flashdeck.authoring.starter import to_starter
from flashdeck.pipeline import compile_project


def read_as_an_editor(text: str) -> object:
    """Numbers and booleans as editors see them; days are texts to them."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {str(key) if not isinstance(key, bool) else key: plain(one) for key, one in value.items()}
        if isinstance(value, list):
            return [plain(one) for one in value]
        return value.isoformat() if isinstance(value, date) else value

    return plain(yaml.safe_load(text))


def validator(folder: Path) -> Draft7Validator:
    return Draft7Validator(to_schema(compile_project([folder]).facts))


def mistakes(folder: Path) -> dict[str, list[str]]:
    valid = validator(folder)
    files = [path for path in folder.rglob("*.yaml") if "kinds" not in path.parts]
    found = {path.name: [error.message for error in valid.iter_errors(read_as_an_editor(path.read_text()))] for path in files}
    return {name: some for name, some in found.items() if some}


def test_our_own_decks_fit_it():
    Draft7Validator.check_schema(validator(ROOT / "decks").schema)
    assert mistakes(ROOT / "decks") == {}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_flashdeck_takes_fits_it(path, tmp_path):
    put(path, tmp_path / "decks")

    assert mistakes(tmp_path / "decks") == {}


@pytest.mark.parametrize("languages", [["en"], ["fr", "en"]])
def test_what_init_writes_fits_it(languages, tmp_path):
    for name, data in to_starter("mine", "Mine", languages).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)

    assert mistakes(tmp_path) == {}


REFUSED = (
    "bad-id unknown-key unknown-kind unknown-word unknown-reference missing-field empty-text wrong-shape unknown-tag unknown-deck"
)


@pytest.mark.parametrize(
    "path", [path for path in BAD if path.name.removesuffix(".yaml") in REFUSED.split()], ids=lambda path: path.stem
)
def test_it_refuses_what_flashdeck_refuses(path, tmp_path):
    put(path, tmp_path / "decks")

    assert mistakes(tmp_path / "decks") != {}


def test_it_has_the_names_of_the_project_and_the_words_of_the_fields():
    schema = validator(ROOT / "decks").schema
    text = str(schema)

    assert "interpol-terminology-en" in text and "'frontline-101'" not in text
    card = schema["then"]["properties"]["cards"]["items"]
    assert card["properties"]["avoid"]["description"] == "the term or terms to keep away from"
    assert "nine" not in text
    course = schema["then"]["properties"]["courses"]["items"]["properties"]
    assert "term" in course["include"]["properties"]["kinds"]["anyOf"][0]["anyOf"][0]["enum"]
    assert "interpol/icse-meaning" in str(course["cards"])


def test_it_is_made_of_what_can_be_read(deck, cli):
    decks = deck("kind: basic\ncards:\n  - {id: one, question: 'x}\n")

    ran = cli("schema", decks)

    assert ran.code == 0
    assert '"$schema"' in ran.out


def test_init_writes_it_where_its_files_look_for_it(cli, tmp_path):
    cli("init", "decks/mine")

    path = tmp_path / "decks" / "mine" / "schema.json"
    lines = {re.search("schema=(.*)", file.read_text().splitlines()[0])[1] for file in path.parent.glob("*.yaml")}
    assert lines == {"schema.json"}
    before = path.read_text()
    (path.parent / "references.yaml").open("a").write("  - {id: new-one, title: T, publisher: P}\n")
    assert cli("schema", "decks", "--out", "decks/mine/schema.json").code == 0
    assert ("new-one" in before, "new-one" in path.read_text()) == (False, True)
