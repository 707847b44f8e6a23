"""From what a query gave to an answer with its rounding, unless it is none, several, trivial or near a tie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longstride.grading import numeric_match
from longstride.synthesis.tables.answer_forms import Result, decimals_for, exact, exact_decimals, near_a_tie
from longstride.synthesis.tables.queries import Question, rounds

IN_WORDS = ("name", "date")  # kinds of answers that are no numbers


@dataclass(frozen=True)
class Settled:
    """A question with its rounding, what its query gave, and every accepted form of that."""

    question: Question
    result: Result
    forms: tuple[str, ...]

    @property
    def reward_style(self) -> str:
        return "cover_exact_match" if self.question.form.kind in IN_WORDS else "numeric"


def settled(question: Question, results: Sequence[Result]) -> Settled | None:
    """The question with its rounding and answer, or None where the answer is none, several, trivial or near a tie."""
    if len(results) != 1 or results[0] is None:
        return None
    in_words = question.form.kind in IN_WORDS
    if not in_words:
        number = exact(results[0])
        if number is None or number == 0 or (question.form.kind == "count" and not number >= 2):
            return None
        decimals = (
            decimals_for(number, int(question.form.kind == "percent")) if question.rounds else exact_decimals(number)
        )
        if decimals is None or (question.rounds and near_a_tie(number, decimals)):
            return None
        question = rounds(question, decimals if question.rounds else None)
    forms = question.form.forms(results[0])
    if not forms or (not in_words and not all(numeric_match(form, form) for form in forms)):
        return None
    return Settled(question, results[0], forms)
