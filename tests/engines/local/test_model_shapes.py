from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

from longstride.engines.local.model_shapes import KNOWN, model_shape, shape_of_config
from longstride.errors import InputError

SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(
    "config",
    [
        Qwen3Config(**SIZES, head_dim=8),
        Qwen3Config(**SIZES, head_dim=8, attention_bias=True),
        Qwen2Config(**SIZES),
        LlamaConfig(**SIZES),
        LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True),
    ],
)
def test_weights_are_counted_to_the_last_one(config: Any, tied: bool):
    config.tie_word_embeddings = tied
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shape = shape_of_config(config.to_dict())
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert shape.hidden_matrices == sum(
        parameter.numel() for name, parameter in model.named_parameters() if "layers." in name and parameter.ndim == 2
    )


def test_the_known_models_have_the_weights_that_their_cards_state():
    """Billions on the cards of Qwen3: 0.6, 1.7, 4.0, 8.2."""
    assert [round(shape.parameters / 1e9, 1) for shape in KNOWN.values()] == [0.6, 1.7, 4.0, 8.2]


def test_a_name_a_folder_and_a_file(tmp_path: Path):
    assert model_shape("qwen3-4b") == model_shape("Qwen/Qwen3-4B") == KNOWN["Qwen3-4B"]
    (tmp_path / "config.json").write_text(json.dumps(Qwen3Config(**SIZES).to_dict()))
    shape = model_shape(tmp_path)
    assert shape == model_shape(tmp_path / "config.json")
    assert (shape.hidden, shape.layers, shape.query_width, shape.key_width) == (24, 3, 6 * 128, 2 * 128)


def test_refusals_name_what_is_wrong(tmp_path: Path):
    with pytest.raises(InputError, match=r"Qwen9: is neither .* one of Qwen3-0\.6B, "):
        model_shape("Qwen9")
    path = tmp_path / "config.json"
    for content, problem in (
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"model_type": "mamba"}', "mamba"),
        ('{"model_type": "llama", "hidden_size": 8}', "num_attention_heads: is None"),
    ):
        path.write_text(content)
        with pytest.raises(InputError, match=problem):
            model_shape(path)
