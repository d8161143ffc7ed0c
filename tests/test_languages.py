"""Decks in several languages: what a language lacks, and what it does not need."""

from flashdeck.pipeline import compile_project, release

STATISTIC = """\
references: [{id: book, type: book, title: A Book, publisher: P, issued: '2020'}]
kind: statistic
reference: book
cards:
  - id: one
    claim: {fr: Un cas sur dix, en: One case in ten}
    date: '2020'
    question: {fr: Combien ?}
    value: {fr: dix, en: ten}
  - id: two
    claim: {fr: Deux, en: Two}
    date: '2020'
    question: {fr: Combien en tout ?, en: ""}
    value: {fr: dix, en: ten}
  - id: three
    claim: {fr: Trois, en: Three}
    date: '2020'
    question: {fr: Combien encore ?, en: How many?}
    value: {fr: dix}
"""


def test_what_a_card_need_not_have_keeps_it_out_of_no_language_and_makes_no_empty_card(deck, cli):
    folder = deck(STATISTIC)

    project = compile_project([folder])
    assert project.ok, project.problems
    released = release(project, project.languages, 1_700_000_000)
    cards = {key: note.cards for key, note in released.notes.items()}

    assert cards == {
        ("test/one", "fr"): (0, 1),
        ("test/one", "en"): (0,),
        ("test/two", "fr"): (0, 1),
        ("test/two", "en"): (0,),
        ("test/three", "fr"): (0, 1),
    }
    assert [(problem.spot.line, problem.message) for problem in project.problems if problem.code == "missing-translation"] == [
        (8, "'question' is not translated into 'en': in it, the cards have nothing there"),
        (19, "'value' is not translated into 'en': the card is left out of that language"),
    ]


def test_missing_translations_of_what_need_not_be_there_are_reported_once_a_file(deck, cli):
    cards = "".join(
        f"  - {{id: n{at}, question: {{fr: q{at}, en: Q{at}}}, answer: a{at}, extra: {{fr: x{at}}}}}\n" for at in range(9)
    )

    ran = cli("check", deck(f"kind: basic\ncards:\n{cards}"))

    assert ran.out.count("missing-translation") == 1
    assert "'extra' is not translated into 'en', nor are 8 other texts of this file" in ran.out
