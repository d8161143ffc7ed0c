"""What `build` and `release` write and say, as their users run them; what a lost ledger, a kill or a wrong clock costs."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest
from anki.collection import ImportCsvRequest
from conftest import ROOT, commit, counts, import_package

from flashdeck.anki.package_reader import read_archive, read_ledgers
from flashdeck.release.ledger import NAME, TIME, UNKNOWN, merge_ledgers, parse_ledgers, read_ledger, to_text, to_time
from flashdeck.sources.files import Files

DECK = "id: test\nname: Test\nlanguages: [en]\n"
CARDS = """\
kind: basic
cards:
  - {id: one, question: one, answer: a, tags: [core]}
  - {id: two, question: two, answer: b}
"""
FIRST, SECOND, THIRD = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"


def at(day: str) -> dict[str, str]:
    """The time of a release."""
    return {"SOURCE_DATE_EPOCH": str(to_time(day))}


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files, without those of which a killed process had no time to change the name."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".flashdeck-")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def guids_and_times(package: Path) -> dict[str, int]:
    return {note.guid: note.changed for note in read_archive(package).notes}


def ledger_of(decks: Path, deck: str = "test"):
    problems = []
    ledger = read_ledger(decks / deck / NAME, deck, Files([decks / deck]), problems)
    assert problems == []
    return ledger


def is_listed(text: str, *parts: str) -> bool:
    """Whether one line has all these parts."""
    return any(all(part in line for part in parts) for line in text.splitlines())


# ---- building is free --------------------------------------------------------------------------------------------------


def test_a_build_writes_nothing_into_the_sources_even_where_it_could_not(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    before = everything_in(decks)

    ran = cli("build", decks)
    again = cli("build", decks, "--language", "en", "--out", "dist", **at(FIRST))

    assert (ran.code, again.code, everything_in(decks)) == (0, 0, before)
    assert ran.out.splitlines()[-1] == "these packages are for trying; 'flashdeck release' makes packages to hand out"


def test_what_was_only_built_may_vanish_change_its_kind_and_its_fields(deck, cli):
    kind = {"kinds__own__front_html": "{{Word}}", "kinds__own__back_html": "{{Word}}"}
    deck(
        "cards:\n  - {id: a, kind: own, word: w}\n  - {id: b, kind: basic, question: q, answer: r}\n",
        DECK,
        kinds__own__kind_yaml="fields: {word: {}, more: {}}\n",
        **kind,
    )
    assert cli("build").code == 0

    deck(
        "cards:\n  - {id: b, kind: cloze, text: '{{c1::x}}'}\n  - {id: c, kind: own, word: w}\n",
        DECK.replace("Test", "Name"),
        kinds__own__kind_yaml="fields: {more: {}, word: {}}\n",
        **kind,
    )

    assert [cli(command, "--strict" if command == "check" else "decks").code for command in ("check", "build")] == [0, 0]


def test_drafts_of_a_deck_that_nobody_has_stay_apart_from_what_is_released(deck, cli, col, tmp_path):
    decks = deck(CARDS, DECK)
    cli("build", decks, "--out", "drafts")
    cli("release", decks)

    logs = [counts(import_package(col, tmp_path / out / "test-en.apkg")) for out in ("drafts", "dist")]

    assert logs == [{"new": 2}, {"new": 2}]
    drafts, released = (guids_and_times(tmp_path / out / "test-en.apkg").keys() for out in ("drafts", "dist"))
    assert released == {"test/one@en", "test/two@en"} and drafts.isdisjoint(released)
    assert {guid.partition("-")[0] for guid in drafts} == {"draft"}
    assert [name for name in sorted(col.models.all_names()) if "Test" in name or "test" in name] == [
        "test basic (en)",
        "test basic (en) draft",
    ]


def test_a_draft_of_a_released_deck_has_a_name_of_its_own_and_keeps_the_time_of_what_did_not_change_since(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    released = everything_in(tmp_path / "dist")
    deck(CARDS.replace("answer: b", "answer: c"), DECK)

    first = cli("build", decks, **at(SECOND))
    times = guids_and_times(tmp_path / "dist" / "test-en-draft.apkg")
    again = cli("build", decks, **at(THIRD))
    same = guids_and_times(tmp_path / "dist" / "test-en-draft.apkg")
    deck(CARDS.replace("answer: b", "answer: d"), DECK)
    cli("build", decks, **at(THIRD))

    assert times == same == {"test/one@en": to_time(FIRST), "test/two@en": to_time(SECOND)}
    assert guids_and_times(tmp_path / "dist" / "test-en-draft.apkg")["test/two@en"] == to_time(THIRD)
    assert {name: data for name, data in everything_in(tmp_path / "dist").items() if "draft" not in name} == released
    assert "since the last release: 1 changed" in first.out.splitlines()
    assert "since the last build: nothing changed" in again.out.splitlines()


def test_a_filtered_package_never_takes_the_place_of_another(deck, cli, tmp_path):
    decks = deck(CARDS.replace("[core]", "['a::b', a-b, core]"), DECK)
    for words in ([], ["--tag", "a::b"], ["--tag", "a-b"], ["--tag", "core"], ["--without-tag", "core"], ["--kind", "basic"]):
        assert cli("build", decks, *words).code == 0

    names = {path.name for path in (tmp_path / "dist").iterdir()}

    assert len(names) == 6
    assert names > {f"test-en{part}.apkg" for part in ("", "+a-b", "+core", "+no-core", "+basic")}


# ---- a release ---------------------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_and_shows_it_all(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    before = everything_in(tmp_path)
    first = cli("release", decks, "--dry-run", "--title", "Spring")
    assert everything_in(tmp_path) == before
    cli("release", decks, **at(FIRST))
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    before = everything_in(tmp_path)

    second = cli("release", decks, "--dry-run", **at(SECOND))

    assert (first.code, second.code) == (0, 0)
    assert everything_in(tmp_path) == before
    assert "# Spring (" in first.out and "The first release. (2)" in first.out
    assert "test: changed: two" in second.out.splitlines() and "  - b → c" in second.out.splitlines()


def test_a_release_is_told_and_its_texts_lead_from_each_earlier_one(deck, cli, tmp_path):
    """Rows of what changed since, the widest first; a guid that Anki would take for a comment is quoted."""
    cards = "cards:\n  - {id: one, kind: basic, guid: '#sharp', question: one, answer: a0}\n"
    cards += (
        "  - {id: two, kind: cloze, text: '{{c1::two}} b0'}\n  - {id: back, kind: basic, question: back, answer: c0RETIRED}\n"
    )
    retired = ", retired: {since: 2026-11, why: wrong}"
    texts = [
        cards.replace("RETIRED", ""),
        cards.replace("a0", "a1").replace("RETIRED", retired),
        cards.replace("a0", "a1").replace("b0", "b1").replace("RETIRED", "").replace("c0", "c1"),
    ]
    texts = [text.replace("c0}", "c0}").replace("RETIRED", "") for text in texts]
    ran = [cli("release", deck(text, DECK), **at(day)) for text, day in zip(texts, (FIRST, SECOND, THIRD), strict=True)]

    assert [one.code for one in ran] == [0, 0, 0]
    assert "test: the first release; its ledger begins in" in ran[0].out
    assert "test: brought back: back" in ran[2].out.splitlines()
    rows = {
        path.name: [line.split("\t")[0] for line in path.read_text().splitlines() if not line.startswith("#")]
        for path in (tmp_path / "dist").glob("*.txt")
    }
    assert rows == {
        "test-en-from-2026-02-01.txt": ["test/two@en"],
        "test-en-from-2026-01-01.txt": ['"#sharp"', "test/two@en"],
    }
    assert list(ledger_of(tmp_path / "decks").releases) == [FIRST, SECOND, THIRD]


def test_two_releases_of_one_day_have_texts_of_their_own(deck, cli, tmp_path):
    for hour, answer in enumerate("bcd"):
        cli("release", deck(CARDS.replace("answer: b", f"answer: {answer}"), DECK), **at(f"2026-01-01T0{hour}:00:00Z"))

    assert sorted(path.name for path in (tmp_path / "dist").glob("*.txt")) == [
        "test-en-from-2026-01-01T000000.txt",
        "test-en-from-2026-01-01T010000.txt",
    ]


def test_tags_alone_wait_and_are_sent_where_that_is_asked(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    deck(CARDS.replace("tags: [core]", "tags: [other]"), DECK)

    waits = cli("release", decks, "--out", "waits", **at(SECOND))
    ledger = (decks / "test" / NAME).read_bytes()
    sent = cli("release", decks, "--with-tags", "--out", "sent", **at(SECOND))

    assert is_listed(waits.out, "test: other tags only: one", "--with-tags")
    assert "nothing changed since the last release" in waits.out
    assert [guids_and_times(tmp_path / out / "test-en.apkg")["test/one@en"] for out in ("waits", "sent")] == [
        to_time(FIRST),
        to_time(SECOND),
    ]
    assert (decks / "test" / NAME).read_bytes() != ledger and "test: changed: one" in sent.out.splitlines()


def test_another_rendering_by_a_newer_flashdeck_waits_and_is_sent_where_that_is_asked(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    path = decks / "test" / NAME  # as if another flashdeck had rendered it
    digest = ledger_of(decks).notes["one@en"].digest
    path.write_text(path.read_text().replace(digest, "0123456789ab"))

    waits = cli("release", decks, "--out", "waits", **at(SECOND))
    sent = cli("release", decks, "--rerender", "--out", "sent", **at(SECOND))

    assert is_listed(waits.out, "test: 1 rendered otherwise by this flashdeck", "--rerender")
    assert [guids_and_times(tmp_path / out / "test-en.apkg") for out in ("waits", "sent")] == [
        {"test/one@en": to_time(FIRST), "test/two@en": to_time(FIRST)},
        {"test/one@en": to_time(SECOND), "test/two@en": to_time(FIRST)},
    ]
    assert "test: changed: one" in sent.out.splitlines()


def test_a_course_that_a_note_joins_changes_nothing_for_who_has_it(deck, cli, col, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    import_package(col, tmp_path / "dist" / "test-en.apkg")
    ledger = (decks / "test" / NAME).read_bytes()
    deck(CARDS + "courses:\n  - {id: course, include: {tags: [core]}}\n", DECK)

    ran = cli("release", decks, **at(SECOND))

    assert ran.out.splitlines()[0] == "test: new course: course"
    added = {*(decks / "test" / NAME).read_bytes().splitlines()} - {*ledger.splitlines()}
    assert added == {b"course course", f"release {SECOND} after {FIRST}".encode()}
    assert not (tmp_path / "dist" / "course-en-notes.md").exists()
    assert [counts(import_package(col, tmp_path / "dist" / f"{name}-en.apkg")) for name in ("test", "course")] == [
        {"duplicate": 2},
        {"duplicate": 1},
    ]
    assert {tag for note in read_archive(tmp_path / "dist" / "course-en.apkg").notes for tag in note.tags} == {
        "core",
        "course::course",
    }


def test_a_course_that_is_renamed_is_found_under_both_names(deck, cli, col, tmp_path):
    courses = "courses:\n  - {id: old, include: {kinds: [basic]}}\n"
    decks = deck(CARDS + courses, DECK)
    cli("release", decks, **at(FIRST))
    import_package(col, tmp_path / "dist" / "old-en.apkg")
    deck(CARDS.replace("answer: b", "answer: c") + courses.replace("id: old", "id: new, former: old"), DECK)
    (decks / "test" / "more.yaml").write_text("kind: basic\ncards: [{id: three, question: three, answer: c}]\n")

    assert cli("release", decks, "--out", "second", **at(SECOND)).code == 0
    import_package(col, tmp_path / "second" / "new-en.apkg")

    assert [len(col.find_notes(f"tag:course::{name}")) for name in ("old", "new")] == [3, 2]  # one note did not change
    text = (tmp_path / "second" / "new-en-from-2026-01-01.txt").read_text()
    assert "#tags:course::new course::old\n" in text
    assert cli("check", decks).code == 0


def test_a_card_that_moves_to_another_deck_is_told_with_the_way_to_move_it(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    deck(CARDS.replace("answer: b", "answer: b, deck: Sub"), DECK)

    ran = cli("release", decks, **at(SECOND))

    assert is_listed(ran.out, "test: moved: two", "'Test'")
    assert guids_and_times(tmp_path / "dist" / "test-en.apkg") == {"test/one@en": to_time(FIRST), "test/two@en": to_time(FIRST)}
    (note,) = [note for note in read_archive(tmp_path / "dist" / "test-en.apkg").notes if note.guid == "test/two@en"]
    notes = (tmp_path / "dist" / "test-en-notes.md").read_text()
    assert "## Moved\n\n- **two**\n\nCards that you have stay in the deck 'Test'; to move them to 'Test::Sub'" in notes
    assert f"In Anki's browser: `nid:{note.id}`" in notes


def test_a_card_that_gets_another_place_among_the_new_ones_is_told_wherever_a_package_of_the_last_release_is_there(
    deck, cli, tmp_path
):
    course = "courses:\n  - {id: a-course, include: {tags: [core]}}\n"
    three = "  - {id: three, question: three, answer: c, tags: [core]}\n"
    decks = deck(CARDS + three + course, DECK)
    cli("release", decks, **at(FIRST))
    said = "test: in another place: three: who has them keeps the order of new cards; Anki's browser can reposition them"
    reordered = CARDS.replace("cards:\n", "cards:\n" + three) + course

    same = cli("release", decks, **at(SECOND))
    only = cli("release", deck(reordered, DECK), "--dry-run", **at(SECOND))
    with_a_correction = cli("release", deck(reordered.replace("answer: b", "answer: c"), DECK), **at(SECOND))
    after = cli("release", decks, **at(THIRD))

    assert [said in ran.out.splitlines() for ran in (same, only, with_a_correction, after)] == [False, True, True, False]


def test_a_picture_whose_line_ends_alone_changed_is_the_same_note(deck, cli, tmp_path):
    """As git changes them where the system is Windows."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg">\n<rect width="4" height="4"/>\n</svg>\n'
    cards = CARDS.replace("question: one", "question: '![a square](a.svg)'")
    kind = {
        "kinds__own__kind_yaml": "fields: {word: {}}\n",
        "kinds__own__front_html": "<p>\n{{Word}}\n</p>",
        "kinds__own__back_html": "{{Word}}\n",
    }
    cards += "  - {id: own, kind: own, word: w}\n"
    decks = deck(cards, DECK, media__a_svg=svg, **kind)
    cli("release", decks, **at(FIRST))
    for path in [path for path in decks.rglob("*") if path.suffix in (".yaml", ".svg", ".html")]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    ran = cli("release", decks, "--locked", "--out", "again", **at(SECOND))

    assert ran.code == 0
    assert (tmp_path / "again" / "test-en.apkg").read_bytes() == (tmp_path / "dist" / "test-en.apkg").read_bytes()


