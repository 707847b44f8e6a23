"""The rounds over one cluster: what is dropped, what is remembered, and when they stop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from longstride.llm import BudgetExceeded, ModelError
from longstride.llm.scripted import Reply
from longstride.synthesis.mase import checks, rounds
from longstride.synthesis.mase.clusters import Cluster
from longstride.synthesis.mase.rounds import ClusterQuestions, question_cluster
from longstride.synthesis.mase.settings import MaseSettings
from longstride.synthesis.with_models import PASSED

if TYPE_CHECKING:
    from conftest import Agents

MakeCluster = Callable[..., Cluster]


def run(agents: Agents, cluster: Cluster, **settings: float) -> ClusterQuestions:
    return asyncio.run(question_cluster(cluster, agents.roles, MaseSettings(**settings), 0))  # type: ignore[arg-type]


def outcomes(questions: ClusterQuestions) -> list[str]:
    return [each.outcome for each in questions.rounds]


def solved_by(agents: Agents, counts: list[int]) -> Callable[[str, int], Reply]:
    """A solver that finds the n-th question's answer in the first `counts[n]` of its samples."""
    order: list[str] = []

    def solve(prompt: str, sample_index: int) -> Reply:
        if prompt not in order:
            order.append(prompt)
        found = sample_index < counts[order.index(prompt)]
        return agents.solve(prompt, sample_index) if found else f"Therefore, the answer is guess{sample_index}"

    return solve


def test_a_good_question_passes_and_is_remembered(agents: Agents, make_cluster: MakeCluster):
    questions = run(agents, make_cluster(2), max_rounds=1)
    (accepted,) = questions.accepted
    assert outcomes(questions) == [PASSED]
    assert accepted.solved.rate == 1
    assert accepted.verified.accepted == 3
    assert accepted.draft.document_ids == ("doc-0", "doc-1")
    assert questions.tally.to_json() == {stage: {"": 1} for stage in ("propose", "check", "solve", "verify")}
    assert [len(model.calls) for model in agents.models.values()] == [1, 4, 3]


def test_a_document_is_added_in_each_round_until_all_are_seen(agents: Agents, make_cluster: MakeCluster):
    agents.says["solver"] = solved_by(agents, [4, 4, 4, 3, 2])
    questions = run(agents, make_cluster(4), max_rounds=5)
    assert [each.documents for each in questions.rounds] == [2, 3, 4, 4, 4]
    assert questions.stopped == rounds.ALL_ROUNDS
    assert [each.turn.task.name for each in questions.rounds] == [
        "reading_comprehension", "multiple_choice", "in_context_learning", "viewpoint", "reading_comprehension"
    ]  # fmt: skip
    assert questions.accepted[0].documents == make_cluster(4).documents[:2]


def test_the_history_that_is_shown_grows_and_holds_only_accepted_questions(agents: Agents, make_cluster: MakeCluster):
    agents.says["solver"] = solved_by(agents, [3, 0, 2, 4])
    questions = run(agents, make_cluster(5), max_rounds=4)
    assert outcomes(questions) == [PASSED, rounds.NEVER_SOLVED, PASSED, PASSED]
    prompts = agents.prompts("proposer")
    first, dropped, third, _ = agents.answers
    assert [prompt.count("readers\n</question") for prompt in prompts] == [0, 1, 1, 2]
    assert f"{first}\nAnswer: {agents.answers[first]}\nFound by 3 of 4 readers" in prompts[1]
    assert f"{third}\nAnswer: {agents.answers[third]}\nFound by 2 of 4 readers" in prompts[3]
    assert not any(dropped in prompt for prompt in prompts)


def test_it_stops_when_new_questions_repeat_old_ones(agents: Agents, make_cluster: MakeCluster):
    said: list[str] = []

    def propose(prompt: str, sample_index: int) -> Reply:
        proposal = agents.proposal(prompt)
        if len(said) == 1:
            proposal = {**proposal, "question": json.loads(said[0])["question"].replace("Which", "Tell which")}
        if len(said) > 2:
            proposal = {**proposal, "question": json.loads(said[2])["question"].upper()}
        said.append(json.dumps(proposal))
        return said[-1]

    agents.says["proposer"] = propose
    questions = run(agents, make_cluster(6), max_rounds=8)
    assert outcomes(questions) == [PASSED, rounds.REPEATED, PASSED, rounds.REPEATED, rounds.REPEATED]
    assert questions.stopped == rounds.EXHAUSTED
    assert questions.tally.stages["check"][rounds.REPEATED] == 3


def test_the_same_answer_from_the_same_quotations_is_a_repeat(agents: Agents, make_cluster: MakeCluster):
    def propose(prompt: str, sample_index: int) -> Reply:
        first = list(agents.answers.items())[:1]
        proposal = agents.proposal(prompt)
        return json.dumps({**proposal, "answer": first[0][1]} if first else proposal)

    agents.says["proposer"] = propose
    questions = run(agents, Cluster(2, make_cluster(2).documents), max_rounds=2)  # the first task is an open one
    assert outcomes(questions) == [PASSED, rounds.REPEATED]


