"""Numbers that know their log: changes against noise, and files that were torn."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.analysis.logged import change_of, finite, read_json, read_json_lines
from longstride.errors import InputError


def test_a_change_is_told_against_its_noise():
    change = change_of([0.1, 0.3, *[0.5] * 4, 0.7, 0.9], "reward", "s/metrics.jsonl")
    assert change is not None and change.steps == 2
    assert (change.first.value, change.last.value) == (pytest.approx(0.2), pytest.approx(0.8))
    assert change.first.how == "mean of reward, first 2" and change.last.how == "mean of reward, last 2"
    assert change.noise == pytest.approx(math.sqrt((0.02 + 0.02) / 2))  # sample variances 0.02, two steps each
    assert change.direction == "up"


@pytest.mark.parametrize(
    ("values", "direction"),
    [
        ([0.1, 0.9, 0.5, 0.5, 0.5, 0.5, 0.2, 0.9], "unclear"),  # the spread hides it
        ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.4, 0.4], "down"),
        ([0.5] * 8, "unclear"),
        ([0.1, 0.9], "unclear"),  # one step at each end tells no spread
    ],
)
def test_only_what_exceeds_the_noise_is_a_change(values: list[float], direction: str):
    change = change_of(values, "reward", "log")
    assert change is not None and change.direction == direction


def test_ten_steps_at_most_are_averaged_and_one_value_has_no_change():
    change = change_of([float(each) for each in range(100)], "x", "log")
    assert change is not None and (change.steps, change.first.value, change.last.value) == (10, 4.5, 94.5)
    assert change_of([1.0], "x", "log") is None


def test_a_torn_line_is_counted_and_the_others_are_read(tmp_path: Path):
    log = tmp_path / "metrics.jsonl"
    log.write_bytes(b'{"step": 1}\n\n[1]\n{"step": 2, "x": "\xff"}\n{"step": 3, "rew')
    rows, damaged = read_json_lines(log)
    assert [row["step"] for row in rows] == [1, 2] and damaged == 2


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_damage(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    log = tmp_path_factory.getbasetemp() / "any.jsonl"
    log.write_bytes(content)
    rows, _ = read_json_lines(log)
    assert all(isinstance(row, dict) for row in rows)


def test_what_is_not_there_is_an_error_of_one_line(tmp_path: Path):
    for read in (read_json, read_json_lines):
        with pytest.raises(InputError, match="is not there"):
            read(tmp_path / "none.json")
    (tmp_path / "deep.json").write_text("[" * 100_000, "utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_json(tmp_path / "deep.json")


@pytest.mark.parametrize("value", [None, "0.5", True, float("nan"), float("inf")])
def test_only_finite_numbers_are_drawn(value: object):
    assert finite(value) is None
    assert finite(json.loads("1")) == 1.0
