"""Readers that answer from what stands in their prompt, as a model would that makes no mistakes, and roles for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from longstride.llm import ChatModel, Message, ScriptedModel
from longstride.records import Document, Sample

FACT = re.compile(r"^- ([a-z]+) of ([A-Z][a-z0-9]*): (.+)$", re.MULTILINE)
CANNOT_TELL = "I cannot tell."
OPTIONS = re.compile(r"^\(([A-D])\) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Models:
    """The roles of a test."""

    model: Callable[[str], ChatModel]
    in_flight: int = 4


def said(answer: str) -> str:
    return f"Therefore, the answer is ({answer})."


def read(messages: Sequence[Message], sample_index: int = 0) -> str:
    """The answer that the facts in the prompt give: a color, or the sum of the sizes that are asked for."""
    prompt = messages[-1]["content"]
    documents, _, question = prompt.rpartition("Question: ")
    facts = {(name, entity): value for name, entity, value in FACT.findall(documents)}
    entities = re.findall(r"Foo\d+", question)
    if "size" in question:
        sizes = [size for entity in entities if (size := facts.get(("size", entity))) is not None]
        return said(str(sum(map(int, sizes)))) if len(sizes) == len(entities) else CANNOT_TELL
    color = facts.get(("color", entities[0]))
    if color is None:
        return CANNOT_TELL
    letters = {text: letter for letter, text in OPTIONS.findall(question)}
    return said(letters.get(color, color))


@pytest.fixture
def honest() -> Callable[[Sequence[Message], int], str]:
    return read


@pytest.fixture
def answer_is() -> Callable[[str], str]:
    return said


@pytest.fixture
def roles_of() -> Callable[..., Models]:
    """Roles by name: a reply or a function of messages and sample index; `solver` reads unless another is given."""

    def make(in_flight: int = 4, **replies: Any) -> Models:
        models: dict[str, ChatModel] = {}
        for role, reply in {"solver": read, **replies}.items():
            answers = (lambda text: lambda messages, index: text)(reply) if isinstance(reply, str) else reply
            models[role] = ScriptedModel(answers, model_id=f"{role}-model")
        return Models(lambda name: models[name], in_flight)

    return make


@pytest.fixture
def choice(look_ups: list[Sample]) -> Sample:
    """The color of Foo2 (blue) as a multiple choice: the right letter is B."""
    question = "Which color does the note give for Foo2?\n(A) red\n(B) blue\n(C) mauve\n(D) ochre"
    return replace(
        look_ups[2],
        core_question=question,
        ground_truth=("B",),
        reward_style="choice",
        reward_arguments={"choices": "ABCD"},
        task="multiple_choice",
        generator="somebody",
    )


@pytest.fixture
def pool(world: dict[str, Document]) -> list[Document]:
    return list(world.values())


@pytest.fixture
def held(world: dict[str, Document], good: Sample) -> Mapping[str, Document]:
    """The documents of `good` alone."""
    return {name: world[name] for name in good.document_ids}
