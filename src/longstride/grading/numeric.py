"""Grading numbers (paper 5.1: DocMath; and the rewards of numerical questions)."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import islice

from longstride.errors import unknown_name
from longstride.grading.numeric_upstream import COMPARISONS, upstream_value
from longstride.grading.quantities import Quantity, each_quantity, exact_quantity
from longstride.grading.text_match import answer_text

VARIANTS = ("strict", *COMPARISONS)
COARSEST_STEP = Fraction(
    1, 100
)  # of the gold number: what is rounded more coarsely is another number; not in the paper

MAX_NUMBERS = 100  # not in the paper

_EQUALS = re.compile("[=≈≅]")


def numeric_match(answer: str | float | None, gold: str | float, variant: str = "strict") -> float:
    """1.0 where the answer is the gold number, else 0.0.

    - `strict` (ours, for rewards): sign and scale count, and percent divides by 100 ("12.5%" is 0.125). Equal means
      equal at the precision that both were written with: they differ by at most half a step of the coarser one's last
      digit, and that step is at most a hundredth of the gold number; so 1999 is not 1998, and "3" is not 3.4, but
      "12.35" is 12.345 and "1.23 million" is 1234567. EVERY number of the answer must agree with the gold: a list of
      guesses scores 0. What stands before the last "=" or "≈" is working and not read, and a year told beside
      another number ("45.2 million in 2019") is a date.
    - `docmath`: Yale's rule for DocMath-Eval: the sign ignored, any exact power of ten apart, x100, x1,000 and
      x100,000 within 0.15% of the larger, equal when rounded up to 3 decimals, or within 0.15% of the gold; scale
      words and % are dropped, and what cannot be read is 0.
    - `qwenlong_l1`: the same with 2 decimals.
    - `spell`: 3 decimals, x100, x1,000, x10^6 and x10^9, no other power of ten; what cannot be read is 999999999.

    None scores 0. The gold is a number, or a text that holds one number (`find_quantities` says what can be read).
    Raises `ValueError` for a gold that is not finite or not one number, and for an unknown variant.
    """
    if variant not in VARIANTS:
        raise unknown_name("variant", variant, VARIANTS)
    wanted = _gold_quantity(gold)
    if isinstance(answer, int | float):
        numbers, upstream = [exact_quantity("answer", answer)], answer
    elif not answer_text(answer).strip():
        return 0.0
    elif variant == "strict":
        numbers, upstream = stated_numbers(answer_text(answer)), 0
    else:
        numbers, upstream = [], upstream_value(answer_text(answer), variant)
    if variant == "strict":
        return float(bool(numbers) and all(numbers_agree(number, wanted) for number in numbers))
    gold_value = upstream_value(gold, variant) if isinstance(gold, str) else gold
    return float(COMPARISONS[variant](upstream, float(wanted.value) if gold_value is None else gold_value))


def stated_numbers(answer: str) -> list[Quantity]:
    """The numbers that an answer states: behind its last "=" or "≈", and without the years beside other numbers.

    Empty where there are over a hundred: such an answer states nothing.
    """
    result = _EQUALS.split(answer.replace("\\approx", "≈"))[-1]
    numbers = list(islice(each_quantity(result), MAX_NUMBERS + 1))
    if len(numbers) > MAX_NUMBERS:
        return []
    return [number for number in numbers if not number.is_year] or numbers


def numbers_agree(number: Quantity, gold: Quantity) -> bool:
    """True where the two are equal at the precision that both were written with; see `numeric_match`."""
    if number.value == gold.value:
        return True
    step = max(number.step, gold.step)
    return step <= COARSEST_STEP * abs(gold.value) and abs(number.value - gold.value) <= step / 2


def _gold_quantity(gold: str | float) -> Quantity:
    if not isinstance(gold, str):
        return exact_quantity("gold", gold)
    numbers = stated_numbers(gold)
    if len(numbers) != 1:
        raise ValueError(f"gold is {gold!r:.80}, which holds {len(numbers)} numbers, expected one")
    return numbers[0]
