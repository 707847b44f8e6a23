"""Named tensors in safetensors files, split like transformers splits a model, and read one tensor at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from longstride.errors import InputError

MAX_SHARD_BYTES = 5_000_000_000  # transformers' customary size


def write_tensors(
    folder: Path, stem: str, tensors: Mapping[str, Tensor], max_shard_bytes: int = MAX_SHARD_BYTES
) -> None:
    """Write `STEM.safetensors`, or `STEM-00001-of-00003.safetensors` ... and `STEM.safetensors.index.json`.

    Tensors keep their order; a shard holds as many as fit, and one that alone is larger has a shard of its own. No
    tensors: one empty file. ValueError for two names of one memory, which would be saved twice.
    """
    _refuse_shared(tensors)
    folder.mkdir(parents=True, exist_ok=True)
    shards: list[list[str]] = [[]]
    filled = 0
    for name, tensor in tensors.items():
        if shards[-1] and filled + tensor.nbytes > max_shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += tensor.nbytes
    weight_map: dict[str, str] = {}
    for number, names in enumerate(shards, start=1):
        suffix = f"-{number:05d}-of-{len(shards):05d}" if len(shards) > 1 else ""
        file = f"{stem}{suffix}.safetensors"
        # the key is what transformers asks of a file before it reads it
        save_file({name: tensors[name].detach().contiguous() for name in names}, folder / file, {"format": "pt"})
        weight_map |= dict.fromkeys(names, file)
    if len(shards) > 1:
        total_bytes = sum(tensor.nbytes for tensor in tensors.values())
        index = {"metadata": {"total_size": total_bytes}, "weight_map": weight_map}
        text = json.dumps(index, indent=2, sort_keys=True) + "\n"
        (folder / f"{stem}.safetensors.index.json").write_text(text, encoding="utf-8")


class TensorFiles(Mapping[str, Tensor]):
    """What `write_tensors` (or transformers) wrote: each tensor is read from its file when it is asked for, to the CPU.

    Raises InputError for files that are missing or no safetensors, and for an index that names files elsewhere.
    """

    def __init__(self, folder: Path, stem: str) -> None:
        self.folder = folder
        index = folder / f"{stem}.safetensors.index.json"
        self._open: dict[str, Any] = {}
        if index.exists():
            self._files = _read_index(index)
        else:
            file = f"{stem}.safetensors"
            self._files = dict.fromkeys(self._handle(file).keys(), file)

    def __getitem__(self, name: str) -> Tensor:
        return self._handle(self._files[name]).get_tensor(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def _handle(self, file: str) -> Any:
        if file not in self._open:
            try:
                self._open[file] = safe_open(self.folder / file, framework="pt")
            except FileNotFoundError:
                raise InputError("is missing", path=self.folder / file) from None
            except SafetensorError as error:
                raise InputError(f"is no safetensors file ({error})", path=self.folder / file) from None
        return self._open[file]


def _read_index(index: Path) -> dict[str, str]:
    try:
        weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        files = {str(name): str(file) for name, file in weight_map.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError("is no index of safetensors files", path=index) from None
    for file in files.values():
        if Path(file).name != file or not file.endswith(".safetensors"):
            raise InputError(f"names {file!r}, which is no safetensors file beside it", path=index)
    return files


def _refuse_shared(tensors: Mapping[str, Tensor]) -> None:
    places: dict[tuple[str, int], str] = {}
    for name, tensor in tensors.items():
        if tensor.numel():
            first = places.setdefault((str(tensor.device), tensor.data_ptr()), name)
            if first != name:
                raise ValueError(f"{first} and {name} are one tensor; save it under one name")
