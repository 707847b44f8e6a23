"""MRCR's score: how much of the wanted passage a response repeats (paper 5.1; the data set's card, openai/mrcr)."""

from __future__ import annotations

from difflib import SequenceMatcher

try:
    from cdifflib import CSequenceMatcher as Matcher  # the same numbers, several times faster
except ImportError:
    Matcher = SequenceMatcher


def mrcr_score(response: str, answer: str, prefix: str) -> float:
    """The SequenceMatcher ratio of response and answer behind the prefix; 0.0 unless the response starts with it.

    As upstream has it: no stripping, the prefix removed once from each (from the answer where it has one), response
    first and answer second, and autojunk on: in an answer of 200 characters or more, a character that makes up over a
    hundredth of it does not anchor a match. An empty prefix lets every response pass. The thinking must be gone before
    (`extract_answer(response, "whole")`).
    """
    for name, text in (("response", response), ("answer", answer), ("prefix", prefix)):
        if not isinstance(text, str):
            raise ValueError(f"{name} is {text!r:.80}, expected str")
    if not response.startswith(prefix):
        return 0.0
    return float(Matcher(None, response.removeprefix(prefix), answer.removeprefix(prefix)).ratio())
