"""What is linked of units is what is compiled of all at once, whatever was changed since; and it never says what is not so."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from zlib import crc32

import pytest
from conftest import ROOT
from test_bad import BAD, GOOD, put

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
from sources import make_notes, write_flashdeck

from flashdeck.build.cache import cache_folder
from flashdeck.build.link import link_decks
from flashdeck.build.parallel import share_out
from flashdeck.build.unit import COLUMN
from flashdeck.pipeline import compile_decks, release
from flashdeck.release.ledger import render_ledger

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder and a cache of its own for each test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASHDECK_CACHE", str(tmp_path / "cache"))
    return tmp_path


def compare(languages: list[str] | None = None, today: date = TODAY) -> bool:
    """Whether the decks could be linked; then all that a build takes of it must be as when they are compiled."""
    linked, compiled = link_decks([Path("decks")], today, languages), compile_decks([Path("decks")], today)
    if not linked:
        return False
    assert linked.problems == compiled.problems
    assert (linked.ok, linked.tags, linked.ledgers) == (compiled.ok, compiled.tags, compiled.ledgers)
    if compiled.ok:
        wanted = compiled.library.languages if languages is None else languages
        assert [linked.left_out(code) for code in wanted] == [compiled.left_out(code) for code in wanted]
        assert release(linked, wanted, 1_800_000_000) == release(compiled, wanted, 1_800_000_000)
    return True


@pytest.mark.parametrize("path", [*BAD, *GOOD], ids=lambda path: path.stem)
def test_every_bad_and_good_source_is_told_the_same_the_first_time_and_again(path, place):
    put(path, place / "decks")

    for _ in range(2):
        compare()


def test_our_own_decks_are_linked(place):
    shutil.copytree(ROOT / "decks", place / "decks")

    assert compare() and compare()
    assert compare(["fr"]) and compare([])


CARDS = """kind: basic
cards:
  - {id: ID0, question: {fr: qID0, en: rID0}, answer: a, tags: [core]}
  - {id: ID1, question: 'What is *ID1*?', answer: {fr: b, en: c}}
  - {id: ID2, kind: cloze, text: 'The {{c1::ID2}} of {{c2::it}}', tags: [late]}
