"""The warm start: it learns, it goes on after a kill with the same bits, and it ends as it says."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen3ForCausalLM

from longstride.engines.local.interrupts import Interrupted
from longstride.engines.local.metrics import read_metrics
from longstride.engines.local.policy import Policy, policy_of
from longstride.engines.local.update import logprobs
from longstride.engines.local.warmup.display import WarmupDisplay
from longstride.engines.local.warmup.lessons import Lesson, answer_lessons, group_lessons
from longstride.engines.local.warmup.tiny_model import tiny_model
from longstride.engines.local.warmup.trainer import WarmupSettings, WarmupStopped, warm_up
from longstride.engines.local.warmup.word_tokenizer import word_tokenizer
from longstride.errors import InputError
from longstride.records import Sample
from longstride.records.parquet import write_samples

SHORT = WarmupSettings(steps=9, batch_tokens=300, rising_steps=2)
Shown = Mapping[str, float | str | None]


def policy(induction: bool = True) -> Policy:
    tokenizer = word_tokenizer()
    model = tiny_model(tokenizer, seed=0)
    if not induction:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = Qwen3ForCausalLM(model.config)
    return policy_of(model, tokenizer)


@pytest.fixture(scope="module")
def lessons(dataset: Path) -> list[Lesson]:
    return list(answer_lessons(dataset, word_tokenizer(), 4096))


class Killed(Exception):
    pass


class StopsAt(WarmupDisplay):
    """Calls `end` when a step is done, before its checkpoint is written."""

    def __init__(self, at: int, end: Callable[[], None]) -> None:
        super().__init__()
        self.at, self.end = at, end

    def step(self, step: int, progress: float, metrics: Shown) -> None:
        if step == self.at:
            self.end()


def kill() -> None:
    raise Killed


def weights(folder: Path) -> bytes:
    return (folder / "model" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(lessons: list[Lesson], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run of SHORT that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    warm_up(policy(), lessons, folder, SHORT, origin="tiny")
    yield folder


def answered(learner: Policy, samples: Path) -> float:
    """The share of responses to fresh samples whose every token is the likeliest by far."""
    groups = group_lessons(answer_lessons(samples, learner.tokenizer, 4096), 4096)
    scores = [row for group in groups for row in logprobs(learner, group.shared, 1.0)]
    return sum(bool((row.logprobs_T > math.log(0.5)).all()) for row in scores) / len(scores)


@pytest.mark.slow
def test_it_learns_to_look_fresh_facts_up_and_a_plain_model_does_not(
    look_ups: Callable[..., list[Sample]], tmp_path: Path
):
    write_samples(tmp_path / "train.parquet", look_ups(60, documents=1))
    write_samples(tmp_path / "fresh.parquet", look_ups(20, documents=1, first_seed=1000))
    settings = WarmupSettings(steps=80, batch_tokens=400)
    share: dict[bool, float] = {}
    for induction in (True, False):
        learner = policy(induction)
        taught = answer_lessons(tmp_path / "train.parquet", learner.tokenizer, 4096)
        warm_up(learner, taught, tmp_path / f"run {induction}", settings, origin="tiny")
        share[induction] = answered(learner, tmp_path / "fresh.parquet")
    assert share[True] > 0.4
    assert share[False] < 0.1


def test_a_killed_run_goes_on_with_the_same_bits(lessons: list[Lesson], whole: Path, tmp_path: Path):
    with pytest.raises(Killed):
        warm_up(policy(), lessons, tmp_path, SHORT, origin="tiny", checkpoint_every=2, display=StopsAt(7, kill))
    assert [path.name for path in sorted((tmp_path / "checkpoints").glob("step-*"))][-1] == "step-00000006"
    learner = policy()
    result = warm_up(learner, lessons, tmp_path, SHORT, origin="tiny", resume="must")
    assert result.steps == 9
    assert weights(tmp_path) == weights(whole)
    timeless = [
        [{name: value for name, value in line.items() if name != "seconds"} for line in read_metrics(run)]
        for run in (tmp_path / "metrics.jsonl", whole / "metrics.jsonl")
    ]
    assert timeless[0] == timeless[1]
    assert [line["step"] for line in timeless[0]] == list(range(1, 10))
    assert not (tmp_path / "checkpoints").exists()


def test_ctrl_c_ends_behind_a_checkpoint(lessons: list[Lesson], whole: Path, tmp_path: Path):
    stopping = StopsAt(4, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Interrupted) as stopped:
        warm_up(policy(), lessons, tmp_path, SHORT, origin="tiny", display=stopping)
    assert stopped.value.exit_code == 130
    warm_up(policy(), lessons, tmp_path, SHORT, origin="tiny", resume="must")
    assert weights(tmp_path) == weights(whole)


def test_another_seed_gives_other_weights(lessons: list[Lesson], whole: Path, tmp_path: Path):
    warm_up(policy(), lessons, tmp_path, WarmupSettings(steps=9, batch_tokens=300, rising_steps=2, seed=1), origin="t")
    assert weights(tmp_path) != weights(whole)


def test_the_result_is_a_model_folder_and_a_line_a_step(lessons: list[Lesson], whole: Path):
    model = AutoModelForCausalLM.from_pretrained(whole / "model")
    assert isinstance(model, Qwen3ForCausalLM)
    lines = read_metrics(whole / "metrics.jsonl")
    assert len(lines) == 9
    assert {"loss", "sure_tokens", "sure_answers", "sure_answers/reading_comprehension", "length", "lr"} <= set(
        lines[0]
    )
    assert float(lines[-1]["loss"] or 0) < float(lines[0]["loss"] or 0)


def test_a_finished_run_is_not_made_again_and_another_is_refused(lessons: list[Lesson], whole: Path):
    before = weights(whole)
    result = warm_up(policy(), lessons, whole, SHORT, origin="tiny")
    assert (result.steps, result.metrics, weights(whole)) == (9, {}, before)
    with pytest.raises(InputError, match="origin"):
        warm_up(policy(), lessons, whole, SHORT, origin="another model")


def test_the_loss_of_a_step_is_the_mean_over_its_target_tokens(lessons: list[Lesson], tmp_path: Path):
    settings = WarmupSettings(steps=1, batch_tokens=1, optimizer="adamw", lr=1e-12)
    few = lessons[:3]
    warm_up(policy(), few, tmp_path, settings, origin="tiny")
    (line,) = read_metrics(tmp_path / "metrics.jsonl")
    expected = [
        -float(row.logprobs_T.mean())
        for group in group_lessons(few, max_tokens=1)
        for row in logprobs(policy(), group.shared, 1.0)
    ]  # a batch of one lesson: one of the three
    assert min(abs(float(line["loss"] or 0) - each) for each in expected) < 1e-5


def test_numbers_that_are_not_finite_stop_the_run_and_leave_the_checkpoint(lessons: list[Lesson], tmp_path: Path):
    learner = policy()

    def spoil() -> None:
        with torch.no_grad():
            learner.head_weight_VH.fill_(math.nan)

    with pytest.raises(WarmupStopped, match="finite"):
        warm_up(learner, lessons, tmp_path, SHORT, origin="tiny", checkpoint_every=2, display=StopsAt(5, spoil))
    learner = policy()
    warm_up(learner, lessons, tmp_path, SHORT, origin="tiny", resume="must")
    assert all(parameter.isfinite().all() for parameter in learner.trainable.values())


def test_minutes_bound_a_run(lessons: list[Lesson], tmp_path: Path):
    settings = WarmupSettings(steps=10_000, minutes=1e-4, batch_tokens=300)
    result = warm_up(policy(), lessons, tmp_path, settings, origin="tiny")
    assert 1 <= result.steps < 10_000


def test_the_rate_rises_stays_and_falls_to_nothing():
    settings = WarmupSettings(steps=100, lr=1.0, rising_steps=4, falling_share=0.25)
    rates = [settings.rate(step, step / 100) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[5:76] == pytest.approx([1.0] * 71)
    assert rates[88] == pytest.approx(0.48)
    assert rates[99] == pytest.approx(0.04)


def test_without_lessons_there_is_nothing_to_learn(tmp_path: Path):
    with pytest.raises(InputError, match="nothing to learn"):
        warm_up(policy(), [], tmp_path, origin="tiny")


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"lr": -1.0}, {"lr": math.nan}, {"minutes": 0.0}, {"batch_tokens": 0}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, float]):
    with pytest.raises(InputError):
        WarmupSettings(**wrong)  # pyright: ignore[reportArgumentType]
