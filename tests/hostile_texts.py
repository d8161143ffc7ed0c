"""Texts as a stranger would send them, from a grammar of HTML, Markdown, CSS, and Anki's and MathJax's commands.

A seed gives the same texts everywhere. About half of what it gives is harmless at first sight, because what is refused at once
proves little: it is in what is accepted that something may run.
"""

import random
from collections.abc import Iterator

# Where a browser, a sanitiser and a Markdown parser have disagreed before.
KNOWN = r"""
<script>hit()</script>
<img src=x onerror=hit()>
<svg/onload=hit()>
<svg><script>hit()</script></svg>
<svg><animate onbegin=hit() attributeName=x dur=1s>
<svg><a xlink:href="javascript:hit()"><text>x</text></a></svg>
<svg><style><img src=x onerror=hit()></style></svg>
<svg><title><img src=x onerror=hit()></title></svg>
<svg><desc><template><img src=x onerror=hit()></template></desc></svg>
<svg></p><style><a title="</style><img src onerror=hit()>">
<svg><foreignObject><math><mi><style><img title="</style><img src onerror=hit()>"></style></mi></math></foreignObject></svg>
<svg><use href="data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>hit()</script></svg>#x"/></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=hit()&gt;">
<math><mtext><table><mglyph><style><math><table id="</table>"><img src onerror=hit()">
<math><annotation-xml encoding="text/html"><style><img src=x onerror=hit()></style></annotation-xml></math>
<math><mi/href="javascript:hit()">x</mi></math>
<math><maction actiontype="statusline#javascript:hit()">x</maction></math>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=hit()>
<form id=f></form><button form=f formaction=javascript:hit()>x</button>
<noscript><p title="</noscript><img src=x onerror=hit()>">
<noembed><p title="</noembed><img src=x onerror=hit()>">
<template><p title="</template><img src=x onerror=hit()>"></template>
<title><p title="</title><img src=x onerror=hit()>">
<textarea><p title="</textarea><img src=x onerror=hit()>">
<style><p title="</style><img src=x onerror=hit()>">
<xmp><p title="</xmp><img src=x onerror=hit()>">
<iframe><p title="</iframe><img src=x onerror=hit()>"></iframe>
<select><template><img src=x onerror=hit()></template></select>
<select><option><style></option></select><img src=x onerror=hit()></style>
<table><td><select><math><mtext><img src=x onerror=hit()>
<!-- --!><img src=x onerror=hit()>-->
<!--><img src=x onerror=hit()>-->
<!---><img src=x onerror=hit()>-->
<!--<img title="--><img src=x onerror=hit()>">
<!DOCTYPE x [<!ENTITY y "<img src=x onerror=hit()>">]>&y;
<![CDATA[><img src=x onerror=hit()>]]>
<?xml ><img src=x onerror=hit()>?>
<a href="javascript:hit()">x</a>
<a href="java&#9;script:hit()">x</a>
<a href="&#1;javascript:hit()">x</a>
<a href="javascript&colon;hit()">x</a>
<a href="&#x6A;avascript&#58hit()">x</a>
<a href="data:text/html,<script>hit()</script>">x</a>
<a href="vbscript:hit()">x</a>
<a href="//elsewhere.invalid/x">x</a>
<base href="http://elsewhere.invalid/">
<meta http-equiv=refresh content="0;url=javascript:hit()">
<link rel=stylesheet href=http://elsewhere.invalid/x.css>
<style>@import "http://elsewhere.invalid/x.css";</style>
<img src=http://elsewhere.invalid/x.png>
<img srcset="http://elsewhere.invalid/x.png 1x" src=p.png>
<img alt="x src=p.png onerror=hit() " src="p.png">
<img alt='x src="p.png" onerror="hit()" ' src="p.png">
<img alt="<img src=p.png onerror=hit()>" src="p.png">
<img src="p.png" alt="` onerror=hit() `">
<img src=p.png alt=a/onerror=hit()>
<img	src=p.png	alt=x/	onerror=hit()>
<img src="p.png"alt="x"onerror="hit()">
<span class=　 onclick=hit()>x</span>
<span class=x　onclick=hit()>x</span>
<video poster=http://elsewhere.invalid/x><source src=http://elsewhere.invalid/y></video>
<audio src=http://elsewhere.invalid/x autoplay></audio>
<object data=http://elsewhere.invalid/x></object>
<embed src=http://elsewhere.invalid/x>
<input type=image src=http://elsewhere.invalid/x onfocus=hit() autofocus>
<body background=http://elsewhere.invalid/x onload=hit()>
<table background=http://elsewhere.invalid/x><td background=http://elsewhere.invalid/y>x</table>
<details open ontoggle=hit()>x</details>
<marquee onstart=hit()>x</marquee>
<p style="background:url(http://elsewhere.invalid/x)">x</p>
<p style="background:u\72l(http://elsewhere.invalid/x)">x</p>
<p style="background:\75\72\6C(http://elsewhere.invalid/x)">x</p>
<p style="background-image:image-set('http://elsewhere.invalid/x' 1x)">x</p>
<p style="background:-webkit-image-set(url(http://elsewhere.invalid/x) 1x)">x</p>
<p style="--x:url(http://elsewhere.invalid/x);background:var(--x)">x</p>
<p style="list-style:/**/url(http://elsewhere.invalid/x)">x</p>
<p style="color:red;cursor:url('http://elsewhere.invalid/x'),auto">x</p>
<p style='font-family:"</style><img src=x onerror=hit()>"'>x</p>
<font color="red" face="x;background:url(http://elsewhere.invalid/x)">x</font>
<a title="\( <">x" onclick="hit()" \)</a>
<b title="{{c1::x}} onclick=hit()">x</b>
<b title="[sound:s.mp3] onclick=hit() ">x</b>
<b title="[anki:play:q:0] onclick=hit() ">x</b>
<b title="[[type:Answer]] onfocus=hit() autofocus ">x</b>
<b title="[latex]x[/latex] onclick=hit() ">x</b>
{{c1::<b title="x}} y {{c2::z">x</b>}}
{{c1::<b}} title=x onclick=hit()>
{{c1::a::<img src=x onerror=hit()>}}
![x](s.mp3%5D%3Cscript%3Ehit()%3C/script%3E.mp3)
![x](a%22onerror=hit()%20.png)
![x](a%27b.png)
![" onerror="hit()](p.png)
![x](p.png "a\" onerror=hit() ")
![x](<p.png onerror=hit()>)
![x](http://elsewhere.invalid/x.png)
![x](//elsewhere.invalid/x.png)
![x](data:image/svg+xml,x)
[x](javascript:hit())
[x](&#106;avascript:hit())
[x](java&Tab;script:hit())
[x](<java	script:hit()>)
[x](javascript&colon;hit())
[x](JaVaScRiPt:hit() "title")
[x]( javascript:hit())
<javascript:hit()>
<http://elsewhere.invalid/?"onclick=hit()>
[x]: javascript:hit()
```"onclick=hit()
```<img src=x onerror=hit()>
| a <img src=x onerror=hit()> | b |
\(\href{javascript:hit()}{x}\)
\(\h<wbr>ref{javascript:hit()}{x}\)
\(\hr<!-- -->ef{javascript:hit()}{x}\)
\(&#92;href{javascript:hit()}{x}\)
\(\bbox[background-image:url(http://elsewhere.invalid/x)]{x}\)
\(\mmlToken{mi}[href="javascript:hit()"]{x}\)
\(\def\b{\bbox}\b[background-image:url(http://elsewhere.invalid/x)]{x}\)
\(\let\b\bbox \b[background-image:url(http://elsewhere.invalid/x)]{x}\)
\(\bbox[color:{]};background-image:url(http://elsewhere.invalid/x)]{x}\)
\(\bbox[5px, border: 2px solid red]{x}\)
\(\fcolorbox{red;background:url(http://elsewhere.invalid/x)}{red}{x}\)
\(\unicode[x;background:url(http://elsewhere.invalid/x)]{65}\)
`[$$]\input{/etc/passwd}[/$$]`
\[\style{background-image:url(http://elsewhere.invalid/x)}{x}\]
\(\def\x{\href}\x{javascript:hit()}{z}\)
\(\require{html}\class{replay-button}{x}\cssId{typeans}{y}\unicode[x]{65}\)
\(<img src=x onerror=hit()>\)
\(&lt;img src=x onerror=hit()&gt;\)
\(a\)" onclick="hit()" \(b\)
<b title="\(">x</b> \)<b title="onclick=hit() \(">y</b> \)
[sound:s.mp3]
[sound:s.mp3"onclick=hit()>]
[sound:http://elsewhere.invalid/x.mp3]
[sound:s.mp3&#93;<img src=x onerror=hit()>]
[anki:tts lang=en_US]x[/anki:tts]
[anki:play:q:0]
&#91;anki:play:q:0]
[<b></b>anki:play:q:0]
\[anki:play:q:0]
[[type:Answer]]
[[type:Front]] [[type:cloze:Text]]
&#91;&#91;type:Answer]]
[latex]\input{/etc/passwd}[/latex]
[$]\input{/etc/passwd}[/$]
[$$]\input{/etc/passwd}[/$$]
{{FrontSide}} {{#Front}}x{{/Front}} {{=<% %>=}}
""".strip().split("\n")

