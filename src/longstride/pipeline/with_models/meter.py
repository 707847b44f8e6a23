"""What a piece of work took, by role: the same whether its answers came from a server or from the cache.

The ledger of `longstride.llm` counts what a run paid. Here stands what a data set is made of, so that a run that was
killed and went on tells the same as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from longstride.errors import ExpectedError
from longstride.llm import (
    ChatModel,
    Completion,
    ContextLengthError,
    Message,
    ModelError,
    RequestRefused,
    Sampling,
    ServerUnreachable,
)
from longstride.llm.ledger import Prices

Item = TypeVar("Item")


@dataclass
class Usage:
    """Answers and their tokens; fractions where it is the share of something."""

    answers: float = 0
    prompt_tokens: float = 0
    completion_tokens: float = 0

    def add(self, other: Usage, share: float = 1) -> None:
        """Add so much of another."""
        self.answers += other.answers * share
        self.prompt_tokens += other.prompt_tokens * share
        self.completion_tokens += other.completion_tokens * share

    def to_json(self) -> dict[str, float]:
        """Whole numbers as such, others to three places."""
        return {name: round(value) if value == round(value) else round(value, 3) for name, value in vars(self).items()}


@dataclass
class Meter:
    """The usage of each role; `with meter:` counts what is asked inside, also by tasks that are begun there."""

    roles: dict[str, Usage] = field(default_factory=dict[str, Usage])
    received: int = 0  # of the answers, those that came from a server
    waited_seconds: float = 0.0  # for these

    def count(self, role: str, completions: Sequence[Completion], seconds: float) -> None:
        """Count the answers of one call."""
        usage = self.roles.setdefault(role, Usage())
        for each in completions:
            usage.add(Usage(1, each.prompt_tokens, each.completion_tokens))
            if not each.cached:
                self.received += 1
                self.waited_seconds += seconds

    def merge(self, other: Meter, share: float = 1) -> None:
        """Add so much of another's usage."""
        for role, usage in other.roles.items():
            self.roles.setdefault(role, Usage()).add(usage, share)
        self.received += other.received
        self.waited_seconds += other.waited_seconds

    def beyond(self, other: Meter) -> Meter:
        """The usage beside another's, where it has all of that as well; what was received is this one's."""
        rest = Meter({}, self.received, self.waited_seconds)
        for role, usage in self.roles.items():
            less = Usage(*vars(usage).values())
            less.add(other.roles.get(role, Usage()), -1)
            if less.answers > 0:
                rest.roles[role] = less
        return rest

    @property
    def total(self) -> Usage:
        """Over all roles."""
        total = Usage()
        for usage in self.roles.values():
            total.add(usage)
        return total

    def money(self, prices: Mapping[str, Prices]) -> float | None:
        """What its tokens cost at the prices of the roles; None where that of a role is unknown."""
        if any(role not in prices for role in self.roles):
            return None
        return sum(
            (usage.prompt_tokens * prices[role].input + usage.completion_tokens * prices[role].output) / 1e6
            for role, usage in self.roles.items()
        )

    def to_json(self) -> dict[str, dict[str, float]]:
        """The usage by role, in the order of their names."""
        return {role: usage.to_json() for role, usage in sorted(self.roles.items())}

    @classmethod
    def from_json(cls, value: Mapping[str, Mapping[str, float]]) -> Meter:
        return cls({role: Usage(**usage) for role, usage in value.items()})


NO_SUCH_MODEL = (401, 404)  # statuses that every request of a role has alike: a wrong key, a wrong model or address
MOST_LOST = 8  # calls in succession, each with all its tries: that reach no server, or a role's first, that fail


class ServerLost(ExpectedError):
    """A role's server answers nothing at all: to go on would drop everything for want of answers."""


_current: ContextVar[Meter | None] = ContextVar("longstride-meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """A meter that counts what is asked inside the block."""
    meter = Meter()
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)


def each_metered(items: Iterable[Item], meters: dict[int, Meter]) -> Iterator[Item]:
    """The items; what a task asks that is begun right after its item was taken counts for `meters[its place]`."""
    for place, item in enumerate(items):
        meters[place] = Meter()
        _current.set(meters[place])
        yield item


class MeteredModel:
    """A `ChatModel` that tells the meter of whoever asks what was asked.

    A request that sets its own sampling has the model's seed where it sets none, so that every answer of a run is
    decided by its index. A server that is gone, and a role whose first calls all fail, end the run: `ServerLost`.
    """

    def __init__(self, role: str, model: ChatModel) -> None:
        self.role, self._model = role, model
        self._lost = 0  # calls in succession that reached no server
        self._failed = 0  # calls until the first answer
        self._answered = False

    @property
    def model_id(self) -> str:
        return self._model.model_id

    @property
    def sampling(self) -> Sampling | None:
        """The model's own, where it has any."""
        return getattr(self._model, "sampling", None)

    @property
    def structured_output(self) -> Any:
        """How the model is asked for JSON."""
        return getattr(self._model, "structured_output", "json_schema")

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        n: int = 1,
        sample_index: int = 0,
        sampling: Sampling | None = None,
    ) -> list[Completion]:
        """As the model, and raises `ServerLost`."""
        meter = _current.get()
        own = self.sampling
        if sampling is not None and sampling.seed is None and own is not None:
            sampling = replace(sampling, seed=own.seed)
        begun = time.perf_counter()
        try:
            completions = await self._model.complete(messages, n=n, sample_index=sample_index, sampling=sampling)
        except ContextLengthError:  # of this prompt alone
            raise
        except ModelError as error:
            if self._hopeless(error):
                raise _lost(error) from None
            raise
        self._lost, self._answered = 0, True
        if meter is not None:
            meter.count(self.role, completions, time.perf_counter() - begun)
        return completions

    def _hopeless(self, error: ModelError) -> bool:
        """Counts a call that failed; True where to ask further is in vain."""
        self._failed += 1
        self._lost = self._lost + 1 if isinstance(error, ServerUnreachable) else 0
        refused = isinstance(error, RequestRefused) and error.status in NO_SUCH_MODEL
        return refused or self._lost >= MOST_LOST or (not self._answered and self._failed >= MOST_LOST)


def _lost(error: ModelError) -> ServerLost:
    return ServerLost(f"{error}; nothing is lost: the same command goes on")
