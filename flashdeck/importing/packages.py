"""The notes of a package -> cards, and its note types -> kinds that give learners exactly what they have."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unicodedata import normalize

from flashdeck.anki.css import clean_css, find_unsafe_css
from flashdeck.anki.html import RAW, find_unsafe, find_unsafe_alone, link_remote_media
from flashdeck.anki.identity import FIELD_SEPARATOR, RETIRED_TAG
from flashdeck.anki.package_reader import Archive, PackageNote, PackageNoteType, read_archive
from flashdeck.anki.safe_kinds import is_safe_setting, is_safe_template, make_template_safe
from flashdeck.authoring.draft import to_new_id
from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.render import count
from flashdeck.importing.cards import ImportedCard, ImportOptions, Learners, ParsedImport, separate_courses
from flashdeck.importing.columns import find_best_kind
from flashdeck.importing.html_to_markdown import drop_invisible, from_html, from_plain
from flashdeck.model.kind_reader import RESERVED_KEYS, read_kinds
from flashdeck.model.kinds import ImportedNoteType, Kind, Settings
from flashdeck.model.template_language import find_cloze_fields
from flashdeck.sources.editing import render_block
from flashdeck.sources.values import LATEST, short
from flashdeck.sources.yaml_file import Value

LONGEST_TITLE = 10_000  # characters of a field; its first words are among them
IMAGE_OCCLUSION = 6  # Anki's number for its stock note type


@dataclass(frozen=True)
class _Target:
    """What the notes of a note type become: a kind that is there already, or a new one with these files."""

    kind: str
    keys: Mapping[str, str]  # key of the card by name of the field
    exact: bool  # whether learners are to have exactly what they have
    files: Mapping[str, str] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()  # where in it something runs or loads something


def import_package(path: Path, options: ImportOptions, known: Mapping[str, Kind]) -> ParsedImport:
    """The cards of a package or a CrowdAnki folder, with their media. Raises FlashdeckError."""
    archive = read_archive(path)
    targets = _find_targets(archive, options, known)
    _check_scripts(archive, options, targets)
    left_out = [*archive.messages, *_find_not_carried(archive)]
    cards = []
    for note in archive.notes:
        origin = _name(note, archive)
        if RETIRED_TAG in note.tags or not note.cards:
            left_out.append(f"{origin}: it has no cards" if not note.cards else f"{origin}: it was retired")
            continue
        target, type = targets[note.type], archive.types[note.type]
        for (name, _), text in zip(type.fields, note.fields, strict=True):
            left_out += [f"{origin}, '{short(name)}': {one.named}, which is not allowed" for one in find_unsafe(RAW + text)]
        linked = [link_remote_media(text) for text in note.fields]
        left_out += [f"{origin}: '{short(name)}' is on the web, and a link now" for _, names in linked for name in names]
        cards.append(_to_card(origin, replace(note, fields=tuple(text for text, _ in linked)), type, target))
    names = ", ".join(type.name for type in archive.types.values())
    messages = [f"{count(len(archive.notes), 'note')} of {count(len(archive.types), 'note type')}: {names}"]
    messages += _find_other_looks(archive, targets, known)
    if archive.is_crowdanki:
        messages.append(
            "who came by CrowdAnki has note types with ids of their own: for their first package, and only then, they tick "
            "'Merge note types' (in Anki 23.10 and later), and corrections arrive; update texts arrive without that, too"
        )
    return ParsedImport(
        cards,
        messages,
        left_out,
        (options.language,),
        {target.kind: target.files for target in targets.values() if target.files},
        archive.media,
        options.allow_scripts and any(target.scripts for target in targets.values()),
        _find_learners(path, archive, options, targets),
        {name: _to_description(text) for name, text in archive.descriptions.items() if "::" not in name},
    )


def _to_description(html: str) -> str:
    """What stands beside a deck, as an author would have written it: links in place of pictures on the web, or only its words."""
    text = from_html(link_remote_media(normalize("NFC", html))[0])
    return from_plain(" ".join(re.sub(r"<[^<>]*>", " ", html).split())) if find_unsafe_alone(text) else text


def _name(note: PackageNote, archive: Archive) -> str:
    """A note, so that its learner finds it in Anki: its first words, and what to search for."""
    words = short(" ".join(re.sub(r"<[^<>]*>", " ", note.fields[0][:LONGEST_TITLE]).split()))
    return f"'{words}' (guid {note.guid})" if archive.is_crowdanki else f"'{words}' (nid:{note.id})"


def _check_scripts(archive: Archive, options: ImportOptions, targets: Mapping[int, _Target]) -> None:
    """Raises FlashdeckError where a note type runs or loads something, and its user has not said what is to become of it."""
    if options.allow_scripts or options.drop_scripts:
        return
    found = {archive.types[id].name: target.scripts for id, target in targets.items() if target.scripts}
    if found:
        where = "; ".join(f"'{short(name)}' ({', '.join(places)})" for name, places in found.items())
        raise FlashdeckError(
            f"it may run or load something in learners' Anki: {where}. Keep that with --allow-scripts, if you know what it does; "
            "or leave it out with --drop-scripts: new learners then have cards without it, and those who have the deck keep it "
            "until the note type changes"
        )


def _find_not_carried(archive: Archive) -> Iterator[str]:
    """What learners of a package have that a deck of flashdeck's cannot have."""
    if below := [name for name in archive.descriptions if "::" in name]:
        yield f"the descriptions of sub-decks, as of '{short(below[0])}': learners keep them, new ones get none"
    if archive.has_presets:
        yield "the options of its decks (new cards a day and the like): learners keep theirs, new ones get Anki's own"
    if spread := [note for note in archive.notes if note.has_other_decks]:
        number = count(len(spread), "note")
        yield f"the decks of the other cards of {number} in several, as {_name(spread[0], archive)}: new learners get them in one"


