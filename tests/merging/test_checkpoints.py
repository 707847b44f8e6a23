"""Whole merges: against the same merge tensor by tensor, and what is left behind when one cannot be finished."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM

from longstride.errors import InputError
from longstride.merging import MergeSettings, checkpoints, merge_checkpoints, merge_tensors

Toy = Callable[..., dict[str, Tensor]]
WriteModel = Callable[..., Path]


def loaded(folder: Path) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for file in folder.glob("*.safetensors"):
        tensors |= load_file(file)
    return tensors


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def three(write_model: WriteModel, toy: Toy) -> list[Path]:
    """A base and two models, each in files of its own making."""
    return [write_model(name, toy(seed), files=seed + 1) for seed, name in enumerate(("base", "one", "two"))]


@pytest.mark.parametrize("max_shard_bytes", [10**9, 200, 1])
def test_a_checkpoint_is_merged_as_its_tensors_are_whatever_the_files(
    three: list[Path], toy: Toy, tmp_path: Path, max_shard_bytes: int
):
    settings = MergeSettings(topk=0.5)
    merge_checkpoints(three[0], three[1:], tmp_path / "out", settings, max_shard_bytes=max_shard_bytes)
    merged = loaded(tmp_path / "out")
    assert list(merged) and set(merged) == set(toy(0))
    for name, base in toy(0).items():
        assert torch.equal(merged[name], merge_tensors(base, [toy(1)[name], toy(2)[name]], 0.5))
    files = sorted(path.name for path in (tmp_path / "out").glob("*.safetensors*"))
    if max_shard_bytes == 10**9:
        assert files == ["model.safetensors"]
    else:
        index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
        assert set(index["weight_map"]) == set(merged)
        assert {*index["weight_map"].values(), "model.safetensors.index.json"} == set(files)
        assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in merged.values())
    assert max_shard_bytes != 1 or len(files) == len(merged) + 1


def test_nothing_but_the_result_is_left_and_it_is_complete(three: list[Path], tmp_path: Path):
    report = merge_checkpoints(three[0], three[1:], tmp_path / "out")
    assert sorted(contents(tmp_path / "out")) == [
        "config.json",
        "merge_report.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "one", "out", "two"]
    assert json.loads((tmp_path / "out" / "merge_report.json").read_text()) == json.loads(json.dumps(report.as_json()))


def test_the_rivals_by_name(three: list[Path], toy: Toy, tmp_path: Path):
    merge_checkpoints(three[0], three[1:], tmp_path / "linear", MergeSettings("linear", weights=(3, 1)))
    merge_checkpoints(three[0], three[1:], tmp_path / "arithmetic", MergeSettings("task_arithmetic"))
    name = "model.norm.weight"
    base, one, two = (toy(seed)[name] for seed in range(3))
    assert torch.allclose(loaded(tmp_path / "linear")[name], (3 * one + two) / 4)
    assert torch.allclose(loaded(tmp_path / "arithmetic")[name], one + two - base, atol=1e-6)


def test_small_changes_survive_through_float32_masters_and_not_without(write_model: WriteModel, tmp_path: Path):
    base = torch.full((8,), 0.02).bfloat16()
    write_model("base", {"a": base})
    for name, change in (("one", 2e-6), ("two", 4e-6)):
        write_model(f"{name}/model", {"a": (base.float() + change).bfloat16()})
        (tmp_path / name / "masters").mkdir()
        save_file({"a": base.float() + change}, tmp_path / name / "masters" / "model.safetensors")
    models = [tmp_path / "one", tmp_path / "two"]
    report = merge_checkpoints(tmp_path / "base", models, tmp_path / "out", MergeSettings(dtype="float32"))
    merged = loaded(tmp_path / "out")["a"]
    assert merged.dtype == torch.float32 and report.masters == (0, 1, 1)
    assert (merged - base.float()).tolist() == pytest.approx([3.6e-6] * 8, rel=1e-2)  # weights 0.2 and 0.8
    for name in ("one", "two"):
        (tmp_path / name / "masters" / "model.safetensors").unlink()
        (tmp_path / name / "masters").rmdir()
    without = merge_checkpoints(tmp_path / "base", models, tmp_path / "without", MergeSettings(dtype="float32"))
    assert without.masters == (0, 0, 0) and without.total.changed == 0


def test_the_result_keeps_the_bases_dtype_or_takes_another(write_model: WriteModel, toy: Toy, tmp_path: Path):
    base = write_model("base", toy(0, torch.bfloat16), torch_dtype="bfloat16")
    models = [write_model("one", toy(1, torch.float16)), write_model("two", toy(2))]
    for dtype, expected in (("keep", "bfloat16"), ("float32", "float32")):
        merge_checkpoints(base, models, tmp_path / dtype, MergeSettings(dtype=dtype))  # pyright: ignore[reportArgumentType]
        assert {str(tensor.dtype) for tensor in loaded(tmp_path / dtype).values()} == {f"torch.{expected}"}
        assert json.loads((tmp_path / dtype / "config.json").read_text())["torch_dtype"] == expected


@pytest.mark.parametrize(("which", "value"), [("base", math.nan), ("two", math.inf)])
def test_nan_and_infinities_are_named_with_their_file_and_nothing_is_left(
    write_model: WriteModel, toy: Toy, tmp_path: Path, which: str, value: float
):
    for seed, name in enumerate(("base", "one", "two")):
        tensors = toy(seed)
        if name == which:
            tensors["model.layers.1.mlp.weight"][1, 2] = value
        write_model(name, tensors)
    with pytest.raises(
        InputError, match=rf"{which}/model.safetensors: model.layers.1.mlp.weight holds {value} at element 8"
    ):
        merge_checkpoints(tmp_path / "base", [tmp_path / "one", tmp_path / "two"], tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "one", "two"]


def test_integers_are_copied_where_they_agree_and_refused_where_not(write_model: WriteModel, toy: Toy, tmp_path: Path):
    same = {"steps": torch.tensor([1, 2])}
    base, one = write_model("base", toy(0) | same), write_model("one", toy(1) | same)
    report = merge_checkpoints(base, [one], tmp_path / "out")
    assert report.copied == ("steps",) and loaded(tmp_path / "out")["steps"].tolist() == [1, 2]
    two = write_model("two", toy(2) | {"steps": torch.tensor([1, 3])})
    with pytest.raises(InputError, match=r"steps holds torch\.int64 that differ"):
        merge_checkpoints(base, [one, two], tmp_path / "other")


def test_an_output_that_exists_is_refused_and_left_alone(three: list[Path], tmp_path: Path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="exists already"):
        merge_checkpoints(three[0], three[1:], tmp_path / "out")
    with pytest.raises(InputError, match="exists already"):
        merge_checkpoints(three[0], three[1:], three[0])
    assert list((tmp_path / "out").iterdir()) == []


def test_a_mismatch_is_told_before_anything_is_written(three: list[Path], write_model: WriteModel, tmp_path: Path):
    other = write_model("other", {"model.norm.weight": torch.zeros(4)})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="is missing in"):
        merge_checkpoints(three[0], [three[1], other], tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_is_too_small_is_told_before_the_work(
    three: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100}))
    with pytest.raises(InputError, match=r"the disk has room for 0\.0 GB"):
        merge_checkpoints(three[0], three[1:], tmp_path / "out")
    assert not (tmp_path / "out").exists() and not (tmp_path / ".out.merging").exists()


KILLED = """
import os, sys
from pathlib import Path
from longstride.merging import merge_checkpoints
from longstride.merging.checkpoints import Progress

