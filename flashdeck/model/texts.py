"""A value that is a text, a mapping language -> text, or a list of either: what it is in one language."""

from flashdeck.sources.yaml_file import Route, Value

# A text that begins with this is HTML as it is: what was imported and cannot be expressed in Markdown.
RAW = "<!-- html -->"


def texts_in(value: Value, language: str) -> list[tuple[Route, str]]:
    """The texts of a value in one language, each with its route."""
    if isinstance(value, str):
        return [((), value)]
    if isinstance(value, dict):
        return [((language, *route), text) for route, text in texts_in(value.get(language, []), language)]
    return [((at, *route), text) for at, item in enumerate(value) for route, text in texts_in(item, language)]


def is_complete_in(value: Value, language: str) -> bool:
    """Whether no part of a value is missing in one language."""
    if isinstance(value, dict):
        return language in value
    return isinstance(value, str) or all(is_complete_in(item, language) for item in value)


def all_texts(value: Value) -> list[str]:
    """All texts in a value, whatever its shape."""
    if isinstance(value, str):
        return [value]
    return [text for item in (value.values() if isinstance(value, dict) else value) for text in all_texts(item)]
