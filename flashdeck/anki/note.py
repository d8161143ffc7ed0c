"""A card in one language -> the note that Anki stores. Pure: the same card gives the same note, anywhere, any day.

All ids come from names that never change (deck id, card id, language; kind, field and template keys), never from a text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from flashdeck.anki.html import find_media, rename_media, to_html, to_media_html
from flashdeck.anki.media import Media, Place, find_static
from flashdeck.model.cards import Card, Reference, fill_gaps, said_in, to_shapes
from flashdeck.model.kinds import Field, Kind, fill, is_right_to_left
from flashdeck.model.references import cite

RETIRED_TAG = "flashdeck::retired"
NO_CARDS = "retired"  # what a ledger says instead of its cards
FIELD_END = "\x1f"  # Anki's own


@dataclass(frozen=True)
class NoteType:
    """What Anki knows of a kind in one language: each field and template is (id, name, ...). The keys never change."""

    id: int
    name: str
    kind: str
    language: str
    field_keys: tuple[str, ...]
    template_keys: tuple[str, ...]
    fields: tuple[tuple[int, str], ...]
    templates: tuple[tuple[int, str, str, str], ...]  # id, name, front, back
    css: str = field(repr=False)
    cloze: bool = False
    right_to_left: bool = False
    media: tuple[Media, ...] = ()
    stock: int = 0


class Note(NamedTuple):
    """One note, as Anki stores it. `guid` never changes: by it Anki knows a note again, and keeps its learner's progress."""

    guid: str
    id: int  # of its row, unless another note has it
    name: str  # in ledgers: `card@language`, or `deck/card@language` where another deck words it otherwise
    line: str  # how a ledger tells of it: as long as that is the same, so is what Anki stores
    card: str  # deck/card
    type: NoteType
    text: str  # its fields, with FIELD_END between them
    tag_text: str  # its tags, with blanks between them
    deck: str
    cards: tuple[int, ...]  # which of the type's templates (or gaps, from 0) make a card
    order: int  # the place among the new cards of its deck
    media: tuple[Media, ...] = ()
    ledgers: tuple[str, ...] = ()  # the ids of the decks that release it: its own, or those that word it otherwise
    retired: bool = False  # withdrawn: learners who have it are told so, others get no card of it

    @property
    def fields(self) -> list[str]:
        return self.text.split(FIELD_END)

    @property
    def tags(self) -> list[str]:
        return self.tag_text.split()

    @property
    def kind(self) -> str:
        return self.type.kind

    @property
    def digest(self) -> str:
        """Of what Anki stores of it, without its deck and place: those never reach a learner who has it."""
        return self.line.rpartition(" ")[2]

    @property
    def is_override(self) -> bool:
        return "/" in self.name

    @property
    def key(self) -> str:
        """What tells it from all other notes, the wording of another deck included."""
        return f"{self.guid}{FIELD_END}override" if "/" in self.name else self.guid


class LeftOut(NamedTuple):
    """A card that a missing translation keeps out of a language."""

    card: str  # deck/card
    kind: str
    tag_text: str

    @property
    def tags(self) -> list[str]:
        return self.tag_text.split()


def stable_id(*names: str | int) -> int:
    """An id for ever for what is named: a number like the milliseconds that Anki uses, of the years 2001 to 2017."""
    digest = sha256(FIELD_END.join(map(str, names)).encode()).digest()
    return 10**12 + int.from_bytes(digest[:8], "big") % (5 * 10**11)


def to_note_type(kind: Kind, language: str, media: Mapping[Place, Media]) -> NoteType:
    """The note type of a kind in one language; `media` are the files that its templates may name."""
    static = {name: media[Path(kind.name), name] for name in find_static(kind) if (Path(kind.name), name) in media}

    def rename(text: str) -> str:
        for name, file in static.items():
            text = text.replace(name, file.name)
        return text

    id, type_name = kind.imported_note_type or (0, f"flashdeck {kind.name} ({language})")
    id = id or stable_id("note type", kind.name, language)
    names = {field.key: field.name for field in kind.stored} | {name: name for name in kind.common}
    field_ids = {field.key: field.id for field in kind.fields.values() if field.id}
    templates = []
    for template in kind.templates:
        front, back = (rename(fill(html, kind, language)) for html in (template.front, template.back))
        if template.when:
            name = kind.fields[template.when].name
            front = f"{{{{#{name}}}}}\n{front.strip()}\n{{{{/{name}}}}}\n"
        templates.append((template.id or stable_id(id, "template", template.key), template.name, front, back))
    return NoteType(
        id,
        type_name,
        kind.name,
        language,
        tuple(names),
        tuple(template.key for template in kind.templates),
        tuple((field_ids.get(key) or stable_id(id, "field", key), name) for key, name in names.items()),
        tuple(templates),
        rename(kind.css),
        bool(kind.cloze),
        is_right_to_left(language),
        tuple(static.values()),
        kind.original_stock_kind,
    )


