"""From a question with a short answer to one with four options."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from longstride.synthesis.candidates import Candidate
from longstride.synthesis.choices.dates import other_dates, read_date
from longstride.synthesis.choices.numbers import other_numbers, read_number
from longstride.synthesis.choices.picking import distinct, pick_texts
from longstride.synthesis.choices.rivals import named_in_scope

LETTERS = "ABCD"
FAMILY = "multiple_choice"
INSTRUCTIONS = "Answer with the letter of the one right option alone: A, B, C or D."
LONGEST_OPTION = 120  # characters
SENTENCE = re.compile(r"(?<=[.!?])\s+")


def as_multiple_choice(
    candidate: Candidate, distractor_answers: Sequence[str], seed: int, letter: str | None = None
) -> Candidate | None:
    """The same question with four options under A to D; None where no three wrong ones of the right type are had.

    distractor_answers: answers that other facts would give, the best first; numbers and dates are added to as needed.
    letter: under which the right one stands; drawn where none is given.

    The wrong ones are no other accepted form of the answer. Nothing of an option's looks tells the right one: see
    `picking` and `numbers`.
    """
    answer = candidate.ground_truth[0]
    draw = random.Random(f"{seed}/choices/{candidate.key}")
    letter = letter or draw.choice(LETTERS)
    pool = [each for each in distractor_answers if each not in candidate.ground_truth and _fits(each)]
    wrong = _wrong_options(candidate, answer, pool, draw) if _fits(answer) else None
    if wrong is None or len(distinct(answer, wrong)) != len(LETTERS) - 1:
        return None
    draw.shuffle(wrong)
    place = LETTERS.index(letter)
    options = [*wrong[:place], answer, *wrong[place:]]
    listed = "\n".join(f"({name}) {option}" for name, option in zip(LETTERS, options, strict=True))
    notes = [each for each in SENTENCE.split(candidate.format_instructions) if not each.startswith(("Answer", "Give"))]
    return replace(
        candidate,
        key=f"choice-{candidate.key}",
        family=FAMILY,
        task="multiple_choice",
        core_question=f"{candidate.core_question}\n{listed}",
        format_instructions=" ".join([*filter(None, notes), INSTRUCTIONS]),
        ground_truth=(letter,),
        reward_style="choice",
        reward_arguments={"choices": LETTERS},
        derivation={"choice_of": candidate.family, "options": options, "inner": dict(candidate.derivation)},
    )


def _wrong_options(candidate: Candidate, answer: str, pool: Sequence[str], draw: random.Random) -> list[str] | None:
    if (candidate.derivation.get("form") or {}).get("kind") == "count":
        return None  # of a few things that the question names: their number bounds the options on one side
    if answer in (named := set(named_in_scope(candidate.derivation))):
        pool = [each for each in pool if each in named]  # a name that the question does not offer is no option
    if read_date(answer) is not None:
        return other_dates(answer, draw)
    if read_number(answer) is not None:
        return other_numbers(answer, pool, draw)
    return pick_texts(answer, pool, candidate.core_question, draw)


def _fits(option: str) -> bool:
    return 0 < len(option) <= LONGEST_OPTION and option.isprintable() and option == option.strip()
