"""The lists of which a file is made: cards, references, courses."""

from flashdeck.diagnostics.problem import Problem
from flashdeck.model.keys import CARD_KEYS, FILE_KEYS
from flashdeck.sources.values import find_misspelt, report_shape
from flashdeck.sources.yaml_file import Node, Source, Value


def find_lists(source: Source) -> dict[str, str]:
    """The lists that a file has (keys of FILE_KEYS), each with the key under which it is typed, be that misspelt."""
    top = source.fields
    lists = {key: key for key in FILE_KEYS if key in top}
    unknown = top.keys() - FILE_KEYS.keys() - CARD_KEYS.keys()
    for key, typed in find_misspelt(top, (*FILE_KEYS, *CARD_KEYS)).items() if unknown else ():
        items = top[typed]
        if key in FILE_KEYS and isinstance(items, list) and any(isinstance(item, dict) for item in items):
            lists[key] = typed
    return lists


def read_items(source: Source, key: str, problems: list[Problem]) -> list[tuple[Node, dict[str, Value]]]:
    """The items that are mappings of the list under a key (there is none under an empty one), each with what is typed in it;
    reports what else is in the list.
    """
    items = source.fields[key] if key else []
    if not isinstance(items, list):
        if items or not source.unread:  # else its items are those that could not be read
            report_shape(source.node(key), f"'{key}'", "a list", problems)
        return []
    for at, item in enumerate(items):
        if not isinstance(item, dict):
            report_shape(source.node(key, at), f"an item of '{key}'", "a mapping", problems)
    return [(Node(source, (key, at)), item) for at, item in enumerate(items) if isinstance(item, dict)]
