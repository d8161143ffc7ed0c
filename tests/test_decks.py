"""Our own decks: complete, sourced, and true to what they teach."""

import re

from conftest import ROOT

from flashdeck.model.courses import Filter
from flashdeck.pipeline import compile_project, release
from flashdeck.release.release import select_notes

PROJECT = compile_project([ROOT / "decks"])
FRAME = PROJECT.frame
CARDS = {card.full_id: PROJECT.facts.read_card(card) for card in PROJECT.facts.cards()}
# Words that the deck exists to discourage: nowhere but in the field `avoid` (and in addresses, which are as they are).
DISCOURAGED = (
    r"pédopornograph|pornograph|porn\b|pédophil|pedophil|paedophil|sex(ual)? touris|touris\w+ sexuel|prostitution enfantine|"
    r"child prostitut|enfants? prostitué|underage|sextortion|revenge porn|kiddy|juvenile"
)

ANSWERS = {"answer", "prefer", "also_accepted"}


def all_texts(card, key):
    return [text for language in card.languages for _, text in card.texts(key, language)]


def test_every_card_has_a_reference():
    assert [id for id, card in CARDS.items() if not card.values.get("reference")] == []


def test_every_reference_is_cited():
    cited = {id for card in CARDS.values() for language in card.languages for _, id in card.texts("reference", language)}

    assert cited == set(FRAME.references)


def test_discouraged_terms_stand_only_where_they_are_discouraged():
    found = []
    for card in CARDS.values():
        for language in card.languages:
            for key in card.values:
                found += [
                    (card.id, key, text)
                    for _, text in card.texts(key, language)
                    if key not in ("avoid", "find", "not_near", "only_near", "reference") and re.search(DISCOURAGED, text, re.I)
                ]
    found += [
        (reference.id, reference.title)
        for reference in FRAME.references.values()
        if re.search(DISCOURAGED, reference.title, re.I)
    ]

    assert found == []


def test_the_readme_of_the_deck_names_every_card_and_only_those_that_exist():
    text = (ROOT / "decks" / "interpol" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9-]+)`", text))

    assert named == {id.partition("/")[2] for id, card in CARDS.items() if card.deck.id == "interpol"}


def test_each_of_the_102_facts_of_the_training_document_has_a_card_or_a_reason():
    text = (ROOT / "decks" / "interpol" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", text, re.M)

    assert [int(number) for number, _, _ in rows] == [*range(1, 103)]
    assert [row for row in rows[:98] if not re.search(r"`[a-z0-9-]+`|no card.*[:,]|as \d+", row[2])] == []


def test_no_card_speaks_of_a_document_that_its_learners_do_not_have():
    said = [(id, text) for id, card in CARDS.items() for key in card.values for text in all_texts(card, key)]

    assert [found for found in said if re.search(r"document source|source document|document de formation", found[1], re.I)] == []


def test_french_signs_never_begin_a_line():
    loose = re.compile(r"\S [?!;:%»]|« |\d \d{3}\b")
    french = [
        (id, text)
        for id, card in CARDS.items()
        if "fr" in card.languages
        for key in card.values
        for _, text in card.texts(key, "fr")
    ]

    assert [found for found in french if loose.search(found[1])] == []


def test_no_answer_is_a_term_that_another_card_discourages():
    def plain(text):
        return re.sub(r"\W+", " ", re.sub(r"\(.*?\)", "", text)).strip().lower()

    wrong = []
    for language in PROJECT.languages:
        here = [card for card in CARDS.values() if language in card.languages]
        avoided = {plain(text) for card in here if card.kind.name == "term" for _, text in card.texts("avoid", language)}
        answers = [(card.id, text) for card in here for key in ANSWERS & {*card.values} for _, text in card.texts(key, language)]
        wrong += [found for found in answers if plain(found[1]) in avoided]

    assert wrong == []


def test_every_official_card_is_in_a_course_and_no_example_of_an_instructor_is():
    courses = {card.full_id: FRAME.rules.find(card.full_id, card.kind, card.deck, card.tags) for card in PROJECT.facts.cards()}

    assert [id for id, found in courses.items() if bool(found) != id.startswith("interpol/")] == []


def test_all_nine_notices_and_seven_rows_are_there_in_both_languages():
    notices = [card for card in CARDS.values() if card.kind.name == "notice"]

    assert sorted(card.values["colour"] for card in notices) == sorted(FRAME.kinds["notice"].fields["colour"].words)
    assert all(card.languages[:2] == ("fr", "en") for card in notices)
    rows = "child-abuse-material travel-and-tourism travelling-offenders child-prostitution exploited-child offender-not-customer"
    for row in [*rows.split(), "online-abuse-live"]:
        assert CARDS[f"interpol/{row}"].languages[:2] == ("fr", "en")


def test_sensitive_cards_stay_out_of_the_course_for_schools():
    cards = [*PROJECT.facts.cards()]
    courses = [FRAME.rules.find(card.full_id, card.kind, card.deck, card.tags) for card in cards]
    taken = [card for card, ids in zip(cards, courses, strict=True) if "schools-and-social-work" in ids]

    assert taken
    assert not any("sensitive" in card.tags for card in taken)


def test_what_every_package_holds_is_golden(golden):
    released = release(PROJECT, PROJECT.languages, 1_700_000_000)
    for deck in FRAME.decks.values():
        for language in deck.languages:
            selection = select_notes(released, deck, language, Filter())
            lines = []
            for note in selection.notes:
                lines.append(f"=== {note.guid} | {note.deck} | {' '.join(note.tags)} | {note.cards}")
                lines += [f"{name}: {text}" for (_, name), text in zip(note.type.fields, note.fields, strict=True) if text]
            golden(f"{deck.id}-{language}.txt", "\n".join(lines) + "\n")
