"""What must hold between cards of several files, or on a day. A check gives the problems of a project, found over its facts;
PROJECT_CHECKS, at the end, lists them. `card_checks.py` says how to add one.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from flashdeck.anki.html import find_unsafe_alone
from flashdeck.anki.identity import split_full_id, split_language
from flashdeck.anki.media import LARGEST_MEDIA
from flashdeck.anki.note import to_deck_name
from flashdeck.anki.safe_kinds import find_scripts, find_unsafe_labels, find_unsafe_settings
from flashdeck.build.discouraged_terms import check_terms
from flashdeck.build.link import CardFact, Facts, split_tags
from flashdeck.build.reference_checks import (
    check_repeating_references,
    check_same_sources,
    check_unread_references,
)
from flashdeck.build.taste_checks import find_hints
from flashdeck.build.unit import ROW, Unit, to_rows
from flashdeck.diagnostics.problem import Problem, Spot, nearest
from flashdeck.model.courses import Course
from flashdeck.model.decks import Deck, to_package_name
from flashdeck.model.frame import NEWER_ID
from flashdeck.model.texts import all_texts, texts_in
from flashdeck.sources.files import DEVICE, OWN_KINDS
from flashdeck.sources.values import report_shape, short, to_date
from flashdeck.sources.yaml_file import read_source

AGED = 366  # days


def check_ids(facts: Facts) -> Iterator[Problem]:
    """Two cards share an id, so Anki would silently keep only one."""
    ids = [f"{unit.deck}/{id}" for unit in facts.units for id in to_rows(unit.cards.ids) if id and unit.deck]
    if len({*ids}) == len(ids):
        return
    twice = {id for id, number in Counter(ids).items() if number > 1}
    units = [unit for unit in facts.units if not twice.isdisjoint(f"{unit.deck}/{id}" for id in to_rows(unit.cards.ids))]
    for card in facts.cards(units):
        if card.full_id in twice and facts.ids[card.full_id] != (card.unit, card.row):
            other = facts.card(*facts.ids[card.full_id])
            message = f"the id '{card.id}' is already used at {facts.spot(other.unit, other.item, 'id')}"
            yield facts.problem(card, "duplicate-id", message, "id", help=NEWER_ID)


def check_guids(facts: Facts) -> Iterator[Problem]:
    """Anki takes two notes of one guid for one: the second would overwrite the first, with its learner's progress."""
    if not any(table.guids.strip(ROW) for unit in facts.units for table in unit.languages.values()):
        return  # those that follow from ids are as different as these
    first: dict[str, CardFact] = {}
    for card, guids in facts.list_guids():
        if len({*guids}) < len(guids):
            guid = next(guid for guid in guids if guids.count(guid) > 1)
            message = f"the guid '{short(guid)}' is shared by all languages of this card"
            help = "write it for one language, as in 'guid: {en: ...}'"
            yield facts.problem(card, "duplicate-guid", message, "guid", help=help)
            continue
        others = [(guid, other) for guid in guids if (other := first.setdefault(guid, card)).full_id != card.full_id]
        if others:  # else it shares its id too, which has been reported
            guid, other = others[0]
            message = f"the guid '{short(guid)}' is already used by the card '{other.full_id}'"
            help = (
                f"keep it on the card that learners have under it; the other is at {facts.spot(other.unit, other.item, 'guid')}"
            )
            yield facts.problem(card, "duplicate-guid", message, "guid", help=help)


def check_fronts(facts: Facts) -> Iterator[Problem]:
    """Two cards ask the same and expect different answers: their learner can only guess which."""
    for group in {group for unit in facts.units for group in unit.fronts}:
        units = [unit for unit in facts.units if group in unit.fronts]
        texts = [to_rows(unit.fronts[group].texts) for unit in units]
        if len(set().union(*texts)) < sum(map(len, texts)):
            yield from _report_fronts(facts, group, units, texts)


