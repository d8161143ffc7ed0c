"""The notes of a package -> cards, and its note types -> kinds that give learners exactly what they have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

from flashdeck.anki.css import clean_css, find_unsafe_css
from flashdeck.anki.html import RAW, drop_media, find_unsafe
from flashdeck.anki.identity import FIELD_SEPARATOR, RETIRED_TAG
from flashdeck.anki.package_reader import Archive, PackageNote, PackageNoteType, read_archive
from flashdeck.anki.safe_kinds import is_safe_template, make_template_safe
from flashdeck.authoring.draft import to_new_id
from flashdeck.importing.cards import ImportedCard, ImportOptions, ParsedImport, separate_courses
from flashdeck.importing.columns import find_best_kind
from flashdeck.importing.html_to_markdown import drop_invisible, from_html
from flashdeck.model.kind_reader import RESERVED_KEYS, read_kinds
from flashdeck.model.kinds import Kind
from flashdeck.model.template_language import find_shown
from flashdeck.sources.editing import render_block
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Value

LONGEST_TITLE = 10_000  # characters of a field; its first words are among them
IMAGE_OCCLUSION = 6  # Anki's number for its stock note type
FIRST_TIME_ID = 1000  # ids from here on are Anki's, made from the time; CrowdAnki has none, and its types are counted from 1


@dataclass(frozen=True)
class _Target:
    """What the notes of a note type become: a kind that is there already, or a new one with these files."""

    kind: str
    keys: Mapping[str, str]  # key of the card by name of the field
    files: Mapping[str, str] | None = None
    had_scripts: bool = False


def import_package(path: Path, options: ImportOptions, known: Mapping[str, Kind]) -> ParsedImport:
    """The cards of a package or a CrowdAnki folder, with their media. Raises FlashdeckError."""
    archive = read_archive(path)
    targets = _find_targets(archive, options, known)
    left_out = list(archive.messages)
    for id, target in targets.items():
        if target.had_scripts and not options.allow_scripts:
            where = f"the templates and the style of '{archive.types[id].name}'"
            left_out.append(f"what may run or load something in {where}; to keep it: --allow-scripts")
    cards, unsafe = [], 0
    missing: dict[str, None] = {}
    for note in archive.notes:
        origin = f"'{short(re.sub(r'<[^<>]*>', ' ', note.fields[0][:LONGEST_TITLE]))}'"
        if RETIRED_TAG in note.tags or not note.cards:
            left_out.append(f"{origin}: it has no cards" if not note.cards else f"{origin}: it was retired")
            continue
        unsafe += any(find_unsafe(RAW + text) for text in note.fields)
        found = [drop_media(text, archive.media) for text in note.fields]
        missing |= dict.fromkeys(name for _, names in found for name in names)
        if not any(text.strip() for text, _ in found) and (gone := [name for _, names in found for name in names]):
            left_out.append(f"a note: all that is in it is '{short(gone[0])}', which is not in the package")
            continue
        note = replace(note, fields=tuple(text for text, _ in found))
        cards.append(_to_card(origin, note, archive.types[note.type], targets[note.type]))
    left_out += [f"the picture or sound '{short(name)}', which is not in the package" for name in missing]
    if unsafe:
        left_out.append(f"what could run as a script in the texts of {unsafe} notes")
    names = ", ".join(type.name for type in archive.types.values())
    messages = [f"{len(archive.notes)} notes of {len(archive.types)} note types: {names}"]
    kinds = {target.kind: target.files for target in targets.values() if target.files}
    needs_scripts = options.allow_scripts and any(target.had_scripts for target in targets.values())
    return ParsedImport(cards, messages, left_out, (options.language,), kinds, archive.media, needs_scripts)


def _find_targets(archive: Archive, options: ImportOptions, known: Mapping[str, Kind]) -> dict[int, _Target]:
    """What each note type becomes, by its id: the kind that the user maps its fields to, else one of its own."""
    targets: dict[int, _Target] = {}
    for id, type in archive.types.items():
        if options.columns and set(options.columns.values()) <= {name for name, _ in type.fields}:
            kind = options.kind or find_best_kind(set(options.columns), known)
            targets[id] = _Target(kind, {name: key for key, name in options.columns.items()})
        else:
            taken = {target.kind for target in targets.values()} | set(read_kinds())
            targets[id] = _to_kind(type, options.allow_scripts, taken)
    return targets


def _to_card(origin: str, note: PackageNote, type: PackageNoteType, target: _Target) -> ImportedCard:
    values: dict[str, Value] = {}
    for (name, _), text in zip(type.fields, note.fields, strict=True):
        if name in target.keys and text:
            value = from_html(normalize("NFC", text), exact=target.files is not None)
            if value:
                values[target.keys[name]] = value
    content = FIELD_SEPARATOR.join(note.fields)
    return ImportedCard(origin, note.guid, target.kind, values, note.deck, *separate_courses(note.tags), content=content)


def _to_kind(type: PackageNoteType, allow_scripts: bool, taken: set[str]) -> _Target:
    """A new kind that is exactly this note type."""
    word = to_new_id(type.name, taken, f"kind-{len(taken) + 1}")
    keys = _to_keys(type)
    fields: dict[str, Value] = {keys[name]: {"name": normalize("NFC", name), **_keep_id(id)} for name, id in type.fields}
    files: dict[str, str] = {}
    cards: dict[str, Value] = {}
    had_scripts = False
    for at, (name, front, back, id) in enumerate(type.templates, 1):
        card: dict[str, Value] = {"name": normalize("NFC", name)}
        for side, html in (("front", front), ("back", back)):
            html = normalize("NFC", drop_invisible(html))
            if not is_safe_template(html):
                had_scripts, html = True, html if allow_scripts else make_template_safe(html)
            file = f"{side}.html" if len(type.templates) == 1 else f"{side}-{at}.html"
            card[side], files[file] = file, html
        cards[f"card-{at}"] = card | _keep_id(id)
    about: dict[str, Value] = {
        "anki": {"name": type.name, **_keep_id(type.id if type.id > FIRST_TIME_ID else 0)},
        "fields": fields,
        "cards": cards,
    }
    if type.cloze:
        about["cloze"] = _find_cloze(type, keys, type.templates[0][1])
    if type.original_stock_kind == IMAGE_OCCLUSION:
        about["stock"] = str(IMAGE_OCCLUSION)
    comment = "# An imported note type, exactly as its learners have it: fields, cards and style.\n"
    files["kind.yaml"] = comment + render_block(about) + "\n"
    css = drop_invisible(type.css)
    had_scripts |= any(find_unsafe_css(css))
    files["style.css"] = css if allow_scripts else clean_css(css)
    return _Target(word, keys, files, had_scripts)


def _keep_id(id: int) -> dict[str, Value]:
    """The key that keeps an id of Anki's; nothing where there is none."""
    return {"id": str(id)} if id else {}


def _to_keys(type: PackageNoteType) -> dict[str, str]:
    """A key for each field of a note type, by its name."""
    keys: dict[str, str] = {}
    for name, _ in type.fields:
        key = re.sub(r"[^\w.-]+", "_", normalize("NFC", name).casefold()).strip("_-.") or "field"
        key = f"{key}_field" if key in RESERVED_KEYS | {"reference"} else key
        keys[name] = key if key not in keys.values() else f"{key}_{len(keys) + 1}"
    return keys


def _find_cloze(type: PackageNoteType, keys: Mapping[str, str], front: str) -> str:
    """The key of the field with the gaps: the first that the front shows as a cloze, else the first of all."""
    shown = (name for name in find_shown(front) if name in keys and f"cloze:{name}" in front)
    return keys[next(shown, type.fields[0][0])]
