from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.evaluation.answers import Answer
from longstride.evaluation.comparison import compare, compare_answers, memory_over_full_context
from longstride.evaluation.results import Results

MakeAnswer = Callable[..., Answer]


def test_the_difference_is_paired_by_question(make_graded_answer: MakeAnswer):
    # questions differ far more than the models do: alone the intervals overlap, in pairs the gain is certain
    hard = [0.9 * (number % 2) for number in range(40)]
    before = [make_graded_answer(f"s{number}", 0, value) for number, value in enumerate(hard)]
    after = [make_graded_answer(f"s{number}", 0, value + 0.05) for number, value in enumerate(hard)]
    found = compare_answers(after, before, ("after", "before"))
    assert found.difference.overall.value == pytest.approx(0.05)
    assert found.difference.overall.excludes_zero
    assert (found.better, found.worse, found.only_first, found.only_second) == (40, 0, 0, 0)
    crossed = [
        make_graded_answer(each.sample_id, 0, other.reply.reward)
        for each, other in zip(before, reversed(after), strict=True)
    ]
    assert not compare_answers(crossed, before, ("crossed", "before")).difference.overall.excludes_zero


def test_by_task_and_length_by_hand(make_graded_answer: MakeAnswer):
    def asked(rewards: dict[str, list[float]]) -> list[Answer]:
        return [
            make_graded_answer(name, index, reward, task="numerical" if name == "s3" else "multi_hop")
            for name, values in rewards.items()
            for index, reward in enumerate(values)
        ]

    first, second = asked({"s1": [1, 0], "s2": [1, 1], "s3": [0, 0]}), asked({"s1": [0, 0], "s2": [1, 1], "s3": [1, 0]})
    difference = compare_answers(first, second, ("a", "b")).difference
    assert {name: each.value for name, each in difference.by_task.items()} == {"multi_hop": 0.25, "numerical": -0.5}
    assert difference.overall.value == pytest.approx(0.0)
    assert difference.over_tasks.value == pytest.approx(-0.125)
    assert difference.by_length["up to 128"].questions == 3


def test_questions_that_only_one_was_asked_are_left_out_and_told(make_graded_answer: MakeAnswer):
    ours = [make_graded_answer(name, 0, 1.0) for name in ("s1", "s2", "s3")]
    theirs = [make_graded_answer(name, 0, 0.0) for name in ("s3", "s4")]
    found = compare_answers(ours, theirs, ("a", "b"))
    assert (found.difference.overall.questions, found.only_first, found.only_second) == (1, 2, 1)
    with pytest.raises(InputError, match="no question in common"):
        compare_answers(ours[:2], theirs, ("a", "b"))


def test_two_results_are_compared_arm_by_arm(make_graded_answer: MakeAnswer):
    def results(name: str, labels: list[str], reward: float) -> Results:
        answers = {label: (make_graded_answer("s1", 0, reward, arm=label),) for label in labels}
        return Results(Path(name) / "out", 0, "m", answers)

    found = compare(results("a", ["memory-greedy", "memory-t1"], 1.0), results("b", ["memory-greedy"], 0.25))
    assert list(found) == ["memory-greedy"]
    assert (found["memory-greedy"].first, found["memory-greedy"].second) == ("a-out", "b-out")
    assert found["memory-greedy"].difference.overall.value == 0.75
    with pytest.raises(InputError, match="memory-greedy, and not as memory-t1"):
        compare(results("a", ["memory-t1"], 1.0), results("b", ["memory-greedy"], 0.25))


def test_the_memory_agent_is_set_against_one_pass_of_the_same_decoding(make_graded_answer: MakeAnswer):
    labels = {"memory-t1": 1.0, "full_context-t1": 0.5, "full_context-greedy": 0.0}
    answers = {label: (make_graded_answer("s1", 0, reward, arm=label),) for label, reward in labels.items()}
    found = memory_over_full_context(Results(Path("out"), 0, "m", answers))
    assert list(found) == ["t1"]
    assert found["t1"].difference.overall.value == 0.5
