"""Discouraged words in a text: which, where, and whether it uses them or only speaks of them.

Most texts have none. So the distinct words of a text are compared with one word of each phrase first, all at once; only the
paragraphs in which such a word stands are read by patterns.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from itertools import zip_longest
from operator import itemgetter
from typing import NamedTuple

from flashdeck.wording.cues import CUES, SILENT, Cues
from flashdeck.wording.forms import INVARIABLE, PREFIXES, fold, split
from flashdeck.wording.markup import Passage, find_paragraph, split_cells
from flashdeck.wording.rules import Rule

Forms = Mapping[str, Sequence[str]]  # by word
WORD = re.compile(r"[^\W_]+")
HIDDEN = re.compile(r"</?\w+[^<>]{0,200}>|[*_]")  # in a word, perhaps
SENTENCE_END = re.compile(r"[.!?…;]+[)\"'»”]*(?=\s)")
SHORT = 3  # letters: shorter words are in every text
WIDEST = 150  # characters from the rarest word of a phrase to its first or last
NEAR = 1500  # characters from a table's terms to those that it recommends, or to its heading
BETWEEN = r"[\s'-]+"


class Hit(NamedTuple):
    """Discouraged words, from where to where in what was typed."""

    start: int
    end: int
    rule: Rule
    phrase: str  # which of its `finds`


class Vocabulary(NamedTuple):
    """The distinct words of a text, as they stand there and folded."""

    typed: list[str]
    folded: list[str]


def list_vocabulary(text: str) -> Vocabulary:
    """The words of a text in any markup. Once for all languages: it is most of the work where there is nothing to find."""
    if "&" in text:
        text = unescape(text)
    words = " ".join({*text.split()})
    if "<" in words or "*" in words or "_" in words:
        words += " " + HIDDEN.sub("", words)
    typed = [*{*WORD.findall(words)}]
    return Vocabulary(typed, fold("\n".join(typed)).split("\n"))


def _has_all(forms: Iterable[frozenset[str]], known: set[str]) -> bool:
    return not any(some.isdisjoint(known) for some in forms)


def _find_around(text: str, word: str) -> Iterator[tuple[int, int]]:
    """From where to where a text has a word, with as much around it as a phrase may take; places that meet are one."""
    first = last = -1
    for one in re.finditer(re.escape(word), text):
        start, end = max(0, one.start() - WIDEST), one.end() + WIDEST
        if first >= 0 and start > last:
            yield first, last
            first = start
        first, last = (start if first < 0 else first), end
    if first >= 0:
        yield first, last


class _Phrase(NamedTuple):
    rule: Rule
    typed: str  # as the rule has it
    anchor: frozenset[str]  # the forms of its longest word
    pattern: re.Pattern[str]
    near: tuple[str, ...]  # what must be in its sentence, each
    all_of: Sequence[frozenset[str]]  # the forms of all words that a text must have, to have it
    any_of: Sequence[Sequence[frozenset[str]]]  # and of these lists of words, those of one at least; unless there are none


def list_words(rules: Iterable[Rule]) -> set[str]:
    """The words of which a guard needs all forms."""
    return {word for rule in rules for text in (*rule.finds, *rule.only_near, *rule.not_near) for word in split(text)}


def split_phrase(typed: str) -> tuple[str, tuple[str, ...]]:
    """What to find, and what must stand in the same sentence: `... child` after it."""
    phrase, *near = re.split(r"\.{3}|…", typed)
    return phrase, tuple(near)


@dataclass(frozen=True)
class Guard:
    """The rules of one language, and all forms of their words."""

    language: str
    rules: Sequence[Rule]
    forms: Forms

    @cached_property
    def cues(self) -> Cues:
        return CUES.get(self.language.partition("-")[0], SILENT)

    @cached_property
    def phrases(self) -> list[_Phrase]:
        """All phrases, each once: where two rules find the same, the first that forbids it counts."""
        found: dict[tuple[str, ...], _Phrase] = {}
        rules = sorted(self.rules, key=lambda rule: rule.level)  # avoid before caution
        count = Counter(word for rule in rules for typed in rule.finds for word in split(split_phrase(typed)[0]))
        for rule in rules:
            around = [[self._forms(word) for word in split(text)] for text in rule.only_near]
            for typed in rule.finds:
                phrase, near = split_phrase(typed)
                if words := split(phrase):
                    anchor = min(words, key=lambda word: (len(word) < SHORT, count[word], -len(word)))  # the rarest
                    all_of = [self._forms(word) for text in (phrase, *near) for word in split(text)]
                    key = (*split(typed), *rule.only_near)
                    pattern = self._to_pattern([phrase])
                    found.setdefault(key, _Phrase(rule, typed, self._forms(anchor), pattern, near, all_of, around))
        return [*found.values()]

    def _forms(self, word: str) -> frozenset[str]:
        return frozenset(self.forms.get(word, (fold(word),)))

    @cached_property
    def _owners(self) -> Mapping[tuple[str, ...], frozenset[str]]:
        """The cards that discourage a phrase, by its words."""
        found: dict[tuple[str, ...], set[str]] = {}
        for rule in self.rules:
            for phrase in rule.finds:
                found.setdefault(tuple(split(phrase)), set()).add(rule.card)
        return {words: frozenset(cards) for words, cards in found.items()}

    def is_owner(self, card: str, hit: Hit) -> bool:
        """Whether a card discourages these words itself, and so may have them in its own fields."""
        return card in self._owners[tuple(split(hit.phrase))]

    @cached_property
    def _prefix(self) -> str:
        return PREFIXES.get(self.language.partition("-")[0], "")

    @cached_property
    def _prefixed(self) -> re.Pattern[str] | None:
        return re.compile(self._prefix) if self._prefix else None

    @cached_property
    def _near(self) -> dict[tuple[str, ...], re.Pattern[str]]:
        return {}

    @cached_property
    def _right(self) -> dict[str, re.Pattern[str]]:
        return {}

    def _to_pattern(self, phrases: Sequence[str]) -> re.Pattern[str]:
        """Any of some phrases in folded text, with each word in all its forms."""
        either = [self._join(phrase) for phrase in phrases if split(phrase)]
        return re.compile(rf"(?<!\w){self._prefix}(?:{'|'.join(either)})(?!\w)")

    def _join(self, phrase: str) -> str:
        words = split(phrase)
        forms = [sorted(self.forms.get(word, (fold(word),)), key=len, reverse=True) for word in words]
        either = [f"(?:{'|'.join(map(re.escape, some))})" for some in forms]
        between = re.findall(r"[^\W_]+([\W_]+)(?=[^\W_])", phrase)
        signs = ["," * ("," in sign) + BETWEEN for sign in between]
        return "".join(part for pair in zip_longest(either, signs, fillvalue="") for part in pair)

    # ---- searching -------------------------------------------------------------------------------------------------------

    def find_words(self, vocabulary: Vocabulary) -> list[str]:
        """The rarest words of the phrases that a text may have, as they stand there; most texts have none."""
        return [*self._find_phrases(vocabulary)]

    def _find_phrases(self, vocabulary: Vocabulary) -> dict[str, list[_Phrase]]:
        """The phrases all of whose words a text has, by the words that stand in it for their rarest."""
        typed, folded = vocabulary
        known = {*folded}
        bare = folded
        if self._prefixed:
            bare = [self._prefixed.sub("", word, count=1) for word in folded]
            known |= {*bare}
        phrases = [phrase for phrase in self.phrases if _has_all(phrase.all_of, known)]
        phrases = [one for one in phrases if not one.any_of or any(_has_all(forms, known) for forms in one.any_of)]
        if not phrases:
            return {}
        by_form: dict[str, list[_Phrase]] = {}
        for phrase in phrases:
            for form in phrase.anchor & known:
                by_form.setdefault(form, []).append(phrase)
        pairs = [(word, form) for forms in (folded, bare) for word, form in zip(typed, forms, strict=True) if form in by_form]
        return {word: by_form[form] for word, form in pairs}

    def search(self, passage: Passage) -> Iterator[Hit]:
        """The discouraged words that a text uses, in order; of some within others, the longest."""
        text = passage.text
        done = 0  # paragraphs that are too long are searched in pieces, which overlap
        for (start, end), phrases in sorted(self._find_paragraphs(text).items(), key=itemgetter(0)):
            paragraph = fold(text[start:end])
            hits = self._search_paragraph(paragraph, phrases.values())
            for first, last, phrase in hits:
                if start + first < done:
                    continue
                at = start + first, start + last
                done = at[1]
                if not passage.is_quoted(*at) and not self._is_named(text, (start, paragraph), (first, last), phrase.rule, hits):
                    yield Hit(passage.place(at[0]), passage.place(at[1] - 1) + 1, phrase.rule, phrase.typed)

    def _find_paragraphs(self, text: str) -> dict[tuple[int, int], dict[str, _Phrase]]:
        """The paragraphs that have a phrase, each with those that it may have."""
        found: dict[tuple[int, int], dict[str, _Phrase]] = {}
        for word, phrases in self._find_phrases(list_vocabulary(text)).items():
            last = 0
            for start, end in _find_around(text, word):
                around = fold(text[start:end])
                for one in phrases:
                    for match in one.pattern.finditer(around):
                        if start + match.end() > last:
                            paragraph = find_paragraph(text, start + match.start(), start + match.end())
                            last = paragraph[1]
                            found.setdefault(paragraph, {}).update((phrase.pattern.pattern, phrase) for phrase in phrases)
        return found

    def _search_paragraph(self, paragraph: str, phrases: Iterable[_Phrase]) -> list[tuple[int, int, _Phrase]]:
        """Some phrases in a folded paragraph whose sentences they fit, in order, none within another."""
        hits = [(*found.span(), one) for one in phrases for found in one.pattern.finditer(paragraph)]
        kept: list[tuple[int, int, _Phrase]] = []
        for start, end, one in sorted(hits, key=lambda hit: (hit[0], -hit[1], hit[2].rule.level, hit[2].rule.card)):
            if (not kept or start >= kept[-1][1]) and self._fits(one, paragraph, start, end):
                kept.append((start, end, one))
        return kept

    def _fits(self, phrase: _Phrase, paragraph: str, start: int, end: int) -> bool:
        """Whether the sentence has what must be near, and nothing that must not."""
        rule = phrase.rule
        if not (rule.only_near or rule.not_near or phrase.near):
            return True
        first, last = find_sentence(paragraph, start, end)
        around = f"{paragraph[first:start]} \n {paragraph[end:last]}"
        if not all(self._has((one,), around) for one in phrase.near) or (
            rule.only_near and not self._has(rule.only_near, around)
        ):
            return False
        return not (rule.not_near and self._has(rule.not_near, around))

    def _has(self, words: tuple[str, ...], text: str) -> bool:
        if words not in self._near:
            self._near[words] = self._to_pattern(words)
        return bool(self._near[words].search(text))

    # ---- use and mention -------------------------------------------------------------------------------------------------

    def _is_named(
        self, text: str, paragraph: tuple[int, str], hit: tuple[int, int], rule: Rule, hits: Sequence[tuple[int, int, _Phrase]]
    ) -> bool:
        """Whether a text speaks of the words and does not use them: it names them, denies them to teach, or lists them."""
        offset, folded = paragraph
        start, end = hit
        first, last = find_sentence(folded, start, end)
        before, after = folded[first:start].replace("\n", " "), folded[end:last].replace("\n", " ")
        if self.cues.before.search(before) or self.cues.after.search(after):
            return True
        right = self._find_right(rule)
        if rule.only_near and self.cues.unlike.search(before) and self._has(rule.only_near, f"{before} \n {after}"):
            return True
        if self.cues.denied.search(before) and right and (right.search(before) or right.search(after)):
            return True
        cell = next(((a, b) for a, b in split_cells(folded) if a <= start and end <= b), (0, len(folded)))
        if not self._is_list(folded, cell, hits):
            return False
        if cell != (0, len(folded)) and right and right.search(folded[: cell[0]] + "\n" + folded[cell[1] :]):
            return True  # in a row with the right words
        around = fold(text[max(0, offset - NEAR) : offset + len(folded) + NEAR])
        return bool(self.cues.listed.search(around) and right and right.search(around)) or bool(
            self.cues.listed.search(fold(text[max(0, offset - NEAR) : offset]))
        )

    def _is_list(self, folded: str, cell: tuple[int, int], hits: Sequence[tuple[int, int, _Phrase]]) -> bool:
        """Whether a cell, or a paragraph, has nothing but discouraged words."""
        left, at = "", cell[0]
        for start, end, _ in hits:
            if cell[0] <= start and end <= cell[1]:
                left += folded[at:start] + " "
                at = end
        left += folded[at : cell[1]]
        return not ({*re.findall(r"[^\W\d_]+", left)} - {*self.cues.joining.split()})

    def _find_right(self, rule: Rule) -> re.Pattern[str] | None:
        """What a rule recommends, in folded text, in whatever form."""
        if rule.card not in self._right:
            texts = [re.sub(r"\s*[(–—].*", "", text, flags=re.S) for text in (*rule.prefers, *rule.also)]
            either = [BETWEEN.join(map(_to_loose, filter(split, text.split()))) for text in texts if split(text)]
            self._right[rule.card] = re.compile(rf"(?<!\w)(?:{'|'.join(either)})(?!\w)" if either else "(?!)")
        return self._right[rule.card]


def _to_loose(token: str) -> str:
    """A word in whatever form, or any of some with a slash between them."""
    loose = [re.escape(fold(word)) + ("" if word in INVARIABLE else r"\w{0,2}") for word in split(token)]
    return f"(?:{'|'.join([*loose, '/'.join(loose)])})" if "/" in token else BETWEEN.join(loose)


def find_sentence(paragraph: str, start: int, end: int) -> tuple[int, int]:
    """From where to where the sentence of a paragraph goes that holds a place."""
    before = [found.end() for found in SENTENCE_END.finditer(paragraph, max(0, start - 600), start)]
    after = SENTENCE_END.search(paragraph, end, end + 600)
    return (before[-1] if before else max(0, start - 600)), (after.end() if after else min(len(paragraph), end + 600))
