import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from longstride.errors import InputError
from longstride.merging.model_folder import open_model_folder, read_header

Toy = Callable[..., dict[str, Tensor]]
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.bool]


@pytest.mark.parametrize("files", [1, 3])
def test_every_tensor_is_read_as_safetensors_reads_it(write_model: Callable[..., Path], toy: Toy, files: int):
    tensors = toy(0) | {f"x.{number}": torch.arange(5).to(dtype) for number, dtype in enumerate(DTYPES)}
    tensors |= {"scalar": torch.tensor(3.0), "empty": torch.zeros(0, 4)}
    model = open_model_folder(write_model("model", tensors, files))
    assert set(model.tensors) == set(tensors)
    for name, stored in model.tensors.items():
        read = stored.read()
        assert read.dtype == tensors[name].dtype and torch.equal(read, tensors[name])


def test_masters_beside_the_model_stand_in_for_what_was_rounded(
    write_model: Callable[..., Path], toy: Toy, tmp_path: Path
):
    write_model("step/model", toy(0, torch.bfloat16))
    (tmp_path / "step" / "masters").mkdir()
    master = toy(1)["model.norm.weight"]
    save_file({"model.norm.weight": master}, tmp_path / "step" / "masters" / "model.safetensors")
    for given_folder in (tmp_path / "step", tmp_path / "step" / "model"):
        model = open_model_folder(given_folder)
        assert torch.equal(model.tensors["model.norm.weight"].read(), master)
        assert model.rounded == {"model.norm.weight": torch.bfloat16}
        assert model.tensors["lm_head.weight"].dtype == torch.bfloat16


@pytest.mark.parametrize("wrong", [{"model.norm.weight": torch.zeros(5)}, {"unknown": torch.zeros(4)}])
def test_masters_of_another_model_are_refused(
    write_model: Callable[..., Path], toy: Toy, tmp_path: Path, wrong: dict[str, Tensor]
):
    write_model("step/model", toy(0, torch.bfloat16))
    (tmp_path / "step" / "masters").mkdir()
    save_file(wrong, tmp_path / "step" / "masters" / "model.safetensors")
    with pytest.raises(InputError, match=f"a master of {next(iter(wrong))}"):
        open_model_folder(tmp_path / "step")


@pytest.mark.parametrize(
    "file", ["../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "x.bin", "..\\x.safetensors"]
)
def test_an_index_that_names_files_elsewhere_is_refused(
    write_model: Callable[..., Path], toy: Toy, tmp_path: Path, file: str
):
    folder = write_model("model", toy(0), 2)
    save_file(toy(0), tmp_path / "x.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"model.norm.weight": file}}))
    with pytest.raises(InputError, match="which is no safetensors file beside it"):
        open_model_folder(folder)


def test_what_is_no_model_says_why(write_model: Callable[..., Path], toy: Toy, tmp_path: Path):
    with pytest.raises(InputError, match="holds no model"):
        open_model_folder(tmp_path)
    folder = write_model("model", toy(0), 2)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(InputError, match=r"model-00002-of-00002.safetensors: is missing"):
        open_model_folder(folder)
    save_file({"other": torch.zeros(1)}, folder / "model-00002-of-00002.safetensors")
    with pytest.raises(InputError, match=r"which .* places there"):
        open_model_folder(folder)
    (folder / "model.safetensors.index.json").unlink()
    with pytest.raises(InputError, match="holds neither"):
        open_model_folder(folder)
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="an adapter"):
        open_model_folder(folder)
    (folder / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match="a pickle, which could run code"):
        open_model_folder(folder)


def test_quantised_weights_are_refused(write_model: Callable[..., Path]):
    folder = write_model("model", {"a": torch.zeros(4).to(torch.float8_e4m3fn)})
    with pytest.raises(InputError, match="a is F8_E4M3"):
        open_model_folder(folder)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path):
    whole = tmp_path / "whole.safetensors"
    save_file({"a": torch.arange(6.0), "b": torch.zeros(2, 2)}, whole)
    content = whole.read_bytes()
    assert set(read_header(whole)) == {"a", "b"}
    for length in range(len(content)):
        (tmp_path / "cut.safetensors").write_bytes(content[:length])
        with pytest.raises(InputError):
            read_header(tmp_path / "cut.safetensors")


headers = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["F32", "BF16", "x"]) | st.just(float("nan")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "dtype", "shape", "data_offsets", "__metadata__"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(headers | st.binary(max_size=30), st.binary(max_size=40))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_is_read_as_safetensors_reads_it_or_refused(tmp_path: Path, header: object, data: bytes):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    file = tmp_path / "any.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
    try:
        expected: dict[str, Tensor] | None = load_file(file)
    except Exception:
        expected = None
    try:
        found = {name: stored.read() for name, stored in read_header(file).items()}
    except InputError:
        found = None
    if expected is not None:
        assert found is not None and {name: value.tolist() for name, value in found.items()} == {
            name: value.tolist() for name, value in expected.items()
        }
