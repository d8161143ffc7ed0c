"""The fields of a card as they are typed on a command line."""

from collections.abc import Iterable, Sequence

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.diagnostics.problem import find_known
from flashdeck.model.kinds import Field, Kind
from flashdeck.sources.yaml_file import Value, read_text

COMMON_KEYS = ("extra", "deck", "sensitive")  # what a card of any kind may have


def parse_fields(texts: Iterable[str], kind: Kind, languages: Sequence[str]) -> dict[str, Value]:
    """Values by key, typed as `FIELD=TEXT` or `FIELD.fr=TEXT`; a field that is repeated is a list. Raises FlashdeckError."""
    fields: dict[str, Field | None] = {**kind.fields, **dict.fromkeys(COMMON_KEYS)}
    values: dict[str, Value] = {}
    for typed in texts:
        name, equals, text = typed.partition("=")
        if not equals:
            raise FlashdeckError(f"'{typed}' is not FIELD=TEXT; write it like question=Why?")
        key, _, language = name.strip().partition(".")
        field = find_known("field", key, fields)
        if language:
            find_known("language", language, dict.fromkeys(languages))
            translations = values.setdefault(key, {})
            if not isinstance(translations, dict):
                raise FlashdeckError(f"'{key}' is given both with and without a language; choose one")
            translations[language] = text
        elif field and field.type == "shapes":
            values[key] = read_text("", text.encode())[0].value or ""
        elif key in values:
            earlier = values[key]
            values[key] = [*(earlier if isinstance(earlier, list) else [earlier]), text]
        else:
            values[key] = [text] if field and field.type == "options" else text
    return values
