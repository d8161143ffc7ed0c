"""What a learner would see of a release: which notes changed in fact or only in wording, are new, retired or gone."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import unescape
from pathlib import Path

from flashdeck.anki.identity import RETIRED_TAG
from flashdeck.anki.package_reader import PackageError, Stored, read_package
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.render import to_lines
from flashdeck.model.cloze import fill_gaps
from flashdeck.model.kind_reader import read_kinds

# The most important to a learner first.
GROUPS = {
    "facts": "Facts changed",
    "wording": "Wording",
    "new": "New",
    "retired": "Retired",
    "moved": "Moved (who has the cards keeps them where they are; Anki's browser can move them)",
    "placed": "In another place among the new cards (who has them keeps the order)",
    "gone": "No longer in the package (learners keep them)",
}
SAME_FACT = 0.85  # the ratio of difflib: above it, with the same digits, a text differs in a word or two, not in fact


@dataclass(frozen=True)
class Change:
    """What changed in one note: each field that differs, with its old and new text."""

    group: str
    guid: str
    note: int  # its id, for Anki's search
    title: str
    fields: tuple[tuple[str, str, str], ...] = ()


def read_release(path: Path) -> list[Stored]:
    """The notes of a package that a user named. Raises FlashdeckError, which names the file."""
    try:
        return read_package(path)
    except PackageError as error:
        raise FlashdeckError(f"'{path}' cannot be read as a package: {error}") from error


def find_changes(old: Iterable[Stored], new: Iterable[Stored]) -> list[Change]:
    """The changes from one release to the next, in the order of GROUPS, then of the new release."""
    before = {note.guid: note for note in old}
    after = {note.guid: note for note in new}
    shown = [guid for guid, note in after.items() if RETIRED_TAG not in note.tags]
    changes = [compare(before.get(guid), note) for guid, note in after.items()]
    for guid, note in after.items():
        if guid in before and before[guid].deck and note.deck and before[guid].deck != note.deck and RETIRED_TAG not in note.tags:
            decks = ("Deck", before[guid].deck, note.deck)
            changes.append(Change("moved", guid, note.id, to_title(note), (decks,)))
    for guid in find_displaced([*before], shown):
        changes.append(Change("placed", guid, after[guid].id, to_title(after[guid])))
    changes += [Change("gone", guid, note.id, to_title(note)) for guid, note in before.items() if guid not in after]
    order = list(GROUPS)
    return sorted((change for change in changes if change), key=lambda change: order.index(change.group))


def find_displaced(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """What has another place in a sequence than before, as few as can be: all else follows each other as it did."""
    places = {name: at for at, name in enumerate(before)}
    common = [name for name in after if name in places]
    ends: list[int] = []  # the lowest last place of a row of each length that goes up
    lengths = []
    for name in common:
        length = bisect_left(ends, places[name])
        ends[length : length + 1] = [places[name]]
        lengths.append(length)
    displaced, wanted = [], len(ends) - 1
    for name, length in zip(reversed(common), reversed(lengths), strict=True):
        if length == wanted:
            wanted -= 1
        else:
            displaced.append(name)
    return displaced[::-1]


def compare(old: Stored | None, new: Stored) -> Change | None:
    if old is None:
        # a card that was retired before this learner got it is not shown anywhere
        return None if RETIRED_TAG in new.tags else Change("new", new.guid, new.id, to_title(new))
    names = {**new.fields, **old.fields}
    texts = [(name, strip_html(old.fields.get(name, "")), strip_html(new.fields.get(name, ""))) for name in names]
    fields = tuple((name, was, now) for name, was, now in texts if was != now)
    if RETIRED_TAG in new.tags and RETIRED_TAG not in old.tags:
        return Change("retired", new.guid, new.id, to_title(new), tuple(field for field in fields if field[0] == "Retired"))
    if old.tags != new.tags:
        fields += (("Tags", " ".join(old.tags), " ".join(new.tags)),)
    if not fields and old.fields == new.fields:
        return None
    facts = _fact_fields(new)
    is_fact = any(name in facts and _is_new_fact(was, now) for name, was, now in fields)
    return Change("facts" if is_fact else "wording", new.guid, new.id, to_title(old), fields)


def _fact_fields(note: Stored) -> set[str]:
    """The fields that state facts; all of them if the note type is not flashdeck's."""
    found = re.fullmatch(r"\S+ (\S+) \(\S+\)", note.type)  # the deck (once: flashdeck), the kind and the language
    kind = read_kinds().get(found[1]) if found else None
    return {field.name for field in kind.fields.values() if field.fact} if kind else set(note.fields)


def _is_new_fact(was: str, now: str) -> bool:
    return re.findall(r"\d+", was) != re.findall(r"\d+", now) or SequenceMatcher(None, was, now).ratio() < SAME_FACT


def strip_html(html: str) -> str:
    """A field's text without its HTML, on one line."""
    return " ".join(unescape(re.sub(r"<[^<>]+>", " ", html)).split())


def to_title(note: Stored) -> str:
    """What a note is called where changes are listed: the text of its first field."""
    return fill_gaps(strip_html(next(iter(note.fields.values()), "")))


def render_changes(changes: Iterable[Change], markdown: bool) -> str:
    """The changes as text for a terminal, or as release notes in Markdown; with the search that finds each group in Anki."""
    changes = list(changes)
    lines = []
    for group, heading in GROUPS.items():
        found = [change for change in changes if change.group == group]
        if not found:
            continue
        lines += [f"## {heading}", ""] if markdown else [f"{heading.lower()} ({len(found)})"]
        for change in found:
            lines.append(f"- **{change.title}**" if markdown else f"  {change.guid}: {change.title}")
            for name, was, now in change.fields:
                text = now if group == "retired" else f"{was or 'nothing'} → {now or 'nothing'}"
                lines.append(f"  - {name}: {text}" if markdown else f"      {name}: {text}")
        search = to_search(found)
        lines += ["", f"In Anki's browser: `{search}`", ""] if markdown else [f"  in Anki's browser: {search}"]
    return to_lines(lines).rstrip() or "nothing changed"


def to_search(changes: Iterable[Change]) -> str:
    """The search that finds these notes in Anki."""
    return "nid:" + ",".join(str(change.note) for change in changes)


def to_data(changes: Iterable[Change]) -> dict[str, object]:
    """The changes as values for JSON, by group."""
    changes = list(changes)
    return {
        group: {
            "search": to_search(found) if (found := [change for change in changes if change.group == group]) else "",
            "notes": [
                {
                    "guid": change.guid,
                    "title": change.title,
                    "fields": [{"name": name, "old": was, "new": now} for name, was, now in change.fields],
                }
                for change in found
            ],
        }
        for group in GROUPS
    }
