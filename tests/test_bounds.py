"""What strangers send costs a time that grows as its length does."""

import time

import pytest

from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.anki.safe import make_safe
from flashdeck.anki.safe_kinds import is_safe_template
from flashdeck.importing.corrections import plain_words
from flashdeck.importing.html_to_markdown import _escape, from_plain, is_html
from flashdeck.importing.number_formats import show
from flashdeck.importing.tables import parse_tags
from flashdeck.model.template_language import find_mistakes, find_shown
from flashdeck.release.changes import strip_html
from flashdeck.sources.values import short, to_id

FUNCTIONS = [
    to_html,
    make_safe,
    find_unsafe,
    lambda text: find_unsafe(f"<b>{text}"),
    is_safe_template,
    strip_html,
    plain_words,
    _escape,
    from_plain,
    is_html,
    lambda format: show(1.5, format),
    parse_tags,
    short,
    to_id,
    find_shown,
    lambda html: list(find_mistakes(html, ("Word",))),
]
UNITS = [
    "<!--",
    "<a",
    "<a ",
    "{{",
    " ",
    "{{ ",
    "![",
    "[[",
    "](",
    "(",
    "\\(",
    "{{#a}}",
    '"',
    "-",
    "1",
    "<",
    "\n",
    " \n",
    "on",
    "{{a:",
    "-->",
    "a",
    "a:",
    "&",
    "[sound:",
    "$",
    "{{c1::",
    "*",
    "`",
]


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_text_takes_no_long_time(unit):
    start = time.process_time()

    for function in FUNCTIONS:
        function(unit * (100_000 // len(unit)))
        function("{{" + unit * 2_000)

    assert time.process_time() - start < 3


def test_a_gap_with_a_number_of_thousands_of_digits_is_a_problem_like_any_other(deck, cli):
    deck("kind: cloze\ncards:\n  - {id: a, text: '{{c1::x}} {{c" + "9" * 5000 + "::y}}'}\n")

    ran = cli("check")

    assert ran.code == 1 and "error[broken-cloze]" in ran.out and "Traceback" not in ran.err
