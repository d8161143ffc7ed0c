"""What holds for every deck, tried on decks that nobody would write."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import nh3
from hypothesis import given, settings
from hypothesis import strategies as st

from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.anki.note import LeftOut, to_tag_text
from flashdeck.anki.package_writer import to_package
from flashdeck.build.checks import SOUND_GAPS, _broken_gap, _plain
from flashdeck.model.cards import Course, gaps
from flashdeck.model.courses import Filter, select, select_course
from flashdeck.model.kind_reader import read_kinds
from flashdeck.model.library import _read_card, _read_sound_card, read_frame, read_library
from flashdeck.pipeline import compile_decks, release, select_notes
from flashdeck.sources.yaml_file import Source, read_text

TAGS = ["core", "late", "law::code", "sensitive"]


@st.composite
def libraries(draw):
    """A library of basic cards and clozes with random tags."""
    cards = draw(st.lists(st.tuples(st.sampled_from(["basic", "cloze"]), st.sets(st.sampled_from(TAGS))), max_size=12))
    lines = ["cards:"]
    for at, (kind, tags) in enumerate(cards):
        text = f"question: q{at}, answer: a" if kind == "basic" else f"text: '{{{{c1::q{at}}}}}'"
        lines.append(f"  - {{id: n{at}, kind: {kind}, tags: [{', '.join(sorted(tags))}], {text}}}")
    sources = [
        read_text("x/deck.yaml", b"id: x\nname: X\nlanguages: [en]\n")[0],
        read_text("x/cards.yaml", "\n".join(lines).encode())[0],
    ]
    return read_library(sources, read_kinds(), {}, [])


rules = st.dictionaries(st.sampled_from(["tags", "kinds"]), st.lists(st.sampled_from([*TAGS, "basic", "cloze"])).map(tuple))
filters = st.builds(
    Filter,
    kinds=st.lists(st.sampled_from(["basic", "cloze"]), max_size=1).map(tuple),
    tags=st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
    without_tags=st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
)


@given(libraries(), rules, rules, st.sets(st.sampled_from([f"x/n{at}" for at in range(12)])), filters)
def test_selecting_twice_is_selecting_once_and_keeps_the_order(library, include, exclude, named, wanted):
    course = Course("c", "c", include, exclude, tuple(named), "", None)

    taken = select_course(library.cards, course)
    tagged = [LeftOut(card.id, card.kind.name, to_tag_text(card, ())) for card in taken]
    once = select(tagged, wanted)

    assert select_course(taken, course) == taken
    assert [card.order for card in taken] == sorted(card.order for card in taken)
    assert select(once, wanted) == once == [one for one in tagged if one in once]
    assert all(set(wanted.tags) & set(one.tags) or not wanted.tags for one in once)
    assert not any(set(wanted.without_tags) & set(one.tags) for one in once)


@given(libraries(), rules, rules)
def test_what_is_excluded_is_in_no_course_and_what_is_left_out_matches_nothing(library, include, exclude):
    taken = select_course(library.cards, Course("c", "c", include, exclude, (), "", None))

    for card in library.cards:
        included, excluded = (
            card.kind.name in rule.get("kinds", ()) or bool(set(card.tags) & set(rule.get("tags", ())))
            for rule in (include, exclude)
        )
        assert (card in taken) == (included and not excluded)


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
            compiled = compile_decks([Path(folder, name) for name in order])
            assert compiled.problems == ()
            released = release(compiled, ["en"], 1)
            notes = select_notes(released, compiled.library.decks[0], "en", Filter()).notes
            packages.append(to_package(notes, released.times))

        assert packages[0] == packages[1]


SIGNS = """
    <script> </script> <img src=x onerror=alert(1)> <svg/onload=x> <a href='javascript:x'> </a> [a](javascript:x) <style>
    <iframe srcdoc='x'> <math><mtext> <!-- --> <![CDATA[ ]]> <?php ?> &lt;script&gt; <b onclick=x> <b> </b> ` ``` \\( \\)
    < > & &#x3c; <p> <td> <ScRiPt> <base href=x> <form action=x> <input autofocus onfocus=x> {{c1:: }} ** _ # - | 1. x
