"""Who is asking what at this moment: the same question is asked once, and what was sent is received."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from longstride.llm.chat import Completion


class Flight:
    """Some answers on their way, in a task of their own: a caller that gives up does not take the request with it.

    What has been sent is received, cached and counted, for it has to be paid. What has not been sent (it waits for
    a slot, or to be asked again) is dropped once nobody waits for it.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        self.landings: dict[str, asyncio.Future[Completion]] = {key: loop.create_future() for key in keys}
        self.waiting = 0  # callers
        self._dropped = False
        self._unsent: set[asyncio.Task[object]] = set()

    @contextmanager
    def unsent(self) -> Iterator[None]:
        """The part of the work that may be dropped; raises `CancelledError` where it is."""
        if self._dropped:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None
        self._unsent.add(task)
        try:
            yield
        finally:
            self._unsent.discard(task)

    def leave(self) -> None:
        """One caller waits no longer; after the last one has left, drop what has not been sent."""
        self.waiting -= 1
        if self.waiting == 0:
            self.drop()

    def drop(self) -> None:
        """Drop what has not been sent."""
        self._dropped = True
        for task in tuple(self._unsent):
            task.cancel()

    def land(self, key: str, answer: Completion | BaseException) -> None:
        """Settle one answer, if it is not settled yet."""
        landing = self.landings[key]
        if landing.done():
            return
        if isinstance(answer, asyncio.CancelledError):
            landing.cancel()
        elif isinstance(answer, BaseException):
            landing.set_exception(answer)
            landing.exception()  # it may be that nobody is left to see it
        else:
            landing.set_result(answer)


class Flights:
    """All flights of a client."""

    def __init__(self) -> None:
        self._by_key: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def board(
        self, keys: Sequence[str], fly: Callable[[Flight], Awaitable[None]]
    ) -> tuple[dict[str, asyncio.Future[Completion]], list[Flight], frozenset[str]]:
        """Join the flights that carry any of the keys, and start one with `fly` for the others.

        Gives the futures by key, the flights, each of which must be left once, and the keys that were joined. Raises
        `RuntimeError` once the client is closed.
        """
        if self._closed:
            raise RuntimeError("the models are closed: ask inside `async with open_models(...)`")
        joined = frozenset(
            key for key in keys if key in self._by_key and not self._by_key[key].landings[key].cancelled()
        )
        flights = {id(self._by_key[key]): self._by_key[key] for key in joined}
        own = [key for key in dict.fromkeys(keys) if key not in joined]
        if own:
            flight = Flight(own)
            flights[id(flight)] = flight
            self._by_key |= dict.fromkeys(own, flight)
            task = asyncio.create_task(self._run(flight, fly))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        landings = {key: self._by_key[key].landings[key] for key in keys}
        for flight in flights.values():
            flight.waiting += 1
        return landings, list(flights.values()), joined

    async def _run(self, flight: Flight, fly: Callable[[Flight], Awaitable[None]]) -> None:
        ended: BaseException = asyncio.CancelledError()
        try:
            await fly(flight)
        except asyncio.CancelledError:
            pass  # dropped: whoever still waits asks again
        except BaseException as error:
            ended = error
            if not isinstance(error, Exception):
                raise
        finally:
            for key in flight.landings:
                flight.land(key, ended)
                if self._by_key.get(key) is flight:
                    del self._by_key[key]

    async def close(self, *, receive: bool) -> None:
        """Drop what has not been sent; receive what has, or stop it too."""
        self._closed = True
        for flight in set(self._by_key.values()):
            flight.drop()
        if not receive:
            for task in self._tasks:
                task.cancel()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