class Killer(Progress):
    left = int(sys.argv[2])
    def tensor(self, name):
        if not self.left:
            os.kill(os.getpid(), 9)
        self.left -= 1

folder = Path(sys.argv[1])
models = [folder / "one", folder / "two"]
merge_checkpoints(folder / "base", models, folder / "out", max_shard_bytes=1, progress=Killer())
"""


class Interrupted(checkpoints.Progress):
    """Ctrl-C when so many tensors are merged."""

    def __init__(self, left: int) -> None:
        self.left = left

    def tensor(self, name: str) -> None:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1


def test_killed_and_interrupted_it_goes_on_and_gives_the_same_bytes(three: list[Path], tmp_path: Path):
    merge_checkpoints(three[0], three[1:], tmp_path / "whole", max_shard_bytes=1)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "2"], check=False)
    assert killed.returncode == -9 and not (tmp_path / "out").exists()
    with pytest.raises(KeyboardInterrupt):
        merge_checkpoints(three[0], three[1:], tmp_path / "out", max_shard_bytes=1, progress=Interrupted(3))
    rest = Interrupted(7 - 5)  # what stood is not made again, or this would be an interrupt
    merge_checkpoints(three[0], three[1:], tmp_path / "out", max_shard_bytes=1, progress=rest)
    assert rest.left == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert not (tmp_path / ".out.merging").exists()


def test_what_was_left_by_another_merge_is_not_gone_on_with(three: list[Path], tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        merge_checkpoints(three[0], three[1:], tmp_path / "out", max_shard_bytes=1, progress=Interrupted(3))
    settings = MergeSettings("linear")
    merge_checkpoints(three[0], three[1:], tmp_path / "out", settings, max_shard_bytes=1)
    merge_checkpoints(three[0], three[1:], tmp_path / "whole", settings, max_shard_bytes=1)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"topk": 0.0}, "topk is 0.0"),
        ({"topk": math.nan}, "topk is nan"),
        ({"method": "linear", "topk": 0.5}, "belong to sce"),
        ({"weights": (1.0, 1.0)}, "sce computes its own"),
        ({"method": "linear", "weights": (1.0, math.inf)}, "not all finite"),
        ({"method": "linear", "weights": (1.0,)}, "1 weights for 2 models"),
        ({"method": "linear", "weights": (1.0, -1.0)}, "sum to 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    three: list[Path], tmp_path: Path, settings: dict[str, object], message: str
):
    with pytest.raises(InputError, match=message):
        merge_checkpoints(three[0], three[1:], tmp_path / "out", MergeSettings(**settings))  # pyright: ignore[reportArgumentType]


def test_one_model_has_nothing_to_select_by(three: list[Path], tmp_path: Path):
    with pytest.raises(InputError, match="no variance to select by"):
        merge_checkpoints(three[0], three[1:2], tmp_path / "out", MergeSettings(topk=0.5))


def test_transformers_loads_the_result_with_its_tied_head(tmp_path: Path):
    config = Qwen3Config(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        tie_word_embeddings=True,
    )
    for seed, name in enumerate(("base", "one", "two")):
        torch.manual_seed(seed)
        Qwen3ForCausalLM(config).save_pretrained(tmp_path / name)
    merge_checkpoints(tmp_path / "base", [tmp_path / "one", tmp_path / "two"], tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    name = "model.embed_tokens.weight"
    base, one, two = (load_file(tmp_path / each / "model.safetensors")[name] for each in ("base", "one", "two"))
    assert torch.equal(model.lm_head.weight, merge_tensors(base, [one, two]))
    assert torch.equal(model.lm_head.weight, model.model.embed_tokens.weight)
