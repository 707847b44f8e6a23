"""The learning rate of each step. The paper's is constant at 2e-6 (5.1)."""

from __future__ import annotations

import math

from longstride.errors import unknown_name

SCHEDULES = ("constant", "linear", "cosine")


def learning_rate(
    step: int,
    peak: float,
    *,
    schedule: str = "constant",  # paper 5.1
    warmup_steps: int = 0,  # not in the paper
    total_steps: int | None = None,
    final_share: float = 0.0,
) -> float:
    """The rate of step number `step`, counted from 0.

    The first `warmup_steps` rise in equal parts: peak/(n+1), 2 peak/(n+1), ...; no step is wasted at 0. Then
    "constant" stays; "linear" and "cosine" fall from the peak at the first step after, to `final_share` of it at the
    last of `total_steps`, and stay there.

    Raises ValueError for an unknown schedule, negative numbers, or a schedule that falls without `total_steps`.
    """
    if schedule not in SCHEDULES:
        raise unknown_name("schedule", schedule, SCHEDULES)
    if step < 0 or warmup_steps < 0 or not (math.isfinite(peak) and peak >= 0) or not 0 <= final_share <= 1:
        raise ValueError(f"out of range: step {step}, warmup_steps {warmup_steps}, peak {peak}, share {final_share}")
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    if schedule == "constant":
        return peak
    if total_steps is None:
        raise ValueError(f"schedule {schedule!r} needs total_steps")
    falling_steps = max(1, total_steps - 1 - warmup_steps)
    done = min(1.0, (step - warmup_steps) / falling_steps)
    left = 1 - done if schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return peak * (final_share + (1 - final_share) * left)
