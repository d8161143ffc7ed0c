"""What else knows of earlier releases: the packages in the output folder, and git. A ledger that knows less was lost."""

import os
from collections.abc import Iterable, Iterator, Mapping

from flashdeck.diagnostics.problem import Problem
from flashdeck.release.git import read_committed, read_history
from flashdeck.release.ledger import FIRST_1, LAST, Ledger, parse_ledgers

GIT = "git's HEAD"
VERSIONS = 30  # of a ledger in git: a release that was taken back is seldom longer ago


def find_committed(ledgers: Iterable[Ledger]) -> Iterator[Problem]:
    """The ledgers that the last commit has and that are not there any more. Only where one is missing is git asked."""
    for ledger in ledgers:
        if ledger.is_empty and not os.path.lexists(ledger.path):
            text = read_committed(ledger.path).decode(errors="replace").replace("\r\n", "\n")
            is_old = text.startswith(f"{FIRST_1}\n") and text.endswith(f"\n{LAST}\n")
            if is_old or any(other.deck_id == ledger.deck_id and not other.is_empty for other in parse_ledgers(text)):
                yield _to_problem(ledger, GIT, "")


def read_all_committed(ledgers: Iterable[Ledger]) -> Iterator[tuple[str, str]]:
    """The ledgers as the last commits have them, as witnesses: HEAD, and what it comes after, in which a release may have been
    taken back.
    """
    for ledger in ledgers:
        head = read_committed(ledger.path)
        for commit, data in read_history(ledger.path, VERSIONS):
            yield GIT if data == head else f"git's commit {commit}", data.decode(errors="replace").replace("\r\n", "\n")


def find_lost(ledgers: Mapping[str, Ledger], witnesses: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    """The ledgers that know less than a witness: where that is (as in `the package 'dist/x.apkg'`), and the ledgers it has.

    Whoever released without them would send everything again, over what learners made of it.
    """
    reported: set[str] = set()
    for where, text in witnesses:
        for other in parse_ledgers(text):
            ledger = ledgers.get(other.deck_id)
            unknown = max(other.releases.keys() - ledger.releases.keys(), default="") if ledger else ""
            if ledger and unknown and other.deck_id not in reported:
                reported.add(other.deck_id)
                yield _to_problem(ledger, where, unknown)


def _to_problem(ledger: Ledger, where: str, release: str) -> Problem:
    if ledger.is_empty:
        message = f"this deck was released ({where} has it), and its ledger is gone"
    else:
        message = f"the release of {release} is not in this ledger ({where} has it)"
    if where == GIT:
        way = f"'git checkout HEAD -- {ledger.path.as_posix()}'"
    elif where.startswith("git"):
        way = "'flashdeck recover' has git's history too; whoever got that release would otherwise get no correction of it"
    else:
        package = where.split("'")[1]
        way = f"from git, or with 'flashdeck recover {package}'; if that package was never handed out, delete it"
    return Problem(ledger.spot(""), "lost-ledger", message, f"get the ledger back: {way}")


def is_latest(ledgers: Mapping[str, Ledger], text: str) -> bool:
    """Whether the ledgers in a package are those of the last release."""
    found = [(other, ledgers[other.deck_id]) for other in parse_ledgers(text) if other.deck_id in ledgers]
    return bool(found) and all(other.heads == ledger.heads for other, ledger in found)
