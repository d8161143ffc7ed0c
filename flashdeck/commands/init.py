"""`flashdeck init`: a deck to start from."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.project import compile_sources
from flashdeck.commands.terminal import echo_line, show_problems, write, write_all
from flashdeck.diagnostics.errors import FlashdeckError


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The new folder, such as decks/my-course.")],
    id: Annotated[str, typer.Option(metavar="ID", help="The permanent id of the deck.")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="What learners see in Anki.")] = "",
    language: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A language of the deck.")] = None,
) -> None:
    """Start a deck: an example of each kind of card, ready to build. Asks for what is not given. Never overwrites."""
    from flashdeck.authoring.schema import render_schema
    from flashdeck.authoring.starter import SCHEMA_FILE, start_deck

    if os.path.lexists(folder / "deck.yaml"):
        raise FlashdeckError(f"there is already a deck in '{folder}'; name a new folder")
    id, name, languages = _ask(folder, id, name, language or [])
    starter = start_deck(folder, id, name, languages)
    if starter.problems:
        show_problems(starter.problems, err=True)
        raise FlashdeckError("nothing was written: choose another id, name or language")
    for path in starter.files:
        if os.path.lexists(path):
            raise FlashdeckError(f"'{path}' already exists, and nothing was written; name a new folder")
    write_all(starter.files, folder)
    decks = _find_decks(folder)
    write(folder / SCHEMA_FILE, render_schema(compile_sources([decks]).facts), folder)
    _prepare_repository(folder)
    echo_line(f"created a deck in '{folder}', with an example of each kind of card in '{folder / 'cards.yaml'}'")
    for kind in starter.left_out:
        echo_line(f"without the example of '{kind}': another deck in '{decks}' asks the same question")
    echo_line(f"next: flashdeck build {decks}, or flashdeck add {decks} --deck {id}")


def _prepare_repository(folder: Path) -> None:
    """Has git leave out packages, merge ledgers by itself and keep line ends; what is said of that already stays."""
    from flashdeck.authoring.starter import to_git_attributes, to_git_ignore
    from flashdeck.release.git import find_top
    from flashdeck.sources.files import read_file

    if top := find_top(folder.resolve()):
        for name, change in ((".gitignore", to_git_ignore), (".gitattributes", to_git_attributes)):
            path = top / name
            try:
                before = read_file(path, top).decode() if os.path.lexists(path) else ""
            except (OSError, UnicodeDecodeError):
                continue  # it is somebody's own affair
            if (after := change(before)) != before:
                write(path, after.encode(), top)
                echo_line(f"for git: {path} says how to treat packages and ledgers")


def _ask(folder: Path, id: str, name: str, languages: list[str]) -> tuple[str, str, list[str]]:
    """What is not given is asked for at a terminal, and else made from the folder's name."""
    from flashdeck.authoring.prompts import ask_text
    from flashdeck.sources.values import to_id

    def ask(question: str, default: str) -> str:
        return ask_text(question, default) if sys.stdin.isatty() else default

    id = id or ask("permanent id of the deck", to_id(folder.resolve().name) or "my-deck")
    name = name or ask("its name in Anki", id.replace("-", " ").capitalize())
    languages = languages or ask("its languages, separated by commas", "en").replace(",", " ").split()
    return id, name, list(dict.fromkeys(languages))


def _find_decks(folder: Path) -> Path:
    """The folder that holds a deck and those beside it."""
    return folder.parent if folder.parent != Path() and any(folder.parent.glob("*/deck.yaml")) else folder
