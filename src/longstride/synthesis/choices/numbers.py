"""Numbers that could be the answer: written as it is, as round as it is, and the answer at any place among them."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

NUMBER = re.compile(
    r"(?P<sign>-?)(?P<currency>[$€£¥]?)(?P<digits>\d{1,3}(?:,\d{3})+|\d{1,18})(?:\.(?P<decimals>\d{1,9}))?"
    r"(?P<ending>%(?: [a-zA-Z][\w ./'-]{0,40})?| [a-zA-Z][\w ,./'-]{0,60})?"
)
YEARS = range(1500, 2101)
SMALLEST = 5  # below, there is no room for three smaller numbers
STEPS = (0.07, 0.5)  # between neighbours, in the logarithm
SHARE_STEPS = (0.2, 0.9)  # between neighbouring shares of a whole, in the logarithm of their odds
NEAR = 12  # years, and small numbers, lie so near to each other
FARTHEST = 16  # times: a number from the documents that is farther off is no rival


@dataclass(frozen=True)
class Written:
    """A number with the way in which it is written; `scaled` is without its point."""

    scaled: int
    decimals: int
    commas: bool
    ending: str  # a percent sign, a magnitude, a unit
    currency: str = ""

    @property
    def percent(self) -> bool:
        return self.ending.startswith("%")

    @property
    def year(self) -> bool:
        plain = not (self.decimals or self.commas or self.ending or self.currency)
        return plain and self.scaled in YEARS and _form(self.scaled)[0] == "zeros"

    def like(self, scaled: int) -> str:
        """Another number, written the same way."""
        digits = f"{abs(scaled):0{self.decimals + 1}d}"
        whole, part = (digits[: -self.decimals], digits[-self.decimals :]) if self.decimals else (digits, "")
        if self.commas:
            whole = f"{int(whole):,}"
        return f"{'-' if scaled < 0 else ''}{self.currency}{whole}{'.' if part else ''}{part}{self.ending}"


def read_number(text: str) -> Written | None:
    """A number that is all of a text; None for any other text."""
    match = NUMBER.fullmatch(text)
    if match is None:
        return None
    part = match["decimals"] or ""
    scaled = int(match["digits"].replace(",", "") + part)
    commas = "," in match["digits"] or (scaled < 1000 * 10 ** len(part) and bool(part or match["ending"]))
    return Written(-scaled if match["sign"] else scaled, len(part), commas, match["ending"] or "", match["currency"])


def other_numbers(answer: str, found: Sequence[str], draw: random.Random, count: int = 3) -> list[str] | None:
    """`count` numbers among which the answer has any place with equal chance; a share of a whole gets such shares.

    Those of `found` (other numbers of the documents) that are written as it is and lie near are taken first, where
    they can stand on the right side of it; the others keep a distance drawn from one distribution on either side.
    None where the answer leaves no room: below SMALLEST, its zeros at the end aside.
    """
    number = read_number(answer)
    if number is None:
        return None
    size = abs(number.scaled)
    if size // 10 ** _form(size)[1] < SMALLEST:
        return None
    place = draw.randrange(count + 1)
    if number.year:
        years = _years(size, found, place, count, draw)
        return None if years is None else [number.like(each) for each in years]
    rivals = _rivals(number, found)
    below = _taken([each for each in rivals if each < size], place, draw)
    above = _taken([each for each in rivals if each > size], count - place, draw)
    below += _made(number, below, place - len(below), -1, draw)
    above += _made(number, above, count - place - len(above), 1, draw)
    if len(set(below + above)) != count or size in below + above:
        return None
    sign = -1 if number.scaled < 0 else 1
    return [number.like(sign * each) for each in below + above]


def _years(size: int, found: Sequence[str], place: int, count: int, draw: random.Random) -> list[int] | None:
    """Years about the answer, none later than the latest of the documents; None where the answer is too late itself.

    What is asked for seldom lies in the future: a later year would give itself away.
    """
    known = [other.scaled for text in found if (other := read_number(text)) is not None and other.year]
    span = min(3 * NEAR, max(known, default=0) - size)
    if span < count:
        return None
    return draw.sample(range(size - span, size), place) + draw.sample(range(size + 1, size + span + 1), count - place)


def _rivals(number: Written, found: Sequence[str]) -> list[int]:
    """The sizes of other numbers that are written the same way, and are as round."""
    size = abs(number.scaled)
    kept: dict[int, None] = {}
    for text in found:
        other = read_number(text)
        if other is None or other.year or other.decimals != number.decimals:
            continue
        if (other.ending, other.currency) != (number.ending, number.currency):
            continue
        if number.percent and size < 100 * 10**number.decimals <= abs(other.scaled):
            continue
        if (other.scaled < 0) != (number.scaled < 0) or abs(other.scaled) == size or abs(other.scaled) < 2:
            continue
        if size / FARTHEST <= abs(other.scaled) <= size * FARTHEST and _form(abs(other.scaled)) == _form(size):
            kept[abs(other.scaled)] = None
    return list(kept)


def _taken(rivals: Sequence[int], count: int, draw: random.Random) -> list[int]:
    return draw.sample(rivals, min(count, len(rivals)))


def _form(size: int) -> tuple[str, int]:
    """What makes a number look special: a power of two, one less than such, or its zeros at the end."""
    if size >= 16 and size & (size - 1) == 0:
        return "power", 0
    if size >= 31 and size & (size + 1) == 0:
        return "below a power", 0
    return "zeros", len(str(size)) - len(str(size).rstrip("0"))


def _made(number: Written, taken: Sequence[int], count: int, side: int, draw: random.Random) -> list[int]:
    """Numbers on one side of the answer, each a step from the one before."""
    size = abs(number.scaled)
    kind, zeros = _form(size)
    made: list[int] = []
    last = float(size)
    for step in range(1, 20 * count + 1):
        if len(made) == count:
            break
        if kind != "zeros":
            exponent = (size + (kind != "power")).bit_length() - 1 + side * step
            value = 2 ** max(0, exponent) - (kind != "power")
        elif size // 10**zeros < 4 * NEAR and not number.percent:
            value = int(last) + side * draw.randint(1, max(1, min(NEAR, size // 10**zeros // 4))) * 10**zeros
            last = value
        elif number.percent and size < 100 * 10**number.decimals:
            whole = 100 * 10**number.decimals
            if last >= whole:
                break  # so near to the whole that no share is left above
            odds = last / (whole - last) * math.exp(side * draw.uniform(*SHARE_STEPS))
            last = whole * odds / (1 + odds)
            value = round(last / 10**zeros) * 10**zeros
        else:
            last *= math.exp(side * draw.uniform(*STEPS))
            value = round(last / 10**zeros) * 10**zeros
        if kind == "zeros" and value // 10**zeros % 10 == 0:
            continue  # rounder than the answer
        if number.percent and size < 100 * 10**number.decimals <= value:
            break
        if value > 1 and value not in taken and value not in made and (value - size) * side > 0:
            made.append(value)
    return made
