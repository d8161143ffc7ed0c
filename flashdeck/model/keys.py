"""The keys that an author may write, and what each is for. A key that every card may have is added here and nowhere else."""

from typing import NamedTuple


class Key(NamedTuple):
    """A key that an author may write: the type of its value, and a line of help for editors."""

    type: str
    doc: str


# What a card of any kind may have besides the fields of its kind.
CARD_KEYS = {
    "id": Key("id", "identifies the card permanently: its text may change, its id never"),
    "guid": Key("guid", "identifies in Anki a note that learners already have from elsewhere"),
    "was": Key("was", "the deck (or deck/id) in which learners have had the card, before it was moved here"),
    "kind": Key("kind", "the kind of card, which decides what fields it has"),
    "deck": Key("deck", "its sub-deck in Anki, such as Law::Basics; with '::' before it, a deck beside this one"),
    "languages": Key("languages", "the languages it is meant for; by default all of the deck"),
    "tags": Key("tags", "words to find it by, in courses and in Anki"),
    "reference": Key("references", "the id of its source, or a list of them"),
    "extra": Key("text", "a remark on the back"),
    "owner": Key("text", "who looks after it; no learner sees it"),
    "sensitive": Key("flag", "true: a course may leave it out"),
    "quote": Key("flag", "true: its texts are quoted, so discouraged words are left alone"),
    "retired": Key("retired", "why and since when the card is withdrawn; its learners are informed"),
}
OVERRIDE_DOC = "the full id of another deck's card whose wording this deck overrides"
COMMON_ONLY = ("extra", "reference")  # these go into fields that a note type from elsewhere does not have
OF_ONE_CARD = ("id", "guid")  # these cannot be the default of a file
NAME_TYPES = (
    "id",
    "guid",
    "was",
    "kind",
    "deck",
    "languages",
    "tags",
    "references",
)  # types of values that are no text on a card

SENSITIVE = "sensitive"  # the tag of a card with `sensitive: true`

FILE_KEYS = {
    "cards": "the cards; the fields beside this key are defaults for all of them",
    "references": "the sources, as Zotero and pandoc write them (CSL-YAML)",
    "courses": "subsets of the cards",
}
DECK_KEYS = {
    "id": "identifies the deck permanently, and is part of the identity of its cards",
    "name": "what learners see in Anki; never renamed once they have it",
    "title": "what it is called in lists",
    "languages": "the codes of its languages",
    "partial": "those of its languages in which only some cards are meant to be there: what lacks a translation is no problem",
    "description": "what learners read beside the deck in Anki: what it is, what it may stir up, where to turn",
    "licence": "the terms under which others may use the deck",
    "allow_scripts": "true: templates of the deck's own kinds may run scripts",
}
COURSE_KEYS = {
    "id": "identifies the course permanently",
    "former": "ids that it once had, which stay as tags on its notes",
    "title": "what it is called in lists",
    "include": "a card that matches any of these belongs to the course",
    "exclude": "a card that matches any of these is left out, even if another rule includes it",
    "cards": "the full ids of further cards that belong to it",
}
RULE_KEYS = {"kinds": "kinds of cards", "tags": "tags of cards", "decks": "ids of decks"}
RETIRED_KEYS = {
    "since": "since when, such as 2026-11",
    "why": "the reason, for learners",
    "replaced_by": "the id of the card that takes its place",
}
