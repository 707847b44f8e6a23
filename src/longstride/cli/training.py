"""Commands that make models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from longstride.cli.app import app
from longstride.errors import InputError


@app.command()
def warmup(
    model: Annotated[Path, typer.Argument(help="A model's folder: config, tokenizer, safetensors.")],
    datasets: Annotated[
        list[Path] | None, typer.Argument(help="Data sets' folders, or files of conversations.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run's folder; new, or one to go on with.")
    ] = None,
    kind: Annotated[
        Literal["answers", "memory", "both"],
        typer.Option(
            help="answers of a data set; memory: the agent's turns, of an oracle over a data set or a file; or both."
        ),
    ] = "answers",
    chunk_tokens: Annotated[int, typer.Option(min=1, help="The agent's, for --kind memory.")] = 128,
    memory_tokens: Annotated[int, typer.Option(min=1, help="The agent's, for --kind memory.")] = 48,
    prompts: Annotated[str, typer.Option(help="The agent's: paper, chunk_first, tiny, tiny_chunk_first.")] = (
        "tiny_chunk_first"
    ),
    make_tiny: Annotated[
        bool, typer.Option("--make-tiny", help="Make a tiny model in MODEL first, where there is none.")
    ] = False,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 1000,
    minutes: Annotated[float | None, typer.Option(help="End by then, the learning rate with it.")] = None,
    optimizer: Annotated[Literal["muon", "adamw"], typer.Option(help="Muon for the tiny model from nothing.")] = "muon",
    lr: Annotated[
        float | None, typer.Option(help="At its peak. [default: 0.006 muon, 0.001 adamw: both for the tiny model]")
    ] = None,
    batch_tokens: Annotated[int, typer.Option(min=1, help="Processed in a step.")] = 2048,
    gradient_checkpointing: Annotated[bool, typer.Option(help="Less memory, more time.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights on a CPU.")] = 0,
    resume: Annotated[
        Literal["auto", "must", "never"], typer.Option(help="auto goes on where there is a checkpoint.")
    ] = "auto",
) -> None:
    """Train a model on a data set's answers with short reasoning, before reinforcement learning begins.

    A response quotes the sample's evidence, then answers in the form that its rule reads. Short inputs come first, and
    questions that share their documents are learnt behind one copy of them. OUTPUT holds model/ and metrics.jsonl.
    --make-tiny writes a model of under half a million parameters and its word-level tokenizer, for the small world.
    --kind memory teaches the memory agent: what a reader would note, chunk by chunk, who knew the evidence.
    """
    from longstride.engines.local.warmup.command import run_warmup
    from longstride.memory.settings import MemorySettings

    run_warmup(
        model,
        datasets or [],
        output=output,
        kind=kind,
        make_tiny=make_tiny,
        steps=steps,
        minutes=minutes,
        optimizer=optimizer,
        lr=lr,
        batch_tokens=batch_tokens,
        gradient_checkpointing=gradient_checkpointing,
        seed=seed,
        resume=resume,
        agent=MemorySettings(chunk_tokens=chunk_tokens, memory_tokens=memory_tokens, prompts=prompts),
    )


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A TOML file: the starting model, the data, and what differs.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="Settings on top of it: optimizer.lr=1e-5 ...")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run's folder [default: runs/NAME-OF-RECIPE]")
    ] = None,
    resume: Annotated[
        Literal["auto", "must", "never"], typer.Option(help="auto goes on where there is a checkpoint.")
    ] = "auto",
    show: Annotated[bool, typer.Option("--show", help="Print every setting with its source, and end.")] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="Print the memory that it needs, and end.")] = False,
) -> None:
    """Train a model by reinforcement learning on a data set, on this machine (CPU or one GPU).

    A prompt is processed once for all its responses, in the rollout and in the update. OUTPUT holds the model
    (model/, for transformers and vllm), metrics.jsonl with a line a step, TensorBoard's files and the last checkpoints.
    Interrupt it as you like: the same command goes on.
    """
    from longstride.engines.local.command import run_train

    run_train(recipe, overrides or [], output=output, resume=resume, show=show, estimate=estimate)


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A plan as a TOML file; recipes/ has some.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Settings on top of it: seed=1 stage-1.steps=9 training.optimizer.lr=1e-5"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run's folder [default: runs/NAME-OF-RECIPE]")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Steps at a time, where none needs another.")] = 1,
    plan: Annotated[bool, typer.Option("--plan", help="Show what is done and what is left, and end.")] = False,
    until: Annotated[str | None, typer.Option(help="The last step to do.")] = None,
    restart_from: Annotated[
        str | None, typer.Option(help="Do this step anew, and all that needs it; what they made is removed.")
    ] = None,
    stop_after: Annotated[
        str | None, typer.Option(help="End by itself after 9m (90s, 2h) with all that was done kept.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print every setting with its source, and end.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Print each stage's memory and tokens, and end.")
    ] = False,
    sweep: Annotated[
        list[Path] | None,
        typer.Option(
            help="Arms and seeds over RECIPE, then a training recipe: a run each, and a table. May be given again."
        ),
    ] = None,
) -> None:
    """Run a whole recipe: worlds, questions, warm start, stages of training, a memory expert, merging.

    Each step is a folder of OUTPUT. What is done is not done again; what was killed goes on where it was; what was
    made with other settings is refused, with the difference. Interrupt it as you like: the same command goes on.
    """
    if sweep:
        if until is not None or estimate:
            raise InputError("--until and --estimate are for plans", cure="leave them out, or leave out --sweep")
        from longstride.stages.sweep_command import run_sweep

        folder = run_sweep(
            recipe,
            sweep,
            overrides or [],
            output=output,
            workers=workers,
            plan_only=plan,
            restart_from=restart_from,
            stop_after=stop_after,
            show=show,
        )
        if folder is not None:
            from longstride.report.sweep_tables import write_sweep_tables

            path, tables = write_sweep_tables(folder)
            typer.echo(f"{tables}\nthe tables are in {path}")
        return
    from longstride.stages.command import run_plan

    run_plan(
        recipe,
        overrides or [],
        output=output,
        workers=workers,
        plan_only=plan,
        until=until,
        restart_from=restart_from,
        stop_after=stop_after,
        show=show,
        estimate=estimate,
    )


@app.command()
def merge(
    base: Annotated[Path, typer.Argument(help="The model that training began with; its tokenizer and config stay.")],
    models: Annotated[list[Path], typer.Argument(help="What became of it: two or more model or checkpoint folders.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The merged model's folder; a new one.")],
    method: Annotated[
        Literal["sce", "linear", "task_arithmetic"], typer.Option(help="sce is the paper's; the others to compare.")
    ] = "sce",
    topk: Annotated[
        float, typer.Option(help="SCE's share of elements kept, those that differ most; 0.1 drops most of training.")
    ] = 1.0,
    variant: Annotated[
        Literal["masked", "unmasked"], typer.Option(help="SCE: the share limits the sum (masked), or weights alone.")
    ] = "masked",
    weights: Annotated[str, typer.Option(help="Of linear and task_arithmetic, one a model: 0.7,0.3.")] = "",
    dtype: Annotated[
        Literal["keep", "float32", "bfloat16"], typer.Option(help="keep: the base's; float32 if training goes on.")
    ] = "keep",
    max_shard_gb: Annotated[float, typer.Option(min=0.001, help="The largest file, in GB.")] = 5.0,
) -> None:
    """Merge models trained from one base: a memory expert and the stage it grew from, say. No GPU; little memory.

    A training checkpoint (OUTPUT/checkpoints/step-...) is merged from its float32 masters, where small changes survive.
    Models that do not fit are named tensor by tensor before anything is written. OUTPUT/merge_report.json and the table
    tell, by layer, what was selected, where models pull both ways, and how much of each was kept. Interrupt it as you
    like: the same command goes on.
    """
    from longstride.merging.command import run_merge

    run_merge(
        base,
        models,
        output,
        method=method,
        topk=topk,
        variant=variant,
        weights=weights,
        dtype=dtype,
        max_shard_gb=max_shard_gb,
    )