"""
START = {
    "one/deck.yaml": "id: one\nname: One\nlanguages: [fr, en]\n",
    "one/a.yaml": CARDS.replace("ID", "a"),
    "one/sub/b.yaml": CARDS.replace("ID", "b"),
    "one/around.yaml": "references:\n  - {id: book, title: A Book, publisher: P, issued: 2020}\n"
    "courses:\n  - {id: course, include: {tags: [core]}}\n",
    "two/deck.yaml": "id: two\nname: Two\nlanguages: [en, de]\n",
    "two/c.yaml": CARDS.replace("ID", "c").replace("fr:", "de:"),
    "two/d.yaml": CARDS.replace("ID", "d").replace("fr:", "de:"),
}
# What an author may do to a file, as words to look for and what to write instead.
EDITS = [
    ("answer: a", "answer: other"),
    ("answer: other", "answer: a"),
    ("qa0", "qb0"),  # asks what another card asks
    ("qb0", "qa0"),
    ("id: a1", "id: b1"),
    ("id: b1", "id: a1"),
    ("tags: [core]", "tags: [core, new]"),
    ("tags: [core", "tags: [gone"),
    ("answer: {fr: b, en: c}", "answer: {en: c}"),
    ("answer: {en: c}", "answer: {fr: b, en: c}"),
    ("{{c2::it}}", "it"),  # a card that learners have becomes blank
    ("of it", "of {{c2::it}}"),
    ("answer: a", "anwser: a"),
    ("anwser: a", "answer: a"),
    ("answer: a,", "answer: a, reference: book,"),
    ("reference: book", "reference: buch"),
    ("reference: buch", "reference: book"),
    ("{id: book,", "{id: books,"),
    ("{id: books,", "{id: book,"),
    ("issued: 2020", "issued: 2021"),
    ("- {id: a1", "- id: a1"),  # breaks YAML
    ("- id: a1", "- {id: a1"),
    ("answer: a", "guid: mine, answer: a"),
    ("answer: a", "answer: '![x](x.png)'"),
    ("answer: '![x](x.png)'", "answer: a"),
    ("answer: a", "answer: '<script>'"),
    ("answer: '<script>'", "answer: a"),
    ("kind: basic\ncards", "kind: basic\ntags: [all]\ncards"),
    ("include: {tags: [core]}", "include: {tags: [late]}"),
    ("include: {tags: [late]}", "include: {kinds: [cloze]}"),
    ("include: {kinds: [cloze]}", "include: {tags: [core]}"),
    ("languages: [en, de]", "languages: [en]"),
    ("languages: [en]", "languages: [en, de]"),
    ("name: Two", "name: Second"),
    ("answer: a", "answer: a, retired: {since: 2026-10, why: wrong}"),
    ("answer: a", "answer: a, retired: {since: 2026-10, why: wrong, replaced_by: b1}"),
    (", retired: {since: 2026-10, why: wrong}", ""),
    (", retired: {since: 2026-10, why: wrong, replaced_by: b1}", ""),
    ("answer: a", "question: again, answer: a"),
    ("question: again, ", ""),
    ("tags: [late]}\n", "tags: [late]}\n  - {override: one/a0, answer: worded otherwise}\n"),
    ("tags: [late]}\n", "tags: [late]}\n  - {override: one/b1, question: {en: And what?}, tags: [mine]}\n"),
    ("tags: [late]}\n", "tags: [late]}\n  - {override: one/x0, answer: '![x](x.png)'}\n"),
    ("  - {override: one/a0, answer: worded otherwise}\n", ""),
    ("override: one/a0", "override: one/nobody"),
    ("override: one/nobody", "override: one/a0"),
]


def write(texts: dict[str, str]) -> None:
    """Makes the decks hold these files and no others, touching none that is so already."""
    for path in list(Path("decks").rglob("*.yaml")):
        if path.relative_to("decks").as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = Path("decks", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_edited_the_units_of_the_last_time_give_what_is_compiled_now(seed):
    chance = random.Random(seed)
    texts, linked = dict(START), 0
    for step in range(40):
        fitting = [(name, *edit) for name in texts for edit in EDITS if edit[0] in texts[name]]
        name, old, new = chance.choice(fitting)
        texts[name] = texts[name].replace(old, new, 1)
        if chance.random() < 0.1:
            extra = chance.choice("xyz")
            texts[f"one/{extra}.yaml"] = CARDS.replace("ID", extra)
        if chance.random() < 0.1:
            texts.pop(chance.choice(["one/a.yaml", "one/sub/b.yaml", "two/c.yaml"]), None)
        if chance.random() < 0.3:
            texts = dict(START)  # else mistakes would only become more
            for ledger in Path("decks").rglob("*.lock"):
                ledger.unlink()
        write(texts)
        if step % 7 == 3:
            Path("decks/one/media").mkdir(exist_ok=True)
            Path("decks/one/media/x.png").write_bytes(bytes([step]))
        linked += compare(chance.choice([None, ["en"], ["fr"], []]))
        compiled = compile_decks([Path("decks")], TODAY)
        if compiled.ok and chance.random() < 0.2:
            for ledger in release(compiled, compiled.library.languages, 1_790_000_000 + step).ledgers.values():
                ledger.path.write_text(render_ledger(ledger))
    assert linked > 5


@pytest.mark.parametrize(
    ("edit", "shown"),
    [
        (("one/a.yaml", "answer: a", "answer: a, retired: {since: 2026-10, why: wrong, replaced_by: b1}"), "→ What is"),
        (
            ("two/c.yaml", "tags: [late]}\n", "tags: [late]}\n  - {override: one/a0, answer: worded otherwise}\n"),
            "worded otherwise",
        ),
        (("two/d.yaml", "  - {id: d0", "  - {id: b1, question: {de: q, en: q}, answer: r}\n  - {id: d0"), "q"),
    ],
    ids=["replaced", "overridden", "same id in another deck"],
)
def test_cards_that_name_others_are_linked_with_those(edit, shown):
    write(START)
    assert compare()
    for ledger in release(compile_decks([Path("decks")]), ["fr", "en", "de"], 1_790_000_000).ledgers.values():
        ledger.path.write_text(render_ledger(ledger))
    name, old, new = edit
    write(START | {name: START[name].replace(old, new, 1)})

    assert compare() and compare(["en"])

    linked = link_decks([Path("decks")], TODAY)
    released = release(linked, ["en"], 1_800_000_000)
    assert any(shown in note.text for note in [*released.notes.values(), *released.overrides.values()])


def test_another_day_brings_its_own_warnings(place):
    Path("decks").mkdir()
    Path("decks/deck.yaml").write_text(START["one/deck.yaml"])
    Path("decks/references.yaml").write_text(START["one/around.yaml"].partition("courses")[0])
    card = "{id: x, claim: c, question: q, value: v, reference: book, date: 2020, review_by: 2026-12-01}"
    Path("decks/cards.yaml").write_text(f"kind: statistic\ncards:\n  - {card}\n")

    assert all(compare(today=day) for day in (TODAY, date(2026, 12, 1), date(2026, 12, 2), TODAY))


def sealed(text: str) -> bytes:
    """Something that nobody but a stranger would have put there, with the right sum."""
    return b"%08x" % crc32(text.encode()) + text.encode()


WRONG = {
    "empty": b"",
    "noise": b"\xff" * 40,
    "pickle": b"cos\nsystem\n(S'touch hacked'\ntR.",
    "half": None,
    "sealed noise": sealed("x"),
    "sealed list": sealed("[]"),
    "sealed lists": sealed("[[], [], []]"),
    "sealed mapping": sealed('[{"path": 1}, [], []]'),
    "sealed depth": sealed("[" * 100_000),
}


@pytest.mark.parametrize("bad", WRONG.values(), ids=WRONG)
def test_a_unit_that_was_cut_off_or_placed_by_a_stranger_is_made_again(bad, place):
    put(GOOD[0], place / "decks")
    assert compare()
    units = list(cache_folder().glob("*.unit"))
    whole = [path.read_bytes() for path in units]

    for path in units:
        path.write_bytes(path.read_bytes()[:-1] if bad is None else bad)

    assert compare()
    assert units and [path.read_bytes() for path in units] == whole
    assert not Path("hacked").exists()


def test_a_unit_with_wrong_values_is_made_again(place):
    put(GOOD[0], place / "decks")
    assert compare()
    (path,) = cache_folder().glob("*.unit")
    whole = path.read_bytes()
    head, *columns = whole[8:].decode().split(COLUMN)
    about, problems, names = json.loads(head)
    heads = [[about | {key: 5.5}, problems, names] for key in about] + [[about, [5], names], [about, problems, names[1:]]]

    for wrong in [COLUMN.join([json.dumps(head), *columns]) for head in heads] + [COLUMN.join([head, *columns[:-1], ""])]:
        path.write_bytes(sealed(wrong))
        compare()

    assert compare() and path.read_bytes() == whole


def test_things_are_dealt_out_once_each_whoever_takes_them():
    things, done = list(range(20_000)), []

    made = share_out(lambda one: b"%d" % one, things, 3, lambda all: (done.append(one) or one for one in all))

    assert sorted(map(int, made)) == things == done


def test_what_a_killed_process_had_taken_is_missing_and_nothing_else_is_lost():
    parent = os.getpid()

    def work(one):
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return b"%d" % one

    made = share_out(work, list(range(2_000)), 2)

    assert len({*made}) == len(made) >= 1_999


def start_build(place: Path, cache: str, out: str) -> subprocess.Popen:
    words = [sys.executable, "-m", "flashdeck", "build", "--language", "fr", "--out", out]
    about = {"FLASHDECK_CACHE": str(place / cache), "SOURCE_DATE_EPOCH": "1790000000", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, cwd=place, env=os.environ | about, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def build(place: Path, cache: str, out: str) -> tuple[bytes, bytes]:
    """The package and the ledger of a build."""
    process = start_build(place, cache, out)
    assert process.communicate()[1] == b"" and process.returncode == 0
    return (place / out / "bench-fr.apkg").read_bytes(), (place / "decks" / "bench" / "flashdeck.lock").read_bytes()


def test_builds_at_once_and_builds_that_are_killed_leave_nothing_that_is_not_so(place):
    """In two processes each: there are more notes than one is thought to be enough for."""
    write_flashdeck(place, make_notes(2_000), 20)
    chance = random.Random(7)
    for turn in range(4):
        path = place / "decks" / "bench" / f"cards-{turn:03}.yaml"
        path.write_text(path.read_text().replace("fr: ", f"fr: turn{turn} ", 1))
        both = [start_build(place, "cache", "dist") for _ in range(2)]
        time.sleep(chance.uniform(0.05, 0.4))
        for process in both:
            process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            process.communicate()
        ledger = place / "decks" / "bench" / "flashdeck.lock"
        before = ledger.read_bytes() if ledger.exists() else None

        after = build(place, "cache", "dist")
        if before:
            ledger.write_bytes(before)
        else:
            ledger.unlink()

        assert after == build(place, f"fresh{turn}", f"dist{turn}")
