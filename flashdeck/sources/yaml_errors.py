"""The reason that libyaml gives for a syntax error -> a message that helps an author."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """Something that is wrong with a text, by the index of its character."""

    index: int
    code: str
    message: str
    help: str


QUOTE_IT = "put the whole text in quotes, or under a '|'"
CHECK_INDENT = "check the indentation"
# The reason that libyaml gives -> (the message, what to do).
REASONS = {
    "mapping values are not allowed": ("a second ': ' on this line", QUOTE_IT),
    "could not find expected ':'": ("this line has no ': ' after its key", "write 'key: text', or indent it under its text"),
    "did not find expected key": (
        "this is not allowed here",
        f"{CHECK_INDENT}; if a text begins with a quote or '[', {QUOTE_IT}",
    ),
    "did not find expected '-' indicator": ("this line is not part of the list above it", CHECK_INDENT),
    "did not find expected ',' or ']'": ("the list that opens here with '[' has a syntax error", QUOTE_IT),
    "did not find expected ',' or '}'": ("the mapping that opens here with '{' has a syntax error", QUOTE_IT),
    "did not find expected alphabetic or numeric character": (
        "the '*', '&' or '!' that opens here has a special meaning in YAML",
        QUOTE_IT,
    ),
    "did not find expected <document start>": ("this line does not fit the lines above it", CHECK_INDENT),
    "found unexpected end of stream": (
        "the quotes that open here are never closed",
        "close them; write a quote inside them twice",
    ),
    "found unknown escape character": ("a '\\' in double quotes starts an escape", "use single quotes, or write '\\\\'"),
    "block sequence entries are not allowed": ("a list item cannot begin here", f"{CHECK_INDENT}, or {QUOTE_IT}"),
}


def explain(reason: str, text: str, index: int, opened: int) -> Mistake:
    """A reason that libyaml gives, in an author's words; `opened` is where the thing begins that goes wrong at `index`."""
    character = text[index : index + 1]
    if character == "\t" or "tab character" in reason:
        return Mistake(index, "tab", "YAML allows no tab here, only spaces", "indent with spaces")
    if "cannot start any token" in reason:
        return Mistake(index, "yaml-syntax", f"a text cannot begin with '{character}'", QUOTE_IT)
    for known, (message, help) in REASONS.items():
        if known in reason:
            if " open" in message or "expected ':'" in known:  # where it begins, not where libyaml gave up
                index = opened
            return Mistake(index, "yaml-syntax", message, help)
    return Mistake(index, "yaml-syntax", f"this is not YAML: {reason}", QUOTE_IT)
