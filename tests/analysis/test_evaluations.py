"""Which evaluations are told, in which order, and what two models differ by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from longstride.analysis.evaluations import difference, memory_gain, read_evaluations
from longstride.analysis.runs import read_run
from longstride.evaluation.answers import Reply
from longstride.evaluation.arms import FULL_CONTEXT, GREEDY, MEMORY, Arm, Decoding
from longstride.evaluation.questions import EvaluationSet
from longstride.evaluation.runner import evaluate
from longstride.records import Sample

ONCE = Decoding(answers=1)


def samples(count: int) -> list[Sample]:
    return [
        Sample(
            id=f"q{number}",
            data_source="x",
            prompt=({"role": "user", "content": "?"},),
            task="multi_hop",
            question_type="needle",
            core_question="?",
            format_instructions="",
            ground_truth=("yes",),
            reward_style="cover_exact_match",
            generator="x",
            seed=0,
            document_ids=("d",),
            input_tokens=60,
        )
        for number in range(count)
    ]


class Answerer:
    """Right on the first `right` questions."""

    def __init__(self, right: int) -> None:
        self.right = right

    def answer(self, samples: Sequence[Sample]) -> Iterator[tuple[Reply, ...]]:
        for each in samples:
            yield (Reply("", float(int(each.id[1:]) < self.right), "", "", "rule", 1, 1, 1, False, 0),)


def answered(folder: Path, model: str, right: dict[Arm, int], set_name: str = "held") -> None:
    @contextmanager
    def opened(arm: Arm) -> Iterator[Answerer]:
        yield Answerer(right[arm])

    evaluate([EvaluationSet(set_name, tuple(samples(4)))], list(right), opened, folder, model=model, settings={})


def test_models_are_told_apart_by_mode_and_compared_question_by_question(tmp_path: Path):
    answered(tmp_path / "e1", "runs/a/model", {Arm(FULL_CONTEXT, ONCE): 1, Arm(MEMORY, ONCE): 2})
    answered(tmp_path / "e2", "runs/b/model", {Arm(FULL_CONTEXT, ONCE): 3})
    (found,) = read_evaluations(read_run(tmp_path)).examinations
    first, last = found.models
    assert (first.name, last.name, found.decoding, found.held_out) == ("a", "b", "t0.7", None)
    assert first.rewards[FULL_CONTEXT].overall.value == 0.25
    change = difference(last, first, FULL_CONTEXT)
    assert change is not None and (change.difference.overall.value, change.better, change.worse) == (0.5, 2, 0)
    assert difference(last, first, MEMORY) is None
    gain = memory_gain(first)
    assert gain is not None and gain.difference.overall.value == 0.25
    assert memory_gain(last) is None


def test_other_questions_and_other_decodings_are_told_apart(tmp_path: Path):
    answered(tmp_path / "e1", "a", {Arm(FULL_CONTEXT, ONCE): 1, Arm(FULL_CONTEXT, GREEDY): 1})
    answered(tmp_path / "e2", "b", {Arm(FULL_CONTEXT, GREEDY): 3})
    answered(tmp_path / "e3", "b", {Arm(MEMORY, GREEDY): 2}, set_name="long")
    found = read_evaluations(read_run(tmp_path))
    assert [(each.sets, each.decoding, [model.name for model in each.models]) for each in found.examinations] == [
        (("held",), "greedy", ["a", "b"]),  # most models first
        (("held",), "t0.7", ["a"]),
        (("long",), "greedy", ["b"]),
    ]
    assert found.model_names == ["a", "b"]


def test_an_evaluation_that_is_not_done_is_named(tmp_path: Path):
    answered(tmp_path / "e1", "a", {Arm(FULL_CONTEXT, ONCE): 1})
    manifest = tmp_path / "e1" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"complete": true', '"complete": false'), "utf-8")
    found = read_evaluations(read_run(tmp_path))
    assert found.examinations == () and found.missing == ("evaluation e1: the evaluation is not done",)


@pytest.mark.parametrize(("asked", "held_out"), [("other", True), ("questions", False), ("chosen", False)])
def test_the_plan_tells_whether_questions_were_trained_on(tmp_path: Path, asked: str, held_out: bool):
    answered(tmp_path / "e1", "m", {Arm(FULL_CONTEXT, ONCE): 1})
    inputs = {
        "chosen": ("select", {"data": [["questions", "0"]]}),
        "m": ("train", {"data": [["chosen", "0"]]}),
        "e1": ("evaluate", {"model": [["m", "0"]], "data": [[asked, "0"]]}),
    }
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "metrics.jsonl").write_text('{"step": 1, "reward": 1}\n', "utf-8")
    steps = {
        name: {"kind": kind, "fingerprint": "", "settings": {}, "inputs": given, "standing": "done"}
        for name, (kind, given) in inputs.items()
    }
    (tmp_path / "run.json").write_text(json.dumps({"steps": steps}), "utf-8")
    (found,) = read_evaluations(read_run(tmp_path)).examinations
    assert found.held_out is held_out
