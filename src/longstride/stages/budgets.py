"""What a plan's stages need at most, reckoned before anything is loaded: memory of a step, tokens read and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from longstride.engines.local.estimate import GIB
from longstride.engines.local.model_shapes import KNOWN
from longstride.engines.local.recipe import Recipe
from longstride.errors import InputError
from longstride.stages.plan import MergeStep, Plan, StageStep, SynthesizeStep
from longstride.stages.stage_recipes import laid_over, stage_recipe

STATE_BYTES = 18  # of a weight in training: itself in 16 bits, a float32 master, its gradient, AdamW's two moments


@dataclass(frozen=True)
class ExpertsShape:
    """The sizes of a mixture of experts, by which its weights are counted; the engine here does not run it."""

    name: str
    hidden: int
    layers: int
    query_width: int  # query heads times numbers a head
    key_width: int
    expert_mlp: int
    experts: int
    active_experts: int  # that a token passes through
    vocabulary: int

    @property
    def parameters(self) -> int:
        """Numbers in all weights."""
        return self._parameters(self.experts)

    @property
    def active_parameters(self) -> int:
        """Numbers that one token meets."""
        return self._parameters(self.active_experts)

    def _parameters(self, experts: int) -> int:
        attention = 2 * self.hidden * (self.query_width + self.key_width)
        layer = attention + self.hidden * self.experts + experts * 3 * self.hidden * self.expert_mlp + 2 * self.hidden
        return self.layers * layer + 2 * self.vocabulary * self.hidden + self.hidden


EXPERTS = {  # from its config.json on the Hugging Face hub
    "Qwen3-30B-A3B": ExpertsShape("Qwen3-30B-A3B", 2048, 48, 32 * 128, 4 * 128, 768, 128, 8, 151_936),
}


@dataclass(frozen=True)
class StageBudget:
    """One stage at its longest prompts and responses."""

    name: str
    read_tokens: int  # of prompts, in all training steps; a prompt of one pass counts once for its group
    drawn_tokens: int  # of responses, in all training steps
    measured: int | None  # samples of the pre-inference; 0: none, None: not known beforehand
    measured_tokens: int | None  # read and drawn for them
    peak_bytes: int | None  # of a step on one device; None where it cannot be reckoned


def budgets(plan: Plan) -> str:
    """A table for a terminal. Raises InputError for a `size` that is not known."""
    experts = EXPERTS.get(plan.size or "")
    if plan.size is not None and experts is None and plan.size not in KNOWN:
        raise InputError(f"{plan.size!r:.80} is no known model", field="size", cure=f"take one of {', '.join(sizes())}")
    return "\n".join(_table(plan, experts))


def sizes() -> list[str]:
    """The names that a plan's `size` may have."""
    return [*KNOWN, *EXPERTS]


def stage_budget(plan: Plan, step: StageStep) -> StageBudget:
    """What a stage needs; memory where the plan says the model's size and this engine runs it."""
    recipe = stage_recipe(step, plan.training, plan.seed)
    read, drawn = tokens_of_one(recipe, recipe.rollout.group_size)
    in_training = step.steps * recipe.batch.prompts
    measured = _measured(plan, step)
    per_measured = sum(tokens_of_one(recipe, step.rollouts))
    return StageBudget(
        step.name,
        in_training * read,
        in_training * drawn,
        measured,
        None if measured is None else measured * per_measured,
        _peak_bytes(plan, recipe),
    )


def tokens_of_one(recipe: Recipe, responses: int) -> tuple[int, int]:
    """(tokens read, tokens drawn) for one sample at its longest, answered so many times.

    In one pass a prompt is read once for all its responses. The memory agent reads each chunk with each memory of its
    own, and draws an update for each chunk, then the answer.
    """
    longest, answer = recipe.data.max_input_tokens, recipe.rollout.max_output_tokens
    if recipe.memory is None:
        return longest, responses * answer
    reading = recipe.memory
    chunks = -(-longest // reading.chunk_tokens)
    read = longest + (chunks + 1) * reading.memory_tokens
    return responses * read, responses * (chunks * reading.update_tokens + answer)


def _measured(plan: Plan, step: StageStep) -> int | None:
    if step.selection == "all":
        return 0
    made = {each.name: each.samples for each in plan.steps if isinstance(each, SynthesizeStep)}
    stages = {each.name: each for each in plan.stages()}
    known = [made.get(name) for name in step.data] + [stages[name].samples for name in step.carry_over]
    if None in known:
        return step.measured
    total = sum(count or 0 for count in known)
    return total if step.measured is None else min(step.measured, total)


def _peak_bytes(plan: Plan, recipe: Recipe) -> int | None:
    if plan.size not in KNOWN:
        return None
    from longstride.engines.local.command import memory_estimate

    values = laid_over(recipe.model_dump(mode="json"), {"model": {"path": plan.size}})
    return memory_estimate(Recipe.model_validate(values)).peak_bytes


def _table(plan: Plan, experts: ExpertsShape | None) -> Iterator[str]:
    if plan.about:
        yield plan.about
    if experts is not None:
        state = experts.parameters * STATE_BYTES
        yield (
            f"{experts.name}: {experts.parameters / 1e9:.1f}B weights, {experts.active_parameters / 1e9:.1f}B active; "
            f"{2 * experts.parameters / GIB:.0f} GiB in bfloat16, {state / GIB:.0f} GiB with float32 masters, "
            "gradients and AdamW, over all devices together"
        )
        yield "It is a mixture of experts, which the engine for one machine refuses: these stages are for verl."
    elif plan.size is not None:
        yield f"{plan.size}: {KNOWN[plan.size].parameters / 1e9:.2f}B weights"
    yield ""
    yield f"{'stage':<16}{'in':>9}{'out':>8}{'steps':>7}{'read':>10}{'drawn':>10}{'measured':>10}{'tokens':>10}  peak"
    for step in plan.stages():
        budget = stage_budget(plan, step)
        measured = "?" if budget.measured is None else f"{budget.measured:,}"
        tokens = "?" if budget.measured_tokens is None else _millions(budget.measured_tokens)
        peak = "-" if budget.peak_bytes is None else f"{budget.peak_bytes / GIB:.0f} GiB"
        yield (
            f"{step.name:<16}{step.max_input_tokens:>9,}{step.max_output_tokens:>8,}{step.steps:>7,}"
            f"{_millions(budget.read_tokens):>10}{_millions(budget.drawn_tokens):>10}{measured:>10}{tokens:>10}  {peak}"
        )
    for step in plan.steps:
        if isinstance(step, MergeStep):
            yield f"{step.name:<16}{step.method} of {', '.join(step.models)}: a tensor of each model in memory"
    yield ""
    yield "read, drawn: tokens of prompts and responses in training, at most; measured, tokens: samples of the"
    yield "pre-inference, and what it reads and draws, at most; peak: memory of a step on one device, at its longest."


def _millions(tokens: int) -> str:
    return f"{tokens / 1e6:,.1f}M" if tokens < 1e9 else f"{tokens / 1e9:,.2f}B"
