"""The ledger of what was imported and learners have already: released, by somebody else. Pure.

What import wrote counts as what was released, whatever it looked like where it came from; so the first package that is made of
it changes nothing for anybody, and the next correction changes one note.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from flashdeck.anki.identity import in_language
from flashdeck.anki.note import CONTENT_DIGEST
from flashdeck.importing.cards import Learners
from flashdeck.pipeline import Project, release
from flashdeck.release.ledger import Ledger, PastRelease, name_note, to_short, to_text
from flashdeck.sources.files import digest_bytes


def keep_names(ledger: Ledger, learners: Learners, media: Mapping[Path, bytes]) -> Ledger:
    """The ledger with the files that are to have the names in Anki that their learners have."""
    new = {path.name: digest_bytes(data)[:CONTENT_DIGEST] for path, data in media.items() if path.name in learners.media}
    return replace(ledger, files={**ledger.files, **new})


def seed(project: Project, deck_id: str, learners: Learners, cards: Collection[str], language: str) -> Ledger:
    """The ledger of a deck of a project without errors, once some of its cards (by their ids) count as released in a language."""
    ledger = project.ledgers[deck_id]
    released = release(project, [language], learners.release)
    stamped = released.ledgers[deck_id]
    notes, decks = dict(ledger.notes), dict(ledger.decks)
    for note in released.notes.values():
        if note.deck_id == deck_id and note.card in cards and note.guid in learners.notes:
            time = to_text(learners.notes[note.guid])
            name = name_note(note)
            first = ledger.notes[name].first_text if name in ledger.notes else time
            notes[name] = stamped.notes[name]._replace(first_text=first, changed_text=time)
            decks[to_short(note.deck)] = note.deck
    types = dict(ledger.types)
    for word, changed in learners.types.items():
        name = in_language(f"{deck_id}/{word}", language)
        if name in stamped.types and name not in types:
            types[name] = stamped.types[name]._replace(changed_text=to_text(changed))
    releases = ledger.releases or {to_text(learners.release): PastRelease((), learners.title)}
    return replace(ledger, notes=notes, types=types, decks=decks, releases=releases)
