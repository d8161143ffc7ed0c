"""The tags and attributes of HTML, in the words that an author types."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    """Collects (tag, attribute) of all tags, the attribute empty for the tag itself, in the words that an author types."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((f"<{tag}", ""))
        for name, value in attrs:
            self.found.append((f"<{tag}", value if value and name in ("href", "src") else name))

    def handle_decl(self, decl: str) -> None:
        self.found.append(("<!", ""))

    def handle_pi(self, data: str) -> None:
        self.found.append(("<?", ""))

    def unknown_decl(self, data: str) -> None:
        self.found.append(("<!", ""))


def find_parts(html: str) -> list[tuple[str, str]]:
    """All tags and attributes of HTML in its order, as (tag, attribute); for a tag itself, the attribute is empty."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found
