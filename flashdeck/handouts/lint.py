"""Discouraged words of handouts, as problems with their places."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from flashdeck.build.discouraged_terms import explain
from flashdeck.diagnostics.problem import Problem, Spot
from flashdeck.handouts.read import Handout, Part
from flashdeck.sources.values import short
from flashdeck.wording.search import Guard, Hit, list_vocabulary

# Words that stand in every text of a language, and hardly in others.
COMMON = {
    "en": "the of and to is that was with for are this which from were have",
    "fr": "le les des et est une dans que du pour qui sur aux cette par",
    "es": "el los las y es que del una con por para como sus más",
    "de": "der die und das ist nicht mit den von ein eine auf für sich",
    "ar": "في من على أن إلى التي عن هذا الذي مع",
}
MOST = 1000  # findings in a file; nobody reads more, and a file may be made of nothing else
MOST_READ = 200_000  # characters that are enough to know a language by


class Finding(NamedTuple):
    """A discouraged word in a part of a handout."""

    problem: Problem
    part: int
    hit: Hit


def find_language(handout: Handout, languages: Collection[str]) -> str:
    """The language of a handout, of those that have rules; empty where its words do not say."""
    text = " ".join(part.text for part in handout.parts)[:MOST_READ].lower()
    words = Counter(re.findall(r"[^\W\d_]+", text))
    counts = {code: sum(words[word] for word in COMMON.get(code.partition("-")[0], "").split()) for code in languages}
    best = max(counts, key=lambda code: (counts[code], code), default="")
    return best if best and counts[best] else ""


def lint(handout: Handout, guard: Guard) -> list[Finding]:
    """The discouraged words that a handout uses, in its order: MOST of them at most."""
    return [*islice(_find(handout, guard), MOST)]


def _find(handout: Handout, guard: Guard) -> Iterator[Finding]:
    for number, part in enumerate(handout.parts):
        if not guard.find_words(list_vocabulary(part.text)):
            continue
        lines = [0, *(end.end() for end in re.finditer("\n", part.text))]
        for hit in guard.search(handout.to_passage(part)):
            line = bisect_right(lines, hit.start)
            spot = Spot(str(handout.path), line, hit.start - lines[line - 1] + 1)
            yield Finding(_to_problem(part, hit, spot), number, hit)


def _to_problem(part: Part, hit: Hit, spot: Spot) -> Problem:
    where = f" on {part.where}" if part.where.startswith(("page", "slide")) else f" in {part.where}" if part.where else ""
    word = re.sub(r"<[^<>]*>|[*_\x1f]", "", part.text[hit.start : hit.end])
    message = f"'{short(word)}'{where} is discouraged by the card '{hit.rule.card}'"
    level = "error" if hit.rule.level == "avoid" else "warning"
    return Problem(spot, "discouraged-term", message, explain(hit.rule), level, hit.rule.card)


def open_guard(handout: Handout, guards: Mapping[str, Guard], language: str) -> Guard | None:
    """The guard for a handout: of the language that was asked for, else of its own."""
    return guards.get(language or find_language(handout, guards.keys()))
