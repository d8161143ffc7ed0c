"""What can be wrong with a file as a file; these cannot lie in a repository."""

import os
import sys
from datetime import date
from pathlib import Path

import pytest

from flashdeck.pipeline import compile_project

GOOD = "kind: basic\ncards:\n  - id: one\n    question: a\n    answer: b\n"


def report(decks: Path, **about: object) -> list[str]:
    """The problems, with paths relative to the decks folder."""
    problems = compile_project([decks], **about).problems
    return [str(problem).replace(f"{decks}{os.sep}", "").partition("\n")[0] for problem in problems]


def test_a_file_of_50_mb_is_refused_without_being_read(deck):
    decks = deck(GOOD, big_yaml=b"cards:\n" + b"# a line\n" * 5_600_000)

    assert report(decks) == ["test/big.yaml:1:1: error[large-file] this file is 50 MB; flashdeck reads files of up to 32 MB"]


def test_a_picture_of_6_mb_is_reported(deck):
    decks = deck(
        "kind: basic\ncards:\n  - {id: one, question: '![a map](map.png)', answer: b}\n", media__map_png=b"x" * 6_000_000
    )

    assert report(decks) == ["test/cards.yaml:3:35: warning[large-media] 'map.png' is 6 MB: slow to download on a phone"]


def test_a_broken_link_is_reported(deck):
    decks = deck(GOOD)
    (decks / "test" / "gone.yaml").symlink_to("nowhere.yaml")

    assert report(decks) == ["test/gone.yaml:1:1: error[unreadable-file] this is not a file, or is a broken link"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_reported_and_not_waited_for(deck):
    decks = deck(GOOD)
    os.mkfifo(decks / "test" / "pipe.yaml")

    assert report(decks) == ["test/pipe.yaml:1:1: error[unreadable-file] this is not a file, or is a broken link"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_file_without_permission_is_reported(deck):
    decks = deck(GOOD)
    (decks / "test" / "cards.yaml").chmod(0)

    assert report(decks) == ["test/cards.yaml:1:1: error[unreadable-file] this file cannot be read: permission denied"]


def test_names_are_not_reported_as_unknown_when_the_file_that_may_define_them_cannot_be_read(deck):
    cards = GOOD + "    reference: known\ncourses:\n  - id: c\n    cards: [test/lost]\n"
    decks = deck(
        cards,
        references_yaml="references:\n  - id: known\n    title: a: b\n    publisher: c\n",
        more_yaml="kind: basic\ncards:\n  - id: lost\n    question: @\n    answer: b\n",
    )

    assert [line.split()[1] for line in report(decks)] == ["error[yaml-syntax]", "error[yaml-syntax]"]


def test_a_figure_is_due_for_review_only_after_its_day(deck):
    decks = deck(
        "cards:\n  - {id: one, kind: statistic, claim: a, date: 2018, reference: r, review_by: 2027-01-31}\n"
        "references:\n  - {id: r, title: A, publisher: B}\n"
    )

    assert report(decks, today=date(2027, 1, 31)) == []
    assert report(decks, today=date(2027, 2, 1)) == [
        "test/cards.yaml:2:79: warning[review-overdue] this was due for review by 2027-01-31"
    ]


def test_a_file_in_utf_16_is_reported_and_read_all_the_same(deck):
    decks = deck(more_yaml=GOOD.replace("answer", "anwser").encode("utf-16"))

    assert [line.split()[1] for line in report(decks)] == ["error[wrong-encoding]", "error[unknown-key]"]


def test_a_deck_may_be_given_twice_or_by_one_of_its_files(deck):
    decks = deck(GOOD)
    paths = [decks, decks / "test", decks / "test" / "cards.yaml"]

    compiled = compile_project(paths)

    assert compiled.problems == ()
    assert [card.full_id for card in compiled.facts.cards()] == ["test/one"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_names_that_are_no_utf8_are_names_all_the_same(cli, tmp_path):
    folder = tmp_path / "decks" / os.fsdecode(b"caf\xe9")
    folder.mkdir(parents=True)
    (folder / "deck.yaml").write_text("id: x\nname: X\nlanguages: [en]\n")
    (folder / os.fsdecode(b"\xff.yaml")).write_text("kind: basic\ncards:\n  - {id: a, question: q, anwser: b}\n")

    first, second = cli("check"), cli("check")

    assert first == second
    assert first.code == 1 and "caf\\udce9/\\udcff.yaml:3:26: error[unknown-key]" in first.out
    assert cli("build").code == 1
