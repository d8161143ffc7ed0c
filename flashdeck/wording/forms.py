"""All forms of a word: those that a dictionary knows, and those that regular endings make of words it does not know.

The only module that knows simplemma. Its dictionaries lead from a form to its headword, and are searched backwards: some tenths
of a second a language, so what is found is kept (`build/discouraged_terms.py`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from unicodedata import category, normalize

# By language: an ending, and what stands in its place in the other forms of the word; the first that fits counts. All folded.
ENDINGS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "en": (("(?<=[^aeiou])y", ("ies",)), ("(s|x|z|ch|sh)", (r"\1es",)), ("", ("s",))),
    "fr": (
        ("eur", ("eurs", "eure", "eures", "euse", "euses", "rice", "rices")),
        ("if", ("ifs", "ive", "ives")),
        ("([eo])([ln])", (r"\1\2s", r"\1\2\2e", r"\1\2\2es")),
        ("al", ("als", "ale", "aux", "ales")),
        ("(eau|eu)", (r"\1x",)),
        ("([sxz])", (r"\1e", r"\1es")),
        ("e", ("es", "ee", "ees")),
        ("", ("s", "e", "es")),
    ),
    "es": (
        ("o", ("os", "a", "as")),
        ("or", ("ores", "ora", "oras")),
        ("z", ("ces",)),
        ("([aeiu])", (r"\1s",)),
        ("", ("es", "a", "as")),
    ),
    "de": (("", ("e", "en", "er", "ern", "es", "n", "s")),),
    "ar": (("\u0629", ("\u0627\u062a",)), ("", ("\u0627\u062a", "\u0648\u0646", "\u064a\u0646", "\u0627\u0646", "\u0629"))),
}
# Arabic writes its article, and some prepositions and conjunctions, together with the word.
PREFIXES: Mapping[str, str] = {
    "ar": "(?:[\u0648\u0641])?(?:\u0627\u0644|\u0628\u0627\u0644|\u0643\u0627\u0644|\u0644\u0644|[\u0628\u0644\u0643])?"
}
REGULAR = ("es",)  # languages whose nouns and adjectives need no dictionary; to open that of Spanish takes seconds
INVARIABLE = frozenset(
    "a an and by for from in of on the to with au aux avec dans de des du en et la le les par sur un une"
    " con del el las los para por y".split()
)
VERBAL = ("ed", "ing", "ly")  # of English: who says "a child prostituted by others" says the right thing


class _Fold(dict[int, str]):
    """Of each character, the small letter without its accent; apostrophes, dashes and blanks in one form each."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        small = sign.lower() if len(sign.lower()) == 1 else sign
        parts = normalize("NFD", small)
        base, marks = parts[0], parts[1:]
        kind = category(sign)
        folded = "'" if sign in "\u2019\u02bc\u2018" else "-" if kind == "Pd" else " " if kind == "Zs" else small
        self[code] = base if marks and all(category(mark) == "Mn" for mark in marks) else folded
        return self[code]


_FOLD = _Fold()


def fold(text: str) -> str:
    """A text as texts are compared, sign by sign: headlines and scans have lost their accents."""
    return text.translate(_FOLD)


def split(phrase: str) -> list[str]:
    """The words of a phrase."""
    return re.findall(r"[^\W_]+", phrase.lower())


def find_forms(words: Collection[str], language: str) -> dict[str, list[str]]:
    """All forms of some words, each among its own. The forms are folded."""
    code = language.partition("-")[0]
    inflected = {
        word for word in words if word not in INVARIABLE and len(word) > 1 and not (code == "en" and word.endswith(VERBAL))
    }
    known = _find_in_dictionary(inflected, code)
    found = {word: {fold(word), *(fold(form) for form in known.get(word, ()) if form.isalpha())} for word in words}
    for word in inflected:
        found[word] |= _inflect(fold(word), code)
        if code == "en":
            found[word] = {form for form in found[word] if not form.endswith(VERBAL)}
    return {word: sorted(forms) for word, forms in found.items()}


def _inflect(word: str, language: str) -> set[str]:
    for ending, others in ENDINGS.get(language, ()):
        if re.search(f"{ending}$", word):
            return {re.sub(f"{ending}$", other, word, count=1) for other in others}
    return set()


def _find_in_dictionary(words: Collection[str], language: str) -> dict[str, set[str]]:
    if language in REGULAR or not words:
        return {}
    headwords, forms = open_dictionary(language)
    return {word: {*forms.get(headwords.get(word, word), ())} for word in words}


@cache
def open_dictionary(language: str) -> tuple[Mapping[str, str], Mapping[str, Sequence[str]]]:
    """The headwords of forms, and the forms of headwords, that are known of a language; empty where none are."""
    from simplemma.strategies.dictionaries import DefaultDictionaryFactory  # a check that has its forms needs none

    try:
        headwords = DefaultDictionaryFactory().get_dictionary(language)
    except ValueError:  # a language without a dictionary
        return {}, {}
    forms: dict[str, list[str]] = {}
    for form, headword in headwords.items():
        forms.setdefault(headword, []).append(form)
    return headwords, forms
