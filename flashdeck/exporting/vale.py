"""Term cards as a style for Vale, a checker of prose, with a rule for each card.

A rule of Vale's has one level, one message and one link, so each card gets a file of its own: its level says whether a build
fails, its message has the reason, and who disagrees with one card can switch off that one. Vale knows no languages, hence a style
for each.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from flashdeck.diagnostics.render import count
from flashdeck.exporting.cards import Exported, ExportOptions, list_cards, select_cards
from flashdeck.exporting.terms import Term, find_untranslated, to_terms
from flashdeck.model.courses import Course
from flashdeck.model.decks import Deck
from flashdeck.pipeline import Project
from flashdeck.release.packages import Target
from flashdeck.wording.forms import find_forms, fold, split
from flashdeck.wording.search import Forms, split_phrase

BETWEEN = r"[\s'’-]+"  # the words of a phrase
LONGEST_KEY = 1000  # characters: what is longer is no key to YAML, unless a question mark says so
GROUP = re.compile(r"\$(?=\d)")


def export_vale(project: Project, target: Deck | Course, options: ExportOptions) -> Exported:
    """The folder of a style for each language, with a file for each term card, and how to use it."""
    cards = select_cards(project.facts, target, options)
    files: dict[str, bytes] = {}
    contents: dict[str, str] = {}
    left_out: list[str] = []
    for language in options.languages:
        style = _to_name(Target(target, language, options.filter).name)
        terms = list(to_terms(cards, [language], project.frame.references))
        words = {word for term in terms for text in _list_phrases(term) for word in split(text)}
        forms = find_forms(words, language)
        rules = {
            f"styles/{style}/{_to_name(term.card.full_id)}.yml": f"{_to_comment(style)}{text}\n".encode()
            for term in terms
            if (text := "\n".join(_to_rule(term, forms)))
        }
        left_out += [*find_untranslated(style, cards, [language]), *_find_missing(style, terms)]
        if rules:
            files |= rules
            contents[f"styles/{style}"] = count(len(rules), "rule")
    return Exported(files, contents, left_out)


def _to_name(id: str) -> str:
    """A name for Vale, in which a dot separates a style from a rule. In ids, no two of these signs stand beside one another."""
    return id.replace("/", "--").replace(".", "__")


def _find_missing(style: str, terms: Sequence[Term]) -> Iterator[str]:
    """What the rules say otherwise than the cards."""
    silent = [term.card for term in terms if not term.rule and "find" not in term.card.values]
    if silent:
        what = f"{count(len(silent), 'card')} whose terms stand so in no text, and that have no 'find'"
        yield f"{style}: {what}: {list_cards(silent)}"
    bound = [term.card for term in terms if term.rule and {*term.rule.finds} - {*_list_phrases(term)}]
    if bound:
        yield f"{style}: words to find only beside others, since Vale cannot look there: {list_cards(bound)}"
    free = [term.card for term in terms if term.rule and term.rule.not_near and _list_phrases(term)]
    if free:
        yield f"{style}: words beside which a term is right ('not_near'), so Vale reports too much: {list_cards(free)}"


def _list_phrases(term: Term) -> list[str]:
    """What Vale can find of a term: it does not see what else is in a sentence."""
    if not term.rule or term.rule.only_near:
        return []
    return [text for text in term.rule.finds if not split_phrase(text)[1] and split(text)]


def _to_comment(style: str) -> str:
    """How to use the style, for whoever opens a file of it."""
    return f"# Made by flashdeck. To use it, in .vale.ini:\n#   StylesPath = styles\n#   [*.md]\n#   BasedOnStyles = {style}\n"


def _to_rule(term: Term, forms: Forms) -> Iterator[str]:
    """The lines of a rule; none where its card has no term that could be found."""
    phrases = _list_phrases(term)
    if not phrases or not term.preferred:
        return
    instead = "|".join(GROUP.sub("$$$$", text.replace("|", "/")) for text in term.preferred)
    message = "Use '%s' instead of '%s'." + f" {term.why}".replace("%", "%%").rstrip()
    yield "extends: substitution"
    yield f"message: {_quote(message)}"
    yield f"level: {'error' if term.is_forbidden else 'warning'}"
    if link := next((one.url for one in term.references if one.url), ""):
        yield f"link: {_quote(link)}"
    yield "ignorecase: true"
    yield "action:\n  name: replace"
    yield "swap:"
    for text in dict.fromkeys(_to_pattern(phrase, forms) for phrase in phrases):
        key, value = _quote(text), _quote(instead)
        yield f"  {key}: {value}" if len(key) < LONGEST_KEY else f"  ? {key}\n  : {value}"


def _to_pattern(phrase: str, forms: Forms) -> str:
    """A regular expression for the words of a phrase in all their forms, with or without the accents that it has."""
    accents: dict[str, str] = {}
    for sign in dict.fromkeys(phrase.lower()):
        if sign.isalpha() and (plain := fold(sign)) != sign:
            accents[plain] = accents.get(plain, plain) + sign

    def spell(form: str) -> str:
        return "".join(f"[{accents[sign]}]" if sign in accents else sign for sign in form)

    patterns = []
    for word in split(phrase):
        same = takewhile(lambda signs: len({*signs}) == 1, zip(*forms[word], strict=False))
        stem = "".join(signs[0] for signs in same)
        endings = sorted((form[len(stem) :] for form in forms[word]), key=lambda ending: (-len(ending), ending))
        patterns.append(spell(stem) + (f"(?:{'|'.join(map(spell, endings))})" if len(endings) > 1 else ""))
    return BETWEEN.join(patterns)


def _quote(text: str) -> str:
    """A text of one line in YAML, where nothing in it means anything."""
    return "'" + text.replace("'", "''") + "'"
