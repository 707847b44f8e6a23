"""What the update is given: a prefix that is processed once, and the rows that follow it.

Full context: the prefix is the prompt, and the rows are its G responses. The memory agent's turns begin with the same
chunk, and then differ: the prefix is what they have in common, and a row opens with the rest of its prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longstride.records import Turn

SMALLEST_SAVING = 0.1  # of the tokens of the prompts in question; less is not worth a longer sequence


@dataclass(frozen=True)
class Row:
    """What follows the prefix: `ids[loss_from:]` are predicted, those before are context."""

    ids: tuple[int, ...]
    loss_from: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.loss_from <= len(self.ids):
            raise ValueError(f"loss_from is {self.loss_from}, expected 0 .. {len(self.ids)}")

    @property
    def targets(self) -> tuple[int, ...]:
        return self.ids[self.loss_from :]


@dataclass(frozen=True)
class SharedPrefix:
    prefix_ids: tuple[int, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        if not self.prefix_ids and any(row.targets and not row.loss_from for row in self.rows):
            raise ValueError("a row predicts its first token, but there is no prefix to predict it from")


@dataclass(frozen=True)
class SharedTurns:
    """`shared.rows[i]` is the turn at place `places[i]` of the sequence that was handed to `share`."""

    shared: SharedPrefix
    places: tuple[int, ...]


def share(turns: Sequence[Turn]) -> list[SharedTurns]:
    """Group turns by the beginning that their prompts have in common; every turn is in one group.

    Equal prompts share all of theirs. Prompts that differ later on are put together where this spares at least
    `SMALLEST_SAVING` of their tokens. Groups stand in the order of their first turn.
    """
    places: dict[tuple[int, ...], list[int]] = {}
    for place, turn in enumerate(turns):
        places.setdefault(turn.prompt_ids, []).append(place)
    clusters: list[_Cluster] = []
    for prompt in sorted(places):  # neighbours have the longest beginnings in common
        following = _Cluster(len(prompt), places[prompt], len(prompt) * len(places[prompt]))
        if clusters:
            last = clusters[-1]
            first_prompt = turns[last.places[0]].prompt_ids
            joined = _Cluster(
                min(last.prefix, common_length(first_prompt, prompt)),
                last.places + following.places,
                last.tokens + following.tokens,
            )
            if joined.saved - last.saved - following.saved >= SMALLEST_SAVING * joined.tokens:
                clusters[-1] = joined
                continue
        clusters.append(following)
    return [_shared_turns(cluster, turns) for cluster in sorted(clusters, key=lambda cluster: min(cluster.places))]


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many first tokens two prompts have in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@dataclass(frozen=True)
class _Cluster:
    prefix: int  # tokens in common
    places: list[int]
    tokens: int  # of all prompts

    @property
    def saved(self) -> int:
        return (len(self.places) - 1) * self.prefix


def _shared_turns(cluster: _Cluster, turns: Sequence[Turn]) -> SharedTurns:
    places = tuple(sorted(cluster.places))
    rows: list[Row] = []
    for place in places:
        rest = turns[place].prompt_ids[cluster.prefix :]
        rows.append(Row(rest + turns[place].response_ids, len(rest)))
    return SharedTurns(SharedPrefix(turns[places[0]].prompt_ids[: cluster.prefix], tuple(rows)), places)
