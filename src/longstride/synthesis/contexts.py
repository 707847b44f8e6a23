"""A context: the documents of one prompt in their order, and the samples that share it (paper 3, 3.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from longstride.errors import unknown_name
from longstride.grading import extraction_of
from longstride.prompts import fill_prompt
from longstride.records import Document, Sample
from longstride.synthesis.candidates import Candidate
from longstride.tokens import Tokenizer


@dataclass(frozen=True)
class PromptStyle:
    """How documents, question and instructions become one user message."""

    prompt: str  # a file of longstride.prompts
    document: str  # with the fields title and text; the text stands verbatim
    between_documents: str
    answer_form: str  # asked for unless the whole response is the answer

    def rendered(self, document: Document) -> str:
        """A document as it stands in a prompt."""
        return self.document.format(title=document.title, text=document.text)

    def text(self, documents: Sequence[Document], candidate: Candidate) -> str:
        """The whole user message."""
        whole = extraction_of(candidate.reward_style, candidate.reward_arguments) == "whole"
        instructions = (candidate.format_instructions.strip(), "" if whole else self.answer_form)
        return fill_prompt(
            self.prompt,
            documents=self.between_documents.join(map(self.rendered, documents)),
            question=candidate.core_question.strip(),
            instructions="\n".join(filter(None, instructions)),
        )


STYLES = {
    "paper": PromptStyle(
        prompt="full_context",  # the prompt of the paper's README
        document="# {title}\n\n{text}",
        between_documents="\n\n",
        answer_form='Format your response as follows: "Therefore, the answer is (insert answer here)".',  # likewise
    ),
    "tiny": PromptStyle(prompt="tiny_full_context", document="{text}", between_documents="\n", answer_form=""),
}  # "tiny": for models of a few hundred words, which the small fictional world is made of


def style_named(name: str) -> PromptStyle:
    """The prompt style of this name. Raises ValueError listing the known for any other."""
    if name not in STYLES:
        raise unknown_name("prompt style", name, STYLES)
    return STYLES[name]


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


def sample_of(
    candidate: Candidate,
    context: Context,
    tokenizer: Tokenizer,
    data_source: str,
    seed: int,
    style: PromptStyle = STYLES["paper"],
) -> Sample:
    """The sample that a candidate becomes in a context; `checks` tells where its evidence stands."""
    text = style.text(context.documents, candidate)
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
