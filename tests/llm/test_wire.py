"""Keys that hold the whole request, and answers in every shape that servers send."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from longstride.errors import InputError
from longstride.llm.chat import Message, Sampling
from longstride.llm.failures import BROKEN_BODY, EMPTY_ANSWER
from longstride.llm.wire import Question, Usage, read_reply, seed_of

HELLO: tuple[Message, ...] = ({"role": "user", "content": "hello"},)
QUESTION = Question("http://x/v1", "m", HELLO, Sampling(extra={"top_k": 1}))


def test_the_same_request_has_the_same_key_whatever_the_order_of_its_fields():
    extra = {"a": 1, "b": {"c": 2, "d": 3}}
    turned = {"b": {"d": 3, "c": 2}, "a": 1}
    first = replace(QUESTION, sampling=Sampling(extra=extra)).keys([0])
    assert first == replace(QUESTION, sampling=Sampling(extra=turned)).keys([0])


def test_any_difference_in_the_request_makes_another_key():
    others = [
        replace(QUESTION, base_url="http://y/v1"),
        replace(QUESTION, model="n"),
        replace(QUESTION, messages=({"role": "user", "content": "hello "},)),
        replace(QUESTION, messages=({"role": "system", "content": "hello"},)),
        replace(QUESTION, messages=HELLO * 2),
    ]
    sampling = QUESTION.sampling
    changes: list[dict[str, Any]] = [
        {"temperature": 0.0},
        {"temperature": None},
        {"top_p": 1.0},
        {"max_tokens": 5},
        {"seed": 0},
        {"seed": 1},
        {"stop": ("x",)},
        {"logprobs": True},
        {"extra": {"top_k": 2}},
        {"extra": {}},
    ]
    others += [replace(QUESTION, sampling=replace(sampling, **change)) for change in changes]
    keys = [key for question in [QUESTION, *others] for key in question.keys(range(3))]
    assert len(set(keys)) == 3 * (1 + len(others))


def test_seeds_of_neighbours_share_no_votes():
    votes = [seed_of(seed, index) for seed in range(5) for index in range(8)]
    assert len(set(votes)) == 40 and seed_of(3, 0) == 3 and all(0 <= vote < 2**31 for vote in votes)
    assert QUESTION.body([4]).get("seed") is None
    assert replace(QUESTION, sampling=Sampling(seed=3)).body([4])["seed"] == seed_of(3, 4)


def test_a_request_that_is_no_json_is_refused():
    with pytest.raises(InputError, match="not JSON compliant"):
        replace(QUESTION, sampling=Sampling(temperature=float("nan"))).keys([0])
    with pytest.raises(InputError, match="lone surrogate"):
        replace(QUESTION, messages=({"role": "user", "content": "\udc80"},)).keys([0])
    with pytest.raises(InputError, match=r"extra\.n: the client sets this field itself; leave it out"):
        replace(QUESTION, sampling=Sampling(extra={"n": 4})).keys([0])


def reply_of(message: object, **choice: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, **choice}]}).encode()


def test_text_in_parts_and_thinking_under_another_name():
    parts = [{"type": "text", "text": "one "}, {"type": "image"}, {"type": "text", "text": "two"}]
    (answer,) = read_reply(reply_of({"content": parts, "reasoning": "hm"}, finish_reason=None)).completions
    assert (answer.text, answer.reasoning, answer.finish_reason) == ("one two", "hm", "stop")


def test_thinking_without_an_answer_is_kept():
    (answer,) = read_reply(reply_of({"content": None, "reasoning_content": "hm"})).completions
    assert (answer.text, answer.reasoning) == ("", "hm")


@pytest.mark.parametrize("logprobs", [None, {}, {"content": None}, {"content": [{"token": "a"}]}, [1]])
def test_log_probs_that_are_missing_or_broken_are_none(logprobs: object):
    (answer,) = read_reply(reply_of({"content": "a"}, logprobs=logprobs)).completions
    assert answer.logprobs is None


def test_the_tokens_of_several_choices_add_up():
    choices = [{"message": {"content": "x" * length}} for length in (7, 1, 100)]
    usage = {"prompt_tokens": 50, "completion_tokens": 31}
    reply = read_reply(json.dumps({"choices": choices, "usage": usage}).encode())
    assert sum(answer.completion_tokens for answer in reply.completions) == 31
    assert {answer.prompt_tokens for answer in reply.completions} == {50} and reply.usage == Usage(50, 31)


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"", BROKEN_BODY),
        (b"\xff\xfe", BROKEN_BODY),
        (b'{"choices": [', BROKEN_BODY),
        (b"[" * 100_000, BROKEN_BODY),
        (b"3", BROKEN_BODY),
        (b"{}", EMPTY_ANSWER),
        (b'{"choices": 3}', EMPTY_ANSWER),
        (b'{"choices": [null, 3, {}]}', EMPTY_ANSWER),
        (b'{"choices": [{"message": {"content": 5}}]}', EMPTY_ANSWER),
        (b'{"choices": [{"message": "text"}], "usage": [1]}', EMPTY_ANSWER),
    ],
)
def test_nonsense_is_a_failure_and_never_an_exception(content: bytes, failure: object):
    assert read_reply(content).failure == failure
