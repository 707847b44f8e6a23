"""What a merge did by tensor and by layer: as JSON beside the merged model, and as a table (paper 4.1)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from longstride.merging.sce import TensorMergeReport

_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")


@dataclass(frozen=True)
class LayerReport:
    """The tensors of one layer together."""

    layer: str  # "layer 12", or the module that stands outside of them
    tensors: int
    elements: int
    selected: int
    sign_conflicts: int
    changed: int
    coefficients: tuple[float, ...]  # one a model, the mean over elements
    retention: tuple[float, ...]  # one a model, as in TensorMergeReport; 1 for a task vector of 0
    change_rms: tuple[float, ...]  # one a model, the root of the task vector's mean square


@dataclass(frozen=True)
class MergeReport:
    """A whole merge. `as_json` is what merge_report.json holds."""

    settings: Mapping[str, Any]
    base: str  # as it was named
    models: tuple[str, ...]
    masters: tuple[int, ...]  # tensors read from float32 masters: of the base, then of each model
    notes: tuple[str, ...]  # where tokenizers and configurations differ
    tensors: Mapping[str, TensorMergeReport]  # floats only
    copied: tuple[str, ...]  # integers, which are equal in all

    @property
    def layers(self) -> list[LayerReport]:
        """By layer, in the order of the model."""
        groups: dict[str, list[TensorMergeReport]] = {}
        for name, tensor in self.tensors.items():
            groups.setdefault(layer_of(name), []).append(tensor)
        return [summed(layer, tensors) for layer, tensors in sorted(groups.items(), key=lambda each: _order(each[0]))]

    @property
    def total(self) -> LayerReport:
        """All of it."""
        return summed("all", list(self.tensors.values()))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "settings": dict(self.settings),
            "base": self.base,
            "models": list(self.models),
            "masters": list(self.masters),
            "notes": list(self.notes),
            "total": asdict(self.total),
            "layers": [asdict(layer) for layer in self.layers],
            "tensors": {name: asdict(tensor) for name, tensor in self.tensors.items()},
            "copied": list(self.copied),
        }

    def table(self) -> Table:
        """A row for each layer; the columns of each model stand in its order, with slashes between.

        `kept` is the share of a model's squared task vector that the merge left.
        """
        table = Table(box=None)
        table.add_column("layer", no_wrap=True)
        for heading in ("selected", "conflicts", "changed", "weights", "kept"):
            table.add_column(heading, justify="right", no_wrap=True)
        for layer in (*self.layers, self.total):
            shares = [layer.selected, layer.sign_conflicts, layer.changed]
            weights = " / ".join(f"{weight:.2f}" for weight in layer.coefficients)
            kept = " / ".join(f"{share:.0%}" for share in layer.retention)
            table.add_row(layer.layer, *(f"{share / max(1, layer.elements):.1%}" for share in shares), weights, kept)
        return table


def layer_of(name: str) -> str:
    """`layer 12` of `model.layers.12.mlp.up_proj.weight`; what stands outside of the layers keeps its module's name."""
    found = _LAYER.search(name)
    return f"layer {found[1]}" if found else name.removesuffix(".weight")


def summed(layer: str, tensors: Sequence[TensorMergeReport]) -> LayerReport:
    """Several tensors as one. Means over elements; retention and rms over the squares of all."""
    elements = sum(tensor.elements for tensor in tensors)
    coefficients, retention, change_rms = [], [], []
    for number in range(len(tensors[0].coefficients) if tensors else 0):
        squares = math.fsum(tensor.squares[number] for tensor in tensors)
        kept = math.fsum(tensor.squares[number] * tensor.retention[number] for tensor in tensors)
        weighted = math.fsum(tensor.coefficients[number] * tensor.elements for tensor in tensors)
        coefficients.append(weighted / max(1, elements))
        retention.append(kept / squares if squares else 1.0)
        change_rms.append(math.sqrt(squares / max(1, elements)))
    return LayerReport(
        layer,
        len(tensors),
        elements,
        sum(tensor.selected for tensor in tensors),
        sum(tensor.sign_conflicts for tensor in tensors),
        sum(tensor.changed for tensor in tensors),
        tuple(coefficients),
        tuple(retention),
        tuple(change_rms),
    )


def _order(layer: str) -> tuple[int, int, str]:
    """What stands outside of the layers first, then the layers by number."""
    name, _, number = layer.partition(" ")
    return (1, int(number), "") if name == "layer" and number else (0, 0, layer)
