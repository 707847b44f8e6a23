"""Parts are even, and memories that noted nothing cost no call."""

import asyncio

import pytest

from longstride.llm import ScriptedModel
from longstride.memory.driving import Desk
from longstride.memory.parallel_reading import merged, part_bounds
from longstride.memory.query import Query
from longstride.memory.settings import MemorySettings
from longstride.memory.updates import MemoryState
from longstride.tokens import load_tokenizer

TOKENIZER = load_tokenizer()
NOTHING = MemoryState("No previous memory.", "No previous memory.")


@pytest.mark.parametrize(
    ("chunks", "parts", "bounds"),
    [
        (7, 3, [(0, 2), (2, 4), (4, 7)]),
        (2, 5, [(0, 1), (1, 2)]),
        (4, 1, [(0, 4)]),
        (0, 3, [(0, 0)]),
    ],
)
def test_parts_are_even_and_never_empty(chunks: int, parts: int, bounds: list[tuple[int, int]]):
    assert part_bounds(chunks, parts) == bounds


def test_only_parts_that_noted_something_are_merged():
    model = ScriptedModel(["<memory>both</memory><plan></plan>"])
    states = [NOTHING, MemoryState("first", ""), NOTHING, MemoryState("second", "")]
    reading = asyncio.run(merged(states, [Query("Where?")], MemorySettings(), TOKENIZER, Desk(model)))
    assert reading.state.memory == "both"
    alone = asyncio.run(merged(states[:3], [Query("Where?")], MemorySettings(), TOKENIZER, Desk(ScriptedModel([]))))
    assert alone.state.memory == "first"
