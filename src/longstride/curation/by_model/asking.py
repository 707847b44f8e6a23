"""Asking a model a sample's question over some documents, several times, and grading what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from longstride.curation.by_model.chance import choices_of
from longstride.curation.by_model.options import under_other_letters
from longstride.curation.by_model.settings import JUDGE, CheckSettings, Roles
from longstride.grading import JUDGE_SAMPLING, Judge, Verdict, extraction_of, grade, strict_form
from longstride.grading.rules import rule_named
from longstride.llm import Completion, Message, ModelError
from longstride.llm.failures import ContextLengthError
from longstride.llm.later_draws import LaterDraws
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Document, Sample

BLIND, OVER_DOCUMENTS = "solver_blind", "solver_documents"  # prompts
NO_ANSWER = "no answer of the model"
TOO_LONG = "too long for the model"
UNGRADABLE = "its rule cannot grade an answer"
JUDGE_VOTES = 3  # of which most decide, where a rule cannot; not in the paper
VOTE_SAMPLING = replace(JUDGE_SAMPLING, temperature=0.7)  # at its 0 all votes would be one; not in the paper

ANSWER_FORM = 'Format your response as follows: "Therefore, the answer is (insert answer here)".'  # the paper's README
OTHER_FORMS = {"whole": "", "boxed": "Write the answer in \\boxed{}.", "corpusqa": "End with a line: The answer is: "}


T = TypeVar("T")


class Unanswered(Exception):
    """Too few answers came, or none can be graded. `reason` is a fixed phrase, as a funnel counts it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Said:
    """One answer of a model, graded."""

    score: float  # 0 to 1
    form: str  # of the answer, so that two can be compared; "" where the response holds none


def solver_prompt(sample: Sample, documents: Sequence[Document]) -> str:
    """The sample's question over `documents`, or over none; every document stands delimited, under its title."""
    form = OTHER_FORMS.get(extraction_of(sample.reward_style, sample.reward_arguments), ANSWER_FORM)
    values = {
        "question": sample.core_question.strip(),
        "instructions": "\n".join(filter(None, (sample.format_instructions.strip(), form))),
    }
    if not documents:
        return fill_prompt(BLIND, **values)
    texts = "\n\n".join(delimited(f"# {each.title}\n\n{each.text}") for each in documents)
    return fill_prompt(OVER_DOCUMENTS, documents=texts, **values)


def turned_options(sample: Sample, answers: int) -> list[Sample]:
    """The sample; of a multiple choice, as many of its forms with the options under other letters as answers need.

    Where the options cannot be told (see `options`) they stay, and a model that likes the right letter passes for one
    that knows it.
    """
    turned = [sample]
    if sample.reward_style == "choice":
        choices = choices_of(sample)
        for by in range(1, min(len(choices), answers)):
            moved = under_other_letters(sample.core_question, sample.ground_truth, choices, by)
            if moved is not None:
                turned.append(replace(sample, core_question=moved[0], ground_truth=moved[1]))
    return turned


