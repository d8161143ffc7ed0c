"""`flashdeck lint`: handouts by the terms of the decks."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashdeck.commands.options import DECKS, NoCache, refuse_linked_default
from flashdeck.commands.project import compile_sources, open_cache
from flashdeck.commands.terminal import echo, echo_line, show_problems, write
from flashdeck.diagnostics.errors import FlashdeckError

if TYPE_CHECKING:
    from flashdeck.diagnostics.problem import Problem
    from flashdeck.handouts.lint import Finding
    from flashdeck.handouts.read import Handout


class LintFormat(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


def lint(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Markdown, text, HTML, DOCX, PPTX or PDF.")],
    decks: Annotated[
        list[Path], typer.Option(metavar="DIR", help="Folders with the decks whose terms count.", callback=refuse_linked_default)
    ] = DECKS,
    language: Annotated[str, typer.Option(metavar="CODE", help="The language of the files.", show_default="by their words")] = "",
    format: Annotated[LintFormat, typer.Option(help="How to show what is found.")] = LintFormat.text,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the preferred terms, in Markdown and text, after showing them.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --fix writes.")] = False,
    no_cache: NoCache = False,
) -> None:
    """Find discouraged terms in handouts, by the terms of the decks."""
    from flashdeck.build.discouraged_terms import open_guards
    from flashdeck.diagnostics.problem import find_known, has_errors, read_explanations
    from flashdeck.diagnostics.render import render_sarif
    from flashdeck.handouts.lint import MOST, open_guard
    from flashdeck.handouts.lint import lint as lint_handout
    from flashdeck.handouts.read import read_handout

    cache = open_cache(not no_cache)
    project = compile_sources(decks, cache=cache)
    guards = open_guards([rule for unit in project.facts.units for rule in unit.rules], cache)
    if not guards:
        names = " and ".join(f"'{path}'" for path in decks)
        raise FlashdeckError(f"there are no terms to look for in {names}")
    if language:
        find_known("language with terms", language, guards)
    handouts = [read_handout(path) for path in files]
    problems: list[Problem] = []
    for handout in handouts:
        guard = open_guard(handout, guards, language)
        if not guard:
            echo_line(f"'{handout.path}' is in no language that has terms; say which with --language", err=True)
            continue
        findings = lint_handout(handout, guard)
        if fix and findings:
            handout = _fix(handout, findings, guard.language, yes, err=format is not LintFormat.text)
            findings = lint_handout(handout, guard)
        if len(findings) == MOST:
            echo_line(f"'{handout.path}': these are its first {MOST:,} places", err=True)
        problems += [finding.problem for finding in findings]
    if format is LintFormat.sarif:
        echo(render_sarif(problems, read_explanations()))
    else:
        show_problems(problems, format)
    raise typer.Exit(int(has_errors(problems) or (strict and bool(problems))))


def _fix(handout: "Handout", findings: "Sequence[Finding]", language: str, yes: bool, err: bool) -> "Handout":
    """Shows what can be replaced, and writes it if that is wanted; gives the handout as it then is."""
    from flashdeck.handouts.fixes import fix, show_difference, to_bytes
    from flashdeck.handouts.read import FIXABLE, Part

    if handout.suffix not in FIXABLE or not handout.newline:
        reason = "is not UTF-8, or its lines end in several ways" if handout.suffix in FIXABLE else "is neither Markdown nor text"
        echo_line(f"'{handout.path}' {reason}: nothing in it is replaced", err=True)
        return handout
    text = fix(handout, findings, language)
    if text == handout.parts[0].text:
        return handout
    echo(show_difference(handout, text), err=err)
    if not yes and not sys.stdin.isatty():
        raise FlashdeckError("nothing was written: with --yes, this is")
    if not yes and not typer.confirm(f"Write this into '{handout.path}'?", err=True):
        return handout
    write(handout.path, to_bytes(handout, text))
    return replace(handout, parts=(Part("", text),))
