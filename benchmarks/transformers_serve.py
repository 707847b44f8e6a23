"""`transformers serve`, a real peer on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS_WITHIN_SECONDS = 300.0


@contextmanager
def serving(model: Path, log: Path | None = None) -> Iterator[str]:
    """The address of a server with this model, from when it answers; `log` takes what it says, none throws it away."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with open(log or os.devnull, "ab") as stream:
        server = subprocess.Popen([*command, *options], env=environment, stdout=stream, stderr=stream)
    try:
        ends = time.monotonic() + STARTS_WITHIN_SECONDS
        while server.poll() is None and time.monotonic() < ends:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise RuntimeError(f"transformers serve did not start{f'; {log} tells why' if log else ''}")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()
