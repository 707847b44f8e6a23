"""Answers of a served model: the whole prompt at once, or the memory agent over the documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from longstride.evaluation.answers import Reply, graded_reply
from longstride.evaluation.arms import Decoding
from longstride.evaluation.truncation import fitted
from longstride.llm import ChatModel, ModelsSettings, Sampling, open_models
from longstride.llm.failures import ContextLengthError
from longstride.llm.later_draws import LaterDraws
from longstride.memory.asking import AskOptions, ask
from longstride.memory.driving import side_by_side
from longstride.memory.estimate import MEMORY
from longstride.memory.samples import Documents, query_of
from longstride.memory.window import Fit
from longstride.records import Sample
from longstride.tokens import Tokenizer

ROLE = "evaluated"  # of the model, in the settings of models
SHORTER = 0.95  # of the limit, where the server says that a prompt is too long for it; not in the paper
FINAL_ATTEMPTS = 2  # at an answer that did not come to an end, see `memory.driving.final_answer`


class Reader(Protocol):
    """One way to read a sample and answer its question."""

    async def read(self, sample: Sample) -> Sequence[Reply]:
        """The replies to a sample, as many as are asked for."""
        ...


@dataclass(frozen=True)
class ServedAnswerer:
    """Asks about all samples of a batch at once; the model's client says how many requests that makes at a time."""

    reader: Reader
    runner: asyncio.Runner  # of the event loop that the model was opened on

    def answer(self, samples: Sequence[Sample]) -> list[Sequence[Reply]]:
        """The replies to each sample. Raises ModelError where the model gives no response."""

        async def all_of_them() -> list[Sequence[Reply]]:
            return await side_by_side([self.reader.read(sample) for sample in samples])

        return self.runner.run(all_of_them())


@contextmanager
def served_answerer(
    settings: ModelsSettings, cache: Path, reader_of: Callable[[ChatModel], Reader]
) -> Iterator[ServedAnswerer]:
    """The answerer of a server, on an event loop of its own; a response in `cache` is never asked for again."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner() as runner:
        models = open_models(settings, cache)
        runner.run(models.__aenter__())
        try:
            yield ServedAnswerer(reader_of(models.role(ROLE)), runner)
        except BaseException as error:
            runner.run(models.__aexit__(type(error), error, error.__traceback__))
            raise
        runner.run(models.__aexit__(None, None, None))


@dataclass(frozen=True)
class FullContextReader:
    """The sample's prompt as it is, without its middle where it is too long."""

    model: ChatModel
    decoding: Decoding
    tokenizer: Tokenizer
    max_input_tokens: int
    max_output_tokens: int
    template_tokens: int  # to allow for the server's chat template

    async def read(self, sample: Sample) -> Sequence[Reply]:
        """The replies to one prompt."""
        limit = self.max_input_tokens
        while True:
            shorter, left_out = fitted(sample, limit, self._prompt_tokens, self.tokenizer)
            try:
                completions = await self.model.complete(
                    shorter.prompt, n=self.decoding.answers, sampling=_sampling(self.decoding, self.max_output_tokens)
                )
                break
            except ContextLengthError:
                limit = int(SHORTER * min(limit, self._prompt_tokens(shorter)))
        return [
            graded_reply(
                sample,
                _readable(each.text),
                turns=1,
                prompt_tokens=each.prompt_tokens,
                response_tokens=each.completion_tokens,
                unfinished=each.finish_reason == "length",
                left_out_tokens=left_out,
            )
            for each in completions
        ]

    def _prompt_tokens(self, sample: Sample) -> int:
        return self.template_tokens + sum(self.tokenizer.count_each([each["content"] for each in sample.prompt]))


@dataclass(frozen=True)
class MemoryReader:
    """The memory agent over the sample's documents, once for each answer."""

    model: ChatModel
    decoding: Decoding
    tokenizer: Tokenizer
    fit: Fit
    documents: Documents

    async def read(self, sample: Sample) -> Sequence[Reply]:
        """The replies of so many readings, side by side."""
        return await side_by_side([self._one(sample, index) for index in range(self.decoding.answers)])

    async def _one(self, sample: Sample, index: int) -> Reply:
        draws = max(self.fit.settings.attempts, FINAL_ATTEMPTS)
        outcome = await ask(
            self.documents.of(sample),
            [query_of(sample)],
            LaterDraws(self.model, index * draws),
            self.fit,
            self.tokenizer,
            AskOptions(agent=MEMORY),
            sampling=_sampling(self.decoding, None),
        )
        (answer,) = outcome.answers
        return graded_reply(
            sample,
            _readable(answer.text),
            turns=1 + sum(update.kept or not update.problem for update in outcome.updates),
            prompt_tokens=outcome.tally.prompt_tokens,
            response_tokens=outcome.tally.completion_tokens,
            unfinished=bool(answer.problem),
            left_out_tokens=0,
        )


def _sampling(decoding: Decoding, max_tokens: int | None) -> Sampling:
    return Sampling(temperature=decoding.temperature, top_p=decoding.top_p, max_tokens=max_tokens)


def _readable(text: str) -> str:
    """What a server sends may hold halves of characters, which no file takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
