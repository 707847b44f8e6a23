"""The grading rules by name: what `reward_model.style` of a sample may say, for rewards and evaluation alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from longstride.errors import unknown_name
from longstride.grading.choice import choice_letter
from longstride.grading.extraction import extract_answer
from longstride.grading.guards import uncommitted
from longstride.grading.items import list_match, set_match
from longstride.grading.mrcr import mrcr_score
from longstride.grading.numeric import numeric_match
from longstride.grading.text_match import cover_exact_match, exact_match, gold_texts, qa_f1


@dataclass(frozen=True)
class RuleGrade:
    """What a rule says of one response."""

    score: float  # 0 to 1
    answer: str | None  # what was extracted; None where the response holds no answer
    rule: str
    refused: str = ""  # why an answer was left to the judge though it may contain a gold one, see `guards`


@dataclass(frozen=True)
class Request:
    """What a rule gets to see."""

    answer: str
    golds: tuple[str, ...]
    arguments: Mapping[str, Any]
    question: str | None


@dataclass(frozen=True)
class Rule:
    """One way to grade: where the answer stands, how it is compared, and whether a judge may be asked as well."""

    score: Callable[[Request], float | str]  # a text is the reason why the rule refuses the answer
    extraction: str = "the_answer_is"
    judged: bool = True
    arguments: tuple[str, ...] = field(default=())  # beyond those that every rule takes


COMMON_ARGUMENTS = ("extraction", "thinking_opened")


def grade(
    response: str,
    ground_truth: str | Sequence[str],
    style: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    question: str | None = None,
) -> RuleGrade:
    """Extract the answer of a response and grade it by the rule that `style` names; best over the ground truths.

    For a sample: `grade(response, sample.ground_truth, sample.reward_style, sample.reward_arguments,
    question=sample.core_question)`. Several ground truths are alternatives, each of which is right alone.

    | style | compares by | arguments |
    |---|---|---|
    | `cover_exact_match` | `cover_exact_match`; under `strict` the answer must commit itself (`guards`) | `variant` |
    | `exact` | `exact_match` | |
    | `qa_f1` | `qa_f1` | |
    | `choice` | `choice_letter`; no judge | `choices` |
    | `numeric` | `numeric_match` | `variant` |
    | `mrcr` | `mrcr_score`; no judge | `prefix` |
    | `set`, `list` | `set_match`, `list_match`; a ground truth is one whole list, as "a; b; c" | `partial` (set) |
    | `judge` | nothing: 0, and the judge decides (CorpusQA) | |

    All take `extraction` (another style of `extract_answer`; an upstream variant should come with its own) and
    `thinking_opened`. Raises `ValueError` for an unknown style or argument, listing the known, and for no ground truth.
    """
    rule = rule_named(style)
    golds = gold_texts(ground_truth)
    arguments = dict(arguments or {})
    for name in arguments:
        if name not in (*rule.arguments, *COMMON_ARGUMENTS):
            raise unknown_name(f"argument of rule {style}", name, (*rule.arguments, *COMMON_ARGUMENTS))
    opened = bool(arguments.pop("thinking_opened", False))
    extraction = extraction_of(style, arguments)
    arguments.pop("extraction", None)
    if extraction == "choice":
        answer = choice_letter(response, arguments.get("choices", "ABCD"), thinking_opened=opened)
    else:
        answer = extract_answer(response, extraction, thinking_opened=opened)
    result = rule.score(Request(answer or "", golds, arguments, question))  # without an answer too: it checks the golds
    if isinstance(result, str):
        return RuleGrade(0.0, answer, style, refused=result)
    return RuleGrade(result if answer is not None else 0.0, answer, style)


def extraction_of(style: str, arguments: Mapping[str, Any]) -> str:
    """Where `grade` looks for the answer: a style of `extract_answer`; "whole" says that the response is the answer.

    Raises ValueError as `rule_named`.
    """
    return arguments.get("extraction", rule_named(style).extraction)


def rule_named(style: str) -> Rule:
    """The rule of this name; `ValueError` listing the known for any other."""
    if style not in RULES:
        raise unknown_name("grading rule", style, RULES)
    return RULES[style]


def _cover(request: Request) -> float | str:
    variant = request.arguments.get("variant", "strict")
    score = cover_exact_match(request.answer, request.golds, variant)
    if score and variant == "strict":
        return uncommitted(request.answer, request.golds, request.question) or score
    return score


def _choice(request: Request) -> float:
    choices = request.arguments.get("choices", "ABCD")
    letters = [gold.strip(" ().").upper() for gold in request.golds]
    for letter in letters:
        if len(letter) != 1 or letter not in choices:
            raise ValueError(f"ground truth {letter!r} is none of the choices {choices}")
    return float(request.answer in letters)


def _numeric(request: Request) -> float:
    variant = request.arguments.get("variant", "strict")
    return max(numeric_match(request.answer, gold, variant) for gold in request.golds)


def _mrcr(request: Request) -> float:
    if "prefix" not in request.arguments:
        raise ValueError("rule mrcr needs the argument prefix")
    return max(mrcr_score(request.answer, gold, request.arguments["prefix"]) for gold in request.golds)


def _set(request: Request) -> float:
    partial = bool(request.arguments.get("partial", False))
    return max(set_match(request.answer, gold, partial=partial) for gold in request.golds)


RULES: dict[str, Rule] = {
    "cover_exact_match": Rule(_cover, arguments=("variant",)),
    "exact": Rule(lambda request: exact_match(request.answer, request.golds)),
    "qa_f1": Rule(lambda request: qa_f1(request.answer, request.golds)),
    "choice": Rule(_choice, extraction="choice", judged=False, arguments=("choices",)),
    "numeric": Rule(_numeric, arguments=("variant",)),
    "mrcr": Rule(_mrcr, extraction="whole", judged=False, arguments=("prefix",)),
    "set": Rule(_set, arguments=("partial",)),
    "list": Rule(lambda request: max(list_match(request.answer, gold) for gold in request.golds)),
    "judge": Rule(lambda request: 0.0),
}
