"""What has to be looked at again, and when: figures and sources with a `review_by`, and figures that have none. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from flashdeck.build.link import Facts
from flashdeck.diagnostics.problem import Spot
from flashdeck.diagnostics.render import render_table
from flashdeck.sources.values import as_text, first_text, to_date

LENGTHS = {"d": 1, "w": 7, "m": 30, "y": 365}  # days


@dataclass(frozen=True)
class Due:
    """One thing to look at again, by a day; without one it should have been long ago."""

    day: date | None
    what: str  # the full id of a card, or the id of a reference
    title: str
    owner: str  # who looks after it, where that is said
    spot: Spot


def read_length(text: str) -> timedelta | None:
    """A length of time as `90d`, `12w`, `3m` or `1y`; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,4})([dwmy])", text.strip().lower())
    return timedelta(int(found[1]) * LENGTHS[found[2]]) if found else None


def find_due(facts: Facts, until: date, owner: str = "") -> list[Due]:
    """What has to be looked at by a day, the earliest first; only what somebody looks after, if an `owner` is named."""
    found = [one for one in (*_find_cards(facts), *_find_references(facts)) if one.day is None or one.day <= until]
    chosen = [one for one in found if not owner or one.owner.casefold() == owner.casefold()]
    return sorted(chosen, key=lambda one: (one.day or date.min, one.spot))


def _find_cards(facts: Facts) -> Iterator[Due]:
    for unit in facts.units:
        rows = [(item, key, to_date(text)) for item, key, text in unit.reviews]
        rows += [(item, key, None) for item, key, text in unit.figures if not _is_recent(text, facts.today)]
        for item, key, day in rows:
            card = facts.card_at(unit, item)
            typed = facts.open(unit).typed(card.row)
            title = next((first_text(value) for word, value in typed.items() if word in ("question", "claim", "text")), card.id)
            yield Due(day, card.full_id, title, as_text(typed.get("owner", "")), facts.spot(unit, item, key))


def _is_recent(text: str, today: date | None) -> bool:
    day = to_date(text)
    return bool(day and today and (today - day).days <= LENGTHS["y"])


def _find_references(facts: Facts) -> Iterator[Due]:
    for reference in facts.frame.references.values():
        if day := to_date(reference.review_by):
            yield Due(day, reference.id, reference.title, reference.owner, reference.node.spot("review_by"))


def render_due(found: Sequence[Due], today: date) -> str:
    """A line for each thing: when, what, where."""
    if not found:
        return "nothing is due"
    rows = [[_say_day(one.day, today), one.what, str(one.spot), one.owner, one.title] for one in found]
    return render_table(rows)


def _say_day(day: date | None, today: date) -> str:
    if not day:
        return "no day"
    return f"{day} (overdue)" if day < today else str(day)


def due_to_data(found: Iterable[Due]) -> list[dict[str, object]]:
    """Values for JSON."""
    return [
        {
            "day": one.day.isoformat() if one.day else None,
            "what": one.what,
            "title": one.title,
            "owner": one.owner,
            "path": one.spot.path,
            "line": one.spot.line,
        }
        for one in found
    ]


def render_calendar(found: Iterable[Due], today: date) -> str:
    """A calendar (RFC 5545) with an event on each of the days; what has none, or is overdue, is on today's."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//flashdeck//stale//EN"]
    for one in found:
        day = max(one.day or today, today)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{sha256(f'{one.what} {one.day}'.encode()).hexdigest()[:32]}@flashdeck",
            f"DTSTAMP:{today:%Y%m%d}T000000Z",
            f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{day + timedelta(1):%Y%m%d}",
            f"SUMMARY:{_escape(f'look again: {one.what}')}",
            f"DESCRIPTION:{_escape(f'{one.title} ({one.spot})')}",
            "END:VEVENT",
        ]
    return "\r\n".join(part for line in [*lines, "END:VCALENDAR"] for part in _fold(line)) + "\r\n"


def _escape(text: str) -> str:
    text = re.sub(r"([\\;,])", r"\\\1", " ".join(text.split()))
    return re.sub(r"[\x00-\x1f\x7f]", "", text)


def _fold(line: str) -> Iterator[str]:
    """A line in parts of at most 75 bytes, each but the first behind a space."""
    part, size = "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > 75:
            yield part
            part, size = " ", 1
        part, size = part + sign, size + width
    yield part
