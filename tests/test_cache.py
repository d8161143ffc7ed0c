"""What did not change is not worked out again, the rest in as many processes as there are cores; and no entry is believed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date
from pathlib import Path
from zlib import crc32

import pytest
from conftest import ENVIRONMENT, ROOT
from edits import START, write
from warm import start, wait

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
from sources import make_notes, write_flashdeck

from flashdeck.build.answer import Answer, load_answer, store_answer
from flashdeck.build.cache import A_DAY, LONG_AGO, NO_CACHE, Cache, find_cache_folder
from flashdeck.build.parallel import map_in_processes
from flashdeck.build.unit import COLUMN, ROW
from flashdeck.pipeline import Project, compile_project

TODAY = date(2026, 11, 23)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of its own, in which a test runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


CARDS = "kind: basic\ncards:\n  - {id: one, question: {fr: a}, answer: b}\n"


@pytest.fixture
def built(deck, cli, tmp_path):
    """A deck that was released, and then built."""
    decks = deck(CARDS)
    assert cli("release", decks, "--out", "released", SOURCE_DATE_EPOCH="1700000000").code == 0
    assert cli("build", decks).code == 0
    return decks


def test_a_second_build_says_unchanged_and_leaves_the_bytes_alone(built, cli, tmp_path):
    before = {path: path.stat() for path in [*(tmp_path / "dist").iterdir(), *(built / "test").iterdir()]}

    first, second = cli("build", built), cli("build", built)

    assert first.out.splitlines()[-1] == second.out.splitlines()[-1] == "unchanged since the last build"
    assert "warning[missing-translation]" in first.err and first.err == second.err
    assert {path: path.stat() for path in [*(tmp_path / "dist").iterdir(), *(built / "test").iterdir()]} == before


def change_a_text(decks: Path) -> None:
    (decks / "test" / "cards.yaml").write_text(CARDS.replace("answer: b", "answer: c"))


def change_a_text_and_put_its_time_back(decks: Path) -> None:
    path = decks / "test" / "cards.yaml"
    status = path.stat()
    path.write_text(CARDS.replace("answer: b", "answer: c"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def add_a_file(decks: Path) -> None:
    (decks / "test" / "more.yaml").write_text(CARDS.replace("one", "two").replace("fr: a", "fr: z"))


def delete_a_package(decks: Path) -> None:
    next((decks.parent / "dist").glob("*.apkg")).unlink()


def touch_a_package(decks: Path) -> None:
    next((decks.parent / "dist").glob("*.apkg")).write_bytes(b"mine")


CHANGES = [change_a_text, change_a_text_and_put_its_time_back, add_a_file, delete_a_package, touch_a_package]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_is_seen_at_once(change, built, cli):
    change(built)
    ran = cli("build", built)

    assert ran.code == 0 and "unchanged" not in ran.out
    assert "unchanged" in cli("build", built).out


def test_every_change_is_seen_when_files_are_no_longer_read_to_be_sure(built, cli, tmp_path):
    commands = {}
    for change in CHANGES:
        place = tmp_path / change.__name__
        shutil.copytree(built, place / "decks")
        commands[change] = ("build", place / "decks", "--out", place / "dist")
        cli(*commands[change])
    time.sleep(2.1)

    for change, command in commands.items():
        assert "unchanged" in cli(*command).out
        change(command[1])
        ran = cli(*command)
        assert (change, ran.code, "unchanged" in ran.out) == (change, 0, False)
        assert "unchanged" in cli(*command).out


def test_what_an_override_shows_is_read_again_when_it_changes_and_only_then(built, cli, tmp_path):
    other = built / "other"
    other.mkdir()
    (other / "deck.yaml").write_text("id: other\nname: Other\nlanguages: [fr]\n")
    (other / "overrides.yaml").write_text("cards:\n  - {override: test/one, answer: '![a map](map.png)'}\n")
    (other / "map.png").write_bytes(b"a map")
    fresh, known = (cli("build", built).out for _ in range(2))
    assert ("unchanged" in fresh, "unchanged" in known) == (False, True)
    shutil.rmtree(tmp_path / "dist")

    again, known = (cli("build", built).out for _ in range(2))  # the packages are made again, of what the cache has
    (other / "map.png").write_bytes(b"another map")
    changed = cli("build", built).out

    assert ["unchanged" in out for out in (again, known, changed)] == [False, True, False]
    with zipfile.ZipFile(tmp_path / "dist" / "other-fr.apkg") as package:
        assert package.read("0") == b"another map"


def test_another_question_gets_its_own_answer(built, cli):
    assert "unchanged" not in cli("build", built, "--language", "fr").out
    assert "unchanged" not in cli("build", built, SOURCE_DATE_EPOCH="1700000000").out
    assert cli("check", built).out == cli("check", built).out != ""
    assert [cli("check", built, "--strict").code for _ in range(2)] == [1, 1]
    assert [cli("check", built, "--format", "json").out[0] for _ in range(2)] == ["[", "["]


def test_another_flashdeck_works_everything_out_again(deck, cli, tmp_path):
    decks = deck(CARDS)
    shutil.copytree(ROOT / "flashdeck", tmp_path / "program" / "flashdeck")
    program = {"PYTHONPATH": str(tmp_path / "program")}
    first, second = (cli("build", decks, **program).out.splitlines()[-1] for _ in range(2))
    with (tmp_path / "program" / "flashdeck" / "kinds" / "style.css").open("a") as style:
        style.write(".new {}\n")

    third = cli("build", decks, **program).out.splitlines()[-1]

    assert [line == "unchanged since the last build" for line in (first, second, third)] == [False, True, False]


def test_a_cache_that_cannot_be_written_changes_nothing(built, cli, tmp_path):
    (tmp_path / "file").write_text("not a folder")

    for _ in range(2):
        ran = cli("build", built, FLASHDECK_CACHE=str(tmp_path / "file" / "cache"))
        assert ran.code == 0 and "unchanged" not in ran.out


def compile_with(cache: Cache) -> Project:
    return compile_project([Path("decks")], TODAY, cache)


def seal(entry: bytes) -> bytes:
    """An entry that flashdeck would not have written, with the right sum."""
    return b"%08x" % crc32(entry) + entry


def spoil(data: bytes) -> list[bytes]:
    """What may lie in the cache in the place of an entry: cut off, noise, or well sealed and wrong."""
    head, _, rest = data[8:].partition(b"\n")
    first, *columns = rest.split(COLUMN.encode())
    wrong = [
        b"",
        b"x",
        b"[]",
        b"[[], [], []]",
        b"[{}, [], {}]",
        b"[" * 100_000,
        b"cos\nsystem\n(S'touch hacked'\ntR.",
        b"\xff" * 40,
    ]
    wrong += [first.replace(b'"path"', b'"paths"'), first.replace(b'{"path": "', b'{"path": 5, "x": "')]
    parts = [COLUMN.encode().join([one, *columns]) for one in wrong]
    parts += [COLUMN.encode().join([first, *columns[:-1]]), COLUMN.encode().join([first, *columns[1:], b""])]
    parts += [rest.replace(ROW.encode(), b"x" + ROW.encode()), rest.replace(b"0" + ROW.encode(), b"00" + ROW.encode() * 2)]
    entries = [b"", data[:-1], b"\xff" * 40, *(seal(head + b"\n" + part) for part in parts), seal(b"x" + head + b"\n" + rest)]
    return [entry for entry in entries if entry != data]


def test_an_entry_that_was_cut_off_or_placed_by_a_stranger_is_made_again(place):
    write(START)
    cache = Cache(place / "cache", time.time_ns() + A_DAY)  # tomorrow, no file is too young for its digest to be kept
    expected = compile_with(NO_CACHE)
    notes = [expected.notes(code) for code in expected.languages]
    compile_with(cache)
    entries = {path: path.read_bytes() for path in cache.folder.glob("*.cache")}
    assert len(entries) == 5 + 1  # a unit a file, and the digests of files

    for path, data in entries.items():
        for wrong in spoil(data):
            path.write_bytes(wrong)

            found = compile_with(cache)

            assert (found.problems, [found.notes(code) for code in found.languages]) == (expected.problems, notes)
            path.write_bytes(data)
    assert not Path("hacked").exists()


def test_an_answer_holds_until_anything_that_it_depends_on_changes(place):
    write(START)
    cache, paths = Cache(place / "cache", time.time_ns()), [Path("decks")]
    Path("out").write_text("written")
    answer = Answer(compile_with(NO_CACHE).problems, "text")
    asked = compile_with(NO_CACHE).facts.files.answers
    sources = compile_with(NO_CACHE).sources
    store_answer(cache, ["x"], answer, map(str, sources[1:]), (), asked, {}, [Path("out")])

    assert load_answer(cache, ["x"], paths) is None  # there is a file more than there was
    store_answer(cache, ["x"], answer, map(str, sources), (), asked, {}, [Path("out")])
    assert load_answer(cache, ["x"], paths) == answer
    assert load_answer(cache, ["y"], paths) is None
    (entry,) = cache.folder.glob("*.cache")
    whole = entry.read_bytes()
    for wrong in spoil(whole):
        entry.write_bytes(wrong)
        assert load_answer(cache, ["x"], paths) is None
    entry.write_bytes(whole)
    Path("out").write_text("changed")
    assert load_answer(cache, ["x"], paths) is None


def test_what_was_not_asked_for_in_a_month_is_deleted(tmp_path):
    now = time.time_ns()
    cache = Cache(tmp_path, now)
    cache.store(b"old", "old")
    (tmp_path / f".flashdeck-{'0' * 16}").write_bytes(b"")  # left by a killed process
    (tmp_path / ".bashrc").write_bytes(b"")
    (tmp_path / "not ours").write_bytes(b"")
    for path in tmp_path.iterdir():
        os.utime(path, ns=(now - LONG_AGO - A_DAY,) * 2)
    cache.store(b"new", "new")

    cache.keep_digests(cache.open_files((), {}))

    assert (cache.load("old"), cache.load("new")) == (b"", b"new")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".cache") == [".bashrc", "cleaned", "not ours"]


@pytest.mark.parametrize(
    ("since", "age", "kept"),
    [
        (A_DAY, LONG_AGO, True),
        (A_DAY, LONG_AGO + 1, False),
        (A_DAY - 1, LONG_AGO + 1, True),
        (-A_DAY, LONG_AGO + 1, True),
        (-A_DAY - 1, LONG_AGO + 1, False),
    ],
    ids=["a month", "a month and more", "within a day", "a clock that was put back", "a clock that was far ahead"],
)
def test_once_a_day_what_is_older_than_a_month_is_deleted(since, age, kept, tmp_path):
    now = 2_000 * A_DAY
    cache = Cache(tmp_path, now)
    cache.store(b"old", "old")
    (entry,) = tmp_path.glob("*.cache")
    os.utime(entry, ns=(now - age,) * 2)
    (tmp_path / "cleaned").write_bytes(b"")
    os.utime(tmp_path / "cleaned", ns=(now - since,) * 2)

    cache.keep_digests(cache.open_files((), {}))

    assert entry.exists() == kept


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can become an unknown user")
def test_for_a_user_without_a_home_nothing_is_kept_and_nothing_fails():
    code = """
