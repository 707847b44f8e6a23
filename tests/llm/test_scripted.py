"""The scripted model keeps the protocol, so that what passes with it passes with a real one."""

from __future__ import annotations

import asyncio

import pytest

from longstride.llm import ChatModel, Completion, Message, ModelError, Sampling, ScriptedModel
from longstride.llm.scripted import OutOfReplies

QUESTION: list[Message] = [{"role": "user", "content": "why?"}]


def test_replies_come_in_order_one_for_each_answer_and_calls_are_kept():
    model: ChatModel = ScriptedModel(["a", Completion("b", finish_reason="length"), "c"])
    first = asyncio.run(model.complete(QUESTION, n=2, sampling=Sampling(temperature=0)))
    second = asyncio.run(model.complete(QUESTION, sample_index=2))
    assert [answer.text for answer in first + second] == ["a", "b", "c"]
    assert first[1].finish_reason == "length"
    assert isinstance(model, ScriptedModel)
    assert [(call.prompt, call.n, call.sample_index) for call in model.calls] == [("why?", 2, 0), ("why?", 1, 2)]
    assert model.calls[0].sampling == Sampling(temperature=0) and model.model_id == "scripted"


def test_a_function_sees_the_question_and_each_index():
    model = ScriptedModel(lambda messages, index: f"{messages[-1]['content']} {index}")
    answers = asyncio.run(model.complete(QUESTION, n=2, sample_index=3))
    assert [answer.text for answer in answers] == ["why? 3", "why? 4"]


def test_an_exception_in_the_script_is_raised_in_its_turn():
    model = ScriptedModel(["a", ModelError("gone"), "c"])
    asyncio.run(model.complete(QUESTION))
    with pytest.raises(ModelError, match="gone"):
        asyncio.run(model.complete(QUESTION))
    assert asyncio.run(model.complete(QUESTION))[0].text == "c"


def test_a_script_that_has_run_out_says_what_it_was_asked_and_is_no_model_error():
    model = ScriptedModel(["a"])
    asyncio.run(model.complete(QUESTION))
    with pytest.raises(OutOfReplies, match=r"holds 1 replies and is asked for one more: 'why\?'"):
        asyncio.run(model.complete(QUESTION))
    assert not issubclass(OutOfReplies, ModelError)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="one string"):
        ScriptedModel("abc")
    with pytest.raises(ValueError, match="n = 0"):
        asyncio.run(ScriptedModel(["a"]).complete(QUESTION, n=0))
    with pytest.raises(ValueError, match="sample_index = -1"):
        asyncio.run(ScriptedModel(["a"]).complete(QUESTION, sample_index=-1))
