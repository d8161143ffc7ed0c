"""Tables as people save them, and the cards that each has to become: nothing cut, nothing guessed, nothing left out silently."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from html import unescape
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from conftest import ROOT, import_package
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.importing.cards import ImportOptions
from flashdeck.importing.number_formats import show
from flashdeck.importing.plan import plan_import
from flashdeck.sources.yaml_file import read_text


def book(*rows: list[Any], title: str = "Sheet1") -> Workbook:
    """A workbook with these rows; a pair is a value with its number format."""
    made = Workbook()
    made.active.title = title
    fill(made.active, rows)
    return made


def fill(sheet: Worksheet, rows: Any) -> None:
    for row, values in enumerate(rows, 1):
        for column, value in enumerate(values, 1):
            if isinstance(value, tuple):
                sheet.cell(row, column, value[0]).number_format = value[1]
            else:
                sheet.cell(row, column, value)


HEAD = ["Question", "Answer"]
STAMP = datetime(2016, 1, 2, 15, 5, 9)  # noqa: DTZ001 (a spreadsheet knows no time zones)


def merged() -> Workbook:
    made = book(
        ["Unit 1: the farm", None, None],
        ["Deck", *HEAD],
        ["Animals", "dog", "Hund"],
        [None, "cat", "Katze"],
        [None, None, None],
        ["Food", "bread", "Brot"],
    )
    for cells in ("A1:C1", "A3:A5"):
        made.active.merge_cells(cells)
    return made


def with_hidden_sheet() -> Workbook:
    made = book(["code", "x"], ["1", "2"], title="lists")
    made.active.sheet_state = "hidden"
    for title, word in (("Unit 1", "one"), ("Unit 2", "two")):
        fill(made.create_sheet(title), [HEAD, [word, f"{word}!"]])
    return made


def with_comment() -> Workbook:
    made = book(HEAD, ["two_x000D_\nlines", "  spaces  "])
    made.active["A2"].comment = Comment("check this!", "me")
    return made


def from_numbers() -> Workbook:
    made = book(
        ["This document was exported from Numbers."], ["Numbers Sheet Name", "Numbers Table Name"], title="Export Summary"
    )
    fill(made.create_sheet("Words"), [["Words"], HEAD, ["dog", "Hund"]])
    return made


def of_a_course_lead() -> Workbook:
    made = book(
        ["Vocabulaire de police, module 2"],
        [],
        ["Thème", "Terme français ", "Traduction allemande", "Exemple", "Vu le"],
        ["Enquête", "le témoin", "der Zeuge", "Elle témoigne.\nEr sagt aus.", (date(2025, 11, 3), "dd/mm/yyyy")],
        [None, "la garde à vue", "der Gewahrsam", "24 h < 48 h"],
        ["Droit", "art. 12.10", '=CONCAT("§ ","12")'],
        ["Total", None, 3],
    )
    made.active.merge_cells("A4:A5")
    return made


@dataclass(frozen=True)
class Sheet:
    """A table, how it is imported, and what has to come of it."""

    name: str
    data: bytes | Workbook
    cards: list[dict[str, Any]]  # without their ids; the kind only where it is not basic
    says: list[str]
    options: Mapping[str, Any] = field(default_factory=dict)


def text(content: str, encoding: str = "utf-8") -> bytes:
    return content.encode(encoding)


def basic(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"question": question, "answer": answer} for question, answer in pairs]


FIRST = "columns: Question -> question, Answer -> answer"
NO_HEADER = "columns: 1 -> question, 2 -> answer; no header (if its first line is one: --header 1)"
ANKI = '''\
#separator:tab
#html:true
#guid column:1
#notetype column:2
#deck column:3
#tags column:9
D[pI	Basic	My::Sub	Front <b>1</b>	a<br>b				t1 x::y
s{R%	Basic (optional reversed card)	My	f2	b2	y			
db6!	Basic (and reversed card)	My	f3	b3				
Q/:2	Basic (type in the answer)	My	"#f4"	"b ""4"""				
"#Ip"	Cloze	My	a {{c1::b}}	ex				
Bu|w	Big	My	w	m	e &lt; f	<div>g<br></div>	n	
oc/1	Image Occlusion	My	{{c1::image-occlusion:rect:left=.1:top=.1:width=.2:height=.2:oi=1}}	x.png				
'''

SHEETS = {
    # ---- text, as spreadsheets write it ----
    "Excel in Germany, CSV UTF-8": Sheet(
        "a.csv",
        text("\ufeffFrage;Antwort;Schlagwörter\r\nWie viel?;1,10 €;Preis Geld\r\nAgent;007;\r\n"),
        [{"question": "Wie viel?", "answer": "1,10 €", "tags": ["Preis", "Geld"]}, {"question": "Agent", "answer": "007"}],
        ["2 rows, separated by semicolons, in UTF-8", "columns: Frage -> question, Antwort -> answer, Schlagwörter -> tags"],
    ),
    "Excel in France, CSV": Sheet(
        "a.csv",
        text("Mot;Traduction\r\nété;summer\r\nœuf;egg\r\n", "cp1252"),
        basic(("été", "summer"), ("œuf", "egg")),
        ["2 rows, separated by semicolons, in cp1252", "columns: Mot -> question, Traduction -> answer"],
        {"encoding": "cp1252"},
    ),
    "Excel, Unicode text": Sheet(
        "a.txt",
        text("Вопрос\tОтвет\r\nсобака\tdog\r\n", "utf-16"),
        basic(("собака", "dog")),
        ["1 row, separated by tabs, in UTF-16", "columns: Вопрос -> question, Ответ -> answer"],
    ),
    "UTF-16 without its mark": Sheet(
        "a.txt",
        text("собака\tпёс\nкошка\tкот\n", "utf-16-be"),
        basic(("собака", "пёс"), ("кошка", "кот")),
        ["2 rows, separated by tabs, in UTF-16", NO_HEADER],
    ),
    "Excel, with the line for Excel": Sheet(
        "a.csv",
        text("sep=;\r\nQuestion;Answer\r\ndog;chien, m.\r\n"),
        basic(("dog", "chien, m.")),
        ["1 row, separated by semicolons, in UTF-8", FIRST],
    ),
    "an old Mac": Sheet(
        "a.csv",
        text("Question,Answer\rdog,chien\rcat,chat\r"),
        basic(("dog", "chien"), ("cat", "chat")),
        ["2 rows, separated by commas, in UTF-8", FIRST],
    ),
    "LibreOffice, all texts in quotes, line breaks in cells": Sheet(
        "a.csv",
        text('"Question","Answer",,\n"a ""dog""","one\ntwo",,\n"5"" nail","a, b",,\n'),
        basic(('a "dog"', "one\\\ntwo"), ('5" nail', "a, b")),
        ["2 rows, separated by commas, in UTF-8", FIRST],
    ),
    "Google Sheets, TSV": Sheet(
        "a.tsv",
        text('Question\tAnswer\n"open\tun\na "dog"\tdeux\n'),
        basic(('"open', "un"), ('a "dog"', "deux")),
        ["2 rows, separated by tabs, in UTF-8, quotes taken literally", FIRST],
    ),
    "trailing empty columns, empty lines, the header once more on the next page": Sheet(
        "a.csv",
        text("Question;Answer;;;\n;;;;\ndog;chien;;;\n\n;;;;\nQuestion;Answer;;;\ncat;chat;;;\n;;;;\n"),
        basic(("dog", "chien"), ("cat", "chat")),
        ["3 rows, separated by semicolons, in UTF-8", FIRST, "left out: 1", "  line 6: it repeats the header"],
    ),
    "titles above the header, a total below": Sheet(
        "a.csv",
        text("Vocabulary unit 3;;\n;;\nWord;Translation;Points\ndog;chien;1\ncat;chat;2\nTotal;;3\n"),
        basic(("dog", "chien"), ("cat", "chat")),
        [
            "3 rows, separated by semicolons, in UTF-8",
            "columns: Word -> question, Translation -> answer; left out: Points",
            "above the header, and not read: 'Vocabulary unit 3'",
            "left out: 1",
            "  line 6: it adds up what is above it",
        ],
    ),
    "two languages as the header": Sheet(
        "a.csv",
        text("English,French,Example\ndog,chien,the dog\nEnglish,anglais,\n"),
        basic(("dog", "chien"), ("English", "anglais")),
        ["2 rows, separated by commas, in UTF-8", "columns: English -> question, French -> answer; left out: Example"],
    ),
    "two languages in their own words": Sheet(
        "a.csv",
        text("Deutsch;العربية\nHund;كلب\n"),
        basic(("Hund", "كلب")),
        ["1 row, separated by semicolons, in UTF-8", "columns: Deutsch -> question, العربية -> answer"],
    ),
    "a vocabulary with languages in it, and no header": Sheet(
        "a.csv",
        text("English;anglais\nGerman;allemand\n"),
        basic(("English", "anglais"), ("German", "allemand")),
        ["2 rows, separated by semicolons, in UTF-8", NO_HEADER],
    ),
    "a column without a name": Sheet(
        "a.csv",
        text(",Question,Answer\n1,dog,chien\n2,cat,chat\n"),
        basic(("dog", "chien"), ("cat", "chat")),
        ["2 rows, separated by commas, in UTF-8", f"{FIRST}; left out: 1"],
    ),
    "two columns of one name, by number": Sheet(
        "a.csv",
        text("Question,Answer,Answer\ndog,Hund,chien\n"),
        basic(("dog", "chien")),
        ["1 row, separated by commas, in UTF-8", f"{FIRST}; left out: Answer"],
        {"columns": {"question": "1", "answer": "3"}},
    ),
    "a first card with a word that names columns, columns by number": Sheet(
        "a.csv",
        text("answer,Antwort\ndog,Hund\n"),
        basic(("answer", "Antwort"), ("dog", "Hund")),
        ["2 rows, separated by commas, in UTF-8", NO_HEADER],
        {"columns": {"question": "1", "answer": "2"}},
    ),
    "a header in words that nobody knows": Sheet(
        "a.csv",
        text("Vocab FR;Vocab DE\nchien;Hund\n"),
        basic(("chien", "Hund")),
        ["1 row, separated by semicolons, in UTF-8", "columns: Vocab FR -> question, Vocab DE -> answer"],
        {"header": 1, "columns": {"question": "1", "answer": "2"}},
    ),
    "a first card that looks like a header": Sheet(
        "a.csv",
        text("Word,Wort\ndog,Hund\n"),
        basic(("Word", "Wort"), ("dog", "Hund")),
        ["2 rows, separated by commas, in UTF-8", NO_HEADER],
        {"header": 0},
    ),
    "rows of other lengths": Sheet(
        "a.csv",
        text("Question,Answer\ndog,chien, m.\ncat\nbird,oiseau\n"),
        basic(("bird", "oiseau")),
        [
            "3 rows, separated by commas, in UTF-8",
            FIRST,
            "left out: 2",
            "  line 2: 3 cells where the header has 2",
            "  line 3: this basic has no 'answer'",
        ],
    ),
    "blanks that nobody sees": Sheet(
        "a.csv",
        text("Question;Answer\n\u00a0 dog\u00a0;10\u00a0%\u00a0\nزن\u200cها;e\u0301te\u0301\n"),
        basic(("dog", "10\u00a0%"), ("زن\u200cها", "été")),
        ["2 rows, separated by semicolons, in UTF-8", FIRST],
    ),
    "errors of formulas": Sheet(
        "a.csv",
        text("Question;Answer\ndog;#NV\n#REF!;x\nWhat is #N/A?;an error\n"),
        basic(("What is #N/A?", "an error")),
        [
            "3 rows, separated by semicolons, in UTF-8",
            FIRST,
            "left out: 2",
            "  line 2: 'Answer' shows the error '#NV'",
            "  line 3: 'Question' shows the error '#REF!'",
        ],
    ),
    # ---- what cells hold ----
    "signs that HTML and Markdown have for their own": Sheet(
        "a.csv",
        text(
            "Question|Answer\nif a<b and c>d|a & b\nList<String> & <b>x</b>|<T>\n<b>yes</b> and <T>|# 1. *a* _b_ `c`\n"
            "Use the <b> tag|- x\nR&D; AT&T|1) [x](y) ![z](w)\n2 < 3 > 1|$5 to $9\n"
        ),
        basic(
            ("if a\\<b and c>d", "a & b"),
            ("List\\<String> & \\<b>x\\</b>", "\\<T>"),
            ("\\<b>yes\\</b> and \\<T>", "\\# 1. \\*a\\* \\_b\\_ \\`c\\`"),
            ("Use the \\<b> tag", "\\- x"),
            ("R&D; AT&T", "1\\) &#91;x\\](y) !&#91;z\\](w)"),
            ("2 < 3 > 1", "$5 to $9"),
        ),
        [
            "6 rows, separated by pipes, in UTF-8",
            FIRST,
            "cells with tags in them that are no HTML as a whole, and are shown as typed: line 2, 3, 4, 5",
        ],
    ),
    "HTML": Sheet(
        "a.csv",
        text('Question;Answer\na <b>bold</b> word;"x &lt; y<br>z"\n"<p>one</p><p>two</p>";<font color=red>red</font>\n'),
        basic(("a **bold** word", "x \\< y\\\nz"), ("one\n\ntwo", "<font color=red>red</font>")),
        ["2 rows, separated by semicolons, in UTF-8", FIRST],
    ),
    "about HTML, and not HTML": Sheet(
        "a.csv",
        text("Question;Answer\nWhat is bold?;<b>x</b>\n"),
        basic(("What is bold?", "\\<b>x\\</b>")),
        ["1 row, separated by semicolons, in UTF-8", FIRST],
        {"html": False},
    ),
    "options in one cell": Sheet(
        "a.csv",
        text('Question;Answer;Distractors\na;b;"x; y &lt; z"\nc;d;"e; f\ng"\n'),
        [
            {"kind": "choice", "question": "a", "answer": "b", "distractors": ["x", "y < z"]},
            {"kind": "choice", "question": "c", "answer": "d", "distractors": ["e; f", "g"]},
        ],
        [
            "2 rows, separated by semicolons, in UTF-8",
            "columns: Question -> question, Answer -> answer, Distractors -> distractors",
        ],
    ),
    # ---- Quizlet ----
    "Quizlet": Sheet(
        "a.txt",
        text("perro\tdog, hound\n\ngato\tcat\n"),
        basic(("perro", "dog, hound"), ("gato", "cat")),
        ["2 rows, separated by tabs, in UTF-8", NO_HEADER],
    ),
    "Quizlet, a separator of its user's own": Sheet(
        "a.txt",
        text("el perro - dog\n\nel gato - cat\n"),
        basic(("el perro", "dog"), ("el gato", "cat")),
        ["2 rows, separated by ' - ', in UTF-8", NO_HEADER],
        {"separator": " - "},
    ),
    # ---- Anki ----
    "Anki": Sheet(
        "a.txt",
        text(ANKI),
        [
            {"question": "Front **1**", "guid": "D[pI", "answer": "a\\\nb", "tags": ["t1", "x::y"], "deck": "Sub"},
            {"question": "f2", "guid": "s{R%", "answer": "b2", "both_ways": "true"},
            {"question": "f3", "guid": "db6!", "answer": "b3", "both_ways": "true"},
            {"question": "#f4", "guid": "Q/:2", "answer": 'b "4"', "type_answer": "true"},
            {"kind": "cloze", "text": "a {{c1::b}}", "guid": "#Ip", "extra": "ex"},
            {"question": "w", "guid": "Bu|w", "answer": "m", "extra": "e < f\n\n<div>g<br></div>\n\nn"},
        ],
        [
            "7 rows, separated by tabs, in UTF-8",
            "columns: 4 -> question, 5 -> answer, 6 -> extra, 7 -> extra, 8 -> extra, 1 -> guid, 2 -> notetype, 3 -> deck,"
            " 9 -> tags",
            "guids of notes of the type 'Basic', 'Basic (optional reversed card)', 'Basic (and reversed card)',"
            " 'Basic (type in the answer)', 'Cloze', 'Big': Anki does not update those by notes of another type; whoever has"
            " them goes on with them only if you import a package (.apkg) of them instead",
            "left out: 1",
            "  line 13: a text export has not all of an image occlusion; import a package of it",
        ],
    ),
    "Anki, before 2.1.50": Sheet(
        "a.txt",
        text("Front &amp; <b>1</b>\ta<br>b\tx y\nf&nbsp;2\tb2\t\n"),
        [
            {"question": "Front & **1**", "answer": "a\\\nb", "tags": ["x", "y"]},
            {"question": "f\u00a02", "answer": "b2"},
        ],
        ["2 rows, separated by tabs, in UTF-8", NO_HEADER.replace("answer;", "answer, 3 -> tags;")],
        {"columns": {"question": "1", "answer": "2", "tags": "3"}},
    ),
    "Anki, through LibreOffice": Sheet(
        "a.csv",
        text("#separator:Comma,,\n#html:false,,\n#tags column:3,,\ndog,chien,a b\ncat,<chat>,\n"),
        [{"question": "dog", "answer": "chien", "tags": ["a", "b"]}, {"question": "cat", "answer": "\\<chat>"}],
        ["2 rows, separated by commas, in UTF-8", "columns: 1 -> question, 2 -> answer, 3 -> tags"],
    ),
    "Anki, through a spreadsheet that writes semicolons": Sheet(
        "a.csv",
        text('#separator:tab;;\n"#html:true";;\n#guid column:3;;\n#tags:a b;;\ndog;"1 &lt; 2";g1\ncat;chat;g2\n'),
        [
            {"question": "dog", "guid": "g1", "answer": "1 < 2", "tags": ["a", "b"]},
            {"question": "cat", "guid": "g2", "answer": "chat", "tags": ["a", "b"]},
        ],
        ["2 rows, separated by semicolons, in UTF-8", "columns: 1 -> question, 2 -> answer, 3 -> guid"],
    ),
    "Anki, with the names of its columns": Sheet(
        "a.txt",
        text("#separator:;\n#columns:Back;Front;Tags\n#deck:Words\n#hashtag: x;y;z\n"),
        [{"question": "y", "answer": "#hashtag: x", "tags": ["z"]}],
        ["1 row, separated by semicolons, in UTF-8", "columns: Back -> answer, Front -> question, Tags -> tags"],
    ),
    # ---- workbooks ----
    "numbers as the program shows them": Sheet(
        "a.xlsx",
        book(
            HEAD,
            ["price", (1.1, "0.00")],
            ["agent", (7, "000")],
            ["text", "007"],
            ["share", (0.25, "0\\ %")],
            ["euros", (1234.5, '#,##0.00\\ "€"')],
            ["loss", (-1234.5, "#,##0.00_);[Red](#,##0.00)")],
            ["sum", 0.1 + 0.2],
            ["whole", 3.0],
            ["yes", True],
        ),
        basic(
            ("price", "1.10"),
            ("agent", "007"),
            ("text", "007"),
            ("share", "25 %"),
            ("euros", "1,234.50 €"),
            ("loss", "(1,234.50)"),
            ("sum", "0.3"),
            ("whole", "3"),
            ("yes", "TRUE"),
        ),
        ["9 rows, the sheet 'Sheet1'", FIRST],
    ),
    "days and times as the program shows them": Sheet(
        "a.xlsx",
        book(
            HEAD,
            ["day", (date(2016, 1, 2), "dd/mm/yyyy")],
            ["in German", (date(2016, 1, 2), "[$-407]d. mmmm yyyy")],
            ["of the system", (date(2016, 1, 2), "mm-dd-yy")],
            ["time", (time(9, 30), "h:mm AM/PM")],
            ["stamp", (STAMP, "yyyy-mm-dd hh:mm")],
        ),
        basic(
            ("day", "02/01/2016"),
            ("in German", "2\\. Januar 2016"),
            ("of the system", "2016-01-02"),
            ("time", "9:30 AM"),
            ("stamp", "2016-01-02 15:05"),
        ),
        ["5 rows, the sheet 'Sheet1'", FIRST],
    ),
    "numbers and months in the language of the deck": Sheet(
        "a.xlsx",
        book(HEAD, ["prix", (1234.5, '#,##0.00\\ "€"')], ["jour", (date(2016, 8, 2), "d mmmm yyyy")]),
        basic(("prix", "1\u202f234,50 €"), ("jour", "2 août 2016")),
        ["2 rows, the sheet 'Sheet1'", FIRST],
        {"language": "fr"},
    ),
    "a day where a day is asked for": Sheet(
        "a.xlsx",
        book(["Claim", "Date", "Reference"], ["x", (date(2016, 1, 2), "dd.mm.yyyy"), "book"]),
        [],
        [
            "1 row, the sheet 'Sheet1'",
            "columns: Claim -> claim, Date -> date, Reference -> reference",
            "left out: 1",
            "  line 2: 'book' is not the id of a reference",
        ],
    ),
    "merged cells, a title": Sheet(
        "a.xlsx",
        merged(),
        [
            {"question": "dog", "deck": "Animals", "answer": "Hund"},
            {"question": "cat", "deck": "Animals", "answer": "Katze"},
            {"question": "bread", "deck": "Food", "answer": "Brot"},
        ],
        [
            "3 rows, the sheet 'Sheet1'",
            f"{FIRST}, Deck -> deck",
            "above the header, and not read: 'Unit 1: the farm'",
        ],
    ),
    "a course lead's workbook, some columns named by the user": Sheet(
        "a.xlsx",
        of_a_course_lead(),
        [
            {"deck": "Enquête", "question": "le témoin", "answer": "der Zeuge", "extra": "Elle témoigne.\\\nEr sagt aus."},
            {"deck": "Enquête", "question": "la garde à vue", "answer": "der Gewahrsam", "extra": "24 h < 48 h"},
        ],
        [
            "4 rows, the sheet 'Sheet1'",
            "columns: Thème -> deck, Terme français -> question, Traduction allemande -> answer, Exemple -> extra;"
            " left out: Vu le",
            "above the header, and not read: 'Vocabulaire de police, module 2'",
            "left out: 2",
            "  line 6: 'Traduction allemande' holds a formula that was never calculated; open the workbook, save it, import it"
            " again",
            "  line 7: it adds up what is above it",
        ],
        {"columns": {"extra": "Exemple", "deck": "Thème"}, "name": "Police"},
    ),
    "hidden sheets": Sheet(
        "a.xlsx",
        with_hidden_sheet(),
        basic(("one", "one!")),
        ["1 row, the sheet 'Unit 1', not 'Unit 2' (see --sheet), not the hidden 'lists'", FIRST],
    ),
    "another sheet": Sheet(
        "a.xlsx",
        with_hidden_sheet(),
        basic(("two", "two!")),
        ["1 row, the sheet 'Unit 2', not 'Unit 1' (see --sheet), not the hidden 'lists'", FIRST],
        {"sheet": "Unit 2"},
    ),
    "Numbers": Sheet(
        "a.xlsx",
        from_numbers(),
        basic(("dog", "Hund")),
        [
            "1 row, the sheet 'Words', not 'Export Summary' (see --sheet)",
            FIRST,
            "above the header, and not read: 'Words'",
        ],
    ),
    "errors, and formulas without a result": Sheet(
        "a.xlsx",
        book([*HEAD, "Notes"], ["a", "#N/A"], ["b", "=1+1"], ["c", "ok", "#REF!"], ["", "", "total: 3"]),
        basic(("c", "ok")),
        [
            "4 rows, the sheet 'Sheet1'",
            f"{FIRST}; left out: Notes",
            "left out: 3",
            "  line 2: 'Answer' shows the error '#N/A'",
            "  line 3: 'Answer' holds a formula that was never calculated; open the workbook, save it, import it again",
            "  line 5: there is nothing in the columns that were read",
        ],
    ),
    "line breaks, spaces and comments in cells": Sheet(
        "a.xlsx",
        with_comment(),
        basic(("two\\\nlines", "spaces")),
        ["1 row, the sheet 'Sheet1'", FIRST],
    ),
}


def read(sheet: Sheet, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The cards that an import makes of a table, and what it reports of it."""
    path = folder / sheet.name
    if isinstance(sheet.data, bytes):
        path.write_bytes(sheet.data)
    else:
        sheet.data.save(path)
    plan = plan_import(path, ImportOptions(folder / "deck", **sheet.options))
    assert not plan.problems
    data = plan.files.get(folder / "deck" / "cards.yaml", b"")
    value: Any = read_text("cards.yaml", data)[0].value or {"cards": []}
    defaults = {key: one for key, one in value.items() if key != "cards" and (key, one) != ("kind", "basic")}
    cards = [{key: one for key, one in {**defaults, **card}.items() if key != "id"} for card in value["cards"]]
    cards = [{key: one for key, one in card.items() if (key, one) != ("kind", "basic")} for card in cards]
    return cards, [line for line in plan.lines if not re.match(r"\d+ cards? to |no new cards", line)]


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_a_table_becomes_what_its_writer_meant(sheet, tmp_path):
    cards, says = read(sheet, tmp_path)

    assert cards == sheet.cards
    assert says == sheet.says


REFUSED = {
    "Cyrillic from Windows": (
        text("Question;Answer\nсобака;dog\nкошка;cat\nёж;hedgehog\nчай;tea\n", "cp1251"),
        {},
        "it is not in UTF-8; see in which of these encodings its cells read as they should, and name that one",
        ["--encoding cp1252     ñîáàêà | ¸æ | ÷àé", "--encoding cp1251     собака | ёж | чай"],
    ),
    "Japanese from Windows": (
        text("質問\t答え\n犬\tinu\n", "shift_jis"),
        {},
        "it is not in UTF-8; see in which of these encodings its cells read as they should, and name that one",
        ["--encoding shift_jis  質問 | 答え | 犬"],
    ),
    "not in the encoding that was named": (
        text("犬,inu\nabc,\x81\n", "utf-8"),
        {"encoding": "ascii"},
        "it is not ascii: byte 0xE7 in line 1 means nothing in it",
        [],
    ),
    "an encoding that does not exist": (
        b"a,b\n",
        {"encoding": "hex"},
        "there is no encoding 'hex'; name one of utf-8, utf-16, cp1252",
        [],
    ),
    "two columns of one name": (
        text("Question,Answer,Answer,\ndog,Hund,chien,x\n"),
        {},
        "several of its columns are named 'Answer'; name them by number, as in '--map answer=2'",
        [
            "column 1: 'Question', with 'dog'",
            "column 2: 'Answer', with 'Hund'",
            "column 3: 'Answer', with 'chien'",
            "column 4: without a name, with 'x'",
        ],
    ),
    "no column that is known": (
        text("Word,Wort\ndog,Hund\n"),
        {},
        "no kind of card fits its columns; map them, as in '--map question=Country --map answer=Capital'",
        ["column 1: 'Word', with 'dog'", "column 2: 'Wort', with 'Hund'"],
    ),
    "words between the cells": (
        text("perro - dog\n\ngato - cat\n"),
        {},
        "there is ' - ' in each of its lines; if it separates the cells: --separator ' - '",
        [],
    ),
    "a separator that is none": (
        b"a,b\n",
        {"separator": '"'},
        "'\"' cannot separate cells; name 'tab', 'comma', 'semicolon', or",
        [],
    ),
    "a sheet of a text": (b"a,b\n", {"sheet": "x"}, "a text file has no sheets; leave --sheet out", []),
    "a header below the table": (
        b"a,b\n",
        {"header": 7},
        "there is nothing in its line 7; name the line of the header, or 0 for none",
        [],
    ),
    "a sheet that is not there": (with_hidden_sheet(), {"sheet": "Unit 3"}, "it has no sheet 'Unit 3'; there is 'Unit 2'", []),
    "a workbook with an encoding": (
        with_hidden_sheet(),
        {"encoding": "cp1252"},
        "a workbook has no encoding and no separator; leave the option out",
        [],
    ),
}


@pytest.mark.parametrize(("data", "options", "message", "details"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_known_is_asked_for(data, options, message, details, tmp_path):
    with pytest.raises(FlashdeckError) as refused:
        read(Sheet("a.csv" if isinstance(data, bytes) else "a.xlsx", data, [], [], options), tmp_path)

    assert str(refused.value).startswith(message)
    assert [line for line in refused.value.details if line in details] == details


def test_no_encoding_is_shown_in_which_the_file_is_no_text(cli, tmp_path):
    (tmp_path / "a.csv").write_bytes(text("été;summer\nâge;age\n\u0152;x\n", "cp1252"))

    ran = cli("import", "a.csv", "--into", "deck")
    again = cli("import", "a.csv", "--into", "deck", "--encoding", "cp1252")

    names = [line.split()[1] for line in ran.err.splitlines()[1:]]
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[1] == "  --encoding cp1252     été | âge | Œ"
    assert {"cp1250", "cp1251", "mac-roman"} < {*names} and not {"cp1253", "cp1257", "shift_jis"} & {*names}
    assert again.code == 0


@pytest.mark.parametrize(
    ("value", "format", "shown"),
    [
        (0.255, "0.0%", "25.5%"),
        (1234567, '#,##0,"k"', "1,235k"),
        (0, '0.0;-0.0;"zero"', "zero"),
        (-5, "0;(0)", "(5)"),
        (5.5, "0.##", "5.5"),
        (5, "0.##", "5."),
        (1.005, "0.00", "1.01"),
        (150, '[>=100]"many";0', "many"),
        (1.75, "# ?/?", "1 3/4"),
        (0.5, "?/8", "4/8"),
        (123456, "0.00E+00", "1.23E+05"),
        (1234, "00-00", "12-34"),
        (1 / 3, "General", "0.333333333"),
        (9783161484100, "General", "9783161484100"),
        (1.234567890123457e16, "General", "1.23457E+16"),
        (3.5, 'General" kg"', "3.5 kg"),
        (1.5, "[$€-407]\\ #,##0.00", "€ 1.50"),
        (1e300, "0", "1" + "0" * 300),
        (float("inf"), "0", "inf"),
        (STAMP, "[$-40C]dddd d mmm yy", "samedi 2 janv. 16"),
        (STAMP, "mm/yyyy hh:mm:ss", "01/2016 15:05:09"),
        (STAMP, "[$-F800]dddd, mmmm dd, yyyy", "2016-01-02 15:05:09"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
        ("text", "0.00", "text"),
    ],
)
def test_a_spreadsheet_shows_this(value, format, shown):
    assert show(value, format) == shown


def test_who_waits_sees_what_is_being_done_and_nobody_else_does():
    code = (
        "import time; from flashdeck.commands.terminal import show_stages as s\nwith s() as show: show('reading'); time.sleep({})"
    )

    def run(seconds: float, terminal: bool) -> str:
        reader, writer = pty.openpty() if terminal else os.pipe()
        subprocess.run([sys.executable, "-c", code.format(seconds)], stderr=writer, cwd=ROOT, check=True)
        os.write(writer, b".")
        shown = ""
        while not shown.endswith("."):  # a terminal gives what it has got so far
            shown += os.read(reader, 1000).decode()
        return shown

    assert (run(0.1, True), run(0.8, True), run(0.8, False)) == (".", "\rreading (0 s)\r             \r.", ".")


def test_anki_shows_what_was_typed(cli, col, tmp_path):
    """What counts is the card: its text as a learner reads it."""
    rows = [
        ["if a<b and c>d", "if a<b and c>d"],
        ["List<String> & <b>x</b>", "List<String> & <b>x</b>"],
        ["<b>yes</b> and <T>", "<b>yes</b> and <T>"],
        ["a <b>bold</b> word, x &lt; y", "a bold word, x < y"],
        ["![z](w) [x](y) `c` # *a*", "![z](w) [x](y) `c` # *a*"],
        ["1. first", "1. first"],
        ["two\nlines", "two\nlines"],
    ]
    made = book(HEAD, *[[asked, (at + 0.5, "0.00")] for at, (asked, _) in enumerate(rows)])
    made.save(tmp_path / "a.xlsx")
    assert cli("import", "a.xlsx", "--into", "decks/a").code == 0
    assert cli("build").code == 0

    import_package(col, tmp_path / "dist" / "a-en.apkg")

    shown = {}
    for id in col.find_notes(""):
        fields = [unescape(re.sub(r"<[^<>]*>", "", re.sub(r"<br>\s*", "\n", one))) for one in col.get_note(id).fields]
        shown[fields[1]] = fields[0]
    assert shown == {f"{at}.50": learner for at, (_, learner) in enumerate(rows)}


def test_notes_of_ours_that_somebody_corrected_in_anki_come_back(cli, col, tmp_path, deck):
    """Exported from Anki as text, with all that such an export can have."""
    cards = """\
        kind: basic
        tags: [core]
        cards:
          - {id: a, question: What is *it*?, answer: {en: 1 < 2, fr: 1 < 3}, extra: more, both_ways: true}
          - {id: b, kind: cloze, text: 'A {{c1::gap}}'}
          - {id: c, kind: choice, question: Q, answer: A, distractors: [x, y], why: because}
        """
    deck(dedent(cards), "id: test\nname: Test\nlanguages: [en, fr]\n")
    assert cli("release").code == 0
    for language in ("en", "fr"):
        import_package(col, tmp_path / "dist" / f"test-{language}.apkg")
    for id in col.find_notes("tag:core"):
        note = col.get_note(id)
        if note.guid == "test/a@fr":
            note["Answer"] = "1 &lt; 4"
        if note.guid == "test/c@en":
            note["Why"], note["My notes"], note.tags = "", "mine", ["core", "new"]
        col.update_note(note)
    options = dict.fromkeys(("with_html", "with_tags", "with_deck", "with_notetype", "with_guid"), True)
    col.export_note_csv(out_path=str(tmp_path / "notes.txt"), limit=None, **options)

    ran = cli("import", "notes.txt", "--into", "decks/test", "--update")

    assert sorted(re.sub(r"line \d+", "line", line) for line in ran.out.splitlines()[2:]) == [
        "  line: answer of test/a: {en: 1 < 2, fr: 1 < 3} -> {en: 1 < 2, fr: 1 < 4}",
        "  line: tags of test/c: [core] -> [core, new]",
        "  line: why of test/c: 'because' -> nothing",
        "4 cards there already",
        "corrected: 2",
        "no new cards",
    ]
    assert (tmp_path / "decks" / "test" / "cards.yaml").read_text() == dedent(cards).replace("fr: 1 < 3", "fr: 1 < 4").replace(
        ", why: because}", ", tags: [core, new]}"
    )
