"""How the agents of MASE work together. The paper gives none of these numbers (3.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MaseSettings:
    """Sizes and thresholds of the loop over one cluster. Raises ValueError for one that is out of range.

    Where solver and verifier err independently in one answer of five, a wrong proposal passes both the agreement (two
    of four, 0.18) and the majority (two of three, 0.10) with a chance of 0.02, even if all solvers that err agree.
    """

    start_documents: int = 2  # that the first round sees; each later round sees one more
    most_documents: int = 6  # of a cluster
    max_rounds: int = 8  # of a cluster
    solver_samples: int = 4
    agreement: float = 0.5  # share of the solver's samples that must give the proposed answer
    verifier_votes: int = 3  # more than half of them must accept
    easy_share: float = 0.5  # of the rounds may give a question that the solver always answers
    repeats: int = 2  # proposals in succession that repeat old ones: the cluster is exhausted
    patience: int = 2  # rounds without a new document and without a harder question
    similarity: float = 85.0  # of rapidfuzz's token_sort_ratio, 0..100: the same question

    def __post_init__(self) -> None:
        for name in (
            "start_documents",
            "most_documents",
            "max_rounds",
            "solver_samples",
            "verifier_votes",
            "repeats",
            "patience",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 1 or more")
        if self.most_documents < self.start_documents:
            raise ValueError(f"most_documents is {self.most_documents}, fewer than start_documents")
        if not 0 < self.agreement <= 1:
            raise ValueError(f"agreement is {self.agreement}, expected more than 0 and at most 1")
        if not 0 <= self.easy_share <= 1:
            raise ValueError(f"easy_share is {self.easy_share}, expected 0..1")
        if not 0 < self.similarity <= 100:
            raise ValueError(f"similarity is {self.similarity}, expected more than 0 and at most 100")

    @property
    def most_easy(self) -> int:
        """How many questions of a cluster the solver may always answer."""
        return math.ceil(self.easy_share * self.max_rounds)
