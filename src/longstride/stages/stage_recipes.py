"""The training recipe of a stage: what all stages share, what the stage says, and its lengths."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from longstride.engines.local.recipe import Recipe
from longstride.errors import InputError
from longstride.stages.plan import StageStep
from longstride.stages.work import Work

PLACE = "-"  # of the model and the data, which the run fills in
SET_BY_THE_STAGE = (
    ("model", "path"),
    ("data", "folders"),
    ("data", "max_input_tokens"),
    ("data", "held_out_folder"),
    ("rollout", "max_output_tokens"),
    ("steps",),
    ("seed",),
)
ONLY_TRAINING = frozenset(
    ("batch", "advantage", "loss", "negative_clipping", "aepo", "optimizer", "update", "gradient_by_sign", "steps")
)


def stage_recipe(step: StageStep, shared: Mapping[str, Any], seed: int) -> Recipe:
    """The recipe of a stage, without the places of its model and data.

    Raises InputError for sections that cannot be used, and for settings that the stage itself states.
    """
    values = laid_over(_shared_by(step, shared), step.recipe)
    for section in ("model", "data", "rollout"):
        if not isinstance(values.get(section, {}), Mapping):
            raise InputError("is a value, expected a table", field=f"{step.name}.recipe.{section}")
    for place in SET_BY_THE_STAGE:
        if _has(values, place):
            name = ".".join(place)
            cure = f"take {name} out of [training] and recipe; the step's own settings say it"
            raise InputError(f"{name} is set by the stage", field=f"{step.name}.recipe", cure=cure)
    stated: dict[str, Any] = {
        "model": {"path": PLACE},
        "data": {"folders": [PLACE], "max_input_tokens": step.max_input_tokens},
        "rollout": {"max_output_tokens": step.max_output_tokens},
        "steps": step.steps,
        "seed": seed,
    }
    if step.held_out is not None:
        stated["data"]["held_out_folder"] = PLACE
    if step.kind == "memory":
        stated["memory"] = {}
    values = laid_over({"data": {"held_out_share": 0.0}}, laid_over(values, stated))
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        cure = "`longstride train RECIPE --show` prints every setting of a training recipe"
        raise InputError(problem, field=f"{step.name}.recipe.{place}", cure=cure) from None


def training_identity(recipe: Recipe) -> dict[str, Any]:
    """What decides the weights after the stage, but for its inputs' content."""
    whole = {**recipe.identity(), "steps": recipe.steps}
    places = {"model": "path", "data": "folders", "reward": "models"}
    return {**whole, **{section: _without(whole[section], name) for section, name in places.items()}}


def measuring_identity(recipe: Recipe) -> dict[str, Any]:
    """What decides a stage's pass rates, but for its inputs' content and the number of rollouts."""
    whole = training_identity(recipe)
    kept = {name: value for name, value in whole.items() if name not in ONLY_TRAINING}
    return {
        **kept,
        "rollout": _without(whole["rollout"], "group_size"),
        "data": _without(whole["data"], "held_out_folder", "held_out_share"),
    }


def placed(work: Work) -> Recipe:
    """A stage's recipe, as `Recipe.model_dump` gave it, with the places that the run knows."""
    held_out, judge = work.inputs.get("held_out"), work.inputs.get("judge")
    places = {
        "model": {"path": str(work.input("model"))},
        "data": {
            "folders": [str(folder) for folder in work.inputs["data"]],
            "held_out_folder": str(held_out[0]) if held_out else None,
        },
        "reward": {"models": str(judge[0]) if judge else None},
    }
    return Recipe.model_validate(laid_over(work.options["recipe"], places))


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables in tables, what is above on top."""
    result = deepcopy(dict(below))
    for name, value in above.items():
        under = result.get(name)
        result[name] = (
            laid_over(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else deepcopy(value)
        )
    return result


def _shared_by(step: StageStep, shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is shared, without the memory agent's settings where it does not read."""
    if step.kind == "memory":
        return shared
    if "memory" in step.recipe:
        raise InputError("has no memory agent", field=f"{step.name}.recipe.memory", cure='set kind = "memory"')
    return {name: value for name, value in shared.items() if name != "memory"}


def _has(values: Mapping[str, Any], place: tuple[str, ...]) -> bool:
    here: Any = values
    for part in place:
        if not isinstance(here, Mapping) or part not in here:
            return False
        here = here[part]
    return True


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
