"""A card in one language -> the note that Anki stores. Pure: the same card gives the same note, anywhere, any day.

All ids come from names that never change (deck id, card id, language; kind, field and template keys), never from a text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from flashdeck.anki.html import SOUND, find_latex_pictures, find_media, rename_media, to_html, to_media_html
from flashdeck.anki.identity import FIELD_SEPARATOR, RETIRED_TAG, in_language, stable_id, to_course_tag, to_guid
from flashdeck.anki.media import Media, Place, find_static, to_static_name
from flashdeck.anki.safe import MARKUP, make_safe
from flashdeck.model.cards import Card
from flashdeck.model.cloze import fill_gaps
from flashdeck.model.fields import to_shapes
from flashdeck.model.kinds import Field, Kind, Settings, fill, is_right_to_left
from flashdeck.model.references import Reference, cite
from flashdeck.model.texts import texts_in
from flashdeck.sources.yaml_file import Value

# Anki's own note type for pictures with hidden places is original_stock_kind 6; its field for remarks has this name.
TOP = "::"  # begins the name of a deck that is in no other
OCCLUSION_REMARK = "Back Extra"


@dataclass(frozen=True)
class NoteType:
    """What Anki knows of a kind in one language: each field and template is (id, name, ...), with the id 0 where it has none, as
    in note types of older Ankis. The keys never change.
    """

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
    original_stock_kind: int = 0
    is_from_elsewhere: bool = False  # somebody else released it already
    source: str = ""  # a digest of what its author typed; of all that come with flashdeck, BUILT_IN
    settings: Settings = ()
    field_settings: tuple[Settings, ...] = ()  # of each field, where any has some
    template_settings: tuple[Settings, ...] = ()
    deck: str = ""  # the id of the deck that it belongs to
    edition: int = 1  # of its kind


class Note(NamedTuple):
    """One note, as Anki stores it. `guid` never changes: Anki identifies the note by it, and keeps its learner's progress."""

    guid: str
    id: int  # of its row, unless another note has it
    card: str  # the id of its card in its deck
    deck_id: str  # of the deck of its card
    type: NoteType
    text: str  # its fields, with FIELD_SEPARATOR between them
    tag_text: str  # its tags, with spaces between them
    digest: str  # of what its learners see: its fields and cards
    source: str  # a digest of what its author typed, of the sources it cites and the files it shows
    deck: str  # its name in Anki
    cards: tuple[int, ...]  # which of the type's templates (or gaps, from 0) make a card
    order: int  # the place among the new cards of its deck
    media: tuple[Media, ...] = ()
    overriding: tuple[str, ...] = ()  # the ids of the decks whose wording it has; none where it has that of its own deck
    retired: bool = False  # withdrawn: learners who have it are informed, others get no card of it
    gaps: str = ""  # where there are several, the number of each with a digest of what is asked there
    origin: str = ""  # the full id of its card before that was moved from another deck folder, or got another id

    @property
    def fields(self) -> list[str]:
        return self.text.split(FIELD_SEPARATOR)

    @property
    def tags(self) -> list[str]:
        return self.tag_text.split()

    @property
    def kind(self) -> str:
        return self.type.kind

    @property
    def full_id(self) -> str:
        """The id of its card among all decks."""
        return f"{self.deck_id}/{self.card}"

    @property
    def released_by(self) -> tuple[str, ...]:
        """The ids of the decks that release it: its own, or those that override it."""
        return self.overriding or (self.deck_id,)


@dataclass(frozen=True)
class Times:
    """When notes and note types last changed, as Unix times: learners' Anki replaces what it has only by what is later."""

    notes: dict[str, int] = field(default_factory=dict)  # by guid
    overrides: dict[str, int] = field(default_factory=dict)  # by guid, of notes that have another deck's wording
    types: dict[int, int] = field(default_factory=dict)  # by id

    def of(self, note: Note) -> int:
        return (self.overrides if note.overriding else self.notes)[note.guid]


