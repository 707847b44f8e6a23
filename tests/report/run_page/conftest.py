"""Runs as the plan's runner leaves them, written here with known numbers: whole ones, and what a kill leaves."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from longstride.evaluation.answers import Reply
from longstride.evaluation.arms import FULL_CONTEXT, GREEDY, MEMORY, Arm, Decoding
from longstride.evaluation.questions import EvaluationSet
from longstride.evaluation.runner import evaluate
from longstride.records import Document, Evidence, Sample, Trajectory, TrajectoryGroup, Turn
from longstride.records.parquet import write_documents, write_groups, write_samples
from longstride.report.run_page import write_run_page

TASKS = ("dialogue_memory", "multi_hop", "numerical")
ATTACK = "</title><script>window.owned = 1</script> \u202eesrever & \"quoted\" 'too'"
STAGES = {"stage-1": (40, 0.2, 0.6), "memory-expert": (25, 0.5, 0.5)}  # steps, reward at first, at last
TEXT = "the pilot of lindmoor burns a lantern at dawn and nobody knows why 1688 </think> <b> answer is : ebbing"
LENGTHS = (60, 100, 200)  # tokens


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a plan that is done; nobody changes it."""
    return make_run(tmp_path_factory.mktemp("runs") / "greywater", seed=1)


