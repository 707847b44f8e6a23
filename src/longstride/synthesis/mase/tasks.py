"""The tasks of MASE and the order in which a cluster is asked for them (paper 3.2 "General Long-Context Reasoning").

Every answer is graded by a rule, viewpoints too: their question is a multiple choice over viewpoints, so no judge is
needed for them.
"""

from __future__ import annotations

from dataclasses import dataclass

REASONING = ("multi_fact", "temporal", "causal", "hypothetical")  # of records.QUESTION_TYPES


@dataclass(frozen=True)
class MaseTask:
    """What a proposer may be asked for. `prompts/mase_proposer_NAME.txt` says it in words."""

    name: str
    task: str  # one of records.TASKS
    question_types: tuple[str, ...]  # of records.QUESTION_TYPES, in turn
    choice: bool  # four options, graded by the letter; else a short answer, graded by its text

    @property
    def prompt(self) -> str:
        return f"mase_proposer_{self.name}"


MASE_TASKS = (
    MaseTask("reading_comprehension", "reading_comprehension", REASONING, choice=False),
    MaseTask("multiple_choice", "multiple_choice", REASONING, choice=True),
    MaseTask("in_context_learning", "reading_comprehension", ("long_in_context_learning",), choice=False),
    MaseTask("viewpoint", "multiple_choice", ("viewpoint",), choice=True),
)


@dataclass(frozen=True)
class Turn:
    """What one round asks for."""

    task: MaseTask
    question_type: str


def turn_of(number: int) -> Turn:
    """The tasks in turn, and with each new cycle of them the next type of question."""
    cycle, place = divmod(number, len(MASE_TASKS))
    task = MASE_TASKS[place]
    return Turn(task, task.question_types[cycle % len(task.question_types)])
