"""Which beginnings prompts share: worked examples, and what must hold for any prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.engines.local.prompt_tree import Stretch, prompt_tree


def described(leaf: Stretch) -> list[tuple[int, ...]]:
    return [stretch.ids for stretch in leaf.path()]


def test_equal_prompts_share_one_stretch():
    leaves = prompt_tree([(1, 2, 3), (7, 8), (1, 2, 3)])
    assert [place for place, _ in leaves] == [0, 2, 1]
    assert leaves[0][1] is leaves[1][1]
    assert described(leaves[0][1]) == [(1, 2, 3)]


def test_prompts_that_open_with_the_same_chunk_share_it():
    chunk = tuple(range(100, 130))
    leaves = dict(prompt_tree([(*chunk, 1, 2), (*chunk, 3), chunk, (*chunk, 1, 2)]))
    assert described(leaves[0]) == [chunk, (1, 2)]
    assert described(leaves[1]) == [chunk, (3,)]
    assert described(leaves[2]) == [chunk]
    assert leaves[3] is leaves[0]
    assert leaves[0].parent is leaves[1].parent is leaves[2]
    assert (leaves[0].start, leaves[0].end) == (30, 32)


def test_a_short_common_opening_is_not_worth_a_part_of_its_own_but_what_lies_beyond_is():
    opening, one, other = (9,), tuple(range(20, 60)), tuple(range(60, 100))
    leaves = dict(prompt_tree([opening + one + (1,), opening + one + (2,), opening + other]))
    assert described(leaves[0]) == [opening + one, (1,)]
    assert described(leaves[1]) == [opening + one, (2,)]
    assert described(leaves[2]) == [opening + other]


def test_no_prompts_and_empty_ones():
    assert prompt_tree([]) == []
    with pytest.raises(ValueError, match="prompt 1 is empty"):
        prompt_tree([(1,), ()])


PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12).map(tuple), max_size=12)


@given(PROMPTS)
def test_every_prompt_is_its_path_and_relatives_are_neighbours(prompts: list[tuple[int, ...]]):
    leaves = prompt_tree(prompts)
    assert sorted(place for place, _ in leaves) == list(range(len(prompts)))
    passing: dict[Stretch, list[int]] = {}
    for order, (place, leaf) in enumerate(leaves):
        assert sum(described(leaf), ()) == prompts[place]
        for stretch, following in zip(leaf.path(), [*leaf.path()[1:], None], strict=True):
            assert stretch.ids
            assert following is None or following.start == stretch.end
            passing.setdefault(stretch, []).append(order)
    for orders in passing.values():
        assert orders == list(range(orders[0], orders[-1] + 1))
    assert sum(len(stretch.ids) for stretch in passing) <= sum(map(len, set(prompts)))


def test_a_thousand_prompts_each_the_beginning_of_the_next_do_not_exhaust_the_stack():
    prompts = [tuple(range(length)) for length in range(1, 1200)]
    assert len(prompt_tree(prompts)) == 1199
