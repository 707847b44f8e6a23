"""The tiny model's memory agent: beyond its training length against one pass, and what reinforcement adds.

    python benchmarks/memory_rl.py
    python benchmarks/memory_rl.py --seeds 0 --questions 40 --worlds 2 --warm-steps 60 --oracle-steps 60 --steps 3

For each seed, in a process of its own: a model of under half a million parameters is made and warm-started on answers
over inputs of up to 128 tokens, as in tiny_learns.py; then on an oracle's updates over inputs of up to 512 tokens, read
128 at a time (`longstride warmup --kind memory`); then its memory agent is trained (`longstride train` with a table
[memory]). Questions over worlds that no training saw, at 8 and 16 times 128 tokens, are answered in one pass and by the
agent. Intervals are paired bootstraps over questions; sampled answers have the same noise before and after.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
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
from longstride.engines.local.warmup.memory_lessons import memory_lessons
from longstride.engines.local.warmup.tiny_model import make_tiny_model
from longstride.engines.local.warmup.trainer import WarmupSettings, warm_up
from longstride.engines.memory_agent import MemorySource
from longstride.evaluation.bootstrap import Interval, mean_interval
from longstride.memory.samples import Documents
from longstride.memory.settings import MemorySettings
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.synthesize import synthesize
from longstride.records import Sample, TrajectorySource
from longstride.records.parquet import read_samples
from timing import Measurement, Row, in_fresh_process, write_results
from tiny_learns import Clock

TRAINED_LENGTHS = (64, 128)  # tokens of the inputs that are answered in one pass
READ_LENGTHS = (256, 512)  # tokens of the inputs that the agent is trained on
REINFORCED_TOKENS = 256  # the longest inputs of reinforcement learning
TIMES = (8, 16)  # times the longest input of one pass in training: where agent and one pass meet
HELD_OUT = 1_000_000  # worlds from this number on are never trained on
HELD_OUT_WORLDS = 4
AGENT = MemorySettings(
    chunk_tokens=128, memory_tokens=48, update_tokens=64, answer_tokens=48, prompts="tiny_chunk_first"
)


@dataclass(frozen=True)
class Plan:
    """The sizes of an experiment."""

    worlds: int
    samples: int  # of each kind to train on
    questions: int  # held out, at each length
    answers: int  # to each, sampled before and after reinforcement
    warm_steps: int
    oracle_steps: int
    steps: int
    prompts: int  # a step
    lr: float


@dataclass
class Outcome:
    """What one seed gave."""

    seed: int
    means: dict[str, float] = field(default_factory=dict[str, float])
    gaps: dict[str, Interval] = field(default_factory=dict[str, Interval])
    tasks: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    cpu_minutes: dict[str, float] = field(default_factory=dict[str, float])


def data_set(folder: Path, tokenizer: Path, worlds: range, samples: int, lengths: Sequence[int]) -> Path:
    """The folder of a data set over worlds of these numbers."""
    for number in worlds:
        write_world(folder / "worlds" / str(number), number, "small")
    settings = SynthesisSettings(
        samples=samples,
        target_tokens=tuple(lengths),
        target_shares=tuple(1 / len(lengths) for _ in lengths),
        tokenizer=str(tokenizer),
        prompt="tiny",
        filtered=False,
    )
    synthesize(folder / "worlds", folder / "data", settings)
    return folder / "data"


def rewards(
    policy: Policy, source: TrajectorySource, samples: Sequence[Sample], answers: int, temperature: float
) -> list[float]:
    """Of each question the mean reward of so many answers; at temperature 0 of the likeliest one."""
    generator = LocalGenerator(policy, SamplingSettings(temperature, 1.0, 0), "held out", token_budget=1_000_000)
    groups = source.sample_groups(generator, samples, answers)
    return [statistics.fmean(each.reward for each in group.trajectories) for group in groups]


class Asked:
    """The held-out questions of one length, answered in either way."""

    def __init__(self, folder: Path) -> None:
        self.samples = list(read_samples(folder / "samples"))
        self.documents = Documents.of_folders([folder])
        self.longest = max(sample.input_tokens or 0 for sample in self.samples) + 1  # one for <bos>

    def one_pass(self, policy: Policy) -> list[float]:
        source = FullContextSource(policy.tokenizer, RuleGrader(), self.longest, AGENT.answer_tokens)
        return rewards(policy, source, self.samples, 1, 0.0)

    def agent(self, policy: Policy, answers: int = 1, temperature: float = 0.0) -> list[float]:
        source = MemorySource(policy.tokenizer, RuleGrader(), self.documents, AGENT)
        return rewards(policy, source, self.samples, answers, temperature)


def differences(after: Sequence[float], before: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(after, before, strict=True)]


def by_task(
    samples: Sequence[Sample], before: Sequence[float], after: Sequence[float]
) -> dict[str, tuple[float, float]]:
    """The means of each task."""
    places = {task: [i for i, each in enumerate(samples) if each.task == task] for task in {s.task for s in samples}}
    return {
        task: (statistics.fmean(before[i] for i in chosen), statistics.fmean(after[i] for i in chosen))
        for task, chosen in sorted(places.items())
    }


def memory_recipe(model: Path, data: Path, plan: Plan, seed: int) -> Recipe:
    """As recipes/tiny_memory.toml, with the plan's sizes."""
    reading = {name: value for name, value in asdict(AGENT).items() if name != "answer_tokens"}
    return Recipe.model_validate(
        {
            "steps": plan.steps,
            "seed": seed,
            "model": {"path": str(model), "gradient_checkpointing": False},
            "data": {"folders": [str(data)], "max_input_tokens": REINFORCED_TOKENS + 1, "held_out_share": 0.0},
            "rollout": {"max_output_tokens": AGENT.answer_tokens, "temperature": 1.0, "top_p": 1.0},
            "memory": reading,
            "batch": {"prompts": plan.prompts},
            "optimizer": {"lr": plan.lr, "warmup_steps": 5},
            "eval": {"every": 0},
            "checkpoint": {"every": plan.steps},
            "logging": {"report_to": [], "gradient_by_sign": 0},
        }
    )