def _report_fronts(facts: Facts, group: str, units: list[Unit], texts: list[list[str]]) -> Iterator[Problem]:
    name, _, template = group.partition("#")
    kind, language = split_language(name)
    twice = {text for text, number in Counter(chain.from_iterable(texts)).items() if number > 1}
    first: dict[str, CardFact] = {}
    for unit, fronts in zip(units, texts, strict=True):
        rows = to_rows(unit.fronts[group].rows)
        for at in [at for at, text in enumerate(fronts) if text in twice]:
            text, fact = fronts[at], facts.card(unit, int(rows[at]))
            if text not in first:
                first[text] = fact
                continue
            card, other = facts.read_card(fact), first[text]
            read = facts.read_card(other)
            assert card and read  # their kinds are known, or they would ask nothing
            (route, typed), (place, other_text) = (side.asked(language, int(template))[0] for side in (card, read))
            message = f"'{short(typed)}' is also what the card '{other.full_id}' asks"
            in_gaps = bool(facts.frame.kinds[kind].cloze) and typed != other_text
            if in_gaps:
                message = f"with its gap empty, this is '{short(text)}': what the card '{other.full_id}' asks, too"
            help = f"word one of them differently; the other is at {facts.spot(other.unit, other.item, *place)}"
            # what is imported may be so on purpose, and what differs in its gaps only
            level = "warning" if facts.frame.kinds[kind].imported_note_type or in_gaps else "error"
            yield card.problem("same-front", message, *route, help=help, level=level)


def check_replacements(facts: Facts) -> Iterator[Problem]:
    """A learner is sent from a withdrawn card to one that does not exist."""
    for unit in facts.units:
        if not unit.cards.replaced_by.strip(ROW):
            continue
        for card in facts.cards([unit]):
            id = card.replaced_by
            if id and not facts.find(id, card.deck) and not facts.may_define(id):
                message, help = f"'{short(id)}' is not the id of a card", nearest(id, facts.ids_of(card.deck))
                yield facts.problem(card, "unknown-card", message, "retired", "replaced_by", help=help)


def check_overrides(facts: Facts) -> Iterator[Problem]:
    """A deck overrides the wording of a card that does not exist, so the override has no effect."""
    for unit in facts.units:
        for item, id in unit.overrides:
            node = facts.node(unit, item)
            problems: list[Problem] = []
            if not id:
                report_shape(node.node("override"), "'override'", "the full id of a card, such as 'deck/card'", problems)
            elif id not in facts.ids and not facts.may_define(id):
                help = nearest(id, facts.card_ids, "write the full id of a card, such as 'deck/card'")
                problems.append(node.problem("unknown-card", f"'{short(id)}' is not the id of a card", "override", help=help))
            yield from problems


def check_courses(facts: Facts) -> Iterator[Problem]:
    """A course that names what does not exist silently lacks cards that its learners need."""
    if not facts.frame.courses:
        return
    known = {"kinds": facts.frame.kind_words, "tags": facts.tags, "decks": facts.frame.deck_ids}
    filled = _find_filled(facts)
    for course in facts.frame.courses.values():
        unknown = [
            (rule, key, word)
            for rule, names in (("include", course.include), ("exclude", course.exclude))
            for key, words in names.items()
            for word in words
            if word not in known[key]
        ]
        routes = {place: course.routes(*place) for place in {(rule, key) for rule, key, _ in unknown}}
        for rule, key, word in unknown:
            if not facts.may_have(key, word):
                message = f"there is no {key[:-1]} '{short(word)}' in these decks"
                route = routes[rule, key][word]
                yield course.node.problem(f"unknown-{key[:-1]}", message, *route, help=nearest(word, known[key]))
        missing = [id for id in course.cards if id not in facts.ids]
        places = course.routes("cards") if missing else {}
        for id in missing:
            if not facts.may_define(id):
                help = nearest(id, facts.card_ids, "write the full id, such as 'deck/card'")
                message = f"'{short(id)}' is not the id of a card"
                yield course.node.problem("unknown-card", message, *places[id], help=help)
        complete = course.valid and not unknown and not missing
        if complete and course.id not in filled and not _may_be_filled(facts, course):
            help = "add cards to it under 'include' or 'cards'"
            yield course.node.problem("empty-course", f"the course '{course.id}' has no cards", "id", help=help, level="warning")


