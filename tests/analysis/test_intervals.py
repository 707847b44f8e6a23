"""Student's interval and Spearman's rho against values of printed tables, and by hand."""

from __future__ import annotations

import math
import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.analysis.intervals import ranks, run_mean, spearman, student_quantile, student_within


@pytest.mark.parametrize(
    ("freedom", "t"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042)]
)
def test_quantiles_are_those_of_the_tables(freedom: int, t: float):
    assert student_quantile(freedom) == pytest.approx(t, abs=5e-4)
    assert student_within(t, freedom) == pytest.approx(0.95, abs=5e-4)


def test_many_degrees_of_freedom_are_the_normal_distribution():
    assert student_quantile(100_000) == pytest.approx(1.960, abs=1e-3)


def test_an_interval_by_hand():
    """Mean 3, sample variance 2.5, so 2.776 * sqrt(2.5 / 5) on each side."""
    found = run_mean([1, 2, 3, 4, 5])
    assert (found.value, found.runs) == (3, 5)
    assert found.high - found.value == pytest.approx(2.776 * math.sqrt(0.5), abs=1e-3)
    assert found.value - found.low == pytest.approx(found.high - found.value)
    assert found.excludes_zero
    assert not run_mean([-1, 2, 0, 1, 0]).excludes_zero


def test_one_run_has_no_interval():
    found = run_mean([0.5])
    assert (found.value, found.has_interval, found.excludes_zero) == (0.5, False, False)
    with pytest.raises(ValueError, match="no runs"):
        run_mean([])


def test_the_interval_covers_as_often_as_it_says():
    draw = random.Random("covers")
    covered = 0
    for _ in range(1000):
        found = run_mean([draw.gauss(1, 1) for _ in range(5)])
        covered += found.low <= 1 <= found.high
    assert 930 <= covered <= 970  # 1.96 times the normal's standard error would give 878


def test_rho_by_hand():
    """Ranks 1 2 3 4 5 and 1 2 3 5 4: 1 - 6 * 2 / (5 * 24) = 0.9, whose two-sided p is 0.0374."""
    found = spearman([1, 2, 3, 4, 5], [10, 20, 30, 500, 40])
    assert found is not None
    assert (found.rho, found.pairs) == (pytest.approx(0.9), 5)
    assert found.p == pytest.approx(0.0374, abs=1e-4)


def test_equal_values_share_their_rank():
    assert ranks([3.0, 1.0, 3.0, 2.0]) == [3.5, 1.0, 3.5, 2.0]


def test_no_rho_without_an_order():
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    assert spearman([1, 2], [1, 2]) is None
    with pytest.raises(ValueError, match="3 values on one side, 2"):
        spearman([1, 2, 3], [1, 2])


def test_independent_values_have_no_rho_to_speak_of():
    draw = random.Random("independent")
    found = spearman([draw.random() for _ in range(400)], [draw.random() for _ in range(400)])
    assert found is not None
    assert abs(found.rho) < 0.15 and found.p > 0.01


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_ranks_are_a_permutation_with_shared_places(values: list[float]):
    found = ranks(values)
    assert fmean(found) == pytest.approx((len(values) + 1) / 2)
    for one, place in zip(values, found, strict=True):
        smaller, equal = sum(other < one for other in values), values.count(one)
        assert place == smaller + (equal + 1) / 2


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=3, max_size=30))
def test_only_the_order_counts(pairs: list[tuple[float, float]]):
    left, right = zip(*pairs, strict=True)
    found, grown = spearman(left, right), spearman(left, [value * 3 for value in right])
    assert (found is None) == (grown is None)
    assert found is None or grown is None or found.rho == pytest.approx(grown.rho)
