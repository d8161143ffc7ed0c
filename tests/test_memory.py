"""What did not change is not worked out again; and the memory of it never says what is not so."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

from flashdeck.build.cache import FORM, keep, recall, remember

CARDS = "kind: basic\ncards:\n  - {id: one, question: {fr: a}, answer: b}\n"


@pytest.fixture
def built(deck, cli, tmp_path):
    decks = deck(CARDS)
    assert cli("build", decks).code == 0
    return decks


def test_a_second_build_says_unchanged_and_leaves_the_bytes_alone(built, cli, tmp_path):
    before = {path: path.stat() for path in [*(tmp_path / "dist").iterdir(), built / "test" / "flashdeck.lock"]}

    first, second = cli("build", built), cli("build", built)

    assert first.out.splitlines()[-1] == second.out.splitlines()[-1] == "unchanged since the last build"
    assert "warning[missing-translation]" in first.err and first.err == second.err
    assert {path: path.stat() for path in before} == before


def change_a_text(decks: Path) -> None:
    (decks / "test" / "cards.yaml").write_text(CARDS.replace("answer: b", "answer: c"))


def change_a_text_and_put_its_time_back(decks: Path) -> None:
    path = decks / "test" / "cards.yaml"
    status = path.stat()
    path.write_text(CARDS.replace("answer: b", "answer: c"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def add_a_file(decks: Path) -> None:
    (decks / "test" / "more.yaml").write_text(CARDS.replace("one", "two").replace("fr: a", "fr: z"))


def delete_a_package(decks: Path) -> None:
    next((decks.parent / "dist").glob("*.apkg")).unlink()


def touch_a_package(decks: Path) -> None:
    next((decks.parent / "dist").glob("*.apkg")).write_bytes(b"mine")


def delete_the_ledger(decks: Path) -> None:
    (decks / "test" / "flashdeck.lock").unlink()


CHANGES = [change_a_text, change_a_text_and_put_its_time_back, add_a_file, delete_a_package, touch_a_package, delete_the_ledger]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("wait", [False, True], ids=["at once", "later"])
def test_every_change_is_seen(change, wait, built, cli):
    if wait:  # past the time in which a file is read to be sure
        time.sleep(2.1)
        assert "unchanged" in cli("build", built).out

    change(built)
    ran = cli("build", built)

    assert ran.code == 0 and "unchanged" not in ran.out
    assert "unchanged" in cli("build", built).out


def test_another_question_gets_its_own_answer(built, cli):
    assert "unchanged" not in cli("build", built, "--language", "fr").out
    assert "unchanged" not in cli("build", built, SOURCE_DATE_EPOCH="1700000000").out
    assert cli("check", built).out == cli("check", built).out != ""
    assert [cli("check", built, "--strict").code for _ in range(2)] == [1, 1]
    assert [cli("check", built, "--format", "json").out[0] for _ in range(2)] == ["[", "["]


@pytest.mark.parametrize(
    "bad",
    [b"", b"{", b"[]", b"null", b'{"form": 1}', b"\xff" * 50, b"[" * 99_999, b'{"form": 1, "words": 5, "inputs": [], "said": 3}'],
)
def test_a_broken_or_hostile_memory_is_forgotten(bad, tmp_path, monkeypatch):
    monkeypatch.setenv("FLASHDECK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "decks").mkdir()
    remember(["x"], [tmp_path / "decks"], [], ["said"])
    (path,) = (tmp_path / "cache").glob("*.json")
    assert recall(["x"], [tmp_path / "decks"]) == ["said"]
    assert json.loads(path.read_bytes())["form"] == FORM

    path.write_bytes(bad)

    assert recall(["x"], [tmp_path / "decks"]) is None


def test_what_nobody_asked_for_in_a_month_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASHDECK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "decks").mkdir()
    remember(["old"], [tmp_path / "decks"], [], ["said"])
    keep(["unit"], b"what")
    (tmp_path / "cache" / ".left by a killed process").write_bytes(b"")
    old = [*(tmp_path / "cache").iterdir()]
    for path in old:
        os.utime(path, (1_700_000_000, 1_700_000_000))

    remember(["new"], [tmp_path / "decks"], [], ["said"])

    assert (
        len(old) == 4
        and [path.name for path in old if path.exists()] == ["forgotten"]
        and recall(["new"], [tmp_path / "decks"]) == ["said"]
    )


def test_a_cache_that_cannot_be_written_changes_nothing(built, cli, tmp_path):
    (tmp_path / "file").write_text("not a folder")

    for _ in range(2):
        ran = cli("build", built, FLASHDECK_CACHE=str(tmp_path / "file" / "cache"))
        assert ran.code == 0 and "unchanged" not in ran.out


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can become a user whom nobody knows")
def test_for_a_user_without_a_home_nothing_is_remembered_and_nothing_fails():
    code = """
import os, pathlib, pwd
from flashdeck.build.cache import keep, look_up, recall, remember
os.environ.clear()
os.setuid(12345)
keep(["x"], b"y")
remember(["x"], [], [], ["said"])
print(look_up(["x"]), recall(["x"], []))
"""

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT)

    assert (ran.stdout, ran.stderr) == ("b'' None\n", "")
