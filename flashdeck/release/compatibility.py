"""What cannot be taken back once learners have it, checked against the ledgers of earlier releases."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

from flashdeck.anki.identity import in_language, split_full_id, split_language, to_guid
from flashdeck.anki.note import Note
from flashdeck.build.link import CardFact, Facts
from flashdeck.build.unit import RETIRED, ROW, Unit, to_rows
from flashdeck.diagnostics.problem import Problem, find_nearest
from flashdeck.model.decks import Deck
from flashdeck.model.kinds import Kind
from flashdeck.release.ledger import (
    Ledger,
    Released,
    digest_guid,
    find_edition,
    find_lines,
    is_override,
    split_type,
    to_released_keys,
)

SIMILAR_NAME = 0.3
FindNotes = Callable[[Deck], list[Note]]  # the notes of a deck in all its languages


def check_compatibility(facts: Facts, ledgers: Mapping[str, Ledger], find_notes: FindNotes | None) -> Iterator[Problem]:
    """All that learners of an earlier release would lose.

    `find_notes` serves to recognise a renamed card by its content; it is None where the project has errors.
    """
    yield from _check_origins(facts, ledgers)
    taken = _find_taken(facts, ledgers)
    for id, ledger in ledgers.items():
        deck = facts.frame.decks[id]
        units = [unit for unit in facts.units if unit.deck == id]
        if not ledger.notes and not any(unit.cards.origins.strip(ROW) for unit in units):
            continue
        found: set[str] = set()
        for unit in units:
            yield from _check_cards(facts, unit, deck, ledgers, found)
        here = taken.get(id, set())
        yield from _check_missing(facts, deck, ledger, ledger.notes.keys() - found - here, find_notes)
        yield from _check_decks(units, ledger, here)
        yield from _check_courses(facts, ledger)
        yield from _check_types(facts, ledger)


def _check_origins(facts: Facts, ledgers: Mapping[str, Ledger]) -> Iterator[Problem]:
    """A card that was moved keeps what its learners have only where the ledger is known that has it."""
    for origin, card in facts.moved.items():
        deck, id = split_full_id(origin)
        names = [in_language(one, language) for language in facts.frame.languages for one in (card.full_id, origin)]
        places = [*map(split_full_id, names)]
        if find_lines(ledgers, places) or not card.valid or facts.may_define(origin):
            continue
        if deck in ledgers:
            known = {split_language(name)[0] for name in ledgers[deck].notes}
            message = f"the card '{origin}' was never released, so nothing has to be kept of it"
            close, help = find_nearest(id, known), "delete 'was'"
        else:
            message = f"'{deck}' is no deck among these sources, so it is not known what learners have of '{origin}'"
            close, help = find_nearest(deck, ledgers), "until it is released here, name that deck's folder too, with its ledger"
        yield facts.problem(card, "unknown-card", message, "was", help=f"there is '{close}'" if close else help)


def _find_taken(facts: Facts, ledgers: Mapping[str, Ledger]) -> dict[str, set[str]]:
    """The names, by deck, of the released notes that are those of cards which were moved."""
    ids = [[card.origin, card.full_id] for card in facts.moved.values()]
    ids += [[full_id] for ledger in ledgers.values() for name in ledger.moved if (full_id := ledger.full_id(name)) in facts.ids]
    found: dict[str, set[str]] = {}
    for language in facts.frame.languages if ids else ():
        for some in ids:
            for line in find_lines(ledgers, [split_full_id(in_language(id, language)) for id in some]):
                found.setdefault(line.ledger.deck_id, set()).add(line.name)
    return found


def _check_cards(facts: Facts, unit: Unit, deck: Deck, ledgers: Mapping[str, Ledger], found: set[str]) -> Iterator[Problem]:
    """The released cards of one file; adds the names of their notes to `found`."""
    ledger = ledgers[deck.id]
    ids, kinds, origins = to_rows(unit.cards.ids), to_rows(unit.cards.kinds), to_rows(unit.cards.origins)
    for language in deck.languages:
        table = unit.languages.get(language)
        if not table:
            continue
        rows = [*map(int, to_rows(table.rows))]
        names = [f"{ids[row]}@{language}" for row in rows]
        if ledger.notes.keys().isdisjoint(names) and not unit.cards.origins.strip(ROW) and ledger.moved.keys().isdisjoint(names):
            continue
        found.update(names)
        templates, gaps = to_rows(table.templates), to_rows(table.gaps)
        now = zip(names, [kinds[row] for row in rows], templates, gaps, strict=True)
        if not table.guids.strip(ROW) and ledger.plain.issuperset(now):
            continue  # nearly all files are as they were released
        for row, name, some, numbers, guid in zip(rows, names, templates, gaps, to_rows(table.guids), strict=True):
            places = [(deck.id, name), *([split_full_id(in_language(origins[row], language))] if origins[row] else ())]
            lines = find_lines(ledgers, places)
            if not lines and name in ledger.moved:
                message = (
                    f"the id '{ids[row]}' belongs to what is '{ledger.moved[name]}' now: learners would have one note for both"
                )
                yield facts.problem(facts.card(unit, row), "duplicate-id", message, "id", help="give this card another id")
            for line in lines[:1]:
                note = line.note
                yield from _check_card(facts, facts.card(unit, row), language, some, guid, line)
                if moved := _find_moved_gap(numbers, note.gaps):
                    yield _report_moved(facts, facts.card(unit, row), *moved)


def _check_card(facts: Facts, card: CardFact, language: str, templates: str, guid: str, line: Released) -> Iterator[Problem]:
    note, kind_name = line.note, line.note.kind.partition("~")[0]
    here = line.ledger.full_id(line.name)  # what the card was called when that line was written
    guid = guid or to_guid(card.full_id, language)
    if card.kind != kind_name and not (card.origin and card.kind.rpartition("/")[2] == kind_name.rpartition("/")[2]):
        message = f"this card was released as a {kind_name}; Anki cannot turn it into a {card.kind}"
        yield _report(facts, card, "changed-kind", message, "kind", "retire it, and write a new card with a new id")
    elif digest_guid(here, language, guid) != note.guid:
        message = f"this card was released in '{language}' under another guid: its learners would have it twice"
        help = "bring the old 'guid' or 'was' back" if note.guid else "delete the 'guid'"
        yield _report(facts, card, "changed-guid", message, "guid", help)
    elif card.valid and templates != RETIRED:  # what is wrong with a card for another reason is reported for that reason only
        kind = facts.frame.kinds[card.kind]
        numbers = [*map(int, filter(None, templates.split(",")))]
        if not kind.cloze and kind.edition > 1:
            kind = kind.in_edition(find_edition(note))
            keys = [one.key for one in kind.templates]
            made = [facts.frame.kinds[card.kind].templates[at].key for at in numbers]
            numbers = [keys.index(key) for key in made if key in keys]
        missing = sorted({*note.cards} - {*numbers})
        if missing and (kind.cloze or missing[0] < len(kind.templates)):  # else the kind has lost a template, which is reported
            yield _report_emptied(facts, card, kind, missing[0])


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
        help = f"if it is in another folder now, write 'was: {deck.id}' on it; else bring it back and, to withdraw it, retire it"
        if renamed:
            help = f"if it is '{renamed}' now, give that card its old id back; else {help}"
        message = f"the card '{id}' was released and is gone: its learners would keep it, without corrections"
        yield Problem(ledger.spot(f"note {in_language(id, languages[0])}"), "vanished-id", message, help)


def _report(facts: Facts, card: CardFact, code: str, message: str, key: str, help: str) -> Problem:
    """A problem at a field of a card, or at the card where it does not have the field."""
    typed = facts.open(card.unit).typed(card.row)
    return facts.problem(card, code, message, *((key,) if key in typed else ()), help=help)


def _report_emptied(facts: Facts, card: CardFact, kind: Kind, template: int) -> Problem:
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


def _check_decks(units: list[Unit], ledger: Ledger, taken: Set[str]) -> Iterator[Problem]:
    if any(unit.unread for unit in units):
        return  # its cards may be where the file could not be read
    names = {name for unit in units for name in unit.deck_names}
    left = {ledger.notes[name].deck for name in taken} - {note.deck for name, note in ledger.notes.items() if name not in taken}
    released = frozenset(name for digest, name in ledger.decks.items() if digest not in left)
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
        key = split_type(name, ledger.deck_id)
        kind, language = key.kind, key.language
        known = facts.frame.kinds.get(kind)
        if not known or not known.templates or language not in facts.frame.languages:
            continue  # it is no longer used, or its files have mistakes, which have been reported
        if key.edition > known.edition:
            message = f"the released kind '{kind}' has {key.edition} editions, and nothing of it is of the last any more"
            help = f"write 'since: {key.edition}' again on what that edition added"
            yield Problem(ledger.spot(f"type {name}"), "changed-note-type", message, help)
            continue
        fields, templates = to_released_keys(facts.note_type(key))
        for what, old, keys in (("fields", released.fields, fields), ("cards", released.templates, templates)):
            if keys != old:
                message = (
                    f"the {what} of the released kind '{kind}' ({language}) were {', '.join(old)}: Anki would stop all updates"
                )
                added = [one for one in keys if one not in old] if {*old} <= {*keys} else []
                help = _find_way(kind, added if "/" in kind else [], known.edition)
                yield Problem(ledger.spot(f"type {name}"), "changed-note-type", message, help)


def _find_way(kind: str, added: Sequence[str], edition: int) -> str:
    """What to do where the fields or cards of a released kind are others now: `added` are new, and all others are still there."""
    if not added:
        return "bring back exactly these, in this order; what is not needed any more may stay empty"
    names = ", ".join(f"'{key}'" for key in added)
    return (
        f"write 'since: {edition + 1}' on {names} in kind.yaml: what learners have stays without it, new cards get it; or put "
        "the text into a field that is there"
    )
