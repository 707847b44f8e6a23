from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from longstride.merging.model_folder import StoredTensor
from longstride.merging.plan import Together
from longstride.merging.shards import Shard, plan_shards, write_shard


def planned(name: str, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Together:
    return Together(name, StoredTensor(Path("base"), dtype, shape, 0), (), dtype)


def test_a_file_holds_as_many_as_fit_and_a_larger_one_alone():
    tensors = [planned(name, (elements,)) for name, elements in zip("abcde", (1, 2, 9, 1, 1), strict=True)]
    shards = plan_shards(tensors, 12)
    assert [[tensor.name for tensor in shard.tensors] for shard in shards] == [["a", "b"], ["c"], ["d", "e"]]
    assert shards[0].file == "model-00001-of-00003.safetensors"
    assert [shard.file for shard in plan_shards(tensors, 56)] == ["model.safetensors"]


def test_what_is_written_is_what_safetensors_reads(tmp_path: Path):
    values = {
        "é": torch.arange(6.0).reshape(2, 3).T,
        "half": torch.tensor([1.5, -2.0]).bfloat16(),
        "scalar": torch.tensor(7),
        "empty": torch.zeros(0, 3),
    }
    tensors = tuple(planned(name, tuple(value.shape), value.dtype) for name, value in values.items())
    write_shard(tmp_path, Shard("model.safetensors", tensors), iter(values.values()))
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        assert file.metadata() == {"format": "pt"}
        assert set(file.keys()) == set(values)
        for name, value in values.items():
            assert torch.equal(file.get_tensor(name), value) and file.get_tensor(name).dtype == value.dtype


def test_a_value_that_was_not_planned_leaves_no_file(tmp_path: Path):
    shard = Shard("model.safetensors", (planned("a", (2,)),))
    for value in (torch.zeros(3), torch.zeros(2).bfloat16()):
        with pytest.raises(ValueError, match="planned otherwise"):
            write_shard(tmp_path, shard, iter([value]))
    assert list(tmp_path.iterdir()) == []
