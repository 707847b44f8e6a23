"""What shares a model's window, and who says how large it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from longstride.errors import InputError
from longstride.memory.query import Query
from longstride.memory.window import ASSUMED_WINDOW, fit_window, served_window
from longstride.prompts import load_prompt

if TYPE_CHECKING:
    from conftest import Upstream

QUERY = Query("Where is Kestrel?", "One word.")


def words(text: str) -> int:
    return len(text.split())


def test_figure_6_where_it_fits():
    fit = fit_window([QUERY], words, 131_072, "asked", estimated=False)
    assert (fit.settings.chunk_tokens, fit.settings.memory_tokens) == (32_000, 15_000)
    assert fit.margin == 64
    prompt = words(load_prompt("memory_update")) + 2  # {memory} becomes four marks, {chunk} and {question} nothing
    assert fit.prompt_tokens == prompt - 1
    spare = 131_072 - fit.prompt_tokens - 3 - 15_000 - 32_000 - 16_000 - 64
    assert fit.arithmetic() == (
        f"window 131,072 (asked) = {fit.prompt_tokens} prompt + 3 question + 15,000 memory + 32,000 chunk + "
        f"16,000 response + 64 margin + {spare:,} spare"
    )


@pytest.mark.parametrize("window", [1_000, 4_096, 8_192, 32_768, 65_536, 10**6])
@pytest.mark.parametrize("given", [{}, {"chunk_tokens": 100}, {"memory_tokens": 50, "update_tokens": 60}])
def test_an_update_and_an_answer_never_exceed_the_window(window: int, given: dict[str, Any]):
    fit = fit_window([QUERY], words, window, **given)
    settings = fit.settings
    taken = fit.margin + fit.prompt_tokens + fit.question_tokens
    assert taken + settings.memory_tokens + settings.chunk_tokens + settings.update_tokens <= window
    assert taken + settings.memory_tokens + settings.answer_tokens <= window
    assert all(getattr(settings, name) == size for name, size in given.items())
    assert fit.full_tokens < window - settings.answer_tokens


def test_tiny_prompts_leave_a_tiny_window_to_the_text():
    fit = fit_window([QUERY], words, 256, prompts="tiny", estimated=False, chunk_tokens=100, memory_tokens=60)
    assert (fit.margin, fit.settings.update_tokens) == (0, 256 - fit.prompt_tokens - 5 - 160)  # 5: with its form


def test_a_window_that_nobody_knows_is_assumed():
    fit = fit_window([QUERY], words, None)
    assert (fit.window, fit.source) == (ASSUMED_WINDOW, "assumed")


def test_what_does_not_fit_is_said_with_its_numbers():
    with pytest.raises(InputError, match=r"the question takes 5,000 tokens.*a window of 4,096; ask a shorter"):
        fit_window([Query("why " * 5_000)], words, 4_096)
    with pytest.raises(InputError, match=r"30,000 chunk_tokens do not fit the [\d,]+ tokens that are free"):
        fit_window([QUERY], words, 16_384, chunk_tokens=30_000)
    with pytest.raises(InputError, match="answer_tokens is 16,000"):
        fit_window([QUERY], words, 16_384, answer_tokens=16_000)
    with pytest.raises(InputError, match="unknown prompt set"):
        fit_window([QUERY], words, 16_384, prompts="poetry")


@pytest.mark.parametrize(
    ("listed", "window"),
    [
        ({"data": [{"id": "other", "max_model_len": 1}, {"id": "m", "max_model_len": 40_960}]}, 40_960),
        ({"data": [{"id": "m", "context_length": 8_192}]}, 8_192),
        ({"data": [{"id": "m"}]}, None),
        ({"data": [{"id": "m", "max_model_len": "large"}]}, None),
        ({"data": "none"}, None),
        ({}, None),
    ],
)
def test_the_server_may_say_its_window(listed: dict[str, Any], window: int | None, upstream: Upstream):
    upstream.models = listed
    assert served_window(upstream.base_url, "m") == window


def test_a_server_that_is_down_says_nothing():
    assert served_window("http://127.0.0.1:9/v1", "m", "key") is None


@pytest.fixture
def redirecting(upstream: Upstream) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{upstream.base_url}/models")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_key_follows_no_redirect(redirecting: str, upstream: Upstream):
    assert served_window(redirecting, "m", "key") is None
    assert upstream.listed == []
