"""The family: every kind is made, answered from its sheets alone, and lost without any one of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from longstride.grading import grade, strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.choices import as_multiple_choice
from longstride.synthesis.in_context import InContextFamily
from longstride.synthesis.in_context.family import KINDS
from longstride.synthesis.in_context.sheets import ARROW, read_sheet, sheet_document

FAMILY = InContextFamily()


def brought(candidate: Candidate) -> list[Source]:
    return [
        Source(each.id, each.id, each.title, len(each.text) // 2, FAMILY.extract(each))
        for each in candidate.made_documents
    ]


@pytest.fixture(scope="module")
def candidates(sources: list[Source]) -> list[Candidate]:
    return list(FAMILY.propose(sources, 6_000, seed=1, limit=14))


def test_every_kind_is_made(candidates: list[Candidate]):
    assert {each.derivation["kind"] for each in candidates} == set(KINDS)
    assert len({each.key for each in candidates}) == 14
    assert {each.task for each in candidates} == {"reading_comprehension"}
    assert {each.question_type for each in candidates} == {"long_in_context_learning"}


def test_the_sheets_give_the_answer_and_each_is_needed(candidates: list[Candidate], sources: list[Source]):
    for candidate in candidates:
        own = brought(candidate)
        assert len(own) >= 2
        assert FAMILY.answers(candidate.derivation, own) == candidate.ground_truth
        assert FAMILY.answers(candidate.derivation, [*sources, *own[::-1]]) == candidate.ground_truth
        for left_out in own:
            kept = [each for each in own if each is not left_out]
            assert FAMILY.answers(candidate.derivation, [*sources, *kept]) != candidate.ground_truth
        assert FAMILY.answers(candidate.derivation, sources) == ()


def test_the_sheets_of_other_questions_change_nothing(candidates: list[Candidate]):
    together = [source for candidate in candidates for source in brought(candidate)]
    for candidate in candidates:
        assert FAMILY.answers(candidate.derivation, together) == candidate.ground_truth


def test_uniqueness_is_counted(candidates: list[Candidate]):
    for candidate in candidates:
        if candidate.derivation["kind"] in ("badges", "prices", "classes"):
            assert candidate.derivation["rules_in_all"] > candidate.derivation["rules_that_agree"] >= 1
            assert all(len(each) > 1 for each in candidate.derivation["answers_without_a_sheet"].values())


def test_a_changed_example_changes_what_the_sheets_say(candidates: list[Candidate]):
    candidate = next(each for each in candidates if each.derivation["kind"] == "numbers")
    first, *others = candidate.made_documents
    sheet = read_sheet(first.text)
    assert sheet is not None
    wrong = sheet_document(sheet.register, sheet.part, [(given, f"{result}9") for given, result in sheet.pairs])
    changed = replace(candidate, made_documents=(wrong, *others))
    assert FAMILY.answers(candidate.derivation, brought(changed)) != candidate.ground_truth


def test_a_second_notice_makes_the_new_name_doubtful(candidates: list[Candidate]):
    candidate = next(each for each in candidates if each.derivation["kind"] == "forms")
    notice = read_sheet(candidate.made_documents[-1].text)
    assert notice is not None
    rival = sheet_document(notice.register, notice.part, [(old, f"{new}x") for old, new in notice.pairs])
    changed = replace(candidate, made_documents=(*candidate.made_documents, rival))
    assert len(FAMILY.answers(candidate.derivation, brought(changed))) == 2


def test_evidence_quotes_the_sheets(candidates: list[Candidate]):
    for candidate in candidates:
        made = {each.id: each for each in candidate.made_documents}
        assert candidate.document_ids == tuple(made)
        assert {each.document_id for each in candidate.evidence} == set(made)
        assert all(each.quotes(made[each.document_id]) and ARROW in each.text for each in candidate.evidence)


def test_answers_are_gradable_and_not_in_the_question(candidates: list[Candidate]):
    for each in candidates:
        said = f"The answer is {each.ground_truth[0]}"
        assert grade(said, each.ground_truth, each.reward_style, question=each.core_question).score == 1
        assert not contains_words(strict_form(each.core_question), strict_form(each.ground_truth[0]))
    assert max(Counter(each.ground_truth[0] for each in candidates).values()) == 1


def test_the_same_seed_gives_the_same_questions(sources: list[Source], candidates: list[Candidate]):
    assert list(FAMILY.propose(sources, 6_000, seed=1, limit=14)) == candidates
    assert list(FAMILY.propose(sources, 6_000, seed=2, limit=14)) != candidates


def test_wrong_answers_are_offered_for_multiple_choice(candidates: list[Candidate]):
    made = 0
    for candidate in candidates:
        wrong = FAMILY.distractors(candidate, [])
        assert candidate.ground_truth[0] not in wrong
        choice = as_multiple_choice(candidate, wrong, seed=1)
        made += choice is not None
        if choice is not None:
            assert choice.made_documents == candidate.made_documents
    assert made >= 7


def test_rules_need_no_corpus():
    found = list(FAMILY.propose([], 6_000, seed=1, limit=5))
    assert {each.derivation["kind"] for each in found} == {"badges", "numbers", "classes", "prices", "letters"}


def test_nothing_is_made_where_nothing_fits(sources: list[Source]):
    assert list(FAMILY.propose(sources, 10, seed=1, limit=5)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "In the town of Orvale\x00 they lived by cutting peat and by nothing else at all.",
        "In the town of Orvale‮ they lived by cutting peat and by nothing else at all.",
        "In the town of <script>Orvale</script> they lived by cutting peat and by nothing else.",
        "- first: 3 km <script>alert(1)</script>\n- second: 4‮ km\n",
        "x" * 1_000_000,
        "In the town of Orvale " * 50_000,
    ],
)
def test_hostile_text_gives_nothing_to_sort(text: str):
    assert FAMILY.extract(Document("d", "D", "literature", "d.md", text)) is None
