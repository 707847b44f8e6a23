"""From a plan to its jobs: names become inputs, stages become what the paper does in them (4.1, 4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from longstride.errors import InputError
from longstride.stages.jobs import Input, Job
from longstride.stages.plan import (
    EvaluateStep,
    MergeStep,
    Plan,
    StageStep,
    Step,
    SynthesizeStep,
    TinyModelStep,
    WarmupStep,
    WorldStep,
)
from longstride.stages.stage_recipes import measuring_identity, stage_recipe, training_identity

Gives = Literal["documents", "data", "model", "results"]
PATTERNS: dict[Gives, tuple[str, ...]] = {
    "documents": ("**/*",),
    "data": ("*.parquet", "*.jsonl", "samples/*.parquet", "documents/*.parquet"),
    "model": ("*.safetensors", "config.json", "tokenizer.json"),
    "results": ("*",),
}
MODEL = "model"  # the folder of a model in that of its step
SELECTED, PASS_RATES = "selected", "pass-rates"
MEMORY_LESSONS = ("chunk_tokens", "memory_tokens", "prompts")
KINDS = "longstride.stages.kinds"


def jobs_of(plan: Plan) -> list[Job]:
    """The jobs of a plan, each after what it needs.

    Raises InputError for a step that names one that is unknown, stands after it, or gives something else.
    """
    return _Expansion(plan).jobs()


@dataclass
class _Expansion:
    plan: Plan
    gives: dict[str, Gives] = field(default_factory=dict[str, Gives])  # of the steps before
    selected: dict[str, tuple[Input, ...]] = field(default_factory=dict[str, "tuple[Input, ...]"])  # stage -> its data

    def jobs(self) -> list[Job]:
        made: list[Job] = []
        for step in self.plan.steps:
            match step:
                case WorldStep():
                    made.append(self.world(step))
                    self.gives[step.name] = "documents"
                case SynthesizeStep():
                    made.append(self.synthesize(step))
                    self.gives[step.name] = "data"
                case TinyModelStep():
                    made.append(self.tiny_model(step))
                    self.gives[step.name] = "model"
                case WarmupStep():
                    made.append(self.warmup(step))
                    self.gives[step.name] = "model"
                case StageStep():
                    made += self.stage(step)
                    self.gives[step.name] = "model"
                case MergeStep():
                    made.append(self.merge(step))
                    self.gives[step.name] = "model"
                case EvaluateStep():
                    made.append(self.evaluate(step))
                    self.gives[step.name] = "results"
        return made

    def world(self, step: WorldStep) -> Job:
        settings = step.model_dump(mode="json", exclude={"name", "kind", "seed"})
        size = f"{step.documents} documents each" if step.documents else step.vocabulary
        return Job(
            step.name, "world", f"{KINDS}.world:perform", settings, about=f"{step.worlds} fictional worlds, {size}"
        )

    def synthesize(self, step: SynthesizeStep) -> Job:
        settings = step.model_dump(mode="json", exclude={"name", "kind", "documents", "tokenizer"})
        inputs = {"documents": (self.input(step.name, "documents", step.documents),)}
        if step.tokenizer == "bundled":
            settings["tokenizer"] = "bundled"
        else:
            inputs["tokenizer"] = (self.input(step.name, "model", step.tokenizer),)
        settings["seed"] = self.seed(step)
        about = f"{step.samples:,} questions at {step.target_tokens} tokens"
        return Job(step.name, "synthesize", f"{KINDS}.synthesize:perform", settings, inputs, about=about)

    def tiny_model(self, step: TinyModelStep) -> Job:
        settings = step.model_dump(mode="json", exclude={"name", "kind"}) | {"seed": self.seed(step)}
        about = f"{step.layers} layers of {step.hidden_size}, built to look things up"
        return Job(step.name, "tiny_model", f"{KINDS}.tiny_model:perform", settings, about=about)

    def warmup(self, step: WarmupStep) -> Job:
        settings = step.model_dump(mode="json", exclude={"name", "kind", "model", "data", "gradient_checkpointing"})
        settings["seed"] = self.seed(step)
        if step.teaches == "answers":
            settings = {name: value for name, value in settings.items() if name not in MEMORY_LESSONS}
        inputs = {
            "model": (self.input(step.name, "model", step.model),),
            "data": tuple(self.input(step.name, "data", each) for each in step.data),
        }
        return Job(
            step.name,
            "warmup",
            f"{KINDS}.warmup:perform",
            settings,
            inputs,
            {"gradient_checkpointing": step.gradient_checkpointing},
            about=f"warm start on {step.teaches}, {step.steps:,} steps at most",
            lines=("metrics.jsonl", step.steps),
        )

    def stage(self, step: StageStep) -> list[Job]:
        """Pre-inference and selection where they are asked for, then training."""
        recipe = stage_recipe(step, self.plan.training, self.seed(step))
        whole = {"recipe": recipe.model_dump(mode="json")}
        model = self.input(step.name, "model", step.model)
        data = tuple(self.input(step.name, "data", each) for each in step.data)
        judge = {} if recipe.reward.models is None else {"judge": (Input(recipe.reward.models),)}
        lengths = f"{step.max_input_tokens:,} in, {step.max_output_tokens:,} out"
        made: list[Job] = []
        if step.selection == "all" and step.carry_over:
            raise InputError(
                "carries samples over, but selects nothing",
                field=f"{step.name}.carry_over",
                cure='set selection = "retrospective", or take it out',
            )
        if step.selection != "all":
            carried = [each for name in step.carry_over for each in self.carried(step.name, name)]
            settings = {
                "measured_by": model.name.rstrip("/").rpartition("/")[2],
                "rollouts": step.rollouts,
                "measured": step.measured,
                **measuring_identity(recipe),
            }
            measuring = Job(
                f"{step.name}.{PASS_RATES}",
                "pass_rates",
                f"{KINDS}.pass_rates:perform",
                settings,
                {"model": (model,), "data": (*data, *(each for each in carried if each not in data)), **judge},
                whole,
                about=f"pass@k, {step.rollouts} responses each, {lengths}",
            )
            names = ("selection", "samples", "bins", "fill", "max_never_solved_share")
            selecting = Job(
                f"{step.name}.{SELECTED}",
                "select",
                f"{KINDS}.select:perform",
                {**{name: getattr(step, name) for name in names}, "seed": self.seed(step)},
                {"data": (Input("", measuring.name),)},
                about="equal draws from bins of pass@k" if step.selection == "strata" else "hard samples weigh more",
            )
            made += [measuring, selecting]
            data = (Input("", selecting.name),)
        self.selected[step.name] = data
        inputs = {"model": (model,), "data": data, **judge}
        if step.held_out is not None:
            inputs["held_out"] = (self.input(step.name, "data", step.held_out),)
        about = f"{step.kind.replace('_', '-')} RL, {step.steps:,} steps, {lengths}"
        logged = step.steps + bool(recipe.eval.every)
        made.append(
            Job(
                step.name,
                "train",
                f"{KINDS}.train:perform",
                training_identity(recipe),
                inputs,
                whole,
                about=about,
                lines=("metrics.jsonl", logged),
            )
        )
        return made

    def merge(self, step: MergeStep) -> Job:
        settings = step.model_dump(mode="json", exclude={"name", "kind", "seed", "base", "models"})
        inputs = {
            "base": (self.input(step.name, "model", step.base),),
            "models": tuple(self.input(step.name, "model", each) for each in step.models),
        }
        about = f"{step.method} of {', '.join(step.models)}"
        return Job(step.name, "merge", f"{KINDS}.merge:perform", settings, inputs, about=about)

    def evaluate(self, step: EvaluateStep) -> Job:
        settings = step.model_dump(mode="json", exclude={"name", "kind", "model", "data"}) | {"seed": self.seed(step)}
        inputs = {
            "model": (self.input(step.name, "model", step.model),),
            "data": tuple(self.input(step.name, "data", each) for each in step.data),
        }
        agent = {"none": "in one pass", "memory": "by the memory agent", "both": "both ways"}[step.agent]
        about = f"{step.model} answers {', '.join(step.data)} {agent}"
        return Job(step.name, "evaluate", f"{KINDS}.evaluate:perform", settings, inputs, about=about)

    def seed(self, step: Step) -> int:
        return self.plan.seed if step.seed is None else step.seed

    def carried(self, step: str, name: str) -> tuple[Input, ...]:
        if name not in self.selected:
            raise InputError(
                f"names {name!r:.80}, which is no stage before it",
                field=f"{step}.carry_over",
                cure=f"name one of {', '.join(self.selected) or 'none: this is the first stage'}",
            )
        return self.selected[name]

    def input(self, step: str, wanted: Gives, name: str) -> Input:
        """What `name` means to a step that wants documents, data or a model."""
        if "/" in name:
            return Input(name, patterns=PATTERNS[wanted])
        given = self.gives.get(name)
        if given == wanted:
            return Input(MODEL if wanted == "model" else "", name)
        fitting = ", ".join(each for each, gives in self.gives.items() if gives == wanted) or "none"
        known = f"the steps before it that give {'a model' if wanted == 'model' else wanted}: {fitting}"
        if given is not None:
            raise InputError(
                f"takes {name!r}, which gives {given}, not {wanted}", field=step, cure=f"name one of {known}"
            )
        if any(each.name == name for each in self.plan.steps):
            raise InputError(f"takes {name!r}, which does not stand before it", field=step, cure="put it before")
        raise InputError(
            f"takes {name!r:.80}, which is no step", field=step, cure=f"{known}; a folder is written with a slash"
        )
