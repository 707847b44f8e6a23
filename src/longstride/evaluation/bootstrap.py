"""Bootstrap intervals over questions: how far a mean would move if other questions of the same kind had been asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

DRAWS = 10_000
COVERED = 0.95
CELLS = 1 << 20  # of drawn questions held at a time


@dataclass(frozen=True)
class Interval:
    """A mean over questions, and where 95 % of its bootstrap distribution lies."""

    value: float
    low: float
    high: float
    questions: int

    @property
    def excludes_zero(self) -> bool:
        """A difference that other questions would hardly undo."""
        return self.low > 0 or self.high < 0


def mean_interval(values: Sequence[float], stream: str, seed: int, draws: int = DRAWS) -> Interval:
    """The mean of one value a question, with its percentile interval; `stream` names the draws.

    The questions are drawn with replacement. Differences of two models on the same questions make the paired
    bootstrap. Raises ValueError for no values.
    """
    return _interval(fmean(values), resampled_means(values, stream, seed, draws), len(values))


def mean_of_means_interval(groups: Mapping[str, Sequence[float]], stream: str, seed: int) -> Interval:
    """The mean of the groups' means, each group drawn by itself: every group weighs the same."""
    if not groups:
        raise ValueError("there is no group")
    drawn = [resampled_means(values, f"{stream}/{name}", seed) for name, values in sorted(groups.items())]
    value = fmean(fmean(values) for _, values in sorted(groups.items()))
    return _interval(value, np.mean(drawn, axis=0), sum(map(len, groups.values())))


def resampled_means(values: Sequence[float], stream: str, seed: int, draws: int = DRAWS) -> NDArray[np.float64]:
    """[draws]: the means of so many draws of as many values, with replacement. The same seed gives the same draws."""
    if not values:
        raise ValueError("there are no values to draw from")
    value_N = np.asarray(values, dtype=np.float64)
    generator = np.random.Generator(np.random.PCG64(_number(f"{seed}/bootstrap/{stream}")))
    rows = max(1, CELLS // len(value_N))
    parts = [
        value_N[generator.integers(0, len(value_N), (min(rows, draws - start), len(value_N)))].mean(axis=1)
        for start in range(0, draws, rows)
    ]
    return np.concatenate(parts)


def _interval(value: float, mean_D: NDArray[np.float64], questions: int) -> Interval:
    low, high = np.quantile(mean_D, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    return Interval(value, float(low), float(high), questions)


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
