"""A note in words, for authors who are about to write it."""

from flashdeck.anki.note import Note
from flashdeck.anki.shown import to_shown
from flashdeck.anki.templates import render


def render_words(note: Note) -> str:
    """Each card of a note: what it asks, and what it answers."""
    values = {name: text for (_, name), text in zip(note.type.fields, note.fields, strict=True)}
    values |= {"Tags": " ".join(note.tags), "Deck": note.deck}
    cards = []
    for at in note.cards:
        _, name, front, back = note.type.templates[0 if note.type.cloze else at]
        title = f"{name} {at + 1}" if note.type.cloze else name
        gap = at + 1 if note.type.cloze else 0
        question = to_shown(render(front, values, gap))
        answer = to_shown(render(back.replace("{{FrontSide}}", ""), values, gap, back=True))
        seen = set(question.splitlines())
        answer = "\n".join(line for line in answer.splitlines() if line not in seen) or answer
        cards.append(f"{title}\n{_indent(question)}\n    ---\n{_indent(answer)}")
    about = f"in {note.deck}" + (f", tags: {' '.join(note.tags)}" if note.tags else "")
    return "\n".join([*cards, about])


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
