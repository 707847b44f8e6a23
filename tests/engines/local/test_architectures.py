"""Models that would be trained wrongly are refused by the name of what is in the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig, Qwen2Config, Qwen3Config

from longstride.engines.local.architectures import check_architecture, check_folder
from longstride.errors import InputError


@pytest.mark.parametrize("config", [Qwen3Config(), Qwen2Config(), LlamaConfig()], ids=lambda config: config.model_type)
def test_dense_decoders_are_taken(config: Qwen3Config):
    check_architecture(config.to_dict())


def rope(kind: str) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 1e6, "factor": 4.0}}


@pytest.mark.parametrize("kind", ["default", "linear", "llama3", "yarn"])
def test_rotations_that_do_not_change_with_the_length_are_taken(kind: str):
    check_architecture({"model_type": "qwen3", **rope(kind)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "qwen3_moe"}, "field model_type: unknown architecture 'qwen3_moe'; this engine runs llama, "),
        ({"model_type": "gemma2"}, "unknown architecture 'gemma2'"),
        ({"model_type": None}, "unknown architecture None"),
        ({"auto_map": {"AutoModelForCausalLM": "modeling.Model"}}, "field auto_map: the model brings code of its own"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "field layer_types: holds 'sliding_attention'"),
        (rope("dynamic"), "field rope_parameters: rotation 'dynamic' changes with the length"),
        (rope("longrope"), "rotation 'longrope' changes with the length"),
        ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "rotation 'dynamic' changes with the length"),
        ({"attention_dropout": 0.1}, "field attention_dropout: is 0.1, expected 0"),
        ({"attn_logit_softcapping": 50.0}, "field attn_logit_softcapping: is 50.0; softcaps are not supported"),
        ({"quantization_config": {"bits": 4}}, "field quantization_config: quantized weights cannot be trained"),
    ],
)  # fmt: skip
def test_what_is_in_the_way_is_named(changes: dict[str, Any], message: str):
    with pytest.raises(InputError) as caught:
        check_architecture({"model_type": "qwen3", **changes})
    assert message in str(caught.value)


def test_an_active_sliding_window_is_refused():
    config = Qwen2Config(use_sliding_window=True, sliding_window=128, max_window_layers=2, num_hidden_layers=4)
    with pytest.raises(InputError, match="sliding_attention"):
        check_architecture(config.to_dict())


def test_folders_that_are_no_model(tmp_path: Path):
    with pytest.raises(InputError, match="is not a folder"):
        check_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"holds no config\.json"):
        check_folder(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        check_folder(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(InputError, match="is not a JSON object"):
        check_folder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(InputError, match="pickled weights are not read"):
        check_folder(tmp_path)
