"""The nearer end of the process that parses untrusted formats: it is started, asked, ended and started again."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.parsed import Parsed
from longstride.errors import InputError, unknown_name

FILES_A_PROCESS = 500  # then a fresh one, so that what a library leaks stays small
PDF_READERS = ("pdfium", "docling")
DOCLING_BYTES = 32 * 2**30  # of address space at least: its models are mapped into it
PIPE_BYTES = 1 << 20
PACKAGE_ROOT = Path(__file__).parents[2]  # the folder that holds `longstride`


class Parsers:
    """One parsing process, kept from file to file; a context manager. Not for several threads at once."""

    def __init__(self, limits: Limits, pdf_reader: str = "pdfium") -> None:
        if pdf_reader not in PDF_READERS:
            raise unknown_name("pdf_reader", pdf_reader, PDF_READERS)
        self.limits, self.pdf_reader = limits, pdf_reader
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0

    def __enter__(self) -> Parsers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def parse(self, location: str, kind: str) -> Parsed:
        """The text of a file.

        Raises Unreadable, among its reasons parser_timeout, parser_memory, parser_died; InputError for a package that
        is missing.
        """
        process = self._running()
        kind = "docling" if kind == "pdf" and self.pdf_reader == "docling" else kind
        request = {"location": location, "format": kind, "limits": asdict(self.limits)}
        self._files += 1
        try:
            answer = self._ask(process, json.dumps(request).encode() + b"\n")
        except BaseException:
            self.close()
            raise
        if "missing" in answer:
            raise InputError(str(answer["missing"]))
        if "reason" in answer:
            if answer["reason"] == "parser_memory":
                self.close()
            raise Unreadable(str(answer["reason"]))
        return Parsed(answer["title"], str(answer["text"]), {k: int(v) for k, v in answer["mended"].items()})

    def close(self) -> None:
        """End the process, if one runs; the next file starts another."""
        process, self._process, self._files = self._process, None, 0
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._files >= FILES_A_PROCESS or self._process.poll() is not None:
            self.close()
            memory = self.limits.parser_memory_bytes
            memory = max(memory, DOCLING_BYTES) if self.pdf_reader == "docling" else memory
            paths = [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
            command = [sys.executable, "-P", "-m", "longstride.corpus.parser_process"]
            self._process = subprocess.Popen(
                [*command, str(memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
                start_new_session=True,  # a Ctrl-C is for the one that asks, which then ends this
            )
        return self._process

    def _ask(self, process: subprocess.Popen[bytes], request: bytes) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(request)
            process.stdin.flush()
        except OSError:
            raise Unreadable("parser_died") from None
        deadline = time.monotonic() + self.limits.parser_seconds
        largest = 8 * self.limits.max_text_characters + PIPE_BYTES  # JSON takes up to 6 bytes a character, or 12 a pair
        pieces: list[bytes] = []
        size = 0
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not pieces or not pieces[-1].endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise Unreadable("parser_timeout")
                piece = os.read(process.stdout.fileno(), PIPE_BYTES)
                size += len(piece)
                if size > largest:
                    raise Unreadable("too_much_text")
                if not piece:
                    raise Unreadable(_death(process.wait()))
                pieces.append(piece)
        try:
            answer = json.loads(b"".join(pieces))
        except ValueError:
            raise Unreadable("parser_died") from None
        if not isinstance(answer, dict) or not (
            answer.keys() & {"reason", "missing"} or {"title", "text", "mended"} <= answer.keys()
        ):
            raise Unreadable("parser_died")
        return answer


def _death(code: int) -> str:
    """Why the process ended: by the limit on processor time, or otherwise."""
    return "parser_timeout" if code == -signal.SIGXCPU else "parser_died"
