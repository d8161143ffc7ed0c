"""What cannot be taken back once learners have it, checked against the ledgers of earlier releases."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from flashdeck.anki.note import Note, NoteType, to_deck_name
from flashdeck.diagnostics.problem import Problem, find_nearest
from flashdeck.model.cards import Card, Deck, Library
from flashdeck.release.ledger import Ledger, ReleasedNote, digest_guid

Render = Callable[[Card, str], Note]


def check_releases(
    library: Library, ledgers: Mapping[str, Ledger], types: Mapping[str, NoteType], render: Render | None
) -> Iterator[Problem]:
    """All that learners of an earlier release would lose. `types` are the note types by `kind@language`.

    `render` makes the note of a card, so that a renamed card is known again by what is on it; only for sound sources.
    """
    by_deck: dict[str, dict[str, Card]] = {}
    for card in library.cards:
        deck_id, _, id = card.id.partition("/")
        by_deck.setdefault(deck_id, {})[id] = card
    for deck in library.decks:
        ledger = ledgers[deck.id]
        if not ledger.lines:
            continue
        released = {name: note for name, note in ledger.notes.items() if "/" not in name}  # not what it words otherwise
        cards = by_deck.get(deck.id, {})
        yield from _check_languages(deck, released)
        yield from _check_ids(library, deck, ledger, released, cards, render)
        yield from _check_cards(deck, released, cards)
        yield from _check_decks(library, deck, ledger, cards)
        yield from check_types(ledger, types)


def _check_languages(deck: Deck, released: Mapping[str, ReleasedNote]) -> Iterator[Problem]:
    for language in sorted({name.partition("@")[2] for name in released} - set(deck.languages)):
        message = f"this deck was released in '{language}', and its learners would get no more corrections"
        help = f"keep '{language}' in 'languages'; cards may be left out of it one by one, by retiring them"
        yield deck.node.problem("dropped-language", message, "languages", help=help)


def _check_ids(
    library: Library,
    deck: Deck,
    ledger: Ledger,
    released: Mapping[str, ReleasedNote],
    cards: Mapping[str, Card],
    render: Render | None,
) -> Iterator[Problem]:
    by_id: dict[str, list[str]] = {}
    for name in released:
        id, _, language = name.partition("@")
        by_id.setdefault(id, []).append(language)
    new = {id: card for id, card in cards.items() if id not in by_id}
    names = frozenset(new)
    vanished = [id for id in by_id if f"{deck.id}/{id}" not in library.card_ids and not library.may_define(id)]
    same = _find_rendered(new.values(), render) if vanished and render else {}
    for id in vanished:
        notes = {language: released[f"{id}@{language}"] for language in by_id[id]}
        shown = [(note.kind, language, note.digest) for language, note in notes.items()]
        like = next((same[one] for one in shown if one in same), "") or find_nearest(id, names)
        help = "bring it back and, to withdraw it, write 'retired:' on it"
        if like:
            help = f"if it is '{like}' now, give that card its old id back; else {help}"
        message = f"the card '{id}' was released and is gone: its learners would keep it and get no correction"
        yield Problem(ledger.spot(f"note {id}@{by_id[id][0]}"), "vanished-id", message, help)


def _find_rendered(cards: Iterable[Card], render: Render) -> dict[tuple[str, str, str], str]:
    """The ids of cards by what is on them: kind, language and digest."""
    found: dict[tuple[str, str, str], str] = {}
    for card in cards:
        for language in card.languages:
            note = render(card, language)
            found.setdefault((card.kind.name, language, note.digest), card.id.partition("/")[2])
    return found


def _check_cards(deck: Deck, released: Mapping[str, ReleasedNote], cards: Mapping[str, Card]) -> Iterator[Problem]:
    for name, note in released.items():
        id, _, language = name.partition("@")
        card = cards.get(id)
        if not card or language not in deck.languages:
            continue
        if card.kind.name != note.kind:
            message = f"this card was released as a {note.kind}; Anki cannot make a {card.kind.name} of it"
            help = "retire it, and write a new card with an id of its own"
            yield card.problem("changed-kind", message, "kind", help=help)
        elif language not in card.languages:
            message = f"this card was released in '{language}' and is not in it any more"
            help = f"translate what is missing, or take '{language}' into its 'languages' again; to withdraw it, retire it"
            yield card.problem("dropped-language", message, *_route(card, "languages"), help=help)
        elif digest_guid(card.id, language, card.guid(language)) != note.guid:
            message = f"this card was released in '{language}' under another guid: its learners would have it twice"
            help = "bring the old 'guid' back" if note.guid else "delete the 'guid'"
            yield card.problem("changed-guid", message, *_route(card, "guid"), help=help)
        elif not card.retired and (lost := sorted(set(note.cards) - set(card.templates(language)))):
            yield _tell_blank(card, lost[0])


def _tell_blank(card: Card, at: int) -> Problem:
    if card.kind.cloze:
        what, key = f"gap {at + 1}", card.kind.cloze
    else:
        what, key = f"'{card.kind.templates[at].name}'", card.kind.templates[at].when
    message = f"learners have a card {what} of this, and its front would become blank"
    help = "bring it back; to withdraw it, retire the card and write a new one without it"
    return card.problem("emptied-front", message, *_route(card, key), help=help)


def _check_decks(library: Library, deck: Deck, ledger: Ledger, cards: Mapping[str, Card]) -> Iterator[Problem]:
    if library.unread:
        return
    names = {to_deck_name(card, language) for card in cards.values() for language in card.languages}
    new_names = frozenset(names - ledger.decks)
    for name in sorted(ledger.decks - names):
        help = "name it back; to give it up all the same, delete this line of the ledger"
        if new := find_nearest(name, new_names, cutoff=0.3):
            help = f"if it is '{new}' now, {help}"
        message = f"the released deck '{name}' has no cards any more: learners' cards would stay behind in it"
        yield Problem(ledger.spot(f"deck {name}"), "renamed-deck", message, help)


def check_types(ledger: Ledger, types: Mapping[str, NoteType]) -> Iterator[Problem]:
    """Note types that cannot become what they are now. `types` by `kind@language`."""
    for name, released in ledger.types.items():
        if name not in types:
            continue
        now = types[name]
        for what, old, keys in (
            ("fields", released.fields, now.field_keys),
            ("cards", released.templates, now.template_keys),
        ):
            keys = tuple(key.replace(" ", "_") for key in keys)
            if keys[: len(old)] != old:
                kind, _, language = name.partition("@")
                message = (
                    f"the {what} of the released kind '{kind}' ({language}) were {', '.join(old)}: Anki would stop all updates"
                )
                help = "bring them back in this order; new ones go to the end, or into a kind of another name"
                yield Problem(ledger.spot(f"type {name}"), "changed-note-type", message, help)


def _route(card: Card, key: str) -> tuple[str, ...]:
    """The route to a field, or to the card where the field is not there."""
    return (key,) if key in card.node.value or key in card.node.source.value else ()
