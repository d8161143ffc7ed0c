"""The one pipeline: with a cache or without, whatever was edited since, the same sources give the same problems and packages."""

import os
import re
import shutil
import time
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import ROOT
from edits import CARDS, EDITS, START, write
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_bad import BAD, GOOD, HINTS, TODAY, code_of, name_of, put, read_expected, to_lines

from flashdeck.anki.package_writer import to_package
from flashdeck.build.cache import NO_CACHE, Cache
from flashdeck.diagnostics.problem import Problem
from flashdeck.pipeline import Project, compile_project, release
from flashdeck.release.ledger import render_ledger
from flashdeck.release.release import Release

NOW = 1_800_000_000
DECKS = Path("decks")


def compile_here(
    cache: Cache = NO_CACHE, languages: list[str] | None = None, today: date = TODAY, hints: bool = False
) -> Project:
    return compile_project([DECKS], today, cache, languages, hints=hints)


def release_all(project: Project, languages: list[str], now: int = NOW) -> tuple[Release, dict[str, bytes]]:
    """A release, and the bytes of a package of all notes in each language, and of all that decks override."""
    made = release(project, languages, now)
    parts = {code: [note for (_, language), note in made.notes.items() if language == code] for code in languages}
    parts |= {
        f"{code}, overridden": [note for (*_, language), note in made.overrides.items() if language == code] for code in languages
    }
    return made, {name: to_package(notes, made.times) for name, notes in parts.items()}


def write_ledgers(project: Project, now: int) -> None:
    """What a release leaves in the sources."""
    for ledger in release(project, project.languages, now).ledgers.values():
        ledger.path.write_text(render_ledger(ledger), encoding="utf-8")


def assert_same(found: Project, expected: Project, languages: list[str] | None = None) -> None:
    """That two compiled projects are the same in all that commands take of them; notes in some languages (all, if None)."""
    assert found.problems == expected.problems
    assert (found.ok, found.ledgers, found.languages) == (expected.ok, expected.ledgers, expected.languages)
    if expected.ok:
        codes = [code for code in expected.languages if languages is None or code in languages]
        assert [found.notes(code) for code in codes] == [expected.notes(code) for code in codes]
        assert release_all(found, codes) == release_all(expected, codes)


# Every source, without a cache, with an empty one and with a full one


@pytest.mark.parametrize("path", [*BAD, *GOOD], ids=name_of)
def test_every_source_gets_its_problems_cold_and_warm_and_without_a_cache(path, tmp_path, monkeypatch):
    put(path, tmp_path / "decks")
    monkeypatch.chdir(tmp_path)
    cache = Cache(tmp_path / "cache")

    cold, warm, without = (compile_here(one, hints=code_of(path) in HINTS) for one in (cache, cache, NO_CACHE))

    for project in (cold, warm, without):
        assert to_lines(path, project.problems) == read_expected(path)
    assert_same(cold, without)
    assert_same(warm, without)


def test_our_own_decks_are_the_same_cold_and_warm_and_without_a_cache(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "decks", tmp_path / "decks")
    monkeypatch.chdir(tmp_path)
    cache = Cache(tmp_path / "cache")
    without = compile_here()

    assert without.ok
    for languages in (None, ["fr"], [], None):
        assert_same(compile_here(cache, languages), without, languages)


