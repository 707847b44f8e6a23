"""Sentences: each is a slice of the text, and what is no prose is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.structure.prose import sentences

PAGE = """# The Mill

The mill was built by Mr. Harrow in 1804. It burnt
twice! "Who will pay?" asked the miller.

- Owner: J. R. Lind. The family left in 1911.
| Year | Flour. |

and so on. Then it rained.
"""


def flat(text: str) -> list[str]:
    return [each.flat for each in sentences(text)]


def test_sentences_of_a_page():
    assert flat(PAGE) == [
        "The mill was built by Mr. Harrow in 1804.",
        "It burnt twice!",
        '"Who will pay?"',
        "The family left in 1911.",
        "Then it rained.",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "No end", "<b>It</b> rained.", "It \x00 rained.", "It ‮rained.", "    It is code.", "A" * 300_000 + "."],
)
def test_what_is_no_sentence(text: str):
    assert flat(text) == []


def test_a_word_of_one_letter_ends_no_sentence_but_i_does():
    assert flat("She knew J. Lind well. So did I. It was long ago.") == [
        "She knew J. Lind well.",
        "So did I.",
        "It was long ago.",
    ]


@given(st.text(alphabet='Ab1 .!?\n"-#|<\r\t‮ ', max_size=200))
def test_every_sentence_quotes_the_text(text: str):
    last = 0
    for each in sentences(text):
        assert last <= each.start < each.end
        assert each.flat == " ".join(text[each.start : each.end].split())
        last = each.end
