"""A training run, put down and taken up: weights, optimizer, random numbers, and whatever else decides the next step.

    step-00000012/model/             a model folder, loadable by transformers and vllm as it is
    step-00000012/masters/           float32 masters of 16-bit weights, under the model's names; merging prefers them
    step-00000012/adapters/          LoRA's factors, which `model/` holds added in only
    step-00000012/optimizer/         its moments
    step-00000012/random/            states of torch's generators
    step-00000012/state.json         the rest, as plain JSON

Tensors stand in safetensors, the rest in JSON; nothing is pickled, so that no file can run code. On a CPU a run that
goes on from a checkpoint has the same weights, bit for bit, as one that was never interrupted.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import Parameter

from longstride.engines.local.checkpoint_folders import checkpoint_path, checkpoints_in, new_checkpoint, verify
from longstride.engines.local.optimizers import Optimizer, OptimizerState
from longstride.engines.local.tensor_files import MAX_SHARD_BYTES, TensorFiles, write_tensors
from longstride.errors import InputError, unknown_name

RESUME = ("auto", "must", "never")
STEM = "model"  # of masters and adapters, so that masters/ reads like a model folder's weights


class TrainedPolicy(Protocol):
    """What a checkpoint asks of a policy."""

    @property
    def trainable(self) -> Mapping[str, Parameter]:
        """The parameters that learn, by name; tied ones once."""
        ...

    def save(self, folder: Path) -> None:
        """Write a model folder."""
        ...


@dataclass(frozen=True)
class Checkpoint:
    """One that was read and found whole."""

    folder: Path
    step: int
    state: Mapping[str, Any]  # what `save_checkpoint` was given, out of JSON

    @property
    def model_folder(self) -> Path:
        """A model folder that transformers loads."""
        return self.folder / "model"

    def restore(self, policy: TrainedPolicy, optimizer: Optimizer) -> None:
        """Put weights, optimizer and generators of random numbers back to where they were.

        `policy` is made as it was then: the same starting model, dtype and LoRA settings. Raises InputError where the
        checkpoint is of other parameters or another optimizer.
        """
        try:
            self._restore(policy, optimizer)
        except InputError:
            raise
        except ValueError as error:
            cure = "take the model, dtype and optimizer that it was made with"
            raise InputError(str(error), path=self.folder, cure=cure) from None

    def _restore(self, policy: TrainedPolicy, optimizer: Optimizer) -> None:
        masters, adapters = self._tensors("masters"), self._tensors("adapters")
        model = TensorFiles(self.model_folder, STEM)
        for name, parameter in policy.trainable.items():
            if name not in masters:
                source = adapters if name in adapters else model
                if name not in source:
                    raise ValueError(f"it holds no {name}")
                _copy(name, source[name], parameter)
        values = _read_json(self.folder / "optimizer" / "state.json")
        tensors = TensorFiles(self.folder / "optimizer", "optimizer")
        optimizer.load_state_dict(OptimizerState(tensors, masters, values))
        _restore_random(self._tensors("random"), _read_json(self.folder / "random" / "python.json"))

    def _tensors(self, part: str) -> Mapping[str, Tensor]:
        return TensorFiles(self.folder / part, STEM) if (self.folder / part).is_dir() else {}


def save_checkpoint(
    folder: Path,
    step: int,
    policy: TrainedPolicy,
    optimizer: Optimizer,
    state: Mapping[str, Any],
    *,
    keep_last: int = 2,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> Path:
    """Write the checkpoint after `step` steps, then drop all but the `keep_last` newest; its path comes back.

    state: plain JSON for what else decides the steps to come: sampler, controller, counters.
    A step that has its checkpoint is left alone: the same step of the same run has the same bytes.

    A kill at any moment leaves the ones before untouched. So does a full disk, which is an InputError in one line.
    """
    path = checkpoint_path(folder, step)
    if path.exists():
        return path
    state_text = _json(state)  # before anything is written
    held = optimizer.state_dict()
    with new_checkpoint(folder, step, keep_last) as staging:
        policy.save(staging / "model")
        saved = set(TensorFiles(staging / "model", STEM))
        adapters = {
            name: parameter.detach()
            for name, parameter in policy.trainable.items()
            if name not in saved and name not in held.masters
        }
        parts = {"masters": held.masters, "adapters": adapters, "random": _random_tensors()}
        for part, tensors in parts.items():
            if tensors:
                write_tensors(staging / part, STEM, tensors, max_shard_bytes)
        write_tensors(staging / "optimizer", "optimizer", held.tensors, max_shard_bytes)
        (staging / "optimizer" / "state.json").write_text(_json(held.values), encoding="utf-8")
        (staging / "random" / "python.json").write_text(_json({"state": random.getstate()}), encoding="utf-8")
        (staging / "state.json").write_text(state_text, encoding="utf-8")
    return path


def latest_checkpoint(folder: Path) -> Path | None:
    """The one of the highest step, unread; None where there is none."""
    return next(reversed(checkpoints_in(folder).values()), None)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and check every file against its digest.

    Raises InputError naming the file that is missing, cut short or altered.
    """
    manifest = verify(path)
    return Checkpoint(path, manifest["step"], _read_json(path / "state.json"))


def checkpoint_to_resume(folder: Path, resume: str) -> Checkpoint | None:
    """What a run in `folder` begins with; None: from the start.

    resume: "auto" goes on from the latest checkpoint if there is one; "must" refuses to begin without one; "never"
    refuses to begin where there is one, so that no run overwrites another.

    A latest checkpoint that is damaged is an error in every case: nothing is passed over in silence.
    """
    if resume not in RESUME:
        raise unknown_name("resume", resume, RESUME)
    latest = latest_checkpoint(folder)
    if resume == "never":
        if latest is not None:
            cure = "choose another folder, or --resume auto to go on"
            raise InputError(f"holds {latest.name} already", path=folder, cure=cure)
        return None
    if latest is None:
        if resume == "must":
            raise InputError("holds no checkpoint to go on from", path=folder, cure="take --resume auto to begin one")
        return None
    return load_checkpoint(latest)


def _copy(name: str, source: Tensor, parameter: Parameter) -> None:
    if source.shape != parameter.shape or source.dtype != parameter.dtype:
        described = f"{tuple(source.shape)} {source.dtype}"
        raise ValueError(f"{name} is {described} there, {tuple(parameter.shape)} {parameter.dtype} here")
    with torch.no_grad():
        parameter.copy_(source)


def _random_tensors() -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states |= {f"cuda:{number}": state for number, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def _restore_random(tensors: Mapping[str, Tensor], python: Mapping[str, Any]) -> None:
    torch.set_rng_state(tensors["cpu"])
    for name in tensors:
        if name != "cpu" and torch.cuda.is_available() and int(name.removeprefix("cuda:")) < torch.cuda.device_count():
            torch.cuda.set_rng_state(tensors[name], name)
    version, internal, gauss = python["state"]
    random.setstate((version, tuple(internal), gauss))


def _json(value: Any) -> str:
    """Raises ValueError for NaN and infinities, TypeError for what is no JSON."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", path=path) from None
