from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from longstride.engines.local.interrupts import Interrupted
from longstride.errors import InputError
from longstride.file_lock import FileLock
from longstride.stages.hands import Outcome
from longstride.stages.jobs import Input, Job
from longstride.stages.run_folder import RunFolder, read_steps, seconds_taken
from longstride.stages.runner import StepFailed, Watcher, review, run_jobs

MakeJob = Callable[..., Job]


class Listener(Watcher):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.outcomes: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.most_at_once = 0

    def begins(self, job: Job, again: bool) -> None:
        self.begun.append(f"{job.name} again" if again else job.name)

    def works(self, jobs: Sequence[Job]) -> None:
        self.most_at_once = max(self.most_at_once, len(jobs))

    def ends(self, job: Job, outcome: Outcome, lines: Sequence[str]) -> None:
        self.outcomes.append((job.name, outcome.kind))
        self.lines += lines


def standing(jobs: Sequence[Job], output: Path) -> dict[str, str]:
    return {name: state.standing for name, state in review(jobs, output).items()}


@pytest.fixture
def jobs(fake: MakeJob) -> list[Job]:
    """data -> warm -> stage-1 -> stage-2, and an evaluation beside stage-2."""
    return [
        fake("data"),
        fake("warm", needs=("data",)),
        fake("stage-1", needs=("warm", "data")),
        fake("evaluation-1", needs=("stage-1",)),
        fake("stage-2", needs=("stage-1", "data")),
    ]


def test_what_is_done_is_not_done_again(jobs: list[Job], tmp_path: Path, tree_digest: Callable[[Path], str]):
    output, listener = tmp_path / "out", Listener()
    assert run_jobs(jobs, output, watcher=listener).left == ()
    assert listener.begun == ["data", "warm", "stage-1", "evaluation-1", "stage-2"]
    before = tree_digest(output)
    assert run_jobs(jobs, output, watcher=(again := Listener())).done == tuple(job.name for job in jobs)
    assert again.begun == []
    assert tree_digest(output) == before
    assert {*standing(jobs, output).values()} == {"done"}
    assert (output / "logs" / "warm.log").read_text() == "wrote 0\nwrote 1\n"
    assert seconds_taken(output).keys() == {job.name for job in jobs}


def test_workers_change_nothing_but_the_order(jobs: list[Job], tmp_path: Path, tree_digest: Callable[[Path], str]):
    run_jobs(jobs, tmp_path / "one")
    run_jobs(jobs, tmp_path / "two", workers=2)
    assert tree_digest(tmp_path / "one") == tree_digest(tmp_path / "two")


def test_two_at_a_time_where_none_needs_the_other(fake: MakeJob, tmp_path: Path):
    pair = [fake("one", "meet", other="two"), fake("two", "meet", other="one")]
    listener = Listener()
    run_jobs(pair, tmp_path / "out", workers=2, watcher=listener)
    assert sorted(listener.outcomes) == [("one", "done"), ("two", "done")]
    assert listener.most_at_once == 2


def test_several_workers_have_one_thread_each(fake: MakeJob, tmp_path: Path):
    run_jobs([fake("a", "threads")], tmp_path / "one")
    run_jobs([fake("a", "threads")], tmp_path / "two", workers=2)
    assert (tmp_path / "one" / "a" / "threads").read_text() == "free"
    assert (tmp_path / "two" / "a" / "threads").read_text() == "1"


def test_one_process_does_one_job_after_another(fake: MakeJob, tmp_path: Path):
    run_jobs([fake("a", "process"), fake("b", "process", needs=("a",))], tmp_path / "out")
    first, second = ((tmp_path / "out" / name / "process").read_text() for name in ("a", "b"))
    assert first == second != str(os.getpid())


def test_who_holds_up_most_goes_first(fake: MakeJob, tmp_path: Path):
    listener = Listener()
    chain = [fake("evaluation"), fake("stage-1"), fake("stage-2", needs=("stage-1",))]
    run_jobs(chain, tmp_path / "out", watcher=listener)
    assert listener.begun == ["stage-1", "evaluation", "stage-2"]


def test_a_changed_setting_is_refused_by_name_and_nothing_is_touched(
    jobs: list[Job], fake: MakeJob, tmp_path: Path, tree_digest: Callable[[Path], str]
):
    output = tmp_path / "out"
    run_jobs(jobs, output)
    before = tree_digest(output)
    changed = [replace(job, settings={"parts": 2, "lr": 0.1}) if job.name == "stage-1" else job for job in jobs]
    message = (
        r"step stage-1 was made with other settings: lr null, now 0\.1; name another --output, or make it anew, and "
        r"with it 2 that need it with --restart-from stage-1$"
    )
    with pytest.raises(InputError, match=message):
        run_jobs(changed, output)
    assert tree_digest(output) == before
    expected = {"data": "done", "warm": "done"} | dict.fromkeys(("stage-1", "evaluation-1", "stage-2"), "changed")
    assert standing(changed, output) == expected
    assert review(changed, output)["stage-2"].changes == ("stage-1 changed",)


