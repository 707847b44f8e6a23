"""The funnel (paper 3: 14.1k of 42.7k samples remain): how many enter each stage, how many leave it, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from longstride.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table


@dataclass
class Stage:
    """One stage: what entered, what fell out and why, and what was noted of those that stayed."""

    name: str
    entered: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])  # why samples fell out
    notes: Counter[str] = field(default_factory=Counter[str])  # of samples that stayed: a check that was not made

    @property
    def left(self) -> int:
        """How many went on to the next stage."""
        return self.entered - self.reasons.total()

    def count(self, reason: str | None = None, note: str | None = None) -> None:
        """One sample entered; a `reason` makes it fall out."""
        self.entered += 1
        if reason is not None:
            self.reasons[reason] += 1
        elif note is not None:
            self.notes[note] += 1


class Funnel:
    """Stages in the order in which they were first named."""

    def __init__(self, stages: tuple[str, ...] = ()) -> None:
        self.stages: dict[str, Stage] = {name: Stage(name) for name in stages}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Funnel) and self.stages == other.stages

    def count(self, stage: str, reason: str | None = None, note: str | None = None) -> None:
        """One sample entered `stage`; with a reason it fell out there, else it went on."""
        self.stages.setdefault(stage, Stage(stage)).count(reason, note)

    def merge(self, other: Funnel) -> None:
        """Add the counts of another shard of the same work; stages that only it has come last."""
        for name, stage in other.stages.items():
            mine = self.stages.setdefault(name, Stage(name))
            mine.entered += stage.entered
            mine.reasons.update(stage.reasons)
            mine.notes.update(stage.notes)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain JSON; the same counts give the same text, in whatever order they came."""
        return [
            {
                "stage": stage.name,
                "in": stage.entered,
                "out": stage.left,
                "reasons": _ordered(stage.reasons),
                "notes": _ordered(stage.notes),
            }
            for stage in self.stages.values()
        ]

    @classmethod
    def from_json(cls, stages: list[dict[str, Any]]) -> Funnel:
        """The funnel that `to_json` gave. Raises InputError where its numbers do not add up."""
        funnel = cls()
        for values in stages:
            stage = Stage(values["stage"], values["in"], Counter(values["reasons"]), Counter(values["notes"]))
            if stage.left != values["out"] or stage.left < 0:
                raise InputError(
                    f"{stage.entered} in and {values['out']} out do not agree with the reasons", field="out"
                )
            funnel.stages[stage.name] = stage
        return funnel

    def table(self, title: str = "Funnel") -> Table:
        """A rich table: a row a stage, under it a row a reason. Reasons may hold untrusted text: no markup is read."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title, title_justify="left")
        table.add_column("stage")
        for name in ("in", "out", "fell out"):
            table.add_column(name, justify="right")
        for stage in self.stages.values():
            fallen = f"{stage.reasons.total():,}" if stage.reasons else ""
            table.add_row(Text(stage.name, "bold"), f"{stage.entered:,}", f"{stage.left:,}", fallen)
            for reason, count in _ordered(stage.reasons).items():
                table.add_row(Text(f"  {reason}"), "", "", f"{count:,}")
            for note, count in _ordered(stage.notes).items():
                table.add_row(Text(f"  {note}", "dim"), "", Text(f"{count:,}", "dim"), "")
        return table


def _ordered(counts: Mapping[str, int]) -> dict[str, int]:
    """The most frequent first, those of one count by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
