"""What can be held to a rule of how cards look: contrast, labels, and templates that Anki and a phone can show."""

import re

import pytest
from conftest import ROOT

from flashdeck.anki.note import digest_texts, to_note_type
from flashdeck.model.kind_reader import KINDS_FOLDER, read_kinds
from flashdeck.model.kinds import COMMON_FIELDS
from flashdeck.model.template_language import find_tags
from flashdeck.pipeline import compile_project

LANGUAGES = ("en", "fr", "es", "ar", "de")
STYLE = (KINDS_FOLDER / "style.css").read_text(encoding="utf-8")
ANKIS_NIGHT = "#2c2c2c"  # the desktop program paints its own ground at night


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


DAY = colours(STYLE.partition("}")[0])
NIGHT = colours(STYLE.partition(".night_mode {")[2].partition("}")[0])


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG defines it, from 1 to 21."""

    def luminance(colour: str) -> float:
        full = "".join(digit * 2 for digit in colour[1:]) if len(colour) == 4 else colour[1:]
        parts = [int(full[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("name", "palette", "papers"), [("day", DAY, ()), ("night", NIGHT, (ANKIS_NIGHT,))])
def test_every_text_stands_out_from_its_ground(name, palette, papers):
    grounds = (palette["paper"], palette["tint"], *papers)
    pairs = [(ink, ground) for ink in ("ink", "quiet", "link", "good", "bad", "care") for ground in grounds]
    pairs += [(ink, palette[f"{ink}-tint"]) for ink in ("good", "bad", "care")] + [("ink", palette["care-tint"])]

    too_weak = {pair: round(ratio, 2) for pair in pairs if (ratio := contrast(palette[pair[0]], pair[1])) < 4.5}

    assert DAY.keys() == NIGHT.keys()
    assert too_weak == {}


def test_every_notice_is_known_by_a_colour_that_can_be_read_on_and_a_pattern_of_its_own():
    css = (KINDS_FOLDER / "notice" / "style.css").read_text(encoding="utf-8")
    words = read_kinds()["notice"].fields["colour"].words
    patterns = set()
    for word in words:
        rule = re.search(rf"\.colour \.{word} {{(.*?)}}", css, re.S)[1]
        ground = re.search(r"background-color: (#\w+);", rule)[1]
        ink = re.search(r"^  color: (#\w+);", rule, re.M)[1]
        assert contrast(ink, ground) >= 4.5, word
        patterns.add(re.sub(r"#\w+", "colour", re.search(r"background-image: (.*?);", rule, re.S)[1]))

    assert len(patterns) == len(words) == 9


@pytest.mark.parametrize("kind", read_kinds().values(), ids=lambda kind: kind.name)
def test_labels_exist_in_every_language_and_templates_show_only_fields_that_exist(kind):
    assert {word: sorted(texts) for word, texts in kind.labels.items()} == {word: sorted(LANGUAGES) for word in kind.labels}
    for language in LANGUAGES:
        type = to_note_type(kind, language, {}, "deck")
        names = {name for _, name in type.fields} | {"FrontSide"}
        for _, _, front, back in type.templates:
            assert "[[" not in front + back
            assert {tag.name for tag in find_tags(front + back)} <= names
            assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in front
            assert set(re.findall(r"{{(?:cloze:)?([^{}#^/]+)}}", front)) - set(COMMON_FIELDS)


def test_every_back_ends_with_the_sources_and_the_learners_notes():
    for kind in read_kinds().values():
        for _, _, front, back in to_note_type(kind, "en", {}, "deck").templates:
            assert "{{Sources}}" in back and "{{My notes}}" in back and "{{Retired}}" in back
            assert "{{Sources}}" not in front


def test_cards_fetch_nothing_from_anywhere():
    for path in KINDS_FOLDER.rglob("*.*"):
        if path.suffix in (".html", ".css"):
            assert not re.search(
                r"https?:|//|url\(|@import|src=",
                re.sub(r"/\*.*?\*/|^ *//.*$", "", path.read_text(encoding="utf-8"), flags=re.S | re.M),
            ), path


# ---- what learners have already --------------------------------------------------------------------------------------------

STORED = ROOT / "tests" / "golden" / "stored"
CLASSES = re.compile(r"\.([a-z][\w-]*)|class=[\"']([^\"'{]*)")


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> dict[str, str]:
    """What the cards of each kind store today, field by field."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "deck.yaml").write_text("id: deck\nname: Deck\nlanguages: [en]\n")
    (folder / "cards.yaml").write_text((STORED / "cards.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "square.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>')
    project = compile_project([folder])
    assert [problem for problem in project.problems if problem.level == "error"] == []
    texts: dict[str, str] = {}
    for note in project.notes("en"):
        for (_, name), html in zip(note.type.fields, note.fields, strict=True):
            if html:
                texts[note.kind] = texts.get(note.kind, "") + f"<!-- {name} -->\n{html}\n"
    return texts


def test_what_each_kind_stores_is_among_what_learners_may_have(stored, request):
    """What was released is never deleted here: `pytest --update` adds what is stored today."""
    for kind, text in stored.items():
        path = STORED / f"{kind}-{digest_texts(text)[:8]}.html"
        if request.config.getoption("--update"):
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.exists(), f"{kind} is stored otherwise than ever: look at it, then run pytest --update"
        assert path.read_text(encoding="utf-8") == text
    assert stored.keys() == read_kinds().keys()


@pytest.mark.parametrize("path", sorted(STORED.glob("*.html")), ids=lambda path: path.stem)
def test_todays_style_shows_all_that_was_ever_stored(path):
    text = path.read_text(encoding="utf-8")
    type = to_note_type(read_kinds()[path.stem.rpartition("-")[0]], "en", {}, "deck")
    known = {word for pair in CLASSES.findall(type.css + str(type.templates)) for words in pair for word in words.split()}

    assert {*re.findall(r"^<!-- (.*?) -->$", text, re.M)} <= {name for _, name in type.fields}
    assert {word for words in re.findall(r'class="([^"]*)"', text) for word in words.split()} <= known
