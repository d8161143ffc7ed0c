"""How a language says that it speaks of a word and does not use it, and how it denies. All patterns are of folded text.

`before` ends where the discouraged words begin, `after` begins where they end. A language without cues has quotations only.
"""

import re
from typing import NamedTuple


class Cues(NamedTuple):
    """The patterns of one language."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    denied: re.Pattern[str]  # ends where the words begin; it teaches where the right words stand in the sentence, too
    unlike: re.Pattern[str]  # the same of "one thing is not the other": it teaches where what the rule is about is in the sentence
    listed: re.Pattern[str]  # what a table of terms says of the column of those to avoid
    joining: str  # words that may stand between terms of a list


NO_CUES = re.compile(r"(?!)")

CUES = {
    "en": Cues(
        re.compile(
            r"(?:\b(?:terms?|words?|expressions?|phrases?|labels?|wording|language)(?: (?:such as|like|of))?(?: (?:a|an|the))?"
            r"|\b(?:rather than|instead of|in place of|replaces?|replaced|replacing|so-called|as opposed to)(?: saying| writing| using)?"
            r"|\b(?:formerly|once|previously|earlier|wrongly|often|no longer|not be|never) (?:called|known as|named|termed|referred to as|labelled)"
            r"|\b(?:do not|don't|never|not to|avoid|stop|rather than|instead of|not) (?:say|saying|write|writing|use|using|speak of|speaking of|talk of|talking of)"
            r"(?: (?:the )?(?:words?|terms?|expressions?|phrases?))?)"
            r"(?: (?:the|a|an|of|as))?[ :,(\"']*$"
        ),
        re.compile(
            r"^[\"')]*,? (?:(?:is|are|was|were|remains?|has become|have become) (?:(?:an?|the|no|not an?) )?(?:[\w-]+ )?(?:terms?|words?|expressions?|labels?|phrases?)\b"
            r"|(?:is|are) (?:discouraged|outdated|deprecated|misleading|to be avoided|no longer (?:used|recommended|correct|appropriate))"
            r"|(?:should|must|ought to|need to|can|may|is to|are to) (?:not|no longer|never) be (?:used|said|written|called|taken)"
            r"|(?:should|must|is to|are to) be (?:avoided|replaced)|as a (?:term|word|label|phrase)\b)"
        ),
        re.compile(r"(?:\b(?:not|never|nor|neither|no|cannot)|n't)(?: [\w'-]+){0,5} ?$"),
        re.compile(
            r"(?:(?:\b(?:is|are|was|were|be)|'s|'re) (?:not|never|no)|\b(?:is|are|was|were)n't"
            r"|\b(?:not|never|cannot|n't) (?:mean|amount to|constitute|count as|equal|replace))(?: (?:an?|the|any|such|real|true|kind of|same as)){0,3} ?$"
        ),
        re.compile(r"\bavoid|\bdiscouraged|\bwith caution|\bdo not (?:use|say|write)\b|\bdon't\b"),
        "and or nor",
    ),
    "fr": Cues(
        re.compile(
            r"(?:\b(?:mots?|termes?|expressions?|locutions?|appellations?|vocables?|formules?|notion)(?: (?:comme|tels? que|telles? que))?"
            r"|\b(?:plutot que|au lieu de|a la place de|remplacer?|remplacent|en lieu et place de|soi-disant|pretendue?s?)"
            r"|\b(?:autrefois|jadis|encore|longtemps|a tort) (?:appele|nomme|qualifie)e?s?"
            r"|\b(?:ne (?:dites|ecrivez|parlez|disons|dit|parle)|n'(?:ecrivez|employez|utilisez|ecrit|emploie)|on ne (?:dit|parle)) (?:pas|plus|jamais)"
            r"|\bne (?:pas|plus|jamais) (?:dire|ecrire|employer|utiliser|parler)|\bevite(?:z|r|ns)? (?:de (?:dire|parler|ecrire)))"
            r"(?: (?:le|la|les|l'|de|d'|du|des|un|une|de la|de l'|le mot|le terme|l'expression))?[ :,(\"']*$"
        ),
        re.compile(
            r"^[\"')»]*,? (?:(?:est|sont|etait|etaient|reste|restent) (?:(?:un|une|le|la|des) )?(?:[\w-]+ )?(?:mots?|termes?|expressions?|locutions?|etiquettes?)\b"
            r"|(?:est|sont) (?:deconseille|a eviter|a proscrire|trompeu|impropre|depasse|desuet|abandonne)"
            r"|ne (?:doit|doivent|devrait|devraient|se|s') ?(?:pas|plus|jamais|dit|disent|emploie|ecrit)"
            r"|(?:doit|doivent|devrait|devraient) etre (?:evite|remplace|abandonne|proscrit|banni))"
        ),
        re.compile(r"(?:\bn(?:e |')(?:[\w']+ ){1,3}?(?:pas|plus|jamais|point|guere)|\bni|\bnon(?: pas)?|\bsans etre)(?:[ '](?:[\w-]+)){0,5}[ ']?$"),
        re.compile(
            r"\bn(?:e |')(?:est|sont|etait|etaient|vaut|valent|constitue|constituent|equivaut a|remplace|signifie|saurait etre) ?(?:pas|point|jamais|en rien)"
            r"(?: (?:un|une|le|la|les|des|du|de|d'|comme|veritable|a|au)){0,3} ?$"
        ),
        re.compile(r"\beviter|\bprudence|\bdeconseill|\bproscri|\bne pas (?:dire|ecrire|employer)|\bne dites pas"),
        "et ou ni",
    ),
    "es": Cues(
        re.compile(
            r"(?:\b(?:palabras?|terminos?|expresion|expresiones|vocablos?)(?: (?:como))?|\b(?:en lugar de|en vez de|mas que|sustituye|reemplaza)"
            r"|\b(?:no (?:diga|escriba|use|utilice|se dice)|evite (?:decir|escribir|usar)))(?: (?:el|la|los|las|un|una|de|del))?[ :,(\"']*$"
        ),
        re.compile(r"^[\"')»]*,? (?:(?:es|son) (?:un |una )?(?:terminos?|palabras?|expresion)|no (?:debe|deben) (?:usarse|emplearse)|debe evitarse|deben evitarse)"),
        re.compile(r"\b(?:no|nunca|ni|jamas)(?: [\w-]+){0,5} ?$"),
        re.compile(r"\bno (?:es|son|era|eran|equivale a|constituye)(?: (?:un|una|el|la|los|las)){0,1} ?$"),
        re.compile(r"\bevitar|\bdesaconsej|\bcautela|\bprudencia"),
        "y o ni e u",
    ),
    "ar": Cues(
        re.compile(r"(?:\b(?:مصطلح|كلمه|كلمة|عبارة|تعبير|لفظ)|\b(?:بدلا من|عوضا عن|لا تقل))[ :(\"']*$"),
        NO_CUES,
        re.compile(r"\b(?:ليس|ليست|لا|لم|لن)(?: \w+){0,5} ?$"),
        re.compile(r"\b(?:ليس|ليست) ?$"),
        re.compile(r"تجنب|بحذر"),
        "و او أو",
    ),
}  # fmt: skip
SILENT = Cues(NO_CUES, NO_CUES, NO_CUES, NO_CUES, NO_CUES, "")
