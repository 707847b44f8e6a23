"""No answer of a kind of question may be so frequent that it is worth guessing (paper 4.2: balanced data)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from longstride.grading import strict_form

SHARE_OF_ONE_ANSWER = 0.02  # of the questions that are asked together; not in the paper


@dataclass
class AnswerShares:
    """Keeps any one answer from being worth guessing: each has its small share of the questions of its kind."""

    share: float = SHARE_OF_ONE_ANSWER
    _asked: Counter[str] = field(default_factory=Counter[str])
    _given: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def allows(self, kinds: tuple[str, ...], answer: str) -> bool:
        form = strict_form(answer)
        return all(self._given[kind, form] < 1 + self.share * self._asked[kind] for kind in kinds)

    def count(self, kinds: tuple[str, ...], answer: str) -> None:
        for kind in kinds:
            self._asked[kind] += 1
            self._given[kind, strict_form(answer)] += 1
