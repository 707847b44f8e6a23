"""pass@k: the estimate of Chen et al., exact for small and for large n."""

from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import pass_at_k


@pytest.mark.parametrize(
    ("n", "c", "k", "expected"), [(8, 3, 1, 3 / 8), (4, 2, 2, 5 / 6), (8, 0, 8, 0), (8, 8, 1, 1), (8, 1, 8, 1)]
)
def test_small_cases(n: int, c: int, k: int, expected: float):
    assert pass_at_k(n, c, k) == expected


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_it_is_the_share_of_draws_that_hold_a_correct_one(case: tuple[int, int, int]):
    n, c, k = case
    draws = list(combinations(range(n), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(any(each < c for each in draw) for draw in draws) / len(draws))


@pytest.mark.parametrize(("n", "c", "k"), [(10**4, 2, 5000), (10**5, 3, 7), (10**4, 2500, 3000), (6000, 2001, 2001)])
def test_large_n_is_exact(n: int, c: int, k: int):
    assert pass_at_k(n, c, k) == pytest.approx(float(1 - Fraction(comb(n - c, k), comb(n, k))), rel=1e-14)


def test_a_tiny_chance_keeps_its_digits():
    assert pass_at_k(10**15, 1, 1) == 1e-15
    assert pass_at_k(10**12, 5000, 2500) == pytest.approx(1.25e-05, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "offender"),
    [
        ((4, 5, 1), "c is 5"),
        ((4, 1, 5), "k is 5"),
        ((4, 1, 0), "k is 0"),
        ((0, 0, 1), "k is 1"),
        ((-1, 0, 1), "n is -1"),
        ((4, -1, 1), "c is -1"),
        ((True, 1, 1), "n is True"),
        ((4, 1.0, 1), "c is 1.0"),
        ((4, 1, "1"), "k is '1'"),
    ],
)
def test_nonsense_is_refused(arguments: tuple[int, int, int], offender: str):
    with pytest.raises(ValueError, match=offender):
        pass_at_k(*arguments)
