"""A question under trial: what the proposer said once the program has checked it, and how it is put to a reader."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from longstride.records import Evidence
from longstride.synthesis.choices import LETTERS
from longstride.synthesis.mase.tasks import Turn

CHOICE_INSTRUCTIONS = "Answer with the letter of the one right option alone: A, B, C or D."
OPEN_INSTRUCTIONS = "Give the answer alone, as short as it can be."


@dataclass(frozen=True)
class Draft:
    """A question with its answer and its proof. Of a multiple choice `forms` holds the right option."""

    turn: Turn
    question: str  # without options
    forms: tuple[str, ...]  # every accepted form of the answer, the preferred one first
    wrong: tuple[str, ...]  # options; none of a question with a short answer
    style: str  # a rule of longstride.grading by name
    evidence: tuple[Evidence, ...]

    @property
    def answer(self) -> str:
        return self.forms[0]

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The documents that are quoted, in the order of the quotations."""
        return tuple(dict.fromkeys(each.document_id for each in self.evidence))

    @property
    def key(self) -> str:
        """Names the question by its words, its answers and its documents."""
        named = json.dumps([self.question, self.forms, self.wrong, self.document_ids], ensure_ascii=False)
        return f"mase-{hashlib.sha256(named.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class PosedQuestion:
    """A draft as a reader gets it."""

    text: str  # with options, where it has any
    instructions: str
    ground_truth: tuple[str, ...]
    style: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    options: tuple[str, ...] = ()  # in the order of their letters


def posed(draft: Draft, letter: str, seed: int) -> PosedQuestion:
    """The question; with options the right one stands under `letter`, and the wrong ones in a seeded order.

    Without options the letter means nothing.
    """
    if not draft.wrong:
        return PosedQuestion(draft.question, OPEN_INSTRUCTIONS, draft.forms, draft.style)
    wrong = random.Random(f"{seed}/mase/options/{draft.key}").sample(draft.wrong, len(draft.wrong))
    place = LETTERS.index(letter)
    options = (*wrong[:place], draft.answer, *wrong[place:])
    listed = "\n".join(f"({name}) {option}" for name, option in zip(LETTERS, options, strict=True))
    return PosedQuestion(
        text=f"{draft.question}\n{listed}",
        instructions=CHOICE_INSTRUCTIONS,
        ground_truth=(letter,),
        style=draft.style,
        arguments={"choices": LETTERS},
        options=options,
    )
