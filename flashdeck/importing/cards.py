"""What an import is about, whatever it comes from: what its user wishes, and the cards that a file turned out to hold."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flashdeck.diagnostics.problem import FlashdeckError
from flashdeck.sources.yaml_file import Value

COURSE_TAG = "course::"
BAD_TAGS = re.compile(r"(?i)(marked|leech|flashdeck::.*)")


class ForeignError(FlashdeckError):
    """A file that cannot be imported as it was asked for, in words for its user."""


@dataclass(frozen=True)
class Wish:
    """What the user asked for."""

    folder: Path
    id: str = ""
    name: str = ""
    language: str = "en"
    kind: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> column
    allow_scripts: bool = False


@dataclass(frozen=True)
class Incoming:
    """A card that is to be written."""

    where: str  # its line, or its first words
    guid: Value  # a text, or one for each language; empty where there is none
    kind: str
    values: Mapping[str, Value]
    deck: str
    tags: tuple[str, ...]
    courses: tuple[str, ...] = ()
    id: str = ""
    row: str = ""  # all that was in it, to tell apart what begins alike


@dataclass(frozen=True)
class Read:
    """What a file holds, before anybody looked at what is there."""

    cards: list[Incoming]
    said: list[str]  # how it was read
    left_out: list[str] = field(default_factory=list)
    languages: tuple[str, ...] = ()
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # the files of each new kind
    media: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    scripts: bool = False  # whether its kinds need them


def sort_tags(tags: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags that a card may have, and the courses that flashdeck wrote as tags."""
    good, courses = [], []
    for tag in dict.fromkeys(tags):
        if tag.lower().startswith(COURSE_TAG):
            courses.append(tag[len(COURSE_TAG) :])
        elif not BAD_TAGS.fullmatch(tag):
            tag = "::".join(part for part in re.sub(r'[\s"]', "", tag).split("::") if part)
            good += [tag] if tag else []
    return tuple(good), tuple(courses)
