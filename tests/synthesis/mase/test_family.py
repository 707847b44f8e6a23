"""The family: candidates of many clusters, the same whatever comes first."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from longstride.grading import grade
from longstride.llm import BudgetExceeded, Completion, Message, ScriptedModel
from longstride.llm.scripted import Reply
from longstride.records import Document
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.contexts import STYLES, Context, sample_of
from longstride.synthesis.mase import MaseFamily, MaseSettings, rounds
from longstride.synthesis.mase.family import TOO_SHORT
from longstride.synthesis.with_models import Growth, ReadDocument, Roles, Tally
from longstride.tokens import load_tokenizer

if TYPE_CHECKING:
    from conftest import Agents

MakeDocuments = Callable[..., list[Document]]
AsRead = Callable[[Sequence[Document]], list[ReadDocument]]
SMALL = MaseSettings(most_documents=2, max_rounds=1, solver_samples=1, verifier_votes=1)


def proposed(
    documents: Sequence[ReadDocument],
    roles: Roles,
    settings: MaseSettings | None = None,
    limit: int = 1000,
    tally: Tally | None = None,
    seed: int = 0,
) -> list[Candidate]:
    async def gather() -> list[Candidate]:
        family = MaseFamily(settings)
        return [each async for each in family.propose(documents, 1000, seed, limit, roles, tally or Tally())]

    return asyncio.run(gather())


def test_a_short_document_gives_nothing_to_ask_about(agents: Agents, make_documents: MakeDocuments):
    family, tally = MaseFamily(), Tally()
    short = Document("s", "Short", "literature", "x", "Nothing to tell here.")
    facts = [asyncio.run(family.extract(each, agents.roles, tally)) for each in (*make_documents(2), short)]
    assert facts == [{"words": 32}, {"words": 32}, {}]
    assert tally.to_json() == {"read": {"": 2, TOO_SHORT: 1}}
    assert not proposed([ReadDocument(short, 4, facts[2])], agents.roles)
    assert not agents.models["proposer"].calls


def test_questions_grow_with_the_documents_and_nothing_is_asked_where_none_is_wanted(
    agents: Agents, make_documents: MakeDocuments, as_read: AsRead
):
    read = as_read(make_documents(4))
    assert MaseFamily().growth(read, 7.5) == Growth(shared=1.0, questions=7.5)
    assert proposed(read, agents.roles, limit=0) == []
    assert not any(model.calls for model in agents.models.values())


def test_a_candidate_becomes_a_sample_with_its_proof_and_its_history(
    agents: Agents, make_documents: MakeDocuments, as_read: AsRead
):
    documents = make_documents(4)
    candidates = proposed(as_read(documents), agents.roles, limit=8)
    assert {each.task for each in candidates} == {"multiple_choice", "reading_comprehension"}
    by_id = {each.id: each for each in documents}
    family = MaseFamily()
    for candidate in candidates:
        assert candidate.family == "mase"
        assert all(each.quotes(by_id[each.document_id]) for each in candidate.evidence)
        assert set(candidate.document_ids) == {each.document_id for each in candidate.evidence}
        assert len(candidate.document_ids) == 2
        assert family.answers(candidate.derivation, []) == candidate.ground_truth[:1]
        derivation = json.loads(json.dumps(candidate.derivation))
        assert derivation["agents"]["solver"]["pass_at_k"] == {"1": 1.0, "4": 1.0}
        assert derivation["agents"]["verifier"]["accepted"] == 3
        kind = "mase_proposer_" + derivation["mase_task"]
        told = "mase_proposer_first" if derivation["round"] == 0 else "mase_proposer_history"
        assert derivation["agents"]["proposer"]["prompts"][:3] == ["mase_proposer", kind, told]
        assert {each["model"] for each in derivation["agents"].values()} == {
            "proposer-model", "solver-model", "verifier-model"
        }  # fmt: skip
        assert derivation["rounds"][derivation["round"]]["outcome"] == "accepted"
        assert derivation["stopped"] == rounds.NO_HARDER
        context = Context(tuple(by_id[name] for name in candidate.document_ids))
        sample = sample_of(candidate, context, load_tokenizer(), "test", 0, STYLES["paper"])
        said = f"Therefore, the answer is {candidate.ground_truth[0]}"
        assert grade(said, sample.ground_truth, sample.reward_style, sample.reward_arguments).score == 1


def test_the_letters_of_forty_questions_of_a_type_are_balanced_exactly(
    agents: Agents, make_documents: MakeDocuments, as_read: AsRead
):
    candidates = proposed(as_read(make_documents(320)), agents.roles, SMALL)
    given: dict[str, Counter[str]] = {}
    for each in candidates:
        if each.task == "multiple_choice":
            given.setdefault(each.question_type, Counter())[each.ground_truth[0]] += 1
            options = each.derivation["options"]
            right = options["ABCD".index(each.ground_truth[0])]
            assert right == agents.answers[each.core_question.partition("\n")[0]]
            assert [f"({letter}) {option}" for letter, option in zip("ABCD", options, strict=True)] == (
                each.core_question.splitlines()[1:]
            )
    assert given["viewpoint"] == dict.fromkeys("ABCD", 10)
    for kind in ("multi_fact", "temporal", "causal", "hypothetical"):
        assert sorted(given[kind].values()) == [2, 2, 3, 3]
    seen = Counter(
        letter for letter in "ABCD" for prompt in agents.prompts("solver") if _right(agents, prompt) == letter
    )
    assert min(seen.values()) > 5  # and what the solver sees stands under no one letter either


def _right(agents: Agents, prompt: str) -> str | None:
    said = agents.solve(prompt, 0)
    assert isinstance(said, str)
    return said[-2] if said.endswith(")") else None


def test_the_candidates_do_not_depend_on_what_comes_first(make_documents: MakeDocuments, as_read: AsRead):
    documents = as_read(make_documents(24))

    def run(jitter: int, in_flight: int) -> tuple[list[Candidate], dict[str, Any]]:
        agents, tally = _Late(jitter), Tally()
        roles = Roles(lambda name: agents, in_flight)
        return proposed(documents, roles, limit=6, tally=tally), tally.to_json()

    first = run(0, 1)
    assert len(first[0]) == 6
    for jitter, in_flight in ((1, 64), (2, 16), (3, 64)):
        assert run(jitter, in_flight) == first


class _Late:
    """All three agents, whose answers depend on the request alone and come after a random number of turns."""

    model_id = "late"

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    async def complete(
        self, messages: Sequence[Message], *, n: int = 1, sample_index: int = 0, sampling: object = None
    ) -> list[Completion]:
        for _ in range(self._draw.randrange(20)):
            await asyncio.sleep(0)
        prompt = messages[-1]["content"]
        say = random.Random(f"{prompt}/{sample_index}")
        if prompt.startswith("You write"):
            words = [f"word{say.randrange(10**6)}" for _ in range(8)]
            passages = [part.partition("\n\n")[2].partition(".")[0] + "." for part in prompt.split("\n# ")[1:]]
            said: dict[str, Any] = {
                "quotes": [{"document": n, "text": text} for n, text in list(enumerate(passages, 1))[-2:]],
                "question": f"Which {' '.join(words[:6])}?",
                "answer": "right1",
            }
            if "wrong_options" in prompt:
                said["wrong_options"] = ["other2", "other3", "other4"]
            return [Completion(json.dumps(said))]
        if prompt.startswith("Read the documents"):
            letter = next((each for each in "ABCD" if f"({each}) right1" in prompt), None)
            answer = (f"({letter})" if letter else "right1") if say.random() < 0.8 else "nothing"
            return [Completion(f"Therefore, the answer is {answer}")]
        accepted = say.random() < 0.8
        return [
            Completion(json.dumps({"reason": "", "answerable": accepted, "single": accepted, "supported": accepted}))
        ]


def test_another_seed_gives_other_clusters(agents: Agents, make_documents: MakeDocuments, as_read: AsRead):
    documents = as_read(make_documents(12))
    found = [[each.document_ids for each in proposed(documents, agents.roles, SMALL, seed=seed)] for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    "garbage",
    ["", "asdf asdf", "[[YES]]", "{}", "[]", "null", '{"answerable": true}', "Therefore, the answer is (A)", "<think>"],
)
def test_models_that_say_garbage_give_nothing(garbage: str, make_documents: MakeDocuments, as_read: AsRead):
    model, tally = ScriptedModel(lambda messages, sample_index: garbage), Tally()
    assert proposed(as_read(make_documents(6)), Roles(lambda name: model), tally=tally) == []
    assert set(tally.to_json()) == {"propose"}
    assert set(tally.stages["propose"]) == {rounds.NO_MODEL}


def test_agents_that_agree_on_an_invented_quotation_give_nothing(
    agents: Agents, make_documents: MakeDocuments, as_read: AsRead
):
    def propose(prompt: str, sample_index: int) -> Reply:
        proposal = agents.proposal(prompt)
        proposal["quotes"][0]["text"] = "As everybody knows, the mill was never built."
        return json.dumps(proposal)

    agents.says["proposer"] = propose
    assert proposed(as_read(make_documents(6)), agents.roles) == []


def test_no_more_candidates_are_given_than_asked_for(agents: Agents, make_documents: MakeDocuments, as_read: AsRead):
    documents = as_read(make_documents(40))
    everything = proposed(documents, agents.roles)
    agents.models["proposer"].calls.clear()
    assert proposed(documents, agents.roles, limit=0) == []
    assert not agents.models["proposer"].calls
    assert proposed(documents, agents.roles, limit=3) == everything[:3]


def test_what_was_given_before_the_budget_was_spent_stands(
    agents: Agents, make_documents: MakeDocuments, as_read: AsRead
):
    def verify(prompt: str, sample_index: int) -> Reply:
        spent = len(agents.models["verifier"].calls) > 20
        return BudgetExceeded("spent") if spent else agents.verify(prompt, sample_index)

    agents.says["verifier"] = verify
    given: list[Candidate] = []

    async def gather() -> None:
        roles = Roles(lambda name: agents.models[name], in_flight=1)
        async for each in MaseFamily().propose(as_read(make_documents(40)), 200, 0, 1000, roles, Tally()):
            given.append(each)

    with pytest.raises(BudgetExceeded):
        asyncio.run(gather())
    assert len(given) == 6