class Interview:
    """All that is asked of one model about one sample; the same documents are asked about once.

    documents: at least those that the sample names.
    """

    def __init__(
        self, sample: Sample, documents: Mapping[str, Document], roles: Roles, role: str, settings: CheckSettings
    ) -> None:
        self.sample, self.documents, self.settings = sample, documents, settings
        self.model = roles.model(role)
        self._roles = roles
        self._heard: dict[tuple[str, ...], list[Said]] = {}

    async def without_knowing_letters(self, documents: Sequence[Document]) -> list[Said]:
        """Answers over these documents alone; of a multiple choice, each with its options under other letters."""
        ids = tuple(each.id for each in documents)
        if ids not in self._heard:
            self._heard[ids] = await self._rotated(documents)
        return self._heard[ids]

    async def over(self, documents: Sequence[Document]) -> list[Said]:
        """Answers over these documents, the question as it is."""
        return await self._draw(self.sample, self._messages(self.sample, documents))

    async def as_it_stands(self) -> list[Said]:
        """Answers to the sample's own prompt."""
        return await self._draw(self.sample, list(self.sample.prompt))

    async def _rotated(self, documents: Sequence[Document]) -> list[Said]:
        turned = turned_options(self.sample, self.settings.answers)
        parts = [range(place, self.settings.answers, len(turned)) for place in range(len(turned))]
        asked = [self._messages(each, documents) for each in turned]
        drawn = await _all_of(
            [self._completions(messages, len(part)) for messages, part in zip(asked, parts, strict=True)]
        )
        self._require_enough([completion for each in drawn for completion in each])
        return [
            await self._graded(each, completion)
            for each, completions in zip(turned, drawn, strict=True)
            for completion in completions
            if completion is not None
        ]

    async def _draw(self, sample: Sample, messages: list[Message]) -> list[Said]:
        completions = await self._completions(messages, self.settings.answers)
        self._require_enough(completions)
        return [await self._graded(sample, each) for each in completions if each is not None]

    def _messages(self, sample: Sample, documents: Sequence[Document]) -> list[Message]:
        return [{"role": "user", "content": solver_prompt(sample, documents)}]

    async def _completions(self, messages: list[Message], answers: int) -> list[Completion | None]:
        """So many answers, None for one that could not be had; together if possible, else each alone."""
        try:
            return list(await self.model.complete(messages, n=answers))
        except ContextLengthError as error:
            raise Unanswered(TOO_LONG, f"{error!s:.160}") from None
        except ModelError:
            if answers == 1:
                return [None]
        return [await self._one(messages, index) for index in range(answers)]  # those received cost nothing

    async def _one(self, messages: list[Message], index: int) -> Completion | None:
        try:
            return (await self.model.complete(messages, sample_index=index))[0]
        except ModelError:
            return None

    def _require_enough(self, completions: Sequence[Completion | None]) -> None:
        had = sum(each is not None for each in completions)
        if 2 * had < self.settings.answers or not had:
            raise Unanswered(NO_ANSWER, f"{had} of {self.settings.answers} answers came")

    async def _graded(self, sample: Sample, completion: Completion) -> Said:
        """By the sample's own rule; where that leaves an answer to a judge, by most of a judge's votes."""
        try:
            by_rule = grade(
                completion.text,
                sample.ground_truth,
                sample.reward_style,
                sample.reward_arguments,
                question=sample.core_question,
            )
        except ValueError as error:
            raise Unanswered(UNGRADABLE, f"{error!s:.160}") from None
        score = by_rule.score
        undecided = by_rule.refused or sample.reward_style == "judge"
        if undecided and by_rule.answer is not None and rule_named(sample.reward_style).judged:
            score = max(score, float(await self._judged(sample, by_rule.answer)))
        return Said(score, strict_form(by_rule.answer) if by_rule.answer is not None else "")

    async def _judged(self, sample: Sample, answer: str) -> bool:
        """Most of the judge's votes say that this is the sample's answer; a vote that is not had counts against it."""
        model = self._roles.model(JUDGE)
        judges = [Judge(LaterDraws(model, vote * Judge.max_attempts), VOTE_SAMPLING) for vote in range(JUDGE_VOTES)]
        votes = await _all_of([judge.compare(sample.core_question, answer, sample.ground_truth) for judge in judges])
        return 2 * sum(isinstance(vote, Verdict) and vote.equivalent for vote in votes) > JUDGE_VOTES


async def _all_of(asked: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all of them at once, in order; the first error, when all have come to their end."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


def require_gradable(sample: Sample) -> None:
    """Raise Unanswered where the sample's own rule cannot grade it, before anything is asked."""
    try:
        grade("", sample.ground_truth, sample.reward_style, sample.reward_arguments, question=sample.core_question)
    except ValueError as error:
        raise Unanswered(UNGRADABLE, f"{error!s:.160}") from None
