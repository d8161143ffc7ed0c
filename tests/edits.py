"""Two decks, and what an author may do to their files: what the tests of caches walk through."""

from pathlib import Path

CARDS = """kind: basic
cards:
  - {id: ID0, question: {fr: qID0, en: rID0}, answer: a, tags: [core]}
  - {id: ID1, question: 'What is *ID1*?', answer: {fr: b, en: c}}
  - {id: ID2, kind: cloze, text: 'The {{c1::ID2}} of {{c2::it}} in ID', tags: [late]}
"""
START = {
    "one/deck.yaml": "id: one\nname: One\nlanguages: [fr, en]\n",
    "one/a.yaml": CARDS.replace("ID", "a"),
    "one/sub/b.yaml": CARDS.replace("ID", "b"),
    "one/around.yaml": "references:\n  - {id: book, title: A Book, publisher: P, issued: 2020}\n"
    "courses:\n  - {id: course, include: {tags: [core]}}\n",
    "two/deck.yaml": "id: two\nname: Two\nlanguages: [en, de]\n",
    "two/c.yaml": CARDS.replace("ID", "c").replace("fr:", "de:"),
    "two/d.yaml": CARDS.replace("ID", "d").replace("fr:", "de:"),
}
# What an author may do to a file, as words to look for and what to write instead.
EDITS = [
    ("answer: a", "answer: other"),
    ("answer: other", "answer: a"),
    ("qa0", "qb0"),  # asks what another card asks
    ("qb0", "qa0"),
    ("id: a1", "id: b1"),
    ("id: b1", "id: a1"),
    ("tags: [core]", "tags: [core, new]"),
    ("tags: [core", "tags: [gone"),
    ("answer: {fr: b, en: c}", "answer: {en: c}"),
    ("answer: {en: c}", "answer: {fr: b, en: c}"),
    ("{{c2::it}}", "it"),  # the front of a card that learners have becomes empty
    ("of it", "of {{c2::it}}"),
    ("answer: a", "anwser: a"),
    ("anwser: a", "answer: a"),
    ("answer: a,", "answer: a, reference: book,"),
    ("reference: book", "reference: buch"),
    ("reference: buch", "reference: book"),
    ("{id: book,", "{id: books,"),
    ("{id: books,", "{id: book,"),
    ("issued: 2020", "issued: 2021"),
    ("- {id: a1", "- id: a1"),  # breaks YAML
    ("- id: a1", "- {id: a1"),
    ("answer: a", "guid: mine, answer: a"),
    ("answer: a", "answer: '![x](x.png)'"),
    ("answer: '![x](x.png)'", "answer: a"),
    ("answer: a", "answer: '<script>'"),
    ("answer: '<script>'", "answer: a"),
    ("kind: basic\ncards", "kind: basic\ntags: [all]\ncards"),
    ("include: {tags: [core]}", "include: {tags: [late]}"),
    ("include: {tags: [late]}", "include: {kinds: [cloze]}"),
    ("include: {kinds: [cloze]}", "include: {tags: [core]}"),
    ("languages: [en, de]", "languages: [en]"),
    ("languages: [en]", "languages: [en, de]"),
    ("name: Two", "name: Second"),
    ("answer: a", "answer: a, retired: {since: 2026-10, why: wrong}"),
    ("answer: a", "answer: a, retired: {since: 2026-10, why: wrong, replaced_by: b1}"),
    (", retired: {since: 2026-10, why: wrong}", ""),
    (", retired: {since: 2026-10, why: wrong, replaced_by: b1}", ""),
    ("answer: a", "question: again, answer: a"),
    ("question: again, ", ""),
    ("tags: [late]}\n", "tags: [late]}\n  - {override: one/a0, answer: overridden}\n"),
    ("tags: [late]}\n", "tags: [late]}\n  - {override: one/b1, question: {en: And what?}, tags: [mine]}\n"),
    ("tags: [late]}\n", "tags: [late]}\n  - {override: one/x0, answer: '![x](x.png)'}\n"),
    ("  - {override: one/a0, answer: overridden}\n", ""),
    ("override: one/a0", "override: one/unknown"),
    ("override: one/unknown", "override: one/a0"),
]


def write(texts: dict[str, str], decks: Path = Path("decks")) -> None:
    """Makes the decks hold these files and no others, touching none that is so already."""
    for path in list(decks.rglob("*.yaml")):
        if path.relative_to(decks).as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = decks / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
