"""How things are named in Anki: what is made reads back, and what others made is not taken for ours."""

import pytest

from flashdeck.anki.identity import (
    course_of,
    in_language,
    is_reserved_tag,
    split_full_id,
    split_guid,
    split_language,
    stable_id,
    to_course_tag,
    to_full_id,
    to_guid,
)


def test_names_read_back_as_they_were_made():
    assert split_full_id(to_full_id("deck", "card")) == ("deck", "card")
    assert split_full_id("card") == ("", "card")
    assert split_language(in_language("deck/card", "pt-BR")) == ("deck/card", "pt-BR")
    assert split_guid(to_guid("my-deck/card.2", "es-419")) == ("my-deck", "card.2", "es-419")
    assert course_of(to_course_tag("frontline-101")) == "frontline-101"


@pytest.mark.parametrize("guid", ["", "kX&1=", "deck/card", "card@en", "a/b/c@en", "a/-b@en", "a/b@en us", "A/b@en"])
def test_guids_of_other_tools_are_not_taken_for_ours(guid):
    assert split_guid(guid) is None


def test_ids_never_change():
    assert (stable_id("note type", "basic", "en"), stable_id("interpol/red-notice@fr")) == (1112024502124, 1285215975572)


@pytest.mark.parametrize(
    ("tag", "reserved"),
    [
        ("marked", True),
        ("Leech", True),
        ("course::x", True),
        ("Course::x", True),
        ("flashdeck::retired", True),
        ("marked::x", False),
        ("course", False),
        ("fine::course::x", False),
    ],
)
def test_tags_that_anki_and_flashdeck_set_are_reserved(tag, reserved):
    assert is_reserved_tag(tag) is reserved
