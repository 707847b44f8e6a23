"""Supervised training on lessons: cross-entropy on the responses, short inputs first. Reinforcement starts from here.

    for each step: groups of lessons of one length, up to a budget of tokens
                   gradients of the mean log-prob of their target tokens, each prompt processed once
                   one optimizer step at a rate that rises, stays, and falls to zero
                   longer inputs as soon as these are mastered

OUTPUT/model is the trained model; metrics.jsonl has a line a step; checkpoints/ holds the last two while it trains. The
same command goes on after a kill, with the same bits on a CPU, unless the run is bounded by minutes, where the clock
has a part in the learning rate.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from longstride.engines.local.checkpoints import checkpoint_to_resume, save_checkpoint
from longstride.engines.local.gradients import clip_gradients
from longstride.engines.local.interrupts import Interrupted, StopSignal
from longstride.engines.local.metrics import Metrics, MetricsFile
from longstride.engines.local.optimizers import Optimizer, OptimizerSettings, make_optimizer
from longstride.engines.local.policy import Policy
from longstride.engines.local.update import TokenScores, accumulate_gradients
from longstride.engines.local.warmup.curriculum import Curriculum, length_class
from longstride.engines.local.warmup.display import WarmupDisplay
from longstride.engines.local.warmup.joining import join_single_lessons
from longstride.engines.local.warmup.lessons import Lesson, LessonGroup, group_lessons, lessons_digest
from longstride.errors import ExpectedError, InputError, NotFiniteError
from longstride.workspace import Workspace

KIND = "warm start"
CHECKPOINTS, MODEL, METRICS = "checkpoints", "model", "metrics.jsonl"
SURE = math.log(0.5)  # a token of more probability is the likeliest: greedy decoding takes it


@dataclass(frozen=True)
class WarmupSettings:
    """What decides the weights. Nothing of it is in the paper; the defaults are for the tiny model from nothing."""

    steps: int = 1000
    minutes: float | None = None  # of wall-clock time, all calls together; None: as long as the steps take
    batch_tokens: int = 2048  # processed in a step, at least one group
    optimizer: str = "muon"  # or "adamw"
    lr: float = 6e-3  # the peak; under Muon that of the layers' matrices, in the scale "original"
    adamw_share: float = 0.15  # of lr, for what Muon leaves to AdamW: embeddings and norms
    rising_steps: int = 20
    falling_share: float = 0.3  # of the run, at its end
    max_grad_norm: float = 1.0
    advance_at: float = 0.75  # share of sure tokens that opens the next length
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_tokens < 1 or self.rising_steps < 0 or not 0 <= self.falling_share <= 1:
            raise InputError(f"steps, batch_tokens, rising_steps or falling_share is out of range: {self}")
        if self.minutes is not None and not self.minutes > 0:
            raise InputError(f"minutes is {self.minutes}, expected more than 0")
        for name in ("lr", "adamw_share", "max_grad_norm"):
            if not (math.isfinite(value := getattr(self, name)) and value > 0):
                raise InputError(f"{name} is {value}, expected more than 0")

    def rate(self, step: int, progress: float) -> float:
        """The learning rate of step number `step`, `progress` (0 to 1) into the run."""
        rising = min(1.0, (step + 1) / (self.rising_steps + 1))
        falling = min(1.0, (1 - progress) / self.falling_share) if self.falling_share else 1.0
        return self.lr * rising * falling


class WarmupStopped(ExpectedError):
    """The training cannot go on; its last checkpoint is whole."""


@dataclass(frozen=True)
class WarmupResult:
    model_folder: Path
    steps: int
    metrics: Metrics  # of the last step that this call took; empty where there was none to take


def warm_up(
    policy: Policy,
    lessons: Iterable[Lesson],
    output: str | Path,
    settings: WarmupSettings | None = None,
    *,
    origin: str,
    resume: str = "auto",
    checkpoint_every: int = 200,
    display: WarmupDisplay | None = None,
) -> WarmupResult:
    """Train `policy`, in place, on `lessons`, into the folder `output`; or go on with what is there.

    lessons: those of one context follow each other, so that its documents are processed once. All are held.
    origin: names the weights that `policy` comes with; a run that goes on must begin from the same.
    resume: "auto", "must" or "never"; see `checkpoints.checkpoint_to_resume`.

    Raises InputError where there is no lesson and where the folder is of another run, WarmupStopped where the loss is
    not finite any more, and Interrupted after Ctrl-C, behind a checkpoint.
    """
    settings, output = settings or WarmupSettings(), Path(output)
    groups = join_single_lessons(
        group_lessons(lessons, settings.batch_tokens), settings.seed, settings.batch_tokens // 4
    )
    if not groups:
        raise InputError("there is nothing to learn from", cure="give a data set whose samples fit the model")
    identity = {**asdict(settings), "origin": origin, "lessons": lessons_digest(groups)}
    with contextlib.ExitStack() as opened:
        workspace = opened.enter_context(Workspace(output, KIND, identity))
        if workspace.complete:
            return WarmupResult(output / MODEL, int((workspace.manifest() or {})["steps"]), {})
        checkpoint = checkpoint_to_resume(output / CHECKPOINTS, resume)
        run = _Run(policy, groups, settings)
        if checkpoint is not None:
            run.load_json(checkpoint.state)
            checkpoint.restore(policy, run.optimizer)
        shown = opened.enter_context(display or WarmupDisplay())
        log = opened.enter_context(MetricsFile(output / METRICS, after=run.steps if checkpoint else -1))
        shown.say(f"{len(groups):,} groups of {sum(len(each.tasks) for each in groups):,} lessons")
        stop = opened.enter_context(StopSignal(lambda: shown.say("finishing the step, then saving")))
        metrics: Metrics = {}
        while run.progress < 1 and not stop.number:
            metrics = run.step()
            log.write(run.steps, metrics)
            shown.step(run.steps, run.progress, metrics)
            if run.steps % checkpoint_every == 0 or stop.number:
                save_checkpoint(output / CHECKPOINTS, run.steps, policy, run.optimizer, run.to_json())
        if run.progress < 1:
            raise Interrupted(f"interrupted after step {run.steps}; the same command goes on", stop.number)
        _publish(policy, output / MODEL)
        workspace.finish({"steps": run.steps, "seconds": run.seconds})
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
        return WarmupResult(output / MODEL, run.steps, metrics)


@dataclass
class _Run:
    """The state of a warm start between two steps."""

    policy: Policy
    groups: Sequence[LessonGroup]
    settings: WarmupSettings
    steps: int = 0  # done
    seconds: float = 0.0  # taken by them
    optimizer: Optimizer = field(init=False)
    curriculum: Curriculum = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.optimizer = _optimizer(self.policy, settings)
        by_length: dict[int, list[LessonGroup]] = {}
        for group in self.groups:
            by_length.setdefault(length_class(group.prompt_tokens), []).append(group)
        self.lengths = sorted(by_length)
        self.items = [by_length[length] for length in self.lengths]
        self.curriculum = Curriculum([len(items) for items in self.items], settings.seed, settings.advance_at)

    @property
    def progress(self) -> float:
        """0 to 1: of the steps or of the minutes, whichever is further."""
        taken = self.steps / self.settings.steps
        if self.settings.minutes is not None:
            taken = max(taken, self.seconds / (60 * self.settings.minutes))
        return min(1.0, taken)

    def step(self) -> Metrics:
        """One batch, one optimizer step."""
        began = time.monotonic()
        length = self.curriculum.choose_length(self.steps)
        batch = self._batch(length)
        count = sum(group.target_tokens for group in batch)
        self.optimizer.zero_grad()
        try:
            scores = [self._learn(group, count) for group in batch]
        except NotFiniteError:
            raise self._stopped() from None
        norm = clip_gradients(self.optimizer.parameters(), self.settings.max_grad_norm)
        if not math.isfinite(norm):
            raise self._stopped()
        metrics = _metrics(batch, scores)
        lr = self.settings.rate(self.steps, self.progress)
        self.optimizer.step(lr * self.settings.adamw_share if self.settings.optimizer == "muon" else lr)
        self.steps += 1
        seconds = time.monotonic() - began
        self.seconds += seconds
        self.curriculum.saw(length, float(metrics["sure_tokens"] or 0.0), self.progress)
        tokens = sum(group.tokens for group in batch)
        return {
            **metrics,
            "length": float(self.lengths[length]),
            "lr": lr,
            "gradient_norm": norm,
            "tokens": float(tokens),
            "seconds": seconds,
        }

    def _stopped(self) -> WarmupStopped:
        return WarmupStopped(
            f"step {self.steps + 1} gave numbers that are not finite; begin anew in another folder with a lower --lr"
        )

    def to_json(self) -> dict[str, Any]:
        """All that decides the steps to come, beside weights and optimizer."""
        return {"steps": self.steps, "seconds": self.seconds, "curriculum": self.curriculum.state_dict()}

    def load_json(self, state: Mapping[str, Any]) -> None:
        """Go on from what `to_json` gave."""
        self.steps, self.seconds = int(state["steps"]), float(state["seconds"])
        self.curriculum.load_state_dict(state["curriculum"])

    def _batch(self, length: int) -> list[LessonGroup]:
        """Groups of one length, one at least, up to the budget."""
        batch: list[LessonGroup] = []
        while sum(group.tokens for group in batch) < self.settings.batch_tokens - self.lengths[length]:
            batch.append(self.items[length][self.curriculum.next_item(length)])
        return batch or [self.items[length][self.curriculum.next_item(length)]]

    def _learn(self, group: LessonGroup, count: int) -> list[TokenScores]:
        """Add the gradient of the group's share of -mean log-prob over `count` target tokens."""
        gradients = [torch.full((len(row.targets),), -1.0 / count) for row in group.shared.rows]
        return accumulate_gradients(self.policy, group.shared, gradients, temperature=1.0)


