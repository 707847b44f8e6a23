"""Lessons that share nothing go through the model together, and teach what they teach one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from longstride.engines.local.policy import Policy, load_policy
from longstride.engines.local.update import accumulate_gradients
from longstride.engines.local.warmup.curriculum import length_class
from longstride.engines.local.warmup.joining import join_single_lessons
from longstride.engines.local.warmup.lessons import Lesson, LessonGroup, group_lessons
from longstride.engines.local.warmup.tiny_model import make_tiny_model
from longstride.records import Turn


def groups_of(prompts: list[tuple[int, ...]], context: str = "") -> list[LessonGroup]:
    """A lesson for each prompt, each in a context of its own where `context` is empty."""
    turns = [Turn(prompt, (3, 4 + place % 5)) for place, prompt in enumerate(prompts)]
    lessons = [Lesson(turn, "multi_hop", context or str(place)) for place, turn in enumerate(turns)]
    return group_lessons(lessons, 1000)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy(make_tiny_model(Path(tmp_path_factory.mktemp("tiny")) / "model", 0))


def gradients(policy: Policy, groups: list[LessonGroup]) -> list[torch.Tensor]:
    for parameter in policy.model.parameters():
        parameter.grad = None
    for group in groups:
        given = [torch.full((len(row.targets),), -1.0) for row in group.shared.rows]
        accumulate_gradients(policy, group.shared, given, 1.0)
    return [parameter.grad.clone() for parameter in policy.model.parameters() if parameter.grad is not None]


def test_joined_lessons_have_the_gradients_of_lessons_one_by_one(policy: Policy):
    apart = groups_of([(5, 6, 7), (8, 9, 10, 11), (12, 13), (14, 15, 16, 17, 18)])
    joined = join_single_lessons(apart, 0, 100)
    assert (len(apart), len(joined)) == (4, 1)
    one_by_one, together = gradients(policy, apart), gradients(policy, joined)
    for expected, found in zip(one_by_one, together, strict=True):
        assert (found - expected).norm() <= 1e-3 * expected.norm()  # sums that nearly cancel, in float32
    fewer = gradients(policy, apart[:3])
    assert all((one - other).norm() > 0.1 * other.norm() for one, other in zip(fewer, together, strict=True))


def test_lessons_that_share_a_beginning_stay_together_and_come_first():
    shared, alone = groups_of([(1, 2, 3, 4), (1, 2, 3, 5)], "c"), groups_of([(6, 7), (8, 9)])
    assert [len(group.shared.rows) for group in shared] == [2]
    first, second = join_single_lessons([*alone, *shared], 0, 100)
    assert first == shared[0]
    assert not second.shared.prefix_ids
    assert sorted(row.ids[:2] for row in second.shared.rows) == [(6, 7), (8, 9)]


def test_who_meets_whom_follows_from_the_seed():
    alone = groups_of([(each, each + 1) for each in range(40)])
    assert join_single_lessons(alone, 0, 16) == join_single_lessons(alone, 0, 16)
    assert join_single_lessons(alone, 0, 16) != join_single_lessons(alone, 1, 16)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=30), st.integers(1, 300))
def test_no_lesson_is_lost_and_only_those_of_one_length_class_meet(lengths: list[int], max_tokens: int):
    alone = groups_of([tuple(range(10, 10 + length)) for length in lengths])
    joined = join_single_lessons(alone, 0, max_tokens)
    assert sorted(len(row.ids) for group in joined for row in group.shared.rows) == sorted(
        length + 2 for length in lengths
    )
    assert sum(group.target_tokens for group in joined) == 2 * len(lengths)
    for group in joined:
        assert group.tokens <= max_tokens or len(group.shared.rows) == 1
        assert {length_class(row.loss_from) for row in group.shared.rows} == {length_class(group.prompt_tokens)}
