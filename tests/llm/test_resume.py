"""Killed at any moment, a run goes on without asking for what it has received; budgets stop and go on."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from longstride.llm import Budget, BudgetExceeded, Completion, Ledger, Message, open_models
from longstride.llm.cache import ResponseCache

if TYPE_CHECKING:
    from conftest import Asked, HeldClock, Reply, Server

QUESTIONS = 50
CONCURRENCY = 4

CHILD = """
import asyncio, json, sys
from longstride.llm import load_settings, open_models

async def main():
    settings = load_settings(base_url=sys.argv[1], model="m", max_concurrency=int(sys.argv[3]))
    async with open_models(settings, sys.argv[2]) as models:
        async def ask(number):
            (answer,) = await models.role("solver").complete([{"role": "user", "content": f"q{number}"}])
            print(json.dumps([f"q{number}", answer.text]), flush=True)
        await asyncio.gather(*[ask(number) for number in range(int(sys.argv[4]))])

asyncio.run(main())
"""


def user(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def child(server: Server, cache_path: Path) -> subprocess.Popen[str]:
    arguments = [server.base_url, str(cache_path), str(CONCURRENCY), str(QUESTIONS)]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True)


def test_a_killed_run_asks_again_only_for_what_was_under_way(server: Server, tmp_path: Path):
    server.reply = lambda asked: replace(server.same(asked), delay_seconds=0.01)
    rng = random.Random(5)
    handed_over: set[str] = set()
    kills = 0
    while True:
        process = child(server, tmp_path / "cache.sqlite")
        assert process.stdout is not None
        asked_before = len(server.asked)
        lines: list[str] = []
        left = rng.randint(3, 14) if kills < 4 else 10**6  # die after so many answers
        for line in process.stdout:
            lines.append(line)
            left -= json.loads(line)[0] not in handed_over
            if left == 0:
                process.kill()
        process.stdout.close()
        status = process.wait()
        asked = {record.text for record in server.asked[asked_before:]}
        assert not asked & handed_over  # what had been handed over is never asked for again
        answers = dict(json.loads(line) for line in lines)
        handed_over |= set(answers)
        if status == 0:
            break
        kills += 1
    assert kills == 4
    assert answers == {f"q{number}": f"q{number}!" for number in range(QUESTIONS)}
    # a kill costs what was under way, and what had come and was still being written: fewer than another full house
    assert len(server.asked) <= QUESTIONS + kills * 2 * CONCURRENCY
    assert max(Counter(record.text for record in server.asked).values()) <= 1 + kills


def test_a_second_run_asks_nothing(server: Server, held: HeldClock, tmp_path: Path):
    ledgers = [Ledger(), Ledger()]

    async def run(ledger: Ledger) -> list[Completion]:
        async with open_models(server.settings(), tmp_path / "c.sqlite", ledger, clock=held.clock) as models:
            return await models.role("solver").complete(user("q"), n=5)

    first, second = [asyncio.run(run(ledger)) for ledger in ledgers]
    assert [answer.text for answer in first] == [answer.text for answer in second]
    assert len({answer.text for answer in first}) == 5 and len(server.asked) == 1
    assert all(answer.cached for answer in second) and not any(answer.cached for answer in first)
    (row,) = ledgers[1].rows()
    assert (row["requests"], row["tokens"], row["cached_answers"], row["cached_completion_tokens"]) == (0, 0, 5, 4)
    cache = ResponseCache(tmp_path / "c.sqlite")
    assert len(cache) == 5  # five votes stay five votes
    cache.close()


def test_only_the_votes_that_are_missing_are_asked_for(server: Server, held: HeldClock, tmp_path: Path):
    async def run() -> list[str]:
        async with open_models(server.settings(), tmp_path / "c.sqlite", clock=held.clock) as models:
            model = models.role("solver")
            await model.complete(user("q"), sample_index=1)
            await model.complete(user("q"), sample_index=3)
            return [answer.text for answer in await model.complete(user("q"), n=5)]

    assert asyncio.run(run()) == ["q -> 3.0", "q -> 1.0", "q -> 3.1", "q -> 2.0", "q -> 3.2"]
    assert [asked.n for asked in server.asked] == [1, 1, 3]


def test_another_model_or_setting_is_another_question_but_another_role_is_not(
    server: Server, held: HeldClock, tmp_path: Path
):
    settings = server.settings(
        roles={"other": {"model": "n"}, "cold": {"sampling": {"temperature": 0.0}}, "same": {"max_retries": 9}}
    )

    async def run() -> None:
        async with open_models(settings, tmp_path / "c.sqlite", clock=held.clock) as models:
            for role in ("solver", "same", "other", "cold"):
                await models.role(role).complete(user("q"))

    asyncio.run(run())
    assert [asked.body["model"] for asked in server.asked] == ["m", "n", "m"]


def test_a_budget_stops_before_the_next_request_and_a_higher_one_goes_on(
    server: Server, held: HeldClock, tmp_path: Path
):
    async def run(budget: Budget) -> tuple[list[Completion | BaseException], Ledger]:
        ledger = Ledger(budget)
        async with open_models(server.settings(), tmp_path / "c.sqlite", ledger, clock=held.clock) as models:
            questions = [models.role("solver").complete(user(f"q{number}")) for number in range(10)]
            outcomes = await asyncio.gather(*questions, return_exceptions=True)
        return [outcome[0] if isinstance(outcome, list) else outcome for outcome in outcomes], ledger

    outcomes, ledger = asyncio.run(run(Budget(calls=4)))
    assert len(server.asked) == 4 and ledger.totals()["requests"] == 4
    assert sum(isinstance(outcome, Completion) for outcome in outcomes) == 4
    assert sum(isinstance(outcome, BudgetExceeded) for outcome in outcomes) == 6
    outcomes, ledger = asyncio.run(run(Budget(calls=0)))  # the budget is spent, and answers in the cache still come
    assert sum(isinstance(outcome, Completion) for outcome in outcomes) == 4 and len(server.asked) == 4
    outcomes, ledger = asyncio.run(run(Budget(calls=6)))
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    assert (ledger.totals()["requests"], ledger.totals()["cached_answers"]) == (6, 4)


def test_requests_under_way_when_the_budget_ends_are_received_counted_and_kept(
    server: Server, held: HeldClock, tmp_path: Path
):
    """The first answer spends the budget of tokens; a task group then cancels everyone; the sent ones still land."""

    def reply(asked: Asked) -> Reply:
        while len(server.asked) < 3 or (asked.text != "q0" and "q0" not in server.received):
            time.sleep(0.002)
        return replace(server.same(asked), delay_seconds=0.0 if asked.text == "q0" else 0.2)

    server.reply = reply
    ledger = Ledger(Budget(tokens=14))

    async def run() -> None:
        async with open_models(server.settings(), tmp_path / "c.sqlite", ledger, clock=held.clock) as models:
            model = models.role("solver")

            async def ask(number: int) -> None:
                await model.complete(user(f"q{number}"))
                await model.complete(user(f"q{number}, and then?"))

            async with asyncio.TaskGroup() as group:
                for number in range(3):
                    group.create_task(ask(number))

    with pytest.raises(ExceptionGroup) as error:
        asyncio.run(run())
    assert error.group_contains(BudgetExceeded, match="budget of 14 tokens is spent")
    assert sorted(asked.text for asked in server.asked) == ["q0", "q1", "q2"]
    assert (ledger.totals()["answers"], ledger.totals()["tokens"]) == (3, 42)
    cache = ResponseCache(tmp_path / "c.sqlite")
    assert len(cache) == 3
    cache.close()


def test_a_cancelled_run_breaks_off_what_is_under_way(server: Server, held: HeldClock):
    server.open.clear()

    async def run() -> None:
        async with open_models(server.settings(), clock=held.clock) as models:
            await models.role("solver").complete(user("q"))

    async def interrupted() -> None:
        task = asyncio.create_task(run())
        await server.has_been_asked(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert server.in_flight == 1  # nobody waited for it

    asyncio.run(interrupted())
