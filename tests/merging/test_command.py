from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from longstride.cli import main
from longstride.errors import InputError
from longstride.merging.command import parse_weights


def run(*arguments: str | Path) -> object:
    with pytest.raises(SystemExit) as stopped:
        main(["merge", *map(str, arguments)])
    return stopped.value.code


def test_the_command_merges_and_tells_what_it_did(
    write_model: Callable[..., Path],
    toy: Callable[..., dict[str, Tensor]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    base, one = write_model("base", toy(0)), write_model("one", toy(1), rope_theta=7)
    two = write_model("two", toy(2))
    assert run(base, one, two, "-o", tmp_path / "out", "--topk", "0.5", "--dtype", "bfloat16") == 0
    told = capsys.readouterr().out
    assert "layer 1" in told and "merge_report.json" in told
    assert f"config.json of {one} differs from the base's, which the result has: rope_theta" in told
    assert {tensor.dtype for tensor in load_file(tmp_path / "out" / "model.safetensors").values()} == {torch.bfloat16}


def test_misfits_are_listed_each_on_a_line_and_the_last_line_is_the_error(
    write_model: Callable[..., Path],
    toy: Callable[..., dict[str, Tensor]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    base, one = write_model("base", toy(0)), write_model("one", {"model.norm.weight": torch.zeros(4)})
    assert run(base, one, "-o", tmp_path / "out") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6 + 1 and f"model.embed_tokens.weight is missing in {one}" in lines
    assert lines[-1].startswith("longstride: ") and "and 1 more" in lines[-1]
    assert not (tmp_path / "out").exists()


def test_weights_as_they_are_typed():
    assert parse_weights("") is None
    assert parse_weights("0.7, 0.3") == (0.7, 0.3)
    with pytest.raises(InputError, match="no numbers"):
        parse_weights("a,b")
