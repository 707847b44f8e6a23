"""Commands that make and look at data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longstride.cli.app import BENCHMARKS, HUB, TOKENIZER, ApiKeyEnv, BaseUrl, TimeoutSeconds, app

ROLES = "judge, extractor, linker, obfuscator, proposer, query_writer, solver, verifier"
CHECKS = "blind, grounding, scarce, robustness"
FAMILY = "SUBFOLDER=FAMILY, or one FAMILY for all: code, academic, professional, literature, dialogue."

MaxConcurrency = Annotated[int | None, typer.Option(min=1, help="Requests at once. [default: 32]")]
ModelsFile = Annotated[Path | None, typer.Option(help="A TOML file of models by role, instead.")]
AnswersFile = Annotated[Path | None, typer.Option(help="A file for the answers [default: in OUTPUT until it is whole]")]


@app.command()
def synthesize(
    folder: Annotated[Path, typer.Argument(help="Documents: text, Markdown, HTML, PDF, JSON, CSV, code, chats.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The data set's folder; new, or one to go on with.")],
    samples: Annotated[int, typer.Option(help="How many accepted samples to keep.")] = 1000,
    tasks: Annotated[str, typer.Option(help="Only these, with commas: multi_hop, numerical, ... [default: all]")] = "",
    target_tokens: Annotated[str, typer.Option(help="Input lengths; 8k:3,32k:1 for shares of 3 to 1.")] = "8k,32k",
    tokenizer: Annotated[str, typer.Option(help=TOKENIZER)] = "bundled",
    prompt: Annotated[str, typer.Option(help="'paper', or 'tiny' for models of a few hundred words.")] = "paper",
    filters: Annotated[bool, typer.Option(help="Leave documents of poor quality out.")] = True,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 takes one a core. The result is the same.")] = 0,
    family: Annotated[list[str] | None, typer.Option(help=FAMILY)] = None,
    benchmarks: Annotated[Path | None, typer.Option(help=BENCHMARKS)] = None,
    base_url: BaseUrl = None,
    model: Annotated[str | None, typer.Option(help="Its model; questions are then made of plain prose too.")] = None,
    models: ModelsFile = None,
    role: Annotated[list[str] | None, typer.Option(help=f"ROLE=URL#MODEL for one role: {ROLES}.")] = None,
    families: Annotated[str, typer.Option(help="Question families, with commas. [default: all; see the docs]")] = "",
    checks: Annotated[str, typer.Option(help=f"Of what models wrote: all, none, or some of {CHECKS}.")] = "all",
    answers: Annotated[int, typer.Option(min=1, help="Of the solver, to each question of a check.")] = 4,
    judged: Annotated[float, typer.Option(min=0, max=1, help="Share of the documents that the judge rates.")] = 1.0,
    budget: Annotated[str, typer.Option(help="Stop after 20000calls, 5Mtokens, or 10.0 of money.")] = "",
    cache: AnswersFile = None,
    api_key_env: ApiKeyEnv = None,
    max_concurrency: MaxConcurrency = None,
    timeout_seconds: TimeoutSeconds = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking, after the estimate.")] = False,
    push_to_hub: Annotated[str, typer.Option(help=HUB)] = "",
) -> None:
    """Make a verified long-context data set from a folder of documents. It needs no API key and no model.

    Facts are taken from tables, labelled attributes and links; questions are composed of them, answered by a program,
    set among distractors up to each target length, and checked: every quotation, every answer again from the documents
    alone, without its evidence, and with more distractors. OUTPUT holds documents, samples, a manifest and a card that
    tells how many were dropped and why. Interrupt it as you like: the same command goes on.

    With --base-url and --model, models rate the documents, find facts in plain prose, write questions, and check them:
    is each answered with its documents, and not without? What it will take is estimated first, from a few documents,
    and --budget bounds it; an answer that was received is not asked for again.

    longstride synthesize papers -o dataset --base-url http://localhost:8000/v1 --model Qwen/Qwen3-4B
    """
    from longstride.pipeline.command import run_synthesize
    from longstride.pipeline.with_models.options import ModelOptions

    run_synthesize(
        folder,
        output,
        samples=samples,
        tasks=tasks,
        target_tokens=target_tokens,
        tokenizer=tokenizer,
        prompt=prompt,
        filtered=filters,
        seed=seed,
        workers=workers,
        document_families=family or [],
        benchmarks=benchmarks,
        push_to_hub=push_to_hub,
        models=ModelOptions(base_url, model, models, role or [], api_key_env, max_concurrency, timeout_seconds),
        families=families,
        checks=checks,
        answers=answers,
        judged=judged,
        budget=budget,
        cache=cache,
        yes=yes,
    )


@app.command()
def curate(
    dataset: Annotated[Path, typer.Argument(help="A folder with documents/ and samples/ in our columns.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write what passes as a new data set.")] = None,
    benchmarks: Annotated[Path | None, typer.Option(help=BENCHMARKS)] = None,
    samples: Annotated[int | None, typer.Option(help="Keep so many, balanced over tasks, types and lengths.")] = None,
    tokenizer: Annotated[str, typer.Option(help=TOKENIZER)] = "bundled",
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    checks: Annotated[str, typer.Option(help=f"Ask a model: all, or some of {CHECKS}, with commas.")] = "",
    answers: Annotated[int, typer.Option(min=1, help="Of the model to each question.")] = 4,
    agreement: Annotated[
        float, typer.Option(help="Share of them that must be right for robustness; 0 as in the paper: any one.")
    ] = 0.5,
    target_tokens: Annotated[
        int | None, typer.Option(min=1, help="Robustness adds documents up to these. [default: twice the sample's]")
    ] = None,
    strata: Annotated[
        int | None, typer.Option(min=1, help="Keep so many of each data source, as many of each stratum of pass@k.")
    ] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Ask without the documents, and with the five nearest; tell the rates.")
    ] = False,
    base_url: BaseUrl = None,
    model: Annotated[str | None, typer.Option(help="Its model.")] = None,
    models: ModelsFile = None,
    role: Annotated[list[str] | None, typer.Option(help="solver=URL#MODEL; also judge, reference (audit).")] = None,
    budget: Annotated[str, typer.Option(help="Stop after 10000calls, 2Mtokens, or 5.0 of money.")] = "",
    cache: AnswersFile = None,
    api_key_env: ApiKeyEnv = None,
    max_concurrency: MaxConcurrency = None,
    timeout_seconds: TimeoutSeconds = None,
    push_to_hub: Annotated[str, typer.Option(help=HUB)] = "",
) -> None:
    """Check any data set in our columns, whoever made it: quotations, answers, grounding, robustness, duplicates.

    With --checks a model is asked too: does it answer with no document (blind), without the evidence (grounding),
    without one document of it (scarce); does it still answer among irrelevant documents (robustness)? What it will
    ask is counted first, and an answer that was received is not asked for again: interrupt it as you like, the same
    command goes on. A spent budget ends it with exit code 3.

    Writes curation.json (the funnel with every reason, and the shortcut audit) and curation_rejected.jsonl (what fell
    out: file, row, why) to OUTPUT, or to DATASET where there is none. DATASET's samples are never changed.
    """
    from longstride.curation.by_model.settings import CheckSettings
    from longstride.pipeline.command import run_curate
    from longstride.pipeline.with_models.curating import parse_checks
    from longstride.pipeline.with_models.options import ModelOptions

    asked = None
    if checks.strip() or strata is not None or audit:
        asked = CheckSettings(
            checks=parse_checks(checks),
            answers=answers,
            agreement=agreement,
            target_tokens=target_tokens,
            seed=seed,
            strata=strata,
            audit=audit,
        )
    options = ModelOptions(base_url, model, models, role or [], api_key_env, max_concurrency, timeout_seconds)
    run_curate(dataset, output, benchmarks, samples, tokenizer, seed, push_to_hub, asked, options, budget, cache)


@app.command()
def view(
    dataset: Annotated[Path, typer.Argument(help="A folder with documents/ and samples/ in our columns.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page's folder [default: DATASET/view]")
    ] = None,
) -> None:
    """Write a page to look at a data set: it opens from disk, with no server and no network.

    Filter samples by task, type and length; read one with its evidence highlighted in its documents, its path drawn or
    its SQL and table shown. Nothing that stands in a document is ever run.
    """
    from longstride.report.dataset_page import write_dataset_page

    typer.echo(write_dataset_page(dataset, output))
