"""What a spreadsheet shows of a number, day or time: the value and its number format (`0.00`, `dd/mm/yyyy`) -> a text. Pure.

A workbook does not say in whose language its author saw it: names of months, and the signs in numbers, are those of the deck's.
"""

import locale
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from math import floor, isfinite, log10

from babel import Locale, UnknownLocaleError

Shown = int | float | bool | date | datetime | time | timedelta | str

# These are the system's own form of a day or time, and no file says which that is: they are shown as ISO 8601 has them.
OF_SYSTEM = re.compile(r"mm-dd-yy|m/d/yy h:mm|.*\[\$-(?:F800|F400|x-sys\w+)\].*", re.I)
LONG = Context(prec=700)  # digits: the largest number has 308, and a format may ask for as many after the point
MOST_DIGITS = 15  # of a whole number; a spreadsheet knows no more
TOKEN = re.compile(
    r"""(?P<text>"[^"]*"|\\.|_.|\*.)|\[(?P<bracket>[^\[\]]*)\]|(?P<general>General)"""
    r"|(?P<day>yyyy|yy|y|mmmmm|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm|a/p|e+(?![+-]))"
    r"|(?P<digits>[0#?][0#?,]*(?:\.[0#?]*)?|\.[0#?]+)|(?P<exponent>E[+-]0+)|(?P<percent>%)|(?P<at>@)|(?P<sign>.)",
    re.I | re.S,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class _Section:
    """One of the parts of a format, which are for different numbers."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, float] | None
    language: str

    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.tokens}


def show(value: Shown, format: str, language: str = "en") -> str:
    """A value as a spreadsheet shows it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    sections = _parse(format)
    if isinstance(value, date | time | timedelta):
        return _show_day(value, format, sections, language)
    return _show_number(value, sections, language)


@lru_cache(maxsize=500)
def _parse(format: str) -> tuple[_Section, ...]:
    sections: list[list[tuple[str, str]]] = [[]]
    for found in TOKEN.finditer(format):
        kind = str(found.lastgroup)
        if kind == "sign" and found[0] == ";":
            sections.append([])
        elif kind == "text" and found[0][0] in "_*":  # as wide as a sign, and what fills the cell
            sections[-1].append(("text", " " if found[0][0] == "_" else ""))
        elif kind == "text":
            sections[-1].append(("text", found[0].strip('"') if found[0][0] == '"' else found[0][1:]))
        else:
            sections[-1].append((kind, found[kind]))
    return tuple(map(_to_section, sections))


def _to_section(tokens: Sequence[tuple[str, str]]) -> _Section:
    condition, language, kept = None, "", []
    for kind, text in tokens:
        if kind != "bracket":
            kept.append((kind, text))
        elif found := CONDITION.fullmatch(text):
            condition = (found[1], float(found[2]))
        elif text.startswith("$"):  # a currency, a language, or both: [$€-407]
            sign, _, code = text[1:].partition("-")
            language = _to_language(code) or language
            kept += [("text", sign)] if sign else []
        elif re.fullmatch("h+|m+|s+", text, re.I):
            kept.append(("elapsed", text.lower()))
    return _Section(tuple(kept), condition, language)


def _to_language(code: str) -> str:
    """The language of a format: `407` and `de-DE` are German."""
    name = code.partition(",")[0]
    if re.fullmatch("[0-9A-Fa-f]{3,8}", name):
        return locale.windows_locale.get(int(name, 16) & 0xFFFF, "")
    return name.replace("-", "_") if re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z]{2,4})*", name) else ""


@lru_cache(maxsize=50)
def _find_locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-" if "-" in language else "_")
    except (ValueError, UnknownLocaleError):
        return Locale("en")


# ---- numbers -------------------------------------------------------------------------------------------------------------


