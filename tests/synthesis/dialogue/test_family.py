import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

import pytest

from longstride.grading import grade, strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.choices import MultipleChoiceFamily
from longstride.synthesis.dialogue import DialogueFamily
from longstride.synthesis.dialogue.facts import Dialogue
from longstride.tokens import load_tokenizer

SourceOf = Callable[[Document], Source]
Build = Callable[[str, str, Sequence[str]], Document]
KINDS = {"needle", "now", "before", "when", "level", "days", "order", "nth", "different", "total", "beside", "message"}


@pytest.fixture(scope="module")
def candidates(world_sources: list[Source]) -> list[Candidate]:
    return list(DialogueFamily().propose(world_sources, 4_500, seed=1, limit=240))


def with_made(candidate: Candidate, sources: Sequence[Source], source_of: SourceOf) -> list[Source]:
    return [*(source_of(each) for each in candidate.made_documents), *sources]


def test_every_kind_is_asked(candidates: list[Candidate]):
    assert len(candidates) == len({each.key for each in candidates}) == 240
    assert {each.derivation["query"]["kind"] for each in candidates} >= KINDS
    types = Counter((each.task, each.question_type) for each in candidates)
    assert set(types) == {("dialogue_memory", "needle"), ("dialogue_memory", "dialogue_memory")}
    assert min(types.values()) >= 60


def test_every_answer_is_replayed_and_every_document_is_needed(
    candidates: list[Candidate], world_sources: list[Source], source_of: SourceOf
):
    family = DialogueFamily()
    for candidate in candidates[::2]:
        sources = with_made(candidate, world_sources, source_of)
        own = [each for each in sources if each.document_id in candidate.document_ids]
        assert len(own) == len(candidate.document_ids) >= 1
        for order in (sources, sources[::-1], own):
            assert family.answers(candidate.derivation, order) == candidate.ground_truth[:1]
        for left_out in own:
            rest = [each for each in sources if each is not left_out]
            assert family.answers(candidate.derivation, rest) != candidate.ground_truth[:1], candidate.core_question
        if candidate.derivation["query"]["kind"] in KINDS - {"needle", "beside", "message"}:
            assert len(own) >= 2


def test_evidence_is_quoted_from_every_document(candidates: list[Candidate], world: dict[str, Document]):
    for candidate in candidates:
        documents = world | {each.id: each for each in candidate.made_documents}
        assert {each.document_id for each in candidate.evidence} == set(candidate.document_ids)
        assert all(each.quotes(documents[each.document_id]) for each in candidate.evidence)
        assert set(candidate.document_ids) <= set(candidate.required_ids)
        json.dumps(candidate.derivation)


def test_answers_can_be_graded_and_are_not_given_away(candidates: list[Candidate]):
    for each in candidates:
        answer = each.ground_truth[0]
        said = answer if each.question_type == "needle" else f"Therefore, the answer is {answer}"
        question = each.core_question
        assert grade(said, each.ground_truth, each.reward_style, each.reward_arguments, question=question).score == 1
        assert not contains_words(strict_form(question), strict_form(answer))
    for kind in ("needle", "dialogue_memory"):
        counts = Counter(strict_form(each.ground_truth[0]) for each in candidates if each.question_type == kind)
        assert counts.most_common(1)[0][1] < 0.05 * counts.total()


def test_a_needle_has_its_prefix_and_its_passage(candidates: list[Candidate]):
    for each in candidates:
        if each.question_type == "needle":
            prefix = each.reward_arguments["prefix"]
            passage = each.ground_truth[0].removeprefix(prefix)
            (document,) = each.made_documents
            assert passage in document.text and prefix not in document.text and prefix in each.core_question
            assert each.evidence[-1].text == passage
            others = document.text.count(
                f"{each.derivation['query']['form']} about {each.derivation['query']['topic']}"
            )
            assert others in (2, 4, 8)


def test_conversations_of_other_samples_change_no_answer(candidates: list[Candidate], source_of: SourceOf):
    family = DialogueFamily()
    made = {document.id: document for each in candidates[:90] for document in each.made_documents}
    sources = [source_of(each) for each in made.values()]
    for candidate in candidates[:90]:
        if candidate.made_documents:
            assert family.answers(candidate.derivation, sources) == candidate.ground_truth


