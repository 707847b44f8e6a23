"""Work done ahead of whoever takes its results: a text is cut and tokenised while the model reads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Generic, TypeVar

T = TypeVar("T")
DEPTH = 2  # not in the paper


@dataclass(frozen=True)
class _End:
    error: BaseException | None


class LookAhead(Generic[T]):
    """An iterator over `items`, which a thread of its own draws up to `depth` ahead; close it when done.

    An error in drawing is raised where its item would have come.
    """

    def __init__(self, items: Iterable[T], depth: int = DEPTH) -> None:
        self._queue: Queue[T | _End] = Queue(depth)
        self._closed = threading.Event()
        self._end: _End | None = None
        self._thread = threading.Thread(target=self._draw, args=(items,), name="longstride-look-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._end is None:
            item = self._queue.get()
            if not isinstance(item, _End):
                return item
            self._end = item
        if self._end.error is not None:
            raise self._end.error
        raise StopIteration

    def close(self) -> None:
        """Draw no more, and wait for the thread."""
        self._closed.set()
        self._end = self._end or _End(None)
        while self._thread.is_alive():
            try:
                self._queue.get_nowait()  # room for an item that the thread holds
            except Empty:
                self._thread.join(0.01)

    def _draw(self, items: Iterable[T]) -> None:
        drawn = iter(items)
        try:
            for item in drawn:
                if self._closed.is_set():
                    break
                self._queue.put(item)
            end = _End(None)
        except BaseException as error:
            end = _End(error)
        close = getattr(drawn, "close", None)
        if close is not None:
            close()
        if not self._closed.is_set():
            self._queue.put(end)
