"""Small model folders to merge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

WriteModel = Callable[..., Path]


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """`write_model(name, tensors, files=1, tied=False)` writes a model folder under `tmp_path` in so many files."""

    def write(name: str, tensors: Mapping[str, Tensor], files: int = 1, tied: bool = False, **config: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"model_type": "toy", "tie_word_embeddings": tied} | config))
        (folder / "tokenizer.json").write_text("{}")
        if files == 1:
            save_file(dict(tensors), folder / "model.safetensors", {"format": "pt"})
            return folder
        weight_map: dict[str, str] = {}
        for number in range(files):
            file = f"model-{number + 1:05d}-of-{files:05d}.safetensors"
            part = {each: tensors[each] for each in list(tensors)[number::files]}
            save_file(part, folder / file, {"format": "pt"})
            weight_map |= dict.fromkeys(part, file)
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
        return folder

    return write


@pytest.fixture
def toy() -> Callable[..., dict[str, Tensor]]:
    """`toy(seed)` gives tensors of two layers: those of seed 0 with small changes that follow from `seed`."""

    def make(seed: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (11, 4)}
        for layer in range(2):
            shapes |= {f"model.layers.{layer}.mlp.weight": (4, 6), f"model.layers.{layer}.norm.weight": (4,)}
        shapes |= {"model.norm.weight": (4,), "lm_head.weight": (11, 4)}
        base, change = torch.Generator().manual_seed(0), torch.Generator().manual_seed(seed)
        tensors: dict[str, Tensor] = {}
        for name, shape in shapes.items():
            value = torch.randn(shape, generator=base)
            if seed:
                value = value + 0.1 * torch.randn(shape, generator=change)
            tensors[name] = value.to(dtype)
        return tensors

    return make
