"""The prose graph with the scripted peer's roles over the fictional world: right, and with an error in every fifth."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import pytest

from longstride.corpus.world import World
from longstride.grading import grade
from longstride.llm import Message, ScriptedModel
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.knowledge_graph.by_model import ProseGraphFamily
from longstride.synthesis.with_models import ReadDocument, Roles, Tally

DOCUMENTS, LIMIT = 60, 40
SPOILED = ("I'm sorry, but I can't help with that.", '{"triples": [{"subject": "', "null")
Run = tuple[list[Candidate], Tally, Any]  # and the world's truth


@pytest.fixture
def run_with_errors() -> Callable[[float], Run]:
    truth_of = import_module("world_peer.contract").Truth.of
    players = import_module("world_peer.graph").PLAYERS

    def run(errors: float) -> Run:
        truth, tally, family = truth_of(World(5).pages(DOCUMENTS)), Tally(), ProseGraphFamily()

        def reply(messages: Sequence[Message], sample: int) -> str:
            asked = messages[0]["content"]
            draw = random.Random(f"{asked}/{sample}/{len(messages)}")
            errs = draw.random() < errors
            if errs and draw.random() < 0.4:
                return draw.choice(SPOILED)
            said = (player(asked, truth, draw if errs else None) for player in players)
            return next(each for each in said if each is not None)

        model = ScriptedModel(reply)
        roles = Roles(lambda name: model)

        async def gather() -> list[Candidate]:
            read = [
                ReadDocument(each, len(each.text) // 4, await family.extract(each, roles, tally))
                for each in truth.documents.values()
            ]
            return [each async for each in family.propose(read, 8000, 0, LIMIT, roles, tally)]

        return asyncio.run(gather()), tally, truth

    return run


def wrong_ones(candidates: Sequence[Candidate], truth: Any) -> list[str]:
    """The questions whose answer is not the world's."""
    return [
        each.core_question
        for each in candidates
        if (known := truth.questions.get(each.core_question)) is None
        or grade(f"The answer is {known.answer}", each.ground_truth, each.reward_style).score < 1
    ]


def test_roles_that_make_no_errors_give_true_questions_of_every_paradigm(run_with_errors: Callable[[float], Run]):
    candidates, tally, truth = run_with_errors(0.0)
    assert len(candidates) == LIMIT
    assert not wrong_ones(candidates, truth)
    assert {each.question_type for each in candidates} == {"multi_fact", "temporal", "causal", "hypothetical"}
    assert set(tally.stages["triples"]) == set(tally.stages["answers"]) == {""}


def test_an_error_in_every_fifth_answer_of_every_role_lets_no_wrong_question_through(
    run_with_errors: Callable[[float], Run],
):
    candidates, tally, truth = run_with_errors(0.2)
    assert len(candidates) > LIMIT // 2
    assert not wrong_ones(candidates, truth)
    assert tally.stages["triples"]["quote not in the text"] and tally.stages["triples"]["too few samples agree"]
    assert tally.stages["answers"]["answer not confirmed"]


def test_a_question_with_another_answer_than_the_worlds_would_be_seen(run_with_errors: Callable[[float], Run]):
    candidates, _, truth = run_with_errors(0.0)
    known = truth.questions[candidates[0].core_question]
    truth.questions[candidates[0].core_question] = type(known)(known.wrong, known.answer, known.needed)
    assert wrong_ones(candidates, truth) == [candidates[0].core_question]
