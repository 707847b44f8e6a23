"""Options under other letters: so that a model which likes one letter is not taken for one which knows the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

OPTION = re.compile(r"^([ \t]*\(?([A-Z])[).:][ \t]+)(\S[^\n]*)$", re.MULTILINE)
_SPEAKS_OF_OTHERS = re.compile(r"\b(?:above|below|preceding)\b|\b[A-Z]\b\)? (?:and|or|nor) \(?[A-Z]\b", re.IGNORECASE)


def under_other_letters(
    question: str, ground_truth: Sequence[str], choices: str, by: int
) -> tuple[str, tuple[str, ...]] | None:
    """The question with its options moved `by` letters on, and the letters that are then right.

    None where the options cannot be told: they must stand on lines of their own one after another, one for each of
    `choices` in order, and none may speak of another ("both of the above", "A and C").
    """
    found = list(OPTION.finditer(question))[-len(choices) :]
    letters = [gold.strip(" ().").upper() for gold in ground_truth]
    if "".join(each[2] for each in found) != choices or any(each not in choices for each in letters):
        return None
    if any(question[one.end() : other.start()] != "\n" for one, other in pairwise(found)):
        return None
    texts = [each[3] for each in found]
    if any(_SPEAKS_OF_OTHERS.search(text) for text in texts):
        return None
    places = range(len(choices))
    listed = "\n".join(f"{found[place][1]}{texts[(place - by) % len(choices)]}" for place in places)
    moved = tuple(choices[(choices.index(letter) + by) % len(choices)] for letter in letters)
    return question[: found[0].start()] + listed + question[found[-1].end() :], moved


def option_texts(question: str, ground_truth: Sequence[str], choices: str) -> list[str]:
    """What stands under the right letters; empty where the options cannot be told."""
    found = {each[2]: each[3] for each in OPTION.finditer(question)}
    letters = [gold.strip(" ().").upper() for gold in ground_truth]
    return [found[letter] for letter in letters if letter in found and letter in choices]
