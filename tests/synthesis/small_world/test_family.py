import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from longstride.corpus.world import World, small_vocabulary
from longstride.grading import grade
from longstride.records import TASKS, Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.small_world import SmallWorldFamily

Build = Callable[[str, str], Source]


@pytest.fixture(scope="module")
def candidates(world_sources: Sequence[Source]) -> list[Candidate]:
    return list(SmallWorldFamily().propose(world_sources, 192, seed=1, limit=700))


def written(candidate: Candidate) -> str:
    """A response that quotes the evidence and then answers."""
    answer = candidate.ground_truth[0]
    if candidate.reward_style == "mrcr":
        return answer
    quoted = " ".join(each.text for each in candidate.evidence)
    return f"{quoted} The answer is {f'({answer})' if candidate.reward_style == 'choice' else answer}"


def test_every_task_has_its_share(candidates: list[Candidate]):
    counts = Counter((each.task, each.question_type) for each in candidates)
    assert len(candidates) == 700
    assert {task for task, _ in counts} == set(TASKS)
    assert max(counts.values()) - min(counts.values()) <= 10


def test_a_kind_that_the_documents_do_not_allow_does_not_hold_the_others_up(few: Sequence[Source]):
    tables = [source for source in few if source.document_id in ("sales", "rival", "third")]
    found = list(SmallWorldFamily().propose(tables, 300, seed=1, limit=10_000))
    assert Counter(each.task for each in found).keys() == {"numerical", "multiple_choice"}
    assert len(found) > 20


def test_questions_and_answers_are_made_of_the_vocabulary(candidates: list[Candidate]):
    vocabulary = set(small_vocabulary())
    for each in candidates:
        assert set(written(each).split()) | set(each.core_question.split()) <= vocabulary


def test_half_of_the_questions_echo_the_sentences(candidates: list[Candidate]):
    asked = [each for each in candidates if each.derivation["query"]["form"] == "walk"]
    echoes = sum(each.core_question.startswith(each.derivation["query"]["start"]) for each in asked)
    assert 0.4 * len(asked) < echoes < 0.6 * len(asked)


def test_every_answer_follows_from_its_documents_and_from_all_of_them(
    candidates: list[Candidate], world: Mapping[str, Document], world_sources: Sequence[Source]
):
    family = SmallWorldFamily()
    for each in candidates:
        own = [source for source in world_sources if source.document_id in each.document_ids]
        assert family.answers(each.derivation, own) == each.ground_truth
        assert {evidence.document_id for evidence in each.evidence} == set(each.document_ids)
        assert all(evidence.quotes(world[evidence.document_id]) for evidence in each.evidence)
        assert sum(source.tokens for source in own) <= 192
        for left_out in own:
            rest = [source for source in own if source is not left_out]
            assert family.answers(each.derivation, rest) != each.ground_truth
        assert json.loads(json.dumps(each.derivation)) == each.derivation


def test_in_the_whole_world_the_answer_is_still_the_only_one(
    candidates: list[Candidate], world_sources: Sequence[Source]
):
    family = SmallWorldFamily()
    for each in candidates:
        query = each.derivation["query"]
        if query["form"] == "riddle" and query["begins"] is None:
            assert each.ground_truth[0] in family.answers(each.derivation, world_sources)
        elif query["form"] != "riddle":
            assert family.answers(each.derivation, world_sources) == each.ground_truth


def test_evidence_stands_in_the_order_of_the_reasoning(candidates: list[Candidate]):
    walks = [each for each in candidates if each.derivation["query"]["form"] == "walk"]
    assert {len(each.evidence) for each in walks} == {1, 2, 3}
    for each in walks:
        query = each.derivation["query"]
        name = query["start"]
        for relation, evidence in zip(query["relations"], each.evidence, strict=True):
            assert evidence.text.startswith(f"{name} {relation} ")
            name = evidence.text.removeprefix(f"{name} {relation} ").removesuffix(" .")


