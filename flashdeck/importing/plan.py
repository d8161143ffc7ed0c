"""What others wrote becomes sources: the cards, kinds and media of a file, as files of a deck folder.

A second import of the same file adds only what is new. What would be a problem is left out, and reported with its line.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

from flashdeck.anki.html import find_latex_pictures, find_media, to_html
from flashdeck.anki.identity import split_full_id, split_guid, to_full_id, to_guid
from flashdeck.anki.media import find_named_by_fields
from flashdeck.anki.note import TOP
from flashdeck.authoring.draft import to_new_id
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.problem import Problem
from flashdeck.diagnostics.render import count
from flashdeck.importing.cards import ImportedCard, ImportOptions, ParsedImport
from flashdeck.importing.columns import import_table
from flashdeck.importing.corrections import Correction, Known, correct, find_again, find_changes, plain_words, read_known
from flashdeck.importing.packages import import_package
from flashdeck.importing.seed import keep_names, seed
from flashdeck.model.kind_reader import read_kinds
from flashdeck.model.kinds import Kind
from flashdeck.model.texts import all_texts
from flashdeck.pipeline import Project, compile_project
from flashdeck.release.ledger import NAME as LEDGER
from flashdeck.release.ledger import Ledger, render_ledger
from flashdeck.sources.editing import append_items, render_block
from flashdeck.sources.files import DECK_FILE, MEDIA_FOLDER, OWN_KINDS, TEXTS, read_file
from flashdeck.sources.values import first_text, short, to_id
from flashdeck.sources.yaml_file import Value, read_text

FOLDER_SUFFIX = "/"  # in place of a suffix, for a folder
Reader = Callable[[Path, ImportOptions, Mapping[str, Kind]], ParsedImport]
# What reads a file, by the end of its name. To add a format: a module with a Reader, and its line here.
FORMATS: dict[str, Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".xlsx", ".xlsm"), import_table),
    **dict.fromkeys((".apkg", ".colpkg", ".json", FOLDER_SUFFIX), import_package),
}
LARGEST_MEDIA = 1_000_000_000  # bytes of all that one import brings: they are in memory until they are written
MOST_LISTED = 20  # lines of what was left out
MOST_IN_A_FILE = 200  # cards of a new deck, where they can be divided by its parts
CARDS_FILE, LEFT_OUT = "cards.yaml", "left-out.txt"


@dataclass(frozen=True)
class ImportPlan:
    """What an import is about to write, and everything its user should know."""

    files: dict[Path, bytes]
    lines: list[str]
    problems: tuple[Problem, ...] = ()  # of the deck itself: nothing is written
    has_learners: bool = False  # whether somebody has its notes in Anki


@dataclass(frozen=True)
class _Target:
    """The deck that the cards go into."""

    folder: Path
    id: str
    root: str  # its name in Anki
    new_file: str = ""  # its deck.yaml, unless there is one
    before: Project | None = None  # the project before the import

    @property
    def ledger(self) -> Ledger:
        """Its ledger before the import."""
        known = self.before.ledgers.get(self.id) if self.before else None
        return known or Ledger(self.folder / LEDGER, self.id)


def plan_import(path: Path, options: ImportOptions) -> ImportPlan:
    """Reads a file and plans what to write for it. Raises FlashdeckError."""
    suffix = FOLDER_SUFFIX if path.is_dir() else path.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(name for name in FORMATS if name != FOLDER_SUFFIX)
        raise FlashdeckError(f"files named '*{suffix or path.name}' are not supported; import one of {known}")
    options.show("reading")
    before = compile_project([options.folder], languages=()) if (options.folder / DECK_FILE).exists() else None
    parsed = FORMATS[suffix](path, options, _known_kinds(before))
    if not parsed.cards:
        raise FlashdeckError("; ".join(["there is no card in it", *parsed.left_out[:3]]))
    return _plan(parsed, options, before)


def _known_kinds(before: Project | None) -> dict[str, Kind]:
    """The kinds by the words that cards of the folder's deck, if there is one, may use."""
    own = before.frame.kinds.items() if before else ()
    return {**read_kinds(), **{split_full_id(name)[1]: kind for name, kind in own if kind.templates}}