def with_static_media(note: Note) -> Note:
    """The note with names of its files that Anki always brings. Its digests are of the others, so that it stays the same note."""
    text = note.text
    for file in note.media:
        text = text.replace(file.name, to_static_name(file.name))
    return note._replace(text=text, media=tuple(Media(to_static_name(file.name), file.path) for file in note.media))


class LeftOut(NamedTuple):
    """A card that a missing translation keeps out of a language."""

    full_id: str
    deck_id: str
    kind: str
    tag_text: str

    @property
    def tags(self) -> list[str]:
        return self.tag_text.split()


def to_note_type(kind: Kind, language: str, media: Mapping[Place, Media], deck: str, id: int = 0, edition: int = 1) -> NoteType:
    """The note type of an edition of a kind in one language and a deck; `media` are the files that its templates may name.

    `id` is that of the note type which the deck's learners have; 0 where they have none.
    """
    kind = kind.in_edition(edition)
    later = (edition,) if edition > 1 else ()
    static = {name: media[Path(kind.name), name] for name in find_static(kind) if (Path(kind.name), name) in media}

    def rename(text: str) -> str:
        for name, file in static.items():
            text = text.replace(name, file.name)
        return text

    imported = None if later else kind.imported_note_type
    if imported:
        id, type_name = imported.id or shared_type_id(kind.name, language), imported.name
    elif id == shared_type_id(kind.name, language):
        type_name = f"flashdeck {kind.name} ({language})"
    else:
        id = id or stable_id("note type", deck, kind.name, language, *later)
        type_name = " ".join([deck, kind.word, f"({language})", *map(str, later)])
    names = {field.key: field.name for field in kind.stored} | {name: name for name in kind.common}
    field_ids = {field.key: field.id for field in kind.fields.values() if field.id}
    # Anki compares ids where it finds any: those that learners do not have would double their fields and cards
    ids = [field_ids.get(key, 0) if imported else field_ids.get(key) or stable_id(id, "field", key) for key in names]
    template_ids = [one.id if imported else one.id or stable_id(id, "template", one.key) for one in kind.templates]
    filled = [(fill(template.front, kind, language), fill(template.back, kind, language)) for template in kind.templates]
    templates = []
    for template, template_id, (front, back) in zip(kind.templates, template_ids, filled, strict=True):
        if template.when:
            name = kind.fields[template.when].name
            front = f"{{{{#{name}}}}}\n{front.strip()}\n{{{{/{name}}}}}\n"
        templates.append((template_id, template.name, rename(front), rename(back)))
    return NoteType(
        id,
        type_name,
        kind.name,
        language,
        tuple(names),
        tuple(template.key for template in kind.templates),
        tuple(zip(ids, names.values(), strict=True)),
        tuple(templates),
        rename(kind.css),
        bool(kind.cloze),
        not imported and is_right_to_left(language),
        tuple(media.values()),
        kind.original_stock_kind,
        bool(imported),
        kind.source or BUILT_IN,
        imported.settings if imported else (),
        _only_if_any(kind.fields[key].settings if key in kind.fields else () for key in names),
        _only_if_any(one.settings for one in kind.templates),
        deck,
        edition,
    )


def _only_if_any(settings: Iterable[Settings]) -> tuple[Settings, ...]:
    found = tuple(settings)
    return found if any(found) else ()


def in_edition(note: Note, kind: Kind, type: NoteType) -> Note:
    """The note with what an earlier edition of its kind had of it; `type` is the note type of that."""
    kept = [at for at, key in enumerate((*(one.key for one in kind.stored), *kind.common)) if key in type.field_keys]
    fields = note.fields
    text = FIELD_SEPARATOR.join([fields[at] for at in kept])
    cards = note.cards
    if not kind.cloze:
        places = [kind.templates[at].key for at in cards]
        cards = tuple(type.template_keys.index(key) for key in places if key in type.template_keys)
    return note._replace(type=type, text=text, cards=cards, digest=to_digest(Content(text), cards))


