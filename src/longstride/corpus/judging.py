"""Judging documents with a model, after the rules (paper 3.1): quality, factual accuracy and coherence.

A judge grades each document by a stated rubric, several times; the median of each grade counts. What falls below the
threshold is dropped with its reason. A judge that gives no answer drops nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from statistics import median_low
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from longstride.corpus.funnel import KEPT
from longstride.errors import InputError
from longstride.llm import ChatModel, ModelError
from longstride.llm.in_order import in_order
from longstride.llm.structured import complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Document, Message

GRADES = ("quality", "accuracy", "coherence")
NOT_JUDGED = "not judged"
NO_ANSWER = "no answer of the judge"
EXCERPTS = 3  # of a long document: one from each third
LEFT_OUT = "\n[...]\n"

Grade = Annotated[int, Field(ge=1, le=5)]


class JudgeReply(BaseModel):
    """What the judge answers for one document."""

    model_config = ConfigDict(extra="ignore")

    quality: Grade
    accuracy: Grade
    coherence: Grade
    reason: Annotated[str, Field(max_length=2_000)] = ""


@dataclass(frozen=True)
class JudgingSettings:
    """How documents are judged. The paper names the three grades and nothing more."""

    votes: int = 3
    threshold: int = 3  # the least grade that is kept, on each of the three
    share: float = 1.0  # of the documents that are judged, drawn by the seed; the others pass
    excerpt_characters: int = 6_000  # that the judge sees of a longer document
    seed: int = 0

    def __post_init__(self) -> None:
        if self.votes < 1:
            raise InputError(f"is {self.votes}, expected 1 or more", field="votes")
        if not 1 <= self.threshold <= 5:
            raise InputError(f"is {self.threshold}, expected 1 to 5", field="threshold")
        if not 0 <= self.share <= 1:
            raise InputError(f"is {self.share}, expected 0 to 1", field="share")
        if self.excerpt_characters < 100:
            raise InputError(f"is {self.excerpt_characters}, expected 100 or more", field="excerpt_characters")


@dataclass(frozen=True)
class Verdict:
    """What became of a document: KEPT, NOT_JUDGED, NO_ANSWER, or "low quality" and the like, which drop it."""

    document_id: str
    outcome: str
    grades: tuple[int, int, int] | None = None  # medians, in the order of GRADES
    reason: str = ""  # the judge's own words, of the vote that graded lowest

    @property
    def keeps(self) -> bool:
        return self.outcome in (KEPT, NOT_JUDGED, NO_ANSWER)


@dataclass
class Judging:
    """The verdicts in numbers: of all documents, of each family, and of each source that was split."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    by_family: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    by_source: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])  # of those with a parent

    def count(self, document: Document, verdict: Verdict) -> None:
        self.outcomes[verdict.outcome] += 1
        self.by_family.setdefault(document.family, Counter())[verdict.outcome] += 1
        if document.parent_id is not None:
            self.by_source.setdefault(document.parent_id, Counter())[verdict.outcome] += 1

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, in alphabetical order."""
        return {
            "outcomes": dict(sorted(self.outcomes.items())),
            "by_family": {family: dict(sorted(counts.items())) for family, counts in sorted(self.by_family.items())},
            "by_source": {source: dict(sorted(counts.items())) for source, counts in sorted(self.by_source.items())},
        }


async def judge_documents(
    documents: Iterable[Document], judge: ChatModel, settings: JudgingSettings, judging: Judging, in_flight: int = 32
) -> AsyncIterator[tuple[Document, Verdict]]:
    """Each document with its verdict, in order, counted in `judging`; at most `in_flight` votes are under way.

    Raises what the judge raises, except `ModelError`: a document of which fewer than half of the votes came stays.
    """

    async def judged(document: Document) -> tuple[Document, Verdict]:
        return document, await verdict_on(document, judge, settings)

    async for document, verdict in in_order(documents, judged, max(1, in_flight // settings.votes)):
        judging.count(document, verdict)
        yield document, verdict


async def verdict_on(document: Document, judge: ChatModel, settings: JudgingSettings) -> Verdict:
    """The verdict on one document by the median of the votes; of an even number the lower one."""
    if not is_drawn(document.id, settings):
        return Verdict(document.id, NOT_JUDGED)
    messages: list[Message] = [{"role": "user", "content": judge_prompt(document, settings)}]
    answers = await asyncio.gather(*(_vote(messages, judge, index) for index in range(settings.votes)))
    votes = [answer for answer in answers if answer is not None]
    if 2 * len(votes) <= settings.votes:
        return Verdict(document.id, NO_ANSWER)
    quality = median_low(vote.quality for vote in votes)
    accuracy = median_low(vote.accuracy for vote in votes)
    coherence = median_low(vote.coherence for vote in votes)
    grades = (quality, accuracy, coherence)
    lowest = min(votes, key=lambda vote: vote.quality + vote.accuracy + vote.coherence)
    below = next((name for name, grade in zip(GRADES, grades, strict=True) if grade < settings.threshold), None)
    outcome = f"low {below}" if below else KEPT
    return Verdict(document.id, outcome, grades, " ".join(lowest.reason.split())[:300])


def is_drawn(document_id: str, settings: JudgingSettings) -> bool:
    """Whether a document is among the share that is judged: by the seed and its own id, whatever else there is."""
    return random.Random(f"{settings.seed}/judging/{document_id}").random() < settings.share


def judge_prompt(document: Document, settings: JudgingSettings) -> str:
    """The judge's request for a document: its title, and its text or excerpts of it."""
    shown = excerpted(document.text, settings.excerpt_characters, f"{settings.seed}/excerpts/{document.id}")
    return fill_prompt("judge_document", document=delimited(f"Title: {document.title}\n\n{shown}"))


def excerpted(text: str, characters: int, seed: str) -> str:
    """A text whole, or from each third of a longer one a stretch at a random place, about `characters` in all."""
    if len(text) <= characters:
        return text
    rng = random.Random(seed)
    length, third = characters // EXCERPTS, len(text) // EXCERPTS
    stretches: list[str] = []
    for number in range(EXCERPTS):
        start = number * third + rng.randrange(third - length + 1)
        line_end = text.find("\n", start, start + length // 2)
        stretches.append(text[line_end + 1 if line_end >= 0 else start : start + length].strip())
    return LEFT_OUT.join(stretches)


async def _vote(messages: list[Message], judge: ChatModel, index: int) -> JudgeReply | None:
    try:
        return await complete_structured(judge, messages, JudgeReply, sample_index=index)
    except ModelError:
        return None
