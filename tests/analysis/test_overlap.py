"""ROUGE-L by hand and against the textbook's recurrence, and the table that is made of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.analysis.overlap import overlaps, rouge_l
from longstride.records import Trajectory, TrajectoryGroup, Turn


def group(name: str, task: str, responses: Sequence[tuple[Sequence[int], float]], prompt: int = 10) -> TrajectoryGroup:
    return TrajectoryGroup(
        name,
        name,
        task,
        tuple(
            Trajectory((Turn((1,) * prompt, (9, 9)), Turn((1,) * prompt, tuple(ids))), reward, task, name, index)
            for index, (ids, reward) in enumerate(responses)
        ),
    )


def test_rouge_l_by_hand():
    """Of 1 2 3 4 and 2 9 4 the longest common subsequence is 2 4: precision 2/3, recall 2/4, F 4/7."""
    assert rouge_l([1, 2, 3, 4], [2, 9, 4]) == pytest.approx(4 / 7)
    assert rouge_l([1, 2], [2, 1]) == 0.5  # one order or the other, not both
    assert rouge_l([1, 2], [1, 2]) == 1
    assert rouge_l([], [1]) == rouge_l([1], []) == rouge_l([], []) == 0


@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 3), max_size=40))
def test_the_share_is_that_of_the_textbook(left: list[int], right: list[int]):
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    whole = len(left) + len(right)
    assert rouge_l(left, right) == pytest.approx(2 * table[-1][-1] / whole if whole else 0)


def test_right_with_wrong_and_right_with_right():
    """1 2 3 with 1 2 4: 2/3. The two right ones share 1 3: 2 * 2 / 6. A part of the reward is neither."""
    found = overlaps([group("a", "qa", [([1, 2, 3], 1), ([1, 5, 3], 1), ([1, 2, 4], 0), ([8, 8, 8], 0.5)])])
    (row,) = found
    assert (row.task, row.questions, row.input_tokens, row.elsewhere) == ("qa", 1, 10, None)
    assert row.right_wrong == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert row.right_right == pytest.approx(2 / 3)


def test_a_question_weighs_the_same_however_many_pairs_it_has():
    one = group("a", "qa", [([1, 2], 1), ([1, 2], 0)])
    many = group("b", "qa", [([3, 4], 1), *[([5, 6], 0.0)] * 7])
    (row,) = overlaps([one, many])
    assert row.right_wrong == 0.5
    assert row.elsewhere == 0  # what one question's right ones share with the other's wrong ones
    assert row.right_right is None


def test_what_the_form_alone_makes_alike_is_told_apart():
    """Every response begins with 7 7; right and wrong ones of a question share its own word, too."""
    groups = [group(str(word), "qa", [([7, 7, word, 1], 1), ([7, 7, word, 2], 0)]) for word in (20, 21, 22)]
    (row,) = overlaps(groups)
    assert (row.right_wrong, row.elsewhere) == (0.75, 0.5)


def test_questions_that_all_or_none_solve_tell_nothing():
    assert overlaps([group("a", "qa", [([1], 1), ([1], 1)]), group("b", "qa", [([1], 0)])]) == []


def test_tasks_stand_apart():
    groups = [group("b", "niah", [([1], 1), ([2], 0)], 30), group("a", "qa", [([1], 1), ([1], 0)], 10)]
    assert [(row.task, row.right_wrong, row.input_tokens) for row in overlaps(groups)] == [
        ("niah", 0, 30),
        ("qa", 1, 10),
    ]
