"""What the commands `synthesize` and `curate` do with their options, and what they print."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from longstride.curation.dataset import CurationSettings, curate_dataset
from longstride.curation.funnel import Funnel
from longstride.errors import InputError
from longstride.pipeline.settings import SynthesisSettings, load_families, parse_lengths
from longstride.pipeline.synthesize import FUNNEL_FILE, synthesize


def run_synthesize(
    folder: Path,
    output: Path,
    *,
    samples: int,
    tasks: str,
    target_tokens: str,
    tokenizer: str,
    prompt: str,
    filtered: bool,
    seed: int,
    workers: int,
    families: Sequence[str],
    benchmarks: Path | None,
    push_to_hub: str,
) -> None:
    """`longstride synthesize`."""
    lengths, shares = parse_lengths(target_tokens)
    settings = SynthesisSettings(
        samples=samples,
        tasks=tuple(sorted({part.strip() for part in tasks.split(",") if part.strip()})),
        target_tokens=lengths,
        target_shares=shares,
        tokenizer=tokenizer,
        prompt=prompt,
        filtered=filtered,
        seed=seed,
        document_families=parse_families(families),
    )
    console = Console()
    manifest = synthesize(folder, output, settings, workers=workers or os.cpu_count() or 1, benchmarks=benchmarks)
    funnel = json.loads((output / FUNNEL_FILE).read_text(encoding="utf-8"))
    console.print(Funnel.from_json(funnel["samples"]).table())
    for file, problem in funnel["benchmarks_unread"].items():
        console.print(f"benchmark file {file} was not read: {problem}", markup=False)
    made, wanted = manifest["samples"], settings.samples
    console.print(
        f"{made:,} samples over {manifest['documents']:,} documents in {output}; its card is {output / 'README.md'}"
    )
    if made < wanted:
        console.print(f"That is fewer than the {wanted:,} wanted: the documents hold no more facts of these kinds.")
    _push(output, push_to_hub, console)


def run_curate(
    dataset: Path,
    output: Path | None,
    benchmarks: Path | None,
    samples: int | None,
    tokenizer: str,
    seed: int,
    push_to_hub: str,
) -> None:
    """`longstride curate`."""
    if push_to_hub and output is None:
        raise InputError("--push-to-hub uploads what passed", cure="name a folder for it with --output")
    settings = CurationSettings(seed=seed, samples=samples, tokenizer=tokenizer)
    console = Console()
    report = curate_dataset(dataset, load_families(), output=output, benchmarks=benchmarks, settings=settings)
    console.print(report.funnel.table())
    console.print(
        f"{report.kept:,} of {report.samples:,} samples pass; {(output or dataset) / 'curation.json'} tells more"
    )
    if output is not None:
        _push(output, push_to_hub, console)


def parse_families(declared: Sequence[str]) -> dict[str, str]:
    """`["code", "papers=academic"]` -> `{".": "code", "papers": "academic"}`."""
    families: dict[str, str] = {}
    for each in declared:
        folder, equals, family = each.rpartition("=")
        families[folder.strip("/") if equals else "."] = family
    return families


def _push(folder: Path, repository: str, console: Console) -> None:
    if repository:
        from longstride.curation.publishing import push_to_hub

        console.print(f"uploaded to {push_to_hub(folder, repository)}")
