from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from longstride.engines.local.tensor_files import TensorFiles, write_tensors
from longstride.errors import InputError

TENSORS = {
    "b": torch.arange(6.0).reshape(2, 3),  # 24 bytes
    "a": torch.ones(4, dtype=torch.bfloat16),  # 8
    "empty": torch.zeros(0, 2),
    "c": torch.arange(5),  # 40
}


def test_one_file_when_it_fits(tmp_path: Path):
    write_tensors(tmp_path, "model", TENSORS)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    read = TensorFiles(tmp_path, "model")
    assert {name: (read[name].dtype, read[name].tolist()) for name in read} == {
        name: (tensor.dtype, tensor.tolist()) for name, tensor in TENSORS.items()
    }


def test_shards_hold_as_many_as_fit_and_an_index_says_where(tmp_path: Path):
    write_tensors(tmp_path, "model", TENSORS, max_shard_bytes=32)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    assert index == {
        "metadata": {"total_size": 72},
        "weight_map": {"b": first, "a": first, "empty": first, "c": second},  # 24 + 8 is 32, c alone is 40
    }
    assert sorted(load_file(tmp_path / second)) == ["c"]
    read = TensorFiles(tmp_path, "model")
    assert sorted(read) == sorted(TENSORS)
    assert all(torch.equal(read[name], TENSORS[name]) for name in TENSORS)


def test_no_tensors_are_an_empty_file(tmp_path: Path):
    write_tensors(tmp_path, "optimizer", {})
    assert dict(TensorFiles(tmp_path, "optimizer")) == {}


def test_one_memory_under_two_names_is_refused(tmp_path: Path):
    weight = torch.ones(3)
    with pytest.raises(ValueError, match="embed and head are one tensor"):
        write_tensors(tmp_path, "model", {"embed": weight, "head": weight.view(3, 1)})


@pytest.mark.parametrize("file", ["../model.safetensors", "/etc/passwd", "weights.bin"])
def test_an_index_that_points_elsewhere_is_refused(tmp_path: Path, file: str):
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": file}}))
    with pytest.raises(InputError, match="which is no safetensors file beside it"):
        TensorFiles(tmp_path, "model")


@pytest.mark.parametrize("content", ["[]", "{}", '{"weight_map": 3}', "nothing"])
def test_an_index_that_is_none_is_refused(tmp_path: Path, content: str):
    (tmp_path / "model.safetensors.index.json").write_text(content)
    with pytest.raises(InputError, match="is no index"):
        TensorFiles(tmp_path, "model")


def test_missing_and_broken_files_are_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"model.safetensors: is missing"):
        TensorFiles(tmp_path, "model")
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04pickled")
    with pytest.raises(InputError, match=r"model.safetensors: is no safetensors file"):
        TensorFiles(tmp_path, "model")
