"""Commands that tell how good a model is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from longstride.cli.app import TOKENIZER, BaseUrl, TimeoutSeconds, app
from longstride.errors import InputError


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A model's folder; with --base-url, what the server calls its model.")],
    datasets: Annotated[list[Path], typer.Argument(help="Data sets' folders; questions that training never saw.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The results' folder; new, or one to go on with.")],
    agent: Annotated[
        Literal["none", "memory", "both"],
        typer.Option(help="none: the whole prompt in one pass; memory: chunk by chunk; both, and their difference."),
    ] = "none",
    answers: Annotated[int, typer.Option(min=1, help="Sampled to each question; pass@k follows from them.")] = 4,
    temperature: Annotated[float, typer.Option(min=0, help="Of sampling.")] = 0.7,
    top_p: Annotated[float, typer.Option(help="Of sampling.")] = 0.95,
    greedy: Annotated[bool, typer.Option("--greedy", help="One answer each, always the most probable token.")] = False,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Of each data set, even over tasks and lengths [default: all]")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another result's folder: what this model gains, question by question.")
    ] = None,
    window: Annotated[int | None, typer.Option(min=1, help="Tokens [default: the model's, or ask the server]")] = None,
    answer_tokens: Annotated[int | None, typer.Option(min=1, help="[default: 10000, or what fits]")] = None,
    chunk_tokens: Annotated[int | None, typer.Option(min=1, help="The agent's. [default: 32000, or what fits]")] = None,
    memory_tokens: Annotated[int | None, typer.Option(min=1, help="The agent's. [default: 15000, or less]")] = None,
    update_tokens: Annotated[int | None, typer.Option(min=1, help="The agent's. [default: 16000, or less]")] = None,
    prompts: Annotated[
        str, typer.Option(help="The agent's: paper (Appendix D), chunk_first, tiny, tiny_chunk_first.")
    ] = "paper",
    seed: Annotated[int, typer.Option(help="Of the choice of questions, the draws, and the intervals.")] = 0,
    base_url: BaseUrl = None,
    tokenizer: Annotated[str, typer.Option(help=f"Of a served model. {TOKENIZER}")] = "bundled",
    api_key_env: Annotated[str | None, typer.Option(help="NAME of the variable that holds the server's key.")] = None,
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="Requests to the server at once.")] = None,
    timeout_seconds: TimeoutSeconds = None,
) -> None:
    """Answer the questions of data sets and tell the rewards by task and input length, with 95 % intervals.

    A prompt that is longer than the window loses its middle, as in the benchmarks' own code; how many did is told.
    OUTPUT holds every answer (answers/), the numbers (results.json) and a page of them (README.md). Interrupt it as you
    like: the same command goes on, and a second model is compared under the same draws:

    longstride evaluate base/model held-out -o base-results --agent both

    longstride evaluate run/model held-out -o results --agent both --against base-results
    """
    from longstride.evaluation.arms import GREEDY, Decoding
    from longstride.pipeline.evaluating import EvaluationSettings, Server, run_evaluate

    settings = EvaluationSettings(
        agent=agent,
        decoding=GREEDY if greedy else Decoding(temperature, top_p, answers),
        samples=samples,
        seed=seed,
        window=window,
        answer_tokens=answer_tokens,
        chunk_tokens=chunk_tokens,
        memory_tokens=memory_tokens,
        update_tokens=update_tokens,
        prompts=prompts,
    )
    server = None
    if base_url is not None:
        server = Server(base_url, tokenizer, api_key_env, max_concurrency, timeout_seconds)
    run_evaluate(model, datasets, output, settings, server=server, against=against)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="What run, train, evaluate or synthesize wrote; or a folder of such.")],
    others: Annotated[
        list[Path] | None, typer.Argument(help="A second run, to be set beside it; with --figures, any number.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page [default: RUN/report.html or RUN/figures.html]")
    ] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="The paper's analysis: dynamics arm by arm, overlap of responses.")
    ] = False,
    gradients: Annotated[
        Path | None, typer.Option(help="With --figures: a model's folder to measure gradients of tokens with.")
    ] = None,
) -> None:
    """Write a page to look at a run with: one HTML file, which needs neither network nor scripts.

    The run in a few sentences, what each stage changed on held-out questions, rewards and entropy by step, the data's
    funnel, a reading of the memory agent, the most uncertain wrong responses. Every number is from the run's logs; what
    is missing in them is named, and the rest is shown.
    """
    others = others or []
    if figures:
        from longstride.report.figures import write_figures_page

        typer.echo(write_figures_page([run, *others], output, gradients))
        return
    if gradients is not None or len(others) > 1:
        problem = "--gradients" if gradients is not None else "more than two runs"
        raise InputError(f"{problem} cannot be shown without --figures", cure="add --figures")
    from longstride.report.run_page import write_run_page

    typer.echo(write_run_page(run, output, *others))
