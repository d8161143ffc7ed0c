"""What may be in a deck's own kind where its deck allows no scripts: in its templates as they are filled, its style, its labels.

A field has its place in the text of a template: nowhere else does what is safe by itself stay so. Sections too have to be
there; then no choice of them puts a tag together.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from flashdeck.anki.css import find_unsafe_css
from flashdeck.anki.safe import clean_template, find_unsafe, find_unsafe_in_template, read_words_of, runs_in_latex
from flashdeck.diagnostics.problem import Problem
from flashdeck.model.kinds import PART, ImportedNoteType, Kind, Setting, Settings, fill
from flashdeck.model.template_language import find_tags
from flashdeck.sources.yaml_file import Route, Source

_TAG = re.compile(r"\{\{[^{}]*\}\}")
_MARK = re.compile("\ufdd0(\\d+)\ufdd1")  # stands for an Anki tag; noncharacters: HTML takes them for letters
_COMMENT = re.compile(r"<!--(.*?)-->", re.S)
_SECTION = re.compile(r"\{\{\s*[#^/]")
_HELP = "delete it; or, if you know what it does, write 'allow_scripts: true' in deck.yaml"
_OUTSIDE = "write it in the text of a card; or, if you know what it does, write 'allow_scripts: true' in deck.yaml"
_IN_LABEL = "delete it: a label is a text, with nothing but marks such as <b> in it"


def find_unsafe_labels(kind: Kind) -> Iterator[Problem]:
    """What may not stand in the labels of a kind, whatever its deck allows: they become part of texts."""
    for word, texts in kind.own_labels.items():
        for node in texts.values():
            text = node.value if isinstance(node.value, str) else ""
            pictures = ["<img"] if "<img" in text.lower() else []  # no file is packed for a label
            for typed, named in [(one.word, one.named) for one in find_unsafe(text)] or [(one, f"'{one}>'") for one in pictures]:
                message = f"{named} is not allowed in the label '{word}'"
                yield node.problem("unsafe-html", message, word=typed if typed in text else "", help=_IN_LABEL)


def find_scripts(kind: Kind) -> list[Problem]:
    """What may run or load something in a learner's Anki, in any language."""
    languages = sorted({language for texts in kind.labels.values() for language in texts}) or ["en"]
    found = [problem for side in kind.sides for language in languages for problem in _judge(_Filled(side, kind, language))]
    if kind.style:
        for index, word in find_unsafe_css(kind.style.text):
            message = f"'{word}' may run or load something in a learner's Anki"
            found.append(Problem(kind.style.spot_at(index), "script", message, _HELP))
    return [*dict.fromkeys(found)]


def is_safe_template(html: str) -> bool:
    """Whether a template of a note type from elsewhere neither runs nor loads anything."""
    kind = Kind("", {}, (), {}, "", {}, imported_note_type=ImportedNoteType(0, ""))
    return not any(_judge(_Filled(Source("", html, None), kind, "en")))


def make_template_safe(html: str) -> str:
    """A template of a note type from elsewhere without what runs or loads something: as much of it as can be kept."""
    plain = _TEXT_FILTER.sub(r"\1", html)  # shows the field with its marks
    cut = clean_template(_RUNS.sub("", plain))
    bare = "\n".join(dict.fromkeys(f"{{{{{tag.name}}}}}" for tag in find_tags(html) if not tag.sign and "<" not in tag.name))
    return next((one for one in (html, plain, cut, bare) if is_safe_template(one)), "")


def find_unsafe_settings(kind: Kind) -> Iterator[tuple[Route, str]]:
    """What may not stand in the settings of an imported note type: its place in kind.yaml, and its name."""
    places: list[tuple[Route, Settings]] = [(("anki",), kind.imported_note_type.settings if kind.imported_note_type else ())]
    places += [(("fields", key, "anki"), field.settings) for key, field in kind.fields.items()]
    places += [(("cards", template.key, "anki"), template.settings) for template in kind.templates]
    for route, settings in places:
        yield from (((*route, name), name) for name, value in settings if not is_safe_setting(name, value))


def is_safe_setting(name: str, value: Setting) -> bool:
    """Whether a setting of a note type neither runs nor loads anything: Anki writes fonts into a style as they are, and has a
    program of the learner's machine run what begins formulas of LaTeX.
    """
    if not isinstance(value, str):
        return True
    if name in ("font", "bfont"):
        return bool(_FONT.fullmatch(value))
    if name in ("latexPre", "latexPost"):
        return not runs_in_latex(value)
    # of a text, pictures are judged with its files; a description has none
    return not (find_unsafe_in_template(value) or (name == "description" and find_unsafe(value)))


_FONT = re.compile(r"[\w .,@()+/-]*")
_TEXT_FILTER = re.compile(r"((?:\{\{|:)\s*)text\s*:")
_RUNS = re.compile(r"<(script|iframe|object|noscript)\b.*?</\1\s*>", re.S | re.I)


