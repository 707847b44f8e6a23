"""The shortest response that a sample's own grading rule accepts: what supervised training writes (paper 5.1)."""

from __future__ import annotations

from longstride.grading.rules import extraction_of
from longstride.records import Sample

SAID = "{phrase} {answer}"
FORMS = {  # style of extract_answer -> what it finds the answer in
    "the_answer_is": SAID,
    "boxed": "\\boxed{{{answer}}}",
    "choice": "{phrase} ({letter})",
    "corpusqa": "The answer is: {answer}",
    "whole": "{answer}",
    "qwenlong_l1": "Therefore, the answer is {answer}",
    "qwenlong_l1_number": "Therefore, the answer is {answer}",
    "spell": "Therefore, the answer is {answer}",
    "spell_number": "Therefore, the answer is {answer}",
    "longbench_v2": "The correct answer is ({letter})",
}


def written_answer(sample: Sample, phrase: str = "The answer is") -> str:
    """The preferred ground truth in the form that the sample's rule extracts: "The answer is X", "\\boxed{X}", or X.

    phrase: leads to the answer where the rule looks for such words; it must end in "the answer is", in any case.

    `grade` gives it 1, but for the style "judge", whose rule gives 0 to everything, and for an answer that no response
    can declare, such as one that holds a blank line: who trains on it should ask `grade`. Raises ValueError for an
    unknown style.
    """
    answer = sample.ground_truth[0]
    form = FORMS[extraction_of(sample.reward_style, sample.reward_arguments)]
    return form.format(phrase=phrase, answer=answer, letter=answer.strip(" ().").upper())
