"""What a release changes, and what the real Anki makes of it."""

import json
import zipfile
from pathlib import Path

import pytest

from flashdeck.anki.package_reader import PackageError, Stored, read_package, to_stored
from flashdeck.pipeline import compile_project, release
from flashdeck.release.changes import Change, find_changes, render_changes, to_data
from flashdeck.release.ledger import NAME, render_ledger
from flashdeck.release.packages import Target, make_release
from flashdeck.sources.files import write_file

OLD = """
    reference: r
    cards:
      - {id: members, kind: statistic, claim: INTERPOL has 195 members, question: How many?, value: 195, date: 2021}
      - {id: typo, kind: basic, question: What is INTERPOL for?, answer: To help the plice of many countries work together}
      - {id: tagged, kind: cloze, text: 'In {{c1::Lyon::city}}'}
      - {id: same, kind: basic, question: Same?, answer: 'Yes'}
      - {id: bad, kind: basic, question: Bad?, answer: 'No'}
    references:
      - {id: r, title: A, publisher: B}
    """
NEW = (
    OLD.replace("195", "196")
    .replace("plice", "police")
    .replace("city}}'}", "city}}', tags: [core]}")
    .replace("answer: 'No'}", "answer: 'No', retired: {since: 2026-11, why: it was wrong, replaced_by: same}}")
    .replace("    references:", "      - {id: fresh, kind: basic, question: New?, answer: It is}\n    references:")
)
DECK = "id: test\nname: Test\nlanguages: [en]\n"


@pytest.fixture
def releases(deck, tmp_path):
    """Makes two releases or more, each in a folder of its own with its update texts; gives the paths of their packages."""

    def make(*texts: str, ledger: bool = True) -> list[Path]:
        packages = []
        for at, text in enumerate(texts):
            folder = deck(text, DECK) / "test"
            compiled = compile_project([folder])
            assert compiled.problems == ()
            released = release(compiled, ["en"], 1_700_000_000 + at)
            one = compiled.frame.decks["test"]
            target = Target(one, "en")
            for file in make_release(target, target.select(released).notes, released, one):
                write_file(tmp_path / f"v{at}" / file.name, file.data)
            packages.append(tmp_path / f"v{at}" / "test-en.apkg")
            if ledger:
                (folder / NAME).write_text(render_ledger(released.ledgers["test"].complete()))
        return packages

    return make


def test_changes_are_grouped_by_what_they_mean_to_a_learner(releases):
    changes = find_changes(*map(read_package, releases(OLD, NEW)))

    assert [(change.group, change.title, change.fields) for change in changes] == [
        (
            "facts",
            "INTERPOL has 195 members",
            (("Claim", "INTERPOL has 195 members", "INTERPOL has 196 members"), ("Value", "195", "196")),
        ),
        (
            "wording",
            "What is INTERPOL for?",
            (
                (
                    "Answer",
                    "To help the plice of many countries work together",
                    "To help the police of many countries work together",
                ),
            ),
        ),
        ("wording", "In Lyon", (("Tags", "", "core"),)),
        ("new", "New?", ()),
        ("retired", "Bad?", (("Retired", "", "it was wrong (November 2026) → Same?"),)),
    ]


def store(type: str = "flashdeck basic (en)", tags: str = "", **fields: str) -> Stored:
    return Stored("x/a@en", 7, type, fields, tuple(tags.split()))


MINE, STATISTIC = "Somebody's type", "flashdeck statistic (en)"
WAS = store(Question="q", Answer="a long answer with 12 words")


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (WAS, WAS, None),
        (WAS, store(Question="q", Answer="<p>a long answer</p>&#32;with 12 words"), ("wording", ())),
        (WAS, store(Question="q", Answer="a long answer with 13 words"), ("facts", ("Answer",))),
        (WAS, store(Question="q", Answer="a long answer with 12 wards"), ("wording", ("Answer",))),
        (store(Answer="it is Lyon"), store(Answer="it is Rome"), ("facts", ("Answer",))),
        (store(Answer="one<br>two"), store(Answer="one two"), ("wording", ())),
        (store(Question="is it Lyon?"), store(Question="was it Rome?"), ("wording", ("Question",))),  # it states no fact
        (store(MINE, Front="is it Lyon?"), store(MINE, Front="was it Rome?"), ("facts", ("Front",))),
        (store(STATISTIC, Claim="c", Value="1"), store(STATISTIC, Claim="c", Value="2"), ("facts", ("Value",))),
        (store(Question="q", Old="gone"), store(Question="q", New="come"), ("wording", ("New", "Old"))),
        (store(Question="q"), store(tags="a b", Question="q"), ("wording", ("Tags",))),
        (store(Question="q"), store(tags="flashdeck::retired", Question="r", Retired="w"), ("retired", ("Retired",))),
        (store(tags="flashdeck::retired", Retired="w"), store(tags="flashdeck::retired", Retired="v"), ("wording", ("Retired",))),
        (store(Question="q"), None, ("gone", ())),
        (None, store(Question="q"), ("new", ())),
    ],
)
def test_what_differs_between_two_releases_of_a_note_says_what_kind_of_change_it_is(old, new, change):
    changes = find_changes(filter(None, [old]), filter(None, [new]))

    assert [(one.group, tuple(name for name, _, _ in one.fields)) for one in changes] == ([change] if change else [])


