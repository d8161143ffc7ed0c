"""Instructors start a deck and add cards to it: by options, and by answering questions at a real terminal."""

import codecs
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import pytest
from conftest import ROOT, counts, import_package

from flashdeck.authoring.draft import to_new_id
from flashdeck.authoring.fields import parse_fields
from flashdeck.authoring.starter import to_starter
from flashdeck.model.kind_reader import read_kinds
from flashdeck.sources.values import to_id


def talk(answers: list[tuple[str, str]], *words: str, cwd) -> tuple[int, str]:
    """Runs `flashdeck` at a terminal and types each answer when its question stands there."""
    master, slave = pty.openpty()
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "flashdeck", *words]
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    output, seen, end = "", 0, time.monotonic() + 60
    decode = codecs.getincrementaldecoder("utf-8")().decode  # a letter may come in two pieces
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                output += decode(os.read(master, 65536))
            except OSError:
                break
        elif process.poll() is not None:
            break
        if answers and answers[0][0] in output[seen:] and output.rstrip(" ").endswith(":"):
            seen = len(output)
            os.write(master, (answers.pop(0)[1] + "\n").encode())
    os.close(master)
    print(output)
    assert not answers, f"never asked: {answers[0][0]}"
    assert "Traceback" not in output
    return process.wait(10), output.replace("\r\n", "\n")


@pytest.mark.parametrize("languages", [["en"], ["fr", "en"], ["ar"], ["de", "pt-BR"]])
def test_a_new_deck_has_an_example_a_kind_and_builds_at_once(languages, cli, col, tmp_path):
    options = [word for language in languages for word in ("--language", language)]

    assert cli("init", "decks/my-course", *options).code == 0
    checked = cli("check")
    ran = cli("build")

    assert (ran.code, checked.code) == (0, 0)
    assert re.sub("no-labels.*|.*help: add 'pt-BR'.*", "", checked.out).count("[") == checked.out.count("no-labels")
    for language in languages:
        log = counts(import_package(col, tmp_path / "dist" / f"my-course-{language}.apkg"))
        assert log == {"new": len(read_kinds())}
    assert col.fix_integrity()[1]
    assert cli("build", "--course", "my-course-first").code == 0


def test_a_new_deck_beside_others_leaves_out_what_they_ask_already(cli, tmp_path):
    shutil.copytree(ROOT / "decks", tmp_path / "decks")

    ran = cli("init", "decks/mine", "--name", "Mine", "--language", "fr")

    assert "without the example of 'notice': another deck in 'decks' asks the same question" in ran.out
    assert cli("check", "--strict").code == 0


