"""What can be held to a rule of how cards look: contrast, labels, and templates that Anki and a phone can show."""

import re

import pytest

from flashdeck.anki.note import to_note_type
from flashdeck.model.kind_reader import KINDS_FOLDER, read_kinds
from flashdeck.model.kinds import COMMON_FIELDS
from flashdeck.model.template_language import find_tags

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
