"""Which HTML may stand on a card: what neither runs nor loads from elsewhere, and is no command to Anki. The only module that
knows nh3, which reads HTML as browsers do (html5ever).

`make_safe` is applied to every field last, after all that rewrites it, and gives what it was given when it gets its own result.
`find_unsafe` says beforehand what that would take away, so that nothing is taken silently.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from html import escape, unescape
from typing import NamedTuple

import nh3

from flashdeck.anki.css import find_unsafe_css, is_safe_style
from flashdeck.model.cloze import MARK
from flashdeck.sources.values import short

# Drawings and formulas of tags: shapes and letters, and nothing that runs, loads, links, moves or holds HTML of its own.
SVG_TAGS = frozenset(
    "svg g path circle ellipse line polyline polygon rect text tspan defs linearGradient radialGradient stop".split()
)
MATHML_TAGS = frozenset(
    """math mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder
    munderover""".split()
)
_SVG_ATTRIBUTES = """cx cy d fill fill-opacity fill-rule font-family font-size font-style font-weight gradientTransform
    gradientUnits height offset opacity points preserveAspectRatio r rx ry stop-color stop-opacity stroke
    stroke-dasharray stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor
    transform version viewBox width x x1 x2 xmlns y y1 y2"""
_MATHML_ATTRIBUTES = """columnalign columnspan display displaystyle fence height linethickness mathbackground mathcolor mathsize
    mathvariant rowspan scriptlevel separator stretchy width xmlns"""
TAGS = frozenset(
    """a abbr acronym anki-mathjax area article aside audio b bdi bdo big blockquote br caption center cite code col colgroup
    data dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li
    map mark nav ol p pre q rb rp rt rtc ruby s samp section small source span strike strong sub summary sup table tbody
    td tfoot th thead time tr tt u ul var wbr""".split()
)
TAGS |= SVG_TAGS | MATHML_TAGS
_ALIGN = "align char charoff valign width height bgcolor nowrap"
ATTRIBUTES = {
    tag: frozenset(names.split())
    for tag, names in {
        "*": "border class dir id lang title style",
        "a": "href hreflang",
        "anki-mathjax": "block",
        "audio": "autoplay controls loop muted preload src",
        "bdo": "dir",
        "blockquote": "cite",
        "br": "clear",
        "col": f"span {_ALIGN}",
        "colgroup": f"span {_ALIGN}",
        "data": "value",
        "del": "cite datetime",
        "details": "open",
        "div": "align",
        "font": "color face size",
        "h1": "align",
        "h2": "align",
        "h3": "align",
        "h4": "align",
        "h5": "align",
        "h6": "align",
        "hr": "align size width color noshade",
        "img": "src alt width height align border hspace vspace",
        "ins": "cite datetime",
        "li": "value type",
        "ol": "start type reversed",
        "p": "align",
        "q": "cite",
        "source": "src type",
        "table": f"border cellpadding cellspacing rules frame summary {_ALIGN}",
        "tbody": _ALIGN,
        "td": f"headers colspan rowspan scope {_ALIGN}",
        "tfoot": _ALIGN,
        "th": f"headers colspan rowspan scope {_ALIGN}",
        "thead": _ALIGN,
        "time": "datetime",
        "tr": _ALIGN,
        "ul": "type",
        **dict.fromkeys(SVG_TAGS, _SVG_ATTRIBUTES),
        **dict.fromkeys(MATHML_TAGS, _MATHML_ATTRIBUTES),
    }.items()
}
# What a template may have besides: it is designed as a page, and no text can reach its attributes.
TEMPLATE_TAGS = TAGS | frozenset("button canvas input label main style video".split())
_TEMPLATE_ATTRIBUTES = frozenset(
    """align checked controls disabled draggable for hidden height id loop max maxlength min muted name placeholder preload role
    size src start tabindex type value width""".split()
)
_SCHEMES = ("http", "https", "mailto")
DATA = "data-"  # begins attributes that show nothing
_DATA = re.compile(r"data-[\w.-]*(?<!src)(?<!data)")  # Anki would take those for files
ANKI_IDS = frozenset("qa content typeans".split())  # parts of the page around a card, which its scripts look for


class Unsafe(NamedTuple):
    """What may not stand on a card: `word` as it was typed where that is known, `named` in a message, and what to do."""

    word: str
    named: str
    help: str


MOST_TAGS = 10_000  # in one text: a browser's parser is quadratic in lists that nest
_ROUNDS = 6  # what a parser makes of its own result is nearly always the same at once


@lru_cache(maxsize=4096)  # the sources of a card are those of many
def make_safe(html: str, local: bool = True) -> str:
    """HTML without what can run, load from elsewhere or command Anki; only where not `local`, with pictures from the web."""
    if _SIMPLE.fullmatch(html):
        return html
    for _ in range(_ROUNDS):
        before, html = html, clean(html, local=local)
        if html == before or html == _respell(before):
            return _PATH_PLAYED.sub(_take_apart, before) if local and "[sound:" in before else before
    return escape(_TAG.sub("", html), quote=False).replace("[", "[<wbr>")


def _take_apart(sound: re.Match[str]) -> str:
    """A sound that is no file of the learner's media folder, as it was typed."""
    return f"[<wbr>{sound[0][1:]}"


