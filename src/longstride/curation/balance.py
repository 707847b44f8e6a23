"""Equal shares of every task, question type and input length (paper 4.2 "Prior to training")."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from longstride.curation.lengths import length_bucket
from longstride.records import Sample

Key = TypeVar("Key", bound=Hashable)


def equal_shares(stock: Mapping[Key, int], count: int, generator: random.Random) -> dict[Key, int]:
    """How many to take of each kind: the same of all; a kind that has fewer gives all, the others take its place.

    The shares sum to `count`, or to the whole stock where that is less. Two kinds that are not exhausted differ by at
    most one; which of them have one more, `generator` draws.
    Raises ValueError for a negative count or stock.
    """
    if count < 0 or any(held < 0 for held in stock.values()):
        raise ValueError(f"count is {count} of {dict(stock)!r:.80}, expected 0 or more of each")
    shares = dict.fromkeys(stock, 0)
    left = min(count, sum(stock.values()))
    while left:
        able = [kind for kind in stock if shares[kind] < stock[kind]]
        each = min(left // len(able), min(stock[kind] - shares[kind] for kind in able))
        for kind in able if each else generator.sample(able, left):
            shares[kind] += each or 1
            left -= each or 1
    return shares


def choose_by_keys(keys: Sequence[tuple[str, ...]], count: int, seed: int) -> list[int]:
    """The places of `count` of the keys, in their order: equal shares by the first part, inside each by the second,
    and so on; of equal keys, a random draw. All of them where there are no more than `count`."""
    return sorted(_choose(dict(enumerate(keys)), count, random.Random(f"{seed}/balance")))


def balance_key(sample: Sample) -> tuple[str, str, str]:
    """Task, question type and length bucket; `unknown` where the sample does not say its length."""
    length = "unknown" if sample.input_tokens is None else length_bucket(sample.input_tokens)
    return sample.task, sample.question_type, length


def frequent_answers(answers: Sequence[tuple[Hashable, str]], most: float) -> set[int]:
    """The places of answers that stand too often among those of their kind; without them none is over its share.

    answers: (kind, answer) of each sample, in order; the first so many of an answer stay. most: the share of a kind
    that one answer may have, at least one. What is guessed without reading is guessed right no more often than that.
    """
    if not 0 < most <= 1:
        raise ValueError(f"most is {most}, expected more than 0 and at most 1")
    counts: dict[Hashable, Counter[str]] = {}
    for kind, answer in answers:
        counts.setdefault(kind, Counter())[answer] += 1
    limits = {kind: _limit(list(each.values()), most) for kind, each in counts.items()}
    seen: Counter[tuple[Hashable, str]] = Counter()
    dropped: set[int] = set()
    for place, (kind, answer) in enumerate(answers):
        seen[kind, answer] += 1
        if seen[kind, answer] > limits[kind]:
            dropped.add(place)
    return dropped


def _limit(counts: Sequence[int], most: float) -> int:
    """The largest number of each answer that is no more than the share `most` of what then stays; 1 at least."""
    limit = max(counts)
    while limit > 1 and limit > most * sum(min(count, limit) for count in counts):
        limit -= 1
    return limit


def choose_balanced(samples: Iterable[Sample], count: int, seed: int) -> list[int]:
    """The places of `count` samples with equal shares of tasks, of question types in them, and of lengths in those.

    Reads the samples once and holds none of them. The same samples, count and seed give the same choice.
    """
    return choose_by_keys([balance_key(sample) for sample in samples], count, seed)


def _choose(keys: Mapping[int, tuple[str, ...]], count: int, generator: random.Random, depth: int = 0) -> list[int]:
    groups: dict[str, dict[int, tuple[str, ...]]] = {}
    for place, key in keys.items():
        if depth == len(key):  # all keys here are equal
            return generator.sample(list(keys), min(count, len(keys)))
        groups.setdefault(key[depth], {})[place] = key
    groups = dict(sorted(groups.items()))
    shares = equal_shares({name: len(group) for name, group in groups.items()}, count, generator)
    return [place for name, group in groups.items() for place in _choose(group, shares[name], generator, depth + 1)]
