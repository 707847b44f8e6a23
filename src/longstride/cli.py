"""The command line. Heavy imports wait until a command runs: `longstride --help` imports neither torch nor openai."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from longstride import __version__
from longstride.errors import ExpectedError

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

    Writes a few samples, reads them back, grades answers to them (and attempts to cheat), trains a table of logits on
    them with the recipe's advantages, loss and AEPO, and merges two results. The whole recipe, from a folder of
    documents to an evaluation report, takes its place here when it is built.
    """
    from longstride.demo import run_demo

    run_demo(output, seed, steps)


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
        extra = {"torch": "train", "transformers": "train", "safetensors": "train"}.get(error.name or "")
        if extra is None:
            raise error
        return f"{error.name} is not installed; pip install 'longstride[{extra}]'"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return " ".join(str(error).split())
