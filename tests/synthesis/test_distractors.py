import dataclasses
import itertools
import random
import statistics

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Candidate, QuestionFamily, Source
from longstride.synthesis.contexts import STYLES, Context, sample_of
from longstride.synthesis.distractors import DistractorPool
from longstride.tokens import Tokenizer, load_tokenizer

TARGET = 700


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer()


def pool_of(family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer) -> DistractorPool:
    sources = {
        document.id: Source(document.id, document.id, document.title, 20, facts)
        for document in documents
        if (facts := family.extract(document))
    }
    return DistractorPool(documents, {family.name: sources}, {family.name: family}, tokenizer)


def candidates_of(family: QuestionFamily, pool: DistractorPool) -> list[Candidate]:
    return list(family.propose(list(pool.sources[family.name].values()), TARGET, 0, 100))


def extended(pool: DistractorPool, candidates: list[Candidate], target: int = TARGET, seed: int = 0) -> Context:
    context = pool.extend(candidates, target, seed)
    assert context is not None
    return context


def test_a_context_nears_its_target_and_never_passes_it(
    family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer
):
    pool = pool_of(family, documents, tokenizer)
    for target, candidate in itertools.product((300, 700, 1500), candidates_of(family, pool)):
        context = extended(pool, [candidate], target)
        text = STYLES["paper"].text(context.documents, candidate)
        assert 0.8 * target < tokenizer.count(text) <= target
        assert all(document.text in text for document in context.documents)
        assert {*candidate.document_ids} <= {document.id for document in context.documents}
        assert len({document.id for document in context.documents}) == len(context.documents)


def test_near_distractors_speak_of_the_same(family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer):
    pool = pool_of(family, documents, tokenizer)
    (candidate,) = [each for each in candidates_of(family, pool) if "Ebbing" in each.core_question]
    context = extended(pool, [candidate], 400)
    near = [pool.documents[name] for name in context.near]
    assert near
    assert statistics.mean("Ebbing" in document.text for document in near) > 0.8
    assert context.random


def test_no_distractor_offers_another_answer(family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer):
    rival = Document("rival", "Ebbing", "literature", "x.md", "Ebbing lies in Nowhere . Ebbing Ebbing Ebbing .")
    pool = pool_of(family, [*documents, rival], tokenizer)
    candidate = next(each for each in candidates_of(family, pool) if each.document_ids == ("fact-Ebbing",))
    for seed in range(5):
        context = extended(pool, [candidate], 3000, seed)
        assert "rival" not in {document.id for document in context.documents}


def test_no_distractor_holds_the_answer(family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer):
    leak = Document("leak", "Travels", "literature", "x.md", "On to Ebbing , for all of ebbingland is worth a visit .")
    pool = pool_of(family, [*documents, leak], tokenizer)
    (candidate,) = [each for each in candidates_of(family, pool) if "Ebbing" in each.core_question]
    context = extended(pool, [candidate], 3000)
    assert "leak" not in {document.id for document in context.documents}
    other = next(each for each in candidates_of(family, pool) if "Orvale" in each.core_question)
    assert "leak" in {document.id for document in extended(pool, [other], 3000).documents}


def test_a_question_with_two_answers_in_its_own_documents_is_refused(
    family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer
):
    rival = Document("rival", "Ebbing", "literature", "x.md", "Ebbing lies in Nowhere .")
    pool = pool_of(family, [*documents, rival], tokenizer)
    candidate = next(each for each in candidates_of(family, pool) if each.document_ids == ("fact-Ebbing",))
    contradicted = dataclasses.replace(candidate, document_ids=("fact-Ebbing", "rival"))
    assert pool.extend([contradicted], TARGET, 0) is None
    assert pool.extend([dataclasses.replace(candidate, ground_truth=("Elsewhere",))], TARGET, 0) is None
    assert pool.extend([candidate], 60, 0) is None  # no room even for its own document


