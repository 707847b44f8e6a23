"""Cover exact match, exact match and F1: each upstream quirk beside our rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import cover_exact_match, exact_match, qa_f1


@pytest.mark.parametrize(
    ("answer", "golds"),
    [
        ("It is the Eiffel Tower.", ["Eiffel Tower"]),
        ("eiffel tower", ["The Eiffel Tower!"]),
        ("Rome", ["Paris", "Rome"]),  # the best over all golds, not the first alone
        ("1,500 people", ["1500"]),
        ("$5.00", ["5"]),
        ("5 km", ["5"]),
        ("born in 1998, in Lyon", ["1998"]),
        ("Dr. José Ortega", ["jose ortega"]),
        ("the U.S. army", ["US Army"]),
        ("答案是北京市", ["北京"]),
        ("Plan B", ["B"]),
    ],
)
def test_strict_finds_a_gold_answer_in_the_answer(answer: str, golds: list[str]):
    assert cover_exact_match(answer, golds) == 1.0


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        # a gold of one letter or digit inside a longer word or number
        ("Barcelona", "a"),
        ("x-ray", "x"),
        ("3.5", "5"),
        ("1,500", "5"),
        ("1,500", "500"),
        ("-5", "5"),
        ("−5", "5"),
        ("-$5", "5"),
        ("minus 5", "5"),
        ("5%", "5"),
        ("5 percent", "5"),
        ("5 million", "5"),
        ("15", "5"),
        ("0.5", "5"),
        (".5", "5"),
        ("5th", "5"),
        ("5G", "5"),
        ("5/6", "5"),
        ("5-6", "5"),
        ("COVID-19", "19"),
        ("1990-1995", "1995"),
        ("10²", "10"),
        ("3万", "3"),
        # the other direction is upstream's
        ("Eiffel", "Eiffel Tower"),
        # an empty normal form
        ("the", "Paris"),
        (".", "Paris"),
        ("", "Paris"),
        ("Paris", "the"),
        ("the cat", "the"),
        ("Paris", ""),
        # a letter's name is no article
        ("Hepatitis B", "Hepatitis A"),
    ],
)
def test_strict_refuses_what_only_looks_like_it(answer: str, gold: str):
    assert cover_exact_match(answer, gold) == 0.0


def test_the_upstream_quirks_beside_the_strict_rule():
    for answer, golds, qwenlong, strict in [
        ("the", ["Paris"], 1, 0),  # normalises to nothing, which is in everything
        (".", ["Paris"], 1, 0),
        ("Eiffel", ["Eiffel Tower"], 1, 0),  # either direction
        ("Rome", ["Paris", "Rome"], 0, 1),  # first gold only
        ("15", ["5"], 1, 0),  # inside a longer number
        ("-3.5", ["35"], 1, 0),  # punctuation of a number
    ]:
        assert cover_exact_match(answer, golds, "qwenlong_l1") == qwenlong
        assert cover_exact_match(answer, golds, "strict") == strict


def test_spell_refuses_empty_forms_and_has_two_directions():
    assert cover_exact_match("the", "Paris", "spell_loose") == 0
    assert cover_exact_match("Paris", "the", "spell_strict") == 0
    assert cover_exact_match("Eiffel", "Eiffel Tower", "spell_loose") == 1
    assert cover_exact_match("Eiffel", "Eiffel Tower", "spell_strict") == 0
    assert cover_exact_match("15", "5", "spell_strict") == 1  # a substring, within numbers too


@pytest.mark.parametrize("variant", ["strict", "qwenlong_l1", "spell_strict", "spell_loose"])
def test_no_answer_scores_nothing(variant: str):
    assert cover_exact_match(None, "Paris", variant) == 0.0
    assert cover_exact_match("", "Paris", variant) == 0.0


def test_exact_match_and_f1():
    assert exact_match("The Eiffel Tower.", ["Louvre", "eiffel tower"]) == 1
    assert exact_match("Eiffel Tower, Paris", "Eiffel Tower") == 0
    assert exact_match("the", "the") == 0
    assert exact_match("-5", "5") == 0
    # two of the answer's four words stand in the gold's three: 2 * 2 / (4 + 3)
    assert qa_f1("big red brick house", "a red house there") == pytest.approx(4 / 7)
    assert qa_f1("red red", "red") == pytest.approx(2 / 3)  # counted as often as it stands there
    assert qa_f1("Rome", ["Paris", "Rome"]) == 1
    assert qa_f1(None, "Paris") == qa_f1("the", "the") == 0


def test_bad_input_is_named():
    for function in (cover_exact_match, exact_match, qa_f1):
        with pytest.raises(ValueError, match="golds is empty"):
            function("Paris", [])
        with pytest.raises(ValueError, match=r"golds\[1\] is 5"):
            function("Paris", ["Paris", 5])  # type: ignore[list-item]
        with pytest.raises(ValueError, match="answer is 5"):
            function(5, ["Paris"])  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="unknown variant 'loose'; known: strict, qwenlong_l1, spell_strict, spell_loose"
    ):
        cover_exact_match("Paris", "Paris", "loose")


WORDS = st.lists(st.text("bcdfg", min_size=2, max_size=5), min_size=1, max_size=4).map(" ".join)


@given(WORDS, WORDS, WORDS)
def test_a_gold_between_other_words_is_found_and_glued_to_them_is_not(before: str, gold: str, after: str):
    assert cover_exact_match(f"{before}, {gold}. {after}", gold) == 1
    glued = f"{'x' + gold}"
    assert cover_exact_match(glued, gold) == 0


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_number_covers_only_itself(answer: int, gold: int):
    assert cover_exact_match(f"about {answer:,} in all", str(gold)) == float(answer == gold)
