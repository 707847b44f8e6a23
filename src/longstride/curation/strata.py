"""Strata of pass@k with equal draws (paper 4.2 "Prior to training")."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from longstride.curation.balance import equal_shares
from longstride.grading import pass_at_k
from longstride.records import PassRate

BINS = 4  # between never and always solved; not in the paper


def pass_bin(score: float, bins: int = BINS) -> int:
    """The stratum of a pass@k: 0 for never solved, `bins + 1` for always, between them `bins` of equal width.

    Raises ValueError for a score outside 0..1, and for fewer than one bin.
    """
    if not 0 <= score <= 1:
        raise ValueError(f"score is {score}, expected 0..1")
    if bins < 1:
        raise ValueError(f"bins is {bins}, expected 1 or more")
    if score in (0, 1):
        return 0 if score == 0 else bins + 1
    return max(1, min(bins, math.ceil(score * bins)))


def draw_strata(
    rates: Sequence[PassRate], count: int, seed: int, *, bins: int = BINS, k: int = 1, fill: bool = False
) -> list[int]:
    """The places of up to `count` samples, in order: as many of each stratum of pass@k that has any.

    rates: of each sample, by one model at one pair of lengths. Call it for each source of data apart, as the paper
        does.
    k: 1 makes the score the share of correct rollouts; not in the paper.
    fill: False: the same number of each stratum, so that the smallest bounds them all. True: what a small stratum
        lacks comes from the others.

    Raises ValueError for a negative count, bad bins, or fewer than k rollouts.
    """
    if count < 0:
        raise ValueError(f"count is {count}, expected 0 or more")
    strata: dict[int, list[int]] = {}
    for place, rate in enumerate(rates):
        strata.setdefault(pass_bin(pass_at_k(rate.rollouts, rate.correct, k), bins), []).append(place)
    strata = dict(sorted(strata.items()))
    if not strata:
        return []
    generator = random.Random(f"{seed}/strata")
    stock = {stratum: len(places) for stratum, places in strata.items()}
    if fill:
        shares = equal_shares(stock, count, generator)
    else:
        shares = dict.fromkeys(stock, min(count // len(stock), min(stock.values())))
    return sorted(place for stratum, places in strata.items() for place in generator.sample(places, shares[stratum]))


def draw_strata_of_sources(rated: Sequence[tuple[str, PassRate]], count: int, seed: int) -> list[int]:
    """`draw_strata` of up to `count` samples of each source apart; the places in order.

    rated: the data source of each sample, and its rate.
    """
    places_of: dict[str, list[int]] = {}
    for place, (source, _) in enumerate(rated):
        places_of.setdefault(source, []).append(place)
    chosen: list[int] = []
    for number, (_, places) in enumerate(sorted(places_of.items())):
        drawn = draw_strata([rated[place][1] for place in places], count, seed + number)
        chosen += [places[index] for index in drawn]
    return sorted(chosen)
