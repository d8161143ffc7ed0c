"""Term cards as a termbase: TBX version 3 (ISO 30042:2019), in the dialect TBX-Basic.

TBX-Basic, because it is the smallest public dialect that knows both which term is preferred and what its source is: TBX-Core has
no data categories at all, TBX-Min no sources. Its style is DCA (data categories as attributes): one namespace, so that one schema
judges all of it, and what translation tools read.
"""

from itertools import groupby
from urllib.parse import quote
from xml.etree import ElementTree as ET

from flashdeck.diagnostics.render import count
from flashdeck.exporting.cards import Exported, ExportOptions, find_missing, select_cards, to_words
from flashdeck.exporting.terms import Term, find_untranslated, to_terms
from flashdeck.model.courses import Course
from flashdeck.model.decks import Deck
from flashdeck.model.references import Reference, cite
from flashdeck.pipeline import Project
from flashdeck.sources.values import first_text

NAMESPACE = "urn:iso:std:iso:30042:ed-2"
SAID = frozenset("kind avoid prefer also_accepted level why extra reference".split())  # the keys that a termbase has a place for
IN_ADDRESSES = "!$%&'()*+,/:;=?@~#"  # what an address may have besides letters, digits and `-._`


def export_tbx(project: Project, target: Deck | Course, options: ExportOptions) -> Exported:
    """A termbase with an entry for each term card, and a section in it for each language."""
    cards = select_cards(project.facts, target, options)
    terms = list(to_terms(cards, options.languages, project.frame.references))
    if not terms:
        return Exported()
    deck = project.frame.decks[target.deck] if isinstance(target, Course) else target
    root = ET.Element("tbx", {"type": "TBX-Basic", "style": "dca", "xml:lang": terms[0].language, "xmlns": NAMESPACE})
    about = ET.SubElement(ET.SubElement(root, "tbxHeader"), "fileDesc")
    title = target.title.get(terms[0].language, "") if isinstance(target.title, dict) else target.title
    head = ET.SubElement(about, "titleStmt")
    _add(head, "title", to_words(first_text(title) or target.id))
    if deck.licence:  # published schemas differ in where `publicationStmt` stands, so the licence has no place of its own
        _add(head, "note", f"Licence: {to_words(deck.licence)}")
    _add(ET.SubElement(about, "sourceDesc"), "p", f"The term cards of {target.id}, by flashdeck")
    body = ET.SubElement(ET.SubElement(root, "text"), "body")
    entries = [list(group) for _, group in groupby(terms, lambda term: term.card.full_id)]
    for entry in entries:
        card = entry[0].card  # ids never have two signs beside one another that are no letters, so this one is unique
        concept = ET.SubElement(body, "conceptEntry", {"id": f"c-{card.deck.id}__{card.id}"})
        for term in entry:
            _add_language(concept, term)
    ET.indent(root)
    path = f"{options.name(target)}.tbx"
    data = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    number = sum(len(term.preferred + term.admitted + term.discouraged) for term in terms)
    left_out = [*find_untranslated(path, cards, options.languages)]
    left_out += find_missing(
        path, [entry[0].card for entry in entries], lambda card: [key for key in card.values if key not in SAID]
    )
    return Exported({path: data}, {path: f"{count(len(entries), 'concept')}, {count(number, 'term')}"}, left_out)


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, name, attributes)
    element.text = text
    return element


def _add_language(concept: ET.Element, term: Term) -> None:
    section = ET.SubElement(concept, "langSec", {"xml:lang": term.language})
    for reference in term.references:
        _add(section, "admin", to_words(cite(reference, term.card.kind.label("undated", term.language))), type="source")
        if reference.url:
            _add(section, "xref", reference.title or reference.url, type="externalCrossReference", target=_to_uri(reference))
    if term.remark:
        _add(section, "note", term.remark)
    discouraged = "deprecated" if term.is_forbidden else "superseded"
    for status, texts in (("preferred", term.preferred), ("admitted", term.admitted), (discouraged, term.discouraged)):
        for text in texts:
            one = ET.SubElement(section, "termSec")
            _add(one, "term", text)
            _add(one, "termNote", f"{status}Term-admn-sts", type="administrativeStatus")
            if status == discouraged and term.why:
                _add(one, "note", term.why)


def _to_uri(reference: Reference) -> str:
    return quote(reference.url, safe=IN_ADDRESSES)
