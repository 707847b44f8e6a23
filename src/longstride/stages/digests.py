"""The content of folders from outside a run, digested once for each file that has not changed since."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from longstride.errors import InputError
from longstride.stages.jobs import Input
from longstride.workspace import write_json


class Digests:
    """Digests of outside inputs; `memory` is a file that keeps them by size and time, None for none."""

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._known: dict[str, Any] = {}
        if memory is not None and memory.exists():
            try:
                known = json.loads(memory.read_text(encoding="utf-8"))
                self._known = known if isinstance(known, dict) else {}
            except ValueError:
                self._known = {}

    def of(self, given: Input) -> str:
        """Names the files of an input and their content, wherever it stands: sha256 in hexadecimal.

        Raises InputError where there is nothing of that name, or none of the files that matter.
        """
        place = Path(given.path).expanduser()
        if not place.exists():
            raise InputError("does not exist", path=given.path, cure="check the path; a step is named without slashes")
        files = [place] if place.is_file() else self._files(place, given.patterns)
        if not files:
            wanted = ", ".join(given.patterns)
            raise InputError(f"holds nothing to take ({wanted})", path=given.path, cure="check the path")
        root = place.parent if place.is_file() else place
        whole = [(file.relative_to(root).as_posix(), self._digest(file)) for file in files]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()

    def keep(self) -> None:
        """Write what was digested to the file."""
        if self._memory is not None and self._known:
            write_json(self._memory, self._known)

    def _digest(self, file: Path) -> str:
        status = file.stat()
        key, state = str(file.absolute()), [status.st_size, status.st_mtime_ns]
        known = self._known.get(key)
        if isinstance(known, list) and known[:2] == state:
            return known[2]
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        self._known[key] = [*state, digest]
        return digest

    @staticmethod
    def _files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
        found = {file for pattern in patterns for file in folder.glob(pattern)}
        shown = [file for file in found if not any(part.startswith(".") for part in file.relative_to(folder).parts)]
        return sorted(file for file in shown if file.is_file())
