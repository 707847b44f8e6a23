"""The checks by a real server whose model knows nothing: it proves nothing, finds nothing, and nothing passes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from longstride.cli import main
from longstride.records import Document, Sample

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands before the loopback, and nobody's settings leak into a test."""
    for name in list(os.environ):
        if name.startswith(("LONGSTRIDE_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["curate", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_a_model_that_knows_nothing_lets_nothing_pass_and_a_server_that_is_gone_drops_nothing(
    tmp_path: Path,
    world: dict[str, Document],
    look_ups: list[Sample],
    write_data_set: Callable[..., Path],
    transformers_serve: Callable[[Path], AbstractContextManager[str]],
    capsys: pytest.CaptureFixture[str],
):
    from longstride.engines.local.warmup.tiny_model import make_tiny_model

    model, folder = make_tiny_model(tmp_path / "tiny", 0), write_data_set(list(world.values()), look_ups[:4])
    asked = ("--models", tmp_path / "models.toml", "--checks", "grounding,robustness", "--answers", "2")
    output, other = tmp_path / "out", tmp_path / "other"
    with transformers_serve(model) as url:
        (tmp_path / "models.toml").write_text(
            f'base_url = "{url}"\nmodel = {json.dumps(str(model))}\nmax_concurrency = 2\nmax_retries = 0\n'
            "sampling = {max_tokens = 8}\n"
        )
        assert run(folder, "-o", output, *asked) == 0
    printed = capsys.readouterr()
    assert "asked: 16 calls, 0 answers from the cache" in printed.out  # 4 samples, 2 checks, 2 answers
    assert "0 of 4 samples pass" in printed.out
    stages = {each["stage"]: each for each in json.loads((output / "curation.json").read_text())["funnel"]}
    assert (stages["model_grounding"]["in"], stages["model_grounding"]["out"]) == (4, 4)
    assert stages["model_robustness"]["reasons"] == {"never answered right among more documents": 4}
    assert run(folder, "-o", output, *asked) == 0  # whole: nobody is asked
    assert "asked: 0 calls" in capsys.readouterr().out
    assert run(folder, "-o", other, *asked) == 2
    assert "the connection failed" in capsys.readouterr().err.strip().splitlines()[-1]
    assert not json.loads((other / "manifest.json").read_text())["complete"]
    assert not (other / "curation.json").exists()
