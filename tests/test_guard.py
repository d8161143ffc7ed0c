"""The terminology guard: what it finds in sentences, by the rules of our own decks, and where."""

import re
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
import yaml
from conftest import ROOT

from flashdeck.build.cache import NO_CACHE
from flashdeck.build.discouraged_terms import open_guards
from flashdeck.pipeline import compile_project
from flashdeck.wording.markup import read_markdown
from flashdeck.wording.rules import Rule
from flashdeck.wording.search import Guard

SENTENCES = yaml.safe_load((ROOT / "tests" / "guard" / "sentences.yaml").read_text(encoding="utf-8"))


@cache
def guards() -> dict[str, Guard]:
    project = compile_project([ROOT / "decks"])
    return open_guards([rule for unit in project.facts.units for rule in unit.rules], NO_CACHE)


def judge(language: str, marked: str) -> Counter[str]:
    """How many places of a sentence are found that are in brackets, how many of these are missed, and what else is found."""
    wanted: list[tuple[int, int]] = []
    for found in re.finditer(r"\[\[(.*?)\]\]", marked, re.S):
        start = found.start() - 4 * len(wanted)
        wanted.append((start, start + len(found[1])))
    text = re.sub(r"\[\[|\]\]", "", marked)
    hits = [(hit.start, hit.end) for hit in guards()[language].search(read_markdown(text))]
    right = [place for place in wanted if any(start < place[1] and place[0] < end for start, end in hits)]
    wrong = [hit for hit in hits if not any(start < hit[1] and hit[0] < end for start, end in wanted)]
    return Counter(found=len(right), missed=len(wanted) - len(right), wrong=len(wrong))


@pytest.mark.parametrize("part", SENTENCES)
def test_the_guard_finds_what_is_used_and_leaves_what_is_named(part):
    total, faults = Counter[str](), []
    for language, sentences in SENTENCES[part].items():
        for sentence in sentences:
            result = judge(language, sentence)
            total += result
            if result["missed"] or result["wrong"]:
                faults.append(f"{language}: {sentence}")
    precision = total["found"] / (total["found"] + total["wrong"])
    recall = total["found"] / (total["found"] + total["missed"])

    print(f"{part}: precision {precision:.3f}, recall {recall:.3f}", *faults, sep="\n")
    assert precision >= 0.98 and recall >= 0.95


def test_the_table_has_as_many_sentences_of_each_sort_as_were_asked_for():
    found = Counter((part, "[[" in text) for part, texts in SENTENCES.items() for some in texts.values() for text in some)

    assert found["held_out", True] + found["known", True] >= 150 and found["held_out", False] + found["known", False] >= 150
    assert 3 * (found["held_out", True] + found["held_out", False]) >= 300


def test_arabic_words_are_found_behind_what_is_written_together_with_them():
    forms = {"دعارة": ["دعارة"], "الأطفال": ["الاطفال"]}
    rule = Rule("a/b", "ar", ("دعارة الأطفال",), (), (), (), (), (), "avoid", "")
    text = "تحدث عن مكافحة ودعارة الأطفال أمس."

    assert [text[hit.start : hit.end] for hit in Guard("ar", [rule], forms).search(read_markdown(text))] == ["ودعارة الأطفال"]


RULES = """
kind: term
reference: r
cards:
  - {id: one, avoid: WORD, prefer: other}
references:
  - {id: r, title: A, publisher: B}
"""
CARDS = "kind: basic\ncards:\n  - {id: a, question: What are nurdles?, answer: Small women}\n"
ENGLISH = "id: test\nname: Test\nlanguages: [en]\n"


def test_a_rule_that_changes_counts_in_files_that_did_not(cli, deck):
    decks = deck(CARDS, ENGLISH, terms_yaml=RULES.replace("WORD", "nurdle"))
    first = cli("check").out
    deck(CARDS, ENGLISH, terms_yaml=RULES.replace("WORD", "gremlin"))
    second = cli("check").out
    deck(CARDS, ENGLISH, terms_yaml=RULES.replace("WORD", "nurdle"))

    assert first.startswith(f"{decks.name}/test/cards.yaml:3:32: error[discouraged-term] 'nurdles' is discouraged")
    assert second == ""
    assert cli("check").out == first == cli("check", "--no-cache").out


def test_a_dictionary_is_opened_once_for_each_new_word_of_a_rule(deck, tmp_path):
    pytest.importorskip("simplemma")
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "FLASHDECK_CACHE": str(tmp_path / "cache")}

    def check(word: str, cards: str) -> tuple[bool, bool]:
        """Whether it opens a dictionary, and whether it finds something."""
        deck(cards, ENGLISH, terms_yaml=RULES.replace("WORD", word))
        command = [sys.executable, "-X", "importtime", "-m", "flashdeck", "check"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
        return "simplemma" in done.stderr, "discouraged-term" in done.stdout

    assert check("woman", CARDS) == (True, True)
    assert check("woman", CARDS.replace("Small", "Tall")) == (False, True)
