"""One attention function for transformers' models, which leaves the work to the call's layout.

transformers hands keyword arguments of a model's forward down to every layer, and hands them again when a layer is
recomputed under gradient checkpointing. So a layout travels as an argument; nothing about a call is kept here.

Shapes: B rows, h query heads, k key-value heads (h a multiple of k), L positions of the call, d numbers a head.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor
from torch.nn import Module
from transformers import AttentionInterface

NAME = "longstride"


class AttentionLayout(Protocol):
    """Who attends to whom in one forward call."""

    def attend(self, layer: int, query_BhLd: Tensor, key_BkLd: Tensor, value_BkLd: Tensor, scale: float, /) -> Tensor:
        """[B, L, h, d]: what the layer's positions gather. Keys and queries have their positions rotated in."""
        ...


def attention(
    module: Module, query_BhLd: Tensor, key_BkLd: Tensor, value_BkLd: Tensor, attention_mask: object, **options: Any
) -> tuple[Tensor, None]:
    """transformers' call; `layout` among the options of the model's forward says what happens.

    Raises TypeError where the forward was called without a layout.
    """
    layout: AttentionLayout | None = options.get("layout")
    if layout is None:
        raise TypeError(f"a model with attention {NAME!r} needs the argument layout in its forward call")
    scale: float = options.get("scaling") or module.scaling  # pyright: ignore[reportAssignmentType]
    return layout.attend(int(module.layer_idx), query_BhLd, key_BkLd, value_BkLd, scale), None  # pyright: ignore[reportArgumentType]


def register() -> None:
    """Make `attn_implementation="longstride"` known to transformers; again and again does no harm."""
    AttentionInterface.register(NAME, attention)
