"""What a policy did: turns, trajectories and groups of them (paper 2.2, 2.3), and who may produce them.

Full context is a trajectory of one turn; the memory agent's has K updates and the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from longstride.errors import InputError
from longstride.records.samples import Sample, require_count, require_finite, require_name, require_one_of

FINISH_REASONS = ("stop", "length")


@dataclass(frozen=True)
class Turn:
    """One prompt and one response.

    `logprobs` and `entropies` are those of the full softmax at the sampling temperature, in nats, as the rollout saw
    them; `nucleus_mass` is the share of it that top-p and top-k left to draw from. Each is either absent, where the
    engine could not record it, or as long as `response_ids`.
    """

    prompt_ids: tuple[int, ...]
    response_ids: tuple[int, ...]
    logprobs: tuple[float, ...] | None = None
    entropies: tuple[float, ...] | None = None
    nucleus_mass: tuple[float, ...] | None = None
    finish_reason: str = "stop"  # or "length": cut at the output limit

    def __post_init__(self) -> None:
        if not self.prompt_ids:
            raise InputError("is empty, expected at least one token", field="prompt_ids")
        for name in ("logprobs", "entropies", "nucleus_mass"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.response_ids):
                raise InputError(f"has {len(values)} values for {len(self.response_ids)} response tokens", field=name)
        require_one_of("finish_reason", self.finish_reason, FINISH_REASONS)


@dataclass(frozen=True)
class Trajectory:
    """1..n turns with one reward; |y_i| and H(i) run over the response tokens of all of them."""

    turns: tuple[Turn, ...]
    reward: float
    task: str
    group_id: str
    rollout_index: int  # 0 .. G-1 within the group
    answer: str = ""  # the text that was graded
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])  # the grader's account, counts of re-asked turns

    def __post_init__(self) -> None:
        if not self.turns:
            raise InputError("is empty, expected at least one turn", field="turns")
        require_finite("reward", self.reward)
        require_name("task", self.task)
        require_name("group_id", self.group_id)
        require_count("rollout_index", self.rollout_index)

    @property
    def response_tokens(self) -> int:
        """|y_i|: the response tokens of all turns."""
        return sum(len(turn.response_ids) for turn in self.turns)


@dataclass(frozen=True)
class TrajectoryGroup:
    """The G trajectories of one sample: what Eq. 3 takes the mean over."""

    id: str
    sample_id: str
    task: str
    trajectories: tuple[Trajectory, ...]

    def __post_init__(self) -> None:
        require_name("id", self.id)
        require_name("sample_id", self.sample_id)
        if not self.trajectories:
            raise InputError(f"of group {self.id} is empty, expected at least one trajectory", field="trajectories")
        for index, trajectory in enumerate(self.trajectories):
            if (trajectory.group_id, trajectory.task) != (self.id, self.task):
                raise InputError(
                    f"is of group {trajectory.group_id!r} and task {trajectory.task!r}, "
                    f"but stands in group {self.id!r} of task {self.task!r}",
                    field=f"trajectories[{index}]",
                )


@dataclass(frozen=True)
class GenerationRequest:
    """`count` responses to one prompt, which an engine processes once.

    The noise of a response is a function of (seed, stream, its index, position) alone, so that the same request gives
    the same tokens whatever else is sampled beside it.
    """

    prompt_ids: tuple[int, ...]
    max_output_tokens: int
    stream: str  # names the draw: the sample's id, and the turn's number where there are several
    first_index: int = 0  # of the first response: rollout indices are first_index .. first_index + count - 1
    count: int = 1


class Generator(Protocol):
    """A policy that can be sampled from: what an engine lends to a trajectory source."""

    def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
        """For each request its `count` turns, in order of their index."""
        ...


class TrajectorySource(Protocol):
    """Whatever produces trajectories: full-context answering, the memory agent, a tool user of tomorrow."""

    def sample_groups(
        self, generator: Generator, samples: Sequence[Sample], group_size: int
    ) -> Iterable[TrajectoryGroup]:
        """A group of `group_size` graded trajectories for each sample, in the order of the samples."""
        ...