def test_the_answer_is_graded_right_and_another_wrong(candidates: list[Candidate]):
    for each, other in zip(candidates, [*candidates[7:], *candidates[:7]], strict=True):
        arguments, question = each.reward_arguments, each.core_question
        style = each.reward_style
        assert grade(written(each), each.ground_truth, style, arguments, question=question).score == 1
        if other.reward_style == style and other.ground_truth != each.ground_truth:
            assert grade(written(other), each.ground_truth, style, arguments, question=question).score < 1


def test_naming_every_town_earns_nothing(candidates: list[Candidate]):
    each = next(each for each in candidates if each.reward_style == "exact")
    listed = f"The answer is {each.ground_truth[0]} Orvholt Mirrale"
    assert grade(listed, each.ground_truth, each.reward_style, question=each.core_question).score == 0


def test_no_answer_is_worth_guessing(candidates: list[Candidate]):
    answers: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for each in candidates:
        answers[each.task, each.question_type][each.ground_truth[0]] += 1
    for (task, _), counts in answers.items():
        most = 0.28 if task == "multiple_choice" else 0.06
        assert counts.most_common(1)[0][1] <= most * counts.total(), counts.most_common(1)


def test_of_four_options_the_right_one_is_rarely_the_only_one_in_the_neighbourhood(
    candidates: list[Candidate], world: Mapping[str, Document]
):
    near = Counter[int]()
    for place, each in enumerate(candidates):
        if "options" in each.derivation:
            beside = candidates[max(0, place - 10) : place + 11]
            words = {word for other in beside for name in other.document_ids for word in world[name].text.split()}
            near[sum(option.split()[-1] in words for option in each.derivation["options"])] += 1
    assert near[1] == 0
    assert near[4] >= 0.4 * near.total()


def test_the_same_seed_gives_the_same_questions_and_another_others(world_sources: Sequence[Source]):
    first, again, other = (list(SmallWorldFamily().propose(world_sources, 96, seed, 60)) for seed in (1, 1, 2))
    assert first == again
    assert not {each.key for each in first} & {each.key for each in other}


def test_no_question_comes_twice_and_a_few_documents_are_soon_exhausted(few: Sequence[Source]):
    own = [source for source in few if source.document_id in ("milis", "kestrel", "sales", "rivers")]
    found = list(SmallWorldFamily().propose(own, 300, seed=1, limit=100_000))
    assert 50 < len(found) < 150
    assert len({each.key for each in found}) == len(found)
    assert list(SmallWorldFamily().propose([], 300, seed=1, limit=10)) == []
    assert list(SmallWorldFamily().propose(few, 300, seed=1, limit=0)) == []


def test_several_worlds_in_one_region_are_never_mixed_up():
    """Two worlds disagree nearly everywhere; documents are chosen that do not."""
    family = SmallWorldFamily()
    documents = {
        f"{seed}/{document.id}": replace(document, id=f"{seed}/{document.id}")
        for seed in (1, 2)
        for document in World(seed, "small").documents()
    }
    sources = [Source(name, name, "", 18, family.extract(each)) for name, each in documents.items()]
    by_id = {source.document_id: source for source in sources}
    found = list(family.propose(sources, 192, seed=3, limit=200))
    assert len(found) == 200
    for each in found:
        assert family.answers(each.derivation, [by_id[name] for name in each.document_ids]) == each.ground_truth


def test_the_letters_are_those_of_every_answer(few: Sequence[Source], source_of: Build):
    family = SmallWorldFamily()
    derivation = {
        "query": {"form": "walk", "start": "Milis", "relations": ["works at"]},
        "options": ["Zanner", "Kestrel", "Falner", "Ingner"],
    }
    assert family.answers(derivation, few) == ("B",)
    assert family.answers(derivation, [*few, source_of("x", "Milis works at Zanner .")]) == ("A", "B")
    assert family.answers(derivation, [*few, source_of("x", "Milis works at Oskwick .")]) == ("?", "B")
    assert family.answers(derivation, []) == ()
