from __future__ import annotations

import random
from array import array

from hypothesis import given
from hypothesis import strategies as st

from longstride.corpus.bands import MAX_BUCKET, PERMUTATIONS, BandIndex


def minhash(rng: random.Random) -> array[int]:
    return array("I", [rng.getrandbits(32) for _ in range(PERMUTATIONS)])


def altered(values: array[int], places: int, rng: random.Random) -> array[int]:
    changed = array("I", values)
    for place in rng.sample(range(PERMUTATIONS), places):
        changed[place] ^= 1  # another lowest byte for sure
    return changed


@given(st.integers(0, 1000), st.integers(1, 60))
def test_what_is_near_is_found_and_what_is_far_is_not(seed: int, count: int):
    rng = random.Random(f"bands/{seed}")
    index, held = BandIndex(0.8), [minhash(rng) for _ in range(count)]
    for number, each in enumerate(held):
        index.insert(each, owner=number)
    for number, each in enumerate(held):
        assert index.near(altered(each, 7, rng)) == number  # 7 changes leave 9 of 16 bands as they are
        assert index.near(altered(each, 7, rng), but=number) is None
        assert index.near(altered(each, 60, rng)) is None
    assert len(index) == count


def test_the_first_that_is_near_is_named():
    rng = random.Random("bands/first")
    index, one = BandIndex(0.8), minhash(rng)
    for owner in range(3):
        index.insert(altered(one, owner, rng), owner)
    assert index.near(one) == 0 and index.near(one, but=0) == 1


def test_a_form_filled_in_again_and_again_is_compared_a_bounded_number_of_times():
    rng = random.Random("bands/form")
    index, form = BandIndex(0.8), minhash(rng)
    for owner in range(3 * MAX_BUCKET):
        each = minhash(rng)
        each[:8] = form[:8]  # one band in common, and nothing else
        assert index.near(each) is None
        index.insert(each, owner)
    assert index.near(form) is None
