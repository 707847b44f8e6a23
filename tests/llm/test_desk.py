"""The cache for many callers at once: together where they come together, each with its own answers."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from longstride.llm import CacheError, Completion
from longstride.llm.cache import ResponseCache
from longstride.llm.desk import CacheDesk


class Watched(ResponseCache):
    """A cache that notes how much it is asked at once, and waits while `open` is not set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gets: list[int] = []
        self.puts: list[int] = []
        self.open = threading.Event()
        self.open.set()

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        self.gets.append(len(keys))
        self.open.wait(20)
        return super().get(keys)

    def put(self, answers: Mapping[str, Completion]) -> dict[str, Completion]:
        self.puts.append(len(answers))
        self.open.wait(20)
        return super().put(answers)


def desk_of(cache: ResponseCache) -> CacheDesk:
    return CacheDesk(cache, ThreadPoolExecutor(1))


def answers_of(path: Path) -> dict[str, str]:
    cache = ResponseCache(path)
    try:
        return {key: answer.text for key, answer in cache.get(["a", "b", "c", "d"]).items()}
    finally:
        cache.close()


def test_what_comes_while_it_works_is_done_together_and_each_is_given_its_own(tmp_path: Path):
    cache = Watched(tmp_path / "c.sqlite")

    async def run() -> None:
        desk = desk_of(cache)
        cache.open.clear()
        first = asyncio.create_task(desk.put({"a": Completion("1")}))
        while not cache.puts:
            await asyncio.sleep(0.001)
        later = [asyncio.create_task(desk.put({key: Completion(key)})) for key in "bcd"]
        await asyncio.sleep(0.01)
        cache.open.set()
        assert await first == {"a": Completion("1")}
        assert [await each for each in later] == [{key: Completion(key)} for key in "bcd"]
        found = await asyncio.gather(desk.get(["a", "b"]), desk.get(["none", "c"]), desk.get(["c"]))
        assert [sorted(each) for each in found] == [["a", "b"], ["c"], ["c"]]
        await desk.close()

    asyncio.run(run())
    assert cache.puts == [1, 3]
    assert cache.gets == [2, 2]  # one key of two callers is looked up once


def test_of_two_answers_under_a_key_that_come_together_the_first_stands(tmp_path: Path):
    async def run() -> list[dict[str, Completion]]:
        desk = desk_of(ResponseCache(tmp_path / "c.sqlite"))
        puts = [desk.put({key: Completion(text)}) for key, text in ("b0", "a1", "a2")]  # b goes alone, they together
        try:
            return (await asyncio.gather(*puts))[1:]
        finally:
            await desk.close()

    assert [given["a"].text for given in asyncio.run(run())] == ["1", "1"]
    assert answers_of(tmp_path / "c.sqlite") == {"a": "1", "b": "0"}


def test_an_answer_is_kept_though_its_caller_has_given_up_and_the_desk_closes(tmp_path: Path):
    cache = Watched(tmp_path / "c.sqlite")

    async def run() -> None:
        desk = desk_of(cache)
        cache.open.clear()
        tasks = [asyncio.create_task(desk.put({"a": Completion("under way")}))]
        while not cache.puts:
            await asyncio.sleep(0.001)
        tasks.append(asyncio.create_task(desk.put({"b": Completion("waiting")})))
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
        asyncio.get_running_loop().call_later(0.01, cache.open.set)
        await desk.close()

    asyncio.run(run())
    assert answers_of(tmp_path / "c.sqlite") == {"a": "under way", "b": "waiting"}


def test_a_write_that_fails_is_told_to_all_who_wrote_and_not_to_who_reads(tmp_path: Path):
    cache = ResponseCache(tmp_path / "c.sqlite")
    cache.put({"a": Completion("kept")})
    connection = sqlite3.connect(tmp_path / "c.sqlite")
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON answers BEGIN SELECT RAISE(ABORT, 'no room'); END")
    connection.close()

    async def run() -> None:
        desk = desk_of(cache)
        writes = [desk.put({key: Completion(key)}) for key in "bcd"]
        outcomes = await asyncio.gather(desk.get(["a"]), *writes, return_exceptions=True)
        assert outcomes[0] == {"a": Completion("kept", cached=True)}
        assert all(isinstance(each, CacheError) and "no room" in str(each) for each in outcomes[1:])
        with pytest.raises(CacheError):
            await desk.put({"d": Completion("d")})  # the desk works on
        await desk.close()

    asyncio.run(run())
    assert answers_of(tmp_path / "c.sqlite") == {"a": "kept"}
