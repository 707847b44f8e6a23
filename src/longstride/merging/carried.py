"""What a merged model takes from its base beside the weights: configuration, tokenizer, licence; and what differs.

Only files that are known to be data are taken: no code, no weights of another format.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from longstride.merging.model_folder import ModelFolder

CARRIED = (
    "generation_config.json",
    "tokenizer*.json",
    "tokenizer.model",
    "*.tiktoken",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*.jinja",
    "chat_template.json",
    "LICENSE*",
    "NOTICE*",
)
COMPARED = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)
NO_MATTER = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version", "use_cache"}


def carry_over(base: ModelFolder, folder: Path, dtype: torch.dtype | None) -> None:
    """Copy the base's files into `folder`; config.json names `dtype`, where one is given."""
    for path in sorted({path for pattern in CARRIED for path in base.folder.glob(pattern) if path.is_file()}):
        shutil.copyfile(path, folder / path.name)
    config = dict(base.config)
    if dtype is not None:
        key = "torch_dtype" if "torch_dtype" in config and "dtype" not in config else "dtype"
        config[key] = str(dtype).removeprefix("torch.")
    text = json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def differences(base: ModelFolder, models: Sequence[ModelFolder]) -> list[str]:
    """Where a model's tokenizer or configuration is not the base's, which the result has; a line for each."""
    notes: list[str] = []
    for model in models:
        for name in COMPARED:
            if _content(base.folder / name) != _content(model.folder / name):
                notes.append(f"{name} of {model.given} differs from the base's, which the result has")
        if changed := _changed(base.config, model.config):
            keys = ", ".join(changed)
            notes.append(f"config.json of {model.given} differs from the base's, which the result has: {keys}")
    return notes


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _changed(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in {*one, *other} - NO_MATTER if one.get(key) != other.get(key))