def test_a_new_deck_overwrites_nothing(cli, tmp_path):
    cli("init", "decks/mine")
    (tmp_path / "decks" / "mine" / "cards.yaml").write_text("cards: []\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "references.yaml").write_text("references: []\n")

    first, second = cli("init", "decks/mine"), cli("init", "other")

    assert (first.code, first.err) == (2, "flashdeck: there is already a deck in 'decks/mine'; name a new folder\n")
    assert second.err == "flashdeck: 'other/references.yaml' already exists, and nothing was written; name a new folder\n"
    assert (tmp_path / "decks" / "mine" / "cards.yaml").read_text() == "cards: []\n"
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["references.yaml"]


@pytest.mark.parametrize("words", [["--id", "My Deck"], ["--language", "english"], ["--name", "A:::: B"], ["--id", "interpol"]])
def test_a_new_deck_that_would_be_a_problem_is_not_written(words, cli, tmp_path):
    shutil.copytree(ROOT / "decks", tmp_path / "decks")

    ran = cli("init", "decks/mine", *words)

    assert ran.code == 2
    assert "error[" in ran.err
    assert not (tmp_path / "decks" / "mine").exists()


def test_init_asks_at_a_terminal(tmp_path):
    answers = [("id of the deck", ""), ("its name", "Ma classe"), ("its languages", "fr, en")]

    code, _ = talk(answers, "init", "decks/ma-classe", cwd=tmp_path)

    assert code == 0
    text = (tmp_path / "decks" / "ma-classe" / "deck.yaml").read_text()
    assert text.endswith("id: ma-classe\nname: Ma classe\nlanguages: [fr, en]\n")


TWO = """\
# my cards
kind: basic   # a default
tags: [a, b]
cards:
  - {id: one, question: Q1, answer: A1}   # the first

# the end
courses:
  - {id: short, include: {tags: [b]}} # all
"""


def test_an_added_card_stands_in_the_right_file_and_the_rest_keeps_every_byte(deck, cli):
    decks = deck(terms_yaml="kind: term\ncards: []\n")
    path = decks / "test" / "cards.yaml"
    path.write_bytes(TWO.replace("\n", "\r\n").encode())

    ran = cli(
        "add", decks, "--set", "question=What: is it?", "--set", "answer.fr=Ça", "--set", "answer.en=This", "--course", "short"
    )

    assert ran.code == 0
    added = "  - id: what-is-it\n    question: 'What: is it?'\n    answer: {fr: Ça, en: This}\n"
    text = TWO.replace("# the first\n", "# the first\n" + added).replace("[b]}}", "[b]}, cards: [test/what-is-it]}")
    assert path.read_bytes().decode() == text.replace("\n", "\r\n")
    assert "fr: Question to answer\n    What: is it?\n    ---\n    Ça\nin Test, tags: a b course::short\n" in ran.out
    assert cli("check", decks).out == ""


def test_a_second_card_of_the_same_text_gets_an_id_of_its_own(deck, cli):
    decks = deck(TWO)

    codes = [cli("add", decks, "--set", f"question=Same? {n}!", "--set", "answer=x", "--id", "").code for n in ("", " ", "x")]

    ids = re.findall(r"id: (same\S*)", (decks / "test" / "cards.yaml").read_text())
    assert (codes, ids) == ([0, 1, 0], ["same", "same-x"])  # the second asks what the first asks


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "question=Q1", "--set", "answer=z"], "error[same-front]"),
        (["--set", "question=Q9"], "error[missing-field]"),
        (["--set", "question=Q9", "--set", "answer=<script>x</script>"], "error[unsafe-html]"),
        (["--kind", "term", "--set", "avoid=x", "--set", "prefer=y"], "error[missing-field]"),
        (["--set", "question=Q9", "--set", "answer=z", "--reference", "nowhere"], "error[unknown-reference]"),
        (["--set", "question=Q9", "--set", "answer=z", "--id", "one"], "error[duplicate-id]"),
        (["--set", "question=![x](gone.png)", "--set", "answer=z"], "error[missing-media]"),
        (["--set", "anwser=z"], "there is no field 'anwser'; there is 'answer'"),
        (["--set", "answer.de=z"], "there is no language 'de'; there are 'en', 'fr'"),
        (["--set", "answer"], "'answer' is not FIELD=TEXT; write it like question=Why?"),
        (
            ["--set", "answer.fr=x", "--set", "answer=z", "--set", "answer.en=y"],
            "'answer' is given both with and without a language",
        ),
        (["--kind", "bascic", "--set", "answer=x"], "there is no kind 'bascic'; there is 'basic'"),
        (["--course", "shirt", "--set", "answer=x"], "there is no course 'shirt'; there is 'short'"),
        (["--deck", "tast", "--set", "answer=x"], "there is no deck 'tast'; there is 'test'"),
    ],
)
def test_a_card_that_would_be_a_problem_is_shown_and_not_written(words, message, deck, cli):
    decks = deck(TWO)

    ran = cli("add", decks, *words)

    assert ran.code in (1, 2)
    assert message in ran.err
    assert (decks / "test" / "cards.yaml").read_text() == TWO


def test_add_asks_for_what_the_kind_needs_and_offers_what_there_is(tmp_path):
    shutil.copytree(ROOT / "decks", tmp_path / "decks")
    answers = [
        ("deck", "custm"),
        ("there is no 'custm'; there is 'custom'", "custom"),
        ("kind", "term"),
        ("avoid", "vieux mot"),
        ("in 'en'", "outworn word"),
        ("prefer", "mot neuf"),
        ("in 'en'", ""),
        ("references", ""),
        ("a term needs a reference", "interpol-terminology-en, 2"),
        ("tags", "core"),
        ("courses", "newsrooms-and-moderation"),
        ("add it?", "yes"),
    ]

    code, output = talk(answers, "add", cwd=tmp_path)

    assert code == 0
    assert "Which term should be used?\n    outworn word\n    ---\n    Preferred term\n    mot neuf" in output
    path = next(path for path in (tmp_path / "decks" / "custom").glob("*.yaml") if "vieux-mot" in path.read_text())
    assert "  - id: vieux-mot\n" in path.read_text()
    assert "    avoid: {fr: vieux mot, en: outworn word}\n    prefer: mot neuf\n" in path.read_text()
    courses = (tmp_path / "decks" / "interpol" / "courses.yaml").read_text()
    assert "    cards:\n      - custom/vieux-mot\n" in courses


