"""A stage of training by its metrics: rewards by task, entropy with its band, the controller (paper Figure 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from longstride.analysis.logged import Change, change_of, finite, read_json_lines
from longstride.analysis.runs import METRICS, Part, Run
from longstride.errors import InputError

REWARD, ENTROPY, KEEP_NEGATIVES = "reward", "entropy", "controller/keep_negatives"
HELD_OUT = "eval/"
DRAWN = (REWARD, ENTROPY, f"{HELD_OUT}{REWARD}")  # whose gaps are told
BANDED = ("latch", "readme")
Point = tuple[int, float]  # step, value


@dataclass(frozen=True)
class Band:
    """The edges that the controller compares the batch's entropy with (4.4), in nats."""

    low: float
    high: float
    start_entropy: float | None  # where the recipe gives the edges as shares of it


@dataclass(frozen=True)
class TrainingLog:
    """The lines of one metrics file."""

    part: Part
    log: str  # the file, relative to the run's folder
    rows: tuple[Mapping[str, Any], ...]  # a step each, each step once, in order; step 0 is before the first
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.part.name

    @cached_property
    def steps(self) -> int:
        """The last step that is logged."""
        return max((int(row["step"]) for row in self.rows), default=0)

    def points(self, name: str) -> list[Point]:
        """The finite values of a metric by step."""
        found = ((int(row["step"]), finite(row.get(name))) for row in self.rows)
        return [(step, value) for step, value in found if value is not None]

    def change(self, name: str) -> Change | None:
        """How a metric moved."""
        return change_of([value for _, value in self.points(name)], name, self.log)

    @cached_property
    def tasks(self) -> list[str]:
        """Those that have a reward of their own, by name."""
        prefix = f"{REWARD}/"
        return sorted({name.removeprefix(prefix) for row in self.rows for name in row if name.startswith(prefix)})

    @cached_property
    def controller(self) -> str:
        """What guards the entropy; empty where the settings are not known."""
        return str(_section(self.part, "aepo").get("controller", ""))

    @cached_property
    def band(self) -> Band | None:
        """None where the controller compares nothing, or the first batch's entropy is not logged."""
        aepo = _section(self.part, "aepo")
        low, high = finite(aepo.get("low")), finite(aepo.get("high"))
        if self.controller not in BANDED or low is None or high is None:
            return None
        if aepo.get("unit") != "start":
            return Band(low, high, None)
        start = next((value for step, value in self.points(ENTROPY) if step == 1), None)
        return None if start is None else Band(low * start, high * start, start)

    @cached_property
    def dropped_steps(self) -> list[int]:
        """The steps at which the controller let no negative advantage train."""
        return [step for step, keeps in self.points(KEEP_NEGATIVES) if keeps == 0]

    @cached_property
    def skipped_steps(self) -> list[int]:
        """The steps that changed no weights."""
        return [int(row["step"]) for row in self.rows if row.get("left_out")]

    @property
    def max_input_tokens(self) -> int | None:
        return _count(_section(self.part, "data").get("max_input_tokens"))

    @property
    def max_output_tokens(self) -> int | None:
        return _count(_section(self.part, "rollout").get("max_output_tokens"))

    @property
    def reads_by_memory(self) -> bool:
        """The memory agent made its trajectories."""
        return bool(self.part.settings.get("memory"))


def read_training(run: Run, part: Part) -> TrainingLog:
    """The metrics of a stage or a warm start; what is not there or damaged is told in `missing`."""
    path = part.folder / METRICS
    log, missing = run.log(path), list[str]()
    try:
        lines, damaged = read_json_lines(path)
    except InputError:
        return TrainingLog(part, log, (), (f"{log} is not there: no step was logged",))
    if damaged:
        missing.append(f"{log}: {damaged} torn or damaged {'line was' if damaged == 1 else 'lines were'} left out")
    by_step = {int(step): line for line in lines if (step := finite(line.get("step"))) is not None and step >= 0}
    if len(by_step) < len(lines):
        missing.append(f"{log}: lines without a step, or of a step that stands again, were left out")
    rows = tuple(by_step[step] for step in sorted(by_step))
    empty = sum(name in row and finite(row[name]) is None for row in rows for name in DRAWN)
    if empty:
        missing.append(f"{log}: {empty} NaN or infinite values; the curves go on without them")
    if not rows:
        missing.append(f"{log} holds no step")
    return TrainingLog(part, log, rows, tuple(missing))


def _section(part: Part, name: str) -> Mapping[str, Any]:
    section = part.settings.get(name)
    return section if isinstance(section, Mapping) else {}


def _count(value: object) -> int | None:
    number = finite(value)
    return None if number is None else int(number)
