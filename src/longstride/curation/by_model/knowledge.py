"""Is the answer known without the documents? (paper 3 "Knowledge Grounding Check", 3.2 "Blind Knowledge Screening"
and "Scarce Knowledge Validation")

Three checks of one kind: the question is asked with some documents gone, and too many right answers drop the sample.
How many are too many, `chance` tells; where the answer cannot be guessed, a single one is (the paper's rule).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from longstride.curation.by_model.asking import Interview, Said
from longstride.curation.by_model.chance import chance_of, most_by_chance
from longstride.curation.by_model.settings import CheckSettings
from longstride.curation.grounding import NO_EVIDENCE, NOT_SCARCE, UNGROUNDED
from longstride.curation.outcome import Outcome
from longstride.records import Document, Sample

KNOWN = "answered without any document"
TOO_FEW = "too few answers to tell knowing from guessing"


async def check_blind(interview: Interview) -> Outcome:
    """Without any document the model does not know the answer."""
    said = await interview.without_knowing_letters(())
    return _judged(interview, said, interview.settings.blind_allowed, KNOWN)


async def check_grounding(interview: Interview) -> Outcome:
    """Without all of the evidence documents, the others standing where they stood, it does not know the answer."""
    proofs = evidence_documents(interview.sample)
    if not proofs:
        return Outcome(skipped=NO_EVIDENCE)
    said = await interview.without_knowing_letters(without(interview, proofs))
    return _judged(interview, said, interview.settings.grounding_allowed, UNGROUNDED, f"{len(proofs)} left out")


async def check_scarce(interview: Interview) -> Outcome:
    """Without a single one of the evidence documents it does not know the answer.

    Up to `max_left_out` of them are left out, one at a time. One that can be spared drops the sample, or, with
    `spare="tell"`, all such stand in `numbers["spare"]`: each can go alone, which does not say that all can.
    """
    sample, settings = interview.sample, interview.settings
    proofs = evidence_documents(sample)
    if not proofs:
        return Outcome(skipped=NO_EVIDENCE)
    tried = left_out_alone(sample, settings)
    spare: list[str] = []
    for document_id in tried:
        said = await interview.without_knowing_letters(without(interview, [document_id]))
        outcome = _judged(interview, said, settings.scarce_allowed, NOT_SCARCE, document_id)
        if outcome.skipped is not None or (outcome.reason is not None and settings.spare == "drop"):
            return outcome
        if outcome.reason is not None:
            spare.append(document_id)
    numbers = {"answers": settings.answers, "evidence_documents": len(proofs), "left_out": len(tried)}
    return Outcome(numbers={**numbers, **({"spare": spare} if settings.spare == "tell" else {})})


def evidence_documents(sample: Sample) -> list[str]:
    """The ids of the documents that its evidence quotes, in the order in which its prompt holds them."""
    quoted = {evidence.document_id for evidence in sample.evidence}
    return [document_id for document_id in sample.document_ids if document_id in quoted]


def left_out_alone(sample: Sample, settings: CheckSettings) -> list[str]:
    """The evidence documents that are left out one at a time: all, or `max_left_out` of them as drawn."""
    proofs = evidence_documents(sample)
    if len(proofs) <= settings.max_left_out:
        return proofs
    return random.Random(f"{settings.seed}/scarce/{sample.id}").sample(proofs, settings.max_left_out)


def without(interview: Interview, left_out: Sequence[str]) -> list[Document]:
    """The sample's documents but these, in their order."""
    return [interview.documents[each] for each in interview.sample.document_ids if each not in left_out]


def _judged(interview: Interview, said: Sequence[Said], allowed: int, reason: str, detail: str = "") -> Outcome:
    settings = interview.settings
    right = sum(each.score >= settings.right_score for each in said)
    chance = chance_of(interview.sample)
    by_chance = most_by_chance(len(said), chance, settings.guessing)
    numbers = {"answers": len(said), "right": right, **({"chance": round(chance, 4)} if chance else {})}
    if by_chance >= len(said):
        return Outcome(skipped=TOO_FEW, numbers=numbers)
    if right > max(allowed, by_chance):
        told = f"{right} of {len(said)} answers right"
        return Outcome(reason, f"{told}, {detail}" if detail else told, numbers=numbers)
    return Outcome(numbers=numbers)
