"""The family: what it asks has one answer, in these documents and in all, and none without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from longstride.grading import grade, strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.choices import as_multiple_choice
from longstride.synthesis.reading import ReadingFamily

Gather = Callable[[Sequence[Document]], list[Source]]

FAMILY = ReadingFamily()
TYPES = {"look_up", "needle", "statistical_aggregation", "temporal"}


@pytest.fixture(scope="module")
def sources(documents: list[Document], gather: Gather) -> list[Source]:
    return gather(documents)


@pytest.fixture(scope="module")
def candidates(sources: list[Source]) -> list[Candidate]:
    return list(FAMILY.propose(sources, 4_000, seed=1, limit=40))


def test_every_type_is_asked(candidates: list[Candidate]):
    assert {each.question_type for each in candidates} == TYPES
    assert {each.derivation.get("ordered") for each in candidates} == {"passages", "dates", None}
    assert len({each.key for each in candidates}) == len(candidates) == 40


def test_each_is_answered_from_its_documents_and_lost_without_any_one(
    candidates: list[Candidate], sources: list[Source]
):
    for candidate in candidates:
        own = [each for each in sources if each.document_id in candidate.document_ids]
        assert FAMILY.answers(candidate.derivation, own) == candidate.ground_truth
        assert FAMILY.answers(candidate.derivation, sources) == candidate.ground_truth
        for left_out in own:
            kept = [each for each in sources if each is not left_out]
            assert FAMILY.answers(candidate.derivation, kept) != candidate.ground_truth


def test_evidence_quotes_every_document(candidates: list[Candidate], documents: list[Document]):
    by_id = {each.id: each for each in documents}
    for candidate in candidates:
        assert {each.document_id for each in candidate.evidence} == set(candidate.document_ids)
        assert all(each.quotes(by_id[each.document_id]) for each in candidate.evidence)


def test_answers_are_gradable_not_in_the_question_and_spread(candidates: list[Candidate]):
    for each in candidates:
        said = f"The answer is {each.ground_truth[0]}"
        assert grade(said, each.ground_truth, each.reward_style, question=each.core_question).score == 1
        assert not contains_words(strict_form(each.core_question), strict_form(each.ground_truth[0]))
    assert max(Counter(each.ground_truth[0] for each in candidates).values()) <= 2


def test_a_gap_is_no_word_that_occurs_in_small_letters(gather: Gather):
    page = Document("a", "A", "literature", "a.md", "In the evening all the papers were sent to the Board for a reply.")
    other = Document("b", "B", "literature", "b.md", "She stood at the board.")
    (found,) = (each for each in FAMILY.propose(gather([page]), 4_000, 1, 10) if each.question_type == "needle")
    assert found.ground_truth == ("Board",)
    assert not [each for each in FAMILY.propose(gather([page, other]), 4_000, 1, 10) if each.question_type == "needle"]


def test_what_is_said_of_many_is_not_looked_up(gather: Gather):
    text = "## State\n\n- type: grand duchy\n- bird: crow\n"
    pages = [Document(name, name, "literature", name, text) for name in ("Axa", "Bobo", "Cece", "Dudu", "Ebba")]
    assert [each for each in FAMILY.propose(gather(pages), 4_000, 1, 10) if each.question_type == "look_up"] == []
    few = list(FAMILY.propose(gather(pages[:3]), 4_000, 1, 10))
    assert {each.ground_truth[0] for each in few if each.question_type == "look_up"} == {"grand duchy", "crow"}


def test_a_fact_that_two_documents_state_is_not_asked(gather: Gather):
    one = Document("a", "Malta > State", "literature", "a.md", "## Life\n\n- bird: blue thrush\n- tree: ghar ghar\n")
    two = Document("b", "Malta > People", "literature", "b.md", "## Life\n\n- bird: blue thrush\n")
    asked = {each.derivation.get("label") for each in FAMILY.propose(gather([one, two]), 4_000, 1, 10)}
    assert "tree" in asked
    assert "bird" not in asked


def test_the_same_seed_gives_the_same_questions(candidates: list[Candidate], sources: list[Source]):
    assert list(FAMILY.propose(sources, 4_000, seed=1, limit=40)) == candidates
    assert list(FAMILY.propose(sources, 4_000, seed=2, limit=40)) != candidates


def test_documents_keep_to_the_context(sources: list[Source]):
    tokens = {each.document_id: each.tokens for each in sources}
    for candidate in FAMILY.propose(sources, 300, seed=1, limit=40):
        assert sum(tokens[name] for name in candidate.document_ids) <= 300
    assert list(FAMILY.propose(sources, 10, seed=1, limit=40)) == []


def test_wrong_answers_are_of_the_same_kind(candidates: list[Candidate], sources: list[Source]):
    made: Counter[str] = Counter()
    for candidate in candidates:
        wrong = FAMILY.distractors(candidate, sources)
        assert candidate.ground_truth[0] not in wrong
        assert candidate.question_type != "temporal" or wrong == ()
        made[candidate.question_type] += as_multiple_choice(candidate, wrong, seed=1) is not None
    assert made["look_up"]
    assert made["needle"]


def test_code_is_only_read(gather: Gather):
    code = Document(
        "c", "mill/settings.py", "code", "mill/settings.py", '"""The Mill of Harrow turned."""\nFEE = 3\n' * 30
    )
    assert list(FAMILY.propose(gather([code]), 4_000, seed=1, limit=10)) == []


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x00- Patron: Saint\x00 Vesna\n- Motto: no\x00ne\n",
        "- Patron: Saint ‮ Vesna\n\nThe people of Orvale say that ‮ Saint Vesna carried the bell to Harrow by itself.",
        "- Patron: <script>alert(1)</script>\n\nThe people of <script>Orvale</script> carried Saint Vesna to Harrow.",
        "- Patron: " + "very " * 100_000 + "long",
        "a" * 1_000_000,
    ],
)
def test_hostile_text_is_asked_nothing(text: str, gather: Gather):
    assert list(FAMILY.propose(gather([Document("d", "Orvale", "literature", "d.md", text)]), 10**6, 1, 10)) == []


def test_a_line_without_end_gives_no_sentence():
    line = "The people of Orvale carried Saint Vesna to Harrow " * 20_000
    facts = FAMILY.extract(Document("d", "D", "literature", "d.md", f"- Patron: {line}\n\n{line}"))
    assert facts is not None
    assert (facts.stated, facts.sentences) == ({}, ())


def test_a_hostile_page_spoils_no_other(documents: list[Document], gather: Gather):
    hostile = Document("h", "<script>Orvale</script>‮", "literature", "h.md", documents[0].text)
    found = list(FAMILY.propose(gather([*documents, hostile]), 4_000, seed=1, limit=40))
    assert {each.question_type for each in found} == TYPES
    assert all("<script" not in each.core_question and "h" not in each.document_ids for each in found)


def test_an_empty_document_has_no_facts():
    assert FAMILY.extract(Document("e", "E", "literature", "e.md", " \n ")) is None
