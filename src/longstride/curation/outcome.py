"""What a check says of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Passed, failed for a reason, or not made at all; at most one of `reason` and `skipped` is set.

    A reason is one of a few fixed phrases, so that a funnel can count it; what is particular to the sample is `detail`.
    """

    reason: str | None = None  # why the sample fails; None where it does not
    detail: str = ""  # which document, which offset, which answer: for a person
    skipped: str | None = None  # why the check could not be made: counted, and never taken for a pass
    numbers: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what was measured; plain JSON

    def __post_init__(self) -> None:
        if self.reason is not None and self.skipped is not None:
            raise ValueError(f"an outcome both failed ({self.reason}) and was skipped ({self.skipped})")

    @property
    def passed(self) -> bool:
        return self.reason is None and self.skipped is None

    def as_record(self) -> dict[str, Any]:
        """What `Sample.checks` keeps of it."""
        if self.reason is not None:
            return {"status": "failed", "reason": self.reason, "detail": self.detail, **self.numbers}
        if self.skipped is not None:
            return {"status": "skipped", "reason": self.skipped, **self.numbers}
        return {"status": "passed", **self.numbers}