def test_a_picture_that_a_correction_brings_arrives_with_the_package_after_the_text(deck, cli, col, tmp_path):
    """Anki has the corrected note from the text already, and leaves out the one in the package with all its files."""
    decks = deck(CARDS, DECK, media__old_svg=b"<svg/>", media__new_svg=b"<svg />")
    deck(CARDS.replace("answer: b", "answer: '![b](old.svg)'"), DECK)
    cli("release", decks, **at(FIRST))
    first = tmp_path / "dist" / "test-en.apkg"
    import_package(col, first)
    deck(CARDS.replace("answer: b", "answer: '![b](new.svg)'"), DECK)

    ran = cli("release", decks, "--out", "second", **at(SECOND))
    second = tmp_path / "second"
    text = str(second / "test-en-from-2026-01-01.txt")
    col.import_csv(ImportCsvRequest(path=text, metadata=col.get_csv_metadata(text, None)))
    log = import_package(col, second / "test-en.apkg")

    assert ran.code == 0
    assert counts(log) == {"duplicate": 2}
    (note,) = [col.get_note(id) for id in col.find_notes("two")]
    files = {path.name: path.read_bytes() for path in Path(col.media.dir()).iterdir()}
    (name,) = [name for name in files if name in note["Answer"]]
    assert name.startswith("_new-") and files[name] == b"<svg />"
    assert [name for name in files if name.startswith("old-")] == [name for name in files if not name.startswith("_")]
    assert cli("release", decks, "--locked", "--out", "again", **at(THIRD)).code == 0
    assert (tmp_path / "again" / "test-en.apkg").read_bytes() == (second / "test-en.apkg").read_bytes()


