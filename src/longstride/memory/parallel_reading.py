"""Parts of a text read side by side, and their memories merged: a text of N parts takes an Nth of the calls in a row.

Not in the paper: a part is read without the memory of those before it, so what only the order of reading tells (a
pronoun, a correction of what came before) is left to the merge.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from longstride.memory.chunk_supply import ChunkSupply
from longstride.memory.driving import Desk, read_all
from longstride.memory.events import MERGING
from longstride.memory.query import Query
from longstride.memory.reading import Reading
from longstride.memory.settings import MemorySettings
from longstride.memory.updates import MemoryState
from longstride.records import Document
from longstride.tokens import Tokenizer, chunk


def part_bounds(chunks: int, parts: int) -> list[tuple[int, int]]:
    """`chunks` in order, in at most `parts` stretches whose lengths differ by one at most; never none."""
    parts = max(1, min(parts, chunks))
    return list(pairwise(part * chunks // parts for part in range(parts + 1)))


async def merged(
    states: Sequence[MemoryState],
    queries: Sequence[Query],
    settings: MemorySettings,
    tokenizer: Tokenizer,
    desk: Desk,
    note: str = "",
) -> Reading:
    """A reading whose memory is that of all parts, ready for its answers.

    It begins with the first part's memory and reads the others', in order, as many at a time as fill a chunk; parts
    that noted nothing are passed over.
    """
    nothing = settings.prompt_set.nothing
    noted = [state for state in states if state.memory != nothing] or list(states[:1])
    others = [
        Document(id=f"part-{number}", title="", family="dialogue", source="", text=state.memory)
        for number, state in enumerate(noted[1:], 1)
    ]
    chunks = list(chunk(others, settings.chunk_tokens, tokenizer))
    supply = ChunkSupply(chunks, tokenizer)
    reading = Reading(
        queries, supply, settings, tokenizer.count, update_prompt=settings.prompt_set.merge, update_note=note
    )
    reading.state = noted[0]
    await read_all(reading, supply, desk, expected_chunks=lambda: len(chunks), part=MERGING)
    return reading
