"""The terminology guard: what it finds in sentences, by the rules of our own decks, and where."""

import re
from collections import Counter
from functools import cache

import pytest
import yaml
from conftest import ROOT

from flashdeck.build.cache import NO_CACHE
from flashdeck.build.discouraged_terms import open_guards
from flashdeck.pipeline import compile_project
from flashdeck.wording.markup import read_markdown
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