@pytest.mark.parametrize("tokens", [350, 1_500, 9_000])
def test_made_documents_keep_the_context(world_sources: list[Source], tokens: int):
    count = load_tokenizer().count
    found = list(DialogueFamily().propose(world_sources, tokens, seed=2, limit=24))
    assert found
    sizes = {source.document_id: source.tokens for source in world_sources}
    for each in found:
        made = sum(count(f"# {document.title}\n\n{document.text}\n\n") for document in each.made_documents)
        assert made <= tokens and (each.made_documents or sizes[each.document_ids[0]] <= tokens)
        assert all(document.family == "dialogue" for document in each.made_documents)


def test_the_same_seed_gives_the_same_questions_and_another_others(world_sources: list[Source]):
    def propose(seed: int) -> list[Candidate]:
        return list(DialogueFamily().propose(world_sources, 3_000, seed, 9))

    assert propose(1) == propose(1) != propose(2)


def test_without_a_corpus_the_users_still_talk():
    found = list(DialogueFamily().propose([], 3_000, 0, 12))
    assert {each.question_type for each in found} == {"dialogue_memory"}
    assert list(DialogueFamily().propose([], 100, 0, 12)) == []


def test_chat_logs_in_bad_shape_are_harmless(source_of: SourceOf, session: Build, world_sources: list[Source]):
    texts = [
        "", "User:", "User:\n\nAssistant:\n\n", "Speaker: no role at all, only words\n\nSpeaker: and some more of them",
        "User: <script>alert('x')</script>\n\nAssistant: </script> is shown as it stands.\n\nUser: Thank you for that.",
        "User: left \u202e to right\n\nAssistant: \x00 nothing\n\nUser: \u2066 hidden \u2069\n\nUser: a\u200bb c d e",
        "User: Write a poem about\n\nAssistant: x\n\nUser: Write a  about \n\nAssistant: y",
        "Chat of  with the assistant\nDate: 99 March 2024, 09:40\n\nUser: My dentist is Dr Moss.\n\nAssistant: Noted.",
        "User: My dentist is Dr Moss.\n\n" * 3_000, ":" * 5_000, "A: " * 5_000, "\n\n" * 5_000, "Dr " * 9_000 + ".",
    ]  # fmt: skip
    bad = [source_of(Document(f"bad{n}", "", "dialogue", "bad.jsonl", text)) for n, text in enumerate(texts)]
    found = list(DialogueFamily().propose([*bad, *world_sources], 3_000, 1, 60))
    assert len(found) == 60
    for each in found:
        assert not any(mark in each.core_question + each.ground_truth[0] for mark in "\u202e\x00\u2066\u200b")
    told = [session("Ada", day, [said]) for day, said in (
        ("2024-09-01", "My dentist is Dr Vale."), ("2023-02-01", "My dentist is Dr Moss."),
        ("2024-01-01", "My dentist is Dr Quill."),
    )]  # fmt: skip
    sources = [source_of(each) for each in (*told, told[0])]  # out of order, and one of them twice
    query = {"kind": "before", "user": "Ada", "about": "dentist"}
    assert DialogueFamily().answers({"query": query}, [*bad, *sources]) == ("Dr Quill",)


def test_multiple_choice_can_be_made_of_short_answers(world_sources: list[Source], world: dict[str, Document]):
    inner = DialogueFamily()
    family = MultipleChoiceFamily([inner])
    sources = [
        Source(each.document_id, each.parent_id, each.title, each.tokens, {"dialogue": each.facts})
        for each in world_sources
    ]
    found = list(islice(family.propose(sources, 3_000, 1, 40), 40))
    assert len(found) == 40
    for each in found:
        assert each.derivation["inner"]["query"]["kind"] != "needle"
        known = [Source(d.id, d.id, d.title, 0, family.extract(d)) for d in each.made_documents]
        own = [source for source in sources if source.document_id in each.document_ids]
        assert family.answers(each.derivation, [*known, *own]) == each.ground_truth


def test_distractors_are_no_answers(candidates: list[Candidate], world_sources: list[Source]):
    family = DialogueFamily()
    for each in candidates:
        others = family.distractors(each, world_sources)
        assert not set(others) & set(each.ground_truth) and len(set(others)) == len(others)
        if each.question_type == "needle":
            assert others == ()
        elif each.reward_style == "numeric":
            assert all(other.isdigit() for other in others)


def test_facts_are_compact(source_of: SourceOf):
    long = Document("l", "Long", "dialogue", "l", f"User: Why?\n\nAssistant: {'Because. ' * 200}\n\nUser: Oh.\n")
    facts = source_of(long).facts
    assert isinstance(facts, Dialogue) and [each.text for each in facts.turns] == ["Why?", "", "Oh."]
