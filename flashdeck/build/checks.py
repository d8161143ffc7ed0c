"""What must hold between the things in a library. A check is a function from it to problems; CHECKS lists them.

To add one: a function, its name in CHECKS, its code in problems.md, and a file in tests/bad that bears the code's name.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from html import unescape

from flashdeck.model.courses import find_courses
from flashdeck.anki.html import find_unsafe, to_html
from flashdeck.model.cards import HIGHEST_GAP, Card, Course, Library, gaps
from flashdeck.diagnostics.problem import Problem, nearest
from flashdeck.sources.values import short, to_date
from flashdeck.sources.yaml_file import Route, Value, name_unseen, unseen

RESERVED_TAGS = ("marked", "leech")  # Anki drops them from packages


def check_references(library: Library) -> Iterator[Problem]:
    """A card that cites nothing that is known leaves its learner without a source."""
    known, known_ids = library.references, frozenset[str]()
    for card in library.versions:
        reference = card.values.get("reference")
        if reference is None or (type(reference) is str and reference in known):
            continue
        for route, id in _texts(card, "reference"):
            if id not in known and not library.may_define(id):
                known_ids = known_ids or frozenset(known)
                help = nearest(id, known_ids, "write it in a file that begins with 'references:'")
                yield card.problem("unknown-reference", f"'{short(id)}' is not the id of a reference", *route, help=help)


def check_tags(library: Library) -> Iterator[Problem]:
    """Anki splits, drops or takes for its own a tag that it does not like, and searches for it find nothing."""
    sound: set[str] = set()
    for card in library.versions:
        if sound.issuperset(card.tags):
            continue
        for route, tag in _texts(card, "tags"):
            if re.search(r'[\s"]', tag):
                good = re.sub(r'[\s"]+', "-", tag).strip("-")
                yield card.problem("bad-tag", f"'{short(tag)}' has a blank or a quote in it", *route, help=f"write '{good}'")
            elif not all(tag.split("::")):
                yield card.problem("bad-tag", f"'{short(tag)}' has an empty part", *route, help="write it as 'part::part'")
            elif tag.lower() in RESERVED_TAGS or tag.lower().startswith(("course::", "flashdeck::")):
                message = f"'{short(tag)}' is a tag that Anki or flashdeck sets itself"
                yield card.problem("bad-tag", message, *route, help="choose another word")
            else:
                sound.add(tag)


def check_replacements(library: Library) -> Iterator[Problem]:
    """A learner is sent from a withdrawn card to one that does not exist."""
    known: dict[str, frozenset[str]] = {}  # by deck
    for card in library.cards:
        id = card.retired.get("replaced_by", "")
        if id and not library.find(card, id) and not library.may_define(id):
            deck = card.deck.id
            if deck not in known:
                known[deck] = frozenset(other.id.removeprefix(f"{deck}/") for other in library.cards)
            message = f"'{short(id)}' is not the id of a card"
            yield card.problem("unknown-card", message, "retired", "replaced_by", help=nearest(id, known[deck]))


def check_courses(library: Library) -> Iterator[Problem]:
    """A course that names what does not exist leaves out cards that somebody counts on."""
    known = {
        "kinds": frozenset(library.kind_words),
        "tags": frozenset(library.tags),
        "decks": frozenset(deck.id for deck in library.decks),
    }
    courses = find_courses(library.cards, [*library.courses.values()])
    filled = {id for ids in courses.values() for id in ids}
    for course in library.courses.values():
        complete = True
        for rule, names in (("include", course.include), ("exclude", course.exclude)):
            for key, words in names.items():
                routes = _find_routes(course, rule, key)
                for word in words:
                    if word not in known[key] and not library.may_define(word):
                        complete = False
                        message = f"there is no {key[:-1]} '{short(word)}' in these decks"
                        help = nearest(word, known[key])
                        yield course.node.problem(f"unknown-{key[:-1]}", message, *routes[word], help=help)
        routes = _find_routes(course, "cards") if course.cards else {}
        for id in course.cards:
            if id not in library.card_ids and not library.may_define(id.rpartition("/")[2]):
                complete = False
                help = nearest(id, library.card_ids, "write the full id, such as 'deck/card'")
                message = f"'{short(id)}' is not the id of a card"
                yield course.node.problem("unknown-card", message, *routes[id], help=help)
        complete &= bool(course.include or course.cards or not course.node.value.get("include"))
        if complete and not library.unread and course.id not in filled:
            help = "say in 'include' or 'cards' what belongs to it"
            yield course.node.problem("empty-course", f"the course '{course.id}' has no cards", "id", help=help, level="warning")


# Gaps with something in them, none in another, and no sign by which Markdown could drop or make one: most texts are such.
_SIGN = r"[^{}`|<\[\\~&:]|&(?![#\w])"
SOUND_GAPS = re.compile(rf"(?:{_SIGN}|:|{{{{c[1-9]\d?::\s*+(?:{_SIGN})++}}}})*+")


def check_clozes(library: Library) -> Iterator[Problem]:
    """Without a good gap Anki makes no card, or one that shows the answer."""
    for card in library.versions:
        if not card.kind.cloze or card.kind.fields[card.kind.cloze].type == "shapes":
            continue
        for route, text in _texts(card, card.kind.cloze):
            if "{{c" in text and SOUND_GAPS.fullmatch(text):
                continue
            broken = _broken_gap(text)
            if broken:
                word, message = broken
                help = "write a gap as {{c1::text}} or {{c1::text::hint}}"
                yield card.problem("broken-cloze", message, *route, word=word, help=help)
            elif gaps(to_html(text)) != gaps(text):
                help = "write the text another way: outside of tables, code and links"
                yield card.problem("broken-cloze", "Markdown drops a gap of this text", *route, help=help)
            elif "{{c" not in text:
                help = "put what is asked into {{c1::...}}"
                yield card.problem("cloze-without-deletion", "there is no gap in this text", *route, help=help)


def _broken_gap(text: str) -> tuple[str, str] | None:
    """The first gap of a text that Anki would not understand, and what is wrong with it."""
    opened: list[re.Match[str] | None] = []
    for found in re.finditer(r"{{c(\d*)(::?)?|{{|}}", text):
        if found[0] == "}}":
            gap = opened.pop() if opened else None
            if gap and not text[gap.end() : found.start()].partition("::")[0].strip():
                return gap[0], f"the gap '{gap[0]}}}}}' is empty"
        elif found[0] == "{{" or (not found[1] and not found[2]):
            opened.append(None)
        elif found[2] != "::" or not 1 <= int(found[1] or 0) <= HIGHEST_GAP:
            return found[0], f"'{found[0]}' opens no gap"
        else:
            opened.append(found)
    unclosed = next((gap for gap in opened if gap), None)
    return (unclosed[0], f"the gap '{unclosed[0]}' is never closed with '}}}}'") if unclosed else None


def check_options(library: Library) -> Iterator[Problem]:
    """A right answer among the wrong ones, or one option twice, teaches that the right answer is wrong."""
    for card in library.versions:
        for key in card.kind.options:
            for language in card.deck.languages:
                answers = {_plain(text) for _, text in card.said("answer", language)}
                seen: set[str] = set()
                for route, text in card.said(key, language):
                    if _plain(text) in answers:
                        message = f"'{short(text)}' is the right answer and stands among the wrong ones"
                        yield card.problem("answer-among-distractors", message, *route, help="delete it here")
                    elif _plain(text) in seen:
                        yield card.problem("repeated-option", f"'{short(text)}' stands here twice", *route, help="delete one")
                    seen.add(_plain(text))


Group = tuple[str, str, int]  # a kind, a language, and which of its templates asks


def check_fronts(library: Library) -> Iterator[Problem]:
    """Two cards ask the same and want different answers: their learner can only guess which."""
    first: dict[Group, dict[str, Card]] = {}
    for card in library.cards:
        for group, text in find_fronts(card):
            other = first.setdefault(group, {}).setdefault(text, card)
            if other is not card:
                (route, typed), (place, _) = _first_asked(card, group), _first_asked(other, group)
                message = f"'{short(typed)}' is also what the card '{other.id}' asks"
                help = f"word one of them differently; the other is at {_spot(other, place)}"
                level = "warning" if card.kind.imported_note_type else "error"  # what comes from elsewhere may be so on purpose
                yield card.problem("same-front", message, *route, help=help, level=level)


def find_fronts(card: Card) -> Iterator[tuple[Group, str]]:
    """What a card asks, without what a learner would not see as a difference."""
    if card.retired:
        return
    kind, values = card.kind, card.values
    for language in card.languages:
        for at in (0,) if kind.cloze else card.templates(language):
            texts = []
            for key in kind.templates[at].front_keys:
                value = values.get(key)
                text = value.get(language) if type(value) is dict else value
                texts += [text] if type(text) is str else [text for _, text in card.said(key, language)]
            plain = [_plain(text) for text in texts]
            if plain and all(plain):  # else something lacks, and has been told
                yield (kind.name, language, at), "\n".join(plain)


def _first_asked(card: Card, group: Group) -> tuple[Route, str]:
    """The first text that a card of a group asks, and its route."""
    _, language, at = group
    return next(said for key in card.kind.templates[at].front_keys for said in card.said(key, language))


def check_guids(library: Library) -> Iterator[Problem]:
    """Anki takes two notes of one guid for one: the second would overwrite the first, with its learner's progress."""
    first: dict[str, Card] = {}
    if not any("guid" in card.values for card in library.cards):
        return  # those that follow from ids are as different as these
    for card in library.cards:
        for language in card.languages:
            guid = card.guid(language)
            other = first.setdefault(guid, card)
            if other is not card and other.id == card.id:
                continue  # that they share their id has been told
            if other is card and list(map(card.guid, card.languages)).index(guid) == card.languages.index(language):
                continue
            if other is card:
                message = f"'{short(guid)}' is the guid of this card in each of its languages"
                help = "write it for one language, as in 'guid: {en: ...}'"
            else:
                message = f"'{short(guid)}' is also the guid of the card '{other.id}'"
                help = f"keep it on the card that learners have under it; the other is at {_spot(other, ('guid',))}"
            yield card.problem("duplicate-guid", message, "guid", help=help)
            break


