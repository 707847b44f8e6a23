"""What the command `warmup` does with its options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from longstride.errors import InputError, unknown_name
from longstride.files import content_digest
from longstride.memory.settings import MemorySettings

KINDS = ("answers", "memory", "both")
LEARNING_RATES = {"muon": 6e-3, "adamw": 1e-3}  # for the tiny model
TINY_AGENT = MemorySettings(chunk_tokens=128, memory_tokens=48, prompts="tiny_chunk_first")


def run_warmup(
    model: Path,
    datasets: Sequence[Path],
    *,
    output: Path | None,
    kind: str,
    make_tiny: bool,
    steps: int,
    minutes: float | None,
    optimizer: str,
    lr: float | None,
    batch_tokens: int,
    gradient_checkpointing: bool,
    seed: int,
    resume: str,
    agent: MemorySettings | None = None,
) -> None:
    """`longstride warmup`. Nothing heavy is imported before the options are known to fit together.

    agent: how the memory agent reads, for the kinds "memory" and "both"; None takes the tiny model's.
    """
    if kind not in KINDS:
        raise InputError(str(unknown_name("kind", kind, KINDS)))
    if optimizer not in LEARNING_RATES:
        raise InputError(str(unknown_name("optimizer", optimizer, LEARNING_RATES)))
    if not datasets and not make_tiny:
        raise InputError("there is nothing to learn from", cure="name a data set, or make a model with --make-tiny")
    if datasets and output is None:
        raise InputError("there is no folder for the trained model", cure="name one with --output")
    from transformers.utils import logging

    logging.disable_progress_bar()
    console = Console(highlight=False)
    if make_tiny and not (model / "config.json").exists():
        from longstride.engines.local.warmup.tiny_model import make_tiny_model

        make_tiny_model(model, seed)
        console.print(f"a tiny model and its tokenizer are in {model}", markup=False, soft_wrap=True)
    if not datasets or output is None:
        return
    from longstride.engines.local.policy import load_policy
    from longstride.engines.local.rollout import position_limit
    from longstride.engines.local.threads import settle_threads
    from longstride.engines.local.warmup.lessons import Counts, Lesson, answer_lessons, turn_lessons
    from longstride.engines.local.warmup.memory_lessons import memory_lessons
    from longstride.engines.local.warmup.trainer import WarmupSettings, warm_up

    settings = WarmupSettings(
        steps=steps,
        minutes=minutes,
        batch_tokens=batch_tokens,
        optimizer=optimizer,
        lr=LEARNING_RATES[optimizer] if lr is None else lr,
        seed=seed,
    )
    policy = load_policy(model, gradient_checkpointing=gradient_checkpointing)
    settle_threads(policy)
    counts, max_tokens = Counts(), position_limit(policy)
    lessons: list[Lesson] = []
    for path in datasets:
        if kind in ("answers", "both"):
            lessons += answer_lessons(path, policy.tokenizer, max_tokens, counts)
        if kind != "answers" and (path / "samples").is_dir():
            lessons += memory_lessons(path, policy.tokenizer, agent or TINY_AGENT, max_tokens, counts)
        elif kind != "answers":
            lessons += turn_lessons(path, policy.tokenizer, max_tokens, counts)
    for number, reason in (
        (counts.too_long, f"longer than the model's {max_tokens} positions"),
        (counts.without_reward, "whose written answer their own rule does not accept"),
    ):
        if number:
            console.print(f"left out {number:,} {reason}", markup=False, soft_wrap=True)
    result = warm_up(policy, lessons, output, settings, origin=model_origin(model), resume=resume)
    console.print(f"the model is in {result.model_folder}", markup=False, soft_wrap=True)


def model_origin(folder: Path) -> str:
    """Names a model folder's weights, configuration and tokenizer by their content."""
    decisive = ("config.json", "tokenizer.json")
    files = [path for path in folder.iterdir() if path.suffix == ".safetensors" or path.name in decisive]
    return content_digest(folder, sorted(files))
