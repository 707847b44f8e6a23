"""What supervised training writes as the response to a sample: the evidence in a few quotations, then the answer.

The form is the shortest reasoning that proves an answer: the sentences that it follows from, in the order of the
reasoning; of a multiple choice also the option that they speak for; then the words that the sample's rule looks for.
"""

from __future__ import annotations

from longstride.grading import extraction_of, grade
from longstride.grading.answer_forms import written_answer
from longstride.grading.thinking import CLOSE
from longstride.records import Sample

LONGEST_QUOTE = 240  # characters; longer evidence is not repeated
MOST_QUOTES = 8
ASKED_FOR = "Therefore, the answer is"  # as the paper's prompt puts it


def written_reply(sample: Sample, *, thinking_opened: bool = False) -> str:
    """Quotations, the option, the answer, a line each. Where the whole response is the answer, the answer alone.

    thinking_opened: the chat template has opened the thinking, which then ends before the answer.
    """
    asked = any(ASKED_FOR in message["content"] for message in sample.prompt)
    answer = written_answer(sample, ASKED_FOR if asked else "The answer is")
    lines = [] if extraction_of(sample.reward_style, sample.reward_arguments) == "whole" else reasoning(sample)
    if thinking_opened:
        return "\n".join([*lines, f"{CLOSE}\n\n{answer}"])
    return "\n".join([*lines, answer])


def reasoning(sample: Sample) -> list[str]:
    """The sample's evidence, each text once, and the right option as the question words it."""
    quotes = dict.fromkeys(" ".join(each.text.split()) for each in sample.evidence)
    short = [quote for quote in quotes if len(quote) <= LONGEST_QUOTE][:MOST_QUOTES]
    option = _right_option(sample)
    return short if option is None else [*short, option]


def earns_its_reward(sample: Sample, reply: str, *, thinking_opened: bool = False) -> bool:
    """True where the sample's own rule gives `reply` full marks, or leaves all grading to a judge."""
    arguments = {**sample.reward_arguments, "thinking_opened": thinking_opened}
    scored = grade(reply, sample.ground_truth, sample.reward_style, arguments, question=sample.core_question)
    return scored.score == 1 or sample.reward_style == "judge"


def _right_option(sample: Sample) -> str | None:
    """`Kestrel (B)` or `(B) Kestrel`, whichever the question has; None where it is no multiple choice."""
    letter = sample.ground_truth[0].strip(" ().").upper()
    options = sample.derivation.get("options")
    if sample.reward_style != "choice" or not isinstance(options, list) or len(letter) != 1:
        return None
    place = ord(letter) - ord("A")
    if not 0 <= place < len(options):
        return None
    forms = (f"{options[place]} ({letter})", f"({letter}) {options[place]}")
    return next((form for form in forms if form in sample.core_question), None)
