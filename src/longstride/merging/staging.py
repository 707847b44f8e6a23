"""The folder beside its place in which a merge is made: it goes on after a kill, and appears whole or not at all.

    .OUT.merging/plan.json                              what is made, of which files: another plan starts anew
    .OUT.merging/model-00001-of-00003.safetensors       a shard, whole
    .OUT.merging/model-00001-of-00003.safetensors.json  what was done to its tensors; with it, the shard is done

When all shards are there, what only the work needed is removed and one rename makes it OUT.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from longstride.errors import InputError
from longstride.file_lock import FileLock
from longstride.files import replacing

PLAN, LOCK = "plan.json", ".lock"


class Staging:
    """`with Staging(output, plan) as staging:` fills `staging.folder`; `finish` puts it to `output`.

    plan: plain JSON of everything that the result depends on. A kill, an interrupt or a full disk leaves the shards
    that are done for a next time with the same plan; an InputError leaves nothing.

    Raises InputError where `output` exists, or another process fills it now.
    """

    def __init__(self, output: Path, plan: Mapping[str, Any]) -> None:
        self.output = output
        self.folder = output.with_name(f".{output.name}.merging")
        self._plan: dict[str, Any] = json.loads(json.dumps(plan))  # as a file gives it back
        self._lock = FileLock(self.folder / LOCK)

    def __enter__(self) -> Staging:
        refuse_existing(self.output)
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._lock.exclusive(timeout_seconds=0):
            raise InputError("another process is merging into it", path=self.output, cure="wait for it, or end it")
        if _read(self.folder / PLAN) != self._plan:
            self._clear()
            _write(self.folder / PLAN, self._plan)
        for leftover in self.folder.glob(".*.partial"):
            leftover.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, InputError):  # going on would meet it again
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()

    def done(self, file: str) -> dict[str, Any] | None:
        """What was told of a shard when it was done; None for one that is still to be made."""
        return _read(self._note(file)) if (self.folder / file).is_file() else None

    def mark_done(self, file: str, told: Mapping[str, Any]) -> None:
        """A shard is whole; `told` is plain JSON."""
        _write(self._note(file), told)

    def finish(self) -> None:
        """Make the folder `output`."""
        for path in (*self.folder.glob("*.safetensors.json"), self.folder / PLAN, self.folder / LOCK):
            path.unlink(missing_ok=True)
        for path in self.folder.iterdir():
            _flush(path)
        _flush(self.folder)
        refuse_existing(self.output)
        self.folder.rename(self.output)
        _flush(self.output.parent)

    def _note(self, file: str) -> Path:
        return self.folder / f"{file}.json"

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()


def refuse_existing(output: Path) -> None:
    """InputError where `output` is there already, whatever it is."""
    if os.path.lexists(output):
        raise InputError("exists already", path=output, cure="name a new folder, or remove it")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write(path: Path, value: Mapping[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
