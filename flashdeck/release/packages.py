"""The files of a release: a package for each deck or course in each language, and the text that updates its notes. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flashdeck.anki.note import Note, Times
from flashdeck.anki.package_writer import to_package
from flashdeck.diagnostics.render import count, render_table
from flashdeck.release.ledger import Ledger
from flashdeck.release.update_text import render_update, select_changed


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


def make_files(
    name: str, notes: Sequence[Note], times: Times, ledgers: Mapping[str, Ledger], since: int | None
) -> Iterator[ReleaseFile]:
    """The package of some notes, and unless `since` is None the text that updates those that changed after that Unix time.

    Each is made when it is asked for, so that only one is held in memory. Without notes there are no files.
    """
    if not notes:
        return
    yield ReleaseFile(f"{name}.apkg", to_package(notes, times), len(notes), sum(len(note.cards) for note in notes))
    if since is not None and (changed := select_changed(notes, ledgers, since)):
        yield ReleaseFile(f"{name}-update.txt", render_update(changed).encode(), len(changed), None)


def render_files(rows: Iterable[Sequence[str]], left_out: Mapping[str, int]) -> str:
    """The table of the files that a build wrote, and how many cards were left out of each deck or course, by its name."""
    table = render_table([["package", "notes", "cards", "size"], *map(list, rows)], numbers=True)
    lines = [
        f"{count(number, 'card')} left out of {name} for a missing translation" for name, number in left_out.items() if number
    ]
    return "\n".join([table, *lines])
