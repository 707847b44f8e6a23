"""What every question family gives before a question has a context: a candidate, and the way to answer it again.

A family is three plain functions behind one protocol. `extract` takes the facts out of one document; `propose` makes
questions of the facts of many; `answers` answers a question again from nothing but the facts of the documents at hand.
Context extension asks `answers` whether a distractor would change the answer; curation asks it whether the answer is
gone without the evidence and unchanged with more documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from longstride.records import Document, Evidence


@dataclass(frozen=True)
class Candidate:
    """A question with its answer and proof, before it has a context."""

    key: str  # names the question: the same facts and the same template give the same key
    family: str  # the name of the family that made it
    task: str  # one of records.TASKS
    question_type: str  # one of records.QUESTION_TYPES
    core_question: str
    format_instructions: str  # rounding, unit, form of the answer; stands after the question
    ground_truth: tuple[str, ...]  # every accepted form, the preferred one first
    reward_style: str  # a rule of longstride.grading by name
    document_ids: tuple[str, ...]  # every document that the derivation reads: all of them stand in the context
    evidence: tuple[Evidence, ...]  # quotations; each document of document_ids has one or more
    derivation: Mapping[str, Any]  # plain JSON, enough for `answers`
    entities: tuple[str, ...]  # names that a near distractor would share
    reward_arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    made_documents: tuple[Document, ...] = ()  # what it brings to its context: a conversation, a sheet of examples

    @property
    def required_ids(self) -> tuple[str, ...]:
        """The documents that its context must hold: those of the derivation, and what it brings beside them."""
        return tuple(dict.fromkeys([*self.document_ids, *(document.id for document in self.made_documents)]))


@dataclass(frozen=True)
class Source:
    """A document's facts beside what `propose` must know of it."""

    document_id: str
    parent_id: str  # of the whole that it was split from; its own id where it was not
    title: str
    tokens: int  # that its text takes in a context
    facts: Any  # what `extract` gave


class QuestionFamily(Protocol):
    """A way to make questions from structure (paper 3.2). Everything is a function of its arguments alone."""

    name: str

    def extract(self, document: Document) -> Any:
        """The facts of one document: picklable plain data with character offsets into its text; falsy where none."""
        ...

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Up to `limit` different candidates whose documents together take at most `max_context_tokens`.

        `sources` is a region of the corpus, in a stated order. The same arguments give the same candidates.
        """
        ...

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """Every answer that the documents at hand support, in the form of `ground_truth[0]`; () where none.

        Exactly one answer means that the question is well put in this context.
        """
        ...
