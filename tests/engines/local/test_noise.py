"""Noise by counter: reproducible, apart for every response and position, even."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from longstride.engines.local.noise import noise_key, uniform


def test_the_numbers_are_those_of_every_machine():
    key = noise_key(7, "sample-3/turn-2", 5)
    expected = ["0x1.690a3d8655b1ep-1", "0x1.c2c1e8a3b08fep-1", "0x1.e06956b284e10p-2"]
    assert [uniform(key, position).hex() for position in (0, 1, 12_000)] == expected


def test_seed_stream_index_and_position_each_make_another_number():
    triples = list(product([0, 1, "0"], ["a", "b", "a/0"], [0, 1]))
    numbers = {uniform(noise_key(*triple), position) for triple in triples for position in (0, 1)}
    assert len(numbers) == 2 * len(triples)


def test_names_that_read_alike_when_joined_stay_apart():
    assert noise_key("0/1", "a", 2) != noise_key("0", "1/a", 2)


def test_numbers_fall_evenly():
    key = noise_key(0, "even", 0)
    bins = [0] * 16
    for position in range(8000):
        bins[int(uniform(key, position) * 16)] += 1
    chi_square = sum((count - 500) ** 2 / 500 for count in bins)
    assert chi_square < 37.7  # 99.9 % of 15 degrees of freedom


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**40), st.floats(1e-300, 1e300))
def test_a_share_of_a_total_stays_below_the_total(key: bytes, position: int, total: float):
    number = uniform(key, position)
    assert 0 <= number * total < total
    assert (number * 2**52).is_integer()
    assert (1 - 2.0**-52) * total < total  # the largest there is
