"""What tests of several rooms share."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

STARTS_WITHIN_SECONDS = 300.0


@pytest.fixture(scope="session")
def transformers_serve() -> Callable[[Path], AbstractContextManager[str]]:
    """Called with a model's folder: the address of `transformers serve` with that model, while the context lasts."""
    if importlib.util.find_spec("fastapi") is None:
        pytest.skip("transformers serve needs fastapi")
    return _served


@contextmanager
def _served(model: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen([*command, *options], env=environment, stderr=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + STARTS_WITHIN_SECONDS
        while server.poll() is None and time.monotonic() < ends:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail("transformers serve did not start")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()
