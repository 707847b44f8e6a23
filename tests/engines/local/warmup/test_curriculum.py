"""Short inputs first: by mastery, and in time."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from longstride.engines.local.warmup.curriculum import Curriculum, length_class


@pytest.mark.parametrize(
    ("tokens", "near"), [(1, 32), (45, 32), (46, 64), (90, 64), (91, 128), (129, 128), (1000, 1024)]
)
def test_a_length_class_is_the_nearest_power_of_two(tokens: int, near: int):
    assert length_class(tokens) == near


def curriculum(sizes: tuple[int, ...] = (5, 5, 5), window: int = 20) -> Curriculum:
    return Curriculum(sizes, seed=0, advance_at=0.75, window=window)


def test_mastery_over_a_window_opens_the_next_length():
    held = curriculum(window=3)
    for mastery in (0.7, 0.8):
        held.saw(0, mastery, progress=0.0)
    assert held.level == 0  # two steps are no window
    held.saw(0, 0.8, progress=0.0)
    assert held.level == 1  # mean 0.767
    assert held.recent == []


def test_without_mastery_a_length_stays_until_its_time_comes():
    held = curriculum(window=2)
    for progress in (0.05, 0.1, 0.16):
        held.saw(0, 0.5, progress)
    assert held.level == 0
    held.saw(0, 0.5, progress=0.17)  # a third of the first half
    assert held.level == 1
    held.saw(1, 0.5, progress=0.34)
    assert held.level == 2
    held.saw(2, 1.0, progress=0.9)
    held.saw(2, 1.0, progress=0.9)
    assert held.level == 2  # there is no longer one


def test_steps_of_shorter_lengths_say_nothing_about_the_longest():
    held = curriculum(window=2)
    held.level = 1
    for _ in range(5):
        held.saw(0, 1.0, progress=0.2)
    assert held.level == 1


def test_only_open_lengths_are_drawn_and_items_of_the_longest_most_often():
    held = curriculum((40, 20, 10))
    assert {held.choose_length(step) for step in range(50)} == {0}
    held.level = 2
    drawn = Counter(held.choose_length(step) for step in range(4000))
    an_item = {length: drawn[length] / size for length, size in enumerate(held.sizes)}
    assert 0.85 < an_item[0] / an_item[1] < 1.15  # few items are not drawn more often for being few
    assert 4.2 < an_item[2] / an_item[1] < 5.8


def test_every_item_comes_once_before_any_comes_again():
    held = curriculum((4, 7))
    first, second = ([held.next_item(1) for _ in range(7)] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second


def test_it_goes_on_from_its_state():
    one = curriculum((9, 9), window=4)
    for step in range(5):
        one.next_item(0)
        one.saw(0, 0.1 * step, progress=0.0)
    other = curriculum((9, 9), window=4)
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    assert [one.next_item(0) for _ in range(9)] == [other.next_item(0) for _ in range(9)]
    assert one.state_dict() == other.state_dict()


def test_a_length_without_items_is_refused():
    with pytest.raises(ValueError, match="items"):
        curriculum((3, 0))
