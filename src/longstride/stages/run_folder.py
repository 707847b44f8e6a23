"""The folder of a run: what stands in it, of which plan, and whether that plan has changed.

OUT/run.json          each step that was begun: its settings, its inputs, and whether it is done
OUT/timeline.jsonl    when steps began and ended
OUT/logs/STEP.log     what a step printed
OUT/STEP/             its result
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from longstride import __version__
from longstride.errors import InputError
from longstride.file_lock import FileLock
from longstride.stages.jobs import Fingerprint, Job, dependents
from longstride.workspace import differences, write_json

RUN_FILE, TIMELINE, LOGS = "run.json", "timeline.jsonl", "logs"
LOCK = ".lock"  # of the run
AT_WORK = ".at-work"  # shared by its processes, which may outlive a run that was killed by a moment
MOMENT_SECONDS = 10.0
DOOMED = ".removed-"
Standing = Literal["done", "under way", "to do", "changed"]


@dataclass(frozen=True)
class StepState:
    """How a step stands."""

    standing: Standing
    changes: tuple[str, ...] = ()  # since it was begun, a phrase each


class RunFolder:
    """`with RunFolder(path) as folder:` reads and changes it alone. Raises InputError where another run is at work."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path / LOCK)
        self._steps: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> RunFolder:
        if self.path.exists() and not self.path.is_dir():
            raise InputError("is a file, expected a folder", path=self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        if not self._lock.exclusive(timeout_seconds=0):
            raise InputError("another run is at work there", path=self.path, cure="wait for it, or end it")
        try:
            self._await_earlier_processes()
            self._steps = read_steps(self.path)
        except BaseException:
            self._lock.release()
            raise
        for leftover in self.path.glob(f"{DOOMED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def states(self, jobs: Sequence[Job], now: Mapping[str, Fingerprint]) -> dict[str, StepState]:
        """How each job of a plan stands."""
        return states(self.path, self._steps, jobs, now)

    def refuse_strangers(self, jobs: Iterable[Job]) -> None:
        """InputError where a step's folder is there and the run knows nothing of it."""
        for job in jobs:
            if job.name not in self._steps and (self.path / job.name).exists():
                cure = "name another --output, or remove it"
                raise InputError(
                    "stands where a step's result goes, and is of no run", path=self.path / job.name, cure=cure
                )

    def begin(self, job: Job, fingerprint: Fingerprint) -> None:
        """A step begins, or goes on."""
        self._record(job, fingerprint, "under way")
        self.note("begin", job.name)

    def finish(self, job: Job, fingerprint: Fingerprint, seconds: float) -> None:
        """A step is done."""
        self._record(job, fingerprint, "done")
        self.note("done", job.name, seconds=round(seconds, 3))

    def note(self, event: str, step: str, **values: Any) -> None:
        """Add a line to the timeline."""
        line = {"time": round(time.time(), 3), "event": event, "step": step, **values}
        with (self.path / TIMELINE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def clear(self, jobs: Sequence[Job], step: str) -> list[str]:
        """Remove the results of a step and of all that needs it; their names."""
        cleared = [name for name in dependents(jobs, [step]) if name in self._steps or (self.path / name).exists()]
        for name in cleared:
            self._steps.pop(name, None)
        self._write()
        for name in cleared:
            doomed = self.path / f"{DOOMED}{name}"
            if (self.path / name).exists():
                os.rename(self.path / name, doomed)
                shutil.rmtree(doomed)
            log_path(self.path, name).unlink(missing_ok=True)
            self.note("removed", name)
        return cleared

    def _await_earlier_processes(self) -> None:
        """Processes of a run that was killed end by themselves; nothing is begun while they still write."""
        lock = FileLock(self.path / AT_WORK)
        if not lock.exclusive(MOMENT_SECONDS):
            raise InputError("a process of an earlier run is still at work there", path=self.path, cure="end it")
        lock.release()

    def _record(self, job: Job, fingerprint: Fingerprint, standing: Standing) -> None:
        self._steps[job.name] = {
            "kind": job.kind,
            "fingerprint": fingerprint.digest,
            "settings": fingerprint.settings,
            "inputs": fingerprint.inputs,
            "standing": standing,
            "longstride": __version__,
        }
        self._write()

    def _write(self) -> None:
        write_json(self.path / RUN_FILE, {"steps": self._steps})


def log_path(output: Path, step: str) -> Path:
    """What a step printed."""
    return output / LOGS / f"{step}.log"


def read_steps(output: Path) -> dict[str, dict[str, Any]]:
    """What a run's folder records of its steps; nothing where there is no run. InputError for a damaged record."""
    path = output / RUN_FILE
    if not path.exists():
        return {}
    try:
        steps = json.loads(path.read_text(encoding="utf-8"))["steps"]
        if all({"kind", "fingerprint", "settings", "inputs", "standing"} <= set(each) for each in steps.values()):
            return steps
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise InputError("is no record of a run", path=path, cure="name another --output")


def states(
    output: Path, recorded: Mapping[str, Mapping[str, Any]], jobs: Sequence[Job], now: Mapping[str, Fingerprint]
) -> dict[str, StepState]:
    """How each job of a plan stands in the folder `output`, whose record is `recorded`."""
    found: dict[str, StepState] = {}
    for job in jobs:
        entry = recorded.get(job.name)
        if entry is None or not (output / job.name).exists():
            found[job.name] = StepState("to do")
        elif entry["fingerprint"] != now[job.name].digest:
            found[job.name] = StepState("changed", tuple(_changes(job, entry, now[job.name])))
        else:
            found[job.name] = StepState("done" if entry["standing"] == "done" else "under way")
    return found


def seconds_taken(output: Path) -> dict[str, float]:
    """How long each step took, over all its pieces, by the timeline. A piece that was killed is not in it."""
    seconds: dict[str, float] = {}
    path = output / TIMELINE
    if path.exists():
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
                if line["event"] == "removed":
                    seconds.pop(line["step"], None)
                elif "seconds" in line:
                    seconds[line["step"]] = seconds.get(line["step"], 0.0) + float(line["seconds"])
            except (ValueError, KeyError, TypeError):
                continue
    return seconds


def _changes(job: Job, entry: Mapping[str, Any], now: Fingerprint) -> list[str]:
    """What differs, settings before inputs: an input that changed may be what another step's change brought."""
    if entry["kind"] != job.kind:
        return [f"kind {entry['kind']}, now {job.kind}"]
    changes = differences(entry["settings"], now.settings)
    if entry.get("longstride") != __version__:
        changes.append(f"longstride {entry.get('longstride')}, now {__version__}")
    for role in sorted({*entry["inputs"], *now.inputs}):
        before, after = entry["inputs"].get(role, []), now.inputs.get(role, [])
        if [digest for _, digest in before] == [digest for _, digest in after]:
            continue
        names, others = [name for name, _ in before], [name for name, _ in after]
        if names != others:
            changes.append(f"{role} {', '.join(names)}, now {', '.join(others)}")
        else:
            old = dict(map(tuple, before))
            changed = [name for name, digest in after if old[name] != digest]
            changes.append(f"{', '.join(changed)} changed")
    return changes