# Tags that every reader of HTML takes for the same, whatever it knows of the rest.
_PLAIN_VALUE = r"""\"(?:[^\"<>&\[]|&amp;)*\"|'(?:[^'\"<>&\[]|&amp;)*'|[^\s\"'<>&=`/\[]+"""
_PLAIN_TAG = re.compile(rf"<(/?[a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z-]+=(?:{_PLAIN_VALUE}))*)\s*/?>")
_PLAIN_ATTRIBUTE = re.compile(rf"\s+([a-zA-Z-]+)=({_PLAIN_VALUE})")


def _respell(html: str) -> str:
    """HTML in plain tags as nh3 spells them.

    What differs from it in its spelling alone stays as it is: learners have it so, and to spell it anew would update their notes.
    """

    def write(tag: re.Match[str]) -> str:
        attributes = (
            f' {name.lower()}="{value[1:-1] if value[0] in QUOTES else value}"'
            for name, value in _PLAIN_ATTRIBUTE.findall(tag[2])
        )
        return f"<{tag[1].lower()}{''.join(attributes)}>"

    parts = _TAG_OR_TEXT.findall(html)
    return "".join(_PLAIN_TAG.sub(write, part) if part[0] == "<" else _spell_quotes(part) for part in parts)


QUOTES = "\"'"
_TAG_OR_TEXT = re.compile(r"<[^>]*>?|[^<]+")


def _spell_quotes(text: str) -> str:
    if "&" not in text:
        return text
    return text.replace("&#x27;", "'").replace("&#39;", "'").replace("&quot;", '"').replace("&nbsp;", "\u00a0")


# Words with marks around some: what most texts with any HTML are. It is in nh3's form already.
_SIMPLE = re.compile(
    r"(?:[^<>&\[\\\r\0]++|&(?:amp|lt|gt);|<br>|<(b|strong|em|i|code|sub|sup|u|del)>(?:[^<>&\[\\\r\0]|&(?:amp|lt|gt);)*+</\1>)*+"
)
MARKUP = re.compile(r"[<>&\[\\\r\0\u00a0]")  # in a text without these there is no tag, no command and nothing to escape


def clean(html: str, names: Mapping[str, str] | None = None, local: bool = False) -> str:
    """What a browser reads in HTML, without what is unsafe; its pictures get other `names`. `make_safe` repeats this.

    Anki finds its commands without regard to HTML. So they become entities in attributes, and texts show them as they were
    typed, taken apart by a tag that shows nothing.
    """
    if html.count("<") > MOST_TAGS:
        html = escape(html)
    html = (_cleaner(names) if names else _LOCAL if local else _CLEANER).clean(html)
    if "&nbsp;" in html:
        html = html.replace("&nbsp;", "\u00a0")
    if "<pre" in html:
        html = _FIRST_NEWLINE.sub(r"\1\n\n", html)
    if "[" in html:
        if "<" in html:
            html = _TAG.sub(lambda tag: tag[0].replace("[", "&#91;"), html)
        html = _COMMAND.sub("[<wbr>", html)
    if "<img" in html:
        html = _PICTURE.sub(_hide_sources, html)
    if "{{c" in html and "<" in html:
        html = _TAG_WITH_GAP.sub(_hide_gaps, html)
    if "\\" in html and any(_find_commands(html)):
        html = html.replace("\\", "\u2216")
    return html


