"""What makes a card easy to guess or hard to tell from others: hints, which only `check --strict` shows, and looks for.

A function of TASTE_CHECKS is of one card, one of TASTE_CHECKS_BETWEEN of all together. Units keep none of them: whoever builds or
checks after each edit does not wait for them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from flashdeck.anki.identity import split_language
from flashdeck.anki.shown import to_plain
from flashdeck.build.link import CardFact, Facts
from flashdeck.build.reference_checks import check_unused_references
from flashdeck.build.unit import to_rows
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.cards import Card
from flashdeck.model.frame import Frame
from flashdeck.model.kinds import Template
from flashdeck.sources.values import short

STANDS_OUT = 1.5  # times as long as the longest of the others
FEW = 12  # characters: of two short options, neither stands out
SHORTEST = 4  # letters: a shorter answer may stand anywhere
OPEN_LIST = re.compile(
    r"\b(?:for example|for instance|such as|e\.g\.|among others|par exemple|tels? que|telles? que|notamment|entre autres|p\. ex\."
    r"|por ejemplo|tales como|zum Beispiel|z\. B\.|unter anderem)",
    re.I,
)
LONG_WORD = re.compile(r"[^\W\d_]{4,}")  # shorter ones are mostly articles and prepositions
MEANT = 2  # words: fronts with fewer say too little to be alike
EITHER = re.compile(r"\b(?:or|ou|o|oder)\b", re.I)  # such a question has to name its answers


def check_answers(card: Card, frame: Frame) -> Iterator[Problem]:
    """The answer stands in the question, so its learner reads it off."""
    kind = card.kind
    if kind.cloze or kind.imported_note_type:
        return
    for language in card.languages:
        for at in card.templates(language):
            template = kind.templates[at]
            asked = "\n".join(to_plain(text) for key in template.front_keys for _, text in card.texts(key, language)).casefold()
            if not asked or EITHER.search(asked):
                continue
            for key in _find_answers(card, template):
                for route, text in card.texts(key, language):
                    answer = to_plain(text).casefold()
                    if len(answer) >= SHORTEST and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", asked):
                        message = f"'{short(text)}' stands in what the card asks"
                        help = "ask for it in other words"
                        yield card.problem("answer-in-front", message, *route, help=help, level="hint")


def _find_answers(card: Card, template: Template) -> list[str]:
    """The fields with what a template asks for: those that every card of the kind has, and that its front does not show."""
    return [
        field.key
        for field in card.kind.fields.values()
        if field.required
        and field.type in ("text", "texts")
        and field.key in card.values
        and field.key not in template.front_keys
    ]


def check_right_options(card: Card, frame: Frame) -> Iterator[Problem]:
    """The right option is much longer than the others: its learner finds it without knowing it."""
    for key in card.kind.options:
        for language in card.languages:
            wrong = [len(to_plain(text)) for _, text in card.texts(key, language)]
            for route, text in card.texts("answer", language):
                length = len(to_plain(text))
                if wrong and length > FEW and length >= STANDS_OUT * max(wrong):
                    message = f"'{short(text)}' is much longer than all other options: the longest is taken for the right one"
                    help = "shorten it, or make another as long"
                    yield card.problem("longest-option", message, *route, help=help, level="hint")


def check_open_lists(card: Card, frame: Frame) -> Iterator[Problem]:
    """Of a list that is not complete nobody can know which of its words a gap asks for."""
    key = card.kind.cloze
    if not key or card.kind.shapes:
        return
    for language in card.languages:
        for route, text in card.texts(key, language):
            found = OPEN_LIST.search(text)
            if found and text.count("{{c", found.end()):
                message = f"'{found[0]}' begins a list that is not complete, and a gap asks for a word of it"
                help = "ask for the list as a whole, or for what its words have in common"
                yield card.problem("gap-in-open-list", message, *route, word=found[0], help=help, level="hint")


def check_languages_of_references(card: Card, frame: Frame) -> Iterator[Problem]:
    """A source in another language, where the same one is there in the learner's, and nobody chose one for each language."""
    if isinstance(card.values.get("reference", {}), dict):
        return
    for language in card.languages:
        cited = card.texts("reference", language)
        for route, id in cited:
            reference = frame.references.get(id)
            stem, _, code = id.rpartition("-")
            other = f"{stem}-{language}"
            is_foreign = reference and code == reference.language != language
            if is_foreign and other in frame.references and other not in [id for _, id in cited]:
                message = f"'{id}' is in '{code}', and there is '{other}' for learners of '{language}'"
                help = f"write 'reference: {{{language}: {other}, ...}}'"
                yield card.problem("foreign-reference", message, *route, help=help, level="hint")


