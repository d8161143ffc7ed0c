"""All about one card: where it stands, what it is in each language, who overrides or replaces it, what was released. Pure."""

from collections.abc import Iterator

from flashdeck.anki.note import Note
from flashdeck.authoring.words import render_words
from flashdeck.build.link import CardFact
from flashdeck.pipeline import Project
from flashdeck.release.ledger import find_released
from flashdeck.sources.values import short


def render_card(project: Project, card: CardFact) -> str:
    """A card in words, for whoever maintains it."""
    facts = project.facts
    notes = [note for language in project.languages for note in project.notes(language) if note.full_id == card.full_id]
    courses = facts.frame.rules.find(card.full_id, card.kind, card.deck, card.tags)
    about = [
        ("at", str(facts.spot(card.unit, card.item))),
        ("kind", card.kind or "unknown"),
        ("tags", " ".join(card.tags)),
        ("courses", " ".join(courses)),
        ("cites", "; ".join(_find_citations(project, card))),
        ("was", card.origin),
        ("replaced by", card.replaced_by),
        ("replaces", " ".join(other.full_id for other in facts.cards() if other.replaced_by in (card.id, card.full_id))),
        ("overridden by", " ".join(unit.deck for unit in facts.units for _, id in unit.overrides if id == card.full_id)),
    ]
    lines = [card.full_id, *(f"  {word}: {text}" for word, text in about if text)]
    for note in notes:
        lines += [
            f"  {note.type.language}: {_say_release(project, note)}",
            *(f"    {one}" for one in render_words(note).splitlines()),
        ]
    lines += [
        f"  {problem.level}[{problem.code}] {problem.message}" for problem in project.problems if problem.card == card.full_id
    ]
    return "\n".join(lines)


def _find_citations(project: Project, card: CardFact) -> Iterator[str]:
    read = project.facts.read_card(card)
    for _, id in read.all_texts("reference") if read else ():
        if reference := project.frame.references.get(id):
            yield f"{id} ({short(reference.title)}{', ' + reference.year if reference.year else ''})"


def _say_release(project: Project, note: Note) -> str:
    lines = [line.note for id in note.released_by for line in find_released(project.ledgers, id, note)]
    if not lines:
        return f"guid {note.guid}, not released yet"
    first, changed = min(line.first_text for line in lines), max(line.changed_text for line in lines)
    state = "retired" if note.retired else "as released" if lines[0].digest == note.digest else "changed since"
    return f"guid {note.guid}, first released {first[:10]}, last changed {changed[:10]}, {state}"
