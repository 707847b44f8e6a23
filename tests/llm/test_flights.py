"""One question under way is one flight, whoever waits for it and whoever leaves."""

from __future__ import annotations

import asyncio

import pytest

from longstride.llm.chat import Completion
from longstride.llm.flights import Flight, Flights


def test_callers_share_a_flight_and_start_one_only_for_what_is_missing():
    async def run() -> None:
        flights, started = Flights(), list[list[str]]()

        async def fly(flight: Flight) -> None:
            started.append(list(flight.landings))
            await asyncio.sleep(0)
            for key in flight.landings:
                flight.land(key, Completion(key))

        first, _, joined_first = flights.board(["a", "b"], fly)
        second, carried, joined_second = flights.board(["b", "c"], fly)
        assert (joined_first, joined_second, len(carried)) == (frozenset(), {"b"}, 2)
        await asyncio.wait([*first.values(), *second.values()])
        assert [future.result().text for future in (*first.values(), *second.values())] == ["a", "b", "b", "c"]
        assert started == [["a", "b"], ["c"]]
        await flights.close(receive=True)

    asyncio.run(run())


def test_what_is_sent_goes_on_without_callers_and_what_is_not_is_asked_anew():
    """Two keys of one flight: "sent" is under way and "queued" waits, when the only caller leaves."""

    async def run() -> None:
        flights, reply, sent = Flights(), asyncio.Event(), list[str]()

        async def ask(flight: Flight, key: str) -> None:
            try:
                with flight.unsent():
                    await asyncio.sleep(0 if key == "sent" else 3600)
                sent.append(key)
                await reply.wait()
                flight.land(key, Completion(key))
            except asyncio.CancelledError as error:
                flight.land(key, error)

        async def fly(flight: Flight) -> None:
            await asyncio.gather(*[ask(flight, key) for key in flight.landings])

        landings, (flight,), _ = flights.board(["sent", "queued"], fly)
        while not sent:
            await asyncio.sleep(0)
        flight.leave()
        for _ in range(5):
            await asyncio.sleep(0)
        assert landings["queued"].cancelled() and not landings["sent"].done()

        async def fly_again(flight: Flight) -> None:
            for key in flight.landings:
                flight.land(key, Completion(f"{key} anew"))

        again, _, joined = flights.board(["sent", "queued"], fly_again)
        assert joined == {"sent"}
        reply.set()
        await asyncio.wait(again.values())
        assert [future.result().text for future in again.values()] == ["sent", "queued anew"]
        await flights.close(receive=True)
        assert sent == ["sent"]

    asyncio.run(run())


def test_a_flight_that_fails_settles_every_caller():
    async def run() -> None:
        flights = Flights()

        async def fly(flight: Flight) -> None:
            flight.land("a", Completion("in time"))
            raise OSError("disk")

        landings, _, _ = flights.board(["a", "b"], fly)
        await asyncio.wait(landings.values())
        assert landings["a"].result().text == "in time"
        with pytest.raises(OSError, match="disk"):
            landings["b"].result()
        await flights.close(receive=True)
        with pytest.raises(RuntimeError, match="closed"):
            flights.board(["c"], fly)

    asyncio.run(run())
