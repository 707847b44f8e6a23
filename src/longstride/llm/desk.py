"""The response cache from an event loop: it works in a thread of its own and never blocks the loop.

What comes while it works is done together afterwards, in one query or one transaction. A few hundred answers a second
thus cost a few dozen commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeAlias, TypeVar

from longstride.llm.cache import ResponseCache
from longstride.llm.chat import Completion

T = TypeVar("T")


class CacheDesk:
    """`ResponseCache.get` and `put` for many callers at once; `thread` has one worker and is the desk's from now on."""

    def __init__(self, cache: ResponseCache, thread: Executor) -> None:
        self._cache, self._thread = cache, thread
        self._gets = _Window[None](lambda keys: cache.get(list(keys)), thread)
        self._puts = _Window[Completion](cache.put, thread)

    async def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """`ResponseCache.get`."""
        return await self._gets.ask(dict.fromkeys(keys))

    async def put(self, answers: Mapping[str, Completion]) -> dict[str, Completion]:
        """`ResponseCache.put`: the answers are committed when it returns, and also if the caller gives up."""
        return await self._puts.ask(answers)

    async def close(self) -> None:
        """Finish what was asked for, then close the cache and end its thread."""
        await self._gets.close()
        await self._puts.close()
        self._thread.submit(self._cache.close)
        self._thread.shutdown()


_Order: TypeAlias = tuple[Mapping[str, T], asyncio.Future[dict[str, Completion]]]  # keys, and who waits for them


class _Window(Generic[T]):
    """Where one kind of work is asked for. A caller's order names keys; it is given what the work gave for them."""

    def __init__(self, work: Callable[[dict[str, T]], dict[str, Completion]], thread: Executor) -> None:
        self._work, self._thread = work, thread
        self._waiting: list[_Order[T]] = []
        self._working: asyncio.Future[dict[str, Completion]] | None = None

    async def ask(self, order: Mapping[str, T]) -> dict[str, Completion]:
        """Raises what the work raises; then so does every order that was done together with this one."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((order, done))
        if self._working is None:
            self._begin()
        return await done

    async def close(self) -> None:
        while self._working is not None:
            await asyncio.wait([self._working])

    def _begin(self) -> None:
        orders, self._waiting = self._waiting, []
        whole: dict[str, T] = {}
        for order, _ in orders:
            for key, value in order.items():
                whole.setdefault(key, value)  # the first answer under a key stands
        self._working = asyncio.get_running_loop().run_in_executor(self._thread, self._work, whole)
        self._working.add_done_callback(lambda work: self._end(orders, work))

    def _end(self, orders: Sequence[_Order[T]], work: asyncio.Future[dict[str, Completion]]) -> None:
        self._working = None
        if self._waiting:
            self._begin()
        error = work.exception()
        for order, done in orders:
            if done.done():
                continue  # its caller has given up
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result({key: work.result()[key] for key in order if key in work.result()})
