"""The sizes of a dense decoder, from its config.json or by name, and how many numbers its weights are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longstride.engines.local.architectures import check_architecture
from longstride.errors import InputError


@dataclass(frozen=True)
class ModelShape:
    """What decides how much memory a model needs."""

    name: str
    hidden: int  # H
    layers: int
    heads: int  # h, of queries
    kv_heads: int  # k
    head_width: int  # d
    mlp: int  # I, the MLP's inner width
    vocabulary: int  # V
    tied: bool  # the head is the embedding
    head_norms: bool = True  # queries and keys are normed (Qwen3)
    biases: frozenset[str] = field(default=frozenset())  # projections with a bias

    @property
    def query_width(self) -> int:
        return self.heads * self.head_width

    @property
    def key_width(self) -> int:
        """Of a layer's keys of one token, and of its values."""
        return self.kv_heads * self.head_width

    def matrices(self) -> dict[str, tuple[int, int]]:
        """The matrices of one layer: (outputs, inputs)."""
        return {
            "q_proj": (self.query_width, self.hidden),
            "k_proj": (self.key_width, self.hidden),
            "v_proj": (self.key_width, self.hidden),
            "o_proj": (self.hidden, self.query_width),
            "gate_proj": (self.mlp, self.hidden),
            "up_proj": (self.mlp, self.hidden),
            "down_proj": (self.hidden, self.mlp),
        }

    @property
    def hidden_matrices(self) -> int:
        """Numbers in the matrices of all layers."""
        return self.layers * sum(rows * columns for rows, columns in self.matrices().values())

    @property
    def parameters(self) -> int:
        """Numbers in all weights; a tied head counts once."""
        norms = 2 * self.hidden + (2 * self.head_width if self.head_norms else 0)
        biases = sum(rows for name, (rows, _) in self.matrices().items() if name in self.biases)
        embeddings = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return embeddings + self.hidden_matrices + self.layers * (norms + biases) + self.hidden


KNOWN = {  # from their config.json on the Hugging Face hub
    shape.name: shape
    for shape in (
        ModelShape("Qwen3-0.6B", 1024, 28, 16, 8, 128, 3072, 151_936, tied=True),
        ModelShape("Qwen3-1.7B", 2048, 28, 16, 8, 128, 6144, 151_936, tied=True),
        ModelShape("Qwen3-4B", 2560, 36, 32, 8, 128, 9728, 151_936, tied=True),
        ModelShape("Qwen3-8B", 4096, 36, 32, 8, 128, 12_288, 151_936, tied=False),
    )
}


def model_shape(model: str | Path) -> ModelShape:
    """The shape of a known model (`Qwen3-4B`, any case), of a model folder, or of a config.json.

    Raises InputError for a name that is neither, and for architectures that the engine does not run.
    """
    for name, shape in KNOWN.items():
        if str(model).lower() in (name.lower(), f"qwen/{name}".lower()):
            return shape
    path = Path(model)
    if path.is_dir():
        path = path / "config.json"
    if not path.is_file():
        cure = f"give its folder, its config.json, or one of {', '.join(KNOWN)}"
        raise InputError("is neither a model folder nor a known model", path=model, cure=cure)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"is no JSON ({error})", path=path) from None
    if not isinstance(config, dict):
        raise InputError("is no JSON object", path=path)
    check_architecture(config, path)
    return shape_of_config(config, path)


def shape_of_config(config: Mapping[str, Any], path: Path | None = None) -> ModelShape:
    """The shape that config.json's content describes. InputError naming a size that is missing or no number."""

    def size(field: str, default: int | None = None) -> int:
        value = config.get(field)
        value = default if value is None else value
        if not isinstance(value, int) or value < 1:
            raise InputError(f"is {value!r}, expected a number from 1 on", path=path, field=field)
        return value

    architecture, heads, hidden = config.get("model_type"), size("num_attention_heads"), size("hidden_size")
    biases = {"q_proj", "k_proj", "v_proj"} if architecture == "qwen2" else set[str]()
    if config.get("attention_bias") and architecture != "qwen2":
        biases |= {"q_proj", "k_proj", "v_proj", "o_proj"}
    if config.get("mlp_bias"):
        biases |= {"gate_proj", "up_proj", "down_proj"}
    return ModelShape(
        name=str(config.get("_name_or_path") or (path.parent.name if path else architecture)),
        hidden=hidden,
        layers=size("num_hidden_layers"),
        heads=heads,
        kv_heads=size("num_key_value_heads", heads),
        head_width=size("head_dim", hidden // heads),
        mlp=size("intermediate_size"),
        vocabulary=size("vocab_size"),
        tied=bool(config.get("tie_word_embeddings", False)),
        head_norms=architecture == "qwen3",
        biases=frozenset(biases),
    )
