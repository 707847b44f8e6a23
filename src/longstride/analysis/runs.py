"""The parts of a run and how they stand, whatever made them: a plan's folder, one part alone, or a folder of parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longstride.analysis.logged import read_json, read_json_lines
from longstride.errors import InputError
from longstride.stages.run_folder import RUN_FILE, TIMELINE, read_steps, seconds_taken
from longstride.workspace import MANIFEST

DATA_SET, WARM_START, TRAINING, EVALUATION = "data set", "warm start", "training run", "evaluation"
MEASURED, SELECTED = "measured data set", "selected data set"
KINDS = (DATA_SET, WARM_START, TRAINING, EVALUATION, MEASURED)
METRICS = "metrics.jsonl"


@dataclass(frozen=True)
class Part:
    """One result of a run: a data set, a warm start, a stage of training, an evaluation, ..."""

    name: str
    kind: str  # one of KINDS, SELECTED, or what the plan calls it
    folder: Path
    standing: str = "done"  # or "under way": it was killed, or is at work
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])  # role -> parts
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seconds: float | None = None  # that it took, where the run tells


@dataclass(frozen=True)
class Run:
    """A run's folder, read."""

    folder: Path
    parts: tuple[Part, ...]  # in the order in which they were begun
    missing: tuple[str, ...] = ()  # what could not be read, a sentence each
    planned: bool = False  # it was made by a plan

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    def of(self, *kinds: str) -> list[Part]:
        """The parts of these kinds, in order."""
        return [part for part in self.parts if part.kind in kinds]

    def log(self, path: Path) -> str:
        """How a file of the run is named: relative to its folder."""
        return path.relative_to(self.folder).as_posix()


def read_run(folder: str | Path) -> Run:
    """The parts that stand in `folder`. Raises InputError where there is none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("is no folder", path=folder, cure="name the folder of a run")
    missing: list[str] = []
    if (folder / RUN_FILE).exists():
        try:
            return Run(folder, tuple(_planned(folder, missing)), tuple(missing), planned=True)
        except InputError as error:
            missing.append(f"{RUN_FILE}: {error.problem}; its folders are read as they stand")
    alone = _part(folder, folder.resolve().name)
    if alone is not None:
        parts = [alone]
    else:
        found = (_part(each, each.name) for each in sorted(folder.iterdir()) if each.is_dir())
        parts = [part for part in found if part is not None]
    if not parts:
        cure = "name the folder that run, train, evaluate or synthesize wrote"
        raise InputError("holds no run, nor a part of one", path=folder, cure=cure)
    return Run(folder, tuple(parts), tuple(missing))


def _planned(folder: Path, missing: list[str]) -> Iterator[Part]:
    """The steps of a plan, in the order of their first beginnings."""
    steps = read_steps(folder)
    began: dict[str, int] = {}
    try:
        lines, damaged = read_json_lines(folder / TIMELINE)
        if damaged:
            missing.append(f"{TIMELINE}: {damaged} damaged lines were left out")
        for place, line in enumerate(lines):
            if line.get("event") == "begin":
                began.setdefault(str(line.get("step")), place)
        seconds = seconds_taken(folder)
    except InputError:
        missing.append(f"{TIMELINE} is not there: how long the steps took is not known")
        seconds = {}
    for name in sorted(steps, key=lambda each: (began.get(each, len(began) + len(steps)), each)):
        step = steps[name]
        inputs = {str(role): tuple(str(each[0]) for each in given) for role, given in step["inputs"].items()}
        part = _part(folder / name, name)
        kind = part.kind if part else str(step["kind"])
        settings = part.settings if part else step["settings"]
        if step["standing"] != "done":
            missing.append(f"step {name} is not done: the run was ended before, or is still at work")
        yield Part(name, kind, folder / name, str(step["standing"]), inputs, settings, seconds.get(name))


def _part(folder: Path, name: str) -> Part | None:
    """What a folder holds, by its manifest, or by its files where it has none; None for something else."""
    manifest: Mapping[str, Any] = {}
    try:
        read = read_json(folder / MANIFEST)
        manifest = read if isinstance(read, dict) else {}
    except InputError:
        pass  # an older format: its files tell
    kind = str(manifest.get("kind", ""))
    if kind not in KINDS:
        kind = _kind_by_files(folder)
    if not kind:
        return None
    settings = manifest.get("settings")
    standing = "done" if manifest.get("complete", True) else "under way"
    return Part(name, kind, folder, standing, settings=settings if isinstance(settings, dict) else {})


def _kind_by_files(folder: Path) -> str:
    if (folder / METRICS).is_file():
        rows, _ = read_json_lines(folder / METRICS)
        return WARM_START if any("sure_tokens" in row for row in rows) else TRAINING
    if (folder / "answers").is_dir():
        return EVALUATION
    if any((folder / "samples").glob("*.parquet")):
        return SELECTED if (folder / "selection.json").is_file() else DATA_SET
    return ""
