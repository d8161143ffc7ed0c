"""The files of a build or release: packages of decks and courses in each language, and texts that update notes. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from flashdeck.anki.html import to_html
from flashdeck.anki.identity import to_course_tag
from flashdeck.anki.note import Note, digest_texts, to_deck_name
from flashdeck.anki.package_writer import to_package
from flashdeck.diagnostics.render import count, render_table
from flashdeck.model.courses import Course, Filter
from flashdeck.model.decks import Deck, to_package_name
from flashdeck.model.texts import texts_in
from flashdeck.release.ledger import Ledger, render_ledger, select_lines
from flashdeck.release.notes import find_words
from flashdeck.release.release import Release, Selection, select_notes
from flashdeck.release.update_text import render_update, select_changed

EVERYTHING = Filter()
RECENT = 5  # releases from which a text leads to the latest; there is one from the first release, too


@dataclass(frozen=True)
class ReleaseFile:
    """A package, or a text that updates notes."""

    name: str
    data: bytes
    notes: int
    cards: int | None  # None for a text: it makes no cards

    @property
    def row(self) -> tuple[str, str, str]:
        """Notes, cards and size, as the table of a build shows them."""
        size = f"{max(1, round(len(self.data) / 1000)):,} kB"
        return str(self.notes), "" if self.cards is None else str(self.cards), size


@dataclass(frozen=True, eq=False)
class Target:
    """What a package is made of: a deck or a course in one language, whole or filtered."""

    of: Deck | Course
    language: str
    filter: Filter = EVERYTHING

    @property
    def deck_id(self) -> str:
        """The deck whose releases count: of a course, the one that defines it."""
        return self.of.deck if isinstance(self.of, Course) else self.of.id

    @property
    def name(self) -> str:
        """What its files are called, without their suffixes."""
        return f"{to_package_name(self.of.id, self.language)}{name_filter(self.filter)}"

    def select(self, released: Release) -> Selection:
        """Its notes."""
        return select_notes(released, self.of, self.language, self.filter)


def name_filter(filter: Filter) -> str:
    """What a filter adds to the name of a package, so that it never takes the place of a whole one."""
    words = [*filter.kinds, *filter.tags, *(f"no-{tag}" for tag in filter.without_tags)]
    plain = [re.sub(r"[^\w.-]+", "-", word) for word in words]
    if plain == words:
        return "".join(f"+{word}" for word in words)
    return "".join(f"+{word}" for word in plain) + f"+{digest_texts(*words)[:6]}"  # "a::b" and "a-b" are two tags


def name_draft(target: Target, ledger: Ledger) -> str:
    """The name of a draft, which never takes the place of a package that was released."""
    released = target.filter == EVERYTHING and not ledger.is_empty
    return f"{target.name}{'-draft' * released}.apkg"


def make_draft(name: str, notes: Sequence[Note], draft: Release, ledgers: Mapping[str, Ledger]) -> ReleaseFile:
    """The package of a draft. It carries what was released, so that it never counts as a release itself."""
    return _make_package(name, notes, draft, {}, ledgers)


def make_release(target: Target, notes: Sequence[Note], released: Release, deck: Deck) -> Iterator[ReleaseFile]:
    """The package of a deck or course in a language, and the texts that lead to it from earlier releases.

    Each is made when it is asked for, so that only one is held in memory. Without notes there are no files.
    """
    if not notes:
        return
    ledgers = [released.ledgers[id] for id in find_releasing(target, notes)]
    latest = find_latest(ledgers)
    day = _name_release(latest, ledgers) if latest else ""
    release = f"{target.of.id} ({target.language}), {find_words(target.language)['released'].format(day=day)}"
    says = _describe(deck, target.language, release)
    descriptions = {to_deck_name(deck.name, "", target.language): says} if latest else {}
    yield _make_package(f"{target.name}.apkg", notes, released, descriptions, released.ledgers)
    courses = (target.of.id, *target.of.former) if isinstance(target.of, Course) else ()
    tag = " ".join(map(to_course_tag, courses))
    for name, time in find_ranges(ledgers).items():
        if changed := select_changed(notes, released.ledgers, time):
            text = render_update(changed, tag)
            yield ReleaseFile(f"{target.name}-from-{name}.txt", text.encode(), len(changed), None)


def _describe(deck: Deck, language: str, release: str) -> str:
    """What Anki shows beside a deck, as HTML: its title, what its author says of it, its licence, and which release it is."""
    title, about = (next((text for _, text in texts_in(value, language)), "") for value in (deck.title, deck.description))
    named = f"<b>{escape(title)}</b>" if deck.title != deck.name else ""  # else Anki shows it above
    lines = [named, to_html(about), " · ".join(escape(part) for part in (deck.licence, release) if part)]
    return "".join(line if line.startswith("<p>") else f"<p>{line}</p>" for line in lines if line)


def find_releasing(target: Target, notes: Iterable[Note]) -> list[str]:
    """The ids of the decks whose releases change a package: a course may have cards of several."""
    return sorted({target.deck_id}.union(*{note.released_by for note in notes}))


def find_latest(ledgers: Iterable[Ledger]) -> str:
    """The time of the latest release; empty where there is none."""
    return max((time for ledger in ledgers for time in ledger.releases), default="")


def find_ranges(ledgers: Sequence[Ledger]) -> dict[str, str]:
    """The releases from which texts lead to the latest, the latest first: their times by the name that each has in a file's."""
    latest = find_latest(ledgers)
    earlier = sorted({time for ledger in ledgers for time in ledger.completed} - {latest}, reverse=True)
    chosen = dict.fromkeys([*earlier[:RECENT], *earlier[-1:]])
    return {_name_release(time, ledgers): time for time in chosen}


def _name_release(time: str, ledgers: Iterable[Ledger]) -> str:
    days = [_to_day(other) for other in {other for ledger in ledgers for other in ledger.releases}]
    return name_release(time, days.count(_to_day(time)) > 1)


def name_release(time: str, by_second: bool) -> str:
    """A release in the name of a file: its day, or where there are several of one day, its time to the second."""
    return time[:19].replace(":", "") if by_second else _to_day(time)


def _to_day(time: str) -> str:
    return time[:10]


def _make_package(
    name: str, notes: Sequence[Note], released: Release, descriptions: Mapping[str, str], ledgers: Mapping[str, Ledger]
) -> ReleaseFile:
    parts = {note.deck_id: None for note in notes} | {id: None for note in notes for id in note.overriding}
    texts = [render_ledger(select_lines(ledgers[id], notes)) for id in sorted(parts) if not ledgers[id].is_empty]
    data = to_package(notes, released.times, descriptions, "".join(texts))
    return ReleaseFile(name, data, len(notes), sum(len(note.cards) for note in notes))


def render_files(rows: Iterable[Sequence[str]], left_out: Mapping[str, int]) -> str:
    """The table of the files that were written, and how many cards were left out of each deck or course, by its name."""
    table = render_table([["package", "notes", "cards", "size"], *map(list, rows)], numbers=True)
    lines = [
        f"{count(number, 'card')} left out of {name} for a missing translation" for name, number in left_out.items() if number
    ]
    return "\n".join([table, *lines])
