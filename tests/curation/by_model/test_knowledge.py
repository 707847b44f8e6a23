"""Blind, grounding, scarce: a model that knows too much, one that reads, and one that guesses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from longstride.curation.by_model.asking import Interview
from longstride.curation.by_model.knowledge import check_blind, check_grounding, check_scarce, left_out_alone
from longstride.curation.by_model.settings import CheckSettings
from longstride.curation.outcome import Outcome
from longstride.records import Document, Sample

Said = Callable[[str], str]


def run(check: Any, sample: Sample, documents: dict[str, Document], roles: Any, **settings: Any) -> Outcome:
    return asyncio.run(check(Interview(sample, documents, roles, "solver", CheckSettings(**settings))))


def right_times(count: int, answer: str, said: Said) -> Any:
    """A model that is right in its first `count` samples."""
    return lambda messages, index: said(answer) if index < count else "I do not know."


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (check_blind, "answered without any document"),
        (check_grounding, "answered without the evidence documents"),
        (check_scarce, "answered without one of its evidence documents"),
    ],
)
def test_a_single_right_answer_without_the_documents_drops_a_sample(
    check: Any, reason: str, good: Sample, world: dict[str, Document], roles_of: Any, answer_is: Said
):
    assert run(check, good, world, roles_of()).passed
    knowing = roles_of(solver=right_times(1, "41", answer_is))
    outcome = run(check, good, world, knowing)
    assert outcome.reason == reason and "1 of 4 answers right" in outcome.detail
    name = str(check.__name__).removeprefix("check_")
    assert run(check, good, world, knowing, **{f"{name}_allowed": 1}).passed


def test_blind_shows_no_document_and_grounding_all_but_the_evidence(
    good: Sample, world: dict[str, Document], roles_of: Any
):
    roles = roles_of()
    assert run(check_blind, good, world, roles).numbers == {"answers": 4, "right": 0}
    assert "Foo2" not in roles.model("solver").calls[-1].prompt
    run(check_grounding, good, world, roles)
    prompt = roles.model("solver").calls[-1].prompt
    assert all(world[f"d{index}"].text in prompt for index in (0, 2, 3, 5, 6, 7))
    assert world["d1"].text not in prompt and world["d4"].text not in prompt


def test_scarce_leaves_out_one_document_at_a_time(good: Sample, world: dict[str, Document], roles_of: Any):
    roles = roles_of()
    outcome = run(check_scarce, good, world, roles)
    assert outcome.numbers == {"answers": 4, "evidence_documents": 2, "left_out": 2}
    first, second = (call.prompt for call in roles.model("solver").calls)
    assert world["d1"].text not in first and world["d4"].text in first
    assert world["d1"].text in second and world["d4"].text not in second


def test_a_document_that_can_be_spared_is_named_where_that_is_asked(
    good: Sample, world: dict[str, Document], roles_of: Any, make_document: Callable[..., Document]
):
    twice = make_document("d7", "size of Foo4: 31")  # states again what d4 states
    documents = {**world, "d7": twice}
    outcome = run(check_scarce, good, documents, roles_of())
    assert outcome.reason == "answered without one of its evidence documents"
    assert outcome.detail == "4 of 4 answers right, d4"
    told = run(check_scarce, good, documents, roles_of(), spare="tell")
    assert told.passed and told.numbers["spare"] == ["d4"]
    assert run(check_scarce, good, world, roles_of(), spare="tell").numbers["spare"] == []


def test_of_many_evidence_documents_a_few_are_drawn(
    good: Sample, world: dict[str, Document], make_quotation: Callable[..., Any]
):
    evidence = tuple(make_quotation(world[f"d{index}"], f"color of Foo{index}") for index in range(6))
    sample = replace(good, evidence=evidence)
    few = left_out_alone(sample, CheckSettings(max_left_out=2))
    assert len(few) == 2 and few == left_out_alone(sample, CheckSettings(max_left_out=2))
    draws = {tuple(left_out_alone(sample, CheckSettings(max_left_out=2, seed=seed))) for seed in range(9)}
    assert len(draws) > 1
    assert left_out_alone(sample, CheckSettings(max_left_out=6)) == [f"d{index}" for index in range(6)]


@pytest.mark.parametrize("check", [check_grounding, check_scarce])
def test_without_evidence_nothing_can_be_left_out(check: Any, good: Sample, world: dict[str, Document], roles_of: Any):
    outcome = run(check, replace(good, evidence=()), world, roles_of())
    assert outcome.skipped == "not grounded: it has no evidence"


def test_a_guesser_of_four_options_passes_and_one_who_knows_does_not(
    choice: Sample, world: dict[str, Document], roles_of: Any, answer_is: Said
):
    assert run(check_blind, choice, world, roles_of(solver=answer_is("B"))).numbers == {
        "answers": 4,
        "right": 1,
        "chance": 0.25,
    }

    def knows(texts: set[str]) -> Any:
        """Names the letter of blue where the option above or below it is one of `texts`."""

        def reply(messages: Any, index: int) -> str:
            lines = messages[-1]["content"].splitlines()
            letters = {line[4:]: line[1] for line in lines if line[:1] == "("}
            order = sorted(letters, key=lambda text: letters[text])
            return answer_is(letters["blue"] if order[-1] in texts else "none")

        return reply

    three = roles_of(solver=knows({"red", "ochre", "mauve"}))
    outcome = run(check_blind, choice, world, three)
    assert outcome.reason == "answered without any document" and outcome.numbers["right"] == 3
    assert run(check_blind, choice, world, roles_of(solver=knows({"red", "ochre"}))).passed  # 2 of 4: guesses are so


def test_yes_or_no_takes_four_right_answers_of_four(
    good: Sample, world: dict[str, Document], roles_of: Any, answer_is: Said
):
    sample = replace(good, ground_truth=("Yes",))
    assert run(check_blind, sample, world, roles_of(solver=right_times(3, "yes", answer_is))).passed
    assert not run(check_blind, sample, world, roles_of(solver=right_times(4, "yes", answer_is))).passed


def test_too_few_answers_tell_nothing_and_are_no_pass(
    good: Sample, world: dict[str, Document], roles_of: Any, answer_is: Said
):
    sample = replace(good, ground_truth=("Yes",))
    for check in (check_blind, check_grounding, check_scarce):
        outcome = run(check, sample, world, roles_of(solver=answer_is("yes")), answers=2)
        assert outcome.skipped == "too few answers to tell knowing from guessing"
