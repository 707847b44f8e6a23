"""What tests of several rooms share: none fails for taking long, those that do begin first, and a real peer."""

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
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import settings

LONGEST = "demo/test_command.py"  # takes a sixth of the whole run
STARTS_WITHIN_SECONDS = 300.0  # of a server

settings.register_profile("longstride", deadline=None)  # a deadline fails where the cores are busy
settings.load_profile("longstride")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that the workers end together; nothing is changed where there is one process.

    `--dist worksteal` gives each worker a share of the list, in order, and an idle one takes from the end of another's.
    So the first share opens with the longest test and the second with all modules that hold slow ones. A module stays
    together, for its tests share what they set up.
    """
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers < 2:
        return
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    longest = [item for item in items if item.path in slow and item.path.as_posix().endswith(LONGEST)]
    others = [item for item in items if item.path in slow and not item.path.as_posix().endswith(LONGEST)]
    quick = [item for item in items if item.path not in slow]
    before = max(0, len(items) // workers - len(longest))
    items[:] = chain(longest, quick[:before], others, quick[before:])


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
