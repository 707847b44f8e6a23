"""The command line: what is asked, what is refused in one line, and what a run without models still does."""

from __future__ import annotations

import io
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from rich.console import Console

from longstride.cli import main
from longstride.pipeline.command import agree
from longstride.pipeline.with_models.estimate import Estimate
from longstride.pipeline.with_models.meter import Meter, Usage
from longstride.records.parquet import read_samples


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "longstride", "synthesize", *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--families", "mase"), "mase asks a model, and none is named"),
        (("--model", "m"), "no base_url for the role"),
        (("--base-url", "localhost:1", "--model", "m"), "expected http://HOST"),
        (("--base-url", "http://localhost:1/v1", "--model", "m", "--budget", "lots"), "'lots' is no budget"),
        (("--base-url", "http://localhost:1/v1", "--model", "m", "--checks", "luck"), "no such check 'luck'"),
        (("--base-url", "http://localhost:1/v1", "--model", "m", "--budget", "1.5"), "a budget of money needs prices"),
    ],
)
def test_options_that_cannot_be_meant_are_one_line(
    corpus: Path, options: tuple[str, ...], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as stop:
        main(["synthesize", str(corpus), "-o", str(tmp_path / "out"), "--workers", "1", *options])
    assert stop.value.code == 2
    assert problem in " ".join(capsys.readouterr().err.split())


def test_where_nobody_sits_at_a_terminal_nobody_is_asked():
    console = Console(file=io.StringIO(), width=100)
    estimate = Estimate({"checking": Meter({"solver": Usage(20, 4000, 100)})})
    assert agree(estimate, console=console, yes=False)
    assert isinstance(console.file, io.StringIO)
    assert "4,000" in console.file.getvalue()


@pytest.mark.slow
def test_the_whole_command_over_the_world_with_a_fifth_of_all_answers_wrong(tmp_path: Path):
    """Every family, every role, every check; what is accepted is right by the world's ground truth."""
    server, benchmark = import_module("world_peer.server"), import_module("synthesis_with_models")
    truth = server.world_pages(1, 24)
    server.write_pages(truth, tmp_path / "pages")
    peer = server.Peer(truth, server.all_players(), errors=0.2, seed=1)
    with server.serving(peer) as url:
        models = ("--base-url", url, "--model", "peer", "--families", "prose_graph,prose_tables,mase")
        sizes = ("--samples", "24", "--target-tokens", "3k", "--workers", "1", "--yes", "--judged", "0.5")
        result = run(str(tmp_path / "pages"), "-o", str(tmp_path / "out"), *models, *sizes)
    assert result.returncode == 0, result.stderr
    assert not peer.unknown
    samples = list(read_samples(tmp_path / "out" / "samples"))
    assert len(samples) >= 6
    for sample in samples:
        known = benchmark.known_of(sample, truth)
        assert known is not None
        assert benchmark.is_right(sample, known), (sample.core_question, sample.ground_truth, known)
        assert set(sample.derivation["models"].values()) == {"peer"}
        assert sample.cost["calls"] > 0
    assert "documents: rated" in result.stdout
    assert "asked:" in result.stdout
