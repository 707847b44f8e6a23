"""How alike right and wrong responses to one question are: ROUGE-L over tokens (paper 4.3, Table 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from rapidfuzz.distance import LCSseq

from longstride.records import Trajectory, TrajectoryGroup

RIGHT, WRONG = 1.0, 0.0  # rewards; what earned a part of its reward is neither


@dataclass(frozen=True)
class Overlap:
    """The questions of one task to which some responses are right and others wrong; means over questions."""

    task: str
    questions: int
    input_tokens: float
    right_wrong: float  # 0 to 1: ROUGE-L of each right response with each wrong one to its question
    right_right: float | None  # of the right ones with one another; None where no question has two
    elsewhere: float | None  # of right ones with wrong ones to another question of the task: what the form makes alike


def overlaps(groups: Iterable[TrajectoryGroup]) -> list[Overlap]:
    """The overlap by task, in alphabetical order; a task without a question of both kinds is left out.

    Of several turns the last is taken: the answer.
    """
    by_task: dict[str, list[_Question]] = {}
    for group in groups:
        question = _question(group)
        if question.right and question.wrong:
            by_task.setdefault(group.task, []).append(question)
    return [_overlap(task, by_task[task]) for task in sorted(by_task)]


def rouge_l(left: Sequence[int], right: Sequence[int]) -> float:
    """ROUGE-L: the F-measure of the longest common subsequence; 0 where one is empty.

    With precision lcs / |right| and recall lcs / |left| that is 2 lcs / (|left| + |right|).
    """
    return 2 * LCSseq.similarity(left, right) / (len(left) + len(right)) if left and right else 0.0


@dataclass(frozen=True)
class _Question:
    input_tokens: int
    right: tuple[tuple[int, ...], ...]
    wrong: tuple[tuple[int, ...], ...]


def _question(group: TrajectoryGroup) -> _Question:
    def responses(kind: Iterable[Trajectory]) -> tuple[tuple[int, ...], ...]:
        return tuple(each.turns[-1].response_ids for each in kind)

    return _Question(
        len(group.trajectories[0].turns[0].prompt_ids),
        responses(each for each in group.trajectories if each.reward >= RIGHT),
        responses(each for each in group.trajectories if each.reward <= WRONG),
    )


def _overlap(task: str, questions: Sequence[_Question]) -> Overlap:
    pairs = [
        [rouge_l(one, other) for place, one in enumerate(each.right) for other in each.right[place + 1 :]]
        for each in questions
    ]
    alike = [fmean(values) for values in pairs if values]
    others = [*questions[1:], questions[0]] if len(questions) > 1 else []
    return Overlap(
        task,
        len(questions),
        fmean(each.input_tokens for each in questions),
        fmean(_mean(each.right, each.wrong) for each in questions),
        fmean(alike) if alike else None,
        fmean(_mean(one.right, other.wrong) for one, other in zip(questions, others, strict=True)) if others else None,
    )


def _mean(left: Sequence[Sequence[int]], right: Sequence[Sequence[int]]) -> float:
    return fmean(rouge_l(one, other) for one in left for other in right)
