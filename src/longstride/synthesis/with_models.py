"""What every model-driven question family gives and takes (paper 3.2, Figures 4 and 5).

A family reads single documents (`extract`), then makes candidates of what it read in many (`propose`). It asks models
by role and knows no server, cache or budget: those are the business of whoever hands it the roles. What a model says
is untrusted: it is validated, checked against the documents, and counted where it is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from longstride.llm import ChatModel
from longstride.records import Document
from longstride.synthesis.candidates import Candidate

PASSED = ""  # how a tally counts what was not dropped


@dataclass(frozen=True)
class Roles:
    """The models of a run by the role they play, and how many requests a family may have under way."""

    model: Callable[[str], ChatModel]  # of a role; the same each time
    in_flight: int = 32  # not in the paper


@dataclass
class Tally:
    """How many items entered each stage, and why items were dropped there: fixed phrases, so that a funnel can count.

    An item that a stage could not judge because no model answered counts as dropped, under a reason of its own.
    """

    stages: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def count(self, stage: str, reason: str | None = None, items: int = 1) -> None:
        """Count items that passed `stage`, or were dropped there for `reason`."""
        self.stages.setdefault(stage, Counter())[reason or PASSED] += items

    def merge(self, other: Tally) -> None:
        for stage, counts in other.stages.items():
            self.stages.setdefault(stage, Counter()).update(counts)

    def to_json(self) -> dict[str, dict[str, int]]:
        return {stage: dict(sorted(counts.items())) for stage, counts in self.stages.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Mapping[str, int]]) -> Tally:
        return cls({stage: Counter(counts) for stage, counts in value.items()})


@dataclass(frozen=True)
class ReadDocument:
    """A document, what it takes in a context, and what the family's models found in it."""

    document: Document
    tokens: int
    facts: Mapping[str, Any]  # what `extract` gave


@dataclass(frozen=True)
class Growth:
    """How what a family asks grows from a few documents to a region of many."""

    shared: float = 1.0  # times as much before the first question
    questions: float | None = None  # times as much for all questions that it can make, where that is known


class ModelFamily(Protocol):
    """A way to make questions with models. The same answers of the models give the same candidates, in order."""

    name: str  # `Candidate.family` and `Sample.generator`
    roles: tuple[str, ...]  # that it asks
    stages: tuple[str, ...]  # of its tally, in the order in which items pass them
    rederives: bool  # True where `answers` proves an answer from the facts of the documents at hand

    async def extract(self, document: Document, roles: Roles, tally: Tally) -> dict[str, Any]:
        """What the models find in one document: plain JSON with character offsets into its text; empty where nothing.

        Raises what the models raise, except `ModelError`, which is counted and leaves that part out.
        """
        ...

    def propose(
        self,
        documents: Sequence[ReadDocument],
        max_context_tokens: int,
        seed: int,
        limit: int,
        roles: Roles,
        tally: Tally,
    ) -> AsyncIterator[Candidate]:
        """Up to `limit` different candidates whose documents together take at most `max_context_tokens`.

        With `limit` 0 only that is asked which all candidates of these documents share.
        """
        ...

    def answers(self, derivation: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Every answer that the documents with these facts support, in the form of `ground_truth[0]`.

        Of a family with `rederives = False` the answer that the derivation states, whatever the facts.
        """
        ...

    def growth(self, documents: Sequence[ReadDocument], times: float) -> Growth:
        """What a region takes of `times` as many documents as these, beside what these take; asks no model."""
        ...
