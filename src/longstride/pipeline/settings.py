"""What decides a data set, beside the documents: everything here stands in its manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import Any

from longstride.errors import InputError, unknown_name
from longstride.pipeline.with_models.settings import ModelWork
from longstride.records import FAMILIES, TASKS
from longstride.synthesis.candidates import QuestionFamily
from longstride.synthesis.contexts import STYLES
from longstride.tokens import BUNDLED

QUESTION_FAMILIES = {
    "code": "longstride.synthesis.code:CodeFamily",
    "dialogue": "longstride.synthesis.dialogue:DialogueFamily",
    "in_context": "longstride.synthesis.in_context:InContextFamily",
    "knowledge_graph": "longstride.synthesis.knowledge_graph.family:KnowledgeGraphFamily",
    "multiple_choice": "longstride.synthesis.choices:MultipleChoiceFamily",
    "reading": "longstride.synthesis.reading:ReadingFamily",
    "small_world": "longstride.synthesis.small_world:SmallWorldFamily",
    "tables": "longstride.synthesis.tables.family:TablesFamily",
}
LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM]?)(?:\s*:\s*(\d+(?:\.\d+)?))?")
SHORTEST_TARGET = {"paper": 500, "tiny": 48}  # tokens: two short documents and a question
QUESTIONS_PER_CONTEXT = {"paper": 4, "tiny": 16}
MOST_OF_A_FAMILY = {"paper": 0.5, "tiny": 1.0}  # one family alone reads the small world
SHORTEST_DOCUMENT = 48  # tokens: shorter ones are not split, however short the inputs


@dataclass(frozen=True)
class SynthesisSettings:
    """The settings of `longstride synthesize`. Raises InputError for what cannot be meant."""

    samples: int = 1000  # accepted ones to keep
    tasks: tuple[str, ...] = ()  # of records.TASKS; none given: every task that the documents allow
    target_tokens: tuple[int, ...] = (8_000, 32_000)  # lengths of the inputs, increasing
    target_shares: tuple[float, ...] = (0.5, 0.5)  # of the samples, for each length
    tokenizer: str = BUNDLED
    seed: int = 0
    document_families: Mapping[str, str] = field(default_factory=dict[str, str])  # sub-folder ("." for all) -> family
    prompt: str = "paper"  # a style of synthesis.contexts; "tiny" for models of a few hundred words
    filtered: bool = True  # documents, by the quality filters
    questions_per_context: int = 0  # at most so many share their documents; 0 takes what suits the prompt style
    evidence_share: float = 0.75  # of the target that a context's evidence documents may take; not in the paper
    oversample: float = 1.6  # candidates for each sample wanted, since checks drop some; not in the paper
    region_documents: int = 2_000  # documents that questions are made over at once; not in the paper
    families: tuple[str, ...] | None = None  # of QUESTION_FAMILIES; None takes all that suit the prompt style
    models: ModelWork | None = None  # what models are asked to do; None asks none

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise InputError(f"samples is {self.samples}, expected 1 or more")
        for task in self.tasks:
            if task not in TASKS:
                raise InputError(str(unknown_name("task", task, TASKS)))
        for name in self.families or ():
            if name not in QUESTION_FAMILIES:
                raise InputError(str(unknown_name("question family", name, QUESTION_FAMILIES)))
        for family in self.document_families.values():
            if family not in FAMILIES:
                raise InputError(str(unknown_name("document family", family, FAMILIES)))
        if not self.target_tokens:
            raise InputError("there is no target length", cure="name one or more, as 8k,32k")
        if len(self.target_shares) != len(self.target_tokens):
            raise InputError(f"there are {len(self.target_shares)} shares for {len(self.target_tokens)} lengths")
        if self.prompt not in STYLES:
            raise InputError(str(unknown_name("prompt style", self.prompt, STYLES)))
        for target in self.target_tokens:
            if target < (shortest := SHORTEST_TARGET[self.prompt]):
                raise InputError(f"target length {target} is under {shortest} tokens")

    @property
    def context_questions(self) -> int:
        """At most so many share their documents; not in the paper."""
        return self.questions_per_context or QUESTIONS_PER_CONTEXT[self.prompt]

    @property
    def question_families(self) -> tuple[str, ...]:
        """The names of the families that ask: of the tiny style the one alone whose every word its models know."""
        if self.families is not None:
            return tuple(sorted(self.families))
        return ("small_world",) if self.prompt == "tiny" else tuple(sorted(QUESTION_FAMILIES))

    @property
    def most_of_a_family(self) -> float:
        """Of the candidates wanted, where other families find less; not in the paper."""
        return MOST_OF_A_FAMILY[self.prompt]

    def candidates(self, target: int, regions: int) -> int:
        """How many candidates to build contexts for, of a region and a length of `target_tokens`."""
        share = self.target_shares[self.target_tokens.index(target)]
        return int(self.samples * self.oversample * share / regions) + 1

    @property
    def document_tokens(self) -> int:
        """The most that a document may take: a quarter of the smallest target length."""
        return max(SHORTEST_DOCUMENT, min(self.target_tokens) // 4)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for a manifest; without `families` and `models` where they are not set."""
        plain = {**asdict(replace(self, models=None)), "models": self.models and self.models.as_dict()}
        return {name: value for name, value in plain.items() if value is not None}


def parse_lengths(text: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """`8k,32k` -> ((8000, 32000), (0.5, 0.5)); `8k:3,32k:1` -> shares of 0.75 and 0.25. k is a thousand, m a million.

    Raises InputError for what is no list of lengths, and for a length that stands twice.
    """
    weights: dict[int, float] = {}
    for part in text.split(","):
        match = LENGTH.fullmatch(part.strip())
        if match is None:
            cure = "write lengths as 8000, 8k or 0.5m, with commas; 8k:3,32k:1 for shares of 3 to 1"
            raise InputError(f"{part.strip()!r} is no length", cure=cure)
        scale = {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()]
        tokens, weight = round(float(match[1]) * scale), float(match[3] or 1)
        if tokens in weights:
            raise InputError(f"the length {tokens} stands twice")
        if weight == 0:
            raise InputError(f"the length {tokens} has no share", cure="leave it out")
        weights[tokens] = weight
    lengths = tuple(sorted(weights))
    return lengths, tuple(weights[tokens] / sum(weights.values()) for tokens in lengths)


def load_families(names: tuple[str, ...] = tuple(QUESTION_FAMILIES)) -> dict[str, QuestionFamily]:
    """The question families by name; their libraries are imported only now."""
    families: dict[str, QuestionFamily] = {}
    for name in names:
        module, _, attribute = QUESTION_FAMILIES[name].partition(":")
        families[name] = getattr(import_module(module), attribute)()
    return families