def _cleaner(names: Mapping[str, str] | None = None, local: bool = False) -> nh3.Cleaner:
    def keep(tag: str, name: str, value: str) -> str | None:
        if names and name == "src":
            value = names.get(value, value)
        if local and name == "src" and not _is_local(value):
            return None
        return value if _may_have(tag, name, value) else None

    return nh3.Cleaner(
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        generic_attribute_prefixes={DATA},
        url_schemes=set(_SCHEMES),
        link_rel=None,
        attribute_filter=keep,
    )


def _may_have(tag: str, name: str, value: str) -> bool:
    """Whether a tag of a text may have an attribute with this value."""
    if name == "style":
        return is_safe_style(value)
    if name in ("href", "cite"):
        return _scheme(value) in ("", *_SCHEMES)
    if tag in SVG_TAGS and "(" in value and any(find_unsafe_css(value, files=False)):
        return False
    if name == "src" and tag != "img":
        return name in ATTRIBUTES.get(tag, ()) and _is_local(value)
    if name == "id":
        return value not in ANKI_IDS
    return name in ATTRIBUTES["*"] or name in ATTRIBUTES.get(tag, ()) or bool(_DATA.fullmatch(name))


def _may_have_in_template(tag: str, name: str, value: str) -> bool:
    """Whether a tag of a template may have an attribute with this value: none in which Anki would put HTML of its own."""
    if _REPLACED.search(value):
        return False
    if name == "style":
        return not any(find_unsafe_css(value))
    if name == "src":
        return _is_local(value)
    known = name in _TEMPLATE_ATTRIBUTES or re.match(r"(?:data|aria)-[\w-]+$", name)
    return bool(known) or _may_have(tag, name, value)


_REPLACED = re.compile(r"\[(?:sound:|/?anki:|\[type:|/?latex\]|/?\$)", re.I)


def _is_local(address: str) -> bool:
    """Whether an address is the name of a file beside the card, for whatever is loaded without a click."""
    return not _scheme(address) and not re.match(r"[\0-\x20]*[/\\]", address)


def _scheme(address: str) -> str:
    """The scheme of an address as a browser reads it; empty in one that has none."""
    found = re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\0-\x20]+", "", address), re.I)
    return found[1].lower() if found else ""


_CLEANER, _LOCAL = _cleaner(), _cleaner(local=True)

# nh3 escapes `<`, `>` and `"` in attributes, so in what it writes this is a tag and nothing else is.
_TAG = re.compile(r"<[^>]*>")
_TAG_WITH_GAP = re.compile(r"<[^>]*(?:\{\{|\}\}|::)[^>]*>")
# nh3 leaves out the first newline of <pre>, as a browser does when it reads it.
_FIRST_NEWLINE = re.compile(r"(<pre(?: [^>]*)?>)\n")


def _hide_sources(picture: re.Match[str]) -> str:
    """A picture with no `src=` in its other attributes: Anki would take that for its file, and not import the file."""
    if len(_SOURCES.findall(picture[0])) < 2:
        return picture[0]
    attributes = _ATTRIBUTE.sub(lambda one: f' {one[1]}="{_SOURCES.sub(_hide_equals, one[2])}"', picture[1])
    return f"<img{attributes}>"


def _hide_equals(found: re.Match[str]) -> str:
    return found[0][:-1] + "&#61;"


_SOURCES = re.compile(r"(?:src|data)\s*=", re.I)


def _hide_gaps(tag: re.Match[str]) -> str:
    """A tag in whose attributes Anki finds no gap, and no end or hint of one."""
    return tag[0].replace("{{", "{&#123;").replace("}}", "}&#125;").replace("::", ":&#58;")


# `[[type:Field]]` asks to type, `[anki:tts]` speaks, `[anki:play:q:0]` is a button; `[sound:` without a name swallows text.
_COMMAND = re.compile(r"\[(?=\[type:|/?anki:|sound:(?![^\[\]\n<>\"]{1,255}\]))")

