"""Task-balanced sampling (paper 4.2): every batch draws the same number of samples from each task."""

from __future__ import annotations

import hashlib
import json
import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longstride.errors import unknown_name

WHEN_TINY = ("redistribute", "repeat", "refuse")


class TaskBalancedSampler:
    """An endless, seeded stream of batches of sample indices, each with equal counts of every task.

    Where the batch size does not divide by the number of tasks, the places left over go round the tasks in turn, so
    that over as many batches as there are tasks each has had the same. A task's samples come in a fresh order each
    epoch of that task, each exactly once; tasks of different sizes finish their epochs at different times. A sample
    stands at most once in a batch (but for `when_tiny="repeat"`), also where a task's next epoch begins inside it.

    tasks: the task of each sample; a sample's index is its place here.
    when_tiny: what to do with a task that has fewer samples than its share of a batch. "redistribute" (with a
        warning): all its samples stand in every batch, the rest of its share goes to the other tasks. "repeat":
        its samples stand several times in a batch. "refuse": ValueError.

    Raises ValueError for no samples, a batch smaller than the number of tasks or larger than the number of samples,
    and an unknown `when_tiny`.
    """

    def __init__(self, tasks: Sequence[str], batch_size: int, seed: int, when_tiny: str = "redistribute") -> None:
        if when_tiny not in WHEN_TINY:
            raise unknown_name("when_tiny", when_tiny, WHEN_TINY)
        self.members: dict[str, list[int]] = {}
        for index, task in enumerate(tasks):
            self.members.setdefault(task, []).append(index)
        self.batch_size, self.seed, self.when_tiny = batch_size, seed, when_tiny
        self._check(len(tasks))
        self.names = sorted(self.members)
        self.batch = 0  # the number of the next batch
        self._epochs = dict.fromkeys(self.names, 0)  # epochs begun, of each task
        self._queues: dict[str, list[int]] = {name: [] for name in self.names}  # what is left of the epoch begun
        self._fingerprint = hashlib.sha256(json.dumps([list(tasks), batch_size, seed, when_tiny]).encode()).hexdigest()

    def counts(self, batch: int) -> dict[str, int]:
        """How many samples of each task stand in batch number `batch`."""
        share, left_over = divmod(self.batch_size, len(self.names))
        counts = dict.fromkeys(self.names, share)
        for place in range(left_over):
            counts[self.names[(batch * left_over + place) % len(self.names)]] += 1
        if self.when_tiny == "redistribute":
            spare = 0
            for name in self.names:
                surplus = max(0, counts[name] - len(self.members[name]))
                counts[name] -= surplus
                spare += surplus
            for turn in range(batch, batch + len(self.names) * self.batch_size):
                if not spare:
                    break
                name = self.names[turn % len(self.names)]
                if counts[name] < len(self.members[name]):
                    counts[name] += 1
                    spare -= 1
        return counts

    def next_batch(self) -> list[int]:
        """The next batch, in an order of its own."""
        chosen: list[int] = []
        for name, count in self.counts(self.batch).items():
            chosen += self._draw(name, count)
        random.Random(f"{self.seed}/batch/{self.batch}").shuffle(chosen)
        self.batch += 1
        return chosen

    def __iter__(self) -> Iterator[list[int]]:
        """Batches without end: a trainer stops by its number of steps."""
        while True:
            yield self.next_batch()

    def state_dict(self) -> dict[str, Any]:
        """All that decides the batches to come, as plain JSON data."""
        return {
            "fingerprint": self._fingerprint,
            "batch": self.batch,
            "epochs": dict(self._epochs),
            "queues": {name: list(queue) for name, queue in self._queues.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken, in the middle of an epoch or not.

        Raises ValueError where it was taken over other samples, another batch size or another seed.
        """
        if state.get("fingerprint") != self._fingerprint:
            raise ValueError("the state is of a sampler with other samples, batch size, seed or when_tiny")
        self.batch = int(state["batch"])
        self._epochs = {name: int(state["epochs"][name]) for name in self.names}
        self._queues = {name: list(state["queues"][name]) for name in self.names}

    def _draw(self, name: str, count: int) -> list[int]:
        drawn: list[int] = []
        queue = self._queues[name]
        while len(drawn) < count:
            if not queue:
                queue += self._epoch_order(name, after=drawn)
            needed = count - len(drawn)
            drawn += queue[:needed]
            del queue[:needed]
        return drawn

    def _epoch_order(self, name: str, after: Sequence[int]) -> list[int]:
        """A task's next epoch; what the current batch holds already (`after`) comes last, so that none meets itself."""
        order = list(self.members[name])
        random.Random(f"{self.seed}/task/{name}/{self._epochs[name]}").shuffle(order)
        self._epochs[name] += 1
        held = set(after)
        return sorted(order, key=held.__contains__)

    def _check(self, samples: int) -> None:
        if not samples:
            raise ValueError("there are no samples to draw from")
        if self.batch_size < len(self.members):
            raise ValueError(f"batch_size is {self.batch_size}, less than one for each of {len(self.members)} tasks")
        share = -(-self.batch_size // len(self.members))
        tiny = [f"{name} ({len(rows)})" for name, rows in sorted(self.members.items()) if len(rows) < share]
        if not tiny or self.when_tiny == "repeat":
            return
        problem = (
            f"fewer samples than the {share} that a batch of {self.batch_size} asks of each task: {', '.join(tiny)}"
        )
        if self.when_tiny == "refuse":
            raise ValueError(f"{problem}; add samples, or take when_tiny='redistribute'")
        if samples < self.batch_size:
            raise ValueError(f"there are {samples} samples for a batch of {self.batch_size}; take when_tiny='repeat'")
        warnings.warn(f"{problem}; the other tasks fill their places", stacklevel=3)
