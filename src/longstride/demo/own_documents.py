"""The reader's own folder in the demo: questions over it, and some of them to look at."""

from __future__ import annotations

import textwrap
from pathlib import Path

from rich.console import Console

from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.synthesize import synthesize
from longstride.records import Sample
from longstride.records.parquet import read_samples

SAMPLES, TARGETS, SHOWN = 30, (2_000, 4_000), 3
QUOTED = 160  # characters of a quotation


def show_own_documents(folder: Path, output: Path, seed: int, console: Console) -> None:
    """Make a small data set from the reader's folder and print samples of different tasks. InputError as synthesize."""
    console.print(f"[bold]Your documents[/]: {SAMPLES} questions over {folder}, without any model")
    settings = SynthesisSettings(samples=SAMPLES, target_tokens=TARGETS, target_shares=(0.5, 0.5), seed=seed)
    synthesize(folder, output, settings)
    by_task: dict[str, Sample] = {}
    for sample in read_samples(output / "samples"):
        by_task.setdefault(sample.task, sample)
    for sample in list(by_task.values())[:SHOWN]:
        console.print("\n".join(told(sample)), markup=False, soft_wrap=True)


def told(sample: Sample) -> list[str]:
    """A sample in a few lines: what is asked, the answer, and the evidence with its place."""
    lines = [
        f"  {sample.task}, {sample.input_tokens or 0:,} tokens in {len(sample.document_ids)} documents",
        f"    Q: {textwrap.shorten(sample.core_question, 4 * QUOTED)}",
        f"    A: {textwrap.shorten(' | '.join(sample.ground_truth), QUOTED)}",
    ]
    for evidence in sample.evidence[:SHOWN]:
        quoted = textwrap.shorten(evidence.text, QUOTED)
        lines.append(f"    evidence in {evidence.document_id}, characters {evidence.start}-{evidence.end}: {quoted}")
    return lines
