import math
import statistics
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from longstride.rl.advantage import (
    batch_advantages,
    broadcast_to_turns,
    group_advantages,
    task_advantages,
    tmn_advantages,
)

REWARDS = [1, 0, 1, 1, 0.2, 0.8, 0.4, 0.6]
GROUPS = ["q1", "q1", "q2", "q2", "n1", "n1", "n2", "n2"]
TASKS = ["qa"] * 4 + ["niah"] * 4
ALL: list[Callable[..., torch.Tensor]] = [
    group_advantages,
    batch_advantages,
    lambda rewards, groups, **options: task_advantages(rewards, groups, ["t"] * len(rewards), **options),
    lambda rewards, groups, **options: tmn_advantages(rewards, groups, ["t"] * len(rewards), **options),
]


def test_a_group_is_measured_by_its_own_spread():
    half = 1 / math.sqrt(2)  # two values d apart have a sample std of d / sqrt 2
    expected = [half, -half, 0, 0, -half, half, -half, half]
    assert group_advantages(REWARDS, GROUPS) == pytest.approx(expected)


def test_the_population_std_is_an_option():
    assert group_advantages(REWARDS, GROUPS, unbiased=False) == pytest.approx([1, -1, 0, 0, -1, 1, -1, 1])


def test_a_task_keeps_the_spread_of_its_own_rewards():
    expected = [1, -1, 0, 0, -1.162, 1.162, -0.387, 0.387]
    assert task_advantages(REWARDS, GROUPS, TASKS) == pytest.approx(expected, abs=1e-3)


def test_a_batch_mixes_the_spread_of_dense_and_sparse_rewards():
    std = statistics.stdev(REWARDS)
    expected = [0.5 / std, -0.5 / std, 0, 0, -0.3 / std, 0.3 / std, -0.1 / std, 0.1 / std]
    assert batch_advantages(REWARDS, GROUPS) == pytest.approx(expected)


def test_tmn_leaves_the_spread_between_groups_out():
    # qa: variances 0.5 and 0, mean 0.25, root 0.5; niah: 0.18 and 0.02, mean 0.1, root 0.3162
    expected = [1, -1, 0, 0, -0.3 / math.sqrt(0.1), 0.3 / math.sqrt(0.1), -0.1 / math.sqrt(0.1), 0.1 / math.sqrt(0.1)]
    assert tmn_advantages(REWARDS, GROUPS, TASKS) == pytest.approx(expected)
    shifted = [1, 0, 101, 101, *REWARDS[4:]]  # an easy question beside a hard one
    assert tmn_advantages(shifted, GROUPS, TASKS) == pytest.approx(expected)
    assert task_advantages(shifted, GROUPS, TASKS)[0] < 0.01


@pytest.mark.parametrize("advantages", ALL)
def test_equal_rewards_give_exactly_nothing(advantages: Callable[..., torch.Tensor]):
    # the mean of three float64 0.1 is 0.10000000000000002: over an eps it would be an advantage
    rewards = torch.tensor([0.1] * 3 + [0.7] * 3, dtype=torch.float64)
    assert advantages(rewards[:3], ["a"] * 3).tolist() == [0, 0, 0]
    assert advantages(rewards, ["a"] * 3 + ["b"] * 3).tolist() == [0] * 6


@pytest.mark.parametrize("advantages", ALL)
def test_a_group_of_one_gives_nothing(advantages: Callable[..., torch.Tensor]):
    result = advantages([1.0, 0.0, 1.0], ["alone", "b", "b"])
    assert result[0] == 0
    assert result[1] < 0 < result[2]
    assert advantages([1.0], ["alone"]).tolist() == [0]


def test_a_group_of_one_does_not_dilute_tmn():
    assert tmn_advantages([5, 1, 0], ["alone", "b", "b"], ["t"] * 3) == pytest.approx(
        [0, 1 / math.sqrt(2), -1 / math.sqrt(2)]
    )


@pytest.mark.parametrize("advantages", ALL)
def test_order_and_uneven_groups_do_not_matter(advantages: Callable[..., torch.Tensor]):
    rewards, groups = [1.0, 0.0, 0.5, 0.25, 1.0], ["a", "b", "a", "b", "a"]
    order = [4, 1, 0, 3, 2]
    shuffled = advantages([rewards[i] for i in order], [groups[i] for i in order])
    assert shuffled == pytest.approx(advantages(rewards, groups)[order].tolist())


