"""What a step measured, by name, and the file that keeps it: `metrics.jsonl`, a line a step.

Names with a slash are of one kind: `reward/multi_hop`, `seconds/rollout`. Steps count from 1; line 0 is what was
evaluated before the first.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import torch

from longstride.engines.local.step import StepPlan
from longstride.engines.local.updating import Step
from longstride.files import replacing
from longstride.records import Trajectory, TrajectoryGroup

Metrics = dict[str, float | str | None]


def reward_metrics(groups: Iterable[TrajectoryGroup], prefix: str = "") -> Metrics:
    """Mean reward, in all and by task, and what the responses were like.

    Of the memory agent also how many updates a trajectory had to make again, how many chunks left its memory as it was
    because none was taken, and the tokens of the memory after a chunk.
    """
    trajectories: list[Trajectory] = [each for group in groups for each in group.trajectories]
    by_task: dict[str, list[float]] = {}
    for each in trajectories:
        by_task.setdefault(each.task, []).append(each.reward)
    turns = [turn for each in trajectories for turn in each.turns]
    masses = [mass for turn in turns for mass in turn.nucleus_mass or ()]
    found: Metrics = {"reward": _mean([each.reward for each in trajectories])}
    found |= {f"reward/{task}": _mean(rewards) for task, rewards in sorted(by_task.items())}
    found["response_tokens"] = _mean([float(each.response_tokens) for each in trajectories])
    found["cut_share"] = _mean([float(turn.finish_reason == "length") for turn in turns])
    decided = [each.details.get("decided_by") for each in trajectories]
    found["no_answer_share"] = _mean([float(each == "no_answer") for each in decided])
    if any(each.details.get("judge_asked") for each in trajectories):
        found["judge/asked"], found["judge/failed"] = map(float, judge_counts(trajectories))
    read = [each.details for each in trajectories if "memory_tokens" in each.details]
    if read:
        found["memory/asked_again"] = _mean([float(each["asked_again"]) for each in read])
        found["memory/kept"] = _mean([float(each["kept"]) for each in read])
        found["memory/tokens"] = _mean([float(tokens) for each in read for tokens in each["memory_tokens"]])
    if masses:
        found["nucleus_mass"] = _mean(masses)
    return {prefix + name: value for name, value in found.items()}


def judge_counts(trajectories: Iterable[Trajectory]) -> tuple[int, int]:
    """(how many responses a judge was asked about, how many of those got no verdict)."""
    asked = [each for each in trajectories if each.details.get("judge_asked")]
    return len(asked), sum(each.details.get("decided_by") == "judge_failed" for each in asked)


def plan_metrics(plan: StepPlan) -> Metrics:
    """Entropies, and what the masks and the rewards left to learn from."""
    groups = len(plan.batch.groups)
    teaching = {plan.batch.group_R[row] for row, learns in enumerate(plan.learns_R.tolist()) if learns}
    return {
        "entropy": plan.batch_entropy,
        "entropy_token_mean": plan.token_entropy,
        "kept_share": plan.kept_share,
        "kept_trajectories": float(plan.keep_B.float().mean()),
        "teaching_groups": len(teaching) / groups,
    }


def update_metrics(steps: Sequence[Step], max_norm: float) -> Metrics:
    """Of a batch's optimizer steps; norms are means over those that were taken."""
    taken = [step for step in steps if not step.left_out]
    scored = sum(step.scored_tokens for step in steps)
    found: Metrics = {"optimizer_steps": float(len(taken))}
    norms = {
        "gradient_norm": [step.gradient_norm for step in steps],
        "gradient_norm_positive": [step.positive_norm for step in steps],
        "gradient_norm_negative": [step.negative_norm for step in steps],
    }
    for name, values in norms.items():
        held = [value for value in values if value is not None]
        if held:
            found[name] = _mean(held)
    found["clipped_steps"] = float(sum((step.gradient_norm or 0.0) > max_norm for step in taken))
    if scored:
        found["mismatch_mean"] = sum(step.mismatch_sum for step in steps) / scored
        found["mismatch_max"] = max(step.mismatch_max for step in steps)
    reasons = [step.left_out for step in steps if step.left_out]
    if reasons:
        found["left_out"] = reasons[0]
    return found


def peak_memory_bytes(device: torch.device) -> int:
    """The most that was held so far: of the GPU's memory, or of the process's on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class MetricsFile:
    """`with MetricsFile(path, after=step) as file:` goes on after the line of `step`; what lies beyond is dropped.

    A line that a kill left half written goes with the steps that are taken again, so every step stands there once.
    """

    def __init__(self, path: Path, after: int) -> None:
        self.path, self._after = path, after

    def __enter__(self) -> MetricsFile:
        kept = [json.dumps(line) for line in read_metrics(self.path) if int(str(line["step"])) <= self._after]
        with replacing(self.path) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, step: int, metrics: Mapping[str, float | str | None]) -> None:
        """Add the line of a step; it is on the disk when this returns. NaN and infinities stand as null."""
        line = {name: _finite(value) for name, value in metrics.items()}
        self._file.write(json.dumps({"step": step, **line}, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read_metrics(path: Path) -> list[Metrics]:
    """The lines of a metrics file, in order, up to one that is half written; none where there is no file."""
    lines: list[Metrics] = []
    if path.exists():
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                lines.append(json.loads(text))
            except ValueError:
                break
    return lines


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _finite(value: float | str | None) -> float | str | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value
