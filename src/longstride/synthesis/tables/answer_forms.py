"""The form of an answer: its rounding, scale and unit, in the question's words and in the ground truth's digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from longstride.errors import unknown_name
from longstride.synthesis.tables.values import SCALE_WORDS

KINDS = ("number", "percent", "ratio", "count", "name", "date")
MOST_DECIMALS = 6
ROUNDED_DIGITS = 3  # significant ones, so that the last digit is below a hundredth of the answer (not in the paper)
NEAR_A_TIE = Fraction(1, 20)  # of the last digit: nearer to x.5, another way to compute might round the other way

_EXACT = Context(prec=60)
_CURRENCY_NAMES = {"$": "dollars ($)", "€": "euros (€)", "£": "pounds (£)", "¥": "yen (¥)", "₹": "rupees (₹)"}
_DECIMALS = ("to a whole number", "to one decimal place", "to two decimal places", "to three decimal places")

Result = Decimal | float | int | str | date | None


@dataclass(frozen=True)
class AnswerForm:
    """How an answer is written. `decimals` None means that the exact value is asked for."""

    kind: str  # one of KINDS
    decimals: int | None = None
    scale: int = 0  # 9: in billions
    unit: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown_name("kind of answer", self.kind, KINDS)

    def written(self, result: Result) -> str:
        """The answer as it stands first in the ground truth; "" for a result that is none (NULL, infinity)."""
        if self.kind == "name":
            return result if isinstance(result, str) else ""
        if self.kind == "date":
            return f"{result.day} {result:%B} {result.year}" if isinstance(result, date) else ""
        number = exact(result)
        if number is None:
            return ""
        return self._digits(number) + self._ending()

    def forms(self, result: Result) -> tuple[str, ...]:
        """Every accepted form: with the magnitude or percent sign, and without what the question already states."""
        first = self.written(result)
        if self.kind == "name" and first.endswith(")") and " (" in first:
            return (first, first[: first.rindex(" (")])
        if self.kind == "date" and isinstance(result, date):
            return (first, f"{result:%B} {result.day}, {result.year}", result.isoformat())
        number = exact(result)
        if not first or number is None or not self._ending():
            return (first,) if first else ()
        return (first, self._digits(number))

    def instructions(self) -> str:
        """What the question says about the form of its answer."""
        if self.kind == "name":
            return "Answer with the name only."
        if self.kind == "date":
            return "Answer with the date only: day, month and year."
        if self.kind == "count":
            return "Answer with a whole number."
        rounding = "without rounding it" if self.decimals is None else f"rounded {places(self.decimals)}"
        if self.kind == "ratio":
            return f"Answer with a number, {rounding}."
        if self.kind == "percent" or self.unit.startswith("%"):
            of = f" ({self.unit})" if self.unit.strip("%") else ""
            return f"Answer with a percentage{of}, {rounding}."
        return f"Answer with a number{self._in_units()}, {rounding}."

    def _in_units(self) -> str:
        unit = _CURRENCY_NAMES.get(self.unit, self.unit)
        if self.scale:
            return f" in {SCALE_WORDS[self.scale]}s" + (f" of {unit}" if unit else "")
        return f" in {unit}" if unit else ""

    def _digits(self, number: Fraction) -> str:
        decimals = exact_decimals(number) if self.decimals is None else self.decimals
        if decimals is None:
            decimals = MOST_DECIMALS
        return f"{rounded(number, decimals):,f}"

    def _ending(self) -> str:
        if self.kind == "percent" or (self.kind == "number" and self.unit.startswith("%")):
            return "%"
        return f" {SCALE_WORDS[self.scale]}" if self.kind == "number" and self.scale else ""


def places(decimals: int) -> str:
    return _DECIMALS[decimals] if decimals < len(_DECIMALS) else f"to {decimals} decimal places"


def exact(result: object) -> Fraction | None:
    """A result as a fraction: decimals and whole numbers exactly, a double as it is printed; None for anything else."""
    if isinstance(result, bool) or not isinstance(result, Decimal | float | int):
        return None
    if isinstance(result, float):
        if result != result or result in (float("inf"), float("-inf")):
            return None
        return Fraction(repr(result))
    return Fraction(result) if not isinstance(result, Decimal) or result.is_finite() else None


def exact_decimals(number: Fraction) -> int | None:
    """How many decimals a number has; None where it has more than MOST_DECIMALS."""
    for decimals in range(MOST_DECIMALS + 1):
        if (number * 10**decimals).denominator == 1:
            return decimals
    return None


def rounded(number: Fraction, decimals: int) -> Decimal:
    """A number at so many decimals, halves to the even neighbour; never "-0"."""
    whole = round(number * 10**decimals)
    return _EXACT.scaleb(Decimal(whole), -decimals).quantize(
        Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN, context=_EXACT
    )


def decimals_for(number: Fraction, fewest: int = 0) -> int | None:
    """The least number of decimals that keeps ROUNDED_DIGITS digits; None beyond MOST_DECIMALS, and for zero."""
    if number == 0:
        return None
    for decimals in range(fewest, MOST_DECIMALS + 1):
        if Fraction(1, 10**decimals) * 10 ** (ROUNDED_DIGITS - 1) <= abs(number):
            return decimals
    return None


def near_a_tie(number: Fraction, decimals: int) -> bool:
    """True where a number lies so near to a half of its last digit that its rounding is in doubt."""
    part = abs(number) * 10**decimals
    return abs(part - int(part) - Fraction(1, 2)) < NEAR_A_TIE


def with_unit(number: Decimal, scale: int, unit: str) -> str:
    """A number in a sentence: "$50 billion", "100,000 sq km", "25% of GDP", "1,200"."""
    digits = f"{abs(number):,f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    magnitude = f" {SCALE_WORDS[scale]}" if scale else ""
    sign = "-" if number < 0 else ""
    if unit.startswith("%"):
        return f"{sign}{digits}{unit}"
    if unit in _CURRENCY_NAMES:
        return f"{sign}{unit}{digits}{magnitude}"
    return f"{sign}{digits}{magnitude}{' ' if unit else ''}{unit}"


def round_number_between(low: Decimal, high: Decimal) -> Decimal | None:
    """The roundest number strictly between two numbers, away from either by a twentieth of their distance."""
    if low >= high:
        return None
    margin = (high - low) / 20
    for exponent in range(high.adjusted() + 1 if high else low.adjusted() + 1, -MOST_DECIMALS - 1, -1):
        for step in (Decimal(1).scaleb(exponent), Decimal(5).scaleb(exponent - 1)):
            candidate = ((low + margin) // step + 1) * step
            if low + margin < candidate < high - margin:
                return candidate.quantize(Decimal(1).scaleb(min(0, exponent - 1))).normalize(_EXACT)
    return None


def leads_clearly(values: Sequence[Fraction], most: bool) -> bool:
    """True where the greatest (or least) of several values lies apart from the next by more than any rounding error."""
    first, second = sorted(values, reverse=most)[:2]
    return abs(first - second) > abs(first) / 200
