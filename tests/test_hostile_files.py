"""A deck as an attacker would send it: links, pipes, sockets and devices in the place of files, for reading and for writing."""

import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest
from conftest import ROOT

from flashdeck.build.cache import A_DAY, Cache
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.plan import plan_import
from flashdeck.pipeline import compile_project
from flashdeck.sources.files import Outside, TooLarge, read_file, write_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="this system has no pipes, and links only for administrators")
SECRET = "TOKEN=s3cr3t"
DECK = {
    "deck.yaml": "id: test\nname: Test\nlanguages: [en]\n",
    "cards.yaml": "cards:\n  - {id: one, kind: own, question: '![a map](map.png)', answer: b}\n",
    "references.yaml": "references:\n  - {id: r, title: T, publisher: P}\n",
    "media/map.png": "a map",
    "kinds/foot.html": "foot",
    "kinds/own/kind.yaml": "fields: {question: {type: text}, answer: {type: text}}\n",
    "kinds/own/front.html": "{{Question}}",
    "kinds/own/back.html": "{{Answer}} [[foot]]",
    "kinds/own/style.css": ".card { background: url(_map.png) }",
    "kinds/own/_map.png": "another map",
    "flashdeck.lock": "flashdeck ledger 1\nend\n",
}


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """What waits for a pipe fails after ten seconds."""
    signal.alarm(10)
    yield
    signal.alarm(0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deck with a file of each sort, in decks/test, and beside the project what nobody may read or write."""
    project = tmp_path / "project"
    write_all(project / "decks" / "test", DECK)
    write_all(tmp_path / "outside", {"secret": SECRET, **{f"secret{Path(name).suffix}": SECRET for name in DECK}})
    monkeypatch.chdir(project)
    return Path("decks/test")


def write_all(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def link_to_a_secret(path: Path) -> None:
    secret = Path("..", "outside", f"secret{path.suffix}")
    path.symlink_to(os.path.relpath(secret, path.parent))


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_the_environment(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


THINGS = [make_pipe, make_socket, make_loop, link_to_a_secret, link_to_a_device, link_to_the_environment]
# where each is reported: at the file, or where a source names it
PLACES = {name: name for name in DECK} | {
    "media/map.png": "cards.yaml",
    "kinds/own/front.html": "kinds/own/front.html",
    "kinds/own/_map.png": "kinds/own/style.css",
}


def in_place_of(name: str, thing: Callable[[Path], None], folder: Path) -> None:
    (folder / name).unlink()
    thing(folder / name)


def find_wrong(paths: list[Path]) -> list[tuple[str, str]]:
    problems = compile_project(paths).problems
    assert SECRET not in str(problems)
    return sorted({(problem.spot.path, problem.code) for problem in problems})


def test_the_deck_is_good_before_anything_takes_the_place_of_a_file(folder):
    (folder / "flashdeck.lock").unlink()

    assert find_wrong([Path("decks")]) == []


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.__name__)
def test_whatever_takes_the_place_of_a_file_is_told_at_once_and_not_read(thing, folder, tmp_path):
    (folder / "flashdeck.lock").unlink()
    for name, place in PLACES.items():
        if name == "flashdeck.lock":
            (folder / name).write_text(DECK[name])
        original = (folder / name).read_text()
        in_place_of(name, thing, folder)

        wrong = find_wrong([Path("decks")])

        assert str(folder / place) in {path for path, _ in wrong}, (name, wrong)
        (folder / name).unlink()
        if name != "flashdeck.lock":
            (folder / name).write_text(original)


@pytest.mark.parametrize("name", ["deck.yaml", "cards.yaml"])
def test_a_source_that_is_a_folder_is_told(name, folder):
    in_place_of(name, lambda path: path.symlink_to("media"), folder)

    assert (str(folder / name), "unreadable-file") in find_wrong([Path("decks")])


def test_a_link_that_leads_to_another_file_of_the_deck_is_followed(folder):
    (folder / "flashdeck.lock").unlink()
    for name in ("cards.yaml", "deck.yaml", "media/map.png", "kinds/own/style.css", "kinds/own/kind.yaml", "kinds/foot.html"):
        real = folder / ".kept" / name
        real.parent.mkdir(parents=True, exist_ok=True)
        (folder / name).rename(real)
        (folder / name).symlink_to(os.path.relpath(real, (folder / name).parent))

    project = compile_project([Path("decks")])

    assert (project.problems, len(project.notes("en"))) == ((), 1)


def test_folders_behind_links_that_the_user_named_are_read_and_those_that_a_deck_brings_are_not(folder, tmp_path):
    (folder / "flashdeck.lock").unlink()
    Path("decks").rename(tmp_path / "outside" / "decks")
    Path("mine").symlink_to(tmp_path / "outside" / "decks")
    assert find_wrong([Path("mine")]) == []

    for name in ("media", "kinds"):
        Path("mine/test", name).rename(tmp_path / "outside" / name)
        Path("mine/test", name).symlink_to(tmp_path / "outside" / name)

    assert find_wrong([Path("mine")]) == [
        ("mine/test/cards.yaml", "unknown-kind"),
        ("mine/test/kinds", "link-outside"),
        ("mine/test/media", "link-outside"),
    ]


def test_a_folder_that_became_a_link_is_not_known_from_an_earlier_run(folder, tmp_path):
    (folder / "flashdeck.lock").unlink()
    cache = Cache(tmp_path / "cache", time.time_ns() + A_DAY)
    assert compile_project([Path("decks")], None, cache).problems == ()

    (folder / "media").rename(tmp_path / "outside" / "media")
    (folder / "media").symlink_to(tmp_path / "outside" / "media")

    assert compile_project([Path("decks")], None, cache).problems == compile_project([Path("decks")]).problems != ()


def test_what_grows_or_has_no_end_is_read_up_to_a_bound(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 1001)

    with pytest.raises(TooLarge):
        read_file(tmp_path / "file", largest=1000)
    assert read_file(tmp_path / "file", largest=1001) == b"x" * 1001
    assert len(read_file(Path("/proc/self/status"), largest=100_000)) > 100  # has no size, and yet a content


@pytest.mark.parametrize("thing", [make_pipe, make_socket, make_loop, link_to_a_device], ids=lambda thing: thing.__name__)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".apkg", ".json"])
def test_a_file_to_import_that_is_none_is_refused_at_once(thing, suffix, folder, cli, tmp_path):
    path = tmp_path / f"words{suffix}"
    thing(path)

    with pytest.raises(FlashdeckError):
        plan_import(path, ImportOptions(Path("decks/new")))


def test_what_lies_beside_an_imported_file_is_not_read_through_links(folder, tmp_path):
    write_all(tmp_path / "sent", {"words.csv": "question,answer\n<img src=x.png>,b\n", "crowd/crowd.json": "{}"})
    link_to = os.path.relpath(tmp_path / "outside" / "secret", tmp_path / "sent")
    (tmp_path / "sent" / "x.png").symlink_to(link_to)
    (tmp_path / "sent" / "crowd" / "crowd.json").unlink()
    (tmp_path / "sent" / "crowd" / "crowd.json").symlink_to(f"../{link_to}")

    for name, reason in (("words.csv", "'x.png' cannot be read: "), ("crowd", "")):
        with pytest.raises(FlashdeckError, match=f"{reason}a link leads out of its folder"):
            plan_import(tmp_path / "sent" / name, ImportOptions(Path("decks/new")))


ENTRIES = [make_pipe, make_socket, make_loop, link_to_a_device, link_to_a_secret]


@pytest.mark.parametrize("thing", ENTRIES, ids=lambda thing: thing.__name__)
def test_an_entry_of_the_cache_that_is_no_file_of_the_users_counts_as_missing_and_nothing_behind_it_changes(
    thing, folder, tmp_path
):
    (folder / "flashdeck.lock").unlink()
    cache = Cache(tmp_path / "cache", time.time_ns() + A_DAY)
    before, outside = compile_project([Path("decks")], None, cache), snapshot(tmp_path / "outside")
    entries = [*(tmp_path / "cache").glob("*.cache")]
    assert len(entries) == 3
    for entry in entries:
        entry.unlink()
        thing(entry)

    after = compile_project([Path("decks")], None, cache)

    assert (after.problems, after.notes("en")) == (before.problems, before.notes("en"))
    assert snapshot(tmp_path / "outside") == outside


def test_an_entry_that_others_may_write_to_is_not_read(tmp_path):
    cache = Cache(tmp_path / "cache", 1)
    cache.store(b"data", "words")
    (entry,) = (tmp_path / "cache").iterdir()
    modes = {mode: entry.chmod(mode) or cache.load("words") for mode in (0o600, 0o644, 0o660, 0o606)}

    assert modes == {0o600: b"data", 0o644: b"data", 0o660: b"", 0o606: b""}
    assert ((tmp_path / "cache").stat().st_mode & 0o777) == 0o700
    if os.geteuid() == 0:
        entry.chmod(0o600)
        os.chown(entry, 12345, -1)
        assert cache.load("words") == b""


def test_a_cache_folder_that_others_may_write_to_is_not_used_and_that_is_said(folder, cli, tmp_path):
    (folder / "flashdeck.lock").unlink()
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o700)
    shared.chmod(0o777)

    ran = cli("check", cwd=Path.cwd(), FLASHDECK_CACHE=str(shared))

    assert (ran.code, ran.out, [*shared.iterdir()]) == (0, "", [])
    assert ran.err.startswith(f"the cache '{shared}' is not used: ")
    shared.chmod(0o700)
    assert (cli("check", cwd=Path.cwd(), FLASHDECK_CACHE=str(shared)).err, [*shared.iterdir()] == []) == ("", False)


def test_another_version_of_a_library_works_everything_out_again(folder, cli, tmp_path):
    (folder / "flashdeck.lock").unlink()
    (tmp_path / "libraries" / "nh3-1.0.dist-info").mkdir(parents=True)
    path = {"PYTHONPATH": f"{tmp_path / 'libraries'}{os.pathsep}{ROOT}"}
    last = [cli("build", cwd=Path.cwd(), **path).out.splitlines()[-1] for _ in range(2)]
    (tmp_path / "libraries" / "nh3-1.0.dist-info").rename(tmp_path / "libraries" / "nh3-1.1.dist-info")

    last.append(cli("build", cwd=Path.cwd(), **path).out.splitlines()[-1])

    assert [line == "unchanged since the last build" for line in last] == [False, True, False]


def test_an_entry_whose_notes_have_files_that_are_not_known_is_made_again(folder, tmp_path):
    (folder / "flashdeck.lock").unlink()
    cache = Cache(tmp_path / "cache", time.time_ns() + A_DAY)
    expected = compile_project([Path("decks")], None, cache).notes("en")
    for entry in (tmp_path / "cache").glob("*.cache"):
        wrong = re.sub(rb'"media": {"[^}]*}', b'"media": {}', entry.read_bytes()[8:])
        entry.write_bytes(b"%08x" % crc32(wrong) + wrong)

    assert compile_project([Path("decks")], None, cache).notes("en") == expected


def snapshot(folder: Path) -> dict[str, str | bytes]:
    """Everything below a folder: what is in files, and where links lead."""
    found: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
    return found


def test_a_build_writes_nothing_through_links(folder, tmp_path, cli):
    (folder / "flashdeck.lock").unlink()
    dist = Path("dist")
    dist.mkdir()
    for name in ("test-en.apkg", *(f".test-en.apkg.{number}" for number in range(100))):
        (dist / name).symlink_to(tmp_path / "outside" / "secret")
    (folder / ".flashdeck.lock.1").symlink_to(tmp_path / "outside" / "new")
    before = snapshot(tmp_path / "outside")

    ran = cli("build", cwd=Path.cwd())

    assert (ran.code, snapshot(tmp_path / "outside")) == (0, before)
    assert (dist / "test-en.apkg").is_file() and not (dist / "test-en.apkg").is_symlink()


def test_a_default_folder_that_is_a_link_is_refused_and_followed_where_the_user_names_it(folder, tmp_path, cli):
    (folder / "flashdeck.lock").unlink()
    Path("dist").symlink_to(tmp_path / "outside")
    before = snapshot(tmp_path / "outside")

    ran = cli("build", cwd=Path.cwd())

    assert (ran.code, ran.err) == (
        2,
        "flashdeck: 'dist' is a link to another folder; if that is what you want, write '--out dist'\n",
    )
    assert (snapshot(tmp_path / "outside"), (folder / "flashdeck.lock").exists()) == (before, False)
    assert cli("build", "--out", "dist", cwd=Path.cwd()).code == 0
    assert (tmp_path / "outside" / "test-en.apkg").is_file()

    Path("decks").rename(tmp_path / "outside" / "decks")
    Path("decks").symlink_to(tmp_path / "outside" / "decks")
    assert [cli("check", *words, cwd=Path.cwd()).code for words in ([], ["decks"])] == [2, 0]


@pytest.mark.parametrize("thing", [make_pipe, make_socket, link_to_a_device], ids=lambda thing: thing.__name__)
def test_what_is_no_file_is_not_written_to_and_stays(thing, tmp_path):
    path = tmp_path / "x.apkg"
    thing(path)
    before = path.lstat()

    with pytest.raises(OSError, match="not a file"):
        write_file(path, b"data")

    assert path.lstat() == before
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("size", [0, 1_000])
def test_where_the_disk_is_full_the_old_file_stays_and_nothing_is_left_behind(size, tmp_path):
    resource = pytest.importorskip("resource")
    (tmp_path / "x.apkg").write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_file(tmp_path / "x.apkg", b"x" * 2_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert snapshot(tmp_path) == {"x.apkg": b"old"}


def test_a_file_that_has_to_be_inside_a_folder_is_not_written_through_links_that_lead_out(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    write_all(inside, {"kept/cards.yaml": "old"})
    write_all(outside, {"cards.yaml": "old"})
    (inside / "good.yaml").symlink_to("kept/cards.yaml")
    (inside / "bad.yaml").symlink_to("../out/cards.yaml")
    (inside / "media").symlink_to("../out")

    write_file(inside / "good.yaml", b"new", inside)
    for name in ("bad.yaml", "media/x.png", "media/new/x.png"):
        with pytest.raises(Outside):
            write_file(inside / name, b"new", inside)

    assert (inside / "kept" / "cards.yaml").read_bytes() == b"new" and (inside / "good.yaml").is_symlink()
    assert snapshot(outside) == {"cards.yaml": b"old"}


def test_init_add_and_import_write_nothing_outside_their_folder(folder, tmp_path, cli):
    (folder / "flashdeck.lock").unlink()
    outside = tmp_path / "outside"
    Path("new").mkdir()
    Path("new/cards.yaml").symlink_to(outside / "new.yaml")  # leads nowhere: a file would be made there
    Path("other").mkdir()
    Path("other/media").symlink_to(outside)
    write_all(Path("sent"), {"words.csv": "question,answer\n<img src=x.png>,b\n", "x.png": "x"})
    shutil.copytree(folder, "decks/second")
    Path("decks/second/deck.yaml").write_text("id: second\nname: Second\nlanguages: [en]\n")
    Path("decks/second/cards.yaml").unlink()
    Path("decks/second/cards.yaml").symlink_to(outside / "cards.yaml")
    before = snapshot(outside)

    ran = [
        cli("init", "new", cwd=Path.cwd()),
        cli("init", "other", cwd=Path.cwd()),
        cli("import", "sent/words.csv", "--into", "other", cwd=Path.cwd()),
        cli("add", "--deck", "second", "--set", "question=q", "--set", "answer=a", cwd=Path.cwd()),
    ]

    assert [one.code for one in ran] == [2, 2, 2, 2]
    assert snapshot(outside) == before
