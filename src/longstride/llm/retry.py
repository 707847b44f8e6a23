"""How long to wait before asking again."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_WAIT_SECONDS = 0.5  # not in the paper
LONGEST_WAIT_SECONDS = 60.0  # not in the paper
LONGEST_RETRY_AFTER_SECONDS = 300.0  # not in the paper; a server that asks for more is asked again after this


def full_jitter(failures: int, rng: random.Random) -> float:
    """Seconds to wait after so many failures in a row: evenly drawn from 0 to 0.5, 1, 2, 4 ... at most 60.

    The draw reaches down to 0, so that workers which failed together do not come back together. Raises `ValueError`
    for fewer than one failure.
    """
    if failures < 1:
        raise ValueError(f"{failures} failures: there is nothing to wait for")
    ceiling_seconds = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(failures - 1, 64))
    return rng.uniform(0.0, ceiling_seconds)


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """What the server asks for: seconds from 0 to `LONGEST_RETRY_AFTER_SECONDS`; None where it asks for nothing.

    Reads `retry-after-ms` (milliseconds), else `Retry-After` as seconds or as an HTTP date, which is compared with
    `now`, in seconds since 1970. What cannot be read counts as absent. `headers` has lower-case names, or takes any.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _capped(milliseconds / 1000)
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None:
        return _capped(seconds)
    if text is None:
        return None
    try:
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:  # HTTP dates are GMT; "-0000" reads as no zone
            date = date.replace(tzinfo=UTC)
        return _capped(date.timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _capped(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
