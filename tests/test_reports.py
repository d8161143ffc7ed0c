"""What `courses`, `show` and `stale` print."""

import json

import pytest
from test_release import FIRST, SECOND, at

DECK = "id: test\nname: Test\nlanguages: [fr, en]\n"
CARDS = """\
kind: statistic
owner: Ana
reference: r
cards:
  - {id: soon, claim: {fr: un, en: one}, date: 2025-12, review_by: 2026-03-01}
  - {id: late, claim: {fr: deux, en: two}, date: 2025-12, review_by: 2026-01-01, owner: Bo, tags: [core], sensitive: true}
  - {id: none, claim: {fr: trois, en: three}, date: 2019}
  - {id: far, claim: {fr: quatre, en: four}, date: 2025-12, review_by: 2028-01-01}
  - {id: past, claim: cinq, date: 2019, historic: true, languages: [fr]}
  - {id: half, claim: {en: six}, date: 2025-12, tags: [core]}
references:
  - {id: r, publisher: X, title: A book, issued: 2020, review_by: 2026-02-15, owner: Bo}
courses:
  - {id: all, include: {kinds: [statistic]}}
  - {id: few, include: {tags: [core]}}
  - {id: nobody, include: {tags: [core]}, exclude: {kinds: [statistic]}}
"""


def test_what_is_due_is_listed_by_its_day(deck, cli):
    deck(CARDS, DECK)

    def what(*words: str) -> list[str]:
        return [one["what"] for one in json.loads(cli("stale", "--format", "json", *words, **at(SECOND)).out)]

    listed = cli("stale", "--within", "30d", **at(SECOND)).out
    assert listed == (
        "no day                test/none  decks/test/cards.yaml:7:53   Ana  trois\n"
        "2026-01-01 (overdue)  test/late  decks/test/cards.yaml:6:70   Bo   deux\n"
        "2026-02-15            r          decks/test/cards.yaml:12:67  Bo   A book\n"
        "2026-03-01            test/soon  decks/test/cards.yaml:5:68   Ana  un\n"
    )
    assert what("--within", "2w") == ["test/none", "test/late", "r"]
    assert what("--within", "3y") == ["test/none", "test/late", "r", "test/soon", "test/far"]
    assert what("--owner", "bo") == ["test/late", "r"]
    assert cli("stale", "--owner", "nobody", **at(SECOND)).out == "nothing is due\n"
    assert cli("stale", "--within", "soon").err == ("flashdeck: 'soon' is not a length of time; write it as 90d, 12w, 3m or 1y\n")


def test_a_calendar_has_an_event_for_each(deck, cli):
    deck(CARDS.replace("A book", f"'A book, of {'é' * 60}'"), DECK)

    lines = cli("stale", "--within", "20d", "--format", "ics", **at(SECOND)).out.splitlines()

    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert [line for line in lines if line.startswith("DTSTART")] == [
        f"DTSTART;VALUE=DATE:{day}" for day in (20260201, 20260201, 20260215)
    ]
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = "\n".join(lines).replace("\n ", "")
    assert "SUMMARY:look again: r\nDESCRIPTION:A book\\, of " + "é" * 60 in unfolded
    assert len({line for line in lines if line.startswith("UID")}) == 3


def test_courses_are_counted_in_each_language(deck, cli):
    deck(CARDS, DECK)

    rows = {
        (row.pop("course"), row.pop("language")): row for row in json.loads(cli("courses", "--format", "json", **at(SECOND)).out)
    }

    assert rows.keys() == {("all", "fr"), ("all", "en"), ("few", "fr"), ("few", "en")}
    assert rows["all", "fr"] == {
        "notes": 5,
        "cards": {"statistic": 5},
        "minutes": [1, 8],
        "untranslated": 1,
        "sensitive": 1,
        "stale": 3,
        "shared": {"few": 1},
    }
    assert (rows["few", "en"]["notes"], rows["few", "en"]["shared"], rows["few", "fr"]["untranslated"]) == (2, {"all": 2}, 1)
    text = cli("courses", **at(SECOND)).out
    assert "few (en): 2 statistic; 2 also in all" in text.splitlines()
    assert cli("courses", deck("cards: [{id: a, kind: basic, question: q, answer: r}]", DECK)).out == "there are no courses\n"


def test_a_card_is_shown_with_all_that_is_known_of_it(deck, cli):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    deck(CARDS.replace("en: two", "en: more"), DECK)

    shown = cli("show", "late", **at(SECOND)).out

    lines = [line.strip() for line in shown.splitlines()]
    assert lines[:6] == [
        "test/late",
        "at: decks/test/cards.yaml:6:5",
        "kind: statistic",
        "tags: core sensitive",
        "courses: all few",
        "cites: r (A book, 2020)",
    ]
    assert f"fr: guid test/late@fr, first released {FIRST[:10]}, last changed {FIRST[:10]}, as released" in lines
    assert f"en: guid test/late@en, first released {FIRST[:10]}, last changed {FIRST[:10]}, changed since" in lines
    assert "warning[review-overdue] this was due for review by 2026-01-01" in lines
    assert shown == cli("show", "test/late", **at(SECOND)).out


@pytest.mark.parametrize("word", ["lat", "test/lat"])
def test_a_card_that_is_not_there_is_told_with_the_nearest(word, deck, cli):
    deck(CARDS, DECK)

    assert cli("show", word).err == f"flashdeck: there is no card '{word}'; there is '{word}e'\n"
