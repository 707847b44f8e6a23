"""`longstride evaluate` from the command line: a tiny model over a small world, and a served model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from longstride.cli import main
from longstride.corpus.world import write_world
from longstride.engines.local.warmup.tiny_model import TinyShape, make_tiny_model
from longstride.evaluation.results import read_results
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.synthesize import synthesize

LENGTHS = ["--answer-tokens", "8", "--chunk-tokens", "64", "--memory-tokens", "32", "--update-tokens", "40"]
WINDOW = 200  # the longer questions lose their middle


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shape = TinyShape(hidden_size=48, layers=2, heads=2, head_size=16, mlp_size=32)
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny", 0, shape=shape)


@pytest.fixture(scope="module")
def small_world(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """Ten questions at 64 tokens and at 256."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder / "documents", 7, "small")
    settings = SynthesisSettings(
        samples=10,
        target_tokens=(64, 256),
        target_shares=(0.5, 0.5),
        tokenizer=str(tiny_model),
        prompt="tiny",
        filtered=False,
        questions_per_context=4,
    )
    synthesize(folder / "documents", folder / "questions", settings)
    return folder / "questions"


def called(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *map(str, arguments)])
    return int(ended.value.code or 0)


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_tiny_model_is_evaluated_in_both_ways(
    tiny_model: Path, small_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = ["--agent", "both", "--answers", 2, "--prompts", "tiny", *LENGTHS, "--window", WINDOW]
    assert called(tiny_model, small_world, "-o", tmp_path / "out", *options) == 0
    shown = capsys.readouterr().out
    assert "mean over tasks" in shown
    assert "prompts lost their middle" in shown
    results = read_results(tmp_path / "out")
    one_pass, agent = results.answers["full_context-t0.7"], results.answers["memory-t0.7"]
    assert len(one_pass) == len(agent) == 20
    assert [each.sample_id for each in one_pass] == [each.sample_id for each in agent]
    for each in one_pass:
        assert each.input_tokens is not None
        assert (each.reply.left_out_tokens > 0) == (each.input_tokens + 1 > WINDOW - 8)  # one for <bos>
        assert each.reply.prompt_tokens == min(each.input_tokens + 1, WINDOW - 8)
        assert each.reply.turns == 1
    long = [each for each in agent if each.input_tokens is not None and each.input_tokens > 200]
    assert long
    assert min(each.reply.turns for each in long) >= 4  # three chunks of 64 tokens at least, and the answer
    assert all(each.reply.left_out_tokens == 0 for each in agent)

    # the answers that a kill would have left out come again as they were
    expected = bytes_of(tmp_path / "out")
    for path in tmp_path.glob("out/answers/memory-t0.7/*/*.jsonl"):
        path.unlink()
    manifest = json.loads(expected["manifest.json"])
    del manifest["questions"]
    (tmp_path / "out" / "manifest.json").write_text(json.dumps({**manifest, "complete": False}))
    assert called(tiny_model, small_world, "-o", tmp_path / "out", *options) == 0
    assert bytes_of(tmp_path / "out") == expected

    # another model of the same shape, under the same draws
    other = make_tiny_model(tmp_path / "other", 1, shape=TinyShape(hidden_size=48, heads=2, head_size=16, mlp_size=32))
    capsys.readouterr()
    assert called(other, small_world, "-o", tmp_path / "second", *options, "--against", tmp_path / "out") == 0
    assert "second over out: better on" in capsys.readouterr().out
    compared = json.loads((tmp_path / "second" / "comparisons" / "out.json").read_text())
    assert set(compared) == {"full_context-t0.7", "memory-t0.7"}
    assert compared["memory-t0.7"]["difference"]["overall"]["questions"] == 10

    # what was made with other settings is refused
    assert called(tiny_model, small_world, "-o", tmp_path / "out", "--greedy") == 2
    assert "was made with other settings" in capsys.readouterr().err


def test_greedy_answers_are_the_engine_s_own(tiny_model: Path, small_world: Path, tmp_path: Path):
    from longstride.engines.full_context import FullContextSource
    from longstride.engines.graders import RuleGrader
    from longstride.engines.local.policy import load_policy
    from longstride.engines.local.rollout import LocalGenerator
    from longstride.engines.local.sampling import SamplingSettings
    from longstride.records.parquet import read_samples

    options = ["--greedy", "--samples", 4, "--answer-tokens", 8]
    assert called(tiny_model, small_world, "-o", tmp_path / "out", *options) == 0
    answers = read_results(tmp_path / "out").answers["full_context-greedy"]
    policy = load_policy(tiny_model)
    chosen = {each.sample_id for each in answers}
    samples = [each for each in read_samples(small_world / "samples") if each.id in chosen]
    source = FullContextSource(policy.tokenizer, RuleGrader(), 4000, 8)
    generator = LocalGenerator(policy, SamplingSettings(temperature=0.0), 5, 100_000)
    groups = list(source.sample_groups(generator, samples, 1))
    assert len(answers) == len(groups) == 4
    assert [each.reply.text for each in answers] == [group.trajectories[0].answer for group in groups]


def test_a_served_model_is_evaluated_by_its_address(
    town_dataset: Path, upstream: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = ["--base-url", upstream.base_url, "--agent", "both", "--greedy", "--chunk-tokens", 120]
    upstream.fails_after = 4
    assert called("m", town_dataset, "-o", tmp_path / "out", *options) == 2
    assert "no such key" in capsys.readouterr().err
    upstream.fails_after = None
    assert called("m", town_dataset, "-o", tmp_path / "out", *options) == 0
    results = read_results(tmp_path / "out")
    assert results.model == "m"
    assert {label: each.reward.overall.value for label, each in results.summaries.items()} == {
        "full_context-greedy": 1.0,
        "memory-greedy": 1.0,
    }
    assert len(upstream.prompts) == len(set(upstream.prompts))
    assert not (tmp_path / "out" / ".work").exists()
    asked = len(upstream.prompts)
    assert called("m", town_dataset, "-o", tmp_path / "out", *options) == 0
    assert len(upstream.prompts) == asked  # a folder that is done is only read


def test_what_cannot_be_evaluated_is_said_in_one_line(
    tiny_model: Path, town_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert called(tmp_path / "nothing", town_dataset, "-o", tmp_path / "out") == 2
    assert "nothing" in capsys.readouterr().err
    assert called(tiny_model, tmp_path / "no-data", "-o", tmp_path / "out") == 2
    assert "no-data" in capsys.readouterr().err
    assert called(tiny_model, town_dataset, "-o", tmp_path / "out", "--against", tmp_path / "none") == 2
    assert "holds no evaluation" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    too_long = ["--agent", "both", "--prompts", "tiny", "--window", 200, "--chunk-tokens", 190]
    assert called(tiny_model, town_dataset, "-o", tmp_path / "out", *too_long) == 2
    assert "190 chunk_tokens do not fit" in capsys.readouterr().err
    assert not list(tmp_path.glob("out/answers/*"))  # told before the first answer


def test_reading_a_result_needs_no_torch():
    code = (
        "import sys, longstride.pipeline.evaluating\n"
        "print([name for name in ('torch', 'transformers', 'openai') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