def test_what_learners_have_from_somebody_else_is_corrected_where_that_is_asked(deck, cli, col, tmp_path):
    """A fork that released later: without it, theirs would stay for good."""
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    ledger = (decks / "test" / NAME).read_bytes()
    deck(CARDS.replace("answer: b", "answer: theirs"), DECK)
    cli("release", decks, "--out", "theirs", **at(SECOND))
    (decks / "test" / NAME).write_bytes(ledger)
    deck(CARDS, DECK)
    for out in ("dist", "theirs"):
        import_package(col, tmp_path / out / "test-en.apkg")

    behind = cli("release", decks, "--over", "theirs/test-en.apkg", **at(SECOND))
    ran = cli("release", decks, "--over", "theirs/test-en.apkg", **at(THIRD))

    assert (behind.code, ran.code) == (2, 0)
    assert counts(import_package(col, tmp_path / "dist" / "test-en.apkg")) == {"updated": 1, "duplicate": 1}
    assert sorted(note["Answer"] for note in map(col.get_note, col.find_notes(""))) == ["a", "b"]


# ---- a clock, a kill, two at once --------------------------------------------------------------------------------------


def test_a_clock_behind_the_last_release_is_refused_and_nothing_is_written(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(SECOND))
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    before = everything_in(tmp_path)

    for day in (FIRST, SECOND):
        ran = cli("release", decks, **at(day))
        assert ran.code == 2
        assert ran.err.splitlines()[-1] == (
            f"flashdeck: it is {day} by this computer's clock, and there is a release of {SECOND}: set the clock right, or wait "
            "until then; what is released must be later than what learners have"
        )
        assert everything_in(tmp_path) == before


