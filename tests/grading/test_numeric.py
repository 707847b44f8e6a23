"""Comparing numbers: strict keeps sign and scale, the upstream rules keep their quirks."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from longstride.grading import numeric_match
from longstride.grading.numeric_upstream import upstream_value


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("1,234.5", 1234.5),
        ("$1,234.50", "1234.5"),
        ("(1,234)", -1234),
        ("12.5%", 0.125),
        ("12.5%", "12.5 percent"),
        ("2.5 million dollars", 2_500_000),
        ("1.23 million", 1_234_567),  # equal at three digits
        ("12.35", 12.345),
        ("12.3", 12.345),
        ("0.333", 1 / 3),
        ("about 45.2 million in 2019", 45_200_000),
        ("2 + 3 = 5", 5),
        ("12.3451 ≈ 12.35", 12.345),
        ("12.5% (0.125)", 0.125),  # the same number twice
        ("five (5) companies", 5),
        ("1998", 1998),
        ("in 1998", 1998),
        ("3/4", 0.75),
        ("0", 0),
        (1998, "1998"),
        (0.1 + 0.2, 0.3),
    ],
)
def test_strict_accepts(answer: str | float, gold: str | float):
    assert numeric_match(answer, gold) == 1.0


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("1999", 1998),  # within 0.15%, and another year
        ("-5", 5),
        ("5", -5),
        ("50", 5),  # a power of ten
        ("500", 5),
        ("0.05", 5),
        ("5%", 5),
        ("5 million", 5),
        ("5 thousand", "5 million"),
        ("3", 3.4),
        ("3.4", 3),
        ("12", 12.345),
        ("0.3", 1 / 3),
        ("1 million", 1_234_567),
        ("0.001", 0),
        ("5G", 5),
        ("I don't know", 0),  # upstream reads 0 here
        ("", 0),
        (None, 0),
    ],
)
def test_strict_refuses(answer: str | None, gold: float):
    assert numeric_match(answer, gold) == 0.0


@pytest.mark.parametrize(
    "answer", ["4, 5 or 6", "1 2 3 4 5 6 7 8 9", "5 or -5", "5; 5%", "5 to 10", "between 4 and 5", "5/6/7"]
)
def test_a_list_of_guesses_scores_nothing(answer: str):
    assert numeric_match(answer, 5) == 0.0


def test_the_upstream_quirks_beside_the_strict_rule():
    for answer, gold, docmath, qwenlong, spell in [
        ("-5", 5, 1, 1, 1),  # the sign is ignored
        ("50", 5, 1, 1, 0),  # any exact power of ten; not in SPELL
        ("0.005", 5000000, 1, 1, 1),  # 10^9 is both
        ("502", 5.02, 1, 1, 1),  # x100
        ("5021", 5.02, 1, 1, 1),  # x1000 within 0.15%
        ("502100", 5.02, 1, 1, 0),  # x100,000 is Yale's
        ("5021000", 5.02, 0, 0, 1),  # x1,000,000 is SPELL's
        ("1001", 1000, 1, 1, 1),  # within 0.15%
        ("1002", 1000, 0, 0, 0),
        ("0.0101", 0.0199, 0, 1, 0),  # both round up to 0.02: two decimals; to 0.011 and 0.020 with three
        ("5 million", 5, 1, 1, 1),  # scale words are dropped
        ("5%", 5, 1, 1, 1),
        ("nonsense", 0, 1, 1, 0),  # read as 0, and as 999999999 in SPELL
        ("nonsense", 999999999, 0, 0, 1),
        ("2 * 3", 6, 1, 1, 1),  # upstream evaluates the text
        ("10^2 x 5", 500, 1, 1, 1),
        ("5, 6", 5, 0, 0, 0),  # a tuple
        ("7 or 8", 7, 1, 1, 1),
    ]:
        assert numeric_match(answer, gold, "docmath") == docmath, answer
        assert numeric_match(answer, gold, "qwenlong_l1") == qwenlong, answer
        assert numeric_match(answer, gold, "spell") == spell, answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,234.5.", 1234.5),
        ("x = 5", 5),
        ("5 km", 5),
        ("km 5", 5),
        ("approximately 5", 5),
        ("yes", True),
        ("False", False),
        ("(a)", None),
        ("[1, 2]", None),
        ("__import__('os').getcwd()", 0),
        ("9**9**9", 0),  # would overflow
        ("(" * 150, 0),
        ("1" * 250, 0),
        ("1/0", 0),
    ],
)
def test_what_upstream_would_evaluate_is_only_reckoned(text: str, value: float | bool | None):
    assert upstream_value(text, "docmath") == value


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="unknown variant 'exact'; known: strict, docmath, qwenlong_l1, spell"):
        numeric_match("5", 5, "exact")
    for gold in (float("nan"), float("inf"), True, None):
        with pytest.raises(ValueError, match="gold is"):
            numeric_match("5", gold)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'five', which holds 0 numbers"):
        numeric_match("5", "five")
    with pytest.raises(ValueError, match="'5 or 6', which holds 2 numbers"):
        numeric_match("5", "5 or 6")
    with pytest.raises(ValueError, match="answer is nan"):
        numeric_match(float("nan"), 5)


NUMBERS = st.integers(-(10**9), 10**9).filter(bool) | st.floats(0.001, 10**9).map(lambda value: round(value, 4))


@given(NUMBERS)
def test_a_number_matches_itself_and_never_its_negative_or_another_scale(number: float):
    assert numeric_match(f"{number:,}", number) == 1
    for other in (-number, number * 10, number * 100, number * 1000, number / 100):
        assume(other != number)
        assert numeric_match(f"{other:,.8f}", number) == 0
    assert numeric_match(f"{number:,} million", number) == 0
    assert numeric_match(f"{number:,}%", number) == 0


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_whole_numbers_match_only_when_equal(answer: int, gold: int):
    assert numeric_match(f"${answer:,}", gold) == float(answer == gold)


@given(st.lists(st.integers(0, 200), min_size=2, max_size=12, unique=True))
def test_listing_many_numbers_never_scores(guesses: list[int]):
    assert numeric_match(", ".join(map(str, guesses)), guesses[0]) == 0


@given(NUMBERS, st.sampled_from(["docmath", "qwenlong_l1", "spell"]))
def test_upstream_accepts_a_number_and_its_negative(number: float, variant: str):
    assert numeric_match(str(number), number, variant) == numeric_match(str(-number), number, variant) == 1
