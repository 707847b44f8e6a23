"""Charts by their numbers: ticks, running means, where a value is drawn, what is said where there is nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.report.run_page.charts import (
    Chart,
    Estimate,
    Level,
    Line,
    bar_table,
    interval_rows,
    line_chart,
    part_labels,
    running_mean,
    thinned,
    ticks,
)
from longstride.report.run_page.training_section import spans


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (1.4, 2.02, [1.4, 1.6, 1.8, 2.0]), (3, 3, [3]), (0, 65, [0, 20, 40, 60])],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]):
    assert ticks(low, high) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8, unique=True).map(sorted))
def test_names_of_parts_never_stand_over_each_other(starts: list[float]):
    placed = part_labels({f"stage-{place}": start for place, start in enumerate(starts)})
    assert [each.name for each in placed] == [f"stage-{place}" for place in range(len(starts))]
    for upper in (True, False):
        row = [each for each in placed if each.upper == upper]
        ends = [edge for each in row for edge in (each.left, each.right)]
        assert ends == sorted(ends)
        assert all(0 <= edge <= 1 for edge in ends)


def test_the_last_name_may_lean_to_the_left_and_the_one_before_it_makes_room():
    """Six tenths of the way from 0.5 to 0.9 are 0.74."""
    first, second, third = part_labels({"one": 0.5, "two": 0.7, "three": 0.9})
    assert (first.right, third.left, third.right) == (pytest.approx(0.74), pytest.approx(0.74), 1)
    assert (second.left, second.right, second.upper, first.upper) == (0.7, 1, False, True)
    assert (first.to_the_right, second.to_the_right, third.to_the_right) == (False, False, True)


def test_steps_have_whole_ticks():
    assert ticks(1, 3, whole=True) == [1, 2, 3]


def test_a_running_mean_takes_both_neighbours():
    points = [(float(x), y) for x, y in enumerate([0.0, 3.0, 6.0, 3.0])]
    assert running_mean(points) == [(0, 1.5), (1, 3.0), (2, 4.0), (3, 4.5)]


def test_many_points_are_averaged_and_few_are_not():
    points = [(float(x), float(x % 2)) for x in range(10)]
    assert thinned(points, 10) == points
    assert thinned(points, 5) == [(0.5, 0.5), (2.5, 0.5), (4.5, 0.5), (6.5, 0.5), (8.5, 0.5)]


def test_a_line_stands_where_its_values_are():
    drawn = line_chart(Chart("Reward", [Line("a", [(0, 0.0), (10, 0.25), (20, 1.0)])], y_range=(0, 1)))
    assert 'd="M0.0 1000.0L500.0 750.0L1000.0 0.0"' in drawn


def test_one_value_is_a_dot_and_none_is_a_sentence():
    assert "h0" in line_chart(Chart("Reward", [Line("a", [(3, 0.5)])]))
    empty = line_chart(Chart("Reward", [Line("a", [])]))
    assert "<svg" not in empty and "Reward: nothing was logged to draw." in empty


def test_a_band_and_a_shade_are_named_once():
    levels = [Level("band", value, start, start + 5) for start in (0, 5) for value in (1.0, 2.0)]
    drawn = line_chart(
        Chart("Entropy", [Line("a", [(0, 1), (10, 2)])], levels=levels, shaded=[(2, 4)], shade_name="kept out")
    )
    assert drawn.count('class="level"') == 4 and len(re.findall("band</span>", drawn)) == 1
    assert 'class="shade" x="200.0" y="0" width="200.0"' in drawn


def test_steps_in_a_row_are_one_span():
    assert spans([3, 4, 5, 9]) == [(2.5, 5.5), (8.5, 9.5)]


def test_bars_are_as_long_as_their_counts():
    drawn = bar_table("Left", ("check", "left"), {"made": 200, "kept": 50, "none": 0}, "funnel.json", {})
    assert re.findall(r"width:([\d.]+)%", drawn) == ["100.00", "25.00", "0.00"]


def test_whiskers_end_where_the_interval_does():
    drawn = interval_rows("By length", {"up to 64": [Estimate("single pass", 0.5, 0.4, 1.2, 1)]})
    assert "M400.0 500H1000.0" in drawn and "M500.0 500h0" in drawn  # what lies beyond the scale is cut