@cache
def shared_type_id(kind: str, language: str) -> int:
    """The id of a note type that all decks shared, as those do that were released before each deck had its own."""
    return stable_id("note type", kind, language)


def to_guid_of(card: Card, language: str) -> str:
    """The permanent guid of a card's note in one language: its author's, or one made from its id."""
    return (card.text("guid", language) if "guid" in card.values else "") or to_guid(card.origin, language)


@dataclass(frozen=True)
class Content:
    """The content of a note: its fields, with the names that their files have in Anki, and those files."""

    text: str
    media: tuple[Media, ...] = ()


def to_content(
    card: Card,
    language: str,
    references: Mapping[str, Reference],
    media: Mapping[Place, Media],
    replacement: Content | None = None,
) -> Content:
    """The content of a card's note in a language in which it is complete; `replacement` is what the card that replaces it asks.

    A retired card keeps its fields (its front may not become empty) and gets the reason.
    """
    page = _Page(card, language, media, {})
    kind = card.kind
    htmls = [page.field(field) if field.key in card.values or kind.shapes else "" for field in kind.stored]
    if kind.common:
        values = card.values
        htmls += (
            page.extra() if "extra" in values or kind.extra_fields else "",
            page.sources(references) if "reference" in values else "",
            page.retired(replacement) if "retired" in values else "",
            page.typed_answer() if "type_answer" in values else "",
            "",
        )
    text = normalize("NFC", FIELD_SEPARATOR.join(htmls))
    if found := MARKUP.search(text):
        start = text.rfind(FIELD_SEPARATOR, 0, found.start()) + 1  # in most notes, all fields before the sources are plain
        htmls = text[start:].split(FIELD_SEPARATOR)
        text = text[:start] + FIELD_SEPARATOR.join([_make_safe(html) if MARKUP.search(html) else html for html in htmls])
    return Content(text, tuple(page.shown))


def to_asked(card: Card, language: str, media: Mapping[Place, Media]) -> Content:
    """What a card asks, in one line."""
    page = _Page(card, language, media, {})
    asked = card.asked(language)
    key = str(asked[0][0][0]) if asked else ""
    return Content(page.html(key, card.front(language)), tuple(page.shown))


def to_digest(content: Content, cards: tuple[int, ...]) -> str:
    """A digest of what a note's learners see; ledgers hold it, so how it is made never changes."""
    return digest_texts(content.text, str(cards))[:CONTENT_DIGEST]


def digest_texts(*texts: str) -> str:
    return sha256("\x1e".join(texts).encode()).hexdigest()[:16]


CONTENT_DIGEST = 12  # characters: it is only compared with another of the same note
BUILT_IN = digest_texts("")[:CONTENT_DIGEST]  # of a kind's source, for one that comes with flashdeck

# What an author decides of a card besides what its learners see.
APART = frozenset(("deck", "find", "guid", "not_near", "only_near", "owner", "quote", "sensitive", "tags", "was"))


def to_source_digest(
    card: Card, language: str, references: Mapping[str, Reference], content: Content, replacement: Content | None
) -> str:
    """A digest of all that an author decides of what a note shows: the values typed, what they cite, and the files they name.

    Another rendering of the same does not change it. Ledgers hold it, so how it is made never changes.
    """
    parts = [card.kind.name]
    for key in _order_keys(tuple(card.values)):
        value = card.values[key]
        if type(value) is dict:
            value = value.get(language, value)
        parts += key, value if type(value) is str else repr(value)
    if "reference" in card.values:
        parts += [_digest_reference(references[id]) for _, id in card.texts("reference", language)]
    parts += [file.name for file in content.media]
    if replacement:
        parts.append(replacement.text)
    if card.kind.is_own:
        parts.append(repr(sorted(card.kind.labels.items())))
    return digest_texts(normalize("NFC", "\x1e".join(parts)))[:CONTENT_DIGEST]


