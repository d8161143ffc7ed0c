"""The commands as their users run them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DECK_YAML, ROOT

from flashdeck.commands import app
from flashdeck.diagnostics.problem import read_explanations
from flashdeck.model.kind_reader import read_kinds

CARDS = """
    kind: basic
    cards:
      - {id: one, question: {fr: Un, en: One}, answer: a, tags: [core]}
      - {id: two, question: {fr: Deux}, answer: b, tags: [core, late]}
      - {id: three, kind: cloze, text: 'a {{c1::b}} {{c2::c}}', sensitive: true}
    courses:
      - {id: short, title: {fr: Court, en: Short}, include: {tags: [core]}}
      - {id: calm, include: {decks: [test]}, exclude: {tags: [sensitive]}}
    """


def test_build_writes_one_package_a_language_and_ends_with_a_table(deck, cli, tmp_path):
    ran = cli("build", deck(CARDS))

    assert ran.code == 0
    assert re.sub(r"\d+ kB", "N kB", ran.out).splitlines() == [
        "package            notes  cards  size",
        "dist/test-fr.apkg      3      4  N kB",
        "dist/test-en.apkg      2      3  N kB",
        "1 card left out of test-en for a missing translation",
        "these packages are for trying; 'flashdeck release' makes packages to hand out",
    ]
    assert sorted(path.name for path in (tmp_path / "dist").iterdir()) == ["test-en.apkg", "test-fr.apkg"]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ([], {"test-fr": "3 4", "test-en": "2 3"}),
        (["--language", "fr"], {"test-fr": "3 4"}),
        (["--course", "short"], {"short-fr": "2 2", "short-en": "1 1"}),
        (["--course", "short", "--course", "calm", "--language", "en"], {"short-en": "1 1", "calm-en": "1 1"}),
        (["--kind", "cloze"], {"test-fr+cloze": "1 2", "test-en+cloze": "1 2"}),
        (["--tag", "core", "--without-tag", "late"], {"test-fr+core+no-late": "1 1", "test-en+core+no-late": "1 1"}),
        (
            ["--kind", "cloze", "--kind", "basic", "--tag", "sensitive"],
            {"test-fr+cloze+basic+sensitive": "1 2", "test-en+cloze+basic+sensitive": "1 2"},
        ),
    ],
)
def test_build_takes_what_the_options_ask_for(words, rows, deck, cli):
    ran = cli("build", deck(CARDS), *words)

    found = re.findall(r"dist/(\S+)\.apkg +(\d+) +(\d+)", ran.out)
    assert {name: f"{notes} {cards}" for name, notes, cards in found} == rows


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--course", "shirt"], "flashdeck: there is no course 'shirt'; there is 'short'"),
        (["--language", "de"], "flashdeck: there is no language 'de'; there are 'en', 'fr'"),
        (["--kind", "bascic"], "flashdeck: there is no kind 'bascic'; there is 'basic'"),
        (["--tag", "cor"], "flashdeck: there is no tag 'cor'; there is 'core'"),
        (["--kind", "term"], "flashdeck: nothing was built: no cards match what you asked for"),
    ],
)
def test_wrong_words_stop_with_the_nearest_right_one(words, message, deck, cli, tmp_path):
    ran = cli("build", deck(CARDS), *words)

    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (2, "", message)
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize("epoch", ["soon", "-1", "9" * 20])
def test_a_build_time_that_makes_no_sense_is_reported(epoch, deck, cli):
    ran = cli("build", deck(CARDS), SOURCE_DATE_EPOCH=epoch)

    assert (ran.code, ran.err) == (2, f"flashdeck: SOURCE_DATE_EPOCH is '{epoch}'; write a number of seconds since 1970\n")


def test_build_refuses_while_there_is_an_error_and_keeps_the_old_package(deck, cli, tmp_path):
    decks = deck(CARDS)
    cli("build", decks)
    before = (tmp_path / "dist" / "test-fr.apkg").read_bytes()
    (decks / "test" / "more.yaml").write_text("kind: basic\ncards:\n  - {id: four, question: x}\n")

    ran = cli("build", decks)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == "nothing was built: fix 1 error first"
    assert (tmp_path / "dist" / "test-fr.apkg").read_bytes() == before


def test_an_output_folder_that_cannot_be_written_is_one_clear_line(deck, cli, tmp_path):
    (tmp_path / "out").write_text("a file, not a folder")

    ran = cli("build", deck(CARDS), "--out", "out")

    assert ran.code == 2
    assert ran.err.splitlines()[-1] == "flashdeck: 'out/test-fr.apkg' cannot be written: file exists"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "flashdeck: there is no folder 'nowhere'; name one that holds a deck"),
        ("empty", "flashdeck: there is no deck in 'empty': a deck is a folder with a deck.yaml"),
        ("notes.txt", "flashdeck: 'notes.txt' is neither a folder nor a YAML file; name a folder that holds a deck"),
    ],
)
def test_nothing_to_do_is_reported(path, message, cli, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()

    for command in ("build", "check", "list"):
        ran = cli(command, path)
        assert (ran.code, ran.out, ran.err) == (2, "", message + "\n")


BAD = "kind: basic\ncards:\n  - {id: one, question: {fr: a}, answer: b}\n  - {id: two, question: 'c, d', anwser: e}\n"


def test_check_shows_problems_as_text(deck, cli, tmp_path):
    ran = cli("check", "decks", cwd=deck(BAD).parent)

    assert ran.code == 1
    assert ran.out.splitlines() == [
        "decks/test/cards.yaml:3:15: warning[missing-translation] 'question' is not translated into 'en': "
        "the card is left out of that language",
        "    help: translate it, or remove 'en' from the 'languages' of this card",
        "decks/test/cards.yaml:4:33: error[unknown-key] 'anwser' is not a field of a basic",
        "    help: there is 'answer'",
    ]


def test_check_gives_json_with_one_object_a_problem(deck, cli):
    ran = cli("check", "--format", "json", cwd=deck(BAD).parent)

    problems = json.loads(ran.out)
    assert [problem["code"] for problem in problems] == ["missing-translation", "unknown-key"]
    assert problems[1] == {
        "path": "decks/test/cards.yaml",
        "line": 4,
        "column": 33,
        "code": "unknown-key",
        "level": "error",
        "message": "'anwser' is not a field of a basic",
        "help": "there is 'answer'",
        "card": "test/two",
    }


def test_check_gives_the_annotation_lines_of_github(deck, cli):
    ran = cli("check", "--format", "github", cwd=deck(BAD).parent)

    assert ran.out.splitlines()[1] == (
        "::error file=decks/test/cards.yaml,line=4,col=33,title=unknown-key"
        "::'anwser' is not a field of a basic%0Ahelp: there is 'answer'"
    )


def test_warnings_fail_only_a_strict_check(deck, cli):
    decks = deck(CARDS)

    assert [cli("check", decks, *words).code for words in ([], ["--strict"])] == [0, 1]


def test_check_of_our_own_decks_prints_nothing(cli):
    ran = cli("check", cwd=ROOT)

    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_list_shows_what_there_is(deck, cli):
    decks, kinds = deck(CARDS), sorted(read_kinds())

    assert cli("list", decks).out.splitlines() == [
        "decks:",
        "  test  Test  2 basic, 1 cloze",
        "courses:",
        "  short  Court  2 basic",
        "  calm   calm   2 basic",
        "languages: fr, en",
        f"kinds: {', '.join(kinds)}",
    ]
    assert json.loads(cli("list", decks, "--format", "json").out) == {
        "decks": [{"id": "test", "title": "Test", "languages": ["fr", "en"], "cards": {"basic": 2, "cloze": 1}}],
        "languages": ["fr", "en"],
        "courses": [
            {"id": "short", "title": {"fr": "Court", "en": "Short"}, "cards": {"basic": 2}},
            {"id": "calm", "title": "calm", "cards": {"basic": 2}},
        ],
        "kinds": kinds,
        "cards": {"basic": 2, "cloze": 1},
        "scripts": [],
    }


def test_scripts_that_a_deck_allows_are_named_by_list_and_by_every_check(deck, cli):
    decks = deck(CARDS)
    (decks / "test" / "deck.yaml").open("a").write("allow_scripts: true\n")
    line = "scripts are allowed in the templates of test: learners' Anki runs them"

    checks = [cli("check", decks), cli("check", decks), cli("check", decks, "--format", "json")]

    assert [(ran.code, ran.err.splitlines()) for ran in checks] == [(0, [line])] * 3
    assert cli("list", decks).out.splitlines()[-1] == line


def test_explain_gives_the_reason_and_the_fix(cli):
    assert cli("explain", "same-front").out == read_explanations()["same-front"] + "\n"
    ran = cli("explain", "same-frond")
    assert (ran.code, ran.err) == (2, "flashdeck: there is no problem 'same-frond'; there is 'same-front'\n")


@pytest.mark.parametrize("command", [command.name or command.callback.__name__ for command in app.registered_commands])
def test_every_help_has_an_example_that_works(command, cli, project):
    example = re.search(r"Example: flashdeck (.+)", cli(command, "--help").out)[1]

    ran = cli(*example.split(), cwd=project)

    assert example.split()[0] == command
    assert ran.code == 0


@pytest.mark.parametrize("words", [["--version"], ["--help"], []], ids=["version", "help", "completion"])
def test_what_starts_at_once_imports_nothing_heavy(words):
    about = {} if words else {"_FLASHDECK_COMPLETE": "complete_bash", "COMP_WORDS": "flashdeck bu", "COMP_CWORD": "1"}
    code = "import sys; sys.argv[0] = 'flashdeck'; from flashdeck.commands import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *words],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env=os.environ | about,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert done.stdout and "flashdeck.commands.build" in imported
    assert imported & {"genanki", "yaml", "pyromark", "nh3", "babel", "rich", "sqlite3", "hashlib", "flashdeck.pipeline"} == set()


def test_a_deck_of_one_language_and_plain_texts_builds(deck, cli):
    deck_yaml = DECK_YAML.replace("[fr, en]", "en")

    ran = cli("build", deck("kind: basic\ncards:\n  - {id: one, question: a, answer: b}\n", deck_yaml))

    assert ran.code == 0
    assert "dist/test-en.apkg" in ran.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_behind_the_output_gets_one_line():
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([sys.executable, "-m", "flashdeck", "--version"], stdout=full, stderr=subprocess.PIPE, cwd=ROOT)

    assert (ran.returncode, ran.stderr) == (1, b"flashdeck: no space left on device\n")


def test_nobody_has_to_listen():
    ran = subprocess.run(f"{sys.executable} -m flashdeck --version >&- 2>&-", shell=True, cwd=ROOT)

    assert ran.returncode == 0


NO_TEXT = "is not UTF-8; rename the file, or type it in UTF-8"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "--set", "question=\udcff", "--set", "answer=a"], rf"'question=\udcff' {NO_TEXT}"),
        (["init", "new", "--name", "\udcff"], rf"'\udcff' {NO_TEXT}"),
        (["check", "\udcff"], rf"'\udcff' {NO_TEXT}"),
        (["check", "x" * 5000], f"'{'x' * 59}…': file name too long"),
        (["schema", "--out", ""], "'.' is a folder; name a file"),
        (["build", "--out", "x" * 5000], f"'{'x' * 5000}/test-fr.apkg' cannot be written: file name too long"),
        (["build", "--course", ""], "there is no course ''; there are 'calm', 'short'"),
        (["build", "--language", ".."], "there is no language '..'; there are 'en', 'fr'"),
        (["changes", "--since=--output=f"], "'--output=f' is not a revision; write one as 'HEAD' or 'v1.0'"),
    ],
)
def test_words_that_can_be_nothing_get_one_clear_line(words, message, deck, cli):
    deck(CARDS)

    ran = cli(*words)

    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (2, "", f"flashdeck: {message}")
    assert "Traceback" not in ran.err
