"""Results come in the items' order, whatever comes in first; nothing is begun that nobody may want."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.llm.in_order import AHEAD, closing, in_order


async def collected(items: Iterator[int], delays: dict[int, int], in_flight: int) -> tuple[list[int], int]:
    """The results, and the most that were under way at once; an item waits for so many turns of the loop."""
    under_way = most = 0

    async def work(item: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(delays.get(item, 0)):
            await asyncio.sleep(0)
        under_way -= 1
        return item

    async with closing(in_order(items, work, in_flight)) as results:
        return [each async for each in results], most


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 6))
def test_results_are_in_order_and_few_are_under_way(turns: list[int], in_flight: int):
    found, most = asyncio.run(collected(iter(range(len(turns))), dict(enumerate(turns)), in_flight))
    assert found == list(range(len(turns)))
    assert most <= in_flight


def test_a_slow_item_holds_up_only_so_many():
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    async def go() -> int:
        gate = asyncio.Event()

        async def work(item: int) -> int:
            if item == 0:
                await gate.wait()
            return item

        async with closing(in_order(items(), work, 2)) as results:
            first = asyncio.ensure_future(anext(results))
            for _ in range(200):
                await asyncio.sleep(0)
            ahead = len(taken)
            gate.set()
            assert await first == 0
            return ahead

    assert asyncio.run(go()) == AHEAD * 2


def test_the_first_error_in_order_ends_it_and_the_rest_is_cancelled():
    ended: list[str] = []

    async def work(item: int) -> int:
        if item in (1, 2):
            await asyncio.sleep(0 if item == 2 else 0.01)
            raise RuntimeError(f"item {item}")
        try:
            await asyncio.sleep(0 if item == 0 else 60)
        except asyncio.CancelledError:
            ended.append(f"item {item} cancelled")
            raise
        return item

    async def go() -> list[int]:
        found: list[int] = []
        with pytest.raises(RuntimeError, match="item 1"):  # though item 2 failed before
            async with closing(in_order(range(4), work, 4)) as results:
                async for each in results:
                    found.append(each)
        return found

    assert asyncio.run(go()) == [0]
    assert ended == ["item 3 cancelled"]


def test_who_stops_asking_leaves_nothing_under_way():
    async def go() -> set[asyncio.Task[object]]:
        async def work(item: int) -> int:
            await asyncio.sleep(0 if item == 0 else 60)
            return item

        async with closing(in_order(range(10), work, 3)) as results:
            assert await anext(results) == 0
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(go()) == set()


def test_what_runs_for_an_item_sees_the_variables_as_they_were_when_it_was_taken():
    variable: ContextVar[int] = ContextVar("variable")

    def items() -> Iterator[int]:
        for item in range(3):
            variable.set(10 * item)
            yield item

    async def work(item: int) -> tuple[int, int]:
        await asyncio.sleep(0)
        return item, variable.get()

    async def go() -> list[tuple[int, int]]:
        async with closing(in_order(items(), work, 2)) as results:
            return [each async for each in results]

    assert asyncio.run(go()) == [(0, 0), (1, 10), (2, 20)]


def test_no_room_for_a_single_one_is_refused():
    async def work(item: int) -> int:
        return item

    async def go() -> None:
        async with closing(in_order([1], work, 0)) as results:
            await anext(results)

    with pytest.raises(ValueError, match="in_flight is 0"):
        asyncio.run(go())


def test_an_iterator_that_cannot_be_closed_is_left_alone():
    class Endless:
        def __aiter__(self) -> Endless:
            return self

        async def __anext__(self) -> int:
            return 1

    async def go() -> int:
        async with closing(Endless()) as results:
            return await anext(results)

    assert asyncio.run(go()) == 1
