"""Verified questions over documents (paper 3)."""

from __future__ import annotations

from longstride.pipeline.settings import SynthesisSettings, parse_lengths
from longstride.pipeline.synthesize import synthesize
from longstride.stages.work import Work


def perform(work: Work) -> None:
    """As `longstride synthesize`, in one process: steps run beside each other already."""
    given = work.settings
    lengths, shares = parse_lengths(given["target_tokens"])
    settings = SynthesisSettings(
        samples=given["samples"],
        tasks=tuple(sorted(given["tasks"])),
        target_tokens=lengths,
        target_shares=shares,
        tokenizer=str(work.input("tokenizer")) if "tokenizer" in work.inputs else given["tokenizer"],
        seed=given["seed"],
        prompt=given["prompt"],
        filtered=given["filters"],
        questions_per_context=given["questions_per_context"],
    )
    manifest = synthesize(work.input("documents"), work.folder, settings)
    print(f"{manifest['samples']} samples over {manifest['documents']} documents")
