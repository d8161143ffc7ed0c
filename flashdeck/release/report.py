"""What `release` says of a release: what reaches learners, what waits, and what no package can carry. Pure."""

from collections.abc import Iterable, Sequence

from flashdeck.anki.identity import RETIRED_TAG, split_language
from flashdeck.anki.note import Note
from flashdeck.anki.package_reader import Stored
from flashdeck.diagnostics.render import count
from flashdeck.release.changes import find_displaced
from flashdeck.release.ledger import Ledger
from flashdeck.release.stamp import Delta

SHOWN = 5  # notes of one group; the release notes have them all


def render_delta(deck: str, delta: Delta, before: Ledger, after: Ledger) -> str:
    """What a release changes in one deck, line by line; empty where there is nothing to say."""
    lines = []
    if not delta.is_empty and before.is_empty:
        lines.append(f"{deck}: the first release; its ledger begins in {after.path}")
    for what, some in (
        ("new", delta.new),
        ("changed", delta.changed),
        ("retired", delta.retired),
        ("brought back", delta.restored),
        ("from elsewhere", delta.taken),
    ):
        if some:
            lines.append(f"{deck}: {what}: {_name(some)}")
    if delta.left:
        names = list(dict.fromkeys(split_language(name)[0] for name in delta.left))
        lines.append(f"{deck}: gone elsewhere: {_list(names)}")
    if delta.courses:
        lines.append(f"{deck}: new {'course' if len(delta.courses) == 1 else 'courses'}: {', '.join(delta.courses)}")
    if delta.types:
        lines.append(f"{deck}: {count(len(delta.types), 'note type')} with another look")
    for old in dict.fromkeys(old for _, old in delta.moved):
        some = [note for note, before_ in delta.moved if before_ == old]
        lines.append(f"{deck}: moved: {_name(some)}: who has them keeps them in '{old}'; the release notes say how to move them")
    if delta.retired:
        lines.append(
            f"{deck}: a package cannot retire a note that its learner edited after this release; they find the others with "
            f"tag:{RETIRED_TAG}"
        )
    if delta.tagged:
        lines.append(f"{deck}: other tags only: {_name(delta.tagged)}: they wait for the next correction; send them: --with-tags")
    if delta.rendered or delta.rendered_types:
        number = len(delta.rendered) + len(delta.rendered_types)
        lines.append(f"{deck}: {number} rendered otherwise by this flashdeck: new learners get that; send it to all: --rerender")
    return "\n".join(lines)


def render_placed(deck: str, notes: Iterable[Note], packages: Iterable[Iterable[Stored]]) -> str:
    """Which notes of a deck have another place among the new cards than in these packages; empty where none has."""
    by_guid = {note.guid: note for note in sorted(notes, key=lambda note: note.order) if note.cards and note.deck_id == deck}
    placed = dict.fromkeys(guid for package in packages for guid in find_displaced([note.guid for note in package], [*by_guid]))
    if not placed:
        return ""
    some = _name(by_guid[guid] for guid in placed)
    return f"{deck}: in another place: {some}: who has them keeps the order of new cards; Anki's browser can reposition them"


def _name(notes: Iterable[Note]) -> str:
    """How many notes there are, and the first of them."""
    return _list(list(dict.fromkeys(note.card for note in notes)))


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
