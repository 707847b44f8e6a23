"""`longstride curate --checks` against a server on loopback: what it asks, prints and writes, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from longstride.cli import main
from longstride.records import Document, Sample
from longstride.records.parquet import read_samples

Reply = Callable[[Any, int], str]
OnLoopback = Callable[[type[BaseHTTPRequestHandler]], AbstractContextManager[str]]


class Server:
    """Answers chats as `reply` says, one choice a request; remembers the bodies."""

    def __init__(self, reply: Reply, on_loopback: OnLoopback) -> None:
        self.reply, self.bodies, lock = reply, list[dict[str, Any]](), threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    server.bodies.append(body)
                text = server.reply(body["messages"], 0)
                choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                usage = {"prompt_tokens": 100, "completion_tokens": 5}
                sent = json.dumps({"model": body["model"], "choices": [choice], "usage": usage}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._open = ExitStack()
        self.base_url = self._open.enter_context(on_loopback(Handler))

    def close(self) -> None:
        self._open.close()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands before the loopback, and nobody's settings leak into a test."""
    for name in list(os.environ):
        if name.startswith(("LONGSTRIDE_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def server(honest: Reply, on_loopback: OnLoopback) -> Iterator[Server]:
    server = Server(honest, on_loopback)
    yield server
    server.close()


@pytest.fixture
def folder(world: dict[str, Document], look_ups: list[Sample], write_data_set: Callable[..., Path]) -> Path:
    return write_data_set(list(world.values()), look_ups[:4])


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["curate", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_a_data_set_is_checked_and_the_same_command_asks_nothing_twice(
    tmp_path: Path, folder: Path, server: Server, capsys: pytest.CaptureFixture[str]
):
    asked = ("--base-url", server.base_url, "--model", "tiny", "--checks", "blind,grounding,robustness", "--audit")
    output, cache = tmp_path / "out", tmp_path / "answers.sqlite"
    assert run(folder, "-o", output, *asked, "--cache", cache) == 0
    printed = capsys.readouterr()
    assert "What the checks ask at most" in printed.err and "robustness" in printed.err
    assert "asked: 64 calls, 16 answers from the cache, 6,400 tokens in and 320 out" in printed.out
    assert "4 of 4 samples pass" in printed.out
    kept = list(read_samples(output / "samples"))
    assert all(sample.checks["model_blind"]["model"] == "tiny" for sample in kept)
    assert all(sample.pass_at_k[0].correct == 4 for sample in kept)
    assert len(server.bodies) == 64  # 4 samples, 4 answers: blind, grounding, robustness, the nearest five
    seeds = {body["seed"] for body in server.bodies}
    assert len(seeds) == 4 and all("n" not in body for body in server.bodies)
    published = (output / "README.md").read_text() + (output / "manifest.json").read_text()
    assert '"tiny"' in published and "127.0.0.1" not in published
    again = tmp_path / "again"
    assert run(folder, "-o", again, *asked, "--cache", cache) == 0
    assert "asked: 0 calls, 80 answers from the cache" in capsys.readouterr().out
    assert len(server.bodies) == 64
    assert (again / "samples" / "part-0.parquet").read_bytes() == (output / "samples" / "part-0.parquet").read_bytes()


def test_a_spent_budget_is_one_line_and_the_same_command_goes_on(
    tmp_path: Path, folder: Path, server: Server, capsys: pytest.CaptureFixture[str]
):
    asked = ("--base-url", server.base_url, "--model", "tiny", "--checks", "blind", "--max-concurrency", "1")
    output = tmp_path / "out"
    assert run(folder, "-o", output, *asked, "--budget", "10calls") == 3
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert re.search(r"the budget of 10 calls is spent; raise it and run again to go on \(2 samples were done", told)
    assert len(server.bodies) == 10
    assert run(folder, "-o", output, *asked, "--budget", "1k calls") == 0
    assert "asked: 6 calls, 10 answers from the cache" in capsys.readouterr().out
    assert len(server.bodies) == 16


def test_without_an_output_the_data_set_stays_as_it_is(
    folder: Path, server: Server, capsys: pytest.CaptureFixture[str]
):
    before = {file: file.read_bytes() for file in folder.rglob("*.parquet")}
    server.reply = lambda messages, index: "I cannot tell."
    assert run(folder, "--base-url", server.base_url, "--model", "tiny", "--checks", "all") == 0
    assert "never answered right among more documents" in capsys.readouterr().out
    assert {file: file.read_bytes() for file in folder.rglob("*.parquet")} == before
    funnel = {stage["stage"]: stage for stage in json.loads((folder / "curation.json").read_text())["funnel"]}
    assert funnel["model_robustness"]["reasons"] == {"never answered right among more documents": 4}


def test_roles_may_be_played_by_different_models(tmp_path: Path, folder: Path, server: Server):
    typed = ("--role", f"solver={server.base_url}#reader", "--role", f"judge={server.base_url}#judge")
    typed = (*typed, "--role", f"reference={server.base_url}#knower", "--checks", "blind", "--audit")
    assert run(folder, "-o", tmp_path / "out", *typed) == 0
    assert {body["model"] for body in server.bodies} == {"reader", "knower"}
    models = json.loads((tmp_path / "out" / "manifest.json").read_text())["settings"]["by_model"]["models"]
    assert {role: of["model"] for role, of in models.items()} == {
        "solver": "reader",
        "judge": "judge",
        "reference": "knower",
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--checks", "grounding"), "no base_url for the role 'solver'; name one: --base-url http"),
        (("--strata", "5"), "no base_url for the role 'solver'; name one: --base-url http"),
        (("--checks", "grounding", "--base-url", "http://127.0.0.1:1/v1"), "no model for the role 'solver'; name one"),
        (("--checks", "nonsense"), "no such check 'nonsense'; known: all, blind, grounding, scarce, robustness"),
        (("--base-url", "http://127.0.0.1:1/v1"), "a model is named, and nothing to ask it; say what: --checks all"),
        (("--checks", "all", "--agreement", "2"), "field agreement: is 2.0, expected 0..1"),
        (("--checks", "all", "--base-url", "x", "--model", "m"), "expected http://HOST"),
        (("--checks", "all", "--base-url", "http://h/v1", "--model", "m", "--budget", "much"), "is no budget"),
        (("--checks", "all", "--models", "missing.toml"), "cannot be read"),
        (("--checks", "all", "--base-url", "http://h", "--model", "m", "--api-key-env", "NO_KEY"), "NO_KEY"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
):
    assert run(folder, *arguments) == 2
    printed = capsys.readouterr().err
    assert told in printed and printed.count("\n") == 1
