"""Waiting before another try, and reading why the last one failed."""

from __future__ import annotations

import random
from email.utils import formatdate

import pytest

from longstride.llm.chat import ModelError
from longstride.llm.failures import ContextLengthError, RequestRefused, server_words, status_failure
from longstride.llm.retry import full_jitter, retry_after_seconds

NOW = 1_700_000_000.0


def test_waits_are_drawn_evenly_from_zero_to_a_ceiling_that_doubles():
    rng = random.Random(1)
    for failures, ceiling in [(1, 0.5), (2, 1), (3, 2), (4, 4), (7, 32), (8, 60), (9, 60), (5000, 60)]:
        waits = [full_jitter(failures, rng) for _ in range(2000)]
        assert 0 <= min(waits) < 0.01 * ceiling
        assert 0.99 * ceiling < max(waits) <= ceiling
        assert sum(waits) / len(waits) == pytest.approx(ceiling / 2, rel=0.05)
    with pytest.raises(ValueError, match="nothing to wait for"):
        full_jitter(0, rng)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "86400"}, 300),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": formatdate(NOW + 11, usegmt=True)}, 11),
        ({"retry-after": formatdate(NOW + 11)}, 11),  # "-0000" for GMT
        ({"retry-after": "Tuesday, 14-Nov-23 22:13:31 GMT"}, 11),  # the old form of RFC 850
        ({"retry-after": formatdate(NOW - 11, usegmt=True)}, 0),
        ({"retry-after": formatdate(NOW + 86_400, usegmt=True)}, 300),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], expected: float | None):
    assert retry_after_seconds(headers, NOW) == expected


@pytest.mark.parametrize(
    ("status", "retry", "congestion"),
    [
        (400, False, False),
        (401, False, False),
        (404, False, False),
        (408, True, True),
        (409, True, False),
        (429, True, True),
        (500, True, True),
        (501, False, False),
        (503, True, True),
        (529, True, True),
    ],
)
def test_which_statuses_are_asked_again(status: int, retry: bool, congestion: bool):
    failure = status_failure(status, None, api_key_env=None)
    assert (failure.retry, failure.congestion) == (retry, congestion)
    error = failure.error("here", 1)
    assert isinstance(error, ModelError) and isinstance(error, RequestRefused) != retry


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "the request exceeds the available context size",
        "Input is too long for requested model.",
        "The input exceeds the model's limit of 131072 tokens",
    ],
)
def test_prompts_that_are_too_long_are_known_by_their_words(words: str):
    assert isinstance(status_failure(400, {"message": words}, api_key_env=None).error("here", 1), ContextLengthError)


def test_other_refusals_are_not_taken_for_long_prompts():
    for words in ("max_tokens must be at least 1", "unknown field: context", "top_p exceeds 1"):
        assert not status_failure(400, {"message": words}, api_key_env=None).context_length


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"message": "bad\n  key", "code": "c1"}}, ("bad key", "c1")),
        ({"message": "flat", "code": 400}, ("flat", "400")),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, ("field required", "")),
        ({"detail": "Not Found"}, ("Not Found", "")),
        ({"error": "plain"}, ("plain", "")),
        ("<html>\nBad gateway</html>", ("<html> Bad gateway</html>", "")),
        (None, ("", "")),
        ([], ("", "")),
        ({"message": "x" * 1000}, ("x" * 300 + "...", "")),
    ],
)
def test_a_server_s_words_are_found_in_any_shape(body: object, expected: tuple[str, str]):
    assert server_words(body) == expected


def test_a_server_without_a_key_is_told_apart_from_a_wrong_key():
    assert "name that in api_key_env" in status_failure(401, None, api_key_env=None).cure
    assert "OPENAI_API_KEY" in status_failure(401, None, api_key_env="OPENAI_API_KEY").cure


def test_a_key_in_a_server_s_words_is_hidden_even_where_they_are_cut():
    words, _ = server_words({"message": "x" * 290 + " sk-0123456789-0123456789"}, "sk-0123456789-0123456789")
    assert words == "x" * 290 + " [key]"