def test_a_dropped_question_may_not_be_tried_again(agents: Agents, make_cluster: MakeCluster):
    once: list[str] = []

    def propose(prompt: str, sample_index: int) -> Reply:
        once.append(agents.propose(prompt, 0) if not once else once[0])  # type: ignore[arg-type]
        return once[0]

    agents.says["proposer"] = propose
    agents.says["solver"] = lambda prompt, sample_index: "I cannot tell."
    questions = run(agents, make_cluster(6))
    assert outcomes(questions)[0] == rounds.NEVER_SOLVED
    assert len(agents.models["solver"].calls) == 4


def test_it_stops_when_no_document_is_left_and_questions_become_no_harder(agents: Agents, make_cluster: MakeCluster):
    agents.says["solver"] = solved_by(agents, [4, 4, 3, 3, 2, 4, 2])
    questions = run(agents, make_cluster(3), max_rounds=8)
    # 2 and 3 documents, then 3 of 4 (harder), 3 of 4 (not harder), 2 of 4 (harder), and twice not harder
    assert [each.correct for each in questions.rounds] == [4, 4, 3, 3, 2, 4, 2]
    assert questions.stopped == rounds.NO_HARDER


def test_a_question_that_is_always_solved_pushes_the_next_one(agents: Agents, make_cluster: MakeCluster):
    agents.says["solver"] = solved_by(agents, [4, 3, 4])
    run(agents, make_cluster(5), max_rounds=3)
    assert ["too easy" in prompt for prompt in agents.prompts("proposer")] == [False, True, False]


def test_questions_that_are_always_solved_are_kept_up_to_a_share(agents: Agents, make_cluster: MakeCluster):
    agents.says["solver"] = solved_by(agents, [4, 4, 4, 3, 4])
    questions = run(agents, make_cluster(6), max_rounds=5, easy_share=0.4)
    assert outcomes(questions) == [PASSED, PASSED, rounds.TOO_EASY, PASSED, rounds.TOO_EASY]
    assert questions.tally.stages["solve"][rounds.TOO_EASY] == 2


def test_a_wrong_proposal_falls_to_the_solver(agents: Agents, make_cluster: MakeCluster):
    def propose(prompt: str, sample_index: int) -> Reply:
        return json.dumps({**agents.proposal(prompt), "answer": "a wrong one"})

    agents.says["proposer"] = propose
    questions = run(agents, make_cluster(2), max_rounds=1)
    assert outcomes(questions) == [rounds.NEVER_SOLVED]
    assert not agents.models["verifier"].calls


def test_a_minority_that_agrees_is_not_enough(agents: Agents, make_cluster: MakeCluster):
    agents.says["solver"] = solved_by(agents, [1, 2])
    questions = run(agents, make_cluster(3), max_rounds=2)
    assert outcomes(questions) == [rounds.DISAGREES, PASSED]


@pytest.mark.parametrize("criterion", ["answerable", "single", "supported"])
def test_a_majority_of_the_verifier_refuses_under_its_criterion(
    criterion: str, agents: Agents, make_cluster: MakeCluster, vote: Callable[..., str]
):
    agents.says["verifier"] = lambda prompt, sample_index: vote(**{criterion: sample_index == 0})
    questions = run(agents, make_cluster(2), max_rounds=1)
    assert outcomes(questions) == [rounds.REFUSED[criterion]]
    agents.says["verifier"] = lambda prompt, sample_index: vote(**{criterion: sample_index > 0})
    assert len(run(agents, make_cluster(2), max_rounds=1).accepted) == 1


@pytest.mark.parametrize(("role", "stage"), [("proposer", "propose"), ("solver", "solve"), ("verifier", "verify")])
def test_an_agent_that_gives_nothing_usable_is_counted_at_its_stage(
    role: str, stage: str, agents: Agents, make_cluster: MakeCluster
):
    agents.says[role] = lambda prompt, sample_index: ModelError("refused")
    questions = run(agents, make_cluster(2), max_rounds=1)
    assert outcomes(questions) == [rounds.NO_MODEL]
    assert questions.tally.stages[stage] == {rounds.NO_MODEL: 1}


def test_a_fault_that_the_program_sees_costs_no_other_agent(agents: Agents, make_cluster: MakeCluster):
    def propose(prompt: str, sample_index: int) -> Reply:
        return json.dumps({**agents.proposal(prompt), "quotes": [{"document": 1, "text": "nowhere to be found"}]})

    agents.says["proposer"] = propose
    questions = run(agents, make_cluster(2), max_rounds=1)
    assert outcomes(questions) == [checks.NOT_QUOTED]
    assert questions.tally.stages["check"] == {checks.NOT_QUOTED: 1}
    assert not agents.models["solver"].calls


def test_a_spent_budget_ends_the_rounds(agents: Agents, make_cluster: MakeCluster):
    agents.says["verifier"] = lambda prompt, sample_index: BudgetExceeded("spent")
    with pytest.raises(BudgetExceeded):
        run(agents, make_cluster(2))