def _find_filled(facts: Facts) -> set[str]:
    """The ids of the courses that have cards."""
    find, filled = facts.frame.rules.find, set[str]()
    for deck, kind, tags in {(unit.deck, *group) for unit in facts.units for group in unit.groups}:
        filled.update(find("", kind, deck, split_tags(tags)))
    named = {id for course in facts.frame.courses.values() for id in course.cards}
    for card in (facts.find(id) for id in named):
        filled.update(find(card.full_id, card.kind, card.deck, card.tags) if card else ())
    return filled


def _may_be_filled(facts: Facts, course: Course) -> bool:
    """Whether a card that could not be read, or whose kind is misspelt, may belong to a course."""
    kinds, decks = course.include.get("kinds", ()), course.include.get("decks", ())
    words = (*kinds, *course.include.get("tags", ()))
    for unit in facts.units:
        if unit.unread and (unit.deck in decks or any(word in unit.unread for word in words)):
            return True
        likely = {*to_rows(unit.cards.likely_kinds)} if unit.cards.likely_kinds.strip(ROW) else set()
        if not {*likely, *(split_full_id(kind)[1] for kind in likely)}.isdisjoint(kinds):
            return True
    return False


def check_labels(facts: Facts) -> Iterator[Problem]:
    """A language without labels shows its learners English words around the author's."""
    used = {(unit.deck, kind, language) for unit in facts.units for kind, language in unit.kind_languages}
    for id, name, language in sorted(used):
        kind = facts.frame.kinds[name]
        if not kind.has_labels(language) and id in facts.frame.decks:
            message = f"there are no labels in '{language}' for a {kind.word}: its cards show those of another language"
            where = f"kinds/{kind.word}/kind.yaml" if "/" in name else "flashdeck/kinds"
            help = f"add '{language}' to the labels in {where}"
            node = facts.frame.decks[id].node
            yield node.problem("no-labels", message, "languages", word=language, help=help, level="warning")


def check_scripts(facts: Facts) -> Iterator[Problem]:
    """Whoever imports a package runs what its templates run, without being asked."""
    allowed = {deck.id for deck in facts.frame.decks.values() if deck.allow_scripts}
    for name, kind in facts.frame.kinds.items():
        if "/" in name and split_full_id(name)[0] not in allowed:
            yield from find_scripts(kind)
            if unsafe := [*find_unsafe_settings(kind)]:
                source = read_source(facts.frame.kind_folders[name] / OWN_KINDS / kind.word / "kind.yaml", facts.files, [])
                for route, word in unsafe:
                    message = f"this '{word}' may run something in a learner's Anki"
                    help = "leave it out; or, if you know what it does, write 'allow_scripts: true' in deck.yaml"
                    yield Problem(source.spot(route), "script", message, help)


def check_kind_labels(facts: Facts) -> Iterator[Problem]:
    """A label becomes part of texts: what may not stand in a text may not stand in it."""
    for name, kind in facts.frame.kinds.items():
        if "/" in name:
            yield from find_unsafe_labels(kind)


def check_large_media(facts: Facts) -> Iterator[Problem]:
    """A large picture or sound is slow to download on a phone, and fills it. It is reported where it is first shown."""
    seen: set[str] = set()
    for unit in facts.units:
        for path, size, item, key, name in unit.large:
            if path not in seen:
                message = f"'{short(name)}' is {size / 1e6:.0f} MB: slow to download on a phone"
                help = f"make it smaller than {LARGEST_MEDIA / 1e6:.0f} MB"
                spot = facts.spot(unit, item, key, word=name)
                yield Problem(spot, "large-media", message, help, "warning")
            seen.add(path)


