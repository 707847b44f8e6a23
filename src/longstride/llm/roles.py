"""All models of a run, by role: one cache, one ledger, one gate for each server."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from longstride.llm.cache import ResponseCache
from longstride.llm.client import ServedModel
from longstride.llm.clock import Clock
from longstride.llm.concurrency import AdaptiveLimit, Gate
from longstride.llm.desk import CacheDesk
from longstride.llm.endpoint import Endpoint
from longstride.llm.flights import Flights
from longstride.llm.ledger import Ledger
from longstride.llm.settings import ModelsSettings


class Models:
    """The models of a run, between `async with` and its end, on one event loop. Made by `open_models`.

    At the end, requests that have been sent are received, cached and counted (for at most their timeout), also when
    an error ends the block; when a cancellation does (Ctrl-C), they are broken off.
    """

    def __init__(
        self,
        settings: ModelsSettings,
        cache_path: str | Path | None,
        ledger: Ledger,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self.settings, self.ledger = settings, ledger
        self._cache_path, self._clock, self._rng = cache_path, clock, rng
        self._flights = Flights()
        self._desk: CacheDesk | None = None
        self._endpoints: dict[tuple[str, str | None], Endpoint] = {}
        self._roles: dict[str, ServedModel] = {}
        self._open = False

    async def __aenter__(self) -> Models:
        if self._cache_path is not None:
            thread = ThreadPoolExecutor(1, "longstride-cache")
            try:
                opened = asyncio.get_running_loop().run_in_executor(thread, ResponseCache, self._cache_path)
                self._desk = CacheDesk(await opened, thread)
            except BaseException:
                thread.shutdown()
                raise
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open = False
        broken_off = kind is not None and not issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup)
        try:
            await self._flights.close(receive=not broken_off)
        finally:
            for endpoint in self._endpoints.values():
                await endpoint.close()
            if self._desk is not None:
                await self._desk.close()

    def role(self, name: str) -> ServedModel:
        """The model in a role; the same object each time, so that it learns what its server can.

        Roles on one server with one key share a gate; where their max_concurrency differs, the smallest counts.
        Raises `InputError` where base_url, model or the key is missing, or prices that the budget needs; and
        `RuntimeError` outside the `async with` block.
        """
        if not self._open:
            raise RuntimeError("the models are not open: use `async with open_models(...) as models`")
        if name not in self._roles:
            chosen = self.settings.role(name)
            place = (chosen.base_url, chosen.api_key_env)
            account = self.ledger.account(name, chosen.model, chosen.prices)
            endpoint = self._endpoints.get(place)
            if endpoint is None:
                gate = Gate(AdaptiveLimit(chosen.max_concurrency), self._clock)
                key = chosen.api_key()
                endpoint = Endpoint(chosen.base_url, key, chosen.api_key_env, gate, self.ledger, self._clock, self._rng)
                self._endpoints[place] = endpoint
            endpoint.gate.limit.lower_maximum(chosen.max_concurrency)
            self._roles[name] = ServedModel(
                name,
                chosen.model,
                endpoint,
                account,
                chosen.sampling.sampling(),
                self._flights,
                self._desk,
                timeout_seconds=chosen.timeout_seconds,
                max_retries=chosen.max_retries,
                structured_output=chosen.structured_output,
            )
        return self._roles[name]

    def limits(self) -> dict[str, AdaptiveLimit]:
        """How many requests each server is sent at once at this moment, by base_url; to look at, not to change."""
        return {endpoint.base_url: endpoint.gate.limit for endpoint in self._endpoints.values()}


def open_models(
    settings: ModelsSettings,
    cache_path: str | Path | None = None,
    ledger: Ledger | None = None,
    *,
    clock: Clock | None = None,
    rng: random.Random | None = None,
) -> Models:
    """The models of a run, for `async with open_models(settings, "cache.sqlite") as models: models.role("judge")`.

    Without `cache_path` nothing is remembered: the same question under the same index is asked again, unless it is
    under way. `ledger` holds the budget and the counts; `clock` and `rng` (for the waits between tries) are for tests.
    Entering the block raises `InputError` for a cache that cannot be opened.
    """
    return Models(settings, cache_path, ledger or Ledger(), clock or Clock(), rng or random.Random())
