"""A tiny model learns: warm start from nothing, then reinforcement learning; rewards on questions it never saw.

    python benchmarks/tiny_learns.py
    python benchmarks/tiny_learns.py --seeds 0 --questions 60 --worlds 4 --samples 400 --warm-steps 60 --steps 5

For each seed, in a process of its own: small fictional worlds are written and asked about by `longstride synthesize`'s
own functions, some to train on and others held out; a model of under half a million parameters is made with the
induction circuit and warm-started (`longstride warmup`); then it is trained by `longstride train`'s loop with the
recipe's task-specific advantages. Every held-out question is answered several times before and after, by sampling at
temperature 1, with the same noise; and once by greedy decoding. The interval is a paired bootstrap over questions.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from longstride.corpus.world import write_world
from longstride.engines.full_context import FullContextSource
from longstride.engines.graders import RuleGrader
from longstride.engines.local.policy import Policy, load_policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.rollout import LocalGenerator
from longstride.engines.local.sampling import SamplingSettings
from longstride.engines.local.trainer import train
from longstride.engines.local.warmup.lessons import answer_lessons
from longstride.engines.local.warmup.tiny_model import make_tiny_model
from longstride.engines.local.warmup.trainer import WarmupSettings, warm_up
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.synthesize import synthesize
from longstride.records import Sample
from longstride.records.parquet import read_samples
from timing import Measurement, Row, in_fresh_process, write_results

LENGTHS = (64, 128)  # tokens of the inputs
RESPONSE_TOKENS = 32  # the longest reply that the warm start writes has 29
HELD_OUT = 1_000_000  # worlds from this number on are never trained on
HELD_OUT_WORLDS = 12
BOOTSTRAPS = 10_000


@dataclass(frozen=True)
class Plan:
    """The sizes of an experiment."""

    worlds: int
    samples: int  # over all of them
    questions: int  # held out
    answers: int  # to each, before and after
    warm_steps: int
    steps: int
    prompts: int  # a step
    lr: float


@dataclass(frozen=True)
class Outcome:
    """What one seed gave."""

    seed: int
    before: dict[str, float]  # mean reward of each task, and "all" over the questions
    after: dict[str, float]
    low: float  # of the gain over all, 95 %
    high: float
    greedy: tuple[float, float]  # mean reward of the likeliest answers, before and after
    cpu_minutes: dict[str, float]  # by part of the work

    @property
    def gain(self) -> float:
        return self.after["all"] - self.before["all"]


class Clock:
    """Processor seconds of this process and of those it started, part by part."""

    def __init__(self) -> None:
        self.minutes: dict[str, float] = {}
        self._last = self._now()

    def part(self, name: str) -> None:
        """The work since the last call was `name`."""
        now = self._now()
        self.minutes[name] = self.minutes.get(name, 0.0) + (now - self._last) / 60
        self._last = now

    @staticmethod
    def _now() -> float:
        taken = os.times()
        return taken.user + taken.system + taken.children_user + taken.children_system


def made_samples(folder: Path, tokenizer: Path, worlds: range, samples: int) -> Path:
    """The folder of a data set of so many samples over worlds of these numbers."""
    for number in worlds:
        write_world(folder / "worlds" / str(number), number, "small")
    settings = SynthesisSettings(
        samples=samples,
        target_tokens=LENGTHS,
        target_shares=tuple(1 / len(LENGTHS) for _ in LENGTHS),
        tokenizer=str(tokenizer),
        prompt="tiny",
        filtered=False,
    )
    synthesize(folder / "worlds", folder / "data", settings)
    return folder / "data"


def rewards(policy: Policy, samples: Sequence[Sample], answers: int, temperature: float) -> list[float]:
    """Of each question the mean reward of so many answers."""
    source = FullContextSource(policy.tokenizer, RuleGrader(), max(LENGTHS) + 1, RESPONSE_TOKENS)  # one for <bos>
    sampling = SamplingSettings(temperature, 1.0, 0)
    generator = LocalGenerator(policy, sampling, "held out", token_budget=1_000_000)
    groups = source.sample_groups(generator, samples, answers)
    return [statistics.fmean(each.reward for each in group.trajectories) for group in groups]


def by_task(samples: Sequence[Sample], scores: Sequence[float]) -> dict[str, float]:
    """The mean of each task, and of all."""
    means = {
        task: statistics.fmean(score for sample, score in zip(samples, scores, strict=True) if sample.task == task)
        for task in sorted({sample.task for sample in samples})
    }
    return {**means, "all": statistics.fmean(scores)}


def interval(before: Sequence[float], after: Sequence[float], seed: int) -> tuple[float, float]:
    """95 % of the bootstrap distribution of the mean gain, questions drawn with replacement."""
    gains = [one - other for one, other in zip(after, before, strict=True)]
    draw = random.Random(f"{seed}/bootstrap")
    means = sorted(statistics.fmean(draw.choices(gains, k=len(gains))) for _ in range(BOOTSTRAPS))
    return means[int(0.025 * BOOTSTRAPS)], means[int(0.975 * BOOTSTRAPS)]


def experiment(seed: int, plan: Plan) -> Measurement:
    """One seed from nothing to the trained model."""
    torch.set_num_threads(1)
    clock = Clock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny = make_tiny_model(folder / "tiny", seed)
        first = 1000 * seed
        data = made_samples(folder / "train", tiny, range(first, first + plan.worlds), plan.samples)
        held_out = range(HELD_OUT + first, HELD_OUT + first + HELD_OUT_WORLDS)
        asked = list(read_samples(made_samples(folder / "held", tiny, held_out, plan.questions) / "samples"))
        clock.part("questions")
        policy = load_policy(tiny)
        lessons = list(answer_lessons(data, policy.tokenizer, 4096))
        warm = warm_up(
            policy, lessons, folder / "warm", WarmupSettings(steps=plan.warm_steps, seed=seed), origin="tiny"
        ).model_folder
        clock.part("warm start")
        warmed = load_policy(warm)
        before = rewards(warmed, asked, plan.answers, 1.0)
        greedy_before = rewards(warmed, asked, 1, 0.0)
        clock.part("answers")
        recipe = Recipe.model_validate(
            {
                "steps": plan.steps,
                "seed": seed,
                "model": {"path": str(warm), "gradient_checkpointing": False},
                "data": {
                    "folders": [str(data)],
                    "max_input_tokens": max(LENGTHS) + 1,
                    "held_out_share": 0.0,
                },
                "rollout": {"max_output_tokens": RESPONSE_TOKENS, "temperature": 1.0, "top_p": 1.0},
                "batch": {"prompts": plan.prompts},
                "optimizer": {"lr": plan.lr, "warmup_steps": 5},
                "eval": {"every": 0},
                "checkpoint": {"every": plan.steps},
                "logging": {"report_to": [], "gradient_by_sign": 0},
            }
        )
        trained = load_policy(train(recipe, folder / "run").model_folder)
        clock.part("reinforcement")
        after = rewards(trained, asked, plan.answers, 1.0)
        greedy_after = rewards(trained, asked, 1, 0.0)
        clock.part("answers")
    low, high = interval(before, after, seed)
    greedy = statistics.fmean(greedy_before), statistics.fmean(greedy_after)
    outcome = Outcome(seed, by_task(asked, before), by_task(asked, after), low, high, greedy, clock.minutes)
    return Measurement(60 * sum(clock.minutes.values()), result=outcome)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2", help="with commas")
    parser.add_argument("--worlds", type=int, default=32)
    parser.add_argument("--samples", type=int, default=4000, help="over all of them")
    parser.add_argument("--questions", type=int, default=300, help=f"held out, over {HELD_OUT_WORLDS} other worlds")
    parser.add_argument("--answers", type=int, default=4, help="sampled to each of them, before and after")
    parser.add_argument("--warm-steps", type=int, default=150)
    parser.add_argument("--steps", type=int, default=100, help="of reinforcement learning")
    parser.add_argument("--prompts", type=int, default=40, help="of a step")
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/tiny_learns.md and .json")
    parser.add_argument("--date", help="the date to write, ISO; today if left out")
    options = parser.parse_args()
    plan = Plan(
        options.worlds,
        options.samples,
        options.questions,
        options.answers,
        options.warm_steps,
        options.steps,
        options.prompts,
        options.lr,
    )
    rows: list[Row] = []
    notes = [
        f"{plan.samples} questions over {plan.worlds} worlds to train on, {plan.questions} over {HELD_OUT_WORLDS} "
        f"other worlds held out, each answered {plan.answers} times at temperature 1; {plan.warm_steps} steps of warm "
        f"start, then {plan.steps} of reinforcement learning ({plan.prompts} prompts, 8 answers each, AdamW at "
        f'{plan.lr:g}). "Greedy" is one answer a question, each token the likeliest. Seconds are those '
        "of the processor, data and evaluation included."
    ]
    for seed in map(int, options.seeds.split(",")):
        measured = in_fresh_process(experiment, seed, plan, environment={"OMP_NUM_THREADS": "1"})
        outcome = measured.result
        assert isinstance(outcome, Outcome)
        notes.append(told(outcome))
        print(notes[-1], flush=True)
        seconds = measured.seconds
        peak = measured.peak_bytes
        rows.append(Row(f"seed {seed}", seconds, seconds, seconds, 1.0, 1.0, 1.0, peak, (seconds,)))
    if options.write:
        sizes = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in asdict(plan).items())
        command = f"python benchmarks/tiny_learns.py --seeds {options.seeds} {sizes} --write"
        print(write_results("tiny_learns", rows, command=command, date=options.date, notes=notes))


def told(outcome: Outcome) -> str:
    """One seed in a few lines of text."""
    tasks = ", ".join(
        f"{task} {outcome.before[task]:.3f} to {outcome.after[task]:.3f}" for task in outcome.before if task != "all"
    )
    minutes = ", ".join(f"{name} {minutes:.1f}" for name, minutes in outcome.cpu_minutes.items())
    return (
        f"Seed {outcome.seed}: reward {outcome.before['all']:.3f} to {outcome.after['all']:.3f}, gain "
        f"{outcome.gain:+.3f} (95 % {outcome.low:+.3f} to {outcome.high:+.3f}); greedy {outcome.greedy[0]:.3f} to "
        f"{outcome.greedy[1]:.3f}; {tasks}. CPU minutes: {minutes}."
    )


if __name__ == "__main__":
    main()
