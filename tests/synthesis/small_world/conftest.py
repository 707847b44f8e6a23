"""A few sentences of the small world as sources, and a whole world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
import tokenizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from longstride.corpus.world import World, small_vocabulary
from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.small_world import SmallWorldFamily
from longstride.tokens import Tokenizer

TEXTS: Mapping[str, str] = {
    "milis": "Milis works at Kestrel .\nMilis lives in Orvholt .\nMilis plays the harp .\n",
    "kestrel": "Kestrel is led by Zedan .\nKestrel is based in Port Birale .\n",
    "birale": "Port Birale lies in Draovia .\nPort Birale is led by Tarik .\n",
    "draovia": "Draovia is ruled by Sipha .\nDraovia is known for salt .\n",
    "sales": "Kestrel | 2021 | 30 ;\nKestrel | 2024 | 55 ;\nKestrel | 2031 | 12 ;\n",
    "rival": "Zanner | 2022 | 18 ;\nZanner | 2024 | 54 ;\n",
    "third": "Falner | 2024 | 20 ;\nFalner | 2031 | 13 ;\n",
    "rivers": "User : tell a riddle . Assistant : about rivers : old moon sings under stone .\n",
    "again": "User : tell a riddle . Assistant : about rivers : cold wind holds silver feet .\n",
}


def as_source(name: str, text: str) -> Source:
    document = Document(name, name, "literature", f"{name}.txt", text)
    return Source(name, name, name, len(text.split()), SmallWorldFamily().extract(document))


@pytest.fixture(scope="session")
def source_of() -> Callable[[str, str], Source]:
    """`source_of(name, text)`: a source with the statements of a text, a token a word."""
    return as_source


@pytest.fixture(scope="session")
def texts() -> Mapping[str, str]:
    """A dozen facts, a document each."""
    return TEXTS


@pytest.fixture(scope="session")
def few() -> Sequence[Source]:
    """The sources of `texts`."""
    return [as_source(name, text) for name, text in TEXTS.items()]


@pytest.fixture(scope="session")
def world() -> Mapping[str, Document]:
    """The documents of a small world by id."""
    return {document.id: document for document in World(5, "small").documents()}


@pytest.fixture(scope="session")
def world_sources(world: Mapping[str, Document]) -> Sequence[Source]:
    """The sources of `world`."""
    return [as_source(document.id, document.text) for document in world.values()]


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """A token a word of the small world; <unk> for any other."""
    words = ["<unk>", *small_vocabulary()]
    inner = tokenizers.Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = WhitespaceSplit()
    return Tokenizer(inner, "words")