# What MathJax makes attributes and styles of, and what loads more of MathJax; with `{` where the word may be any text.
_MATH = re.compile(
    r"\\(?:(?:href|cssId|mmlToken|setOptions|html[A-Za-z]*)(?![A-Za-z])|(?:class|style|data)\s*[{%]"
    r"|require(?![A-Za-z])(?!\s*\{\s*(?:\[tex\]/)?(?:ams\w*|bbox|boldsymbol|braket|bussproofs|cancel|cases|centernot|color|empheq"
    r"|enclose|extpfeil|gensymb|mathtools|mhchem|noerrors|physics|textcomp|unicode|upgreek|verb)\s*\})"
    # no brackets in its style, whatever comes of the word: another name for it, or braces around a bracket
    r"|bbox(?![A-Za-z])(?!\s*(?:\[[^][(){}\\#&%]*\]\s*)?\{)|fcolorbox(?![A-Za-z])(?!\s*(?:\[\w*\]\s*)?\{[\w ,.!-]*\})"
    r"|unicode(?![A-Za-z])(?!\s*(?:\[[\w ,.-]*\]\s*)?\{))"
)
_MATH_WORD = re.compile(r"\\(?:class|style|data)(?![A-Za-z])")
_MATH_BRACKET = re.compile(r"\\[()\[\]]")
# With `[latex]`, a program of the learner's machine runs what stands in it: what reads, writes or hides words is no formula.
# Its end may stand in another field of the card.
_LATEX = re.compile(r"\[/?(?:latex|\$\$?)\]", re.I)
_LATEX_CUT = re.compile(r"\[/?(?:l(?:a(?:t(?:ex?)?)?)?|\$\$?)?(?:\Z|\{\{|\[\[)", re.I)  # the next field may go on with it
_TEX = re.compile(
    r"\\(?:write\w*|input\w*|include\w*|open(?:in|out)|read\w*|catcode|def|[egx]def|let|loop|shipout|csname|immediate|special"
    r"|usepackage|directlua|lua\w*|verbatiminput|\w*listing\w*|pdf\w+|new(?:read|write)|scantokens|every\w+|jobname)(?![A-Za-z])|\^\^"
)
_CODE = re.compile(r"<(code|pre)(?: [^>]*)?>[^<]*</\1>")
_GAP_MARKS = re.compile(r"\{\{c[\d,]+::|\}\}")
_HINTS = re.compile(r"::[^{}:]*(?=\}\})")


def _find_commands(html: str) -> Iterator[str]:
    """The words of formulas that do more than show something, in what nh3 wrote."""
    gaps = "{{c" in html
    text = html if gaps else _CODE.sub("", html)  # MathJax leaves code alone, but Anki takes tags out of formulas with gaps
    text = unescape(_TAG.sub("", text.replace("<br>", "\n")))
    if "[" in html and _LATEX.search(html):  # in code, too
        yield from (found[0] for found in _TEX.finditer(unescape(_TAG.sub("", html))))
    for shown in (text, _GAP_MARKS.sub("", text), _GAP_MARKS.sub("", _HINTS.sub("", text))) if gaps else (text,):
        yield from (found[0].rstrip("{% \n") for found in _MATH.finditer(shown))
        if _MATH_BRACKET.search(shown):
            yield from (found[0] for found in _MATH_WORD.finditer(shown))
        if _LATEX.search(shown):
            yield from (found[0] for found in _TEX.finditer(shown))


_TOGETHER = "reword one of its pieces, or write something between them: alone, each of them is harmless"
# What Anki takes for its own wherever it stands in the HTML of a side.
_ACTIVE = re.compile(r"\[\[type:[^\n]+?\]\]|\[/?anki:[^\]\s]*|\[sound:[^\]]+\]?")
_BETWEEN = re.compile(r"<(?!/?wbr\b|br\b|!--)[^>]*>")  # MathJax reads no formula across these
_MARKS = frozenset((MARK, "</span>"))


