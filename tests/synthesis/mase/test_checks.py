"""What the program refuses before any model is asked."""

from __future__ import annotations

from typing import Any

import pytest

from longstride.records import Document
from longstride.synthesis.mase import checks
from longstride.synthesis.mase.checks import checked
from longstride.synthesis.mase.drafts import Draft
from longstride.synthesis.mase.proposals import ChoiceProposal, OpenProposal
from longstride.synthesis.mase.tasks import turn_of

DOCUMENTS = [
    Document("one", "Orvale", "literature", "x", "The mill of Orvale was built by Dame Ruth Tarn in 1843."),
    Document("two", "Tarn", "literature", "x", "Dame Ruth Tarn had learnt the trade in the port of Ebbing.\n"),
]
QUOTES = [
    {"document": 2, "text": "learnt the trade in the port of Ebbing"},
    {"document": 1, "text": "built by Dame Ruth Tarn"},
]
OPEN = {"quotes": QUOTES, "question": "Where did the builder of Orvale's mill learn?", "answer": "the port of Ebbing"}
CHOICE = {**OPEN, "wrong_options": ["the port of Sarnath", "the town of Tarn", "the school of Harrow"]}


def open_checked(documents: list[Document] = DOCUMENTS, **changed: Any) -> Draft | str:
    return checked(OpenProposal.model_validate({**OPEN, **changed}), turn_of(0), documents)


def choice_checked(**changed: Any) -> Draft | str:
    return checked(ChoiceProposal.model_validate({**CHOICE, **changed}), turn_of(1), DOCUMENTS)


def test_a_sound_proposal_becomes_a_draft_with_exact_evidence():
    draft = open_checked()
    assert isinstance(draft, Draft)
    assert draft.document_ids == ("one", "two")
    assert [each.text for each in draft.evidence] == ["built by Dame Ruth Tarn", QUOTES[0]["text"]]
    assert all(each.quotes(document) for each, document in zip(draft.evidence, DOCUMENTS, strict=True))
    assert (draft.style, draft.forms, draft.wrong) == ("cover_exact_match", ("the port of Ebbing",), ())


def test_a_sound_choice_becomes_a_draft_with_its_options():
    draft = choice_checked()
    assert isinstance(draft, Draft)
    assert (draft.style, draft.answer, len(draft.wrong)) == ("choice", "the port of Ebbing", 3)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"quotes": [QUOTES[0], {"document": 3, "text": "built by Dame Ruth Tarn"}]}, checks.NO_DOCUMENT),
        ({"quotes": [QUOTES[0], {"document": 1, "text": "built by Lady Ruth Tarn"}]}, checks.NOT_QUOTED),
        ({"quotes": [QUOTES[0], {"document": 2, "text": "built by Dame Ruth Tarn"}]}, checks.NOT_QUOTED),
        ({"quotes": QUOTES[:1]}, checks.ONE_DOCUMENT),
        ({"question": "Where did she learn?\nAnswer: Ebbing"}, checks.NO_QUESTION),
        ({"question": "Where? ..."}, checks.NO_QUESTION),
        ({"question": "Where did the builder named in document 1 learn?"}, checks.NUMBERED),
        ({"question": "Where did the builder that the second document names learn?"}, checks.NUMBERED),
        ({"question": "Who learnt in the Port of Ebbing?", "answer": "the port of Ebbing"}, checks.GIVEN_AWAY),
    ],
)
def test_each_fault_of_any_proposal_has_its_reason(changed: dict[str, Any], reason: str):
    assert open_checked(**changed) == reason
    assert choice_checked(**changed) == reason


@pytest.mark.parametrize(
    "answer",
    [
        "...",
        "insert answer here",  # the prompt's own placeholder
        "the port\nof Ebbing",
        "a b c d e f g h i j k l m n",
    ],
)
def test_an_answer_that_its_rule_cannot_grade_is_refused(answer: str):
    assert open_checked(answer=answer) == checks.NO_ANSWER


@pytest.mark.parametrize(
    "wrong",
    [
        ["the port of Ebbing", "the town of Tarn", "Sarnath"],  # the right one twice
        ["The town of  Tarn!", "the town of Tarn", "Sarnath"],
        ["Ebbing", "the town of Tarn", "Sarnath"],  # part of the right one
        ["the town\nof Tarn", "the port of Sarnath", "Harrow"],
        ["--", "the town of Tarn", "Sarnath"],
    ],
)
def test_options_that_are_not_four_different_ones_are_refused(wrong: list[str]):
    assert choice_checked(wrong_options=wrong) == checks.NOT_DISTINCT


def test_the_right_option_must_not_stand_out_by_its_length():
    long = "the port of Ebbing, as far as the wardens of that year could find out from the letters that were kept"
    assert choice_checked(answer=long) == checks.STANDS_OUT
    wrong = [f"the port of {name}, where the wardens of the mill are said to have met" for name in ("A", "B", "C")]
    assert choice_checked(wrong_options=wrong) == checks.STANDS_OUT
    assert isinstance(choice_checked(wrong_options=[wrong[0], "the town of Tarn", "the school of Harrow"]), Draft)


def test_one_document_needs_no_second():
    assert isinstance(open_checked(documents=DOCUMENTS[1:], quotes=[{**QUOTES[0], "document": 1}]), Draft)


@pytest.mark.parametrize(
    ("answer", "others", "forms", "style"),
    [
        ("Dame Ruth Harrow", ["Ruth Harrow", "Harrow"], ("Dame Ruth Harrow", "Ruth Harrow"), "cover_exact_match"),
        ("the port of Ebbing", ["Sarnath", "port of Ebbing in Merrow"], ("the port of Ebbing",), "cover_exact_match"),
        ("1,500.5", ["1500.5", "1400.5", "many"], ("1,500.5", "1500.5"), "numeric"),
        ("12%", ["12.0%", "0.12"], ("12%", "12.0%", "0.12"), "numeric"),
        ("1851", ["1851", "1852"], ("1851",), "cover_exact_match"),
        ("14 km", ["14"], ("14 km", "14"), "cover_exact_match"),
    ],
)
def test_another_form_is_accepted_only_where_the_program_sees_that_it_is_the_same(
    answer: str, others: list[str], forms: tuple[str, ...], style: str
):
    draft = open_checked(answer=answer, other_forms=others)
    assert isinstance(draft, Draft)
    assert (draft.forms, draft.style) == (forms, style)
