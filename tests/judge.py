"""Judges what Anki shows with parsers that build no package: html5lib reads HTML as browsers do, tinycss2 reads CSS.

A danger is what runs, what loads by itself from elsewhere, and what Anki would rewrite into either.
"""

import re
from collections.abc import Collection, Iterator
from html import unescape
from urllib.parse import unquote, urljoin
from xml.etree.ElementTree import Element

import html5lib
import tinycss2
import tinycss2.ast
from anki.cards import Card

HTML = "{http://www.w3.org/1999/xhtml}"
DRAWN = {
    "{http://www.w3.org/2000/svg}": set(
        "a svg g path circle ellipse line polyline polygon rect text tspan defs linearGradient radialGradient stop".split()
    ),
    "{http://www.w3.org/1998/Math/MathML}": set(
        "math mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr"
        " munder munderover".split()
    ),
}
NAME = re.compile(r"[a-z][a-z0-9-]*")
ACTIVE = set(
    "applet base bgsound body button canvas dialog embed form frame frameset head html iframe image input isindex keygen"
    " layer link listing marquee meta noembed noframes noscript object option optgroup param plaintext portal script select slot"
    " style svg template textarea title track video xmp math".split()
)
DESIGNED = {"button", "canvas", "input", "style", "video"}
LOADING = set(
    "action archive background classid code codebase data dynsrc formaction imagesrcset lowsrc manifest ping poster profile"
    " srcdoc srcset xlink:href http-equiv is contenteditable autofocus accesskey popovertarget shadowrootmode".split()
)
ADDRESSES = {"href", "src", "cite", "longdesc", "usemap", "itemid", "itemtype", "content"}
NEAR = "http://near.invalid/media/"
SCHEMES = {"", "http", "https", "mailto"}
# What Anki rewrites wherever it stands in a field, as it is spelt there, also inside a tag; sounds and gaps have a good use.
COMMANDS = re.compile(r"\[anki:(?:tts|play)|\[\[type:")
IN_TAGS = re.compile(r"<[a-zA-Z/][^>]*?(\[sound:|\{\{c\d)")
# With `[latex]`, a program of the learner's machine runs; half of a pair may stand in another field of the card.
LATEX = re.compile(r"\[/?(?:latex|\$\$?)\]", re.I)
MADE_BY_ANKI = re.compile(r"latex-[0-9a-f]{40}\.(?:png|svg)")
TEX_COMMANDS = re.compile(r"\\(?:input|include|write|open(?:in|out)|read|catcode|csname|immediate|special|usepackage)|\^\^")
SOUND = re.compile(r"\[sound:([^\]]*)\]")
FORMULA = re.compile(r"\\\(([^\0]*?)\\\)|\\\[([^\0]*?)\\\]")
# Commands of Anki's MathJax by which a formula gets addresses, styles or names of its own (tried in a browser).
MATH_COMMANDS = re.compile(
    r"\\(?:href|style|class|cssId|data|mmlToken|require)(?![a-zA-Z])|\\bbox\s*\[(?![^][(){}\\]*\])"
    r"|\\unicode\s*\[(?![\w ,.-]*\])|\\fcolorbox\s*(?:\[\w*\]\s*)?\{[^}]*[:;(]"
)
# Those that give another name to what is not looked for under it.
MATH_NAMES = re.compile(r"\\(?:def|let|newcommand|renewcommand)(?![a-zA-Z]).*\\(?:bbox|unicode|fcolorbox)\s*[^\s[{a-zA-Z]", re.S)
CSS_LOADS = {"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "element", "expression", "attr", "paint"}


def find_dangers(html: str, files: Collection[str] = (), designed: bool = False) -> list[str]:
    """What in a piece of a card runs, loads or breaks out; `files` are the media of its package.

    A template that was `designed` may have some more elements, and comments.
    """
    found = [*_find_commands(html, files, designed), *re.findall("<output", html)]
    if "<" in html or "\\" in html:
        # Anki strips tags from formulas in a text with gaps, by a pattern that knows no attributes
        stripped = FORMULA.sub(lambda formula: re.sub("(?s)<.*?>", "", formula[0]), html)
        for shown in dict.fromkeys((html, stripped if "{{c" in html or "cloze" in html else html)):
            tree = html5lib.parseFragment(shown, container="div", scripting=True)
            found += _find_in_tree(tree, files, designed)
            for inline, display in FORMULA.findall("".join(_to_text(tree))):
                commands = [*MATH_COMMANDS.findall(inline + display), *MATH_NAMES.findall(inline + display)]
                found += [f"formula: {command}" for command in commands]
    return found


def render_as_desktop(card: Card) -> list[str]:
    """Both sides of a card as Anki's reviewer puts them into its page: the backend's work, then the reviewer's replacements."""
    output = card.render_output()
    sides = map(card.col.media.escape_media_filenames, (output.question_text, output.answer_text))
    played = (re.sub(r"\[anki:play:.:\d+\]", "<dfn class=\"played\">'>'</dfn>", side) for side in sides)
    return [re.sub(r"\[\[type:(.+?)\]\]", "<output class=\"typed\">'>'</output>", side) for side in played]


def find_css_dangers(css: str, files: Collection[str] = ()) -> list[str]:
    """What in a style sheet loads from elsewhere, or ends it before its end."""
    found = ["css: </style"] if re.search(r"</style", css, re.I) else []
    return found + [*_find_in_css(tinycss2.parse_stylesheet(css), files)]


def _find_commands(html: str, files: Collection[str], designed: bool) -> Iterator[str]:
    for command in COMMANDS.findall(html):
        yield f"command: {command}"
    for command in IN_TAGS.findall(html):
        yield f"command in a tag: {command}"
    if LATEX.search(html) and (command := TEX_COMMANDS.search(html)):
        yield f"command of TeX: {command[0]}"
    for name in SOUND.findall(html):
        missing = designed and not re.search(r"[/\\:]", unescape(name))  # what a template names is not packed
        if unescape(name) not in files and not missing:
            yield f"sound: {name}"
    if re.search(r"\[sound:(?![^\]]*\])", html):
        yield "sound: not closed"


def _find_in_tree(tree: Element, files: Collection[str], designed: bool) -> Iterator[str]:
    for element in tree.iter():
        if element is tree:
            continue
        if not isinstance(element.tag, str):
            if not designed:
                yield f"comment: {(element.text or '')[:40]}"
            continue
        space, _, name = element.tag.rpartition("}")
        if space + "}" in DRAWN:
            if name not in DRAWN[space + "}"]:
                yield f"element: {name}"
            values = [value for value in element.attrib.values() if "(" in value]
            yield from (one for value in values for one in _find_in_css(tinycss2.parse_component_value_list(value), files))
        elif space + "}" != HTML or name in (ACTIVE - DESIGNED if designed else ACTIVE) or not NAME.fullmatch(name):
            yield f"element: {name}"
        if name == "style":
            yield from find_css_dangers(element.text or "", files)
        for attribute, value in element.attrib.items():
            yield from _find_in_attribute(name, str(attribute).lower(), value, files, designed)


def _find_in_attribute(element: str, name: str, value: str, files: Collection[str], designed: bool) -> Iterator[str]:
    if name.startswith("on") or name in LOADING or not NAME.fullmatch(name):
        yield f"attribute: {name}={value[:40]}"
    if name in ADDRESSES:
        address = re.sub(r"[\t\n\r]", "", value).lstrip("".join(map(chr, range(33))))
        scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", address)
        if (scheme[1].lower() if scheme else "") not in SCHEMES:
            yield f"address: {value[:40]}"
    near = {value, unquote(value)} & {*files} or MADE_BY_ANKI.fullmatch(value)
    if designed and urljoin(NEAR, value.replace("\\", "/")).startswith(NEAR):
        near = True  # a file that is missing
    if name == "src" and value and not near:
        yield f"src: {value[:40]}"
    if name == "style":
        yield from _find_in_css(tinycss2.parse_blocks_contents(value), files)


def _to_text(element: Element) -> Iterator[str]:
    """The text as MathJax reads it: across <wbr> and comments, with a new line for <br>, and without code."""
    tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "!"
    if tag in ("code", "pre"):
        yield "\0"
    elif tag not in ("!", "wbr"):
        yield "\n" if tag == "br" else ""
        yield element.text or ""
        for child in element:
            yield from _to_text(child)
    yield element.tail or ""


def _find_in_css(nodes: Collection[tinycss2.ast.Node], files: Collection[str]) -> Iterator[str]:
    for node in nodes:
        if node.type == "url" and not _is_near(node.value, files):
            yield f"css: url {node.value[:40]}"
        elif node.type == "at-rule" and node.lower_at_keyword in ("import", "namespace", "document"):
            yield f"css: @{node.lower_at_keyword}"
        elif node.type == "function" and node.lower_name in CSS_LOADS:
            texts = [part.value for part in node.arguments if part.type == "string"]
            if node.lower_name != "url" or len(texts) != 1 or not _is_near(texts[0], files):
                yield f"css: {node.lower_name}()"
        elif node.type == "declaration" and node.lower_name in ("behavior", "-moz-binding"):
            yield f"css: {node.lower_name}"
        for part in ("prelude", "content", "value", "arguments"):
            inner = getattr(node, part, None)
            if isinstance(inner, list):
                yield from _find_in_css(inner, files)


def _is_near(address: str, files: Collection[str]) -> bool:
    """Whether an address in a style sheet is of a file of the package, of one that is missing there, or holds its data itself."""
    return address in files or bool(re.fullmatch(r"[\w.-]+|#[\w-]*|data:(?:image|font)/.*", address, re.S))
