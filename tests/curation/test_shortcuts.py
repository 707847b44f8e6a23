"""The shortcut audit: rates worked out by hand, and what chance gives beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.curation import ShortcutAudit
from longstride.curation.shortcuts import answer_type, guessed_right
from longstride.records import Document, Evidence, Sample


def test_each_answer_is_guessed_from_the_others():
    # a red is guessed by red (2 others to 1 green); the green too by red, and is wrong
    assert guessed_right({"red": 3, "green": 1}) == 3
    # a red leaves red 1, green 2: guessed green; so neither is ever right
    assert guessed_right({"red": 2, "green": 2}) == 0
    # without one red, red and green are even: half of the three reds are right by lot
    assert guessed_right({"red": 3, "green": 2}) == 1.5
    assert guessed_right({"red": 1, "green": 1, "blue": 1}) == 0
    assert guessed_right({"red": 1}) == guessed_right({}) == 0


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_leave_one_out_is_what_leaving_one_out_gives(answers: list[str]):
    expected = 0.0
    for index, answer in enumerate(answers):
        others = Counter(answers[:index] + answers[index + 1 :])
        best = [each for each, count in others.items() if count == max(others.values())]
        expected += (answer in best) / max(1, len(best))
    assert guessed_right(Counter(answers)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("yes", "yes_no"),
        ("B", "choice"),
        ("1893", "year"),
        ("-12.5%", "number"),
        ("3million", "number"),
        ("83871 sq km", "number"),
        ("port orvale", "name"),
        ("it was never built at all", "text"),
    ],
)
def test_answers_are_guessed_among_their_own_kind(form: str, kind: str):
    assert answer_type(form) == kind


def test_documents_that_the_question_names_are_near(
    make_document: Callable[..., Document],
    make_sample: Callable[..., Sample],
    make_quotation: Callable[..., Evidence],
):
    documents = [make_document(f"d{index}", f"color of Foo{index}: tint{index}") for index in range(20)]
    held = {document.id: document for document in documents}
    easy = make_sample(
        documents,
        [make_quotation(documents[17], "color of Foo17: tint17")],
        "tint17",
        {},
        core_question="Which color has Foo17?",
    )
    hidden = replace(easy, id="s2", core_question="Which hue has the seventeenth?", question_type="needle")
    audit = ShortcutAudit()
    audit.add(easy, held)
    audit.add(hidden, held)
    rows = {row["question_type"]: row for row in audit.rows()}
    assert rows["look_up"]["evidence_in_nearest"] == rows["look_up"]["answer_in_nearest"] == 1.0
    assert rows["needle"]["evidence_in_nearest"] == rows["needle"]["answer_in_nearest"] == 0.0
    assert rows["look_up"]["evidence_chance"] == rows["look_up"]["answer_chance"] == 0.25  # 5 of 20
    assert rows["all"]["samples"] == rows["all"]["ranked"] == 2
    assert rows["all"]["evidence_in_nearest"] == 0.5


def test_two_proofs_are_near_only_where_both_are(
    make_document: Callable[..., Document],
    make_sample: Callable[..., Sample],
    make_quotation: Callable[..., Evidence],
):
    documents = [make_document(f"d{index}", f"color of Foo{index}: tint{index}") for index in range(10)]
    proofs = [make_quotation(documents[index], f"color of Foo{index}: tint{index}") for index in (8, 9)]
    sample = make_sample(documents, proofs, "tint9", {}, core_question="Which color has Foo9, and what else?")
    audit = ShortcutAudit()
    audit.add(sample, {document.id: document for document in documents})
    row = audit.rows()[0]
    assert row["evidence_in_nearest"] == 0.0 and row["answer_in_nearest"] == 1.0
    assert row["evidence_chance"] == round(comb(8, 3) / comb(10, 5), 4)
    assert row["answer_chance"] == 0.5


def test_an_answer_that_the_question_offers_is_counted(world: dict[str, Document], look_ups: list[Sample]):
    audit = ShortcutAudit()
    audit.add(replace(look_ups[0], core_question="Is Foo0 red or reddish?"), world)
    audit.add(replace(look_ups[1], core_question="Is Foo1 greenish?"), world)
    shares = {row["task"]: row["answer_in_question"] for row in audit.rows()}
    assert shares == {"multi_hop": 1.0, "reading_comprehension": 0.0, "all": 0.5}


def test_small_contexts_and_samples_without_evidence_are_not_ranked(
    world: dict[str, Document], make_sample: Callable[..., Sample], good: Sample
):
    audit = ShortcutAudit()
    audit.add(replace(good, evidence=()), world)
    audit.add(make_sample([world["d1"]], good.evidence[:1], "10", {}), world)
    row = audit.rows()[-1]
    assert (row["samples"], row["ranked"], row["evidence_in_nearest"]) == (2, 0, None)


def test_shards_merged_are_the_whole(world: dict[str, Document], look_ups: list[Sample], good: Sample):
    whole, first, second = ShortcutAudit(), ShortcutAudit(), ShortcutAudit()
    for index, sample in enumerate([*look_ups, good]):
        whole.add(sample, world)
        (first if index % 3 else second).add(sample, world)
    first.merge(second)
    assert first.rows() == whole.rows() and whole.rows()[-1]["samples"] == 13


def test_a_context_is_indexed_once_and_the_indexes_are_bounded(world: dict[str, Document], good: Sample):
    reads: list[str] = []

    class Counting(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            reads.append(name)
            return super().__getitem__(name)

    audit = ShortcutAudit(max_cached_characters=1)
    for _ in range(3):
        audit.add(good, Counting(world))
    assert len(reads) == 3 * len(good.document_ids)
    assert len(audit.nearest) == 1


def test_empty_documents_and_strange_questions_are_ranked(make_sample: Callable[..., Sample], good: Sample):
    documents = [Document(f"e{index}", "", "code", "e", "") for index in range(6)]
    sample = make_sample(documents, [], "x", {}, core_question="???")
    proof = Document("e0", "", "code", "e", "...")
    sample = replace(sample, evidence=(Evidence("e0", 0, 3, "..."),), ground_truth=("!!!",))
    audit = ShortcutAudit()
    audit.add(sample, {document.id: document for document in [*documents, proof]})
    row = audit.rows()[0]
    assert row["ranked"] == 1 and row["answer_in_nearest"] == row["answer_in_question"] == 0
