"""What the cards of a file are in each language: which cards Anki makes of them, what they ask, and their notes."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from unicodedata import normalize
from zlib import crc32

from flashdeck.anki.html import to_html
from flashdeck.anki.identity import in_language, stable_id
from flashdeck.anki.media import Media, Place
from flashdeck.anki.note import Content, to_content, to_deck_name, to_digest, to_guid_of, to_source_digest
from flashdeck.anki.shown import compare_as, to_plain, to_plain_cloze, to_shown
from flashdeck.build.unit import RETIRED, Fronts, LanguageFacts, NoteColumns, Unit, to_tables
from flashdeck.model.cards import Card
from flashdeck.model.cloze import show_asked, show_gap
from flashdeck.model.fields import HIGHEST_GAP
from flashdeck.model.references import Reference

Columns = tuple[list[str], ...]
TYPED_GAP = re.compile(r"{{c([\d,]{1,20})::((?:(?!{{c\d).)*?)}}", re.S)  # of gaps in gaps, the inner ones


def add_languages(
    unit: Unit,
    cards: Mapping[int, Card],
    references: Mapping[str, Reference],
    media: Mapping[Place, Media],
    languages: Collection[str],
    replacements: Sequence[Mapping[str, Content]] = (),
) -> Unit:
    """The unit with what its cards are in each language, and their notes in some."""
    versions = _to_versions(cards)
    codes = dict.fromkeys(one for card in cards.values() for one in (*card.languages, *card.left_out))
    wanted = [code for code in codes if code in languages]
    with_guid = {row for row, card in cards.items() if "guid" in card.values or "was" in card.values}
    languages = {code: _to_language_facts(cards, versions.get(code, ()), code, with_guid) for code in codes}
    notes = {code: _to_notes(versions.get(code, ()), code, references, media, replacements) for code in wanted}
    return replace(
        unit,
        media={one.name: str(one.path) for one in media.values()},
        kind_languages=tuple(sorted({(one.card.kind.name, code) for code, some in versions.items() for one in some})),
        fronts=to_tables(Fronts, _to_fronts(versions)),
        languages=to_tables(LanguageFacts, languages),
        notes=to_tables(NoteColumns, notes),
    )


class _Version(NamedTuple):
    """A card in a language in which it is complete."""

    row: int
    card: Card
    templates: tuple[int, ...]  # those that make a card of it


def _to_versions(cards: Mapping[int, Card]) -> dict[str, list[_Version]]:
    """The cards that are complete in each language."""
    found: dict[str, list[_Version]] = {}
    for row, card in cards.items():
        by_texts = card.kind.cloze or card.kind.imported_note_type
        conditions = card.kind.conditions
        if by_texts or (conditions and any(type(card.values.get(key)) is dict for key in conditions)):
            for language in card.languages:
                found.setdefault(language, []).append(_Version(row, card, tuple(card.templates(language))))
        elif card.languages:
            version = _Version(row, card, tuple(card.templates(card.languages[0])))
            for language in card.languages:
                found.setdefault(language, []).append(version)
    return found


# Each of these gives the columns of a table as lists.


def _to_language_facts(
    cards: Mapping[int, Card], versions: Sequence[_Version], language: str, with_guid: Collection[int]
) -> Columns:
    """`with_guid` are the rows of cards whose notes have a guid that does not follow from their ids."""
    texts = {templates: ",".join(map(str, templates)) for templates in {one.templates for one in versions}}
    return (
        [str(one.row) for one in versions],
        [RETIRED if "retired" in one.card.values else texts[one.templates] for one in versions],
        [to_guid_of(one.card, language) if one.row in with_guid else "" for one in versions],
        [_digest_gaps(one.card, language) if one.card.kind.cloze and len(one.templates) > 1 else "" for one in versions],
        [str(row) for row, card in cards.items() if language in card.left_out],
    )


def _digest_gaps(card: Card, language: str) -> str:
    """The number of each gap with a digest of what its author asks there, without the hint.

    A digest is only compared with the others of its note, and may be a short one.
    """
    found: dict[str, str] = {}
    if card.kind.shapes:
        shapes = card.values[card.kind.shapes]
        found = {key[1:]: normalize("NFC", repr(shape)) for key, shape in shapes.items()} if isinstance(shapes, dict) else {}
    else:
        for numbers, text in TYPED_GAP.findall(normalize("NFC", card.text(card.kind.cloze, language))):
            for number in numbers.split(",") if "," in numbers else (numbers,):
                found[number] = found.get(number, "") + text.partition("::")[0]
    return ",".join([f"{number}={crc32(text.encode()):08x}" for number, text in sorted(found.items()) if number])


def _to_fronts(versions: Mapping[str, Sequence[_Version]]) -> dict[str, Columns]:
    found: dict[str, tuple[list[str], list[str]]] = {}
    for language, some in versions.items():
        # by kind and templates: for each of them the keys that its front shows, and the columns to which that goes
        groups: dict[tuple[str, tuple[int, ...]], list[tuple[tuple[str, ...], list[str], list[str]]]] = {}
        for row, card, templates in some:
            kind, values = card.kind, card.values
            if "retired" in values:
                continue
            group = groups.get((kind.name, templates))
            if group is None:
                group = groups[kind.name, templates] = [
                    (kind.templates[at].front_keys, *found.setdefault(f"{in_language(kind.name, language)}#{at}", ([], [])))
                    for at in ((0,) if kind.cloze else templates)
                ]
            for keys, rows, texts in group:
                if kind.cloze and not kind.shapes:
                    fronts = _to_cloze_fronts(card, language, keys, templates)
                    rows += [str(row)] * len(fronts)
                    texts += fronts
                    continue
                asked: list[str] = []
                for key in keys:
                    value = values.get(key)
                    text = value.get(language) if type(value) is dict else value
                    if type(text) is str:
                        asked.append(to_plain(text))
                    else:
                        asked += [to_plain(text) for _, text in card.texts(key, language)]
                if asked and all(asked):  # else something is missing, and has been reported
                    rows.append(str(row))
                    texts.append("\n".join(asked))
    return {name: columns for name, columns in found.items() if columns[0]}


def _to_cloze_fronts(card: Card, language: str, keys: Sequence[str], gaps: Sequence[int]) -> list[str]:
    """What each gap of a card asks, each once: a gap may have several numbers."""
    key = card.kind.cloze
    text = card.text(key, language)
    numbers = [gap + 1 for gap in gaps if gap < HIGHEST_GAP]
    others = [to_plain(text) for other in keys if other != key for _, text in card.texts(other, language)]
    plain = to_plain_cloze(text)
    fronts = show_asked(plain, numbers) if plain is not None else None
    if fronts is None:  # it depends on its tags where the gaps are
        fronts = [compare_as(to_shown(show_gap(to_html(text), number, back=False))) for number in numbers]
    return ["\n".join([front, *others]) for front in dict.fromkeys(fronts) if front]


def _to_notes(
    versions: Sequence[_Version],
    language: str,
    references: Mapping[str, Reference],
    media: Mapping[Place, Media],
    replacements: Sequence[Mapping[str, Content]],
) -> Columns:
    ids, texts, digests, sources, decks, files = [], [], [], [], [], []
    for row, card, templates in versions:
        replacement = replacements[row].get(language) if replacements else None
        content = to_content(card, language, references, media, replacement)
        part = card.text("deck", language) if "deck" in card.values else ""
        ids.append(str(stable_id(to_guid_of(card, language))))
        texts.append(content.text)
        digests.append(to_digest(content, () if "retired" in card.values else templates))
        sources.append(to_source_digest(card, language, references, content, replacement))
        decks.append(to_deck_name(card.deck.name, part, language))
        files.append("/".join([file.name for file in content.media]))
    return ids, texts, digests, sources, decks, files
