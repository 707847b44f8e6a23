"""What is written as the answer of a sample is what its own rule takes for right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import RULES, grade
from longstride.grading.answer_forms import FORMS, written_answer
from longstride.grading.extraction import STYLES, UPSTREAM_STYLES
from longstride.records import Sample


def sample(style: str, truth: str, arguments: Mapping[str, Any] | None = None) -> Sample:
    return Sample(
        id="s",
        data_source="test",
        prompt=({"role": "user", "content": "Where is Kestrel based ?"},),
        task="reading_comprehension",
        question_type="look_up",
        core_question="Where is Kestrel based ?",
        format_instructions="",
        ground_truth=(truth,),
        reward_style=style,
        reward_arguments=arguments or {},
        generator="test",
        seed=0,
    )


def score(asked: Sample, response: str) -> float:
    return grade(
        response, asked.ground_truth, asked.reward_style, asked.reward_arguments, question=asked.core_question
    ).score


EXAMPLES = [
    ("cover_exact_match", "Port Orvale", {}, "The answer is Port Orvale"),
    ("exact", "Port Orvale", {}, "The answer is Port Orvale"),
    ("qa_f1", "Port Orvale", {}, "The answer is Port Orvale"),
    ("choice", "B", {}, "The answer is (B)"),
    ("choice", "(f)", {"choices": "ABCDEF"}, "The answer is (F)"),
    ("numeric", "-1,234.5", {}, "The answer is -1,234.5"),
    ("mrcr", "quiet ladder the old moon", {"prefix": "quiet ladder"}, "quiet ladder the old moon"),
    ("set", "Paris; Rome", {}, "The answer is Paris; Rome"),
    ("list", "Paris; Rome", {}, "The answer is Paris; Rome"),
    ("numeric", "5", {"extraction": "boxed"}, "\\boxed{5}"),
    ("exact", "Paris", {"extraction": "corpusqa"}, "The answer is: Paris"),
    ("choice", "A", {"extraction": "longbench_v2"}, "The correct answer is (A)"),
    ("exact", "Paris", {"extraction": "qwenlong_l1"}, "Therefore, the answer is Paris"),
    ("numeric", "5", {"extraction": "qwenlong_l1_number"}, "Therefore, the answer is 5"),
    ("exact", "Paris", {"extraction": "spell"}, "Therefore, the answer is Paris"),
    ("numeric", "5", {"extraction": "spell_number"}, "Therefore, the answer is 5"),
]


@pytest.mark.parametrize(("style", "truth", "arguments", "written"), EXAMPLES)
def test_the_rule_gives_what_is_written_full_marks(style: str, truth: str, arguments: dict[str, Any], written: str):
    asked = sample(style, truth, arguments)
    assert written_answer(asked) == written
    assert score(asked, written) == 1


def test_every_rule_and_every_extraction_has_an_example():
    assert {style for style, *_ in EXAMPLES} == set(RULES) - {"judge"}
    assert set(FORMS) == {*STYLES, *UPSTREAM_STYLES}


def test_the_judges_style_gets_the_answer_to_read_and_no_score():
    asked = sample("judge", "Paris")
    assert written_answer(asked) == "The answer is Paris"
    assert score(asked, written_answer(asked)) == 0


def test_the_phrase_of_a_prompt_may_lead_to_the_answer():
    asked = sample("exact", "Paris")
    assert written_answer(asked, "Therefore, the answer is") == "Therefore, the answer is Paris"
    assert score(asked, written_answer(asked, "Therefore, the answer is")) == 1


@pytest.mark.parametrize(("style", "truth", "arguments"), [each[:3] for each in EXAMPLES])
def test_another_answer_in_the_same_form_scores_less(style: str, truth: str, arguments: dict[str, Any]):
    asked = sample(style, truth, arguments)
    wrong = {"choice": "C", "numeric": "77", "mrcr": "no such prefix"}.get(style, "Lisbon")
    assert score(asked, written_answer(sample(style, wrong, arguments))) < 1


@given(
    st.lists(st.sampled_from(["Port", "Orvale", "Kestrel", "Milis", "2031", "47", "cheese"]), min_size=1, max_size=3)
)
def test_any_words_of_the_small_world_can_be_an_answer(words: list[str]):
    asked = sample("cover_exact_match", " ".join(words))
    assert score(asked, f"Kestrel is based in Port Orvale . {written_answer(asked)}") == 1
