"""The folder of an evaluation: its answers, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from longstride.errors import InputError
from longstride.evaluation.aggregate import Summary, summarise
from longstride.evaluation.answers import Answer, read_answers
from longstride.workspace import MANIFEST, Workspace

KIND = "evaluation"
ANSWERS = "answers"
DECIMALS = 6  # that files tell


@dataclass(frozen=True)
class Results:
    """An evaluation that is done."""

    folder: Path
    seed: int
    model: str
    answers: Mapping[str, tuple[Answer, ...]]  # by arm, set after set, question after question

    @cached_property
    def summaries(self) -> dict[str, Summary]:
        """Each arm in numbers."""
        return {label: summarise(answers, self.seed) for label, answers in self.answers.items()}


def answers_path(folder: Path, arm: str, set_name: str, batch: int) -> Path:
    """Where the answers of one batch of questions stand."""
    return folder / ANSWERS / arm / set_name / f"{batch:05}.jsonl"


def read_results(folder: str | Path) -> Results:
    """What `evaluate` wrote. Raises InputError for a folder that holds no evaluation, or one that is not done."""
    folder = Path(folder)
    manifest = Workspace(folder, KIND, {}).manifest()
    if manifest is None or manifest.get("kind") != KIND:
        raise InputError("holds no evaluation", path=folder, cure="name the folder that `longstride evaluate` wrote")
    if not manifest.get("complete"):
        raise InputError("the evaluation is not done", path=folder, cure="run its command again: it goes on")
    settings: dict[str, Any] = manifest["settings"]
    try:
        arms = [str(each["label"]) for each in settings["arms"]]
        sets = [str(each["name"]) for each in settings["sets"]]
        seed, model = int(settings["seed"]), str(settings["model"])
    except (KeyError, TypeError, ValueError) as error:
        problem = f"is no evaluation's ({type(error).__name__}: {error})"
        raise InputError(problem, path=folder / MANIFEST, cure="evaluate again") from None
    return gathered(folder, seed, model, arms, sets)


def gathered(folder: Path, seed: int, model: str, arms: list[str], sets: list[str]) -> Results:
    """The answers that stand in the folder."""
    answers = {
        arm: tuple(
            answer
            for name in sets
            for path in sorted(answers_path(folder, arm, name, 0).parent.glob("*.jsonl"))
            if not path.name.startswith(".")
            for answer in read_answers(path)
        )
        for arm in arms
    }
    return Results(folder, seed, model, answers)


def plain(record: Any) -> Any:
    """A dataclass as plain JSON, its numbers rounded to what is told."""
    if isinstance(record, float):
        return round(record, DECIMALS)
    if isinstance(record, Mapping):
        return {str(name): plain(value) for name, value in record.items()}
    return plain(asdict(record)) if hasattr(record, "__dataclass_fields__") else record
