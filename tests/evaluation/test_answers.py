from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.errors import InputError
from longstride.evaluation.answers import Answer, Reply, graded_reply, read_answers, write_answers
from longstride.records import Sample

COUNTS = {"turns": 1, "prompt_tokens": 5, "response_tokens": 2, "unfinished": False, "left_out_tokens": 0}


def test_a_reply_has_the_rule_s_score_and_what_it_extracted(make_town_sample: Callable[..., Sample]):
    right = graded_reply(make_town_sample(0), "I think so. Therefore, the answer is red.", **COUNTS)
    assert (right.reward, right.extracted, right.decided_by) == (1.0, "red", "rule")
    wrong = graded_reply(make_town_sample(0), "The answer is blue", **COUNTS)
    assert (wrong.reward, wrong.extracted) == (0.0, "blue")
    none = graded_reply(make_town_sample(0), "I cannot tell.", **COUNTS)
    assert (none.reward, none.extracted, none.decided_by) == (0.0, None, "no_answer")


def test_another_grader_s_reward_stands(make_town_sample: Callable[..., Sample]):
    reply = graded_reply(make_town_sample(0), "The answer is scarlet", reward=1.0, decided_by="judge", **COUNTS)
    assert (reply.reward, reply.extracted, reply.decided_by) == (1.0, "scarlet", "judge")


def test_thinking_that_the_template_opened_is_no_answer(make_town_sample: Callable[..., Sample]):
    text = "perhaps the answer is blue</think>The answer is red"
    assert graded_reply(make_town_sample(0), text, thinking_opened=True, **COUNTS).reward == 1.0
    unended = "the answer is red, or is it"
    assert graded_reply(make_town_sample(0), unended, thinking_opened=True, **COUNTS).extracted is None


def test_a_sample_that_its_rule_cannot_grade_is_named(make_town_sample: Callable[..., Sample]):
    sample = make_town_sample(0, reward_style="numeric")
    with pytest.raises(InputError, match="'s0' cannot be graded"):
        graded_reply(sample, "the answer is 3", **COUNTS)


@given(text=st.text(st.characters(exclude_categories=["Cs"])), extracted=st.none() | st.just("a\u2028b\x85"))
def test_answers_come_back_as_they_were_written(
    text: str, extracted: str | None, tmp_path_factory: pytest.TempPathFactory
):
    reply = Reply(text, 0.25, extracted, "", "rule", 2, 5, 3, True, 7)
    answers = [Answer("a", "memory-greedy", "s", "multi_hop", "code", None, index, reply) for index in range(2)]
    path = tmp_path_factory.getbasetemp() / "answers.jsonl"
    write_answers(path, answers)
    assert read_answers(path) == answers


def test_a_line_that_is_none_is_told_with_its_row(tmp_path: Path, make_graded_answer: Callable[..., Answer]):
    path = tmp_path / "0.jsonl"
    write_answers(path, [make_graded_answer("s1", 0, 1.0)])
    path.write_text(path.read_text() + '{"set": "towns"}\n')
    with pytest.raises(InputError, match="row 1: is no answer"):
        read_answers(path)
