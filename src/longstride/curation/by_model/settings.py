"""What the checks by a model are told: which of them, how many answers, and where each draws its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from longstride.errors import InputError
from longstride.llm import ChatModel

CHECKS = ("blind", "grounding", "scarce", "robustness")  # in this order; after a failure the rest is not made
PASS_RATE = "pass_rate"  # measured for strata where robustness, which measures it too, is not among the checks
SOLVER, JUDGE, REFERENCE = "solver", "judge", "reference"  # the roles that are asked
SPARE = ("drop", "tell")


class Roles(Protocol):
    """The models by role, and how many samples may be under way at once."""

    @property
    def model(self) -> Callable[[str], ChatModel]: ...

    @property
    def in_flight(self) -> int: ...


@dataclass(frozen=True)
class CheckSettings:
    """Everything that decides what the checks say, beside the samples and what the models answer.

    The paper's rule for what is known without its documents is that one right answer drops a sample: `*_allowed` of 0.
    Its rule for robustness is that a sample without any right answer is dropped: `agreement` of 0. Ours asks for more,
    because there the sample's own answer is put to the test as well: a wrong one is seldom given by half of the
    answers and more often than any other.
    """

    checks: tuple[str, ...] = CHECKS
    answers: int = 4  # to each question; not in the paper
    blind_allowed: int = 0  # right answers without any document that are still no proof of knowing it
    grounding_allowed: int = 0  # the same without the evidence documents
    scarce_allowed: int = 0  # the same without one of them
    spare: str = "drop"  # "tell": a document that can be spared is named, and the sample stays
    max_left_out: int = 4  # evidence documents that are left out one at a time; not in the paper
    agreement: float = 0.5  # share of the answers with other documents around that must be right; not in the paper
    target_tokens: int | None = None  # up to which documents are added; None: twice those of the sample
    guessing: float = 0.1  # how probable guesses must be to explain right answers; see `chance`; not in the paper
    right_score: float = 1.0  # a response is right from this score on
    seed: int = 0
    strata: int | None = None  # so many samples of each data source, as many of each stratum of pass@k
    audit: bool = False  # ask the reference model without the documents, and with the five nearest

    def __post_init__(self) -> None:
        for name in self.checks:
            if name not in CHECKS:
                raise InputError(f"no such check {name!r:.40}", field="checks", cure=f"known: {', '.join(CHECKS)}")
        if self.spare not in SPARE:
            raise InputError(f"is {self.spare!r:.40}, expected {' or '.join(SPARE)}", field="spare")
        for name, least in (("answers", 1), ("max_left_out", 1), ("strata", 1), ("target_tokens", 1)):
            value: int | None = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"is {value}, expected {least} or more", field=name)
        for name in ("blind_allowed", "grounding_allowed", "scarce_allowed"):
            if getattr(self, name) < 0:
                raise InputError(f"is {getattr(self, name)}, expected 0 or more", field=name)
        for name in ("agreement", "guessing", "right_score"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"is {getattr(self, name)}, expected 0..1", field=name)

    @property
    def made(self) -> tuple[str, ...]:
        """The checks that are made, in their order, with the measurement that strata need."""
        chosen = tuple(name for name in CHECKS if name in self.checks)
        return chosen if self.strata is None or "robustness" in chosen else (*chosen, PASS_RATE)

    def as_record(self) -> dict[str, Any]:
        """Plain JSON, for a manifest."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "checks": list(self.made)}