def find_joined(html: str, usual: str, parts: Collection[str]) -> Unsafe | None:
    """What a side of a card runs, plays or asks, and neither `usual` does, the same side with harmless texts, nor any of its
    `parts` by itself.
    """
    sounds = {word for part in parts for word in _ACTIVE.findall(part) if word.startswith("[sound:")}
    found = [word for word in _list_active(html) if word not in sounds]
    if found:
        more = Counter(map(_name_apart, found)) - Counter(map(_name_apart, _list_active(usual)))
        if words := [word for word in found if _name_apart(word) in more]:
            return Unsafe(words[0], f"'{short(words[0])}'", _TOGETHER)
    known = _MARKS.union(*map(_TAG.findall, (usual, *parts)))
    if not known.issuperset(_TAG.findall(html)):
        unsafe = find_unsafe_in_template(usual)
        return next((one._replace(help=_TOGETHER) for one in find_unsafe_in_template(html) if one not in unsafe), None)
    return None


# Up to the next `[sound:` only, or many that are never closed would take a time that grows with the square of their number.
_PATH_PLAYED = re.compile(r"\[sound:(?!\{\{)(?:(?!\[sound:)[^\]{}/\\:])*+[/\\:](?:(?!\[sound:)[^\]])*+\]")


def _name_apart(word: str) -> str:
    """A command, without the name of a sound that is one in the learner's media folder: a template may make it of a field."""
    return _SOUND_NAME.sub("[sound:]", word)


_SOUND_NAME = re.compile(r"\[sound:[^/\\:\]]+\]")


def _list_active(html: str) -> Iterator[str]:
    """What Anki or MathJax takes for a command in a side of a card."""
    if "[" in html:
        yield from _ACTIVE.findall(html)
        if _LATEX.search(html):
            yield from (found[0] for found in _TEX.finditer(unescape(_TAG.sub("", html))))
    if "\\" in html:
        for text in _BETWEEN.split(_CODE.sub("<code>", html)):
            yield from _find_commands(text)


IN_TEXT = "delete it; to show a literal '<', write '&lt;' or put `...` around the code"
_IN_MATH = "delete it: a formula may only show something; to write about the word, put `...` around it"
_IN_LATEX = "delete it, or the '[latex]' in another text of the card: a formula may only show something"
_UNENDED = "end it with '>', or write '&lt;' to show a literal '<'"


def has_latex(html: str) -> bool:
    """Whether LaTeX begins or ends in HTML, or may with what follows it; what it runs may stand in another field of the card."""
    return "[" in html and any(_LATEX.search(text) or _LATEX_CUT.search(text) for text in (html, unescape(_TAG.sub("", html))))


def find_unsafe_latex(html: str) -> list[Unsafe]:
    """The words in HTML that do more than show something where a card has LaTeX around it."""
    words = dict.fromkeys(found[0] for found in _TEX.finditer(unescape(_TAG.sub("", html))))
    return [Unsafe(word, f"'{word}'", _IN_LATEX) for word in words]


# What reads, writes or hides words in the preamble of a document, which may load packages and define words.
_TEX_PREAMBLE = re.compile(
    r"\\(?:write\w*|input|include|open(?:in|out)|read\w*|catcode|immediate|csname|directlua|lua\w*|verbatiminput|lstinputlisting"
    r"|scantokens|shipout|every\w+|pdf\w+)(?![A-Za-z])|\^\^"
)


def runs_in_latex(preamble: str) -> bool:
    """Whether what stands before or after each formula of LaTeX does more than say how they look."""
    return bool(_TEX_PREAMBLE.search(preamble))


def find_unsafe(html: str) -> list[Unsafe]:
    """What `make_safe` would take away from HTML: tags, attributes, addresses, and words of formulas."""
    found: dict[Unsafe, None] = {}
    if "<" in html:
        found |= dict.fromkeys(_judge(html, TAGS, _may_have)) or dict.fromkeys(_find_lost(html))
    if "\\" in html:
        words = dict.fromkeys(_find_commands(_CLEANER.clean(html) if html.count("<") <= MOST_TAGS else ""))
        found |= dict.fromkeys(Unsafe(word, f"'{word}'", _IN_MATH) for word in words)
    return [*found]


def find_unsafe_in_template(html: str) -> list[Unsafe]:
    """What may not stand in a template of a deck that allows no scripts."""
    found = dict.fromkeys(_judge(html, TEMPLATE_TAGS, _may_have_in_template)) if "<" in html else {}
    found |= dict.fromkeys(Unsafe(word, f"'{short(word)}'", IN_TEXT) for word in _PATH_PLAYED.findall(html))
    if "\\" in html:
        found |= dict.fromkeys(Unsafe(word, f"'{word}'", _IN_MATH) for word in _find_commands(html))
    return [*found]


