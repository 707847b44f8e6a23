"""A question of in-context learning before it is a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from longstride.synthesis.in_context.sheets import Pair


@dataclass(frozen=True)
class Draft:
    """What is asked, and what the sheets hold that teach the answer."""

    kind: str
    text: str
    form: str
    style: str
    answer: str
    sheets: tuple[tuple[Pair, ...], ...]
    query: str
    words: tuple[str, ...] = ()
    renaming: tuple[Pair, ...] = ()  # label -> new label
    entities: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])  # for a reader of the derivation