def check_html(library: Library) -> Iterator[Problem]:
    """What can run in a learner's Anki, or breaks out of the card, has no place in a text."""
    clean: dict[int, bool] = {}
    for card in library.versions:
        source = card.node.source
        if id(source) not in clean:
            clean[id(source)] = not _may_have(source.text, "<", "](", "]:", "&#")
        if clean[id(source)] and not card.overrides:
            continue  # in the whole file there is neither HTML nor a link
        for key, value in card.values.items():
            if key in ("deck", "guid", "tags", "reference") or not _may_have(value, "<", "](", "]:", "&#"):
                continue
            for route, text in _texts(card, key):
                if "&#" in text and (character := unseen(to_html(text))):
                    word = next((one[0] for one in re.finditer(r"&#\w+;?", text) if unescape(one[0]) in (character, "")), "&#")
                    message = f"'{word}' is {name_unseen(character)}, which cannot be seen"
                    yield card.problem("control-character", message, *route, word=word, help="delete it")
                for part in find_unsafe(text):
                    word = next((word for word in (part, part.upper()) if word in text), "")
                    named = f"'{part}>'" if part.startswith("<") else f"'{short(part)}'"
                    help = "delete it; to show a '<' as a sign, write '&lt;' or put `...` around the code"
                    yield card.problem("unsafe-html", f"{named} is not allowed in a text", *route, word=word, help=help)


