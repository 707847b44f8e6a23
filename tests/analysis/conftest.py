"""A stage's folder, written with known numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

WriteStage = Callable[..., Path]


@pytest.fixture
def write_stage(tmp_path: Path) -> WriteStage:
    """`write_stage(name, rows, settings)` writes metrics and a manifest; gives the folder."""

    def write(name: str, rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> Path:
        folder = tmp_path / "run" / name
        folder.mkdir(parents=True)
        (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        manifest = {"kind": "training run", "complete": True, "settings": settings}
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        return folder

    return write
