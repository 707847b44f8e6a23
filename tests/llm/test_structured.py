"""Answers by schema: asked for, found among other words, validated, repaired once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field, RootModel

from longstride.llm import (
    Completion,
    ContextLengthError,
    Message,
    ModelError,
    RequestRefused,
    Sampling,
    ScriptedModel,
    complete_structured,
    open_models,
)
from longstride.llm.structured import find_json

if TYPE_CHECKING:
    from conftest import Asked, HeldClock, Reply, Server


class Question(BaseModel):
    text: str
    hops: int = Field(ge=1)


class Questions(RootModel[list[Question]]):
    pass


ASK: list[Message] = [{"role": "system", "content": "s"}, {"role": "user", "content": "Propose a question."}]
GOOD = '{"text": "who?", "hops": 2}'
PARSED = Question(text="who?", hops=2)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Here it is:\n```\n{GOOD}\n```\nShall I go on?",
        f'<think>maybe {{"text": "no", "hops": 1}}</think>{GOOD}',
        f'no opening tag {{"text": "no", "hops": 1}}</think>\n```json\n{GOOD}```',
        f"The set {{a, b}} and \\frac{{1}}{{2}} [1] lead to {GOOD}. [2]",
        f'First {{"text": "draft", "hops": 1}}, better {GOOD}',
        f'```json\n{{"text": "draft", "hops": 1}}\n```\n```json\n{GOOD}\n```',
        f'{GOOD} and {{"text": "broken", "hops": 0}}',
        '{"text": "who?", "hops": "2"}',
    ],
)
def test_json_is_found_among_other_words(text: str):
    assert asyncio.run(complete_structured(ScriptedModel([text]), ASK, Question)) == PARSED


def test_an_array_is_json_too_and_strings_may_hold_line_breaks():
    model = ScriptedModel(['Sure: [{"text": "a\nb", "hops": 1}, {"text": "c", "hops": 2}]'])
    assert [one.text for one in asyncio.run(complete_structured(model, ASK, Questions)).root] == ["a\nb", "c"]


def test_text_made_to_be_slow_is_read_quickly():
    for text in ("[" * 200_000, "{" * 200_000, '{"a":' * 100_000, '{"a": "' + "x" * 100_000 + '{"b": ' * 50_000):
        assert list(find_json(text)) == []
    assert list(find_json('{"a": NaN}')) == []


def test_the_schema_is_sent_as_response_format_beside_the_other_settings():
    model = ScriptedModel([GOOD])
    sampling = Sampling(temperature=0.0, extra={"top_k": 5})
    asyncio.run(complete_structured(model, ASK, Question, sampling=sampling, sample_index=3))
    (call,) = model.calls
    assert list(call.messages) == ASK and call.sample_index == 3 and call.sampling is not None
    assert call.sampling.temperature == 0.0 and call.sampling.extra["top_k"] == 5
    form = call.sampling.extra["response_format"]
    assert form == {
        "type": "json_schema",
        "json_schema": {"name": "Question", "schema": Question.model_json_schema()},
    }


def test_a_server_without_response_format_is_told_in_words():
    model = ScriptedModel([GOOD])
    assert asyncio.run(complete_structured(model, ASK, Question, mode="prompt")) == PARSED
    (call,) = model.calls
    assert call.sampling is not None and "response_format" not in call.sampling.extra
    assert call.prompt.startswith("Propose a question.\n\nAnswer with one JSON value")
    assert json.dumps(Question.model_json_schema()) in call.prompt


def test_an_answer_that_does_not_fit_is_shown_to_the_model_once():
    bad = 'Well: {"text": "who?", "hops": 0}'
    model = ScriptedModel([bad, GOOD])
    assert asyncio.run(complete_structured(model, ASK, Question)) == PARSED
    repair = model.calls[1].messages
    assert list(repair[:2]) == ASK and repair[2] == {"role": "assistant", "content": bad}
    assert "hops: Input should be greater than or equal to 1" in repair[3]["content"]
    assert '"hops"' in repair[3]["content"]


def test_a_repair_that_fails_too_is_a_model_error_in_one_line():
    model = ScriptedModel(["no", Completion('{"text": "wh', finish_reason="length"), GOOD])
    with pytest.raises(
        ModelError, match=r"^scripted: no answer fits Question after 2 tries: it holds no JSON; .*cut off"
    ):
        asyncio.run(complete_structured(model, ASK, Question))
    assert len(model.calls) == 2


def test_without_repairs_there_is_one_try():
    model = ScriptedModel(["no", GOOD])
    with pytest.raises(ModelError, match="after 1 tries"):
        asyncio.run(complete_structured(model, ASK, Question, repairs=0))
    with pytest.raises(ValueError, match="repairs = -1"):
        asyncio.run(complete_structured(model, ASK, Question, repairs=-1))


def test_a_prompt_that_is_too_long_is_not_asked_in_another_way():
    model = ScriptedModel([ContextLengthError("too long", 400), GOOD])
    with pytest.raises(ContextLengthError):
        asyncio.run(complete_structured(model, ASK, Question))
    model = ScriptedModel([RequestRefused("no such model", 404), GOOD])
    with pytest.raises(RequestRefused):
        asyncio.run(complete_structured(model, ASK, Question))


def test_a_server_that_refuses_response_format_is_told_in_words(server: Server, held: HeldClock):
    def reply(asked: Asked) -> Reply:
        if "response_format" in asked.body:
            return server.error(400, "response_format is not supported")
        assert "Answer with one JSON value" in asked.text
        return server.answer(GOOD)

    server.reply = reply

    async def run(**settings: str) -> Question:
        async with open_models(server.settings(**settings), clock=held.clock) as models:
            return await complete_structured(models.role("proposer"), ASK, Question)

    assert asyncio.run(run()) == PARSED and len(server.asked) == 2
    assert asyncio.run(run(structured_output="prompt")) == PARSED and len(server.asked) == 3


def test_any_chat_model_will_do():
    def say(messages: Sequence[Message], index: int) -> str:
        return json.dumps({"text": f"vote {index}", "hops": 1})

    votes = [asyncio.run(complete_structured(ScriptedModel(say), ASK, Question, sample_index=i)) for i in range(3)]
    assert [vote.text for vote in votes] == ["vote 0", "vote 1", "vote 2"]