def check_scripts(library: Library) -> Iterator[Problem]:
    """Whoever imports a package runs what its templates run, without being asked."""
    allowed = {deck.id for deck in library.decks if deck.allow_scripts}
    for name, kind in library.kinds.items():
        if "/" in name and name.partition("/")[0] not in allowed:
            yield from kind.scripts


def check_labels(library: Library) -> Iterator[Problem]:
    """A language without labels shows its learners English words around the author's."""
    spoken = {(card.deck.id, card.kind.name, language) for card in library.cards for language in card.languages}
    return tell_labels(library, spoken)


def tell_labels(library: Library, spoken: Iterable[tuple[str, str, str]]) -> Iterator[Problem]:
    """Tells which kinds lack labels, of those that decks (by id) use in a language."""
    decks = {deck.id: deck for deck in library.decks}
    for id, name, language in sorted(spoken):
        kind = library.kinds[name]
        if not kind.has_labels(language):
            message = f"there are no labels in '{language}' for a {kind.word}: its cards show those of another language"
            where = f"kinds/{kind.word}/kind.yaml" if "/" in name else "flashdeck/kinds"
            help = f"add '{language}' to the labels in {where}"
            yield decks[id].node.problem("no-labels", message, "languages", word=language, help=help, level="warning")


# What a card tells by itself, and what only all of them tell together.
CARD_CHECKS: list[Callable[[Library], Iterator[Problem]]] = [
    check_references,
    check_tags,
    check_clozes,
    check_options,
    check_html,
]
CHECKS = [
    *CARD_CHECKS,
    check_replacements,
    check_courses,
    check_fronts,
    check_guids,
    check_labels,
    check_scripts,
]


def check_review(library: Library, today: date) -> Iterator[Problem]:
    """A figure that nobody looked at again since its author said so may be wrong by now. (The one check of the clock.)"""
    for card in library.cards:
        for key in card.kind.days:
            day = to_date(str(card.values.get(key, "")))
            if day and day < today:
                help = f"look for a newer figure, then set '{key}' to a later day"
                yield card.problem("review-overdue", f"this was to be looked at again by {day}", key, help=help, level="warning")


def _texts(card: Card, key: str) -> list[tuple[Route, str]]:
    """The texts of a field in all languages of its deck, each with its route, each once; what is empty has been told."""
    return list(dict.fromkeys(said for lang in card.deck.languages for said in card.said(key, lang) if said[1].strip()))


def _may_have(value: Value, *signs: str) -> bool:
    """Whether one of these signs stands anywhere in a value."""
    if type(value) is str:
        return any(sign in value for sign in signs)
    return any(_may_have(one, *signs) for one in (value.values() if type(value) is dict else value))


def _find_routes(course: Course, *route: str) -> dict[str, Route]:
    """The routes to the words of one of a course's lists; of one that stands twice, to the first."""
    value = course.node.node(*route).value
    if not isinstance(value, list):
        return {value: route}
    return {word: (*route, at) for at, word in reversed([*enumerate(value)]) if isinstance(word, str)}


def _plain(text: str) -> str:
    """A text without what a learner would not see as a difference."""
    if "  " in text or not text.isprintable():  # else it has no other blanks than single ones
        text = " ".join(text.split())
    return text.strip().casefold()


def _spot(card: Card, route: Route) -> str:
    return str(card.problem("", "", *route).spot)
