"""How often the model that a stage starts from solves each sample, at the stage's lengths (paper 4.1, 4.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from transformers import PreTrainedTokenizerBase
from transformers.utils import logging

from longstride.curation.balance import choose_balanced
from longstride.engines.chat_prompts import chat_prompt
from longstride.engines.local.building import build_policy, open_grader
from longstride.engines.local.generators import Generators
from longstride.engines.local.interrupts import Interrupted, StopSignal
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.sources import recipe_source
from longstride.engines.local.threads import settle_threads
from longstride.engines.local.trainer import JUDGE_CACHE
from longstride.errors import InputError
from longstride.records import PassRate, Sample, TrajectoryGroup
from longstride.stages.data_sets import distinct_samples, write_data_set
from longstride.stages.stage_recipes import placed
from longstride.stages.work import Work
from longstride.workspace import Workspace

SAMPLES_A_PART = 64  # measured between two times that what is known is written
SOLVED = 1.0 - 1e-6  # a reward that counts as correct
KIND = "measured data set"


def perform(work: Work) -> None:
    """Answer each sample several times; write them with their pass rates, and their documents. Goes on part by part."""
    logging.disable_progress_bar()
    folders = work.inputs["data"]
    recipe = measuring_recipe(work)
    with Workspace(work.folder, KIND, work.settings) as workspace:
        if workspace.complete:
            return
        policy = build_policy(recipe.model)
        settle_threads(policy)
        samples = fitting(distinct_samples(folders), recipe, policy.tokenizer)
        measured = work.settings["measured"]
        if measured is not None:
            samples = [samples[place] for place in choose_balanced(samples, measured, recipe.seed)]
        print(f"{len(samples):,} samples to measure, {work.settings['rollouts']} responses each")
        rates: list[dict[str, Any]] = []
        stop_notice = "finishing these samples, then saving"
        with (
            StopSignal(lambda: print(stop_notice)) as stop,
            open_grader(recipe.reward, work.folder / JUDGE_CACHE) as grader,
        ):
            source = recipe_source(recipe, policy, grader)
            generator = Generators(policy, recipe, workspace.part("served-weights")).for_training(0)
            for start in range(0, len(samples), SAMPLES_A_PART):
                name = f"rates-{start:08}.json"
                part = workspace.read_json(name)
                if part is None:
                    if stop.number:
                        raise Interrupted(f"{start:,} of {len(samples):,} samples measured", stop.number)
                    groups = source.sample_groups(
                        generator, samples[start : start + SAMPLES_A_PART], recipe.rollout.group_size
                    )
                    part = [asdict(pass_rate(group, work.settings["measured_by"], recipe)) for group in groups]
                    workspace.write_json(name, part)
                rates += part
                print(f"{len(rates):,} of {len(samples):,} measured, mean reward {_mean(rates):.3f}", flush=True)
        pairs = zip(samples, rates, strict=True)
        measured_samples = (replace(sample, pass_at_k=(*sample.pass_at_k, PassRate(**rate))) for sample, rate in pairs)
        write_data_set(work.folder, measured_samples, folders)
        workspace.finish({"samples": len(samples), "mean_reward": _mean(rates)})


def measuring_recipe(work: Work) -> Recipe:
    """The stage's recipe with the number of rollouts, and noise of its own: training draws other responses."""
    recipe = placed(work)
    digest = hashlib.sha256(f"{recipe.seed}/pass rates".encode()).digest()
    rollout = recipe.rollout.model_copy(update={"group_size": work.settings["rollouts"]})
    return recipe.model_copy(update={"seed": int.from_bytes(digest[:4]), "rollout": rollout})


def fitting(samples: Sequence[Sample], recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> list[Sample]:
    """The samples of the recipe's tasks whose prompts are short enough. InputError where there are none."""
    tasks, limit = recipe.data.tasks, recipe.data.max_input_tokens
    found = [sample for sample in samples if not tasks or sample.task in tasks]
    kept = [sample for sample in found if len(chat_prompt(tokenizer, sample.prompt).ids) <= limit]
    if len(kept) < len(found):
        print(f"left out {len(found) - len(kept):,} with prompts of more than {limit:,} tokens")
    if not kept:
        raise InputError(
            f"no sample has a prompt of {limit:,} tokens or fewer", cure="raise max_input_tokens of the stage"
        )
    return kept


def pass_rate(group: TrajectoryGroup, model: str, recipe: Recipe) -> PassRate:
    """What a group's rewards say of its sample."""
    rewards = [each.reward for each in group.trajectories]
    return PassRate(
        model=model,
        rollouts=len(rewards),
        correct=sum(reward >= SOLVED for reward in rewards),
        mean_reward=sum(rewards) / len(rewards),
        max_input_tokens=recipe.data.max_input_tokens,
        max_output_tokens=recipe.rollout.max_output_tokens,
    )


def _mean(rates: Sequence[dict[str, Any]]) -> float:
    return sum(rate["mean_reward"] for rate in rates) / len(rates) if rates else 0.0
