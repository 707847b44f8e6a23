"""Metrics: what they say of trajectories, and a file that has every step once, whatever a kill left."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.engines.local.metrics import MetricsFile, judge_counts, read_metrics, reward_metrics, update_metrics
from longstride.engines.local.updating import NO_SIGNAL, Step
from longstride.records import Trajectory, TrajectoryGroup, Turn


def group(name: str, task: str, rewards: list[float], lengths: list[int], **details: object) -> TrajectoryGroup:
    trajectories = tuple(
        Trajectory(
            (Turn((1,), (5,) * length, finish_reason="length" if length > 3 else "stop"),),
            reward,
            task,
            name,
            index,
            details=details,
        )
        for index, (reward, length) in enumerate(zip(rewards, lengths, strict=True))
    )
    return TrajectoryGroup(name, name, task, trajectories)


def test_rewards_in_all_and_by_task():
    groups = [group("a", "multi_hop", [1.0, 0.0], [2, 4]), group("b", "numerical", [1.0], [6])]
    found = reward_metrics(groups, "eval/")
    assert found["eval/reward"] == pytest.approx(2 / 3)
    assert (found["eval/reward/multi_hop"], found["eval/reward/numerical"]) == (0.5, 1.0)
    assert (found["eval/response_tokens"], found["eval/cut_share"]) == (4.0, pytest.approx(2 / 3))
    assert "eval/judge/asked" not in found


def test_the_judge_s_failures_are_counted():
    groups = [
        group("a", "multi_hop", [1.0, 0.0], [1, 1], decided_by="judge_failed", judge_asked=True),
        group("b", "multi_hop", [1.0], [1], decided_by="judge", judge_asked=True),
        group("c", "multi_hop", [1.0], [1], decided_by="no_answer", judge_asked=False),
    ]
    assert judge_counts(each for one in groups for each in one.trajectories) == (3, 2)
    found = reward_metrics(groups)
    assert (found["judge/asked"], found["judge/failed"], found["no_answer_share"]) == (3.0, 2.0, 0.25)


def test_norms_are_of_the_steps_that_had_one():
    steps = [
        Step(
            gradient_norm=2.0, positive_norm=1.0, negative_norm=3.0, mismatch_sum=0.2, mismatch_max=0.1, scored_tokens=4
        ),
        Step(left_out=NO_SIGNAL),
        Step(gradient_norm=0.5, mismatch_sum=0.2, mismatch_max=0.3, scored_tokens=4),
    ]
    found = update_metrics(steps, max_norm=1.0)
    assert (found["gradient_norm"], found["gradient_norm_positive"], found["clipped_steps"]) == (1.25, 1.0, 1.0)
    assert (found["mismatch_mean"], found["mismatch_max"]) == (pytest.approx(0.05), 0.3)
    assert (found["optimizer_steps"], found["left_out"]) == (2.0, NO_SIGNAL)
    assert "gradient_norm" not in update_metrics([Step(left_out=NO_SIGNAL)], 1.0)


def test_a_run_that_goes_on_drops_what_lies_beyond_its_checkpoint(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    with MetricsFile(path, after=-1) as file:
        for step in range(4):
            file.write(step, {"reward": step / 10})
    path.write_text(path.read_text() + '{"step": 4, "rew', encoding="utf-8")  # a kill
    with MetricsFile(path, after=2) as file:
        file.write(3, {"reward": 9.0})
    assert [(line["step"], line["reward"]) for line in read_metrics(path)] == [(0, 0.0), (1, 0.1), (2, 0.2), (3, 9.0)]
    with MetricsFile(path, after=-1):
        pass
    assert read_metrics(path) == []


def test_numbers_that_json_lacks_are_null(tmp_path: Path):
    with MetricsFile(tmp_path / "m.jsonl", after=-1) as file:
        file.write(1, {"gradient_norm": math.nan, "loss": math.inf, "left_out": "why"})
    (line,) = (tmp_path / "m.jsonl").read_text().splitlines()
    assert json.loads(line) == {"step": 1, "gradient_norm": None, "loss": None, "left_out": "why"}


@given(cut=st.integers(min_value=0, max_value=200))
def test_a_file_cut_anywhere_gives_the_lines_before_the_cut(tmp_path_factory: pytest.TempPathFactory, cut: int):
    path = tmp_path_factory.mktemp("cut") / "m.jsonl"
    whole = "".join(json.dumps({"step": step, "text": "ä\n"}) + "\n" for step in range(5))
    path.write_bytes(whole.encode()[:cut])
    complete = whole.encode()[: cut + 1].count(b"}\n")
    assert [line["step"] for line in read_metrics(path)] in (list(range(complete)), list(range(complete + 1)))