def _show_number(value: float, sections: tuple[_Section, ...], language: str) -> str:
    section, number = _choose(value, sections)
    place = _find_locale(language)
    kinds = section.kinds()
    if not section.tokens:
        return ""
    if kinds & {"general", "at"} or not kinds & {"digits", "percent", "text", "sign", "exponent"}:
        shown = _in_signs_of(_to_general(number), place)
        return _join(section, lambda kind, text: shown if kind in ("general", "at") else text if kind in ("text", "sign") else "")
    if any(text == "/" for kind, text in section.tokens if kind == "sign") and "digits" in kinds:
        return _show_fraction(number, section)
    number *= 100 ** sum(kind == "percent" for kind, _ in section.tokens)
    digits = [text for kind, text in section.tokens if kind == "digits"]
    exponent = next((text for kind, text in section.tokens if kind == "exponent"), "")
    parts = _to_parts(number, digits, exponent, place)
    return _join(section, lambda kind, text: parts.pop(0) if kind in ("digits", "exponent") else text)


def _join(section: _Section, write: Callable[[str, str], str]) -> str:
    return "".join(write(kind, text) for kind, text in section.tokens).strip()


def _choose(value: float, sections: tuple[_Section, ...]) -> tuple[_Section, float]:
    """The part of the format that is for a number, and the number that it shows."""
    with_condition = [section for section in sections if section.condition]
    for section in with_condition:
        if section.condition and _holds(value, *section.condition):
            return section, value
    if with_condition:
        rest = [section for section in sections if not section.condition]
        return (rest or [sections[-1]])[0], value
    if value < 0 and len(sections) > 1:
        return sections[1], -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        ">": value > limit,
        "=": value == limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "<>": value != limit,
    }[sign]


def _to_general(value: float) -> str:
    """A number without a format: all digits of a whole one, else ten, and powers of ten where those are not enough."""
    if value == int(value) and abs(value) < 10**MOST_DIGITS:
        return str(int(value))
    exponent = floor(log10(abs(value)))
    if -10 < exponent < 11:
        text = f"{Decimal(repr(value)):.{9 - max(exponent, 0)}f}".rstrip("0").rstrip(".")
        if exponent > -5 or float(text) == value:
            return text
    mantissa, _, power = f"{value:.5E}".partition("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{power}"


def _to_parts(value: float, digits: list[str], exponent: str, place: Locale) -> list[str]:
    """What stands at each place of digits in a format, and at its exponent."""
    pattern = "".join(digits)
    whole, point, decimals = pattern.partition(".")
    number = Decimal(repr(value))
    power = 0
    if exponent:
        power = number.adjusted() if number else 0
        number = number.scaleb(-power)
    scale = len(whole) - len(whole.rstrip(","))
    grouped = "," in whole.rstrip(",")
    whole = whole.replace(",", "")
    number = number.scaleb(-3 * scale)
    rounded = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP, LONG)
    sign = "-" if rounded < 0 else ""
    before, _, after = f"{abs(rounded):f}".partition(".")
    least = len(re.sub("[#?]", "", whole))
    before = before.lstrip("0").rjust(least, "0")
    if grouped:
        before = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", before)
    while after and after[-1] == "0" and decimals[len(after) - 1] in "#?":
        after = after[:-1]
    shown = _in_signs_of(f"{sign}{before}{point}{after}", place)
    if len(digits) > 1 and not exponent:  # digits with signs between them, as in a phone number: 00-00
        parts: list[str] = []
        for text in reversed(digits[1:]):
            parts.insert(0, shown[-len(text) :])
            shown = shown[: -len(text)]
        return [shown, *parts]
    return [shown, *[""] * (len(digits) - 1)] + ([_to_power(power, exponent)] if exponent else [])


def _to_power(power: int, exponent: str) -> str:
    sign = "-" if power < 0 else "+" if "+" in exponent else ""
    return f"E{sign}{abs(power):0{len(exponent) - 2}d}"


def _in_signs_of(number: str, place: Locale) -> str:
    """A number with the signs that a language has for thousands and decimals."""
    symbols = place.number_symbols.get("latn", {})
    signs = {".": symbols.get("decimal", "."), ",": symbols.get("group", ",")}
    return re.sub("[.,]", lambda found: str(signs[found[0]]), number)


