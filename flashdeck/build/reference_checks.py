"""What must hold of the references of a project, and of what cites them. Listed in PROJECT_CHECKS of `project_checks.py`."""

import re
from collections.abc import Iterator
from pathlib import Path

from flashdeck.build.link import Facts
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.references import Reference


def check_unread_references(facts: Facts) -> Iterator[Problem]:
    """A page of the web without any date: nobody can tell what was on it when it was cited, or whether anybody read it."""
    for reference in facts.frame.references.values():
        if reference.url and "URL" in reference.node.fields and not reference.year and not reference.accessed:
            message = f"the page '{reference.id}' has neither the day on which it was issued nor that on which it was read"
            help = "open it, and write 'accessed:' with today's date; or 'issued:' where the page says so"
            yield reference.node.problem("unread-reference", message, "URL", help=help, level="warning")


def check_unused_references(facts: Facts) -> Iterator[Problem]:
    """A source that no card cites is one that somebody forgot to cite, or to delete."""
    if any(unit.unread for unit in facts.units):
        return
    cited = {name for unit in facts.units for word, _, name in [one.partition(" ") for one in unit.asked] if word == "reference"}
    cited |= {reference.repeats for reference in facts.frame.references.values()}
    for id, reference in facts.frame.references.items():
        if id not in cited:
            message = f"no card cites '{id}'"
            yield reference.node.problem("unused-reference", message, "id", help="cite it, or delete it", level="hint")


def check_same_sources(facts: Facts) -> Iterator[Problem]:
    """One source under two ids in a deck is corrected under one of them, and counts as two where a learner counts sources."""
    first: dict[tuple[str, str], Reference] = {}
    for reference in facts.frame.references.values():
        deck = facts.frame.find_home(Path(reference.node.source.path))[0]
        for key in ("URL", "DOI"):
            typed = reference.node.fields.get(key)
            if not isinstance(typed, str) or not (address := _simplify(typed)):
                continue
            other = first.setdefault((deck.id if deck else "", address), reference)
            if other is not reference and (other.language == reference.language or key == "DOI"):
                message = f"'{reference.id}' and '{other.id}' are the same source"
                help = f"delete one, and cite the other; it is at {other.node.spot('id')}"
                yield reference.node.problem("same-source-twice", message, key, help=help, level="warning")
                break


def _simplify(address: str) -> str:
    """An address without what makes no other page of it."""
    address = re.sub(r"^(https?://)?(www\.|dx\.)?(doi\.org/)?", "", address.strip(), flags=re.I)
    host, slash, path = address.partition("/")
    return f"{host.lower()}{slash}{path}".partition("#")[0].rstrip("/")


def check_repeating_references(facts: Facts) -> Iterator[Problem]:
    """A source that says whose words it repeats has to name a reference, so that cards can cite that."""
    for reference in facts.frame.references.values():
        if reference.repeats and reference.repeats not in facts.frame.references:
            message = f"'{reference.repeats}' is not the id of a reference"
            help = "write the id of the source that this one repeats"
            yield reference.node.problem("unknown-reference", message, "repeats", help=help)
