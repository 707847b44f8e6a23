"""Which models the engine for one machine runs, and a refusal by name for every other.

Three dense decoders whose layers are built alike. What they may not have: attention that is not over all earlier
tokens, positions whose rotation depends on how long the input is (a shared prompt and its rows would disagree), experts
with a router's loss, dropout in attention, and scores squeezed by a softcap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from longstride.errors import InputError

ARCHITECTURES = ("llama", "qwen2", "qwen3")  # config.model_type; Qwen2.5 is qwen2
ROTATIONS = ("default", "linear", "llama3", "yarn")  # the same at every length
SOFTCAPS = ("attn_logit_softcapping", "final_logit_softcapping", "logits_soft_cap")


def check_architecture(config: Mapping[str, Any], path: Path | None = None) -> None:
    """Refuse what would be trained wrongly: `config` is config.json's content, as transformers completes it.

    Raises InputError, naming the field of config.json, what it says and what is known.
    """

    def refuse(field: str, problem: str, cure: str | None = None) -> InputError:
        return InputError(problem, path=path, field=field, cure=cure)

    architecture = config.get("model_type")
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise refuse("model_type", f"unknown architecture {architecture!r}", f"this engine runs {known}")
    if config.get("auto_map"):
        raise refuse("auto_map", "the model brings code of its own, which is never run")
    other_layers = sorted(set(config.get("layer_types") or ()) - {"full_attention"})
    if other_layers:
        raise refuse("layer_types", f"holds {other_layers[0]!r}", "only full attention can share a prompt here")
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    rotation = rope.get("rope_type", rope.get("type", "default"))
    if rotation not in ROTATIONS:
        known = ", ".join(ROTATIONS)
        raise refuse(
            "rope_parameters", f"rotation {rotation!r} changes with the length or is unknown", f"known: {known}"
        )
    if config.get("attention_dropout"):
        raise refuse("attention_dropout", f"is {config['attention_dropout']}, expected 0", "set it to 0 in config.json")
    for softcap in SOFTCAPS:
        if config.get(softcap):
            raise refuse(softcap, f"is {config[softcap]}; softcaps are not supported")
    if config.get("quantization_config"):
        raise refuse("quantization_config", "quantized weights cannot be trained", "take the model in bf16 or float32")


def check_folder(folder: Path) -> None:
    """A model folder holds config.json and safetensors; pickled weights are refused, as they may run code."""
    configuration = folder / "config.json"
    if not configuration.is_file():
        cure = "give the folder of a model that transformers saved"
        raise InputError("holds no config.json" if folder.is_dir() else "is not a folder", path=folder, cure=cure)
    try:
        content = json.loads(configuration.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", path=configuration) from None
    if not isinstance(content, dict):
        raise InputError("is not a JSON object", path=configuration)
    check_architecture(content, configuration)
    if not any(folder.glob("*.safetensors")):
        cure = "save it again with save_pretrained"
        raise InputError("holds no .safetensors file; pickled weights are not read", path=folder, cure=cure)