def _plan(parsed: ParsedImport, options: ImportOptions, before: Project | None) -> ImportPlan:
    """Which files to write. They are compiled first: what would be a problem is left out and reported."""
    target = _find_target(parsed, options, before)
    is_released = parsed.learners is not None
    cards = [replace(card, deck=part_below(card.deck, target.root, is_released)) if card.deck else card for card in parsed.cards]
    known = read_known(before.facts, target.id) if before else {}
    new, changed, same = _compare(_with_ids(cards, target, known), known, parsed.languages)
    left_out = [*parsed.left_out, *_find_out_of_reach(parsed)]
    corrected = changed if options.update else []
    files: dict[Path, bytes] = {}
    media: dict[Path, bytes] = {}
    problems: list[Problem] = []
    project = before
    while new or corrected:
        written = [*new, *(one.card for one in corrected)]
        options.show(f"writing {count(len(written), 'card')}")
        media, new_names = _to_media(parsed, written, target.folder)
        renamed = [_rename_in_correction(one, new_names) for one in corrected]
        files = correct(renamed, lambda path: _read(path, target.folder))
        files |= _to_files(parsed, [_rename_media(card, new_names) for card in new], target, files) | media
        if parsed.learners:
            files[target.ledger.path] = render_ledger(keep_names(target.ledger, parsed.learners, media)).encode()
        options.show(f"checking {count(len(written), 'card')}")
        project = _compile(files, target, None if parsed.learners else ())
        problems, wrong = _find_problems(project, files, written, target)
        if not wrong:
            break
        left_out += [f"{card.origin}: {wrong[card.id]}" for card in written if card.id in wrong]
        new = [card for card in new if card.id not in wrong]
        corrected = [one for one in corrected if one.card.id not in wrong]
    lines = list(parsed.messages)
    names = sorted(str(target.folder / name) for name in _divide(new, target, is_released))
    where = f"'{names[0]}'" if len(names) == 1 else f"{len(names)} files in '{target.folder}'"
    lines.append(f"{count(len(new), 'card')} to {where}" if new else "no new cards")
    kinds = len({path.parent for path in files if path.name == "kind.yaml"})
    for number, text in ((kinds, count(kinds, "kind")), (len(media), f"{count(len(media), 'file')} to 'media'")):
        lines += [text] if number and new else []
    if parsed.learners and project and files and not problems:
        written = [*new, *(one.card for one in corrected)]
        ledger = seed(project, target.id, parsed.learners, {card.id for card in written}, parsed.languages[0])
        files[ledger.path] = render_ledger(ledger).encode()
        number = len(ledger.notes.keys() - target.ledger.notes.keys())
        lines += [f"{count(number, 'note')} in '{ledger.path}' as learners have them: they change only where you change them"]
    lines += [f"{count(same, 'card')} there already"] if same else []
    if corrected:  # every one of them: nobody should have to look for what was overwritten
        lines += _list("corrected", corrected, [line for one in corrected for line in one.describe(target.id)], None)
    if changed and not options.update:
        title = "changed since, and not written (--update writes it)"
        lines += _list(title, changed, [line for one in changed for line in one.describe(target.id)])
    lines += _list("left out", left_out, left_out)
    if len(left_out) > MOST_LISTED and (new or corrected):
        path = target.folder / LEFT_OUT
        files[path] = "".join(f"{line}\n" for line in left_out).encode()
        lines.append(f"  all of it is in '{path}'")
    return ImportPlan(files if new or corrected else {}, lines, tuple(problems), parsed.learners is not None)


def _list(title: str, items: Sequence[object], described: Sequence[str], most: int | None = MOST_LISTED) -> list[str]:
    """A title with the first descriptions below it; nothing where there is none."""
    lines = [f"{title}: {len(items)}"] if items else []
    lines += [f"  {item}" for item in described[:most]]
    return lines + ([f"  and {len(described) - most} more"] if most is not None and len(described) > most else [])


