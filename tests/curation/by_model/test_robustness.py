"""Robustness: what is added, what falls, and what a wrong sample's chances are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from longstride.curation.by_model.asking import Interview
from longstride.curation.by_model.distractors import Distractors, DocumentTokens
from longstride.curation.by_model.robustness import check_robustness, measure
from longstride.curation.by_model.settings import CheckSettings
from longstride.curation.outcome import Outcome
from longstride.records import Document, PassRate, Sample

Said = Callable[[str], str]


def count(text: str) -> int:
    return len(text.split())


def distractors(pool: Sequence[Document]) -> Distractors:
    return Distractors(pool, DocumentTokens(count))


@pytest.fixture
def check(
    good: Sample, world: dict[str, Document], pool: list[Document], roles_of: Any
) -> Callable[..., tuple[Outcome, PassRate]]:
    def run(*replies: str, sample: Sample = good, **settings: Any) -> tuple[Outcome, PassRate]:
        solver = {"solver": lambda messages, index: replies[index]} if replies else {}
        talk = Interview(sample, world, roles_of(**solver), "solver", CheckSettings(**settings))
        return asyncio.run(check_robustness(talk, distractors(pool)))

    return run


def test_a_reader_answers_among_more_documents(check: Any, good: Sample, world: dict[str, Document]):
    outcome, rate = check()
    assert outcome.passed and outcome.numbers == {"answers": 4, "right": 4, "added": 4}
    size = sum(count(document.text) for document in world.values())
    assert rate == PassRate("solver-model", 4, 4, 1.0, size, 0)


def test_right_wrong_and_rival_answers(check: Any, answer_is: Said):
    right, wrong, other, none = answer_is("41"), answer_is("17"), answer_is("5"), "I cannot tell."
    assert check(wrong, none, other, none)[0].reason == "never answered right among more documents"
    outcome, rate = check(right, none, none, other)
    assert outcome.reason == "seldom answered right among more documents" and rate.correct == 1
    outcome, _ = check(right, wrong, right, wrong)
    assert outcome.reason == "another answer is given as often among more documents"
    assert outcome.detail == "2 of 4 answers right, 4 documents added; 2 times '17'"
    assert check(right, wrong, right, other)[0].passed  # wrong in different ways
    assert check(right, none, right, none)[0].passed  # saying nothing is no rival
    assert check(right, right, right, wrong)[0].passed


def test_the_papers_rule_asks_for_one_right_answer(check: Any, answer_is: Said):
    wrong = answer_is("17")
    assert check(wrong, answer_is("41"), wrong, wrong, agreement=0)[0].passed
    assert check(wrong, wrong, wrong, wrong, agreement=0)[0].reason == "never answered right among more documents"


def test_a_sample_with_a_wrong_answer_falls(check: Any, good: Sample):
    outcome, _ = check(sample=replace(good, ground_truth=("42",)))
    assert outcome.reason == "never answered right among more documents"


def test_documents_are_added_up_to_the_target_and_the_samples_own_keep_their_order(
    good: Sample, world: dict[str, Document], pool: list[Document]
):
    own = sum(count(world[name].text) for name in good.document_ids)
    size = count(world["d0"].text)
    for target, expected in ((1, 0), (own, 0), (own + size, 1), (own + 3 * size - 1, 2), (None, 4)):
        context, added = distractors(pool).surround(good, world, target, seed=0)
        assert added == expected and len(context) == 8 + added
        assert [each.id for each in context if each.id in good.document_ids] == list(good.document_ids)
        assert target is None or sum(count(each.text) for each in context) <= max(own, target)
    orders = {
        tuple(each.id for each in distractors(pool).surround(good, world, None, seed)[0]) for seed in (0, 0, 1, 2)
    }
    assert len(orders) == 3


def test_no_added_document_holds_the_answer_or_is_a_part_of_what_is_held(
    good: Sample, world: dict[str, Document], make_document: Callable[..., Document]
):
    answering = make_document("x1", "note: there are 41 of them")
    split = replace(make_document("x2", "color of Foo99: teal"), parent_id="d1", parent_offset=4)
    longer = make_document("x3", "note: there are 141 of them")
    context, _ = distractors([answering, split, longer]).surround(good, world, 10_000, seed=0)
    assert {each.id for each in context} - set(good.document_ids) == {"x3"}


def test_of_a_multiple_choice_the_right_options_text_counts_and_not_its_letter(
    choice: Sample, world: dict[str, Document], make_document: Callable[..., Document]
):
    pool = [make_document("x1", "note: painted blue"), make_document("x2", "note: plan B was taken")]
    context, _ = distractors(pool).surround(choice, world, 10_000, seed=0)
    assert {each.id for each in context} - set(choice.document_ids) == {"x2"}


def test_yes_is_not_looked_for(good: Sample, world: dict[str, Document], make_document: Callable[..., Document]):
    pool = [make_document("x1", "note: yes and no")]
    context, added = distractors(pool).surround(replace(good, ground_truth=("Yes",)), world, 10_000, seed=0)
    assert added == 1 and len(context) == 9


def test_the_measurement_asks_the_samples_own_prompt(good: Sample, world: dict[str, Document], roles_of: Any):
    roles = roles_of(solver=lambda messages, index: "Therefore, the answer is 41" if index else "no")
    talk = Interview(good, world, roles, "solver", CheckSettings())
    outcome, rate = asyncio.run(measure(talk, 1000))
    assert outcome.passed and outcome.numbers == {"answers": 4, "right": 3}
    assert rate == PassRate("solver-model", 4, 3, 0.75, 1000, 0)
    assert roles.model("solver").calls[0].messages == good.prompt
