"""Graders: by rule at once, by the judge in a thread of its own, and what a dead judge means."""

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from longstride.engines.graders import HybridGrader, JudgeDown, RuleGrader, check_judge, served_judge
from longstride.errors import InputError
from longstride.grading import Judge
from longstride.llm import ModelError, ModelsSettings, ScriptedModel
from longstride.records import Sample

SampleMaker = Callable[..., Sample]


@asynccontextmanager
async def judge_of(model: ScriptedModel) -> AsyncIterator[Judge]:
    yield Judge(model)


def test_rules_grade_at_once(make_word_sample: SampleMaker):
    grader = RuleGrader()
    right, wrong, none = (grader.submit(make_word_sample(0), text) for text in ("yes", "no", ""))
    assert (right.result(0).score, wrong.result(0).score) == (1.0, 0.0)
    assert wrong.result(0).judgement is None
    assert none.result(0).score == 0.0


def test_thinking_that_the_prompt_opened_must_be_closed(make_word_sample: SampleMaker):
    sample = make_word_sample(0, style="cover_exact_match")
    sample = sample.__class__(**{**vars(sample), "reward_arguments": {}})
    text = "The answer is yes."
    assert RuleGrader().submit(sample, text).result(0).score == 1.0
    assert RuleGrader().submit(sample, text, thinking_opened=True).result(0).decided_by == "no_answer"
    assert RuleGrader().submit(sample, f"hm</think>{text}", thinking_opened=True).result(0).score == 1.0


def test_the_judge_is_asked_where_the_rule_fails_while_the_caller_goes_on(make_word_sample: SampleMaker):
    said = threading.Event()

    def reply(*_: object) -> str:
        said.set()
        return "[[YES]]"

    model = ScriptedModel(reply)
    with HybridGrader(judge_of(model)) as grader:
        by_rule = grader.submit(make_word_sample(0), "yes")
        by_judge = grader.submit(make_word_sample(0), "yes indeed")
        assert said.wait(10), "the question is on its way before anyone asks for the grade"
        assert (by_rule.result(10).decided_by, by_judge.result(10).decided_by) == ("rule", "judge")
        assert by_judge.result().score == 1.0
    assert len(model.calls) == 1


def test_a_judge_that_fails_leaves_the_rule_s_score_and_says_so(make_word_sample: SampleMaker):
    with HybridGrader(judge_of(ScriptedModel(lambda *_: ModelError("gone")))) as grader:
        grade = grader.submit(make_word_sample(0), "yes indeed").result(10)
    assert (grade.score, grade.decided_by, grade.judge_failed) == (0.0, "judge_failed", True)


def test_too_many_failures_are_no_rewards_any_more():
    check_judge(asked=0, failed=0, max_failed_share=0.0)
    check_judge(asked=20, failed=2, max_failed_share=0.1)
    with pytest.raises(JudgeDown, match="no verdict on 3 of 20") as caught:
        check_judge(asked=20, failed=3, max_failed_share=0.1)
    assert caught.value.exit_code == 2


def test_a_judge_without_a_server_is_refused_before_anything_is_decoded():
    with (
        pytest.raises(InputError, match="base_url"),
        HybridGrader(served_judge(ModelsSettings(), "judge")),
    ):
        pass
    time.sleep(0)  # the thread has ended: no warning of a loop left open follows


def test_an_unopened_grader_is_a_programming_error(make_word_sample: SampleMaker):
    grader = HybridGrader(judge_of(ScriptedModel([])))
    with pytest.raises(RuntimeError, match="not open"):
        grader.submit(make_word_sample(0), "yes")
    with grader:
        pass
