"""The command line. Heavy imports wait until a command runs: `longstride --help` imports neither torch nor openai."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from longstride import __version__
from longstride.errors import ExpectedError, InputError

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
    **dict.fromkeys(("httpx2", "starlette", "uvicorn"), "serve"),
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
    quick: Annotated[bool, typer.Option("--quick", help="Under three minutes; too short to learn much.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Three times the training.")] = False,
    corpus: Annotated[
        Path | None, typer.Option(help="A folder of yours: questions are made over it too, and shown.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Steps at a time, where none needs another.")] = 2,
) -> None:
    """See the whole recipe on this machine: no GPU, no API key, no download, ten minutes on two cores.

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
def warmup(
    model: Annotated[Path, typer.Argument(help="A model's folder: config, tokenizer, safetensors.")],
    datasets: Annotated[
        list[Path] | None, typer.Argument(help="Data sets' folders, or files of conversations.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run's folder; new, or one to go on with.")
    ] = None,
    kind: Annotated[
        Literal["answers", "memory"],
        typer.Option(
            help="answers of a data set; memory: the agent's turns, of an oracle over a data set or of a file."
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
) -> None:
    """Run a whole recipe: worlds, questions, warm start, stages of training, a memory expert, merging.

    Each step is a folder of OUTPUT. What is done is not done again; what was killed goes on where it was; what was
    made with other settings is refused, with the difference. Interrupt it as you like: the same command goes on.
    """
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
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server: http://localhost:8000/v1")] = None,
    tokenizer: Annotated[str, typer.Option(help=f"Of a served model. {TOKENIZER}")] = "bundled",
    api_key_env: Annotated[str | None, typer.Option(help="NAME of the variable that holds the server's key.")] = None,
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="Requests to the server at once.")] = None,
    timeout_seconds: Annotated[float | None, typer.Option(help="Of one request. [default: 600]")] = None,
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
def ask(
    files: Annotated[list[str], typer.Argument(help="Files and folders; the question last.")],
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server: http://localhost:8000/v1")] = None,
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
    api_key_env: Annotated[str | None, typer.Option(help="NAME of the variable that holds the key.")] = None,
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="Requests at once.")] = None,
    timeout_seconds: Annotated[float | None, typer.Option(help="Of one request. [default: 600]")] = None,
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
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server: http://localhost:8000/v1")] = None,
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


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="What run, train, evaluate or synthesize wrote; or a folder of such.")],
    other: Annotated[Path | None, typer.Argument(help="A second run, to be set beside it.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The page [default: RUN/report.html]")] = None,
) -> None:
    """Write a page to look at a run with: one HTML file, which needs neither network nor scripts.

    The run in a few sentences, what each stage changed on held-out questions, rewards and entropy by step, the data's
    funnel, a reading of the memory agent, the most uncertain wrong responses. Every number is from the run's logs; what
    is missing in them is named, and the rest is shown.
    """
    from longstride.report.run_page import write_run_page

    typer.echo(write_run_page(run, output, other))


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
