"""What tests of several rooms share: none fails for taking long, those that do begin first; servers on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

LONGEST = "demo/test_command.py"  # takes a sixth of the whole run

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
    if find_spec("fastapi") is None:
        pytest.skip("transformers serve needs fastapi")
    return import_module("transformers_serve").serving


@pytest.fixture(scope="session")
def on_loopback() -> Callable[[type[BaseHTTPRequestHandler]], AbstractContextManager[str]]:
    """Called with a handler: the address that it answers at, in threads, while the context lasts."""
    return _on_loopback


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that stop or are killed leave broken pipes


@contextmanager
def _on_loopback(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with _Quiet(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
