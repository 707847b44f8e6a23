"""MRCR's score is difflib's, with or without the C implementation."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.grading import mrcr, mrcr_score

PREFIX = "aYooSG8CQg"


def test_without_the_prefix_nothing_counts():
    assert mrcr_score("a poem", PREFIX + "a poem", PREFIX) == 0.0
    assert mrcr_score(" " + PREFIX + "a poem", PREFIX + "a poem", PREFIX) == 0.0  # no stripping
    assert mrcr_score(PREFIX + "a poem", PREFIX + "a poem", PREFIX) == 1.0


def test_the_ratio_is_that_of_what_follows_the_prefix():
    # "bcd" of "abcd" and "bcde": 2 * 3 / (4 + 4)
    assert mrcr_score(PREFIX + "abcd", PREFIX + "bcde", PREFIX) == 0.75
    assert mrcr_score(PREFIX, PREFIX + "bcde", PREFIX) == 0.0
    assert mrcr_score(PREFIX, PREFIX, PREFIX) == 1.0


def test_the_prefix_is_removed_once_and_only_where_it_stands():
    assert mrcr_score("xxab", "xxab", "x") == 1.0
    assert mrcr_score("xab", "ab", "x") == 1.0  # an answer without the prefix is taken as it is
    assert mrcr_score("ab", "ab", "") == 1.0


def test_autojunk_bites_from_200_characters_on():
    short, long = "ab" * 99, "ab" * 100
    assert mrcr_score("p" + short[1:], "p" + short, "p") > 0.9
    assert mrcr_score("p" + long[1:], "p" + long, "p") == 0.0  # a and b are popular: nothing anchors a match
    assert SequenceMatcher(None, long[1:], long, autojunk=False).ratio() > 0.9


@pytest.mark.parametrize("name", ["response", "answer", "prefix"])
def test_what_is_no_text_is_refused(name: str):
    arguments = {"response": "a", "answer": "a", "prefix": "a"} | {name: None}
    with pytest.raises(ValueError, match=f"{name} is None"):
        mrcr_score(**arguments)  # type: ignore[arg-type]


TEXTS = st.text("abcdefgh é\n", max_size=60) | st.text("ab cdefghijklmnopqrstuvwxyz", min_size=190, max_size=420)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_the_score_is_difflibs(response: str, answer: str):
    expected = SequenceMatcher(None, response, answer).ratio()
    assert mrcr_score(PREFIX + response, PREFIX + answer, PREFIX) == expected


@settings(deadline=None, max_examples=40)
@given(st.text("abcdefghijklmnopqrstuvwxyz ,.", min_size=200, max_size=500), st.lists(st.integers(0, 199), max_size=8))
def test_the_score_is_difflibs_for_a_response_with_errors(answer: str, cuts: list[int]):
    response = answer
    for cut in cuts:
        response = response[:cut] + "#" + response[cut + 2 :]
    assert mrcr_score(PREFIX + response, PREFIX + answer, PREFIX) == SequenceMatcher(None, response, answer).ratio()


def test_without_cdifflib_the_numbers_are_the_same(monkeypatch: pytest.MonkeyPatch):
    pairs = [("the cat sat on the mat " * 12, "a cat sat on a mat " * 14), ("kitten", "sitting")]
    scores = [mrcr_score(PREFIX + one, PREFIX + other, PREFIX) for one, other in pairs]
    monkeypatch.setattr(mrcr, "Matcher", SequenceMatcher)
    assert [mrcr_score(PREFIX + one, PREFIX + other, PREFIX) for one, other in pairs] == scores


def test_a_megabyte_is_scored():
    answer = PREFIX + "Once upon a time there was a tapir who wrote poems. " * 80
    assert 0 <= mrcr_score(PREFIX + "tapir " * 160_000, answer, PREFIX) < 0.1
