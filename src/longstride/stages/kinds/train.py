"""Reinforcement learning by the stage's recipe (paper 4.1-5.1)."""

from __future__ import annotations

from transformers import set_seed
from transformers.utils import logging

from longstride.engines.local.trainer import train
from longstride.stages.stage_recipes import placed
from longstride.stages.work import Work


def perform(work: Work) -> None:
    """As `longstride train`; goes on from the last checkpoint."""
    logging.disable_progress_bar()
    recipe = placed(work)
    set_seed(recipe.seed)  # checkpoints hold the state of generators that nothing draws from
    result = train(recipe, work.folder)
    print(f"the model is in {result.model_folder}")
