"""Six short documents by hand, what they state, and models that read, link, describe, ask and confirm by it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from longstride.llm import ChatModel, Message, ScriptedModel
from longstride.records import Document
from longstride.synthesis.knowledge_graph.by_model import nearness
from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.with_models import ReadDocument, Roles

TEXTS = {
    "Norvik Mills": (
        "Norvik Mills was founded in 1871 by Ada Brandt.\n\nThe head office of Norvik Mills is in Tellsund. "
        "Norvik Mills buys its wool from Halden Farms.\n"
    ),
    "Ada Brandt": "Ada Brandt was born in Oskerby in 1840.\n\nShe died in 1911.\n",
    "Tellsund": "Tellsund lies on the River Arle. The mayor of Tellsund is Tor Lund.\n",
    "Oskerby": "Oskerby lies on the River Senn. Oskerby was chartered in 1302. It has 4,210 inhabitants.\n",
    "Halden Farms": "Halden Farms was founded in 1850. Its head office is in Oskerby.\n",
    "River Senn": "The River Senn is 212 km long and rises at Mount Gard.\n",
}
STATED = {
    "Norvik Mills": [
        ("Norvik Mills", "founded", "1871"),
        ("Norvik Mills", "founder", "Ada Brandt"),
        ("Norvik Mills", "head office", "Tellsund"),
        ("Norvik Mills", "supplier", "Halden Farms"),
    ],
    "Ada Brandt": [
        ("Ada Brandt", "birthplace", "Oskerby"),
        ("Ada Brandt", "born", "1840"),
        ("Ada Brandt", "died", "1911"),
    ],
    "Tellsund": [("Tellsund", "river", "River Arle"), ("Tellsund", "mayor", "Tor Lund")],
    "Oskerby": [
        ("Oskerby", "river", "River Senn"),
        ("Oskerby", "chartered", "1302"),
        ("Oskerby", "inhabitants", "4,210"),
    ],
    "Halden Farms": [("Halden Farms", "founded", "1850"), ("Halden Farms", "head office", "Oskerby")],
    "River Senn": [("River Senn", "length", "212 km"), ("River Senn", "source", "Mount Gard")],
}

Fact = tuple[str, str, str]


def block(message: str, kind: str) -> str:
    """What stands between the marks of a kind in a prompt."""
    found = re.search(rf"<{kind} (\w+)>\n(.*?)\n</{kind} \1>", message, re.DOTALL)
    return found[2] if found else ""


@dataclass
class Readers:
    """Models that know the six documents; a test replaces a reply by setting `says` for an opening of a prompt."""

    answers: dict[str, str] = field(default_factory=dict[str, str])  # by question
    described: dict[str, str] = field(default_factory=dict[str, str])  # a description's thing
    says: dict[str, Callable[[str, int], str]] = field(default_factory=dict[str, Callable[[str, int], str]])
    prompts: list[str] = field(default_factory=list[str])

    def reply(self, messages: Sequence[Message], sample: int) -> str:
        message = messages[0]["content"]
        self.prompts.append(message)
        for opening, says in self.says.items():
            if message.startswith(opening):
                return says(message, sample)
        if message.startswith("You read a"):
            return json.dumps({"triples": []})
        if message.startswith("You read"):
            return self.extract(message)
        if message.startswith("You decide"):
            return json.dumps({"same": False})
        if message.startswith("You describe"):
            return self.describe(message)
        return self.propose(message) if message.startswith("You write") else self.verify(message)

    def extract(self, message: str) -> str:
        title, text = block(message, "title"), block(message, "document")
        sentences = re.split(r"(?<=\.)\s+", text)
        triples = [
            {"subject": s, "relation": r, "object": o, "time": None, "quote": next(x for x in sentences if o in x)}
            for s, r, o in STATED.get(title, [])
            if o in text
        ]
        return json.dumps({"triples": triples})

    def describe(self, message: str) -> str:
        facts = json.loads(block(message, "facts"))[:6]
        text = "the one whose " + " and whose ".join(f"{each['relation']} is {each['object']}" for each in facts)
        self.described[text] = block(message, "names").split("\n")[0]
        return json.dumps({"description": text, "conditions": [{"fact": each["fact"]} for each in facts]})

    def propose(self, message: str) -> str:
        start, facts = block(message, "start"), json.loads(block(message, "facts"))
        here = places = {"START": self.described.get(start, start)}
        for fact in facts:
            known = here[fact["from"]]
            ends = [o for s, r, o in FACTS if (s, r) == (known, fact["relation"])]
            starts = [s for s, r, o in FACTS if (o, r) == (known, fact["relation"])]
            places[fact["to"]] = (ends if fact["forward"] else starts)[0]
        said = ", ".join(f"{each['relation']} ({each['from']}>{each['to']})" for each in facts)
        asked = re.findall(r"Asked for: (\w+)\n", message)[-1]
        question = f"From {start} by {said}: which {asked}?"
        dates = [int(places.get(name, "0")) for name in ("FIRST DATE", "SECOND DATE")]
        origins = [fact["from"] for fact in facts][-2:]
        self.answers[question] = {
            "years_between": str(abs(dates[0] - dates[1])),
            "earlier": places[origins[dates[1] < dates[0]]],
        }.get(asked, places.get("ANSWER", ""))
        return json.dumps({"question": question})

    def verify(self, message: str) -> str:
        return json.dumps({"answer": self.answers.get(block(message, "question").split("\n")[0])})


FACTS = [fact for facts in STATED.values() for fact in facts]


@pytest.fixture
def readers() -> Readers:
    return Readers()


@pytest.fixture
def model(readers: Readers) -> ScriptedModel:
    return ScriptedModel(readers.reply)


@pytest.fixture
def roles(model: ScriptedModel) -> Roles:
    return Roles(lambda name: model, in_flight=4)


@pytest.fixture
def make_document() -> Callable[..., Document]:
    def make(title: str, text: str, **more: Any) -> Document:
        fields = {"id": title.lower().replace(" ", "-"), "family": "professional", "source": "hand", **more}
        return Document(title=title, text=text, **fields)

    return make


@pytest.fixture
def documents(make_document: Callable[..., Document]) -> list[Document]:
    return [make_document(title, text) for title, text in TEXTS.items()]


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    return asyncio.run


@pytest.fixture
def triple() -> Callable[..., Triple]:
    """A triple of a document, with a quote that says it; three samples found it, unless told otherwise."""

    def make(subject: str, relation: str, target: str, document: str = "d", time: str = "", votes: int = 3) -> Triple:
        quote = f"{subject}: {relation} {target}."
        return Triple(subject, relation, target, time, 0, len(quote), votes, document, quote)

    return make


@pytest.fixture
def graph_of() -> Callable[..., Graph]:
    def make(triples: Sequence[Triple], clusters: Clusters | None = None) -> Graph:
        return Graph.of(triples, clusters or Clusters(), agreeing=2)

    return make


@pytest.fixture
def hand_triples(triple: Callable[..., Triple]) -> list[Triple]:
    """What the six documents state, each in the document of its title."""
    ids = {title: title.lower().replace(" ", "-") for title in STATED}
    return [triple(*fact, ids[title]) for title, facts in STATED.items() for fact in facts]


@pytest.fixture
def as_read(documents: list[Document]) -> Callable[[Sequence[Triple]], list[ReadDocument]]:
    """The six documents with these triples as their facts; a document takes 100 tokens."""

    def make(triples: Sequence[Triple]) -> list[ReadDocument]:
        facts = {each.id: [x.to_json() for x in triples if x.document_id == each.id] for each in documents}
        return [ReadDocument(each, 100, {"triples": facts[each.id]}) for each in documents]

    return make


@pytest.fixture
def without_embedding(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra `embedding` were not installed."""
    monkeypatch.setattr(nearness, "PACKAGE", "no-such-package")


@pytest.fixture
def refusing() -> ChatModel:
    """A model that answers every prompt with an excuse."""
    return ScriptedModel(lambda messages, sample: "I'm sorry, but I can't help with that.")
