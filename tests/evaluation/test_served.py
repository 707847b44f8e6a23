"""A served model: a server on loopback that reads what it is sent, and refuses when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from longstride.errors import ExpectedError
from longstride.evaluation.arms import GREEDY, Decoding
from longstride.evaluation.served import FullContextReader, MemoryReader, ServedAnswerer, served_answerer
from longstride.llm import ChatModel, Completion, ModelsSettings, ScriptedModel
from longstride.memory.query import Query
from longstride.memory.samples import Documents
from longstride.memory.window import Fit, fit_window
from longstride.records import Message, Sample
from longstride.tokens import load_tokenizer

MakeSample = Callable[..., Sample]
TOKENIZER = load_tokenizer()


def full(model: ChatModel, room: int = 4000, decoding: Decoding = GREEDY) -> FullContextReader:
    return FullContextReader(model, decoding, TOKENIZER, room, 50, template_tokens=8)


def small_fit() -> Fit:
    return fit_window([Query("What is the word of town 1?")], TOKENIZER.count, 8192, chunk_tokens=120)


@contextmanager
def answering(base_url: str, cache: Path, reader_of: Callable[[ChatModel], Any]) -> Iterator[ServedAnswerer]:
    settings = ModelsSettings(base_url=base_url, model="m", max_retries=0)
    with served_answerer(settings, cache, reader_of) as answerer:
        yield answerer


def test_the_whole_prompt_is_asked_and_graded(make_town_sample: MakeSample, upstream: Any, tmp_path: Path):
    samples = [make_town_sample(number) for number in range(3)]
    with answering(upstream.base_url, tmp_path / "c.sqlite", full) as answerer:
        replies = answerer.answer(samples)
    assert [each[0].reward for each in replies] == [1.0, 1.0, 1.0]
    assert [each[0].extracted for each in replies] == ["red", "blue", "green"]
    assert (replies[0][0].turns, replies[0][0].prompt_tokens, replies[0][0].response_tokens) == (1, 7, 3)
    assert sorted(upstream.prompts) == sorted(sample.prompt[-1]["content"] for sample in samples)
    assert {body["temperature"] for body in upstream.bodies} == {0.0}
    assert {body.get("max_tokens") or body.get("max_completion_tokens") for body in upstream.bodies} == {50}


def test_a_wrong_word_earns_nothing(make_town_sample: MakeSample, upstream: Any, tmp_path: Path):
    with answering(upstream.base_url, tmp_path / "c.sqlite", full) as answerer:
        ((reply,),) = answerer.answer([make_town_sample(0, ground_truth=("purple",))])
    assert (reply.reward, reply.extracted) == (0.0, "red")


def test_a_prompt_over_the_window_loses_its_middle_and_says_so(
    make_town_sample: MakeSample, upstream: Any, tmp_path: Path
):
    filler = "\n".join(f"Ship {number} lay in the harbour." for number in range(200))
    content = f"The word of town 0 is red.\n{filler}\nWhat is the word of town 0?"
    sample = make_town_sample(0, prompt=(Message(role="user", content=content),))
    with answering(upstream.base_url, tmp_path / "c.sqlite", lambda model: full(model, 300)) as answerer:
        ((reply,),) = answerer.answer([sample])
    assert reply.left_out_tokens > 500
    assert TOKENIZER.count(upstream.prompts[0]) <= 292
    assert upstream.prompts[0].startswith("The word of town 0 is red.")
    assert upstream.prompts[0].endswith("What is the word of town 0?")
    assert reply.reward == 1.0


def test_what_the_server_finds_too_long_is_cut_until_it_takes_it(
    make_town_sample: MakeSample, upstream: Any, tmp_path: Path
):
    upstream.too_long = 700
    filler = "\n".join(f"Ship {number} lay in the harbour." for number in range(30))
    sample = make_town_sample(0, prompt=(Message(role="user", content=f"The word of town 0 is red.\n{filler}"),))
    with answering(upstream.base_url, tmp_path / "c.sqlite", full) as answerer:
        ((reply,),) = answerer.answer([sample])
    assert len(upstream.prompts) > 1
    assert len(upstream.prompts[-1]) <= 700
    assert reply.left_out_tokens > 0


def test_several_answers_are_several_draws(make_town_sample: MakeSample):
    model = ScriptedModel(lambda messages, index: Completion(f"The answer is {'red' if index % 2 else 'blue'}"))
    reader = full(model, decoding=Decoding(answers=4))
    replies = asyncio.run(reader.read(make_town_sample(0)))
    assert [each.reward for each in replies] == [0.0, 1.0, 0.0, 1.0]


def test_a_half_character_is_replaced_so_that_a_file_takes_it(make_town_sample: MakeSample):
    (reply,) = asyncio.run(full(ScriptedModel(["The answer is red \ud83d"])).read(make_town_sample(0)))
    assert reply.text == "The answer is red ?"


def test_the_memory_agent_reads_the_documents_chunk_by_chunk(
    make_town_sample: MakeSample, upstream: Any, tmp_path: Path, town_dataset: Path
):
    documents = Documents.of_folders([town_dataset])

    def reader_of(model: ChatModel) -> MemoryReader:
        return MemoryReader(model, Decoding(answers=2), TOKENIZER, small_fit(), documents)

    with answering(upstream.base_url, tmp_path / "c.sqlite", reader_of) as answerer:
        (replies,) = answerer.answer([make_town_sample(1)])
    assert [each.reward for each in replies] == [1.0, 1.0]
    sections = [prompt for prompt in upstream.prompts if "<section>" in prompt]
    assert len(sections) >= 2 * 2  # several chunks, for each of two answers
    assert replies[0].turns == len(sections) // 2 + 1
    assert not any("End with" in prompt for prompt in sections)  # the form reaches the final turn alone
    assert all("Ship" not in prompt for prompt in upstream.prompts if "<section>" not in prompt)


def test_each_reading_draws_for_itself(make_town_sample: MakeSample, town_dataset: Path):
    indices: list[int] = []

    def say(messages: Any, index: int) -> str:
        indices.append(index)
        asked = messages[-1]["content"]
        return "<memory>\nnote\n</memory>\n<plan>\non\n</plan>" if "<section>" in asked else "the answer is blue"

    documents = Documents.of_folders([town_dataset])
    reader = MemoryReader(ScriptedModel(say), Decoding(answers=3), TOKENIZER, small_fit(), documents)
    replies = asyncio.run(reader.read(make_town_sample(1)))
    assert len(replies) == 3
    assert sorted(set(indices)) == [0, 2, 4]  # two attempts may be made at each response


def test_an_answer_that_was_received_is_never_asked_for_again(
    make_town_sample: MakeSample, upstream: Any, tmp_path: Path
):
    samples = [make_town_sample(number) for number in range(6)]
    upstream.fails_after = 3
    with pytest.raises(ExpectedError), answering(upstream.base_url, tmp_path / "c.sqlite", full) as answerer:
        answerer.answer(samples)
    upstream.fails_after = None
    with answering(upstream.base_url, tmp_path / "c.sqlite", full) as answerer:
        replies = answerer.answer(samples)
    assert [each[0].reward for each in replies] == [1.0] * 6
    assert len(upstream.prompts) == len(set(upstream.prompts)) == 6
