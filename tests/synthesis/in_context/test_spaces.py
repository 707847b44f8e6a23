"""Spaces of rules: the search tries every one, and says how many agree."""

from __future__ import annotations

import random

import pytest

from longstride.synthesis.in_context.spaces import (
    Option,
    Record,
    Space,
    consistent_options,
    holds,
    read_record,
    search,
    written,
)


def sum_or_product(option: Option, record: Record) -> str:
    how, number = option
    value = int(record["n"])
    return str(value + number if how == "add" else value * number)


SPACE = Space(
    name="arithmetic",
    draw=lambda draw: {"n": draw.randint(1, 9)},
    parts=(tuple((how, number) for how in ("add", "times") for number in range(1, 5)),),
    piece=sum_or_product,
    most_sheets=2,
)


def test_one_example_leaves_two_rules_and_two_answers():
    found = search(SPACE, [({"n": 2}, "4")], {"n": 3})  # 2 + 2 = 2 * 2
    assert found.consistent == 2
    assert found.outputs == ("5", "6")


def test_a_second_example_settles_it():
    found = search(SPACE, [({"n": 2}, "4"), ({"n": 5}, "10")], {"n": 3})
    assert (found.consistent, found.outputs) == (1, ("6",))


def test_rules_that_agree_on_the_query_give_one_answer_though_they_differ():
    found = search(SPACE, [({"n": 2}, "4")], {"n": 2})
    assert (found.consistent, found.outputs) == (2, ("4",))


def test_examples_that_contradict_each_other_leave_nothing():
    assert search(SPACE, [({"n": 2}, "4"), ({"n": 2}, "5")], {"n": 3}).outputs == ()


def test_the_parts_of_a_rule_multiply():
    both = Space("pairs", SPACE.draw, SPACE.parts * 2, sum_or_product, 2)
    assert both.size == 64
    assert both.output((("add", 1), ("times", 3)), {"n": 2}) == "3-6"
    found = search(both, [({"n": 2}, "4-6")], {"n": 3})  # two ways to 4; 2 + 4 and 2 * 3 to 6
    assert found.consistent == 4
    assert found.outputs == ("5-7", "5-9", "6-7", "6-9")


def test_an_output_with_other_pieces_agrees_with_no_rule():
    assert consistent_options(SPACE, [({"n": 2}, "4-4")]) == ((),)


def test_conditions():
    record: Record = {"year": 1948, "buyer": "guild"}
    assert holds(("at_least", "year", 1948), record)
    assert not holds(("at_least", "year", 1949), record)
    assert holds(("even", "year", 0), record)
    assert holds(("is", "buyer", "guild"), record)


def test_a_record_reads_back():
    record = {"surname": "Melkor", "year": 1948}
    assert written(record) == "surname: Melkor; year: 1948"
    assert read_record(written(record)) == record


@pytest.mark.parametrize("text", ["", "surname", "surname: ", "year: 1; ; x: 2"])
def test_what_is_no_record_is_refused(text: str):
    with pytest.raises(ValueError, match="is no field of a record"):
        read_record(text)


def test_draws_follow_from_their_generator():
    assert [SPACE.draw(random.Random(1)) for _ in range(2)] == [SPACE.draw(random.Random(1)) for _ in range(2)]
