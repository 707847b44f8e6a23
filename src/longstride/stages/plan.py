"""The plan of a whole run as data (paper 4.1, Figure 6): every kind of step with its settings and where they come from.

A step names what it takes: an earlier step by its name, or a folder from outside by a path with a slash in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from longstride.engines.local.recipe import Section, setting

NAME = r"^[a-z0-9][a-z0-9_-]*$"
OUTSIDE = "or a folder: a path with a slash"


class Step(Section):
    """What every step has."""

    name: str = setting(..., "of the step and of its folder; small letters, digits, - and _", pattern=NAME)
    seed: int | None = setting(None, "none: the plan's")


class WorldStep(Step):
    """Documents of fictional worlds, whose facts no model can know."""

    kind: Literal["world"]
    worlds: int = setting(1, "how many, each of its own seed", ge=1)
    first_world: int = setting(0, "the first one's seed; the others follow", ge=0)
    vocabulary: Literal["full", "small"] = setting("full", "small: closed, for models of half a million parameters")
    documents: int | None = setting(None, "of each world; a full world has no end", ge=1)

    @model_validator(mode="after")
    def _has_an_end(self) -> WorldStep:
        if self.vocabulary == "full" and self.documents is None:
            raise ValueError("vocabulary is full, but documents is not set; such a world has no end")
        return self


class SynthesizeStep(Step):
    """Verified questions over documents (paper 3)."""

    kind: Literal["synthesize"]
    documents: str = setting(..., f"a world step, {OUTSIDE}")
    tokenizer: str = setting("bundled", f"a step that gives a model, {OUTSIDE}; bundled: an estimate")
    samples: int = setting(1000, "accepted ones to keep", ge=1)
    tasks: tuple[str, ...] = setting((), "only these; none given: every task that the documents allow")
    target_tokens: str = setting("8k,32k", "lengths of the inputs; 8k:3,32k:1 for shares of 3 to 1")
    prompt: Literal["paper", "tiny"] = setting("paper", "tiny: for models of a few hundred words")
    filters: bool = setting(True, "leave documents of poor quality out", "paper 3.1")
    questions_per_context: int = setting(0, "at most so many share their documents; 0: what suits the prompt", ge=0)


class TinyModelStep(Step):
    """A model that knows nothing yet, built to look things up."""

    kind: Literal["tiny_model"]
    hidden_size: int = setting(128, "of the hidden states", ge=8)
    layers: int = setting(2, "two at least", ge=2)
    heads: int = setting(4, "of attention", ge=1)
    head_size: int = setting(32, "of each", ge=4)
    mlp_size: int = setting(256, "inner width", ge=8)
    max_tokens: int = setting(4096, "positions", ge=1)


class WarmupStep(Step):
    """A model taught by examples, before reinforcement learning begins."""

    kind: Literal["warmup"]
    model: str = setting(..., f"an earlier step that gives a model, {OUTSIDE}")
    data: tuple[str, ...] = setting(..., f"steps that give data sets, {OUTSIDE}", min_length=1)
    teaches: Literal["answers", "memory", "both"] = setting(
        "answers", "answers: short reasoning and an answer; memory: the memory agent's turns"
    )
    chunk_tokens: int = setting(128, "of the memory agent's lessons", ge=1)
    memory_tokens: int = setting(48, "of the memory agent's lessons", ge=1)
    prompts: Literal["paper", "chunk_first", "tiny", "tiny_chunk_first"] = setting(
        "tiny_chunk_first", "of the memory agent's lessons"
    )
    steps: int = setting(1000, "optimizer steps", ge=1)
    minutes: float | None = setting(None, "end by then; the clock then has a part in the weights", gt=0)
    batch_tokens: int = setting(2048, "processed in a step", ge=1)
    optimizer: Literal["muon", "adamw"] = setting("muon", "muon for the tiny model from nothing")
    lr: float | None = setting(None, "at its peak; none: 0.006 for muon, 0.001 for adamw", gt=0)
    gradient_checkpointing: bool = setting(False, "less memory, more time")


class StageStep(Step):
    """A stage of reinforcement learning (Figure 6): measure, select, train."""

    kind: Literal["full_context", "memory"]
    model: str = setting(..., f"what it starts from: an earlier step, {OUTSIDE}")
    data: tuple[str, ...] = setting(..., f"steps that give data sets, {OUTSIDE}", min_length=1)
    max_input_tokens: int = setting(..., "longer inputs are left out", "paper Figure 6", ge=1)
    max_output_tokens: int = setting(..., "longer responses are cut", "paper 4.1, Figure 6", ge=1)
    steps: int = setting(..., "batches", "unpublished", ge=1)
    selection: Literal["all", "strata", "retrospective"] = setting(
        "all",
        "strata: equal draws from bins of pass@k; retrospective: hard samples weigh more; all: nothing is measured",
        "paper 4.2 (strata, before training) and 4.1 (retrospective, between stages)",
    )
    samples: int | None = setting(None, "at most so many are selected", ge=1)
    measured: int | None = setting(None, "measure so many, with equal shares of tasks; none: all", ge=1)
    rollouts: int = setting(8, "responses to each sample that is measured", "unpublished; the group size", ge=1)
    bins: int = setting(4, "of pass@k, beside never and always solved", "unpublished", ge=1)
    fill: bool = setting(False, "strata: what a small bin lacks comes from the others")
    carry_over: tuple[str, ...] = setting((), "earlier stages whose selected samples are measured and may come again")
    max_never_solved_share: float = setting(
        0.2, "retrospective: of what is selected, at most", "unpublished", ge=0, le=1
    )
    held_out: str | None = setting(None, f"a data set to evaluate on while training: a step, {OUTSIDE}")
    recipe: dict[str, Any] = setting({}, "sections of a training recipe, over the plan's [training]")


class MergeStep(Step):
    """Models trained from one base, made one."""

    kind: Literal["merge"]
    base: str = setting(..., f"the model that training began with: a step, {OUTSIDE}", "paper 4.1")
    models: tuple[str, ...] = setting(..., f"what became of it: steps, {OUTSIDE}", "paper 4.1", min_length=1)
    method: Literal["sce", "linear", "task_arithmetic"] = setting("sce", "the others are to compare", "paper 4.1")
    topk: float = setting(1.0, "of sce: share of elements kept", "unpublished", gt=0, le=1)
    weights: tuple[float, ...] = setting((), "of linear and task_arithmetic, one a model")
    dtype: Literal["keep", "float32", "bfloat16"] = setting("keep", "of the result; float32 if training goes on")


class EvaluateStep(Step):
    """A model's answers to held-out questions, in one pass or by the memory agent."""

    kind: Literal["evaluate"]
    model: str = setting(..., f"an earlier step that gives a model, {OUTSIDE}")
    data: tuple[str, ...] = setting(..., f"steps that give data sets, {OUTSIDE}", min_length=1)
    agent: Literal["none", "memory", "both"] = setting("none", "none: the whole input in one pass")
    temperature: float = setting(0.7, "0 is greedy", "paper 5.1", ge=0)
    top_p: float = setting(0.95, "share of the softmax that is drawn from", "paper 5.1", gt=0, le=1)
    answers: int = setting(4, "to each question", ge=1)
    samples: int | None = setting(None, "of each data set at most, with equal shares of tasks", ge=1)
    window: int | None = setting(None, "tokens of prompt and answer together; none: the model's own", ge=1)
    answer_tokens: int | None = setting(None, "at most, of an answer", ge=1)
    chunk_tokens: int | None = setting(None, "of the memory agent", "paper Figure 6: 32K", ge=1)
    memory_tokens: int | None = setting(None, "of the memory agent", "paper Figure 6: 15K", ge=1)
    update_tokens: int | None = setting(None, "of the memory agent: of one update's response", ge=1)
    prompts: Literal["paper", "chunk_first", "tiny", "tiny_chunk_first"] = setting("paper", "tiny: for tiny models")

    @model_validator(mode="after")
    def _draws_what_differs(self) -> EvaluateStep:
        if self.temperature == 0 and self.answers > 1:
            raise ValueError("temperature is 0, so answers are all the same; set answers = 1")
        return self


PlanStep = Annotated[
    WorldStep | SynthesizeStep | TinyModelStep | WarmupStep | StageStep | MergeStep | EvaluateStep,
    Field(discriminator="kind"),
]


class Plan(Section):
    """A run. Read one with `plan_files.load_plan`."""

    about: str = setting("", "what it is, in a line")
    seed: int = setting(0, "every random choice follows from it")
    size: str | None = setting(None, "the known model that --estimate reckons with, where there is no folder yet")
    training: dict[str, Any] = setting({}, "sections of a training recipe that all stages share")
    steps: tuple[PlanStep, ...] = setting(..., "in an order in which each stands after what it needs", min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Plan:
        names = [step.name for step in self.steps]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two steps are named {name!r}; give each a name of its own")
            if name == "logs":
                raise ValueError("a step is named 'logs', where the run's own logs stand; give it another name")
        return self

    def stages(self) -> Iterator[StageStep]:
        """The stages of reinforcement learning, in order."""
        return (step for step in self.steps if isinstance(step, StageStep))