def _optimizer(policy: Policy, settings: WarmupSettings) -> Optimizer:
    try:
        made = OptimizerSettings(
            name=settings.optimizer,
            betas=(0.9, 0.98),
            muon_scale="original",
            muon_lr_ratio=1 / settings.adamw_share,
        )
        return make_optimizer(policy.trainable, made)
    except ValueError as error:
        raise InputError(str(error), field="optimizer") from None


def _metrics(batch: Sequence[LessonGroup], scores: Sequence[Sequence[TokenScores]]) -> Metrics:
    """loss (nats a target token), and the shares of target tokens, and of whole responses, that are surely repeated.

    A response whose every token has a probability over a half is what greedy decoding gives, so `sure_answers` is a
    lower bound of exact repetition.
    """
    logprobs = [each.logprobs_T for group in scores for each in group]
    together_T = torch.cat(logprobs)
    answers = [bool((each > SURE).all()) for each in logprobs]
    metrics: Metrics = {
        "loss": -float(together_T.mean()),
        "sure_tokens": float((together_T > SURE).float().mean()),
        "sure_answers": sum(answers) / len(answers),
    }
    tasks = [task for group in batch for task in group.tasks]
    for task in sorted(set(tasks)):
        of_task = [sure for sure, name in zip(answers, tasks, strict=True) if name == task]
        metrics[f"sure_answers/{task}"] = sum(of_task) / len(of_task)
    return metrics


def _publish(policy: Policy, folder: Path) -> None:
    """Write the model folder beside its place, then put it there."""
    staging = folder.with_name(f".{folder.name}.unfinished")
    for leftover in (staging, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    policy.save(staging)
    staging.rename(folder)
