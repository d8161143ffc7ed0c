"""`flashdeck check`: every mistake in the sources, once or after every change."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flashdeck.commands.options import DECKS, NoCache, Paths
from flashdeck.commands.project import compile_sources, find_answer, open_cache, save_answer, with_lost_ledgers
from flashdeck.commands.terminal import echo, echo_line, show_problems
from flashdeck.diagnostics.errors import FlashdeckError


class ProblemFormat(StrEnum):
    """How problems are printed."""

    text = "text"
    json = "json"
    github = "github"


def check(
    paths: Paths = DECKS,
    format: Annotated[ProblemFormat, typer.Option(help="How to show the problems.")] = ProblemFormat.text,
    strict: Annotated[
        bool, typer.Option("--strict", help="Count warnings as errors, and give hints on what is a matter of taste.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")] = False,
    no_cache: NoCache = False,
) -> None:
    """Report every mistake in the sources with its place. Prints nothing if there is none."""
    if watch:
        _watch(paths, format, strict, not no_cache)
    from flashdeck.diagnostics.problem import has_errors

    cache, words = open_cache(not no_cache), ["check", str(strict), *map(str, paths)]
    if answer := find_answer(cache, words, paths):
        problems, scripts = answer
    else:
        from flashdeck.authoring.overview import find_scripting, name_scripts  # what did not change needs none

        project = compile_sources(paths, cache=cache, hints=strict)
        problems, scripts = with_lost_ledgers(project).problems, name_scripts(find_scripting(project.frame))
        if problems == project.problems:  # else it depends on git, too
            save_answer(cache, words, paths, project, [], scripts)
    show_problems(problems, format, hints=strict)
    echo(scripts, err=True)
    raise typer.Exit(int(has_errors(problems) or (strict and bool(problems))))


def _watch(paths: Sequence[Path], format: ProblemFormat, strict: bool, caching: bool) -> NoReturn:
    """Checks now and whenever a file changes, until Ctrl-C. Stops at once, like `check`, only if there is nothing to check."""
    from flashdeck.sources.watching import watch

    is_first = True
    try:
        for _ in watch(paths):
            try:
                _check_once(paths, format, strict, caching)
            except FlashdeckError as error:  # later it may be a deck that is about to be moved or checked out
                if is_first:
                    raise
                echo_line(f"flashdeck: {error}", err=True)
            is_first = False
            sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    raise typer.Exit


def _check_once(paths: Sequence[Path], format: ProblemFormat, strict: bool, caching: bool) -> None:
    from flashdeck.diagnostics.problem import without_hints
    from flashdeck.diagnostics.render import render_summary

    problems = with_lost_ledgers(compile_sources(paths, cache=open_cache(caching), hints=strict)).problems
    if format is ProblemFormat.text:
        echo(f"--- {render_summary(problems if strict else without_hints(problems), strict)}")
    show_problems(problems, format, hints=strict)
