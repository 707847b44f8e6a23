"""The checks of one sample that need nothing but the sample, its documents and a pool of others (paper 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from longstride.curation.families import Family, Rederivation
from longstride.curation.grounding import MAX_LEFT_OUT, SCARCE, check_answer, check_grounding
from longstride.curation.outcome import Outcome
from longstride.curation.quotes import check_quotes
from longstride.curation.robustness import DISTRACTORS, check_robustness
from longstride.errors import unknown_name
from longstride.records import Document, Sample
from longstride.tokens import load_tokenizer

CHECKS = ("quotes", "answer", "grounding", "robustness")  # in this order; after a failure the rest is not made


@dataclass(frozen=True)
class Verdict:
    """The outcomes of the checks that were made, in their order; the last is the one that failed, if any did."""

    outcomes: tuple[tuple[str, Outcome], ...]

    @property
    def failed(self) -> tuple[str, Outcome] | None:
        """The check that failed, with its outcome; None where none did."""
        if not self.outcomes or self.outcomes[-1][1].reason is None:
            return None
        return self.outcomes[-1]

    @property
    def passed(self) -> bool:
        return self.failed is None

    @property
    def reason(self) -> str | None:
        """`check: reason`, as a funnel counts it; None where no check failed."""
        return None if self.failed is None else f"{self.failed[0]}: {self.failed[1].reason}"

    @property
    def skipped(self) -> dict[str, str]:
        """Why each check that could not be made was not, by the check's name."""
        return {name: outcome.skipped for name, outcome in self.outcomes if outcome.skipped is not None}

    def checks(self) -> dict[str, dict[str, Any]]:
        """What `Sample.checks` keeps: for each check its status and what it measured."""
        return {name: outcome.as_record() for name, outcome in self.outcomes}


class Curator:
    """Checks samples one at a time, by the families that can answer them again.

    families: by the name that stands in `Sample.generator`. A sample of another family passes on its quotations
        alone; its other checks are told as skipped.
    pool: documents that robustness draws from; their facts are extracted once and held.
    rederivation: of another curator with the same families, to share the facts that it holds.
    """

    def __init__(
        self,
        families: Mapping[str, Family],
        *,
        pool: Sequence[Document] = (),
        seed: int = 0,
        distractors: int = DISTRACTORS,
        scarce: str = "each",
        max_left_out: int = MAX_LEFT_OUT,
        count_tokens: Callable[[str], int] | None = None,
        rederivation: Rederivation | None = None,
    ) -> None:
        if scarce not in SCARCE:
            raise unknown_name("scarce", scarce, SCARCE)
        if distractors < 1:
            raise ValueError(f"distractors is {distractors}, expected 1 or more")
        if max_left_out < 1:
            raise ValueError(f"max_left_out is {max_left_out}, expected 1 or more")
        self.pool, self.seed, self.distractors = pool, seed, distractors
        self.scarce, self.max_left_out = scarce, max_left_out
        self.rederivation = rederivation or Rederivation(families, count_tokens or load_tokenizer().count)

    def check(self, sample: Sample, documents: Mapping[str, Document]) -> Verdict:
        """Every check, up to the first that fails. `documents` holds at least those that the sample names."""
        outcomes: list[tuple[str, Outcome]] = []
        for name in CHECKS:
            outcome = self._run(name, sample, documents)
            outcomes.append((name, outcome))
            if outcome.reason is not None:
                break
        return Verdict(tuple(outcomes))

    def _run(self, name: str, sample: Sample, documents: Mapping[str, Document]) -> Outcome:
        if name == "quotes":
            return check_quotes(sample, documents)
        if name == "answer":
            return check_answer(sample, documents, self.rederivation)
        if name == "grounding":
            return check_grounding(
                sample,
                documents,
                self.rederivation,
                seed=self.seed,
                scarce=self.scarce,
                max_left_out=self.max_left_out,
            )
        return check_robustness(
            sample, documents, self.rederivation, self.pool, seed=self.seed, distractors=self.distractors
        )


def with_checks(sample: Sample, checks: Mapping[str, Any]) -> Sample:
    """The sample with `checks` added to its own; those of the same name are replaced."""
    return replace(sample, checks={**sample.checks, **checks})
