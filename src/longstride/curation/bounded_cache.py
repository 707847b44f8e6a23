"""A cache that holds at most so much: what was used longest ago leaves first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BoundedCache(Generic[Key, Value]):
    """Values by key whose costs sum to at most `max_cost`; the newest stays even where it alone costs more."""

    def __init__(self, max_cost: int) -> None:
        self.max_cost, self.cost = max_cost, 0
        self._held: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], tuple[Value, int]]) -> Value:
        """The value of `key`; where it is not held, `make` gives it with its cost."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key][0]
        value, cost = make()
        self.put(key, value, cost)
        return value

    def put(self, key: Key, value: Value, cost: int) -> None:
        if key in self._held:
            self.cost -= self._held.pop(key)[1]
        self._held[key] = value, cost
        self.cost += cost
        while self.cost > self.max_cost and len(self._held) > 1:
            _, (_, freed) = self._held.popitem(last=False)
            self.cost -= freed

    def __contains__(self, key: Key) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)