def test_a_step_made_anew_takes_those_that_need_it_along(jobs: list[Job], tmp_path: Path):
    output, listener = tmp_path / "out", Listener()
    run_jobs(jobs, output)
    changed = [replace(job, settings={"parts": 3}) if job.name == "stage-1" else job for job in jobs]
    run_jobs(changed, output, restart_from="stage-1", watcher=listener)
    assert listener.begun == ["stage-1", "evaluation-1", "stage-2"]
    assert (output / "stage-1" / "count").read_text() == "xxx"
    assert (output / "warm" / "count").read_text() == "xx"
    assert {*standing(changed, output).values()} == {"done"}
    with pytest.raises(InputError, match="there is no step 'stage-9'; name one of data, warm"):
        run_jobs(changed, output, restart_from="stage-9")


def test_a_restart_does_not_excuse_another_change(jobs: list[Job], tmp_path: Path):
    output = tmp_path / "out"
    run_jobs(jobs, output)
    changed = [replace(job, settings={"parts": 3}) if job.name in ("warm", "stage-2") else job for job in jobs]
    with pytest.raises(InputError, match="step warm was made with other settings"):
        run_jobs(changed, output, restart_from="stage-2")
    assert (output / "stage-2" / "count").read_text() == "xx"


def test_changed_outside_content_is_seen(fake: MakeJob, tmp_path: Path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("one")
    job = replace(fake("a"), inputs={"documents": (Input(str(tmp_path / "texts")),)})
    run_jobs([job], tmp_path / "out")
    (tmp_path / "texts" / "a.txt").write_text("two")
    with pytest.raises(InputError, match=r"step a was made with other settings: .*texts changed"):
        run_jobs([job], tmp_path / "out")


def test_until_ends_early_and_the_rest_may_follow(jobs: list[Job], tmp_path: Path):
    output = tmp_path / "out"
    assert run_jobs(jobs, output, until="stage-1").done == ("data", "warm", "stage-1")
    assert standing(jobs, output)["stage-2"] == "to do"
    run_jobs(jobs, output)
    assert (output / "stage-1" / "count").read_text() == "xx"
    with pytest.raises(InputError, match="there is no step 'x'"):
        run_jobs(jobs, output, until="x")


@pytest.mark.parametrize(
    ("function", "told", "lines"),
    [
        ("refuse", "somewhere: holds nothing; fill it", ["looked at the input", "somewhere: holds nothing; fill it"]),
        ("break_down", "RuntimeError: a defect", None),
        ("die", "its process ended by signal 9", ["last words"]),
    ],
)
def test_a_failure_is_told_with_the_last_lines(
    fake: MakeJob, tmp_path: Path, function: str, told: str, lines: list[str] | None
):
    output, listener = tmp_path / "out", Listener()
    chain = [fake("first"), fake("second", function, needs=("first",)), fake("third", needs=("second",))]
    with pytest.raises(StepFailed, match=f"^step second: {told}; .*second.log has all that it printed"):
        run_jobs(chain, output, watcher=listener)
    assert standing(chain, output) == {"first": "done", "second": "under way", "third": "to do"}
    if lines is not None:
        assert listener.lines == lines
    else:
        assert listener.lines[0].startswith("Traceback")
        assert listener.lines[-1] == "RuntimeError: a defect"


def test_what_runs_beside_a_failure_comes_to_its_end(fake: MakeJob, tmp_path: Path):
    listener = Listener()
    pair = [fake("bad", "refuse"), fake("good", seconds=0.3), fake("later", needs=("good",))]
    with pytest.raises(StepFailed, match="step bad"):
        run_jobs(pair, tmp_path / "out", workers=2, watcher=listener)
    assert listener.outcomes == [("bad", "failed"), ("good", "done")]


def test_a_run_that_is_stopped_by_its_time_loses_no_part(jobs: list[Job], tmp_path: Path):
    output = tmp_path / "out"
    slow = [replace(job, options={"seconds": 0.1}, settings={"parts": 4}) for job in jobs]
    stopped = 0
    for limit in (0.4, 0.6, 0.9, 1.5, 3, 6, 12, 24, 48, 96):  # a busy machine takes long to begin
        result = run_jobs(slow, output, stop_after_seconds=limit)
        if not result.left:
            break
        assert result.stopped
        stopped += 1
    assert stopped
    counts = {job.name: (output / job.name / "count").read_text() for job in slow}
    assert counts == dict.fromkeys(counts, "xxxx"), "each part was made once"
    assert len(counts) == 5


def test_a_step_that_knows_no_signals_ends_with_the_time_too(fake: MakeJob, tmp_path: Path):
    listener = Listener()
    result = run_jobs([fake("a", "wait")], tmp_path / "out", stop_after_seconds=1.0, watcher=listener)
    assert result.left == ("a",)
    assert listener.outcomes == [("a", "interrupted")]


def test_a_folder_of_no_run_is_left_alone(jobs: list[Job], tmp_path: Path):
    (tmp_path / "out" / "warm").mkdir(parents=True)
    with pytest.raises(InputError, match="warm: stands where a step's result goes, and is of no run"):
        run_jobs(jobs, tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        run_jobs(jobs, tmp_path / "file")


def test_a_result_that_was_removed_is_made_again(jobs: list[Job], tmp_path: Path, tree_digest: Callable[[Path], str]):
    output = tmp_path / "out"
    run_jobs(jobs, output)
    before = tree_digest(output)
    for file in (output / "warm").iterdir():
        file.unlink()
    (output / "warm").rmdir()
    assert standing(jobs, output)["warm"] == "to do"
    run_jobs(jobs, output)
    assert tree_digest(output) == before


def test_one_run_at_a_time(jobs: list[Job], tmp_path: Path):
    with RunFolder(tmp_path / "out"), pytest.raises(InputError, match="another run is at work there"):
        run_jobs(jobs, tmp_path / "out")


def test_nothing_is_begun_while_a_process_of_a_killed_run_still_works(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("longstride.stages.run_folder.MOMENT_SECONDS", 0.1)
    (tmp_path / "out").mkdir()
    still = FileLock(tmp_path / "out" / ".at-work")
    still.share()
    with pytest.raises(InputError, match="a process of an earlier run is still at work there; end it"):
        run_jobs(jobs, tmp_path / "out")
    still.release()
    run_jobs(jobs, tmp_path / "out")


def test_a_damaged_record_is_named(jobs: list[Job], tmp_path: Path):
    (tmp_path / "out").mkdir()
    for text in ("{", "[]", '{"steps": {"a": {}}}', '{"steps": 3}'):
        (tmp_path / "out" / "run.json").write_text(text)
        with pytest.raises(InputError, match=r"run\.json: is no record of a run"):
            review(jobs, tmp_path / "out")


SCRIPT = """
import json, sys
from pathlib import Path
from longstride.errors import ExpectedError
from longstride.stages.jobs import Input, Job
from longstride.stages.runner import run_jobs

def job(name, *needs):
    inputs = {"given": tuple(Input("", each) for each in needs)} if needs else {}
    return Job(name, "write", "fake_jobs:write", {"parts": 5}, inputs, {"seconds": 0.03})

jobs = [job("data"), job("warm", "data"), job("stage-1", "warm"), job("test", "stage-1"), job("stage-2", "stage-1")]
try:
    run_jobs(jobs, Path(sys.argv[1]), workers=int(sys.argv[2]))
except ExpectedError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.usefixtures("fake")
def test_killed_at_random_points_it_gives_the_same_bytes(tmp_path: Path, tree_digest: Callable[[Path], str]):
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)

    def begin(output: Path, workers: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, script, str(output), str(workers)])

    assert begin(tmp_path / "whole", 1).wait() == 0
    draw = random.Random(0)
    kills = 0
    while True:
        process = begin(tmp_path / "killed", 2)
        try:
            code = process.wait(timeout=draw.uniform(0.3, 1.0) * 1.1**kills)  # a busy machine takes long to begin
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            continue
        assert code == 0
        break
    assert kills > 0
    assert tree_digest(tmp_path / "killed") == tree_digest(tmp_path / "whole")
    for name in ("data", "warm", "stage-1", "test", "stage-2"):
        again = len((tmp_path / "killed" / name / "count").read_text()) - 5
        assert 0 <= again <= kills, "a kill loses at most the part that was in the making"


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_one_line_and_the_same_command_goes_on(tmp_path: Path, number: signal.Signals):
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "out"), "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / "warm" / "0.txt").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    told, _ = process.communicate()
    assert process.returncode == 128 + number
    assert "interrupted, " in told and "the same command goes on" in told
    assert {step["standing"] for step in read_steps(tmp_path / "out").values()} <= {"done", "under way"}
    assert subprocess.run(command).returncode == 0
    assert (tmp_path / "out" / "warm" / "count").read_text() == "xxxxx"
    events = [json.loads(line)["event"] for line in (tmp_path / "out" / "timeline.jsonl").read_text().splitlines()]
    assert "interrupted" in events


def test_interrupted_is_an_expected_error():
    assert Interrupted("x", signal.SIGINT).exit_code == 130
