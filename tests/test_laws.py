"""What holds for every deck, tried on decks that nobody would write."""

import random
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import nh3
from hypothesis import given, settings
from hypothesis import strategies as st

from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.anki.note import LeftOut, to_tag_text
from flashdeck.anki.package_writer import to_package
from flashdeck.anki.shown import to_plain
from flashdeck.build.gap_checks import PLAIN_GAPS, find_gap_problems
from flashdeck.model import cloze
from flashdeck.model.cards import open_card_file, read_card
from flashdeck.model.courses import Course, Filter, Rules, select
from flashdeck.model.decks import read_deck
from flashdeck.model.fields import is_complete, is_optional, read_value
from flashdeck.model.kind_reader import read_kinds
from flashdeck.pipeline import compile_project, release
from flashdeck.release.release import select_notes
from flashdeck.sources.yaml_file import Source, Value, read_text


def seeded(turns: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a law chance so many times, of which it makes many examples: hypothesis makes one in the time of ten."""

    def decorate(law: Callable[..., None]) -> Callable[..., None]:
        return settings(max_examples=turns)(given(st.randoms(use_true_random=True))(law))

    return decorate


TAGS = ["core", "late", "law::code", "sensitive"]
cards = st.lists(
    st.tuples(st.sampled_from(["basic", "cloze"]), st.sets(st.sampled_from(TAGS)).map(sorted).map(tuple)), max_size=12
)
rules = st.dictionaries(st.sampled_from(["tags", "kinds"]), st.lists(st.sampled_from([*TAGS, "basic", "cloze"])).map(tuple))
filters = st.builds(
    Filter,
    kinds=st.lists(st.sampled_from(["basic", "cloze"]), max_size=1).map(tuple),
    tags=st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
    without_tags=st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
)


@given(cards, filters)
def test_selecting_twice_is_selecting_once_and_keeps_the_order(cards, wanted):
    notes = [LeftOut(f"x/n{at}", "x", kind, to_tag_text(tags, (), False)) for at, (kind, tags) in enumerate(cards)]

    once = select(notes, wanted)

    assert select(once, wanted) == once == [one for one in notes if one in once]
    for note in notes:
        asked = (not wanted.kinds or note.kind in wanted.kinds) and (not wanted.tags or bool({*wanted.tags} & {*note.tags}))
        assert (note in once) == (asked and not {*wanted.without_tags} & {*note.tags})


@given(cards, rules, rules, st.sets(st.sampled_from([f"x/n{at}" for at in range(12)])), st.booleans())
def test_a_course_has_what_it_includes_or_names_and_nothing_that_it_excludes(cards, include, exclude, named, twice):
    course = Course("c", "c", include, exclude, tuple(named), "", Source("", "", None).node())
    other = Course("d", "d", {"decks": ("x",)}, {}, (), "", Source("", "", None).node())
    find = Rules([other, course, other] if twice else [course, other]).find

    for at, (kind, tags) in enumerate(cards):
        matches = [kind in rule.get("kinds", ()) or bool({*tags} & {*rule.get("tags", ())}) for rule in (include, exclude)]
        belongs = (matches[0] or f"x/n{at}" in named) and not matches[1]
        assert ("c" in find(f"x/n{at}", kind, "x", tags)) == belongs
        assert "d" in find(f"x/n{at}", kind, "x", tags)


@settings(max_examples=20)
@given(st.randoms(use_true_random=False), st.integers(2, 5))
def test_files_in_any_order_give_the_same_package(chance: random.Random, files: int):
    with TemporaryDirectory() as folder:
        names = [f"{chance.randrange(10**6)}.yaml" for _ in range(files)]
        texts = {
            name: f"kind: basic\ncards:\n  - {{id: n{at}, question: q{at}, answer: a}}\n" for at, name in enumerate(set(names))
        } | {"deck.yaml": "id: x\nname: X\nlanguages: [en]\n"}
        packages = []
        for order in (sorted(texts), sorted(texts, reverse=True)):
            for name in order:
                Path(folder, name).unlink(missing_ok=True)
            for name in order:
                Path(folder, name).write_text(texts[name])
            compiled = compile_project([Path(folder, name) for name in order])
            assert compiled.problems == ()
            released = release(compiled, ["en"], 1)
            notes = select_notes(released, next(iter(compiled.frame.decks.values())), "en", Filter()).notes
            packages.append(to_package(notes, released.times))

        assert packages[0] == packages[1]


SIGNS = """
    <script> </script> <img src=x onerror=alert(1)> <svg/onload=x> <a href='javascript:x'> </a> [a](javascript:x) <style>
    <iframe srcdoc='x'> <math><mtext> <!-- --> <![CDATA[ ]]> <?php ?> &lt;script&gt; <b onclick=x> <b> </b> ` ``` \\( \\)
    < > & &#x3c; <p> <td> <ScRiPt> <base href=x> <form action=x> <input autofocus onfocus=x> {{c1:: }} ** _ # - | 1. x
""".split()
html = st.lists(st.sampled_from([*SIGNS, "\n", "\n\n"]) | st.text(max_size=6), max_size=12).map(" ".join)
runs = ("<script", "<iframe", "<style", "<object", "<embed", "<form", "<input", "<base", "<!", "<?")


@settings(max_examples=500)
@given(html)
def test_no_authors_text_can_put_a_script_into_a_package(text):
    shown = to_html(text)

    assert nh3.is_html(shown) or "<" not in shown
    assert not any(sign in shown.lower() for sign in runs)
    assert not find_unsafe_in(shown)


def find_unsafe_in(shown: str) -> list[str]:
    """Attributes that run, or addresses of another scheme, in what a browser would read as tags."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend(name for name, _ in attrs if name.startswith("on") or name in ("srcdoc", "action", "style"))
            found.extend(value for name, value in attrs if name in ("href", "src") and "script:" in (value or "").lower())

    Reader().feed(shown)
    return found


# What Markdown, HTML or mathematics could take for their own: a text with such a sign is not shown as typed.
MARKUP = re.compile(r"<[a-zA-Z/!?]|&[#\w]+;|^\s*[>#:-]|\.\s|\]\(|^\s|\s$|\s\s|[(]|\$.*\$")


@given(st.text(alphabet="ab <>&;#\"'{}:$.,()é", min_size=1, max_size=40).filter(lambda text: not MARKUP.search(text)))
def test_a_text_that_is_no_markup_is_shown_as_typed(text):
    assert find_unsafe(text) == []
    assert unescape(to_html(text)) == text


PIECES = ["a", "b c", "é: ", "; x = {1}", "{{c1::a}}", "{{c2::b c}}", "{{c1:: d :}}", "{{c12::e&f}}", " & ", "\n"]
SIGNS_OF_GAPS = "{{c1:: {{c12:: {{c0:: {{c100:: }} {{ { : :: & &lbrace; &#123; ` | < [ ] ( ) \\ ~ ~~~ * ** _ # - > 1. !".split()


@seeded(20)
def test_gaps_that_the_fast_path_accepts_are_good(chance: random.Random):
    texts: set[str] = set()
    while len(texts) < 100:
        parts = chance.choices(PIECES, k=chance.randrange(9)) + chance.sample(SIGNS_OF_GAPS, chance.randrange(2))
        chance.shuffle(parts)
        if PLAIN_GAPS.fullmatch(text := "".join(parts)):
            texts.add(text)

    for text in texts:
        assert {*find_gap_problems(text, lambda code, *_, **about: code)} <= {"cloze-without-deletion"}, text
        assert cloze.list_numbers(cloze.read_gaps(to_html(text))) == cloze.find_numbers(text), text


@given(st.text(alphabet="aßÄ \t\n\u00a0\u2003\u202f\u3000\u200b\x1c.", max_size=12))
def test_what_is_one_question_to_a_learner_is_one_in_the_fast_path(text):
    assert to_plain(text) == " ".join(text.replace("\u200b", "").split()).casefold()


PLAIN = ["a", " b ", "", " ", "true", "2024", "2024-13", "avoid", "x\u200b", "{{c1::a}}", "c1"]
KEYS = ("guid deck tags reference extra sensitive retired question answer both_ways text avoid prefer level why "
        "also_accepted claim date review_by distractors image shapes").split()  # fmt: skip


def make_value(chance: random.Random) -> Value:
    """What somebody may type for any key: a text, texts in languages, a list of both, or keys that some values have."""

    def localized() -> Value:
        return {code: chance.choice(PLAIN) for code in chance.sample(["fr", "en", "de"], chance.randrange(4))}

    match chance.randrange(4):
        case 0:
            return chance.choice(PLAIN)
        case 1:
            return localized()
        case 2:
            return [chance.choice([chance.choice(PLAIN), localized()]) for _ in range(chance.randrange(4))]
        case _:
            return {key: chance.choice(PLAIN) for key in chance.sample(["why", "since", "c1"], chance.randrange(4))}


def make_values(chance: random.Random, most: int) -> dict[str, Value]:
    return {key: make_value(chance) for key in chance.sample(KEYS, chance.randrange(most + 1))}


DECK = read_deck(read_text("x/deck.yaml", b"id: x\nname: X\nlanguages: [fr, en]\n")[0], [])


def without_keys(problems):
    """The problems of values: what is missing is the card's, or its translation's."""
    return sorted(one for one in problems if one.code not in ("missing-field", "unknown-key", "missing-translation"))


@seeded(30)
def test_a_card_is_what_each_of_its_values_is_by_itself(chance: random.Random):
    """However fast most values are passed: cards of random keys and values, half of them with what their kind requires."""
    for _ in range(50):
        word, typed, defaults = chance.choice(sorted(read_kinds())), make_values(chance, 6), make_values(chance, 2)
        kind = read_kinds()[word]
        if chance.randrange(2):
            wanted = (field.key for field in kind.fields.values() if field.required)
            typed = {key: {"fr": "a", "en": "b"} for key in wanted} | {"reference": "r"} | typed
        source = Source("x/cards.yaml", "\\", {**defaults, "kind": word, "cards": [{"id": "one", **typed}]})
        file = open_card_file(source, "cards", DECK, read_kinds(), [])
        node, problems, alone = source.node("cards", 0), [], []

        card = read_card(file, 0, problems).card

        values = {key: one for key, one in {**defaults, **typed}.items() if key in kind.types}
        good = [key for key in values if read_value(file.place(node, key), key, kind, DECK, alone)]
        missing = {(key, code) for key in good for code in DECK.languages if not is_complete(kind, key, values[key], code)}
        incomplete = {code for key, code in missing if not is_optional(kind, key, values) or card.is_blank(code)}
        assert without_keys(problems) == [problem._replace(card="x/one") for problem in without_keys(alone)]
        assert card.languages == tuple(code for code in DECK.languages if code not in incomplete)
        assert card.left_out == tuple(code for code in DECK.languages if code in incomplete)
        assert card.values == {key: one for key, one in values.items() if key != "retired" or key in good}
