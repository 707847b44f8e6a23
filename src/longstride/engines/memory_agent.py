"""Memory-agent trajectories for reinforcement learning: K updates and one answer, one reward (paper 2.3, 4.1, Fig. 6).

All readings of a batch advance together, in rounds: each round gathers what every live reading asks for now, lets the
generator decode it at once, and hands the responses back. The readings are those that inference drives
(`memory.reading`), so a policy meets the same prompts in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import tokenizers
from transformers import PreTrainedTokenizerBase

from longstride.engines.chat_prompts import chat_prompt
from longstride.engines.full_context import distinct_names, response_text
from longstride.engines.graders import Grader, naming
from longstride.errors import InputError
from longstride.grading import Grade
from longstride.memory.reading import ANSWER, UPDATE, Reading, Request
from longstride.memory.samples import Documents, query_of
from longstride.memory.settings import MemorySettings
from longstride.records import GenerationRequest, Generator, Message, Sample, Trajectory, TrajectoryGroup, Turn
from longstride.tokens import Tokenizer, chunk


@dataclass
class MemorySource:
    """A `records.TrajectorySource`: each sample's documents are read chunk by chunk, and the memory answers.

    A trajectory has a turn for each chunk and the answer's. Of a chunk that was asked about again it has the turn that
    was accepted, or, where none was, the last. The reward is the final answer's alone. `details` counts the turns that
    were asked again, the chunks that left the memory as it was, and the tokens of the memory after each chunk.
    """

    tokenizer: PreTrainedTokenizerBase
    grader: Grader
    documents: Documents
    settings: MemorySettings
    _counter: Tokenizer = field(init=False)
    _thinking_opened: bool = field(init=False)

    def __post_init__(self) -> None:
        self._counter = plain_tokenizer(self.tokenizer)
        self._thinking_opened = chat_prompt(self.tokenizer, _said("a")).thinking_opened

    def chunks(self, sample: Sample) -> list[str]:
        """What is read, part by part. Raises InputError for a sample whose documents are not there."""
        parts = chunk(self.documents.of(sample), self.settings.chunk_tokens, self._counter)
        return [part.text for part in parts]

    def reading(self, sample: Sample, chunks: Iterable[str]) -> Reading:
        """A reading of the sample's question, at its beginning."""
        return Reading(
            [query_of(sample)], chunks, self.settings, self._counter.count, thinking_opened=self._thinking_opened
        )

    def sample_groups(
        self, generator: Generator, samples: Sequence[Sample], group_size: int
    ) -> Iterable[TrajectoryGroup]:
        """A group for each sample, in order. A sample that stands twice draws anew: its second group has another id.

        Raises InputError for documents that are missing, before anything is decoded, and for a sample whose rule
        cannot grade it.
        """
        readers: list[_Reader] = []
        for name, sample in zip(distinct_names(samples), samples, strict=True):
            chunks = self.chunks(sample)
            readers += [_Reader(name, sample, index, self.reading(sample, chunks)) for index in range(group_size)]
        while live := [reader for reader in readers if not reader.reading.finished]:
            self._advance(generator, live)
        for first in range(0, len(readers), max(1, group_size)):
            group = readers[first : first + group_size]
            sample = group[0].sample
            with naming(sample):
                trajectories = tuple(reader.trajectory() for reader in group)
            yield TrajectoryGroup(group[0].name, sample.id, sample.task, trajectories)

    def _advance(self, generator: Generator, live: Sequence[_Reader]) -> None:
        """One round: a turn of every reading that is not finished."""
        asked: list[tuple[GenerationRequest, list[_Reader], Request]] = []
        for reader in live:
            (request,) = reader.reading.requests()
            prompt_ids = chat_prompt(self.tokenizer, _said(request.prompt)).ids
            stream = f"{reader.name}/{request.name}"
            wanted = GenerationRequest(prompt_ids, request.max_tokens, stream, first_index=reader.index)
            if asked and _continues(asked[-1][0], wanted):
                before, others, _ = asked[-1]
                joined = GenerationRequest(prompt_ids, request.max_tokens, stream, before.first_index, before.count + 1)
                asked[-1] = joined, [*others, reader], request
            else:
                asked.append((wanted, [reader], request))
        responses = generator.generate([wanted for wanted, _, _ in asked])
        for (_, readers, request), turns in zip(asked, responses, strict=True):
            for reader, turn in zip(readers, turns, strict=True):
                self._take(reader, request, turn)

    def _take(self, reader: _Reader, request: Request, turn: Turn) -> None:
        text = response_text(self.tokenizer, turn)
        reader.take(request, turn, text)
        if request.kind == ANSWER:
            with naming(reader.sample):
                reader.grade = self.grader.submit(reader.sample, text, thinking_opened=self._thinking_opened)


@dataclass
class _Reader:
    """One trajectory on its way."""

    name: str  # of its group
    sample: Sample
    index: int  # within the group
    reading: Reading
    turns: list[Turn] = field(default_factory=list[Turn])
    answer: str = ""
    grade: Future[Grade] | None = None

    def take(self, request: Request, turn: Turn, text: str) -> None:
        """Go on with a response. An attempt that is made again replaces the one before."""
        if request.kind == UPDATE and request.attempt:
            self.turns.pop()
        self.turns.append(turn)
        self.reading.accept(request, text, truncated=turn.finish_reason == "length")
        if request.kind == ANSWER:
            self.answer = text

    def trajectory(self) -> Trajectory:
        """The whole, once it is graded. Raises what the grading raises."""
        if self.grade is None:
            raise ValueError(f"rollout {self.index} of {self.name} has no answer yet")
        grade, updates = self.grade.result(), self.reading.updates
        last = [update for update in updates if not update.problem or update.kept]
        details: dict[str, Any] = {
            "decided_by": grade.decided_by,
            "judge_asked": grade.judgement is not None,
            "asked_again": len(updates) - len(last),
            "kept": sum(update.kept for update in updates),
            "memory_tokens": [update.memory_tokens for update in last],
        }
        return Trajectory(tuple(self.turns), grade.score, self.sample.task, self.name, self.index, self.answer, details)


def plain_tokenizer(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """The same for texts that are counted and cut. Raises InputError for one that is not a fast tokenizer."""
    untyped: Any = tokenizer
    if not getattr(untyped, "is_fast", False):
        cure = "save it with a tokenizer.json"
        raise InputError("the model's tokenizer does not tell where its tokens stand", cure=cure)
    return Tokenizer(tokenizers.Tokenizer.from_str(untyped.backend_tokenizer.to_str()), str(untyped.name_or_path))


def _said(text: str) -> list[Message]:
    return [Message(role="user", content=text)]


def _continues(before: GenerationRequest, wanted: GenerationRequest) -> bool:
    """True where one request can stand for both: the same prompt and turn, and the rollout that comes next."""
    return (before.prompt_ids, before.stream) == (wanted.prompt_ids, wanted.stream) and (
        before.first_index + before.count == wanted.first_index
    )
