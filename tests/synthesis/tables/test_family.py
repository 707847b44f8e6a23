"""The family as a whole: deterministic, within its budget, proven by quotations, and answered again from documents."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.grading import grade
from longstride.records import QUESTION_TYPES, TASKS, Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.tables.family import ALL_TEMPLATES, TablesFamily

Maker = Callable[..., Source]
FAMILY = TablesFamily()
BUDGET = 800  # tokens: all eight places


@pytest.fixture(scope="module")
def candidates(places: Sequence[Source]) -> list[Candidate]:
    return list(FAMILY.propose(places, BUDGET, seed=1, limit=120))


def with_parents(candidate: Candidate, places: Sequence[Source]) -> list[Source]:
    return [source for source in places if source.document_id in candidate.document_ids]


def test_the_same_arguments_give_the_same_candidates(places: Sequence[Source]):
    first, again = (list(FAMILY.propose(places, BUDGET, seed=3, limit=40)) for _ in range(2))
    assert pickle.dumps(first) == pickle.dumps(again)
    assert [each.key for each in first] != [each.key for each in FAMILY.propose(places, BUDGET, seed=4, limit=40)]


def test_candidates_are_distinct_varied_and_well_formed(candidates: list[Candidate]):
    assert len(candidates) == 120
    assert len({each.key for each in candidates}) == len({each.core_question for each in candidates}) == 120
    assert len({each.derivation["template"] for each in candidates}) >= len(ALL_TEMPLATES) - 2
    for each in candidates:
        assert each.task in TASKS
        assert each.question_type in QUESTION_TYPES
        assert (each.task == "reading_comprehension") == (each.question_type == "look_up")
        assert set(each.entities) <= {entry["name"] for entry in each.derivation["scope"]}
        assert json.loads(json.dumps(dict(each.derivation))) == each.derivation
        assert each.format_instructions


def test_documents_fit_the_budget_and_every_one_of_them_is_quoted(
    candidates: list[Candidate], places: Sequence[Source], place_texts: Mapping[str, str]
):
    for each in FAMILY.propose(places, 350, seed=1, limit=30):
        assert 1 <= len(each.document_ids) <= 3
    for each in candidates:
        assert {evidence.document_id for evidence in each.evidence} == set(each.document_ids)
        for evidence in each.evidence:
            assert place_texts[evidence.document_id][evidence.start : evidence.end] == evidence.text


def test_an_answer_is_derived_again_from_its_documents_and_from_more(
    candidates: list[Candidate], places: Sequence[Source]
):
    for each in candidates:
        assert FAMILY.answers(each.derivation, with_parents(each, places)) == each.ground_truth[:1]
        assert FAMILY.answers(json.loads(json.dumps(dict(each.derivation))), places[::-1]) == each.ground_truth[:1]


def test_without_a_document_of_its_evidence_there_is_no_answer(candidates: list[Candidate], places: Sequence[Source]):
    for each in candidates[:60]:
        for missing in each.document_ids:
            rest = [source for source in places if source.document_id != missing]
            assert FAMILY.answers(each.derivation, rest) == ()
    assert FAMILY.answers(candidates[0].derivation, []) == ()


def test_a_document_that_contradicts_the_evidence_leaves_no_answer(
    candidates: list[Candidate], places: Sequence[Source], make_source: Maker
):
    each = next(each for each in candidates if each.derivation["template"] == "total")
    (column,) = each.derivation["columns"]
    name = each.derivation["scope"][0]["name"]
    lines = {
        "land": "### Area\n\n- land: 1 sq km\n- water: 1 sq km\n",
        "water": "### Area\n\n- water: 1 sq km\n- land: 1 sq km\n",
        "airports": "- Airports: 1\n- Birth rate: 5\n",
    }
    text = lines.get(column["label"], f"- Exports {column['period']}: $1\n- Imports: $1\n")
    rival = make_source(name, text, name="rival")
    assert FAMILY.answers(each.derivation, [*places, rival]) == ()


def test_every_ground_truth_is_graded_as_right_and_a_wrong_one_as_wrong(candidates: list[Candidate]):
    for each in candidates:
        for truth in each.ground_truth:
            response = f"Therefore, the answer is {truth}."
            result = grade(
                response, each.ground_truth, each.reward_style, each.reward_arguments, question=each.core_question
            )
            assert result.score == 1, (each.core_question, truth)
        wrong = "Therefore, the answer is 123456.789 (Atlantis)."
        assert grade(wrong, each.ground_truth, each.reward_style).score == 0


def test_most_numerical_questions_need_three_documents(candidates: list[Candidate]):
    numerical = [each for each in candidates if each.task == "numerical"]
    assert sum(len(each.document_ids) >= 3 for each in numerical) > 0.8 * len(numerical)


def test_names_within_names_are_never_put_side_by_side(make_source: Maker):
    names = ["Guinea", "Guinea-Bissau", "Equatorial Guinea", "Papua New Guinea"]
    sources = [
        make_source(name, f"- Airports: {number} \n- Ports: {number * 3}\n") for number, name in enumerate(names, 4)
    ]
    for each in FAMILY.propose(sources, 1000, seed=1, limit=20):
        scope = {entry["name"] for entry in each.derivation["scope"]}
        assert "Guinea" not in scope or len(scope) == 1


def test_figures_that_are_equal_or_nothing_make_no_question(make_source: Maker):
    same = [make_source(f"Town {letter}", "- Airports: 5\n- Ports: 0\n") for letter in "ABCDEF"]
    assert {each.derivation["template"] for each in FAMILY.propose(same, 1000, seed=1, limit=50)} <= {"look_up"}
    assert list(FAMILY.propose([], 1000, seed=1, limit=5)) == []
    assert list(FAMILY.propose(same, 1000, seed=1, limit=0)) == []
    assert list(FAMILY.propose(same, 50, seed=1, limit=5)) == []


def test_facts_are_plain_data_and_empty_where_there_is_none():
    assert not FAMILY.extract(Document("d", "Tale", "literature", "t.txt", "Once upon a time there was a mill.\n"))
    facts = FAMILY.extract(Document("d", "Chad", "professional", "c.md", "- Area: 1,284,000 sq km\n"))
    assert pickle.loads(pickle.dumps(facts)) == facts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(
    ["# A", "- total: 5 km", "- x: $3 million (2020 est.)", "- y: 5 July 1999", "| a | 2020 | 2021 |", "|--|--|--|",
     "| r | 5 | (6) |", "| Total | $7 | 8% |", "(in millions)", "", "- by: a 1, b 2", "| | | |", "- %: %", "®:"]
) | st.text(max_size=8), max_size=25))  # fmt: skip
def test_any_document_is_extracted_without_error(lines: list[str]):
    text = "\n".join(lines)
    for fact in FAMILY.extract(Document("d", "T", "professional", "d.md", text)):
        for quote in fact.quotes:
            assert text[quote.start : quote.end] == quote.text


CORPUS = Path(__file__).parents[3] / "../shared/corpus/reference"


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus of country profiles is not here")
def test_real_profiles_give_hundreds_of_questions_that_hold():
    sources: list[Source] = []
    for path in sorted(CORPUS.glob("africa/*.md")):
        text = path.read_text("utf-8")
        name = text.partition("\n")[0].removeprefix("#").strip()
        document = Document(path.stem, name, "professional", path.name, text)
        sources.append(Source(path.stem, path.stem, name, len(text) // 4, FAMILY.extract(document)))
    found = list(FAMILY.propose(sources, 60_000, seed=1, limit=150))
    assert len(found) == 150
    by_id = {source.document_id: source for source in sources}
    for each in found[::10]:
        assert FAMILY.answers(each.derivation, [by_id[name] for name in each.document_ids]) == each.ground_truth[:1]
        assert FAMILY.answers(each.derivation, sources) == each.ground_truth[:1]
