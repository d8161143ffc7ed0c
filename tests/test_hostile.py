"""What strangers send: each file or folder in tests/hostile states, as those in tests/bad do, what must be reported of it.

Whatever is not reported must be harmless as it stands in the package: read by another browser's parser than flashdeck's,
nothing in it runs or loads.
"""

import os
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path

import html5lib
import pytest
from conftest import ROOT, import_package
from hypothesis import given, settings
from hypothesis import strategies as st
from judge import DRAWN
from test_bad import name_of, put, to_lines
from test_package import build

from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.anki.safe import clean, make_safe
from flashdeck.anki.safe_kinds import is_safe_template, make_template_safe
from flashdeck.anki.templates import render
from flashdeck.importing.html_to_markdown import from_html
from flashdeck.pipeline import compile_project, release
from flashdeck.sources.yaml_file import find_invisible

HOSTILE = sorted((ROOT / "tests" / "hostile").iterdir())
EXAMPLES = int(os.environ.get("EXAMPLES", "150"))
HTML = "{http://www.w3.org/1999/xhtml}"
RUNS = set("applet base embed form frame frameset iframe input link meta noscript object param script style video".split())


def find_what_runs(html: str) -> Iterator[str]:
    """What in HTML runs, or loads from elsewhere, as html5lib reads it; and what Anki takes for a command."""
    for element in html5lib.parseFragment(html).iter():
        if not isinstance(element.tag, str):
            yield "comment"
            continue
        tag = element.tag.removeprefix(HTML)
        space, _, name = tag.rpartition("}")
        if tag in RUNS or (space and name not in DRAWN.get(space + "}", ())):
            yield tag
        for name, value in element.attrib.items():
            value = re.sub(r"[\0-\x20]", "", value)
            if str(name).startswith(("on", "{")) or name in ("srcset", "srcdoc", "action", "formaction", "background", "data"):
                yield f"{tag} {name}"
            elif name == "src" and re.match(r"[a-z][\w+.-]*:|[/\\]", value, re.I):
                yield f"{tag} src={value}"
            elif name == "href" and re.match(r"[a-z][\w+.-]*:", value, re.I):
                if not re.match("https?:|mailto:", value, re.I):
                    yield f"{tag} {name}={value}"
            elif name == "style" and re.search(r"\\|url|image|expression|@|fixed|binding|behavior", value, re.I):
                yield f"{tag} style={value}"
    yield from re.findall(r"\[\[type:|\[anki:|<[^>]*\[[^>]*>", html)


@pytest.mark.parametrize("path", HOSTILE, ids=name_of)
def test_what_strangers_send_is_reported_or_harmless(path, tmp_path, monkeypatch):
    put(path, tmp_path / "decks")
    monkeypatch.chdir(tmp_path)
    expected = (path / "expect").read_text() if path.is_dir() else path.read_text()
    expected = expected.splitlines() if path.is_dir() else re.findall("# expect: (.+)", expected)

    project = compile_project([Path("decks")], date(2026, 11, 23))

    assert to_lines(path, project.problems) == expected
    if project.ok:
        check(project)


def check(project) -> None:
    """That all that stands in the packages of a project is harmless, and stays as it is when it is made safe once more."""
    notes = release(project, project.languages, 1).notes.values()
    assert notes
    for note in notes:
        for field in note.fields:
            assert list(find_what_runs(field)) == []
            assert make_safe(field) == field
        values = dict(zip((name for _, name in note.type.fields), note.fields, strict=True))
        for _, _, front, back in note.type.templates:
            for shown in (values, dict.fromkeys(values, "")):
                html = render(front, shown) + render(back, {**shown, "FrontSide": render(front, shown)})
                assert {*find_what_runs(html)} <= {"comment", "style", "button"}


@pytest.mark.parametrize("path", [path for path in HOSTILE if not path.is_dir()], ids=name_of)
def test_the_cards_beside_what_is_reported_are_harmless(path, tmp_path):
    text = path.read_text()
    wrong = {int(line) for line in re.findall(r"# expect: (\d+):", text)}
    rest = [line for at, line in enumerate(text.splitlines(), 1) if at not in wrong]
    if not any("id:" in line for line in rest):
        return
    put(path, tmp_path / "decks")
    (tmp_path / "decks" / "test" / "cards.yaml").write_text("\n".join(rest))

    project = compile_project([tmp_path / "decks"], date(2026, 11, 23))

    assert project.problems == ()
    check(project)