def clean_template(html: str) -> str:
    """A template as a browser reads it, without what may not stand in one, and without attributes that hold a field."""

    def keep(tag: str, name: str, value: str) -> str | None:
        return value if "{{" not in value and _may_have_in_template(tag, name, value) else None

    cleaner = nh3.Cleaner(
        tags={*TEMPLATE_TAGS} - {"style"},
        attributes={},
        generic_attribute_prefixes={""},
        url_schemes=set(_SCHEMES),
        link_rel=None,
        attribute_filter=keep,
    )
    return cleaner.clean(html)


def read_words_of(html: str) -> str:
    """The texts of HTML as a browser reads it: without tags, comments, and what is no text to it, such as a script."""
    return _TAG.sub("", _NO_TEXT.sub("", _read(html)[0]))


_NO_TEXT = re.compile(r"<!--.*?-->|<(script|style|textarea|title|xmp|iframe|noembed|noframes|noscript)\b.*?</\1>", re.S)
_NAME = re.compile(r"<([a-zA-Z][^\t\n\f\r />]*)")
_END = '<wbr class="end">'
# The form in which nh3 writes what it read: comments, style sheets, and tags with their attributes.
_WRITTEN = re.compile(
    r"<!--(?P<comment>.*?)-->|<style(?: [^>]*)?>(?P<css>.*?)</style>"
    r"""|<(?P<tag>[^/! >][^ >]*)(?P<attributes>(?: =?[^=>]*="[^"]*")*)>""",
    re.S,
)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_ATTRIBUTE = re.compile(r' (=?[^=>]*)="([^"]*)"')


def _judge(html: str, tags: frozenset[str], may_have: Callable[[str, str, str], bool]) -> Iterator[Unsafe]:
    """What nh3 finds in HTML, when it may keep everything, that is not allowed."""
    if html.count("<") > MOST_TAGS:
        yield Unsafe("", f"a text of more than {MOST_TAGS} tags", "split it")
        return
    written, names = _read(html)
    body, end, rest = written.rpartition(_END)
    if not end or rest.replace("</", "").count("<"):
        word = html[html.rfind("<") :]
        yield Unsafe(word, f"'{word[:40]}', which is never closed,", _UNENDED)
        body = _COMMENT.sub("", written)
    for found in _WRITTEN.finditer(body):
        tag = found["tag"]
        if tag is None and found["css"] is None:
            if f"<!--{found['comment']}-->" not in html:  # a browser ends it elsewhere than it seems, or began it by mistake
                word = next((sign for sign in ("<?", "<!", "</") if sign in html), "<")
                yield Unsafe(word, f"'{word}'", IN_TEXT)
        elif tag is None:
            if "style" not in tags:
                yield Unsafe("<style", "'<style>'", IN_TEXT)
                continue
            for _, word in find_unsafe_css(found["css"]):
                yield Unsafe(word, f"'{word}'", IN_TEXT)
        elif tag not in tags:
            yield Unsafe(f"<{tag}", f"'<{tag}>'", IN_TEXT)
        else:
            for name, value in _ATTRIBUTE.findall(found["attributes"]):
                value = unescape(value)
                if not may_have(tag, name, value):
                    named = value.strip() if name in ("href", "src", "cite") else name
                    yield Unsafe(named if named in html else name, f"'{short(named)}'", IN_TEXT)
    typed, read = html.lower(), written.lower()
    for name in sorted(names - tags):  # a browser itself drops <body>, <html> and the like inside of a page
        if f"<{name}" not in read and typed.count(f"<{name}") > read.count(f"&lt;{name}"):
            yield Unsafe(f"<{name}", f"'<{name}>'", IN_TEXT)
    if (doctype := re.search(r"<!doctype", html, re.I)) and "&lt;!doctype" not in read:
        yield Unsafe(doctype[0], f"'{doctype[0]}>'", IN_TEXT)


def _find_lost(html: str) -> Iterator[Unsafe]:
    """Attributes that are not in HTML as it was read: addresses that no browser can read, and what is there twice."""
    typed, read = html.lower(), _read(html)[0].lower()
    for name in ("href", "src"):
        if typed.count(name) > read.count(name):
            yield Unsafe(name, f"'{name}'", IN_TEXT)


