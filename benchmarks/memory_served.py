"""The memory agent before a real server: `transformers serve` with the tiny model, over the wire, at 16 times the
length that it was trained at.

    python benchmarks/memory_served.py --work FOLDER --write
    python benchmarks/memory_served.py --work FOLDER --seeds 0 --questions 8 --warm-steps 20 --oracle-steps 20

For each seed: a tiny model is made and warm-started as in memory_rl.py (answers over inputs of up to 128 tokens, then
an oracle's updates over up to 512, read 128 at a time); `transformers serve` serves it; `longstride evaluate`'s own
code asks it held-out questions of 2,048 tokens through the client, in one pass and by the agent, greedily. The interval
is a paired bootstrap over questions. FOLDER keeps what is done: killed, the same command goes on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from longstride.engines.local.policy import load_policy
from longstride.engines.local.warmup.lessons import answer_lessons
from longstride.engines.local.warmup.memory_lessons import memory_lessons
from longstride.engines.local.warmup.tiny_model import make_tiny_model
from longstride.engines.local.warmup.trainer import WarmupSettings, warm_up
from longstride.evaluation.arms import Arm, Decoding
from longstride.evaluation.comparison import Comparison, compare_answers
from longstride.evaluation.results import Results
from longstride.llm import ModelsSettings
from longstride.pipeline.evaluating import EvaluationSettings, evaluate_server
from memory_rl import AGENT, HELD_OUT, HELD_OUT_WORLDS, READ_LENGTHS, TRAINED_LENGTHS, data_set
from timing import Measurement, Row, in_fresh_process, write_results
from transformers_serve import serving

TIMES = 16  # times the longest input of one pass in training
WINDOW = 4096
GREEDY = Decoding(temperature=0.0, top_p=1.0, answers=1)
REQUESTS_AT_ONCE = 4


@dataclass(frozen=True)
class Plan:
    """The sizes of an experiment."""

    worlds: int
    samples: int  # of each kind to train on
    questions: int  # held out
    warm_steps: int
    oracle_steps: int


def reader_and_questions(folder: Path, seed: int, plan: Plan) -> Measurement:
    """Make the model and the held-out questions, where they are not there; gives their folders."""
    torch.set_num_threads(1)
    began = time.process_time()
    tiny = folder / "tiny"
    if not tiny.exists():
        make_tiny_model(tiny, seed)
    seen = range(1000 * seed, 1000 * seed + plan.worlds)
    unseen = range(HELD_OUT + 1000 * seed, HELD_OUT + 1000 * seed + HELD_OUT_WORLDS)
    short = data_set(folder / "short", tiny, seen, plan.samples, TRAINED_LENGTHS)
    long = data_set(folder / "long", tiny, seen, plan.samples, READ_LENGTHS)
    asked = data_set(folder / "asked", tiny, unseen, plan.questions, [TIMES * max(TRAINED_LENGTHS)])
    policy = load_policy(tiny)
    lessons = answer_lessons(short, policy.tokenizer, WINDOW)
    settings = WarmupSettings(steps=plan.warm_steps, seed=seed)
    answering = warm_up(policy, lessons, folder / "answering", settings, origin="tiny").model_folder
    policy = load_policy(answering)
    lessons = memory_lessons(long, policy.tokenizer, AGENT, WINDOW)
    settings = WarmupSettings(steps=plan.oracle_steps, seed=seed)
    reading = warm_up(policy, lessons, folder / "reading", settings, origin="answering").model_folder
    return Measurement(time.process_time() - began, result=(str(reading), str(asked)))


def evaluated(folder: Path, model: Path, questions: Path) -> Results:
    """The questions answered over the wire, in one pass and by the agent."""
    settings = EvaluationSettings(
        agent="both",
        decoding=GREEDY,
        window=WINDOW,
        answer_tokens=AGENT.answer_tokens,
        chunk_tokens=AGENT.chunk_tokens,
        memory_tokens=AGENT.memory_tokens,
        update_tokens=AGENT.update_tokens,
        prompts=AGENT.prompts,
    )
    output = folder / "evaluation"
    with serving(model, folder / "serve.log") as url:
        client = ModelsSettings(base_url=url, model=str(model), max_concurrency=REQUESTS_AT_ONCE)
        return evaluate_server(client, [questions], output, settings, tokenizer=str(model))


def told(seed: int, results: Results) -> str:
    """One seed in a line of text."""
    one_pass, agent = (results.answers[Arm(mode, GREEDY).label] for mode in ("full_context", "memory"))
    compared: Comparison = compare_answers(agent, one_pass, ("agent", "one pass"), seed)
    gain = compared.difference.overall
    means = [statistics.fmean(each.reply.reward for each in answers) for answers in (agent, one_pass)]
    return (
        f"Seed {seed}: {len(agent)} questions of {TIMES * max(TRAINED_LENGTHS):,} tokens, greedy: the agent "
        f"{means[0]:.3f}, one pass of the same model {means[1]:.3f}, {gain.value:+.3f} (95 % {gain.low:+.3f} to "
        f"{gain.high:+.3f}); {compared.better} questions better, {compared.worse} worse."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder that keeps models, questions and answers")
    parser.add_argument("--seeds", default="0,1,2", help="with commas")
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--samples", type=int, default=1600, help="of each kind to train on, over all worlds")
    parser.add_argument("--questions", type=int, default=200, help="held out, over other worlds")
    parser.add_argument("--warm-steps", type=int, default=200, help="on answers")
    parser.add_argument("--oracle-steps", type=int, default=300, help="on an oracle's updates")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/memory_served.md and .json")
    parser.add_argument("--date", help="the date to write, ISO; today if left out")
    options = vars(parser.parse_args(arguments))
    plan = Plan(**{name: options[name] for name in Plan.__dataclass_fields__})
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that follow
    rows: list[Row] = []
    notes = [
        f"Made as in memory_rl.py ({plan.worlds} worlds, {plan.warm_steps} steps on answers over up to "
        f"{max(TRAINED_LENGTHS)} tokens, {plan.oracle_steps} on an oracle's updates over up to {max(READ_LENGTHS)}), "
        f"served by `transformers serve` on one thread, {REQUESTS_AT_ONCE} requests at a time. Chunks of "
        f"{AGENT.chunk_tokens} tokens, memory of {AGENT.memory_tokens}. Seconds: from the first question to the last."
    ]
    for seed in map(int, options["seeds"].split(",")):
        folder = options["work"] / f"seed-{seed}"
        made = in_fresh_process(reader_and_questions, folder, seed, plan)
        assert isinstance(made.result, tuple)
        model, questions = map(Path, made.result)
        began = time.monotonic()
        results = evaluated(folder, model, questions)
        seconds = time.monotonic() - began
        notes.append(told(seed, results))
        print(notes[-1], flush=True)
        rows.append(Row(f"seed {seed}", seconds, seconds, seconds, 1.0, 1.0, 1.0, None, (seconds,)))
    if options["write"]:
        sizes = " ".join(f"--{name.replace('_', '-')} {getattr(plan, name)}" for name in Plan.__dataclass_fields__)
        command = f"python benchmarks/memory_served.py --work FOLDER --seeds {options['seeds']} {sizes} --write"
        print(write_results("memory_served", rows, command=command, date=options["date"], notes=notes))


if __name__ == "__main__":
    main()
