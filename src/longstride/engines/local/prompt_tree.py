"""Which beginnings prompts have in common: a tree of stretches, each of them processed once.

The G responses of a group share their whole prompt. The memory agent's prompts that open with the chunk (paper 2.3)
share the chunk and then differ in what each rollout remembers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST_SAVING = 0.1  # of the tokens of the prompts in question; below it, one more part to attend to is not worth it


@dataclass(frozen=True, eq=False)
class Stretch:
    """Tokens that stand in one or more prompts at the same place, after the same beginning."""

    ids: tuple[int, ...]
    parent: Stretch | None = None
    start: int = 0  # how many tokens come before

    @property
    def end(self) -> int:
        return self.start + len(self.ids)

    def path(self) -> tuple[Stretch, ...]:
        """From the first tokens of the prompt to this stretch."""
        stretches: list[Stretch] = []
        stretch: Stretch | None = self
        while stretch is not None:
            stretches.append(stretch)
            stretch = stretch.parent
        return tuple(reversed(stretches))


def prompt_tree(prompts: Sequence[tuple[int, ...]]) -> list[tuple[int, Stretch]]:
    """(place of a prompt, the stretch that it ends with) for all prompts, in an order that keeps relatives together.

    Prompts that pass through a stretch stand side by side. Raises ValueError for an empty prompt.
    """
    if not all(prompts):
        raise ValueError(f"prompt {[bool(prompt) for prompt in prompts].index(False)} is empty")
    everything = sorted(range(len(prompts)), key=lambda place: (prompts[place], place))
    leaves: list[tuple[int, Stretch]] = []
    waiting: list[tuple[list[int], Stretch | None]] = [(everything, None)] if everything else []
    while waiting:
        relatives, stretch = waiting.pop()
        depth = 0 if stretch is None else stretch.end
        first, last = prompts[relatives[0]], prompts[relatives[-1]]  # sorted: what these two share, all share
        common = _common_length(first, last, depth)
        total = sum(len(prompts[place]) - depth for place in relatives)
        if first == last or (common > depth and (len(relatives) - 1) * (common - depth) >= SMALLEST_SAVING * total):
            stretch = Stretch(first[depth:common], stretch, depth)
            ended = [place for place in relatives if len(prompts[place]) == common]
            leaves.extend((place, stretch) for place in ended)
            relatives = relatives[len(ended) :]
        branches: dict[tuple[int, ...], list[int]] = {}  # by the next token; none: the prompt is over
        for place in relatives:
            branches.setdefault(prompts[place][common : common + 1], []).append(place)
        waiting.extend((branch, stretch) for branch in reversed(branches.values()))
    return leaves


def _common_length(first: Sequence[int], second: Sequence[int], low: int) -> int:
    """How many tokens two prompts begin with alike, at least `low`; by halving, as comparing slices is quick."""
    high = min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[low:middle] == second[low:middle] else (low, middle - 1)
    return low
