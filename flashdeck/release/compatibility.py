"""What cannot be taken back once learners have it, checked against the ledgers of earlier releases."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from flashdeck.anki.identity import in_language, split_language
from flashdeck.anki.note import Note, NoteType
from flashdeck.build.link import Facts
from flashdeck.build.unit import RETIRED, Unit, to_rows
from flashdeck.diagnostics.problem import Problem, find_nearest
from flashdeck.model.decks import Deck
from flashdeck.release.ledger import Ledger, ReleasedNote, digest_guid, to_released_keys

Types = Mapping[tuple[str, str], NoteType]  # by kind and language
FindNotes = Callable[[Deck], list[Note]]  # the notes of a deck in all its languages


def check_compatibility(
    facts: Facts, ledgers: Mapping[str, Ledger], types: Types, find_notes: FindNotes | None
) -> Iterator[Problem]:
    """All that learners of an earlier release would lose.

    `find_notes` serves to recognise a renamed card by its content; it is None where the project has errors.
    """
    for id, ledger in ledgers.items():
        if not ledger.notes:
            continue
        deck, released = facts.frame.decks[id], ledger.own_notes
        units = [unit for unit in facts.units if unit.deck == id]
        yield from _check_languages(deck, released)
        yield from _check_ids(facts, deck, ledger, released, find_notes)
        for unit in units:
            yield from _check_cards(facts, unit, deck, released)
        yield from _check_decks(units, ledger)
        yield from _check_types(ledger, types)


def _check_languages(deck: Deck, released: Mapping[str, ReleasedNote]) -> Iterator[Problem]:
    for language in sorted({split_language(name)[1] for name in released} - set(deck.languages)):
        message = f"this deck was released in '{language}', and its learners would get no more corrections"
        help = f"keep '{language}' in 'languages'; cards may be left out of it one by one, by retiring them"
        yield deck.node.problem("dropped-language", message, "languages", help=help)


def _check_ids(
    facts: Facts, deck: Deck, ledger: Ledger, released: Mapping[str, ReleasedNote], find_notes: FindNotes | None
) -> Iterator[Problem]:
    ids = facts.ids_of(deck.id)
    by_id: dict[str, list[str]] = {}
    for name in released:
        id, language = split_language(name)
        if id not in ids:
            by_id.setdefault(id, []).append(language)
    vanished = [id for id in by_id if not facts.may_define(id)]
    if not vanished:
        return
    new = ids - {split_language(name)[0] for name in released}
    same = (
        {(note.kind, note.type.language, note.digest): note.card for note in find_notes(deck) if note.card in new}
        if find_notes
        else {}
    )
    for id in vanished:
        notes = {language: released[in_language(id, language)] for language in by_id[id]}
        contents = [(note.kind, language, note.digest) for language, note in notes.items()]
        like = next((same[one] for one in contents if one in same), "") or find_nearest(id, new)
        help = "bring it back and, to withdraw it, write 'retired:' on it"
        if like:
            help = f"if it is '{like}' now, give that card its old id back; else {help}"
        message = f"the card '{id}' was released and is gone: its learners would keep it and get no correction"
        yield Problem(ledger.spot(f"note {in_language(id, by_id[id][0])}"), "vanished-id", message, help)


def _check_cards(facts: Facts, unit: Unit, deck: Deck, released: Mapping[str, ReleasedNote]) -> Iterator[Problem]:
    """The released cards of one file. What is wrong with a card for another reason is reported for that reason only."""
    ids, kinds, valid = (to_rows(column) for column in (unit.cards.ids, unit.cards.kinds, unit.cards.valid))
    for language in deck.languages:
        here: dict[int, tuple[str, str]] = {}  # templates and guid, by row
        if table := unit.languages.get(language):
            rows = zip(to_rows(table.rows), to_rows(table.templates), to_rows(table.guids), strict=True)
            here = {int(row): (templates, guid) for row, templates, guid in rows}
        for row, id in enumerate(ids):
            note = released.get(in_language(id, language))
            if not note or not kinds[row]:
                continue
            report = partial(_report, facts, unit, row)
            if kinds[row] != note.kind:
                message = f"this card was released as a {note.kind}; Anki cannot make a {kinds[row]} of it"
                help = "retire it, and write a new card with an id of its own"
                yield report("changed-kind", message, "kind", help)
            elif row not in here:
                if valid[row]:
                    message = f"this card was released in '{language}' and is not in it any more"
                    help = (
                        f"translate what is missing, or take '{language}' into its 'languages' again; to withdraw it, retire it"
                    )
                    yield report("dropped-language", message, "languages", help)
            elif digest_guid(f"{deck.id}/{id}", language, here[row][1]) != note.guid:
                message = f"this card was released in '{language}' under another guid: its learners would have it twice"
                yield report("changed-guid", message, "guid", "bring the old 'guid' back" if note.guid else "delete the 'guid'")
            elif valid[row] and here[row][0] not in (note.templates, RETIRED):
                lost = sorted({*note.cards} - {*map(int, filter(None, here[row][0].split(",")))})
                if lost:
                    yield _report_blank(facts, unit, row, lost[0])


def _report(facts: Facts, unit: Unit, row: int, code: str, message: str, key: str, help: str) -> Problem:
    """A problem at a field of a card, or at the card where it does not have the field."""
    card = facts.card(unit, row)
    typed = facts.open(unit).typed(facts.node(unit, card.item))
    return facts.problem(card, code, message, *((key,) if key in typed else ()), help=help)


def _report_blank(facts: Facts, unit: Unit, row: int, template: int) -> Problem:
    kind = facts.frame.kinds[facts.card(unit, row).kind]
    if kind.cloze:
        what, key = f"gap {template + 1}", kind.cloze
    else:
        what, key = f"'{kind.templates[template].name}'", kind.templates[template].when
    message = f"learners have a card {what} of this, and its front would become blank"
    help = "bring it back; to withdraw it, retire the card and write a new one without it"
    return _report(facts, unit, row, "emptied-front", message, key, help)


def _check_decks(units: list[Unit], ledger: Ledger) -> Iterator[Problem]:
    if any(unit.unread for unit in units):
        return  # its cards may stand where the file could not be read
    names = {name for unit in units for name in unit.deck_names}
    new_names = frozenset(names - ledger.decks)
    for name in sorted(ledger.decks - names):
        help = "name it back; to give it up all the same, delete this line of the ledger"
        if new := find_nearest(name, new_names, cutoff=0.3):
            help = f"if it is '{new}' now, {help}"
        message = f"the released deck '{name}' has no cards any more: learners' cards would stay behind in it"
        yield Problem(ledger.spot(f"deck {name}"), "renamed-deck", message, help)


def _check_types(ledger: Ledger, types: Types) -> Iterator[Problem]:
    """Note types that cannot become what they are now."""
    for name, released in ledger.types.items():
        kind, language = split_language(name)
        if (kind, language) not in types or not types[kind, language].templates:
            continue  # it is no longer used, or its files have mistakes, which have been reported
        fields, templates = to_released_keys(types[kind, language])
        for what, old, keys in (("fields", released.fields, fields), ("cards", released.templates, templates)):
            if keys[: len(old)] != old:
                message = (
                    f"the {what} of the released kind '{kind}' ({language}) were {', '.join(old)}: Anki would stop all updates"
                )
                help = "bring them back in this order; new ones go to the end, or into a kind of another name"
                yield Problem(ledger.spot(f"type {name}"), "changed-note-type", message, help)
