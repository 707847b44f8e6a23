"""Answers in the form of a pydantic model: asked for as JSON, found in whatever came, validated, repaired once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from longstride.llm.chat import ChatModel, Completion, Message, ModelError, Sampling
from longstride.llm.failures import ContextLengthError, RequestRefused, one_line
from longstride.prompts import fill_prompt

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")
Mode = Literal["json_schema", "prompt"]

LONGEST_REPEAT = 20_000  # characters of an unusable answer that the repair shows to the model


async def complete_structured(
    model: ChatModel,
    messages: Sequence[Message],
    schema: type[T],
    *,
    mode: Mode | None = None,
    repairs: int = 1,
    sample_index: int = 0,
    sampling: Sampling | None = None,
) -> T:
    """One answer as an instance of `schema`.

    `mode="json_schema"` sets `response_format`, and `"prompt"` writes the schema under the last message, for servers
    that take no such thing; by default the model's own setting (`structured_output`) decides, else "json_schema". A
    server that refuses the first is asked in the second way. JSON is found in fenced text, after thinking and among
    other words. An answer that does not fit is shown to the model with what is wrong with it, `repairs` times. Votes
    are had by asking under several values of `sample_index`.

    Raises `ModelError` where no answer fits, or what the model raises; `ValueError` for `repairs < 0` or no messages.
    """
    if repairs < 0 or not messages:
        raise ValueError(f"repairs = {repairs} with {len(messages)} messages: cannot be asked")
    if mode is None:
        mode = getattr(model, "structured_output", "json_schema")
    base = sampling or getattr(model, "sampling", None) or Sampling()
    json_schema = schema.model_json_schema()
    schema_text = json.dumps(json_schema, ensure_ascii=False)
    told = _with_schema(messages, schema_text)
    form = {"type": "json_schema", "json_schema": {"name": _schema_name(schema.__name__), "schema": json_schema}}
    drawn = replace(base, extra={**base.extra, "response_format": form})
    exchange: list[Message] = []  # an unusable answer and what was wrong with it
    problem = ""
    for _ in range(repairs + 1):
        if mode == "json_schema":
            try:
                answer = await _one(model, [*messages, *exchange], sample_index, drawn)
            except ContextLengthError:
                raise
            except RequestRefused as refusal:
                if refusal.status not in (400, 422, 501):
                    raise
                mode = "prompt"
                answer = await _one(model, [*told, *exchange], sample_index, base)
        else:
            answer = await _one(model, [*told, *exchange], sample_index, base)
        parsed, problem = _parse(answer, schema)
        if parsed is not None:
            return parsed
        repair = fill_prompt("structured_repair", problem=problem, schema=schema_text)
        exchange = [
            {"role": "assistant", "content": answer.text[:LONGEST_REPEAT] or "(no text)"},
            {"role": "user", "content": repair},
        ]
    raise ModelError(
        f"{model.model_id}: no answer fits {schema.__name__} after {repairs + 1} tries: {one_line(problem)}"
    )


def find_json(text: str) -> Iterator[Any]:
    """JSON objects and arrays in a model's text, the likeliest first.

    First the whole text, then fenced blocks from the last to the first, then whatever parses among other words, from
    the last to the first. Thinking (up to `</think>`) is left out; line breaks inside strings are let pass; NaN and
    Infinity are no JSON.
    """
    text = text.rpartition("</think>")[2]
    yield from _decoded(text)
    for block in reversed(re.findall(r"```[\w-]*[ \t]*\n(.*?)```", text, re.DOTALL)):
        yield from _decoded(block)
    yield from reversed(list(_scattered(text)))


async def _one(model: ChatModel, messages: Sequence[Message], sample_index: int, sampling: Sampling) -> Completion:
    return (await model.complete(messages, sample_index=sample_index, sampling=sampling))[0]


def _parse(answer: Completion, schema: type[T]) -> tuple[T | None, str]:
    """The answer as the schema has it, or what is wrong with the likeliest JSON in it."""
    from pydantic import ValidationError

    problem = ""
    for found in find_json(answer.text):
        try:
            return schema.model_validate(found), ""
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False, include_context=False)
            lines = [f"{'.'.join(map(str, one['loc'])) or 'the value'}: {one['msg']}" for one in wrong[:10]]
            problem = problem or "; ".join(lines)
    if not problem:
        problem = "it holds no JSON"
    if answer.finish_reason == "length":
        problem += "; it was cut off at max_tokens"
    return None, problem


def _with_schema(messages: Sequence[Message], schema_text: str) -> list[Message]:
    last = messages[-1]
    instruction = fill_prompt("structured_output", schema=schema_text)
    return [*messages[:-1], {"role": last["role"], "content": last["content"] + instruction}]


def _schema_name(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64]  # what OpenAI allows


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_no_constant)


def _decoded(text: str) -> Iterator[Any]:
    try:
        yield _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return


_START = re.compile(r"""\{(?=\s*["}])|\[(?=\s*[\[{"\]\-0-9tfn])""")  # not the braces of LaTeX and of sets


def _scattered(text: str) -> Iterator[Any]:
    position, work, allowed = 0, 0, 4 * len(text) + 100_000  # braces that never close must not cost n^2
    while work < allowed and (start := _START.search(text, position)):
        try:
            value, position = _DECODER.raw_decode(text, start.start())
            yield value
        except json.JSONDecodeError as error:  # its making counts the lines before it
            work += error.pos - start.start() + error.pos // 1000 + 10
            position = start.end()
        except (ValueError, RecursionError):
            work += 1000
            position = start.end()
