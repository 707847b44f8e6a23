"""Which turns share what: equal prompts, long common beginnings, and prompts that had better stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.engines.local.shared_prefix import Row, SharedPrefix, SharedTurns, common_length, share
from longstride.records import Turn


def turn(prompt: tuple[int, ...], *response: int) -> Turn:
    return Turn(prompt, response)


def test_equal_prompts_share_all_of_it():
    a, b = tuple(range(10)), tuple(range(20, 25))
    found = share([turn(b, 1), turn(a, 2, 3), turn(b), turn(a, 4)])
    assert found == [
        SharedTurns(SharedPrefix(b, (Row((1,)), Row(()))), (0, 2)),
        SharedTurns(SharedPrefix(a, (Row((2, 3)), Row((4,)))), (1, 3)),
    ]


def test_a_long_common_beginning_is_shared_and_the_rest_is_context():
    """The memory agent's turns: the same chunk, then each rollout's own memory."""
    chunk = tuple(range(100, 150))
    found = share([turn((*chunk, 1, 2), 7, 8), turn((*chunk, 3), 9)])
    assert found == [SharedTurns(SharedPrefix(chunk, (Row((1, 2, 7, 8), 2), Row((3, 9), 1))), (0, 1))]


def test_a_short_common_beginning_does_not_break_up_what_shares_more():
    """A single prompt and a group of three begin with the same two tokens of a chat template."""
    header = (1, 2)
    single, group = (*header, *range(10, 40)), (*header, *range(50, 80))
    found = share([turn(single, 5), *(turn(group, 6, index) for index in range(3))])
    assert [shared.places for shared in found] == [(0,), (1, 2, 3)]
    assert [len(shared.shared.prefix_ids) for shared in found] == [32, 32]


def test_a_prompt_that_is_the_beginning_of_another():
    found = share([turn((1, 2, 3, 4), 9), turn((1, 2, 3), 8)])
    assert found == [SharedTurns(SharedPrefix((1, 2, 3), (Row((4, 9), 1), Row((8,)))), (0, 1))]


def test_no_turns():
    assert share([]) == []


TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=6).map(tuple)


@given(st.lists(st.tuples(TOKENS, st.lists(st.integers(0, 9), max_size=3).map(tuple)), max_size=8))
def test_every_turn_stands_once_and_reads_its_own_prompt(drawn: list[tuple[tuple[int, ...], tuple[int, ...]]]):
    turns = [Turn(prompt, response) for prompt, response in drawn]
    found = share(turns)
    assert sorted(place for shared in found for place in shared.places) == list(range(len(turns)))
    assert [min(shared.places) for shared in found] == sorted(min(shared.places) for shared in found)
    for shared in found:
        for place, row in zip(shared.places, shared.shared.rows, strict=True):
            assert shared.shared.prefix_ids + row.ids == turns[place].prompt_ids + turns[place].response_ids
            assert row.targets == turns[place].response_ids


@given(TOKENS, TOKENS)
def test_the_common_length_is_the_longest(one: tuple[int, ...], other: tuple[int, ...]):
    length = common_length(one, other)
    assert one[:length] == other[:length]
    assert one[: length + 1] != other[: length + 1] or length == min(len(one), len(other))


def test_a_first_token_needs_something_before_it():
    with pytest.raises(ValueError, match="no prefix to predict it from"):
        SharedPrefix((), (Row((1, 2)),))
    with pytest.raises(ValueError, match=r"loss_from is 3, expected 0 \.\. 2"):
        Row((1, 2), 3)
