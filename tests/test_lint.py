"""`flashdeck lint`: handouts by the rules of the decks, and what strangers send as handouts."""

import io
import json
import zipfile

import pytest
from conftest import ROOT

TERMS = """
kind: term
reference: r
cards:
  - id: exploited
    avoid: {en: Child prostitute, fr: Enfant prostitué}
    prefer: {en: victim of sexual exploitation, fr: victime d’exploitation sexuelle}
    why: {en: a child does not choose, fr: un enfant ne choisit pas}
  - id: offender
    avoid: {en: Underage client, fr: Client mineur}
    prefer: {en: Child sex offender, fr: Agresseur pédosexuel}
    level: caution
references:
  - {id: r, title: A, publisher: B}
"""


def to_pdf(lines: list[str]) -> bytes:
    """A PDF of one page, as small as one can be."""
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 72 700 Td {shown} ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj{text}endobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return data + f"xref\n0 6\n0000000000 65535 f \n{table}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(data)}\n%%EOF".encode()


def places(out: str) -> list[str]:
    return [line.partition(" is discouraged")[0] for line in out.splitlines() if "discouraged-term" in line]


def test_a_scanned_document_is_told_where_it_breaks_its_own_table_of_terms(cli, tmp_path):
    """It is made like the training document that our decks come from: the table, lost accents, lines that end anywhere."""
    (tmp_path / "seed.txt").write_text((ROOT / "tests" / "guard" / "source.txt").read_text(encoding="utf-8"), encoding="utf-8")

    ran = cli("lint", "seed.txt", "--decks", ROOT / "decks")

    assert places(ran.out) == [
        "seed.txt:33:1: warning[discouraged-term] 'pédophiles'",
        "seed.txt:35:35: error[discouraged-term] 'pédopornographique'",
        "seed.txt:39:79: error[discouraged-term] 'pédopornographiques'",
        "seed.txt:41:34: warning[discouraged-term] 'pedophile'",
        "seed.txt:44:11: warning[discouraged-term] 'pédophile'",
        "seed.txt:44:45: error[discouraged-term] 'pédopornographiques'",
        "seed.txt:46:5: error[discouraged-term] 'contenus pornographiques'",
    ]
    assert ran.code == 1


def test_each_format_gives_its_places(cli, deck, tmp_path):
    docx, pptx = pytest.importorskip("docx"), pytest.importorskip("pptx")
    pytest.importorskip("pypdf")
    deck(TERMS)
    (tmp_path / "a.md").write_text("# The report\n\nA *child* **prostitute** was\nseen; not `child prostitute`.\n")
    (tmp_path / "a.html").write_text(
        "<html><head><title>child prostitute</title></head>\n<body><p>Three child\nprostitutes &amp; the police</p>"
        "<blockquote>child prostitute</blockquote><!-- child prostitute --></body></html>"
    )
    document = docx.Document()
    document.add_paragraph("The report")
    document.add_paragraph("It names child prostitutes.")
    cells = document.add_table(rows=1, cols=2).rows[0].cells
    cells[0].text, cells[1].text = "child prostitute", "victim of sexual exploitation"
    document.save(str(tmp_path / "a.docx"))
    slides = pptx.Presentation()
    for title in ("The report", "A child prostitute of ten"):
        slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = title
    slides.save(str(tmp_path / "a.pptx"))
    (tmp_path / "a.pdf").write_bytes(to_pdf(["The report", "names an underage client."]))

    ran = cli("lint", *(f"a.{suffix}" for suffix in ("md", "html", "docx", "pptx", "pdf")), "--language", "en")

    assert places(ran.out) == [
        "a.md:3:4: error[discouraged-term] 'child prostitute'",
        "a.html:2:16: error[discouraged-term] 'child prostitutes'",
        "a.docx:1:10: error[discouraged-term] 'child prostitutes' in paragraph 2",
        "a.pptx:1:3: error[discouraged-term] 'child prostitute' on slide 2",
        "a.pdf:2:10: warning[discouraged-term] 'underage client' on page 1",
    ]


def test_the_language_of_a_handout_is_that_of_its_words(cli, deck, tmp_path):
    deck(TERMS)
    (tmp_path / "fr.txt").write_text("Les enfants prostitués de la ville sont dans une maison.", encoding="utf-8")
    (tmp_path / "none.txt").write_text("xyz", encoding="utf-8")

    ran = cli("lint", "fr.txt", "none.txt")

    assert places(ran.out) == ["fr.txt:1:5: error[discouraged-term] 'enfants prostitués'"]
    assert ran.err == "'none.txt' is in no language that has terms; say which with --language\n"
    assert (
        cli("lint", "fr.txt", "--language", "de").err == "flashdeck: there is no language with terms 'de'; there are 'en', 'fr'\n"
    )


