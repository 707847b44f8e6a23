"""What a job is given to do its work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Work:
    """A job with its places, as paths relative to the run's folder where they are in it.

    So a run's folder may be moved, and named in any way: what is written into it stays the same.
    """

    name: str
    folder: Path  # its own to fill; there already
    settings: Mapping[str, Any]
    options: Mapping[str, Any]
    inputs: Mapping[str, tuple[Path, ...]]

    def input(self, role: str) -> Path:
        """The one input of a role."""
        (only,) = self.inputs[role]
        return only

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        inputs = {role: [str(path) for path in paths] for role, paths in self.inputs.items()}
        return {"name": self.name, "folder": str(self.folder), "inputs": inputs} | {
            "settings": dict(self.settings),
            "options": dict(self.options),
        }

    @classmethod
    def of_json(cls, saved: Mapping[str, Any]) -> Work:
        """What `to_json` gave."""
        inputs = {role: tuple(map(Path, paths)) for role, paths in saved["inputs"].items()}
        return cls(saved["name"], Path(saved["folder"]), saved["settings"], saved["options"], inputs)
