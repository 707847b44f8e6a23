"""Which tensors are merged with which, settled and checked from headers alone, before anything is written (paper 4.1).

The result has the base's tensors. A head that is tied to the embeddings is not stored: a model without a head has its
embeddings in the head's place, and a stored head of a model that ties them must equal its embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from longstride.errors import InputError
from longstride.merging.model_folder import ModelFolder, StoredTensor

HEAD = "lm_head.weight"
EMBEDDINGS = ("embed_tokens.weight", "wte.weight")  # how their names end
NAMED_AT_ONCE = 5  # mismatches in the one line of the error


@dataclass(frozen=True)
class Together:
    """One tensor of the result and what it is made of."""

    name: str
    base: StoredTensor
    models: tuple[StoredTensor, ...]
    dtype: torch.dtype  # of the result

    @property
    def bytes(self) -> int:
        return self.base.elements * self.dtype.itemsize


class Mismatch(InputError):
    """The models do not fit the base; `problems` has a line for every tensor that does not."""

    def __init__(self, problems: Sequence[str], base: Path) -> None:
        self.problems = tuple(problems)
        shown = ", ".join(self.problems[:NAMED_AT_ONCE])
        more = len(self.problems) - NAMED_AT_ONCE
        rest = f", and {more:,} more" if more > 0 else ""
        cure = "merge models that were trained from the base"
        super().__init__(f"{shown}{rest}", path=base, cure=cure)


def plan_merge(base: ModelFolder, models: Sequence[ModelFolder], dtype: torch.dtype | None) -> list[Together]:
    """Every tensor of the result, in the base's order; floats in `dtype`, or as the base's model folder has them.

    Raises Mismatch naming each tensor that is missing, extra, of another shape or kind of dtype, or a separate head
    where the base ties it, and InputError for models of another architecture.
    """
    for model in models:
        kinds = base.config.get("model_type"), model.config.get("model_type")
        if kinds[0] != kinds[1]:
            raise InputError(f"is a {kinds[1]} model, the base a {kinds[0]}", path=model.given)
    problems: list[str] = []
    base_tensors = _without_tied_head(base, problems)
    columns = [_fitted(model, base_tensors, problems) for model in models]
    if problems:
        raise Mismatch(problems, base.given)
    return [
        Together(name, stored, tuple(column[name] for column in columns), _result_dtype(base, name, stored, dtype))
        for name, stored in base_tensors.items()
    ]


def _fitted(model: ModelFolder, base: dict[str, StoredTensor], problems: list[str]) -> dict[str, StoredTensor]:
    """The model's tensors under the base's names; what does not fit goes to `problems`."""
    tensors = _without_tied_head(model, problems)
    where = f"in {model.given}"
    if HEAD in base and HEAD not in tensors and (embeddings := _embeddings(tensors)) is not None:
        tensors[HEAD] = tensors[embeddings]
    if HEAD in tensors and HEAD not in base and (embeddings := _embeddings(tensors)) is not None:
        if not _equal(tensors[HEAD], tensors[embeddings]):
            problems.append(f"{HEAD} {where} differs from its embeddings, to which the base ties it")
        del tensors[HEAD]
    for name, stored in base.items():
        other = tensors.get(name)
        if other is None:
            problems.append(f"{name} is missing {where}")
        elif other.shape != stored.shape or not _mergeable(other.dtype, stored.dtype):
            problems.append(f"{name} is {other.described()} {where}, {stored.described()} in the base")
    problems += [f"{name} {where} is not in the base" for name in tensors if name not in base]
    return tensors


def _mergeable(one: torch.dtype, other: torch.dtype) -> bool:
    """Floats of any width with floats; anything else only with its like."""
    return one == other or (one.is_floating_point and other.is_floating_point)


def _without_tied_head(model: ModelFolder, problems: list[str]) -> dict[str, StoredTensor]:
    tensors = dict(model.tensors)
    embeddings = _embeddings(tensors)
    if model.config.get("tie_word_embeddings") is True and HEAD in tensors and embeddings is not None:
        if not _equal(tensors[HEAD], tensors[embeddings]):
            problems.append(f"{HEAD} in {model.given} differs from the embeddings, to which its config.json ties it")
        del tensors[HEAD]
    return tensors


def _embeddings(tensors: dict[str, StoredTensor]) -> str | None:
    return next((name for name in tensors if name.endswith(EMBEDDINGS)), None)


def _equal(one: StoredTensor, other: StoredTensor) -> bool:
    """As numbers: one may be a float32 master of what the other rounds."""
    if one.shape != other.shape:
        return False
    shorter = min(one.dtype, other.dtype, key=lambda dtype: dtype.itemsize)
    return torch.equal(one.read().to(shorter), other.read().to(shorter))


def _result_dtype(base: ModelFolder, name: str, stored: StoredTensor, dtype: torch.dtype | None) -> torch.dtype:
    if not stored.dtype.is_floating_point:
        return stored.dtype
    return dtype or base.rounded.get(name, stored.dtype)
