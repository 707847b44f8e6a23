"""Who answers the questions of one arm, and the answers of whatever produces trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from longstride.evaluation.answers import Reply, graded_reply
from longstride.records import Generator, Sample, Trajectory, TrajectorySource


class Answerer(Protocol):
    """A model that reads in one way and is drawn from in one way."""

    def answer(self, samples: Sequence[Sample]) -> Iterable[Sequence[Reply]]:
        """The replies to each sample, in the order of the samples, as many as the arm asks for."""
        ...


@dataclass(frozen=True)
class TrajectoryAnswerer:
    """Answers through a `records.TrajectorySource`, as training does."""

    source: TrajectorySource
    generator: Generator
    answers: int
    fit: Callable[[Sample], tuple[Sample, int]]
    thinking_opened: bool = False  # the model's chat template ends in `<think>`

    def answer(self, samples: Sequence[Sample]) -> Iterator[tuple[Reply, ...]]:
        """The replies to each sample; `fit` makes its prompt short enough and tells what was left out."""
        fitting = [self.fit(sample) for sample in samples]
        groups = self.source.sample_groups(self.generator, [sample for sample, _ in fitting], self.answers)
        for (sample, left_out), group in zip(fitting, groups, strict=True):
            yield tuple(self._reply(sample, trajectory, left_out) for trajectory in group.trajectories)

    def _reply(self, sample: Sample, trajectory: Trajectory, left_out_tokens: int) -> Reply:
        return graded_reply(
            sample,
            trajectory.answer,
            reward=trajectory.reward,
            decided_by=str(trajectory.details.get("decided_by", "rule")),
            thinking_opened=self.thinking_opened,
            turns=len(trajectory.turns),
            prompt_tokens=sum(len(turn.prompt_ids) for turn in trajectory.turns),
            response_tokens=trajectory.response_tokens,
            unfinished=trajectory.turns[-1].finish_reason == "length",
            left_out_tokens=left_out_tokens,
        )
