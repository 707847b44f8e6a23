"""Arms times seeds over one recipe: what each run is made of, and what a sweep's file may not say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.stages.jobs import Job
from longstride.stages.runner import run_jobs
from longstride.stages.sweep import Sweep, dotted, load_sweep, show_sweeps, sweep_jobs, sweep_record, sweep_runs

RECIPE = """
steps = 4
model.path = "start/model"
data.folders = ["data"]
optimizer.lr = 1e-3
"""
SWEEP = """
about = "which std"
base = "group"
seeds = [3, 1]

[settings]
model.path = "start/{seed}/model"
data.folders = ["data/{seed}"]
optimizer.lr = 2e-3

[arms.group]
advantage.kind = "group"

[arms.task]
advantage.kind = "task"
optimizer = { lr = 5e-3, betas = [0.9, 0.95] }
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def sweep_of(folder: Path, text: str = SWEEP) -> Sweep:
    path = folder / f"sweep-{hashlib.sha256(text.encode()).hexdigest()[:8]}.toml"
    path.write_text(text)
    return load_sweep(path)


def test_seed_after_seed_each_arm_runs_once(recipe: Path, tmp_path: Path):
    runs = sweep_runs(recipe, [sweep_of(tmp_path)])
    assert [run.name for run in runs] == ["group.seed-3", "task.seed-3", "group.seed-1", "task.seed-1"]
    assert [run.recipe.seed for run in runs] == [3, 3, 1, 1]


def test_an_arm_lies_on_the_settings_and_these_on_the_recipe(recipe: Path, tmp_path: Path):
    group, task, *_ = (run.recipe for run in sweep_runs(recipe, [sweep_of(tmp_path)]))
    assert (group.advantage.kind, group.optimizer.lr, group.optimizer.betas) == ("group", 2e-3, (0.9, 0.999))
    assert (task.advantage.kind, task.optimizer.lr, task.optimizer.betas) == ("task", 5e-3, (0.9, 0.95))
    assert group.steps == task.steps == 4
    assert (group.model.path, group.data.folders) == ("start/3/model", ("data/3",))


def test_the_command_line_lies_on_the_arms_and_knows_the_seed(recipe: Path, tmp_path: Path):
    runs = sweep_runs(recipe, [sweep_of(tmp_path)], ["optimizer.lr=0.5", "model.path=other-{seed}"])
    assert {run.recipe.optimizer.lr for run in runs} == {0.5}
    assert runs[-1].recipe.model.path == "other-1"


def test_an_arm_of_two_sweeps_is_run_once(recipe: Path, tmp_path: Path):
    other = SWEEP.replace("[arms.task]", "[arms.batch]").replace('"task"', '"batch"').replace("[3, 1]", "[3, 7]")
    runs = sweep_runs(recipe, [sweep_of(tmp_path), sweep_of(tmp_path, other)])
    assert [run.name for run in runs] == [
        *("group.seed-3", "task.seed-3", "batch.seed-3"),
        *("group.seed-1", "task.seed-1"),
        *("group.seed-7", "batch.seed-7"),
    ]


def test_an_arm_that_two_sweeps_describe_differently_is_refused(recipe: Path, tmp_path: Path):
    other = SWEEP.replace("lr = 2e-3", "lr = 3e-3")
    with pytest.raises(InputError, match="not the same in two sweeps"):
        sweep_runs(recipe, [sweep_of(tmp_path), sweep_of(tmp_path, other)])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("about =", "is no TOML"),
        (SWEEP.replace('base = "group"', 'base = "grup"'), "which is no arm; known: group, task"),
        (SWEEP.replace("[3, 1]", "[1, 1]"), "a seed stands twice"),
        (SWEEP.replace("[3, 1]", "[]"), "seeds: "),
        (SWEEP.replace("seeds =", "sedes ="), "seeds: "),
        (SWEEP.replace("[arms.task]", '[arms."../task"]'), "is no name of a folder"),
        (SWEEP.replace("[arms.task]", '[arms.""]'), "is no name of a folder"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(text: str, problem: str, tmp_path: Path):
    with pytest.raises(InputError, match=problem) as caught:
        sweep_of(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_setting_that_no_recipe_has_is_named(recipe: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"advantage\.kid.*unknown setting"):
        sweep_runs(recipe, [sweep_of(tmp_path, SWEEP.replace("advantage.kind", "advantage.kid"))])
    with pytest.raises(InputError, match="cannot be read"):
        load_sweep(tmp_path / "nowhere.toml")


def test_tables_become_overrides():
    assert dotted({"steps": 3, "optimizer": {"betas": [0.9, 0.95]}, "model": {"path": 'a "b" ü'}}) == [
        "steps=3",
        "optimizer.betas=[0.9, 0.95]",
        'model.path="a \\"b\\" ü"',
    ]


def test_what_decides_a_run_is_told_apart_from_where_things_stand(recipe: Path, tmp_path: Path):
    first, second, *_ = sweep_jobs(sweep_runs(recipe, [sweep_of(tmp_path)]))
    assert (first.name, first.kind, first.needs) == ("group.seed-3", "train", ())
    assert first.inputs["model"][0].path == "start/3/model"
    assert "path" not in first.settings["model"]
    assert first.settings["advantage"]["kind"] != second.settings["advantage"]["kind"]
    assert first.lines == ("metrics.jsonl", 5)  # four steps, and the evaluation before them


def test_the_record_tells_which_run_is_whose(recipe: Path, tmp_path: Path):
    sweep = sweep_of(tmp_path)
    record = sweep_record(sweep_runs(recipe, [sweep]), [sweep])
    assert record["tables"] == [{"about": "which std", "base": "group", "arms": ["group", "task"], "seeds": [3, 1]}]
    assert record["runs"]["task.seed-1"] == {"arm": "task", "seed": 1}


def test_what_the_arms_state_is_shown(recipe: Path, tmp_path: Path):
    sweep = sweep_of(tmp_path)
    shown = show_sweeps(sweep_runs(recipe, [sweep]), [sweep])
    assert 'group (the others are compared with it): advantage.kind="group"' in shown
    assert shown.endswith("4 runs\n")


def test_what_is_done_stays_and_a_new_seed_is_added(
    fake: Callable[..., Job], recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def jobs(text: str) -> list[Job]:
        stand_in = fake("stand-in")
        return [
            replace(stand_in, name=run.name, settings={"parts": 1, "arm": run.arm, "seed": run.seed})
            for run in sweep_runs(recipe, [sweep_of(tmp_path, text)])
        ]

    output = tmp_path / "out"
    assert len(run_jobs(jobs(SWEEP), output).done) == 4
    assert len(run_jobs(jobs(SWEEP.replace("[3, 1]", "[3, 1, 5]")), output).done) == 6
    assert {file.read_text() for file in output.glob("*/count")} == {"x"}  # each part was written once
