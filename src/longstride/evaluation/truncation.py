"""Prompts that are longer than the window lose their middle, as the benchmarks' own code does it (paper 5.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from longstride.errors import InputError
from longstride.records import Message, Sample
from longstride.tokens import Tokenizer, middle_truncate


def without_middle(text: str, max_tokens: int, tokenizer: Tokenizer) -> str:
    """The first half of `max_tokens` tokens and the last half (LongBench v2), the text between them left out.

    It is the text itself that is cut, not what its tokens decode to, so nothing else changes. Where a tokenizer
    merges over the seam, the result may have a token more or less.
    """
    spans = tokenizer.spans(text)
    if len(spans) <= max_tokens:
        return text
    kept = middle_truncate(range(len(spans)), max_tokens)
    seam = next(place for place, number in enumerate(kept) if place != number)
    front = text[: spans[seam - 1][1]] if seam else ""
    return front + text[spans[kept[seam] - 1][1] :]


def fitted(
    sample: Sample, max_tokens: int, prompt_tokens: Callable[[Sample], int], tokenizer: Tokenizer
) -> tuple[Sample, int]:
    """(the sample with a prompt of at most `max_tokens`, how many of its tokens were left out).

    The last message is cut, which holds documents and question. prompt_tokens: of a sample's whole prompt, as the
    model is given it. Raises InputError where the rest of the prompt alone is too long.
    """
    first = tokens = prompt_tokens(sample)
    text = sample.prompt[-1]["content"]
    limit = tokenizer.count(text)
    while tokens > max_tokens:
        limit -= tokens - max_tokens
        if limit < 2:
            raise InputError(
                f"sample {sample.id!r:.80} has a prompt of {first} tokens, of which {max_tokens} fit, and what frames "
                "its last message is longer",
                cure="give the model a larger window, or its answers less room",
            )
        last = Message(role=sample.prompt[-1]["role"], content=without_middle(text, limit, tokenizer))
        sample = replace(sample, prompt=(*sample.prompt[:-1], last))
        tokens = prompt_tokens(sample)
    return sample, first - tokens
