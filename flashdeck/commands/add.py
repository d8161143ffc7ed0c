"""`flashdeck add`: one more card."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flashdeck.commands.options import DECKS, Paths, complete_names
from flashdeck.commands.project import compile_sources
from flashdeck.commands.terminal import echo, show_problems, write
from flashdeck.diagnostics.errors import FlashdeckError

if TYPE_CHECKING:
    from flashdeck.authoring.draft import Draft
    from flashdeck.model.decks import Deck
    from flashdeck.model.frame import Frame
    from flashdeck.model.kinds import Kind


def add(
    paths: Paths = DECKS,
    deck: Annotated[str, typer.Option(metavar="ID", autocompletion=complete_names("deck"), help="The deck of the card.")] = "",
    kind: Annotated[
        str, typer.Option(metavar="KIND", autocompletion=complete_names("kind"), help="Its kind.", show_default="basic")
    ] = "",
    fields: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=TEXT", help="A field; FIELD.fr=TEXT in one language.")
    ] = None,
    id: Annotated[str, typer.Option(metavar="ID", help="Its permanent id.", show_default="made from the text")] = "",
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", autocompletion=complete_names("tag"), help="A tag.")] = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="ID", autocompletion=complete_names("reference"), help="A source.")
    ] = None,
    course: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", autocompletion=complete_names("course"), help="A course to name the card in."),
    ] = None,
) -> None:
    """Add a card: asks for what is not given, shows it as learners will see it, and puts it into the right file."""
    from flashdeck.authoring.draft import draft_card
    from flashdeck.authoring.fields import parse_fields
    from flashdeck.authoring.prompts import ask_references, ask_some, ask_text, ask_values
    from flashdeck.diagnostics.problem import find_known
    from flashdeck.diagnostics.render import to_line
    from flashdeck.sources.values import first_text

    project = compile_sources(paths)
    frame = project.frame
    if not frame.decks:
        show_problems(project.problems, err=True)
        raise FlashdeckError("there is no deck to add to: fix these problems first")
    asks = sys.stdin.isatty() and not fields
    home = _choose_deck(frame, deck, asks)
    chosen = _choose_kind(frame, home, kind, asks)
    values = parse_fields(fields or (), chosen, home.languages)
    if asks:
        values = ask_values(chosen, home.languages, values)
        reference = reference or ask_references(chosen, frame)
        tag = tag or ask_some("tags", dict.fromkeys(sorted(project.facts.tags), ""))
        course = course or ask_some("courses", {id: first_text(one.title) for id, one in frame.courses.items()})
    for word in course or ():
        find_known("course", word, frame.courses)
    about = {"tags": tag or (), "references": reference or (), "courses": course or ()}
    try:
        draft = draft_card(project, paths, home, chosen, values, id=id, **about)
    except FlashdeckError as error:
        raise FlashdeckError(f"nothing was written: {error}") from error
    _show_draft(draft)
    if asks and ask_text("\nadd it? (yes or no)", "yes").lower() not in ("y", "yes"):
        raise FlashdeckError("nothing was written")
    for path, data in draft.edits.items():
        deck_there, _ = frame.find_home(path)
        write(path, data, deck_there.folder if deck_there else path.parent)
    echo("\n" + to_line(f"added {draft.id} to {' and '.join(map(str, draft.edits))}"))


def _choose_deck(frame: "Frame", id: str, asks: bool) -> "Deck":
    from flashdeck.authoring.prompts import ask_one
    from flashdeck.diagnostics.problem import find_known
    from flashdeck.sources.values import first_text

    decks = frame.decks
    if not id and len(decks) > 1 and not asks:
        raise FlashdeckError(f"name the deck with --deck: {', '.join(decks)}")
    return find_known("deck", id or ask_one("deck", {id: first_text(deck.title) for id, deck in decks.items()}), decks)


def _choose_kind(frame: "Frame", deck: "Deck", word: str, asks: bool) -> "Kind":
    from flashdeck.authoring.prompts import ask_one
    from flashdeck.diagnostics.problem import find_known

    kinds = {name.removeprefix(f"{deck.id}/"): kind for name, kind in frame.kinds.items() if kind.templates}
    if not word:
        word = ask_one("kind", {name: ", ".join(kind.fields) for name, kind in kinds.items()}) if asks else "basic"
    return find_known("kind", word, kinds)


def _show_draft(draft: "Draft") -> None:
    """Prints a card as it will be written and as learners will see it. Ends the command where it has an error."""
    from flashdeck.diagnostics.problem import has_errors

    echo(draft.text)
    for language, look in draft.looks.items():
        echo(f"\n{language}: {look}")
    show_problems(draft.problems, err=True)
    if has_errors(draft.problems):
        echo("nothing was written: fix this first", err=True)
        raise typer.Exit(1)
