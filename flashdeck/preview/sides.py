"""A side of a card as it stands in a page without Anki: sounds, typed answers and hidden places are there without its scripts."""

import re
from collections.abc import Callable
from html import escape, unescape
from typing import NamedTuple

from flashdeck.anki.note import Note
from flashdeck.anki.templates import render_as_html
from flashdeck.model.cloze import list_asked


class Side(NamedTuple):
    """Both sides of one of the cards that Anki makes of a note. Files have their names in Anki; scripts of templates stand where
    they stand.
    """

    name: str  # of its template, with the number of its gap
    at: int  # which of the templates (or gaps) it is, from 0: Anki's `cardN` is one more
    front: str
    back: str


def draw_side(note: Note, at: int) -> Side:
    """The card of a note that one of its templates (or gaps) makes."""
    _, name, front, back = note.type.templates[0 if note.type.cloze else at]
    gap = at + 1 if note.type.cloze else 0
    values = {name: text for (_, name), text in zip(note.type.fields, note.fields, strict=True)}
    values |= {
        "Tags": note.tag_text,
        "Deck": note.deck,
        "Subdeck": note.deck.rpartition("::")[2],
        "Card": name,
        "Type": note.type.name,
        "CardFlag": "flag0",
    }
    question = render_as_html(front, values, gap)
    values["FrontSide"] = _PLAYED.sub("", question)
    answer = render_as_html(back, values, gap, back=True)
    title = f"{name} {gap}" if gap else name
    return Side(title, at, _show(question, note, at, back=False), _show(answer, note, at, back=True))


_PLAYED = re.compile(r"\[sound:([^\]]*)\]")
_TYPED = re.compile(r"\[\[type:(.+?)\]\]")


def _show(html: str, note: Note, at: int, back: bool) -> str:
    if "[sound:" in html:
        html = _PLAYED.sub(lambda found: _play(unescape(found[1])), html)
    if "[[type:" in html:
        html = _TYPED.sub(lambda found: _type(unescape(found[1]), note, at, back), html)
    return hide_places(html) if "image-occlusion-container" in html else html


def _play(sound: str) -> str:
    return f'<audio controls preload="none" src="{escape(sound)}"></audio>'


def _type(name: str, note: Note, at: int, back: bool) -> str:
    """Where a learner types, and what they ought to have typed, as Anki shows it to who typed nothing."""
    if not back:
        return '<input id="typeans" type="text" autocomplete="off">'
    *filters, name = name.split(":")
    text = next((text for (_, one), text in zip(note.type.fields, note.fields, strict=True) if one == name), "")
    if "cloze" in filters:
        text = ", ".join(list_asked(text, at + 1, True))
    return f'<code id="typeans">{re.sub(r"<[^>]*>", "", text)}</code>'


_SHAPE = re.compile(r'<div class="(cloze|cloze-inactive|cloze-highlight)"([^>]*)></div>')
_DATA = re.compile(r'data-([\w-]+)="([^"]*)"')
_CANVAS = re.compile(r'<canvas id="image-occlusion-canvas"[^>]*></canvas>')
_IMAGE = re.compile(r'(<div id="image-occlusion-container">)(.*?)(<canvas id="image-occlusion-canvas")', re.S)
# As Anki's own script draws them, by the names of its variables and their values where a style gives none.
_FORMS = {
    "cloze": ("active", "#ffeba2"),
    "cloze-inactive": ("inactive", "#ffeba2"),
    "cloze-highlight": ("highlight", "#ff8e8e00"),
}


def hide_places(html: str) -> str:
    """The hidden places of a picture, drawn without Anki's script; and without that, which would say that it is not there."""
    shapes = "".join(_draw(found[1], dict(_DATA.findall(found[2]))) for found in _SHAPE.finditer(html))
    svg = (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" '
        f'style="position:absolute;inset:0;width:100%;height:100%">{shapes}</svg>'
    )
    html = _IMAGE.sub(r'<div id="image-occlusion-container" style="position:relative;width:fit-content">\2\3', html)
    return _CANVAS.sub(lambda _: f'<div id="image-occlusion-canvas" style="display:contents">{svg}</div>', html)


def _draw(name: str, data: dict[str, str]) -> str:
    """One place as SVG, in hundredths of its picture; a place of another form than Anki knows is nothing."""
    which, colour = _FORMS[name]
    if name == "cloze-inactive" and data.get("occludeinactive") != "1":
        return ""

    def part(key: str) -> str:
        return f"{_number(data.get(key, '')) * 100:g}"

    tags: dict[str, Callable[[], str]] = {
        "rect": lambda: f'rect x="{part("left")}" y="{part("top")}" width="{part("width")}" height="{part("height")}"',
        "ellipse": lambda: (
            f'ellipse cx="{_sum(data, "left", "rx")}" cy="{_sum(data, "top", "ry")}" rx="{part("rx")}" ry="{part("ry")}"'
        ),
        "polygon": lambda: f'polygon points="{_points(data.get("points", ""))}"',
    }
    shape = data.get("shape", "")
    if shape not in tags:
        return ""
    style = (
        f"fill:var(--{which}-shape-color,{colour});stroke:{'#0b6b3a' if which == 'highlight' else '#212121'};"
        f"stroke-width:{2 if which == 'highlight' else 1}px;vector-effect:non-scaling-stroke"
    )
    return f'<{tags[shape]()} style="{style}"/>'


def _points(text: str) -> str:
    return " ".join(",".join(f"{_number(one) * 100:g}" for one in pair.split(",")) for pair in text.split())


def _sum(data: dict[str, str], *keys: str) -> str:
    return f"{sum(_number(data.get(key, '')) for key in keys) * 100:g}"


def _number(text: str) -> float:
    """A part of a picture; Anki writes `.25`."""
    return float(text) if re.fullmatch(r"-?\d{0,6}\.?\d{1,9}", text) else 0.0
