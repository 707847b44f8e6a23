"""Documents, and the questions asked of them (paper 3; the task names are those of 4.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from longstride.errors import InputError

ROLES = ("system", "user", "assistant")
FAMILIES = ("code", "academic", "professional", "literature", "dialogue")  # paper 3.1
TASKS = ("multiple_choice", "multi_hop", "reading_comprehension", "dialogue_memory", "numerical")  # paper 4.2
QUESTION_TYPES = (
    "multi_fact",
    "numerical_calculation",
    "statistical_aggregation",
    "temporal",
    "causal",
    "hypothetical",
    "viewpoint",
    "long_in_context_learning",
    "dialogue_memory",
    "needle",
    "code",
    "look_up",
)  # paper Table 1 and Appendix B, and three that structure alone can give


class Message(TypedDict):
    """One chat message, in the form that servers and chat templates read."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Document:
    """A segment of a source that fits a context whole; its text stands verbatim in a prompt."""

    id: str
    title: str
    family: str  # one of FAMILIES
    source: str  # where it came from: a path relative to the corpus, or an address
    text: str
    parent_id: str | None = None  # the whole that it was split from
    parent_offset: int | None = None  # characters from the parent's start

    def __post_init__(self) -> None:
        require_name("id", self.id)
        require_one_of("family", self.family, FAMILIES)
        for name in ("title", "source", "text"):
            require_type(name, getattr(self, name), str)
        if (self.parent_id is None) != (self.parent_offset is None):
            raise InputError("parent_id and parent_offset must stand together", field="parent_offset")
        if self.parent_offset is not None:
            require_count("parent_offset", self.parent_offset)


@dataclass(frozen=True)
class Evidence:
    """A quotation: `text == document.text[start:end]`, in characters."""

    document_id: str
    start: int
    end: int
    text: str

    def __post_init__(self) -> None:
        require_name("document_id", self.document_id)
        require_count("start", self.start)
        require_count("end", self.end)
        if self.end <= self.start:
            raise InputError(f"end {self.end} is not after start {self.start}", field="end")
        if len(self.text) != self.end - self.start:
            raise InputError(
                f"has {len(self.text)} characters, but {self.start}:{self.end} spans {self.end - self.start}",
                field="text",
            )

    def quotes(self, document: Document) -> bool:
        """True where this is what `document` says at these offsets."""
        return document.id == self.document_id and document.text[self.start : self.end] == self.text


@dataclass(frozen=True)
class PassRate:
    """How often a model solved a sample, and at which lengths: pass@k for any k <= rollouts follows from it."""

    model: str
    rollouts: int
    correct: int
    mean_reward: float
    max_input_tokens: int
    max_output_tokens: int

    def __post_init__(self) -> None:
        require_type("model", self.model, str)
        for name in ("rollouts", "correct", "max_input_tokens", "max_output_tokens"):
            require_count(name, getattr(self, name))
        if self.rollouts < 1:
            raise InputError("is 0, expected at least one rollout", field="rollouts")
        if self.correct > self.rollouts:
            raise InputError(f"is {self.correct}, more than the {self.rollouts} rollouts", field="correct")
        require_finite("mean_reward", self.mean_reward)


@dataclass(frozen=True)
class Sample:
    """One training or evaluation example: a prompt over documents, and an answer with its proof."""

    id: str
    data_source: str
    prompt: tuple[Message, ...]
    task: str  # one of TASKS
    question_type: str  # one of QUESTION_TYPES
    core_question: str  # q_core of paper 2.3
    format_instructions: str  # q_inst of paper 2.3; may be empty
    ground_truth: tuple[str, ...]  # every accepted form of the answer, the preferred one first
    reward_style: str  # the grading rule by name
    generator: str  # what made it
    seed: int
    reward_arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])  # for the rule, as MRCR's prefix
    document_ids: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    context_id: str | None = None  # samples that share it share their documents, so that these are paid for once
    derivation: Mapping[str, Any] = field(default_factory=dict[str, Any])  # the path, the SQL, the agents' turns
    checks: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what curation found
    pass_at_k: tuple[PassRate, ...] = ()
    input_tokens: int | None = None
    cost: Mapping[str, Any] = field(default_factory=dict[str, Any])  # calls, tokens and money that it took

    def __post_init__(self) -> None:
        for name in ("id", "data_source", "reward_style", "generator"):
            require_name(name, getattr(self, name))
        require_one_of("task", self.task, TASKS)
        require_one_of("question_type", self.question_type, QUESTION_TYPES)
        require_type("core_question", self.core_question, str)
        require_type("format_instructions", self.format_instructions, str)
        if not self.prompt:
            raise InputError("is empty, expected at least one message", field="prompt")
        for index, message in enumerate(self.prompt):
            require_one_of(f"prompt[{index}].role", message.get("role"), ROLES)
            require_type(f"prompt[{index}].content", message.get("content"), str)
        if not self.ground_truth:
            raise InputError("is empty, expected at least one answer", field="ground_truth")
        for index, answer in enumerate(self.ground_truth):
            require_name(f"ground_truth[{index}]", answer)
        require_type("seed", self.seed, int)
        if self.input_tokens is not None:
            require_count("input_tokens", self.input_tokens)
        unknown = sorted({each.document_id for each in self.evidence} - set(self.document_ids))
        if unknown:
            raise InputError(f"quotes {unknown[0]!r}, which is not among document_ids", field="evidence")


def require_type(name: str, value: object, kind: type) -> None:
    """Raise InputError unless `value` is a `kind`; True and False are no integers."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"is {value!r:.80}, expected {kind.__name__}", field=name)


def require_name(name: str, value: object) -> None:
    require_type(name, value, str)
    if not str(value).strip():
        raise InputError("is empty", field=name)


def require_one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"is {value!r:.80}, expected one of {', '.join(known)}", field=name)


def require_count(name: str, value: object) -> None:
    require_type(name, value, int)
    if isinstance(value, int) and value < 0:
        raise InputError(f"is {value}, expected 0 or more", field=name)


def require_finite(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"is {value!r:.80}, expected a finite number", field=name)
