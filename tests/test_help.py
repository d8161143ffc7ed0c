"""Help where people write: checks that watch, hooks, and shells that complete names."""

import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
GOOD = "kind: basic\ncards:\n  - {id: one, question: a, answer: b}\n"


def wait_for(path: Path, text: str, times: int = 1) -> str:
    end = time.monotonic() + 30
    while path.read_text().count(text) < times:
        assert time.monotonic() < end, path.read_text()
        time.sleep(0.05)
    return path.read_text()


def watch(out: Path, *words: str) -> subprocess.Popen:
    """Starts a check that watches the decks beside `out`, which gets what it prints."""
    command = [sys.executable, "-m", "flashdeck", "check", "--watch", *words]
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # whoever runs these tests in the background ignores Ctrl-C
    with out.open("w") as file:
        return subprocess.Popen(command, cwd=out.parent, env=ENVIRONMENT, stdout=file, stderr=subprocess.STDOUT, preexec_fn=heed)


def stop(process: subprocess.Popen) -> int:
    process.send_signal(signal.SIGINT)
    return process.wait(10)


def test_a_check_that_watches_reports_again_after_every_change(deck, tmp_path):
    decks = deck(GOOD)
    cards, out = decks / "test" / "cards.yaml", tmp_path / "out"
    process = watch(out)
    try:
        wait_for(out, "--- no problems")
        cards.write_text(GOOD.replace("answer", "anwser"))
        wait_for(out, "--- 1 error\n")
        cards.write_text("kind: basic\ncards:\n  - {id: one, ques")  # half saved
        wait_for(out, "error[yaml-syntax]")
        shutil.rmtree(decks / "test")
        wait_for(out, "flashdeck: there is no deck in 'decks'")
        deck(GOOD.replace("question: a", "question: ''"))
        wait_for(out, "error[empty-text]")
    finally:
        code = stop(process)

    assert code == 0
    assert "Traceback" not in out.read_text()
    assert "decks/test/cards.yaml:3:28: error[unknown-key] 'anwser' is not a field of a basic" in out.read_text()


def test_a_check_that_watches_sees_new_folders_and_decks_that_come_back_and_follows_no_link(deck, tmp_path):
    decks, out = deck(GOOD), tmp_path / "out"
    (tmp_path / "elsewhere").mkdir()
    (decks / "test" / "link").symlink_to(tmp_path / "elsewhere")
    process = watch(out)
    try:
        wait_for(out, "---")
        (decks / "test" / "more" / "deep").mkdir(parents=True)
        (decks / "test" / "more" / "deep" / "cards.yaml").write_text(GOOD)
        wait_for(out, "error[duplicate-id]")
        decks.rename(tmp_path / "away")
        wait_for(out, "flashdeck: there is no folder 'decks'")
        (tmp_path / "away" / "test" / "more" / "deep" / "cards.yaml").unlink()
        (tmp_path / "away").rename(decks)
        wait_for(out, "--- 1 warning", 2)
        before = out.read_text()
        (tmp_path / "elsewhere" / "cards.yaml").write_text(GOOD)
        (decks / "test" / ".hidden").write_text("x")
        time.sleep(0.3)
        assert out.read_text() == before
        (decks / "test" / "cards.yaml").write_text("cards: [\n")
        wait_for(out, "error[yaml-syntax]")
    finally:
        stop(process)


@pytest.mark.parametrize(
    ("words", "summary"),
    [([], "--- 1 error, 1 warning\n"), (["--strict"], "--- 1 error, 1 warning (counted as an error)\n")],
)
def test_a_check_that_watches_counts_errors_and_warnings(words, summary, deck, tmp_path):
    deck(
        GOOD.replace("answer: b", "answer: ''") + "  - {id: two, question: {fr: c}, answer: d}\n",
        "id: test\nname: Test\nlanguages: [fr, en]\n",
    )

    process = watch(tmp_path / "out", *words)
    try:
        text = wait_for(tmp_path / "out", "warning[missing-translation]")
    finally:
        stop(process)

    assert text.startswith(summary)


def test_a_check_that_watches_stops_where_there_is_nothing_to_check(cli, tmp_path):
    (tmp_path / "empty").mkdir()

    gone, empty = cli("check", "--watch", "nowhere"), cli("check", "--watch", "empty")

    assert (gone.code, gone.out, gone.err) == (2, "", "flashdeck: there is no folder 'nowhere'; name one that holds a deck\n")
    assert (empty.code, empty.out) == (2, "")
    assert empty.err == "flashdeck: there is no deck in 'empty': a deck is a folder with a deck.yaml\n"


def test_the_hook_for_pre_commit_checks_the_decks(cli, project):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    command = hook["entry"].split()

    good = cli(*command[1:], cwd=project)
    (project / "decks" / "custom" / "cards.yaml").write_text("cards: [\n")
    bad = cli(*command[1:], cwd=project)

    assert (hook["id"], command[0], hook["pass_filenames"]) == ("flashdeck-check", "flashdeck", False)
    assert (good.code, bad.code) == (0, 1)
    assert re.search(hook["files"], "decks/custom/cards.yaml") and re.search(hook["files"], "decks/custom/flashdeck.lock")


def test_the_action_in_the_readme_runs_what_there_is(cli, project):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    action = yaml.safe_load(re.search(r"```yaml\n(# \.github/workflows.*?)```", readme, re.S)[1])
    steps = [step["run"] for step in action["jobs"]["decks"]["steps"] if "run" in step]

    assert steps[0] == "pip install ."
    for step in steps[1:]:
        assert cli(*step.split()[1:], cwd=project).code == 0


def complete(line: str, cwd: Path) -> tuple[list[str], str]:
    """What bash would offer at the end of a line."""
    words = line.split(" ")
    environment = ENVIRONMENT | {"_FLASHDECK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    code = "import sys; sys.argv = ['flashdeck']; from flashdeck.commands import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, encoding="utf-8")
    return done.stdout.split(), done.stderr


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("flashdeck build --course fr", ["frontline-101"]),
        ("flashdeck build --kind st", ["statistic"]),
        ("flashdeck build --tag source", ["source-check"]),
        ("flashdeck build --language f", ["fr"]),
        ("flashdeck add --deck ", ["custom", "interpol"]),
        ("flashdeck add --reference interpol-units", ["interpol-units-2022", "interpol-units-2022-fr"]),
        ("flashdeck build decks/custom --tag my", ["my-class"]),
        ("flashdeck explain same-f", ["same-front"]),
        ("flashdeck im", ["import"]),
    ],
)
def test_shells_complete_the_names_of_the_decks_at_hand(line, offered, project):
    assert complete(line, project) == (offered, "")


def test_shells_are_offered_no_name_that_they_would_run(deck, tmp_path):
    """zsh runs `$(command)` in what it is offered."""
    deck(
        "kind: basic\ncards:\n  - {id: a, question: q, answer: a, tags: [fine::a-1, '$(id)', '`id`', '\\$(id)', 'a;b', 'a<b']}\n"
    )

    assert complete("flashdeck build --tag ", tmp_path) == (["fine::a-1", "sensitive"], "")


def test_shells_get_silence_where_there_is_nothing_or_only_mistakes(deck, tmp_path):
    assert complete("flashdeck build --course x", tmp_path) == ([], "")
    deck("cards: [\n")
    assert complete("flashdeck build --course x", tmp_path) == ([], "")
