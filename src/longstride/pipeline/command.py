"""What the commands `synthesize` and `curate` do with their options, and what they print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from longstride.curation.by_model.settings import CheckSettings
from longstride.curation.dataset import CurationSettings, curate_dataset
from longstride.curation.funnel import Funnel
from longstride.errors import InputError, unknown_name
from longstride.llm import BudgetExceeded, Ledger
from longstride.pipeline.settings import QUESTION_FAMILIES, SynthesisSettings, load_families, parse_lengths
from longstride.pipeline.synthesize import FUNNEL_FILE, synthesize
from longstride.pipeline.with_models.curating import ALL, by_model, parse_checks, spent
from longstride.pipeline.with_models.estimate import Estimate
from longstride.pipeline.with_models.options import ModelOptions, parse_budget
from longstride.pipeline.with_models.run import BudgetSpent, ModelRun
from longstride.pipeline.with_models.settings import MODEL_FAMILIES, model_work

NONE = "none"
OVERSAMPLE_WITH_MODELS = 3.0  # candidates for each sample wanted: 42.7k became 14.1k (paper 3)
FEWER = "the documents hold no more facts of these kinds"
FEWER_WITH_MODELS = "the funnel tells where the others fell out"


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
    document_families: Sequence[str],
    benchmarks: Path | None,
    push_to_hub: str,
    models: ModelOptions | None = None,
    families: str = "",
    checks: str = ALL,
    answers: int = 4,
    judged: float = 1.0,
    budget: str = "",
    cache: Path | None = None,
    yes: bool = False,
) -> None:
    """`longstride synthesize`; without `models` none is asked."""
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
        document_families=parse_families(document_families),
    )
    console, progress = Console(), Console(stderr=True)
    run = None
    structural, asking = chosen_families(families, with_models=models is not None and models.given)
    settings = replace(settings, families=structural)
    if asking:
        assert models is not None
        asked = models.settings(seed)
        check_settings = (
            None if checks == NONE else CheckSettings(checks=parse_checks(checks), answers=answers, seed=seed)
        )
        work = model_work(asked, asking, check_settings, judged)
        settings = replace(settings, models=work, oversample=OVERSAMPLE_WITH_MODELS)
        run = ModelRun(asked, cache, Ledger(parse_budget(budget)), partial(agree, console=progress, yes=yes))
    manifest = synthesize(
        folder,
        output,
        settings,
        workers=workers or os.cpu_count() or 1,
        benchmarks=benchmarks,
        console=progress,
        run=run,
    )
    funnel = json.loads((output / FUNNEL_FILE).read_text(encoding="utf-8"))
    if "models" in funnel:
        console.print(Funnel.from_json(funnel["models"]).table("What models found and wrote"))
    console.print(Funnel.from_json(funnel["samples"]).table())
    for file, problem in funnel["benchmarks_unread"].items():
        console.print(f"benchmark file {file} was not read: {problem}", markup=False)
    if run is not None:
        console.print(f"asked: {spent(run)}", markup=False)
    made, wanted = manifest["samples"], settings.samples
    console.print(
        f"{made:,} samples over {manifest['documents']:,} documents in {output}; its card is {output / 'README.md'}"
    )
    if made < wanted:
        console.print(f"That is fewer than the {wanted:,} wanted: {FEWER if run is None else FEWER_WITH_MODELS}.")
    _push(output, push_to_hub, console)


def run_curate(
    dataset: Path,
    output: Path | None,
    benchmarks: Path | None,
    samples: int | None,
    tokenizer: str,
    seed: int,
    push_to_hub: str,
    checks: CheckSettings | None = None,
    models: ModelOptions | None = None,
    budget: str = "",
    cache: Path | None = None,
) -> None:
    """`longstride curate`; `checks` None asks no model."""
    if push_to_hub and output is None:
        raise InputError("--push-to-hub uploads what passed", cure="name a folder for it with --output")
    models = models or ModelOptions()
    if checks is None and models.given:
        raise InputError("a model is named, and nothing to ask it", cure="say what: --checks all, --strata or --audit")
    settings = CurationSettings(seed=seed, samples=samples, tokenizer=tokenizer)
    console, progress = Console(), Console(stderr=True)
    asked = run = None
    if checks is not None:
        run = ModelRun(models.settings(seed), cache, Ledger(parse_budget(budget)))
        asked = by_model(run, checks, progress)
    try:
        report = curate_dataset(
            dataset,
            load_families(),
            output=output,
            benchmarks=benchmarks,
            settings=settings,
            by_model=asked,
            console=progress if asked else None,
        )
    except BudgetExceeded as error:
        raise BudgetSpent(str(error)) from None
    console.print(report.funnel.table())
    if run is not None:
        console.print(f"asked: {spent(run)}", markup=False)
    console.print(
        f"{report.kept:,} of {report.samples:,} samples pass; {(output or dataset) / 'curation.json'} tells more"
    )
    if output is not None:
        _push(output, push_to_hub, console)


def chosen_families(text: str, *, with_models: bool) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The families of programs (None: all that suit) and those of models, of a list of names; "" for all there are.

    Raises InputError for an unknown name, and for a family of models where no model is named.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        return None, tuple(MODEL_FAMILIES) if with_models else ()
    for name in names:
        if name not in QUESTION_FAMILIES and name not in MODEL_FAMILIES:
            problem = str(unknown_name("question family", name, (*QUESTION_FAMILIES, *MODEL_FAMILIES)))
            raise InputError(problem, field="--families")
    asking = tuple(name for name in names if name in MODEL_FAMILIES)
    if asking and not with_models:
        cure = "name one: --base-url http://localhost:8000/v1 --model NAME"
        raise InputError(f"{asking[0]} asks a model, and none is named", field="--families", cure=cure)
    if with_models and not asking:
        cure = f"add one of {', '.join(MODEL_FAMILIES)}"
        raise InputError("a model is named, and no family asks one", field="--families", cure=cure)
    return tuple(name for name in names if name in QUESTION_FAMILIES), asking


def agree(estimate: Estimate, *, console: Console, yes: bool) -> bool:
    """Show what it will take, and ask whether to begin where somebody sits at a terminal."""
    console.print(estimate.table())
    console.print(estimate.time(), markup=False)
    if yes or not (console.is_terminal and sys.stdin.isatty()):
        return True
    return console.input("Begin? [y/N] ", markup=False).strip().lower() in ("y", "yes")


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
