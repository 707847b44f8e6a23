"""Machines in a row, worked by hand."""

from __future__ import annotations

import pytest

from longstride.synthesis.in_context.machines import machines_of


@pytest.mark.parametrize(
    ("rule", "given", "result"),
    [
        (("+7", "*2"), "5", "24"),
        (("*2", "+7"), "5", "17"),
        (("reverse", "-3"), "120", "18"),
        (("-12", "reverse"), "2", "-1"),  # -10 backwards
    ],
)
def test_steps_over_numbers(rule: tuple[str, str], given: str, result: str):
    assert machines_of("numbers").output(rule, given) == result


@pytest.mark.parametrize(
    ("step", "result"),
    [
        ("reverse", "dcba"),
        ("exchange ends", "dbca"),
        ("exchange halves", "cdab"),
        ("double second", "abbcd"),
        ("drop second", "acd"),
        ("move 3", "dabc"),
        ("next", "bcde"),
        ("before", "zabc"),
    ],
)
def test_steps_over_letters(step: str, result: str):
    assert machines_of("letters").steps[step]("abcd") == result


def test_the_middle_letter_stays_when_halves_are_exchanged():
    assert machines_of("letters").steps["exchange halves"]("abcde") == "decab"


def test_a_row_of_machines_is_searched_to_its_end():
    doubled_and_one = [("3", "7"), ("4", "9"), ("10", "21"), ("17", "35")]
    two_more = [("3", "5"), ("4", "6"), ("19", "21"), ("33", "35")]
    found = machines_of("numbers").search([doubled_and_one, two_more], "21")
    assert found.outputs == ("45",)
    assert found.consistent == 1 + 2 * 10  # two more is one and one more, or three more and one less, ...


def test_too_few_examples_leave_several_answers():
    assert len(machines_of("numbers").search([[("3", "6")]], "21").outputs) > 1


def test_examples_that_no_machine_makes_leave_none():
    assert machines_of("numbers").search([[("3", "6"), ("3", "7")]], "21").outputs == ()
