"""From a cell's text to a typed value: number, unit, scale, precision, year; or a date (paper 3.2, schema extraction).

`$722.912 billion (2024 est.)` is 722,912,000,000 of the unit `$`, written in 10^9, for 2024, an estimate. What is not
one plain number is refused: ranges, inequalities, several numbers, a number inside a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

MOST_DIGITS = 24
MOST_UNIT_WORDS = 7
LONGEST_VALUE = 200  # characters
LONGEST_NOTE = 80

MAGNITUDES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "bn": 9, "mn": 6, "tn": 12}
SCALE_WORDS = {0: "", 3: "thousand", 6: "million", 9: "billion", 12: "trillion"}
# Units that are another one times a power of ten; everything else keeps its name.
EXACT_UNITS = {
    "W": ("kW", -3), "MW": ("kW", 3), "GW": ("kW", 6), "TW": ("kW", 9),
    "Wh": ("kWh", -3), "MWh": ("kWh", 3), "GWh": ("kWh", 6), "TWh": ("kWh", 9),
}  # fmt: skip
CURRENCIES = {"US$": "$", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "RMB"}

_MISSING = {"", "-", "–", "—", "−", "--", "na", "n/a", "n.a.", "n.a", "nil", "none", "...", "..", "nm", "n.m."}
_APPROXIMATE = re.compile(r"(?:about|approximately|approx\.?|around|roughly|circa|ca\.|(?:an )?estimated|~|≈)\s*", re.I)
_CURRENCY = r"US\$|A\$|C\$|NZ\$|HK\$|S\$|R\$|[$€£¥₹]|(?:USD|EUR|GBP|JPY|INR|CNY|RMB|CHF)\b"
_NUMBER = re.compile(
    rf"""
    (?P<open>\(\s?)?
    (?P<sign>[-−–+](?=[\d.$€£¥₹UAC]))?
    (?:(?P<currency>{_CURRENCY})\s?)?
    (?P<inner_sign>[-−–](?=\d))?
    (?P<inner_open>\((?=\d))?
    (?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)
    (?![\d.,]*\d)
    (?P<close>\s?\))?
    """,
    re.VERBOSE,
)
_MAGNITUDE = re.compile(r"\s?(thousand|million|billion|trillion|bn|mn|tn)\b", re.I)
_PLURAL_YEAR = r"(?:FY\s?)?(?P<year>(?:1[5-9]|20)\d\d(?:[-–/]\d{2,4})?)"
_YEAR_NOTE = re.compile(rf"{_PLURAL_YEAR}(?P<estimate>\s?est\.?|\s?estimate)?", re.I)
_NOTE = re.compile(r"\(([^()]{0,80})\)")
_FOOTNOTE = re.compile(r"\s*(?:\[\d{1,2}\]|[*†‡§¹²³⁴-⁹®™]{1,3})+\s*\Z")
_UNIT = re.compile(r"[^\W\d_%°µ][\w%°µ./'()’\-]*|%|°[CF]?")
_UNIT_NUMBERS = re.compile(r"(?<=/)(?:1,000|10,000|100,000|1,000,000|100)\b")
_PART = re.compile(r"(?P<name>[^\W\d][^\d()<>;:]{0,60}?)\s(?P<value>[-$€£]?\d[^;]{0,40})")
_NO_UNIT_WORDS = {"or", "and", "are", "is", "was", "were", "na", "than", "not", "no"}
_UNIT_CAPITALS = {
    "CO2", "GDP", "GNI", "Btu", "BTU", "Btu/person", "US", "USD", "EUR", "GBP", "JPY", "INR", "CNY", "RMB", "CHF",
    "W", "MW", "GW", "TW", "Wh", "MWh", "GWh", "TWh", "Mt", "Gt", "TJ", "PJ", "Hz", "MHz", "GHz", "MB", "GB", "TB",
}  # fmt: skip

_GLUED = {"km", "m", "cm", "mm", "kg", "g", "mg", "t", "ha", "l", "ml", "s", "ms", "h", "°C", "°F", "kW", "kWh", "kt"}
_GLUED |= {unit for unit in _UNIT_CAPITALS if unit[-1] in "WhJztB"}  # these may stand right behind a number: 5GW

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})\s+([^\W\d_]{3,9})\.?,?\s+(\d{4})")
_MONTH_DAY_YEAR = re.compile(r"([^\W\d_]{3,9})\.?\s+(\d{1,2}),\s+(\d{4})")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True)
class Value:
    """One number with all that stands beside it. `number` is in whole units: 2 million sq km is 2000000."""

    number: Decimal
    unit: str  # as written ("sq km", "% of GDP", "$", "" for a plain count), converted where EXACT_UNITS has it
    scale: int = 0  # the power of ten of the magnitude that was written: 9 in "$3.5 billion"
    step: Decimal = Decimal(1)  # of the last digit that was written, in whole units
    year: str | None = None  # "2023", "2022-2024", "2015/16"
    estimate: bool = False
    approximate: bool = False


def is_missing(text: str) -> bool:
    """True for what stands in a cell that holds nothing: a dash, NA, n.a., dots."""
    return text.strip().lower() in _MISSING


def read_value(text: str, *, scale: int = 0, currency: str = "", suffix: str = "") -> Value | None:
    """The one number that a text is, or None where it is missing, or no single plain number.

    `scale` is a magnitude stated elsewhere ("in millions" above the table); it does not apply to percentages or where
    the text has its own. `currency` and `suffix` ("%") are what a neighbouring cell gave.
    """
    text = " ".join(text.split())
    if is_missing(text) or len(text) > LONGEST_VALUE:
        return None
    text = _FOOTNOTE.sub("", text)
    year, estimate, text = _leading_year(text)
    approximate = bool(match := _APPROXIMATE.match(text))
    if match:
        text = text[match.end() :]
    number = _NUMBER.match(text)
    if number is None or len(number["digits"]) > MOST_DIGITS:
        return None
    opened = bool(number["open"] or number["inner_open"])
    end = number.end()
    percent_inside = opened and not number["close"] and text[end : end + 2] == "%)"
    if percent_inside:
        end, suffix = end + 2, suffix or "%"
    elif opened != bool(number["close"]):
        return None
    rest = text[end:]
    written = _MAGNITUDE.match(rest)
    if written:
        rest = rest[written.end() :]
    noted = _notes(rest)
    if noted is None:
        return None
    unit_text, note_year, note_estimate = noted
    unit = _unit(unit_text, number["currency"] or currency, suffix)
    if unit is None:
        return None
    power = MAGNITUDES[written[1].lower()] if written else (0 if unit.startswith("%") else scale)
    unit, shift = EXACT_UNITS.get(unit, (unit, 0))
    digits = Decimal(number["digits"].replace(",", ""))
    decimals = -int(digits.as_tuple().exponent)
    negative = opened or any(number[name] and number[name] in "-−–" for name in ("sign", "inner_sign"))
    return Value(
        number=(-digits if negative else digits).scaleb(power + shift),
        unit=unit,
        scale=power,
        step=Decimal(1).scaleb(power + shift - decimals),
        year=note_year or year,
        estimate=estimate or note_estimate,
        approximate=approximate,
    )


def read_date(text: str) -> date | None:
    """The one day that a text is ("7 September 2024", "June 29, 2024", "2024-06-29"), perhaps with a note behind it.

    12/6/2021 is refused, for it is another day on the other side of the Atlantic.
    """
    text = " ".join(text[: 2 * LONGEST_VALUE].split())
    plain = _NOTE.sub("", text).strip()
    if match := _ISO_DATE.fullmatch(plain):
        parts = (int(match[1]), int(match[2]), int(match[3]))
    elif match := _DAY_MONTH_YEAR.fullmatch(plain):
        parts = (int(match[3]), _MONTHS.get(match[2].lower(), 0), int(match[1]))
    elif match := _MONTH_DAY_YEAR.fullmatch(plain):
        parts = (int(match[3]), _MONTHS.get(match[1].lower(), 0), int(match[2]))
    else:
        return None
    try:
        return date(*parts)
    except ValueError:
        return None


def read_parts(text: str) -> tuple[tuple[str, Value, int, int], ...]:
    """The named parts of a text, `Libya 989 km; Mali 1,359 km` or `Italy 29%, France 14% (2023)`: name, value, offsets.

    Nothing unless every part is a name and a number, in one unit, and no name stands twice. A year behind the last
    part is that of all.
    """
    year, estimate, body = None, False, text
    last = text.rfind("(")
    if last > 0 and text.endswith(")") and (found := _YEAR_NOTE.fullmatch(text[last + 1 : -1].strip())):
        year, estimate, body = found["year"], bool(found["estimate"]), text[:last].rstrip()
    separator = "; " if "; " in body else ", "
    parts: list[tuple[str, Value, int, int]] = []
    position = 0
    for piece in body.split(separator):
        match = _PART.fullmatch(piece)
        value = read_value(match["value"]) if match else None
        if match is None or value is None:
            return ()
        parts.append(
            (match["name"].strip(), replace(value, year=year, estimate=estimate), position, position + len(piece))
        )
        position += len(piece) + len(separator)
    names = {name.casefold() for name, *_ in parts}
    if len(parts) < 2 or len(names) < len(parts) or len({unit_key(value.unit) for _, value, *_ in parts}) > 1:
        return ()
    return tuple(parts)


@lru_cache(maxsize=10_000)
def unit_key(unit: str) -> str:
    """The form in which units are compared: one case, one number, single spaces."""
    words = unit.replace("’", "'").casefold().replace("metric tonnes", "metric tons").split()
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] != "s" else word for word in words)


def _leading_year(text: str) -> tuple[str | None, bool, str]:
    """Takes "(2024 est.)" off the front of a text."""
    note = _NOTE.match(text)
    year = _YEAR_NOTE.fullmatch(note[1].strip()) if note else None
    if note and year and "," not in note[1]:
        return year["year"], bool(year["estimate"]), text[note.end() :].strip()
    return None, False, text


def _notes(rest: str) -> tuple[str, str | None, bool] | None:
    """What stands behind a number: the unit, the year and "est." of its notes; None where it says another number."""
    head, _, _ = rest.partition("(s)/") if "(s)/" in rest else (rest.partition(" (")[0], "", "")
    if "(s)" in rest:
        head = rest.replace("(s)", "⟨s⟩").partition(" (")[0]
    tail = rest.replace("(s)", "⟨s⟩")[len(head) :]
    year, estimate = None, False
    for note in _NOTE.finditer(tail):
        found = _YEAR_NOTE.fullmatch(note[1].strip())
        if found and year is None:
            year, estimate = found["year"], bool(found["estimate"])
        elif found:
            return None
    beside = _NOTE.sub("", tail).strip()
    if beside:
        return None
    return head.replace("⟨s⟩", "(s)"), year, estimate


def _unit(text: str, currency: str, suffix: str) -> str | None:
    """The unit that a text names, or None where it is no unit but more words, another number or a name."""
    glued = not text.startswith((" ", "%")) and bool(text)
    text = text.strip()
    if glued and text not in _GLUED:
        return None
    currency = CURRENCIES.get(currency, currency)  # where a neighbour gave it, a percentage does without
    if suffix == "%":
        return "%" if not text or text == "%" else None
    if not text:
        return currency
    words = text.split()
    if len(words) > MOST_UNIT_WORDS or (any(mark in text for mark in ';,:"“”=<>') and not _UNIT_NUMBERS.search(text)):
        return None
    for index, word in enumerate(words):
        bare = _UNIT_NUMBERS.sub("", word)
        if not (_UNIT.fullmatch(bare) or _UNIT.fullmatch(bare.rstrip("/"))):
            return None
        if word.lower() in _NO_UNIT_WORDS:
            return None
        if index == 0 and word.lower() in ("to", "through", "of", "in", "at", "per", "less", "more", "x"):
            return None
        if word[0].isupper() and word not in _UNIT_CAPITALS:
            return None
    if currency and not text.startswith("%"):
        return f"{currency} {text}"
    return CURRENCIES.get(text, text)
