"""The command line: words in, exit code out (0 done, 1 problems in the sources, 2 wrong usage or nothing to do).

What a command needs is imported inside it, so that `--help` and `--version` are instant. The clock is read only here.
"""

import errno
import gc
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from flashdeck import __version__

if TYPE_CHECKING:
    from flashdeck.anki.package_writer import Stored
    from flashdeck.build.link import Linked
    from flashdeck.diagnostics.problem import Problem
    from flashdeck.model.cards import Course, Deck
    from flashdeck.model.kinds import Kind
    from flashdeck.pipeline import Compiled, Release, Selection
    from flashdeck.sources.yaml_file import Value

app = typer.Typer(
    name="flashdeck",
    help="Compiles YAML cards into Anki packages that never cost a learner any progress.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

T = TypeVar("T")
SEE_LIST = "see 'flashdeck list'"


def _complete(what: str) -> Callable[[typer.Context, str], list[str]]:
    """Offers the names of the decks at hand to a shell; says nothing, whatever is wrong with them."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        from flashdeck.pipeline import compile_decks

        paths = [Path(path) for path in ctx.params.get("paths") or ["decks"]]
        library = compile_decks(paths).library
        names: dict[str, Iterable[str]] = {
            "course": library.courses,
            "tag": library.tags,
            "kind": library.kind_words,
            "language": library.languages,
            "deck": [deck.id for deck in library.decks],
            "reference": library.references,
        }
        return sorted(name for name in names[what] if name.startswith(incomplete))

    return complete


def _complete_code(incomplete: str) -> list[str]:
    from flashdeck.diagnostics.problem import read_explanations

    return [code for code in read_explanations() if code.startswith(incomplete)]


Paths = Annotated[list[Path] | None, typer.Argument(metavar="[PATHS]...", help="Folders with decks.", show_default="decks")]


class ProblemFormat(StrEnum):
    text = "text"
    json = "json"
    github = "github"


class ChangesFormat(StrEnum):
    text = "text"
    markdown = "markdown"
    json = "json"


class ListFormat(StrEnum):
    text = "text"
    json = "json"


def main() -> NoReturn:
    """Runs the command line, and ends the process."""
    gc.disable()  # a compiler makes many values and no rubbish; looking for some takes a third of its time
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is half written is cleaned up
    for stream in (sys.stdout, sys.stderr):  # a console that lacks a letter shows its number, it does not stop us
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    code: str | int | None = 0
    try:
        app()
    except SystemExit as end:
        code = end.code
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        code = f"flashdeck: {os.strerror(error.errno).lower()}"
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # all is written: nothing is left to clean up
    if not isinstance(code, int):
        sys.exit(code)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os._exit(code)  # to take all values and modules apart one by one would only cost time


@app.callback(invoke_without_command=True)
def flashdeck(version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False) -> None:
    """Compiles YAML cards into Anki packages that never cost a learner any progress."""
    if version:
        typer.echo(f"flashdeck {__version__}")
        raise typer.Exit


@app.command(epilog="Example: flashdeck build --course frontline-101 --language fr")
def build(
    paths: Paths = None,
    course: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", autocompletion=_complete("course"), help="Build this course instead of whole decks."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODE", autocompletion=_complete("language"), help="Build this language only.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", autocompletion=_complete("kind"), help="Take only cards of this kind.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", autocompletion=_complete("tag"), help="Take only cards with this tag.")
    ] = None,
    without_tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", autocompletion=_complete("tag"), help="Leave out cards with this tag.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the packages.")] = Path("dist"),
    updates: Annotated[bool, typer.Option("--updates", help="Also write a text that updates notes edited by learners.")] = False,
    since: Annotated[str, typer.Option(metavar="DAY", help="With --updates: only what changed after this day.")] = "",
    locked: Annotated[bool, typer.Option("--locked", help="Fail if a ledger would change (for CI).")] = False,
) -> None:
    """Check everything, then write one package for each deck (or course) and language. Options can be repeated."""
    if since and not updates:
        _stop("--since says which notes go into the text of --updates; give both, or neither")
    day = _to_time(since)
    words = ["build", *map(repr, (paths, course, language, kind, tag, without_tag, out, updates, since, locked))]
    if said := _recall(words, paths):
        _echo(said[0], err=True)
        typer.echo(f"{said[1]}\nunchanged since the last build")
        return

    from flashdeck.model.courses import Filter
    from flashdeck.pipeline import release, select_notes
    from flashdeck.release.ledger import render_ledger

    compiled = _link(paths, language)
    library = compiled.library
    _show(compiled.problems, err=True)
    if not compiled.ok:
        errors = sum(problem.level == "error" for problem in compiled.problems)
        typer.echo(f"nothing was built: mend {_count(errors, 'error')} first", err=True)
        raise typer.Exit(1)
    wholes: list[Deck | Course] = [_known("course", id, library.courses) for id in course or ()] or list(library.decks)
    for word in language or ():
        _known("language", word, {known: known for known in library.languages})
    for word in kind or ():
        _known("kind", word, {known: known for known in library.kind_words})
    for word in [*(tag or ()), *(without_tag or ())]:
        _known("tag", word, {known: known for known in compiled.tags})
    wanted = Filter(tuple(kind or ()), tuple(tag or ()), tuple(without_tag or ()))

    codes = list(dict.fromkeys(language or library.languages))
    released = release(compiled, codes, int(_now().timestamp()))
    changed = [ledger for id, ledger in released.ledgers.items() if ledger != compiled.ledgers[id]]
    if locked and changed:
        for ledger in changed:
            typer.echo(f"{ledger.path} would change: run 'flashdeck build' and commit it", err=True)
        raise typer.Exit(1)
    selections = [select_notes(released, whole, code, wanted) for whole in wholes for code in codes]
    if not any(selection.notes for selection in selections):
        _stop("nothing was built: no card is in what you asked for")
    table, outputs = _write_packages(selections, released, out, day if updates else None)
    typer.echo(table)
    for ledger in changed:
        _write_file(ledger.path, render_ledger(ledger).encode())
    _remember(words, paths, outputs, [_render(compiled.problems), table])


@app.command(epilog="Example: flashdeck check --format github decks")
def check(
    paths: Paths = None,
    format: Annotated[ProblemFormat, typer.Option(help="How to show the problems.")] = ProblemFormat.text,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")] = False,
) -> None:
    """Tell every mistake in the sources with its place. Prints nothing when there is none."""
    if watch:
        _watch(paths or [Path("decks")], format)
    words = ["check", format, str(strict)]
    if said := _recall(words, paths):
        _echo(said[0])
        raise typer.Exit(int(said[1] == "wrong"))
    compiled = _link(paths, [])
    wrong = not compiled.ok or (strict and bool(compiled.problems))
    _show(compiled.problems, format)
    _remember(words, paths, [], [_render(compiled.problems, format), "wrong" if wrong else "right"])
    raise typer.Exit(int(wrong))


@app.command(name="list", epilog="Example: flashdeck list --format json")
def list_(
    paths: Paths = None,
    format: Annotated[ListFormat, typer.Option(help="How to show what there is.")] = ListFormat.text,
) -> None:
    """Show what there is: decks, kinds, languages, courses, and how many cards."""
    from flashdeck.diagnostics.render import render_table, to_json
    from flashdeck.model.courses import select_course

    compiled = _compile(paths)
    library = compiled.library
    decks = [
        {
            "id": deck.id,
            "title": deck.title,
            "languages": list(deck.languages),
            "cards": _count_by(card.kind.name for card in library.cards if card.deck.id == deck.id),
        }
        for deck in library.decks
    ]
    courses = [
        {
            "id": course.id,
            "title": course.title,
            "cards": _count_by(card.kind.name for card in select_course(library.cards, course)),
        }
        for course in library.courses.values()
    ]
    kinds = _count_by(card.kind.name for card in library.cards)
    if format is ListFormat.json:
        listed = {
            "decks": decks,
            "languages": library.languages,
            "courses": courses,
            "kinds": list(library.kinds),
            "cards": kinds,
        }
        typer.echo(to_json(listed))
    else:
        for name, rows in (("decks", decks), ("courses", courses)):
            typer.echo(f"{name}:")
            table = [
                [str(row["id"]), _say(row["title"]), ", ".join(f"{n} {kind}" for kind, n in row["cards"].items()) or "no cards"]
                for row in rows
            ]
            if table:
                typer.echo(render_table(table, indent="  "))
        typer.echo(f"languages: {', '.join(library.languages)}")
        typer.echo(f"kinds: {', '.join(library.kinds)}")
    if compiled.problems:
        typer.echo(f"{_count(len(compiled.problems), 'problem')} in the sources: see 'flashdeck check'", err=True)
        if not compiled.ok:
            raise typer.Exit(1)


@app.command(epilog="Example: flashdeck explain same-front")
def explain(
    code: Annotated[
        str,
        typer.Argument(metavar="CODE", autocompletion=_complete_code, help="The word in brackets behind 'error' or 'warning'."),
    ],
) -> None:
    """Tell why a problem matters and how to mend it."""
    from flashdeck.diagnostics.problem import read_explanations

    typer.echo(_known("problem", code, read_explanations()))


@app.command(epilog="Example: flashdeck init decks/my-course --name My-course --language en")
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The new folder, such as decks/my-course.")],
    id: Annotated[str, typer.Option(metavar="ID", help="The id of the deck, for ever.")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="What learners see in Anki.")] = "",
    language: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A language of the deck.")] = None,
) -> None:
    """Start a deck: an example of each kind of card, ready to build. Asks for what is not given. Never overwrites."""
    from flashdeck.authoring.prompts import ask_text
    from flashdeck.authoring.starter import SCHEMA, start_deck
    from flashdeck.sources.values import to_id

    if (folder / "deck.yaml").exists():
        _stop(f"there is a deck in '{folder}' already; name a new folder")
    slug = id or to_id(folder.resolve().name) or "my-deck"
    asks = sys.stdin.isatty()
    id = id or (ask_text("id of the deck, for ever", slug) if asks else slug)
    title = id.replace("-", " ").capitalize()
    name = name or (ask_text("its name in Anki", title) if asks else title)
    words = language or (ask_text("its languages, with commas", "en").replace(",", " ").split() if asks else ["en"])
    starter = start_deck(folder, id, name, list(dict.fromkeys(words)))
    if starter.problems:
        _show(starter.problems, err=True)
        _stop("nothing was written: choose another id, name or language")
    for path in starter.files:
        if path.exists():
            _stop(f"'{path}' is there already, and nothing was written; name a new folder")
    for path, data in starter.files.items():
        _write_file(path, data)
    _write_file(folder / SCHEMA, _to_schema([_decks_of(folder)]))
    typer.echo(f"'{folder}' is a deck now, with one example a kind: look into '{folder / 'cards.yaml'}'")
    for kind in starter.left_out:
        typer.echo(f"but for a {kind}: the decks beside it ask the same")
    typer.echo(f"next: flashdeck build {_decks_of(folder)}, or flashdeck add {_decks_of(folder)} --deck {id}")


@app.command(epilog="Example: flashdeck add --deck custom --set question=Q --set answer=A")
def add(
    paths: Paths = None,
    deck: Annotated[str, typer.Option(metavar="ID", autocompletion=_complete("deck"), help="The deck of the card.")] = "",
    kind: Annotated[
        str, typer.Option(metavar="KIND", autocompletion=_complete("kind"), help="Its kind.", show_default="basic")
    ] = "",
    fields: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=TEXT", help="A field; FIELD.fr=TEXT in one language.")
    ] = None,
    id: Annotated[str, typer.Option(metavar="ID", help="Its id, for ever.", show_default="made from the text")] = "",
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", autocompletion=_complete("tag"), help="A tag.")] = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="ID", autocompletion=_complete("reference"), help="A source.")
    ] = None,
    course: Annotated[
        list[str] | None, typer.Option(metavar="ID", autocompletion=_complete("course"), help="A course to name the card in.")
    ] = None,
) -> None:
    """Add a card: asks for what is not given, shows it as learners will see it, and puts it into the right file."""
    from flashdeck.authoring.prompts import ask_one, ask_some, ask_text, ask_values
    from flashdeck.authoring.starter import draft_card
    from flashdeck.sources.editing import WritingError

    compiled = _compile(paths)
    library = compiled.library
    if not library.decks:
        _show(compiled.problems, err=True)
        _stop("there is no deck to add to: mend these first")
    asks = sys.stdin.isatty() and not fields
    decks = {deck.id: _say(deck.title) for deck in library.decks}
    if not deck and len(decks) > 1 and not asks:
        _stop(f"name the deck with --deck: {', '.join(decks)}")
    where = _known("deck", deck or ask_one("deck", decks), {deck.id: deck for deck in library.decks})
    kinds = {name.removeprefix(f"{where.id}/"): one for name, one in library.kinds.items() if one.templates}
    if not kind:
        kind = ask_one("kind", {name: ", ".join(one.fields) for name, one in kinds.items()}) if asks else "basic"
    chosen = _known("kind", kind, kinds)
    values = _to_values(fields or [], chosen, where)
    if asks:
        values = ask_values(chosen, where.languages, values)
        needs_reference = "reference" in chosen.fields and chosen.fields["reference"].required
        titles = {id: one.title for id, one in library.references.items()}
        reference = reference or ask_some("references", titles)
        while needs_reference and not reference:
            typer.echo(f"a {chosen.word} needs one", err=True)
            reference = ask_some("references", titles)
        tag = tag or ask_some("tags", dict.fromkeys(sorted(library.tags), ""))
        course = course or ask_some("courses", {id: _say(one.title) for id, one in library.courses.items()})
    for word in course or ():
        _known("course", word, library.courses)
    try:
        draft = draft_card(
            compiled,
            paths or [Path("decks")],
            where,
            chosen,
            values,
            id=id,
            tags=tag or (),
            references=reference or (),
            courses=course or (),
        )
    except WritingError as error:
        _stop(f"nothing was written: {error}")
    typer.echo(draft.text)
    for language, look in draft.looks.items():
        typer.echo(f"\n{language}: {look}")
    _show(draft.problems, err=True)
    if any(problem.level == "error" for problem in draft.problems):
        typer.echo("nothing was written: mend this first", err=True)
        raise typer.Exit(1)
    if asks and ask_text("\nadd it? (yes or no)", "yes").lower() not in ("y", "yes"):
        _stop("nothing was written")
    for path, data in draft.edits.items():
        _write_file(path, data)
    typer.echo(f"\nadded {draft.id} to {' and '.join(map(str, draft.edits))}")


@app.command(name="import", epilog="Example: flashdeck import dist/custom-en.apkg --into decks/imported")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .tsv, .txt, .xlsx, .apkg, .colpkg or CrowdAnki's .json.")],
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder of the deck, there already or new.")],
    map: Annotated[list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="Which column is a field.")] = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND", autocompletion=_complete("kind"), help="The kind of the cards.", show_default="by the columns"
        ),
    ] = "",
    language: Annotated[str, typer.Option(metavar="CODE", help="The language of texts without one.")] = "en",
    id: Annotated[str, typer.Option(metavar="ID", help="The id of a new deck.", show_default="by the folder")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="Its name in Anki.", show_default="by the file")] = "",
    allow_scripts: Annotated[bool, typer.Option("--allow-scripts", help="Keep the scripts of a package's templates.")] = False,
) -> None:
    """Bring a spreadsheet, a text export or a package into a deck; a second time, only what is new."""
    from flashdeck.anki.package_reader import PackageError
    from flashdeck.importing.cards import ForeignError, Wish
    from flashdeck.importing.plan import import_file
    from flashdeck.importing.tables import TableError
    from flashdeck.sources.editing import WritingError

    columns = {}
    for text in map or ():
        field, equals, column = text.partition("=")
        if not equals or not column.strip():
            _stop(f"'{text}' says no column; write it as FIELD=COLUMN")
        columns[field.strip()] = column.strip()
    if not file.exists():
        _stop(f"there is no file '{file}'")
    try:
        report = import_file(file, Wish(into, id, name, language, kind, columns, allow_scripts))
    except (ForeignError, PackageError, TableError, WritingError) as error:
        _stop(f"nothing was imported from '{file}': {error}")
    if report.problems:
        _show(report.problems, err=True)
        _stop("nothing was written: mend this first, or choose another --id, --name or --language")
    for path, data in report.files.items():
        _write_file(path, data)
    typer.echo("\n".join(report.lines))
    if not report.files:
        raise typer.Exit(2)


@app.command(epilog="Example: flashdeck schema decks --out schema.json")
def schema(
    paths: Paths = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it.", show_default="the screen")] = None,
) -> None:
    """Print a JSON Schema of the sources, with this project's names, for editors that complete and explain YAML."""
    data = _to_schema(paths)
    if out:
        _write_file(out, data)
    else:
        typer.echo(data.decode(), nl=False)


@app.command(epilog="Example: flashdeck changes --since HEAD decks")
def changes(
    releases: Annotated[list[Path] | None, typer.Argument(metavar="OLD NEW", help="Two packages; with --since, decks.")] = None,
    since: Annotated[str, typer.Option(metavar="GITREV", help="Compare the sources with those of this revision.")] = "",
    format: Annotated[ChangesFormat, typer.Option(help="How to show the changes.")] = ChangesFormat.text,
) -> None:
    """Show what a learner would see of a release: facts changed, wording, new and retired notes."""
    from flashdeck.diagnostics.render import to_json
    from flashdeck.release.changes import find_changes, render_changes, to_data

    releases = releases or []
    if since:
        paths = releases or [Path("decks")]
        old, new = _notes_at(since, paths), _notes_of(_compile(paths), "the sources")
    elif len(releases) == 2:
        old, new = _read_package(releases[0]), _read_package(releases[1])
    else:
        _stop("name two packages, the old one first; or a revision, as in 'flashdeck changes --since HEAD'")
    found = find_changes(old, new)
    if format is ChangesFormat.json:
        typer.echo(to_json(to_data(found)))
    else:
        typer.echo(render_changes(found, markdown=format is ChangesFormat.markdown))


@app.command(epilog="Example: flashdeck rehearse dist/interpol-fr.apkg dist/interpol-fr.apkg")
def rehearse(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The package that learners have.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The package of the next release.")],
    format: Annotated[ListFormat, typer.Option(help="How to show the report.")] = ListFormat.text,
) -> None:
    """Try a release on a throw-away collection of the real Anki: what a learner gets, keeps and loses.

    The update text is tried too where it lies beside NEW. Needs the real Anki (pip install anki, or the extra 'rehearse').
    """
    from importlib.util import find_spec

    from flashdeck.diagnostics.render import to_json
    from flashdeck.release.rehearsal import rehearse, render_report

    if not find_spec("anki"):
        _stop("this needs the real Anki: run 'pip install anki'")
    for path in (old, new):
        _read_package(path)
    reports = {f"{old} -> {new}": rehearse(old, new)}
    text = new.with_name(f"{new.stem}-update.txt")
    if text.exists():
        reports[f"{old} -> {text} -> {new}"] = rehearse(old, new, text)
    if format is ListFormat.json:
        typer.echo(to_json({title: report.to_data() for title, report in reports.items()}))
    else:
        typer.echo("\n\n".join(render_report(title, report) for title, report in reports.items()))
    if not all(report.ok for report in reports.values()):
        raise typer.Exit(1)


def _to_values(texts: list[str], kind: "Kind", deck: "Deck") -> "dict[str, Value]":
    """The fields of `--set`: FIELD=TEXT, FIELD.fr=TEXT; several of one field are a list."""
    from flashdeck.sources.yaml_file import read_text

    values: dict[str, Value] = {}
    for text in texts:
        name, equals, said = text.partition("=")
        key, _, language = name.strip().partition(".")
        if not equals:
            _stop(f"'{text}' is no field; write it as FIELD=TEXT")
        field = _known("field", key, kind.fields | dict.fromkeys(("extra", "deck", "sensitive")))
        if language:
            _known("language", language, dict.fromkeys(deck.languages))
            if not isinstance(values.setdefault(key, {}), dict):
                _stop(f"'{key}' is given with a language and without one; write it in one way")
            values[key][language] = said
        elif field and field.type == "shapes":
            values[key] = read_text("", said.encode())[0].value
        elif key in values or (field and field.type == "options"):
            values[key] = [*(values[key] if isinstance(values.get(key), list) else [values[key]] if key in values else []), said]
        else:
            values[key] = said
    return values


def _watch(paths: list[Path], format: ProblemFormat) -> NoReturn:
    """Checks now and whenever something changes, until somebody stops it."""
    from flashdeck.build.link import link_decks
    from flashdeck.pipeline import compile_decks
    from flashdeck.sources.watching import look

    seen = None
    try:
        while True:
            if (found := look(paths)) != seen:
                seen = found
                today = _now().date()
                problems = (link_decks(paths, today, []) or compile_decks(paths, today)).problems
                if format is ProblemFormat.text:
                    typer.echo(f"--- {_count(len(problems), 'problem') if problems else 'no problems'}")
                _show(problems, format)
                sys.stdout.flush()
            time.sleep(0.2)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _to_schema(paths: list[Path] | None) -> bytes:
    from flashdeck.authoring.schema import to_schema
    from flashdeck.diagnostics.render import to_json

    return (to_json(to_schema(_compile(paths).library)) + "\n").encode()


def _decks_of(folder: Path) -> Path:
    """The folder that holds a deck and those beside it."""
    return folder.parent if folder.parent != Path() and any(folder.parent.glob("*/deck.yaml")) else folder


def _read_package(path: Path) -> "list[Stored]":
    from flashdeck.anki.package_reader import PackageError
    from flashdeck.anki.package_writer import read_package

    try:
        return read_package(path)
    except PackageError as error:
        _stop(f"'{path}' cannot be read as a package: {error}")


def _notes_of(compiled: "Compiled", what: str) -> "list[Stored]":
    """All notes of the sources, as packages would hold them; stops where `what` was compiled has errors."""
    from flashdeck.anki.package_writer import to_stored
    from flashdeck.pipeline import release

    if not compiled.ok:
        _stop(f"{what} have problems: see 'flashdeck check'")
    return [to_stored(note) for note in release(compiled, compiled.library.languages, 0).notes.values()]


def _notes_at(revision: str, paths: list[Path]) -> "list[Stored]":
    """All notes of the sources as they were at a revision of git."""
    from tempfile import TemporaryDirectory

    from flashdeck.pipeline import compile_decks
    from flashdeck.release.git import GitError, extract

    with TemporaryDirectory() as folder:
        try:
            extract(revision, paths, Path(folder))
        except GitError as error:
            _stop(str(error))
        return _notes_of(compile_decks([Path(folder, path) for path in paths]), f"the sources at '{revision}'")


def _to_time(day: str) -> int:
    """The Unix time of the end of a day of the calendar; 0 for none."""
    if not day:
        return 0
    from flashdeck.sources.values import to_date

    date = to_date(day)
    if not date or len(day) != 10:
        _stop(f"'{day}' is no day; write it as 2026-11-01")
    return int(datetime(date.year, date.month, date.day, 23, 59, 59, tzinfo=UTC).timestamp())


def _link(paths: list[Path] | None, languages: list[str] | None) -> "Compiled | Linked":
    """Everything below the paths, with its notes in some languages (in all, if None); what did not change is not compiled."""
    from flashdeck.build.link import link_decks

    return link_decks(_existing(paths), _now().date(), languages, _progress) or _compile(paths)


def _compile(paths: list[Path] | None) -> "Compiled":
    """Everything below the paths; stops where there is nothing to read."""
    from flashdeck.pipeline import compile_decks

    paths = _existing(paths)
    compiled = compile_decks(paths, _now().date(), _progress)
    if not compiled.library.decks and not compiled.problems:
        named = " and ".join(f"'{path}'" for path in paths)
        _stop(f"there is no deck in {named}: a deck is a folder with a deck.yaml")
    return compiled


def _existing(paths: list[Path] | None) -> list[Path]:
    paths = paths or [Path("decks")]
    for path in paths:
        if not path.exists():
            _stop(f"there is no folder '{path}'; name one that holds a deck")
        if not path.is_dir() and path.suffix not in (".yaml", ".yml"):
            _stop(f"'{path}' is neither a folder nor a YAML file; name a folder that holds a deck")
    return paths


def _now() -> datetime:
    """The time of the build, or the one that SOURCE_DATE_EPOCH asks for."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch and not (epoch.isdecimal() and len(epoch) <= 11):
        _stop(f"SOURCE_DATE_EPOCH is '{epoch}'; write a number of seconds since 1970")
    return datetime.fromtimestamp(int(epoch) if epoch else int(time.time()), UTC)


def _write_packages(
    selections: "Sequence[Selection]", released: "Release", out: Path, since: int | None
) -> tuple[str, list[Path]]:
    """Writes each selection that has notes (and the text that updates those changed `since` then); a table, and the files."""
    from flashdeck.anki.package_writer import to_package
    from flashdeck.diagnostics.render import render_table
    from flashdeck.release.update_text import render_update, select_changed

    rows, outputs = [["package", "notes", "cards", "size"]], []
    for selection in _progress([selection for selection in selections if selection.notes]):
        path = out / f"{selection.name}.apkg"
        package = to_package(selection.notes, released.times)
        _write_file(path, package)
        outputs.append(path)
        cards = sum(len(note.cards) for note in selection.notes)
        rows.append([str(path), str(len(selection.notes)), str(cards), _size(package)])
        if since is not None and (changed := select_changed(selection.notes, released.ledgers, since)):
            path, text = out / f"{selection.name}-update.txt", render_update(changed).encode()
            _write_file(path, text)
            outputs.append(path)
            rows.append([str(path), str(len(changed)), "", _size(text)])
    lines = [render_table(rows, numbers=True)]
    for selection in selections:
        if selection.left_out:
            left_out = _count(len(selection.left_out), "card")
            lines.append(f"{left_out} left out of {selection.name} for a missing translation")
    return "\n".join(lines), outputs


def _write_file(path: Path, data: bytes) -> None:
    from flashdeck.sources.files import write_file

    try:
        write_file(path, data)
    except OSError as error:
        _stop(f"'{path}' cannot be written: {(error.strerror or str(error)).lower()}")


def _size(data: bytes) -> str:
    return f"{max(1, round(len(data) / 1000)):,} kB"


def _progress(items: Sequence[T]) -> Iterator[T]:
    """The items, with a bar on the terminal where there are many."""
    if len(items) < 50 or not sys.stderr.isatty():
        yield from items
        return
    with typer.progressbar(items, file=sys.stderr) as bar:
        yield from bar


def _recall(words: list[str], paths: list[Path] | None) -> list[str] | None:
    """What these words gave the last time, where nothing changed since."""
    from flashdeck.build.cache import recall

    paths = paths or [Path("decks")]
    return recall(_all_words(words), paths) if _are_whole(paths) else None


def _remember(words: list[str], paths: list[Path] | None, outputs: list[Path], said: list[str]) -> None:
    from flashdeck.build.cache import remember

    paths = paths or [Path("decks")]
    if _are_whole(paths):
        remember(_all_words(words), paths, outputs, said)


def _all_words(words: list[str]) -> list[str]:
    """What an answer depends on beside the files: the folder, the version, the day, and the time that was asked for."""
    return [*words, str(Path.cwd()), __version__, str(_now().date()), os.environ.get("SOURCE_DATE_EPOCH", "")]


def _are_whole(paths: list[Path]) -> bool:
    """Whether all that belongs to the decks is below these folders."""
    return all(path.is_dir() and not any((up / "deck.yaml").exists() for up in path.resolve().parents) for path in paths)


def _render(problems: "Sequence[Problem]", format: ProblemFormat = ProblemFormat.text) -> str:
    from flashdeck.diagnostics.render import render_problems

    return render_problems(problems, format)


def _show(problems: "Sequence[Problem]", format: ProblemFormat = ProblemFormat.text, err: bool = False) -> None:
    _echo(_render(problems, format), err)


def _echo(text: str, err: bool = False) -> None:
    if text:
        typer.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def _count_by(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _say(text: "Value") -> str:
    """A text in the first of its languages."""
    return text if isinstance(text, str) else str(next(iter(text.values()), ""))


def _known(what: str, word: str, known: Mapping[str, T]) -> T:
    """What is known by this word; else stops with the nearest one."""
    from flashdeck.diagnostics.problem import nearest

    if word not in known:
        _stop(f"there is no {what} '{word}'; {nearest(word, known, SEE_LIST)}")
    return known[word]


def _stop(message: str) -> NoReturn:
    typer.echo(f"flashdeck: {message}", err=True)
    raise typer.Exit(2)
