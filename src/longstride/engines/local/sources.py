"""Who turns samples into graded trajectories: the whole input in one prompt, or the memory agent (paper 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Callable

from longstride.engines.full_context import FullContextSource
from longstride.engines.graders import Grader
from longstride.engines.local.policy import Policy
from longstride.engines.local.recipe import MemoryRecipe, Recipe
from longstride.engines.memory_agent import MemorySource
from longstride.memory.samples import Documents
from longstride.memory.settings import MemorySettings
from longstride.records import TrajectorySource

SourceMaker = Callable[[Recipe, Policy, Grader], TrajectorySource]


def recipe_source(recipe: Recipe, policy: Policy, grader: Grader) -> TrajectorySource:
    """The source that the recipe says: the memory agent where it has a table `memory`.

    Raises InputError where the agent's documents are not in the recipe's folders.
    """
    if recipe.memory is None:
        return full_context(recipe, policy, grader)
    folders = [*recipe.data.folders, *filter(None, [recipe.data.held_out_folder])]
    settings = memory_settings(recipe.memory, recipe.rollout.max_output_tokens)
    return MemorySource(policy.tokenizer, grader, Documents.of_folders(folders), settings)


def full_context(recipe: Recipe, policy: Policy, grader: Grader) -> FullContextSource:
    """The whole input in one prompt."""
    return FullContextSource(
        policy.tokenizer,
        grader,
        max_input_tokens=recipe.data.max_input_tokens,
        max_output_tokens=recipe.rollout.max_output_tokens,
        groups_at_once=recipe.rollout.groups_at_once,
    )


def memory_settings(recipe: MemoryRecipe, answer_tokens: int) -> MemorySettings:
    """The same as the agent takes it."""
    return MemorySettings(**recipe.model_dump(), answer_tokens=answer_tokens)
