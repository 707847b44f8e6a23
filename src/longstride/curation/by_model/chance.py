"""How often a model that knows nothing answers right, and how many right answers that explains.

A question with four options is answered right blind by one guess in four. So one right answer is no proof there that
a model knows the answer, and a rule that drops a sample for it would drop most multiple choice (of four guesses, 68 %
have one right or more). A sample falls where guessing would give as many right answers with a probability of at most
`guessing`: 3 of 4 for four options (5 %), all 4 for yes or no (6 %). Where an answer cannot be guessed, any right one
tells.
"""

from __future__ import annotations

import math

from longstride.curation.shortcuts import answer_type, names_its_answer
from longstride.grading import strict_form
from longstride.records import Sample


def chance_of(sample: Sample) -> float:
    """The chance of a guess: one over the choices; 1/2 for yes or no, and for a question that names its answer, since
    it names at least one other thing beside it; else 0."""
    if sample.reward_style == "choice":
        return 1 / max(1, len(choices_of(sample)))
    if answer_type(strict_form(sample.ground_truth[0])) == "yes_no" or names_its_answer(sample):
        return 0.5
    return 0.0


def choices_of(sample: Sample) -> str:
    """The letters that a `choice` sample may be answered with."""
    return str(sample.reward_arguments.get("choices", "ABCD"))


def most_by_chance(answers: int, chance: float, guessing: float) -> int:
    """The most right answers of so many that guessing explains: one more has a probability of at most `guessing`.

    All of them where even that is likelier: then so few answers tell nothing. Raises ValueError for a chance or a
    probability outside 0..1, and for fewer than one answer.
    """
    if answers < 1 or not 0 <= chance <= 1 or not 0 <= guessing <= 1:
        raise ValueError(f"answers = {answers}, chance = {chance}, guessing = {guessing}: cannot be compared")
    if chance == 0:
        return 0
    most, tail = answers, 0.0
    while most > 0:
        tail += math.comb(answers, most) * chance**most * (1 - chance) ** (answers - most)
        if tail > guessing:
            break
        most -= 1
    return most