def to_note(
    card: Card,
    language: str,
    type: NoteType,
    references: Mapping[str, Reference],
    media: Mapping[Place, Media],
    courses: Iterable[str] = (),
    replacement: Card | None = None,
) -> Note:
    """The note of a card in a language in which it is whole; `courses` are all that it belongs to.

    A retired card keeps its fields (its front may not become blank) and gets a reason, a tag, and no cards: Anki leaves
    those of old learners as they are, so that one search finds them, and makes none for new ones.
    """
    kind = card.kind
    htmls = [_to_html(card, field, language) for field in kind.stored]
    retired = bool(card.retired)
    if kind.common:
        farewell = _to_farewell(card, language, replacement) if retired else ""
        htmls += _to_extra(card, language), _to_sources(card, language, references), farewell, _to_typed(card, language), ""
    files: tuple[Media, ...] = ()
    text = FIELD_END.join(htmls)
    if find_media(text):
        text, files = _show_files(card, htmls, media)
    text, tag_text = normalize("NFC", text), to_tag_text(card, courses)
    cards = () if retired else tuple(card.templates(language))
    guid = card.guid(language)
    return Note(
        guid,
        stable_id(guid),
        f"{card.id if card.overrides else card.id.partition('/')[2]}@{language}",
        to_line(kind.name, cards, to_digest(text, tag_text, str(type.id), str(cards))),
        card.id,
        type,
        text,
        tag_text,
        to_deck_name(card, language),
        cards,
        card.order,
        files,
        tuple(sorted({override.deck.id for override in card.overrides.values()})) if card.overrides else (card.deck.id,),
        retired,
    )


def to_line(kind: str, cards: tuple[int, ...], digest: str) -> str:
    """What a ledger says of a note, but for its times. Without a digest, how that begins."""
    return f"{kind} {_say_cards(cards)} {digest}"


@cache
def _say_cards(cards: tuple[int, ...]) -> str:
    return ",".join(map(str, cards)) or NO_CARDS


def _show_files(card: Card, htmls: list[str], media: Mapping[Place, Media]) -> tuple[str, tuple[Media, ...]]:
    """The fields of a note with the names that their files have in Anki, and these files."""
    keys = [field.key for field in card.kind.stored] + ["extra", "reference", "retired", card.kind.typed_field, ""]
    files: dict[Media, None] = {}
    fields = []
    for key, html in zip(keys, htmls, strict=False):
        found = {name: _find_file(card, key, name, media) for name in find_media(html)}
        fields.append(rename_media(html, {name: file.name for name, file in found.items()}) if found else html)
        files |= dict.fromkeys(found.values())
    return FIELD_END.join(fields), tuple(files)


def to_tag_text(card: Card, courses: Iterable[str]) -> str:
    """The tags of a card in Anki: its own, one for each of its courses, and one when it was withdrawn."""
    return _join_tags(card.tags, tuple(courses), bool(card.retired))


@cache
def _join_tags(own: tuple[str, ...], courses: tuple[str, ...], retired: bool) -> str:
    tags = {normalize("NFC", tag) for tag in own} | {f"course::{course}" for course in courses}
    if retired:
        tags.add(RETIRED_TAG)
    return " ".join(sorted(tags))


def to_digest(*parts: str) -> str:
    return sha256("\x1e".join(parts).encode()).hexdigest()[:16]


def _find_file(card: Card, key: str, name: str, media: Mapping[Place, Media]) -> Media:
    """The file that a field names. What one field takes from another, as the options do, may name those of that one."""
    folders = dict.fromkeys(card.home(one)[1] for one in (key, *card.values))
    return next(media[folder, name] for folder in folders if (folder, name) in media)


def _to_extra(card: Card, language: str) -> str:
    """What the author added, after those fields of the kind that go there too."""
    extra = to_html(card.text("extra", language)) if "extra" in card.values else ""
    htmls = []
    for one in card.kind.extra_fields:
        if html := _to_html(card, one, language):
            htmls.append(f'<p class="label">{card.kind.label(one.key, language)}</p><div>{html}</div>')
    return "".join(htmls) + (f"<div>{extra}</div>" if htmls and extra else extra)


