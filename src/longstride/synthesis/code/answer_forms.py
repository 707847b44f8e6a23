"""The form of an answer: its text, how it is graded, and whether it is worth asking for."""

from __future__ import annotations

import re

from longstride.grading import exact_match, numeric_match, strict_form
from longstride.grading.text_match import contains_words
from longstride.synthesis.code.asks import LONGEST_ANSWER, VALUES
from longstride.synthesis.code.evaluation import Value

RULES = {
    "number": "numeric",
    "text": "exact",
    "name": "cover_exact_match",
    "annotation": "exact",
    "file": "cover_exact_match",
}
GUESSED = frozenset({"int", "str", "bool", "float", "bytes", "Any", "object", "Callable"})  # as annotations
MOST_DIGITS = 12  # of a float that anybody would work out
TELLING = re.compile(r"\w\w")


def kind_of(what: str, answer: Value) -> str:
    """The kind of an answer, a key of RULES; "" for one that is never asked for."""
    if what not in VALUES:
        if isinstance(answer, int):
            return "number"
        return what if what in RULES else "name"
    if isinstance(answer, bool) or answer is None:
        return ""
    return "text" if isinstance(answer, str) else "number"


def written(answer: Value) -> str:
    """An answer as it stands in the ground truth."""
    return answer if isinstance(answer, str) else repr(answer)


def is_askable(kind: str, answer: Value, question: str) -> bool:
    """True for an answer that can be graded and that the question does not give away."""
    return is_writable(kind, answer) and not contains_words(strict_form(question), strict_form(written(answer)))


def is_writable(kind: str, answer: Value) -> bool:
    """True for an answer that can be graded, and is not what anybody would guess.

    That is True, False, None, 0, 1 and -1, and the plainest annotations. An empty or unspeakable text cannot be
    written.
    """
    text = written(answer)
    if not kind or not text or len(text) > LONGEST_ANSWER or (kind == "annotation" and text in GUESSED):
        return False
    if kind == "number":
        plain = not isinstance(answer, float) or len(re.sub(r"[-.]|e.*", "", text)) <= MOST_DIGITS
        return plain and not isinstance(answer, str) and abs(answer or 0) != 1 and answer != 0 and _is_graded(text)
    if text != text.strip() or not text.isprintable() or not TELLING.search(text):
        return False
    return exact_match(text, text) == 1


def _is_graded(text: str) -> bool:
    try:
        return numeric_match(text, text) == 1
    except ValueError:
        return False
