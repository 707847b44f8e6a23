"""A whole training step, rollout and update, against TRL's GRPOTrainer: process CPU seconds and peak memory.

    pip install 'longstride[peers]'
    python benchmarks/training_step.py
    python benchmarks/training_step.py --prompt 8192 --rounds 1

One prompt, G responses of fixed length from the whole softmax at temperature 1, a cheap reward, one AdamW step, on a
Qwen3 of 3.7 million random weights in float32, one thread. Both sides run their own training loop for three steps in a
process of their own; the last step counts, from its beginning to what would be the next one's. TRL runs as it comes,
without gradient checkpointing, and with a micro-batch of one; the quickest of these is "at its best".
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from longstride.engines.full_context import FullContextSource
from longstride.engines.graders import Grader
from longstride.engines.local.display import Display
from longstride.engines.local.policy import Policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.sources import full_context
from longstride.engines.local.trainer import train
from longstride.grading import Grade, RuleGrade
from longstride.records import Generator, Sample, TrajectoryGroup
from longstride.records.parquet import write_samples
from measured_model import VOCABULARY, model_settings
from timing import Measurement, in_fresh_process, interleaved, table, write_results

STEPS, SAMPLES = 3, 8
OURS = "longstride"
PEERS: dict[str, dict[str, Any]] = {
    "TRL": {},
    "TRL, no checkpointing": {"gradient_checkpointing": False},
    "TRL, micro-batch 1": {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 8},
}


def write_model(folder: Path, special: bool) -> None:
    """A model folder; `special` adds the tokens that TRL asks for."""
    torch.manual_seed(0)
    Qwen3ForCausalLM(model_settings()).float().save_pretrained(folder)
    words = Tokenizer(WordLevel({f"w{number}": number for number in range(VOCABULARY)}, unk_token="w0"))
    words.pre_tokenizer = WhitespaceSplit()
    named = {"eos_token": "w2", "pad_token": "w1"} if special else {}
    PreTrainedTokenizerFast(tokenizer_object=words, **named).save_pretrained(folder)


def prompts(length: int) -> list[str]:
    draw = random.Random(0)
    return [" ".join(f"w{draw.randrange(3, VOCABULARY)}" for _ in range(length)) for _ in range(SAMPLES)]


def reward(text: str) -> float:
    return sum(map(ord, text)) % 97 / 97


class _CheapGrader:
    def submit(self, sample: Sample, response: str, *, thinking_opened: bool = False) -> Future[Grade]:
        score = reward(response)
        done: Future[Grade] = Future()
        done.set_result(Grade(score, "rule", RuleGrade(score, response, "exact")))
        return done


class _Watched:
    """A trajectory source that notes when each step begins."""

    def __init__(self, source: FullContextSource, begun: list[float]) -> None:
        self.source, self.begun = source, begun

    def sample_groups(
        self, generator: Generator, samples: Sequence[Sample], group_size: int
    ) -> Iterable[TrajectoryGroup]:
        self.begun.append(time.process_time())
        return self.source.sample_groups(generator, samples, group_size)


def run_ours(folder: Path, prompt: int, response: int, group: int) -> float:
    write_model(folder / "model", special=False)
    samples = [
        Sample(
            id=f"s{number}",
            data_source="benchmark",
            prompt=({"role": "user", "content": text},),
            task="multi_hop",
            question_type="multi_fact",
            core_question="?",
            format_instructions="",
            ground_truth=("w5",),
            reward_style="exact",
            generator="benchmark",
            seed=0,
        )
        for number, text in enumerate(prompts(prompt))
    ]
    write_samples(folder / "data" / "samples" / "0.parquet", samples)
    recipe = Recipe.model_validate(
        {
            "model": {"path": str(folder / "model")},
            "data": {"folders": [str(folder / "data")], "max_input_tokens": prompt, "held_out_share": 0},
            "rollout": {"group_size": group, "temperature": 1.0, "top_p": 1.0, "max_output_tokens": response},
            "batch": {"prompts": 1},
            "optimizer": {"lr": 1e-4},
            "eval": {"every": 0},
            "checkpoint": {"every": STEPS + 1},
            "logging": {"report_to": [], "gradient_by_sign": 0},
            "steps": STEPS + 1,
        }
    )
    begun: list[float] = []

    def watched(recipe: Recipe, policy: Policy, grader: Grader) -> _Watched:
        return _Watched(full_context(recipe, policy, grader), begun)

    train(recipe, folder / "out", make_source=watched, grader=_CheapGrader(), display=Display(STEPS + 1, 0))
    return begun[STEPS] - begun[STEPS - 1]


def run_trl(folder: Path, prompt: int, response: int, group: int, options: dict[str, Any]) -> float:
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer  # pyright: ignore[reportMissingImports]

    write_model(folder / "model", special=True)
    begun: list[float] = []

    class Watch(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            begun.append(time.process_time())

    def rewards(completions: list[str], **_: Any) -> list[float]:
        return [reward(each) for each in completions]

    configuration = GRPOConfig(
        output_dir=str(folder / "out"),
        num_generations=group,
        max_completion_length=response,
        max_steps=STEPS + 1,
        learning_rate=1e-4,
        report_to=[],
        use_cpu=True,
        bf16=False,
        beta=0.0,
        temperature=1.0,
        save_strategy="no",
        generation_kwargs={"min_new_tokens": response},
        **{"per_device_train_batch_size": group, **options},
    )
    trainer = GRPOTrainer(
        model=str(folder / "model"),
        reward_funcs=rewards,
        args=configuration,
        train_dataset=Dataset.from_dict({"prompt": prompts(prompt)}),
        callbacks=[Watch()],
    )
    trainer.train()
    return begun[STEPS] - begun[STEPS - 1]


def measure(side: str, prompt: int, response: int, group: int) -> Measurement:
    """What a fresh process does."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if side == OURS:
            return Measurement(run_ours(folder, prompt, response, group))
        return Measurement(run_trl(folder, prompt, response, group, PEERS[side]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=2048, help="tokens")
    parser.add_argument("--response", type=int, default=64, help="tokens")
    parser.add_argument("--group", type=int, default=8, help="responses")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/training_step_PROMPT.md, .json")
    options = parser.parse_args()
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

    def taken(side: str) -> Measurement:
        arguments = (side, options.prompt, options.response, options.group)
        measured = in_fresh_process(measure, *arguments, environment=one_thread)
        print(f"{side}: {measured.seconds:.2f} s, {(measured.peak_bytes or 0) / 2**20:.0f} MiB", flush=True)
        return measured

    sides: dict[str, Callable[[], object]] = {side: partial(taken, side) for side in (OURS, *PEERS)}
    rows = interleaved(sides, repeats=options.rounds, warmups=0)
    best = min(rows[1:], key=lambda row: row.median_seconds)
    leanest = min(row.peak_bytes or 0 for row in rows[1:])
    notes = [
        f"Process CPU seconds of one step: {options.group} responses of {options.response} tokens to a prompt of "
        f"{options.prompt}; a fresh process each, {options.rounds} rounds.",
        f"TRL at its best ({best.side}) takes {best.ratio:.1f} times ours ({best.ratio_min:.1f}-{best.ratio_max:.1f}).",
        f"Peak memory: ours {(rows[0].peak_bytes or 0) / 2**20:.0f} MiB, TRL's leanest {leanest / 2**20:.0f} MiB, "
        "libraries included.",
    ]
    print("\n" + table(rows) + "\n\n" + "\n".join(notes))
    if options.write:
        command = " ".join(["python", *sys.argv])
        print(write_results(f"training_step_{options.prompt}", rows, command=command, notes=notes))


if __name__ == "__main__":
    main()