def _to_typed(card: Card, language: str) -> str:
    """What a learner is to type, where the card asks for it: the first of the right answers, without its HTML."""
    if card.values.get("type_answer") != "true":
        return ""
    html = to_html(fill_gaps(card.text(card.kind.typed_field, language)))
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def _to_masks(card: Card, key: str, language: str) -> str:
    """Places on a picture in the words of Anki's own note type for them, in parts of its width and height."""

    def say(part: float) -> str:
        return f"{part / 100:.4f}".rstrip("0").rstrip(".").removeprefix("0") or "0"

    masks = []
    for shape in to_shapes(card.values[key]):
        if shape.form == "polygon":
            left, top = (min(row[at] for row in shape.numbers) for at in (0, 1))
            points = " ".join(f"{say(x)},{say(y)}" for x, y in shape.numbers)
            form = f"polygon:left={say(left)}:top={say(top)}:points={points}"
        else:
            x, y, width, height = shape.numbers[0]
            if shape.form == "rectangle":
                form = f"rect:left={say(x)}:top={say(y)}:width={say(width)}:height={say(height)}"
            else:
                form = f"ellipse:left={say(x - width)}:top={say(y - height)}:rx={say(width)}:ry={say(height)}"
        hides = ":oi=1" if card.values.get("hide") == "all" else ""
        masks.append(f"{{{{c{shape.gap}::image-occlusion:{form}{hides}}}}}")
    return "<br>".join(masks)


def _to_names(card: Card, language: str) -> str:
    """The names of the places on a picture; the style shows those of the card that was asked."""
    shapes = [shape for key, field in card.kind.fields.items() if field.type == "shapes" for shape in to_shapes(card.values[key])]
    names: dict[int, list[str]] = {}
    for shape in shapes:
        names.setdefault(shape.gap, []).append(to_html(shape.name(language)))
    return "".join(f'<span class="named c{gap}">{", ".join(dict.fromkeys(texts))}</span>' for gap, texts in names.items())


def to_deck_name(card: Card, language: str) -> str:
    """The deck of a card in Anki, with its parents: `Deck::Part`."""
    name = card.deck.name
    part = card.text("deck", language) if "deck" in card.values else ""
    return _join_deck_name(name if type(name) is str else name.get(language, ""), part)


@cache
def _join_deck_name(*parts: str) -> str:
    return normalize("NFC", "::".join(part for part in parts if part))


def _to_html(card: Card, field: Field, language: str) -> str:
    if field.type == "text" and not card.kind.original_stock_kind:  # by far the most
        return to_html(text) if (text := card.text(field.key, language)) else ""
    if field.type == "shapes":
        return _to_masks(card, field.key, language)
    if field.key not in card.values and not card.kind.original_stock_kind:
        return ""
    texts = [text for _, text in card.said(field.key, language)]
    if field.name == "Back Extra" and card.kind.original_stock_kind:
        remark = f'<div class="remark">{to_html(texts[0])}</div>' if texts else ""
        return _to_names(card, language) + remark
    if not texts:
        return ""
    if field.type == "flag":
        return "1" if texts[0] == "true" else ""
    if field.type == "word":
        return f'<span class="{texts[0]}">{card.kind.label(texts[0], language)}</span>'
    if field.type == "media":
        return to_media_html(texts[0], card.text("alt", language))
    if field.type == "date":
        return to_html(say_date(texts[0], language))
    if field.type == "options":
        right = [(f'<li class="right">{to_html(text)}</li>', text) for _, text in card.said("answer", language)]
        options = [(f"<li>{to_html(text)}</li>", text) for text in texts] + right
        # an order that nobody chose, and that stays when another option is corrected
        options.sort(key=lambda option: sha256(f"{card.id}@{language} {option[1]}".encode()).digest())
        return "".join(html for html, _ in options)
    if len(texts) == 1:
        return to_html(texts[0])
    return '<ul class="texts">' + "".join(f"<li>{to_html(text)}</li>" for text in texts) + "</ul>"


def _to_farewell(card: Card, language: str, replacement: Card | None) -> str:
    """Why a card was withdrawn and since when, and what the card asks that replaces it."""
    since = say_date(card.retired["since"], language)
    why = " ".join(text for _, text in said_in(card.retired["why"], language))
    html = f"{to_html(why)} ({to_html(since)})"
    if replacement and (asked := replacement.front(language)):
        html += f" → {to_html(asked)}"
    return html


def _to_sources(card: Card, language: str, references: Mapping[str, Reference]) -> str:
    if not card.values.get("reference"):
        return ""
    undated = card.kind.label("undated", language)
    cited = [f"<li>{_cite(references[id], undated)}</li>" for _, id in card.said("reference", language)]
    return f'<ul class="references">{"".join(cited)}</ul>' if cited else ""


_cite = cache(cite)


@cache
def say_date(text: str, language: str) -> str:
    """A date of ISO 8601 in the words of a language ("6 March 2018", "mars 2018"); any other text as it is."""
    found = re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", text)
    if not found:
        return text
    from datetime import date

    from babel import Locale, UnknownLocaleError
    from babel.dates import format_date, format_skeleton

    try:
        locale = Locale.parse("en-GB" if language == "en" else language, sep="-")  # 6 March, not March 6
    except (UnknownLocaleError, ValueError):
        return text
    day = date(int(found[1]), int(found[2]), int(found[3] or 1))
    return format_date(day, "long", locale) if found[3] else format_skeleton("yMMMM", day, locale=locale)
