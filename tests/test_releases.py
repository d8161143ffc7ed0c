"""The second release and the third: nobody loses anything, and every correction arrives. In the real Anki, old and new."""

import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from anki.collection import Collection
from anki.import_export_pb2 import ImportCsvRequest
from conftest import ROOT, counts, find_old_anki, import_package
from hypothesis import given, settings
from hypothesis import strategies as st

from flashdeck.anki.note import LeftOut
from flashdeck.pipeline import compile_project, release
from flashdeck.release.ledger import FIRST, LAST, NAME, read_ledger, render_ledger, to_short, to_text
from flashdeck.release.packages import Target, make_release
from flashdeck.release.release import Release
from flashdeck.release.stamp import Wish
from flashdeck.release.update_text import render_update, select_changed
from flashdeck.sources.files import Files, write_file

NOW = int(time.time())


@dataclass(frozen=True)
class Written:
    """A card as a history has it."""

    id: str
    kind: str
    text: int = 0  # which wording
    tags: tuple[str, ...] = ()
    retired: bool = False

    def to_yaml(self) -> str:
        words = f"{self.id} in its wording {self.text}"
        texts = {
            "basic": f"question: What is {words}?, answer: 'the \"answer\" {self.text} of {self.id}', both_ways: true",
            "cloze": f"text: '{words} {{{{c1::has}}}} a {{{{c2::gap::hint}}}}'",
            "choice": f"question: Which is {words}?, answer: this, distractors: [that, number {self.text}]",
        }[self.kind]
        retired = ", retired: {since: 2026-11, why: it was wrong}" if self.retired else ""
        return f"  - {{id: {self.id}, kind: {self.kind}, tags: [{', '.join(self.tags)}], {texts}{retired}}}\n"