def test_an_answer_of_no_or_a_closed_terminal_writes_nothing(tmp_path):
    shutil.copytree(ROOT / "decks", tmp_path / "decks")
    before = {path: path.read_bytes() for path in (tmp_path / "decks").rglob("*.yaml")}
    answers = [("question", "Q?"), ("in 'en'", ""), ("answer", "A"), ("in 'en'", "")]
    answers += [("references", ""), ("tags", ""), ("courses", ""), ("add it?", "no")]

    code, output = talk(answers, "add", "--deck", "custom", "--kind", "basic", cwd=tmp_path)
    ended, aborted = talk([("question", "\x04")], "add", "--deck", "custom", "--kind", "basic", cwd=tmp_path)

    assert (code, ended) == (2, 1)
    assert "nothing was written" in output and "Aborted" in aborted
    assert {path: path.read_bytes() for path in (tmp_path / "decks").rglob("*.yaml")} == before


def test_add_stops_where_a_card_needs_a_reference_and_there_is_none(deck, tmp_path):
    deck(TWO)

    code, output = talk(
        [("in 'fr'", "a"), ("in 'en'", ""), ("in 'fr'", "b"), ("in 'en'", "")], "add", "--kind", "term", cwd=tmp_path
    )

    assert code == 2
    assert "flashdeck: a term needs a reference, and these decks have none; write one into a references.yaml first\n" in output


def test_fields_are_typed_whole_by_language_as_lists_and_as_shapes():
    kinds = read_kinds()

    assert parse_fields(["question=a=b", " answer =", "extra.fr=c", "extra.en=d"], kinds["basic"], ["fr", "en"]) == {
        "question": "a=b",
        "answer": "",
        "extra": {"fr": "c", "en": "d"},
    }
    assert parse_fields(["distractors=x"], kinds["choice"], []) == {"distractors": ["x"]}
    assert parse_fields(["extra=x", "extra=y", "extra=z"], kinds["choice"], []) == {"extra": ["x", "y", "z"]}
    assert parse_fields(["shapes={c1: {name: n, rectangle: [1, 2, 3, 4]}}"], kinds["occlusion"], []) == {
        "shapes": {"c1": {"name": "n", "rectangle": ["1", "2", "3", "4"]}}
    }


def test_ids_are_made_from_texts():
    assert to_new_id("Qu’est-ce que l’ICSE ?", {"a"}, "basic-1") == "qu-est-ce-que-l-icse"
    assert to_new_id("→", {"basic-1"}, "basic-1") == "basic-1-2"
    assert to_new_id("word " * 30, set(), "x") == "word-word-word-word-word-word-word-word"
    assert to_new_id("A {{c1::gap::hint}}", {"a-gap", "a-gap-2"}, "x") == "a-gap-3"


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("Straße", "strasse"),
        ("Łódź, œuvre, İzmir", "lodz-oeuvre-izmir"),
        ("собака, объект", "sobaka-obekt"),
        ("كتاب جديد", "ktb-jdyd"),
        ("שלום עולם", "slvm-vlm"),
        ("中文词汇", "zhong-wen-ci-hui"),
        ("한국어", "han-gug-eo"),
        ("हिन्दी", "hindi"),
        ("½ cup", "1-2-cup"),
    ],
)
def test_an_id_made_from_a_text_in_any_script_can_be_read(text, id):
    assert to_id(text) == id


def test_the_starter_has_every_kind():
    text = to_starter("x", "X", ["en"])["cards.yaml"].decode()

    assert set(re.findall(r"^    kind: (\w+)", text, re.M)) == set(read_kinds())
