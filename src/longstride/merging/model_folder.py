"""A model's folder as others wrote it: its tensors in safetensors files, read one at a time and never mapped.

A mapped file counts as memory of the process for every page that was touched; here a tensor is read into memory of its
own and goes when it is used, so a merge needs no more than the tensors that it holds. Only headers are read beforehand.

Float32 masters of 16-bit weights, where training left them beside the model (`masters/` beside `model/`), stand in for
the weights that were rounded from them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from longstride.errors import InputError

STEM = "model"
MASTERS = "masters"
MAX_HEADER_BYTES = 100_000_000  # as in the reference implementation of the format
READ_BYTES = 2**24
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True)
class StoredTensor:
    """Where one tensor lies."""

    file: Path
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int  # bytes from the beginning of the file

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    def described(self) -> str:
        """`(3, 4) bfloat16`, for messages."""
        return f"{self.shape} {str(self.dtype).removeprefix('torch.')}"

    def read(self) -> Tensor:
        """The tensor in memory of its own. InputError where the file ends too early."""
        data = torch.empty(self.elements, dtype=self.dtype)
        view = raw_bytes(data)
        with self.file.open("rb", buffering=0) as file:
            file.seek(self.start)
            while view:
                count = file.readinto(view[:READ_BYTES])
                if not count:
                    raise InputError("is cut short", path=self.file)
                view = view[count:]
        return data.reshape(self.shape)


@dataclass(frozen=True)
class ModelFolder:
    """A model whose headers were read."""

    given: Path  # as it was named
    folder: Path  # where config.json stands
    config: Mapping[str, Any]
    tensors: Mapping[str, StoredTensor]  # in the order of the files; masters in the place of what was rounded from them
    rounded: Mapping[str, torch.dtype]  # of those that have masters: what the model itself has them in

    @property
    def files(self) -> list[Path]:
        """All files that hold its tensors."""
        return sorted({tensor.file for tensor in self.tensors.values()})


def raw_bytes(flat_N: Tensor) -> memoryview:
    """The memory of a contiguous tensor [N], to be read from or into."""
    return memoryview(cast(Any, flat_N.view(torch.uint8).numpy()))


def open_model_folder(given: Path) -> ModelFolder:
    """Read the headers of a model folder, or of a training checkpoint that holds `model/` and perhaps `masters/`.

    Raises InputError where there is no model, where its weights are pickled or quantised, where a file is missing,
    damaged, or named by an index and outside of the folder, and where masters do not fit the model.
    """
    folder = given if (given / "config.json").is_file() else given / "model"
    if not (folder / "config.json").is_file():
        raise InputError("holds no model (no config.json)", path=given, cure="name a model's folder")
    tensors = _tensors_in(folder)
    masters = _masters(folder)
    for name, master in masters.items():
        stored = tensors.get(name)
        if stored is None or stored.shape != master.shape or master.dtype != torch.float32:
            expected = f"expected {stored.shape} float32" if stored else "which the model does not hold"
            raise InputError(f"a master of {name}, {master.described()}, {expected}", path=master.file)
    rounded = {name: tensors[name].dtype for name in masters}
    return ModelFolder(given, folder, read_json_object(folder / "config.json"), tensors | masters, rounded)


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON file's object. InputError for anything else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("is missing", path=path) from None
    except (ValueError, RecursionError):
        raise InputError("is no JSON", path=path) from None
    if not isinstance(value, dict):
        raise InputError("is no JSON object", path=path)
    return value


def read_header(file: Path) -> dict[str, StoredTensor]:
    """The tensors of one safetensors file, by where they lie. InputError for anything that is no whole such file."""
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            total = file.stat().st_size
            if total < 8 or length > min(total - 8, MAX_HEADER_BYTES):
                raise InputError("is no safetensors file, or cut short", path=file)
            header = json.loads(stream.read(length))
    except FileNotFoundError:
        raise InputError("is missing", path=file) from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("is no safetensors file (its header is no JSON)", path=file) from None
    if not isinstance(header, dict):
        raise InputError("is no safetensors file (its header is no JSON object)", path=file)
    header.pop("__metadata__", None)
    found = [(name, _stored(file, name, entry, 8 + length, total)) for name, entry in header.items()]
    return dict(sorted(found, key=lambda each: each[1].start))


def _stored(file: Path, name: str, entry: Any, data_start: int, total: int) -> StoredTensor:
    try:
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        start, end = entry["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, start, end))
    except (TypeError, KeyError, ValueError):
        whole, dtype, shape, start, end = False, None, (), 0, 0
    if not whole or not isinstance(dtype, str):
        raise InputError(f"describes {name} in a way that is no safetensors", path=file)
    if dtype not in DTYPES:
        cure = "merge models that are not quantised"
        raise InputError(f"{name} is {dtype}; known: {', '.join(DTYPES)}", path=file, cure=cure)
    if end - start != math.prod(shape) * DTYPES[dtype].itemsize:
        raise InputError(f"{name} has {end - start} bytes, which is not {shape} {dtype}", path=file)
    if data_start + end > total:
        raise InputError(f"is cut short: {name} ends at byte {data_start + end} of {total}", path=file)
    return StoredTensor(file, DTYPES[dtype], shape, data_start + start)


def _tensors_in(folder: Path) -> dict[str, StoredTensor]:
    index, single = folder / f"{STEM}.safetensors.index.json", folder / f"{STEM}.safetensors"
    if index.is_file():
        return _indexed(index)
    if single.is_file():
        return read_header(single)
    pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
    if pickled:
        cure = "save the model as safetensors"
        raise InputError(f"holds {pickled[0]}, a pickle, which could run code", path=folder, cure=cure)
    if (folder / "adapter_config.json").is_file():
        raise InputError("holds an adapter and no model", path=folder, cure="add the adapter to its model first")
    raise InputError(f"holds neither {index.name} nor {single.name}", path=folder)


def _indexed(index: Path) -> dict[str, StoredTensor]:
    weight_map = read_json_object(index).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(file, str) for file in weight_map.values()):
        raise InputError("is no index of safetensors files", path=index)
    for file in weight_map.values():
        if Path(file).name != file or "\\" in file or not file.endswith(".safetensors"):
            raise InputError(f"names {file!r}, which is no safetensors file beside it", path=index)
    found: dict[str, StoredTensor] = {}
    for file in dict.fromkeys(sorted(weight_map.values())):
        stored = read_header(index.parent / file)
        found |= {name: tensor for name, tensor in stored.items() if weight_map.get(name) == file}
    for name, file in weight_map.items():
        if name not in found:
            raise InputError(f"holds no {name}, which {index.name} places there", path=index.parent / file)
    return found


def _masters(folder: Path) -> dict[str, StoredTensor]:
    beside = folder.parent / MASTERS
    if folder.name != "model" or not beside.is_dir():
        return {}
    return _tensors_in(beside)
