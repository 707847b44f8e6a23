"""What the answers of one arm come to: rewards by task and length, and pass@k, with intervals over questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from longstride.evaluation.answers import Answer
from longstride.evaluation.bootstrap import Interval, mean_interval, mean_of_means_interval
from longstride.evaluation.questions import length_label, length_order
from longstride.grading import pass_at_k

SOLVED = 1.0  # the reward from which an answer counts for pass@k


@dataclass(frozen=True)
class Question:
    """One question and a value for it: its mean reward, or the difference of two."""

    set: str
    sample_id: str
    task: str
    length: str
    value: float


@dataclass(frozen=True)
class Breakdown:
    """One number for each question, told in four ways."""

    overall: Interval  # every question weighs the same
    over_tasks: Interval  # every task weighs the same
    by_task: Mapping[str, Interval]
    by_length: Mapping[str, Interval]  # from the shortest
    by_set: Mapping[str, Interval]


@dataclass(frozen=True)
class Summary:
    """An arm in numbers."""

    questions: int
    answers: int
    reward: Breakdown
    pass_at_k: Mapping[int, Interval]
    unfinished_share: float  # of the answers: cut at their limit
    no_answer_share: float  # of the answers: nothing was found to grade
    shortened_questions: int  # whose prompts lost their middle
    mean_prompt_tokens: float  # of an answer, over its turns
    mean_response_tokens: float


def questions_of(answers: Iterable[Answer], value: Callable[[Sequence[float]], float] = fmean) -> list[Question]:
    """The questions of one arm, in the order of their first answers, each with `value` of its rewards."""
    grouped: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        grouped.setdefault((answer.set, answer.sample_id), []).append(answer)
    return [
        Question(
            set_name,
            sample_id,
            group[0].task,
            length_label(group[0].input_tokens),
            value([each.reply.reward for each in group]),
        )
        for (set_name, sample_id), group in grouped.items()
    ]


def broken_down(questions: Sequence[Question], seed: int) -> Breakdown:
    """The mean of the questions' values, by everything that they are told by. Raises ValueError for no questions."""
    by_task = _grouped(questions, lambda each: each.task)
    by_length = _grouped(questions, lambda each: each.length)
    return Breakdown(
        mean_interval([each.value for each in questions], "all", seed),
        mean_of_means_interval(by_task, "task", seed),
        _intervals({name: by_task[name] for name in sorted(by_task)}, "task", seed),
        _intervals({name: by_length[name] for name in sorted(by_length, key=length_order)}, "length", seed),
        _intervals(_grouped(questions, lambda each: each.set), "set", seed),
    )


def summarise(answers: Sequence[Answer], seed: int) -> Summary:
    """The numbers of one arm. pass@k is given for k = 1, 2, 4, ... up to the fewest answers that a question has.

    Raises ValueError for no answers.
    """
    questions = questions_of(answers)
    fewest = min(int(each.value) for each in questions_of(answers, len))
    shortened = {(each.set, each.sample_id) for each in answers if each.reply.left_out_tokens}
    return Summary(
        len(questions),
        len(answers),
        broken_down(questions, seed),
        {k: _pass_at(answers, k, seed) for k in (1 << power for power in range(fewest.bit_length()))},
        fmean(each.reply.unfinished for each in answers),
        fmean(each.reply.extracted is None for each in answers),
        len(shortened),
        fmean(each.reply.prompt_tokens for each in answers),
        fmean(each.reply.response_tokens for each in answers),
    )


def _pass_at(answers: Sequence[Answer], k: int, seed: int) -> Interval:
    def solved(rewards: Sequence[float]) -> float:
        return pass_at_k(len(rewards), sum(reward >= SOLVED for reward in rewards), k)

    return mean_interval([each.value for each in questions_of(answers, solved)], "all", seed)


def _grouped(questions: Sequence[Question], name: Callable[[Question], str]) -> dict[str, list[float]]:
    groups: dict[str, list[float]] = {}
    for each in questions:
        groups.setdefault(name(each), []).append(each.value)
    return groups


def _intervals(groups: Mapping[str, Sequence[float]], stream: str, seed: int) -> dict[str, Interval]:
    return {name: mean_interval(values, f"{stream}/{name}", seed) for name, values in groups.items()}
