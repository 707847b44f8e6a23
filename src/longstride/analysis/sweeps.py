"""A sweep in numbers: what each arm reached, over its seeds and against the base arm (paper Tables 2, 4, 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from longstride.analysis.intervals import Estimate, run_mean
from longstride.analysis.logged import finite, read_json
from longstride.analysis.runs import TRAINING, Run, read_run
from longstride.analysis.training import ENTROPY, HELD_OUT, REWARD, TrainingLog, read_training
from longstride.errors import InputError

SWEEP_RECORD = "sweep.json"
COST = "cost.json"
RESPONSE_TOKENS = "response_tokens"
HELD_OUT_REWARD = f"{HELD_OUT}{REWARD}"


@dataclass(frozen=True)
class SweptRun:
    """One run that is done."""

    arm: str
    seed: int
    log: TrainingLog
    cpu_seconds: float | None

    @property
    def held_out(self) -> float | None:
        """The last held-out reward."""
        points = self.log.points(HELD_OUT_REWARD)
        return points[-1][1] if points else None

    @property
    def held_out_before(self) -> float | None:
        """That of the model before its first step."""
        points = self.log.points(HELD_OUT_REWARD)
        return points[0][1] if points and points[0][0] == 0 else None

    def last(self, metric: str) -> float | None:
        """The mean over the last steps: a quarter of them, ten at most."""
        change = self.log.change(metric)
        return None if change is None else change.last.value


@dataclass(frozen=True)
class ArmRow:
    """An arm over its seeds; None where no run tells."""

    arm: str
    seeds: tuple[int, ...]
    held_out: Estimate | None
    over_base: Estimate | None  # the mean of the differences from the base arm's run of the same seed
    entropy: Estimate | None  # nats, of the last steps
    response_tokens: Estimate | None  # of the last steps
    cpu_seconds: Estimate | None  # of a run


@dataclass(frozen=True)
class SweepTable:
    """The arms of one table."""

    about: str
    base: str
    before: Estimate | None  # the held-out reward of the models that training began with
    rows: tuple[ArmRow, ...]
    missing: tuple[str, ...]  # runs that are not done


@dataclass(frozen=True)
class SweepLog:
    """All runs of a sweep that are done, and its tables."""

    run: Run
    runs: tuple[SweptRun, ...]
    tables: tuple[SweepTable, ...]


def is_sweep(folder: Path) -> bool:
    """Whether `longstride run --sweep` wrote the folder."""
    return (folder / SWEEP_RECORD).is_file()


def read_sweep(folder: str | Path) -> SweepLog:
    """The arms of a sweep's folder, over the runs that are done. Raises InputError for a folder that is no sweep's."""
    run = read_run(folder)
    path = Path(folder) / SWEEP_RECORD
    record = read_json(path)
    parts = {part.name: part for part in run.of(TRAINING) if part.standing == "done"}
    try:
        named = {str(name): (str(each["arm"]), int(each["seed"])) for name, each in record["runs"].items()}
        described = [
            (str(each["about"]), str(each["base"]), [str(arm) for arm in each["arms"]], [int(s) for s in each["seeds"]])
            for each in record["tables"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError("is no record of a sweep", path=path) from None
    runs = {
        (arm, seed): SweptRun(arm, seed, read_training(run, parts[name]), _cpu_seconds(parts[name].folder))
        for name, (arm, seed) in named.items()
        if name in parts
    }
    tables = tuple(sweep_table(runs, *each) for each in described)
    return SweepLog(run, tuple(runs.values()), tables)


def sweep_table(
    runs: Mapping[tuple[str, int], SweptRun], about: str, base: str, arms: Sequence[str], seeds: Sequence[int]
) -> SweepTable:
    """The rows of one table from the runs by (arm, seed)."""
    missing = tuple(f"{arm}, seed {seed}" for arm in arms for seed in seeds if (arm, seed) not in runs)
    before = {seed: runs[base, seed].held_out_before for seed in seeds if (base, seed) in runs}
    rows = [_row(runs, base, arm, seeds) for arm in arms]
    return SweepTable(about, base, _mean(list(before.values())), tuple(rows), missing)


def _row(runs: Mapping[tuple[str, int], SweptRun], base: str, arm: str, seeds: Sequence[int]) -> ArmRow:
    held = [runs[arm, seed] for seed in seeds if (arm, seed) in runs]
    pairs = [(each.held_out, runs[base, each.seed].held_out) for each in held if (base, each.seed) in runs]
    over_base = [one - other for one, other in pairs if one is not None and other is not None]
    return ArmRow(
        arm,
        tuple(each.seed for each in held),
        _mean([each.held_out for each in held]),
        _mean(over_base) if arm != base else None,
        _mean([each.last(ENTROPY) for each in held]),
        _mean([each.last(RESPONSE_TOKENS) for each in held]),
        _mean([each.cpu_seconds for each in held]),
    )


def _mean(values: Sequence[float | None]) -> Estimate | None:
    told = [value for value in values if value is not None]
    return run_mean(told) if told else None


def _cpu_seconds(folder: Path) -> float | None:
    try:
        cost = read_json(folder / COST)
    except InputError:
        return None
    return finite(cost.get("cpu_seconds")) if isinstance(cost, dict) else None
