"""Time, in a form that a test can hold in its hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Where the client reads the time and how it waits: all in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time  # since 1970, to read a Retry-After that names a date
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