def write_deck(folder: Path, cards: tuple[Written, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deck.yaml").write_text("id: deck\nname: Deck\nlanguages: [en]\n")
    (folder / "cards.yaml").write_text("cards:\n" + "".join(card.to_yaml() for card in cards))


def publish(folder: Path, out: Path, now: int, wish: Wish | None = None) -> Release:
    """Releases a deck: its package, the update text from the release before (if there is one), and its ledger."""
    compiled = compile_project([folder])
    assert compiled.problems == ()
    released = release(compiled, ["en"], now, wish)
    deck = next(iter(compiled.frame.decks.values()))
    target = Target(deck, "en")
    package, *texts = make_release(target, target.select(released).notes, released, deck)
    write_file(out, package.data)
    for text in reversed(texts):  # the latest first
        write_file(out.with_suffix(".txt"), text.data)
    keep(released, folder)
    return released


def keep(released: Release, *folders: Path) -> None:
    """Writes the ledgers of decks as they are once all packages of a release are written."""
    for folder in folders:
        text = render_ledger(released.ledgers[folder.name].complete())
        (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


@st.composite
def histories(draw):
    """Three states of a deck: cards reworded, tagged, added and retired from one to the next."""
    kinds = draw(st.lists(st.sampled_from(["basic", "cloze", "choice"]), min_size=3, max_size=6))
    states = [tuple(Written(f"n{at}", kind) for at, kind in enumerate(kinds))]
    for _ in range(2):
        cards = []
        for card in states[-1]:
            change = draw(st.sampled_from(["none", "none", "reword", "tag", "retire"]))
            if change == "reword":
                card = replace(card, text=card.text + 1)
            elif change == "tag":
                card = replace(card, tags=(*card.tags, f"t{len(card.tags)}"))
            elif change == "retire":
                card = replace(card, retired=True)
            cards.append(card)
        for _ in range(draw(st.integers(0, 2))):
            cards.insert(draw(st.integers(0, len(cards))), Written(f"n{len(cards)}", draw(st.sampled_from(["basic", "cloze"]))))
        states.append(tuple(cards))
    return states


SCHEDULE = """
    select id, nid, ord, type, queue, due, ivl, factor, reps, lapses, left, odue, odid, flags, data, did from cards order by id
"""
REVIEWS = "select * from revlog order by id"


@contextmanager
def collection():
    with TemporaryDirectory() as folder:
        col = Collection(str(Path(folder) / "c.anki2"))
        try:
            yield col
        finally:
            col.close()


def study(col: Collection) -> None:
    """Answers some cards, each another way."""
    for ease in (3, 1, 4, 2, 3):
        if card := col.sched.getCard():
            col.sched.answerCard(card, ease)


def notes_of(col: Collection) -> dict[str, dict]:
    found = {}
    for id in col.find_notes(""):
        note = col.get_note(id)
        found[note.guid.partition("/")[2].partition("@")[0]] = {"fields": note.fields, "tags": sorted(note.tags)}
    return found


def edit(col: Collection, id: str, at: int) -> None:
    """What a learner does with a note at the Unix time `at`."""
    note = col.get_note(col.db.scalar("select id from notes where guid = ?", f"deck/{id}@en"))
    note.fields[0] += " (as I say it)"
    note["My notes"] = "mine"
    note.tags += ["own", "marked"]
    col.update_note(note)
    col.sched.suspend_cards(note.card_ids()[:1])
    col.set_deck(note.card_ids()[1:], col.decks.id("My own deck"))
    col.db.execute("update notes set mod = ? where id = ?", at, note.id)


@settings(max_examples=50)
@given(histories(), st.data())
def test_over_three_releases_nobody_loses_anything_and_every_correction_arrives(states, data):
    unchanged = [card.id for card in states[0] if all(any(other == card for other in state) for state in states[1:])]
    edited = data.draw(st.sets(st.sampled_from(unchanged), max_size=2)) if unchanged else set()
    skips = data.draw(st.booleans())
    with collection() as col, TemporaryDirectory() as folder:
        packages, releases = [], []
        for at, cards in enumerate(states):
            write_deck(Path(folder, "deck"), cards)
            packages.append(Path(folder, f"v{at}.apkg"))
            releases.append(publish(Path(folder, "deck"), packages[-1], NOW - 3000 + 1000 * at, Wish(with_tags=True)))
        assert counts(import_package(col, packages[0])) == {"new": len(states[0])}
        study(col)
        for id in edited:
            edit(col, id, NOW - 2500)  # after the first release and before the second is built
        css = {model["name"]: model["css"] + "\n.mine {}" for model in col.models.all() if model["name"].startswith("deck ")}
        for model in col.models.all():
            if model["name"] in css:
                col.models.update_dict(model | {"css": css[model["name"]]})
        col.db.execute("update notetypes set mtime_secs = ?", NOW - 2500)
        own = {id: notes_of(col)[id] for id in edited}

        for package in packages[2 if skips else 1 :]:
            before = {row[0]: row for row in col.db.all(SCHEDULE)}, col.db.all(REVIEWS)
            assert "conflicting" not in counts(import_package(col, package))
            after = {row[0]: row for row in col.db.all(SCHEDULE)}
            assert {id: after[id] for id in before[0]} == before[0]
            assert col.db.all(REVIEWS) == before[1]

        found = notes_of(col)
        assert {id: found[id] for id in edited} == own
        assert {model["name"]: model["css"] for model in col.models.all() if model["name"] in css} == css
        for (_, _), note in releases[-1].notes.items():
            id = note.guid.partition("/")[2].partition("@")[0]
            if id not in edited:
                assert found[id] == {"fields": list(note.fields), "tags": sorted(note.tags)}
        retired = sorted(card.id for card in states[-1] if card.retired and f"deck/{card.id}@en" in releases[-1].times.notes)
        assert sorted(id for id, note in found.items() if "flashdeck::retired" in note["tags"]) == retired
        assert col.get_empty_cards().report == ""


@settings(max_examples=25)
@given(histories(), st.sampled_from([NOW - 2500, NOW]))
def test_the_update_text_corrects_what_a_learner_edited_and_keeps_what_is_theirs(states, edited):
    with collection() as col, TemporaryDirectory() as folder:
        write_deck(Path(folder, "deck"), states[0])
        publish(Path(folder, "deck"), Path(folder, "v0.apkg"), NOW - 3000)
        import_package(col, Path(folder, "v0.apkg"))
        study(col)
        for card in states[0]:
            edit(col, card.id, edited)
        own = notes_of(col)
        write_deck(Path(folder, "deck"), states[1])
        latest = publish(Path(folder, "deck"), Path(folder, "v1.apkg"), NOW - 1000)
        before = {row[0]: row for row in col.db.all(SCHEDULE)}, col.db.all(REVIEWS)

        text = Path(folder, "v1.txt")
        if text.exists():
            col.import_csv(ImportCsvRequest(path=str(text), metadata=col.get_csv_metadata(str(text), None)))
        import_package(col, Path(folder, "v1.apkg"))

        after = {row[0]: row for row in col.db.all(SCHEDULE)}
        assert ({id: after[id] for id in before[0]}, col.db.all(REVIEWS)) == before
        found = notes_of(col)
        for card, new in [(card, new) for card in states[0] for new in states[1] if card.id == new.id]:
            fields = list(latest.notes[f"deck/{card.id}", "en"].fields)
            if card == replace(new, tags=card.tags):  # tags alone wait for the next correction
                assert found[card.id] == own[card.id]
            elif not new.retired:
                assert found[card.id] == {"fields": [*fields[:-1], "mine"], "tags": own[card.id]["tags"]}


def test_the_update_text_has_what_changed_since_a_release_and_nothing_that_was_withdrawn(tmp_path):
    one, two, three, four = (Written(id, "basic") for id in ("one", "two", "three", "four"))
    states = [
        (one, two, three, four),
        (replace(one, text=1), two, three, four),
        (replace(one, text=1), replace(two, text=1), replace(three, retired=True), four, Written("new", "basic")),
    ]
    for at, cards in enumerate(states):
        write_deck(tmp_path / "deck", cards)
        last = publish(tmp_path / "deck", tmp_path / "v.apkg", NOW - 3000 + 1000 * at)
    notes = last.notes.values()

    times = [to_text(NOW - 3000 + 1000 * at) for at in range(3)]
    changed = [[note.card for note in select_changed(notes, last.ledgers, time)] for time in times]

    assert changed == [["one", "two"], ["two"], []]
    note = last.notes["deck/one", "en"]
    assert render_update([note]) == (
        "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n"
        f"deck/one@en\t{note.type.id}\tDeck\tWhat is one in its wording 1?\t"
        '"the ""answer"" 1 of one"\t1\t\t\t\t\n'
    )


def test_the_update_text_has_every_field_of_a_note_type_from_elsewhere(deck, tmp_path):
    cards = "kind: pair\ncards: [{id: one, front: a, back: b%d}]\n"
    kind = {
        "kind_yaml": "anki: {name: Pair}\nfields: {front: {}, back: {}}\n",
        "front_html": "{{Front}}",
        "back_html": "{{Back}}",
    }
    for at in (0, 1):
        folder = deck(cards % at, **{f"kinds__pair__{name}": text for name, text in kind.items()}) / "test"
        last = release(compile_project([folder]), ["en"], 100 + at)
        keep(last, folder)

    rows = render_update(select_changed(last.notes.values(), last.ledgers, to_text(100))).splitlines()[5:]

    assert rows == ["test/one@en\tPair\tTest\ta\tb1"]  # by its name: of its id nothing is known


@pytest.mark.parametrize("name", ["Test", "2024"])
def test_the_update_text_finds_note_types_that_anki_renamed_and_decks_whose_names_are_numbers(name, deck, cli, col, tmp_path):
    """A learner has note types of these names already, so Anki calls ours `Basic+` and `deck+`."""
    kinds = {
        "kinds__pair__kind_yaml": "anki: {name: Basic, id: 1600000000000}\nfields: {front: {}, back: {}, more: {}}\n",
        "kinds__pair__front_html": "{{Front}}",
        "kinds__pair__back_html": "{{Back}}",
    }
    cards = "cards: [{id: one, kind: pair, front: a, back: b%d}, {id: two, kind: basic, question: a, answer: b%d}]\n"
    about = f"id: test\nname: '{name}'\nlanguages: [en]\n"
    col.models.add(col.models.by_name("Cloze") | {"id": 0, "name": "test basic (en)"})
    for at in (0, 1):
        deck(cards % (at, at), about, **kinds)
        assert cli("release", SOURCE_DATE_EPOCH=str(1_700_000_000 + at)).code == 0
        if at == 0:
            import_package(col, tmp_path / "dist" / "test-en.apkg")
    names = {col.get_note(id).note_type()["name"] for id in col.find_notes("")}

    (path,) = map(str, (tmp_path / "dist").glob("*.txt"))
    log = col.import_csv(ImportCsvRequest(path=path, metadata=col.get_csv_metadata(path, None))).log

    assert (names, len(log.updated), log.found_notes) == ({"Basic+", "test basic (en)+"}, 2, 2)
    assert sorted(note.fields[1] for note in map(col.get_note, col.find_notes(""))) == ["b1", "b1"]


def test_a_retired_card_is_found_by_one_search_and_new_learners_get_no_card_of_it(tmp_path):
    before = (Written("old", "basic"), Written("kept", "basic"))
    write_deck(tmp_path / "deck", before)
    publish(tmp_path / "deck", tmp_path / "v0.apkg", NOW - 3000)
    write_deck(tmp_path / "deck", (replace(before[0], retired=True), before[1], Written("never", "basic", retired=True)))
    publish(tmp_path / "deck", tmp_path / "v1.apkg", NOW - 2000)
    with collection() as old, collection() as new:
        import_package(old, tmp_path / "v0.apkg")
        import_package(old, tmp_path / "v1.apkg")
        import_package(new, tmp_path / "v1.apkg")

        note = old.get_note(old.find_notes("tag:flashdeck::retired")[0])
        assert note["Retired"] == "it was wrong (November 2026)"
        assert note["Question"] == "What is old in its wording 0?"
        assert len(old.find_cards("tag:flashdeck::retired")) == 2
        assert old.card_count() == 4
        assert new.find_cards("tag:flashdeck::retired") == []
        assert new.card_count() == 2
        assert "never" not in notes_of(new)


def test_a_changed_style_arrives_once_and_an_unchanged_one_never_overwrites_the_learners(tmp_path):
    write_deck(tmp_path / "deck", (Written("one", "basic"),))
    first = publish(tmp_path / "deck", tmp_path / "v0.apkg", NOW - 3000)
    again = publish(tmp_path / "deck", tmp_path / "v1.apkg", NOW - 2000)

    assert first.times == again.times
    assert (tmp_path / "v0.apkg").read_bytes() == (tmp_path / "v1.apkg").read_bytes()


def test_rewording_one_language_leaves_the_other_alone(deck, tmp_path):
    card = "kind: basic\ncards:\n  - {id: one, question: {fr: %s, en: a}, answer: b}\n"
    folder = deck(card % "un") / "test"
    times = []
    for now, text in ((100, "un"), (200, "une")):
        (folder / "cards.yaml").write_text(card % text)
        released = release(compile_project([folder]), ["fr", "en"], now)
        keep(released, folder)
        times.append(released.times.notes)

    assert times == [{"test/one@fr": 100, "test/one@en": 100}, {"test/one@fr": 200, "test/one@en": 100}]


def test_building_one_language_keeps_what_is_known_of_the_others(deck):
    folder = deck("kind: basic\ncards:\n  - {id: one, question: a, answer: b}\n") / "test"
    released = release(compile_project([folder]), ["fr", "en"], 100)
    keep(released, folder)

    only = release(compile_project([folder]), ["fr"], 200)

    assert only.ledgers == {"test": released.ledgers["test"].complete()}


def write_two(place: Path, languages: str = "en") -> list[Path]:
    """Two decks of a card each; the second, in some languages, words that of the first otherwise."""
    texts = {
        "one": "deck: {fr: Un, en: One}\nkind: basic\ncards:\n  - {id: a, question: qa, answer: ra}\n",
        "two": "kind: basic\ncards:\n  - {id: b, question: qb, answer: rb}\n  - {override: one/a, extra: more}\n",
    }
    for id, text in texts.items():
        (place / id).mkdir(parents=True)
        (place / id / "deck.yaml").write_text(f"id: {id}\nname: Deck\nlanguages: [{'fr, en' if id == 'one' else languages}]\n")
        (place / id / "cards.yaml").write_text(text)
    return [place / id for id in texts]


def test_each_deck_has_note_types_of_its_own(tmp_path):
    released = release(compile_project(write_two(tmp_path)), ["en"], 100)

    types = {note.full_id: note.type.name for note in (*released.notes.values(), *released.overrides.values())}
    assert types == {"one/a": "one basic (en)", "two/b": "two basic (en)"}
    assert len(released.times.types) == 2
    assert {id: [*ledger.types] for id, ledger in released.ledgers.items()} == {"one": ["basic@en"], "two": ["basic@en"]}


def test_a_deck_releases_what_it_words_otherwise_in_its_own_languages_only(tmp_path):
    released = release(compile_project(write_two(tmp_path, "fr")), ["fr", "en"], 100)

    assert {id: sorted(ledger.notes) for id, ledger in released.ledgers.items()} == {
        "one": ["a@en", "a@fr"],
        "two": ["b@fr", "one/a@fr"],
    }
    assert {id: sorted(ledger.decks.values()) for id, ledger in released.ledgers.items()} == {
        "one": ["Deck::One", "Deck::Un"],
        "two": ["Deck"],
    }


def test_a_part_of_a_deck_with_only_withdrawn_cards_is_none_that_learners_have(deck):
    cards = "kind: basic\ncards:\n  - {id: one, question: a, answer: b}\n  - {id: two, question: c, answer: d%s}\n"
    folder = deck(cards % "") / "test"
    keep(release(compile_project([folder]), ["fr", "en"], 100), folder)
    (folder / "cards.yaml").write_text(cards % ", deck: Old, retired: {since: 2026-11, why: w}")

    released = release(compile_project([folder]), ["fr", "en"], 200)

    assert released.ledgers["test"].decks == {to_short("Test"): "Test"}
    assert released.ledgers["test"].notes["two@en"].templates == "retired"


def test_a_ledger_that_git_wrote_with_the_line_ends_of_windows_says_the_same(deck):
    folder = deck("kind: basic\ncards:\n  - {id: one, question: a, answer: b}\n") / "test"
    released = release(compile_project([folder]), ["fr", "en"], 100)
    (folder / NAME).write_bytes(render_ledger(released.ledgers["test"].complete()).replace("\n", "\r\n").encode())

    project = compile_project([folder])

    assert (project.problems, project.ledgers) == ((), {"test": released.ledgers["test"].complete()})


def test_two_branches_that_add_cards_merge_their_ledgers_by_themselves(project):
    def git(*words: str) -> str:
        words = ("-c", "user.name=x", "-c", "user.email=x@example.org", *words)
        return subprocess.run(["git", *words], cwd=project, check=True, capture_output=True, encoding="utf-8").stdout

    shutil.copy(ROOT / ".gitattributes", project)
    git("add", "-A")
    git("commit", "-qm", "both")
    main = git("rev-parse", "--abbrev-ref", "HEAD").strip()
    (first,) = compile_project([project / "decks"]).ledgers["custom"].releases
    for at, branch in enumerate(("one", "two")):
        git("checkout", "-q", "-b", branch, main)
        path = project / "decks" / "custom" / f"{branch}.yaml"
        path.write_text(
            f"kind: basic\nreference: ncmec-impact\ncards:\n  - {{id: iwf-{branch}, question: {branch}?, answer: a}}\n"
        )
        keep(release(compile_project([project / "decks"]), ["fr", "en"], NOW - 50 + at), project / "decks" / "custom")
        git("add", "-A")
        git("commit", "-qm", branch)
    git("merge", "-q", "-m", "merge", "one")

    merged = compile_project([project / "decks"])

    assert merged.problems == ()
    assert release(merged, ["fr", "en"], NOW + 1).ledgers == merged.ledgers
    assert merged.ledgers["custom"].heads == (to_text(NOW - 50), to_text(NOW - 49))
    assert merged.ledgers["custom"].completed == (first,)


def test_locked_fails_and_writes_nothing_while_something_is_not_released(deck, cli, tmp_path):
    decks = deck("kind: basic\ncards:\n  - {id: one, question: a, answer: b}\n")

    behind = cli("release", decks, "--locked")
    released = cli("release", decks)
    locked = cli("release", decks, "--locked", "--out", "again")

    assert (behind.code, released.code, locked.code) == (1, 0, 0)
    assert behind.err == "not everything is released: run 'flashdeck release' and commit the ledger\n"
    packages = [{path.name: path.read_bytes() for path in (tmp_path / out).glob("*.apkg")} for out in ("dist", "again")]
    assert packages[0] == packages[1] != {}


# ---- old Ankis, in environments of their own ---------------------------------------------------------------------------

OLD = """
import json, os, sys, tempfile
import anki.lang
anki.lang.set_lang("en")
from anki.collection import Collection
col = Collection(os.path.join(tempfile.mkdtemp(), "c.anki2"))
for step in json.loads(sys.argv[1]):
    if step["do"] == "import" and sys.argv[2] == "legacy":
        from anki.importing.apkg import AnkiPackageImporter
        AnkiPackageImporter(col, step["path"]).run()
    elif step["do"] == "import":
        from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest
        col.import_anki_package(ImportAnkiPackageRequest(package_path=step["path"], options=ImportAnkiPackageOptions()))
    elif step["do"] == "study":
        for ease in (3, 1, 2):
            card = col.sched.getCard()
            if card:
                card.timer_started = card.timerStarted = __import__("time").time()
                col.sched.answerCard(card, ease)
        note = col.get_note(col.db.scalar("select id from notes where guid = ?", step["edit"]))
        note["My notes"] = "mine"
        note.tags.append("own")
        (col.update_note if hasattr(col, "update_note") else lambda note: note.flush())(note)
    elif step["do"] == "date":  # as if what was imported had been imported then
        col.db.execute("update notes set mod = ? where mod > ?", step["at"], step["at"])
rows = col.db.all("select guid, flds, tags from notes order by guid")
cards = col.db.all(
    "select n.guid, c.ord, c.type, c.queue, c.ivl, c.factor, c.reps, c.lapses from cards c join notes n on n.id = c.nid"
)
models = [model["name"] for model in col.models.all() if model["name"].startswith("deck ")]
print(json.dumps({"notes": {g: [f.split("\\x1f"), t.split()] for g, f, t in rows}, "cards": cards, "models": sorted(models)}))
"""


@pytest.fixture(scope="session", params=["2.1.54", "24.11"])
def old_anki(request):
    """Runs steps in an old Anki."""
    version = request.param
    python = find_old_anki(version)

    def run(*steps: dict) -> dict:
        engine = "legacy" if version == "2.1.54" else "backend"
        words = [python, "-c", OLD, json.dumps(steps, default=str), engine]
        done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.slow
@pytest.mark.parametrize("skips", [False, True], ids=["every release", "skips the second"])
def test_three_releases_in_old_ankis(skips, old_anki, tmp_path):
    states = [
        (Written("same", "basic"), Written("twice", "cloze"), Written("once", "choice"), Written("gone", "basic")),
    ]
    states.append((states[0][0], replace(states[0][1], text=1), states[0][2], replace(states[0][3], retired=True)))
    same, twice, once, gone = states[1]
    states.append((same, replace(twice, text=2), replace(once, text=1), gone, Written("new", "basic")))
    packages = []
    for at, cards in enumerate(states):
        write_deck(tmp_path / "deck", cards)
        packages.append(tmp_path / f"v{at}.apkg")
        last = publish(tmp_path / "deck", packages[-1], NOW - 3000 + 1000 * at)

    begin = [{"do": "import", "path": packages[0]}, {"do": "study", "edit": "deck/same@en"}]
    # each release is imported before the next is built: some old Ankis keep the time of the import instead of the package's
    second = [] if skips else [{"do": "date", "at": NOW - 2900}, {"do": "import", "path": packages[1]}]
    third = [{"do": "date", "at": NOW - 1900}, {"do": "import", "path": packages[2]}]
    before, after = old_anki(*begin), old_anki(*begin, *second, *third)

    studied = {tuple(card[:2]): card for card in before["cards"]}
    assert {key: card for key, card in ((tuple(card[:2]), card) for card in after["cards"]) if key in studied} == studied
    assert after["notes"]["deck/same@en"] == before["notes"]["deck/same@en"]
    assert after["notes"]["deck/same@en"][0][-1] == "mine"
    assert "own" in after["notes"]["deck/same@en"][1]
    for note in last.notes.values():
        if note.guid != "deck/same@en":
            assert after["notes"][note.guid] == [list(note.fields), sorted(note.tags)]
    assert after["models"] == sorted({note.type.name for note in last.notes.values()})


@pytest.mark.parametrize(
    "words",
    [
        "9999-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-13-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "1969-01-01T00:00:00Z",
        "٢٠٢٦-٠١-٠١T00:00:00Z",
    ],
)
def test_a_time_that_no_release_had_is_reported_at_its_line(words, tmp_path):
    assert lines_that_cannot_be_read(f"note a@en basic 0 {DIGESTS} 2026-01-01T00:00:00Z {words}", tmp_path) == [2]
    assert lines_that_cannot_be_read(f"type basic@en 12 {'0' * 12} {'0' * 12} {words} a b", tmp_path) == [2]


@pytest.mark.parametrize("cards", [",,,", "", "0,", "٠", "9999", "-1", "x", "0 1"])
def test_cards_that_no_note_has_are_reported_at_their_line(cards, tmp_path):
    times = "2026-01-01T00:00:00Z 2026-01-01T00:00:00Z"

    assert lines_that_cannot_be_read(f"note a@en basic {cards} {DIGESTS} {times}", tmp_path) == [2]
    assert lines_that_cannot_be_read(f"note a@en basic 0,1 {DIGESTS} {times}", tmp_path) == []


DIGESTS = f"{'0' * 12} {'0' * 12} {'0' * 8} {'0' * 8}"


def lines_that_cannot_be_read(line: str, folder: Path) -> list[int]:
    path, problems = folder / NAME, []
    path.write_text(f"{FIRST}\n{line}\n{LAST}\n", encoding="utf-8")
    read_ledger(path, "a", Files([path.parent]), problems)
    assert {problem.code for problem in problems} <= {"broken-ledger"}
    return [problem.spot.line for problem in problems]


def test_no_guid_and_no_text_is_taken_for_a_line_of_the_head(deck, cli, col, tmp_path):
    """Anki reads `#guid column:5` at the top as its own, drops later rows that begin with `#`, and splits at quotes and tabs."""
    guids = ["#guid column:5", "#x", "=1+1", '"q', "  y", "-1"]
    rows = "\n".join(
        f"  - {{id: c{at}, guid: {json.dumps(guid)}, question: {json.dumps(guid)}, answer: OLD}}" for at, guid in enumerate(guids)
    )
    about = "id: test\nname: Test\nlanguages: [en]\n"
    deck(f"kind: basic\ncards:\n{rows}\n", about)
    assert cli("release", SOURCE_DATE_EPOCH="1700000000").code == 0
    import_package(col, tmp_path / "dist" / "test-en.apkg")
    deck(f"kind: basic\ncards:\n{rows}\n".replace("OLD", "'#deck:New\ttab \"quote'"), about)
    assert cli("release", SOURCE_DATE_EPOCH="1700000100").code == 0

    (path,) = map(str, (tmp_path / "dist").glob("*.txt"))
    log = col.import_csv(ImportCsvRequest(path=path, metadata=col.get_csv_metadata(path, None))).log

    assert (len(log.updated), len(log.new), log.found_notes) == (len(guids), 0, len(guids))
    assert col.db.list("SELECT DISTINCT substr(flds, instr(flds, char(31)) + 1, 9) FROM notes") == ["#deck:New"]


def test_a_card_that_lacks_a_translation_is_left_out_with_the_tags_that_its_note_would_have(deck):
    cards = """
        kind: basic
        tags: [late, core]
        cards:
          - {id: one, question: {fr: a, en: b}, answer: c}
          - {id: two, question: {fr: d}, answer: e, retired: {since: "2026-11", why: old}}
          - {id: three, question: {fr: f}, answer: g, sensitive: true}
    """
    courses = "courses:\n  - {id: c, include: {tags: [core]}, exclude: {tags: [sensitive]}}\n"
    project = compile_project([deck(cards, courses_yaml=courses)])

    left_out = release(project, ["fr", "en"], 1_790_000_000).left_out

    assert {**left_out} == {
        ("test/two", "en"): LeftOut("test/two", "test", "basic", "core course::c late"),
        ("test/three", "en"): LeftOut("test/three", "test", "basic", "core late sensitive"),
    }