def make_old(folder: Path, days: float) -> int:
    """Gives all files of a folder the time of some days ago, and returns it."""
    then = int(time.time() - days * 86_400)
    for path in folder.rglob("*"):
        os.utime(path, (then, then))
    return then


def test_a_clock_ahead_of_all_that_files_and_git_know_is_refused_where_nobody_can_be_asked(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    then = make_old(decks, 3)
    before = everything_in(tmp_path)

    refused = cli("release", decks)
    after = everything_in(tmp_path)
    a_day = make_old(decks, 0.9) and cli("release", decks, "--dry-run")
    make_old(decks, 3)
    commit(tmp_path, "decks")
    by_git = cli("release", decks, "--dry-run")
    allowed = cli("release", decks, "--yes")

    assert (refused.code, after, a_day.code, by_git.code, allowed.code) == (2, before, 0, 0, 0)
    assert re.fullmatch(
        rf"flashdeck: nothing here is later than {re.escape(to_text(then))}, and by this computer's clock it is {TIME}: if that "
        r"is right, add --yes; a release from the future would keep corrections away\n",
        refused.err,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
@pytest.mark.parametrize(("reply", "code"), [("n", 2), ("y", 0)])
def test_at_a_terminal_a_clock_ahead_of_all_that_is_known_is_asked_about(reply, code, deck, tmp_path):
    import pty

    decks = deck(CARDS, DECK)
    make_old(decks, 3)
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "flashdeck", "release", str(decks), "--out", str(tmp_path / "dist")]
    about = os.environ | {"PYTHONPATH": str(ROOT), "FLASHDECK_CACHE": str(tmp_path / "cache")}
    process = subprocess.Popen(words, stdin=slave, stdout=subprocess.DEVNULL, stderr=slave, env=about, cwd=tmp_path)
    os.close(slave)
    shown = b""
    while b"Is that right? [y/N]" not in shown:
        shown += os.read(master, 1024)
    os.write(master, f"{reply}\n".encode())

    assert process.wait(60) == code
    assert ((decks / "test" / NAME).exists(), (tmp_path / "dist").exists()) == (reply == "y", reply == "y")
    os.close(master)


def releases(decks: Path, out: Path, day: str, **environment: str) -> subprocess.Popen:
    words = [sys.executable, "-m", "flashdeck", "release", str(decks), "--out", str(out)]
    about = os.environ | {"PYTHONPATH": str(ROOT), "FLASHDECK_CACHE": str(out) + "-cache"} | at(day) | environment
    return subprocess.Popen(words, env=about, cwd=decks.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_an_output_folder_that_cannot_be_written_leaves_a_release_that_the_next_one_ends(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    (tmp_path / "dist").write_text("a file")

    stopped = cli("release", decks, **at(FIRST))
    pending = ledger_of(decks).pending
    (tmp_path / "dist").unlink()
    ended = cli("release", decks, **at(SECOND))

    assert (stopped.code, ended.code) == (2, 0)
    assert stopped.err.splitlines()[-1] == "flashdeck: 'dist/test-en.apkg' cannot be written: file exists"
    assert (pending, ledger_of(decks).pending) == ({FIRST}, frozenset())
    assert guids_and_times(tmp_path / "dist" / "test-en.apkg") == {"test/one@en": to_time(FIRST), "test/two@en": to_time(FIRST)}


def test_a_ledger_that_cannot_be_written_leaves_no_package(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    (decks / "test" / NAME).symlink_to(tmp_path / "elsewhere")

    ran = cli("release", decks)

    assert (ran.code, (tmp_path / "dist").exists(), (tmp_path / "elsewhere").exists()) == (1, False, False)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no lock")
def test_a_deck_that_another_process_releases_is_not_released_a_second_time(deck, cli, tmp_path):
    import fcntl

    decks = deck(CARDS, DECK)
    other = os.open(decks / "test", os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    before = everything_in(tmp_path)

    refused = cli("release", decks)
    after = everything_in(tmp_path)
    os.close(other)
    released = cli("release", decks)

    assert (refused.code, after, released.code) == (2, before, 0)
    assert refused.err == f"flashdeck: another release of '{decks / 'test'}' is being made: wait until it is done\n"


def test_of_two_releases_at_once_there_is_one_and_all_packages_are_of_it(deck, tmp_path):
    cards = "kind: basic\ncards:\n" + "".join(f"  - {{id: n{at}, question: q{at}, answer: a}}\n" for at in range(400))
    decks = deck(cards, DECK)

    both = [releases(decks, tmp_path / "dist", day) for day in (FIRST, SECOND)]
    errors = [process.communicate()[1].decode() for process in both]

    refusals = ("another release", "changed while it was read", "set the clock right")  # the last where one was done already
    for process, error in zip(both, errors, strict=True):
        assert process.returncode == 0 or any(words in error for words in refusals)
    (time_of,) = ledger_of(decks).releases
    assert {*guids_and_times(tmp_path / "dist" / "test-en.apkg").values()} == {to_time(time_of)}


# ---- lost ledgers ------------------------------------------------------------------------------------------------------


def test_a_ledger_that_git_or_a_package_has_and_the_sources_have_not_is_an_error(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    kept = (decks / "test" / NAME).read_bytes()
    commit(tmp_path, "decks")
    (decks / "test" / NAME).unlink()

    by_git = [cli(command, decks) for command in ("check", "build", "release")]
    commit(tmp_path, "decks")
    by_package = [cli(command, decks) for command in ("check", "build", "release")]
    back = cli("recover", "dist/test-en.apkg")

    for ran, stream in zip(by_git, (by_git[0].out, by_git[1].err, by_git[2].err), strict=True):
        assert ran.code == 1
        assert (
            f"{decks}/test/flashdeck.lock:1:1: error[lost-ledger] this deck was released (git's HEAD has it), and its" in stream
        )
        assert f"'git checkout HEAD -- {decks}/test/flashdeck.lock'" in stream
    assert [ran.code for ran in by_package] == [0, 1, 1]  # a check does not look at packages
    assert "error[lost-ledger] this deck was released (the package 'dist/test-en.apkg' has it)" in by_package[1].err
    assert back.code == 0
    assert (decks / "test" / NAME).read_bytes() == kept
    assert [cli(command, decks).code for command in ("check", "build", "release")] == [0, 0, 0]


def test_a_ledger_of_before_there_were_releases_is_missed_too(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    path = decks / "test" / NAME
    path.write_text(f"flashdeck ledger 1\ndeck Test\nnote one@en basic 0 {'0' * 16} {FIRST} {FIRST}\nend\n")
    commit(tmp_path, "decks")
    path.unlink()

    assert "error[lost-ledger]" in cli("check", decks).out


def test_a_release_does_not_go_on_from_a_ledger_that_is_earlier_than_what_git_has(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, "--out", "first", **at(FIRST))
    earlier = (decks / "test" / NAME).read_bytes()
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    cli("release", decks, "--out", "second", **at(SECOND))
    commit(tmp_path, "decks")
    (decks / "test" / NAME).write_bytes(earlier)

    checked, released = cli("check", decks), cli("release", decks, **at(THIRD))

    assert (checked.code, released.code) == (0, 1)
    assert f"error[lost-ledger] the release of {SECOND} is not in this ledger (git's HEAD has it)" in released.err


def test_a_release_that_git_took_back_after_learners_got_it_is_corrected_by_the_next(deck, cli, col, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, "--out", "first", **at(FIRST))
    commit(tmp_path, "decks")
    deck(CARDS.replace("answer: b", "answer: wrong"), DECK)
    cli("release", decks, "--out", "second", **at(SECOND))
    commit(tmp_path, "decks")
    import_package(col, tmp_path / "second" / "test-en.apkg")
    subprocess.run(["git", "checkout", "-q", "HEAD~1", "--", "decks"], cwd=tmp_path, check=True)
    commit(tmp_path, "decks")

    refused = cli("release", decks, **at(THIRD))
    back = cli("recover")
    ran = cli("release", decks, **at(THIRD))

    assert refused.code == 1 and f"error[lost-ledger] the release of {SECOND} is not in this ledger (git's commit " in refused.err
    assert back.out.splitlines()[0] == f"decks/test/{NAME}: 2 notes, as of the release of {SECOND}"
    assert (ran.code, ran.out.splitlines()[0]) == (0, "test: changed: two")
    assert counts(import_package(col, tmp_path / "dist" / "test-en.apkg")) == {"updated": 1, "duplicate": 1}
    assert sorted(note["Answer"] for note in map(col.get_note, col.find_notes(""))) == ["a", "b"]


def test_a_ledger_that_was_deleted_in_git_comes_back_from_its_history(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    commit(tmp_path, "decks")
    text = (decks / "test" / NAME).read_text()
    subprocess.run(["git", "rm", "-q", f"decks/test/{NAME}"], cwd=tmp_path, check=True)
    commit(tmp_path, "decks")

    refused = cli("release", decks, "--out", "second", **at(SECOND))
    cli("recover")

    assert "error[lost-ledger] this deck was released (git's commit " in refused.err
    assert (decks / "test" / NAME).read_text() == text.replace(f"pending {FIRST}\n", "")
    assert "nothing changed" in cli("release", decks, "--out", "second", **at(SECOND)).out


def test_what_git_never_had_needs_no_git_and_a_new_deck_is_no_lost_one(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    commit(tmp_path, "decks")

    assert (cli("check", decks).out, cli("build", decks).code) == ("", 0)


def test_a_ledger_comes_back_from_several_packages_and_what_they_do_not_know_is_told(deck, cli, tmp_path):
    both = DECK.replace("[en]", "[en, fr]")
    decks = deck(CARDS + "courses:\n  - {id: course, include: {tags: [core]}}\n", both)
    cli("release", decks, "--title", "First of all", **at(FIRST))
    whole = (decks / "test" / NAME).read_text()
    (decks / "test" / NAME).unlink()

    part = cli("recover", "dist/course-en.apkg")
    partly = (decks / "test" / NAME).read_text()
    rest = cli("recover", "dist/test-en.apkg", "dist/test-fr.apkg")

    assert (part.code, rest.code) == (0, 0)
    assert part.out.splitlines() == [
        f"decks/test/flashdeck.lock: 1 note, as of the release of {FIRST}",
        "  in none of the packages, so as if nobody had them: 1 card in 'en'",
        "  of 'fr' nothing is known: name a package in that language, if one was released",
        "if there was a later release, name its packages too: what changed since would be sent again",
    ]
    assert f"release {FIRST} after - First of all\n" in partly
    assert rest.out.splitlines()[0] == f"decks/test/flashdeck.lock: 4 notes, as of the release of {FIRST}"
    assert (decks / "test" / NAME).read_text() == whole


def test_a_draft_of_the_very_second_of_a_release_is_later_in_the_next_build(deck, cli, tmp_path):
    """Anki updates by what is later alone."""
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    cli("build", decks, **at(FIRST))

    cli("build", decks, "--no-cache", **at(SECOND))

    times = guids_and_times(tmp_path / "dist" / "test-en-draft.apkg")
    assert times == {"test/one@en": to_time(FIRST), "test/two@en": to_time(SECOND)}


def test_a_draft_carries_the_released_ledger_only(deck, cli, tmp_path):
    decks = deck(CARDS, DECK)
    cli("release", decks, **at(FIRST))
    kept = (decks / "test" / NAME).read_text()
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    cli("build", decks, **at(SECOND))

    assert read_ledgers(tmp_path / "dist" / "test-en-draft.apkg") == kept


# ---- ledgers -----------------------------------------------------------------------------------------------------------


def test_a_ledger_of_before_there_were_releases_is_carried_over_without_one_update(deck, cli, tmp_path):
    """As the version before wrote it, for these very cards."""
    decks = deck(CARDS, DECK)
    path = decks / "test" / NAME
    path.write_text(LEDGER_1)

    checked = cli("check", decks)
    ran = cli("release", decks, "--out", "first", **at(SECOND))
    unchanged = guids_and_times(tmp_path / "first" / "test-en.apkg")
    deck(CARDS.replace("answer: b", "answer: c"), DECK)
    changed = cli("release", decks, "--out", "second", **at(SECOND))

    assert (checked.out, ran.code, changed.code) == ("", 0, 0)
    assert unchanged == {"test/one@en": to_time(FIRST), "test/two@en": to_time(FIRST)}
    assert guids_and_times(tmp_path / "second" / "test-en.apkg") == {
        "test/one@en": to_time(FIRST),
        "test/two@en": to_time(SECOND),
    }
    assert {type.name for type in read_archive(tmp_path / "second" / "test-en.apkg").types.values()} == {"flashdeck basic (en)"}
    assert path.read_text().startswith("flashdeck ledger 2\n")


LEDGER_1 = """\
flashdeck ledger 1
deck Test
note one@en basic 0 c5a04bf729aca001 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z
note two@en basic 0 065a8c2a56a405b7 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z
type basic@en 095005b48852dd75 2026-01-01T00:00:00Z question,answer,both_ways,Extra,Sources,Retired,Typed_answer,My_notes answer,question
end
"""  # noqa: E501


def line(name: str, digest: str, changed: str) -> str:
    return f"note {name}@en basic 0 {digest} {digest} {'0' * 8} {'0' * 8} {FIRST} {changed}"


def ledger_text(*lines: str) -> str:
    return "\n".join(["flashdeck ledger 2", "id test", *lines, "end"]) + "\n"


A, B = "a" * 12, "b" * 12
LINES = f"release {FIRST} after -", f"release {SECOND} after {FIRST}", f"release {THIRD} after {FIRST}"
MERGES = {
    "the descendant counts, though it is not the later": (
        (line("x", A, THIRD), line("x", B, "2026-04-01T00:00:00Z")),
        (
            f"release {FIRST} after -",
            f"release 2026-04-01T00:00:00Z after {FIRST}",
            f"release {THIRD} after 2026-04-01T00:00:00Z",
        ),
        (A, THIRD),
    ),
    "neither descends from the other": ((line("x", A, SECOND), line("x", B, THIRD)), LINES, (UNKNOWN, THIRD)),
    "both have the same content": ((line("x", A, SECOND), line("x", A, THIRD)), LINES, (A, SECOND)),
    "one was left by a neighbour": ((line("x", A, FIRST), line("x", B, SECOND)), LINES, (B, SECOND)),
}


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(("lines", "graph", "expected"), MERGES.values(), ids=MERGES)
def test_of_two_lines_that_a_merge_leaves_the_one_counts_that_was_released_knowing_the_other(
    lines, graph, expected, swap, tmp_path
):
    (tmp_path / NAME).write_text(ledger_text(*(lines[::-1] if swap else lines), *graph))
    problems = []

    ledger = read_ledger(tmp_path / NAME, "test", Files([tmp_path]), problems)

    assert problems == []
    assert (ledger.notes["x@en"].digest, ledger.notes["x@en"].changed_text) == expected
    apart = [parse_ledgers(ledger_text(one, *graph))[0] for one in lines]
    assert merge_ledgers(apart).notes == ledger.notes


# ---- release notes -----------------------------------------------------------------------------------------------------

NOTES_DECK = "id: test\nname: {en: Test, fr: Essai}\nlanguages: [en, fr]\n"
NOTES = [
    """\
reference: r
cards:
  - id: members
    kind: statistic
    claim: {en: INTERPOL has 195 members, fr: INTERPOL a 195 membres}
    date: 2021
  - {id: typo, kind: basic, question: {en: What for?, fr: 'Pourquoi ?'}, answer: {en: To help the plice of many, fr: Pour aider}}
  - {id: bad, kind: basic, question: {en: Bad?, fr: 'Mauvais ?'}, answer: {en: 'No', fr: Non}}
  - {id: place, kind: cloze, text: {en: 'In {{c1::Lyon::city}}', fr: 'À {{c1::Lyon::ville}}'}}
references:
  - {id: r, title: A, publisher: B}
"""
]
NOTES.append(
    NOTES[0]
    .replace("195", "196")
    .replace("plice", "police")
    .replace("fr: Non}}", "fr: Non}, retired: {since: 2026-11, why: {en: it was wrong, fr: c'était faux}}}")
    .replace("text:", "deck: {en: Places, fr: Lieux}, text:")
    .replace(
        "references:",
        "  - {id: fresh, kind: basic, question: {en: New?, fr: 'Nouveau ?'}, answer: {en: It is, fr: Oui}}\nreferences:",
    )
)


@pytest.mark.parametrize("source", ["package", "against", "git", "unknown"])
def test_release_notes_are_golden_in_each_language_wherever_the_old_wording_comes_from(source, deck, cli, golden, tmp_path):
    decks = deck(NOTES[0], NOTES_DECK)
    cli("release", decks, **at(FIRST))
    if source == "git":
        commit(tmp_path, "decks")
    deck(NOTES[1], NOTES_DECK)
    words = [] if source == "package" else ["--out", "second"]
    words += ["--against", "dist/test-en.apkg", "--against", "dist/test-fr.apkg"] if source == "against" else []

    ran = cli("release", decks, "--title", "2026.2", *words, **at(SECOND))

    assert ran.code == 0
    folder = tmp_path / ("dist" if source == "package" else "second")
    kind = "unknown" if source == "unknown" else "known"
    for language in ("en", "fr"):
        golden(f"release-notes-{kind}.{language}.md", (folder / f"test-{language}-notes.md").read_text(encoding="utf-8"))


def test_what_is_released_is_made_again_to_the_byte_from_a_clone_at_its_tag(deck, cli, tmp_path):
    """Packages, texts and notes, as a job at a tag makes them."""
    decks = deck(NOTES[0], NOTES_DECK)
    cli("release", decks, "--out", "first", **at(FIRST))
    commit(tmp_path, "decks")
    deck(NOTES[1], NOTES_DECK)
    cli("release", decks, "--title", "2026.2", **at(SECOND))
    made = everything_in(tmp_path / "dist")
    commit(tmp_path, "decks")
    subprocess.run(["git", "clone", "-q", str(tmp_path), str(tmp_path / "clone")], check=True)

    ran = cli("release", "--locked", cwd=tmp_path / "clone", **at(THIRD))

    assert ran.code == 0
    again = everything_in(tmp_path / "clone" / "dist")
    assert {name: data for name, data in again.items() if "notes" not in name} == {
        name: data for name, data in made.items() if "notes" not in name
    }
    for language, moved in (("en", "Moved"), ("fr", "Déplacées")):  # where a card was before it moved is not known any more
        notes = made[f"test-{language}-notes.md"].decode()
        assert again[f"test-{language}-notes.md"].decode() == notes.partition(f"\n## {moved}")[0]


# ---- a repository ------------------------------------------------------------------------------------------------------


def test_init_has_git_leave_out_packages_merge_ledgers_and_keep_line_ends(cli, tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitattributes").write_text("*.csv -text")

    first = cli("init", "decks/mine", "--language", "en")
    files = [(tmp_path / name).read_text() for name in (".gitignore", ".gitattributes")]
    second = cli("init", "decks/more", "--language", "fr")

    assert (first.code, second.code) == (0, 0)
    assert files == ["dist/\n", "* text=auto eol=lf\n*.csv -text\nflashdeck.lock merge=union\n"]
    assert [(tmp_path / name).read_text() for name in (".gitignore", ".gitattributes")] == files


def test_outside_of_a_repository_init_writes_its_deck_only(cli, tmp_path):
    cli("init", "decks/mine", "--language", "en")

    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".git") or path.is_dir()) == ["decks"]


def test_what_git_could_not_merge_is_told_at_its_place(deck, cli):
    decks = deck("kind: basic\ncards:\n<<<<<<< HEAD\n  - {id: a, question: q, answer: r}\n=======\n>>>>>>> other\n", DECK)

    ran = cli("check", decks)

    assert f"{decks}/test/cards.yaml:3:1: error[yaml-syntax] git could not merge the two sides that begin here" in ran.out


def test_anki_shows_beside_a_deck_what_it_is_its_licence_and_its_release(deck, cli, col, tmp_path):
    about = "title: A <deck>\ndescription: {fr: 'Voir le **119**.', en: 'Call *112*.'}\nlicence: CC-BY-4.0\n"
    decks = deck(CARDS + "courses:\n  - {id: course, include: {tags: [core]}}\n", DECK.replace("[en]", "[en, fr]") + about)

    assert cli("release", decks, **at(FIRST)).code == 0

    shown = {}
    for name in ("test-en", "test-fr", "course-en"):
        (found,) = [deck["desc"] for deck in read_decks(tmp_path / "dist" / f"{name}.apkg") if deck["desc"]]
        shown[name] = found
    head = "<p><b>A &lt;deck&gt;</b></p>"
    assert shown == {
        "test-en": f"{head}<p>Call <em>112</em>.</p><p>CC-BY-4.0 · test (en), release of 2026-01-01</p>",
        "test-fr": f"{head}<p>Voir le <strong>119</strong>.</p><p>CC-BY-4.0 · test (fr), version du 2026-01-01</p>",
        "course-en": f"{head}<p>Call <em>112</em>.</p><p>CC-BY-4.0 · course (en), release of 2026-01-01</p>",
    }
    import_package(col, tmp_path / "dist" / "test-en.apkg")
    assert col.decks.by_name("Test")["desc"] == shown["test-en"]


def read_decks(package: Path) -> list[dict]:
    with ZipFile(package) as archive, closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(archive.read("collection.anki2"))
        return [*json.loads(database.execute("select decks from col").fetchone()[0]).values()]