def _find_other_looks(archive: Archive, targets: Mapping[int, _Target], known: Mapping[str, Kind]) -> Iterator[str]:
    """The note types that are here already, and look otherwise in the package."""
    for id, target in targets.items():
        type, kind = archive.types[id], known.get(target.kind)
        if target.exact and not target.files and kind:
            sides = [(drop_invisible(front), drop_invisible(back)) for _, front, back, _ in type.templates]
            if sides != [(one.front, one.back) for one in kind.templates] or drop_invisible(type.css) != kind.css:
                yield f"the note type '{short(type.name)}' looks otherwise than the kind '{kind.word}' here, which stays as it is"


def _find_learners(path: Path, archive: Archive, options: ImportOptions, targets: Mapping[int, _Target]) -> Learners | None:
    """When the notes and note types of a package last changed; of those that stay what they are.

    A time of the future, as of a clock that was wrong, counts as now: what is released next has to be later.
    """
    latest = options.now - 1 if options.now else LATEST

    def clamp(time: int) -> int:
        return min(max(time, 1), latest)

    exact = {id: target for id, target in targets.items() if target.exact}
    found = [note for note in archive.notes if note.type in exact]
    if not found:
        return None
    notes = {note.guid: clamp(note.changed) for note in found}
    types = {target.kind: clamp(archive.types[id].changed) for id, target in exact.items()}
    release = latest if archive.is_crowdanki and options.now else max([*notes.values(), *types.values()], default=1)
    title = " ".join((path.resolve().name if path.is_dir() else path.stem).split())
    return Learners(notes, types, frozenset(archive.media), release, f"taken over from {title}")


def _find_targets(archive: Archive, options: ImportOptions, known: Mapping[str, Kind]) -> dict[int, _Target]:
    """What each note type becomes, by its id: the kind that the user maps its fields to, else the one that it is here already,
    else one of its own.
    """
    targets: dict[int, _Target] = {}
    for id, type in archive.types.items():
        if options.columns and set(options.columns.values()) <= {name for name, _ in type.fields}:
            kind = options.kind or find_best_kind(set(options.columns), known)
            targets[id] = _Target(kind, {name: key for key, name in options.columns.items()}, exact=False)
            continue
        same = next((kind for kind in known.values() if _is_same_type(type, kind, archive.is_crowdanki)), None)
        if same:
            targets[id] = _Target(same.word, {one.name: one.key for one in same.fields.values()}, exact=True)
            continue
        taken = {target.kind for target in targets.values()} | {kind.word for kind in known.values()} | set(read_kinds())
        targets[id] = _to_kind(type, archive.is_crowdanki, options.allow_scripts, taken)
    return targets


def _is_same_type(type: PackageNoteType, kind: Kind, is_crowdanki: bool) -> bool:
    """Whether a kind is a note type, whatever it is called: by its id, and by its fields and templates."""
    imported = kind.imported_note_type
    if not imported or _identify(_to_imported(type, is_crowdanki)) != _identify(imported):
        return False
    fields, templates = [field.name for field in kind.fields.values()], [template.name for template in kind.templates]
    return (
        fields == [_to_field_name(name) for name, _ in type.fields]
        and templates == [_to_template_name(name) for name, *_ in type.templates]
        and bool(kind.cloze) == type.cloze
    )


