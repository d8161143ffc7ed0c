"""What others wrote -> sources: spreadsheets, text exports and packages become cards, kinds and media of a deck folder.

A second import of the same file adds only what is new. What would be a problem is left out and told, with its line.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from unicodedata import normalize
from urllib.parse import unquote

from flashdeck.anki.html import find_media, to_html
from flashdeck.anki.package_reader import read_archive
from flashdeck.authoring.draft import to_new_id
from flashdeck.diagnostics.problem import Problem
from flashdeck.importing.cards import ForeignError, Incoming, Read, Wish
from flashdeck.importing.columns import read_rows
from flashdeck.importing.packages import read_notes
from flashdeck.importing.tables import read_table
from flashdeck.model.kind_reader import read_kinds
from flashdeck.model.kinds import Kind
from flashdeck.pipeline import Compiled, compile_decks
from flashdeck.sources.editing import append_items, render_block
from flashdeck.sources.values import to_id
from flashdeck.sources.yaml_file import Value, read_text

PACKAGES = (".apkg", ".colpkg", ".json")
OWN_GUID = re.compile(r"[^/@\s]+/([a-z0-9._-]+)@[A-Za-z-]+")  # flashdeck's: deck/card@language
TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")


@dataclass(frozen=True)
class Report:
    """What an import is about to write, and everything its user should know."""

    files: dict[Path, bytes]
    lines: list[str]
    written: int
    problems: tuple[Problem, ...] = ()  # of the deck itself: nothing is written


def import_file(path: Path, wish: Wish) -> Report:
    """Reads a file and plans what to write for it. Raises ForeignError, TableError or PackageError."""
    suffix = path.suffix.lower()
    known = _known_kinds(wish.folder)
    if suffix in PACKAGES or path.is_dir():
        read = read_notes(read_archive(path), wish, known)
    elif suffix in TABLES:
        read = replace(read_rows(read_table(path), wish, known), media=_find_beside(path))
    else:
        raise ForeignError(f"files named '*{suffix or path.name}' are not known; there is {', '.join((*TABLES, *PACKAGES))}")
    if not read.cards:
        raise ForeignError("; ".join(["there is no card in it", *read.left_out[:3]]))
    return _plan(read, wish)


def _find_beside(path: Path) -> dict[str, Callable[[], bytes]]:
    """The files beside a table, and in a folder `media` there: those that it names come with it."""
    tops = (path.resolve().parent / "media", path.resolve().parent)
    return {one.name: one.read_bytes for top in reversed(tops) if top.is_dir() for one in sorted(top.iterdir()) if one.is_file()}


def _known_kinds(folder: Path) -> dict[str, Kind]:
    """The kinds by the words that cards of the folder's deck may use."""
    kinds = dict(read_kinds())
    if (folder / "deck.yaml").exists():
        for name, kind in compile_decks([folder]).library.kinds.items():
            if kind.templates:
                kinds[name.rpartition("/")[2]] = kind
    return kinds


def _plan(read: Read, wish: Wish) -> Report:
    """Which files to write, tried out in a folder of their own first: what would be a problem is left out and told."""
    folder = wish.folder
    before = compile_decks([folder]) if (folder / "deck.yaml").exists() else None
    if before and before.library.decks:
        deck = next((one for one in before.library.decks if one.folder == folder), before.library.decks[0])
        id, root = deck.id, deck.name if isinstance(deck.name, str) else str(next(iter(deck.name.values())))
        lacking = [language for language in read.languages if language not in deck.languages]
        if lacking:
            raise ForeignError(
                f"'{lacking[0]}' is not a language of the deck in '{folder}'; add it in deck.yaml, or see --language"
            )
        deck_yaml = None
    else:
        id = wish.id or to_id(folder.resolve().name) or "imported"
        root = wish.name or _common_root([card.deck for card in read.cards]) or id
        about: dict[str, Value] = {"id": id, "name": root.replace('"', "'"), "languages": list(read.languages)}
        about |= {"allow_scripts": "true"} if read.scripts else {}
        deck_yaml = render_block(about) + "\n"
    cards = [replace(card, deck=_below(card.deck, root)) for card in read.cards]
    cards = _with_ids(cards, id, before)
    fresh, changed, same = _compare(cards, id, before)
    left_out = list(read.left_out)
    while True:
        files = _to_files(read, fresh, id, deck_yaml, folder)
        media, clashes = _to_media(read, fresh, folder)
        files |= media
        if clashes:
            fresh = [_rename(card, clashes) for card in fresh]
            files = _to_files(read, fresh, id, deck_yaml, folder) | media
        problems, wrong = _try(files, fresh, folder)
        if not wrong:
            break
        left_out += [f"{card.where}: {wrong[card.id]}" for card in fresh if card.id in wrong]
        fresh = [card for card in fresh if card.id not in wrong]
    lines = [*read.said]
    lines.append(f"{_count(len(fresh), 'card')} to '{folder / 'cards.yaml'}'" if fresh else "no new card")
    kinds = len({path.parent for path in files if path.name == "kind.yaml"})
    for number, text in ((kinds, _count(kinds, "kind")), (len(media), f"{_count(len(media), 'file')} to 'media'")):
        lines += [text] if number and fresh else []
    lines += [f"{_count(same, 'card')} there already"] if same else []
    for title, some in (("changed since, and not written", changed), ("left out", left_out)):
        if some:
            lines.append(f"{title}: {len(some)}")
            lines += [f"  {one}" for one in some[:20]] + ([f"  and {len(some) - 20} more"] if len(some) > 20 else [])
    return Report(files if fresh else {}, lines, len(fresh), tuple(problems))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _common_root(decks: Sequence[str]) -> str:
    """The name of the deck above all these, or nothing."""
    parts = [deck.split("::") for deck in set(decks) if deck]
    return parts[0][0] if parts and all(part[0] == parts[0][0] for part in parts) else ""