import os
from flashdeck.build.cache import Cache, find_cache_folder
os.environ.clear()
os.setuid(12345)
cache = Cache(find_cache_folder(), 1)
cache.store(b"y", "x")
print(cache.folder, cache.load("x"))
"""

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT)

    assert (ran.stdout, ran.stderr) == ("None b''\n", "")


@pytest.mark.parametrize(
    ("platform", "chosen", "folder"),
    [
        ("linux", {}, "home/.cache/flashdeck"),
        ("linux", {"XDG_CACHE_HOME": "xdg"}, "xdg/flashdeck"),
        ("darwin", {"XDG_CACHE_HOME": "xdg"}, "home/Library/Caches/flashdeck"),
        ("win32", {}, "home/AppData/Local/flashdeck/Cache"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/flashdeck/Cache"),
        ("win32", {"FLASHDECK_CACHE": "mine"}, "mine"),
    ],
)
def test_the_cache_lies_where_each_system_keeps_what_can_be_made_again(platform, chosen, folder, monkeypatch):
    for name in ("FLASHDECK_CACHE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"HOME": "home", "USERPROFILE": "home"} | chosen).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)

    assert find_cache_folder() == Path(folder)


def test_each_item_is_taken_once_whoever_takes_it():
    items, done = list(range(20_000)), []

    made = map_in_processes(lambda one: b"%d" % one, items, 3, lambda all: (done.append(one) or one for one in all))

    assert sorted(map(int, made)) == items == done


def test_what_a_killed_process_had_taken_is_missing_and_nothing_else_is_lost():
    parent = os.getpid()

    def work(one):
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return b"%d" % one

    made = map_in_processes(work, list(range(2_000)), 2)

    assert len({*made}) == len(made) >= 1_999


def start_build(place: Path, cache: str, out: str) -> int:
    about = {**ENVIRONMENT, "FLASHDECK_CACHE": str(place / cache), "SOURCE_DATE_EPOCH": "1790000000"}
    return start(["build", "--language", "fr", "--out", out], str(place), about, os.devnull, str(place / f"{out}.err"))


def build(place: Path, cache: str, out: str) -> bytes:
    """The package of a build."""
    code = wait(start_build(place, cache, out))
    assert (code, (place / f"{out}.err").read_text()) == (0, "")
    return (place / out / "bench-fr.apkg").read_bytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_builds_at_once_and_builds_that_are_killed_leave_nothing_that_is_not_so(place):
    """In two processes each: there are more notes than one is thought to be enough for."""
    write_flashdeck(place, make_notes(2_000), 20)
    chance = random.Random(7)
    for turn in range(4):
        path = place / "decks" / "bench" / f"cards-{turn:03}.yaml"
        path.write_text(path.read_text().replace("fr: ", f"fr: turn{turn} ", 1))
        both = [start_build(place, "cache", "dist") for _ in range(2)]
        time.sleep(chance.uniform(0.02, 0.3))
        for process in both:
            os.kill(process, chance.choice([signal.SIGKILL, signal.SIGTERM]))
            wait(process)

        after = build(place, "cache", "dist")

        assert after == build(place, f"fresh{turn}", f"dist{turn}")
        assert not (place / "decks" / "bench" / "flashdeck.lock").exists()


@pytest.mark.parametrize("command", ["check", "build"])
def test_what_did_not_change_needs_neither_yaml_nor_the_pipeline(command, deck, tmp_path):
    deck("kind: basic\ncards:\n  - {id: one, question: a, answer: b}\n")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "FLASHDECK_CACHE": str(tmp_path / "cache")}
    words = [sys.executable, "-X", "importtime", "-m", "flashdeck", command]
    first, second = (subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True) for _ in range(2))

    def find(ran: subprocess.CompletedProcess) -> set[str]:
        names = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
        return names & {"yaml", "nh3", "flashdeck.pipeline", "flashdeck.build.link", "flashdeck.build.unit"}

    assert find(first) >= {"yaml", "flashdeck.pipeline"}
    assert find(second) == set()
