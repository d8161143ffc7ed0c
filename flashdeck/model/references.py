"""Reads references as Zotero and pandoc write them (CSL-YAML), and cites them as people do."""

import re
from dataclasses import dataclass, field
from html import escape

from flashdeck.diagnostics.problem import Problem
from flashdeck.sources.values import as_text, read_date, read_id, read_texts, report_shape, report_unknown_keys, short
from flashdeck.sources.yaml_file import Node, Value

# The variables of CSL 1.0.2.
NAMES = frozenset(
    "author chair collection-editor compiler composer container-author contributor curator director editor "
    "editorial-director executive-producer guest host illustrator interviewer narrator organizer original-author "
    "performer producer recipient reviewed-author script-writer series-creator translator".split()
)
DATES = frozenset("accessed available-date event-date issued original-date submitted".split())
TEXTS = frozenset(
    "type citation-key citation-label language journalAbbreviation shortTitle abstract annote archive "
    "archive_collection archive_location archive-place authority call-number chapter-number citation-number "
    "collection-number collection-title container-title container-title-short dimensions division DOI edition event "
    "event-place event-title first-reference-note-number genre ISBN ISSN issue jurisdiction keyword locator medium note "
    "number number-of-pages number-of-volumes original-publisher original-publisher-place original-title page page-first "
    "part-number part-title PMCID PMID printing-number publisher publisher-place references reviewed-genre reviewed-title "
    "scale section source status supplement-number title title-short URL version volume volume-title year-suffix".split()
)
OTHERS = frozenset(("id", "categories", "custom"))
OURS = frozenset(("review_by", "repeats", "owner"))  # what CSL has no word for


@dataclass(frozen=True, eq=False)  # thousands of cards cite one and the same
class Reference:
    """A cited source."""

    id: str
    authors: tuple[str, ...]
    title: str
    container: str
    publisher: str
    year: str
    url: str
    language: str
    node: Node = field(repr=False, compare=False)
    # What cards do not show: it makes no note another one.
    accessed: str = field(default="", repr=False)  # when it was read, as typed
    review_by: str = field(default="", repr=False)  # the day from which to look whether it still says so, as typed
    repeats: str = field(default="", repr=False)  # the id of the reference whose words it repeats
    owner: str = field(default="", repr=False)  # who looks after it


def read_reference(node: Node, problems: list[Problem]) -> Reference | None:
    """The reference at `node`; adds what is wrong with it to `problems`. One without a title can be cited all the same."""
    typed = node.fields
    misspelt = report_unknown_keys(node, NAMES | DATES | TEXTS | OTHERS | OURS, "a reference", problems)
    id = read_id(node, problems, misspelt)
    texts = {
        key: value.strip()
        for key, value in typed.items()
        if key in TEXTS | OURS and read_texts(node.node(key), f"'{key}'", (), problems) and isinstance(value, str)
    }
    whose = "author" if "author" in typed else "editor"
    authors = _read_names(node.node(whose), whose, problems) if whose in typed else ()
    if "title" not in typed and "title" not in misspelt:
        problems.append(node.problem("missing-field", "this reference has no 'title'", help="add it"))
    if not {*typed, *misspelt} & {"author", "editor", "publisher", "container-title"}:
        message = "this reference names no author, editor or publisher"
        problems.append(node.problem("missing-field", message, help="add 'author' or 'publisher'"))
    url = texts.get("URL", "")
    if url and not re.fullmatch(r"https?://[^\s/\"<>]+\.[^\s\"<>]+", url):
        help = "write an address that begins with https://"
        problems.append(node.problem("bad-url", f"'{short(url)}' is not a web address", "URL", help=help))
        url = ""
    elif not url and "DOI" in texts:
        url = f"https://doi.org/{texts['DOI']}"
    year = _read_year(node.node("issued"), problems) if "issued" in typed else ""
    accessed = as_text(typed["accessed"]) if "accessed" in typed and _read_year(node.node("accessed"), problems) else ""
    review_by = texts.get("review_by", "")
    if review_by and not read_date(node.node("review_by"), review_by, problems, only_day=True):
        review_by = ""
    if not id:
        return None
    language, ours = texts.get("language", ""), (accessed, review_by, texts.get("repeats", ""), texts.get("owner", ""))
    container, publisher = texts.get("container-title", ""), texts.get("publisher", "")
    return Reference(id, authors, texts.get("title", ""), container, publisher, year, url, language, node, *ours)


def _read_names(node: Node, key: str, problems: list[Problem]) -> tuple[str, ...]:
    if not isinstance(node.value, list):
        report_shape(node, f"'{key}'", "a list of names", problems)
        return ()
    found = []
    for at, name in enumerate(node.value):
        parts = {part: text for part, text in name.items() if isinstance(text, str)} if isinstance(name, dict) else {}
        if "literal" in parts:
            found.append(parts["literal"])
        elif "family" in parts:
            found.append(", ".join(filter(None, (parts["family"], parts.get("given")))))
        else:
            report_shape(node.node(at), f"a name of '{key}'", "{family: ..., given: ...} or {literal: ...}", problems)
    return tuple(found)


def _read_year(node: Node, problems: list[Problem]) -> str:
    """The year of a CSL date: 2018-03-06, {year: 2018}, {date-parts: [[2018, 3, 6]]} or {literal: spring 2018}."""
    value: Value | None = node.value
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        parts = value.get("date-parts")
        if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0]:
            value = parts[0][0]
        else:
            value = value.get("year") or value.get("literal") or value.get("raw")
    if isinstance(value, str) and re.match(r"\d{4}-\d", value):
        read_date(node, value.partition("/")[0], problems)  # a range is written 2018-03-06/2018-03-09
    found = re.search(r"\b\d{4}\b", value) if isinstance(value, str) else None
    if not found:
        key = str(node.route[-1])
        help = f"write it as 2018, 2018-03 or 2018-03-06, or leave '{key}' out if there is no date"
        problems.append(node.problem("bad-date", f"'{key}' has no year", help=help))
    return found[0] if found else ""


def cite(reference: Reference, undated: str) -> str:
    """A reference as HTML: author or publisher, title, where it appeared, year (or the word for `undated`), link."""
    lang = f' lang="{escape(reference.language)}"' if reference.language else ""
    whose = "; ".join(reference.authors) or reference.publisher or reference.container
    where = [part for part in (reference.container, reference.publisher) if part and part != whose]
    parts = [escape(whose), f"<cite{lang}>{escape(reference.title)}</cite>", *map(escape, where), reference.year or undated]
    text = " ".join(part if re.search(r"[.?!…](</cite>)?$", part) else f"{part}." for part in parts)
    text = text.replace("[sound:", "[<wbr>sound:")  # of which no file is packed
    if not reference.url:
        return text
    host = re.sub(r"https?://(www\.)?", "", reference.url).partition("/")[0]
    return f'{text} <a href="{escape(reference.url)}">{escape(host)}</a>'
