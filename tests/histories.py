"""Histories of a deck from release to release, as hypothesis draws them, with what its learners do; and their sources."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import strategies as st

# What texts may hold that YAML, Markdown, HTML, a table or Anki takes as a sign of its own.
TEXTS = (
    "plain",
    "with \"quotes\" and 'others'",
    "#deck: no head",
    "one; two, three | four",
    "back \\ slash",
    "two\n\nparagraphs",
    "**bold** and _slanted_",
    "a < b & c > d",
    "العربية",
    "e\u0301 in two signs",
    "=1+1",
    "- a\n- list",
    "$x^2$",
    "`code`\ttab",
)
# What an author's guid may be: Anki makes its own of nearly all signs of ASCII.
GUIDS = (
    "",
    "",
    "",
    "#sharp",
    '"quoted"',
    "a;b,c",
    "back\\slash",
    "=1+1",
    "  two spaces",
    "-1",
    "'q'",
    "<b>&amp;",
    "é",
    "#",
    "a b",
)
KINDS = ("old", "basic", "term", "cloze", "choice", "statistic", "pair", "old")
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"><title>{1}</title></svg>\n'


@dataclass(frozen=True)
class Card:
    """A card as a history has it. What is not `content` sends nothing to those who have the card."""

    id: str
    kind: str
    guid: str = ""
    words: int = 0  # which wording
    text: str = "plain"
    picture: int = 0  # which bytes the file has, once there is one
    gaps: tuple[int, ...] = (1,)
    both_ways: bool = False
    retired: bool = False
    tags: tuple[str, ...] = ()
    part: str = ""

    @property
    def name(self) -> str:
        """Its guid."""
        return self.guid or f"one/{self.id}@en"

    @property
    def content(self) -> tuple[object, ...]:
        return self.words, self.text, self.picture, self.gaps, self.both_ways, self.retired

    @property
    def mark(self) -> str:
        """What only this wording of this card says."""
        return f"{self.id}w{self.words}p{self.picture}"

    def to_yaml(self) -> str:
        words = json.dumps(
            f"{self.mark} {self.text}" + (f" ![a square]({self.id}.svg)" if self.picture else ""), ensure_ascii=False
        )
        gaps = " ".join(f"{{{{c{gap}::{self.mark} gap {gap}}}}}" for gap in self.gaps)
        fields = {
            "basic": f"question: {words}, answer: a, both_ways: {str(self.both_ways).lower()}",
            "term": f"avoid: {words}, prefer: [p, q], reference: r, level: caution",
            "cloze": f"text: {json.dumps(gaps)}",
            "choice": f"question: {words}, answer: this, distractors: [that, other], why: because",
            "statistic": f"claim: {words}, reference: r, date: 2020-01-01, question: {words}, value: 5",
            "pair": f"word: {words}, meaning: m, more: n",
            "old": f"front: {words}, back: b",
        }[self.kind]
        if self.kind != "old":
            fields += f", extra: {words}"  # a field far to the right
        if self.guid:
            fields += f", guid: {{en: {json.dumps(self.guid, ensure_ascii=False)}}}"
        if self.part:
            fields += f", deck: {self.part}"
        if self.retired:
            fields += ", retired: {since: 2026-11, why: it was wrong}"
        return f"  - {{id: {self.id}, kind: {self.kind}, tags: [{', '.join(self.tags)}], {fields}}}\n"


@dataclass(frozen=True)
class State:
    """The sources of one release."""

    cards: tuple[Card, ...]
    name: str = "Deck"  # of the first deck: never changes
    own: int = 0  # which wording the card of the second deck has
    css: int = 0  # which style `pair` has
    html: int = 0
    overrides: tuple[tuple[str, int], ...] = ()  # ids of cards that the second deck words otherwise, and how
    course: bool = False
    french: bool = False
    with_tags: bool = False  # what the release is asked for

    @property
    def kinds(self) -> set[str]:
        return {card.kind for card in self.cards}

    def write(self, folder: Path) -> None:
        one, two = folder / "one", folder / "two"
        languages = "[en, fr]" if self.french else "[en]"
        files = {
            one / "deck.yaml": f"id: one\nname: '{self.name}'\nlanguages: {languages}\n",
            one / "cards.yaml": "cards:\n" + "".join(card.to_yaml() for card in self.cards),
            one / "references.yaml": "references:\n  - {id: r, title: A, publisher: B}\n",
            one / "kinds/pair/kind.yaml": "fields: {word: {}, meaning: {}, more: {}}\n",
            one / "kinds/pair/front.html": f"<p class='v{self.html}'>{{{{Word}}}}</p>",
            one / "kinds/pair/back.html": "{{FrontSide}}<hr id=answer>{{Meaning}} {{More}} [[foot]]",
            one / "kinds/pair/style.css": f".v {{ margin: {self.css}px }}\n",
            one / "kinds/old/kind.yaml": "anki: {name: Basic, id: 1600000000000}\nfields: {front: {}, back: {}}\n",
            one / "kinds/old/front.html": "{{Front}}",
            one / "kinds/old/back.html": "{{FrontSide}}<hr id=answer>{{Back}}",
            two / "deck.yaml": "id: two\nname: Second\nlanguages: [en]\n",
            two / "cards.yaml": f"kind: basic\ncards:\n  - {{id: own, question: own, answer: a{self.own}}}\n"
            + "".join(f"  - {{override: one/{id}, extra: 'ours w{words}'}}\n" for id, words in self.overrides),
        }
        if self.course:
            files[one / "courses.yaml"] = "courses:\n  - {id: course, include: {kinds: [basic, cloze, pair]}}\n"
        files |= {one / "media" / f"{card.id}.svg": SQUARE.format(card.picture, card.id) for card in self.cards if card.picture}
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Visit:
    """When a learner comes for a release, which one, and what happened before."""

    release: int
    late: bool = False  # only after the next one was made
    text: bool = False  # the text from the release before first
    edits: tuple[tuple[int, str, bool], ...] = ()  # which note (a number), what, and whether after the release was made
    style: bool = False


@dataclass(frozen=True)
class Learner:
    parts: tuple[str, ...]  # the packages
    visits: tuple[Visit, ...]
    renames: bool = False  # note types
    has_own_type: bool = False  # a note type of the same name as one of ours


@dataclass(frozen=True)
class History:
    states: tuple[State, ...]
    learners: tuple[Learner, ...] = field(default=())


@st.composite
def histories(draw) -> History:
    """Three to five releases, and who has them."""
    number = 0

    def new_card() -> Card:
        nonlocal number
        number += 1
        kind = draw(st.sampled_from(KINDS))
        guid = draw(st.sampled_from(GUIDS))
        guid = guid and f"{guid}{number}"
        return Card(f"n{number}", kind, guid, text=draw(st.sampled_from(TEXTS)), picture=draw(st.sampled_from([0, 0, 1])))

    cards = tuple(new_card() for _ in range(draw(st.integers(3, 7))))
    states = [State(cards, name=draw(st.sampled_from(["Deck", "Deck", "Déck: sub", "2024"])), course=draw(st.booleans()))]
    for _ in range(draw(st.integers(2, 4))):
        states.append(_change(draw, states[-1], new_card))
    learners = tuple(draw(_learners(len(states), states[0].course)) for _ in range(draw(st.integers(2, 4))))
    return History(tuple(states), learners)


CHANGES = ("reword", "reword", "text", "tag", "retire", "retire", "move", "picture", "gap", "insert gap", "both ways")
OTHERS = ("new", "new", "own", "css", "html", "override", "no override", "course", "french", "with tags", "shuffle", "nothing")


def _change(draw, state: State, new_card) -> State:
    """The state after some changes."""
    cards = [*state.cards]
    state = replace(state, with_tags=False)
    for _ in range(draw(st.integers(2, 6))):
        at = draw(st.integers(0, len(cards) - 1))
        change = "retire" if cards[at].retired and draw(st.booleans()) else draw(st.sampled_from(CHANGES))
        cards[at] = _change_card(draw, cards[at], change)
    for change in draw(st.lists(st.sampled_from(OTHERS), max_size=3)):
        overrides = dict(state.overrides)
        if change == "new":
            cards.insert(draw(st.integers(0, len(cards))), new_card())
        elif change in ("css", "html", "own"):
            state = replace(state, **{change: getattr(state, change) + 1})
        elif change == "override":
            some = [card.id for card in cards if card.kind != "old"]
            if some:
                id = draw(st.sampled_from(some))
                state = replace(state, overrides=tuple((overrides | {id: overrides.get(id, 0) + 1}).items()))
        elif change == "no override":
            state = replace(state, overrides=state.overrides[1:])
        elif change == "with tags":
            state = replace(state, with_tags=True)
        elif change == "shuffle":
            cards = draw(st.permutations(cards))
        elif change in ("course", "french"):
            state = replace(state, **{change: True})
    return replace(state, cards=tuple(cards))


def _change_card(draw, card: Card, change: str) -> Card:
    if change == "retire":
        # what is brought back is corrected as well, now and then
        return replace(card, retired=not card.retired, words=card.words + draw(st.integers(0, 1)))
    if change == "reword":
        return replace(card, words=card.words + 1)
    if change == "text":
        return replace(card, text=draw(st.sampled_from(TEXTS)))
    if change == "tag":
        return replace(card, tags=(*card.tags, f"t{len(card.tags)}"))
    if change == "move" and not card.part and card.id != "n1":  # no deck may be left without cards
        return replace(card, part=draw(st.sampled_from(["Sub", "Other::Sub", "'7'"])))
    if change == "picture":
        return replace(card, picture=card.picture + 1)
    if change == "both ways" and card.kind == "basic":
        return replace(card, both_ways=True)
    if change == "gap" and card.kind == "cloze":
        return replace(card, gaps=(*card.gaps, max(card.gaps) + 1))
    if change == "insert gap" and card.kind == "cloze":
        return replace(card, gaps=(max(card.gaps) + 1, *card.gaps))
    return card


@st.composite
def _learners(draw, releases: int, has_course: bool) -> Learner:
    parts = draw(st.sampled_from([("one",), ("one",), ("one", "two"), ("two",)] + [("course",)] * has_course))
    first = draw(st.sampled_from([0, 0, 0, 1]))
    skipped = draw(st.sets(st.integers(first + 1, releases - 1), max_size=1)) if releases > first + 2 else set()
    uses_text = draw(st.booleans())
    visits = []
    for release in range(first, releases):
        if release not in skipped or release == releases - 1:
            edit = st.tuples(st.integers(0, 9), st.sampled_from(["first", "own", "tag", "apart", "all"]), st.booleans())
            edits = draw(st.lists(edit, max_size=3)) if release > first else []
            late = draw(st.integers(0, 4)) == 0 and release + 1 < releases
            visits.append(Visit(release, late, uses_text and release > first, tuple(edits), draw(st.integers(0, 3)) == 0))
    return Learner(parts, tuple(visits), draw(st.integers(0, 3)) == 0, draw(st.integers(0, 3)) == 0)
