"""Texts from elsewhere become what an author would write, and give what was there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.anki.markdown import PLAIN_TEXT, to_raw_html
from flashdeck.anki.safe import clean
from flashdeck.importing.html_to_markdown import from_html, from_plain, to_look

pieces = st.sampled_from(
    ["a", "é", " ", "\n", "*", "**", "_", "`", "<", ">", "&", "&amp;", "&lt;", "<b>", "</b>", "<strong>x</strong>"]
    + ["<em>y</em>", "<br>", "<br />", "<div>", "</div>", "<p>z</p>", "<ul><li>1</li></ul>", "[a](b)"]
    + ['<img src="x.png">', "<img src=x.png alt='y'>", "[sound:a.mp3]", "\\(x^2\\)", "$5", "# ", "- ", "1. ", "| ", "~~"]
    + ["&nbsp;", "\u00a0", '"', "'", "{{c1::g}}", "<script>", "onclick=", "\\"]
)
markup = st.lists(pieces, max_size=8).map("".join)


@given(markup)
def test_html_comes_back_as_it_looks_and_safe(html):
    text = from_html(html)

    assert not find_unsafe(text)
    assert look(to_html(text)) == look(html)
    assert look(to_html(from_html(to_html(text)))) == look(html)


def look(html: str) -> str:
    return to_look(html, {"b": "**"})


@given(markup)
def test_what_flashdeck_made_comes_back_as_it_looks(text):
    html = to_html(text)

    assert look(to_html(from_html(html))) == look(html)


@pytest.mark.parametrize(
    ("css", "text"),
    [
        ("", "a **b**"),
        (".card { font: bold } .b, #i { color: red }", "a **b**"),
        (".card b { color: red }", "a <b>b</b>"),
        ("i { } /* b */", "a <b>b</b>"),
    ],
)
def test_marks_stay_what_they_are_where_a_style_names_them(css, text):
    assert from_html("a <b>b</b> ", css) == text


@given(st.one_of(markup, st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)))
def test_plain_words_stay_the_words_they_are(text):
    html = to_html(from_plain(text))

    assert not find_unsafe(from_plain(text))
    if text.isascii() and "\n" not in text and "\\(" not in text:
        from html import unescape

        assert unescape(html.replace("<br>", "\n")) == text.strip()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Paris", "Paris"),
        ("<b>Paris</b> &amp; <i>Lyon</i>", "**Paris** & *Lyon*"),
        ("5 * 3 * 2", "5 * 3 * 2"),
        ("*not strong*", "\\*not strong\\*"),
        ("a<br>b", "a\\\nb"),
        ('<a href="https://example.org/x">x</a>', "[x](https://example.org/x)"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ('<img src="a.png">', "![](a.png)"),
        ('<div style="color: red">a</div>', '<div style="color: red">a</div>'),
        ("a<script>alert(1)</script>", "a"),
        ("", ""),
    ],
)
def test_html_becomes_what_people_write(html, text):
    assert from_html(html) == text


@pytest.mark.parametrize(
    ("plain", "text"),
    [("a < b & c", "a < b & c"), ("*x*", "\\*x\\*"), ("1. x", "1\\. x"), ("a\nb", "a\\\nb"), ("$5 to $9", "$5 to $9")],
)
def test_words_become_what_people_write(plain, text):
    assert from_plain(plain) == text


signs = st.lists(
    st.sampled_from(
        list("ab1 -+=:.)(!?'\"/{}$%^;,@é\u00a0\u200b«»…–")
        + ["c1::", "www.x.org", "https://x.org/a", "mailto:a@b.c", "  ", "1.", "2)"]
    )
)


@given(st.one_of(signs.map("".join), st.text(max_size=40)).filter(PLAIN_TEXT.fullmatch))
def test_a_text_without_markup_is_the_same_on_the_fast_and_the_slow_path(text):
    html = clean(to_raw_html(text)).strip()

    assert html == f"<p>{text}</p>"
