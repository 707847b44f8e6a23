"""The model client under load, through all that synthesis asks through: two parts of synthesis_with_models.py."""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from longstride.llm.in_order import closing, in_order
from longstride.llm.settings import ModelsSettings
from longstride.pipeline.with_models.run import ModelRun
from longstride.synthesis.with_models import Roles
from timing import Measurement, Row, in_fresh_process, interleaved, peak_rss_bytes
from world_peer.contract import Truth
from world_peer.server import Peer, serving

AT_ONCE = 256
EVERY_SECONDS, BURST_SECONDS = 6.0, 1.0  # how often, and for how long, requests are turned away
ROLES = ("extractor", "linker", "verifier")


def serve_quickly(pipe: Connection, delay_seconds: float) -> None:
    """The peer without players, in a process of its own: every answer is the same.

    A number on the pipe turns all requests away for so many seconds, and is answered with the counts; a negative one
    ends it.
    """
    peer = Peer(Truth({}, {}), (lambda *_: "yes",), delay_seconds=delay_seconds)
    with serving(peer) as url:
        pipe.send(url)
        while (seconds := pipe.recv()) >= 0:
            peer.closed_until = time.monotonic() + seconds
            pipe.send((peer.answered, peer.asked_again, peer.turned_away, peer.most_in_flight))


@contextmanager
def quick_server(delay_seconds: float) -> Iterator[tuple[str, Any]]:
    """The address, and the pipe."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve_quickly, args=(theirs, delay_seconds))
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send(-1)
        process.join()


def ask_many(url: str, calls: int, cache: str) -> Measurement:
    """So many calls by three roles, 256 at once, through everything that synthesis asks through.

    The result: the longest time that each role had no answer while it waited for one, and when the answers came.
    """
    settings = ModelsSettings.model_validate(
        {"base_url": url, "model": "m", "max_concurrency": AT_ONCE, "sampling": {"seed": 0}}
    )
    came: dict[str, list[float]] = {role: [] for role in ROLES}

    async def one(roles: Roles, number: int) -> None:
        role = ROLES[number % len(ROLES)]
        await roles.model(role).complete([{"role": "user", "content": f"{role} {number}"}])
        came[role].append(time.perf_counter())

    async def go() -> Measurement:
        async with ModelRun(settings).open(Path(cache), ROLES) as roles:
            await asyncio.gather(*(one(roles, -1 - number) for number in range(AT_ONCE)))  # connections are made
            for times in came.values():
                times.clear()
            begun = time.perf_counter()
            async with closing(in_order(range(calls), lambda number: one(roles, number), roles.in_flight)) as done:
                async for _ in done:
                    pass
            seconds = time.perf_counter() - begun
        everything = sorted(each for times in came.values() for each in times)
        gaps = {role: max(b - a for a, b in zip([begun, *times], times, strict=False)) for role, times in came.items()}
        return Measurement(seconds, peak_rss_bytes(), {"gaps": gaps, "came": everything})

    return asyncio.run(go())


def throughput(calls: int) -> tuple[list[str], list[Row]]:
    """Notes, and the rows of the ideal and of what was measured."""
    with quick_server(1.0) as (url, _), tempfile.TemporaryDirectory() as folder:
        ours = in_fresh_process(ask_many, url, calls, str(Path(folder) / "answers.sqlite"))
    ideal = calls / AT_ONCE
    rows = interleaved(
        {f"{calls} calls of 1 s, {AT_ONCE} at once: ideal": lambda: Measurement(ideal), "longstride": lambda: ours},
        repeats=1,
        warmups=0,
    )
    told: Any = ours.result
    gap = max(told["gaps"].values())
    peak = (ours.peak_bytes or 0) / 2**20
    note = (
        f"throughput: {ideal / ours.seconds:.1%} of the ideal over {calls:,} calls, {peak:.0f} MiB at most, "
        f"the longest wait of a role for an answer {gap:.2f} s"
    )
    return [note], rows


def bursts(calls: int) -> tuple[list[str], dict[str, Any]]:
    """Notes and figures of a run during which everything is turned away for a moment, again and again."""
    with quick_server(0.1) as (url, pipe), tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_send, args=(theirs, url, calls, str(Path(folder) / "answers.sqlite")))
        process.start()
        begun: list[float] = []  # as the clock of the measured process has it: Linux has one for all
        while not ours.poll(EVERY_SECONDS):
            pipe.send(BURST_SECONDS)
            pipe.recv()
            begun.append(time.perf_counter())
        measured: Measurement = ours.recv()
        process.join()
        pipe.send(0)
        answered, again, turned_away, _ = pipe.recv()
    told: Any = measured.result
    recovered = [
        next((came - start - BURST_SECONDS for came in told["came"] if came > start + BURST_SECONDS), 0.0)
        for start in begun
    ]
    figures = {
        "calls": calls,
        "bursts": len(begun),
        "burst_seconds": BURST_SECONDS,
        "turned_away": turned_away,
        "answered": answered,
        "asked_again": again,
        "seconds": round(measured.seconds, 2),
        "recovered_after_seconds": [round(each, 2) for each in recovered],
    }
    note = (
        f"bursts: {len(begun)} times everything was turned away with 429 for {BURST_SECONDS} s, {turned_away:,} "
        f"requests in all; {answered:,} of {calls + AT_ONCE:,} answered, {again} asked again after an answer; answers "
        f"came again {max(recovered, default=0.0):.2f} s after a burst at the latest"
    )
    return [note], figures


def _send(pipe: Connection, url: str, calls: int, cache: str) -> None:
    pipe.send(ask_many(url, calls, cache))
