"""How many doubtful pairs a region will have, by a few of its documents: counted, without asking a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

from longstride.synthesis.knowledge_graph.by_model.clustering import MOST_PAIRS, count_doubtful
from longstride.synthesis.knowledge_graph.by_model.triples import Triple

SLOWING = 0.67  # of the exponent that a few documents show: relations come again, and common words pair nothing
UNSEEN = 0.5  # pairs, on either side, so that halves without any have an exponent
# SLOWING was measured over the fictional world (2026-11-21, 40 draws of four times three neighbours): the pairs of 60
# documents were foreseen at 0.5 to 1.9 times their number, of 300 at 1.0 to 4.9 times (5th to 95th percentile). With
# pairs by meaning beside them, in other draws: at 0.5 to 1.4 and 0.5 to 2.9 times, and without at 0.5 to 1.6 and 0.6 to
# 4.2 times.
# Neither is in the paper.


def pairs_growth(documents: Sequence[Sequence[Triple]], times: float) -> float:
    """How many times as many doubtful pairs `times` as many documents have, at most as many as are asked about.

    documents: the triples of each, in the order of the corpus. Halves of them that stand together tell the exponent of
    a power law.
    """
    pairs = count_doubtful(list(chain.from_iterable(documents)))
    if not pairs or len(documents) < 2:
        return 1.0
    half = len(documents) // 2
    around = [*documents, *documents]
    halves = [around[start : start + half] for start in range(len(documents))]
    fewer = sum(count_doubtful(list(chain.from_iterable(each))) for each in halves) / len(halves)
    exponent = math.log((pairs + UNSEEN) / (fewer + UNSEEN)) / math.log(len(documents) / half)
    grown = times ** (SLOWING * min(2.0, max(0.0, exponent)))
    return min(grown, max(1.0, 2 * MOST_PAIRS / pairs))
