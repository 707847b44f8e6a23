"""What a piece of work tells once it is done: what was dropped and why, and what it took. It is the mark of that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longstride.curation.funnel import Funnel, Stage
from longstride.pipeline.with_models.meter import Meter
from longstride.synthesis.with_models import PASSED, Tally
from longstride.workspace import write_json


@dataclass
class Told:
    """Tallies by who counted (a family, or `documents`), and the usage by role."""

    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])
    meter: Meter = field(default_factory=Meter)

    def merge(self, other: Told) -> None:
        """Add another piece's."""
        for name, tally in other.tallies.items():
            self.tallies.setdefault(name, Tally()).merge(tally)
        self.meter.merge(other.meter)

    def funnel(self, stages: Mapping[str, Sequence[str]]) -> Funnel:
        """The tallies as stages `WHO: STAGE`; `stages` gives whom to tell of, and the order, also of empty ones."""
        funnel = Funnel()
        for name, known in stages.items():
            counted = self.tallies.get(name, Tally()).stages
            for stage in dict.fromkeys([*known, *sorted(counted)]):
                reasons = counted.get(stage, {})
                full = f"{name}: {stage}"
                funnel.stages[full] = Stage(full, sum(reasons.values()))
                funnel.stages[full].reasons.update(
                    {reason: count for reason, count in reasons.items() if reason != PASSED}
                )
        return funnel

    def to_json(self) -> dict[str, Any]:
        tallies = {name: tally.to_json() for name, tally in self.tallies.items()}
        return {"tallies": tallies, "usage": self.meter.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Told:
        tallies = {name: Tally.from_json(tally) for name, tally in value["tallies"].items()}
        return cls(tallies, Meter.from_json(value["usage"]))

    def write(self, path: Path) -> None:
        """Mark a piece as done; everything else of it has been written before."""
        write_json(path, self.to_json())

    @classmethod
    def read(cls, path: Path) -> Told:
        return cls.from_json(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def sum(cls, paths: Iterable[Path]) -> Told:
        """Of all pieces that are done."""
        whole = cls()
        for path in paths:
            if path.exists():
                whole.merge(cls.read(path))
        return whole
