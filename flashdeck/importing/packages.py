"""The notes of a package -> cards, and its note types -> kinds that are what their learners have, to the letter."""

import re
from collections.abc import Mapping
from dataclasses import replace
from unicodedata import normalize

from flashdeck.anki.html import RAW, drop_media, find_unsafe
from flashdeck.anki.package_reader import Archive, ForeignNote, ForeignType
from flashdeck.authoring.draft import to_new_id
from flashdeck.importing.cards import Incoming, Read, Wish, sort_tags
from flashdeck.importing.columns import find_fitting
from flashdeck.importing.html_to_markdown import drop_unseen, from_html
from flashdeck.model.kind_reader import RESERVED_KEYS, read_kinds
from flashdeck.model.kinds import Kind
from flashdeck.model.template_language import find_scripts, find_shown
from flashdeck.sources.editing import render_block
from flashdeck.sources.values import short
from flashdeck.sources.yaml_file import Value

RETIRED_TAG = "flashdeck::retired"


def read_notes(archive: Archive, wish: Wish, known: Mapping[str, Kind]) -> Read:
    left_out = list(archive.said)
    kinds: dict[str, Mapping[str, str]] = {}
    words: dict[int, tuple[str, dict[str, str], str]] = {}  # by type: the kind's word, key by field name, and the cloze field
    scripts = False
    for id, type in archive.types.items():
        if wish.columns and set(wish.columns.values()) <= {name for name, _ in type.fields}:
            kind = wish.kind or find_fitting(set(wish.columns), known)
            words[id] = (kind, {name: key for key, name in wish.columns.items()}, known[kind].cloze)
            continue
        word, keys, files, had_scripts = _to_kind(
            type, wish.allow_scripts, {word for word, _, _ in words.values()} | set(read_kinds())
        )
        scripts |= had_scripts
        if had_scripts and not wish.allow_scripts:
            left_out.append(f"the scripts in the templates of '{type.name}'; to keep them: --allow-scripts")
        kinds[word] = files
        words[id] = (word, keys, "")
    cards, lost = [], 0
    missing: dict[str, None] = {}
    for note in archive.notes:
        type = archive.types[note.type]
        where = f"'{short(re.sub(r'<[^>]*>', ' ', note.fields[0]))}'"
        if RETIRED_TAG in note.tags or not note.cards:
            left_out.append(f"{where}: it has no cards" if not note.cards else f"{where}: it was retired")
            continue
        word, keys, _ = words[note.type]
        found = [drop_media(text, archive.media) for text in note.fields]
        missing |= dict.fromkeys(name for _, names in found for name in names)
        note = replace(note, fields=tuple(text for text, _ in found))
        lost += any(find_unsafe(RAW + text) for text in note.fields)
        cards.append(_to_own_card(where, note, type, word, keys, exact=word in kinds))
    left_out += [f"the picture or sound '{short(name)}', which is not in the package" for name in missing]
    if lost:
        left_out.append(f"what can run in the texts of {lost} notes")
    names = ", ".join(type.name for type in archive.types.values())
    said = [f"{len(archive.notes)} notes of {len(archive.types)} note types: {names}"]
    return Read(cards, said, left_out, (wish.language,), kinds, archive.media, scripts and wish.allow_scripts)


def _to_own_card(where: str, note: ForeignNote, type: ForeignType, word: str, keys: Mapping[str, str], exact: bool) -> Incoming:
    values = {}
    for (name, _), text in zip(type.fields, note.fields, strict=True):
        if name in keys and text:
            value = from_html(normalize("NFC", text), exact)
            if value:
                values[keys[name]] = value
    return Incoming(where, note.guid, word, values, note.deck, *sort_tags(note.tags), row="\x1f".join(note.fields))


def _to_kind(type: ForeignType, allow_scripts: bool, taken: set[str]) -> tuple[str, dict[str, str], dict[str, str], bool]:
    """A kind that is this note type to the letter: its word, the key of each field, its files, and whether it had scripts."""
    word = to_new_id(type.name, taken, f"kind-{len(taken) + 1}")
    keys: dict[str, str] = {}
    for name, _ in type.fields:
        key = re.sub(r"[^\w.-]+", "_", normalize("NFC", name).casefold()).strip("_-.") or "field"
        key = f"{key}_field" if key in RESERVED_KEYS | {"reference"} else key
        keys[name] = key if key not in keys.values() else f"{key}_{len(keys) + 1}"
    fields = {keys[name]: {"name": normalize("NFC", name)} | ({"id": str(id)} if id else {}) for name, id in type.fields}
    files: dict[str, str] = {}
    cards: dict[str, dict[str, str]] = {}
    had_scripts = False
    for at, (name, *sides, id) in enumerate(type.templates, 1):
        card = {"name": normalize("NFC", name)}
        for side, html in zip(("front", "back"), sides, strict=True):
            html = normalize("NFC", drop_unseen(str(html)))
            had_scripts |= any(find_scripts(html))
            if not allow_scripts:
                html = _without_scripts(html)
            file = f"{side}.html" if len(type.templates) == 1 else f"{side}-{at}.html"
            card[side], files[file] = file, html
        cards[f"card-{at}"] = card | ({"id": str(id)} if id else {})
    about: dict[str, Value] = {
        "anki": {"name": type.name} | ({"id": str(type.id)} if type.id > 1000 else {}),
        "fields": fields,
        "cards": cards,
    }
    if type.cloze:
        shown = find_shown(files[cards["card-1"]["front"]])
        about["cloze"] = next(
            (keys[name] for name in shown if name in keys and f"cloze:{name}" in files[cards["card-1"]["front"]]),
            keys[type.fields[0][0]],
        )
    if type.stock == 6:
        about["stock"] = "6"
    comment = "# A note type from elsewhere, kept as its learners have it: fields, cards and style.\n"
    files["kind.yaml"] = comment + render_block(about) + "\n"
    files["style.css"] = drop_unseen(type.css)
    return word, keys, files, had_scripts


def _without_scripts(html: str) -> str:
    """A template without what can run in it."""
    html = re.sub(r"<\s*(script|iframe|object|form)\b.*?(</\s*\1\s*>|$)", "", html, flags=re.S | re.I)
    html = re.sub(r"<\s*/?\s*(?:script|iframe|object|embed|base|meta|link|form)\b[^>]*>?", "", html, flags=re.I)
    html = re.sub(r"""(?<![\w-])on[a-z]{3,}\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)""", "", html, flags=re.I)
    return re.sub(r"(?i)(java|vb)script\s*:|data:text/html", "", html)
