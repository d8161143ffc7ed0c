"""What surrounds the cards of a project: decks, kinds, references and courses. It is small, and read every time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from flashdeck.diagnostics.problem import Problem
from flashdeck.model.courses import Course, Rules, read_course
from flashdeck.model.decks import NOWHERE, Deck, read_deck
from flashdeck.model.keys import CARD_KEYS, FILE_KEYS
from flashdeck.model.kind_reader import read_kinds, read_own_kinds
from flashdeck.model.kinds import Kind
from flashdeck.model.lists import find_lists, read_items
from flashdeck.model.references import Reference, read_reference
from flashdeck.sources.files import DECK_FILE, OWN_KINDS, Files
from flashdeck.sources.values import find_misspelt
from flashdeck.sources.yaml_file import Node, Source

FRAMING = (b"references", b"courses")
ESCAPES = (b"\\x", b"\\u", b"\\U", b"\\\n", b"\\\r")  # each can hide these words
UTF_16, UTF_8_BOM = (b"\xff\xfe", b"\xfe\xff"), b"\xef\xbb\xbf"
TOP_KEY = re.compile(rb"\n([A-Za-z]\w*)\s*:")
NEWER_ID = "give the newer of the two another id"


@dataclass(frozen=True)
class Frame:
    """What surrounds the cards. `problems` are those of its own files' contents."""

    decks: Mapping[str, Deck]  # the valid ones, by id
    folders: Mapping[Path, Deck]  # all of them, valid or not
    kinds: Mapping[str, Kind]  # by name: `term`, and of a deck's own kind `deck/term`
    own_kinds: Mapping[Path, Mapping[str, Kind]]  # by the folder of the deck and the word that its cards use
    kind_folders: Mapping[str, Path]  # of the decks that have kinds of their own, by the name of the kind
    references: Mapping[str, Reference]
    courses: Mapping[str, Course]
    sources: Mapping[Path, Source]  # the files that it was read from
    problems: tuple[Problem, ...]
    _homes: dict[Path, tuple[Path | None, Path]] = field(default_factory=dict, repr=False)  # by folder: the deck's, and its own

    @cached_property
    def languages(self) -> list[str]:
        return list(dict.fromkeys(language for deck in self.decks.values() for language in deck.languages))

    @cached_property
    def kind_words(self) -> frozenset[str]:
        """What its kinds may be called: `term`, and of a deck's own kind `deck/term` too."""
        return frozenset(word for kind in self.kinds.values() for word in (kind.name, kind.word))

    @cached_property
    def deck_ids(self) -> frozenset[str]:
        """The ids of all decks, be they valid or not."""
        return frozenset(deck.id for deck in self.folders.values() if deck.id)

    @cached_property
    def has_nameless_decks(self) -> bool:
        """Whether the id of a deck is not known, so that any id may be its own."""
        return not all(deck.id for deck in self.folders.values())

    @cached_property
    def reference_ids(self) -> frozenset[str]:
        return frozenset(self.references)

    @cached_property
    def rules(self) -> Rules:
        return Rules([*self.courses.values()])

    def kinds_of(self, deck: Deck) -> Mapping[str, Kind]:
        """The kinds by the words that the cards of a deck may use: its own go before others of the same name."""
        own = self.own_kinds.get(deck.folder.resolve())
        return {**self.kinds, **own} if own else self.kinds

    def find_home(self, path: Path) -> tuple[Deck | None, str]:
        """The deck in whose folder a file is, and the file's path in it: in the order of these paths files count."""
        if path.parent not in self._homes:
            folder = path.parent.resolve()
            home = next((up for up in (folder, *folder.parents) if up in self.folders), None)
            self._homes[path.parent] = home, folder.relative_to(home or folder)
        home, folder = self._homes[path.parent]
        return (self.folders[home] if home else None), (folder / path.name).as_posix()


