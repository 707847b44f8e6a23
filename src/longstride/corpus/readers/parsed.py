"""What a parser of an untrusted format gives back over the pipe: plain text and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Parsed:
    title: str | None
    text: str
    mended: Mapping[str, int] = field(default_factory=dict[str, int])