def test_sarif_and_json_say_the_same(cli, deck, tmp_path):
    deck(TERMS)
    (tmp_path / "a b.txt").write_text("The child prostitutes.")

    sarif = json.loads(cli("lint", "a b.txt", "--format", "sarif", "--language", "en").out)
    plain = json.loads(cli("lint", "a b.txt", "--format", "json", "--language", "en").out)

    (result,) = sarif["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"], place["region"]) == ({"uri": "a%20b.txt"}, {"startLine": 1, "startColumn": 5})
    assert result["message"]["text"] == f"{plain[0]['message']}\n{plain[0]['help']}"
    assert (result["ruleId"], result["level"]) == (plain[0]["code"], plain[0]["level"])


@pytest.mark.parametrize(
    ("language", "typed", "fixed"),
    [
        (
            "en",
            "A child prostitute met two child prostitutes.",
            "A victim of sexual exploitation met two victims of sexual exploitation.",
        ),
        ("en", "Child prostitutes\r\nwere seen.\r\n", "Victims of sexual exploitation\r\nwere seen.\r\n"),
        ("en", "An underage client; UNDERAGE CLIENTS", "A child sex offender; CHILD SEX OFFENDERS"),
        ("en", "“A child prostitute”, he said of a child *prostitute*.", None),  # quoted; and with markup in it
        (
            "fr",
            "Des enfants prostitués et des clients mineurs",
            "Des victimes d’exploitation sexuelle et des agresseurs pédosexuels",
        ),
        ("fr", "Un enfant prostitué", None),  # "un" would have to become "une"
    ],
)
def test_fix_writes_the_preferred_term_in_the_same_number(cli, deck, tmp_path, language, typed, fixed):
    deck(TERMS)
    path = tmp_path / "a.md"
    path.write_bytes(typed.encode())

    shown = cli("lint", "a.md", "--fix", "--language", language)
    before = path.read_bytes()
    cli("lint", "a.md", "--fix", "--yes", "--language", language)

    assert before.decode() == typed
    assert path.read_bytes().decode() == (fixed or typed)
    if fixed:
        assert "flashdeck: nothing was written: with --yes, this is\n" in shown.err and shown.code == 2
        assert f"+{fixed.splitlines()[0]}" in shown.out.splitlines()


def bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(31):
            archive.writestr(f"word/{number}.xml", bytes(10_000_000))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("a.docx", b"no zip", "'a.docx' cannot be read as DOCX; save it anew, or as text"),
        ("a.pptx", b"PK\x03\x04" + bytes(100), "'a.pptx' cannot be read as PPTX; save it anew, or as text"),
        ("a.pdf", b"%PDF-1.4\n" + b"1 0 obj<</Kids[1 0 R]>>" * 5, "'a.pdf' cannot be read as PDF; save it anew, or as text"),
        ("a.txt", bytes(100), "'a.txt' is not a text file"),
        ("a.exe", b"MZ", "'a.exe' is none of .md, .markdown, .html, .htm, .xhtml, .txt, .text, .csv, .tsv, .docx, .pptx, .pdf"),
        ("a.md", None, "there is no file 'a.md'"),
    ],
)
def test_what_is_no_handout_is_one_line(cli, deck, tmp_path, name, data, line):
    deck(TERMS)
    if data is not None:
        (tmp_path / name).write_bytes(data)

    ran = cli("lint", name)

    assert (ran.code, ran.out, ran.err) == (2, "", f"flashdeck: {line}\n")


def test_an_archive_that_unpacks_to_hundreds_of_megabytes_is_not_unpacked(cli, deck, tmp_path):
    deck(TERMS)
    (tmp_path / "a.docx").write_bytes(bomb())

    ran = cli("lint", "a.docx")

    assert "or unpacks to too much; split it" in ran.err and ran.code == 2


def test_no_module_beside_a_handout_is_run(cli, deck, tmp_path):
    """The process that opens office files starts in the folder of its user: what lies there has the names of its libraries."""
    deck(TERMS)
    for name in ("docx.py", "json.py", "zipfile.py", "flashdeck.py"):
        (tmp_path / name).write_text("open('ran', 'w').close()")
    (tmp_path / "a.docx").write_bytes(b"no zip")

    cli("lint", "a.docx")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text",
    [sign * 20_000 for sign in ("<!--", "::", "@a.b", "](", "*A ", "[", "« ", "a/", "{{c1::", "```\n", "child <", "<q>", "-\n")]
    + ["<em>A" + " " * 200_000, '"' * 200_001, "`" * 100_001, "*A" + " b" * 100_000, "“" + "a" * 200_000],
    ids=lambda text: text[:7].strip(),
)
def test_no_text_takes_long(text):
    """A pattern that goes back and forth would take minutes for these; all of them take well under a second."""
    import time

    from flashdeck.wording.markup import read_markdown, read_plain_text

    start = time.process_time()
    read_markdown(text)
    read_plain_text(text)

    assert time.process_time() - start < 5


def test_a_file_of_nothing_but_discouraged_words_gives_its_first_thousand_places(cli, deck, tmp_path):
    deck(TERMS)
    (tmp_path / "a.txt").write_text("child prostitute " * 100_000)

    ran = cli("lint", "a.txt", "--language", "en")

    assert len(places(ran.out)) == 1000
    assert ran.err == "'a.txt': these are its first 1,000 places\n"
