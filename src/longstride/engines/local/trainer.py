"""The training loop on one machine (paper 2.2, 4.2-4.4, 5.1), for any source of trajectories.

    for each step: draw prompts, the same number of each task
                   sample a group of G responses to each, and grade them
                   advantages, entropy of the batch, the controller's word, masks
                   one optimizer step

What can go wrong has one outcome each, and none touches the last checkpoint:

| What | Outcome |
|---|---|
| every group's rewards are equal, or all is masked | the weights stay; the step counts, `left_out` says why |
| NaN or infinite log-probs or gradients | the weights stay; after `update.max_bad_steps` in a row the run stops |
| a large gradient | scaled to `optimizer.max_grad_norm`; its norm before is logged |
| the judge is down | the rule's score stands for up to `reward.max_failed_share`; beyond, the run stops |
| a full disk | the run stops with one line; the same command goes on when there is room |
| Ctrl-C, SIGTERM | the step is finished, a checkpoint written, exit code 130 or 143; a second one ends it at once |
| a kill | the same command goes on from the last checkpoint, with the same bits on a CPU |
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from longstride.engines.chat_prompts import chat_prompt
from longstride.engines.graders import Grader, check_judge
from longstride.engines.local.building import (
    build_optimizer,
    build_policy,
    build_reference,
    build_sampler,
    open_grader,
)
from longstride.engines.local.checkpoints import checkpoint_to_resume, save_checkpoint
from longstride.engines.local.display import Display
from longstride.engines.local.dumps import dump_rollouts
from longstride.engines.local.generators import Generators
from longstride.engines.local.interrupts import Interrupted, StopSignal
from longstride.engines.local.metrics import (
    Metrics,
    MetricsFile,
    judge_counts,
    peak_memory_bytes,
    plan_metrics,
    reward_metrics,
    update_metrics,
)
from longstride.engines.local.optimizers import Optimizer
from longstride.engines.local.policy import Policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.run_state import RunState
from longstride.engines.local.schedule import learning_rate
from longstride.engines.local.sources import SourceMaker, recipe_source
from longstride.engines.local.step import StepPlan, lay_out, plan_step
from longstride.engines.local.threads import settle_threads
from longstride.engines.local.trackers import Trackers, open_trackers
from longstride.engines.local.training_data import TrainingData, choose_for_evaluation, load_data
from longstride.engines.local.updating import Step, one_line, take_steps, with_scores
from longstride.errors import ExpectedError, NotFiniteError
from longstride.records import TrajectoryGroup, TrajectorySource
from longstride.workspace import Workspace

KIND = "training run"
CHECKPOINTS, MODEL, METRICS, ROLLOUTS = "checkpoints", "model", "metrics.jsonl", "rollouts"
JUDGE_CACHE = "judge.sqlite"


class TrainingStopped(ExpectedError):
    """The run cannot go on by itself; its last checkpoint is whole."""


@dataclass(frozen=True)
class TrainingResult:
    model_folder: Path
    steps: int
    metrics: Metrics  # of the last step that this call took; empty where there was none to take


def train(
    recipe: Recipe,
    output: Path,
    *,
    resume: str = "auto",
    make_source: SourceMaker = recipe_source,
    grader: Grader | None = None,
    display: Display | None = None,
) -> TrainingResult:
    """Train by `recipe` into the folder `output`, or go on with what is there.

    OUTPUT/model is the trained model, which transformers and vllm load; metrics.jsonl has a line a step; checkpoints/
    holds the last few; tensorboard/ and rollouts/ stand where the recipe asks for them.

    resume: "auto", "must" or "never"; see `checkpoints.checkpoint_to_resume`.
    make_source: who turns samples into graded trajectories; by itself what the recipe says.
    grader: None makes the one that the recipe says.

    Raises InputError for a model, data or an output folder that cannot be used, TrainingStopped and JudgeDown as the
    table above says, and Interrupted.
    """
    with contextlib.ExitStack() as opened:
        policy = build_policy(recipe.model)
        settle_threads(policy)
        data = load_data(recipe.data, lambda sample: len(chat_prompt(policy.tokenizer, sample.prompt).ids), recipe.seed)
        identity = {**recipe.identity(), "training_samples": data.digest}
        workspace = opened.enter_context(Workspace(output, KIND, identity))
        checkpoint = checkpoint_to_resume(output / CHECKPOINTS, resume)
        sampler, notes = build_sampler(recipe, data.training)
        state = RunState(recipe, sampler)
        optimizer = build_optimizer(recipe.optimizer, policy)
        if checkpoint is not None:
            state.load_json(checkpoint.state)
            checkpoint.restore(policy, optimizer)
        chosen_grader = grader or opened.enter_context(open_grader(recipe.reward, output / JUDGE_CACHE))
        shown = opened.enter_context(display or Display(recipe.steps, state.step))
        logged = -1 if checkpoint is None else state.step
        log = opened.enter_context(MetricsFile(output / METRICS, after=logged))
        trackers = opened.enter_context(open_trackers(recipe.logging, output, identity, first_step=logged + 1))
        run = _Run(
            recipe,
            output,
            policy,
            build_reference(recipe),
            optimizer,
            Generators(policy, recipe, workspace.part("served-weights"), shown.tokens),
            make_source(recipe, policy, chosen_grader),
            data,
            state,
            shown,
            log,
            trackers,
        )
        for note in notes:
            shown.say(note)
        last = run.go()
        _publish(policy, output / MODEL)
        workspace.finish({"steps": state.step, "response_tokens": state.response_tokens})
        return TrainingResult(output / MODEL, state.step, last)


@dataclass
class _Run:
    """A run that was opened."""

    recipe: Recipe
    output: Path
    policy: Policy
    reference: Policy | None
    optimizer: Optimizer
    generators: Generators
    source: TrajectorySource
    data: TrainingData
    state: RunState
    display: Display
    log: MetricsFile
    trackers: Trackers
    boundary: dict[str, object] = field(init=False)  # the state at the last step's end
    recorded: bool = field(init=False, default=True)  # the weights are those of the boundary, and it is logged

    def go(self) -> Metrics:
        """Take the steps that are left."""
        metrics: Metrics = {}
        self.boundary = self.state.to_json()
        self.greet()
        with StopSignal(lambda: self.display.say("finishing the step, then saving; once more ends it at once")) as stop:
            if self.state.step == 0 and self.recipe.eval.every:
                self.record(0, self.evaluate())
            while self.state.step < self.recipe.steps and not stop.number:
                try:
                    metrics = self.step()
                except (ExpectedError, OSError):
                    if self.recorded:
                        with contextlib.suppress(ExpectedError):  # what ended the run is what to tell
                            self.save()
                    raise
                if self.state.bad_steps >= self.recipe.update.max_bad_steps:
                    self.stop_for_bad_steps(str(metrics.get("left_out")))
                if self.state.step % self.recipe.checkpoint.every == 0:
                    self.save()
            if self.state.step:
                self.save()
        if self.state.step < self.recipe.steps:
            raise Interrupted(f"interrupted after step {self.state.step}; the same command goes on", stop.number)
        return metrics

    def step(self) -> Metrics:
        """One pass of the paper's algorithm."""
        recipe, state, number = self.recipe, self.state, self.state.step + 1
        began = time.monotonic()
        lr = learning_rate(
            state.step,
            recipe.optimizer.lr,
            schedule=recipe.optimizer.schedule,
            warmup_steps=recipe.optimizer.warmup_steps,
            total_steps=recipe.steps,
        )
        metrics: Metrics = {"lr": lr}
        plan: StepPlan | None = None
        try:
            groups = self.rollout()
            rolled_out = time.monotonic()
            metrics |= reward_metrics(groups)
            plan = self.plan(groups)
        except NotFiniteError as error:
            rolled_out = time.monotonic()
            steps = [Step(left_out=one_line(error))]
        else:
            metrics |= plan_metrics(plan)
            self.recorded = False
            self.display.phase("update")
            steps = take_steps(
                self.policy,
                self.optimizer,
                plan,
                recipe,
                lr,
                reference=self.reference,
                by_sign=_due(number, recipe.logging.gradient_by_sign),
            )
        updated = time.monotonic()
        metrics |= update_metrics(steps, recipe.optimizer.max_grad_norm)
        drawn = 0 if plan is None else int(plan.batch.mask_RT.sum())
        self.advance(drawn, steps)
        if state.controller is not None:
            metrics |= {f"controller/{name}": float(value) for name, value in state.controller.state_dict().items()}
        metrics |= {
            "seconds/rollout": rolled_out - began,
            "seconds/update": updated - rolled_out,
            "tokens_per_second/rollout": drawn / max(1e-9, rolled_out - began),
            "tokens_per_second/update": sum(step.tokens for step in steps) / max(1e-9, updated - rolled_out),
        }
        if plan is not None and _due(number, recipe.logging.dump_rollouts):
            dump_rollouts(self.output / ROLLOUTS, number, plan)
        if _due(number, recipe.eval.every) or (recipe.eval.every and number == recipe.steps):
            metrics |= self.evaluate()
        metrics["memory_bytes"] = peak_memory_bytes(self.policy.device)
        self.record(number, metrics)
        self.boundary, self.recorded = state.to_json(), True
        return metrics

    def rollout(self) -> list[TrajectoryGroup]:
        """The graded groups of a step, with the scores that the rollout could not give."""
        self.display.phase("rollout")
        recipe = self.recipe
        samples = [self.data.training[index] for index in self.state.sampler.next_batch()]
        generator = self.generators.for_training(self.state.step)
        groups = list(self.source.sample_groups(generator, samples, recipe.rollout.group_size))
        asked, failed = judge_counts(each for group in groups for each in group.trajectories)
        check_judge(asked, failed, recipe.reward.max_failed_share)
        return with_scores(self.policy, groups, recipe.rollout.temperature)

    def plan(self, groups: list[TrajectoryGroup]) -> StepPlan:
        """Advantages, the batch's entropy, the controller's word on it, masks."""
        batch = lay_out(groups)
        controller = self.state.see(batch)
        return plan_step(batch, self.recipe, controller, self.state.clipping_threshold)

    def advance(self, drawn_tokens: int, steps: list[Step]) -> None:
        """Count a step."""
        self.state.step += 1
        self.state.response_tokens += drawn_tokens
        if any(step.not_finite for step in steps):
            self.state.bad_steps += 1
        elif any(not step.left_out for step in steps):
            self.state.bad_steps = 0

    def evaluate(self) -> Metrics:
        """Rewards on held-out samples."""
        recipe = self.recipe.eval
        samples = choose_for_evaluation(self.data.held_out, recipe.samples, self.recipe.seed)
        if not samples:
            return {}
        self.display.phase("evaluation")
        began = time.monotonic()
        generator = self.generators.for_evaluation(self.state.step)
        try:
            metrics = reward_metrics(self.source.sample_groups(generator, samples, recipe.rollouts), "eval/")
        except NotFiniteError as error:
            return {"eval/left_out": one_line(error)}
        return {**metrics, "eval/samples": float(len(samples)), "seconds/evaluation": time.monotonic() - began}

    def record(self, number: int, metrics: Metrics) -> None:
        """A step's numbers, wherever they are wanted."""
        self.log.write(number, metrics)
        self.trackers.add(number, metrics)
        self.display.step(number, metrics)

    def save(self) -> None:
        """Write the checkpoint of the last step's end, unless it is there."""
        save_checkpoint(
            self.output / CHECKPOINTS,
            int(str(self.boundary["step"])),
            self.policy,
            self.optimizer,
            self.boundary,
            keep_last=self.recipe.checkpoint.keep,
        )

    def greet(self) -> None:
        """What the run has before it."""
        data = self.data
        parts = [f"{len(data.training):,} samples to train on", f"{len(data.held_out):,} held out"]
        if data.too_long:
            parts.append(f"{data.too_long:,} left out: over {self.recipe.data.max_input_tokens:,} tokens")
        if self.state.step:
            parts.append(f"going on after step {self.state.step}")
        self.display.say(", ".join(parts))

    def stop_for_bad_steps(self, reason: str) -> None:
        """End a run that gives no finite numbers any more."""
        raise TrainingStopped(
            f"{self.state.bad_steps} steps in a row gave NaN or infinite numbers ({reason}); lower optimizer.lr, or "
            f"begin anew from an earlier checkpoint in {self.output / CHECKPOINTS}"
        )


def _due(number: int, every: int) -> bool:
    return bool(every) and number % every == 0


def _publish(policy: Policy, folder: Path) -> None:
    """Write the model folder beside its place, then put it there."""
    staging = folder.with_name(f".{folder.name}.unfinished")
    for leftover in (staging, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    policy.save(staging)
    staging.rename(folder)
