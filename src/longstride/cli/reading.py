"""Commands that answer over any number of files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longstride.cli.app import TOKENIZER, ApiKeyEnv, BaseUrl, TimeoutSeconds, app


@app.command()
def ask(
    files: Annotated[list[str], typer.Argument(help="Files and folders; the question last.")],
    base_url: BaseUrl = None,
    model: Annotated[str | None, typer.Option(help="Its model.")] = None,
    question: Annotated[list[str] | None, typer.Option(help="Several, over one reading; then files alone.")] = None,
    questions: Annotated[Path | None, typer.Option(help="A file of questions, one a line.")] = None,
    agent: Annotated[
        str, typer.Option(help="auto takes one pass where the text fits the window; memory; full.")
    ] = "auto",
    window: Annotated[int | None, typer.Option(min=1, help="Tokens of the model's window [default: ask it]")] = None,
    chunk_tokens: Annotated[int | None, typer.Option(min=1, help="[default: 32000, or what fits]")] = None,
    memory_tokens: Annotated[int | None, typer.Option(min=1, help="[default: 15000, or what fits]")] = None,
    update_tokens: Annotated[int | None, typer.Option(min=1, help="Of a response. [default: 16000, or less]")] = None,
    answer_tokens: Annotated[int | None, typer.Option(min=1, help="[default: 10000, or what fits]")] = None,
    tokenizer: Annotated[str, typer.Option(help=TOKENIZER)] = "bundled",
    prompts: Annotated[str, typer.Option(help="paper (Appendix D), chunk_first, tiny, tiny_chunk_first.")] = "paper",
    passes: Annotated[int, typer.Option(min=1, help="Read so many times.")] = 1,
    parallel: Annotated[int, typer.Option(min=1, help="Read so many parts side by side, and merge.")] = 1,
    screen: Annotated[
        float, typer.Option(help="Skip chunks whose BM25 score is under this share of the best one's.")
    ] = 0.0,
    early_stop: Annotated[bool, typer.Option("--early-stop", help="End when the memory answers already.")] = False,
    cite: Annotated[bool, typer.Option("--cite", help="Ask for quotations; each is looked up in the text.")] = False,
    show_memory: Annotated[bool, typer.Option("--show-memory", help="Print each update.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer, citations, updates and counts as JSON.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Where responses are kept [default: ~/.cache/longstride]")] = None,
    api_key_env: ApiKeyEnv = None,
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="Requests at once.")] = None,
    timeout_seconds: TimeoutSeconds = None,
) -> None:
    """Answer a question over files of any length with any model: longstride ask FILES... "QUESTION".

    What fits the model's window is answered in one pass; more is read chunk by chunk by the memory agent. Nothing is
    left out in silence. Quotations in the memory and the answer are looked up in the files. A response that was
    received is never asked for again: interrupt it as you like, the same command goes on.
    """
    from longstride.memory.ask_command import AskRequest, run_ask
    from longstride.memory.asking import AskOptions

    run_ask(
        AskRequest(
            files,
            question or (),
            questions,
            base_url,
            model,
            api_key_env,
            max_concurrency,
            timeout_seconds,
            cache,
            tokenizer,
            window,
            chunk_tokens,
            memory_tokens,
            update_tokens,
            answer_tokens,
            prompts,
            AskOptions(agent, passes, parallel, screen, early_stop, cite),
            show_memory,
            as_json,
        )
    )


@app.command()
def serve(
    base_url: BaseUrl = None,
    model: Annotated[str | None, typer.Option(help="Its model.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for everybody.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8100,
    window: Annotated[int | None, typer.Option(min=1, help="Tokens of the model's window [default: ask it]")] = None,
    chunk_tokens: Annotated[int | None, typer.Option(min=1, help="[default: 32000, or what fits]")] = None,
    memory_tokens: Annotated[int | None, typer.Option(min=1, help="[default: 15000, or what fits]")] = None,
    update_tokens: Annotated[int | None, typer.Option(min=1, help="Of a response. [default: 16000, or less]")] = None,
    answer_tokens: Annotated[int | None, typer.Option(min=1, help="[default: 10000, or what fits]")] = None,
    tokenizer: Annotated[str, typer.Option(help=TOKENIZER)] = "bundled",
    prompts: Annotated[str, typer.Option(help="paper (Appendix D), chunk_first, tiny, tiny_chunk_first.")] = "paper",
    max_upstream: Annotated[int | None, typer.Option(min=1, help="Requests at once. [default: 32]")] = None,
    timeout_seconds: Annotated[float | None, typer.Option(help="Of one request upstream. [default: 600]")] = None,
    max_request_mib: Annotated[int, typer.Option(min=1, help="The longest request, in MiB.")] = 64,
    keep_alive_seconds: Annotated[float, typer.Option(min=0.01, help="Between signs of life in a stream.")] = 10.0,
    api_key_env: Annotated[str | None, typer.Option(help="NAME of the variable that holds the upstream's key.")] = None,
    require_key: Annotated[
        bool, typer.Option("--require-key", help="Do not start without a key for clients (LONGSTRIDE_API_KEY).")
    ] = False,
) -> None:
    """Put an OpenAI-compatible server before any model, which then takes chats of any length.

    A chat that fits the model's window passes through as it is; a longer one is read chunk by chunk by the memory
    agent, whose progress streams as reasoning. Where LONGSTRIDE_API_KEY is set, clients must bear that key. Interrupt
    it: what is under way is finished first.
    """
    from longstride.memory.server.command import ServeRequest, run_serve

    run_serve(
        ServeRequest(
            base_url,
            model,
            host,
            port,
            window,
            chunk_tokens,
            memory_tokens,
            update_tokens,
            answer_tokens,
            tokenizer,
            prompts,
            max_upstream,
            timeout_seconds,
            max_request_mib,
            keep_alive_seconds,
            api_key_env,
            require_key,
        )
    )