NEEDING_OTHERS = {
    "x/deck.yaml": "id: x\nname: X\nlanguages: [en, fr]\n",
    "x/a.yaml": "kind: basic\ncards:\n  - {id: one, question: q1, answer: r1}\n"
    "  - {id: old, question: q2, answer: r2, retired: {since: 2026-11, why: w, replaced_by: y/new}}\n",
    "x/flashdeck.lock": "flashdeck ledger 1\n"
    "note old@en basic 0 0123456789abcdef 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z\nend\n",
    "y/deck.yaml": "id: y\nname: Y\nlanguages: [en, fr]\n",
    "y/b.yaml": "kind: basic\ncards:\n  - {id: new, question: 'q3 ![a map](map.png)', answer: r3}\n"
    "  - {override: x/one, answer: 'r4 ![a map](mine.png)', reference: book}\n",
    "y/references.yaml": "references:\n  - {id: book, title: A Book, publisher: P, issued: 2020}\n",
    "y/map.png": "a map",
    "y/mine.png": "my map",
}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("y/references.yaml", "A Book", "Another Book"),
        ("y/references.yaml", "id: book", "id: books"),
        ("y/map.png", "a map", "another map"),
        ("y/mine.png", "my map", "my other map"),
        ("y/b.yaml", "q3", "q5"),
        ("y/b.yaml", "x/one", "x/two"),
        ("y/deck.yaml", "en, fr", "fr"),
        ("x/deck.yaml", "name: X", "name: Z"),
        ("x/a.yaml", "r1", "r5"),
    ],
)
def test_a_card_that_needs_other_files_changes_with_all_that_it_shows(name, old, new, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache, path = Cache(tmp_path / "cache", time.time_ns()), DECKS / name
    for file, text in NEEDING_OTHERS.items():
        (DECKS / file).parent.mkdir(parents=True, exist_ok=True)
        (DECKS / file).write_text(text)
    before = compile_here(cache)
    path.write_text(path.read_text().replace(old, new))

    after = compile_here(cache)

    assert before.ok
    assert_same(after, compile_here())
    assert (after.problems, after.facts.completed) != (before.problems, before.facts.completed)


LACKING = {
    "deck.yaml": "id: x\nname: X\nlanguages: [en]\n",
    "a.yaml": "cards:\n  - {id: one, kind: mine, word: w}\n",
    "b.yaml": "kind: basic\nreference: book\ncards:\n  - {id: two, question: 'q ![a map](map.png)', answer: r}\n"
    "  - {id: old, question: s, answer: r, retired: {since: 2026-11, why: w, replaced_by: new}}\n",
}
LATER = {
    "unknown-kind": {
        "kinds/mine/kind.yaml": "fields: {word: {}}\n",
        "kinds/mine/front.html": "{{Word}}",
        "kinds/mine/back.html": "{{Word}}",
    },
    "": {"c.yaml": "references:\n  - {id: booklet, title: T, publisher: P}\n"},  # another help is proposed
    "unknown-reference": {"c.yaml": "references:\n  - {id: book, title: T, publisher: P}\n"},
    "missing-media": {"media/map.png": "a map"},
    "unknown-card": {"d.yaml": "cards:\n  - {id: new, kind: basic, question: t, answer: r}\n"},
}


def test_what_comes_later_is_found_by_the_files_that_lacked_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache, texts = Cache(tmp_path / "cache", time.time_ns()), LACKING
    codes = {*LATER} - {""}
    for code in [*LATER, ""]:
        for name, text in texts.items():
            (DECKS / name).parent.mkdir(parents=True, exist_ok=True)
            (DECKS / name).write_text(text)

        found = compile_here(cache)

        assert {problem.code for problem in found.problems} == codes
        assert_same(found, compile_here())
        codes, texts = codes - {code}, LATER[code]


OWN = {
    "deck.yaml": "id: x\nname: X\nlanguages: [en]\n",
    "a.yaml": "kind: own\ncards:\n  - {id: one, word: w, meaning: m}\n  - {id: two, word: v, meaning: m}\n",
    "kinds/own/kind.yaml": "fields:\n  word: {required: true}\n  meaning: {}\n  note: {}\n",
    "kinds/own/front.html": "{{Word}}",
    "kinds/own/back.html": "{{Meaning}}",
}


@pytest.mark.parametrize(
    ("name", "old", "new", "codes"),
    [
        ("kinds/own/kind.yaml", "note: {}", "note: {required: true}", {"missing-field"}),
        ("kinds/own/kind.yaml", "meaning: {}", "meanings: {}", {"unknown-key", "unknown-field"}),
        ("kinds/own/front.html", "Word", "Meaning", {"same-front"}),
        ("kinds/own/back.html", "Meaning", "Word", set()),
    ],
)
def test_the_cards_of_a_kind_change_with_all_of_its_files(name, old, new, codes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = Cache(tmp_path / "cache", time.time_ns())
    for file, text in OWN.items():
        (DECKS / file).parent.mkdir(parents=True, exist_ok=True)
        (DECKS / file).write_text(text)
    assert compile_here(cache).problems == ()
    (DECKS / name).write_text(OWN[name].replace(old, new))

    after = compile_here(cache)

    assert {problem.code for problem in after.problems} == codes
    assert_same(after, compile_here())


# An unrelated mistake changes nothing


def to_unrelated(words: list[str]) -> dict[str, tuple[dict[str, str], list[str]]]:
    """Decks with a mistake each: their files, and the codes that follow. One that cannot be read has `words` in a text."""
    card = "  - {id: unrelated-1, question: 'an unrelated question', answer: this, distractors: [that]}\n"
    head, other = "kind: choice\ncards:\n", card.replace("unrelated-1", "unrelated-2").replace("question'", "one'")
    broken = f"  - id: unrelated-3\n    question: 'see' {' '.join(words)} and more\n    answer: this\n    distractors: [that]\n"
    reference = "references:\n  - {id: unrelated-r, title: an unrelated title, publisher: P}\n"
    return {
        "wrong course": (
            {"a.yaml": head + card + "courses:\n  - {id: unrelated-c, include: {tags: [unrelated-tag]}}\n"},
            ["unknown-tag"],
        ),
        "unknown key": ({"a.yaml": head + card.replace("answer:", "anwser:")}, ["unknown-key"]),
        "unknown kind": ({"a.yaml": head + card.replace("question:", "kind: unrelated-kind, question:")}, ["unknown-kind"]),
        "duplicate id": ({"a.yaml": head + card, "b.yaml": head + other.replace("-2", "-1")}, ["duplicate-id"]),
        "broken card": ({"a.yaml": head + card + broken + other}, ["yaml-syntax"]),
        "broken reference": (
            {"a.yaml": reference + '  - {id: unrelated-s, title: "never closed, publisher: P}\n'},
            ["yaml-syntax"],
        ),
        "broken rest": ({"a.yaml": head + card, "b.yaml": head + other + 'courses: "never closed\n'}, ["yaml-syntax"]),
    }


# What a card that cannot be read may lack in a course is no mistake for sure.
MAY_BE_LOST = {"broken card": {"empty-course"}, "broken rest": {"empty-course"}}


def without_help(problems: tuple[Problem, ...]) -> list[Problem]:
    """Problems without what they propose: that may be what an unrelated deck has."""
    return sorted(problem._replace(help="") for problem in problems)


def quoted(problems: tuple[Problem, ...]) -> list[str]:
    """The names that problems speak of, but for tags: those may well stand in a card that cannot be read."""
    names = [re.findall(r"'([\w./-]+)'", problem.message) for problem in problems if problem.code != "unknown-tag"]
    return sorted({name for some in names for name in some})


@pytest.mark.parametrize("path", [*BAD, *GOOD], ids=name_of)
def test_an_unrelated_mistake_adds_itself_and_changes_nothing_else(path, tmp_path, monkeypatch):
    put(path, tmp_path / "decks")
    monkeypatch.chdir(tmp_path)
    alone = compile_here().problems
    before = without_help(alone)
    for what, (files, codes) in to_unrelated(quoted(alone)).items():
        folder = DECKS / "unrelated"
        folder.mkdir()
        for name, text in files.items() | {("deck.yaml", "id: unrelated\nname: Unrelated\nlanguages: [en]\n")}:
            (folder / name).write_text(text, encoding="utf-8")

        together = compile_here().problems

        own = tuple(problem for problem in together if Path(problem.spot.path).is_relative_to(folder))
        others = without_help(tuple(problem for problem in together if problem not in own))
        if what == "wrong course" and path.name in ("unreadable-file", "link-outside"):
            codes = []  # a file that cannot be read may have the tag
        assert [problem.code for problem in own] == codes, what
        lost = [problem for problem in before if problem not in others]
        assert {problem.code for problem in lost} <= MAY_BE_LOST.get(what, set()), what
        assert [problem for problem in before if problem not in lost] == others, what
        shutil.rmtree(folder)


# Whatever is edited

KIND = {
    "one/kinds/own/kind.yaml": "fields:\n  word: {required: true}\n  meaning: {required: true}\n",
    "one/kinds/own/front.html": "{{Word}}",
    "one/kinds/own/back.html": "{{Meaning}}",
    "one/kinds/own/style.css": ".own {}",
}
FILES = KIND | {"one/notes.txt": "", "one/media/x.png": "picture", "one/sub/.hidden/y.png": "hidden"}
MORE = {
    **START,
    "one/sub/own.yaml": "kind: own\ncards:\n"
    "  - {id: own-1, word: w, meaning: 'm ![x](x.png)'}\n"
    "  - {id: own-2, kind: statistic, claim: c, date: 2018, reference: book, review_by: 2026-12-01}\n"
    "  - {id: own-3, kind: basic, question: 'hidden ![y](.hidden/y.png)', answer: r}\n",
}
MORE_EDITS = [
    *EDITS,
    ("kind: own", "kind: owns"),
    ("kind: owns", "kind: own"),
    ("word: w", "word: qa0"),
    ("![x](x.png)", "![y](.hidden/y.png)"),
    ("word: {required: true}", "word: {required: true, name: Term}"),
    ("{{Meaning}}", "{{Meaning}} {{Extra}}"),
    ("{{Word}}", "{{Word"),
    ("{{Word\n", "{{Word}}"),
    (".own {}", ".own { color: red }"),
    ("languages: [fr, en]", "langauges: [fr, en]"),
    ("langauges: [fr, en]", "languages: [fr, en]"),
    ("name: One", "name: {fr: Un, en: One}"),
    ("id: one\n", "id: one\n# a comment\n"),
    ("tags: [core]", "tags: [core], sensitive: true"),
    ("tags: [core]", "tags: [core], deck: Part"),
    ("deck: Part", "deck: Other"),
    ("- {id: course,", "- {id: other, cards: [one/a0, two/c1]}\n  - {id: course,"),
    ("replaced_by: b1", "replaced_by: own-3"),
    ("replaced_by: own-3", "replaced_by: two/c1"),
    ("answer: c", "answer: C"),
]


PICTURES = ["one/media/x.png", "one/sub/.hidden/y.png", "two/x.png"]


class Editing(RuleBasedStateMachine):
    """Decks that somebody edits, releases and checks, always with one cache."""

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory()
        self.inside = chdir(self.place.name)
        self.inside.__enter__()
        self.cache = Cache(Path(self.place.name) / "cache")
        self.texts: dict[str, str] = {}
        self.languages: list[str] | None = None
        self.today = TODAY
        self.ok = False
        self.now = NOW - 10_000_000

    def teardown(self) -> None:
        self.inside.__exit__(None, None, None)
        self.place.cleanup()

    @initialize()
    def start(self) -> None:
        self.put_back()
        assert compile_here().ok

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        fitting = {name: [edit for edit in MORE_EDITS if edit[0] in text] for name, text in sorted(self.texts.items())}
        name = data.draw(st.sampled_from([name for name, edits in fitting.items() if edits]))
        old, new = data.draw(st.sampled_from(fitting[name]))
        self.texts[name] = self.texts[name].replace(old, new, 1)
        self.save()

    @rule(name=st.sampled_from("xyz"), folder=st.sampled_from(["one", "one/sub", "two"]))
    def add_a_file(self, name: str, folder: str) -> None:
        cards = CARDS.replace("ID", name)
        self.texts[f"{folder}/{name}.yaml"] = cards.replace("fr:", "de:") if folder == "two" else cards
        self.save()

    @precondition(lambda self: len(self.texts) > 5)
    @rule(data=st.data())
    def remove_a_file(self, data: st.DataObject) -> None:
        self.texts.pop(data.draw(st.sampled_from(sorted(self.texts))))
        self.save()

    @rule(data=st.data())
    def rename_a_file(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([name for name in sorted(self.texts) if name.endswith(".yaml")]))
        if not name.endswith(("deck.yaml", "kind.yaml")):
            self.texts[name.replace(".yaml", "-.yaml")] = self.texts.pop(name)
            self.save()

    @rule(name=st.sampled_from(PICTURES), data=st.integers(0, 9))
    def save_a_picture(self, name: str, data: int) -> None:
        self.texts[name] = f"picture {data}"
        self.save()

    @rule()
    def save_all_as_they_are(self) -> None:
        for name in self.texts:
            os.utime(DECKS / name)

    @rule(days=st.sampled_from([0, 8, 9]))
    def wait(self, days: int) -> None:
        self.today = TODAY + timedelta(days)

    @rule(languages=st.sampled_from([None, ["en"], ["fr"], ["de", "en"], []]))
    def ask_for_languages(self, languages: list[str] | None) -> None:
        self.languages = languages

    @rule()
    @precondition(lambda self: self.ok)
    def release(self) -> None:
        self.now += 1000
        write_ledgers(compile_here(self.cache, today=self.today), self.now)

    @rule()
    def lose_the_ledgers(self) -> None:
        for ledger in DECKS.rglob("*.lock"):
            ledger.unlink()

    @rule()
    def put_back(self) -> None:
        """All as at the start, but for the ledgers: else mistakes would only become more."""
        self.texts = MORE | FILES
        self.save()

    @invariant()
    def what_is_kept_is_what_is_so(self) -> None:
        if self.texts:  # from the start on
            found = compile_here(self.cache, self.languages, self.today)
            assert_same(found, compile_here(today=self.today), self.languages)
            self.ok = found.ok

    def save(self) -> None:
        for path in [path for path in DECKS.rglob("*") if path.is_file() and path.suffix != ".lock"]:
            if path.relative_to(DECKS).as_posix() not in self.texts:
                path.unlink()
        write(self.texts, DECKS)


TestEditing = Editing.TestCase
# To find the shortest way to a mistake takes minutes: add Phase.shrink to have it.
TestEditing.settings = settings(max_examples=8, stateful_step_count=20, phases=(Phase.reuse, Phase.generate))
