"""Options under other letters, and options that must stay where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.curation.by_model.options import option_texts, under_other_letters

QUESTION = "Which one?\n(A) red\n(B) blue\n(C) green\n(D) grey"


def test_each_option_moves_on_and_the_right_letter_with_it():
    moved = under_other_letters(QUESTION, ("B",), "ABCD", 1)
    assert moved == ("Which one?\n(A) grey\n(B) red\n(C) blue\n(D) green", ("C",))
    assert under_other_letters(QUESTION, ("(d)",), "ABCD", 1) == (
        "Which one?\n(A) grey\n(B) red\n(C) blue\n(D) green",
        ("A",),
    )
    assert under_other_letters(QUESTION, ("B",), "ABCD", 0) == (QUESTION, ("B",))


@given(st.integers(0, 12), st.sampled_from("ABCD"))
def test_the_right_letter_always_stands_before_the_right_text(by: int, letter: str):
    moved = under_other_letters(QUESTION, (letter,), "ABCD", by)
    assert moved is not None
    assert option_texts(*moved, "ABCD") == option_texts(QUESTION, (letter,), "ABCD")


@pytest.mark.parametrize(
    "question",
    [
        "Which one?",
        "Which one?\n(A) red\n(B) blue\n(C) green",
        "Which one?\n(A) red\n(C) blue\n(B) green\n(D) grey",
        "Which one?\n(A) red\n\n(B) blue\n(C) green\n(D) grey",
        "Which one?\n(A) red\n(B) blue\nwhich goes on\n(C) green\n(D) grey",
        "Which one?\n(A) red\n(B) blue\n(C) both of the above\n(D) grey",
        "Which one?\n(A) red\n(B) blue\n(C) A and B\n(D) grey",
    ],
)
def test_what_cannot_be_moved_stays(question: str):
    assert under_other_letters(question, ("B",), "ABCD", 1) is None


def test_a_right_letter_that_is_no_choice_moves_nothing():
    assert under_other_letters(QUESTION, ("E",), "ABCD", 1) is None
    assert option_texts(QUESTION, ("E",), "ABCD") == []


def test_a_list_in_the_stem_is_no_option():
    question = "Of these:\nA. one\nB. two\nwhich?\n(A) red\n(B) blue\n(C) green\n(D) grey"
    moved = under_other_letters(question, ("A",), "ABCD", 2)
    assert moved == ("Of these:\nA. one\nB. two\nwhich?\n(A) green\n(B) grey\n(C) red\n(D) blue", ("C",))


@given(st.text(max_size=200), st.integers(0, 5))
def test_any_text_is_read(question: str, by: int):
    under_other_letters(question, ("A",), "ABCD", by)
    option_texts(question, ("A",), "ABCD")
