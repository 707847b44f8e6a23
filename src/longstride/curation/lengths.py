"""The buckets of input length that Figure 3 of the paper shows."""

from __future__ import annotations

from collections.abc import Iterable

K = 1000  # tokens: the longest inputs of the paper's 60K and 120K stages have 59,563 and 119,932 (Table 1)
BOUNDS = (4, 8, 16, 32, 64, 128)  # in K tokens, each the first that no longer belongs to the bucket before it
LENGTH_BUCKETS = ("<4K", "4-8K", "8-16K", "16-32K", "32-64K", "64-128K", ">128K")


def length_bucket(tokens: int) -> str:
    """The bucket of an input of so many tokens; a bound belongs to the bucket after it, but 128K to the one before.

    Raises ValueError for a negative number.
    """
    if tokens < 0:
        raise ValueError(f"tokens is {tokens}, expected 0 or more")
    if tokens == BOUNDS[-1] * K:
        return LENGTH_BUCKETS[-2]
    return LENGTH_BUCKETS[sum(tokens >= bound * K for bound in BOUNDS)]


def length_histogram(lengths: Iterable[int]) -> dict[str, int]:
    """How many of the lengths (tokens) fall in each bucket, all buckets in order."""
    counts: dict[str, int] = dict.fromkeys(LENGTH_BUCKETS, 0)
    for tokens in lengths:
        counts[length_bucket(tokens)] += 1
    return counts
