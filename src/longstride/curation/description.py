"""What a data set holds, gathered in one pass (paper Table 1, Figure 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from longstride.curation.lengths import LENGTH_BUCKETS, length_bucket
from longstride.records import Document, Sample

MANY_DOCUMENTS = 3  # evidence in so many or more is told apart


@dataclass
class DataSetDescription:
    """Counts over documents and samples; holds one sample of each task and question type, without its prompt.

    count_tokens: of the messages of a sample that does not say its length.
    """

    count_tokens: Callable[[str], int]
    documents: int = 0
    families: Counter[str] = field(default_factory=Counter[str])  # of documents
    samples: int = 0
    data_sources: Counter[str] = field(default_factory=Counter[str])
    generators: Counter[str] = field(default_factory=Counter[str])
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])  # task, question type
    evidence_in_many: Counter[str] = field(default_factory=Counter[str])  # task -> samples
    lengths: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LENGTH_BUCKETS, 0))
    max_input_tokens: int = 0
    all_input_tokens: int = 0
    examples: dict[tuple[str, str], Example] = field(default_factory=dict[tuple[str, str], "Example"])

    def add_document(self, document: Document) -> Document:
        """Count a document, and give it back."""
        self.documents += 1
        self.families[document.family] += 1
        return document

    def add_sample(self, sample: Sample) -> Sample:
        """Count a sample, and give it back."""
        self.samples += 1
        self.data_sources[sample.data_source] += 1
        self.generators[sample.generator] += 1
        kind = sample.task, sample.question_type
        self.kinds[kind] += 1
        quoted = {evidence.document_id for evidence in sample.evidence}
        self.evidence_in_many[sample.task] += len(quoted) >= MANY_DOCUMENTS
        tokens = sample.input_tokens
        if tokens is None:
            tokens = sum(self.count_tokens(message["content"]) for message in sample.prompt)
        self.lengths[length_bucket(tokens)] += 1
        self.max_input_tokens = max(self.max_input_tokens, tokens)
        self.all_input_tokens += tokens
        if kind not in self.examples:
            self.examples[kind] = Example.of(sample, tokens)
        return sample

    @property
    def mean_input_tokens(self) -> float:
        return self.all_input_tokens / self.samples if self.samples else 0.0

    @property
    def tasks(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (task, _), count in self.kinds.items():
            counts[task] += count
        return counts

    @property
    def question_types(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (_, kind), count in self.kinds.items():
            counts[kind] += count
        return counts


@dataclass(frozen=True)
class Example:
    """What a card shows of a sample."""

    sample_id: str
    core_question: str
    format_instructions: str
    answer: str
    quotations: tuple[tuple[str, str], ...]  # document id, text
    documents: int
    input_tokens: int

    @classmethod
    def of(cls, sample: Sample, input_tokens: int, quotations: int = 5) -> Example:
        return cls(
            sample.id,
            sample.core_question,
            sample.format_instructions,
            sample.ground_truth[0],
            tuple((evidence.document_id, evidence.text) for evidence in sample.evidence[:quotations]),
            len(sample.document_ids),
            input_tokens,
        )
