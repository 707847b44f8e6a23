"""Two arms on the same questions: the paired difference of their rewards, by task and length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from longstride.errors import InputError
from longstride.evaluation.aggregate import Breakdown, broken_down, questions_of
from longstride.evaluation.answers import Answer
from longstride.evaluation.arms import FULL_CONTEXT, MEMORY
from longstride.evaluation.questions import distinct_names
from longstride.evaluation.results import Results


@dataclass(frozen=True)
class Comparison:
    """How much more `first` earns than `second`."""

    first: str
    second: str
    difference: Breakdown
    better: int  # questions
    worse: int
    only_first: int  # questions that the other was not asked, and that are left out here
    only_second: int


def compare_answers(
    first: Sequence[Answer], second: Sequence[Answer], names: tuple[str, str], seed: int = 0
) -> Comparison:
    """The paired difference over the questions that both were asked; a question's value is the mean of its answers'.

    The interval is a bootstrap over questions, so what both find easy or hard does not widen it. Questions are the
    same where their set and sample are. Raises InputError where no question is.
    """
    ours = {(each.set, each.sample_id): each for each in questions_of(first)}
    theirs = {(each.set, each.sample_id): each for each in questions_of(second)}
    common = [key for key in ours if key in theirs]
    if not common:
        raise InputError(
            f"{names[0]} and {names[1]} have no question in common", cure="evaluate both on the same data sets"
        )
    differences = [replace(ours[key], value=ours[key].value - theirs[key].value) for key in common]
    return Comparison(
        *names,
        broken_down(differences, seed),
        sum(each.value > 0 for each in differences),
        sum(each.value < 0 for each in differences),
        len(ours) - len(common),
        len(theirs) - len(common),
    )


def compare(first: Results, second: Results) -> dict[str, Comparison]:
    """`first` over `second` in every arm that both have. Raises InputError where there is none."""
    common = [label for label in first.answers if label in second.answers]
    if not common:
        raise InputError(
            f"was answered as {', '.join(second.answers)}, and not as {', '.join(first.answers)}",
            path=second.folder,
            cure="evaluate both with the same --agent and decoding",
        )
    ours, theirs = distinct_names([first.folder, second.folder])
    return {
        label: compare_answers(first.answers[label], second.answers[label], (ours, theirs), first.seed)
        for label in common
    }


def memory_over_full_context(results: Results) -> dict[str, Comparison]:
    """What the memory agent adds to one pass, by decoding, where a result has both."""
    found: dict[str, Comparison] = {}
    for label, answers in results.answers.items():
        mode, _, decoding = label.partition("-")
        other = f"{FULL_CONTEXT}-{decoding}"
        if mode == MEMORY and other in results.answers:
            found[decoding] = compare_answers(answers, results.answers[other], (label, other), results.seed)
    return found
