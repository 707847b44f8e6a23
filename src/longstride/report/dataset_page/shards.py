"""Script shards: data that a page opened from disk may load, where the browser forbids it to fetch.

A shard is a script of one call, `longstride.shard(kind, number, rows)`, whose rows are arrays, texts, numbers and null
alone: an object literal could set a prototype. The text of a shard is inert wherever it lands: it holds no `<`, no line
separator, no character that turns the direction of text, and nothing that UTF-8 cannot carry.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TypeAlias

Cell: TypeAlias = "str | int | Sequence[Cell] | None"

MAX_SHARD_BYTES = 1_000_000  # but for a single row that is longer
LARGEST_NUMBER = 2**53 - 1  # that JavaScript holds exactly
_UNSAFE = re.compile("[<\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]")


def literal(value: Cell) -> str:
    """A value as JavaScript and as JSON, on one line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def exact_number(number: int | None) -> int | str | None:
    """A number; as text where JavaScript would round it."""
    return str(number) if number is not None and abs(number) > LARGEST_NUMBER else number


class Shards:
    """The shards of one kind, in order: rows go into the last one until it is full."""

    def __init__(self, folder: Path, kind: str, *, max_bytes: int = MAX_SHARD_BYTES, max_rows: int = 10**9) -> None:
        self.folder, self.kind, self.max_bytes, self.max_rows = folder, kind, max_bytes, max_rows
        self.rows = 0  # in all shards
        self.firsts: list[int] = []  # the number of each shard's first row
        self.digests: list[str] = []
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._bytes = self._rows = 0  # in the last shard

    def append(self, row: bytes) -> tuple[int, int]:
        """Write a row (a literal in UTF-8); gives its shard and its place there."""
        if self._file is not None and (self._rows >= self.max_rows or self._bytes + len(row) > self.max_bytes):
            self.close()
        if self._file is None:
            number = len(self.firsts)
            self._file = (self.folder / f"{self.kind}-{number:03d}.js").open("wb")
            self.firsts.append(self.rows)
            self._digest = hashlib.sha256()
            self._bytes = self._rows = 0
            self._write(f'longstride.shard("{self.kind}",{number},[\n'.encode())
        else:
            self._write(b",\n")
        self._write(row)
        self.rows += 1
        self._rows += 1
        return len(self.firsts) - 1, self._rows - 1

    def close(self) -> None:
        """End the last shard; harmless where there is none."""
        if self._file is not None:
            self._write(b"\n]);\n")
            self._file.close()
            self._file = None
            self.digests.append(self._digest.hexdigest())

    def abandon(self) -> None:
        """Let go of the last shard as it is: something went wrong."""
        if self._file is not None:
            self._file.close()

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(data)
        self._digest.update(data)
        self._bytes += len(data)
