"""What the command `train` does with its options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from longstride.engines.local.recipe import Recipe
from longstride.engines.local.recipe_files import load_recipe, show_recipe

if TYPE_CHECKING:
    from longstride.engines.local.estimate import MemoryEstimate

RUNS = Path("runs")


def run_train(
    path: Path, overrides: Sequence[str], *, output: Path | None, resume: str, show: bool, estimate: bool
) -> None:
    """`longstride train`. Nothing heavy is imported before the recipe is known to be right."""
    recipe = load_recipe(path, overrides)
    if show:
        print(show_recipe(recipe), end="")
        return
    if estimate:
        print(memory_estimate(recipe).table())
        return
    from transformers.utils import logging

    from longstride.engines.local.trainer import train

    logging.disable_progress_bar()
    console = Console(highlight=False)
    result = train(recipe, output or RUNS / path.stem, resume=resume)
    console.print(f"the model is in {result.model_folder}", markup=False, soft_wrap=True)


def memory_estimate(recipe: Recipe) -> MemoryEstimate:
    """What a step needs at its longest prompts and responses. `model.path` may be the name of a known model."""
    import torch

    from longstride.engines.local.building import lora_settings, optimizer_settings
    from longstride.engines.local.estimate import Workload, estimate
    from longstride.engines.local.generators import longest_turn
    from longstride.engines.local.model_shapes import model_shape
    from longstride.engines.local.update import SLICE_TOKENS

    device = recipe.model.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = recipe.model.dtype
    prompt_tokens, response_tokens = longest_turn(recipe)
    workload = Workload(
        prompt_tokens=prompt_tokens,
        response_tokens=response_tokens,
        group_size=recipe.rollout.group_size,
        form=recipe.update.form,
        slice_tokens=recipe.update.slice_tokens or SLICE_TOKENS,
        dtype=dtype if dtype != "auto" else "float32" if device == "cpu" else "bfloat16",
        gradient_checkpointing=recipe.model.gradient_checkpointing,
        device=device.partition(":")[0],
        token_budget=recipe.rollout.token_budget,
    )
    return estimate(
        model_shape(recipe.model.path), workload, optimizer_settings(recipe.optimizer), lora_settings(recipe.model.lora)
    )
