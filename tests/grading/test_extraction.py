"""Finding the answer in a response: what counts is said last, after the thinking, and in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import extract_answer, strip_thinking
from longstride.grading.extraction import STYLES, UPSTREAM_STYLES, unwrap


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("Paris", "Paris"),
        ("<think>London?</think>\n\nParis", "Paris"),
        ("the template opened it</think>Paris", "Paris"),  # only </think> appears
        ("<think>a</think>b<think>c</think>d", "d"),
        ("<think>never closed, the answer is Paris", None),
        ("<think>a</think>Paris <think>again", None),  # thinking that began anew and was cut off
        ("done</think>", ""),
        ("", ""),
    ],
)
def test_thinking_is_taken_out(response: str, said: str | None):
    assert strip_thinking(response) == said


def test_a_template_that_opens_the_thinking_is_told_by_the_caller():
    cut_off = "Let me see. Perhaps the answer is Paris"
    assert extract_answer(cut_off, "the_answer_is") == "Paris"
    assert extract_answer(cut_off, "the_answer_is", thinking_opened=True) is None
    assert extract_answer(cut_off + "</think>The answer is Rome.", "the_answer_is", thinking_opened=True) == "Rome"


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("Therefore, the answer is Paris.", "Paris"),
        ("Therefore, the answer is (Paris).", "Paris"),  # the placeholder's own parentheses
        ('"Therefore, the answer is Paris".', "Paris"),
        ("**The final answer is:** Paris", "Paris"),
        ("THE ANSWER IS PARIS", "PARIS"),
        ("the correct answer is\nParis\n\nI hope this helps, Tom.", "Paris"),
        ("the answer is:\n- Paris\n- Rome\n\nBye", "- Paris\n- Rome"),
        ("So the answer is $\\boxed{\\text{Paris}}$.", "Paris"),
        ("the answer is (a) and (b)", "(a) and (b)"),  # two pairs of parentheses, not one around it all
        ("the answer is U.S.A.", "U.S.A"),
        ("the answer is 3.5.", "3.5"),
        ("<think>the answer is London</think>The answer is Paris.", "Paris"),
        ("<think>the answer is London</think>It is Paris.", None),  # what was only thought is not said
        ("<think>the answer is London", None),
        ("Paris", None),
        ("the answer isn't Paris", None),
        ("the answer is", None),
        ("the answer is .", None),
        ('Format your response as follows: "Therefore, the answer is (insert answer here)".', None),
    ],
)
def test_the_answer_is(response: str, answer: str | None):
    assert extract_answer(response, "the_answer_is") == answer


def test_of_several_answers_the_last_one_counts():
    response = "The answer is Paris. No, wait: the answer is London. Finally, the answer is Rome."
    assert extract_answer(response, "the_answer_is") == "Rome"


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed{5}", "5"),
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\boxed{7}}", "7"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{ \text{Paris} }", "Paris"),
        (r"\boxed{1} and then \boxed{2", None),  # cut off inside its answer
        (r"\boxed{}", None),
        ("5", None),
        (r"<think>\boxed{5}", None),
    ],
)
def test_boxed(response: str, answer: str | None):
    assert extract_answer(response, "boxed") == answer


def test_corpusqa_takes_the_line_and_else_everything():
    assert extract_answer("So. The answer is: 12 firms\nBye. The answer is: 13", "corpusqa") == "12 firms"
    assert extract_answer("<think>a</think>There are 12.\nSo.", "corpusqa") == "There are 12.\nSo."


def test_the_qwenlong_l1_style_is_exact_upstream():
    assert extract_answer("a</think>Therefore, **the answer is** Paris. ", "qwenlong_l1") == "Paris"
    assert extract_answer("The Answer Is Paris", "qwenlong_l1") is None  # case-sensitive
    assert extract_answer("<think>never closed; the answer is Paris", "qwenlong_l1") == "Paris"  # falls back to all
    assert extract_answer("the answer is Paris\n\nand so on.", "qwenlong_l1") == "Paris\n\nand so on"  # to the end
    assert extract_answer("the answer is Paris<｜end▁of▁sentence｜>", "qwenlong_l1") == "Paris"
    assert extract_answer("the answer is ...", "qwenlong_l1") is None


def test_the_upstream_number_styles():
    response = "First, the answer is 1,234. Then The Answer is (5,678)."
    assert extract_answer(response, "qwenlong_l1_number") == "1234"  # the first, in any case
    assert extract_answer(response, "spell_number") == "5678"  # in parentheses before bare, and the last
    assert extract_answer("the answer is 5, or \\boxed{1,000}", "spell_number") == "1000"
    assert extract_answer("the answer is $-5", "qwenlong_l1_number") == "$-5"
    assert extract_answer("the answer is five", "qwenlong_l1_number") is None


def test_the_spell_style():
    assert extract_answer("The correct answer is Paris.\nBecause.", "spell") == "Paris"
    assert extract_answer("<think>the answer is Paris", "spell") is None
    assert extract_answer("the answer is (insert answer here)", "spell") is None
    assert (
        extract_answer("the answer is Rome. The correct answer is Paris", "spell")
        == "Rome. The correct answer is Paris"
    )


def test_the_longbench_v2_style_takes_the_first_and_reads_apple_as_a():
    assert extract_answer("The correct answer is **(B)**. The correct answer is (C)", "longbench_v2") == "B"
    assert extract_answer("The correct answer is Apple", "longbench_v2") == "A"
    assert extract_answer("the correct answer is (B)", "longbench_v2") is None


def test_an_unknown_style_is_refused_and_the_known_are_listed():
    with pytest.raises(ValueError, match=r"unknown extraction style 'xml'; known: the_answer_is, boxed.*longbench_v2"):
        extract_answer("5", "xml")


def test_a_response_that_is_no_text_is_refused():
    with pytest.raises(ValueError, match="response is None"):
        extract_answer(None, "boxed")  # type: ignore[arg-type]


@given(
    st.text(alphabet='the answr is()*."\n<>/k{}\\boxed:A', max_size=120), st.sampled_from([*STYLES, *UPSTREAM_STYLES])
)
def test_an_answer_is_never_empty(response: str, style: str):
    answer = extract_answer(response, style)
    assert answer is None or answer


@given(st.text(alphabet="ab ().\"'*", max_size=30))
def test_a_short_answer_unwraps_to_something_that_has_no_more_wrapping(answer: str):
    for _ in range(4):
        answer = unwrap(answer)
    assert unwrap(answer) == answer


HOSTILE = {
    "parentheses": "the answer is " + "(" * 500_000 + ")" * 500_000,
    "phrases": "the answer is " * 70_000,
    "spaces": "the answer is" + " " * 1_000_000,
    "almost the phrase": "the final " * 100_000,
    "braces": "\\boxed{" * 140_000,
    "backslashes": "\\boxed{" + "\\" * 1_000_000,
    "thinking": "<think></think>" * 66_000,
    "letters": "The correct answer is (A), (B) or (C) and (D) " * 20_000,
    "open letters": "answer is ((((" * 70_000,
    "newlines": "the answer is a" + "\n " * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_is_read_to_its_end(name: str):
    for style in (*STYLES, *UPSTREAM_STYLES):
        extract_answer(HOSTILE[name], style)