def test_questions_share_a_context(family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer):
    pool = pool_of(family, documents, tokenizer)
    some = candidates_of(family, pool)[:3]
    context = extended(pool, some)
    samples = [sample_of(each, context, tokenizer, "test", 0) for each in some]
    assert len({sample.context_id for sample in samples}) == 1
    assert len({sample.id for sample in samples}) == 3
    held = {document.id: document for document in context.documents}
    for sample in samples:
        assert sample.input_tokens == tokenizer.count(sample.prompt[0]["content"]) <= TARGET
        assert all(evidence.quotes(held[evidence.document_id]) for evidence in sample.evidence)
        places = sample.checks["evidence_places"]
        assert [context.documents[place].id for place in places] == [sample.evidence[0].document_id for _ in places]


def test_evidence_is_spread_over_the_context(family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer):
    pool = pool_of(family, documents, tokenizer)
    some = candidates_of(family, pool)
    depths = []
    for seed in range(40):
        context = extended(pool, random.Random(seed).sample(some, 2), 900, seed)
        order = [document.id for document in context.documents]
        added = {*context.near, *context.random}
        places = [place for place, name in enumerate(order) if name not in added]
        assert places[0] < len(order) // 2 <= places[1]  # one in each half
        depths += [place / len(order) for place in places]
    assert 0.4 < statistics.mean(depths) < 0.6
    assert min(depths) < 0.1
    assert max(depths) > 0.85


def test_a_seed_gives_one_context(family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer):
    some = candidates_of(family, pool_of(family, documents, tokenizer))[:2]
    contexts = [extended(pool_of(family, documents, tokenizer), some, TARGET, seed) for seed in (0, 0, 1)]
    assert contexts[0] == contexts[1] != contexts[2]


def test_documents_that_a_question_brings_stand_in_its_context(
    family: QuestionFamily, documents: list[Document], tokenizer: Tokenizer
):
    pool = pool_of(family, documents, tokenizer)
    brought = Document("made-1", "Kestrel", "literature", "made", "Kestrel lies in Farland . Nobody goes there .")
    aside = Document("made-2", "Talon", "literature", "made", "Talon lies in Nearland . Everybody goes there .")
    plain = candidates_of(family, pool)[0]
    candidate = dataclasses.replace(
        plain,
        key="capitals-Kestrel",
        ground_truth=("Farland",),
        document_ids=("made-1",),
        derivation={"town": "Kestrel"},
        made_documents=(brought, aside),
    )
    context = extended(pool, [candidate, plain])
    held = {document.id: document for document in context.documents}
    assert {"made-1", "made-2", *plain.document_ids} <= set(held)
    assert held["made-1"] is brought
    assert "made-1" not in pool.documents
    without = dataclasses.replace(candidate, made_documents=(aside,), document_ids=())
    assert pool.extend([without], TARGET, 0) is None  # the question is asked again of what stands there
    contradicted = dataclasses.replace(aside, text="Kestrel lies in Nearland .")
    assert pool.extend([dataclasses.replace(candidate, made_documents=(brought, contradicted))], TARGET, 0) is None


def test_the_form_of_the_answer_is_asked_for_unless_the_whole_response_is_one(family: QuestionFamily):
    (plain,) = family.propose([Source("d", "d", "Ebbing", 20, ("Ebbing", "Farland"))], TARGET, 0, 1)
    repeat = dataclasses.replace(plain, reward_style="mrcr", reward_arguments={"prefix": "xYz"})
    assert "Therefore, the answer is" in STYLES["paper"].text((), plain)
    assert "Therefore" not in STYLES["paper"].text((), repeat)
    tiny = STYLES["tiny"].text((Document("d", "A title", "literature", "x", "Ebbing is small ."),), plain)
    assert tiny.split()[:4] == ["Ebbing", "is", "small", "."]
    assert tiny.split()[-2:] == ["Reply", ":"]
