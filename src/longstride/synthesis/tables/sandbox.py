"""Running SQL that nobody has read: three layers, each enough by itself for what the others might miss (paper 3.2).

The gate (`sql_gate`) refuses all but one deterministic SELECT over the given tables. DuckDB runs it in memory with no
files, network or extensions, and with its settings locked. And it runs in a process of its own, with an empty
environment, an empty folder, no free file descriptor, and limits on memory, CPU and time (`sandbox_worker`).

    with Sandbox() as sandbox:
        rows = sandbox.execute({"t": table}, "SELECT sum(population) FROM t")

The answer is a function of the tables and the query alone: one thread, no clock, no randomness. Sums of DECIMAL are
exact; a division or an average is a DOUBLE. Where two rows tie, ORDER BY keeps what the order of the rows gives:
a caller that minds runs the query again with the rows turned round.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longstride.synthesis.tables.sandbox_values import QueryFailed, Rows, Table, checked_name, decoded, encoded
from longstride.synthesis.tables.sql_gate import CLOCK_COLUMNS, FUNCTIONS, TYPES, QueryRefused, check_query

__all__ = ["Limits", "QueryFailed", "QueryRefused", "Rows", "Sandbox", "Table"]

WORKER = Path(__file__).with_name("sandbox_worker.py")
LENGTH = struct.Struct(">Q")
START_SECONDS = 120.0  # to import duckdb on a busy machine
GRACE_SECONDS = 30.0  # beyond max_seconds, for a worker that itself keeps the time


@dataclass(frozen=True)
class Limits:
    """What one query may take. The CPU limit ends a busy query, so that a loaded machine refuses no more than an idle
    one does; the wall clock is for one that sleeps."""

    max_cpu_seconds: int = 5
    max_seconds: float = 30.0
    max_memory_bytes: int = 1 << 30  # of address space, beyond the 120 MB that DuckDB itself maps
    database_memory_bytes: int = 256 << 20
    max_rows: int = 10_000
    max_columns: int = 64
    max_reply_bytes: int = 8 << 20
    max_request_bytes: int = 32 << 20


class Sandbox:
    """One limited process that answers queries; it starts at the first of them, and again after it was killed.

    A context manager. For one thread, which outlives it; a forked process starts a worker of its own.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # the process that started the worker
        self._inherited: list[subprocess.Popen[bytes]] = []  # another process's, held so that they are not collected

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, tables: Mapping[str, Table], sql: str) -> Rows:
        """The rows that `sql` selects from `tables`, in its order.

        Raises QueryRefused where the gate does not let it through, QueryFailed where it does not run within the
        limits, ValueError where a table does not hold what it declares, and RuntimeError where no worker starts.
        """
        check_query(sql, tables)
        return self._run(tables, sql, checked=True)

    def _run(self, tables: Mapping[str, Table], sql: str, *, checked: bool) -> Rows:
        """Run without the gate. `checked=False` leaves out the worker's check of DuckDB's parse tree as well: only
        for tests of the layers below."""
        request = {
            "tables": [{"name": checked_name(name), **encoded(table)} for name, table in tables.items()],
            "sql": sql,
            "check": checked,
        }
        body = json.dumps(request, separators=(",", ":")).encode()
        if len(body) > self.limits.max_request_bytes:
            raise QueryFailed(f"tables and query take {len(body):,} bytes, more than {self.limits.max_request_bytes:,}")
        reply = self._answer(body)
        if "refused" in reply:
            raise QueryRefused(reply["refused"])
        if "failed" in reply:
            raise QueryFailed(reply["failed"])
        return decoded(reply)

    def _answer(self, body: bytes) -> dict[str, Any]:
        process = self._running()
        deadline = time.monotonic() + self.limits.max_seconds + GRACE_SECONDS
        try:
            _send(process, LENGTH.pack(len(body)) + body, deadline)
            return _received(process, self.limits.max_reply_bytes, deadline)
        except BaseException:  # an interrupt too: half a frame may be in the pipe
            self.close()
            raise

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._owner != os.getpid():
            self._inherited.append(self._process)
            self._process = None
        if self._process is not None and self._process.poll() is not None:  # killed while it was idle
            self.close()
        if self._process is None:
            self._start()
        assert self._process is not None
        return self._process

    def _start(self) -> None:
        if os.name != "posix":
            raise RuntimeError("the SQL sandbox limits processes as POSIX does; run on Linux or macOS")
        spec = importlib.util.find_spec("duckdb")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError("the SQL sandbox needs duckdb; install longstride[synthesis]")
        setup = {
            "duckdb_folder": str(Path(next(iter(spec.submodule_search_locations))).parent),
            "parent_process": os.getpid(),
            "max_cpu_seconds": self.limits.max_cpu_seconds,
            "max_seconds": self.limits.max_seconds,
            "max_memory_bytes": self.limits.max_memory_bytes,
            "database_memory_bytes": self.limits.database_memory_bytes,
            "max_reply_bytes": self.limits.max_reply_bytes,
            "max_rows": self.limits.max_rows,
            "max_columns": self.limits.max_columns,
            "allowed": {
                "functions": sorted(FUNCTIONS),
                "types": sorted(TYPES),
                "clock_columns": sorted(CLOCK_COLUMNS),
            },
        }
        folder = tempfile.mkdtemp(prefix="longstride-sql-")
        try:
            self._owner, self._process = os.getpid(), _spawned(setup, folder)
            started = _received(self._process, self.limits.max_reply_bytes, time.monotonic() + START_SECONDS)
            if "failed" in started:
                raise QueryFailed(started["failed"])
        except QueryFailed as error:  # no query's fault: never to be counted as one
            self.close()
            raise RuntimeError(f"the SQL sandbox does not start: {error}") from None
        except BaseException:
            self.close()
            raise
        finally:
            os.rmdir(folder)  # the worker stays in it: a folder without a name, in which nothing can be made

    def close(self) -> None:
        """End the worker and whatever it runs; the next query starts another."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        if process.returncode is None:  # not yet waited for, so the number is still its own
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        process.wait()


def _spawned(setup: Mapping[str, Any], folder: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(WORKER), json.dumps(setup)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=folder,
        env={"LC_ALL": "C.UTF-8", "TZ": "UTC", "MALLOC_ARENA_MAX": "1"},
        start_new_session=True,
    )
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
    return process


def _send(process: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
    assert process.stdin is not None
    poller = select.poll()
    poller.register(process.stdin, select.POLLOUT)
    view = memoryview(data)
    while view:
        _wait(poller, deadline)
        try:
            view = view[os.write(process.stdin.fileno(), view) :]
        except BlockingIOError:
            continue
        except BrokenPipeError:
            raise QueryFailed("the sandbox's process ended") from None


def _received(process: subprocess.Popen[bytes], max_bytes: int, deadline: float) -> dict[str, Any]:
    """The next answer. It comes from the less trusted side: its size is bounded, and it is read as plain JSON."""
    (size,) = LENGTH.unpack(_read(process, LENGTH.size, deadline))
    if not 0 < size <= max_bytes + 1024:
        raise QueryFailed("the sandbox's process gave an answer of a wrong length")
    body = _read(process, size, deadline)
    if body[:1] == b"X":
        return {"failed": _plain(body[1:].decode("utf-8", "replace"))}
    try:
        reply = json.loads(body[1:])
    except (ValueError, RecursionError):
        raise QueryFailed("the sandbox's process gave an answer that cannot be read") from None
    if not isinstance(reply, dict):
        raise QueryFailed("the sandbox's process gave an answer that cannot be read")
    for key in ("refused", "failed"):
        if key in reply:
            return {key: _plain(str(reply[key]))}
    return reply


def _read(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert process.stdout is not None
    poller = select.poll()
    poller.register(process.stdout, select.POLLIN)
    parts = bytearray()
    while len(parts) < size:
        _wait(poller, deadline)
        try:
            part = os.read(process.stdout.fileno(), min(size - len(parts), 1 << 20))
        except BlockingIOError:
            continue
        if not part:
            raise QueryFailed("the sandbox's process ended")
        parts += part
    return bytes(parts)


def _wait(poller: select.poll, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0 or not poller.poll(left * 1000):
        raise QueryFailed("the sandbox's process does not answer; it was killed")


def _plain(message: str) -> str:
    """A message from the other side as one printable line."""
    return "".join(c if c.isprintable() else " " for c in message)[:400].strip() or "no reason was given"
