"""A model taught by examples, before reinforcement learning begins."""

from __future__ import annotations

from longstride.engines.local.warmup.command import TINY_AGENT, run_warmup
from longstride.memory.settings import MemorySettings
from longstride.stages.work import Work

AGENT = ("chunk_tokens", "memory_tokens", "prompts")


def perform(work: Work) -> None:
    """As `longstride warmup`."""
    given = work.settings
    run_warmup(
        work.input("model"),
        work.inputs["data"],
        output=work.folder,
        kind=given["teaches"],
        make_tiny=False,
        steps=given["steps"],
        minutes=given["minutes"],
        optimizer=given["optimizer"],
        lr=given["lr"],
        batch_tokens=given["batch_tokens"],
        gradient_checkpointing=work.options["gradient_checkpointing"],
        seed=given["seed"],
        resume="auto",
        agent=MemorySettings(**{name: given[name] for name in AGENT}) if given["teaches"] != "answers" else TINY_AGENT,
    )
