"""A model's tensors written as safetensors files, one tensor in memory at a time.

A header says where every tensor lies before the first one is known, so a shard is never held whole. Names, sizes and
the index are those that transformers and vllm read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from longstride.files import replacing
from longstride.merging.model_folder import DTYPE_NAMES, STEM, raw_bytes
from longstride.merging.plan import Together

ALIGNMENT = 8  # bytes; headers are padded to it


@dataclass(frozen=True)
class Shard:
    """One file of the result."""

    file: str
    tensors: tuple[Together, ...]


def plan_shards(tensors: Sequence[Together], max_shard_bytes: int) -> list[Shard]:
    """Tensors in their order, as many to a file as fit; one that alone is larger has a file of its own."""
    parts: list[list[Together]] = [[]]
    filled = 0
    for tensor in tensors:
        if parts[-1] and filled + tensor.bytes > max_shard_bytes:
            parts.append([])
            filled = 0
        parts[-1].append(tensor)
        filled += tensor.bytes
    if len(parts) == 1:
        return [Shard(f"{STEM}.safetensors", tuple(parts[0]))]
    return [
        Shard(f"{STEM}-{number:05d}-of-{len(parts):05d}.safetensors", tuple(part))
        for number, part in enumerate(parts, start=1)
    ]


def write_shard(folder: Path, shard: Shard, values: Iterable[Tensor]) -> None:
    """Write `values`, one for each tensor of the shard, as they come; the file appears when it is whole.

    ValueError where a value is not of the shape and dtype that was planned.
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}  # the key is what transformers asks for
    end = 0
    for tensor in shard.tensors:
        start, end = end, end + tensor.bytes
        entry = {"dtype": DTYPE_NAMES[tensor.dtype], "shape": list(tensor.base.shape), "data_offsets": [start, end]}
        header[tensor.name] = entry
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    iterator = iter(values)
    with replacing(folder / shard.file) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in shard.tensors:
            value = next(iterator)
            if tuple(value.shape) != tensor.base.shape or value.dtype != tensor.dtype:
                raise ValueError(f"{tensor.name} is {tuple(value.shape)} {value.dtype}, planned otherwise")
            file.write(raw_bytes(value.contiguous().reshape(-1)))
            del value  # before the next is made


def write_index(folder: Path, shards: Sequence[Shard]) -> None:
    """Write the index of several shards; one alone has none."""
    if len(shards) == 1:
        return
    tensors = [tensor for shard in shards for tensor in shard.tensors]
    index = {
        "metadata": {"total_size": sum(tensor.bytes for tensor in tensors)},
        "weight_map": {tensor.name: shard.file for shard in shards for tensor in shard.tensors},
    }
    text = json.dumps(index, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / f"{STEM}.safetensors.index.json").write_text(text, encoding="utf-8")
