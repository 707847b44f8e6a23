"""A sweep: arms times seeds over one training recipe, a run each (the paper's ablations: Tables 2, 4 and 5).

A sweep's file names its arms; each states what differs from the recipe, as the recipe's own tables:

    about = "Which standard deviation divides the advantages (Table 2)"
    base = "group"            # the arm that the others are compared with
    seeds = [0, 1, 2, 3, 4]

    [settings]                # of every arm; {seed} stands for the run's seed
    model.path = "start/seed-{seed}/model"

    [arms.group]
    advantage.kind = "group"

    [arms.task]
    advantage.kind = "task"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from longstride.engines.local.recipe import Recipe, Section
from longstride.engines.local.recipe_files import load_recipe
from longstride.errors import InputError
from longstride.stages.expansion import PATTERNS
from longstride.stages.jobs import Input, Job
from longstride.stages.plan import NAME
from longstride.stages.stage_recipes import training_identity

SEED = "{seed}"
RECORD = "sweep.json"  # in the run's folder: which run is which arm's
PERFORM = "longstride.stages.kinds.train_arm:perform"


class Sweep(Section):
    """One table of arms."""

    about: str = Field(min_length=1)
    base: str
    seeds: tuple[int, ...] = Field(min_length=1)
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    arms: dict[str, dict[str, Any]] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Sweep:
        if self.base not in self.arms:
            raise ValueError(f"base is {self.base!r:.80}, which is no arm; known: {', '.join(self.arms)}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed stands twice in seeds")
        return self


@dataclass(frozen=True)
class ArmRun:
    """One training run of a sweep."""

    arm: str
    seed: int
    recipe: Recipe

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.arm}.seed-{self.seed}"


def load_sweep(path: str | Path) -> Sweep:
    """The sweep of a TOML file. Raises InputError, in one line, for a file that cannot be used."""
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path, cure="name a sweep's file") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError
        raise InputError(f"is no TOML: {' '.join(str(error).split())}", path=path) from None
    try:
        sweep = Sweep.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        cure = "a sweep has about, base, seeds, settings and arms"
        raise InputError(
            first["msg"].removeprefix("Value error, "), path=path, field=place or None, cure=cure
        ) from None
    for arm in sweep.arms:
        if re.fullmatch(NAME, arm) is None:
            cure = "use small letters, digits, - and _"
            raise InputError("is no name of a folder", path=path, field=f"arms.{arm:.80}", cure=cure)
    return sweep


def sweep_runs(recipe: str | Path, sweeps: Sequence[Sweep], overrides: Sequence[str] = ()) -> list[ArmRun]:
    """The runs of `sweeps` over the recipe's file: seed after seed, in each the arms in their order, each run once.

    What lies on top of what: the recipe, a sweep's settings, the arm, `overrides`, the seed. Raises InputError for
    settings that cannot be used, and for an arm that two sweeps describe differently.
    """
    runs: dict[tuple[int, str], ArmRun] = {}
    for sweep in sweeps:
        for seed in sweep.seeds:
            for arm, differs in sweep.arms.items():
                laid = [*dotted(sweep.settings), *dotted(differs), *overrides]
                given = [each.replace(SEED, str(seed)) for each in laid]
                run = ArmRun(arm, seed, load_recipe(recipe, [*given, f"seed={seed}"]))
                held = runs.setdefault((seed, arm), run)
                if held.recipe != run.recipe:
                    raise InputError(
                        "is not the same in two sweeps", field=f"arms.{arm}", cure="name one of the two differently"
                    )
    seeds = list(dict.fromkeys(seed for seed, _ in runs))
    return sorted(runs.values(), key=lambda run: seeds.index(run.seed))


def sweep_jobs(runs: Sequence[ArmRun]) -> list[Job]:
    """A job for each run; none needs another."""
    return [_job(run) for run in runs]


def sweep_record(runs: Sequence[ArmRun], sweeps: Sequence[Sweep]) -> dict[str, Any]:
    """What a reader of the finished folder must know, as plain JSON."""
    tables = [
        {"about": each.about, "base": each.base, "arms": list(each.arms), "seeds": list(each.seeds)} for each in sweeps
    ]
    return {"tables": tables, "runs": {run.name: {"arm": run.arm, "seed": run.seed} for run in runs}}


def show_sweeps(runs: Sequence[ArmRun], sweeps: Sequence[Sweep]) -> str:
    """What each arm states, sweep by sweep, and how many runs that makes."""
    lines: list[str] = []
    for sweep in sweeps:
        lines += [f"# {sweep.about}; seeds {', '.join(map(str, sweep.seeds))}"]
        lines += [f"every arm: {setting}" for setting in dotted(sweep.settings)]
        for arm, differs in sweep.arms.items():
            about = ", ".join(dotted(differs)) or "the recipe as it is"
            lines.append(f"{arm}{' (the others are compared with it)' if arm == sweep.base else ''}: {about}")
    return "\n".join([*lines, f"{len(runs)} runs"]) + "\n"


def dotted(values: Mapping[str, Any]) -> list[str]:
    """`{"optimizer": {"lr": 0.1}}` as `["optimizer.lr=0.1"]`, which `load_recipe` reads."""
    return [
        f"{'.'.join(place)}={json.dumps(value, ensure_ascii=False, default=str)}"
        for place, value in _leaves(values, ())
    ]


def _leaves(values: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, name))
        else:
            yield (*place, name), value


def _job(run: ArmRun) -> Job:
    recipe = run.recipe
    inputs = {
        "model": (Input(recipe.model.path, patterns=PATTERNS["model"]),),
        "data": tuple(Input(folder, patterns=PATTERNS["data"]) for folder in recipe.data.folders),
    }
    if recipe.data.held_out_folder is not None:
        inputs["held_out"] = (Input(recipe.data.held_out_folder, patterns=PATTERNS["data"]),)
    if recipe.reward.models is not None:
        inputs["judge"] = (Input(recipe.reward.models),)
    return Job(
        run.name,
        "train",
        PERFORM,
        training_identity(recipe),
        inputs,
        {"recipe": recipe.model_dump(mode="json")},
        about=f"{run.arm}, seed {run.seed}: {recipe.steps:,} steps",
        lines=("metrics.jsonl", recipe.steps + bool(recipe.eval.every)),
    )
