"""Values stay what the author typed, and every spot points at what it names."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashdeck.sources.yaml_file import read_text

words = st.text(alphabet="abcé🙂 ع", min_size=1, max_size=8).map(lambda text: f"w{text}w")
values = st.recursive(words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=12)


def to_yaml(value: object, indent: int, flow: bool) -> str:
    """Writes a value as an author might: in blocks, or in one line."""
    if isinstance(value, str):
        return value
    if flow or not value:
        if isinstance(value, list):
            return "[" + ", ".join(to_yaml(item, 0, True) for item in value) + "]"
        return "{" + ", ".join(f"{key}: {to_yaml(item, 0, True)}" for key, item in value.items()) + "}"
    line = "\n" + " " * indent
    flat = [str, *([list, dict] if indent > 6 else [])]
    if isinstance(value, list):
        return "".join(f"{line}- {to_yaml(item, indent + 2, type(item) in flat).lstrip(' ')}" for item in value)
    return "".join(f"{line}{key}: {to_yaml(item, indent + 2, type(item) in flat)}" for key, item in value.items())


def routes(value: object, route: tuple = ()) -> list[tuple[tuple, str]]:
    if isinstance(value, str):
        return [(route, value)]
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    return [found for key, item in pairs for found in routes(item, (*route, key))]


@given(st.dictionaries(words, values, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
def test_every_value_is_read_as_typed_and_every_spot_points_at_its_first_character(value, newline, bom):
    typed = to_yaml(value, 0, False).strip("\n")

    source, mistakes = read_text("x.yaml", (bom + typed.replace("\n", newline)).encode())

    assert mistakes == []
    assert source.value == value
    lines = typed.split("\n")
    for route, text in routes(value):
        spot = source.spot(route)
        assert lines[spot.line - 1][spot.column - 1 :].startswith(text)
        if isinstance(route[-1], str):
            spot = source.spot(route, key=True)
            assert lines[spot.line - 1][spot.column - 1 :].startswith(f"{route[-1]}:")


@given(st.binary(max_size=300) | st.text(alphabet="ab: -[]{}#&*!|>'\"%@`\n\t\\,?~\u2028", max_size=80).map(str.encode))
def test_no_bytes_at_all_make_the_reader_fail(data):
    source, mistakes = read_text("x.yaml", data)

    for mistake in mistakes:
        spot = source.spot_at(mistake.index)
        assert 1 <= spot.line <= source.text.count("\n") + 1
    assert (
        source.value is not None
        or source.unread
        or not source.text.strip()
        or source.text.lstrip().startswith(("#", "%", "-", "."))
    )


def test_a_word_inside_a_block_text_is_pointed_at():
    source, _ = read_text("x.yaml", b"why: |\n  a text\n  with <b> in it\nnext: 'it''s <b>'\n")

    assert str(source.spot(("why",))) == "x.yaml:2:3"
    assert str(source.spot(("why",), word="<b>")) == "x.yaml:3:8"
    assert str(source.spot(("next",), word="<b>")) == "x.yaml:4:14"
    assert str(source.spot(("next",), word="it's")) == "x.yaml:4:7"


def test_what_is_missing_is_pointed_at_as_near_as_can_be():
    source, _ = read_text("x.yaml", b"cards:\n  - id: one\n    why: {fr: a}\n")

    assert str(source.spot(("cards", 0, "answer"))) == "x.yaml:2:5"
    assert str(source.spot(("cards", 0, "why", "en"))) == "x.yaml:3:10"
    assert str(source.spot(("courses",))) == "x.yaml:1:1"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[",
            "{",
            "- ",
            "? ",
            ">",
            "a: ",
            "&a ",
            "!a ",
            '"',
            "'",
            "%",
            "\t",
            "\n ",
            "a:\n",
            "---\n",
            "#",
            "\x01",
            "*a ",
            "<<: *a\n",
        ),
        "b: &b [*b, *b, *b]\n",
        "cards:\n- {a: [}\n",
        "k: [}\n",
    ],
)
def test_no_source_takes_long_to_read(text):
    start = time.process_time()

    source, _ = read_text("x", (text * (60_000 // len(text))).encode())

    assert source.path == "x" and time.process_time() - start < 3
