"""What `changes --since` reads of a repository, which may be a stranger's."""

import subprocess
from pathlib import Path

import pytest
from conftest import DECK_YAML

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.release.git import extract

CARDS = "kind: basic\ncards:\n  - {id: one, question: q, answer: a}\n"


def git(folder: Path, *words: str, data: bytes = b"") -> str:
    about = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.quotePath=false"]
    return (
        subprocess.run(["git", *about, *words], cwd=folder, input=data, capture_output=True, check=True).stdout.decode().strip()
    )


@pytest.fixture
def repository(deck, tmp_path, monkeypatch) -> Path:
    deck(CARDS, DECK_YAML)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "decks")
    git(tmp_path, "commit", "-qm", "one")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", ["decks", "{here}/decks", "decks/../decks/test/.."])
def test_a_revision_is_read_from_wherever_its_folder_is_named(path, repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("there")

    there = extract("HEAD", [Path(path.format(here=repository))], folder)

    assert there == [folder / "decks"]
    assert read(folder) == {"decks/test/cards.yaml": CARDS, "decks/test/deck.yaml": DECK_YAML}


@pytest.mark.parametrize(
    ("revision", "path", "message"),
    [
        ("--output=stolen", "decks", "'--output=stolen' is not a revision; write one as 'HEAD' or 'v1.0'"),
        ("-p", "decks", "'-p' is not a revision; write one as 'HEAD' or 'v1.0'"),
        ("nowhere", "decks", "git cannot show 'nowhere': fatal: Needed a single revision"),
        ("HEAD", "other", "git cannot show 'HEAD': there is no 'other' in it"),
        ("HEAD", "--output=stolen", "git cannot show 'HEAD': there is no '--output=stolen' in it"),
        ("HEAD", "..", "'..' is not in the repository '{here}'"),
    ],
)
def test_words_for_git_are_never_options(revision, path, message, repository, tmp_path_factory):
    with pytest.raises(FlashdeckError) as raised:
        extract(revision, [Path(path)], tmp_path_factory.mktemp("there"))

    assert str(raised.value) == message.format(here=repository)
    assert not (repository / "stolen").exists()


def test_no_program_that_a_repository_names_is_run(repository, tmp_path_factory):
    program = repository / "program"
    program.write_text(f"#!/bin/sh\ntouch {repository}/ran\ncat\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "diff.external", "diff.x.textconv", "filter.x.smudge"):
        git(repository, "config", key, str(program))
    git(repository, "config", "core.hooksPath", str(repository))
    git(repository, "config", "filter.x.required", "true")
    (repository / ".git" / "info" / "attributes").write_text("* filter=x diff=x export-subst\n")

    extract("HEAD", [Path("decks")], folder := tmp_path_factory.mktemp("there"))

    assert read(folder)["decks/test/cards.yaml"] == CARDS
    assert not (repository / "ran").exists()


def test_a_forged_tree_writes_nothing_outside(repository, tmp_path_factory):
    blob = git(repository, "hash-object", "-w", "--stdin", data=b"outside")
    out = git(repository, "hash-object", "-w", "--stdin", data=b"/etc/passwd")
    inside = git(repository, "hash-object", "-w", "--stdin", data=b"test/cards.yaml")
    decks = git(repository, "rev-parse", "HEAD:decks")

    def tree(*rows: tuple[str, str, str]) -> str:
        raw = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(object) for mode, name, object in rows)
        return git(repository, "hash-object", "-t", "tree", "--literally", "-w", "--stdin", data=raw)

    up = tree(("100644", "up.yaml", blob))
    test = git(repository, "rev-parse", "HEAD:decks/test")
    forged = tree(("40000", "..", up), ("120000", "copy.yaml", inside), ("120000", "out.yaml", out), ("40000", "test", test))
    top = tree(("40000", "..", up), ("40000", "decks", forged))
    commit = git(repository, "commit-tree", top, "-m", "x")
    folder = tmp_path_factory.mktemp("there")

    extract(commit, [Path("decks")], folder / "a" / "b")

    assert decks != forged
    assert read(folder) == {
        "a/b/decks/test/cards.yaml": CARDS,
        "a/b/decks/test/deck.yaml": DECK_YAML,
        "a/b/decks/copy.yaml": CARDS,
    }
