"""Questions asked twice (paper 3: deduplication): the first in order stays.

Two questions are one where their answers agree, they name the same things, hold the same numbers, and their words
are nearly the same. Names and numbers must agree exactly, for a question about another year or another company
differs from this one in a single word. They key the comparison, so that a question is compared with few others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from longstride.curation.outcome import Outcome
from longstride.grading import strict_form
from longstride.records import Sample

EXACT = "the same question with the same answer stands before it"
NEAR = "nearly the same question with the same answer stands before it"

SIMILARITY = 85.0  # of rapidfuzz's token_sort_ratio, 0..100; not in the paper
MAX_COMPARED = 4096  # questions of one answer, the same names and numbers; beyond, only exact repeats are found

_WORD = re.compile(r"[^\W_]+(?:[-_.,'’/][^\W_]+)*+")
_POSSESSIVE = re.compile(r"['’]s$")
# words that open a sentence, or stand between names, with a capital and without being one
_OPENERS = """
    a according across after all among an and as at based before between both by calculate combined compare
    compute consider considering count determine did do does during each express find first for from give
    given had has have how identify if in into is it its last list look name of on or out over please report
    reported round say select state sum tell than that the their then there these this those to total under
    using was were what when where which who whom whose why with
    """
_NO_NAMES = frozenset(_OPENERS.split())


class QuestionDeduplicator:
    """Remembers the questions that were kept; one pass over the samples in their order.

    Holds the words of each question: about the memory of the questions themselves.
    """

    def __init__(self, similarity: float = SIMILARITY) -> None:
        if not 0 <= similarity <= 100:
            raise ValueError(f"similarity is {similarity}, expected 0..100")
        self.similarity = similarity
        self._exact: dict[tuple[str, str], str] = {}  # answer and question in their forms -> the sample's id
        self._alike: dict[tuple[str, ...], list[str]] = {}  # answer, names and numbers -> questions in their forms

    def check(self, sample: Sample) -> Outcome:
        """Whether a question like this one was kept; the detail names its sample. Remembers nothing."""
        from rapidfuzz import fuzz, process

        answer, question = strict_form(sample.ground_truth[0]), strict_form(sample.core_question)
        if (answer, question) in self._exact:
            return Outcome(EXACT, self._exact[answer, question])
        others = self._alike.get(_key(answer, sample), [])[:MAX_COMPARED]
        found = process.extractOne(
            question, others, scorer=fuzz.token_sort_ratio, processor=None, score_cutoff=self.similarity
        )
        if found is not None:
            return Outcome(NEAR, f"{self._exact[answer, found[0]]} ({found[1]:.0f} of 100)")
        return Outcome()

    def keep(self, sample: Sample) -> None:
        """Remember the question of a sample that stays."""
        answer, question = strict_form(sample.ground_truth[0]), strict_form(sample.core_question)
        if self._exact.setdefault((answer, question), sample.id) == sample.id:
            self._alike.setdefault(_key(answer, sample), []).append(question)


def _key(answer: str, sample: Sample) -> tuple[str, ...]:
    return (answer, *sorted(_names_and_numbers(_WORD.findall(sample.core_question))))


def _names_and_numbers(words: Iterable[str]) -> Iterable[str]:
    """Words with a digit, a capital or an underscore in them, but for those that merely open a sentence."""
    for word in words:
        bare = _POSSESSIVE.sub("", word)
        if ("_" in bare or any(each.isupper() or each.isdigit() for each in bare)) and bare.lower() not in _NO_NAMES:
            yield bare.casefold()
