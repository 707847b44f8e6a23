"""The command line's root, which every command is added to, and what several commands say alike."""

from __future__ import annotations

from typing import Annotated

import typer

from longstride import __version__

TOKENIZER = "A folder, a name on the hub, or 'bundled' (an estimate)."
BENCHMARKS = "Benchmark files whose questions must not appear."
HUB = "OWNER/NAME: upload the result; the token comes from HF_TOKEN."
BaseUrl = Annotated[str | None, typer.Option(help="An OpenAI-compatible server: http://localhost:8000/v1")]
ApiKeyEnv = Annotated[str | None, typer.Option(help="NAME of the variable that holds the key.")]
TimeoutSeconds = Annotated[float | None, typer.Option(help="Of one request. [default: 600]")]

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
