"""Documents, and agents that play their parts by the book unless a test tells them otherwise."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from longstride.llm import Message, ScriptedModel
from longstride.llm.scripted import Reply
from longstride.records import Document
from longstride.synthesis.mase.clusters import Cluster
from longstride.synthesis.with_models import ReadDocument, Roles

WORDS = (
    "anchor", "barley", "candle", "dragon", "ember", "falcon", "garden", "harbor", "island", "jasmine",
    "kettle", "lantern", "meadow", "nutmeg", "orchard", "pepper", "quarry", "ribbon", "saddle", "timber",
    "umbrella", "velvet", "walnut", "yarrow", "zephyr", "bridge", "copper", "dagger", "engine", "feather",
    "goblet", "hammer", "iron", "jacket", "ladder", "mirror", "needle", "oyster", "parcel", "quiver",
)  # fmt: skip
NUMBERED = re.compile(r"^<document (\d+) [0-9a-f]{12}>\n# .*\n\n(.*?[.])", re.MULTILINE)
Said = Callable[[str, int], Reply]


class Agents:
    """Three scripted agents. The proposer writes a new question at each call; the other two know its answer."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}  # of each question proposed so far
        self.says: dict[str, Said] = {"proposer": self.propose, "solver": self.solve, "verifier": self.verify}
        self.models = {name: ScriptedModel(self._reply(name), model_id=f"{name}-model") for name in self.says}

    @property
    def roles(self) -> Roles:
        return Roles(lambda name: self.models[name])

    def prompts(self, name: str) -> list[str]:
        """What an agent was asked, in order, one for each sample."""
        return [call.prompt for call in self.models[name].calls]

    def propose(self, prompt: str, sample_index: int) -> Reply:
        """A question that quotes the first sentence of the last document and of the one before it."""
        return json.dumps(self.proposal(prompt))

    def proposal(self, prompt: str) -> dict[str, Any]:
        draw = random.Random(prompt)
        words = draw.sample(WORDS, 10)
        question = f"Which {' '.join(words[:7])}?"
        self.answers[question] = words[7] + words[8]
        said: dict[str, Any] = {
            "quotes": [{"document": int(number), "text": text} for number, text in NUMBERED.findall(prompt)[-2:]],
            "question": question,
            "answer": self.answers[question],
        }
        if "wrong_options" in prompt:
            said["wrong_options"] = [words[9] + other for other in draw.sample(WORDS, 3)]
        return said

    def solve(self, prompt: str, sample_index: int) -> Reply:
        answer = next((known for question, known in self.answers.items() if question in prompt), "unheard of")
        letter = next((each for each in "ABCD" if f"\n({each}) {answer}\n" in prompt), None)
        return f"Therefore, the answer is {f'({letter})' if letter else answer}"

    def verify(self, prompt: str, sample_index: int) -> Reply:
        return verdict()

    def _reply(self, name: str) -> Callable[[Sequence[Message], int], Reply]:
        return lambda messages, sample_index: self.says[name](messages[-1]["content"], sample_index)


def verdict(**criteria: bool) -> str:
    """A vote; every criterion that is not named holds."""
    return json.dumps({"reason": "so", "answerable": True, "single": True, "supported": True, **criteria})


@pytest.fixture
def agents() -> Agents:
    return Agents()


@pytest.fixture
def vote() -> Callable[..., str]:
    return verdict


@pytest.fixture
def make_documents() -> Callable[..., list[Document]]:
    """Documents of 24 words or more; a pair with the same number in tens shares words of its own."""

    def make(count: int, extra: str = "") -> list[Document]:
        return [
            Document(
                id=f"doc-{n}",
                title=f"Page {n}",
                family="literature",
                source=f"{n}.md",
                text=f"The mill of place{n} was built in {1800 + n}. "
                f"Here grow shrub{n // 2}x and herb{n // 2}x, as the wardens of place{n} wrote down in their "
                f"book of that year, and nothing else grows anywhere near.\n{extra}",
            )
            for n in range(count)
        ]

    return make


@pytest.fixture
def make_cluster(make_documents: Callable[..., list[Document]]) -> Callable[..., Cluster]:
    def make(documents: int, number: int = 0) -> Cluster:
        return Cluster(number, tuple(make_documents(documents)))

    return make


@pytest.fixture
def as_read() -> Callable[[Sequence[Document]], list[ReadDocument]]:
    """Documents as the pipeline hands them to `propose`, each of a hundred tokens."""

    def read(documents: Sequence[Document]) -> list[ReadDocument]:
        return [ReadDocument(each, 100, {"words": len(each.text.split())}) for each in documents]

    return read
