"""Fitting the agent to a model's window: prompt, question, memory, chunk and response share it (Figure 6)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from longstride.errors import InputError
from longstride.memory.query import Query
from longstride.memory.settings import PROMPT_SETS, MemorySettings
from longstride.prompts import fill_prompt

ASSUMED_WINDOW = 65_536  # where nobody says; not in the paper
TEMPLATE_TOKENS = 64  # for a chat template; not in the paper
ESTIMATE_SHARE = 0.02  # of the window, where tokens are counted by another tokenizer than the model's; not in the paper
SMALLEST = 32  # tokens of a chunk, a memory or a response that still make sense
WINDOW_FIELDS = ("max_model_len", "context_length", "context_window", "max_context_length")
LONGEST_LIST = 16 * 2**20  # bytes of a server's list of models
LIST_SECONDS = 10.0


@dataclass(frozen=True)
class Fit:
    """Settings that fit a window, and how they do."""

    settings: MemorySettings
    window: int
    source: str  # who says the window
    prompt_tokens: int  # of the update's prompt with nothing in it
    question_tokens: int
    margin: int  # for the chat template, and for counts that are estimates
    full_tokens: int  # that a text may have for one pass over all of it, with its question and answer

    def arithmetic(self) -> str:
        """How an update fills the window, in one line."""
        settings = self.settings
        parts = {
            "prompt": self.prompt_tokens,
            "question": self.question_tokens,
            "memory": settings.memory_tokens,
            "chunk": settings.chunk_tokens,
            "response": settings.update_tokens,
            "margin": self.margin,
        }
        spare = self.window - sum(parts.values())
        told = " + ".join(f"{tokens:,} {name}" for name, tokens in (parts | {"spare": spare}).items())
        return f"window {self.window:,} ({self.source}) = {told}"


def fit_window(
    queries: Sequence[Query],
    count_tokens: Callable[[str], int],
    window: int | None,
    source: str = "--window",
    *,
    prompts: str = "paper",
    estimated: bool = True,
    chunk_tokens: int | None = None,
    memory_tokens: int | None = None,
    update_tokens: int | None = None,
    answer_tokens: int | None = None,
) -> Fit:
    """The settings for a window; what is given stays, the rest is Figure 6's or, where that is too much, its share.

    window: None where nobody knows it; ASSUMED_WINDOW then holds.
    estimated: tokens are counted by another tokenizer than the model's, so a margin is kept.
    Raises InputError where the question, or what is given, does not fit.
    """
    if window is None:
        window, source = ASSUMED_WINDOW, "assumed"
    prompt_set = PROMPT_SETS[MemorySettings(prompts=prompts).prompts]
    margin = TEMPLATE_TOKENS * (not prompts.startswith("tiny")) + int(ESTIMATE_SHARE * window * estimated)
    empty = [
        fill_prompt(name, question="", memory="<memory>\n\n</memory>\n<plan>\n\n</plan>", chunk="")
        for name in {prompt_set.update: None, prompt_set.merge: None}
    ]
    prompt_tokens = max(map(count_tokens, empty))
    question_tokens = count_tokens("\n".join(query.core_question for query in queries))
    longest = max(count_tokens(query.whole) for query in queries)
    free = window - margin - prompt_tokens - max(question_tokens, longest)
    if free < 3 * SMALLEST:
        problem = f"the question takes {max(question_tokens, longest):,} tokens"
        cure = "ask a shorter question, or name a model with a larger window (--window)"
        raise InputError(f"{problem}, which leaves no room in a window of {window:,}", cure=cure)
    defaults = MemorySettings()
    given = {"chunk_tokens": chunk_tokens, "memory_tokens": memory_tokens, "update_tokens": update_tokens}
    sizes = _shared(free, given, {name: int(getattr(defaults, name)) for name in given})
    if sizes is None:
        told = " + ".join(f"{size:,} {name}" for name, size in given.items() if size is not None)
        raise InputError(f"{told} do not fit the {free:,} tokens that are free in a window of {window:,}")
    # the prompts of the final turns are shorter than an update's, so what an update leaves free holds for them too
    room = free - sizes["memory_tokens"]
    if answer_tokens is not None and answer_tokens > room:
        raise InputError(f"answer_tokens is {answer_tokens:,}, but a window of {window:,} leaves {room:,}")
    answer = answer_tokens or max(1, min(defaults.answer_tokens, window // 4, room))
    settings = MemorySettings(**sizes, answer_tokens=answer, prompts=prompts)
    full = count_tokens(fill_prompt(prompt_set.full, documents="", question="", instructions=""))
    full_tokens = window - margin - full - longest - answer
    return Fit(settings, window, source, prompt_tokens, question_tokens, margin, full_tokens)


def _shared(free: int, given: dict[str, int | None], wanted: dict[str, int]) -> dict[str, int] | None:
    """What is not given takes its share of what is free, and no more than is wanted; None where too little is."""
    fixed = {name: size for name, size in given.items() if size is not None}
    free -= sum(fixed.values())
    open_names = [name for name in given if name not in fixed]
    whole = sum(wanted[name] for name in open_names)
    sizes = {name: min(wanted[name], free * wanted[name] // whole) for name in open_names}
    if free < 0 or any(size < SMALLEST for size in sizes.values()):
        return None
    return {**fixed, **sizes}


def served_window(base_url: str, model: str, api_key: str | None = None) -> int | None:
    """The window that the server's list of models gives for `model`; None where it does not say. Blocks.

    Raises nothing: a server that is down says so at the first question.
    """
    request = urllib.request.Request(f"{base_url.rstrip('/')}/models", headers={"Accept": "application/json"})
    if api_key:
        request.add_unredirected_header("Authorization", f"Bearer {api_key}")
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=LIST_SECONDS) as response:
            listed: Any = json.loads(response.read(LONGEST_LIST))
    except (OSError, ValueError, RecursionError):
        return None
    entries = listed.get("data") if isinstance(listed, dict) else None
    for entry in cast(list[Any], entries) if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("id") in (model, quote(model, safe="")):
            sizes = [cast(dict[str, Any], entry).get(name) for name in WINDOW_FIELDS]
            return next((size for size in sizes if isinstance(size, int) and size > 0), None)
    return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key goes to the server that it is for, and to no other."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None
