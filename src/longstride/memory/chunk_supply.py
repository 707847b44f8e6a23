"""Chunks as a reading draws them; one that a server finds too long is cut, and so are those after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from longstride.records import Document
from longstride.tokens import Chunk, Tokenizer, chunk

SMALLEST_CUT = 64  # tokens; a window that does not hold so much text beside the prompt is no use


class ChunkSupply:
    """An iterator over the texts of `chunks`, each of at most `limit` tokens once that is set.

    `drawn` keeps every chunk as it came, for quotations to be looked up in.
    """

    def __init__(self, chunks: Iterable[Chunk], tokenizer: Tokenizer) -> None:
        self.drawn: list[Chunk] = []
        self.tokens = 0  # of the chunk handed out last
        self.limit: int | None = None
        self._chunks, self._tokenizer = iter(chunks), tokenizer
        self._text = ""
        self._waiting: deque[tuple[str, int]] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._waiting:
            drawn = next(self._chunks)
            self.drawn.append(drawn)
            self._waiting.append((drawn.text, drawn.tokens))
        text, tokens = self._waiting.popleft()
        if self.limit is not None and tokens > self.limit:
            first, *rest = self._cut(text, self.limit)
            self._waiting.extendleft(reversed(rest))
            text, tokens = first
        self._text, self.tokens = text, tokens
        return text

    def cut_current(self) -> str | None:
        """The first part of the chunk handed out last, cut in half; the rest comes next. None: it is small already."""
        limit = self.tokens // 2
        if limit < SMALLEST_CUT:
            return None
        self.limit = limit
        self._waiting.appendleft((self._text, self.tokens))
        return next(self)

    def _cut(self, text: str, limit: int) -> list[tuple[str, int]]:
        whole = Document(id="chunk", title="", family="literature", source="", text=text)
        return [(part.text, part.tokens) for part in chunk([whole], limit, self._tokenizer)]
