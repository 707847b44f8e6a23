"""The letter of a multiple choice: one commitment scores, naming every letter never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import choice_letter


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("The correct answer is (B).", "B"),
        ("The correct answer is B", "B"),
        ("the answer is (b)", "B"),
        ("**Answer:** **C**", "C"),
        ("The answer is option D.", "D"),
        ("The answer is:\n\nD", "D"),
        ('The answer is "C"', "C"),
        ("The answer is [C]", "C"),
        ("The correct answer is （B）。", "B"),
        ("The correct answer is (B) Paris, because (A) is wrong.", "B"),
        ("The answer is A because the text says so", "A"),
        ("The answer is A, and B is wrong", "A"),
        ("$\\boxed{C}$", "C"),
        ("The answer is $\\boxed{\\text{(B)}}$.", "B"),
        ("I choose (C).", "C"),
        ("The best option is A at first sight. The answer is B.", "B"),  # the answer outranks the option
        ("B", "B"),
        ("(B)", "B"),
        ("B. Paris", "B"),
        ("(B) Paris", "B"),
        ("Option (A) is wrong.\nSo it must be (B)", "B"),  # the last line names one
        ("<think>The answer is (A)</think>The answer is (B)", "B"),
        ("The answer is (A)</think>The answer is (B)", "B"),
        ("The answer is (B). I repeat: the answer is (B).", "B"),
    ],
)
def test_a_choice_is_read(response: str, letter: str):
    assert choice_letter(response) == letter


@pytest.mark.parametrize(
    "response",
    [
        "",
        "I do not know.",
        "The correct answer is Apple",  # LongBench v2's own pattern reads A here
        "The answer is a dog",
        "The answer is A dog",
        "A long time ago, in a country far away",
        "The answer is D-day",
        "The correct answer is (E)",
        "<think>The answer is (A)",  # never closed
    ],
)
def test_what_is_no_choice_is_none(response: str):
    assert choice_letter(response) is None


@pytest.mark.parametrize(
    "response",
    [
        "The correct answer is (A), (B), (C), (D).",
        "The correct answer is (A) or (B).",
        "The correct answer is A or B",
        "The correct answer is A and B are both right",
        "The correct answer is A/B/C/D",
        "The correct answer is A B C D",
        "The correct answer is (A)(B)(C)(D)",
        "The correct answer is (A, B, C, D)",
        "The correct answer is\n(A)\n(B)\n(C)\n(D)",
        "The correct answer is (A). The correct answer is (B). The correct answer is (C). The correct answer is (D).",
        "The answer is A. The answer is B.",
        "\\boxed{A} \\boxed{B}",
        "(A) Paris\n(B) London\n(C) Rome\n(D) Oslo",  # the question's own list, echoed
        "(A)(B)(C)(D)",
        "ABCD",
        "The answer is not (A), it is (B) or (C)",
    ],
)
def test_naming_several_choices_scores_nothing(response: str):
    assert choice_letter(response) is None


def test_the_question_echoed_is_no_choice():
    question = (
        "What is the correct answer to this question: where?\nChoices:\n(A) Paris\n(B) London\n(C) Rome\n(D) Oslo\n\n"
        'Format your response as follows: "The correct answer is (insert answer here)".'
    )
    assert choice_letter(question) is None
    assert choice_letter(question + "\nThe correct answer is (C).") == "C"


def test_other_choices():
    assert choice_letter("The answer is (J)", choices="ABCDEFGHIJ") == "J"
    assert choice_letter("The answer is I", choices="ABCDEFGHIJ") == "I"
    assert choice_letter("The answer is I think B", choices="ABCDEFGHIJ") is None  # a pronoun
    assert choice_letter("The answer is (C)", choices="AB") is None


@pytest.mark.parametrize("choices", ["", "AA", "abc", "A B", "12"])
def test_strange_choices_are_refused(choices: str):
    with pytest.raises(ValueError, match="choices is"):
        choice_letter("A", choices)


TEMPLATES = [
    "The correct answer is ({})",
    "The correct answer is {}.",
    "answer: {}",
    "**{}**",
    "\\boxed{{{}}}",
    "({}) x",
]


@given(st.sampled_from("ABCD"), st.sampled_from(TEMPLATES), st.text(alphabet="xyz .,\n", max_size=40))
def test_every_letter_is_read_in_every_form(letter: str, template: str, thought: str):
    assert choice_letter(f"<think>{thought}</think>{template.format(letter)}") == letter


@given(st.permutations("ABCD"), st.sampled_from([", ", " or ", "/", " and ", " ", ", or ", " & "]), st.booleans())
def test_every_list_of_all_choices_is_none(letters: list[str], separator: str, parentheses: bool):
    named = separator.join(f"({letter})" if parentheses else letter for letter in letters)
    assert choice_letter(f"The correct answer is {named}") is None
