"""How many requests one server is sent at once: additive increase, multiplicative decrease, and a shared pause."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from longstride.llm.clock import Clock


@dataclass
class AdaptiveLimit:
    """The number of requests that may be under way, between 1 and `maximum`.

    It starts at `limit` and grows by one for each answer (so it doubles each round) until the server first shows
    congestion; from then on by about one a round, `1 / limit` for each answer. Congestion multiplies it by `decrease`,
    once an event: of a burst of requests that fail together, only the first counts, because the others were sent
    before the limit fell. `event` tells them apart: note it when a request is sent, hand it back with the outcome.

    Raises `ValueError` for a maximum or a start below 1, or a decrease outside (0, 1).
    """

    maximum: int
    limit: float = 8.0  # not in the paper
    decrease: float = 0.5
    event: int = 0  # how many times the limit has fallen

    def __post_init__(self) -> None:
        if self.maximum < 1 or self.limit < 1 or not 0 < self.decrease < 1:
            raise ValueError(
                f"maximum {self.maximum} and limit {self.limit} must be at least 1, decrease {self.decrease} in (0, 1)"
            )
        self.limit = min(self.limit, float(self.maximum))

    @property
    def slots(self) -> int:
        """How many requests may be under way now."""
        return int(self.limit)

    def lower_maximum(self, maximum: int) -> None:
        """Never send more than `maximum` from now on."""
        self.maximum = min(self.maximum, maximum)
        self.limit = min(self.limit, float(self.maximum))

    def answered(self) -> None:
        """A request came back well."""
        step = 1.0 if self.event == 0 else 1.0 / self.limit
        self.limit = min(float(self.maximum), self.limit + step)

    def congested(self, sent_in_event: int) -> bool:
        """A request that was sent when `event` was `sent_in_event` met congestion; True if the limit fell for it."""
        if sent_in_event < self.event:
            return False
        self.event += 1
        self.limit = max(1.0, self.limit * self.decrease)
        return True


class Slot:
    """Leave to have one request under way, given back at the end of a `with` block; tell it how the request went."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._event = gate.limit.event

    def answered(self) -> None:
        """The server answered."""
        self._gate.limit.answered()

    def congested(self, retry_after_seconds: float | None = None) -> None:
        """The server is overloaded; `retry_after_seconds` is what it asked for, and every worker obeys it."""
        self._gate.limit.congested(self._event)
        if retry_after_seconds is not None:
            self._gate.pause(retry_after_seconds)

    def __enter__(self) -> Slot:
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.leave()


class Gate:
    """Lets requests to one server through, first come first served: at most `limit.slots`, none during a pause."""

    def __init__(self, limit: AdaptiveLimit, clock: Clock | None = None) -> None:
        self.limit = limit
        self.under_way = 0
        self._clock = clock or Clock()
        self._open_at = float("-inf")
        self._queue: deque[asyncio.Future[None]] = deque()

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long from now; a longer pause that is already on stays."""
        self._open_at = max(self._open_at, self._clock.monotonic() + seconds)

    async def enter(self) -> Slot:
        """Wait for a slot and for the end of any pause."""
        await self._take()
        try:
            while (wait_seconds := self._open_at - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait_seconds)
        except BaseException:
            self.leave()
            raise
        return Slot(self)

    def leave(self) -> None:
        """Hand a slot on."""
        self.under_way -= 1
        self._admit()

    async def _take(self) -> None:
        if not self._queue and self.under_way < self.limit.slots:
            self.under_way += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was handed to us as we were leaving
                self.under_way -= 1
            elif turn in self._queue:
                self._queue.remove(turn)
            self._admit()
            raise

    def _admit(self) -> None:
        while self._queue and self.under_way < self.limit.slots:
            turn = self._queue.popleft()
            if not turn.done():
                self.under_way += 1
                turn.set_result(None)