def may_frame(data: bytes) -> bool:
    """Whether a file may define references or courses: false only where it certainly does not."""
    if data.startswith(UTF_16) or any(word in data for word in FRAMING):
        return True
    if b"\\" in data and any(escape in data for escape in ESCAPES):
        return True
    keys = [key.decode("ascii", "replace") for key in {*TOP_KEY.findall(b"\n" + data.removeprefix(UTF_8_BOM))}]
    return bool(find_misspelt(keys, (*FILE_KEYS, *CARD_KEYS)))


def read_frame(sources: Mapping[Path, Source], files: Files) -> Frame:
    """What the sources define around their cards. Those that define nothing of it change nothing."""
    problems: list[Problem] = []
    folders = {path.parent.resolve(): read_deck(source, problems) for path, source in sources.items() if path.name == DECK_FILE}
    taken: dict[tuple[str, str], Node] = {}
    # a deck and a course each name a package, so they share their ids
    decks = {
        deck.id: deck
        for deck in sorted(folders.values(), key=lambda deck: (deck.id, str(deck.folder)))
        if deck.id and _is_free(("package", deck.id), deck.node, taken, problems) and deck.valid
    }
    own_kinds = {folder: _read_kinds_of(deck, files, problems) for folder, deck in folders.items()}
    kinds = {**read_kinds(), **{kind.name: kind for own in own_kinds.values() for kind in own.values()}}
    kind_folders = {kind.name: folders[folder].folder for folder, own in own_kinds.items() for kind in own.values()}
    frame = Frame(decks, folders, kinds, own_kinds, kind_folders, {}, {}, sources, ())
    references: dict[str, Reference] = {}
    courses: dict[str, Course] = {}
    for home, source in _in_order(frame, sources):
        lists = find_lists(source)
        for node, _ in read_items(source, lists.get("references", ""), problems):
            reference = read_reference(node, problems)
            if reference and _is_free(("reference", reference.id), node, taken, problems):
                references[reference.id] = reference
        for node, _ in read_items(source, lists.get("courses", ""), problems):
            course = read_course(node, home or NOWHERE, problems)
            if course and _is_free(("package", course.id), node, taken, problems):
                courses[course.id] = course
    for course in (course for course in courses.values() if course.former):
        for id, route in course.routes("former").items():
            if first := taken.get(("package", id)):
                message = f"the id '{id}' is in use, at {first.spot('id')}"
                problems.append(course.node.problem("duplicate-id", message, *route, help="name an id that nothing has any more"))
    return replace(frame, references=references, courses=courses, problems=tuple(problems))


def _read_kinds_of(deck: Deck, files: Files, problems: list[Problem]) -> dict[str, Kind]:
    """The kinds that a deck has of its own, by their words."""
    files.list_below(deck.folder / OWN_KINDS)  # records the question, so that a kind that is added later is noticed
    kinds = read_own_kinds(deck.folder / OWN_KINDS, files, problems)
    digest = files.digest_below(deck.folder / OWN_KINDS) if kinds else ""
    return {kind.word: replace(kind, name=f"{deck.id}/{kind.word}", source=digest) for kind in kinds}


def _in_order(frame: Frame, sources: Mapping[Path, Source]) -> Iterator[tuple[Deck | None, Source]]:
    """The sources that are no deck.yaml with their decks, in an order that no file system can change."""
    homes = [(*frame.find_home(path), source) for path, source in sources.items() if path.name != DECK_FILE]
    homes.sort(key=lambda home: home[1])
    return ((deck, source) for deck, _, source in homes)


def _is_free(what: tuple[str, str], node: Node, taken: dict[tuple[str, str], Node], problems: list[Problem]) -> bool:
    first = taken.setdefault(what, node)
    if first is node:
        return True
    message = f"the id '{what[1]}' is already used at {first.spot('id')}"
    problems.append(node.problem("duplicate-id", message, "id", help=NEWER_ID))
    return False
