"""Lessons for the memory agent: the turns of an oracle that reads a data set's samples (2.3; see memory/oracle.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from longstride.engines.chat_prompts import chat_prompt
from longstride.engines.graders import RuleGrader
from longstride.engines.local.warmup.lessons import Counts, Lesson, response_ids
from longstride.engines.local.warmup.targets import earns_its_reward, written_reply
from longstride.engines.memory_agent import MemorySource
from longstride.memory.oracle import Oracle, oracle_turns
from longstride.memory.reading import ANSWER
from longstride.memory.samples import Documents
from longstride.memory.settings import MemorySettings
from longstride.records import Message, Sample, Turn
from longstride.records.parquet import read_samples


def memory_lessons(
    dataset: str | Path,
    tokenizer: PreTrainedTokenizerBase,
    settings: MemorySettings,
    max_tokens: int,
    counts: Counts | None = None,
) -> Iterator[Lesson]:
    """A lesson for each turn of the oracle's readings of a data set folder; streams.

    The turns about one chunk follow each other, whatever their questions, so that it is processed once where the
    prompts begin with it. Turns over `max_tokens` are left out and counted in `counts`, as are samples whose written
    reply would not earn its reward. Raises InputError as `read_samples`, and for documents that are missing.
    """
    counts = Counts() if counts is None else counts
    oracle = _OracleReader(
        tokenizer, settings, MemorySource(tokenizer, RuleGrader(), Documents.of_folders([dataset]), settings)
    )
    samples = read_samples(Path(dataset) / "samples")
    for context, members in groupby(samples, key=lambda sample: sample.context_id or sample.id):
        turns = [turn for sample in members for turn in oracle.turns(sample, counts)]
        for turn in sorted(turns, key=lambda turn: turn.place):  # a stable sort
            lesson = Lesson(turn.turn, turn.task, f"{context}/{turn.place}")
            if len(lesson.turn.prompt_ids) + len(lesson.turn.response_ids) > max_tokens:
                counts.too_long += 1
            else:
                counts.lessons += 1
                yield lesson


@dataclass(frozen=True)
class _OracleTurn:
    place: tuple[bool, int]  # answers after all chunks
    turn: Turn
    task: str


@dataclass
class _OracleReader:
    tokenizer: PreTrainedTokenizerBase
    settings: MemorySettings
    source: MemorySource

    def turns(self, sample: Sample, counts: Counts) -> list[_OracleTurn]:
        chunks = self.source.chunks(sample)
        reading = self.source.reading(sample, chunks)
        reply = written_reply(sample, thinking_opened=reading.thinking_opened)
        if not earns_its_reward(sample, reply, thinking_opened=reading.thinking_opened):
            counts.without_reward += 1
            return []
        oracle = Oracle(sample, self.settings, reading.count_tokens)
        return [
            _OracleTurn(
                (request.kind == ANSWER, request.number),
                Turn(
                    chat_prompt(self.tokenizer, [Message(role="user", content=request.prompt)]).ids,
                    response_ids(self.tokenizer, response),
                ),
                sample.task,
            )
            for request, response in oracle_turns(reading, chunks, oracle, reply)
        ]