@pytest.fixture(scope="session")
def other_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same plan with another learning rate, which learnt less."""
    return make_run(tmp_path_factory.mktemp("runs") / "lindmoor", seed=2, gain=0.0, lr=1e-5)


@pytest.fixture
def broken_run(run_folder: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(run_folder, tmp_path / "broken")


@pytest.fixture(scope="session")
def page(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run_page(run_folder, tmp_path_factory.mktemp("out") / "a page, 100% #1 ?.html")


@pytest.fixture(scope="session")
def page_of_two(run_folder: Path, other_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run_page(run_folder, tmp_path_factory.mktemp("out") / "two.html", other_run)


def make_run(folder: Path, seed: int, gain: float = 0.4, lr: float = 2e-4) -> Path:
    """A data set, a model, a warm start, two stages with rollouts, and five evaluations."""
    samples = write_data_set(folder / "questions")
    held = write_data_set(folder / "held")
    write_tokenizer(folder / "model" / "model")
    write_warm_start(folder / "warm")
    for name in STAGES:
        write_stage(folder / name, seed, samples, lr)
    rewards = {"warm": 0.3, "stage-1": 0.3 + gain, "memory-expert": 0.3 + gain * 0.9}
    evaluations: dict[str, str] = {}
    for model, reward in rewards.items():
        evaluations[f"eval-{model}"] = model
        write_evaluation(folder / f"eval-{model}", model, held, {FULL_CONTEXT: reward}, seed)
    for model, reward in (("warm", 0.2), ("memory-expert", 0.9)):
        evaluations[f"reading-{model}"] = model
        write_evaluation(folder / f"reading-{model}", model, held[:12], {FULL_CONTEXT: 0.1, MEMORY: reward}, seed)
    write_record(folder, evaluations)
    return folder


def write_record(folder: Path, evaluations: Mapping[str, str]) -> None:
    made_from = {
        "questions": ("synthesize", {}),
        "held": ("synthesize", {}),
        "model": ("tiny_model", {}),
        "warm": ("warmup", {"model": ["model"], "data": ["questions"]}),
        "stage-1": ("train", {"model": ["warm"], "data": ["questions"]}),
        "memory-expert": ("train", {"model": ["stage-1"], "data": ["questions"]}),
        **{name: ("evaluate", {"model": [model], "data": ["held"]}) for name, model in evaluations.items()},
    }
    steps = {
        name: {
            "kind": kind,
            "fingerprint": name,
            "settings": {},
            "inputs": {role: [[each, "0"] for each in given] for role, given in inputs.items()},
            "standing": "done",
            "longstride": "0.1.0",
        }
        for name, (kind, inputs) in made_from.items()
    }
    write_json(folder / "run.json", {"steps": steps})
    events: list[dict[str, Any]] = []
    for place, name in enumerate(made_from):
        events.append({"time": 100.0 * place, "event": "begin", "step": name})
        events.append({"time": 100.0 * place + 9, "event": "done", "step": name, "seconds": 7.25 + place})
    write_lines(folder / "timeline.jsonl", events)


def write_data_set(folder: Path) -> list[Sample]:
    filler = "The river widens here, and the barges wait for the tide. " * 12
    documents = [
        Document("d/hostile", ATTACK, "code", "hostile", f"{filler}{ATTACK} lies here. {filler}"),
        Document("d/ebbing", "Ebbing", "literature", "ebbing", f"{filler}Ebbing was founded in 1688. {filler}"),
    ]
    quotes = [quote(documents[0], "lies here"), quote(documents[1], "founded in 1688"), quote(documents[1], "Ebbing")]
    samples = [
        Sample(
            id=f"{task}-{number}",
            data_source="longstride/greywater",
            prompt=({"role": "user", "content": "Read, and answer."},),
            task=task,
            question_type="needle",
            core_question=f"In which year was Ebbing founded? {ATTACK}",
            format_instructions="Answer with the year.",
            ground_truth=("1688",),
            reward_style="cover_exact_match",
            generator="reading",
            seed=number,
            document_ids=("d/hostile", "d/ebbing"),
            evidence=tuple(quotes),
            input_tokens=LENGTHS[number % len(LENGTHS)] + number,
        )
        for task in TASKS
        for number in range(8)
    ]
    write_documents(folder / "documents" / "00000.parquet", documents)
    write_samples(folder / "samples" / "00000.parquet", samples)
    stages = [
        {"stage": "quotes", "in": 50, "out": 47, "reasons": {"a quotation is not there": 3}, "notes": {}},
        {"stage": "balance", "in": 47, "out": 24, "reasons": {"more than its share": 23}, "notes": {}},
    ]
    write_json(folder / "funnel.json", {"samples": stages, "corpus": {}})
    write_json(folder / "manifest.json", {"kind": "data set", "complete": True, "settings": {"seed": 0}})
    return samples


def quote(document: Document, text: str) -> Evidence:
    start = document.text.index(text)
    return Evidence(document.id, start, start + len(text), text)


def write_tokenizer(folder: Path) -> None:
    folder.mkdir(parents=True)
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys(("[UNK]", *TEXT.split())))}
    tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[UNK]")).save(str(folder / "tokenizer.json"))


def write_warm_start(folder: Path) -> None:
    rows = [
        {"step": step, "loss": 5 - step / 8, "sure_tokens": step / 40, "sure_answers": step / 50}
        for step in range(1, 31)
    ]
    write_lines(folder / "metrics.jsonl", rows)
    write_json(folder / "manifest.json", {"kind": "warm start", "complete": True, "settings": {"steps": 30}})


def write_stage(folder: Path, seed: int, samples: Sequence[Sample], lr: float) -> None:
    steps, first, last = STAGES[folder.name]
    draw = random.Random(f"{seed}/{folder.name}")
    rows: list[dict[str, Any]] = [{"step": 0, "eval/reward": 0.25, **{f"eval/reward/{task}": 0.25 for task in TASKS}}]
    for step in range(1, steps + 1):
        reward = first + (last - first) * step / steps
        entropy = 1.5 + 0.5 * (step % 10) / 10 + draw.gauss(0, 0.02)
        row = {"step": step, "lr": lr, "reward": reward + draw.gauss(0, 0.02), "entropy": entropy}
        row |= {f"reward/{task}": min(1.0, max(0.0, reward + draw.gauss(0, 0.05))) for task in TASKS}
        row |= {"response_tokens": 20 + step / 3, "gradient_norm": 1 + draw.random(), "kept_share": 1.0}
        row |= {"controller/keep_negatives": float(entropy < 1.8)}
        if step % 10 == 0:
            row |= {"eval/reward": reward, **{f"eval/reward/{task}": reward for task in TASKS}}
        rows.append(row)
    write_lines(folder / "metrics.jsonl", rows)
    settings = {
        "aepo": {"controller": "latch", "low": 0.9, "high": 1.2, "unit": "start"},
        "data": {"max_input_tokens": 256},
        "rollout": {"max_output_tokens": 48, "temperature": 1.0},
        "model": {"path": "warm/model"},
        "optimizer": {"lr": lr},
        "memory": {"chunk_tokens": 64} if folder.name == "memory-expert" else None,
    }
    write_json(folder / "manifest.json", {"kind": "training run", "complete": True, "settings": settings})
    turns = 3 if folder.name == "memory-expert" else 1
    groups = [group(sample, draw, turns) for sample in samples[::4]]
    write_groups(folder / "rollouts" / f"step-{steps:08d}.parquet", groups)


def group(sample: Sample, draw: random.Random, turns: int) -> TrajectoryGroup:
    def turn() -> Turn:
        size = draw.randrange(8, 30)
        prompt = tuple(draw.randrange(1, 15) for _ in range(20))
        response = tuple(draw.randrange(1, 20) for _ in range(size))
        return Turn(prompt, response, entropies=tuple(draw.random() * 3 for _ in range(size)))

    trajectories = tuple(
        Trajectory(tuple(turn() for _ in range(turns)), float(index % 2), sample.task, sample.id, index)
        for index in range(4)
    )
    return TrajectoryGroup(sample.id, sample.id, sample.task, trajectories)


class KnownAnswerer:
    """Right on a stated share of its answers, which are drawn by the question."""

    def __init__(self, reward: float, seed: int, answers: int) -> None:
        self.reward, self.seed, self.answers = reward, seed, answers

    def answer(self, samples: Sequence[Sample]) -> Iterator[tuple[Reply, ...]]:
        reply = Reply("1688", 1.0, "1688", "", "rule", 1, 90, 12, False, 0)
        for sample in samples:
            draw = random.Random(f"{self.seed}/{sample.id}")
            yield tuple(replace(reply, reward=float(draw.random() < self.reward)) for _ in range(self.answers))


def write_evaluation(
    folder: Path, model: str, samples: Sequence[Sample], rewards: Mapping[str, float], seed: int
) -> None:
    """One way of reading is drawn four times; two are greedy, on a set of another name."""
    decoding = GREEDY if MEMORY in rewards else Decoding()
    sets = [EvaluationSet("held-long" if MEMORY in rewards else "held", tuple(samples))]

    @contextmanager
    def opened(arm: Arm) -> Iterator[KnownAnswerer]:
        yield KnownAnswerer(rewards[arm.mode], seed, decoding.answers)

    evaluate(sets, [Arm(mode, decoding) for mode in rewards], opened, folder, model=f"{model}/model", settings={})


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
