"""Evidence quotes its document at its offsets, and the documents stand verbatim in the prompt (paper 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from longstride.curation.outcome import Outcome
from longstride.records import Document, Sample

MISSING = "a document does not exist"
TWICE = "a document is named twice"
NOT_IN_PROMPT = "a document does not stand verbatim in the prompt"
MISQUOTED = "evidence does not quote its document"


def check_quotes(sample: Sample, documents: Mapping[str, Document]) -> Outcome:
    """Every document of the sample exists and stands verbatim in a message, each in a place of its own; every
    quotation is what its document says at its offsets. No tolerance."""
    seen: set[str] = set()
    for document_id in sample.document_ids:
        if document_id not in documents:
            return Outcome(MISSING, document_id)
        if document_id in seen:
            return Outcome(TWICE, document_id)
        seen.add(document_id)
    for evidence in sample.evidence:
        document = documents[evidence.document_id]
        if not evidence.quotes(document):
            said = document.text[evidence.start : evidence.end]
            return Outcome(
                MISQUOTED,
                f"{document.id} {evidence.start}:{evidence.end} says {said!r:.80}, not {evidence.text!r:.80}",
            )
    absent = _absent([documents[document_id] for document_id in sample.document_ids], sample)
    if absent is not None:
        return Outcome(NOT_IN_PROMPT, absent)
    return Outcome(numbers={"documents": len(sample.document_ids), "quotations": len(sample.evidence)})


def _absent(documents: Sequence[Document], sample: Sample) -> str | None:
    """The first document that has no place in the prompt; longer ones choose first, for one may hold another's text."""
    taken: list[tuple[int, int, int]] = []  # message, start, end
    for document in sorted(documents, key=lambda document: -len(document.text)):
        place = _place(document.text, sample, taken)
        if place is None:
            return document.id
        taken.append(place)
    return None


def _place(text: str, sample: Sample, taken: Sequence[tuple[int, int, int]]) -> tuple[int, int, int] | None:
    for index, message in enumerate(sample.prompt):
        start = message["content"].find(text)
        while start >= 0:
            end = start + len(text)
            over = [stop for where, begin, stop in taken if where == index and begin < end and start < stop]
            if not over:
                return index, start, end
            start = message["content"].find(text, max(over))
    return None
