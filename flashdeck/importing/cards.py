"""What every import works with: what its user asked for, and the cards that a file turned out to hold."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flashdeck.anki.identity import course_of, is_reserved_tag
from flashdeck.sources.yaml_file import Value


@dataclass(frozen=True)
class ImportOptions:
    """What the user asked for."""

    folder: Path
    id: str = ""
    name: str = ""
    language: str = "en"
    kind: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> column
    allow_scripts: bool = False
    update: bool = False  # whether what is there already is corrected
    drop_scripts: bool = False
    now: int = 0  # a Unix time
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    header: int | None = None  # the line with the names of the columns; 0 where there is none, None where that has to be seen
    html: bool | None = None  # whether cells are HTML; None where each has to show that itself
    show: Callable[[str], None] = lambda stage: None  # what is being done, for whoever waits


@dataclass(frozen=True)
class ImportedCard:
    """A card that is about to be written."""

    origin: str  # where it was in the file: its line, or its first words
    guid: str | Mapping[str, str]  # one, or one by language; empty where there is none
    kind: str
    values: Mapping[str, Value]
    deck: str
    tags: tuple[str, ...]
    courses: tuple[str, ...] = ()
    id: str = ""
    content: str = ""  # everything it holds, to tell apart cards that begin alike
    empty: tuple[str, ...] = ()  # keys for which its file has a place, and nothing in it

    @property
    def guids(self) -> list[str]:
        """Its guids in all languages."""
        return list(self.guids_in("").values())

    def guids_in(self, language: str) -> dict[str, str]:
        """Its guids by language; a single one is of `language`."""
        if isinstance(self.guid, str):
            return {language: self.guid} if self.guid else {}
        return {**self.guid}


@dataclass(frozen=True)
class ParsedImport:
    """What a file holds, before it is compared with what the deck has already."""

    cards: list[ImportedCard]
    messages: list[str]  # how it was read
    left_out: list[str] = field(default_factory=list)
    languages: tuple[str, ...] = ()
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # the files of each new kind
    media: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    needs_scripts: bool = False  # for its kinds
    learners: "Learners | None" = None  # where somebody has its notes in Anki
    descriptions: Mapping[str, str] = field(default_factory=dict)  # of decks by their names


@dataclass(frozen=True)
class Learners:
    """What those have who got the notes before they were imported: when each last changed, as Unix times."""

    notes: Mapping[str, int]  # by guid
    types: Mapping[str, int]  # by the word of the kind
    media: frozenset[str]  # the names of their files
    release: int  # when they got it
    title: str  # what it is called


def separate_courses(tags: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags that a card may have, and the courses that flashdeck wrote as tags."""
    own, courses = [], []
    for tag in dict.fromkeys(tags):
        if course := course_of(tag):
            courses.append(course)
        elif not is_reserved_tag(tag):
            tag = "::".join(part for part in re.sub(r'[\s"]', "", tag).split("::") if part)
            own += [tag] if tag else []
    return tuple(own), tuple(courses)
