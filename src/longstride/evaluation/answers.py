"""The answers of an evaluation: one line of JSON each, with the reward, how it came about, and the whole text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from longstride.errors import InputError
from longstride.files import replacing
from longstride.grading import grade
from longstride.records import Sample


@dataclass(frozen=True)
class Reply:
    """What a model said to a question, and what it is worth."""

    text: str
    reward: float  # 0 to 1
    extracted: str | None  # the answer that was graded; None where the text holds none
    refused: str  # why the rule would not take an answer that may hold the right one
    decided_by: str  # see grading.Grade
    turns: int
    prompt_tokens: int  # of all turns
    response_tokens: int  # of all turns
    unfinished: bool  # the last turn was cut at its limit
    left_out_tokens: int  # of the prompt's middle, so that it fits the window


@dataclass(frozen=True)
class Answer:
    """A reply, and where it belongs."""

    set: str
    arm: str
    sample_id: str
    task: str
    question_type: str
    input_tokens: int | None  # of the sample, by the tokenizer that it was made with
    index: int  # 0 .. answers - 1
    reply: Reply


def graded_reply(
    sample: Sample,
    text: str,
    *,
    reward: float | None = None,
    decided_by: str = "rule",
    thinking_opened: bool = False,
    **counts: Any,
) -> Reply:
    """The reply that a text is, with what the sample's rule extracts of it.

    reward: as another grader gave it; None takes the rule's score.
    counts: the fields of `Reply` from `turns` on.
    Raises InputError where the rule cannot grade the sample.
    """
    arguments = {**sample.reward_arguments, **({"thinking_opened": True} if thinking_opened else {})}
    try:
        by_rule = grade(text, sample.ground_truth, sample.reward_style, arguments, question=sample.core_question)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"sample {sample.id!r:.80} cannot be graded: {error}") from None
    if reward is None:
        reward, decided_by = by_rule.score, "no_answer" if by_rule.answer is None else "rule"
    return Reply(text, reward, by_rule.answer, by_rule.refused, decided_by, **counts)


def write_answers(path: Path, answers: Iterable[Answer]) -> None:
    """Write one line for each answer, whole or not at all; the same answers give the same bytes."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for answer in answers:
            row = asdict(answer)
            reply = row.pop("reply")
            file.write(json.dumps({**row, **reply}, ensure_ascii=False) + "\n")


def read_answers(path: Path) -> list[Answer]:
    """The answers of a file. Raises InputError naming the row of what is malformed."""
    answers: list[Answer] = []
    for row, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1]):
        try:
            values: dict[str, Any] = json.loads(line)
            reply = Reply(**{field.name: values.pop(field.name) for field in fields(Reply)})
            answers.append(Answer(**values, reply=reply))
        except (ValueError, KeyError, TypeError) as error:
            problem = f"is no answer of an evaluation ({type(error).__name__}: {error})"
            raise InputError(problem, path=path, row=row, cure="remove the file and run the command again") from None
    return answers
