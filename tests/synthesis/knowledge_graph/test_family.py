"""The family as a whole: what it proposes is provable, fits, and is answered again from the documents at hand."""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from longstride.grading import grade
from longstride.records import Document
from longstride.synthesis.candidates import Candidate, QuestionFamily, Source
from longstride.synthesis.knowledge_graph import KnowledgeGraphFamily
from longstride.synthesis.knowledge_graph.names import normal_name

FAMILY = KnowledgeGraphFamily()
MAX_TOKENS = 4_000


@pytest.fixture(scope="module")
def candidates(region_sources: list[Source]) -> list[Candidate]:
    return list(FAMILY.propose(region_sources, MAX_TOKENS, seed=1, limit=80))


@pytest.fixture(scope="module")
def by_id(region_sources: list[Source]) -> dict[str, Source]:
    return {source.document_id: source for source in region_sources}


def test_it_is_a_question_family():
    family: QuestionFamily = FAMILY
    assert family.name == "knowledge_graph"


def test_candidates_are_many_different_and_of_every_paradigm(candidates: list[Candidate]):
    assert len(candidates) == 80
    assert len({each.key for each in candidates}) == len({each.core_question for each in candidates}) == 80
    assert {each.derivation["paradigm"] for each in candidates} >= {"chain", "meeting", "first_of", "years_between"}
    assert {each.question_type for each in candidates} == {"multi_fact", "temporal"}
    assert len({each.derivation["hops"] for each in candidates}) >= 4
    assert all(2 <= each.derivation["hops"] <= 6 and each.task == "multi_hop" for each in candidates)
    assert Counter(each.ground_truth[0] for each in candidates).most_common(1)[0][1] <= 3


def test_evidence_quotes_its_documents(candidates: list[Candidate], region: list[Document]):
    documents = {document.id: document for document in region}
    for candidate in candidates:
        assert {each.document_id for each in candidate.evidence} == set(candidate.document_ids)
        assert all(each.quotes(documents[each.document_id]) for each in candidate.evidence)


def test_evidence_is_dispersed_and_fits(candidates: list[Candidate], by_id: dict[str, Source]):
    parents = [len({by_id[name].parent_id for name in each.document_ids}) for each in candidates]
    assert sum(count >= 3 for count in parents) >= 0.6 * len(parents)
    for candidate, count in zip(candidates, parents, strict=True):
        assert count >= (3 if candidate.derivation["hops"] >= 3 else 2)
        assert sum(by_id[name].tokens for name in candidate.document_ids) <= MAX_TOKENS


def test_the_answer_follows_from_its_documents_and_not_without_any_of_them(
    candidates: list[Candidate], by_id: dict[str, Source]
):
    for candidate in candidates:
        held = [by_id[name] for name in candidate.document_ids]
        assert FAMILY.answers(candidate.derivation, held) == candidate.ground_truth[:1]
        for left_out in held:
            rest = [source for source in held if source is not left_out]
            assert FAMILY.answers(candidate.derivation, rest) != candidate.ground_truth[:1]


def test_the_answer_stays_the_only_one_among_all_documents(candidates: list[Candidate], region_sources: list[Source]):
    shuffled = random.Random(0).sample(region_sources, len(region_sources))
    for candidate in candidates:
        assert FAMILY.answers(candidate.derivation, shuffled) == candidate.ground_truth[:1]


def test_a_distractor_with_a_second_answer_is_seen(
    candidates: list[Candidate], region: list[Document], by_id: dict[str, Source]
):
    """A country that says all that the answer's own documents say, but for its name and the figure asked for."""
    documents = {document.id: document for document in region}
    seen = 0
    for candidate in candidates:
        answer = candidate.ground_truth[0]
        held = [by_id[name] for name in candidate.document_ids]
        home = {by_id[each.document_id].parent_id for each in candidate.evidence if answer in each.text}
        if candidate.reward_style != "numeric" or candidate.question_type != "multi_fact" or len(home) != 1:
            continue
        doubles = [
            doubled(documents[source.document_id], answer, source.parent_id)
            for source in held
            if source.parent_id in home
        ]
        more = [Source(each.id, each.parent_id or each.id, each.title, 9, FAMILY.extract(each)) for each in doubles]
        answers = FAMILY.answers(candidate.derivation, [*held, *more])
        assert answer in answers
        seen += len(answers) == 2
    assert seen > 0


