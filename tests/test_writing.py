"""Adding to authors' files: the rest keeps every byte, and what was added reads back as it was meant."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flashdeck.sources.editing import WritingError, append_items, change_values, render_block, render_flow, render_item
from flashdeck.sources.yaml_file import compose, read_text

letters = st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\r\x00")
texts = st.one_of(
    st.text(letters, max_size=30),
    st.text(st.sampled_from(list("ab -:#,[]{}'\"|>&*!%@`?\n\t=~<.0é")), max_size=12),
    st.sampled_from(
        ["no", "1.10", "~", "null", "- a", "a: b", "a #b", "---", "...", "? x", "<<", "=", "'", '"', "a\n\nb\n", " a", "a "]
    ),
)
keys = st.text(st.sampled_from(list("abc-_é1")), min_size=1, max_size=8)
values = st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6)


@given(st.dictionaries(keys, values, min_size=1, max_size=4))
@example({"a": "x\n"})
@example({"a": "x\ny", "b": "-"})
def test_what_is_written_reads_back(value):
    for text in (render_block(value) + "\n", render_flow(value) + "\n", render_item(value) + "\n"):
        source, mistakes = read_text("x.yaml", text.encode())

        assert not mistakes
        assert source.value == compose(value) or source.value == [compose(value)]


cards = st.dictionaries(st.sampled_from(["id", "question", "answer", "extra"]), texts.filter(str.strip), min_size=1)
comments = st.sampled_from(["", "# a comment\n", "\n", "\n# two\n\n", "  # indented - x\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files as people leave them: comments and blank lines anywhere, block or flow, indented or not."""
    pad = draw(st.sampled_from(["", "  ", "    "]))
    parts = [draw(comments), "kind: basic", draw(st.sampled_from([" # c", ""])), "\n", draw(comments)]
    if draw(st.booleans()):
        parts += ["cards:", draw(st.sampled_from([" # here", ""])), "\n", draw(comments)]
        for card in draw(st.lists(cards, min_size=1, max_size=3)):
            item = render_item(card, pad) if draw(st.booleans()) else f"{pad}- {render_flow(card)}"
            parts += [item, draw(st.sampled_from(["\n", "\n", " # end\n" if item.endswith("}") else "\n"])), draw(comments)]
    else:
        parts += [
            "cards: [",
            ", ".join(map(render_flow, draw(st.lists(cards, max_size=2)))),
            draw(st.sampled_from(["", " "])),
            "]\n",
        ]
    if draw(st.booleans()):
        parts += ["tags: [a]\n", draw(comments)]
    text = "".join(parts)
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return draw(st.sampled_from(["", "\ufeff"])) + text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(files(), cards)
def test_an_added_card_is_the_last_and_every_other_byte_stays(text, card):
    data = text.encode()
    before, mistakes = read_text("x.yaml", data)
    assert not mistakes

    after = append_items("x.yaml", data, ("cards",), [card])

    last = before.value["cards"][-1:]  # a block text at the very end of a file gets the newline that it lacked
    read = read_text("x.yaml", after)[0].value
    assert {**read, "cards": read["cards"][:-2] + read["cards"][-1:]} == {
        **before.value,
        "cards": [*before.value["cards"][:-1], compose(card)],
    }
    assert [{key: one.rstrip("\n") for key, one in was.items()} for was in read["cards"][-2:-1]] == [
        {key: one.rstrip("\n") for key, one in was.items()} for was in last
    ]
    start = next((at for at, (one, other) in enumerate(zip(data, after, strict=False)) if one != other), len(data))
    added = len(after) - len(data)
    # the same bytes with one piece put in: it may begin before the first difference where both begin alike
    assert any(data == after[:at] + after[at + added :] for at in range(start, max(-1, start - added - 1), -1))