def check_repeated_words(card: Card, frame: Frame) -> Iterator[Problem]:
    """The source that is cited only repeats what another says: who reads the card cannot see on whose word it stands."""
    for language in card.languages if "reference" in card.values else ():
        cited = dict.fromkeys(id for _, id in card.texts("reference", language))
        for route, id in card.texts("reference", language):
            reference = frame.references.get(id)
            if reference and reference.repeats and reference.repeats not in cited and reference.repeats in frame.references:
                message = f"'{id}' only repeats '{reference.repeats}'"
                help = f"cite '{reference.repeats}', alone or beside it"
                yield card.problem("nested-citation", message, *route, help=help, level="hint")


TASTE_CHECKS: tuple[Callable[[Card, Frame], Iterator[Problem]], ...] = (
    check_answers,
    check_right_options,
    check_open_lists,
    check_languages_of_references,
    check_repeated_words,
)


def check_near_fronts(facts: Facts) -> Iterator[Problem]:
    """Two cards ask nearly the same and expect different answers: their learner mixes them up."""
    for language in facts.frame.languages:
        first: dict[frozenset[str], tuple[CardFact, str]] = {}
        for unit in facts.units:
            for group, fronts in unit.fronts.items():
                if split_language(group.partition("#")[0])[1] != language:
                    continue
                for row, text in zip(to_rows(fronts.rows), to_rows(fronts.texts), strict=True):
                    words = frozenset(word.removesuffix("s") for word in LONG_WORD.findall(text.casefold()))
                    if len(words) < MEANT:
                        continue
                    card = facts.card(unit, int(row))
                    other, its_text = first.setdefault(words, (card, text))
                    if other.full_id != card.full_id and its_text != text:  # equal ones are `same-front`
                        message = f"'{short(text)}' is nearly what the card '{other.full_id}' asks: '{short(its_text)}'"
                        help = f"say on each in what it differs; the other is at {facts.spot(other.unit, other.item)}"
                        yield facts.problem(card, "near-fronts", message, help=help, level="hint")


def check_membership(facts: Facts) -> Iterator[Problem]:
    """Where most cards are in courses, who learns by courses never sees one that is in none."""
    courses = facts.frame.courses
    if not courses or any(not course.valid for course in courses.values()):
        return
    outside: dict[str, list[CardFact]] = {}
    total = Counter[str]()
    for card in (card for card in facts.cards() if card.id and card.valid):
        total[card.deck] += 1
        if not facts.frame.rules.find(card.full_id, card.kind, card.deck, card.tags):
            outside.setdefault(card.deck, []).append(card)
    for deck, cards in outside.items():
        for card in cards if len(cards) * 2 < total[deck] else ():
            help = "add it to one, or give it a tag by which it is in one"
            yield facts.problem(card, "in-no-course", "this card is in no course", "id", help=help, level="hint")


TASTE_CHECKS_BETWEEN: tuple[Callable[[Facts], Iterator[Problem]], ...] = (
    check_near_fronts,
    check_membership,
    check_unused_references,
)


def find_hints(facts: Facts) -> Iterator[Problem]:
    """All hints on a project; of a card only where nothing is wrong with it."""
    for fact in facts.cards():
        card = facts.read_card(fact) if fact.valid else None
        for check in TASTE_CHECKS if card else ():
            assert card
            yield from check(card, facts.frame)
    for check_between in TASTE_CHECKS_BETWEEN:
        yield from check_between(facts)
