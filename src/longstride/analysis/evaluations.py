"""The evaluations of a run's models: rewards by task and length, and what each stage changed (paper Table 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import PurePath

from longstride.analysis.runs import EVALUATION, TRAINING, WARM_START, Part, Run
from longstride.errors import InputError
from longstride.evaluation.aggregate import Breakdown, broken_down, questions_of
from longstride.evaluation.answers import Answer
from longstride.evaluation.arms import FULL_CONTEXT, MEMORY
from longstride.evaluation.comparison import Comparison, compare_answers
from longstride.evaluation.results import read_results

MODES = (FULL_CONTEXT, MEMORY)
KEPT = 128  # comparisons: each draws its bootstrap, and several parts of a page tell it


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """A model's answers, by how they were made; known by itself, so what is computed of it can be kept."""

    name: str
    logs: tuple[str, ...]  # the folders of its evaluations, relative to the run's
    seed: int
    answers: Mapping[str, tuple[Answer, ...]]  # by mode: full_context, memory

    @cached_property
    def rewards(self) -> dict[str, Breakdown]:
        """By mode, with 95 % bootstrap intervals over questions."""
        return {mode: broken_down(questions_of(answers), self.seed) for mode, answers in self.answers.items()}

    @property
    def log(self) -> str:
        return ", ".join(self.logs)


@dataclass(frozen=True)
class Examination:
    """The models that were asked the same data sets with one way of drawing answers, in the order of their making."""

    sets: tuple[str, ...]
    decoding: str  # "greedy", "t0.7"
    models: tuple[EvaluatedModel, ...]  # one at least
    held_out: bool | None = None  # nothing was trained on the data sets; None where that is not known

    @property
    def name(self) -> str:
        return ", ".join(self.sets)

    @property
    def first(self) -> EvaluatedModel:
        return self.models[0]

    @property
    def last(self) -> EvaluatedModel:
        """The last that was made: the run's result."""
        return self.models[-1]

    @property
    def modes(self) -> list[str]:
        """Those in which some model was read."""
        return [mode for mode in MODES if any(mode in model.answers for model in self.models)]

    def model(self, name: str) -> EvaluatedModel | None:
        """The model of this name; None where it was not asked."""
        return next((model for model in self.models if model.name == name), None)


@dataclass(frozen=True)
class Evaluations:
    """All that was asked, those examinations that most models took first."""

    examinations: tuple[Examination, ...] = ()
    missing: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict[str, int])  # of the run's parts, in order

    @property
    def model_names(self) -> list[str]:
        """Every model, in the order of their making; those from outside the run first."""
        names = dict.fromkeys(model.name for each in self.examinations for model in each.models)
        return sorted(names, key=lambda name: self.places.get(name, -1))


def read_evaluations(run: Run) -> Evaluations:
    """The answers of every evaluation that is done; what is not there, or not done, is told in `missing`."""
    missing: list[str] = []
    asked: dict[tuple[str, tuple[str, ...]], dict[str, list[_Evaluated]]] = {}
    for part in run.of(EVALUATION):
        try:
            results = read_results(part.folder)
        except InputError as error:
            missing.append(f"evaluation {part.name}: {error.problem}")
            continue
        name = _model_name(part, results.model)
        for label, answers in results.answers.items():
            mode, _, decoding = label.partition("-")
            if answers and mode in MODES:
                key = decoding, tuple(sorted({each.set for each in answers}))
                asked.setdefault(key, {}).setdefault(name, []).append(_Evaluated(part, results.seed, mode, answers))
    if not asked and not missing:
        missing.append("nothing was evaluated yet: `longstride evaluate` asks a model held-out questions")
    places = {part.name: place for place, part in enumerate(run.parts)}
    examinations = [
        Examination(
            sets,
            decoding,
            tuple(
                _model(run, name, models[name])
                for name in sorted(models, key=lambda each: (places.get(each, -1), each))
            ),
            held_out(run, [each.part for given in models.values() for each in given]),
        )
        for (decoding, sets), models in asked.items()
    ]
    examinations.sort(key=lambda each: -len(each.models))
    return Evaluations(tuple(examinations), tuple(missing), places)


@dataclass(frozen=True)
class _Evaluated:
    """One arm of one evaluation."""

    part: Part
    seed: int
    mode: str
    answers: tuple[Answer, ...]


def _model(run: Run, name: str, given: Sequence[_Evaluated]) -> EvaluatedModel:
    answers = {mode: _distinct([each.answers for each in given if each.mode == mode]) for mode in MODES}
    logs = tuple(dict.fromkeys(run.log(each.part.folder) for each in given))
    return EvaluatedModel(name, logs, given[0].seed, {mode: held for mode, held in answers.items() if held})


def held_out(run: Run, evaluations: Sequence[Part]) -> bool | None:
    """Whether the plan trained on none of the data sets of these evaluations; None without a plan's record."""
    asked = {name for part in evaluations for name in part.inputs.get("data", ())}
    if not run.planned or not asked:
        return None
    inputs = {part.name: part.inputs for part in run.parts}
    taught = {name for part in run.of(WARM_START, TRAINING) for name in part.inputs.get("data", ())}
    while more := {name for each in taught for name in inputs.get(each, {}).get("data", ())} - taught:
        taught |= more
    return not asked & taught


@lru_cache(KEPT)
def difference(model: EvaluatedModel, base: EvaluatedModel, mode: str) -> Comparison | None:
    """How much more `model` earns than `base`, question by question; None where they share none in this mode."""
    if mode not in model.answers or mode not in base.answers:
        return None
    try:
        return compare_answers(model.answers[mode], base.answers[mode], (model.name, base.name), model.seed)
    except InputError:
        return None


@lru_cache(KEPT)
def memory_gain(model: EvaluatedModel) -> Comparison | None:
    """How much more the memory agent earns than a single pass of the same model; None without both."""
    if not set(MODES) <= set(model.answers):
        return None
    try:
        return compare_answers(model.answers[MEMORY], model.answers[FULL_CONTEXT], (MEMORY, FULL_CONTEXT), model.seed)
    except InputError:
        return None


def _distinct(answers: Sequence[Sequence[Answer]]) -> tuple[Answer, ...]:
    """The answers of several evaluations of one model; a question that stands again is taken once."""
    seen: dict[tuple[str, str, int], Answer] = {}
    for each in (answer for given in answers for answer in given):
        seen.setdefault((each.set, each.sample_id, each.index), each)
    return tuple(seen.values())


def _model_name(part: Part, recorded: str) -> str:
    """The part of the run that made the model, or the last telling piece of its path."""
    if part.inputs.get("model"):
        return part.inputs["model"][0]
    pieces = [piece for piece in PurePath(recorded).parts if piece != "model"]
    return pieces[-1] if pieces else recorded
