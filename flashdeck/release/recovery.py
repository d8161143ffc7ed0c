"""What a ledger that was made again from packages cannot know. Pure."""

from collections.abc import Iterator

from flashdeck.anki.identity import split_language
from flashdeck.build.link import Facts
from flashdeck.diagnostics.render import count
from flashdeck.release.ledger import Ledger


def find_unknown(facts: Facts, deck_id: str, ledger: Ledger) -> Iterator[str]:
    """What may have been released and is in none of the packages: languages and cards of the deck, in words."""
    deck = facts.frame.decks[deck_id]
    known = {split_language(name) for name in ledger.notes}
    for language in deck.languages:
        ids = {id for id, one in known if one == language}
        missing = facts.ids_of(deck_id) - ids
        if not ids:
            yield f"of '{language}' nothing is known: name a package in that language, if one was released"
        elif missing:
            yield f"in none of the packages, so as if nobody had them: {count(len(missing), 'card')} in '{language}'"
