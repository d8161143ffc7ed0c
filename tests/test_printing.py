"""What is printed is inert: no name or text of a stranger acts on a terminal, or on the machine that prints it."""

import json
import re
import time

import pytest
from conftest import DECK_YAML, ROOT

from flashdeck.diagnostics.problem import Problem, Spot
from flashdeck.diagnostics.render import render_problems, render_table, to_inert, to_json, to_line

HOSTILE = "a\x1b]0;owned\x07\u202eb\r\x9b2J\u2028\n::warning::owned\n ##[error]owned %,:"
SHOWN = r"a\x1b]0;owned\x07\u202eb\r\x9b2J\u2028\n::warning::owned\n ##[error]owned %,:"
# What a terminal acts on, a line that GitHub's runner takes for a command, and what it finds within a line.
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|^[^\\S\n]*::|##\\w*\\[", re.M)


def test_nothing_in_a_text_acts_and_all_of_it_is_shown():
    assert to_line(HOSTILE) == SHOWN
    assert to_inert(HOSTILE).splitlines() == [
        r"a\x1b]0;owned\x07\u202eb\r\x9b2J\u2028",
        r"\x3a:warning::owned",
        r" \x23#[error]owned %,:",
    ]
    assert to_inert("é 日本 a::b ## [x] \t|\x1b[31mred\x1b[0m") == "é 日本 a::b ## [x] \t|\x1b[31mred\x1b[0m"
    assert to_inert("##vso[task.setvariable]x ##teamcity[y]") == r"\x23#vso[task.setvariable]x \x23#teamcity[y]"


def test_a_problem_is_inert_in_every_format():
    problem = Problem(Spot(f"{HOSTILE}.yaml", 1, 2), "unknown-key", HOSTILE, HOSTILE)

    text = render_problems([problem], "text")
    github = render_problems([problem], "github")
    data = render_problems([problem], "json")

    assert text == f"{SHOWN}.yaml:1:2: \x1b[31merror[unknown-key]\x1b[0m {SHOWN}\n    help: {SHOWN}"
    path = r"a\x1b]0;owned\x07\u202eb%0D\x9b2J\u2028%0A%3A%3Awarning%3A%3Aowned%0A ##[error]owned %25%2C%3A"
    message = r"a\x1b]0;owned\x07\u202eb%0D\x9b2J\u2028%0A::warning::owned%0A ##[error]owned %25,:"
    assert github == f"::error file={path}.yaml,line=1,col=2,title=unknown-key::{message}%0Ahelp: {message}"
    assert json.loads(data)[0]["message"] == HOSTILE and not ACTS.search(data)


def test_json_holds_the_true_text_and_nothing_that_acts():
    data = {HOSTILE: [HOSTILE, "\udcff", "\U000e0041", "é"]}

    assert json.loads(to_json(data)) == data
    assert not ACTS.search(to_json(data)) and "é" in to_json(data)


def test_a_table_keeps_its_rows():
    assert render_table([["a\nb", "c"], ["d", "e\x1b[2J"]]) == "a\\nb  c\nd     e\\x1b[2J"


@pytest.mark.parametrize("piece", [" ", "\n", "\n ", ":", "#", "##a", "##", "\x1b["])
def test_a_long_text_is_printed_in_no_time(piece):
    start = time.process_time()
    to_inert(piece * 100_000), to_line(piece * 100_000), to_json(piece * 100_000)
    assert time.process_time() - start < 2


def is_inert(ran) -> bool:
    return not ACTS.search(ran.out) and not ACTS.search(ran.err)


@pytest.mark.parametrize(
    "words",
    [
        ["explain", HOSTILE],
        [HOSTILE],
        ["check", f"--{HOSTILE}"],
        ["check", "--format", HOSTILE],
        ["check", HOSTILE],
        ["build", "--tag", HOSTILE],
        ["changes", HOSTILE, HOSTILE],
        ["changes", "--since", HOSTILE],
        ["import", HOSTILE, "--into", HOSTILE],
        ["init", "decks", "--id", HOSTILE],
        ["init", "new", "--name", HOSTILE],
        ["init", "new", "--language", HOSTILE],
        ["add", "--set", HOSTILE],
        ["add", "--set", f"{HOSTILE}=x"],
        ["add", "--set", f"question={HOSTILE}", "--set", "answer=x"],
        ["rehearse", HOSTILE, HOSTILE],
    ],
)
def test_words_of_the_command_line_are_inert_where_they_are_quoted(words, deck, cli):
    deck("kind: basic\ncards:\n  - {id: a, question: q, answer: a}\n")

    ran = cli(*words)

    assert ran.code in (0, 1, 2) and "Traceback" not in ran.err
    assert is_inert(ran), ran


def test_names_and_texts_of_a_deck_are_inert_where_they_are_printed(deck, cli, tmp_path):
    text = json.dumps(HOSTILE)
    folder = deck(
        f"kind: basic\ncards:\n  - {{id: a, question: q, answer: a, tags: [{text}]}}\n  - {{id: b, {text}: x}}\n",
        f"id: test\nname: {text}\ntitle: {text}\nlanguages: [en]\n",
    )
    hostile = folder / "x\x1b[2J\n::warning::y"
    hostile.mkdir()
    (hostile / "deck.yaml").write_text(DECK_YAML.replace("id: test", "id: Bad").replace("Test", "::warning::z"), encoding="utf-8")

    for words in (["check"], ["check", "--format", "json"], ["list"], ["list", "--format", "json"], ["build"], ["schema"]):
        ran = cli(*words)
        assert ran.code in (0, 1) and "Traceback" not in ran.err
        assert is_inert(ran), (words, ran)
    lines = cli("check", "--format", "github").out.splitlines()
    assert lines and all(
        re.fullmatch(r"::(error|warning) file=[^,:]+,line=\d+,col=\d+,title=[a-z-]+::.*", line) for line in lines
    )


def test_an_import_reports_hostile_names_inertly(cli, tmp_path):
    (tmp_path / "x.csv").write_text('question,answer\n"\x1b[2Jq","::warning::a"\n"<script>::b",a\n', encoding="utf-8")

    ran = cli("import", "x.csv", "--into", "a\n::warning::b")

    assert ran.code in (0, 2) and "Traceback" not in ran.err
    assert is_inert(ran), ran


def test_only_the_terminal_prints():
    found = {
        path.relative_to(ROOT / "flashdeck").as_posix()
        for path in (ROOT / "flashdeck").rglob("*.py")
        if re.search(r"\btyper\.(echo|secho|prompt)\(|\bprint\(|sys\.std(out|err)\.write", path.read_text(encoding="utf-8"))
    }

    assert found == {"commands/terminal.py", "authoring/prompts.py"}
