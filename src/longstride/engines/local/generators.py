"""Who decodes for a run: this process's own engine, or a vLLM server that is handed the weights as they change."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from longstride.engines.local.policy import Policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.rollout import LocalGenerator, cached_token_bytes, model_stop_ids
from longstride.engines.local.sampling import SamplingSettings
from longstride.engines.local.vllm_generator import VllmGenerator, hand_over
from longstride.engines.local.vllm_server import VllmServer
from longstride.records import Generator

CACHE_SHARE = 0.25  # of the machine's memory, or the GPU's, where the recipe states no budget; not in the paper
PROMPT_TOKENS = 2_000  # for the words of the agent's prompts and the question; Appendix D's have about 600


@dataclass
class Generators:
    """The generators of a run, with the recipe's sampling and a seed of their own for each step.

    `steps_done` says which weights the policy has: a server gets them when they are others than it was handed last.
    """

    policy: Policy
    recipe: Recipe
    weights_folder: Path  # for what a server is handed; ours alone
    on_tokens: Callable[[int], None] | None = None
    _handed: int | None = field(init=False, default=None)  # the steps done when the server got its weights

    def for_training(self, steps_done: int) -> Generator:
        """Draws the rollouts of the next step: a sample that comes again in a later one draws anew."""
        rollout = self.recipe.rollout
        settings = SamplingSettings(rollout.temperature, rollout.top_p, rollout.top_k)
        return self._generator(settings, f"{self.recipe.seed}/step {steps_done + 1}", steps_done)

    def for_evaluation(self, steps_done: int) -> Generator:
        """Draws the answers to the held-out samples, with the same noise every time."""
        rollout = self.recipe.rollout
        settings = SamplingSettings(self.recipe.eval.temperature, rollout.top_p, rollout.top_k)
        return self._generator(settings, f"{self.recipe.seed}/evaluation", steps_done)

    def _generator(self, settings: SamplingSettings, seed: str, steps_done: int) -> Generator:
        if self.recipe.rollout.backend == "local":
            budget = token_budget(self.policy, self.recipe)
            return LocalGenerator(self.policy, settings, seed, budget, on_tokens=self.on_tokens)
        chosen = self.recipe.rollout.vllm
        server = VllmServer(chosen.url, chosen.model, chosen.api_key_env)
        if self._handed != steps_done:
            hand_over(server, self.policy, self.weights_folder)
            self._handed = steps_done
        return VllmGenerator(
            server,
            settings,
            seed,
            stop_token_ids=model_stop_ids(self.policy),
            logprobs_mode=chosen.logprobs_mode,
            on_tokens=self.on_tokens,
        )


def token_budget(policy: Policy, recipe: Recipe) -> int:
    """The recipe's, or what a quarter of the memory holds, but no more than a whole batch needs."""
    if recipe.rollout.token_budget is not None:
        return recipe.rollout.token_budget
    if policy.device.type == "cuda":
        memory = torch.cuda.get_device_properties(policy.device).total_memory
    else:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    prompt, response = longest_turn(recipe)
    group = prompt + recipe.rollout.group_size * response
    fitting = int(memory * CACHE_SHARE) // cached_token_bytes(policy)
    return max(1, min(fitting, group * max(recipe.batch.prompts, recipe.eval.samples)))


def longest_turn(recipe: Recipe) -> tuple[int, int]:
    """(prompt tokens, response tokens) that a turn has at most; of the memory agent's prompts by reckoning, since the
    question's length is not in the recipe."""
    if recipe.memory is None:
        return recipe.data.max_input_tokens, recipe.rollout.max_output_tokens
    reading = recipe.memory
    prompt = reading.chunk_tokens + reading.memory_tokens + PROMPT_TOKENS
    return prompt, max(reading.update_tokens, recipe.rollout.max_output_tokens)
