"""What the players of the scripted peer share: the world's ground truth, and the questions that were written so far.

The peer is an OpenAI-compatible server on loopback that plays every role of synthesis with models over the fictional
world, perfectly or with a stated share of errors. A player answers one kind of prompt.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from longstride.corpus.world import Fact
from longstride.records import Document


@dataclass(frozen=True)
class Known:
    """What the peer knows of a question that it wrote or was shown."""

    answer: str  # the true one, by the world
    wrong: str  # a plausible other one
    needed: tuple[str, ...] = ()  # texts that must all stand in a prompt for the question to be answerable


@dataclass
class Truth:
    """The world's documents and gold facts, and every question registered so far, by its text."""

    documents: dict[str, Document]
    facts: dict[str, tuple[Fact, ...]]  # by document
    questions: dict[str, Known] = field(default_factory=dict[str, Known])

    def __post_init__(self) -> None:
        self._objects: dict[tuple[str, str], dict[str, None]] = {}
        for facts in self.facts.values():
            for fact in facts:
                self._objects.setdefault((fact.subject, fact.relation), {})[fact.object] = None

    @classmethod
    def of(cls, pages: Iterable[tuple[Document, tuple[Fact, ...]]]) -> Truth:
        """From `World.pages`."""
        documents: dict[str, Document] = {}
        facts: dict[str, tuple[Fact, ...]] = {}
        for document, stated in pages:
            documents[document.id] = document
            facts[document.id] = stated
        return cls(documents, facts)

    def objects(self, subject: str, relation: str) -> tuple[str, ...]:
        """Every true object, in the order of the world's documents."""
        return tuple(self._objects.get((subject, relation), ()))

    def sentence(self, fact: Fact) -> str:
        """The line of its document that states a fact: what an extractor quotes."""
        text = self.documents[fact.document_id].text
        start, end = text.rfind("\n", 0, fact.start) + 1, text.find("\n", fact.end)
        return text[start : end if end >= 0 else len(text)]

    def facts_in(self, text: str) -> list[Fact]:
        """The facts whose line stands in this text, in the world's order."""
        return [
            fact
            for document_id, facts in self.facts.items()
            if any(line in text for line in self.documents[document_id].text.splitlines()[:3] if len(line) > 20)
            or self.documents[document_id].title in text
            for fact in facts
            if self.sentence(fact) in text
        ]


Player = Callable[[str, Truth, random.Random | None], str | None]
