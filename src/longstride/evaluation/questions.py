"""The questions of an evaluation: data set folders by name, a fair choice of their samples, and labels of length."""

from __future__ import annotations

import hashlib
import json
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from longstride.errors import InputError
from longstride.records import Sample
from longstride.records.parquet import read_samples

UNKNOWN_LENGTH = "unknown"
SHORTEST = 64  # tokens: everything below shares a label


@dataclass(frozen=True)
class EvaluationSet:
    """Samples under a name, in the order in which they are asked."""

    name: str
    samples: tuple[Sample, ...]

    @property
    def digest(self) -> str:
        """Names the questions, their order, and how they are graded: sha256 in hexadecimal."""
        total = hashlib.sha256()
        for sample in self.samples:
            graded = [sample.ground_truth, sample.reward_style, sample.reward_arguments]
            asked = [sample.id, sample.prompt, sample.core_question, sample.format_instructions, sample.document_ids]
            total.update(json.dumps([*asked, *graded], sort_keys=True, default=dict).encode())
        return total.hexdigest()


def load_sets(folders: Sequence[Path], samples: int | None, seed: int) -> list[EvaluationSet]:
    """A set for each data set folder (or file of samples), of `samples` questions each; None takes all.

    Raises InputError for a folder without samples, one that stands twice, and an id that stands twice in it.
    """
    names = distinct_names(folders)
    return [
        EvaluationSet(name, choose_samples(_read(folder), samples, seed))
        for name, folder in zip(names, folders, strict=True)
    ]


def distinct_names(folders: Sequence[Path]) -> list[str]:
    """The last part of each path, with as many of those before it as tell them apart: `a/data` is `a-data`.

    Raises InputError for a path that stands twice.
    """
    whole = [folder.resolve() for folder in folders]
    parts = [(path.with_suffix("") if path.suffix == ".parquet" else path).parts[1:] or ("root",) for path in whole]
    if len(set(parts)) < len(parts):
        twice = next(folder for place, folder in enumerate(folders) if parts[place] in parts[:place])
        raise InputError("stands twice", path=twice, cure="name each folder once")
    width = 1
    while len({each[-width:] for each in parts}) < len(parts):
        width += 1
    return ["-".join(each[-width:]) for each in parts]


def choose_samples(samples: Sequence[Sample], count: int | None, seed: int) -> tuple[Sample, ...]:
    """`count` samples as even over tasks and lengths as they allow, in their own order; all where there are fewer."""
    if count is None or count >= len(samples):
        return tuple(samples)
    draw = random.Random(f"{seed}/evaluation questions")
    strata: dict[tuple[str, str], list[int]] = {}
    for place, sample in enumerate(samples):
        strata.setdefault((sample.task, length_label(sample.input_tokens)), []).append(place)
    queues: list[deque[int]] = []
    for key in sorted(strata):
        draw.shuffle(strata[key])
        queues.append(deque(strata[key]))
    chosen: set[int] = set()
    while len(chosen) < count:
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.add(queue.popleft())
    return tuple(samples[place] for place in sorted(chosen))


def length_label(tokens: int | None) -> str:
    """The first of 64, 128, ... 1K, 2K, ... (K = 1,024) that an input of so many tokens does not exceed: `up to 64K`.

    So the paper's 60K and 120K inputs (5.1) are `up to 64K` and `up to 128K`. Raises ValueError below 0.
    """
    if tokens is None:
        return UNKNOWN_LENGTH
    if tokens < 0:
        raise ValueError(f"tokens is {tokens}, expected 0 or more")
    bound = max(SHORTEST, 1 << (tokens - 1).bit_length()) if tokens else SHORTEST
    return f"up to {bound}" if bound < 1024 else f"up to {bound // 1024}K"


def length_order(label: str) -> tuple[bool, int]:
    """A key that sorts labels of length from the shortest; what is unknown comes last."""
    if label == UNKNOWN_LENGTH:
        return True, 0
    digits = label.removeprefix("up to ")
    return False, int(digits.removesuffix("K")) * (1024 if digits.endswith("K") else 1)


def _read(folder: Path) -> list[Sample]:
    samples = list(read_samples(folder / "samples" if (folder / "samples").is_dir() else folder))
    if not samples:
        raise InputError("holds no sample", path=folder, cure="name another data set")
    seen: set[str] = set()
    for sample in samples:
        if sample.id in seen:
            raise InputError(f"sample {sample.id!r:.80} stands twice", path=folder, cure="make the data set again")
        seen.add(sample.id)
    return samples
