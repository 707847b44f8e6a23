"""Folders that appear whole or not at all, know the digest of each of their files, and make room for the next.

    FOLDER/step-00000012/manifest.json      the step, and size and sha256 of every other file
    FOLDER/.step-00000013.4711.unfinished/  being written, or left by a kill; the next save sweeps it away

A folder is filled beside its place, every file is flushed to the disk, then one rename puts it there. Nothing in it is
ever changed, and older ones go only when the newer stands.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from longstride.errors import InputError

MANIFEST = "manifest.json"
FORMAT = 1
UNFINISHED = ".unfinished"
_NAME = re.compile(r"step-(\d{8,})")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM_IN_WORDS = re.compile(rf"os error ({'|'.join(map(str, _NO_ROOM))})\b")  # as libraries in Rust put it


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step stands, or would."""
    return folder / f"step-{step:08d}"


def checkpoints_in(folder: Path) -> dict[int, Path]:
    """The checkpoints of a folder by step, in rising order; empty where there is no such folder."""
    found: dict[int, Path] = {}
    if folder.is_dir():
        for each in folder.iterdir():
            match = _NAME.fullmatch(each.name)
            if match and each.is_dir():
                found[int(match[1])] = each
    return dict(sorted(found.items()))


@contextmanager
def new_checkpoint(folder: Path, step: int, keep_last: int) -> Iterator[Path]:
    """Give an empty folder to fill; afterwards it is the checkpoint of `step`, and of older ones `keep_last - 1` stay.

    Where it cannot be written, nothing is changed and InputError says so in one line; any other error of the block
    goes on, and nothing is changed either. ValueError for a step that has its checkpoint, or keep_last < 1.
    """
    target = checkpoint_path(folder, step)
    if keep_last < 1:
        raise ValueError(f"keep_last is {keep_last}, expected at least 1")
    if target.exists():
        raise ValueError(f"{target} is there already")
    staging = folder / f".{target.name}.{os.getpid()}{UNFINISHED}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        staging.mkdir()
        yield staging
        _seal(staging, step)
        staging.rename(target)
        _flush(folder)
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, OSError) or _NO_ROOM_IN_WORDS.search(str(error)):
            raise _cannot_write(folder, step, error) from error
        raise
    for old in list(checkpoints_in(folder).values())[:-keep_last]:
        try:
            _remove(old)
        except OSError as error:
            raise InputError(f"cannot be removed ({error.strerror})", path=old, cure="remove it by hand") from error


def verify(checkpoint: Path) -> dict[str, Any]:
    """Read every file of a checkpoint against its manifest; the manifest comes back.

    Raises InputError naming the first file that is missing, cut short, altered, or outside of the folder.
    """
    manifest = _read_manifest(checkpoint)
    cure = _cure(checkpoint)
    for name, expected in manifest["files"].items():
        path = checkpoint / name
        if not path.resolve().is_relative_to(checkpoint.resolve()):
            raise InputError(f"names {name!r}, outside of its folder", path=checkpoint / MANIFEST, cure=cure)
        if not path.is_file():
            raise InputError("is missing", path=path, cure=cure)
        size = path.stat().st_size
        if size != expected["bytes"]:
            raise InputError(f"has {size} bytes, was saved with {expected['bytes']}", path=path, cure=cure)
        if _digest(path) != expected["sha256"]:
            raise InputError("is not what was saved: its sha256 differs", path=path, cure=cure)
    return manifest


def _seal(staging: Path, step: int) -> None:
    """Flush every file and folder to the disk, and write the manifest."""
    paths = sorted(staging.rglob("*"))
    files = {
        path.relative_to(staging).as_posix(): {"bytes": path.stat().st_size, "sha256": _digest(path)}
        for path in paths
        if path.is_file()
    }
    manifest = {"format": FORMAT, "step": step, "files": files}
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for path in (*paths, staging / MANIFEST, staging):
        _flush(path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(checkpoint: Path) -> None:
    """By another name first: a kill in between leaves no half of a checkpoint under its own."""
    doomed = checkpoint.with_name(f".{checkpoint.name}.{os.getpid()}{UNFINISHED}")
    checkpoint.rename(doomed)
    shutil.rmtree(doomed)


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f".step-*{UNFINISHED}"):
        shutil.rmtree(leftover)


def _read_manifest(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        well_formed = all(
            isinstance(entry["bytes"], int) and isinstance(entry["sha256"], str) for entry in manifest["files"].values()
        )
    except FileNotFoundError:
        raise InputError("is missing: this is no checkpoint", path=path, cure=_cure(checkpoint)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError("is no manifest of a checkpoint", path=path, cure=_cure(checkpoint)) from None
    if not well_formed or manifest.get("format") != FORMAT or not isinstance(manifest.get("step"), int):
        raise InputError(f"is no manifest of format {FORMAT}", path=path, cure=_cure(checkpoint))
    return manifest


def _cure(checkpoint: Path) -> str:
    others = [path.name for path in checkpoints_in(checkpoint.parent).values() if path.name < checkpoint.name]
    return f"remove {checkpoint.name} to " + (f"go on from {others[-1]}" if others else "start anew")


def _cannot_write(folder: Path, step: int, error: BaseException) -> InputError:
    words = " ".join(str(error).split())
    number = getattr(error, "errno", None)
    no_room = number in _NO_ROOM or _NO_ROOM_IN_WORDS.search(words) is not None
    kept = [path.name for path in checkpoints_in(folder).values()]
    last = f"; {kept[-1]} is untouched" if kept else ""
    cure = "make room, or keep fewer checkpoints" if no_room else "see that the folder can be written"
    return InputError(f"the checkpoint of step {step} cannot be written ({words}){last}", path=folder, cure=cure)