def doubled(document: Document, answer: str, name: str) -> Document:
    """The same segment of a profile of another country, with another figure."""
    other = next(str(digit) + answer[1:] for digit in range(1, 10) if not answer.startswith(str(digit)))
    text = document.text.replace(answer, other if answer[0].isdigit() else f"$9{answer[1:]}")
    text = text.replace(f"form: {name}", "form: none").replace(f"form: Republic of {name}", "form: none")
    title = document.title.replace(name, f"New {name}")
    return replace(document, id=f"double-{document.id}", parent_id=f"double-{name}", title=title, text=text)


def test_questions_name_neither_the_answer_nor_what_they_describe(candidates: list[Candidate]):
    for candidate in candidates:
        text = f" {normal_name(candidate.core_question)} "
        for name in (*candidate.ground_truth, *candidate.entities):
            assert f" {normal_name(name)} " not in text
        assert candidate.core_question.endswith("?") and "According to the documents" in candidate.core_question
        assert "{" not in candidate.core_question and "  " not in candidate.core_question


def test_the_rule_takes_the_answer_and_no_other(candidates: list[Candidate]):
    for candidate in candidates:
        for form in candidate.ground_truth:
            response = f"Therefore, the answer is {form}"
            assert grade(response, candidate.ground_truth, candidate.reward_style).score == 1
        assert grade("Therefore, the answer is 7.77", candidate.ground_truth, candidate.reward_style).score == 0


def test_derivations_are_plain_json(candidates: list[Candidate], by_id: dict[str, Source]):
    for candidate in candidates:
        again = json.loads(json.dumps(candidate.derivation))
        held = [by_id[name] for name in candidate.document_ids]
        assert again == candidate.derivation
        assert FAMILY.answers(again, held) == candidate.ground_truth[:1]


def test_the_same_seed_gives_the_same_candidates(candidates: list[Candidate], region_sources: list[Source]):
    again = list(FAMILY.propose(pickle.loads(pickle.dumps(region_sources)), MAX_TOKENS, seed=1, limit=80))
    assert again == candidates
    fewer = list(FAMILY.propose(region_sources, MAX_TOKENS, seed=1, limit=5))
    assert [each.core_question for each in fewer] != []
    other = list(FAMILY.propose(region_sources, MAX_TOKENS, seed=2, limit=20))
    assert not {each.key for each in other} & {each.key for each in candidates}


def test_the_order_of_sets_plays_no_part(region_sources: list[Source], tmp_path: Path):
    """Another process, whose hashes of strings differ, proposes the same."""
    (tmp_path / "sources").write_bytes(pickle.dumps(region_sources))
    program = (
        "import pickle, sys; from longstride.synthesis.knowledge_graph import KnowledgeGraphFamily as Family\n"
        "sources = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print([(each.key, each.core_question) for each in Family().propose(sources, 4000, 1, 30)])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "sources")]
    said = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1 and said.pop().count("knowledge_graph-") == 30


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_region_that_holds_nothing_gives_nothing(region_sources: list[Source], count: int):
    assert list(FAMILY.propose(region_sources[:count], MAX_TOKENS, seed=0, limit=5)) == []


def test_sources_without_facts_are_passed_over(candidates: list[Candidate], by_id: dict[str, Source]):
    candidate = candidates[0]
    held = [by_id[name] for name in candidate.document_ids]
    assert FAMILY.answers(candidate.derivation, [*held, Source("x", "x", "X", 5, None)]) == candidate.ground_truth[:1]
    assert FAMILY.answers(candidate.derivation, []) == ()
