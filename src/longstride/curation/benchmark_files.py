"""Reading a folder of benchmark files: records and the texts in them, whatever their columns are called.

JSON, JSON lines, CSV, TSV, parquet, text and Markdown; streams, so that a benchmark of any size passes through. The
files are untrusted: what cannot be read is told with its reason, and the rest goes on.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from longstride.errors import InputError

MAX_RECORD_CHARACTERS = 128_000_000  # one JSON value, one line, one cell
BLOCK_CHARACTERS = 1_000_000  # a longer text comes in blocks of so many
OVERLAP_CHARACTERS = 2_000  # of one block with the next, so that no phrase is cut


@dataclass(frozen=True)
class BenchmarkRecord:
    """The texts of one record, numbers among them written out."""

    file: str  # relative to the folder
    row: int  # from 0; a text file is one record
    texts: tuple[str, ...]


class BenchmarkFiles:
    """The records of a folder (or one file), file by file in the order of their paths; linked folders are left out.

    Raises InputError where there is no file that can be read by its name.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.exists():
            raise InputError("does not exist", path=folder, cure="name a folder of benchmark files")
        found = sorted(self.folder.rglob("*")) if self.folder.is_dir() else [self.folder]
        found = [path for path in found if path.is_file()]
        self.files = [path for path in found if path.suffix.lower() in _READERS]
        if not self.files:
            known = ", ".join(_READERS)
            raise InputError(f"holds no benchmark file ({known})", path=folder, cure="put the test sets there")
        self.problems: dict[str, str] = {  # file -> what of it was not read, and why
            self._name(path): "not a format that is read" for path in found if path.suffix.lower() not in _READERS
        }
        self.records = 0

    def __iter__(self) -> Iterator[BenchmarkRecord]:
        for path in self.files:
            yield from self.read(path)

    def read(self, path: Path) -> Iterator[BenchmarkRecord]:
        """The records of one file; what stops the reading goes to `problems`."""
        row = 0
        try:
            for value in _READERS[path.suffix.lower()](path):
                yield BenchmarkRecord(self._name(path), row, tuple(_texts(value)))
                row += 1
                self.records += 1
        except (OSError, ValueError, RecursionError, csv.Error) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            self.problems[self._name(path)] = f"not read from row {row} on: {reason:.120}"

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix() if path != self.folder else path.name


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in a value, in order; a text that is itself JSON (chat messages, often) is opened."""
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(reversed(value.values()))
        elif isinstance(value, list | tuple):
            stack.extend(reversed(value))
        elif isinstance(value, str):
            opened = _opened(value)
            if opened is None:
                for start in range(0, len(value), BLOCK_CHARACTERS):
                    yield value[max(0, start - OVERLAP_CHARACTERS) : start + BLOCK_CHARACTERS]
            else:
                stack.append(opened)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield repr(value)


def _opened(text: str) -> Any:
    if not text.startswith(("[{", "{")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _read_json(path: Path) -> Iterator[Any]:
    """The elements of an array, one at a time; else JSON lines; else the one value that the file is."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        opening = file.read(1)
        while opening.isspace():
            opening = file.read(1)
        if opening == "[":
            yield from _array_elements(file)
            return
        first = opening + file.readline(MAX_RECORD_CHARACTERS)
        try:
            value = json.loads(first)
        except ValueError:
            yield json.loads(first + _rest(file))
        else:
            yield value
            yield from _lines(file)


def _read_json_lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        yield from _lines(file)


def _lines(file: TextIO) -> Iterator[Any]:
    while line := file.readline(MAX_RECORD_CHARACTERS):
        if line.strip():
            yield json.loads(line)


def _rest(file: TextIO) -> str:
    text = file.read(MAX_RECORD_CHARACTERS)
    if file.read(1):
        raise ValueError(f"one value of more than {MAX_RECORD_CHARACTERS} characters")
    return text


def _array_elements(file: TextIO) -> Iterator[Any]:
    """The elements of the array whose opening bracket was read; holds one of them, and a block of the file."""
    decoder, held, size = json.JSONDecoder(), "", BLOCK_CHARACTERS
    while True:
        held = held.lstrip(" \t\r\n,")
        if held.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(held)
            whole = end < len(held)  # a number might go on in the next block
        except ValueError:
            value, end, whole = None, 0, False
        if whole:
            yield value
            held, size = held[end:], BLOCK_CHARACTERS
            continue
        if len(held) > MAX_RECORD_CHARACTERS:
            raise ValueError(f"one element of more than {MAX_RECORD_CHARACTERS} characters, or one that is no JSON")
        block = file.read(size)
        if not block:
            raise ValueError("the array has no end, or an element that is no JSON")
        held += block
        size *= 2  # so that a long element is not tried from its start too often


def _read_table(path: Path) -> Iterator[Any]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    limit = csv.field_size_limit(MAX_RECORD_CHARACTERS)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from csv.reader(file, delimiter=delimiter)
    finally:
        csv.field_size_limit(limit)


def _read_parquet(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=16):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def _read_text(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        while block := file.read(MAX_RECORD_CHARACTERS):
            yield block


_READERS = {
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".csv": _read_table,
    ".tsv": _read_table,
    ".parquet": _read_parquet,
    ".txt": _read_text,
    ".md": _read_text,
}
