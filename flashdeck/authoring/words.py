"""A note in words, for who is about to write it."""

from flashdeck.anki.note import Note
from flashdeck.anki.templates import render, to_words


def render_words(note: Note) -> str:
    """Each card of a note: what it asks, and what it tells."""
    values = {name: text for (_, name), text in zip(note.type.fields, note.fields, strict=True)}
    values |= {"Tags": " ".join(note.tags), "Deck": note.deck}
    cards = []
    for at in note.cards:
        _, name, front, back = note.type.templates[0 if note.type.cloze else at]
        title = f"{name} {at + 1}" if note.type.cloze else name
        gap = at + 1 if note.type.cloze else 0
        asked = to_words(render(front, values, gap))
        told = to_words(render(back.replace("{{FrontSide}}", ""), values, gap, back=True))
        lines = told.splitlines()
        seen = set(asked.splitlines())
        told = "\n".join(line for line in lines if line not in seen) or told
        cards.append(f"{title}\n{_indent(asked)}\n    ---\n{_indent(told)}")
    about = f"in {note.deck}" + (f", tags: {' '.join(note.tags)}" if note.tags else "")
    return "\n".join([*cards, about])


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
