from collections.abc import Callable

import pytest

from longstride.evaluation.aggregate import questions_of, summarise
from longstride.evaluation.answers import Answer

MakeAnswer = Callable[..., Answer]


@pytest.fixture
def answers(make_graded_answer: MakeAnswer) -> list[Answer]:
    """Three questions, four answers each: two of one task at 100 tokens, one of another at 5,000."""
    rewards = {"s1": [1, 1, 0, 0], "s2": [0, 0, 0, 0], "s3": [1, 1, 1, 0.5]}
    place = {"s1": ("multi_hop", 100), "s2": ("multi_hop", 100), "s3": ("numerical", 5000)}
    return [
        make_graded_answer(name, index, reward, task=place[name][0], input_tokens=place[name][1], **fields)
        for name, values in rewards.items()
        for index, reward in enumerate(values)
        for fields in [{"unfinished": True, "extracted": None} if (name, index) == ("s2", 0) else {}]
    ]


def test_means_over_questions_tasks_and_lengths_by_hand(answers: list[Answer]):
    reward = summarise(answers, seed=0).reward
    assert reward.overall.value == pytest.approx((0.5 + 0 + 0.875) / 3)
    assert reward.over_tasks.value == pytest.approx((0.25 + 0.875) / 2)  # tasks weigh the same
    assert {name: each.value for name, each in reward.by_task.items()} == {"multi_hop": 0.25, "numerical": 0.875}
    assert {name: each.value for name, each in reward.by_length.items()} == {"up to 128": 0.25, "up to 8K": 0.875}
    assert reward.by_task["multi_hop"].questions == 2
    assert (reward.by_task["multi_hop"].low, reward.by_task["multi_hop"].high) == (0.0, 0.5)
    assert list(reward.by_set) == ["towns"]


def test_pass_at_k_by_hand(answers: list[Answer]):
    passed = summarise(answers, seed=0).pass_at_k
    assert list(passed) == [1, 2, 4]
    # solved: 2 of 4, 0 of 4, 3 of 4 (half a reward solves nothing)
    assert passed[1].value == pytest.approx((2 / 4 + 0 + 3 / 4) / 3)
    assert passed[2].value == pytest.approx(((1 - 1 / 6) + 0 + 1) / 3)
    assert passed[4].value == pytest.approx(2 / 3)


def test_answers_that_were_cut_or_held_nothing_are_counted(answers: list[Answer], make_graded_answer: MakeAnswer):
    summary = summarise(answers, seed=0)
    assert (summary.questions, summary.answers) == (3, 12)
    assert summary.unfinished_share == summary.no_answer_share == pytest.approx(1 / 12)
    assert summary.shortened_questions == 0
    assert (summary.mean_prompt_tokens, summary.mean_response_tokens) == (10, 4)
    cut = [make_graded_answer("s4", index, 0, left_out_tokens=30) for index in range(4)]
    assert summarise([*answers, *cut], seed=0).shortened_questions == 1  # a question, not four answers


def test_one_answer_each_gives_pass_at_1_alone(make_graded_answer: MakeAnswer):
    assert list(summarise([make_graded_answer("s1", 0, 1.0)], seed=0).pass_at_k) == [1]


def test_one_name_in_two_sets_is_two_questions(make_graded_answer: MakeAnswer):
    answers = [make_graded_answer("s1", 0, 1.0, set=name) for name in ("a", "b")]
    assert [each.set for each in questions_of(answers)] == ["a", "b"]
    assert list(summarise(answers, seed=0).reward.by_set) == ["a", "b"]


def test_no_answers_are_an_error():
    with pytest.raises(ValueError):
        summarise([], seed=0)
