"""The parts of a training run, made as its recipe says."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from longstride.engines.graders import Grader, HybridGrader, RuleGrader, served_judge
from longstride.engines.local.optimizers import Optimizer, OptimizerSettings, make_optimizer
from longstride.engines.local.policy import LoraSettings, Policy, load_policy
from longstride.engines.local.recipe import LoraRecipe, ModelRecipe, OptimizerRecipe, Recipe, RewardRecipe
from longstride.errors import InputError
from longstride.llm import load_settings
from longstride.records import Sample
from longstride.rl import TaskBalancedSampler


def lora_settings(recipe: LoraRecipe | None) -> LoraSettings | None:
    """The same as the policy takes it."""
    return None if recipe is None else LoraSettings(recipe.rank, recipe.alpha, recipe.targets)


def optimizer_settings(recipe: OptimizerRecipe) -> OptimizerSettings:
    """The same as the optimizer takes it."""
    return OptimizerSettings(
        name=recipe.name,
        betas=recipe.betas,
        weight_decay=recipe.weight_decay,
        masters=recipe.masters,
        muon_momentum=recipe.muon_momentum,
        muon_scale=recipe.muon_scale,
        muon_lr_ratio=recipe.muon_lr_ratio,
    )


def build_policy(recipe: ModelRecipe) -> Policy:
    """The starting model, ready to learn."""
    return load_policy(
        recipe.path,
        dtype=recipe.dtype,
        device=recipe.device,
        gradient_checkpointing=recipe.gradient_checkpointing,
        lora=lora_settings(recipe.lora),
    )


def build_reference(recipe: Recipe) -> Policy | None:
    """The starting model once more, frozen, where the recipe has a penalty for leaving it."""
    if recipe.loss.kl_beta == 0:
        return None
    reference = build_policy(recipe.model.model_copy(update={"lora": None}))
    reference.model.requires_grad_(False)
    return reference


def build_optimizer(recipe: OptimizerRecipe, policy: Policy) -> Optimizer:
    """The optimizer over what learns. Raises InputError where it can train nothing of the model."""
    try:
        return make_optimizer(policy.trainable, optimizer_settings(recipe))
    except ValueError as error:
        raise InputError(str(error), field="optimizer") from None


def build_sampler(recipe: Recipe, samples: Sequence[Sample]) -> tuple[TaskBalancedSampler, list[str]]:
    """(the stream of batches, what its user should know). Raises InputError where the samples are too few."""
    batch = recipe.batch
    tasks = [sample.task if batch.balanced else "any" for sample in samples]
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        try:
            sampler = TaskBalancedSampler(tasks, batch.prompts, recipe.seed, batch.when_tiny)
        except ValueError as error:
            raise InputError(str(error), field="batch") from None
    return sampler, [str(each.message) for each in noticed]


@contextlib.contextmanager
def open_grader(recipe: RewardRecipe, cache: Path) -> Iterator[Grader]:
    """The grader that the recipe says; the judge's answers are kept in the file `cache`."""
    if recipe.kind == "rule":
        yield RuleGrader()
        return
    with HybridGrader(served_judge(load_settings(recipe.models), recipe.judge_role, cache)) as grader:
        yield grader
