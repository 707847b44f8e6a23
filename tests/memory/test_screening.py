"""The lexical screen keeps what shares telling words with the question."""

import pytest

from longstride.memory.screening import screened

CHUNKS = ["the ship sails", "the Talon lies in dock two", "the dock is wet", "the Mira and the Talon"]


def test_rare_words_of_the_question_tell():
    assert screened(CHUNKS, ["Where does the talon lie?"], 0.5) == [1, 3]


def test_a_higher_share_keeps_less():
    assert screened(CHUNKS, ["In which dock does the Talon lie?"], 0.0) == [0, 1, 2, 3]
    assert screened(CHUNKS, ["In which dock does the Talon lie?"], 1.0) == [1]


def test_words_that_stand_everywhere_or_nowhere_tell_nothing_so_all_is_read():
    assert screened(CHUNKS, ["What of the zeppelin?"], 1.0) == [0, 1, 2, 3]
    assert screened(CHUNKS, [""], 1.0) == [0, 1, 2, 3]
    assert screened([], ["Where?"], 0.5) == []


def test_any_question_may_want_a_chunk():
    assert screened(CHUNKS, ["The Mira?", "Which ship sails?"], 0.9) == [0, 3]


def test_a_share_is_a_share():
    with pytest.raises(ValueError, match="share is 2"):
        screened(CHUNKS, ["Where?"], 2)
