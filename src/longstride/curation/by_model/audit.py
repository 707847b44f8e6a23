"""The shortcut audit with a reference model: does it answer without reading? (see `curation.shortcuts`)"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from longstride.curation.by_model.asking import Interview, Said, Unanswered
from longstride.curation.by_model.settings import REFERENCE, CheckSettings, Roles
from longstride.curation.shortcuts import NEAREST, NearestDocuments
from longstride.llm.in_order import in_order
from longstride.records import Document, Sample


@dataclass(frozen=True)
class ReferenceAnswers:
    """The share of a reference model's answers to one sample that are right; None where none were had."""

    sample: Sample
    alone: float | None  # from the question alone
    near: float | None  # from the NEAREST documents; None as well where the sample holds no more than those


def audit_samples(
    samples: Iterable[Sample],
    documents: Mapping[str, Document],
    roles: Roles,
    settings: CheckSettings,
    nearest: NearestDocuments,
) -> AsyncIterator[ReferenceAnswers]:
    """What the model in the role `reference` answers to each sample without its documents, and with the five nearest.

    As `check_samples` gives and raises. The options of a multiple choice stand under other letters in each answer.
    """

    async def audit(sample: Sample) -> ReferenceAnswers:
        interview = Interview(sample, documents, roles, REFERENCE, settings)
        alone = await _share(interview, [])
        if len(sample.document_ids) <= NEAREST:
            return ReferenceAnswers(sample, alone, None)
        held = [documents[document_id] for document_id in sample.document_ids]
        places = sorted(nearest.places(sample, held))
        return ReferenceAnswers(sample, alone, await _share(interview, [held[place] for place in places]))

    return in_order(samples, audit, roles.in_flight)


async def _share(interview: Interview, documents: list[Document]) -> float | None:
    try:
        said: list[Said] = await interview.without_knowing_letters(documents)
    except Unanswered:
        return None
    return sum(each.score >= interview.settings.right_score for each in said) / len(said)
