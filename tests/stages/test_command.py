from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from longstride.cli import main
from longstride.errors import InputError
from longstride.stages.command import parse_time
from longstride.stages.display import duration, plan_table, share_done
from longstride.stages.hands import last_lines
from longstride.stages.jobs import Job
from longstride.stages.run_folder import StepState

PLAN = """
[[steps]]
name = "worlds"
kind = "world"
worlds = 2
vocabulary = "small"

[[steps]]
name = "more-worlds"
kind = "world"
worlds = 1
first_world = 9
vocabulary = "small"
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def run(*arguments: str | Path) -> int:
    try:
        main(["run", *map(str, arguments)])
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def test_a_plan_is_shown_run_and_left_alone(plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    output = tmp_path / "out"
    assert run(plan, "-o", output, "--plan") == 0
    assert "to do" in capsys.readouterr().out
    assert not output.exists(), "looking changes nothing"
    assert run(plan, "-o", output, "--until", "worlds") == 0
    told = capsys.readouterr().out
    assert "worlds begins: 2 fictional worlds, small" in told
    assert "all 1 steps are done" in told
    assert run(plan, "-o", output) == 0
    told = capsys.readouterr().out
    assert "worlds begins" not in told.replace("more-worlds begins", "")
    assert "(2 of 2 steps)" in told
    assert len(list((output / "worlds").iterdir())) == 2
    assert run(plan, "worlds.worlds=3", "-o", output) == 2
    captured = capsys.readouterr()
    assert "longstride: step worlds was made with other settings: worlds 2, now 3" in captured.err
    assert run(plan, "worlds.worlds=3", "-o", output, "--restart-from", "worlds") == 0
    assert "removed, to be made anew: worlds" in capsys.readouterr().out


def test_settings_are_explained(plan: Path, capsys: pytest.CaptureFixture[str]):
    assert run(plan, "--show") == 0
    assert 'vocabulary = "small"  # small: closed' in capsys.readouterr().out


def test_what_works_is_told_from_its_files(tmp_path: Path):
    job = Job("a", "train", "x:y", lines=("metrics.jsonl", 4))
    assert share_done(tmp_path, job) == 0.0
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.jsonl").write_text("{}\n{}\n{}\n")
    assert share_done(tmp_path, job) == 0.75
    assert share_done(tmp_path, replace(job, lines=None)) is None


def test_the_end_of_a_log_without_what_was_drawn_over(tmp_path: Path):
    log = tmp_path / "log"
    assert last_lines(log) == []
    log.write_text("one\n\nbar 10%\rbar 90%\nlast  \n")
    assert last_lines(log, 2) == ["bar 90%", "last"]


def test_the_table_tells_how_each_step_stands(fake: Callable[..., Job]):
    jobs = [fake("a"), fake("b", needs=("a",)), fake("c", needs=("b",))]
    standing = {"a": StepState("done"), "b": StepState("under way"), "c": StepState("to do")}
    console = Console(width=100, file=(written := StringIO()))
    console.print(plan_table(jobs, standing, {"a": 200.0}, ["a", "b"]))
    rows = [line.split() for line in written.getvalue().splitlines()]
    assert rows[1] == ["a", "writes", "-", "done", "in", "3", "min", "20", "s"]
    assert rows[2] == ["b", "writes", "-", "under", "way"]
    assert rows[3] == ["c", "writes", "b", "to", "do,", "not", "in", "this", "call"]


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("9m", 540), ("1.5 h", 5400)])
def test_times(text: str, seconds: float):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "nine", "9d", "-1m", "0s", "1e3"])
def test_what_is_no_time(text: str):
    with pytest.raises(InputError, match="is no time; write it as 90s, 9m"):
        parse_time(text)


def test_durations():
    assert [duration(each) for each in (0.4, 59.4, 60, 3599, 3600, 7500)] == [
        "0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "2 h 5 min",
    ]  # fmt: skip
