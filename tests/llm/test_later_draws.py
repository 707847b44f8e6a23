"""Draws that come after others are no repetition of them."""

from __future__ import annotations

import asyncio

from longstride.llm import Message, ScriptedModel
from longstride.llm.later_draws import LaterDraws

ASKED = [Message(role="user", content="?")]


async def draws(model: LaterDraws, n: int, sample_index: int = 0) -> list[str]:
    return [each.text for each in await model.complete(ASKED, n=n, sample_index=sample_index)]


def test_index_0_is_the_first_of_the_later_ones():
    script = ScriptedModel(lambda _, index: f"draw {index}", model_id="m")
    later = LaterDraws(script, 6)
    assert later.model_id == "m"
    assert asyncio.run(draws(later, 2, sample_index=1)) == ["draw 7", "draw 8"]
    assert [(call.sample_index, call.n) for call in script.calls] == [(7, 2)]


def test_neighbours_share_no_draw():
    script = ScriptedModel(lambda _, index: f"draw {index}")
    first, second = (set(asyncio.run(draws(LaterDraws(script, 3 * turn), 3))) for turn in range(2))
    assert (first, second) == ({"draw 0", "draw 1", "draw 2"}, {"draw 3", "draw 4", "draw 5"})
