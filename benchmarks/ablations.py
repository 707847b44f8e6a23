"""The ablations of the paper's Tables 2, 4 and 5 at tiny scale: arms times seeds, means and intervals, compute by arm.

    python benchmarks/ablations.py WORK
    python benchmarks/ablations.py WORK --write

For each seed recipes/ablations/start.toml makes worlds, questions and a warm-started model of half a million
parameters, which all arms of that seed start from; then `longstride run --sweep` trains each arm of
recipes/ablations/table_*.toml from it. Killed at any moment, the same command goes on; with everything done it only
writes the tables. WORK is a folder to keep it all in.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path
from statistics import fmean

import torch

from longstride.analysis.arms import Panel, read_panels
from longstride.analysis.overlap import overlaps
from longstride.analysis.sweeps import read_sweep
from longstride.report.sweep_tables import sweep_json, sweep_markdown
from longstride.stages.sweep import load_sweep
from timing import RESULTS, machine

RECIPES = Path(__file__).resolve().parents[1] / "recipes" / "ablations"
SWEEPS = tuple(sorted(RECIPES.glob("table_*.toml")))
ARMS = "ablations/arms"
WORLDS = {"lesson-worlds": 0, "worlds": 500, "held-out-worlds": 1_000_000}  # first number, for seed 0
SEED_WORLDS = 1000  # numbers that a seed has to itself


def longstride(work: Path, *arguments: str) -> None:
    """The command, in the folder `work`, on one thread; it goes on with what is there."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "longstride", *arguments], cwd=work, env=environment, check=True)


def run_all(work: Path) -> None:
    """What is left of the starts, then of the arms."""
    for seed in sorted({seed for path in SWEEPS for seed in load_sweep(path).seeds}):
        worlds = [f"{name}.first_world={first + SEED_WORLDS * seed}" for name, first in WORLDS.items()]
        start = str(RECIPES / "start.toml")
        longstride(work, "run", start, f"seed={seed}", *worlds, "-o", f"ablations/seed-{seed}")
    sweeps = [option for path in SWEEPS for option in ("--sweep", str(path))]
    longstride(work, "run", str(RECIPES / "base.toml"), *sweeps, "-o", ARMS)


def alike(panels: Sequence[Panel]) -> str:
    """In a sentence how alike right and wrong responses of the last steps are, all arms together (Table 3)."""
    arms = {arm.name: arm for panel in panels for arm in panel.arms}
    found = [each for arm in arms.values() for each in overlaps(arm.groups())]
    told = [(each.questions, each.right_wrong, each.elsewhere) for each in found if each.elsewhere is not None]
    questions = sum(count for count, _, _ in told)
    within = sum(count * value for count, value, _ in told) / questions
    across = sum(count * value for count, _, value in told) / questions
    return (
        f"In the last step's rollouts of all arms ROUGE-L of right with wrong responses to one question is "
        f"{100 * within:.0f} (over {questions} questions that some responses solve and others do not), with wrong "
        f"responses to another question of the task {100 * across:.0f}."
    )


def written(work: Path, command: str, date: str) -> Path:
    """Write benchmarks/results/ablations.md and .json; gives the first's path."""
    log, facts = read_sweep(work / ARMS), machine()
    told = [run.cpu_seconds for run in log.runs if run.cpu_seconds is not None]
    parts = [
        "# ablations",
        f"{date}; {', '.join(f'{key} {value}' for key, value in facts.items())}.",
        f"    {command}",
        *(sweep_markdown(table) for table in log.tables),
        f"{len(log.runs)} runs took {sum(told) / 60:.0f} processor minutes on one thread, "
        f"{fmean(told):.0f} s each, held-out evaluation included.",
    ]
    parts.append(alike(read_panels([work / ARMS])[0]))
    path = RESULTS / "ablations.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    record = {"name": "ablations", "date": date, "machine": facts, "command": command, **sweep_json(log)}
    path.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a folder to keep the runs in")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/ablations.md and .json")
    parser.add_argument("--date", default=Date.today().isoformat(), help="the date to write, ISO; today if left out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    run_all(options.work)
    if options.write:
        print(written(options.work, "python benchmarks/ablations.py WORK --write", options.date))


if __name__ == "__main__":
    main()
