"""Knowledge grounding without a model (paper 3 "Data Verification", 3.2 "Scarce Knowledge Validation").

The paper takes the source documents away and asks a model again. Here the derivation is run again: it must give the
answer from the documents of the sample, and no longer give it without those that the evidence quotes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from longstride.curation.families import Rederivation, Underivable
from longstride.curation.outcome import Outcome
from longstride.errors import unknown_name
from longstride.records import Document, Sample

FAILS = "the derivation cannot be run"
NO_ANSWER = "the derivation gives no answer"
OTHER_ANSWER = "the derivation gives another answer"
SEVERAL_ANSWERS = "the derivation gives several answers"
UNGROUNDED = "answered without the evidence documents"
REDUNDANT = "answered without any one of its evidence documents"
NOT_SCARCE = "answered without one of its evidence documents"
NO_EVIDENCE = "not grounded: it has no evidence"

SCARCE = ("one", "each")
MAX_LEFT_OUT = 16  # evidence documents that are left out one at a time; not in the paper


def check_answer(sample: Sample, documents: Mapping[str, Document], rederivation: Rederivation) -> Outcome:
    """The documents of the sample give its answer again, and no other."""
    if (skipped := rederivation.skipped(sample)) is not None:
        return Outcome(skipped=skipped)
    held = [documents[document_id] for document_id in sample.document_ids]
    try:
        found = rederivation.answers(sample, held)
    except Underivable as error:
        return Outcome(FAILS, f"{error!s:.200}")
    if found == sample.ground_truth[:1]:
        return Outcome()
    return Outcome(
        NO_ANSWER if not found else OTHER_ANSWER if len(found) == 1 else SEVERAL_ANSWERS,
        f"{', '.join(found[:3]) or 'none'!r:.120}, not {sample.ground_truth[0]!r:.80}",
    )


def check_grounding(
    sample: Sample,
    documents: Mapping[str, Document],
    rederivation: Rederivation,
    *,
    seed: int = 0,
    scarce: str = "each",
    max_left_out: int = MAX_LEFT_OUT,
) -> Outcome:
    """Without all the evidence documents the answer is gone; and so it is without a single one of them.

    scarce: "each": the answer is gone without any of its evidence documents. "one": there is one without which it is
        gone (a fact that two documents state still fails); for families that find a maximum or a count over whatever
        documents are at hand, where some do not move it. Either way the numbers say how many are needed.
    max_left_out: of more evidence documents, so many are drawn to be left out one at a time.

    Expects a sample that `check_answer` passed. Raises ValueError for an unknown `scarce`.
    """
    if scarce not in SCARCE:
        raise unknown_name("scarce", scarce, SCARCE)
    if (skipped := rederivation.skipped(sample)) is not None:
        return Outcome(skipped=skipped)
    quoted = {evidence.document_id for evidence in sample.evidence}
    proofs = [document_id for document_id in sample.document_ids if document_id in quoted]
    if not proofs:
        return Outcome(skipped=NO_EVIDENCE)

    def given_without(left_out: set[str]) -> bool:
        kept = [documents[document_id] for document_id in sample.document_ids if document_id not in left_out]
        return rederivation.answers(sample, kept) == sample.ground_truth[:1]

    tried = proofs
    if len(proofs) > max_left_out:
        tried = random.Random(f"{seed}/grounding/{sample.id}").sample(proofs, max_left_out)
    try:
        if given_without(quoted):
            return Outcome(UNGROUNDED, f"{len(proofs)} documents left out")
        spare = [document_id for document_id in tried if given_without({document_id})]
    except Underivable as error:
        return Outcome(FAILS, f"{error!s:.200}")
    numbers = {"evidence_documents": len(proofs), "left_out": len(tried), "needed": len(tried) - len(spare)}
    if len(spare) == len(tried):
        return Outcome(REDUNDANT, f"left out one at a time: {', '.join(spare)!s:.120}", numbers=numbers)
    if spare and scarce == "each":
        return Outcome(NOT_SCARCE, spare[0], numbers=numbers)
    return Outcome(numbers=numbers)
