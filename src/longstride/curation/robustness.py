"""Contextual robustness without a model (paper 3 "Data Verification"): more documents leave the answer as it is."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from longstride.curation.families import Rederivation, Underivable
from longstride.curation.grounding import FAILS
from longstride.curation.outcome import Outcome
from longstride.records import Document, Sample

LOST = "more documents take the answer away"
CHANGED = "more documents change the answer"
SECOND = "more documents give a second answer"
NO_POOL = "not extended: there are no other documents"

DISTRACTORS = 32  # not in the paper


def check_robustness(
    sample: Sample,
    documents: Mapping[str, Document],
    rederivation: Rederivation,
    pool: Sequence[Document],
    *,
    seed: int = 0,
    distractors: int = DISTRACTORS,
) -> Outcome:
    """With up to `distractors` more documents of `pool`, in a random order, the answer is the same and the only one.

    Expects a sample that `check_answer` passed. The draw follows from `seed` and the sample's id.
    """
    if (skipped := rederivation.skipped(sample)) is not None:
        return Outcome(skipped=skipped)
    held = set(sample.document_ids)
    generator = random.Random(f"{seed}/robustness/{sample.id}")
    drawn = generator.sample(range(len(pool)), min(len(pool), distractors + len(held)))  # some may be held already
    added = [pool[index] for index in drawn if pool[index].id not in held][:distractors]
    if not added:
        return Outcome(skipped=NO_POOL)
    context = [*(documents[document_id] for document_id in sample.document_ids), *added]
    generator.shuffle(context)
    try:
        found = rederivation.answers(sample, context)
    except Underivable as error:
        return Outcome(FAILS, f"with {len(added)} more documents: {error!s:.160}")
    if found == sample.ground_truth[:1]:
        return Outcome(numbers={"distractors": len(added)})
    return Outcome(
        LOST if not found else CHANGED if sample.ground_truth[0] not in found else SECOND,
        f"with {len(added)} more documents {', '.join(found[:3]) or 'none'!r:.120}, not {sample.ground_truth[0]!r:.80}",
    )
