"""Grading by the rule's name, from the response to the score; and what it does about gaming."""

import pytest

from longstride.grading import RULES, extraction_of, grade

QUESTION = "Which city hosted the summit first, Paris or London?"


def said(answer: str) -> str:
    return f"<think>Let me see.</think>Therefore, the answer is {answer}."


@pytest.mark.parametrize(
    ("style", "response", "truth", "arguments", "score"),
    [
        ("cover_exact_match", said("the city of Paris"), ("Paris",), {}, 1),
        ("cover_exact_match", said("Rome"), ("Paris", "Rome"), {}, 1),
        ("cover_exact_match", said("Pari"), ("Paris",), {"variant": "qwenlong_l1", "extraction": "qwenlong_l1"}, 1),
        ("cover_exact_match", "It is Paris.", ("Paris",), {}, 0),  # no answer was declared
        ("exact", said("Paris"), ("paris",), {}, 1),
        ("exact", said("Paris, France"), ("paris",), {}, 0),
        ("qa_f1", said("Paris France"), ("paris",), {}, 2 / 3),
        ("choice", "The correct answer is (B).", ("B",), {}, 1),
        ("choice", "The correct answer is (A) or (B).", ("B",), {}, 0),
        ("choice", "The answer is (F)", ("(f)",), {"choices": "ABCDEF"}, 1),
        ("choice", "The correct answer is (A). The correct answer is (B)", ("A",), {"extraction": "longbench_v2"}, 1),
        ("numeric", said("(1,234.5)"), ("1234.5",), {}, 1),  # the placeholder's parentheses, not accounting's
        ("numeric", said("-$5 million"), ("-5000000",), {}, 1),
        ("numeric", said("50"), ("5",), {}, 0),
        ("numeric", said("50"), ("5",), {"variant": "docmath", "extraction": "qwenlong_l1_number"}, 1),
        ("numeric", "\\boxed{5}", ("5",), {"extraction": "boxed"}, 1),
        ("mrcr", "<think>a</think>\n\nabcXYtapir", ("abcXYtapir",), {"prefix": "abcXY"}, 1),
        ("mrcr", "tapir", ("abcXYtapir",), {"prefix": "abcXY"}, 0),
        ("set", said("Rome, Paris"), ("Paris; Rome",), {}, 1),
        ("set", said("Rome"), ("Paris; Rome",), {"partial": True}, 2 / 3),
        ("list", said("Rome, Paris"), ("Paris; Rome",), {}, 0),
        ("list", said("Paris, Rome"), ("Rome", "Paris; Rome"), {}, 1),  # alternatives
        ("judge", said("Paris"), ("Paris",), {}, 0),
    ],
)
def test_a_response_is_graded_by_the_rule_that_its_sample_names(
    style: str, response: str, truth: tuple[str, ...], arguments: dict[str, object], score: float
):
    assert grade(response, truth, style, arguments).score == pytest.approx(score)


def test_the_grade_says_what_was_extracted():
    result = grade(said("Paris"), "Paris", "cover_exact_match")
    assert (result.answer, result.rule, result.refused) == ("Paris", "cover_exact_match", "")
    assert grade("nothing", "Paris", "cover_exact_match").answer is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (QUESTION, "echo"),
        (f"the answer to {QUESTION}", "echo"),
        ("not Paris", "denial"),
        ("neither the Paris of today nor Paris", "denial"),
        ("Paris or London", "hedge"),
        ("either Paris, or London", "hedge"),
        ("Paris, London, Rome, Berlin", "list"),
        ("Paris; London; Rome; Berlin; Oslo", "list"),
        ("one of Paris, London", "hedge"),
        ("Paris and London", "list"),
        ("Paris / London", "list"),
        ("London, Paris, and Rome", "list"),
        ("what the documents say: " + "many words and then Paris " * 40, "long"),
    ],
)
def test_an_answer_that_does_not_commit_itself_is_left_to_the_judge(answer: str, reason: str):
    result = grade(said(answer), "Paris", "cover_exact_match", question=QUESTION)
    assert (result.score, result.refused) == (0.0, reason)


