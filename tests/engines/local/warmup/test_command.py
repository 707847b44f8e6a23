"""`longstride warmup` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from longstride.cli import main
from longstride.engines.local.warmup.command import model_origin
from longstride.engines.local.warmup.tiny_model import make_tiny_model

QUICK = ("--steps", "2", "--batch-tokens", "200")


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["warmup", *map(str, arguments)])
    return int(stopped.value.code or 0)


def test_a_tiny_model_is_made_and_taught(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(tmp_path / "tiny", dataset, "-o", tmp_path / "warm", "--make-tiny", *QUICK) == 0
    said = capsys.readouterr().out
    assert str(tmp_path / "tiny") in said and str(tmp_path / "warm" / "model") in said
    AutoModelForCausalLM.from_pretrained(tmp_path / "warm" / "model")
    assert len(AutoTokenizer.from_pretrained(tmp_path / "warm" / "model")) > 400
    assert json.loads((tmp_path / "warm" / "manifest.json").read_text())["complete"]
    assert run(tmp_path / "tiny", dataset, "-o", tmp_path / "warm", "--make-tiny", *QUICK) == 0  # all is there


def test_a_tiny_model_may_be_made_alone(tmp_path: Path):
    assert run(tmp_path / "tiny", "--make-tiny", "--seed", "3") == 0
    made = make_tiny_model(tmp_path / "same", seed=3)
    assert model_origin(tmp_path / "tiny") == model_origin(made)


def test_turns_of_conversations_are_learnt(tmp_path: Path):
    make_tiny_model(tmp_path / "tiny", seed=0)
    turn = {"prompt": "Kestrel makes hats . Memory :", "response": "Kestrel makes hats ."}
    turns = tmp_path / "turns.jsonl"
    turns.write_text(json.dumps({"task": "multi_hop", "turns": [turn, turn]}))
    assert run(tmp_path / "tiny", turns, turns, "-o", tmp_path / "m", "--kind", "memory", *QUICK) == 0
    assert (tmp_path / "m" / "model" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [(("MODEL",), "--make-tiny"), (("MODEL", "DATA"), "--output"), (("NONE", "DATA", "-o", "OUT"), "NONE")],
)
def test_what_is_missing_is_said_in_one_line(
    arguments: tuple[str, ...], cure: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    places = {"MODEL": make_tiny_model(tmp_path / "tiny", seed=0), "DATA": dataset}
    given = [places.get(each, tmp_path / each if each.isupper() else each) for each in arguments]
    assert run(*given) == 2
    said = capsys.readouterr().err
    assert said.startswith("longstride: ") and said.count("\n") == 1
    assert cure in said
