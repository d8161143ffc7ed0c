"""Pictures, sounds and the files of templates, in the real Anki."""

import json
import re
from pathlib import Path

import pytest
from conftest import import_package

from flashdeck.anki.html import RAW, find_media, find_unsafe, rename_media, to_html
from flashdeck.anki.media import to_media
from flashdeck.anki.safe import make_safe
from flashdeck.pipeline import compile_project

RED = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4" fill="red"/></svg>'
CARDS = """
    cards:
      - {id: one, kind: basic, question: '![a red square](red.svg)', answer: '![](call.mp3) and ![](film.mp4)'}
      - {id: two, kind: picture, picture: red.svg, sound: call.mp3, alt: a red square}
      - {id: three, kind: basic, question: "<!-- html --><div style='color: red'>a <img alt=x src=red.svg></div>", answer: b}
    """
KIND = """
    fields: {picture: {type: media}, sound: {type: media}, alt: {}}
    """


def test_every_way_to_name_a_file_reaches_anki(deck, cli, col):
    decks = deck(
        CARDS,
        media__red_svg=RED,
        media__call_mp3=b"ID3 call",
        media__film_mp4=b"film",
        kinds__picture__kind_yaml=KIND,
        kinds__picture__front_html="<div class=frame>{{Picture}}</div>",
        kinds__picture__back_html="{{Sound}}<img src='_mark.svg'>",
        kinds__picture__style_css=".frame { background: url('_frame.svg'); }",
    )
    kind = decks / "test" / "kinds" / "picture"
    (kind / "_frame.svg").write_bytes(RED)
    (decks / "test" / "media" / "_mark.svg").write_bytes(RED + b"\n")

    assert cli("release", decks).err == ""
    import_package(col, decks.parent / "dist" / "test-en.apkg")

    files = {path.name: path.read_bytes() for path in Path(col.media.dir()).iterdir()}
    names = {name.rpartition("-")[0]: name for name in files}
    assert sorted(names) == ["_frame", "_mark", "call", "film", "red"]
    assert files[names["red"]] == files[names["_frame"]] == RED
    one, two, three = (col.get_note(col.find_notes(f'"nid:{id}"')[0]) for id in sorted(col.find_notes("")))
    by_guid = {note.guid.partition("@")[0]: note for note in (one, two, three)}
    assert by_guid["test/one"].fields[:2] == [
        f'<img src="{names["red"]}" alt="a red square">',
        f"[sound:{names['call']}] and [sound:{names['film']}]",
    ]
    assert by_guid["test/two"].fields[:2] == [f'<img src="{names["red"]}" alt="a red square">', f"[sound:{names['call']}]"]
    assert by_guid["test/three"].fields[0] == f"<div style='color: red'>a <img alt=x src={names['red']}></div>"
    type = by_guid["test/two"].note_type()
    assert f"url('{names['_frame']}')" in type["css"]
    assert f"<img src='{names['_mark']}'>" in type["tmpls"][0]["afmt"]
    assert (col.media.check().missing, col.media.check().unused) == ([], [])


def test_html_as_it_stands_is_kept_to_the_letter_and_cannot_run():
    html = " <div style='color: red'>5 * 3 * 2<br/>&nbsp;_x_</div> "

    assert to_html(RAW + html) == html
    assert find_unsafe(RAW + html) == []
    for bad in ("<script>x</script>", "<img src=x onerror=y>", "<a href='javascript:x'>y</a>", "<iframe></iframe>", "a <b"):
        assert find_unsafe(RAW + bad) != []
        assert find_unsafe(RAW + make_safe(bad)) == []
    assert make_safe('<p style="background: url(https://example.org/x)">a</p>') == "<p>a</p>"


def test_names_of_files_that_break_out_of_a_tag_or_a_sound_do_not(deck, cli, col):
    pictures = deck("""
        cards:
          - {id: one, kind: basic, question: '![a](<b.p"ng>)', answer: '<img alt="x src=c.png onerror=x() " src="c.png">'}
        """)
    media = pictures / "test" / "media"
    media.mkdir()
    (media / 'b.p"ng').write_bytes(RED)
    (media / "c.png").write_bytes(RED)

    assert cli("build", pictures, "--language", "en").err == ""
    import_package(col, pictures.parent / "dist" / "test-en.apkg")

    names = sorted(path.name for path in Path(col.media.dir()).iterdir())
    assert [name.rpartition("-")[0] for name in names] == ["b", "c"]
    assert col.get_note(col.find_notes("")[0]).fields[:2] == [
        f'<img src="{names[0]}" alt="a">',
        f'<img alt="x src&#61;c.png onerror=x() " src="{names[1]}">',
    ]
    (media / "a.mp3]<b>.mp3").write_bytes(b"ID3")
    cards = pictures / "test" / "cards.yaml"
    cards.write_text("cards: [{id: one, kind: basic, question: q, answer: '![x](a.mp3%5D%3Cb%3E.mp3)'}]")
    assert (
        "error[missing-media] 'a.mp3]<b>.mp3' cannot be played: Anki would end its name too early" in cli("check", pictures).out
    )


