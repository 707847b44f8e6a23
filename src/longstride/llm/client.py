"""A model on an OpenAI-compatible server, in one role: cache first, each question once, votes apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from longstride.llm.chat import Completion, Message, ModelError, Sampling
from longstride.llm.desk import CacheDesk
from longstride.llm.endpoint import Endpoint, Request
from longstride.llm.failures import ContextLengthError, RequestRefused
from longstride.llm.flights import Flight, Flights
from longstride.llm.ledger import Account
from longstride.llm.wire import Question, Reply


class ServedModel:
    """A `ChatModel` on a server. Made by `Models.role`.

    Several answers are asked for in one request (`n`) where the server can and no seed is set: a prompt is then read
    once. A server that refuses `n` or gives fewer answers is asked one at a time from then on. With a seed, each
    answer is asked for alone with a seed of its own (`wire.seed_of`), so that votes differ and repeat.

    Answers are in the cache before they are handed over. Only those that are missing are asked for. The role's
    `extra` is kept under the `extra` of a `Sampling` given to `complete`; all else in that replaces the role's.
    """

    def __init__(
        self,
        role: str,
        model: str,
        endpoint: Endpoint,
        account: Account,
        sampling: Sampling,
        flights: Flights,
        desk: CacheDesk | None,
        *,
        timeout_seconds: float,
        max_retries: int,
        structured_output: Literal["json_schema", "prompt"],
    ) -> None:
        self.role, self.sampling, self.structured_output = role, sampling, structured_output
        self._model, self._endpoint, self._account = model, endpoint, account
        self._flights, self._desk = flights, desk
        self._timeout_seconds, self._max_retries = timeout_seconds, max_retries
        self._takes_n = True  # until the server shows otherwise

    def __repr__(self) -> str:
        return f"ServedModel({self.role!r}, {self._model!r}, {self._endpoint.base_url!r})"

    @property
    def model_id(self) -> str:
        """The model's name, as the settings have it."""
        return self._model

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        n: int = 1,
        sample_index: int = 0,
        sampling: Sampling | None = None,
    ) -> list[Completion]:
        """As `ChatModel.complete`: `n` answers for the indices from `sample_index` on.

        Raises `ModelError` (`ContextLengthError`, `RequestRefused`) where one cannot be had, when the others are in;
        `BudgetExceeded` where one may not be asked for; `InputError` for a request that is no JSON; `ValueError` for
        `n < 1`, a negative index or no messages.
        """
        if n < 1 or sample_index < 0 or not messages:
            raise ValueError(f"n = {n}, sample_index = {sample_index}, {len(messages)} messages: cannot be asked")
        drawn = self.sampling if sampling is None else sampling
        drawn = replace(drawn, extra={**self.sampling.extra, **drawn.extra})
        question = Question(self._endpoint.base_url, self._model, tuple(messages), drawn)
        indices = range(sample_index, sample_index + n)
        keys = question.keys(indices)
        index_of = dict(zip(keys, indices, strict=True))

        async def fly(flight: Flight) -> None:
            await self._fly(flight, question, index_of)

        answers = await self._await(keys, fly)
        return [answers[key] for key in keys]

    async def _await(self, keys: list[str], fly: Callable[[Flight], Awaitable[None]]) -> dict[str, Completion]:
        answers: dict[str, Completion] = {}
        error: BaseException | None = None
        while missing := [key for key in keys if key not in answers]:
            landings, flights, joined = self._flights.board(missing, fly)
            try:
                await asyncio.wait(landings.values())
            finally:
                for flight in flights:
                    flight.leave()
            for key, landing in landings.items():
                if landing.cancelled():
                    continue  # everyone else had left, and we came as it was dropped: ask again
                error = error or landing.exception()
                if landing.exception() is not None:
                    continue
                answer = landing.result()
                shared = answer.cached or key in joined
                answers[key] = replace(answer, cached=True) if shared else answer
                if shared:
                    self._account.cached(answer)
            if error is not None:
                raise error
        return answers

    async def _fly(self, flight: Flight, question: Question, index_of: Mapping[str, int]) -> None:
        missing = list(flight.landings)
        if self._desk is not None:
            found = await self._desk.get(missing)
            for key, answer in found.items():
                flight.land(key, answer)
            missing = [key for key in missing if key not in found]
        if len(missing) > 1 and self._takes_n and question.sampling.seed is None:
            missing = await self._ask_together(flight, question, index_of, missing)
        alone = [self._ask_alone(flight, question, index_of[key], key) for key in missing]
        await asyncio.gather(*alone)

    async def _ask_together(
        self, flight: Flight, question: Question, index_of: Mapping[str, int], keys: list[str]
    ) -> list[str]:
        """Ask for all keys in one request; gives those that are still missing."""
        try:
            reply = await self._ask(flight, question, [index_of[key] for key in keys])
        except ContextLengthError:
            self._account.failures += len(keys)
            raise
        except RequestRefused as refusal:
            if refusal.status not in (400, 422, 501):
                self._account.failures += len(keys)
                raise
            await self._ask_alone(flight, question, index_of[keys[0]], keys[0])
            if (error := flight.landings[keys[0]].exception()) is not None:
                self._account.failures += (len(keys) - 1) * isinstance(error, ModelError)
                raise error from None
            self._takes_n = False  # it was n that the server refused, and not the rest
            return keys[1:]
        except ModelError:
            self._account.failures += len(keys)
            raise
        if reply.choices < len(keys):
            self._takes_n = False
        await self._land(flight, dict(zip(keys, reply.completions, strict=False)))
        return keys[len(reply.completions) :]

    async def _ask_alone(self, flight: Flight, question: Question, sample_index: int, key: str) -> None:
        try:
            reply = await self._ask(flight, question, [sample_index])
            await self._land(flight, {key: reply.completions[0]})
        except BaseException as error:
            self._account.failures += isinstance(error, ModelError)
            flight.land(key, error)  # the others go on
            if not isinstance(error, Exception | asyncio.CancelledError):
                raise

    async def _ask(self, flight: Flight, question: Question, sample_indices: list[int]) -> Reply:
        where = f"{self.role}: {self._model} at {self._endpoint.base_url}"
        return await self._endpoint.ask(
            Request(
                where,
                question.body(sample_indices),
                self._account,
                self._timeout_seconds,
                self._max_retries,
                flight.unsent,
            )
        )

    async def _land(self, flight: Flight, answers: dict[str, Completion]) -> None:
        """Keep answers, then hand them over."""
        if self._desk is not None:
            answers = await self._desk.put(answers)
        for key, answer in answers.items():
            flight.land(key, answer)
