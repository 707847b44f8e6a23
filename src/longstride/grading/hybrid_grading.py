"""The hybrid reward: the rule first, a judge where the rule fails, the larger of the two (paper 5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from longstride.grading.judge import Judge, JudgeFailure, Verdict
from longstride.grading.rules import RuleGrade, grade, rule_named

Decider = Literal["rule", "judge", "no_answer", "judge_failed"]


@dataclass(frozen=True)
class Grade:
    """The score of a response, and how it came about."""

    score: float  # 0 to 1
    decided_by: Decider  # judge_failed: the rule's score stands because the judge gave no verdict
    rule: RuleGrade
    judgement: Verdict | JudgeFailure | None = None  # None where no judge was asked

    @property
    def judge_failed(self) -> bool:
        return isinstance(self.judgement, JudgeFailure)


@dataclass
class GradeCounts:
    """How many responses were graded, and by what: the columns that a run logs."""

    rule: int = 0  # the rule alone: it gave the full score, or its kind has no judge, or there was none
    judge_yes: int = 0
    judge_no: int = 0
    judge_failed: int = 0
    no_answer: int = 0
    full_scores_by_rule: int = 0  # of those under `rule`

    @property
    def total(self) -> int:
        return self.rule + self.judge_yes + self.judge_no + self.judge_failed + self.no_answer

    def add(self, grade: Grade) -> None:
        """Count one grade."""
        if grade.decided_by == "no_answer":
            self.no_answer += 1
        elif isinstance(grade.judgement, JudgeFailure):
            self.judge_failed += 1
        elif grade.judgement is None:
            self.rule += 1
            self.full_scores_by_rule += grade.score >= 1
        elif grade.judgement.equivalent:
            self.judge_yes += 1
        else:
            self.judge_no += 1


async def hybrid(
    response: str,
    ground_truth: str | Sequence[str],
    style: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    question: str,
    judge: Judge | None,
    counts: GradeCounts | None = None,
) -> Grade:
    """Grade by the rule that `style` names; where it gives less than 1, ask the judge too and take the larger score.

    No judge is asked where the response holds no answer, where the rule's kind needs none (`choice`, `mrcr`), or
    where `judge` is None. Where the judge fails, the rule's score stands, `decided_by` says so, and `counts`, where
    given, counts it apart. Raises `ValueError` as `grade` does.
    """
    by_rule = grade(response, ground_truth, style, arguments, question=question)
    if by_rule.answer is None:
        result = Grade(0.0, "no_answer", by_rule)
    elif by_rule.score >= 1 or judge is None or not rule_named(style).judged:
        result = Grade(by_rule.score, "rule", by_rule)
    else:
        result = _with_judgement(by_rule, await judge.compare(question, by_rule.answer, ground_truth))
    if counts is not None:
        counts.add(result)
    return result


def _with_judgement(by_rule: RuleGrade, judgement: Verdict | JudgeFailure) -> Grade:
    if isinstance(judgement, JudgeFailure):
        return Grade(by_rule.score, "judge_failed", by_rule, judgement)
    by_judge = judgement.score > by_rule.score or by_rule.score == 0
    return Grade(max(by_rule.score, judgement.score), "judge" if by_judge else "rule", by_rule, judgement)