# What is seen as a picture, or puts what is around it on lines of their own.
_simplifier = nh3.Cleaner(
    tags={*"img li p div section br hr ul ol dl dt dd tr td th table footer h1 h2 h3 h4 h5 h6 blockquote pre summary".split()},
    attributes={"img": {"src", "alt"}},
    generic_attribute_prefixes=None,
    url_schemes={"http", "https", "data", "file"},
    link_rel=None,
)


def simplify(html: str) -> str:
    """Any HTML with no tags but pictures and those that begin a line, which have no attributes."""
    return _simplifier.clean(html)


def find_pictures(html: str) -> list[tuple[str, str]]:
    """The pictures of HTML, each with the name of its file and its alternative text."""
    return [(name, alt) for tag, name, alt in _find_files(html) if tag == "img"] if "<img" in html.lower() else []


def find_files(html: str) -> list[str]:
    """The names of the files that tags of HTML show or play."""
    return [name for _, name, _ in _find_files(html)] if "src" in html.lower() else []


def _find_files(html: str) -> Iterator[tuple[str, str, str]]:
    """The tags of HTML that show or play a file: each with its name, and the alternative text."""
    for found in _WRITTEN.finditer(_read(html)[0]):
        if found["tag"] in ("img", "audio", "source"):
            one = dict(_ATTRIBUTE.findall(found["attributes"]))
            if "src" in one:
                yield found["tag"], unescape(one["src"]), unescape(one.get("alt", ""))


def rename_pictures(html: str, names: Mapping[str, str]) -> str:
    """Safe HTML with other names for the files of its pictures."""

    def rename(tag: re.Match[str]) -> str:
        return _SOURCE.sub(lambda found: found[1] + _in_quotes(found[2], names), tag[0])

    renamed = clean(html, names)
    typed = _PLAIN_PICTURE.sub(rename, html)
    return typed if _respell(typed) == renamed else renamed  # spelled as it was, if that says the same


def _in_quotes(value: str, names: Mapping[str, str]) -> str:
    quote = value[0] if value[0] in QUOTES else ""
    typed = value[1:-1] if quote else value
    return f"{quote}{names.get(unescape(typed), typed)}{quote}"


_PLAIN_PICTURE = re.compile(r"<(?:img|audio|source)\s[^>]*>", re.I)
_SOURCE = re.compile(rf"(\ssrc=)({_PLAIN_VALUE})", re.I)


def replace_pictures(html: str, show: Callable[[str], str | None]) -> str:
    """HTML that was cleaned, with what `show` gives for the name of a picture's file; where that is None, with the picture."""

    def replace(found: re.Match[str]) -> str:
        name = dict(_ATTRIBUTE.findall(found[1])).get("src")
        shown = None if name is None else show(unescape(name))
        return found[0] if shown is None else shown

    return _PICTURE.sub(replace, html) if "<img" in html else html


_PICTURE = re.compile(r'<img((?: =?[^=>]*="[^"]*")*)>')


# What may be the scheme of an address; a run of its signs is gone through once.
_SCHEME = re.compile(r"(?<![a-z0-9+.-])[0-9+.-]*+([a-z][a-z0-9+.-]*+):", re.I)


def _read(html: str) -> tuple[str, frozenset[str]]:
    """HTML as a browser reads it, in nh3's one form, with nothing taken away; and the names that tags may have in it.

    At its end stands a mark, unless the HTML ends within a tag or a comment.
    """
    names = frozenset(name.encode(errors="surrogatepass").lower().decode(errors="surrogatepass") for name in _NAME.findall(html))
    schemes = _SCHEME.findall(re.sub(r"[\0-\x20]+", "", unescape(html)))
    return _reader(names, frozenset(map(str.lower, schemes))).clean(html + "<wbr class=end>"), names


@lru_cache
def _reader(names: frozenset[str], schemes: frozenset[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags={*names, *SVG_TAGS, "wbr"},
        clean_content_tags=set(),
        attributes={},
        generic_attribute_prefixes={""},
        url_schemes=set(schemes),
        strip_comments=False,
        link_rel=None,
    )
