"""A small corpus of labelled documents, and ways to make sources of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.tables.facts import document_facts

PLACES: Mapping[str, tuple[int, int, float, int, str, tuple[str, str, str]]] = {
    # land area, water area, birth rate, airports, founded, exports of three years
    "Arvania": (100, 7, 11.5, 12, "5 July 1962", ("$1.5 billion", "$2.1 billion", "$2.6 billion")),
    "Belmora": (250, 12, 9.25, 40, "1 January 1960", ("$800 million", "$650 million", "$700 million")),
    "Corvia": (475, 31, 30.1, 7, "14 March 1981", ("$12.25 billion", "$11.5 billion", "$14 billion")),
    "Dremland": (820, 64, 22.8, 150, "9 May 1945", ("$3.4 billion", "$3.6 billion", "$3.1 billion")),
    "Estova": (1300, 90, 17.6, 95, "30 August 1991", ("$45 billion", "$52.5 billion", "$49.5 billion")),
    "Fenwick": (2100, 155, 14.2, 61, "2 June 1953", ("$6.75 billion", "$7.25 billion", "$9 billion")),
    "Gallia": (3350, 240, 26.4, 22, "21 October 1975", ("$20 billion", "$18 billion", "$22.5 billion")),
    "Hestria": (5000, 410, 8.1, 310, "12 December 1963", ("$95 billion", "$101 billion", "$99 billion")),
}


def profile(name: str) -> str:
    """The text of one of PLACES."""
    land, water, births, airports, founded, exports = PLACES[name]
    series = "\n".join(f"- Exports {year}: {value} ({year} est.)" for year, value in enumerate(exports, 2021))
    return f"""# {name}

## Geography

### Area

- land: {land:,} sq km
- water: {water:,} sq km

## Society

- Birth rate: {births} births/1,000 population (2024 est.)
- Airports: {airports} (2025)
- Independence: {founded} (after a treaty)

## Economy

### Exports

{series}
- note: note: data in current dollars
"""


def source_of(title: str, text: str, name: str | None = None, path: str | None = None, tokens: int = 100) -> Source:
    identity = name or title
    document = Document(identity, title, "professional", path or f"{identity}.md", text)
    return Source(identity, identity, title, tokens, document_facts(document))


@pytest.fixture
def make_source() -> Callable[..., Source]:
    """`make_source(title, text, name=None, path=None, tokens=100)`: a source with the facts of a text."""
    return source_of


@pytest.fixture(scope="session")
def places() -> Sequence[Source]:
    """Eight made-up countries, a document of 100 tokens each."""
    return [source_of(name, profile(name)) for name in PLACES]


@pytest.fixture(scope="session")
def place_texts() -> Mapping[str, str]:
    """The texts of `places` by document."""
    return {name: profile(name) for name in PLACES}
