"""Reading the numbers in a text, with their sign, scale and precision."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_LONGEST = 400  # digits or decimal exponent; beyond, arithmetic on a hostile answer would not end

_SCALES = {
    "hundred": 10**2, "thousand": 10**3, "lakh": 10**5, "million": 10**6, "crore": 10**7, "billion": 10**9,
    "trillion": 10**12, "bn": 10**9, "tn": 10**12, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12,
    "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8,
}  # fmt: skip
_MONEY_SCALES = {
    "m": 10**6,
    "mn": 10**6,
    "mm": 10**6,
    "b": 10**9,
    "t": 10**12,
}  # only behind a currency: "5m" is metres
_RATES = {
    "%": 100, "percent": 100, "per cent": 100, "percentage points": 100, "percentage point": 100, "pp": 100,
    "bps": 10**4, "basis points": 10**4, "basis point": 10**4,
}  # fmt: skip
# Units that may stand right behind a number; any other letters there make it part of a name: 5G, 3D, 747s.
_UNITS = (
    "km|cm|mm|m|kg|mg|g|lbs?|ms|hrs?|h|min|mi|ft|in|yd|ml|l|[kmgtKMGT]b|[KMGT]B|kWh|MWh|[kMG]W|[kMG]?Hz|x|st|nd|rd|th"
    "|USD|EUR|GBP|RMB|CNY|JPY"
)
_CURRENCY = r"(?:US\$|[$€£¥₹]|(?:USD|EUR|GBP|RMB|CNY|JPY|Rs\.?)\b)"
_DIGITS = r"(?>\d{1,3}(?:,\d{3}){1,20}(?!,?\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\.)\.\d+)(?!\.\d)"
_NUMBER = re.compile(
    rf"""
    (?<!\w)(?<!\d\.)(?<!\^)(?<!\^-)(?<![^\W\d_]-)
    (?P<sign>(?<![\w)\]%.])[-+])?
    (?P<open>\(\s{{0,2}})?
    (?:(?P<before>{_CURRENCY})\s{{0,2}})?
    (?P<inner_sign>[-+])?
    (?P<inner_open>(?<!\()\(\s{{0,2}})?
    (?P<digits>{_DIGITS})
    (?:[eE](?P<exponent>[-+]?\d{{1,6}})(?![^\W_])|\s{{0,2}}[x×*·]\s{{0,2}}10\s{{0,2}}(?:\^|\*\*)\s{{0,2}}\(?(?P<power>[-+]?\d{{1,6}})\)?)?
    (?:\s{{0,2}}/\s{{0,2}}(?P<denominator>\d{{1,30}})(?![/.,]?\d))?
    """,
    re.VERBOSE,
)
_SCALE = re.compile(
    r"(?i:[\s-]{0,2}(?P<word>hundred|thousand|lakh|million|crore|billion|trillion)s?|\s?(?P<short>bn|tn))(?![^\W_])"
    r"|(?:\s?(?P<letter>[KMBT])|(?P<kilo>k))(?![^\W_])|\s?(?P<ideograph>[万亿萬億])"
)
_MONEY_SCALE = re.compile(r"\s?(mn|mm|m|b|t)(?![^\W_])")
_RATE = re.compile(r"\s{0,2}(%|percentage points?\b|percent\b|per cent\b|pp\b|bps\b|basis points?\b)", re.IGNORECASE)
_UNIT = re.compile(rf"(?:{_UNITS})(?:[²³]|\^[23])?(?![^\W_])")
_CLOSE = re.compile(r"\s{0,2}\)")
_NEGATIVE_WORD = re.compile(r"\b(?:minus|negative)\s{1,2}$", re.IGNORECASE)

_BEFORE_A_YEAR = re.compile(
    r"\b(?:in|for|of|by|since|during|from|to|until|through|and|years?|fiscal|fy|calendar|as of|ended|ending"
    r"|jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*|\d{1,2},)[\s.(]{1,3}$",
    re.IGNORECASE,
)

_CLEAN = (
    (re.compile(r"[−‐‑‒–﹣－]"), "-"),
    (re.compile(r"(?<=\d)(?:\\[,!]|\{,\})(?=\d{3})"), ","),
    (re.compile(r"\\(?:left|right|displaystyle)\b|\\[,;! ]|[\u00a0\u2009\u202f]"), " "),
    (re.compile(r"\\(?:text|mathrm|textbf|mathbf|boxed)\s{0,2}\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\d?frac\s{0,2}\{([^{}]*)\}\s{0,2}\{([^{}]*)\}"), r"\1/\2"),
    (re.compile(r"\\times\b"), "×"),
    (re.compile(r"\\approx\b"), "≈"),
    (re.compile(r"\^\{([^{}]*)\}"), r"^\1"),
    (re.compile(r"\\([$%&#])"), r"\1"),
    (re.compile(r"\*\*(?!\s{0,2}\d)|(?<!\d)\*\*|`"), ""),
)
_SUPERSCRIPTS = re.compile("[⁻⁰¹²³⁴-⁹]+")
_TO_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_COMPOUND = re.compile(r"-[^\W\d_]")


@dataclass(frozen=True)
class Quantity:
    """One number of a text: its value, and the step of the last digit that was written (0 for a fraction)."""

    value: Fraction
    step: Fraction
    is_year: bool = False  # told as one: "in 2019"


def find_quantities(text: str) -> list[Quantity]:
    """Every number of `text`, in order.

    Read: currency before and after, thousands separators, %, percent, basis points, scales ("2.5 million", "$3bn",
    "4K"), 1.2e-3 and 1.2 × 10^-3, fractions (3/4), accounting parentheses for negatives, the Unicode minus, LaTeX
    around any of it. Percent divides by 100. A point is a decimal point and a comma a thousands separator (the
    European reverse is not read). No number is read inside a longer word or code ("5G", "Q3", "A4").
    """
    return list(each_quantity(text))


def each_quantity(text: str) -> Iterator[Quantity]:
    """The numbers of `find_quantities`, one at a time."""
    text = clean(text)
    first, position = True, 0
    while match := _NUMBER.search(text, position):
        quantity, position = _quantity(text, match, first)
        if quantity is not None:
            first = False
            yield quantity


def clean(text: str) -> str:
    """`text` with its LaTeX, special minus signs and emphasis replaced by plain characters."""
    text = _SUPERSCRIPTS.sub(lambda match: "^" + match[0].translate(_TO_DIGITS), text)
    for pattern, replacement in _CLEAN:
        text = pattern.sub(replacement, text)
    return text


def _past_the_word(text: str, position: int) -> int:
    while position < len(text) and (text[position].isalnum() or text[position] == "_"):
        position += 1
    return position


def _quantity(text: str, match: re.Match[str], first: bool) -> tuple[Quantity | None, int]:
    """The number that `match` begins, or None where it is none, and where to read on."""
    digits = match["digits"].replace(",", "")
    exponent = int(match["exponent"] or match["power"] or 0)
    if len(digits) > _LONGEST or abs(exponent) > _LONGEST:
        return None, _past_the_word(text, match.end())
    (value, step), end = _value_and_step(digits), match.end()
    factor = Fraction(10) ** exponent
    if match["denominator"]:
        if int(match["denominator"]) == 0:
            return None, _past_the_word(text, match.end())
        factor, step = factor / int(match["denominator"]), Fraction(0)

    opened, closed = match["open"] or match["inner_open"], False
    rated = False
    for _ in range(2):  # a scale and a percent sign may stand on either side of the closing parenthesis
        scale, end = _scale(text, end, money=bool(match["before"]))
        factor *= scale
        if not rated and (rate := _RATE.match(text, end)):
            factor, end, rated = factor / _RATES[" ".join(rate[1].lower().split())], rate.end(), True
        if opened and not closed and (close := _CLOSE.match(text, end)):
            closed, end = True, close.end()
    if end == match.end():
        if _COMPOUND.match(text, end) or text.startswith("^", end):
            return None, _past_the_word(text, match.end())
        if text[end : end + 1].isascii() and (text[end : end + 1].isalnum() or text[end : end + 1] == "_"):
            unit = _UNIT.match(text, end)
            if unit is None:
                return None, _past_the_word(text, match.end())
            end = unit.end()

    before = text[max(0, match.start() - 20) : match.start()]
    negative = "-" in ((match["sign"] or "") + (match["inner_sign"] or "")) or bool(_NEGATIVE_WORD.search(before))
    negative = negative or (closed and _accounting(text, match, first))
    year = text[match.start() : end].isdigit() and 1900 <= value < 2100 and bool(_BEFORE_A_YEAR.search(before))
    return Quantity(-value * factor if negative else value * factor, step * abs(factor), year), end


def _scale(text: str, end: int, money: bool) -> tuple[Fraction, int]:
    factor = Fraction(1)
    for _ in range(3):
        scale = _SCALE.match(text, end)
        if scale:
            factor, end = factor * _SCALES[str(scale[scale.lastgroup or 0]).lower()], scale.end()
            continue
        scale = _MONEY_SCALE.match(text, end) if money else None
        if not scale:
            break
        factor, end = factor * _MONEY_SCALES[scale[1]], scale.end()
    return factor, end


def _accounting(text: str, match: re.Match[str], first: bool) -> bool:
    """True for parentheses that make a number negative: around the first thing said, or around the first amount.

    "(1,234)" and "a loss of ($5)" are negative; "five (5) companies" and "12.5% (0.125)" say a number twice.
    """
    amount = bool(match["before"]) or "," in match["digits"] or "." in match["digits"]
    return first and (amount or (match.start() < 40 and not text[: match.start()].strip(" $€£¥=≈:")))


def _value_and_step(digits: str) -> tuple[Fraction, Fraction]:
    """The value of a decimal number and the step of its last digit; the noise of binary arithmetic is rounded off.

    More than 15 significant digits with a decimal point are a float's printout: 3.3000000000000003 is 3.3.
    """
    number = Decimal(digits)
    if "." in digits and len(number.as_tuple().digits) > 15:
        number = Decimal(f"{number:.12g}").normalize()
    exponent = int(number.as_tuple().exponent)
    return Fraction(number), Fraction(10) ** min(0, exponent)


def exact_quantity(name: str, number: float) -> Quantity:
    """A Python number as it is printed (0.1 is 1/10, and its step too); a whole one is exact to 1.

    Raises `ValueError` for NaN, an infinity, a bool and what is no number.
    """
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise ValueError(f"{name} is {number!r:.80}, expected a finite number")
    if isinstance(number, int):
        return Quantity(Fraction(number), Fraction(1))
    plain = f"{Decimal(repr(float(number))).normalize():f}"
    return Quantity(*_value_and_step(plain))