def experiment(seed: int, plan: Plan) -> Measurement:
    """One seed from nothing to the trained agent."""
    torch.set_num_threads(1)
    clock, outcome = Clock(), Outcome(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny = make_tiny_model(folder / "tiny", seed)
        seen = range(1000 * seed, 1000 * seed + plan.worlds)
        unseen = range(HELD_OUT + 1000 * seed, HELD_OUT + 1000 * seed + HELD_OUT_WORLDS)
        short = data_set(folder / "short", tiny, seen, plan.samples, TRAINED_LENGTHS)
        long = data_set(folder / "long", tiny, seen, plan.samples, READ_LENGTHS)
        asked = {
            times: Asked(
                data_set(folder / f"asked-{times}", tiny, unseen, plan.questions, [times * max(TRAINED_LENGTHS)])
            )
            for times in TIMES
        }
        clock.part("questions")
        policy = load_policy(tiny)
        lessons = answer_lessons(short, policy.tokenizer, 4096)
        settings = WarmupSettings(steps=plan.warm_steps, seed=seed)
        answering = warm_up(policy, lessons, folder / "answering", settings, origin="tiny").model_folder
        clock.part("warm start on answers")
        policy = load_policy(answering)
        lessons = memory_lessons(long, policy.tokenizer, AGENT, 4096)
        settings = WarmupSettings(steps=plan.oracle_steps, seed=seed)
        reading = warm_up(policy, lessons, folder / "reading", settings, origin="answering").model_folder
        clock.part("warm start on an oracle's updates")
        answerer, reader = load_policy(answering), load_policy(reading)
        first = asked[TIMES[0]]
        greedy = {times: each.agent(reader) for times, each in asked.items()}
        for times, each in asked.items():
            outcome.means[f"{times}: agent"] = statistics.fmean(greedy[times])
            for who, policy in (("itself", reader), ("the answerer", answerer)):
                one_pass = each.one_pass(policy)
                outcome.means[f"{times}: one pass of {who}"] = statistics.fmean(one_pass)
                gap = differences(greedy[times], one_pass)
                outcome.gaps[f"{times}: agent over one pass of {who}"] = mean_interval(gap, f"{times} {who}", seed)
        sampled = first.agent(reader, plan.answers, 1.0)
        clock.part("answers")
        trained = load_policy(train(memory_recipe(reading, long, plan, seed), folder / "run").model_folder)
        clock.part("reinforcement")
        after = first.agent(trained, plan.answers, 1.0)
        outcome.means["sampled before"], outcome.means["sampled after"] = map(statistics.fmean, (sampled, after))
        outcome.gaps["reinforcement"] = mean_interval(differences(after, sampled), "gain", seed)
        outcome.tasks = by_task(first.samples, sampled, after)
        for times, each in asked.items():
            likeliest = each.agent(trained)
            outcome.means[f"{times}: agent after reinforcement"] = statistics.fmean(likeliest)
            gain = differences(likeliest, greedy[times])
            outcome.gaps[f"{times}: reinforcement, greedy"] = mean_interval(gain, f"greedy {times}", seed)
        clock.part("answers")
    outcome.cpu_minutes = clock.minutes
    return Measurement(60 * sum(clock.minutes.values()), result=outcome)


def told(outcome: Outcome) -> str:
    """One seed in a few lines of text."""
    means, gaps = outcome.means, outcome.gaps
    lines: list[str] = []
    for times in TIMES:
        lines.append(
            f"at {times * max(TRAINED_LENGTHS):,} tokens the agent has {means[f'{times}: agent']:.3f}, one pass of the "
            f"same model {means[f'{times}: one pass of itself']:.3f} "
            f"({spread(gaps[f'{times}: agent over one pass of itself'])}), and of the model before it learnt to "
            f"read in chunks {means[f'{times}: one pass of the answerer']:.3f} "
            f"({spread(gaps[f'{times}: agent over one pass of the answerer'])}); after reinforcement the agent has "
            f"{means[f'{times}: agent after reinforcement']:.3f} ({spread(gaps[f'{times}: reinforcement, greedy'])})"
        )
    tasks = ", ".join(f"{task} {before:.3f} to {after:.3f}" for task, (before, after) in outcome.tasks.items())
    minutes = ", ".join(f"{name} {minutes:.1f}" for name, minutes in outcome.cpu_minutes.items())
    return (
        f"Seed {outcome.seed}, greedy: {'; '.join(lines)}. Sampled at temperature 1, at "
        f"{TIMES[0] * max(TRAINED_LENGTHS):,} tokens: {means['sampled before']:.3f} to {means['sampled after']:.3f} by "
        f"reinforcement, {spread(gaps['reinforcement'])}; {tasks}. CPU minutes: {minutes}."
    )


def spread(interval: Interval) -> str:
    return f"{interval.value:+.3f} (95 % {interval.low:+.3f} to {interval.high:+.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2", help="with commas")
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--samples", type=int, default=1600, help="of each kind to train on, over all worlds")
    parser.add_argument("--questions", type=int, default=200, help="held out at each length, over other worlds")
    parser.add_argument("--answers", type=int, default=2, help="sampled to each, before and after reinforcement")
    parser.add_argument("--warm-steps", type=int, default=200, help="on answers")
    parser.add_argument("--oracle-steps", type=int, default=300, help="on an oracle's updates")
    parser.add_argument("--steps", type=int, default=40, help="of reinforcement learning")
    parser.add_argument("--prompts", type=int, default=20, help="a step")
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--workers", type=int, default=1, help="seeds at a time")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/memory_rl.md and .json")
    parser.add_argument("--date", help="the date to write, ISO; today if left out")
    options = vars(parser.parse_args())
    plan = Plan(**{name: options[name] for name in Plan.__dataclass_fields__})
    rows: list[Row] = []
    notes = [
        f"{plan.worlds} worlds to train on; {plan.questions} questions at each length over {HELD_OUT_WORLDS} others. "
        f"{plan.warm_steps} steps of warm start on answers over inputs of up to {max(TRAINED_LENGTHS)} tokens, "
        f"{plan.oracle_steps} on an oracle's updates over up to {max(READ_LENGTHS)}, {plan.steps} of reinforcement "
        f"learning over up to {REINFORCED_TOKENS} ({plan.prompts} prompts, 8 readings each, AdamW at {plan.lr:g}). "
        f"Chunks of {AGENT.chunk_tokens} tokens, memory of {AGENT.memory_tokens}. Seconds are the processor's, all in."
    ]
    seeds = [int(seed) for seed in options["seeds"].split(",")]
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that follow
    with ThreadPoolExecutor(options["workers"]) as pool:
        measurements = pool.map(partial(in_fresh_process, experiment), seeds, [plan] * len(seeds))
        for seed, measured in zip(seeds, measurements, strict=True):
            outcome, seconds = measured.result, measured.seconds
            assert isinstance(outcome, Outcome)
            notes.append(told(outcome))
            print(notes[-1], flush=True)
            peak = measured.peak_bytes
            rows.append(Row(f"seed {seed}", seconds, seconds, seconds, 1.0, 1.0, 1.0, peak, (seconds,)))
    if options["write"]:
        sizes = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in asdict(plan).items())
        command = f"python benchmarks/memory_rl.py --seeds {options['seeds']} {sizes} --write"
        print(write_results("memory_rl", rows, command=command, date=options["date"], notes=notes))


if __name__ == "__main__":
    main()
