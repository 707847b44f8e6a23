"""Many questions at once, their results in the order of the items."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 8  # times `in_flight`: results that may wait for an earlier one


async def in_order(items: Iterable[T], function: Callable[[T], Awaitable[R]], in_flight: int) -> AsyncIterator[R]:
    """`await function(item)` for every item, at most `in_flight` at a time; results in the items' order.

    Items are taken as they are needed, so that there may be millions of them, and a slow one holds up the rest only
    after `AHEAD` times `in_flight` others have come in. The first error, in the items' order, ends it; what is still
    under way then, or when the caller stops asking, is cancelled. What runs for an item sees the context variables as
    they are when the item has just been taken. Raises ValueError for `in_flight < 1`.
    """
    if in_flight < 1:
        raise ValueError(f"in_flight is {in_flight}, expected 1 or more")
    gate = asyncio.Semaphore(in_flight)
    waiting = iter(items)
    under_way: deque[asyncio.Task[R]] = deque()

    async def run(item: T) -> R:
        async with gate:
            return await function(item)

    def fill() -> None:
        while len(under_way) < AHEAD * in_flight:
            try:
                item = next(waiting)
            except StopIteration:
                return
            under_way.append(asyncio.ensure_future(run(item)))

    try:
        fill()
        while under_way:
            result = await under_way[0]
            under_way.popleft()
            fill()
            yield result
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


@asynccontextmanager
async def closing(results: AsyncIterator[R]) -> AsyncIterator[AsyncIterator[R]]:
    """`async with closing(in_order(...)) as results`: at the end of the block, what is still under way is cancelled.

    `results` may be any iterator; one that cannot be closed is left alone.
    """
    try:
        yield results
    finally:
        close = getattr(results, "aclose", None)
        if close is not None:
            await close()