@pytest.mark.parametrize(
    ("before", "route", "after"),
    [
        ("", ("cards",), "cards:\n  - id: x\n"),
        ("# nothing yet\n", ("cards",), "# nothing yet\ncards:\n  - id: x\n"),
        ("cards:\n", ("cards",), "cards:\n  - id: x\n"),
        ("cards: []\n", ("cards",), "cards: [{id: x}]\n"),
        ("{cards: [], kind: basic}", ("cards",), "{cards: [{id: x}], kind: basic}"),
        ("references:\n- id: a", ("cards",), "references:\n- id: a\ncards:\n  - id: x\n"),
        ("cards:\n- id: a # b\n\n# the end\n", ("cards",), "cards:\n- id: a # b\n- id: x\n\n# the end\n"),
        (
            "cards:\n  - text: |\n      a\n\n      b\nkind: x\n",
            ("cards",),
            "cards:\n  - text: |\n      a\n\n      b\n  - id: x\nkind: x\n",
        ),
        (
            "courses:\n  - id: c\n    # why\n",
            ("courses", 0, "cards"),
            "courses:\n  - id: c\n    cards:\n      - id: x\n    # why\n",
        ),
        ("courses: [{id: c}]\n", ("courses", 0, "cards"), "courses: [{id: c, cards: [{id: x}]}]\n"),
        ("courses:\n  - {id: c, cards: [a]} # b\n", ("courses", 0, "cards"), "courses:\n  - {id: c, cards: [a, {id: x}]} # b\n"),
    ],
)
def test_items_go_to_where_a_person_would_write_them(before, route, after):
    assert append_items("x.yaml", before.encode(), route, [{"id": "x"}]).decode() == after


@pytest.mark.parametrize("before", ["cards: text\n", "cards: {a: b}\n", "cards: [a\n", "- a\n"])
def test_what_is_no_list_is_refused(before):
    with pytest.raises(WritingError):
        append_items("x.yaml", before.encode(), ("cards",), [{"id": "x"}])


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("cards:\n  - id: a # why\n    q: x # c\n", {"q": "y: z"}, "cards:\n  - id: a # why\n    q: 'y: z' # c\n"),
        ("cards:\n  - {id: a, q: x} # c\n", {"q": "y, z"}, "cards:\n  - {id: a, q: 'y, z'} # c\n"),
        ("cards:\n- q: |\n    x\n\n  # next\n  id: a\n", {"q": "y"}, "cards:\n- q: y\n\n  # next\n  id: a\n"),
        ("cards:\n- id: a\n  q: x\n- id: b\n", {"q": "y\nz"}, "cards:\n- id: a\n  q: |-\n    y\n    z\n- id: b\n"),
        ("cards:\n  - id: a\n    q:\n      - x\n      - y\n", {"q": ["z"]}, "cards:\n  - id: a\n    q: [z]\n"),
        ("cards:\n  - id: a\n    q: x\n", {"e": "y", "tags": ["t"]}, "cards:\n  - id: a\n    q: x\n    e: y\n    tags: [t]\n"),
        ("cards:\n  - {id: a}\n", {"e": "y", "q": "z"}, "cards:\n  - {id: a, e: y, q: z}\n"),
        ("cards:\n  - id: a\n    q: x\n    e: |\n      y\n  - id: b", {"e": None}, "cards:\n  - id: a\n    q: x\n  - id: b"),
        ("cards:\n  - q: x\n    id: a\n", {"q": None}, "cards:\n  - id: a\n"),
        ("cards:\n  - {id: a, q: x, e: y}\n", {"q": None, "e": None, "f": "z"}, "cards:\n  - {id: a, f: z}\n"),
        ("\ufeffcards:\r\n- id: a\r\n  q: x\r\n", {"q": "y\nz"}, "\ufeffcards:\r\n- id: a\r\n  q: |-\r\n    y\r\n    z\r\n"),
    ],
)
def test_a_value_is_changed_where_it_stands(before, changes, after):
    assert change_values("x.yaml", before.encode(), {("cards", 0): changes}).decode() == after


@given(files(), st.data())
def test_whatever_is_changed_nothing_else_is(text, data):
    before = read_text("x.yaml", text.encode())[0].value["cards"]
    if before:
        at = data.draw(st.integers(0, len(before) - 1))
        keys = st.sampled_from([*before[at], "extra", "new"])
        changes = data.draw(st.dictionaries(keys, texts.filter(str.strip) | st.none(), max_size=3))
        changes = {key: value for key, value in changes.items() if key != next(iter(before[at])) or value is not None}
        changes = {key: value for key, value in changes.items() if key in before[at] or value is not None}

        after = read_text("x.yaml", change_values("x.yaml", text.encode(), {("cards", at): changes}))[0].value["cards"]

        card = {key: value for key, value in ({**before[at], **changes}).items() if value is not None}
        wanted = [*before[:at], compose(card), *before[at + 1 :]]
        assert [{key: one.rstrip("\n") for key, one in entry.items()} for entry in after] == [
            {key: one.rstrip("\n") for key, one in entry.items()} for entry in wanted
        ]
