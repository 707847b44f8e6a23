"""Writing files so that a kill at any moment leaves either the old file or the new one, never half of one."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes the place of `path`, on an error it is removed.

    The temporary name begins with a dot and ends in the process's number, so that readers of the folder pass it over
    and two writers do not meet.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def content_digest(folder: str | Path, files: Iterable[str | Path]) -> str:
    """Names the content of `files` and their places in `folder`, wherever it stands: sha256 in hexadecimal."""
    total = hashlib.sha256()
    for file in files:
        with open(file, "rb") as content:
            entry = [Path(file).relative_to(folder).as_posix(), hashlib.file_digest(content, "sha256").hexdigest()]
        total.update(json.dumps(entry).encode())
    return total.hexdigest()
