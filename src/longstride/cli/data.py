"""Commands that make and look at data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longstride.cli.app import BENCHMARKS, HUB, TOKENIZER, app

FAMILY = "SUBFOLDER=FAMILY, or one FAMILY for all: code, academic, professional, literature, dialogue."


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
    push_to_hub: Annotated[str, typer.Option(help=HUB)] = "",
) -> None:
    """Make a verified long-context data set from a folder of documents. No API key, no model.

    Facts are taken from tables, labelled attributes and links; questions are composed of them, answered by a program,
    set among distractors up to each target length, and checked: every quotation, every answer again from the documents
    alone, without its evidence, and with more distractors. OUTPUT holds documents, samples, a manifest and a card that
    tells how many were dropped and why. Interrupt it as you like: the same command goes on.
    """
    from longstride.pipeline.command import run_synthesize

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
        families=family or [],
        benchmarks=benchmarks,
        push_to_hub=push_to_hub,
    )


@app.command()
def curate(
    dataset: Annotated[Path, typer.Argument(help="A folder with documents/ and samples/ in our columns.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write what passes as a new data set.")] = None,
    benchmarks: Annotated[Path | None, typer.Option(help=BENCHMARKS)] = None,
    samples: Annotated[int | None, typer.Option(help="Keep so many, balanced over tasks, types and lengths.")] = None,
    tokenizer: Annotated[str, typer.Option(help=TOKENIZER)] = "bundled",
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    push_to_hub: Annotated[str, typer.Option(help=HUB)] = "",
) -> None:
    """Check any data set in our columns, whoever made it: quotations, answers, grounding, robustness, duplicates.

    Writes curation.json (the funnel with every reason, and the shortcut audit) and curation_rejected.jsonl (what fell
    out: file, row, why) to OUTPUT, or to DATASET where there is none. DATASET's samples are never changed.
    """
    from longstride.pipeline.command import run_curate

    run_curate(dataset, output, benchmarks, samples, tokenizer, seed, push_to_hub)


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