# Media that a pull request brings along: their names are texts too.
FILES = [
    "p.png",
    "p.png",
    "s.mp3",
    "a b.png",
    "a'b.png",
    'a"onerror=hit() .png',
    "a]b.mp3",
    "s.mp3]<script>hit()<script>.mp3",
    "a%20b.png",
    "a&quot;b.png",
    'q."onerror=hit()',
    "r.png\u3000onerror=hit()",
]
NAMES = (
    "x b i em p a span div td table tr ul li code pre sub sup ruby rt font details summary abbr hr br wbr img blockquote h1 q"
).split()
ACTIVE = (
    "script style svg math mtext mglyph mi annotation-xml foreignObject desc title textarea xmp noscript noembed template"
    " select option form input button iframe object embed link base meta video audio source plaintext listing frameset body html"
    " image picture track use animate set a:b x-y".split()
)
ATTRIBUTES = "title class lang dir alt src href style align colspan cite id name datetime start".split()
RUNNING = (
    "onclick onerror onload onfocus ontoggle ONMOUSEOVER onanimationstart srcdoc srcset formaction xlink:href action data poster"
    " background ping autofocus is slot http-equiv".split()
)
VALUES = """
x red rtl p.png s.mp3 javascript:hit() JAVASCRIPT&colon;hit() data:text/html,x http://elsewhere.invalid/x
//elsewhere.invalid/x hit()
&quot;&gt;<img/src=x/onerror=hit()> "><b> '><b> `><b> color:red background:url(x) u\\72l(x) [sound:s.mp3] {{c1::x}} \\( \\)
< > & &amp;lt; --> ]]> */
""".split()
QUOTE, APOSTROPHE = '"', "'"
SPACES = [" "] * 6 + ["\t", "\n", "\f", "/", "　", "\xa0", "", "  "]
ENTITIES = (
    "&lt; &gt; &amp; &quot; &#39; &#60; &#x3c; &#x3C &#0000060; &lt &LT &nbsp; &Tab; &NewLine; &colon; &lpar; &#1;"
    " &#8203; &#8238; &#xD800; &x; &;"
).split()
WORDS = "a word and another, some - text: 1 < 2 & 3 > 2 'quoted' \"so\" * _ # ~ | ` ^ = + . ! ( ) [ ] { } \\ é 中 ع".split()
COMMANDS = (
    "href style class cssId data mmlToken bbox require unicode frac sqrt text def let newcommand color enclose ce rule"
).split()
STYLES = """
color:red background:url(http://elsewhere.invalid/x) width:1px background:u\\72l(x) background-image:image-set("x"1x) @import"x" }
{ /* */ position:fixed;top:0 \\3c/style\\3e </style> behavior:url(x) --a:url(x) content:"\\"" <!-- filter:url(#x)
expression(hit()) src:url(x) \\
""".split()