@given(
    st.lists(
        st.tuples(st.floats(-1e3, 1e3, width=32), st.integers(0, 4), st.booleans()),
        min_size=1,
        max_size=30,
    ),
    st.booleans(),
)
def test_against_a_plain_float64_reckoning(rows: list[tuple[float, int, bool]], unbiased: bool):
    rewards = [reward for reward, _, _ in rows]
    groups = [group for _, group, _ in rows]
    tasks = [group % 2 for group in groups]

    def spread(values: list[float]) -> float:
        if max(values) == min(values):
            return 0.0
        return statistics.stdev(values) if unbiased else statistics.pstdev(values)

    def members(labels: list[int], label: int) -> list[float]:
        return [reward for reward, each in zip(rewards, labels, strict=True) if each == label]

    def expected(scale: Callable[[int], float]) -> list[float]:
        result = []
        for place, reward in enumerate(rewards):
            mine = members(groups, groups[place])
            below = scale(place)
            result.append(0.0 if spread(mine) == 0 or below == 0 else (reward - statistics.fmean(mine)) / below)
        return result

    def tmn(place: int) -> float:
        names = {group for group, task in zip(groups, tasks, strict=True) if task == tasks[place]}
        variances = [spread(members(groups, name)) ** 2 for name in names if len(members(groups, name)) > 1]
        return math.sqrt(statistics.fmean(variances)) if variances else 0.0

    given = torch.tensor(rewards, dtype=torch.float64)
    close: Any = lambda values: pytest.approx(values, rel=1e-6, abs=1e-6)  # noqa: E731
    assert group_advantages(given, groups, unbiased) == close(expected(lambda i: spread(members(groups, groups[i]))))
    assert batch_advantages(given, groups, unbiased) == close(expected(lambda i: spread(rewards)))
    assert task_advantages(given, groups, tasks, unbiased) == close(
        expected(lambda i: spread(members(tasks, tasks[i])))
    )
    assert tmn_advantages(given, groups, tasks, unbiased) == close(expected(tmn))


def test_tensors_keep_their_type_and_may_name_groups():
    result = group_advantages(torch.tensor([1.0, 0.0], dtype=torch.bfloat16), torch.tensor([7, 7]))
    assert result.dtype == torch.bfloat16
    assert group_advantages([1, 0], [7, 7]).dtype == torch.float32
    assert group_advantages(torch.tensor([1, 0]), [7, 7]).dtype == torch.float32


def test_every_turn_has_the_advantage_of_its_trajectory():
    assert broadcast_to_turns(torch.tensor([0.5, -1.0, 2.0]), [1, 3, 2]).tolist() == [0.5, -1, -1, -1, 2, 2]
    assert broadcast_to_turns(torch.tensor([0.5]), torch.tensor([2])).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: group_advantages([], []), "rewards is empty"),
        (lambda: group_advantages([1, float("nan")], [0, 0]), r"rewards\[1\] is nan"),
        (lambda: batch_advantages([float("inf"), 1], [0, 0]), r"rewards\[0\] is inf"),
        (lambda: group_advantages([1, 2], [0]), "groups has 1 entries for 2 rewards"),
        (lambda: task_advantages([1, 2], [0, 0], ["a"]), "tasks has 1 entries for 2 rewards"),
        (lambda: task_advantages([1, 2], ["q", "q"], ["a", "b"]), "group 'q' holds the tasks 'a' and 'b'"),
        (lambda: tmn_advantages([1, 2], ["q", "q"], ["a", "b"]), "group 'q' holds the tasks"),
        (lambda: group_advantages(torch.ones(2, 2), [0, 0]), r"rewards has shape \(2, 2\)"),
        (lambda: broadcast_to_turns(torch.ones(2), [1]), "turn_counts has 1 entries for 2 advantages"),
        (lambda: broadcast_to_turns(torch.ones(2), [1, 0]), r"turn_counts\[1\] is 0"),
    ],
)
def test_bad_input_is_named(call: Callable[[], torch.Tensor], message: str):
    with pytest.raises(ValueError, match=message):
        call()
