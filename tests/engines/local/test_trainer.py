"""Training runs from end to end: a model that learns a word, and every way in which a run can end."""

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from longstride.engines.full_context import response_text
from longstride.engines.graders import Grader, HybridGrader, JudgeDown
from longstride.engines.local.display import Display
from longstride.engines.local.interrupts import Interrupted
from longstride.engines.local.metrics import read_metrics
from longstride.engines.local.policy import Policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.recipe_files import show_recipe
from longstride.engines.local.sources import full_context
from longstride.engines.local.trainer import TrainingResult, TrainingStopped, train
from longstride.errors import InputError
from longstride.grading import Judge
from longstride.llm import ModelError, ScriptedModel
from longstride.records import GenerationRequest, Generator, Sample, Trajectory, TrajectoryGroup, TrajectorySource
from longstride.records.parquet import read_groups

Tables = dict[str, dict[str, Any] | int]


@pytest.fixture
def recipe(tiny_model_folder: Path, word_dataset: Path) -> Recipe:
    return Recipe.model_validate(
        {
            "model": {"path": str(tiny_model_folder), "gradient_checkpointing": False},
            "data": {"folders": [str(word_dataset)], "held_out_share": 0.2, "max_input_tokens": 20},
            "rollout": {"max_output_tokens": 2, "temperature": 1.0, "top_p": 1.0},
            "batch": {"prompts": 6},
            "optimizer": {"lr": 0.01},
            "steps": 4,
            "eval": {"every": 0},
            "checkpoint": {"every": 2},
            "logging": {"report_to": []},
        }
    )


def changed(recipe: Recipe, **tables: dict[str, Any] | int) -> Recipe:
    values = recipe.model_dump()
    for name, value in tables.items():
        values[name] = {**values[name], **value} if isinstance(value, dict) else value
    return Recipe.model_validate(values)


def run(recipe: Recipe, output: Path, **options: Any) -> TrainingResult:
    return train(recipe, output, display=options.pop("display", quiet(recipe)), **options)


def quiet(recipe: Recipe) -> Display:
    return Display(recipe.steps, console=Console(file=StringIO()))


def weights(output: Path) -> dict[str, torch.Tensor]:
    return load_file(output / "model" / "model.safetensors")


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def steps_logged(output: Path) -> list[Any]:
    return [line["step"] for line in read_metrics(output / "metrics.jsonl")]


def checkpoints(output: Path) -> list[str]:
    return sorted(path.name for path in (output / "checkpoints").iterdir())


@dataclass
class Disturbed:
    """The full-context source, with something that happens when the rollout of a step begins."""

    inner: TrajectorySource
    happens: Callable[[int], None]
    calls: int = 0

    def sample_groups(
        self, generator: Generator, samples: Sequence[Sample], group_size: int
    ) -> Iterable[TrajectoryGroup]:
        self.calls += 1
        self.happens(self.calls)
        return self.inner.sample_groups(generator, samples, group_size)


def disturbed(happens: Callable[[int], None]) -> Callable[[Recipe, Policy, Grader], TrajectorySource]:
    def make(recipe: Recipe, policy: Policy, grader: Grader) -> TrajectorySource:
        return Disturbed(full_context(recipe, policy, grader), happens)

    return make