class _Piece(NamedTuple):
    """A piece of a filled template: where it starts there, where it comes from, and what it replaces (nothing: itself)."""

    start: int
    source: int
    word: str


@dataclass(frozen=True)
class _Filled:
    """A side of a template with its `[[words]]` filled in for one language."""

    side: Source
    kind: Kind
    language: str

    def read(self) -> tuple[str, list[_Piece]]:
        """Its HTML, and the pieces of which it is made. What comes with flashdeck stands there as one tag of Anki's."""
        html, done, pieces = "", 0, []
        text = self.side.text
        for found in PART.finditer(text) if not self.kind.imported_note_type else ():
            pieces.append(_Piece(len(html), done, ""))
            html += text[done : found.start()]
            pieces.append(_Piece(len(html), found.start(), found[0]))
            html += self._fill(found[0])
            done = found.end()
        pieces.append(_Piece(len(html), done, ""))
        return html + text[done:], pieces

    def _fill(self, text: str) -> str:
        """A word as it is filled in, with the parts that come with flashdeck as tags of Anki's."""
        own = self.kind.own_parts

        def part(found: re.Match[str]) -> str:
            if found[1] in own:
                return PART.sub(part, own[found[1]])
            return f"{{{{{found[1]}}}}}" if found[1] in self.kind.parts else fill(found[0], self.kind, self.language)

        return PART.sub(part, text)


# What Anki's own template for pictures with hidden places calls, and what it shows where that fails.
_STOCK_SCRIPT = re.compile(
    r"<script>\s*(?:try\s*\{\s*)?anki\.imageOcclusion\.setup\(\);?\s*"
    r"(?:\}\s*catch\s*\(exc\)\s*\{\s*document\.getElementById\(\"err\"\)\.innerHTML\s*=\s*"
    r"`(?:[^`$\\{}<]|<br>)*\$\{exc\}`;\s*\}\s*)?</script>"
)


def _judge(filled: _Filled) -> Iterator[Problem]:
    html, pieces = filled.read()
    html = _STOCK_SCRIPT.sub(lambda script: " " * len(script[0]), html)
    tags = [*_TAG.finditer(html)]

    def report(index: int, what: str, how: str, help: str) -> Problem:
        piece = next(piece for piece in reversed(pieces) if piece.start <= index)
        word = piece.word.strip("[]")
        if what == f"'{{{{{word}}}}}'":  # a part that comes with flashdeck
            what, word = f"'{piece.word}'", ""
        where = f" in '{word}'" if word else ""
        at = piece.source if piece.word else piece.source + index - piece.start
        return Problem(filled.side.spot_at(at), "script", f"{what}{where} {how}", help)

    def find(word: str) -> int:
        return max(html.lower().find(word.lower()), 0)

    marked = "".join(
        html[before.end() if before else 0 : tag.start()] + f"\ufdd0{at}\ufdd1"
        for at, (before, tag) in enumerate(zip([None, *tags], tags, strict=False))
    ) + (html[tags[-1].end() :] if tags else html)
    unsafe = {one.word: one for one in find_unsafe_in_template(_TAG.sub("", html))}
    unsafe |= {one.word: one for one in find_unsafe_in_template(marked)}
    for word, one in unsafe.items():
        if not _MARK.search(word):  # else what is in it is reported
            yield report(find(word), one.named, "may run or load something in a learner's Anki", _HELP)
    in_text = {int(mark) for mark in _MARK.findall(read_words_of(marked))}
    in_comments = {int(mark) for comment in _COMMENT.findall(marked) for mark in _MARK.findall(comment)}
    for at, tag in enumerate(tags):
        named = f"'{tag[0]}'" if len(tag[0]) < 60 else "'{{...}}'"
        if at not in in_text | in_comments or re.search(r"<[/!?-]*$", html[: tag.start()][-8:]):
            yield report(tag.start(), named, "is inside a tag, a script or a style: a quote in a text would end it", _OUTSIDE)
        elif "<" in tag[0]:
            yield report(tag.start(), named, "has a '<' in it, which Anki may show as it is", _HELP)
        elif re.search(r"(?:\{|:)\s*text\s*:", tag[0]):
            help = "write it without 'text:'; or write 'allow_scripts: true' in deck.yaml"
            yield report(tag.start(), named, "makes tags of what a text shows as '&lt;'", help)
    for comment in _COMMENT.finditer(html):
        if "{{" in comment[1] and ">" in comment[1] and re.search(r"[-!]\{\{", comment[0]):
            yield report(comment.start(), "this comment", "ends elsewhere where a field is empty", _HELP)
        elif "<" in comment[1] and _SECTION.search(comment[1]):
            yield report(comment.start(), "this comment", "is cut by its section in Anki 24.11 and older", _HELP)
