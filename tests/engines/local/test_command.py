"""`longstride train` from the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from longstride.cli import main
from longstride.engines.local.metrics import read_metrics

RECIPE = """
steps = 2
[model]
path = "{model}"
[data]
folders = ["{data}"]
held_out_share = 0.2
max_input_tokens = 20
[rollout]
max_output_tokens = 2
[batch]
prompts = 4
[eval]
samples = 2
"""


@pytest.fixture
def recipe_file(tmp_path: Path, tiny_model_folder: Path, word_dataset: Path) -> Path:
    path = tmp_path / "words.toml"
    path.write_text(RECIPE.format(model=tiny_model_folder, data=word_dataset), encoding="utf-8")
    return path


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["train", *arguments])
    return int(ended.value.code or 0)


def test_train_takes_overrides_and_leaves_a_model_and_a_log(
    recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert called(str(recipe_file), "optimizer.lr=0.01", "steps=1", "-o", str(tmp_path / "run")) == 0
    assert (tmp_path / "run" / "model" / "config.json").exists()
    assert [line["step"] for line in read_metrics(tmp_path / "run" / "metrics.jsonl")] == [0, 1]
    assert read_metrics(tmp_path / "run" / "metrics.jsonl")[1]["lr"] == 0.01
    assert f"the model is in {tmp_path / 'run' / 'model'}" in capsys.readouterr().out.replace("\n", "")


def test_show_and_estimate_print_and_end(recipe_file: Path, capsys: pytest.CaptureFixture[str]):
    assert called(str(recipe_file), "--show", "rollout.group_size=4") == 0
    assert "group_size = 4" in capsys.readouterr().out
    assert called(str(recipe_file), "--estimate") == 0
    assert "peak" in capsys.readouterr().out
    assert called(str(recipe_file), "--estimate", "model.path=Qwen3-4B", "model.device=cuda") == 0
    assert "Qwen3-4B" in capsys.readouterr().out
    assert not (recipe_file.parent / "runs").exists()


def test_a_wrong_setting_is_one_line_and_exit_code_2(recipe_file: Path, capsys: pytest.CaptureFixture[str]):
    assert called(str(recipe_file), "optimizer.rate=1") == 2
    said = capsys.readouterr().err
    assert said.startswith("longstride: field optimizer.rate: unknown setting")
    assert said.count("\n") == 1


def test_showing_a_recipe_imports_nothing_heavy(recipe_file: Path):
    program = (
        "import sys; from longstride.cli import main\n"
        f"try: main(['train', {str(recipe_file)!r}, '--show'])\n"
        "except SystemExit: print('HEAVY:', [m for m in ('torch', 'transformers', 'pyarrow') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "HEAVY: []" in shown