""".split()
html = st.lists(st.sampled_from([*SIGNS, "\n", "\n\n"]) | st.text(max_size=6), max_size=12).map(" ".join)
runs = ("<script", "<iframe", "<svg", "<math", "<style", "<object", "<embed", "<form", "<input", "<base", "<!", "<?")


@settings(max_examples=500)
@given(html)
def test_no_authors_text_can_put_a_script_into_a_package(text):
    shown = to_html(text)

    assert nh3.is_html(shown) or "<" not in shown
    assert not any(sign in shown.lower() for sign in runs)
    assert not find_unsafe_in(shown)


def find_unsafe_in(shown: str) -> list[str]:
    """Attributes that run, or addresses of another scheme, in what a browser would read as tags."""
    from html.parser import HTMLParser

    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend(name for name, _ in attrs if name.startswith("on") or name in ("srcdoc", "action", "style"))
            found.extend(value for name, value in attrs if name in ("href", "src") and "script:" in (value or "").lower())

    Reader().feed(shown)
    return found


@given(st.text(alphabet="ab <>&;#\"'{}:$.,()é", max_size=40))
def test_a_text_that_is_no_markup_is_shown_as_typed(text):
    from html import unescape
    from re import search

    if search(r"<[a-zA-Z/!?]|&[#\w]+;|^\s*[>#:-]|^    |\.\s|\]\(|^\s|\s$|\s\s|[(]", text) or not text.strip():
        return

    assert find_unsafe(text) == []
    assert unescape(to_html(text)) == text


GAPS = "{{c1:: {{c12:: {{c0:: {{c100:: }} {{ { : :: a b & &lbrace; &#123; ` | < [ ] ( ) \\ ~ ~~~ * ** _ # - > 1. ! \n".split(" ")


@settings(max_examples=2000)
@given(st.lists(st.sampled_from([*GAPS, " ", "\n\n", "    ", "{{c1::a}}", "{{c2::b c}}"]), max_size=10).map("".join))
def test_gaps_that_are_taken_at_a_glance_are_those_that_the_long_look_finds_sound(text):
    if SOUND_GAPS.fullmatch(text):
        assert _broken_gap(text) is None
        assert gaps(to_html(text)) == gaps(text)


@given(st.text(alphabet="aßÄ \t\n\u00a0\u2003\u202f\u3000\u200b\x1c.", max_size=12))
def test_what_is_one_question_to_a_learner_is_one_at_a_glance(text):
    assert _plain(text) == " ".join(text.split()).casefold()


plain = st.sampled_from(["a", " b ", "", " ", "true", "2024", "2024-13", "avoid", "x\u200b", "{{c1::a}}", "c1"])
worded = st.dictionaries(st.sampled_from(["fr", "en", "de"]), plain, max_size=3)
value = plain | worded | st.lists(plain | worded, max_size=3) | st.dictionaries(st.sampled_from(["why", "since", "c1"]), plain)
keys = ("guid kind deck languages tags reference extra sensitive retired question answer both_ways text avoid prefer level why "
        "also_accepted claim date review_by distractors picture shapes nonsense").split()  # fmt: skip


@settings(max_examples=1500)
@given(
    st.sampled_from(sorted(read_kinds())),
    st.dictionaries(st.sampled_from(keys), value, max_size=6),
    st.dictionaries(st.sampled_from(keys), value, max_size=2),
    st.booleans(),
)
def test_a_card_that_is_read_at_a_glance_is_the_one_of_the_long_look(kind, typed, defaults, filled):
    """Cards of random keys and values, half of them with what their kind wants in each language."""
    source = read_text("x/deck.yaml", b"id: x\nname: X\nlanguages: [fr, en]\n")[0]
    frame = read_frame([source], read_kinds(), {}, [])
    if filled:
        wanted = (field.key for field in read_kinds()[kind].fields.values() if field.required)
        typed = {key: {"fr": "a", "en": "b"} for key in wanted} | {"reference": "r"} | typed
    file = Source("x/cards.yaml", "\\", {**defaults, "cards": [typed]})
    about = (file.node("cards", 0), defaults, frame.decks["x"], read_kinds()[kind], "x/one", 1)

    glance = _read_sound_card(*about, {})

    if glance:
        problems: list = []
        assert _read_card(*about, problems) == glance
        assert problems == []