def _below(deck: str, root: str) -> str:
    """The part of a deck's name below the root; the whole of it where it is elsewhere."""
    if deck == root:
        return ""
    name = deck.removeprefix(f"{root}::").replace('"', "'")
    return "::".join(part.strip() for part in name.split("::") if part.strip())


def _with_ids(cards: Sequence[Incoming], deck: str, before: Compiled | None) -> list[Incoming]:
    """Each card with an id: the one it has there by its guid, else made from its text, the same in a second import."""
    by_guid = {}
    if before:
        by_guid = {card.guid(language): card.id.partition("/")[2] for card in before.library.cards for language in card.languages}
    known = {at: by_guid[guid] for at, card in enumerate(cards) for guid in _guids(card) if guid in by_guid}
    existing = {id.partition("/")[2] for id in before.library.card_ids} if before else set()
    named, taken = [], set(known.values())
    for at, card in enumerate(cards):
        if at in known:
            named.append(replace(card, id=known[at]))
            continue
        mark = sha256(card.row.encode()).hexdigest()
        made = next((found[1] for guid in _guids(card) if (found := OWN_GUID.fullmatch(guid))), "")
        id = card.id or made or to_new_id(_words(next(iter(card.values.values()))), (), f"card-{mark[:8]}")
        there = (taken | existing) if _guids(card) else taken  # a card without a guid is known by its id
        if id in there:  # by all that is in it, so that another order gives the same ids
            id = f"{id}-{mark[:6]}"
        while id in there:
            id += "-2"
        taken.add(id)
        named.append(replace(card, id=id))
    return named


def _guids(card: Incoming) -> list[str]:
    return list(card.guid.values()) if isinstance(card.guid, dict) else [card.guid] if card.guid else []


def _words(value: Value) -> str:
    while not isinstance(value, str):
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return re.sub(r"<[^>]*>|!?\[|\]\([^)]*\)|\\", " ", value)


def _compare(cards: Sequence[Incoming], deck: str, before: Compiled | None) -> tuple[list[Incoming], list[str], int]:
    """The cards that are new, what is different in those that are not, and how many are the same."""
    there = {card.id: card for card in before.library.cards} if before else {}
    ids = before.library.card_ids if before else frozenset()
    fresh, changed, same = [], [], 0
    for card in cards:
        full = f"{deck}/{card.id}"
        if full not in ids:
            fresh.append(card)
        elif full in there and (keys := [key for key, value in card.values.items() if there[full].values.get(key) != value]):
            changed.append(f"{card.where}: {', '.join(keys)} of {full}")
        else:
            same += 1
    return fresh, changed, same


def _to_files(read: Read, cards: Sequence[Incoming], id: str, deck_yaml: str | None, folder: Path) -> dict[Path, bytes]:
    files: dict[Path, bytes] = {folder / "deck.yaml": deck_yaml.encode()} if deck_yaml else {}
    used = {card.kind for card in cards}
    for word, some in read.kinds.items():
        if word in used:
            new = {folder / "kinds" / word / name: text.encode() for name, text in some.items()}
            files |= {path: data for path, data in new.items() if not path.exists()}
    if cards:  # in one file, so that they stay in the order in which they are learned
        path = folder / "cards.yaml"
        data = path.read_bytes() if path.exists() else b""
        defaults = read_text(str(path), data)[0].value if data else {}
        if not data:
            kinds, tags = {card.kind for card in cards}, {card.tags for card in cards}
            defaults = {"kind": cards[0].kind} if len(kinds) == 1 else {}
            defaults |= {"tags": list(cards[0].tags)} if len(tags) == 1 and cards[0].tags else {}
            data = (render_block(defaults) + "\n").encode() if defaults else b""
        entries: list[Value] = [_to_entry(card, id, defaults if isinstance(defaults, dict) else {}) for card in cards]
        files[path] = append_items(str(path), data, ("cards",), entries)
    courses: dict[str, list[Value]] = {}
    for card in cards:
        for course in card.courses:
            courses.setdefault(course, []).append(f"{id}/{card.id}")
    path = folder / "courses.yaml"
    if courses and not path.exists():
        entries = [{"id": to_id(course), "cards": members} for course, members in courses.items() if to_id(course)]
        files[path] = append_items(str(path), b"", ("courses",), entries)
    return files


