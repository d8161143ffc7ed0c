"""Gaps are read as the real Anki reads them, and what authors mean by braces and colons in them is what learners see."""

import re

import pytest
from anki.collection import Collection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashdeck.anki.html import to_html
from flashdeck.anki.shown import to_shown
from flashdeck.model.cloze import find_numbers, list_numbers, read_gaps, read_text, show_asked, show_gap

signs = st.sampled_from(
    "{{c1:: {{c2:: {{c1,2:: {{c0:: {{c12:: {{c,:: {{c,3,:: {{c65536:: {{c99999,2:: {{c007:: {{C1:: {{c1: {{c:: {{c١::".split()
    + "}} }}} } { {{ :: : ::: a é , 1 image-occlusion: \\( \\) \\[ \\] \n".split(" ")
)
fields = st.lists(signs, max_size=16).map("".join) | st.tuples(st.integers(0, 13), st.integers(0, 13), signs).map(
    lambda about: "{{c1::x" * about[0] + about[2] + "}}" * about[1]
)


class RealAnki:
    """What the real Anki makes of a field with gaps."""

    def __init__(self, col: Collection) -> None:
        self.col = col
        self.type = col.models.by_name("Cloze")
        self.type["tmpls"][0] |= {"qfmt": "{{cloze:Text}}", "afmt": "{{cloze:Text}}"}
        col.models.update_dict(self.type)

    def numbers(self, text: str) -> list[int]:
        note = self.col.new_note(self.type)
        note["Text"] = text
        return sorted(self.col._backend.cloze_numbers_in_note(note._to_backend_note()))

    def show(self, text: str, number: int) -> tuple[str, str]:
        note = self.col.new_note(self.type)
        note["Text"] = text
        output = note.ephemeral_card(number - 1, custom_note_type=self.type).render_output()
        return output.question_text, output.answer_text


def without_marks(html: str) -> str:
    """What learners see of Anki's HTML: the fields here hold no other tags."""
    return re.sub(r'<div class="cloze[^>]*></div>|<span class="cloze[^>]*>|</span>', "", html)


@pytest.fixture
def real_anki(col: Collection) -> RealAnki:
    return RealAnki(col)


def check_a_field(anki: RealAnki, text: str) -> None:
    assert list_numbers(read_gaps(text)) == anki.numbers(text)
    question, answer = anki.show(text, 1)
    assert find_numbers(text) == list_numbers(read_text(text).parts)
    if 1 in anki.numbers(text):
        assert show_asked(text, [1]) in (None, [without_marks(question)])
        assert show_gap(text, 1, False) == without_marks(question)
        assert show_gap(text, 1, True) == without_marks(answer)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=fields)
def test_gaps_are_what_the_real_anki_makes_of_them(real_anki, text):
    check_a_field(real_anki, text)


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (r"{{c1::\(\frac{1}{\sqrt{1-x^2}}\)}} is", "[...] is", r"\(\frac{1}{\sqrt{1-x^2}}\) is"),
        (r"\[ {{c2::\cos(x)}} = {{c1::\sum_{k} {2k!}}} \]", r"\[ \cos(x) = [...] \]", r"\[ \cos(x) = \sum_{k} {2k!} \]"),
        ("{{c1::$x^{2^{3}}$::power}}", "[power]", r"\(x^{2^{3}}\)"),
        ("set {{c1::{1, 2}}} of", "set [...] of", "set {1, 2} of"),
        ("{{c1::{{name}}}} prints", "[...] prints", "{{name}} prints"),
        (r"{{c1::std\::vector::a list}}", "[a list]", "std::vector"),
        ("{{c1::`std::map<int, {}>`}}", "[...]", "std::map<int, {}>"),
        ("{{c1::`}}`}} closes", "[...] closes", "}} closes"),
        (r"{{c1::\{}} opens, \{{c2::x}} is shown", "[...] opens, {{c2::x}} is shown", "{ opens, {{c2::x}} is shown"),
        ("{{c1::&#125;&rcub; {{c2::**a**}}}}", "[...]", "}} a"),
        ("{{c1,2::both}}", "[...]", "both"),
    ],
)
def test_what_an_author_means_by_a_gap_is_what_anki_shows(text, question, answer, real_anki):
    html = to_html(text)

    assert find_numbers(text) == real_anki.numbers(html)
    assert tuple(to_shown(side) for side in real_anki.show(html, 1)) == (question, answer)
