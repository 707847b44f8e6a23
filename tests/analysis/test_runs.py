"""The parts of a run, whatever made them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.analysis.runs import TRAINING, WARM_START, read_run
from longstride.errors import InputError

WriteStage = Callable[..., Path]


def record(folder: Path, **standing: str) -> None:
    steps = {
        name: {"kind": "train", "fingerprint": "", "settings": {}, "inputs": {"model": [["m", "0"]]}, "standing": each}
        for name, each in standing.items()
    }
    (folder / "run.json").write_text(json.dumps({"steps": steps}), "utf-8")


def test_a_plans_parts_stand_in_the_order_of_their_beginnings(write_stage: WriteStage):
    run = write_stage("b", [{"step": 1}], {}).parent
    write_stage("a", [{"step": 1}], {})
    record(run, a="done", b="under way", c="under way")
    lines = [
        {"event": "begin", "step": "b"},
        {"event": "begin", "step": "a"},
        {"event": "done", "step": "a", "seconds": 2.5},
        {"event": "begin", "step": "b"},
    ]
    (run / "timeline.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"ev', "utf-8")
    found = read_run(run)
    assert [(part.name, part.kind, part.standing, part.seconds) for part in found.parts] == [
        ("b", TRAINING, "under way", None),
        ("a", TRAINING, "done", 2.5),
        ("c", "train", "under way", None),  # its folder is not there yet
    ]
    assert found.parts[0].inputs == {"model": ("m",)}
    assert found.planned and len([each for each in found.missing if "is not done" in each]) == 2
    assert "timeline.jsonl: 1 damaged lines were left out" in found.missing


def test_a_folder_of_parts_is_read_by_name_and_a_part_by_itself(write_stage: WriteStage):
    run = write_stage("b", [{"step": 1, "reward": 1}], {}).parent
    (write_stage("a", [{"step": 1, "sure_tokens": 0.5}], {}) / "manifest.json").unlink()
    (run / "notes").mkdir()
    assert [(part.name, part.kind) for part in read_run(run).parts] == [("a", WARM_START), ("b", TRAINING)]
    alone = read_run(run / "b")
    assert [part.name for part in alone.parts] == ["b"] and not alone.planned
    assert alone.log(run / "b" / "metrics.jsonl") == "metrics.jsonl"


def test_a_damaged_record_leaves_the_folders(write_stage: WriteStage):
    run = write_stage("a", [{"step": 1}], {}).parent
    (run / "run.json").write_text("{", "utf-8")
    found = read_run(run)
    assert [part.name for part in found.parts] == ["a"] and not found.planned
    assert found.missing == ("run.json: is no record of a run; its folders are read as they stand",)


def test_what_is_no_run_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="holds no run"):
        read_run(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        read_run(tmp_path / "none")
