"""Contexts of 64 to 512 words in the tiny style, as `longstride synthesize` makes them."""

from collections.abc import Mapping, Sequence

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.contexts import STYLES, sample_of
from longstride.synthesis.distractors import DistractorPool
from longstride.synthesis.small_world import SmallWorldFamily
from longstride.tokens import Tokenizer


@pytest.mark.parametrize("target", [64, 128, 256, 512])
def test_questions_that_follow_each_other_share_a_context_of_the_target_length(
    target: int, world: Mapping[str, Document], world_sources: Sequence[Source], tokenizer: Tokenizer
):
    family = SmallWorldFamily()
    sources = {source.document_id: source for source in world_sources}
    pool = DistractorPool(
        list(world.values()), {family.name: sources}, {family.name: family}, tokenizer, STYLES["tiny"]
    )
    found = list(family.propose(world_sources, int(0.75 * target), seed=2, limit=48))
    shared = [pool.extend(found[start : start + 4], target, seed=0) for start in range(0, len(found), 4)]
    contexts = [context for context in shared if context is not None]
    assert len(contexts) >= 6  # others join two neighbourhoods, which do not fit together
    unknown = tokenizer.encode("<unk>")[0]
    for start, context in zip(range(0, len(found), 4), shared, strict=True):
        for candidate in found[start : start + 4] if context is not None else ():
            assert context is not None
            sample = sample_of(candidate, context, tokenizer, "tests", 0, STYLES["tiny"])
            text = sample.prompt[0]["content"]
            assert unknown not in tokenizer.encode(text)
            assert text.endswith("Reply :") and f"Question : {candidate.core_question}" in text
            assert 0.6 * target < (sample.input_tokens or 0) <= target
