"""Which servers a run asks, where their answers are kept, and what may be spent: nothing here decides the data set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from longstride.errors import ExpectedError
from longstride.llm import ChatModel, Ledger, open_models
from longstride.llm.settings import ModelsSettings
from longstride.pipeline.with_models.estimate import Estimate
from longstride.pipeline.with_models.meter import MeteredModel
from longstride.synthesis.with_models import Roles

CACHE_FILE = "answers.sqlite"


class NotBegun(ExpectedError):
    """The estimate was not agreed to."""


class BudgetSpent(ExpectedError):
    """The budget is spent before the data set is whole; what was accepted stands, and the same command goes on."""

    exit_code = 3


@dataclass(frozen=True)
class ModelRun:
    """The servers of a run.

    cache: a file for the answers; None keeps them among the work of the data set, with which they go in the end.
    agree: is shown the estimate and says whether to begin.
    """

    settings: ModelsSettings
    cache: Path | None = None
    ledger: Ledger = field(default_factory=Ledger)
    agree: Callable[[Estimate], bool] = lambda _: True

    def in_flight(self, roles: Iterable[str]) -> int:
        """How many requests the servers of these roles take at once, together."""
        most: dict[tuple[str, str | None], int] = {}
        for role in map(self.settings.role, roles):
            place = (role.base_url, role.api_key_env)
            most[place] = min(role.max_concurrency, most.get(place, role.max_concurrency))
        return max(1, sum(most.values()))

    @asynccontextmanager
    async def open(self, work_cache: Path, roles: Iterable[str]) -> AsyncIterator[Roles]:
        """The models by role, each answer counted by the meter of whoever asks; `work_cache` where no other is set."""
        cache = self.cache or work_cache
        cache.parent.mkdir(parents=True, exist_ok=True)
        async with open_models(self.settings, cache, self.ledger) as models:
            opened: dict[str, ChatModel] = {}

            def model(role: str) -> ChatModel:
                if role not in opened:
                    opened[role] = MeteredModel(role, models.role(role))
                return opened[role]

            yield Roles(model, self.in_flight(roles))
