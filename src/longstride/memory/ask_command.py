"""What the command `ask` does with its options, and what it prints."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from longstride.errors import InputError
from longstride.llm import Ledger, ModelError, load_settings, open_models
from longstride.llm.settings import ModelsSettings
from longstride.memory.asking import AskOptions, Outcome, ask
from longstride.memory.display import Display
from longstride.memory.progress import counted
from longstride.memory.query import Query, split_query
from longstride.memory.settings import MemorySettings
from longstride.memory.texts import Texts
from longstride.memory.window import Fit, fit_window, served_window
from longstride.tokens import BUNDLED, Tokenizer, load_tokenizer

ROLE = "memory"
CACHE_FILE = "answers.sqlite"


@dataclass(frozen=True)
class AskRequest:
    """`longstride ask`, as it was typed; None leaves a choice to the defaults."""

    arguments: Sequence[str]  # files and folders; the question last, unless `questions` has any
    questions: Sequence[str] = ()
    questions_file: Path | None = None  # one a line
    base_url: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    max_concurrency: int | None = None
    timeout_seconds: float | None = None
    cache: Path | None = None  # a folder
    tokenizer: str = BUNDLED
    window: int | None = None
    chunk_tokens: int | None = None
    memory_tokens: int | None = None
    update_tokens: int | None = None
    answer_tokens: int | None = None
    prompts: str = "paper"
    options: AskOptions = field(default_factory=AskOptions)
    show_memory: bool = False
    as_json: bool = False


def run_ask(request: AskRequest) -> None:
    """`longstride ask`: the answers on standard output, all else on standard error."""
    paths, queries = paths_and_queries(request)
    MemorySettings(prompts=request.prompts)
    settings = _settings(request)
    tokenizer = load_tokenizer(request.tokenizer)
    texts = Texts(paths, tokenizer)
    fit = _fit(request, settings, queries, tokenizer)
    ledger = Ledger()
    with Display(show_memory=request.show_memory, side_by_side=request.options.parallel) as display:
        display.say(fit.arithmetic())
        outcome = asyncio.run(_ask(request, settings, texts, queries, fit, tokenizer, ledger, display))
        if left_out := texts.left_out():
            display.say(left_out)
        display.say(summary(outcome))
    print(_as_json(outcome, queries, fit, texts, ledger) if request.as_json else as_text(outcome, queries))
    empty = [answer for answer in outcome.answers if not answer.text]
    if empty:
        raise ModelError(f"no answer to question {empty[0].number + 1}: {empty[0].problem}; raise --answer-tokens")


def paths_and_queries(request: AskRequest) -> tuple[list[str], list[Query]]:
    """What to read and what to ask. Raises InputError where one of them is missing."""
    paths, questions = list(request.arguments), list(request.questions)
    if request.questions_file is not None:
        lines = request.questions_file.read_text(encoding="utf-8").splitlines()
        questions += [line for line in lines if line.strip()]
    if not questions:
        if len(paths) < 2:
            raise InputError("name what to read, then the question", cure='longstride ask FILES... "QUESTION"')
        questions = [paths.pop()]
        if os.path.exists(questions[0]):
            raise InputError("is a file, where the question should stand", path=questions[0], cure="put it last")
    if not all(question.strip() for question in questions):
        raise InputError("the question is empty")
    return paths, [split_query(question) for question in questions]


def cache_folder(request: AskRequest) -> Path:
    """Where responses are kept, so that a run that was killed goes on."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return request.cache or Path(home) / "longstride" / "ask"


def summary(outcome: Outcome) -> str:
    """What it took, in one line."""
    tally = outcome.tally
    parts = [
        f"{outcome.text_tokens:,} tokens of text",
        f"{counted(tally.calls, 'call')} ({tally.cached:,} from the cache)",
        f"{tally.prompt_tokens:,} tokens in and {tally.completion_tokens:,} out",
    ]
    told = {
        "updates asked again": tally.asked_again,
        "chunks that left the memory as it was": tally.kept,
        "chunks too long for the server": tally.cuts,
        "checks whether the memory is enough": tally.enough_checks,
    }
    return ", ".join(parts + [f"{name}: {count:,}" for name, count in told.items() if count])


def as_text(outcome: Outcome, queries: Sequence[Query]) -> str:
    """The answers, each with its quotations and where they stand."""
    blocks: list[str] = []
    for query, answer, citations in zip(queries, outcome.answers, outcome.citations, strict=True):
        lines = [f"{answer.number + 1}. {query.core_question}"] if len(queries) > 1 else []
        lines.append(answer.text)
        if citations:
            lines += ["", "Quotations:"]
        for each in citations:
            place = f"{each.source}:{each.start}-{each.end}" if each.verified else "not found in what was read"
            lines.append(f"  [{place}] “{each.quote}”")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


async def _ask(
    request: AskRequest,
    settings: ModelsSettings,
    texts: Texts,
    queries: Sequence[Query],
    fit: Fit,
    tokenizer: Tokenizer,
    ledger: Ledger,
    display: Display,
) -> Outcome:
    folder = cache_folder(request)
    folder.mkdir(parents=True, exist_ok=True)
    async with open_models(settings, folder / CACHE_FILE, ledger) as models:
        model = models.role(ROLE)
        return await ask(
            texts.documents(),
            queries,
            model,
            fit,
            tokenizer,
            request.options,
            sampling=model.sampling,
            listener=display,
            share_taken=lambda: texts.taken_bytes / texts.total_bytes,
        )


def _settings(request: AskRequest) -> ModelsSettings:
    given = {
        "base_url": request.base_url,
        "model": request.model,
        "api_key_env": request.api_key_env,
        "max_concurrency": request.max_concurrency,
        "timeout_seconds": request.timeout_seconds,
    }
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    settings.role(ROLE).api_key()  # a key that is not there is told before any file is read
    return settings


def _fit(request: AskRequest, settings: ModelsSettings, queries: Sequence[Query], tokenizer: Tokenizer) -> Fit:
    role = settings.role(ROLE)
    window, source = request.window, "--window"
    if window is None:
        window, source = served_window(role.base_url, role.model, role.api_key()), "the server's"
    return fit_window(
        queries,
        tokenizer.count,
        window,
        source,
        prompts=request.prompts,
        estimated=request.tokenizer == BUNDLED,
        chunk_tokens=request.chunk_tokens,
        memory_tokens=request.memory_tokens,
        update_tokens=request.update_tokens,
        answer_tokens=request.answer_tokens,
    )


def _as_json(outcome: Outcome, queries: Sequence[Query], fit: Fit, texts: Texts, ledger: Ledger) -> str:
    tally = asdict(outcome.tally)
    seconds = tally.pop("seconds")
    document: dict[str, Any] = {
        "answers": [
            {
                "question": query.core_question,
                "instructions": query.instructions,
                "answer": answer.text,
                "problem": answer.problem,
                "citations": [asdict(each) | {"verified": each.verified} for each in citations],
            }
            for query, answer, citations in zip(queries, outcome.answers, outcome.citations, strict=True)
        ],
        "agent": outcome.agent,
        "memory": asdict(outcome.state) if outcome.state else None,
        "updates": [asdict(update) for update in outcome.updates],
        "counts": tally | {"seconds_of_calls": sum(seconds), "text_tokens": outcome.text_tokens},
        "skipped_chunks": list(outcome.skipped),
        "not_read": texts.left_out(),
        "window": {"tokens": fit.window, "source": fit.source, **asdict(fit.settings)},
        "usage": ledger.totals(),
    }
    return json.dumps(document, ensure_ascii=False, indent=1)
