"""The preferred term in place of a discouraged one, where one can stand for the other: a noun for a noun, in the same number.

It is done only where nothing else in the sentence has to change with it: other words are left to their author.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import unified_diff

from flashdeck.handouts.lint import Finding
from flashdeck.handouts.read import Handout
from flashdeck.wording.forms import fold, split
from flashdeck.wording.rules import PLAIN, Rule

# By language: where the nouns of a term end. French and Spanish nouns come first, with their adjectives; English ones come last.
JOINTS = {
    "en": "of in for with to by from that who which whose on".split(),
    "fr": "de d du des à a aux au en dans pour par sur avec qui que contre".split(),
    "es": "de del a al en para por con que contra".split(),
}
# A determiner in the singular has a gender, and "la" and "le" an elision: only who writes the sentence knows both.
GENDERED = {
    "fr": "le la l un une du au cet cette ce son sa mon ma leur de d quelle quel toute tout aucune aucun cela".split(),
    "es": "el la un una del al este esta su ese esa".split(),
}
IRREGULAR = {"en": {"child": "children", "man": "men", "woman": "women", "person": "people"}}
Forms = Mapping[str, Iterable[str]]


def fix(handout: Handout, findings: Iterable[Finding], language: str) -> str:
    """The text of a handout with the terms replaced that can be."""
    text = handout.parts[0].text
    for finding in sorted(findings, key=lambda finding: -finding.hit.start):
        hit = finding.hit
        if new := find_replacement(text[: hit.start], text[hit.start : hit.end], hit.rule, hit.phrase, language):
            before = text[: hit.start]
            if language.startswith("en"):
                before = _fit_article(before, new)
            text = before + new + text[hit.end :]
    return text


def show_difference(handout: Handout, text: str) -> str:
    """What a correction changes, as a unified diff."""
    old, name = handout.parts[0].text, str(handout.path)
    lines = unified_diff(old.splitlines(keepends=True), text.splitlines(keepends=True), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines).rstrip("\n")


def to_bytes(handout: Handout, text: str) -> bytes:
    """A corrected text as the file that it was."""
    return b"\xef\xbb\xbf" * handout.bom + text.replace("\n", handout.newline).encode()


def find_replacement(before: str, typed: str, rule: Rule, phrase: str, language: str) -> str:
    """What can stand in place of the words of a hit; empty where that takes its author."""
    code = language.partition("-")[0]
    words, found = split(phrase), re.findall(r"[^\W_]+", typed)
    terms = {tuple(map(fold, split(re.sub(r"\s*\(.*", "", text)))) for text in rule.avoids}
    preferred = next((text for text in map(_strip, rule.prefers) if PLAIN.fullmatch(text)), "")
    if re.search(r"[^\w\s'’-]", typed):  # markup is in it
        return ""
    if code not in JOINTS or tuple(map(fold, words)) not in terms or not preferred or len(words) != len(found):
        return ""
    plural = _is_plural(found, code)
    last = re.findall(r"[^\W_]+", before[-40:])[-1:]
    if plural is None or (not plural and last and fold(last[0]) in GENDERED.get(code, ())):
        return ""
    new = _in_number(preferred, plural, code)
    if not new:
        return ""
    if typed.isupper():
        return new.upper()
    return new[0].upper() + new[1:] if typed[0].isupper() else new if new[1:2].isupper() else new[0].lower() + new[1:]


def _strip(text: str) -> str:
    return re.sub(r"\s*\([^()]*\)$", "", text).strip()


def _heads(words: list[str], language: str) -> list[int]:
    """Which words of a term have its number."""
    end = next((at for at, word in enumerate(words) if at and fold(word) in JOINTS[language]), len(words))
    return [end - 1] if language == "en" else [*range(end)]


def _is_plural(words: list[str], language: str) -> bool | None:
    """Whether a term is in the plural; None where its words disagree."""
    numbers = {_is_plural_word(fold(words[at]), language) for at in _heads(words, language)}
    return numbers.pop() if len(numbers) == 1 else None


def _is_plural_word(word: str, language: str) -> bool:
    if word in IRREGULAR.get(language, {}).values() or (language == "fr" and word.endswith("aux")):
        return True
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _in_number(term: str, plural: bool, language: str) -> str:
    """A term in the singular or plural; empty where its endings do not say how."""
    pieces = re.split(r"([^\W_]+)", term)
    words = pieces[1::2]
    for at in _heads(words, language):
        word = words[at]
        if _is_plural_word(fold(word), language) == plural:
            continue
        new = _to_plural(word, language) if plural else _to_singular(word, language)
        if not new:
            return ""
        pieces[2 * at + 1] = new
    return "".join(pieces)


def _to_plural(word: str, language: str) -> str:
    if irregular := IRREGULAR.get(language, {}).get(word.lower()):
        return word[0] + irregular[1:]
    if language == "en":
        if re.search(r"[^aeiou]y$", word):
            return word[:-1] + "ies"
        return word + ("es" if re.search(r"(?:s|x|z|ch|sh)$", word) else "s")
    if language == "fr":
        return word if re.search(r"[sxz]$", word) else word[:-1] + "ux" if word.endswith("al") else word + "s"
    return word + ("s" if re.search(r"[aeiouáéó]$", word) else "es")


def _to_singular(word: str, language: str) -> str:
    singulars = {many: one for one, many in IRREGULAR.get(language, {}).items()}
    if word.lower() in singulars:
        return word[0] + singulars[word.lower()][1:]
    if language == "en" and word.endswith("ies"):
        return word[:-3] + "y"
    doubtful = ("ss",) if language == "fr" else ("es", "ss")
    return word[:-1] if word.endswith("s") and not word.endswith(doubtful) else ""


def _fit_article(before: str, new: str) -> str:
    """What stands before an English noun, with `a` or `an` as it begins."""
    found = re.search(r"\b([Aa])(n?)(\s+)$", before)
    return before[: found.start()] + found[1] + ("n" if new[0].lower() in "aeiou" else "") + found[3] if found else before