def _find_target(parsed: ParsedImport, options: ImportOptions, before: Project | None) -> _Target:
    """The deck in the folder, or a new one. Raises FlashdeckError."""
    folder = options.folder
    if before and before.frame.decks:
        decks = [*before.frame.decks.values()]
        deck = next((deck for deck in decks if deck.folder == folder), decks[0])
        if missing := [language for language in parsed.languages if language not in deck.languages]:
            raise FlashdeckError(
                f"'{missing[0]}' is not a language of the deck in '{folder}'; add it in deck.yaml, or see --language"
            )
        root = first_text(deck.name)
        return _Target(folder, deck.id, root, before=before)
    id = options.id or to_id(folder.resolve().name) or "imported"
    root = options.name or _find_root([card.deck for card in parsed.cards], parsed.learners is not None) or id
    about: dict[str, Value] = {"id": id, "name": root.replace('"', "'"), "languages": list(parsed.languages)}
    about |= {"description": parsed.descriptions[root]} if parsed.descriptions.get(root) else {}
    about |= {"allow_scripts": "true"} if parsed.needs_scripts else {}
    return _Target(folder, id, root, render_block(about) + "\n", before)


def _find_root(decks: Sequence[str], is_released: bool) -> str:
    """The name of the deck above all of these, or nothing; where learners have them, of the one above most."""
    tops = Counter(deck.split("::")[0].strip() for deck in decks)
    del tops[""]
    return max(tops, key=lambda top: tops[top], default="") if is_released or len(tops) == 1 else ""


def part_below(deck: str, root: str, is_released: bool) -> str:
    """The part of a deck's name below the root. What is elsewhere stays there where learners have it; else it goes below, too."""
    if deck == root:
        return ""
    name = deck.removeprefix(f"{root}::").replace('"', "'")
    part = "::".join(part.strip() for part in name.split("::") if part.strip())
    return f"{TOP}{part}" if is_released and part and not deck.startswith(f"{root}::") else part


def _with_ids(cards: Sequence[ImportedCard], target: _Target, known: Mapping[str, Known]) -> list[ImportedCard]:
    """Each card with an id: the one it has there by its guid or its first text, else made from that, always the same."""
    facts = target.before.facts if target.before else None
    by_guid = {guid: card.id for card, guids in facts.list_guids() for guid in guids} if facts else {}
    there = find_again(cards, known)
    there |= {at: by_guid[guid] for at, card in enumerate(cards) for guid in card.guids if guid in by_guid}
    existing = {split_full_id(id)[1] for id in facts.ids} if facts else set()
    named, taken = [], set(there.values())
    for at, card in enumerate(cards):
        if at in there:
            named.append(replace(card, id=there[at]))
            continue
        own = next((found[1] for guid in card.guids if (found := split_guid(guid))), "")
        id = card.id or own or to_new_id(plain_words(next(iter(card.values.values()), "")), (), "")
        digest = sha256(card.content.encode()).hexdigest() if not id or id in taken or id in existing else ""
        id = id or f"card-{digest[:8]}"
        # one with an id of its own is known by that; another whose first text is not there is not
        others = set() if card.id and not card.guids else existing
        if id in taken or id in others:  # by everything in it, so that another order gives the same ids
            id = f"{id}-{digest[:6]}"
        while id in taken or id in others:
            id += "-2"
        taken.add(id)
        named.append(replace(card, id=id))
    return named


def _compare(
    cards: Sequence[ImportedCard], known: Mapping[str, Known], languages: Sequence[str]
) -> tuple[list[ImportedCard], list[Correction], int]:
    """The cards that are new, what is different in those that are not, and how many are the same."""
    new, changed, same = [], [], 0
    for card in cards:
        if card.id not in known:
            new.append(card)
        elif changes := find_changes(card, known[card.id], languages):
            changed.append(Correction(card, known[card.id], changes))
        else:
            same += 1
    return new, changed, same


def _rename_in_correction(one: Correction, names: Mapping[str, str]) -> Correction:
    values = {key: value for key, value in one.values.items() if value is not None}
    return replace(one, values={**one.values, **_rename_media(replace(one.card, values=values), names).values})


