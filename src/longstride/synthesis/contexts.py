"""A context: the documents of one prompt in their order, and the samples that share it (paper 3, 3.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from longstride.prompts import fill_prompt
from longstride.records import Document, Sample
from longstride.synthesis.candidates import Candidate
from longstride.tokens import Tokenizer

FULL_CONTEXT_PROMPT = "full_context"  # the prompt of the paper's README
ANSWER_FORM = 'Format your response as follows: "Therefore, the answer is (insert answer here)".'  # likewise
BETWEEN_DOCUMENTS = "\n\n"


@dataclass(frozen=True)
class Context:
    """Documents in the order in which the prompt holds them."""

    documents: tuple[Document, ...]
    near: tuple[str, ...] = ()  # the ids of hard distractors
    random: tuple[str, ...] = ()  # the ids of the others

    @property
    def id(self) -> str:
        """Names the context by its documents and their order."""
        return hashlib.sha256("\0".join(each.id for each in self.documents).encode()).hexdigest()[:16]


def rendered(document: Document) -> str:
    """A document as it stands in a prompt: its title, then its text verbatim."""
    return f"# {document.title}\n\n{document.text}"


def prompt_text(documents: Sequence[Document], question: str, format_instructions: str) -> str:
    """The whole user message."""
    return fill_prompt(
        FULL_CONTEXT_PROMPT,
        documents=BETWEEN_DOCUMENTS.join(map(rendered, documents)),
        question=question.strip(),
        instructions="\n".join(part for part in (format_instructions.strip(), ANSWER_FORM) if part),
    )


def sample_of(candidate: Candidate, context: Context, tokenizer: Tokenizer, data_source: str, seed: int) -> Sample:
    """The sample that a candidate becomes in a context; `checks` tells where its evidence stands."""
    text = prompt_text(context.documents, candidate.core_question, candidate.format_instructions)
    places = {document.id: place for place, document in enumerate(context.documents)}
    required = [places[name] for name in candidate.document_ids]
    return Sample(
        id=f"{candidate.key}-{context.id}",
        data_source=data_source,
        prompt=({"role": "user", "content": text},),
        task=candidate.task,
        question_type=candidate.question_type,
        core_question=candidate.core_question,
        format_instructions=candidate.format_instructions,
        ground_truth=candidate.ground_truth,
        reward_style=candidate.reward_style,
        reward_arguments=candidate.reward_arguments,
        generator=candidate.family,
        seed=seed,
        document_ids=tuple(document.id for document in context.documents),
        evidence=candidate.evidence,
        context_id=context.id,
        derivation=candidate.derivation,
        checks={
            "evidence_places": sorted(required),
            "documents": len(places),
            "near_distractors": len(context.near),
            "random_distractors": len(context.random),
        },
        input_tokens=tokenizer.count(text),
    )
