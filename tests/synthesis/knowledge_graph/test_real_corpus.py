"""On real country profiles: enough questions, dispersed evidence, nothing misquoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from longstride.corpus.reading import read_corpus
from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph import KnowledgeGraphFamily
from longstride.tokens import load_tokenizer

PROFILES = Path(__file__).parents[3] / "../shared/corpus/reference/europe"


@pytest.mark.slow
@pytest.mark.skipif(not PROFILES.is_dir(), reason="the shared corpus is not here")
def test_profiles_of_countries_give_hundreds_of_questions():
    documents = {each.id: each for each in read_corpus(PROFILES, max_document_tokens=2_000)}
    counts = load_tokenizer().count_each([each.text for each in documents.values()])
    family = KnowledgeGraphFamily()
    sources = [
        Source(each.id, each.parent_id or each.id, each.title, tokens, family.extract(each))
        for each, tokens in zip(documents.values(), counts, strict=True)
    ]
    found = list(family.propose(sources, max_context_tokens=32_000, seed=0, limit=100))
    assert len(found) == 100
    by_id = {source.document_id: source for source in sources}
    spread = [len({by_id[name].parent_id for name in each.document_ids}) >= 3 for each in found]
    assert sum(spread) >= 0.6 * len(spread)
    for candidate in found:
        assert all(each.quotes(documents[each.document_id]) for each in candidate.evidence)
        assert family.answers(candidate.derivation, sources) == candidate.ground_truth[:1]