def _to_files(
    parsed: ParsedImport, cards: Sequence[ImportedCard], target: _Target, corrected: Mapping[Path, bytes]
) -> dict[Path, bytes]:
    """The deck, the kinds, the cards and the courses, without the media."""
    folder = target.folder
    files = {folder / DECK_FILE: target.new_file.encode()} if target.new_file else {}
    used = {card.kind for card in cards}
    for word, texts in parsed.kinds.items():
        if word in used:
            new = {folder / OWN_KINDS / word / name: text.encode() for name, text in texts.items()}
            files |= {path: data for path, data in new.items() if not os.path.lexists(path)}
    for name, some in _divide(cards, target, parsed.learners is not None).items():
        path = folder / name
        data, defaults = _read_cards_file(path, some, corrected)
        entries: list[Value] = [_to_entry(card, target.id, parsed.languages[0], defaults) for card in some]
        files[path] = append_items(str(path), data, ("cards",), entries)
    courses: dict[str, list[Value]] = {}
    for card in cards:
        for course in card.courses:
            courses.setdefault(course, []).append(to_full_id(target.id, card.id))
    path = folder / "courses.yaml"
    if courses and not os.path.lexists(path):
        entries = [{"id": to_id(course), "cards": members} for course, members in courses.items() if to_id(course)]
        files[path] = append_items(str(path), b"", ("courses",), entries)
    return files


def _divide(cards: Sequence[ImportedCard], target: _Target, by_deck: bool) -> dict[str, list[ImportedCard]]:
    """The cards by the name of the file that they go into: a new deck of many has one for each part of it.

    Anki keeps the order of new cards within each of its decks, so the order of the files changes nothing.
    """
    found: dict[str, list[ImportedCard]] = {}
    is_large = by_deck and bool(target.new_file) and len(cards) > MOST_IN_A_FILE
    for card in cards:
        slug = to_id(card.deck.removeprefix(TOP).split("::")[0])
        own = f"{slug}.yaml" if slug not in ("", "deck", "courses", "references") else CARDS_FILE
        has_own = is_large or os.path.lexists(target.folder / own)
        found.setdefault(own if by_deck and has_own else CARDS_FILE, []).append(card)
    return found


def _read_cards_file(
    path: Path, cards: Sequence[ImportedCard], corrected: Mapping[Path, bytes]
) -> tuple[bytes, dict[str, Value]]:
    """The file that cards go into and its defaults; a new one has what is the same in all of them as its defaults."""
    data = corrected.get(path) or (_read(path, path.parent) if os.path.lexists(path) else b"")
    if data:
        value = read_text(str(path), data)[0].value
        return data, value if isinstance(value, dict) else {}
    defaults: dict[str, Value] = {}
    if len({card.kind for card in cards}) == 1:
        defaults["kind"] = cards[0].kind
    if cards[0].deck and len({card.deck for card in cards}) == 1:
        defaults["deck"] = cards[0].deck
    if cards[0].tags and len({card.tags for card in cards}) == 1:
        defaults["tags"] = list(cards[0].tags)
    return (render_block(defaults) + "\n").encode() if defaults else b"", defaults


def _to_entry(card: ImportedCard, deck: str, language: str, defaults: Mapping[str, Value]) -> dict[str, Value]:
    """A card as it is written in a file with these defaults. A guid is written unless it is the one that its id gives."""
    entry: dict[str, Value] = {"id": card.id}
    if any(guid != to_guid(to_full_id(deck, card.id), code) for code, guid in card.guids_in(language).items()):
        entry["guid"] = card.guid if isinstance(card.guid, str) else {**card.guid}
    if defaults.get("kind") != card.kind:
        entry["kind"] = card.kind
    if card.deck and defaults.get("deck") != card.deck:
        entry["deck"] = card.deck
    entry |= card.values
    if list(card.tags) != defaults.get("tags", []):
        entry["tags"] = list(card.tags)
    return entry


def _find_out_of_reach(parsed: ParsedImport) -> Iterator[str]:
    """What templates put together of fields and Anki brings with no package, since its name does not begin with `_`."""
    for kind, files in parsed.kinds.items():
        for side in sorted(files):
            for pattern in find_named_by_fields(files[side]) if side.endswith(".html") else ():
                names = sorted(name for name in parsed.media if name[0] != "_" and pattern.fullmatch(name))
                if names:
                    some = f"'{short(names[0])}'" + (f" and {count(len(names) - 1, 'other')}" if len(names) > 1 else "")
                    yield f"{kind}/{side}: {some}, named by a field: Anki imports only files that begin with '_' for templates"


