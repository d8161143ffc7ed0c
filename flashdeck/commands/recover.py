"""`flashdeck recover`: a lost ledger, from the packages that carry it and from git's history."""

from pathlib import Path
from typing import Annotated

import typer

from flashdeck.commands.options import DECKS
from flashdeck.commands.project import compile_quietly
from flashdeck.commands.terminal import echo_line, write
from flashdeck.diagnostics.errors import FlashdeckError


def recover(
    packages: Annotated[list[Path] | None, typer.Argument(metavar="PACKAGE...", help="Packages of the last release.")] = None,
    decks: Annotated[list[Path] | None, typer.Option("--decks", metavar="DIR", help="Folders with decks.")] = None,
) -> None:
    """Make a lost ledger (flashdeck.lock) again from git's history and from released packages: of each language, course and deck
    the last one.
    """
    from flashdeck.anki.package_reader import read_ledgers
    from flashdeck.diagnostics.render import count
    from flashdeck.release.ledger import Ledger, merge_ledgers, parse_ledgers, render_ledger
    from flashdeck.release.recovery import find_unknown
    from flashdeck.release.witness import read_all_committed

    found: dict[str, list[Ledger]] = {}
    for path in packages or ():
        ledgers = parse_ledgers(read_ledgers(path))
        if not ledgers:
            raise FlashdeckError(f"'{path}' carries no ledger: it is not a package that 'flashdeck release' made")
        for ledger in ledgers:
            found.setdefault(ledger.deck_id, []).append(ledger)
    project = compile_quietly(decks or DECKS)
    for _, text in read_all_committed(project.ledgers.values()):
        for ledger in parse_ledgers(text):
            if ledger.deck_id in project.ledgers:
                found.setdefault(ledger.deck_id, []).append(ledger)
    if not found:
        raise FlashdeckError("git knows no ledger of these decks; name packages that were released")
    if not found.keys() & project.frame.decks.keys():
        raise FlashdeckError(f"none of the decks {', '.join(map(repr, found))} is here; name their folder with --decks")
    for id, ledgers in found.items():
        if id not in project.frame.decks:
            echo_line(f"{id}: not here, left out", err=True)
            continue
        known = project.ledgers[id]
        ledger = merge_ledgers([*([] if known.is_empty else [known]), *ledgers])
        write(known.path, render_ledger(ledger).encode())
        latest = max(ledger.releases, default="before there were releases")
        echo_line(f"{known.path}: {count(len(ledger.notes), 'note')}, as of the release of {latest}")
        for line in find_unknown(project.facts, id, ledger):
            echo_line(f"  {line}")
    echo_line("if there was a later release, name its packages too: what changed since would be sent again")
