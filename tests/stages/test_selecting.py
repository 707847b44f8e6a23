from __future__ import annotations

from collections import Counter

import pytest

from longstride.errors import InputError
from longstride.records import PassRate
from longstride.stages.selecting import bin_counts, equal_draws, retrospective_draw


def rate(correct: int, rollouts: int = 4, reward: float | None = None) -> PassRate:
    return PassRate("warm", rollouts, correct, correct / rollouts if reward is None else reward, 64, 16)


def test_equal_draws_of_each_source_and_bin():
    """Source a: 4 never, 4 half, 4 always; source b: 2 of each. Six of each source are two of each of its bins."""
    rates = [rate(0)] * 4 + [rate(2)] * 4 + [rate(4)] * 4 + [rate(0)] * 2 + [rate(2)] * 2 + [rate(4)] * 2
    sources = ["a"] * 12 + ["b"] * 6
    chosen = equal_draws(rates, sources, 12, seed=0, bins=4, fill=False)
    assert Counter((sources[place], rates[place].correct) for place in chosen) == {
        (source, correct): 2 for source in "ab" for correct in (0, 2, 4)
    }
    assert equal_draws(rates, sources, 12, seed=0, bins=4, fill=False) == chosen
    assert any(equal_draws(rates, sources, 12, seed=seed, bins=4, fill=False) != chosen for seed in range(1, 5))


def test_the_smallest_bin_bounds_all_unless_the_others_fill_up():
    rates, sources = [rate(0)] * 10 + [rate(2)] * 1, ["a"] * 11
    assert len(equal_draws(rates, sources, 8, seed=0, bins=4, fill=False)) == 2
    assert len(equal_draws(rates, sources, 8, seed=0, bins=4, fill=True)) == 8
    assert len(equal_draws(rates, sources, None, seed=0, bins=4, fill=False)) == 2


def test_what_is_always_solved_is_left_out_and_what_is_hard_comes_more_often():
    rates = [rate(4)] * 20 + [rate(3)] * 20 + [rate(1)] * 20
    drawn: Counter[int] = Counter()
    for seed in range(200):
        drawn.update(rates[place].correct for place in retrospective_draw(rates, 10, seed, max_never_solved_share=0.2))
    assert drawn[4] == 0
    assert drawn.total() == 2000
    # weights 4/3 and 4: a share of 3/4, a little less since none is drawn twice
    assert 0.66 < drawn[1] / drawn.total() < 0.76


@pytest.mark.parametrize(("never", "sometimes", "wanted"), [(50, 20, 20), (50, 3, 20), (5, 50, 20), (50, 20, None)])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_what_is_never_solved_stays_within_its_share(never: int, sometimes: int, wanted: int | None, share: float):
    rates = [rate(0)] * never + [rate(1)] * sometimes
    chosen: list[int] = []
    for seed in range(20):
        chosen = retrospective_draw(rates, wanted, seed, max_never_solved_share=share)
        unsolved = sum(rates[place].correct == 0 for place in chosen)
        assert unsolved <= share * len(chosen)
        assert len(set(chosen)) == len(chosen)
        assert chosen == sorted(chosen)
    if share == 0.5 and (never, sometimes, wanted) == (50, 3, 20):
        assert len(chosen) == 6, "three solved sometimes, and as many that never were"
    if (never, sometimes, wanted) == (50, 20, 20):
        assert len(chosen) == 20


def test_without_the_cap_the_share_is_larger():
    rates = [rate(0)] * 50 + [rate(1)] * 20
    chosen = retrospective_draw(rates, 20, 0, max_never_solved_share=1.0)
    assert sum(rates[place].correct == 0 for place in chosen) > 0.5 * len(chosen)


def test_nothing_left_is_one_line():
    with pytest.raises(InputError, match=r"no sample is left: .*; give other data to the stage"):
        retrospective_draw([rate(4)] * 3, None, 0, max_never_solved_share=0.2)


def test_a_model_that_solves_nothing_is_told_so():
    with pytest.raises(InputError, match="the model solved none of the 3 samples even once; warm it up for longer"):
        retrospective_draw([rate(0)] * 3, None, 0, max_never_solved_share=0.2)
    assert retrospective_draw([rate(0)] * 3, None, 0, max_never_solved_share=1.0) == [0, 1, 2]


def test_bins_by_hand():
    rates = [rate(0), rate(1), rate(1), rate(2), rate(3), rate(4)]
    assert bin_counts(rates, 4) == {
        "never": 1, "up to 1/4": 2, "up to 2/4": 1, "up to 3/4": 1, "up to 4/4": 0, "always": 1,
    }  # fmt: skip
