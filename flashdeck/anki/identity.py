"""How things are named in Anki: ids, guids and tags, each made and read in this one place. Pure.

All of it is stored in learners' collections: a change to what a function here returns loses their progress.
"""

import re
from hashlib import sha256

from flashdeck.sources.values import ID

FIELD_SEPARATOR = "\x1f"  # Anki's own, between the fields of a note and the parts of a deck's name

LEDGER_MEMBER = "flashdeck.lock"  # of a package: what Anki does not know in a zip it leaves alone

RETIRED_TAG = "flashdeck::retired"
COURSE_PREFIX = "course::"
RESERVED_TAGS = frozenset(("marked", "leech"))  # Anki sets them itself, and drops them from packages
RESERVED_PREFIXES = (COURSE_PREFIX, "flashdeck::")

FIRST_ID, IDS = 10**12, 5 * 10**11

GUID = re.compile(rf"({ID.pattern})/({ID.pattern})@([A-Za-z0-9-]+)")


def stable_id(*names: str | int) -> int:
    """A permanent id for what is named: a number like the milliseconds that Anki uses, of the years 2001 to 2017."""
    digest = sha256(FIELD_SEPARATOR.join(map(str, names)).encode()).digest()
    return FIRST_ID + int.from_bytes(digest[:8], "big") % IDS


def shift_id(id: int, by: int) -> int:
    """Another id like those of `stable_id`: for ids that are not equal, ids that are not equal."""
    return FIRST_ID + (id + by) % IDS


def to_full_id(deck: str, card: str) -> str:
    """The id of a card among all decks: `deck/card`."""
    return f"{deck}/{card}"


def split_full_id(id: str) -> tuple[str, str]:
    """The deck and the card of `deck/card`; the deck is empty where the id is a card's own."""
    deck, _, card = id.rpartition("/")
    return deck, card


def in_language(name: str, language: str) -> str:
    """What something is called in one language: `card@language` in ledgers, `kind@language` for note types."""
    return f"{name}@{language}"


def split_language(name: str) -> tuple[str, str]:
    """The name and the language of `name@language`."""
    name, _, language = name.rpartition("@")
    return name, language


def to_guid(card: str, language: str) -> str:
    """The guid of the note of a card (by its full id) in one language, unless its author gave it another."""
    return in_language(card, language)


def split_guid(guid: str) -> tuple[str, str, str] | None:
    """The deck, card and language of a guid that flashdeck made; None for the guid of another tool."""
    found = GUID.fullmatch(guid)
    return (found[1], found[2], found[3]) if found else None


def to_course_tag(course: str) -> str:
    """The tag of all notes of a course."""
    return f"{COURSE_PREFIX}{course}"


def course_of(tag: str) -> str:
    """The id of the course that a tag marks, or nothing. Anki does not distinguish case in tags."""
    return tag[len(COURSE_PREFIX) :] if tag.lower().startswith(COURSE_PREFIX) else ""


def is_reserved_tag(tag: str) -> bool:
    """Whether Anki or flashdeck sets a tag itself, so that no author may."""
    return tag.lower() in RESERVED_TAGS or tag.lower().startswith(RESERVED_PREFIXES)