def _to_entry(card: Incoming, deck: str, defaults: Mapping[str, Value]) -> dict[str, Value]:
    entry: dict[str, Value] = {"id": card.id}
    if any(not guid.startswith(f"{deck}/{card.id}@") for guid in _guids(card)):
        entry["guid"] = card.guid
    if defaults.get("kind") != card.kind:
        entry["kind"] = card.kind
    if card.deck:
        entry["deck"] = card.deck
    entry |= card.values
    if list(card.tags) != defaults.get("tags", []):
        entry["tags"] = list(card.tags)
    return entry


def _to_media(read: Read, cards: Sequence[Incoming], folder: Path) -> tuple[dict[Path, bytes], dict[str, str]]:
    """The media that the cards and their kinds name, and other names for those that another file has there already."""
    wanted: set[str] = set()
    for text in (text for card in cards for text in _texts(card.values)):
        if text in read.media:
            wanted.add(text)
        elif "[" in text or "<" in text:
            wanted |= {one for name in find_media(to_html(text)) for one in (name, unquote(name))}
    templates = "".join(text for files in read.kinds.values() for text in files.values())
    wanted |= {name for name in read.media if name[0] == "_" and name in templates}  # what begins so is Anki's for templates
    files: dict[Path, bytes] = {}
    clashes: dict[str, str] = {}
    for name in sorted(wanted & read.media.keys()):
        data, path = read.media[name](), folder / "media" / normalize("NFC", name)
        if path.exists() and path.read_bytes() != data:
            stem, dot, suffix = name.rpartition(".")
            clashes[name] = f"{stem or suffix}-{sha256(data).hexdigest()[:12]}{dot}{suffix if stem else ''}"
            path = folder / "media" / clashes[name]
        if not path.exists():
            files[path] = data
    return files, clashes


def _texts(values: Mapping[str, Value]) -> Iterable[str]:
    for value in values.values():
        if isinstance(value, str):
            yield value
        else:
            yield from _texts(value if isinstance(value, dict) else {str(at): one for at, one in enumerate(value)})


def _rename(card: Incoming, names: Mapping[str, str]) -> Incoming:
    def change(value: Value) -> Value:
        if isinstance(value, str):
            for old, new in names.items():
                value = value.replace(old, new)
            return value
        return {key: change(one) for key, one in value.items()} if isinstance(value, dict) else [change(one) for one in value]

    return replace(card, values={key: change(value) for key, value in card.values.items()})


def _try(files: Mapping[Path, bytes], cards: Sequence[Incoming], folder: Path) -> tuple[list[Problem], dict[str, str]]:
    """What is wrong with the deck as it would be, and by id with which of the new cards."""
    with TemporaryDirectory() as place:
        trial = Path(place) / (folder.resolve().name or "deck")
        if (folder / "deck.yaml").exists():
            shutil.copytree(folder, trial, ignore=shutil.ignore_patterns(".*", "dist"))
        for path, data in files.items():
            target = trial / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        compiled = compile_decks([trial])
        errors = [problem for problem in compiled.problems if problem.level == "error"]
        wanted = {card.id for card in cards}
        spans: dict[str, list[tuple[int, int, str]]] = {}
        broken: dict[str, str] = {}
        for path in (path for path in files if path.suffix == ".yaml" and path.parent == folder):
            source = read_text(str(trial / path.name), files[path])[0]
            for at, one in enumerate(source.value.get("cards", ()) if isinstance(source.value, dict) else ()):
                _, start, end = source.span(("cards", at))
                if one.get("id") in wanted:
                    spans.setdefault(source.path, []).append(
                        (source.spot_at(start).line, source.spot_at(max(start, end - 1)).line, one["id"])
                    )
        wrong: dict[str, str] = {}
        rest: list[Problem] = []
        for problem in errors:
            ids = [id for first, last, id in spans.get(problem.spot.path, ()) if first <= problem.spot.line <= last]
            kind = Path(problem.spot.path).parent
            if ids:
                wrong.setdefault(ids[-1], problem.message)  # a card reaches as far as the dash of the next
            elif kind.parent.name == "kinds":
                broken.setdefault(kind.name, problem.message)
            elif problem.spot.path not in spans or not problem.spot.path.startswith(str(trial)):
                rest.append(replace(problem, spot=replace(problem.spot, path=problem.spot.path.replace(str(trial), str(folder)))))
        for card in cards:
            if card.kind in broken:
                wrong.setdefault(card.id, f"its note type has a mistake: {broken[card.kind]}")
        return rest, wrong
