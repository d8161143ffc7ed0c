"""Questions at a terminal, one at a time. After a wrong answer the question is asked again, with the answers there are."""

from collections.abc import Mapping, Sequence

import typer

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.problem import nearest
from flashdeck.diagnostics.render import to_line
from flashdeck.model.frame import Frame
from flashdeck.model.kinds import Field, Kind
from flashdeck.sources.yaml_file import Value


def ask_text(question: str, default: str | None = None) -> str:
    """A text; an empty one only where there is a `default`."""
    while True:
        text = str(typer.prompt(question, default=default, show_default=bool(default), err=True)).strip()
        if text or default is not None:
            return text


def ask_one(question: str, options: Mapping[str, str]) -> str:
    """One of the options (word -> what it means), by word or number."""
    words = list(options)
    if len(words) == 1:
        return words[0]
    _show(options)
    while True:
        text = ask_text(question)
        if found := _find(text, words):
            return found
        typer.echo(f"there is no '{text}'; {nearest(text, words, f'type a number from 1 to {len(words)}')}", err=True)


def ask_some(question: str, options: Mapping[str, str]) -> list[str]:
    """Any of the options, with commas between; none for an empty answer."""
    if not options:
        return []
    _show(options)
    while True:
        texts = [
            text.strip() for text in ask_text(f"{question} (separated by commas; empty: none)", "").split(",") if text.strip()
        ]
        found = [_find(text, list(options)) for text in texts]
        if all(found):
            return found
        wrong = next(text for text, word in zip(texts, found, strict=True) if not word)
        typer.echo(f"there is no '{wrong}'; {nearest(wrong, options, f'type a number from 1 to {len(options)}')}", err=True)


def _find(text: str, words: Sequence[str]) -> str:
    if text in words:
        return text
    if text.isdecimal() and 1 <= int(text) <= len(words):
        return words[int(text) - 1]
    return ""


def _show(options: Mapping[str, str]) -> None:
    width = max(map(len, options))
    for number, (word, meaning) in enumerate(options.items(), 1):
        typer.echo(to_line(f"  {number:>3}  {word.ljust(width)}  {meaning}".rstrip()), err=True)


def ask_references(kind: Kind, frame: Frame) -> list[str]:
    """References by their ids: at least one where the kind needs one. Raises FlashdeckError where there is none to choose."""
    titles = {id: reference.title for id, reference in frame.references.items()}
    needed = "reference" in kind.fields and kind.fields["reference"].required
    if needed and not titles:
        raise FlashdeckError(
            f"a {kind.word} needs a reference, and these decks have none; write one into a references.yaml first"
        )
    chosen = ask_some("references", titles)
    while needed and not chosen:
        typer.echo(f"a {kind.word} needs a reference", err=True)
        chosen = ask_some("references", titles)
    return chosen


def ask_values(kind: Kind, languages: Sequence[str], given: Mapping[str, Value]) -> dict[str, Value]:
    """The values of a card, `given` or asked for: what its kind requires."""
    values = dict(given)
    for field in kind.fields.values():
        if field.required and field.type != "references" and field.key not in values:
            values[field.key] = _ask_value(field, languages)
    return values


def _ask_value(field: Field, languages: Sequence[str]) -> Value:
    question = f"{field.key} ({field.doc})" if field.doc else field.key
    if field.type == "word":
        return ask_one(question, dict.fromkeys(field.words, ""))
    if field.type == "shapes":
        return _ask_shapes(field.key)
    if field.type == "options":
        options: list[Value] = [_ask_translations(f"{question}, the first", languages)]
        while text := ask_text(f"{field.key}: another (empty: no more)", ""):
            options.append(text)
        return options
    return ask_text(question) if field.type in ("media", "date", "day") else _ask_translations(question, languages)


def _ask_translations(question: str, languages: Sequence[str]) -> Value:
    """A text in each language, or one text where it is the same in all."""
    if len(languages) == 1:
        return ask_text(question)
    first = ask_text(f"{question} in '{languages[0]}'")
    others = {language: ask_text(f"  in '{language}' (empty: the same)", "") for language in languages[1:]}
    if not any(others.values()):
        return first
    return {languages[0]: first, **{language: text or first for language, text in others.items()}}


def _ask_shapes(key: str) -> Value:
    shapes: dict[str, Value] = {}
    while name := ask_text(f"{key}: what is hidden{' (empty: no more)' if shapes else ''}", "" if shapes else None):
        numbers = ask_text("  its rectangle in percent of the picture: left, top, width, height").replace(",", " ").split()
        shapes[f"c{len(shapes) + 1}"] = {"name": name, "rectangle": [*numbers]}
    return shapes
