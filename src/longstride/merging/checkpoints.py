"""Merging whole checkpoints: a memory expert into the stage it grew from (paper 4.1, Figure 6), tensor by tensor.

In memory are one tensor of each model and its result, whatever the size of the models. Headers are compared and every
mismatch is named before anything is written; the result appears whole or not at all, and a merge that was killed goes
on after the last shard that it finished.

A folder that holds `model/` and `masters/`, as training leaves them, is merged from the float32 masters: at a learning
rate of 2e-6 (paper 5.1) most of what RL learnt is lost in the rounding to bfloat16.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from longstride import __version__
from longstride.errors import InputError
from longstride.merging.carried import carry_over, differences
from longstride.merging.model_folder import ModelFolder, open_model_folder
from longstride.merging.plan import Together, plan_merge
from longstride.merging.report import MergeReport
from longstride.merging.rivals import linear_average, task_arithmetic
from longstride.merging.sce import TensorMergeReport, Variant, merge_tensors_with_report
from longstride.merging.shards import Shard, plan_shards, write_index, write_shard
from longstride.merging.staging import Staging, refuse_existing
from longstride.merging.tensors import NotFinite

Method = Literal["sce", "linear", "task_arithmetic"]
Dtype = Literal["keep", "float32", "bfloat16"]
MAX_SHARD_BYTES = 5_000_000_000  # transformers' customary size
REPORT_FILE = "merge_report.json"
FORMAT = 1  # of what a staging folder holds


@dataclass(frozen=True)
class MergeSettings:
    """How to merge. InputError for values out of range, and for those that the method does not know."""

    method: Method = "sce"  # paper 4.1
    topk: float = 1.0  # SCE's share selected; unpublished, and 0.1 would keep a tenth of what was learnt
    variant: Variant = "masked"  # SCE's; see `sce`
    weights: tuple[float, ...] | None = None  # of linear (default: equal) and task_arithmetic (default: 1 each)
    dtype: Dtype = "keep"  # of the result; keep: the base's

    def __post_init__(self) -> None:
        if not 0 < self.topk <= 1:
            raise InputError(f"topk is {self.topk}, expected a share above 0 and up to 1")
        if self.method != "sce" and (self.topk != 1 or self.variant != "masked"):
            raise InputError(f"topk and variant belong to sce, not to {self.method}")
        if self.method == "sce" and self.weights is not None:
            raise InputError("weights belong to linear and task_arithmetic; sce computes its own")
        if self.weights is not None and not all(math.isfinite(weight) for weight in self.weights):
            raise InputError(f"the weights {self.weights} are not all finite")

    @property
    def torch_dtype(self) -> torch.dtype | None:
        """Of the result; None: as the base has each tensor."""
        return {"keep": None, "float32": torch.float32, "bfloat16": torch.bfloat16}[self.dtype]

    def checked_for(self, models: int) -> None:
        """InputError where the settings do not fit so many models."""
        if self.method == "sce" and self.topk < 1 and models == 1:
            raise InputError("one model has no variance to select by", cure="merge several, or take topk 1")
        if self.weights is not None and len(self.weights) != models:
            raise InputError(f"{len(self.weights)} weights for {models} models", cure="give one for each, in order")
        if self.method == "linear" and self.weights is not None and sum(self.weights) == 0:
            raise InputError(f"the weights {self.weights} sum to 0")

    def merge(self, base: Tensor, models: Sequence[Tensor], dtype: torch.dtype) -> tuple[Tensor, TensorMergeReport]:
        """One tensor by the method."""
        if self.method == "sce":
            return merge_tensors_with_report(base, models, self.topk, self.variant, dtype)
        combine = linear_average if self.method == "linear" else task_arithmetic
        return combine(base, models, self.weights or (1.0,) * len(models), dtype)


class Progress:
    """What a merge tells while it works; this one keeps silent."""

    def begin(self, total_bytes: int) -> None:
        """So many bytes will be written."""

    def tensor(self, name: str) -> None:
        """This tensor is merged now."""

    def advance(self, count_bytes: int) -> None:
        """So many more bytes stand."""


def merge_checkpoints(
    base: Path,
    models: Sequence[Path],
    output: Path,
    settings: MergeSettings | None = None,
    *,
    max_shard_bytes: int = MAX_SHARD_BYTES,
    progress: Progress | None = None,
) -> MergeReport:
    """Merge `models`, which were trained from `base`, into a new model folder with the base's config and tokenizer.

    The report stands in OUTPUT/merge_report.json too. Raises InputError for settings or folders that cannot be merged
    (`plan.Mismatch` names each tensor), for NaN and infinities (named, with their file), where `output` exists, and
    where the disk has no room for it. After any error `output` does not exist.
    """
    settings, progress = settings or MergeSettings(), progress or Progress()
    refuse_existing(output)
    settings.checked_for(len(models))
    opened = [open_model_folder(folder) for folder in (base, *models)]
    tensors = plan_merge(opened[0], opened[1:], settings.torch_dtype)
    shards = plan_shards(tensors, max_shard_bytes)
    with Staging(output, _plan(opened, shards, settings)) as staging:
        missing = [shard for shard in shards if staging.done(shard.file) is None]
        _check_room(staging.folder, sum(tensor.bytes for shard in missing for tensor in shard.tensors))
        progress.begin(sum(tensor.bytes for tensor in tensors))
        reports: dict[str, TensorMergeReport] = {}
        for shard in shards:
            told = staging.done(shard.file)
            if told is None:
                told = _merge_shard(staging.folder, shard, opened, settings, progress)
                staging.mark_done(shard.file, told)
            else:
                progress.advance(sum(tensor.bytes for tensor in shard.tensors))
            reports |= {name: _from_json(report) for name, report in told.items()}
        write_index(staging.folder, shards)
        carry_over(opened[0], staging.folder, settings.torch_dtype)
        report = MergeReport(
            settings=asdict(settings),
            base=str(base),
            models=tuple(map(str, models)),
            masters=tuple(len(folder.rounded) for folder in opened),
            notes=tuple(differences(opened[0], opened[1:])),
            tensors=reports,
            copied=tuple(tensor.name for tensor in tensors if tensor.name not in reports),
        )
        text = json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n"
        (staging.folder / REPORT_FILE).write_text(text, encoding="utf-8")
        staging.finish()
    return report


def _merge_shard(
    folder: Path, shard: Shard, opened: Sequence[ModelFolder], settings: MergeSettings, progress: Progress
) -> dict[str, dict[str, Any]]:
    """Write one shard; what was done to its tensors comes back as plain JSON."""
    reports: dict[str, dict[str, Any]] = {}

    def merged() -> Iterator[Tensor]:
        for tensor in shard.tensors:
            progress.tensor(tensor.name)
            value, report = _merge_one(tensor, opened, settings)
            if report is not None:
                reports[tensor.name] = asdict(report)
            yield value
            del value  # before the next is made
            progress.advance(tensor.bytes)

    write_shard(folder, shard, merged())
    return reports


def _merge_one(
    tensor: Together, opened: Sequence[ModelFolder], settings: MergeSettings
) -> tuple[Tensor, TensorMergeReport | None]:
    """One tensor of the result; no report for integers, which are copied."""
    base, models = tensor.base.read(), [stored.read() for stored in tensor.models]
    if not tensor.dtype.is_floating_point:
        for folder, model in zip(opened[1:], models, strict=True):
            if not torch.equal(base, model):
                problem = f"{tensor.name} holds {tensor.dtype} that differ from the base's"
                raise InputError(problem, path=folder.given, cure="integers cannot be merged")
        return base, None
    try:
        return settings.merge(base, models, tensor.dtype)
    except NotFinite as error:
        stored = tensor.base if error.model is None else tensor.models[error.model]
        raise InputError(f"{tensor.name} {error.problem}", path=stored.file) from None


def _plan(opened: Sequence[ModelFolder], shards: Sequence[Shard], settings: MergeSettings) -> dict[str, Any]:
    """Everything that the bytes of the shards depend on; files are known by place, size and time."""
    files = [
        [str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns] for each in opened for file in each.files
    ]
    return {
        "format": FORMAT,
        "longstride": __version__,
        "settings": asdict(settings),
        "folders": [str(each.folder.resolve()) for each in opened],
        "files": files,
        "shards": {shard.file: [tensor.name for tensor in shard.tensors] for shard in shards},
    }


def _check_room(folder: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        problem = f"the disk has room for {free_bytes / 1e9:.1f} GB, the merged model needs {needed_bytes / 1e9:.1f} GB"
        raise InputError(problem, path=folder.parent)


def _from_json(report: dict[str, Any]) -> TensorMergeReport:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in report.items()
    }
    return TensorMergeReport(**values)
