"""Honest timing for the benchmarks: sides run interleaved (A B A B ...), peak memory is read in a process of its own.

    sides = {"difflib": lambda: theirs(text), "ours": lambda: ours(text)}
    rows = interleaved(sides, repeats=7)
    write_results("mrcr_score", rows, command="python benchmarks/mrcr_score.py", notes=["..."])

A side that measures itself (for instance in a fresh process) returns a `Measurement`; its numbers are then taken.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date as Date
from multiprocessing.connection import Connection
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measurement:
    seconds: float
    peak_bytes: int | None = None  # resident set of the process that ran it, interpreter and inputs included
    result: object = None  # what the function returned, if a caller wants to compare sides


@dataclass(frozen=True)
class Row:
    """One side. `ratio` is the median over rounds of this side's seconds over the first side's in the same round."""

    side: str
    median_seconds: float
    min_seconds: float
    max_seconds: float
    ratio: float
    ratio_min: float
    ratio_max: float
    peak_bytes: int | None  # the largest seen
    seconds: tuple[float, ...]


def interleaved(sides: Mapping[str, Callable[[], object]], repeats: int = 5, warmups: int = 1) -> list[Row]:
    """Run every side once a round, `repeats` rounds long after `warmups` rounds that do not count.

    The order turns round by one each round, so no side always runs after the same neighbour.
    """
    if repeats < 1 or not sides:
        raise ValueError(f"{repeats} repeats of {len(sides)} sides: at least one of each is needed")
    names = list(sides)
    taken: dict[str, list[Measurement]] = {name: [] for name in names}
    for turn in range(-warmups, repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            measurement = timed(sides[name])
            if turn >= 0:
                taken[name].append(measurement)
    return [_row(name, taken[name], taken[names[0]]) for name in names]


def timed(function: Callable[[], object]) -> Measurement:
    start = time.perf_counter()
    result = function()
    seconds = time.perf_counter() - start
    return result if isinstance(result, Measurement) else Measurement(seconds, result=result)


def in_fresh_process(
    function: Callable[..., object], *arguments: object, environment: Mapping[str, str] | None = None
) -> Measurement:
    """Run a top-level function in a new interpreter: its seconds (or those of the Measurement it returns) and peak RSS.

    `environment` (say {"OMP_NUM_THREADS": "1"}) is in place before the child imports anything.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, function, arguments))
    with _environment(environment or {}):
        process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"the process that ran {function.__name__} died with code {process.exitcode}") from None
    finally:
        process.join()


def peak_rss_bytes() -> int:
    """The largest resident set of this process so far. On Linux VmHWM: `ru_maxrss` inherits the parent's peak."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def machine() -> dict[str, str]:
    """What the numbers were taken on: processor, cores, memory, Python and torch versions."""
    facts = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "python": platform.python_version(),
    }
    if torch := sys.modules.get("torch"):
        facts["torch"] = str(torch.__version__)
    return facts


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; the first row is the side that the ratios refer to."""
    lines = ["| side | median s | min s | max s | time ratio (min-max) | peak memory |", "|---|---|---|---|---|---|"]
    for row in rows:
        memory = "-" if row.peak_bytes is None else f"{row.peak_bytes / 2**30:.2f} GiB"
        ratio = f"{row.ratio:.3f} ({row.ratio_min:.3f}-{row.ratio_max:.3f})"
        times = " | ".join(f"{value:.4g}" for value in (row.median_seconds, row.min_seconds, row.max_seconds))
        lines.append(f"| {row.side} | {times} | {ratio} | {memory} |")
    return "\n".join(lines)


def write_results(
    name: str,
    rows: Sequence[Row],
    *,
    command: str,
    date: str | None = None,  # ISO; today if None
    notes: Sequence[str] = (),
    folder: Path = RESULTS,
) -> Path:
    """Write `folder/name.md` for readers and `folder/name.json` for programs; gives the path of the first."""
    day, facts = date or Date.today().isoformat(), machine()
    folder.mkdir(parents=True, exist_ok=True)
    described = ", ".join(f"{key} {value}" for key, value in facts.items())
    head = f"# {name}\n\n{day}; {described}.\n\n    {command}\n\n"
    tail = "".join(f"\n- {note}" for note in notes)
    path = folder / f"{name}.md"
    path.write_text(head + table(rows) + "\n" + (tail + "\n" if tail else ""), encoding="utf-8")
    record = {"name": name, "date": day, "machine": facts, "command": command, "notes": list(notes)}
    record["rows"] = [asdict(row) for row in rows]
    path.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path


def _row(name: str, taken: Sequence[Measurement], first: Sequence[Measurement]) -> Row:
    seconds = [measurement.seconds for measurement in taken]
    ratios = [mine.seconds / theirs.seconds for mine, theirs in zip(taken, first, strict=True)]
    peaks = [measurement.peak_bytes for measurement in taken if measurement.peak_bytes is not None]
    return Row(
        side=name,
        median_seconds=statistics.median(seconds),
        min_seconds=min(seconds),
        max_seconds=max(seconds),
        ratio=statistics.median(ratios),
        ratio_min=min(ratios),
        ratio_max=max(ratios),
        peak_bytes=max(peaks, default=None),
        seconds=tuple(seconds),
    )


def _child(sender: Connection, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    taken = timed(lambda: function(*arguments))
    sender.send(Measurement(taken.seconds, peak_rss_bytes(), taken.result))
    sender.close()


@contextmanager
def _environment(changes: Mapping[str, str]):
    before = {key: os.environ.get(key) for key in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
