"""Additive increase, multiplicative decrease, worked by hand; and the gate that keeps to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from longstride.llm.concurrency import AdaptiveLimit, Gate

if TYPE_CHECKING:
    from conftest import HeldClock


def test_the_limit_doubles_each_round_until_the_first_congestion():
    limit = AdaptiveLimit(maximum=12, limit=2)
    seen: list[int] = []
    for _ in range(4):  # rounds
        for _ in range(limit.slots):
            limit.answered()
        seen.append(limit.slots)
    assert seen == [4, 8, 12, 12]


def test_after_congestion_it_halves_and_then_grows_by_about_one_a_round():
    limit = AdaptiveLimit(maximum=100, limit=8)
    assert limit.congested(sent_in_event=0)
    assert limit.limit == 4
    for _ in range(4):
        limit.answered()
    # 4 + 1/4 = 4.25, + 1/4.25 = 4.4853, + 1/4.4853 = 4.7082, + 1/4.7082 = 4.9206
    assert limit.limit == pytest.approx(4.9206, abs=1e-4)
    limit.answered()
    assert limit.slots == 5


def test_requests_that_fail_together_count_as_one_event():
    limit = AdaptiveLimit(maximum=100, limit=16)
    sent = [limit.event] * 16
    assert [limit.congested(event) for event in sent] == [True] + [False] * 15
    assert limit.limit == 8
    assert limit.congested(limit.event)  # sent after the limit had fallen: news
    assert limit.limit == 4


def test_the_limit_stays_between_one_and_its_maximum():
    limit = AdaptiveLimit(maximum=3)
    assert limit.limit == 3
    for _ in range(5):
        limit.congested(limit.event)
    assert limit.limit == 1
    for _ in range(50):
        limit.answered()
    assert limit.limit == 3
    limit.lower_maximum(2)
    assert limit.slots == 2


@pytest.mark.parametrize("wrong", [{"maximum": 0}, {"maximum": 4, "limit": 0.5}, {"maximum": 4, "decrease": 1.0}])
def test_a_limit_that_makes_no_sense_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="must be at least 1"):
        AdaptiveLimit(**wrong)  # pyright: ignore[reportArgumentType]


def test_the_gate_lets_callers_in_by_turns_and_never_too_many():
    async def run() -> tuple[list[int], int]:
        gate = Gate(AdaptiveLimit(maximum=2))
        order: list[int] = []
        most = 0

        async def worker(number: int) -> None:
            nonlocal most
            with await gate.enter():
                order.append(number)
                most = max(most, gate.under_way)
                await asyncio.sleep(0)

        await asyncio.gather(*[worker(number) for number in range(9)])
        assert gate.under_way == 0
        return order, most

    assert asyncio.run(run()) == (list(range(9)), 2)


def test_a_pause_holds_everybody_and_the_longest_one_counts(held: HeldClock):
    async def run() -> list[float]:
        gate = Gate(AdaptiveLimit(maximum=1), held.clock)
        gate.pause(30)
        gate.pause(5)
        entered: list[float] = []
        for _ in range(2):
            with await gate.enter():
                entered.append(held.seconds)
        return entered

    assert asyncio.run(run()) == [1030, 1030]


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_caller_that_gives_up_in_the_queue_loses_no_slot(handed_over: bool):
    async def run() -> None:
        gate = Gate(AdaptiveLimit(maximum=1))
        slot = await gate.enter()
        quitter, next_one = asyncio.create_task(gate.enter()), asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        if handed_over:
            gate.leave()  # gives the slot to the quitter, which is cancelled before it wakes
            quitter.cancel()
        else:
            quitter.cancel()
            await asyncio.sleep(0)
            gate.leave()
        with await next_one:
            assert gate.under_way == 1
        assert quitter.cancelled() and gate.under_way == 0
        del slot

    asyncio.run(run())
