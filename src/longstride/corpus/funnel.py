"""How many files, sources and documents came in, how many were left out, and why (paper 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from longstride.errors import InputError

KEPT = "kept"
EXAMPLES = 3  # places named for each reason
STAGES = ("files", "sources", "documents")


@dataclass
class Funnel:
    """Counts by reason. A file gives sources (itself, or its records); a source is split into documents."""

    files: Counter[str] = field(default_factory=Counter[str])
    sources: Counter[str] = field(default_factory=Counter[str])
    documents: Counter[str] = field(default_factory=Counter[str])
    mended: Counter[str] = field(default_factory=Counter[str])  # what was put right on the way, and by how often
    examples: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # "stage: reason" -> first places

    def count(self, stage: str, reason: str, place: str | None = None, times: int = 1) -> None:
        """Count `reason` at `stage` ("files", "sources", "documents" or "mended"); keep the first few places."""
        getattr(self, stage)[reason] += times
        if place is not None and reason != KEPT:
            seen = self.examples.setdefault(f"{stage}: {reason}", [])
            if len(seen) < EXAMPLES:
                seen.append(place)

    def add(self, other: Funnel) -> None:
        """Take in the counts of a later part of the corpus."""
        for stage in (*STAGES, "mended"):
            getattr(self, stage).update(getattr(other, stage))
        for reason, places in other.examples.items():
            seen = self.examples.setdefault(reason, [])
            seen.extend(places[: EXAMPLES - len(seen)])

    def rows(self) -> list[tuple[str, str, int]]:
        """(stage, reason, count), stage by stage, what was kept first, then the most frequent reason."""
        rows: list[tuple[str, str, int]] = []
        for stage in (*STAGES, "mended"):
            counts: Counter[str] = getattr(self, stage)
            ordered = sorted(counts.items(), key=lambda item: (item[0] != KEPT, -item[1], item[0]))
            rows.extend((stage, reason, count) for reason, count in ordered)
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; `from_dict` reads it again."""
        stages = {stage: dict(sorted(getattr(self, stage).items())) for stage in (*STAGES, "mended")}
        return {**stages, "examples": dict(sorted(self.examples.items()))}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Funnel:
        """Raises InputError for what `as_dict` did not write."""
        try:
            stages = {stage: Counter({str(k): int(v) for k, v in values[stage].items()}) for stage in STAGES}
            mended = Counter({str(k): int(v) for k, v in values["mended"].items()})
            examples = {str(key): [str(place) for place in places] for key, places in values["examples"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"is not a funnel ({type(error).__name__}: {error})", cure="make it again") from None
        return cls(**stages, mended=mended, examples=examples)
