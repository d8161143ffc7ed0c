"""What cannot be taken back once learners have it, checked against the ledgers of earlier releases."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from flashdeck.anki.identity import in_language, split_language
from flashdeck.anki.note import Note
from flashdeck.build.link import CardFact, Facts
from flashdeck.build.unit import RETIRED, ROW, Unit, to_rows
from flashdeck.diagnostics.problem import Problem, find_nearest
from flashdeck.model.decks import Deck
from flashdeck.release.ledger import Ledger, ReleasedNote, digest_guid, is_override, to_released_keys

SIMILAR_NAME = 0.3
FindNotes = Callable[[Deck], list[Note]]  # the notes of a deck in all its languages


def check_compatibility(facts: Facts, ledgers: Mapping[str, Ledger], find_notes: FindNotes | None) -> Iterator[Problem]:
    """All that learners of an earlier release would lose.

    `find_notes` serves to recognise a renamed card by its content; it is None where the project has errors.
    """
    for id, ledger in ledgers.items():
        if not ledger.notes:
            continue
        deck = facts.frame.decks[id]
        units = [unit for unit in facts.units if unit.deck == id]
        found: set[str] = set()
        for unit in units:
            yield from _check_cards(facts, unit, deck, ledger, found)
        yield from _check_missing(facts, deck, ledger, ledger.notes.keys() - found, find_notes)
        yield from _check_decks(units, ledger)
        yield from _check_courses(facts, ledger)
        yield from _check_types(facts, ledger)


def _check_cards(facts: Facts, unit: Unit, deck: Deck, ledger: Ledger, found: set[str]) -> Iterator[Problem]:
    """The released cards of one file; adds the names of their notes to `found`."""
    ids, kinds = to_rows(unit.cards.ids), to_rows(unit.cards.kinds)
    for language in deck.languages:
        table = unit.languages.get(language)
        if not table:
            continue
        rows = [*map(int, to_rows(table.rows))]
        names = [f"{ids[row]}@{language}" for row in rows]
        if ledger.notes.keys().isdisjoint(names):
            continue
        found.update(names)
        templates, gaps = to_rows(table.templates), to_rows(table.gaps)
        now = zip(names, [kinds[row] for row in rows], templates, gaps, strict=True)
        if not table.guids.strip(ROW) and ledger.plain.issuperset(now):
            continue  # nearly all files are as they were released
        for row, name, some, numbers, guid in zip(rows, names, templates, gaps, to_rows(table.guids), strict=True):
            if note := ledger.notes.get(name):
                yield from _check_card(facts, facts.card(unit, row), language, some, guid, note)
                if moved := _find_moved_gap(numbers, note.gaps):
                    yield _report_moved(facts, facts.card(unit, row), *moved)


def _check_card(facts: Facts, card: CardFact, language: str, templates: str, guid: str, note: ReleasedNote) -> Iterator[Problem]:
    if card.kind != note.kind:
        message = f"this card was released as a {note.kind}; Anki cannot turn it into a {card.kind}"
        yield _report(facts, card, "changed-kind", message, "kind", "retire it, and write a new card with a new id")
    elif digest_guid(card.full_id, language, guid) != note.guid:
        message = f"this card was released in '{language}' under another guid: its learners would have it twice"
        help = "bring the old 'guid' back" if note.guid else "delete the 'guid'"
        yield _report(facts, card, "changed-guid", message, "guid", help)
    elif card.valid and templates != RETIRED:  # what is wrong with a card for another reason is reported for that reason only
        missing = sorted({*note.cards} - {*map(int, filter(None, templates.split(",")))})
        kind = facts.frame.kinds[card.kind]
        if missing and (kind.cloze or missing[0] < len(kind.templates)):  # else the kind has lost a template, which is reported
            yield _report_emptied(facts, card, missing[0])


def _check_missing(
    facts: Facts, deck: Deck, ledger: Ledger, names: Iterable[str], find_notes: FindNotes | None
) -> Iterator[Problem]:
    """The released notes that are not there: of a language that was dropped, of one card in a language, or of a whole card."""
    dropped: set[str] = set()
    vanished: dict[str, list[str]] = {}
    for id, language in sorted(split_language(name) for name in names if not is_override(name)):
        card = facts.find(id, deck.id)
        if language not in deck.languages:
            dropped.add(language)
        elif card and card.valid:
            message = f"this card was released in '{language}', and is no longer available in it"
            help = f"translate what is missing, or add '{language}' to its 'languages' again; to withdraw it, retire it"
            yield _report(facts, card, "dropped-language", message, "languages", help)
        if not card and not facts.may_define(id):
            vanished.setdefault(id, []).append(language)
    for language in sorted(dropped):
        message = f"this deck was released in '{language}', whose learners would get no more corrections"
        help = f"keep '{language}' in 'languages'; single cards can be withdrawn from it by retiring them"
        yield deck.node.problem("dropped-language", message, "languages", help=help)
    if vanished:
        yield from _report_vanished(facts, deck, ledger, vanished, find_notes)


def _report_vanished(
    facts: Facts, deck: Deck, ledger: Ledger, vanished: Mapping[str, list[str]], find_notes: FindNotes | None
) -> Iterator[Problem]:
    new = facts.ids_of(deck.id) - {split_language(name)[0] for name in ledger.notes}
    notes = find_notes(deck) if find_notes else []
    by_content = {(note.kind, note.type.language, note.digest): note.card for note in notes if note.card in new}
    for id, languages in vanished.items():
        released = {language: ledger.notes[in_language(id, language)] for language in languages}
        contents = [(note.kind, language, note.digest) for language, note in released.items()]
        renamed = next((by_content[content] for content in contents if content in by_content), "") or find_nearest(id, new)
        help = "bring it back and, to withdraw it, write 'retired:' on it"
        if renamed:
            help = f"if it is '{renamed}' now, give that card its old id back; else {help}"
        message = f"the card '{id}' was released and is gone: its learners would keep it, without corrections"
        yield Problem(ledger.spot(f"note {in_language(id, languages[0])}"), "vanished-id", message, help)


def _report(facts: Facts, card: CardFact, code: str, message: str, key: str, help: str) -> Problem:
    """A problem at a field of a card, or at the card where it does not have the field."""
    typed = facts.open(card.unit).typed(card.row)
    return facts.problem(card, code, message, *((key,) if key in typed else ()), help=help)


def _report_emptied(facts: Facts, card: CardFact, template: int) -> Problem:
    kind = facts.frame.kinds[card.kind]
    if kind.cloze:
        what, key = f"the card of gap {template + 1}", kind.cloze
    else:
        what, key = f"the card '{kind.templates[template].name}'", kind.templates[template].when
    message = f"learners have {what}, whose front would become empty"
    help = "bring it back; to withdraw it, retire the card and write a new one without it"
    return _report(facts, card, "emptied-front", message, key, help)


def _find_moved_gap(now: str, released: str) -> tuple[str, str] | None:
    """The number under which a gap was released, and the one that it has now, where these differ."""
    after, before = (dict(part.split("=") for part in text.split(",") if part) for text in (now, released))
    numbers = {digest: number for number, digest in before.items()}
    for number, digest in after.items():
        old = numbers.get(digest, number)
        if before.get(number) != digest != after.get(old):
            return old, number
    return None


def _report_moved(facts: Facts, card: CardFact, old: str, new: str) -> Problem:
    """Two gaps that exchange their numbers exchange what learners know of them."""
    key = facts.frame.kinds[card.kind].cloze
    message = f"the gap released as c{old} is c{new} now: what learners know of it would count for another gap"
    help = f"give it the number {old} again; gaps that are new get new numbers"
    return facts.problem(card, "moved-gap", message, key, help=help, level="warning")


def _check_decks(units: list[Unit], ledger: Ledger) -> Iterator[Problem]:
    if any(unit.unread for unit in units):
        return  # its cards may be where the file could not be read
    names = {name for unit in units for name in unit.deck_names}
    released = frozenset(ledger.decks.values())
    new_names = frozenset(names - released)
    # a deck's new name may have little in common with the old one, and a wrong guess is only a hint
    for name in sorted(released - names):
        help = "rename it back; to abandon it anyway, delete this line of the ledger"
        if new := find_nearest(name, new_names, cutoff=SIMILAR_NAME):
            help = f"if it is '{new}' now, {help}"
        message = f"the released deck '{name}' no longer has any cards: learners' cards would stay behind in it"
        yield Problem(ledger.spot(f"deck {name}"), "renamed-deck", message, help)


def _check_courses(facts: Facts, ledger: Ledger) -> Iterator[Problem]:
    """Learners find the cards of a course by its tag, and its package by its name."""
    known = {id for course in facts.frame.courses.values() for id in (course.id, *course.former)}
    new = facts.frame.courses.keys() - ledger.courses
    for id in sorted(ledger.courses - known):
        if facts.may_define(id):
            continue
        help = f"give it its id back, or write 'former: {id}' on the course that it is now"
        if nearest_id := find_nearest(id, new, cutoff=SIMILAR_NAME):
            help = f"if it is '{nearest_id}' now, write 'former: {id}' on that course"
        message = f"the course '{id}' was released and is gone: its learners' search tag:course::{id} would miss new cards"
        yield Problem(ledger.spot(f"course {id}"), "vanished-id", message, f"{help}; to end it, delete this line of the ledger")


def _check_types(facts: Facts, ledger: Ledger) -> Iterator[Problem]:
    """Note types that cannot become what they are now."""
    for name, released in ledger.types.items():
        kind, language = split_language(name)
        known = facts.frame.kinds.get(kind)
        if not known or not known.templates or language not in facts.frame.languages:
            continue  # it is no longer used, or its files have mistakes, which have been reported
        fields, templates = to_released_keys(facts.note_type(kind, language, ledger.deck_id))
        for what, old, keys in (("fields", released.fields, fields), ("cards", released.templates, templates)):
            if keys != old:
                message = (
                    f"the {what} of the released kind '{kind}' ({language}) were {', '.join(old)}: Anki would stop all updates"
                )
                help = (
                    "bring back exactly these, in this order; for others, make a kind with another name and use it for new cards"
                )
                yield Problem(ledger.spot(f"type {name}"), "changed-note-type", message, help)