def test_what_a_change_shows_is_plain_text():
    old = store(tags="old older", Question="{{c1::q::h}}", Answer="a<br>b &amp; c")
    new = store(tags="new newer", Question="{{c1::q::h}}", Answer="")
    gone = Stored("x/b@en", 8, "flashdeck basic (en)", {"Question": "<b>gone</b>"}, ())

    changes = find_changes([old, gone], [new])

    assert render_changes(changes, markdown=False) == (
        "facts changed (1)\n  x/a@en: q\n      Answer: a b & c → nothing\n      Tags: old older → new newer\n"
        "  in Anki's browser: nid:7\n"
        "no longer in the package (learners keep them) (1)\n  x/b@en: gone\n  in Anki's browser: nid:8"
    )
    assert render_changes([], markdown=True) == "nothing changed"


def test_a_learner_who_skipped_releases_sees_nothing_of_a_card_that_came_and_went(releases):
    bad = "      - {id: bad, kind: basic, question: Bad?, answer: 'No'}\n"
    first, _, last = releases(OLD.replace(bad, ""), OLD, NEW)

    changes = find_changes(read_package(first), read_package(last))

    assert [(change.group, change.guid) for change in changes] == [
        ("facts", "test/members@en"),
        ("wording", "test/typo@en"),
        ("wording", "test/tagged@en"),
        ("new", "test/fresh@en"),
    ]


def test_the_search_of_each_group_finds_its_notes_in_anki(releases, col):
    from conftest import import_package

    old, new = releases(OLD, NEW)
    import_package(col, old)
    import_package(col, new)

    data = to_data(find_changes(read_package(old), read_package(new)))

    for group in data.values():
        found = [col.get_note(id).guid for id in col.find_notes(group["search"])] if group["search"] else []
        assert sorted(found) == sorted(note["guid"] for note in group["notes"])


def test_release_notes_are_golden(releases, golden):
    changes = find_changes(*map(read_package, releases(OLD, NEW)))

    golden("changes.txt", render_changes(changes, markdown=False) + "\n")
    golden("changes.md", render_changes(changes, markdown=True) + "\n")


def test_a_package_holds_what_the_sources_define(releases, deck):
    (package,) = releases(OLD)
    compiled = compile_project([deck(OLD, DECK)])
    notes = release(compiled, ["en"], 0).notes.values()

    assert sorted(read_package(package), key=lambda note: note.guid) == sorted(map(to_stored, notes), key=lambda note: note.guid)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "no such file or directory"),
        (b"", "it is not a zip file, or a damaged one"),
        (b"PK\x03\x04 cut off", "it is not a zip file, or a damaged one"),
        ({"hello": b"x"}, "it contains no collection"),
        ({"collection.anki2": b"not a database"}, "its collection cannot be read"),
        ({"collection.anki2": b""}, "its collection cannot be read"),
        ({"collection.anki21b": b"x"}, "its collection cannot be unpacked"),
    ],
)
def test_a_file_that_is_no_package_gets_one_clear_line(data, message, tmp_path, cli):
    path = tmp_path / "x.apkg"
    if isinstance(data, bytes):
        path.write_bytes(data)
    elif data:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in data.items():
                archive.writestr(name, content)

    with pytest.raises(PackageError, match="^" + message.replace("'", ".")):
        read_package(path)
    for command in ("changes", "rehearse"):
        ran = cli(command, "x.apkg", "x.apkg")
        assert (ran.code, ran.out, ran.err) == (2, "", f"flashdeck: 'x.apkg' cannot be read as a package: {message}\n")


def test_changes_since_a_revision_compare_the_sources(project, cli):
    path = project / "decks" / "interpol" / "notices.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("Obtain information about", "Learn more about"), encoding="utf-8")

    ran = cli("changes", "--since", "HEAD", "--format", "json", cwd=project)

    found = json.loads(ran.out)
    assert {group: [note["guid"] for note in notes["notes"]] for group, notes in found.items()} == {
        "facts": [],
        "wording": ["interpol/black-notice@en"],
        "new": [],
        "retired": [],
        "moved": [],
        "placed": [],
        "gone": [],
    } or found["facts"]["notes"][0]["guid"] == "interpol/black-notice@en"
    assert cli("changes", "--since", "nowhere", cwd=project).code == 2
    assert cli("changes", cwd=project).code == 2