class Grammar:
    """Hostile texts from one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.pick = self.chance.choice

    def text(self) -> str:
        """A whole text of a field."""
        chance = self.chance.random()
        if chance < 0.15:
            text = self.pick(KNOWN)
        elif chance < 0.5:
            text = self.mild()
        else:
            text = "".join(self.piece(2) + self.pick(["", " ", " ", "\n", "\n\n"]) for _ in range(self.chance.randint(1, 4)))
        if self.chance.random() < 0.25:
            text = self.mutate(text)
        if self.chance.random() < 0.1:
            text = f"<!-- html -->{text}"
        return text

    def mild(self) -> str:
        """A text that may well be accepted: what authors write, with something odd inside it."""
        odd = [
            self.word,
            self.word,
            self.entity,
            self.formula,
            self.command,
            self.gap,
            lambda: self.tag(NAMES, ATTRIBUTES, 1),
            self.markdown,
        ]
        return self.pick([" ", " ", "", "\n"]).join(self.pick(odd)() for _ in range(self.chance.randint(1, 5)))

    def piece(self, depth: int) -> str:
        if depth <= 0:
            return self.pick([self.word, self.entity])()
        return self.pick(
            [
                self.word,
                self.entity,
                self.entity,
                self.formula,
                self.command,
                self.comment,
                lambda: self.pick(KNOWN),
                lambda: self.tag(NAMES, ATTRIBUTES, depth),
                lambda: self.tag(NAMES, ATTRIBUTES, depth),
                lambda: self.tag(NAMES, ATTRIBUTES + RUNNING, depth),
                lambda: self.tag(ACTIVE, ATTRIBUTES + RUNNING, depth),
                lambda: self.gap(depth),
                lambda: self.markdown(depth),
                lambda: self.markdown(depth),
            ]
        )()

    def template(self, fields: list[str]) -> str:
        """A side of a card of one's own: much of what a designer writes, put together oddly."""
        parts = [f"{{{{{self.pick(fields)}}}}}", *(self.part(fields) for _ in range(self.pick([0, 0, 0, 1, 1, 2])))]
        self.chance.shuffle(parts)
        return self.pick(["", "", "\n", " "]).join(parts)

    def part(self, fields: list[str]) -> str:
        filters = ["", "", "#", "/", "^", "text:", "type:", "tts en_US:", "!", "hint:", "kana:", "kanji:", "furigana:"]
        field = f"{{{{{self.pick(filters)}{self.pick([*fields, 'Tags', 'Deck'])}}}}}"
        about = f"{self.pick(SPACES)}{self.pick(ATTRIBUTES)}={self.pick(['', QUOTE, APOSTROPHE])}{field}"
        return self.pick(
            [
                self.word,
                self.mild,
                lambda: self.tag(NAMES, ATTRIBUTES, 1),
                lambda: self.pick(KNOWN),
                lambda: self.pick(["[", "[[", "<", "&", "java", "<scr[[label]]", "\\(", "{{c1::"]),
                lambda: f"[[{self.pick(['label', 'label', 'lang', 'dir', 'part', 'other_part'])}]]",
                lambda: f"<p>{field}</p>",
                lambda: f"<{self.pick(NAMES)}{about}>",
                lambda: f"<{self.pick(ACTIVE)}>{field}</{self.pick(ACTIVE)}>",
                lambda: f"<!-- {field} {self.pick(['-->', '--!>', '>', ''])}",
                lambda: f"<style>{self.sheet()}{field}</style>",
            ]
        )()

    def sheet(self) -> str:
        """A style sheet."""
        rules = [
            f"{self.pick(['p', '.x', ':root', '*', '@media print', '@font-face', '@import'])} {{{self.css()}}}" for _ in range(2)
        ]
        return self.pick(["", "\n", "/* */", "</style>", "<!--"]).join(rules) + self.pick(["", "", "}", "/*", "@import url(x)"])

    def word(self) -> str:
        return " ".join(self.pick(WORDS) for _ in range(self.chance.randint(1, 3)))

    def entity(self) -> str:
        return "".join(self.pick(ENTITIES) for _ in range(self.chance.randint(1, 2)))

    def tag(self, names: list[str], attributes: list[str], depth: int) -> str:
        name = self.case(self.pick(names))
        inside = "".join(self.piece(depth - 1) for _ in range(self.chance.randint(0, 2)))
        end = self.pick([f"</{name}>"] * 8 + ["", f"</{name} x=y>", f"</{name}", "</ >", "</>", f"</{self.pick(names)}>"])
        parts = "".join(self.pick(SPACES) + self.attribute(attributes) for _ in range(self.chance.randint(0, 3)))
        last = self.pick([""] * 8 + ["/", " /", "　", "<", "\x00"])
        return f"<{name}{parts}{last}>{inside}{end}"

    def attribute(self, names: list[str]) -> str:
        name = self.case(self.pick(names))
        value = self.css() if name == "style" else self.value()
        quote = self.pick(['"', '"', '"', "'", "", "`"])
        return self.pick(
            [f"{name}={quote}{value}{quote}"] * 8 + [name, f"{name} = {quote}{value}{quote}", f"{name}={quote}{value}"]
        )

    def value(self) -> str:
        return "".join(
            self.pick([self.pick(VALUES), self.pick(VALUES), self.word(), self.entity()])
            for _ in range(self.chance.randint(1, 2))
        )

    def css(self) -> str:
        return ";".join(self.pick(STYLES) for _ in range(self.chance.randint(1, 3)))

    def comment(self) -> str:
        inside = self.pick(KNOWN) if self.chance.random() < 0.5 else self.word()
        return self.pick(
            ["<!--{}-->", "<!--{}--!>", "<!-->{}", "<!--->{}-->", "<!{}>", "<?{}?>", "<![CDATA[{}]]>", "</{}>", "<!--{}"]
        ).format(inside)

    def formula(self) -> str:
        inside = "".join(
            self.pick([rf"\{self.pick(COMMANDS)}{{{self.pick(VALUES)}}}", "x^2", "}}", "<", "&lt;", "<wbr>"]) for _ in range(2)
        )
        return self.pick([r"\({}\)", r"\[{}\]", "${}$", "$${}$$", r"\({}", r"{}\)"]).format(inside)

    def command(self) -> str:
        inside = self.pick([*FILES, "play:q:0", "tts lang=en_US", "Answer", self.pick(VALUES)])
        return self.pick(
            ["[sound:{}]", "[sound:{}]", "[anki:{}]", "[[type:{}]]", "[latex]{}[/latex]", "[$]{}[/$]", "[{}]"]
        ).format(inside)

    def gap(self, depth: int = 1) -> str:
        inside = self.pick([self.piece(depth - 1)] * 4 + [self.command().strip("[]"), self.command()[1:]])
        return (
            self.pick(["{{c1::%s}}", "{{c1::%s}}", "{{c2::%s::hint}}", "{{c1::x::%s}}", "{{c1,2::%s}}", "{{c1::%s", "%s}}"])
            % inside
        )

    def markdown(self, depth: int = 1) -> str:
        inside, value = self.piece(depth - 1), self.value()
        title = self.pick(["", "", f' "{self.value()}"', f" '{self.value()}'", f" ({self.value()})"])
        return self.pick(
            [
                f"[{inside}]({value}{title})",
                f"[{inside}](<{value}>{title})",
                f"![{inside}]({self.pick(FILES)}{title})",
                f"![{inside}](<{self.pick(FILES)}>{title})",
                f"![{inside}]({value}{title})",
                f"[{inside}][r]\n\n[r]: {value}{title}",
                f"<{value}>",
                f"```{value}\n{inside}\n```",
                f"`{inside}`",
                f"**{inside}** ~~{value}~~",
                f"| {inside} | {value} |\n|---|:-:|\n| {value} | {inside} |",
                f"> {inside}\n- {value}\n1. {inside}",
                f"# {inside}\n\n    {value}",
                f"{inside}\n\n---\n\n{value}",
            ]
        )

    def case(self, name: str) -> str:
        return name if self.chance.random() < 0.8 else "".join(self.pick([sign.upper(), sign]) for sign in name)

    def mutate(self, text: str) -> str:
        """A text with a sign more or less somewhere."""
        at = self.chance.randrange(len(text) + 1)
        more = [
            "\x00",
            "\f",
            "　",
            "/",
            '"',
            "'",
            "<",
            ">",
            "`",
            "\n",
            "\n\n",
            "\u200b",
            "\u202e",
            "&",
            "\\",
            "=",
            "\x85",
            "]]>",
            "-->",
        ]
        return self.pick([text[:at] + self.pick(more) + text[at:], text[:at] + text[at + 1 :], text[:at] + text[at // 2 :]])


def hostile_texts(seed: int) -> Iterator[str]:
    """Texts without end, always the same for a seed."""
    grammar = Grammar(seed)
    while True:
        yield grammar.text()
