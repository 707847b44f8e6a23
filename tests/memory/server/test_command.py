"""`longstride serve` as a process, with curl."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from longstride.cli import main
from longstride.llm.settings import RoleSettings
from longstride.memory.server.app import ServerSettings
from longstride.memory.server.command import told

if TYPE_CHECKING:
    from tests.memory.conftest import Upstream

Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start(upstream: Upstream) -> Iterator[Start]:
    """Starts the command; gives the process and the address that it printed."""
    running: list[subprocess.Popen[str]] = []

    def run(*options: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "longstride", "serve", "--base-url", upstream.base_url, "--model", "m"]
        process = subprocess.Popen(
            [*command, "--port", "0", *options],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        running.append(process)
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/v1$", process.stderr.readline().strip())
        assert found
        return process, found[0]

    yield run
    for process in running:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_curl_asks_as_the_example_says_and_an_end_finishes_what_is_under_way(
    start: Start, upstream: Upstream, long_text: str, until: Callable[[Callable[[], bool]], None]
):
    process, address = start("--window", "4000", "--chunk-tokens", "2000", "--require-key", LONGSTRIDE_API_KEY="sk-1")
    assert process.stderr is not None
    example = process.stderr.readline().strip()
    said = subprocess.run(
        ["sh", "-c", example],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LONGSTRIDE_API_KEY": "sk-1"},
    )
    assert json.loads(said.stdout)["choices"]
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": f"{long_text}\n\nWhere is it?"}]}
    upstream.delay_seconds = 0.2
    arguments = ["curl", "-sN", f"{address}/chat/completions", "-H", "Content-Type: application/json"]
    asking = subprocess.Popen(
        [*arguments, "-H", "Authorization: Bearer sk-1", "-d", "@-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert asking.stdin is not None
    asking.stdin.write(json.dumps(body))
    asking.stdin.close()
    asking.stdin = None
    until(lambda: len(upstream.asked) >= 3)
    process.send_signal(signal.SIGINT)
    streamed = asking.communicate()[0]
    assert "FACT the Tarn lies in dock 5" in streamed
    assert streamed.endswith("data: [DONE]\n\n")
    logged = process.communicate()[1]
    assert process.returncode == 0
    assert "harbour" not in logged
    assert "200 agent" in logged


def test_a_port_that_is_taken_is_one_line(upstream: Upstream, capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as ended:
            main(["serve", "--base-url", upstream.base_url, "--model", "m", "--port", port])
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1, port {port}" in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--require-key"], "LONGSTRIDE_API_KEY is not set"),
        (["--api-key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY"),
        (["--prompts", "x"], "unknown prompt set 'x'"),
    ],
)
def test_what_is_missing_is_told_before_it_starts(
    arguments: list[str], problem: str, upstream: Upstream, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--base-url", upstream.base_url, "--model", "m", "--port", "0", *arguments])
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


def test_a_door_open_to_everybody_is_warned_of():
    role = RoleSettings(base_url="http://localhost:8000/v1", model="m")
    assert not any("warning" in line for line in told(ServerSettings(role), "127.0.0.1", 1))
    assert any("anybody who reaches 0.0.0.0" in line for line in told(ServerSettings(role), "0.0.0.0", 1))
    assert not any("warning" in line for line in told(ServerSettings(role, client_key="k"), "0.0.0.0", 1))
    assert "http://[::1]:1/v1" in told(ServerSettings(role), "::1", 1)[0]
    assert "sk-1" not in repr(ServerSettings(role, client_key="sk-1"))