# one more card, which moves to another deck
MOVING = [
    text.replace(
        "    references:", f"      - {{id: elsewhere, kind: basic, question: Where?, answer: There{deck}}}\n    references:"
    )
    for text, deck in ((OLD, ""), (NEW, ", deck: Elsewhere"))
]


def test_a_card_that_moved_is_among_the_changes_with_both_decks(releases):
    changes = find_changes(*map(read_package, releases(*MOVING)))

    assert [change for change in changes if change.group == "moved"] == [
        Change("moved", "test/elsewhere@en", changes[-1].note, "Where?", (("Deck", "Test", "Test::Elsewhere"),))
    ]


def test_the_fewest_cards_that_have_another_place_are_among_the_changes(releases):
    lines = OLD.splitlines()
    last_first = [*lines[:3], lines[7], *lines[3:7], *lines[8:]]

    changes = find_changes(*map(read_package, releases(OLD, "\n".join(last_first))))

    assert [(change.group, change.guid) for change in changes] == [("placed", "test/bad@en")]


def test_a_rehearsal_of_a_good_release_loses_nothing(releases, cli):
    old, new = releases(*MOVING)

    ran = cli("rehearse", old, new, "--format", "json")

    assert ran.code == 0
    (reports,) = json.loads(ran.out).values()
    text = next(path.name for path in new.parent.glob("*.txt"))
    package = {
        "text": "",
        "has_text": True,
        "has_own_field": False,
        "merges": False,
        "new": ["test/fresh@en"],
        "updated": ["test/members@en"],
        "left_alone": ["test/tagged@en", "test/same@en", "test/elsewhere@en"],
        "waiting": ["test/tagged@en"],
        "skipped": ["test/typo@en"],
        "conflicting": [],
        "not_removed": [],
        "not_moved": ["test/elsewhere@en"],
        "not_reordered": [],
        "retired": [],
        "not_retired": ["test/bad@en"],
        "edits_lost": ["test/members@en"],
        "unnecessary_overwrites": [],
        "progress_lost": [],
        "failures": [],
    }
    with_text = package | {"text": text, "updated": ["test/members@en", "test/typo@en"]}
    with_text |= {"skipped": [], "edits_lost": []}
    with_field = with_text | {"has_own_field": True, "conflicting": reports[2]["conflicting"]}
    assert reports == [package, with_text, with_field]
    assert len(with_field["conflicting"]) == 6


def test_a_rehearsal_tells_an_instructor_what_happens_to_whom(releases, cli, golden):
    old, middle, new = releases(*MOVING, MOVING[1].replace("many countries", "all countries"))

    ran = cli("rehearse", old, middle, new)

    assert ran.code == 0
    golden("rehearsal.txt", ran.out.replace(str(old.parent.parent), "."))


def test_without_the_update_text_a_rehearsal_of_a_correction_fails(releases, cli):
    old, new = releases(OLD, NEW)
    for text in new.parent.glob("*.txt"):
        text.unlink()

    ran = cli("rehearse", old, new)

    assert ran.code == 1
    assert [line.strip() for line in ran.out.splitlines() if "LOST" in line or "is lost" in line] == [
        "SOMETHING IS LOST (edits lost): do not publish this release",
        "nothing is lost",  # of who added a field, whom the package does not reach
    ]


def test_a_rehearsal_reports_when_learners_edits_would_be_lost(releases, cli):
    old, new = releases(OLD, OLD, ledger=False)  # as if every note had changed

    ran = cli("rehearse", old, new)

    assert ran.code == 1
    assert "  SOMETHING IS LOST (unnecessary overwrites): do not publish this release" in ran.out.splitlines()


def test_a_rehearsal_tries_the_update_text_too(project, cli):
    path = project / "decks" / "interpol" / "notices.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("Obtain information about", "Learn more about"), encoding="utf-8")
    cli("release", cwd=project)

    ran = cli("rehearse", "old/interpol-en.apkg", "dist/interpol-en.apkg", "--format", "json", cwd=project)

    ((package, text, own),) = json.loads(ran.out).values()
    assert ran.code == 0
    assert (package["updated"], package["edits_lost"]) == (["interpol/black-notice@en"],) * 2
    assert [(one["updated"], one["edits_lost"]) for one in (text, own)] == [(["interpol/black-notice@en"], [])] * 2
