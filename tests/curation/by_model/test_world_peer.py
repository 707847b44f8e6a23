"""The checks against the scripted peer over the fictional world, with a fifth of all answers wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from longstride.corpus.world import World
from longstride.curation.by_model import CheckSettings, check_samples
from longstride.records import Document, Evidence, Sample

LETTERS = "ABCD"
QUESTIONS = 120


@pytest.fixture
def peer() -> Any:
    """The module of the solver and the judge, with what it imports of the contract."""
    return import_module("world_peer.checks")


@pytest.fixture
def truth(peer: Any) -> Any:
    return peer.Truth.of(World(3).pages(60))


def samples_of(truth: Any, peer: Any) -> list[Sample]:
    """Questions about single facts, every other one as a multiple choice, each among six documents; registered."""
    documents: Sequence[Document] = list(truth.documents.values())
    made: list[Sample] = []
    for place, document in enumerate(documents):
        for fact in truth.facts[document.id]:
            written, line = document.text[fact.start : fact.end], truth.sentence(fact)
            others = {each.object for facts in truth.facts.values() for each in facts if each.relation == fact.relation}
            wrong = sorted(others - {fact.object, written})
            question = f"What is the {fact.relation} of {fact.subject}?"
            if question in truth.questions or len(truth.objects(fact.subject, fact.relation)) > 1 or len(wrong) < 3:
                continue
            truth.questions[question] = peer.Known(written, wrong[0], (line,))
            context = tuple(documents[(place + step) % len(documents)] for step in range(6))
            start = document.text.index(line)
            sample = Sample(
                id=f"q{len(made)}",
                data_source="world",
                prompt=({"role": "user", "content": question},),
                task="reading_comprehension",
                question_type="look_up",
                core_question=question,
                format_instructions="",
                ground_truth=(written,),
                reward_style="cover_exact_match",
                generator="world",
                seed=0,
                document_ids=tuple(each.id for each in context),
                evidence=(Evidence(document.id, start, start + len(line), line),),
            )
            made.append(_with_options(sample, [written, *wrong[:3]]) if len(made) % 2 else sample)
            if len(made) == QUESTIONS:
                return made
    raise AssertionError("the world is too small")


def _with_options(sample: Sample, options: list[str]) -> Sample:
    shuffled = random.Random(sample.id).sample(options, 4)
    listed = "\n".join(f"({letter}) {option}" for letter, option in zip(LETTERS, shuffled, strict=True))
    return replace(
        sample,
        core_question=f"{sample.core_question}\n{listed}",
        ground_truth=(LETTERS[shuffled.index(options[0])],),
        reward_style="choice",
        reward_arguments={"choices": LETTERS},
    )


def with_wrong_answer(sample: Sample, truth: Any) -> Sample:
    """The sample with the answer that wrong solvers give: the hardest case."""
    known = truth.questions[sample.core_question.partition("\n")[0]]
    if sample.reward_style != "choice":
        return replace(sample, id=f"wrong-{sample.id}", ground_truth=(known.wrong,))
    letter = next(line[1] for line in sample.core_question.splitlines() if line[4:] == known.wrong)
    return replace(sample, id=f"wrong-{sample.id}", ground_truth=(letter,))


def player(peer: Any, truth: Any, errors: float) -> Any:
    """The peer as a model, its errors independent for each prompt and sample."""

    def reply(messages: Any, index: int) -> str:
        draw = random.Random(f"{messages[0]['content']}/{index}")
        wrong = draw if draw.random() < errors else None
        said = peer.solve(messages[0]["content"], truth, wrong)
        assert said is not None
        return said

    return reply


def accepted(samples: Sequence[Sample], truth: Any, roles: Any) -> list[str]:
    async def run() -> list[str]:
        results = check_samples(samples, truth.documents, roles, CheckSettings(), pool=list(truth.documents.values()))
        return [result.sample.id async for result in results if result.verdict.passed]

    return asyncio.run(run())


def test_a_peer_without_errors_passes_what_is_right_and_nothing_else(peer: Any, truth: Any, roles_of: Any):
    right = samples_of(truth, peer)
    roles = roles_of(solver=player(peer, truth, 0.0))
    assert len(accepted(right, truth, roles)) == QUESTIONS
    assert accepted([with_wrong_answer(each, truth) for each in right], truth, roles) == []


def test_with_a_fifth_of_the_answers_wrong_few_wrong_samples_pass(peer: Any, truth: Any, roles_of: Any):
    right = samples_of(truth, peer)
    wrong = [with_wrong_answer(each, truth) for each in right]
    roles = roles_of(solver=player(peer, truth, 0.2))
    of_right, of_wrong = accepted(right, truth, roles), accepted(wrong, truth, roles)
    assert len(of_right) >= 0.7 * QUESTIONS  # expected: 82 in 100
    assert len(of_wrong) <= 0.06 * QUESTIONS  # expected: under 3 in 100


def test_the_judge_compares_and_a_wrong_one_says_the_contrary(peer: Any, truth: Any):
    from longstride.grading.judge_request import judge_messages

    def says(answer: str, golds: list[str], wrong: bool = False) -> str:
        message = judge_messages("Which?", answer, golds)[-1]["content"]
        return peer.compare(message, truth, random.Random(0) if wrong else None)

    assert "[[YES]]" in says("the Port Orvale", ["Port Orvale"]) and "[[YES]]" in says("b", ["a", "b"])
    assert "[[NO]]" in says("Port Avale", ["Port Orvale"])
    assert "[[NO]]" in says("Port Orvale", ["Port Orvale"], wrong=True)
    assert peer.compare("What else?", truth, None) is peer.solve("What else?", truth, None) is None


def test_an_unknown_question_and_one_without_its_text_have_no_answer(peer: Any, truth: Any):
    from longstride.prompts import fill_prompt

    cannot = peer.CANNOT_TELL
    blind = fill_prompt("solver_blind", question="What is the x of y?", instructions="")
    assert peer.solve(blind, truth, None) == cannot
    truth.questions["What is the x of y?"] = peer.Known("z", "w", ("y has x z",))
    assert peer.solve(blind, truth, None) == cannot
    for name in ("solver_documents", "mase_solver", "full_context"):
        prompt = fill_prompt(name, documents="y has x z", question="What is the x of y?", instructions="")
        assert peer.solve(prompt, truth, None) == "Therefore, the answer is (z)."
        assert peer.solve(prompt, truth, random.Random(0)) == "Therefore, the answer is (w)."
