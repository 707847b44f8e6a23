import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.rl.retrospective import retrospective_weights, weighted_draw


def test_hard_samples_weigh_more_by_hand():
    # n = 8: 1 / 0.25 = 4, 1 / 0.5 = 2, always solved 0, never solved 1 / (1/16) = 16 of 22, capped at a fifth
    assert retrospective_weights([0.25, 0.5, 1.0], 8, 0.2) == pytest.approx([4 / 6, 2 / 6, 0])
    assert retrospective_weights([0.25, 0.5, 1.0, 0.0], 8, 1.0) == pytest.approx([4 / 22, 2 / 22, 0, 16 / 22])
    capped = retrospective_weights([0.25, 0.5, 1.0, 0.0], 8, 0.2)
    assert capped == pytest.approx([0.8 * 4 / 6, 0.8 * 2 / 6, 0, 0.2])


def test_a_share_that_is_not_reached_changes_nothing():
    assert retrospective_weights([0.5] * 9 + [0.0], 1, 0.5) == pytest.approx([0.1] * 10)


def test_where_none_was_ever_solved_they_are_all_there_is():
    assert retrospective_weights([0.0, 0.0], 8, 0.2) == [0.5, 0.5]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 16), st.floats(0.01, 0.99))
def test_weights_sum_to_one_and_keep_the_cap(rewards: list[float], rollouts: int, share: float):
    if min(rewards) >= 1:
        return
    weights = retrospective_weights(rewards, rollouts, share)
    assert math.fsum(weights) == pytest.approx(1)
    assert all(weight == 0 for weight, reward in zip(weights, rewards, strict=True) if reward >= 1)
    never = math.fsum(weight for weight, reward in zip(weights, rewards, strict=True) if reward == 0)
    if any(0 < reward < 1 for reward in rewards):
        assert never <= share + 1e-9


def test_a_draw_follows_the_weights():
    counts = Counter(index for seed in range(3000) for index in weighted_draw([1, 2, 0, 5], 1, seed))
    assert counts[2] == 0
    assert counts[3] / 3000 == pytest.approx(5 / 8, abs=0.03)
    assert counts[0] / 3000 == pytest.approx(1 / 8, abs=0.03)


def test_a_draw_is_seeded_and_without_repetition():
    assert weighted_draw([1.0] * 9, 5, 1) == weighted_draw([1.0] * 9, 5, 1) != weighted_draw([1.0] * 9, 5, 2)
    assert weighted_draw([3.0, 0.0, 1.0], 2, 0) == [0, 2]
    assert weighted_draw([1.0], 0, 0) == []


def test_bad_input_is_named():
    for rewards, rollouts, share, message in [
        ([], 8, 0.2, "mean_rewards is empty"),
        ([0.5, math.nan], 8, 0.2, r"mean_rewards\[1\] is nan"),
        ([1.5], 8, 0.2, r"mean_rewards\[0\] is 1\.5"),
        ([0.5], 0, 0.2, "rollouts is 0"),
        ([0.5], 8, 1.2, r"max_never_solved_share is 1\.2"),
        ([1.0], 8, 0.2, "no sample is left"),
        ([0.0], 8, 0.0, "no sample is left"),
    ]:
        with pytest.raises(ValueError, match=message):
            retrospective_weights(rewards, rollouts, share)
    with pytest.raises(ValueError, match="cannot draw 2 of the 1 samples"):
        weighted_draw([1.0, 0.0], 2, 0)
    with pytest.raises(ValueError, match=r"weights\[0\] is -1"):
        weighted_draw([-1], 1, 0)