def test_a_model_learns_the_word_and_the_run_tells_all_about_it(recipe: Recipe, tmp_path: Path):
    output, steps = tmp_path / "run", 24
    recipe = changed(
        recipe,
        data={"tasks": ["multi_hop"]},
        steps=steps,
        eval={"every": 12, "samples": 4, "rollouts": 4, "temperature": 1.0},
        checkpoint={"every": 10},
        logging={"dump_rollouts": 24, "gradient_by_sign": 6, "report_to": ["tensorboard"]},
    )
    text = StringIO()
    result = run(recipe, output, display=Display(steps, console=Console(file=text)))

    lines = read_metrics(output / "metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(steps + 1))
    rewards = [float(str(line["reward"])) for line in lines[1:]]
    assert sum(rewards[-4:]) / 4 > 0.6 > 0.3 > sum(rewards[:4]) / 4
    assert float(str(lines[-1]["eval/reward"])) > float(str(lines[0]["eval/reward"])) + 0.3
    wanted = {"reward/multi_hop", "entropy", "entropy_token_mean", "kept_share", "response_tokens", "cut_share", "lr"}
    wanted |= {"gradient_norm", "mismatch_mean", "mismatch_max", "tokens_per_second/rollout", "memory_bytes"}
    wanted |= {"tokens_per_second/update", "seconds/rollout", "seconds/update", "teaching_groups"}
    assert wanted <= lines[6].keys()
    assert float(str(lines[6]["mismatch_max"])) < 1e-5
    by_sign = [line["step"] for line in lines if "gradient_norm_positive" in line]
    assert by_sign == [6, 12, 18, 24]

    model: Any = AutoModelForCausalLM.from_pretrained(result.model_folder)
    tokenizer = AutoTokenizer.from_pretrained(result.model_folder)
    ids = tokenizer("<bos> say the word blue one :", return_tensors="pt", add_special_tokens=False)["input_ids"]
    said = model.generate(ids, do_sample=False, max_new_tokens=2, pad_token_id=0)[0, ids.shape[1] :]
    assert tokenizer.decode(said, skip_special_tokens=True) == "yes"

    assert checkpoints(output) == ["step-00000020", "step-00000024"]
    groups = list(read_groups(output / "rollouts" / "step-00000024.parquet"))
    assert len(groups) == 6
    details = groups[0].trajectories[0].details
    assert {"advantage", "kept_share", "decided_by"} <= details.keys()
    assert len(list((output / "tensorboard").iterdir())) == 1
    printed = text.getvalue().splitlines()
    assert printed[0].endswith("2 held out")
    assert sum(line.startswith("step ") for line in printed) == steps + 1


def test_a_run_that_an_error_ended_goes_on_to_the_same_bits(recipe: Recipe, tmp_path: Path):
    latched = {"controller": "latch", "low": 0.2, "high": 0.9, "unit": "start"}
    recipe = changed(recipe, aepo=latched, optimizer={"name": "muon", "schedule": "cosine", "warmup_steps": 2})
    run(recipe, tmp_path / "whole")

    def fail(call: int) -> None:
        if call == 4:
            raise InputError("the corpus is on fire")

    with pytest.raises(InputError, match="on fire"):
        run(recipe, tmp_path / "parts", make_source=disturbed(fail))
    assert checkpoints(tmp_path / "parts") == ["step-00000002", "step-00000003"], "the last step's end is saved"
    run(recipe, tmp_path / "parts", resume="must")
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    assert steps_logged(tmp_path / "parts") == [1, 2, 3, 4]
    compared = ("reward", "entropy", "gradient_norm", "lr", "controller/keep_negatives", "kept_share")
    for one, other in zip(
        *(read_metrics(tmp_path / name / "metrics.jsonl") for name in ("whole", "parts")), strict=True
    ):
        assert [one.get(name) for name in compared] == [other.get(name) for name in compared]
    other_seed = changed(recipe, seed=1)
    run(other_seed, tmp_path / "other")
    assert not same(weights(tmp_path / "whole"), weights(tmp_path / "other")), "the comparison can fail"


def test_a_finished_run_goes_on_with_more_steps_and_a_changed_recipe_is_refused(recipe: Recipe, tmp_path: Path):
    run(changed(recipe, steps=4), tmp_path / "whole")
    run(changed(recipe, steps=2), tmp_path / "parts")
    with pytest.raises(InputError, match=r"made with other settings: optimizer\.lr 0\.01, now 0\.02"):
        run(changed(recipe, optimizer={"lr": 0.02}), tmp_path / "parts")
    with pytest.raises(InputError, match="holds step-00000002 already"):
        run(changed(recipe, steps=4), tmp_path / "parts", resume="never")
    run(changed(recipe, steps=4, eval={"every": 3}, logging={"dump_rollouts": 1}), tmp_path / "parts")
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    with pytest.raises(InputError, match="no checkpoint to go on from"):
        run(recipe, tmp_path / "new", resume="must")


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals need the main thread")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_finishes_the_step_and_saves_it(recipe: Recipe, tmp_path: Path, number: signal.Signals):
    def interrupt(call: int) -> None:
        if call == 3:
            os.kill(os.getpid(), number)

    handler = signal.getsignal(number)
    with pytest.raises(Interrupted, match="after step 3; the same command goes on") as caught:
        run(recipe, tmp_path / "run", make_source=disturbed(interrupt))
    assert caught.value.exit_code == 128 + number
    assert signal.getsignal(number) is handler
    assert checkpoints(tmp_path / "run") == ["step-00000002", "step-00000003"]
    assert not (tmp_path / "run" / "model").exists()
    assert run(recipe, tmp_path / "run").steps == 4


def test_a_batch_without_a_signal_changes_nothing_and_says_so(recipe: Recipe, tmp_path: Path, tiny_model_folder: Path):
    """No response can be right: the reward of every rollout is 0."""
    recipe = changed(recipe, rollout={"max_output_tokens": 1, "top_k": 1}, steps=2, logging={"gradient_by_sign": 1})
    run(recipe, tmp_path / "run")
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [line["left_out"] for line in lines] == ["nothing to learn"] * 2
    assert [line["teaching_groups"] for line in lines] == [0.0, 0.0]
    assert same(weights(tmp_path / "run"), load_file(tiny_model_folder / "model.safetensors"))
    assert checkpoints(tmp_path / "run") == ["step-00000002"]


def test_a_model_that_gives_nan_stops_the_run_with_a_cure(recipe: Recipe, tmp_path: Path, tiny_model_folder: Path):
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in tiny_model_folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    tensors = load_file(broken / "model.safetensors")
    tensors["model.norm.weight"].fill_(float("nan"))
    save_file(tensors, broken / "model.safetensors", metadata={"format": "pt"})
    recipe = changed(recipe, model={"path": str(broken)}, steps=9, eval={"every": 1}, update={"max_bad_steps": 2})
    with pytest.raises(TrainingStopped, match=r"2 steps in a row gave NaN or infinite numbers .*lower optimizer\.lr"):
        run(recipe, tmp_path / "run")
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [line["step"] for line in lines] == [0, 1, 2]
    assert all("NaN" in str(line["left_out"]) for line in lines[1:])
    assert "NaN" in str(lines[0]["eval/left_out"])


@asynccontextmanager
async def judge_of(model: ScriptedModel) -> AsyncIterator[Judge]:
    yield Judge(model)


def test_a_judge_that_dies_stops_the_run_at_the_last_step_and_the_run_goes_on_when_it_is_back(
    recipe: Recipe, tmp_path: Path
):
    alive = [True]

    def reply(*_: object) -> str | ModelError:
        return "[[NO]]" if alive[0] else ModelError("connection refused")

    def die(call: int) -> None:
        alive[0] = call != 4

    with HybridGrader(judge_of(ScriptedModel(reply))) as grader:
        with pytest.raises(JudgeDown, match="gave no verdict on"):
            run(recipe, tmp_path / "run", make_source=disturbed(die), grader=grader)
        assert checkpoints(tmp_path / "run")[-1] == "step-00000003"
        alive[0] = True
        run(recipe, tmp_path / "run", grader=grader)
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert all(float(str(line["judge/asked"])) > 0 and line["judge/failed"] == 0 for line in lines)
    run(recipe, tmp_path / "by_rule")
    assert same(weights(tmp_path / "run"), weights(tmp_path / "by_rule")), "a judge that says no adds nothing"


def test_a_full_disk_stops_the_run_in_one_line_and_harms_nothing(recipe: Recipe, tmp_path: Path):
    """The limit on a file's size stands for the disk: 300 bytes hold no further line of metrics."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(call: int) -> None:
        if call == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))

    try:
        with pytest.raises(OSError, match="File too large"):
            run(recipe, tmp_path / "run", make_source=disturbed(fill))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert checkpoints(tmp_path / "run") == ["step-00000002"]
    run(recipe, tmp_path / "run")
    run(recipe, tmp_path / "whole")
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))
    assert steps_logged(tmp_path / "run") == [1, 2, 3, 4]


@dataclass
class TwoTurns:
    """An agent that answers, then answers again with its first answer in the prompt; the second one is graded."""

    inner: Any  # FullContextSource

    def sample_groups(
        self, generator: Generator, samples: Sequence[Sample], group_size: int
    ) -> Iterator[TrajectoryGroup]:
        for sample in samples:
            prompt = self.inner.prompt(sample).ids
            request = GenerationRequest(prompt, 2, f"{sample.id}/1", count=group_size)
            (first,) = generator.generate([request])
            second = generator.generate(
                [
                    GenerationRequest((*prompt, *turn.response_ids, 7), 2, f"{sample.id}/2", index)
                    for index, turn in enumerate(first)
                ]
            )
            trajectories = []
            for index, turns in enumerate(zip(first, (each[0] for each in second), strict=True)):
                grade = self.inner.grader.submit(sample, response_text(self.inner.tokenizer, turns[1])).result()
                trajectories.append(Trajectory(turns, grade.score, sample.task, sample.id, index))
            yield TrajectoryGroup(sample.id, sample.id, sample.task, tuple(trajectories))


def test_trajectories_of_several_turns_train_through_the_same_door(recipe: Recipe, tmp_path: Path):
    recipe = changed(recipe, steps=3, rollout={"group_size": 4}, logging={"gradient_by_sign": 3})
    result = run(recipe, tmp_path / "run", make_source=lambda *parts: TwoTurns(full_context(*parts)))
    assert result.metrics["response_tokens"] == pytest.approx(4.0, abs=1.0)
    assert float(str(result.metrics["mismatch_max"])) < 1e-5
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert any(line.get("gradient_norm") for line in lines)


OFF_POLICY: list[Tables] = [
    {"batch": {"updates": 2}, "loss": {"clip": [0.2, 0.3]}, "steps": 6},
    {"loss": {"kl_beta": 0.1, "rollout_ratio_cap": 2.0, "level": "sequence", "scope": "batch"}},
    {"negative_clipping": {"tokens": "high_token", "threshold": 0.9, "unit": "start"}, "loss": {"count": "kept"}},
    {"aepo": {"controller": "entrocraft", "start": 1.0, "end": 0.5, "steps": 4, "width": 0.2, "unit": "start"}},
    {"advantage": {"kind": "tmn"}, "update": {"form": "streamed", "slice_tokens": 4}, "model": {"dtype": "bfloat16"}},
]


@pytest.mark.parametrize("tables", OFF_POLICY, ids=lambda tables: ",".join(tables))
def test_every_arm_of_the_recipe_takes_steps(recipe: Recipe, tmp_path: Path, tables: Tables):
    recipe = changed(recipe, **{"steps": 2, **tables})
    result = run(recipe, tmp_path / "run")
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert max(float(str(line["optimizer_steps"])) for line in lines) == recipe.batch.updates
    assert result.steps == recipe.steps


def test_what_cannot_be_meant_is_refused_before_anything_is_written(recipe: Recipe, tmp_path: Path):
    for tables, message in (
        ({"model": {"path": str(tmp_path / "none")}}, "none"),
        ({"data": {"max_input_tokens": 3}}, "no sample is left"),
        ({"batch": {"prompts": 1}}, "less than one for each of 2 tasks"),
    ):
        with pytest.raises(InputError, match=message):
            run(changed(recipe, **tables), tmp_path / "run")
    with pytest.raises(InputError, match="holds other files"):
        run(recipe, Path(recipe.data.folders[0]))
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.slow
def test_kill_9_at_any_moment_and_the_same_command_ends_with_the_same_bits(recipe: Recipe, tmp_path: Path):
    recipe = changed(recipe, steps=8, checkpoint={"every": 2}, eval={"every": 4, "samples": 4})
    (tmp_path / "r.toml").write_text(show_recipe(recipe), encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def begin(output: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "longstride", "train", str(tmp_path / "r.toml"), "-o", str(output)]
        return subprocess.Popen(command, text=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    draw = random.Random("kills")
    killed = 0
    for lines in (1, 4):
        process = begin(tmp_path / "parts")
        log = tmp_path / "parts" / "metrics.jsonl"
        while process.poll() is None and not (log.exists() and len(log.read_text().splitlines()) > lines):
            time.sleep(0.02)
        time.sleep(draw.random() * 0.3)
        killed += process.poll() is None
        process.kill()
        process.communicate()
    assert killed == 2
    process = begin(tmp_path / "parts")
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    run(recipe, tmp_path / "whole")  # the bits are those of another process, too
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))
    assert steps_logged(tmp_path / "parts") == list(range(9))
    names = ("reward", "entropy", "gradient_norm", "eval/reward")
    for one, other in zip(
        *(read_metrics(tmp_path / name / "metrics.jsonl") for name in ("whole", "parts")), strict=True
    ):
        assert [one.get(name) for name in names] == [other.get(name) for name in names]
