"""Questions asked twice: the first in order stays, and a question about another thing is another question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from longstride.curation import QuestionDeduplicator
from longstride.curation.duplicates import EXACT, NEAR
from longstride.records import Sample

FIRST = "What is the total revenue of Kestrel in 2019?"


@pytest.fixture
def ask(good: Sample) -> Callable[..., Sample]:
    def make(question: str, answer: str = "41", name: str = "later") -> Sample:
        return replace(good, id=name, core_question=question, ground_truth=(answer,))

    return make


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (FIRST, EXACT),
        ("what is total revenue of kestrel, in 2019", EXACT),
        ("In 2019, what is Kestrel's total revenue?", NEAR),
        ("What was the total revenue of KESTREL in 2019", NEAR),
        ("What is the total revenue of Kestrel in 2018?", None),
        ("What is the total revenue of Talon in 2019?", None),
        ("How many ships did Kestrel lose in 2019?", None),
    ],
)
def test_reworded_is_the_same_and_another_name_or_year_is_not(
    ask: Callable[..., Sample], question: str, reason: str | None
):
    deduplicator = QuestionDeduplicator()
    deduplicator.keep(ask(FIRST, name="first"))
    outcome = deduplicator.check(ask(question))
    assert outcome.reason == reason
    assert outcome.detail.startswith("first") == (reason is not None)


def test_another_answer_makes_another_question(ask: Callable[..., Sample]):
    deduplicator = QuestionDeduplicator()
    deduplicator.keep(ask(FIRST))
    assert deduplicator.check(ask(FIRST, answer="42")).passed
    assert deduplicator.check(ask(FIRST, answer="41.0")).reason is not None


def test_checking_remembers_nothing(ask: Callable[..., Sample]):
    deduplicator = QuestionDeduplicator()
    assert deduplicator.check(ask(FIRST)).passed and deduplicator.check(ask(FIRST)).passed


def test_first_in_order_wins(ask: Callable[..., Sample]):
    questions = [FIRST, "In 2019, what is Kestrel's total revenue?", FIRST, "Who leads Talon?"]
    deduplicator = QuestionDeduplicator()
    kept: list[str] = []
    for index, question in enumerate(questions):
        sample = ask(question, name=f"s{index}")
        if deduplicator.check(sample).passed:
            deduplicator.keep(sample)
            kept.append(sample.id)
    assert kept == ["s0", "s3"]


def test_a_similarity_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"similarity is 101, expected 0\.\.100"):
        QuestionDeduplicator(101)
