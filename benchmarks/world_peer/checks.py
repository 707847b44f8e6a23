"""The solver and the grading judge over the fictional world: they answer every prompt that asks a question."""

from __future__ import annotations

import random
import re

from longstride.curation.by_model.options import OPTION
from longstride.grading import strict_form
from longstride.prompts import load_prompt
from world_peer.contract import Known, Player, Truth

SOLVERS = ("solver_blind", "solver_documents", "mase_solver", "full_context")  # prompts
TAIL = 8_000  # characters at the end of a message in which the question stands
FIELD = re.compile(r"^Answer [12]: <data-(\w+)>\n(.*?)\n</data-\1>", re.DOTALL | re.MULTILINE)
CANNOT_TELL = "The documents do not tell, and I do not know it."


def solve(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """The true answer to a registered question where all that it needs stands in the message.

    A wrong solver gives the plausible other answer, of a multiple choice another letter. Whoever cannot answer says so.
    """
    if not message.startswith(tuple(map(_opening, SOLVERS))):
        return None
    tail = message[-TAIL:]
    asked = max((each for each in truth.questions if each in tail), key=len, default=None)
    if asked is None:
        return CANNOT_TELL
    known = truth.questions[asked]
    if not all(text in message for text in known.needed):
        return CANNOT_TELL
    options = {match[2]: match[3] for match in OPTION.finditer(tail[tail.rindex(asked) + len(asked) :])}
    said = _said(known, options, wrong)
    return CANNOT_TELL if said is None else f"Therefore, the answer is ({said})."


def compare(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """Whether the two answers are the same but for their spelling; a wrong judge says the contrary."""
    if not message.startswith(_opening("judge")):
        return None
    answers = [match[2] for match in FIELD.finditer(message)]
    if len(answers) != 2:
        return "There are no two answers to compare."
    given, gold = answers[0], answers[1].partition(" (also accepted: ")
    forms = [gold[0], *gold[2].removesuffix(")").split("; ")]
    same = strict_form(given) in {form for form in map(strict_form, forms) if form}
    return f"Compared word by word. [[{'YES' if same != (wrong is not None) else 'NO'}]]"


def _opening(prompt: str) -> str:
    """The words before the prompt's first placeholder."""
    return load_prompt(prompt).partition("{")[0].strip()


def _said(known: Known, options: dict[str, str], wrong: random.Random | None) -> str | None:
    """The answer, or the letter that it stands under; of a wrong solver another one; None where no option is right."""
    if not options:
        return known.answer if wrong is None else known.wrong
    right = [letter for letter, text in options.items() if text == known.answer]
    if wrong is None:
        return right[0] if right else None
    plausible = [letter for letter, text in options.items() if text == known.wrong]
    return plausible[0] if plausible else wrong.choice([letter for letter in options if letter not in right])


PLAYERS: tuple[Player, ...] = (solve, compare)
