import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from longstride.errors import InputError
from longstride.evaluation.answers import Reply
from longstride.evaluation.arms import GREEDY, Arm, Decoding
from longstride.evaluation.questions import EvaluationSet
from longstride.evaluation.results import read_results
from longstride.evaluation.runner import evaluate
from longstride.records import Sample

ARMS = [Arm("full_context", Decoding(answers=2)), Arm("memory", Decoding(answers=2))]


class Stopped(BaseException):
    """A kill, as far as this process can have one."""


class Answers:
    """Answers with the sample's own number; after `last` batches it is killed."""

    def __init__(self, make_reply: Callable[..., Reply], last: int | None = None) -> None:
        self.make_reply, self.last = make_reply, last
        self.asked: list[str] = []
        self.opened: list[str] = []
        self.closed = 0

    @contextmanager
    def open(self, arm: Arm) -> Iterator["Answers"]:
        self.opened.append(arm.label)
        yield self
        self.closed += 1

    def answer(self, samples: Sequence[Sample]) -> Iterator[tuple[Reply, ...]]:
        self.last = None if self.last is None else self.last - 1
        for sample in samples:
            if self.last is not None and self.last < 0 and sample is samples[-1]:
                raise Stopped
            self.asked.append(sample.id)
            number = int(sample.id.removeprefix("s"))
            yield tuple(self.make_reply(float((number + index) % 2), text=f"{number}/{index}") for index in range(2))


@pytest.fixture
def sets(make_town_sample: Callable[..., Sample]) -> list[EvaluationSet]:
    return [
        EvaluationSet("short", tuple(make_town_sample(number) for number in range(5))),
        EvaluationSet("long", tuple(make_town_sample(number, input_tokens=900) for number in range(5, 12))),
    ]


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run(sets: Sequence[EvaluationSet], answers: Answers, output: Path, **settings: Any) -> Any:
    return evaluate(sets, ARMS, answers.open, output, model="m", settings=settings, questions_at_once=3)


def test_every_question_is_answered_in_every_arm(
    sets: list[EvaluationSet], tmp_path: Path, make_graded_reply: Callable[..., Reply]
):
    answers = Answers(make_graded_reply)
    results = run(sets, answers, tmp_path / "out")
    assert {label: len(each) for label, each in results.answers.items()} == {"full_context-t0.7": 24, "memory-t0.7": 24}
    assert results.summaries["memory-t0.7"].reward.overall.value == 0.5
    assert results.summaries["memory-t0.7"].pass_at_k[2].value == 1.0
    assert [each.sample_id for each in results.answers["memory-t0.7"]][::2] == [f"s{number}" for number in range(12)]
    assert [each.reply.text for each in results.answers["memory-t0.7"]][:2] == ["0/0", "0/1"]
    assert read_results(tmp_path / "out").answers == results.answers
    assert (answers.opened, answers.closed) == (["full_context-t0.7", "memory-t0.7"], 2)


def test_killed_anywhere_it_goes_on_to_the_same_bytes(
    sets: list[EvaluationSet], tmp_path: Path, make_graded_reply: Callable[..., Reply]
):
    run(sets, Answers(make_graded_reply), tmp_path / "whole")
    expected = bytes_of(tmp_path / "whole")
    assert len(expected) == 3 + 2 * (2 + 3)  # manifest, results, page, and the batches
    for last in range(10):
        output = tmp_path / f"killed-{last}"
        with pytest.raises(Stopped):
            run(sets, Answers(make_graded_reply, last), output)
        assert not (output / "results.json").exists()
        rest = Answers(make_graded_reply)
        run(sets, rest, output)
        assert bytes_of(output) == expected
        assert len(rest.asked) == 24 - sum([3, 2, 3, 3, 1, 3, 2, 3, 3, 1][:last])  # nothing twice
    again = Answers(make_graded_reply)
    run(sets, again, tmp_path / "whole")
    assert again.opened == []


def test_another_configuration_is_refused(
    sets: list[EvaluationSet], tmp_path: Path, make_graded_reply: Callable[..., Reply]
):
    run(sets, Answers(make_graded_reply), tmp_path / "out", window=100)
    with pytest.raises(InputError, match="window 100, now 200"):
        run(sets, Answers(make_graded_reply), tmp_path / "out", window=200)
    fewer = [EvaluationSet("short", sets[0].samples[1:]), sets[1]]
    with pytest.raises(InputError, match="other settings"):
        run(fewer, Answers(make_graded_reply), tmp_path / "out", window=100)


def test_names_that_stand_twice_and_answers_that_are_missing_are_errors(
    sets: list[EvaluationSet], tmp_path: Path, make_graded_reply: Callable[..., Reply]
):
    with pytest.raises(InputError, match="short, short"):
        run([sets[0], sets[0]], Answers(make_graded_reply), tmp_path / "out")
    with pytest.raises(InputError, match="no data set"):
        run([], Answers(make_graded_reply), tmp_path / "out")
    with pytest.raises(ValueError, match="got 2 answers, expected 1"):
        evaluate(
            sets, [Arm("memory", GREEDY)], Answers(make_graded_reply).open, tmp_path / "out", model="m", settings={}
        )


PROGRAM = """
import sys, time
from contextlib import contextmanager
from longstride.evaluation.answers import Reply
from longstride.evaluation.arms import GREEDY, Arm
from longstride.evaluation.questions import load_sets
from longstride.evaluation.runner import evaluate
from pathlib import Path

class Slow:
    def answer(self, samples):
        for sample in samples:
            time.sleep(float(sys.argv[3]))
            yield [Reply(sample.id, 1.0, "x", "", "rule", 1, 1, 1, False, 0)]

@contextmanager
def opened(arm):
    yield Slow()

evaluate(load_sets([Path(sys.argv[1])], None, 0), [Arm("memory", GREEDY)], opened, sys.argv[2],
         model="m", settings={}, questions_at_once=1)
"""


def test_a_process_that_is_killed_leaves_what_the_next_one_goes_on_with(town_dataset: Path, tmp_path: Path):
    def started(output: Path, seconds: float) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PROGRAM, str(town_dataset), str(output), str(seconds)])

    assert started(tmp_path / "whole", 0).wait() == 0
    process, output = started(tmp_path / "killed", 0.2), tmp_path / "killed"
    while len(list(output.rglob("*.jsonl"))) < 2 and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in output.rglob("*.jsonl") if not path.name.startswith(".")}
    assert 2 <= len(done) < 6
    assert started(output, 0).wait() == 0
    assert bytes_of(output) == bytes_of(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == written for path, written in done.items())
