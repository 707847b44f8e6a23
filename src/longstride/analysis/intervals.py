"""Means of a few runs with Student's interval, and Spearman's rank correlation: no library beyond Python's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import correlation, fmean, stdev

COVERED = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over runs, and the interval that covers the mean of all such runs in 95 % of cases."""

    value: float
    low: float
    high: float
    runs: int

    @property
    def has_interval(self) -> bool:
        """One run alone has no spread: its interval is without end."""
        return self.runs > 1

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho of `pairs` pairs, and how often as much would come by chance were the pairs independent."""

    rho: float
    p: float  # two-sided, by Student's distribution
    pairs: int


def run_mean(values: Sequence[float]) -> Estimate:
    """Mean and Student's 95 % interval: for a handful of runs a bootstrap would be too narrow.

    Raises ValueError for no values.
    """
    if not values:
        raise ValueError("there are no runs to take the mean of")
    mean = fmean(values)
    if len(values) == 1:
        return Estimate(mean, -math.inf, math.inf, 1)
    reach = student_quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Estimate(mean, mean - reach, mean + reach, len(values))


def student_within(t: float, freedom: int) -> float:
    """The probability that |T| <= t for Student's distribution with `freedom` degrees of freedom, exactly.

    The finite series of Abramowitz and Stegun 26.7.3 and 26.7.4. Raises ValueError for no freedom.
    """
    if freedom < 1:
        raise ValueError(f"freedom is {freedom}, expected 1 or more")
    angle = math.atan(abs(t) / math.sqrt(freedom))
    cosine_squared = math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for place in range(2 + odd, freedom - 1, 2):
        term *= (place - 1) / place * cosine_squared
        total += term
    share = math.sin(angle) * total
    return 2 / math.pi * (angle + share) if odd else share


def student_quantile(freedom: int, covered: float = COVERED) -> float:
    """t with P(|T| <= t) = covered: 2.776 for 4 degrees of freedom and 95 %."""
    low, high = 0.0, 1.0
    while student_within(high, freedom) < covered:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_within(middle, freedom) < covered else (low, middle)
    return high


def spearman(left: Sequence[float], right: Sequence[float]) -> RankCorrelation | None:
    """Rank correlation, equal values sharing their mean rank; None for fewer than three pairs or a constant side.

    Raises ValueError for sequences of different lengths.
    """
    if len(left) != len(right):
        raise ValueError(f"there are {len(left)} values on one side, {len(right)} on the other")
    if len(left) < 3 or len(set(left)) == 1 or len(set(right)) == 1:
        return None
    rho = max(-1.0, min(1.0, correlation(ranks(left), ranks(right))))
    freedom = len(left) - 2
    if abs(rho) == 1:
        return RankCorrelation(rho, 0.0, len(left))
    t = rho * math.sqrt(freedom / (1 - rho * rho))
    return RankCorrelation(rho, max(0.0, 1 - student_within(t, freedom)), len(left))


def ranks(values: Sequence[float]) -> list[float]:
    """The place of each value in their order, from 1; equal values share the mean of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            found[place] = (start + 1 + end) / 2
        start = end
    return found
