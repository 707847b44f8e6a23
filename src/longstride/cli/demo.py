"""The command that shows everything at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longstride.cli.app import app
from longstride.errors import InputError


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder for what it writes.")] = Path("demo-output"),
    seed: Annotated[int, typer.Option(help="Every random choice follows from it.")] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="A fraction of the training; too little to learn much.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Three times the training.")] = False,
    corpus: Annotated[
        Path | None, typer.Option(help="A folder of yours: questions are made over it too, and shown.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Steps at a time, where none needs another.")] = 2,
) -> None:
    """See the whole recipe on this machine: no GPU, no API key, no download, two cores.

    Fictional worlds write documents; programs ask verified questions of them; a model of half a million parameters is
    warm-started, trained by reinforcement in three stages of growing length, made a memory expert, merged by SCE, and
    trained once more; every stage is judged on worlds that it never saw. It ends with the headline numbers, their
    intervals, and where everything lies. Interrupt it as you like: the same command goes on.
    """
    from longstride.demo.command import run_demo

    if quick and full:
        raise InputError("--quick and --full exclude each other", cure="give one of them")
    run_demo(
        output,
        size="quick" if quick else "full" if full else "standard",
        seed=seed,
        workers=workers,
        corpus=corpus,
    )
