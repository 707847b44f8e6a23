"""Template expansion: a proposer says a plain question in varied natural language, and the words are held against it.

Whatever the wording, it names every row and every figure of the plain question, no other figure, the words of each
measure, and not the answer. Whether it still asks for the same result is then shown by execution (`sql_writing`).
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from longstride.grading import strict_form
from longstride.grading.text_match import contains_words
from longstride.llm import ChatModel
from longstride.llm.structured import complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Message
from longstride.synthesis.tables.answer_forms import exact
from longstride.synthesis.tables.by_model.drafts import Draft
from longstride.synthesis.tables.settling import Settled
from longstride.synthesis.tables.wording import in_words

NO_QUESTION = "no question on one line"
NAME_LEFT_OUT = "leaves out a name"
FIGURE_LEFT_OUT = "leaves out a figure"
OTHER_FIGURE = "holds another figure"
MEASURE_LEFT_OUT = "leaves out what is measured"
HOLDS_ANSWER = "holds the answer"
LONGEST_FACTOR = 3  # times the plain question's length
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
STYLES = (
    "as one plain question",
    "as a short request that begins with a verb",
    "with the condition or the list of names first and what is asked for last",
    "as somebody would ask a colleague who has read all the documents",
    "in the formal tone of a report",
)
_SMALL_WORDS = frozenset(["a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "per", "the", "to"])


class QuestionReply(BaseModel):
    """What the proposer answers."""

    model_config = ConfigDict(extra="ignore")

    question: Annotated[str, Field(max_length=3_000)]


async def worded(draft: Draft, proposer: ChatModel, style: str, sample_index: int) -> str:
    """The proposer's wording of a draft's question, unchecked. Raises what the model raises."""
    messages: list[Message] = [{"role": "user", "content": question_prompt(draft, style)}]
    reply = await complete_structured(proposer, messages, QuestionReply, sample_index=sample_index)
    return reply.question.strip()


def question_prompt(draft: Draft, style: str) -> str:
    """The proposer's request for one draft."""
    return fill_prompt(
        "proposer_table_question",
        style=style,
        question=delimited(draft.question.text, "question"),
        required=delimited("\n".join(required_words(draft)), "required"),
    )


def required_words(draft: Draft) -> list[str]:
    """What a wording must hold: the names of the rows, the measures, and the figures beside them."""
    names = [draft.scope.names[row] for row in draft.scope.rows]
    said = [measure.timed for measure in draft.scope.measures]
    held = " ".join([*names, *said])
    figures = [number for number in NUMBER.findall(draft.question.text) if number not in NUMBER.findall(held)]
    return list(dict.fromkeys([*names, *said, *figures]))


def objection(wording: str, draft: Draft, settled: Settled) -> str | None:
    """Why a wording cannot stand for the draft's question, as a fixed phrase; None where nothing speaks against it."""
    plain = draft.question.text
    if not wording or len(wording.splitlines()) != 1 or len(wording) > LONGEST_FACTOR * len(plain):
        return NO_QUESTION
    if not all(draft.scope.names[row] in wording for row in draft.scope.rows):
        return NAME_LEFT_OUT
    asked, said = set(NUMBER.findall(plain)), set(NUMBER.findall(wording))
    if asked - said:
        return FIGURE_LEFT_OUT
    if said - asked:
        return OTHER_FIGURE
    stems = {_stem(word) for word in re.findall(r"[^\W\d_]+", wording)}
    for measure in draft.scope.measures:
        words = [word for word in re.findall(r"[^\W\d_]+", measure.said) if word.casefold() not in _SMALL_WORDS]
        if not all(_stem(word) in stems for word in words):
            return MEASURE_LEFT_OUT
    number = exact(settled.result)
    if settled.question.form.kind == "count" and number is not None:
        word = in_words(int(number))
        if contains_words(strict_form(wording), word) and not contains_words(strict_form(plain), word):
            return HOLDS_ANSWER
    return None


def _stem(word: str) -> str:
    """Enough of a word that "employee" and "employees", "inhabited" and "inhabitants" are one."""
    return word.casefold()[:5].rstrip("s")