def _to_media(parsed: ParsedImport, cards: Sequence[ImportedCard], folder: Path) -> tuple[dict[Path, bytes], dict[str, str]]:
    """The media that the cards and their kinds name, and new names for those whose name another file has there already."""
    named: set[str] = set()
    for text in (text for card in cards for text in all_texts({**card.values})):
        if text in parsed.media:
            named.add(text)
        elif "[" in text or "<" in text:
            html = to_html(text)
            named |= {form for name in find_media(html) for form in (name, unquote(name))} | {*find_latex_pictures(html)}
    templates = "".join(text for files in parsed.kinds.values() for text in files.values())
    patterns = find_named_by_fields(templates)
    for name in parsed.media:  # what begins with "_" is Anki's for templates
        if name[0] == "_" and (name in templates or any(pattern.fullmatch(name) for pattern in patterns)):
            named.add(name)
    files: dict[Path, bytes] = {}
    new_names: dict[str, str] = {}
    size = 0
    for name in sorted(named & parsed.media.keys()):
        data, path = _load(name, parsed.media[name]), folder / MEDIA_FOLDER / normalize("NFC", name)
        data = data.replace(b"\r\n", b"\n") if name.lower().endswith(TEXTS) else data  # as it will be read
        size += len(data)
        if size > LARGEST_MEDIA:
            raise FlashdeckError(f"its pictures and sounds are larger than {LARGEST_MEDIA // 1_000_000:,} MB in all; split it")
        if os.path.lexists(path) and _read(path, folder) != data:
            stem, dot, suffix = name.rpartition(".")
            new_names[name] = f"{stem or suffix}-{sha256(data).hexdigest()[:12]}{dot}{suffix if stem else ''}"
            path = folder / MEDIA_FOLDER / new_names[name]
        if not os.path.lexists(path):
            files[path] = data
    return files, new_names


def _read(path: Path, folder: Path) -> bytes:
    return _load(str(path), partial(read_file, path, folder))


def _load(name: str, read: Callable[[], bytes]) -> bytes:
    """The content of a file that an import needs. Raises FlashdeckError."""
    try:
        return read()
    except OSError as error:
        raise FlashdeckError(f"'{name}' cannot be read: {(error.strerror or str(error)).lower()}") from error


def _rename_media(card: ImportedCard, names: Mapping[str, str]) -> ImportedCard:
    """A card with its media renamed."""

    def change(value: Value) -> Value:
        if isinstance(value, str):
            for old, new in names.items():
                value = value.replace(old, new)
            return value
        return {key: change(item) for key, item in value.items()} if isinstance(value, dict) else [change(item) for item in value]

    return replace(card, values={key: change(value) for key, value in card.values.items()}) if names else card


def _compile(files: Mapping[Path, bytes], target: _Target, languages: Collection[str] | None) -> Project:
    """The project as it would be, with its notes in some languages (in all, if None)."""
    deck = [target.folder] if (target.folder / DECK_FILE).exists() else []
    return compile_project(deck, edits=files, languages=languages)


def _find_problems(
    project: Project, files: Mapping[Path, bytes], cards: Sequence[ImportedCard], target: _Target
) -> tuple[list[Problem], dict[str, str]]:
    """What is wrong with the deck as it would be, and by id with which of the new cards.

    What is wrong in a file of cards already does not keep new cards out of it.
    """
    ids = {to_full_id(target.id, card.id): card.id for card in cards}
    wrong: dict[str, str] = {}
    wrong_kinds: dict[str, str] = {}
    rest: list[Problem] = []
    for problem in project.problems:
        path = Path(problem.spot.path)
        if problem.level != "error":
            continue
        if problem.card in ids:
            wrong.setdefault(ids[problem.card], problem.message)
        elif path.parent.parent.name == "kinds":
            wrong_kinds.setdefault(path.parent.name, problem.message)
        elif path not in files or path.name in (DECK_FILE, "courses.yaml"):
            rest.append(problem)
    for card in cards:
        if card.kind in wrong_kinds:
            wrong.setdefault(card.id, f"its note type has a mistake: {wrong_kinds[card.kind]}")
    return rest, wrong
