"""What guessing explains, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.curation.by_model.chance import chance_of, most_by_chance
from longstride.records import Sample


@pytest.mark.parametrize(
    ("answers", "chance", "most"),
    [
        (4, 0.25, 2),  # 3 or 4 of 4: (12 + 1) / 256 = 5 %; 2 or more: 26 %
        (4, 0.5, 3),  # 4 of 4: 1 / 16 = 6 %
        (8, 0.25, 4),  # 5 or more of 8: 2.7 %; 4 or more: 11 %
        (4, 0.0, 0),  # cannot be guessed: one right answer tells
        (1, 0.25, 1),  # one answer tells nothing
        (3, 0.5, 3),  # 3 of 3: 12.5 %
    ],
)
def test_right_answers_that_guesses_explain(answers: int, chance: float, most: int):
    assert most_by_chance(answers, chance, guessing=0.1) == most


@given(st.integers(1, 20), st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 1.0]), st.floats(0, 1))
def test_one_more_is_too_improbable_and_as_many_are_not(answers: int, chance: float, guessing: float):
    def at_least(right: int) -> float:
        return sum(
            comb(answers, each) * chance**each * (1 - chance) ** (answers - each) for each in range(right, answers + 1)
        )

    most = most_by_chance(answers, chance, guessing)
    assert most == answers or at_least(most + 1) <= guessing + 1e-12
    assert most == 0 or at_least(most) > guessing - 1e-12


def test_nonsense_is_refused():
    for bad in ((0, 0.5, 0.1), (4, 1.5, 0.1), (4, 0.5, -0.1)):
        with pytest.raises(ValueError, match="cannot be compared"):
            most_by_chance(*bad)


def test_what_can_be_guessed(choice: Sample, good: Sample, make_sample: Callable[..., Sample]):
    assert chance_of(choice) == 0.25
    assert chance_of(replace(choice, reward_arguments={"choices": "ABCDE"})) == 0.2
    assert chance_of(good) == 0
    assert chance_of(replace(good, ground_truth=("Yes",))) == 0.5
    named = replace(good, core_question="Of Foo1 and Foo4, which is larger?", ground_truth=("Foo4",))
    assert chance_of(named) == 0.5
