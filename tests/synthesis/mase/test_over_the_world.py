"""MASE with the scripted peer's agents over the fictional world: right, and with an error in one answer of five."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import pytest

from longstride.corpus.world import World
from longstride.llm import Message, ScriptedModel
from longstride.records import Document
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.mase import MaseFamily, checks, rounds
from longstride.synthesis.with_models import ReadDocument, Roles, Tally

DOCUMENTS = 60
Run = tuple[list[Candidate], Tally, Any]  # and the world's truth


@pytest.fixture
def run_with_errors(as_read: Callable[[Sequence[Document]], list[ReadDocument]]) -> Callable[[float], Run]:
    truth_of = import_module("world_peer.contract").Truth.of
    players = [*import_module("world_peer.mase").PLAYERS, *import_module("world_peer.checks").PLAYERS]

    def run(errors: float) -> Run:
        truth, tally = truth_of(World(5).pages(DOCUMENTS)), Tally()
        documents = as_read(list(truth.documents.values()))

        def reply(messages: Sequence[Message], sample_index: int) -> str:
            asked = messages[0]["content"]
            draw = random.Random(hashlib.sha256(f"{asked}/{sample_index}/{len(messages)}".encode()).hexdigest())
            wrong = draw if draw.random() < errors else None
            said = (player(asked, truth, wrong) for player in players)
            return next(each for each in said if each is not None)

        model = ScriptedModel(reply)

        async def gather() -> list[Candidate]:
            stream = MaseFamily().propose(documents, 600, 0, 1000, Roles(lambda name: model), tally)
            return [each async for each in stream]

        return asyncio.run(gather()), tally, truth

    return run


def wrong_ones(candidates: Sequence[Candidate], truth: Any) -> list[Candidate]:
    """Those whose answer is not the world's."""
    return [each for each in candidates if _answer(each) != truth.questions[each.core_question.split("\n")[0]].answer]


def _answer(candidate: Candidate) -> str:
    letter = candidate.ground_truth[0]
    options = candidate.derivation.get("options")
    return options["ABCD".index(letter)] if options else letter


def test_agents_that_make_no_errors_give_true_questions_of_every_task(run_with_errors: Callable[[float], Run]):
    candidates, tally, truth = run_with_errors(0.0)
    assert len(candidates) > 15
    assert not wrong_ones(candidates, truth)
    assert {each.derivation["mase_task"] for each in candidates} == {
        "reading_comprehension", "multiple_choice", "in_context_learning", "viewpoint"
    }  # fmt: skip
    assert set(tally.stages["solve"]) <= {"", rounds.TOO_EASY}
    assert set(tally.stages["verify"]) == {""}


def test_nearly_all_errors_of_the_agents_are_caught_before_a_question_is_accepted(
    run_with_errors: Callable[[float], Run],
):
    candidates, tally, truth = run_with_errors(0.2)
    assert len(candidates) > 10
    assert len(wrong_ones(candidates, truth)) <= 1
    assert tally.stages["check"][checks.NOT_QUOTED] > 0
    assert tally.stages["solve"][rounds.DISAGREES] + tally.stages["solve"][rounds.NEVER_SOLVED] > 5


def test_agents_that_all_make_the_same_error_each_time_are_believed(run_with_errors: Callable[[float], Run]):
    candidates, _, truth = run_with_errors(1.0)  # votes help against errors that are independent, and no others
    assert candidates
    assert wrong_ones(candidates, truth) == candidates