NAMED = [
    "[sound:a b.mp3]",
    "[sound:a%20b.mp3]",
    "[sound:a&amp;b.mp3]",
    "[sound:a&#39;b.mp3]",
    "[sound:'&gt;.mp3]",
    "[sound:100%.mp3]",
    "[sound:a&unknown;b.mp3]",
    '<img src="a b.png">',
    '<img src="a%20b.png">',
    '<img src="%41.png">',
    '<img src="a&amp;b.png">',
    "<img src='a\"b.png'>",
    '<img src="a&#39;b.png">',
    '<img src="a#b.png">',
]


@pytest.mark.parametrize("html", NAMED)
def test_a_file_is_looked_up_as_anki_does(html, deck, cli, col):
    """The file that Anki misses for these words is the one that is packed for them."""
    note = col.new_note(col.models.by_name("Basic"))
    note["Front"] = html
    col.add_note(note, 1)
    [name] = col.media.check().missing
    col.remove_notes([note.id])
    folder = deck(f"kind: basic\ncards:\n  - {{id: a, question: q, answer: {json.dumps(RAW + html)}}}\n")
    (folder / "test" / "media").mkdir()
    (folder / "test" / "media" / name).write_text(name)

    project = compile_project([folder])

    [note] = project.notes("en")
    assert [problem for problem in project.problems if problem.code != "missing-alt"] == []
    assert [file.path.name for file in note.media] == [name]


def test_media_are_found_however_they_are_quoted():
    html = "<img src=a.png><img class='x' src='b c.png'><IMG alt=\"\" src=\"d&amp;e.png\">[sound:f.mp3]"

    assert find_media(html) == ["a.png", "b c.png", "d&e.png", "f.mp3"]
    renamed = rename_media(make_safe(html), {"a.png": "A", "b c.png": "B", "d&e.png": "D", "f.mp3": "F"})
    assert renamed == "<img src=A><img class='x' src='B'><IMG alt=\"\" src=\"D\">[sound:F]"


@pytest.mark.parametrize(
    ("name", "in_anki"),
    [
        ("rouge e\u0301 (1).SVG", "rouge-é-1-0123456789ab.svg"),
        ("_mark.svg", "_mark-0123456789ab.svg"),
        ("-a_.b-.png", "a_.b-0123456789ab.png"),
        ("a" * 90 + ".png", "a" * 80 + "-0123456789ab.png"),
        ("+.png", "file-0123456789ab.png"),
        ("__.png", "_file-0123456789ab.png"),
        ('a.p"n<g', "a-0123456789ab.png"),
        ("map-0123456789ab.png", "map-0123456789ab.png"),  # as a package of flashdeck has it
        ("map-0123456789ac.png", "map-0123456789ac-0123456789ab.png"),
    ],
)
def test_files_have_names_in_anki_that_never_change(name, in_anki, tmp_path):
    assert to_media(tmp_path / name, "0123456789abcdef").name == in_anki


def test_a_picture_that_goes_from_a_folder_in_a_folder_is_missing_until_it_comes_back(deck, cli):
    cards = "kind: basic\ncards:\n  - {id: a, question: q, answer: '![x](in/y.png)'}\n"
    picture = deck(cards, **{"media__in__y_png": b"a"}) / "test" / "media" / "in" / "y.png"

    def codes() -> list[str]:
        return re.findall(r"error\[([a-z-]+)\]", cli("check").out)

    assert codes() == []
    picture.unlink()
    assert codes() == ["missing-media"]
    picture.write_bytes(b"a")
    assert codes() == []


def test_many_pictures_without_words_are_one_thing_to_know(deck, cli):
    cards = "".join(f"  - {{id: n{at}, question: q{at}, answer: '![](p{at}.svg)'}}\n" for at in range(12))
    pictures = {f"media__p{at}_svg": f"<svg xmlns='http://www.w3.org/2000/svg' id='{at}'/>" for at in range(12)}

    ran = cli("check", deck(f"kind: basic\ncards:\n{cards}", **pictures))

    assert ran.out.count("missing-alt") == 1
    assert "'p0.svg' has no alternative text (for screen readers), nor have 11 others in this file" in ran.out


def test_a_description_is_as_safe_as_a_card(deck, cli):
    text = "id: test\nname: Test\nlanguages: [en]\ndescription: By us <script>x()</script>\n"

    ran = cli("check", deck("kind: basic\ncards:\n  - {id: a, question: q, answer: b}\n", text))

    assert ran.code == 1
    assert "deck.yaml:4:20: error[unsafe-html] '<script>' is not allowed" in ran.out
