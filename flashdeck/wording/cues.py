"""How a language says that it speaks of a word and does not use it, and how it denies. All patterns are of folded text.

A language without cues has quotations and tables only.
"""

import re
from typing import NamedTuple


class Cues(NamedTuple):
    """The patterns of one language."""

    before: re.Pattern[str]  # ends where the discouraged words begin
    after: re.Pattern[str]  # begins where they end
    denied: re.Pattern[str]  # ends where the words begin; it teaches where the right words stand in the sentence, too
    unlike: re.Pattern[
        str
    ]  # the same of "one thing is not the other": it teaches where what the rule is about is in the sentence
    listed: re.Pattern[str]  # what a table of terms says of the column of those to avoid
    joining: str = ""  # words that may stand between terms of a list


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern that is written on several lines, and means none of their ends."""
    return re.compile(re.sub(r"\n\s*", "", text))


NEVER = re.compile(r"(?!)")
SILENT = Cues(NEVER, NEVER, NEVER, NEVER, NEVER)
CUES = {
    "en": Cues(
        _pattern(r"""
            (?:(?<!in other )\b(?:terms?|words?|expressions?|phrases?|labels?|wording|language)
            (?: (?:such as|like|of))?(?: (?:an?|the))?
            |\b(?:rather than|instead of|in place of|replaces?|replaced|replacing|so-called|as opposed to)
            (?: saying| writing| using)?
            |\b(?:formerly|once|previously|earlier|wrongly|often|no longer|not be|never)
            (?: (?:called|known as|named|termed|referred to as|labelled))
            |\b(?:do not|don't|never|not to|avoid|stop|rather than|instead of|not)
            (?: (?:say|saying|write|writing|use|using|speak of|speaking of|talk of|talking of))
            (?: (?:the )?(?:words?|terms?|expressions?|phrases?))?)
            (?: (?:the|an?|of|as))?[ :(\"']*$"""),
        _pattern(r"""
            ^[\"')]*,? (?:(?:is|are|was|were|remains?|has become|have become)
            (?: (?:an?|the|no|not an?))?(?: [\w-]+)?[ ](?:terms?|words?|expressions?|labels?|phrases?)\b
            |(?:is|are) (?:discouraged|outdated|deprecated|misleading|to be avoided
            |no longer (?:used|recommended|correct|appropriate))
            |(?:should|must|ought to|need to|can|may|is to|are to) (?:not|no longer|never) be (?:used|said|written|called|taken)
            |(?:should|must|is to|are to) be (?:avoided|replaced)
            |as a (?:term|word|label|phrase)\b)"""),
        _pattern(r"(?:\b(?:not|never|nor|neither|no|cannot)|n't)(?: [\w'-]+){0,5} ?$"),
        _pattern(r"""
            (?:(?:\b(?:is|are|was|were|be)|'s|'re) (?:not|never|no)|\b(?:is|are|was|were)n't
            |\b(?:not|never|cannot|n't) (?:mean|amount to|constitute|count as|equal|replace))
            (?: (?:an?|the|any|such|real|true|kind of|same as)){0,3} ?$"""),
        _pattern(r"\bavoid|\bdiscouraged|\bwith caution|\bdo not (?:use|say|write)\b|\bdon't\b"),
        "and or nor",
    ),
    "fr": Cues(
        _pattern(r"""
            (?:\b(?:mots?|termes?|expressions?|locutions?|appellations?|vocables?|formules?|notion)
            (?: (?:comme|tels? que|telles? que))?
            |\b(?:plutot que|au lieu de|a la place de|remplacer?|remplacent|en lieu et place de|soi-disant|pretendue?s?)
            |\b(?:autrefois|jadis|encore|longtemps|a tort) (?:appele|nomme|qualifie)e?s?
            |\bn(?:e |')(?:dit|dite?s|disent|disons|ecri\w+|parl\w+|emplo\w+|utilis\w+) (?:pas|plus|jamais)
            |\bne (?:pas|plus|jamais) (?:dire|ecrire|employer|utiliser|parler)
            |\bevite(?:z|r|ns)? de (?:dire|parler|ecrire))
            (?: (?:le|la|les|l'|de|d'|du|des|un|une|de la|de l'|le mot|le terme|l'expression))?[ :(\"']*$"""),
        _pattern(r"""
            ^[\"')»]*,? (?:(?:est|sont|etait|etaient|reste|restent)
            (?: (?:un|une|le|la|des))?(?: [\w-]+)? (?:mots?|termes?|expressions?|locutions?|etiquettes?)\b
            |(?:est|sont) (?:deconseille|a eviter|a proscrire|trompeu|impropre|depasse|desuet|abandonne)
            |ne (?:doit|doivent|devrait|devraient|se|s') ?(?:pas|plus|jamais|dit|disent|emploie|ecrit)
            |(?:doit|doivent|devrait|devraient) etre (?:evite|remplace|abandonne|proscrit|banni))"""),
        _pattern(r"""
            (?:\bn(?:e |')(?:[\w']+ ){1,3}?(?:pas|plus|jamais|point|guere)|\bni|\bnon(?: pas)?|\bsans etre)
            (?:[ '](?:[\w-]+)){0,5}[ ']?$"""),
        _pattern(r"""
            \bn(?:e |')(?:est|sont|etait|etaient|vaut|valent|constitue|constituent|equivaut a|remplace|signifie|saurait etre)
            [ ]?(?:pas|point|jamais|en rien)(?: (?:un|une|le|la|les|des|du|de|d'|comme|veritable|a|au)){0,3} ?$"""),
        _pattern(r"\beviter|\bprudence|\bdeconseill|\bproscri|\bne pas (?:dire|ecrire|employer)|\bne dites pas"),
        "et ou ni",
    ),
    "es": Cues(
        _pattern(r"""
            (?:\b(?:palabras?|terminos?|expresion|expresiones|vocablos?)(?: como)?
            |\b(?:en lugar de|en vez de|mas que|sustituye|reemplaza)
            |\b(?:no (?:diga|escriba|use|utilice|se dice)|evite (?:decir|escribir|usar)))
            (?: (?:el|la|los|las|un|una|de|del))?[ :(\"']*$"""),
        _pattern(r"""
            ^[\"')»]*,? (?:(?:es|son) (?:un |una )?(?:terminos?|palabras?|expresion)
            |no (?:debe|deben) (?:usarse|emplearse)|deben? evitarse)"""),
        _pattern(r"\b(?:no|nunca|ni|jamas)(?: [\w-]+){0,5} ?$"),
        _pattern(r"\bno (?:es|son|era|eran|equivale a|constituye)(?: (?:un|una|el|la|los|las))? ?$"),
        _pattern(r"\bevitar|\bdesaconsej|\bcautela|\bprudencia"),
        "y o ni e u",
    ),
    "ar": Cues(
        _pattern("\\b(?:مصطلح|كلمة|عبارة|تعبير|لفظ|بدلا من|عوضا عن|لا تقل)[ :(\"']*$"),
        NEVER,
        _pattern(r"\b(?:ليس|ليست|لا|لم|لن)(?: \w+){0,5} ?$"),
        _pattern(r"\b(?:ليس|ليست) ?$"),
        _pattern("تجنب|بحذر"),
        "و او",
    ),
}
