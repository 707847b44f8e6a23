"""A number together with the log that it is from, so that a page of numbers can be checked against the logs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, variance
from typing import Any, Literal

from longstride.errors import InputError

ENDS = 10  # steps at each end of a run that are averaged, where it has as many as twice that; not in the paper
SURE = 2.0  # standard errors that a change must exceed; not in the paper


@dataclass(frozen=True)
class Logged:
    """A number that stands in a log, or follows from one."""

    value: float
    log: str  # the file, relative to the run's folder
    how: str = ""  # how it follows from the file; empty where it stands there as it is


@dataclass(frozen=True)
class Change:
    """How a quantity moved from the first steps to the last, against its noise from step to step."""

    first: Logged
    last: Logged
    steps: int  # averaged at each end
    noise: float  # the standard error of the difference, from the spread within both ends

    @property
    def difference(self) -> float:
        return self.last.value - self.first.value

    @property
    def direction(self) -> Literal["up", "down", "unclear"]:
        """Unclear where the difference is within `SURE` standard errors, and where two steps give no spread."""
        if self.steps < 2 or abs(self.difference) <= SURE * self.noise:
            return "unclear"
        return "up" if self.difference > 0 else "down"


def change_of(values: Sequence[float], name: str, log: str) -> Change | None:
    """From the mean of the first values to that of the last; None for fewer than two values.

    At each end a quarter of the values is averaged, ten at most.
    """
    if len(values) < 2:
        return None
    steps = max(1, min(ENDS, len(values) // 4))
    first, last = values[:steps], values[-steps:]
    noise = math.sqrt((variance(first) + variance(last)) / steps) if steps > 1 else 0.0
    return Change(
        Logged(fmean(first), log, f"mean of {name}, first {steps}"),
        Logged(fmean(last), log, f"mean of {name}, last {steps}"),
        steps,
        noise,
    )


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises InputError where it is not there, or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("is not there", path=path) from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot be read ({type(error).__name__})", path=path) from None


def read_json_lines(path: Path) -> tuple[list[dict[str, Any]], int]:
    """(the objects of a JSON-lines file in order, how many lines are none: half written, or damaged).

    Raises InputError where there is no file.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise InputError("is not there", path=path) from None
    rows: list[dict[str, Any]] = []
    damaged = 0
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            rows.append(row)
        elif line.strip():
            damaged += 1
    return rows, damaged


def finite(value: object) -> float | None:
    """A number that can be drawn; None for what is missing, a text, NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
