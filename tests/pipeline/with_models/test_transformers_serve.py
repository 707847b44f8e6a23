"""A real server with a model that knows nothing: all its garbage is handled, nothing is accepted, the end is plain."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_a_model_that_knows_nothing_makes_an_empty_data_set_and_says_so(
    tmp_path: Path, transformers_serve: Callable[[Path], AbstractContextManager[str]]
):
    from longstride.engines.local.warmup.tiny_model import make_tiny_model

    model = make_tiny_model(tmp_path / "tiny", 0)
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, town in (("Ada Bole", "Crale"), ("Ben Cobb", "Drum"), ("Cy Dorn", "Elm")):
        text = (
            f"# {name}\n\n{name} was born in {town} in 1960. In 1985 {name} became mayor of {town}, which has a mill.\n"
        )
        (pages / f"{name}.md").write_text(text)
    with transformers_serve(model) as url:
        (tmp_path / "models.toml").write_text(
            f'base_url = "{url}"\nmodel = {json.dumps(str(model))}\nmax_concurrency = 2\nmax_retries = 1\n'
            "sampling = {max_tokens = 8}\n"
        )
        options = ("--models", str(tmp_path / "models.toml"), "--families", "prose_graph,prose_tables,mase", "--yes")
        sizes = ("--samples", "2", "--target-tokens", "1k", "--workers", "1", "--no-filters")
        program = [sys.executable, "-m", "longstride", "synthesize", str(pages), "-o", str(tmp_path / "out")]
        result = subprocess.run([*program, *options, *sizes], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert "0 samples over 3 documents" in " ".join(result.stdout.split())
    assert "the funnel tells where the others fell out" in " ".join(result.stdout.split())
    funnel = json.loads((tmp_path / "out" / "funnel.json").read_text())
    extractions = [stage for stage in funnel["models"] if stage["stage"] == "prose_graph: triples"]
    assert extractions
    assert all(stage["out"] == 0 for stage in extractions)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["complete"]