@cache
def _order_keys(keys: tuple[str, ...]) -> list[str]:
    """The keys of what a note shows, in an order that is the same however they are typed."""
    return sorted({*keys} - APART)


@cache
def _digest_reference(reference: Reference) -> str:
    return digest_texts(repr(reference))


@cache
def to_tag_text(own: tuple[str, ...], courses: tuple[str, ...], retired: bool) -> str:
    """The tags of a note in Anki: its card's own, one for each of its courses, and one when it was withdrawn."""
    tags = {normalize("NFC", tag) for tag in own} | {to_course_tag(course) for course in courses}
    if retired:
        tags.add(RETIRED_TAG)
    return " ".join(sorted(tags))


class _Page(NamedTuple):
    """A card in one language on its way to HTML. Files get their names in Anki where their text becomes HTML: only there is it
    known in which folder that was typed.
    """

    card: Card
    language: str
    media: Mapping[Place, Media]
    shown: dict[Media, None]

    def html(self, key: str, text: str) -> str:
        """A text of a field as HTML."""
        html = to_html(text)
        return self.with_files(key, html) if "src=" in html or "[sound:" in html or "[/" in html else html

    def with_files(self, key: str, html: str) -> str:
        """HTML of a field with the names that its files have in Anki."""
        folder = self.card.home(key)[1]
        names = find_media(html) + find_latex_pictures(html)
        files = {name: self.media[folder, name] for name in names if (folder, name) in self.media}
        self.shown.update(dict.fromkeys(files.values()))
        return rename_media(html, {name: file.name for name, file in files.items()})

    def field(self, field: Field) -> str:
        card, kind, key = self.card, self.card.kind, field.key
        if field.type == "text" and not kind.shapes:  # by far the most
            return self.html(key, text) if (text := card.text(key, self.language)) else ""
        if field.type == "shapes":
            return _to_masks(card.values[key], card.values.get("hide") == "all")
        texts = [text for _, text in card.texts(key, self.language)]
        if field.name == OCCLUSION_REMARK and kind.shapes:
            remark = f'<div class="remark">{self.html(key, texts[0])}</div>' if texts else ""
            return self.shape_names() + remark
        if not texts:
            return ""
        if field.type == "flag":
            return "1" if texts[0] == "true" else ""
        if field.type == "word":
            return f'<span class="{texts[0]}">{kind.label(texts[0], self.language)}</span>'
        if field.type == "media":
            return self.with_files(key, to_media_html(texts[0], card.text("alt", self.language)))
        if field.type == "date":
            return self.html(key, say_date(texts[0], self.language))
        if field.type == "options":
            return self.options(key, texts)
        if len(texts) == 1:
            return self.html(key, texts[0])
        return '<ul class="texts">' + "".join(f"<li>{self.html(key, text)}</li>" for text in texts) + "</ul>"

    def options(self, key: str, wrong: list[str]) -> str:
        """The options of a choice, in an order that looks random and stays when another option is corrected."""
        right = [text for _, text in self.card.texts("answer", self.language)]
        options = [(f"<li>{self.html(key, text)}</li>", text) for text in wrong]
        options += [(f'<li class="right">{self.html("answer", text)}</li>', text) for text in right]
        name = in_language(self.card.origin, self.language)
        options.sort(key=lambda option: sha256(f"{name} {option[1]}".encode()).digest())
        return "".join(html for html, _ in options)

    def shape_names(self) -> str:
        """The names of the places on a picture; the style shows those of the card that was asked."""
        names: dict[int, list[str]] = {}
        key = self.card.kind.shapes
        for shape in to_shapes(self.card.values[key]) if key else ():
            names.setdefault(shape.gap, []).append(self.html(key, shape.name(self.language)))
        return "".join(f'<span class="named c{gap}">{", ".join(dict.fromkeys(texts))}</span>' for gap, texts in names.items())

    def extra(self) -> str:
        """What the author added, after those fields of the kind that go there too."""
        card = self.card
        extra = self.html("extra", card.text("extra", self.language)) if "extra" in card.values else ""
        htmls = []
        for one in card.kind.extra_fields:
            if one.key in card.values and (html := self.field(one)):
                htmls.append(f'<p class="label">{card.kind.label(one.key, self.language)}</p><div>{html}</div>')
        return "".join(htmls) + (f"<div>{extra}</div>" if htmls and extra else extra)

    def sources(self, references: Mapping[str, Reference]) -> str:
        cited = [f"<li>{self.cite(references[id])}</li>" for _, id in self.card.texts("reference", self.language)]
        return f'<ul class="references">{"".join(cited)}</ul>' if cited else ""

    def cite(self, reference: Reference) -> str:
        """A reference in the learner's language; of one without a date, when it was read, where that is known."""
        undated = self.card.kind.label("undated", self.language)
        if reference.accessed and not reference.year:
            undated += f" ({self.card.kind.label('read', self.language)} {say_date(reference.accessed, self.language)})"
        return _cite(reference, undated)

    def retired(self, replacement: Content | None) -> str:
        """Why a card was withdrawn and since when, and what the card asks that replaces it."""
        retired = self.card.retired
        why = " ".join(text for _, text in texts_in(retired["why"], self.language))
        html = f"{self.html('retired', why)} ({to_html(say_date(str(retired['since']), self.language))})"
        if replacement and replacement.text:
            html += f" → {replacement.text}"
            self.shown.update(dict.fromkeys(replacement.media))
        return html

    def typed_answer(self) -> str:
        """What a learner is to type, where the card asks for it: the first of the right answers, without its HTML and sounds."""
        if not self.card.is_set("type_answer"):
            return ""
        html = to_html(fill_gaps(self.card.text(self.card.kind.typed_field, self.language)))
        text = " ".join(re.sub(r"<[^>]*>", "", html).split())
        while SOUND.search(text):  # last, and again: what is taken away may have stood in the middle of one
            text = SOUND.sub("", text)
        return " ".join(text.split())


