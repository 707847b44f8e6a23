import random
import statistics

import numpy as np
import pytest

from longstride.evaluation.bootstrap import Interval, mean_interval, mean_of_means_interval, resampled_means


def test_an_interval_agrees_with_another_recomputation():
    draw = random.Random(5)
    values = [draw.choice([0.0, 0.25, 1.0]) for _ in range(80)]
    found = mean_interval(values, "all", seed=0)
    means = sorted(statistics.fmean(draw.choices(values, k=80)) for _ in range(4000))  # plainly, by another generator
    assert found.value == pytest.approx(statistics.fmean(values))
    assert found.low == pytest.approx(means[100], abs=0.012)
    assert found.high == pytest.approx(means[3900], abs=0.012)
    assert found.questions == 80


def test_two_questions_by_hand():
    # drawn twice each: (0, 0), (0, 1), (1, 0), (1, 1): means 0, 1/2, 1/2, 1
    mean_D = resampled_means([0.0, 1.0], "all", seed=3)
    shares = [np.mean(mean_D == value) for value in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.02)
    assert mean_interval([0.0, 1.0], "all", seed=3) == Interval(0.5, 0.0, 1.0, 2)


def test_tasks_weigh_the_same_however_many_questions_they_have():
    groups = {"easy": [1.0] * 90, "hard": [0.0, 0.5] * 5}
    found = mean_of_means_interval(groups, "task", seed=0)
    assert found.value == pytest.approx((1.0 + 0.25) / 2)
    hard = mean_interval(groups["hard"], "task/hard", seed=0)
    assert (found.low, found.high) == pytest.approx(((1 + hard.low) / 2, (1 + hard.high) / 2))
    assert found.questions == 100


def test_the_seed_and_the_stream_name_the_draws():
    values = [0.0, 0.3, 1.0, 0.7, 0.2]
    same = resampled_means(values, "all", seed=1)
    assert np.array_equal(same, resampled_means(values, "all", seed=1))
    assert not np.array_equal(same, resampled_means(values, "all", seed=2))
    assert not np.array_equal(same, resampled_means(values, "task", seed=1))


def test_many_questions_are_drawn_in_parts_of_bounded_memory(monkeypatch: pytest.MonkeyPatch):
    values = [float(number % 7) for number in range(100)]
    monkeypatch.setattr("longstride.evaluation.bootstrap.CELLS", 250)  # two draws at a time
    mean_D = resampled_means(values, "all", seed=0, draws=2001)
    assert mean_D.shape == (2001,)
    assert mean_D.mean() == pytest.approx(statistics.fmean(values), abs=0.02)


def covered(worlds: int, shrink: float) -> float:
    """The share of worlds of 60 questions whose interval, made narrower by `shrink`, holds the true mean of 0.4."""
    draw, hits = random.Random(11), 0
    for world in range(worlds):
        found = mean_interval([float(draw.random() < 0.4) for _ in range(60)], "all", seed=world, draws=1000)
        low, high = (found.value + shrink * (edge - found.value) for edge in (found.low, found.high))
        hits += low <= 0.4 <= high
    return hits / worlds


def test_intervals_cover_the_truth_as_often_as_they_say():
    assert 0.91 <= covered(300, shrink=1.0) <= 0.98
    assert covered(300, shrink=0.5) < 0.8  # the check can fail


def test_a_difference_is_told_from_none():
    assert Interval(0.1, 0.02, 0.2, 9).excludes_zero
    assert Interval(-0.1, -0.2, -0.02, 9).excludes_zero
    assert not Interval(0.1, 0.0, 0.2, 9).excludes_zero


def test_no_values_are_an_error():
    with pytest.raises(ValueError, match="no values"):
        resampled_means([], "all", 0)
    with pytest.raises(ValueError, match="no group"):
        mean_of_means_interval({}, "all", 0)