def check_media_names(facts: Facts) -> Iterator[Problem]:
    """Two files have one name in Anki, which keeps only one of them: learners would see the wrong picture."""
    found: dict[str, str] = {}
    for path, name in sorted({(path, name) for unit in facts.units for name, path in unit.media.items()}):
        other = found.setdefault(name, path)
        if facts.files.digest(Path(other)) != facts.files.digest(Path(path)):
            message = f"'{other}' has the same name in Anki, and is another file"
            help = "delete the line of one of them, which begins with 'file', from its flashdeck.lock: it gets a name of its own"
            yield Problem(Spot(path, 1, 1), "two-media", message, help)


def check_descriptions(facts: Facts) -> Iterator[Problem]:
    """What may not stand on a card may not stand below a deck's name either."""
    for deck in facts.frame.decks.values():
        for one in (one for text in all_texts(deck.description) if deck.description for one in find_unsafe_alone(text)):
            yield deck.node.problem("unsafe-html", f"{one.named} is not allowed", "description", word=one.word, help=one.help)


def check_reviews(facts: Facts) -> Iterator[Problem]:
    """A figure that was not reviewed by the day its author set may be out of date."""
    for unit in facts.units if facts.today else ():
        for item, key, text in unit.reviews:
            day = to_date(text)
            if day and facts.today and day < facts.today:
                help = f"check for a newer figure, then set '{key}' to a later day"
                message = f"this was due for review by {day}"
                yield facts.problem(facts.card_at(unit, item), "review-overdue", message, key, help=help, level="warning")
    for reference in facts.frame.references.values() if facts.today else ():
        day = to_date(reference.review_by)
        if day and facts.today and day < facts.today:
            message = f"this source was due for review by {day}"
            help = "look whether it still says so, then set 'accessed' to today and 'review_by' to a later day"
            yield reference.node.problem("review-overdue", message, "review_by", help=help, level="warning")


def check_figures(facts: Facts) -> Iterator[Problem]:
    """A figure of years ago is learnt as that of today."""
    for unit in facts.units if facts.today else ():
        for item, key, text in unit.figures:
            day = to_date(text)
            if day and facts.today and (facts.today - day).days <= AGED:
                continue
            what = f"is of {text}, more than a year ago" if day else f"has no date ('{short(text)}')"
            message = f"this figure {what}, and nothing says when to look for a newer one"
            help = "write 'review_by:' with a day, or 'historic: true' where the card tells of the past"
            yield facts.problem(facts.card_at(unit, item), "undated-figure", message, key, help=help, level="warning")


def check_package_names(facts: Facts) -> Iterator[Problem]:
    """Two packages would be one file, so learners of one deck would get the cards of another."""
    frame, names = facts.frame, dict[str, tuple[str, str]]()
    targets: list[Deck | Course] = [*frame.decks.values(), *frame.courses.values()]
    for target in targets:
        for language in target.languages if isinstance(target, Deck) else frame.languages:
            name = to_package_name(target.id, language)
            other, its_language = names.setdefault(name.casefold(), (target.id, language))  # as most systems compare them
            same = target.id == other and (language == its_language or isinstance(target, Course))  # its decks have the languages
            if not same:
                message = f"'{target.id}' in '{language}' and '{other}' in '{its_language}' would be one file, '{name}.apkg'"
                yield target.node.problem("same-package", message, "id", help="give one of the two another id, or another code")
        if DEVICE.match(target.id):
            message = f"Windows takes files whose names begin with '{target.id.partition('.')[0]}.' for a device"
            help = "choose another id, unless learners have it already"
            yield target.node.problem("bad-id", message, "id", help=help, level="warning")


def check_deck_names(facts: Facts) -> Iterator[Problem]:
    """Anki renames the second of two decks whose names differ only in case, so that the next release misses it."""
    similar = _find_similar({name for unit in facts.units for name in unit.deck_names})
    if not similar:
        return
    names: list[tuple[str, Callable[[], Spot]]] = []
    for unit in (unit for unit in facts.units if not similar.isdisjoint(unit.deck_names)):
        file = facts.open(unit)
        own = {level for text in all_texts(file.deck.name) for level in _list_levels(text)}
        for card in facts.cards([unit]):
            part = file.typed(card.row).get("deck", "")
            for language in file.deck.languages:
                texts = texts_in(part, language) if part else []
                name = to_deck_name(file.deck.name, texts[0][1] if texts else "", language)
                for level in _list_levels(name) if name in similar else ():
                    place = partial(file.deck.node.spot, "name") if level in own else partial(facts.spot, unit, card.item, "deck")
                    names.append((level, place))
    yield from _report_similar(names, "deck")


