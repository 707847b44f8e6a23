"""A question is put to a reader with its options in a stated order."""

import dataclasses

from longstride.grading import grade
from longstride.records import Evidence
from longstride.synthesis.mase.drafts import Draft, posed
from longstride.synthesis.mase.tasks import turn_of

CHOICE = Draft(
    turn=turn_of(1),
    question="What was sold at the mill?",
    forms=("rye flour",),
    wrong=("oat flour", "rope", "dark bread"),
    style="choice",
    evidence=(Evidence("b", 0, 1, "x"), Evidence("a", 0, 1, "x"), Evidence("b", 1, 2, "y")),
)
OPEN = dataclasses.replace(CHOICE, wrong=(), style="cover_exact_match", forms=("rye flour", "flour"))


def test_the_right_option_stands_under_the_letter_that_is_given():
    for letter in "ABCD":
        question = posed(CHOICE, letter, 0)
        assert f"\n({letter}) rye flour" in question.text
        assert question.text.startswith("What was sold at the mill?\n(A) ")
        assert sorted(question.options) == ["dark bread", "oat flour", "rope", "rye flour"]
        assert grade(f"The answer is ({letter})", question.ground_truth, question.style, question.arguments).score == 1
        others = [option for option in question.options if option != "rye flour"]
        assert others == [option for option in posed(CHOICE, "A", 0).options if option != "rye flour"]


def test_a_question_with_a_short_answer_has_no_options():
    question = posed(OPEN, "", 0)
    assert question.text == "What was sold at the mill?"
    assert question.ground_truth == ("rye flour", "flour")
    assert not question.options


def test_the_key_is_that_of_the_words_answers_and_documents():
    assert CHOICE.key == dataclasses.replace(CHOICE, turn=turn_of(3)).key
    assert CHOICE.document_ids == ("b", "a")
    changed = ({"question": "Why?"}, {"wrong": ("x", "y", "z")}, {"forms": ("oats",)}, {"evidence": ()})
    assert len({CHOICE.key, *(dataclasses.replace(CHOICE, **each).key for each in changed)}) == 5
