"""A folder that a long job fills: whatever kills it, the same command goes on, and gives the same bytes.

The folder's `manifest.json` holds the settings that it is made with; parts are files, each written whole or not at all,
so that what is there is done. Another configuration is refused, and so is a second process.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from longstride import __version__
from longstride.errors import InputError
from longstride.file_lock import FileLock
from longstride.files import replacing

MANIFEST = "manifest.json"
LOCK = ".lock"
WORK = ".work"  # parts that the finished folder does not need


class Workspace:
    """`with Workspace(folder, kind, settings) as work:` opens, or goes on with, the job that `settings` describe.

    kind: what the folder holds ("data set", "training run"), for messages and so that one is not taken for another.
    settings: plain JSON; everything that the result depends on, nothing that it does not (workers, progress bars).

    Raises InputError where another process is at work in the folder, where the folder holds something else, and where
    it was made with other settings, saying which.
    """

    def __init__(self, folder: str | Path, kind: str, settings: Mapping[str, Any]) -> None:
        self.folder, self.kind = Path(folder), kind
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))  # as a manifest gives them back
        self._lock = FileLock(self.folder / LOCK)

    def __enter__(self) -> Workspace:
        self._refuse_strangers()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._lock.exclusive(timeout_seconds=0):
            raise InputError("another process is at work there", path=self.folder, cure="wait for it, or end it")
        try:
            manifest = self.manifest()
            if manifest is None:
                self._write({"complete": False})
            else:
                self._refuse_other_settings(manifest)
            for leftover in self.folder.rglob(".*.partial"):
                leftover.unlink(missing_ok=True)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def fingerprint(self) -> str:
        """Names the settings."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()

    @property
    def complete(self) -> bool:
        """True once `finish` was called, in this process or an earlier one."""
        return bool((self.manifest() or {}).get("complete"))

    def manifest(self) -> dict[str, Any] | None:
        """What the folder says of itself; None for a new one."""
        path = self.folder / MANIFEST
        if not path.exists():
            return None
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"is no manifest ({error})", path=path, cure="choose another folder") from None
        if not isinstance(manifest, dict):
            raise InputError("is no manifest", path=path, cure="choose another folder")
        return manifest

    def part(self, name: str) -> Path:
        """Where a part stands that the finished folder does not need: under `.work`."""
        return self.folder / WORK / name

    def read_json(self, name: str) -> Any:
        """What `write_json` wrote, or None."""
        path = self.part(name)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def write_json(self, name: str, value: Any) -> None:
        """Write a part as JSON, whole or not at all; the same value gives the same bytes."""
        write_json(self.part(name), value)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Say in the manifest that the job is done, with `summary` (plain JSON); drop what is needed no more."""
        self._write({"complete": True, **summary})
        shutil.rmtree(self.folder / WORK, ignore_errors=True)

    def _write(self, values: Mapping[str, Any]) -> None:
        head = {
            "kind": self.kind,
            "longstride": __version__,
            "fingerprint": self.fingerprint,
            "settings": self.settings,
        }
        write_json(self.folder / MANIFEST, {**head, **values})

    def _refuse_strangers(self) -> None:
        if not self.folder.exists() or (self.folder / MANIFEST).exists():
            return
        if not self.folder.is_dir():
            raise InputError("is a file, expected a folder", path=self.folder)
        if any(each.name != LOCK for each in self.folder.iterdir()):
            raise InputError(
                f"holds other files and no {MANIFEST}", path=self.folder, cure="name a new or empty folder"
            )

    def _refuse_other_settings(self, manifest: Mapping[str, Any]) -> None:
        cure = "choose another folder, or remove this one"
        if manifest.get("kind") != self.kind:
            raise InputError(f"holds a {manifest.get('kind')}, not a {self.kind}", path=self.folder, cure=cure)
        if manifest.get("longstride") != __version__:
            versions = f"longstride {manifest.get('longstride')}, this is {__version__}"
            raise InputError(f"was made with {versions}", path=self.folder, cure=cure)
        made = manifest.get("settings")
        changes = differences(made if isinstance(made, dict) else {}, self.settings)
        if changes:
            raise InputError(f"was made with other settings: {'; '.join(changes)}", path=self.folder, cure=cure)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all; the same value gives the same bytes."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What changed from `old` to `new`, a phrase each: `seed 0, now 1`."""
    found: list[str] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{prefix}{name}.")
        elif before != after:
            found.append(f"{prefix}{name} {_short(before)}, now {_short(after)}")
    return found


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
