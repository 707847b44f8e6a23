"""What a synthesis with models will take: from a few of the documents, read for real, and the questions they give.

Their answers are in the cache, so the sample is paid once. What a sample cannot show is bounded: every candidate is
taken to reach the checks, at the full length of its input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longstride.llm.ledger import Prices
from longstride.pipeline.with_models.meter import Meter, Usage

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Estimate:
    """The work by stage, and by role within it."""

    stages: Mapping[str, Meter]
    prices: Mapping[str, Prices] = field(default_factory=dict[str, Prices])  # by role, where they are known
    sampled: Meter = field(default_factory=Meter)  # what the sample took
    documents: int = 0  # in the sample
    in_flight: int = 1

    @property
    def total(self) -> Usage:
        """Over all stages and roles."""
        total = Usage()
        for meter in self.stages.values():
            total.add(meter.total)
        return total

    @property
    def seconds(self) -> float | None:
        """How long it takes with all servers busy, at the pace of the sample; None where that came from the cache."""
        if not self.sampled.received:
            return None
        return self.total.answers * self.sampled.waited_seconds / self.sampled.received / self.in_flight

    def table(self) -> Table:
        """A row a stage and role, and the sum."""
        from rich.table import Table

        title = f"What it will take, by {self.documents} of the documents"
        table = Table(title=title, title_justify="left", show_footer=True)
        whole, money = self.total, [meter.money(self.prices) for meter in self.stages.values()]
        table.add_column("stage", footer="all")
        table.add_column("role")
        for name, total in (("calls", whole.answers), ("tokens in", whole.prompt_tokens)):
            table.add_column(name, justify="right", footer=_counted(total))
        table.add_column("tokens out", justify="right", footer=_counted(whole.completion_tokens))
        known = [each for each in money if each is not None]
        table.add_column("money", justify="right", footer=f"{sum(known):,.2f}" if len(known) == len(money) else "?")
        for stage, meter in self.stages.items():
            for place, (role, usage) in enumerate(sorted(meter.roles.items())):
                cost = Meter({role: usage}).money(self.prices)
                table.add_row(
                    "" if place else stage,
                    role,
                    _counted(usage.answers),
                    _counted(usage.prompt_tokens),
                    _counted(usage.completion_tokens),
                    "?" if cost is None else f"{cost:,.2f}",
                )
        return table

    def time(self) -> str:
        """The time in words."""
        if self.seconds is None:
            return "the time is not known: the sample was in the cache already"
        pace = self.sampled.waited_seconds / self.sampled.received
        return (
            f"about {_duration(self.seconds)}, at {pace:.1f} seconds a call and {self.in_flight} calls at once; "
            f"the sample took {_counted(self.sampled.total.answers)} calls, which are not asked again"
        )


def _counted(number: float) -> str:
    """Two significant digits of what is an estimate."""
    if number < 100:
        return f"{number:,.0f}"
    return f"{float(f'{number:.2g}'):,.0f}"


def _duration(seconds: float) -> str:
    for unit, size in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
