"""pass@k from n rollouts (Chen et al. 2021, arXiv 2107.03374; the strata of paper 4.2)."""

from __future__ import annotations

import math
import operator

_EXACT_FACTORS = 2000  # so many factors are multiplied out as integers; beyond, the sum of logarithms is as good


def pass_at_k(n: int, c: int, k: int) -> float:
    """The unbiased estimate of the chance that k draws hold a correct one, c of n being correct: 1 - C(n-c,k)/C(n,k).

    Exact integers where min(c, k) <= 2000, a compensated sum of logarithms beyond, so neither overflows nor loses
    digits. Raises `ValueError` unless 0 <= c <= n and 1 <= k <= n, all whole numbers.
    """
    n, c, k = _count("n", n), _count("c", c), _count("k", k)
    if c > n:
        raise ValueError(f"c is {c}, more correct than the n = {n} rollouts")
    if not 1 <= k <= n:
        raise ValueError(f"k is {k}, expected 1 <= k <= n = {n}")
    if n - c < k:
        return 1.0
    few, many = min(c, k), max(c, k)  # C(n-c,k)/C(n,k) is symmetric in c and k: a product of `few` factors
    if few <= _EXACT_FACTORS:
        all_draws = math.comb(n, few)
        return (all_draws - math.comb(n - many, few)) / all_draws
    return -math.expm1(math.fsum(math.log1p(-many / (n - index)) for index in range(few)))


def _count(name: str, value: int) -> int:
    try:
        count = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = -1
    if count < 0:
        raise ValueError(f"{name} is {value!r:.80}, expected a whole number of 0 or more")
    return count