def check_tag_names(facts: Facts) -> Iterator[Problem]:
    """Anki gives all cards of two tags that differ only in case the same one of them."""
    similar = _find_similar(facts.tags)
    if not similar:
        return
    names: list[tuple[str, Callable[[], Spot]]] = []
    for unit in facts.units:
        if not any(tag in similar for _, text in unit.groups for tag in split_tags(text)):
            continue
        for card in facts.cards([unit]):
            for tag in card.tags:
                if tag in similar:
                    names += [(level, partial(facts.spot, unit, card.item, "tags", word=tag)) for level in _list_levels(tag)]
    yield from _report_similar(names, "tag")


def check_kind_names(facts: Facts) -> Iterator[Problem]:
    """Anki renames the second of two note types whose names differ only in case, and its notes get no more updates."""
    names: list[tuple[str, Callable[[], Spot]]] = []
    for name, kind in facts.frame.kinds.items():
        if "/" in name:
            path = facts.frame.kind_folders[name] / OWN_KINDS / kind.word / "kind.yaml"
            name = kind.imported_note_type.name if kind.imported_note_type else name
            names.append((name, partial(_find_name, path, facts)))
    if _find_similar({name for name, _ in names}):
        yield from _report_similar(names, "note type")


def _find_name(path: Path, facts: Facts) -> Spot:
    """Where a kind says what its note type is called."""
    source = read_source(path, facts.files, [])
    return source.spot(("anki", "name"))


def _list_levels(name: str) -> list[str]:
    """A name of Anki's tree of decks or tags, after those of all that it is in."""
    parts = name.split("::")
    return ["::".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _find_similar(names: Collection[str]) -> frozenset[str]:
    """The names that have a level which Anki takes for that of another."""
    levels = {level for name in names for level in _list_levels(name)}
    count = Counter(level.casefold() for level in levels)
    if len(count) == len(levels):
        return frozenset()
    return frozenset(name for name in names if any(count[level.casefold()] > 1 for level in _list_levels(name)))


def _report_similar(names: Iterable[tuple[str, Callable[[], Spot]]], what: str) -> Iterator[Problem]:
    """Each way to write a name that is not the first, where it first stands."""
    first: dict[str, tuple[str, Callable[[], Spot]]] = {}
    seen: set[str] = set()
    for name, find in names:
        other, place = first.setdefault(name.casefold(), (name, find))
        if other == name or name in seen:
            continue
        seen.add(name)
        if name.rpartition("::")[2] == other.rpartition("::")[2]:
            continue  # they differ in what they are in, which has been reported
        message = f"'{short(name)}' differs only in case from '{short(other)}': Anki takes them for one {what}"
        yield Problem(find(), "similar-names", message, f"write it in one way; the other is at {place()}", "warning")


PROJECT_CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (
    check_ids,
    check_guids,
    check_fronts,
    check_replacements,
    check_overrides,
    check_courses,
    check_labels,
    check_scripts,
    check_kind_labels,
    check_deck_names,
    check_tag_names,
    check_kind_names,
    check_large_media,
    check_media_names,
    check_descriptions,
    check_reviews,
    check_figures,
    check_package_names,
    check_unread_references,
    check_same_sources,
    check_repeating_references,
    check_terms,
)


def check_all(facts: Facts, hints: bool) -> list[Problem]:
    """All problems of a project but those of its releases: of its frame, of each file, those that only all of them show, and
    hints where these are asked for.
    """
    own = chain(facts.frame.problems, *(unit.problems for unit in (*facts.units, *facts.completed)))
    kept = [problem for problem in own if not (problem.unknown and facts.may_define(problem.unknown))]
    kept += [problem for check in PROJECT_CHECKS for problem in check(facts)]
    return [*kept, *find_hints(facts)] if hints else kept