def _to_masks(shapes: Value, hide_all: bool) -> str:
    """Places on a picture in the words of Anki's own note type for them, in parts of its width and height."""

    def part(percent: float) -> str:
        return f"{percent / 100:.4f}".rstrip("0").rstrip(".").removeprefix("0") or "0"

    masks = []
    for shape in to_shapes(shapes):
        if shape.form == "polygon":
            left, top = (min(row[at] for row in shape.numbers) for at in (0, 1))
            points = " ".join(f"{part(x)},{part(y)}" for x, y in shape.numbers)
            form = f"polygon:left={part(left)}:top={part(top)}:points={points}"
        else:
            x, y, width, height = shape.numbers[0]
            if shape.form == "rectangle":
                form = f"rect:left={part(x)}:top={part(y)}:width={part(width)}:height={part(height)}"
            else:
                form = f"ellipse:left={part(x - width)}:top={part(y - height)}:rx={part(width)}:ry={part(height)}"
        hides = ":oi=1" if hide_all else ""
        masks.append(f"{{{{c{shape.gap}::image-occlusion:{form}{hides}}}}}")
    return "<br>".join(masks)


def to_deck_name(name: Value, part: str, language: str) -> str:
    """The deck of a card in Anki, with its parents: `Deck::Part`, of a deck's `name` and the card's part of it; or `Part` alone,
    where that begins with `::`.
    """
    if part.startswith(TOP):
        return _join_deck_name(part[len(TOP) :])
    return _join_deck_name(name if isinstance(name, str) else str(name.get(language, "")) if isinstance(name, dict) else "", part)


@cache
def _join_deck_name(*parts: str) -> str:
    return normalize("NFC", "::".join(part for part in parts if part))


_cite = cache(cite)
_make_safe = lru_cache(maxsize=1000)(make_safe)  # thousands of cards cite the same


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
