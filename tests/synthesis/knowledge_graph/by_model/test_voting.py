"""Votes are asked for until they decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from longstride.synthesis.knowledge_graph.by_model.voting import Majority, agreed


@pytest.mark.parametrize(
    ("votes", "verdict", "asked"),
    [
        ([True, True, True, True], True, 3),
        ([True, False, True, True], True, 4),
        ([False, False, True, True], False, 2),
        ([True, None, True, True], True, 4),
        ([None, None, True, True], None, 2),
        ([False, None, True, True], False, 2),
    ],
)
def test_three_of_four_decide(votes: Sequence[bool | None], verdict: bool | None, asked: int, run: Callable[..., Any]):
    heard: list[int] = []

    async def ask(sample: int) -> bool | None:
        heard.append(sample)
        return votes[sample]

    assert run(agreed(ask, Majority(3, 4))) is verdict
    assert heard == list(range(asked))


@pytest.mark.parametrize(("needed", "of"), [(2, 4), (0, 1), (4, 3)])
def test_half_is_no_majority(needed: int, of: int):
    with pytest.raises(ValueError, match="no majority"):
        Majority(needed, of)
