"""How much is ahead: chunks, calls and tokens, from what was cut so far and the share of the text that it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from longstride.memory.events import Estimate
from longstride.tokens import Chunk

MEMORY, FULL = "memory", "full"


@dataclass
class Gauge:
    """Counts chunks as they are drawn; says how many there will be.

    all_characters: of the text, as far as that is known now; None where nobody knows.
    """

    all_characters: Callable[[], float] | None
    questions: int
    passes: int = 1
    chunks: int = 0
    tokens: int = 0
    characters: int = 0  # in these chunks
    merges: int = 0
    ended: bool = False

    def counted(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """`chunks`, counted."""
        for each in chunks:
            self.chunks += 1
            self.tokens += each.tokens
            self.characters += sum(piece.end - piece.start for piece in each.pieces)
            yield each
        self.ended = True

    def settle(self, chunks: int, tokens: int, parts: int) -> None:
        """These chunks are what will be read, in so many parts."""
        self.chunks, self.tokens, self.merges, self.ended = chunks, tokens, int(parts > 1), True

    def expected_chunks(self) -> int:
        """Of all passes."""
        return self.passes * math.ceil(self.chunks * self._whole_over_cut())

    def estimate(self) -> Estimate:
        """What is ahead."""
        chunks = self.expected_chunks()
        tokens = round(self.tokens * self._whole_over_cut())
        return Estimate(MEMORY, chunks, chunks + self.merges + self.questions, tokens, self.ended)

    def _whole_over_cut(self) -> float:
        """The text's length over the length of what was cut; 1 where that is all, or nobody knows."""
        if self.ended or self.all_characters is None or not self.characters:
            return 1.0
        return max(1.0, self.all_characters() / self.characters)
