"""The samples of a run: read from data set folders, those that fit, parted into what trains and what is held out."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longstride.engines.local.recipe import DataRecipe
from longstride.errors import InputError, unknown_name
from longstride.records import TASKS, Sample
from longstride.records.parquet import read_samples


@dataclass(frozen=True)
class TrainingData:
    """Samples are held in memory, about four bytes a token of their prompts."""

    training: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    too_long: int  # samples left out because of their prompts

    @property
    def digest(self) -> str:
        """Names the samples that train, in their order: sha256 in hexadecimal."""
        total = hashlib.sha256()
        for sample in self.training:
            total.update(f"{sample.id}\0{sample.task}\0{sample.prompt[-1]['content']}\0".encode())
        return total.hexdigest()


def load_data(recipe: DataRecipe, prompt_tokens: Callable[[Sample], int], seed: int) -> TrainingData:
    """The samples of the recipe's folders, of its tasks, whose prompts fit.

    prompt_tokens: how long a sample's prompt is for the model that trains.

    Held out is the folder that the recipe names, or a share of the samples: whole contexts, so that no document of a
    held-out question was trained on in that combination. Raises InputError for a folder without samples, an unknown
    task, an id that stands twice, and where nothing is left to train on.
    """
    for task in recipe.tasks:
        if task not in TASKS:
            raise InputError(str(unknown_name("task", task, TASKS)), field="data.tasks")
    found, too_long = _fitting(recipe.folders, recipe, prompt_tokens)
    if recipe.held_out_folder is not None:
        held_out, _ = _fitting([recipe.held_out_folder], recipe, prompt_tokens)
        held_out_ids = {sample.id for sample in held_out}
        training = [sample for sample in found if sample.id not in held_out_ids]
    else:
        training, held_out = hold_out(found, recipe.held_out_share, seed)
    if not training:
        raise InputError(
            f"no sample is left to train on: {too_long} have prompts of more than {recipe.max_input_tokens} tokens, "
            f"{len(held_out)} are held out",
            field="data",
            cure="raise data.max_input_tokens, or give other folders or tasks",
        )
    return TrainingData(tuple(training), tuple(held_out), too_long)


def hold_out(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """(the others, about `share` of `samples`): contexts are drawn whole until the share is reached."""
    members: dict[Hashable, list[int]] = {}
    for index, sample in enumerate(samples):
        members.setdefault(sample.context_id or ("alone", sample.id), []).append(index)
    order = list(members.values())
    random.Random(f"{seed}/held out").shuffle(order)
    chosen: set[int] = set()
    for indices in order:
        if len(chosen) + len(indices) / 2 > share * len(samples):
            break
        chosen.update(indices)
    return (
        [sample for index, sample in enumerate(samples) if index not in chosen],
        [sample for index, sample in enumerate(samples) if index in chosen],
    )


def choose_for_evaluation(samples: Sequence[Sample], count: int, seed: int) -> list[Sample]:
    """`count` samples (all, where there are fewer), the same each time, as even over the tasks as they allow."""
    draw = random.Random(f"{seed}/evaluation")
    queues: dict[str, list[Sample]] = {}
    for sample in samples:
        queues.setdefault(sample.task, []).append(sample)
    for task in sorted(queues):
        draw.shuffle(queues[task])
    chosen: list[Sample] = []
    while len(chosen) < min(count, len(samples)):
        for task in sorted(queues):
            if queues[task] and len(chosen) < count:
                chosen.append(queues[task].pop())
    return chosen


def _fitting(
    folders: Iterable[str], recipe: DataRecipe, prompt_tokens: Callable[[Sample], int]
) -> tuple[list[Sample], int]:
    fitting: list[Sample] = []
    too_long = 0
    ids: Counter[str] = Counter()
    for folder in map(Path, folders):
        for sample in read_samples(folder / "samples" if (folder / "samples").is_dir() else folder):
            ids[sample.id] += 1
            if ids[sample.id] > 1:
                raise InputError(
                    f"sample {sample.id!r:.80} stands twice", path=folder, cure="give each folder once in data.folders"
                )
            if recipe.tasks and sample.task not in recipe.tasks:
                continue
            if prompt_tokens(sample) > recipe.max_input_tokens:
                too_long += 1
            else:
                fitting.append(sample)
    return fitting, too_long