@pytest.mark.parametrize(
    "answer",
    [
        "Paris",
        "Paris, France",
        "Paris (France)",
        f"{QUESTION} It was Paris",
        "The city of Paris in 1998",
        "not Rome but Paris",
        "(Paris)",
    ],
)
def test_an_answer_that_commits_itself_scores(answer: str):
    assert grade(said(answer), "Paris", "cover_exact_match", question=QUESTION).score == 1


def test_a_gold_that_holds_or_or_commas_is_no_hedge():
    assert grade(said("Trick or Treat"), "Trick or Treat", "cover_exact_match").score == 1
    assert grade(said("a, b, c, d and e"), "a, b, c, d and e", "cover_exact_match").score == 1


def test_a_response_that_echoes_its_whole_prompt_scores_under_no_rule():
    prompt = (
        "<text>\nParis hosted it in 1998, with 5 guests.\n</text>\n\n"
        + QUESTION
        + "\n\nFormat your response as follows: "
        '"Therefore, the answer is (insert answer here)".'
    )
    for style, truth, arguments in [
        ("cover_exact_match", "Paris", {}),
        ("exact", "Paris", {}),
        ("qa_f1", "Paris", {}),
        ("choice", "A", {}),
        ("numeric", "5", {}),
        ("mrcr", "xyParis", {"prefix": "xy"}),
        ("set", "Paris", {"partial": True}),
        ("list", "Paris", {}),
    ]:
        assert grade(prompt, truth, style, arguments, question=QUESTION).score == 0, style


@pytest.mark.parametrize("style", ["cover_exact_match", "exact", "numeric", "set", "list"])
def test_of_contradicting_answers_only_the_last_counts(style: str):
    guesses = "The answer is 5.\n\nThe answer is 6.\n\nThe answer is 7."
    assert [grade(guesses, gold, style).score for gold in ("5", "6", "7")] == [0, 0, 1]


def test_thinking_that_never_closed_scores_nothing():
    for style in ("cover_exact_match", "exact", "numeric", "set", "choice"):
        truth = "A" if style == "choice" else "5"
        assert grade(f"<think>The answer is {truth}", truth, style).score == 0
        assert grade(f"The answer is {truth}", truth, style, {"thinking_opened": True}).score == 0
        assert grade(f"hm</think>The answer is {truth}", truth, style, {"thinking_opened": True}).score == 1


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="unknown grading rule 'cem'; known: cover_exact_match, exact, qa_f1, choice"):
        grade("a", "a", "cem")
    with pytest.raises(ValueError, match="unknown argument of rule numeric 'prefix'; known: variant, extraction"):
        grade("a", "5", "numeric", {"prefix": "x"})
    with pytest.raises(ValueError, match="unknown variant 'loose'"):
        grade("a", "5", "numeric", {"variant": "loose"})
    with pytest.raises(ValueError, match="rule mrcr needs the argument prefix"):
        grade("a", "a", "mrcr")
    with pytest.raises(ValueError, match="ground truth 'PARIS' is none of the choices ABCD"):
        grade("a", "Paris", "choice")
    for style in RULES:
        with pytest.raises(ValueError, match="golds is empty"):
            grade("a", (), style)


def test_a_hostile_megabyte_is_graded_to_its_end():
    response = "the answer is " + "the Paris, 5 (A) or " * 50_000
    for style, truth in [("cover_exact_match", "Rome"), ("choice", "B"), ("numeric", "5"), ("set", "Rome")]:
        grade(response, truth, style, question=QUESTION)


def test_where_the_answer_is_looked_for():
    assert extraction_of("mrcr", {"prefix": "x"}) == "whole"
    assert extraction_of("exact", {}) == "the_answer_is"
    assert extraction_of("exact", {"extraction": "boxed"}) == "boxed"
    with pytest.raises(ValueError, match="unknown grading rule"):
        extraction_of("poetry", {})