TEMPLATES = [
    '<table>{{FrontSide}}<tr><td onclick="x()" title="{{Extra}}">a</td></tr></table><a href="java&#115;cript:x()">b</a>',
    "<scr{{#Extra}}ipt>x()</scr{{/Extra}}ipt>{{FrontSide}}{{text:Extra}}",
    "{{FrontSide}}<svg onload=x()></svg><!-- <b> -{{#Extra}}- --{{/Extra}}> <img src=x onerror=x()> -->",
    "{{FrontSide}}<img src=https://x.example/a.png><style>@import '//x.example';</style>",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_hostile_template_is_taken_over_without_what_runs(template):
    safe = make_template_safe(template)

    assert not is_safe_template(template)
    assert is_safe_template(safe)
    assert "{{FrontSide}}" in safe
    assert {*find_what_runs(safe.replace("{{FrontSide}}", "'\"><b>"))} <= {"comment"}


SIGNS = """
    <script> </script> <img src=x onerror=x()> <img src=//x.example/a>
    <svg> <svg/onload=x> <math> <mtext> <mglyph> <style> </style> <!-- --> --!> <!-->
    <![CDATA[ <![x ]]> <?x <a href='javascript:x'> </a> <table> <td> <p> </p> <b> <b </b> <i title=" <i title=' " ' > = / <title>
    <textarea> <noscript> <select> <template> <li> <ul> <pre> <font color=red> <b style="u\\72l(//x)"> <b style="color:red"> &lt;
    &quot; &#x27; &nbsp; & [sound:a.mp3] [sound: [[type:Answer]] [anki:tts [latex] [$] ] \\href{javascript:x} \\( \\) {{c1:: :: }}
    <br/> <IMG alt='x' onclick=x \u3000 <form> <body onload=x> <plaintext> <form><math><mtext></form><form><mglyph><style>
""".split()
html = st.lists(st.sampled_from([*SIGNS, " ", "\n"]) | st.text(max_size=3), max_size=14).map("".join)


@settings(max_examples=EXAMPLES, deadline=None)
@given(html)
def test_what_is_made_safe_is_harmless_and_stays(text):
    safe = make_safe(text)

    assert make_safe(safe) == safe
    assert list(find_what_runs(safe)) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(html.filter(lambda text: "<table>" not in text))  # html5lib has its own order there
def test_nothing_is_taken_from_html_without_a_word(text):
    """What is accepted loses at most its comments, which show nothing. Invisible characters are told by `control-character`."""
    if not find_unsafe("<!-- html -->" + text) and not find_invisible(unescape(text)):
        assert list_content(clean(text).replace("<wbr>", "")) == list_content(text)


def list_content(html: str) -> str:
    """The tags of HTML with their attributes, and its words, without its comments."""
    parts: list[str] = []
    for element in html5lib.parseFragment(html).iter():
        if isinstance(element.tag, str):
            parts.append(f"{element.tag} {sorted(element.attrib.items())} {element.text or ''}")
        parts.append(element.tail or "")
    return "".join(parts)


@settings(max_examples=EXAMPLES, deadline=None)
@given(html)
def test_no_markdown_runs(text):
    safe = make_safe(to_html(text))

    assert make_safe(safe) == safe
    assert list(find_what_runs(safe)) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(html)
def test_an_import_makes_harmless_texts_of_any_html(text):
    made = from_html(text)

    assert not find_unsafe(made)
    assert list(find_what_runs(to_html(made))) == []


def test_what_stands_in_a_comment_of_a_template_is_no_section_to_the_package(col, tmp_path):
    put(ROOT / "tests" / "hostile" / "kind-that-is-harmless", tmp_path / "decks")
    front = tmp_path / "decks" / "test" / "kinds" / "glossary" / "front.html"
    front.write_text(front.read_text() + "<!-- {{#Word}} and {{!that}} -->\n")

    out = build(tmp_path / "decks", tmp_path, "en")

    import_package(col, out)
    [type] = [type for type in col.models.all() if type["name"].startswith("test glossary")]
    assert "<!-- {{#Word}} and {{!that}} -->" in type["tmpls"][0]["qfmt"]