def _identify(type: ImportedNoteType) -> tuple[object, ...]:
    """What tells a note type from others: Anki's id, else CrowdAnki's, else its name."""
    uuid = dict(type.settings).get("crowdanki_uuid")
    return ("id", type.id) if type.id else ("uuid", uuid) if uuid else ("name", type.name)


def _to_imported(type: PackageNoteType, is_crowdanki: bool) -> ImportedNoteType:
    return ImportedNoteType(0 if is_crowdanki else type.id, drop_invisible(type.name), type.settings)


def _to_card(origin: str, note: PackageNote, type: PackageNoteType, target: _Target) -> ImportedCard:
    values: dict[str, Value] = {}
    for (name, _), text in zip(type.fields, note.fields, strict=True):
        key = target.keys.get(_to_field_name(name)) or target.keys.get(name)
        if key and text and (value := from_html(normalize("NFC", text), type.css if target.exact else "")):
            values[key] = value
    content = FIELD_SEPARATOR.join(note.fields)
    return ImportedCard(origin, note.guid, target.kind, values, note.deck, *separate_courses(note.tags), content=content)


def _to_kind(type: PackageNoteType, is_crowdanki: bool, allow_scripts: bool, taken: set[str]) -> _Target:
    """A new kind that is exactly this note type."""
    word = to_new_id(type.name, taken, f"kind-{len(taken) + 1}")
    keys = _to_keys(type)
    fields: dict[str, Value] = {
        keys[name]: {"name": _to_field_name(name), **_keep_id(id), **_keep_inner(settings, allow_scripts)}
        for (name, id), settings in zip(type.fields, type.field_settings, strict=True)
    }
    files: dict[str, str] = {}
    cards: dict[str, Value] = {}
    scripts = [f"its {name}" for name, value in type.settings if not is_safe_setting(name, value)]
    for (name, _), settings in zip(type.fields, type.field_settings, strict=True):
        scripts += [f"the {one} of '{short(name)}'" for one, value in settings if not is_safe_setting(one, value)]
    for at, ((name, front, back, id), settings) in enumerate(zip(type.templates, type.template_settings, strict=True), 1):
        card: dict[str, Value] = {"name": _to_template_name(name)}
        for side, html in (("front", front), ("back", back)):
            html = normalize("NFC", drop_invisible(html))
            if not is_safe_template(html):
                scripts.append(f"the {side} of '{short(name)}'")
                html = html if allow_scripts else make_template_safe(html)
            file = f"{side}.html" if len(type.templates) == 1 else f"{side}-{at}.html"
            card[side], files[file] = file, html
        scripts += [f"the {one} of '{short(name)}'" for one, value in settings if not is_safe_setting(one, value)]
        cards[f"card-{at}"] = card | _keep_id(id) | _keep_inner(settings, allow_scripts)
    imported = _to_imported(type, is_crowdanki)
    about: dict[str, Value] = {
        "anki": {"name": imported.name, **_keep_id(imported.id), **_keep(imported.settings, allow_scripts)},
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
    if any(find_unsafe_css(css)):
        scripts.append("its style")
    files["style.css"] = css if allow_scripts else clean_css(css)
    return _Target(word, {_to_field_name(name): key for name, key in keys.items()}, True, files, tuple(scripts))


def _to_field_name(name: str) -> str:
    """The name of a field as Anki has it once it took it in."""
    return normalize("NFC", re.sub(r'[:{}"]', "", drop_invisible(name))).strip().lstrip("#/^ \t")


def _to_template_name(name: str) -> str:
    """The name of a template as Anki has it once it took it in."""
    return normalize("NFC", drop_invisible(name).replace('"', "")).strip()


def _keep_id(id: int) -> dict[str, Value]:
    """The key that keeps an id of Anki's; nothing where there is none."""
    return {"id": str(id)} if id else {}


def _keep(settings: Settings, allow_scripts: bool) -> dict[str, Value]:
    """The keys that keep what is not as usual in a note type, a field or a template."""
    kept = [(key, value) for key, value in settings if allow_scripts or is_safe_setting(key, value)]
    return {key: str(value).lower() if isinstance(value, bool) else drop_invisible(str(value)) for key, value in kept}


def _keep_inner(settings: Settings, allow_scripts: bool) -> dict[str, Value]:
    return {"anki": kept} if (kept := _keep(settings, allow_scripts)) else {}


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
    shown: Sequence[str] = [name for name in find_cloze_fields(front) if name in keys]
    return keys[next(iter(shown), type.fields[0][0])]
