"""Equal shares, and strata of pass@k with equal draws."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.curation import choose_balanced, draw_strata
from longstride.curation.balance import choose_by_keys, equal_shares, frequent_answers
from longstride.curation.strata import pass_bin
from longstride.records import PassRate, Sample

STOCKS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 50))


def test_equal_shares_and_what_one_lacks_comes_from_the_others():
    shares = equal_shares({"qa": 100, "mc": 3, "numerical": 100}, 31, random.Random(0))
    assert shares == {"qa": 14, "mc": 3, "numerical": 14}


@given(STOCKS, st.integers(0, 300), st.integers())
def test_shares_sum_to_the_count_and_differ_by_one_at_most(stock: dict[str, int], count: int, seed: int):
    shares = equal_shares(stock, count, random.Random(seed))
    assert sum(shares.values()) == min(count, sum(stock.values()))
    assert all(0 <= shares[kind] <= held for kind, held in stock.items())
    able = [shares[kind] for kind in stock if shares[kind] < stock[kind]]
    if able:
        assert max(able) - min(able) <= 1 and max(shares.values()) <= max(able) + (max(able) == min(able))


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from("12"))),
    st.integers(0, 60),
    st.integers(0, 9),
)
def test_a_choice_by_keys_is_complete_ordered_and_repeatable(keys: list[tuple[str, ...]], count: int, seed: int):
    chosen = choose_by_keys(keys, count, seed)
    assert chosen == sorted(set(chosen)) and len(chosen) == min(count, len(keys))
    assert chosen == choose_by_keys(keys, count, seed)
    held, stock = Counter(keys[place][0] for place in chosen), Counter(key[0] for key in keys)
    able = [held[name] for name in stock if held[name] < stock[name]]
    assert not able or max(able) - min(able) <= 1


def test_tasks_first_then_question_types_then_lengths():
    keys = [("qa", "temporal", "<4K")] * 50 + [("qa", "causal", "<4K")] * 2 + [("mc", "needle", "<4K")] * 8
    keys += [("mc", "needle", "4-8K")] * 40
    chosen = Counter(keys[place] for place in choose_by_keys(keys, 20, seed=1))
    assert chosen == {
        ("qa", "temporal", "<4K"): 8,
        ("qa", "causal", "<4K"): 2,
        ("mc", "needle", "<4K"): 5,
        ("mc", "needle", "4-8K"): 5,
    }


def test_samples_stream_and_only_their_keys_are_held(look_ups: list[Sample]):
    alive: list[int] = []

    def stream() -> Iterator[Sample]:
        for index, sample in enumerate(look_ups):
            alive.append(index)
            yield sample

    chosen = choose_balanced(stream(), 6, seed=0)
    assert alive == list(range(len(look_ups)))
    tasks = Counter((look_ups[place].task, look_ups[place].input_tokens) for place in chosen)
    assert set(tasks.values()) == {1} and len(tasks) == 6


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="count is -1"):
        choose_by_keys([("a",)], -1, 0)


def rate(correct: int, rollouts: int = 8) -> PassRate:
    return PassRate("base", rollouts, correct, correct / rollouts, 32768, 12288)


@pytest.mark.parametrize(
    ("score", "stratum"), [(0, 0), (1e-9, 1), (0.25, 1), (0.2501, 2), (0.5, 2), (0.75, 3), (0.999, 4), (1, 5)]
)
def test_never_and_always_solved_are_strata_of_their_own(score: float, stratum: int):
    assert pass_bin(score, bins=4) == stratum


def test_the_same_number_is_drawn_of_each_stratum():
    rates = [rate(0)] * 40 + [rate(2)] * 30 + [rate(4)] * 20 + [rate(8)] * 10
    chosen = draw_strata(rates, 20, seed=0)
    assert Counter(rates[place].correct for place in chosen) == {0: 5, 2: 5, 4: 5, 8: 5}
    assert chosen == sorted(set(chosen)) == draw_strata(rates, 20, seed=0) != draw_strata(rates, 20, seed=1)


def test_the_smallest_stratum_bounds_all_unless_others_fill():
    rates = [rate(0)] * 40 + [rate(4)] * 3 + [rate(8)] * 40
    assert Counter(rates[place].correct for place in draw_strata(rates, 30, seed=0)) == {0: 3, 4: 3, 8: 3}
    filled = Counter(rates[place].correct for place in draw_strata(rates, 30, seed=0, fill=True))
    assert filled[4] == 3 and filled.total() == 30 and abs(filled[0] - filled[8]) <= 1


def test_k_decides_the_score():
    rates = [rate(1), rate(7)]  # pass@1 1/8 and 7/8; pass@8 1 for both
    assert draw_strata(rates, 2, seed=0) == [0, 1]
    assert len(draw_strata(rates, 1, seed=0, k=8)) == 1
    with pytest.raises(ValueError, match="k is 9"):
        draw_strata(rates, 1, seed=0, k=9)


@given(st.lists(st.integers(0, 8)), st.integers(0, 60), st.integers(1, 6), st.booleans())
def test_strata_draw_no_more_than_asked(corrects: list[int], count: int, bins: int, fill: bool):
    rates = [rate(correct) for correct in corrects]
    chosen = draw_strata(rates, count, seed=3, bins=bins, fill=fill)
    drawn = Counter(pass_bin(rates[place].correct / 8, bins) for place in chosen)
    if fill:
        assert drawn.total() == min(count, len(rates))
    else:
        strata = len({pass_bin(each.correct / 8, bins) for each in rates})
        assert drawn.total() <= count and len(set(drawn.values())) <= 1 and (not drawn or len(drawn) == strata)


def test_an_answer_is_thinned_to_its_share_of_what_stays():
    answers = (
        [("temporal", "2024")] * 30 + [("temporal", str(year)) for year in range(1900, 1948)] + [("other", "2024")]
    )
    dropped = frequent_answers(answers, 0.04)
    assert dropped == set(range(2, 30))  # 2 of 50 are 4 %
    assert frequent_answers(answers, 1.0) == set()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("uvwxyz")), max_size=60), st.floats(0.01, 1))
def test_no_answer_is_over_its_share_unless_it_stands_once(answers: list[tuple[str, str]], most: float):
    dropped = frequent_answers(answers, most)
    kept = [answer for place, answer in enumerate(answers) if place not in dropped]
    assert set(kept) == set(answers)
    for kind in "ab":
        counts = Counter(answer for each, answer in kept if each == kind)
        assert all(count == 1 or count <= most * counts.total() for count in counts.values())


def test_a_share_that_means_nothing_is_refused():
    with pytest.raises(ValueError, match="most is 0"):
        frequent_answers([], 0)
