"""The command line. Heavy imports wait until a command runs: `longstride --help` imports neither torch nor openai."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from longstride import __version__
from longstride.errors import ExpectedError

TOKENIZER = "A folder, a name on the hub, or 'bundled' (an estimate)."
BENCHMARKS = "Benchmark files whose questions must not appear."
HUB = "OWNER/NAME: upload the result; the token comes from HF_TOKEN."
FAMILY = "SUBFOLDER=FAMILY, or one FAMILY for all: code, academic, professional, literature, dialogue."
EXTRAS = {  # module -> the extra that brings it
    **dict.fromkeys(("torch", "transformers", "safetensors"), "train"),
    **dict.fromkeys(
        ("bm25s", "charset_normalizer", "duckdb", "lxml", "numpy", "pdfplumber", "pypdfium2", "rapidfuzz", "rensa"),
        "synthesis",
    ),
    "sqlglot": "synthesis",
    "docling": "docling",
}

app = typer.Typer(
    name="longstride",
    help="Post-training for reasoning over very long inputs: an open implementation of the QwenLong-L1.5 recipe.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"longstride {__version__}")
        raise typer.Exit


@app.callback()
def _longstride(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder for what it writes.")] = Path("demo-output"),
    seed: Annotated[int, typer.Option(help="Every random choice follows from it.")] = 0,
    steps: Annotated[int, typer.Option(min=1, help="Policy-gradient steps.")] = 60,
) -> None:
    """See what longstride does so far, on this machine: no GPU, no API key, no download, seconds.

    Writes documents of a fictional world, makes verified questions of them, grades answers (and attempts to cheat),
    trains a table of logits with the recipe's advantages, loss and AEPO, and merges two results by SCE. The training of
    a language model, the memory agent, evaluation and the report take their places here when they are built.
    """
    from longstride.demo import run_demo

    run_demo(output, seed, steps)


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    The one place that turns an expected error into one line on standard error and exit code 2: bad input, a file that
    cannot be read or written, a spent budget, a missing extra. Anything else is a defect of ours and shows its
    traceback.
    """
    try:
        app(args=arguments)
    except (ExpectedError, OSError, ModuleNotFoundError) as error:
        print(f"longstride: {one_line(error)}", file=sys.stderr)
        sys.exit(error.exit_code if isinstance(error, ExpectedError) else 2)


def one_line(error: Exception) -> str:
    """What to tell a user of an expected error."""
    if isinstance(error, ModuleNotFoundError):
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise error
        return f"{error.name} is not installed; pip install 'longstride[{extra}]'"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return " ".join(str(error).split())
