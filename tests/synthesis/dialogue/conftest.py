from collections.abc import Callable, Sequence
from datetime import datetime

import pytest

from longstride.corpus.world import World
from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.dialogue import DialogueFamily
from longstride.synthesis.dialogue.sessions import write_session

SourceOf = Callable[[Document], Source]


@pytest.fixture(scope="session")
def source_of() -> SourceOf:
    return _source


@pytest.fixture(scope="session")
def world() -> dict[str, Document]:
    """A fictional world: prose of every kind, and four dialogues."""
    return {each.id: each for each in World(seed=7).documents(count=62)}


@pytest.fixture(scope="session")
def world_sources(world: dict[str, Document]) -> list[Source]:
    return [source for each in world.values() if (source := _source(each)).facts]


@pytest.fixture(scope="session")
def dialogue() -> Callable[[str, str], Document]:
    """A document of the family "dialogue" with this text and id."""
    return lambda text, name="chat": Document(name, name, "dialogue", "chats.jsonl", text)


@pytest.fixture(scope="session")
def session() -> Callable[[str, str, Sequence[str]], Document]:
    """A session of a user on a day (as 2024-03-14) in which these sentences are said."""

    def build(user: str, day: str, told: Sequence[str]) -> Document:
        text = write_session(user, datetime.fromisoformat(f"{day} 09:40"), [(each, "Noted.") for each in told])
        return Document(f"{user} {day}", "Chat with an assistant", "dialogue", "chats", text)

    return build


def _source(document: Document) -> Source:
    facts = DialogueFamily().extract(document)
    return Source(document.id, document.parent_id or document.id, document.title, len(document.text) // 4, facts)
