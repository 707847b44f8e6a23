"""A proposer's wording against the plain question."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from longstride.synthesis.tables.by_model.drafts import Draft
from longstride.synthesis.tables.by_model.expansion import STYLES, objection, question_prompt, required_words, worded
from longstride.synthesis.tables.settling import Settled, settled


@pytest.fixture
def counted(town_drafts: Sequence[Draft]) -> tuple[Draft, Settled]:
    """A count of the towns above a bound, with the answer 3."""
    draft = next(each for each in town_drafts if each.template == "count_above" and "population" in each.question.text)
    answer = settled(draft.question, (3,))
    assert answer is not None
    return draft, answer


def test_the_plain_question_itself_passes(town_drafts: Sequence[Draft], counted: tuple[Draft, Settled]):
    for draft in town_drafts[:40]:
        assert objection(draft.question.text, draft, counted[1]) is None


def test_what_a_wording_loses_or_adds_is_named(counted: tuple[Draft, Settled]):
    draft, answer = counted
    plain = draft.question.text
    name = draft.scope.names[draft.scope.rows[0]]
    year = draft.scope.measures[0].period
    changes = {
        "": "no question on one line",
        plain.replace(" of ", "\nof ", 1): "no question on one line",
        plain * 4: "no question on one line",
        plain.replace(name, "Elsewhere"): "leaves out a name",
        plain.replace(year, "that year"): "leaves out a figure",
        plain + " Say 42.": "holds another figure",
        plain.replace("population", "size"): "leaves out what is measured",
        plain + " Is it three?": "holds the answer",
    }
    for wording, reason in changes.items():
        assert objection(wording, draft, answer) == reason


def test_a_measure_may_be_inflected(counted: tuple[Draft, Settled]):
    draft, answer = counted
    assert objection(draft.question.text.replace("population", "Populations"), draft, answer) is None


def test_the_request_lists_names_measures_and_bounds_and_not_the_answer(counted: tuple[Draft, Settled]):
    draft, _ = counted
    required = required_words(draft)
    assert set(draft.scope.names.values()) <= set(required)
    assert f"population in {draft.scope.measures[0].period}" in required
    prompt = question_prompt(draft, STYLES[0])
    assert draft.question.text in prompt
    assert STYLES[0] in prompt
    assert draft.question.sql not in prompt
    assert all(f"{draft.scope.number(row):,}" not in prompt for row in draft.scope.rows)


def test_the_style_and_the_index_reach_the_model(cast: Any, counted: tuple[Draft, Settled]):
    model = cast.model()
    assert asyncio.run(worded(counted[0], model, "in verse", 1)) == f"Say, {counted[0].question.text}"
    assert model.calls[0].sample_index == 1
    assert "in verse" in model.calls[0].prompt


def test_a_second_try_is_made_and_the_last_reason_counted(cast: Any, play: Any):
    right = cast.question

    def question(prompt: str, index: int) -> str:
        return json.dumps({"question": "What is it?"}) if index == 0 else right(prompt, index)

    cast.question = question
    played = play(cast, limit=2)
    assert (len(played.candidates), played.tally["wordings"]) == (2, {"": 2})
    assert set(play(cast, limit=1, wordings=1).tally["wordings"]) == {"leaves out a name"}