def _show_fraction(value: float, section: _Section) -> str:
    """A number as `1 3/4`."""
    texts = [text for kind, text in section.tokens if kind in ("digits", "sign")]
    at = texts.index("/")
    below = "".join(text for text in texts[at + 1 :] if text.strip())
    mixed = len([text for text in texts[:at] if text.strip()]) > 1
    fraction = Fraction(Decimal(repr(abs(value))))
    if below.isdecimal() and int(below):
        above, under = round(fraction * int(below)), int(below)
    else:
        above, under = fraction.limit_denominator(10 ** len(below) - 1).as_integer_ratio()
    whole, rest = divmod(above, under) if mixed else (0, above)
    parts = [str(whole)] if whole or not rest else []
    parts += [f"{rest}/{under}"] if rest or not mixed else []
    return ("-" if value < 0 else "") + " ".join(parts)


# ---- days and times ------------------------------------------------------------------------------------------------------


def to_iso(value: date | time | timedelta) -> str:
    """A day or time as ISO 8601 writes it, without a time of midnight or seconds of 0."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else f"{value.date().isoformat()} {to_iso(value.time())}"
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    return value.isoformat()


def _show_day(value: date | time | timedelta, format: str, sections: tuple[_Section, ...], language: str) -> str:
    section = sections[0]
    if OF_SYSTEM.fullmatch(format) or not section.kinds() & {"day", "elapsed"}:
        return to_iso(value)
    place = _find_locale(section.language or language)
    if isinstance(value, timedelta):
        day, seconds = datetime(1899, 12, 30), value.total_seconds()  # noqa: DTZ001 (a spreadsheet knows no time zones)
        moment = day + value
    elif isinstance(value, time):
        moment = datetime.combine(date(1899, 12, 30), value)
        seconds = (moment - datetime(1899, 12, 30)).total_seconds()  # noqa: DTZ001
    else:
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        seconds = (moment - datetime(1899, 12, 30)).total_seconds()  # noqa: DTZ001
    tokens = [(kind, text.lower() if kind == "day" else text) for kind, text in section.tokens]
    halves = any(text in ("am/pm", "a/p") for _, text in tokens)
    parts = []
    for at, (kind, text) in enumerate(tokens):
        if kind == "day":
            parts.append(_show_part(moment, text, _is_minute(tokens, at), halves, place))
        elif kind == "elapsed":
            parts.append(f"{int(seconds // {'h': 3600, 'm': 60, 's': 1}[text[0]]):0{len(text)}d}")
        elif kind == "digits" and text.startswith("."):  # parts of a second
            parts.append(f"{moment.microsecond / 1e6:.{len(text) - 1}f}"[1:])
        else:
            parts.append(text if kind in ("text", "sign") else "")
    return "".join(parts).strip()


def _is_minute(tokens: Sequence[tuple[str, str]], at: int) -> bool:
    """Whether an `m` stands for minutes: it follows hours, or seconds follow it."""
    parts = [(place, text) for place, (kind, text) in enumerate(tokens) if kind in ("day", "elapsed")]
    here = next(number for number, (place, _) in enumerate(parts) if place == at)
    before = parts[here - 1][1] if here else ""
    after = parts[here + 1][1] if here + 1 < len(parts) else ""
    return tokens[at][1] in ("m", "mm") and (before[:1] == "h" or after[:1] == "s")


def _show_part(moment: datetime, text: str, minute: bool, halves: bool, place: Locale) -> str:
    if minute:
        return f"{moment.minute:0{len(text)}d}"
    if text[0] in "ye":
        return f"{moment.year % 100:02d}" if len(text) <= 2 and text[0] == "y" else str(moment.year)
    if text[0] == "m" and len(text) > 2:
        names = place.months["format"]["abbreviated" if text == "mmm" else "wide"]
        name = str(names[moment.month])
        return name[0] if len(text) == 5 else name
    if text[0] == "d" and len(text) > 2:
        return str(place.days["format"]["abbreviated" if text == "ddd" else "wide"][moment.weekday()])
    if text[0] == "a":
        name = "AM" if moment.hour < 12 else "PM"
        return name if text == "am/pm" else name[0]
    number = {"m": moment.month, "d": moment.day, "h": moment.hour, "s": moment.second}[text[0]]
    if text[0] == "h" and halves:
        number = number % 12 or 12
    return f"{number:0{len(text)}d}"
