"""What a query gave becomes an answer, or none where it would be no good one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from longstride.synthesis.tables.answer_forms import AnswerForm, Result
from longstride.synthesis.tables.queries import Question
from longstride.synthesis.tables.settling import settled


def question(kind: str, scale: int = 0) -> Question:
    return Question("What?", "SELECT 1", AnswerForm(kind, scale=scale), (), rounds=kind in ("percent", "ratio"))


@pytest.mark.parametrize(
    "asked, results",
    [
        (question("number"), ()),
        (question("number"), (Decimal(1), Decimal(2))),
        (question("number"), (None,)),
        (question("number"), (Decimal(0),)),
        (question("count"), (1,)),
        (question("ratio"), (1.235,)),  # a half of its last digit
        (question("name"), (7,)),
        (question("number"), ("many",)),
    ],
)
def test_no_several_trivial_and_doubtful_answers_are_none(asked: Question, results: tuple[Result, ...]):
    assert settled(asked, results) is None


def test_a_settled_answer_has_its_rounding_and_its_forms():
    ratio = settled(question("ratio"), (1.6212,))
    assert ratio is not None
    assert (ratio.forms, ratio.reward_style) == (("1.62",), "numeric")
    exact = settled(question("number", scale=6), (Decimal("182.6"),))
    assert exact is not None
    assert exact.forms == ("182.6 million", "182.6")
    name = settled(question("name"), ("Arlon",))
    assert name is not None
    assert (name.forms, name.reward_style) == (("Arlon",), "cover_exact_match")
