"""Eight invented towns in prose, and a scripted model that plays every role over them, right unless told otherwise."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest

from longstride.llm import Message, ScriptedModel
from longstride.records import Document
from longstride.synthesis.tables.by_model import ProseTablesFamily
from longstride.synthesis.tables.by_model.cells import Cell, Wording
from longstride.synthesis.tables.by_model.columns import SchemaColumn
from longstride.synthesis.tables.by_model.drafts import Draft, drafts
from longstride.synthesis.tables.by_model.table import ReadCells, ReadTable, read_table
from longstride.synthesis.tables.grid_facts import Quote
from longstride.synthesis.with_models import ReadDocument, Roles, Tally

TOWNS: Mapping[str, tuple[int, int, int]] = {  # population 2011, population 2021, area
    "Arlon": (11_900, 12_400, 35),
    "Belt": (8_100, 7_350, 61),
    "Corvia": (30_250, 33_800, 112),
    "Dunmore": (64_000, 70_125, 158),
    "Estova": (4_480, 5_020, 17),
    "Fenwick": (151_000, 149_300, 240),
    "Gallin": (22_700, 25_060, 83),
    "Hestria": (97_410, 99_080, 301),
}
TOKENS = 100  # of each document
Replies = Callable[[str, int], str]


def page(town: str) -> str:
    before, now, area = TOWNS[town]
    return (
        f"{town} lies on the river Vesk and is known for its cheese.\n\n"
        f"At the census of 2011 the town had {before:,} inhabitants. In 2021 there were {now:,} of them.\n"
        f"Its fields and streets cover {area} sq km.\n"
    )


def document_of(name: str, text: str | None = None) -> Document:
    return Document(name.lower(), name, "literature", f"{name}.md", page(name) if text is None else text)


def true_cells(town: str) -> list[dict[str, str]]:
    """What a careful reader finds in a town's page."""
    before, now, area = TOWNS[town]
    common = {"entity": town, "kind": "town", "magnitude": ""}
    return [
        {**common, "attribute": "population", "period": "2011", "value": f"{before:,}", "unit": "",
         "quote": f"At the census of 2011 the town had {before:,} inhabitants."},
        {**common, "attribute": "population", "period": "2021", "value": f"{now:,}", "unit": "",
         "quote": f"In 2021 there were {now:,} of them."},
        {**common, "attribute": "area", "period": "", "value": str(area), "unit": "sq km",
         "quote": f"Its fields and streets cover {area} sq km."},
    ]  # fmt: skip


def right_cells(prompt: str, index: int) -> str:
    title = re.search(r"Title: (\w+)", prompt)
    found = true_cells(title[1]) if title and title[1] in TOWNS else []
    return json.dumps({"cells": found})


def right_schema(prompt: str, index: int) -> str:
    columns = [
        {"name": attribute, "members": [int(number)], "summable": True}
        for number, attribute in re.findall(r"(?m)^(\d+)\. town \| (\w+) \|", prompt)
    ]
    return json.dumps({"columns": columns})


def right_question(prompt: str, index: int) -> str:
    return json.dumps({"question": f"Say, {plain_question(prompt)}"})


def plain_question(prompt: str) -> str:
    found = re.search(r"<question \w+>\n(.*)\n</question", prompt)
    assert found is not None
    return found[1]


@dataclass
class Cast:
    """Which function plays which prompt; each is called with the prompt and the sample index."""

    cells: Replies = right_cells
    schema: Replies = right_schema
    question: Replies = right_question
    query: Replies | None = None
    sql: Mapping[str, str] = field(default_factory=dict[str, str])  # of the plain questions

    def right_query(self, prompt: str, index: int) -> str:
        """The template's own query, for the question that stands in the prompt."""
        plain = next((plain for plain in self.sql if plain in prompt), "")
        return json.dumps({"sql": self.sql.get(plain, "SELECT 0")})

    def reply(self, messages: Sequence[Message], index: int) -> str:
        prompt = messages[0]["content"]
        openings: dict[str, Replies] = {
            "You turn documents into tables": self.cells,
            "You design the columns of one table": self.schema,
            "You write examination questions": self.question,
            "You write SQL for DuckDB": self.query or self.right_query,
        }
        return next(play for opening, play in openings.items() if prompt.startswith(opening))(prompt, index)

    def model(self) -> ScriptedModel:
        return ScriptedModel(self.reply)


def cell_of(given: Mapping[str, str], text: str, readings: int = 3) -> Cell:
    start = text.index(given["quote"])
    quote = Quote(start, start + len(given["quote"]), given["quote"])
    wording = Wording(given["kind"], given["attribute"])
    return Cell(
        given["entity"],
        given["period"],
        given["value"],
        given["magnitude"],
        given["unit"],
        quote,
        (wording,) * readings,
    )


def read_towns(names: Sequence[str] = tuple(TOWNS)) -> list[ReadCells]:
    return [
        ReadCells(town.lower(), TOKENS, 3, [cell_of(each, page(town)) for each in true_cells(town)]) for town in names
    ]


COLUMNS = (
    SchemaColumn("town", "population", True, frozenset([Wording("town", "population")])),
    SchemaColumn("town", "area", True, frozenset([Wording("town", "area")])),
)


@pytest.fixture(scope="session")
def town_pages() -> Mapping[str, Document]:
    return {name: document_of(name) for name in TOWNS}


@pytest.fixture(scope="session")
def town_cells() -> list[ReadCells]:
    """What a perfect reader found in the eight pages."""
    return read_towns()


@pytest.fixture(scope="session")
def town_columns() -> Sequence[SchemaColumn]:
    return COLUMNS


@pytest.fixture(scope="session")
def town_table() -> ReadTable:
    return read_table(read_towns(), COLUMNS)


@pytest.fixture(scope="session")
def town_drafts(town_table: ReadTable) -> list[Draft]:
    """Plain questions about all eight towns."""
    return list(islice(drafts(town_table, 1_000, seed=1), 120))


@pytest.fixture(scope="session")
def town_sql(town_drafts: Sequence[Draft]) -> Mapping[str, str]:
    return {draft.question.text: draft.question.sql for draft in town_drafts}


@pytest.fixture
def cast(town_sql: Mapping[str, str]) -> Cast:
    """A cast that plays everything right; a test replaces what it wants played otherwise."""
    return Cast(sql=town_sql)


@dataclass
class Played:
    """What a run of the family gave."""

    candidates: list[Any]
    tally: dict[str, dict[str, int]]
    documents: list[ReadDocument]
    model: ScriptedModel


def run(cast: Cast, limit: int = 6, seed: int = 1, in_flight: int = 8, **options: int) -> Played:
    family, model, tally = ProseTablesFamily(**options), cast.model(), Tally()
    roles = Roles(lambda role: model, in_flight)

    async def both() -> tuple[list[Any], list[ReadDocument]]:
        pages = [document_of(name) for name in TOWNS]
        documents = [ReadDocument(each, TOKENS, await family.extract(each, roles, tally)) for each in pages]
        return [each async for each in family.propose(documents, 1_000, seed, limit, roles, tally)], documents

    candidates, documents = asyncio.run(both())
    return Played(candidates, tally.to_json(), documents, model)


@pytest.fixture
def play() -> Callable[..., Played]:
    """`play(cast, limit=6, seed=1, in_flight=8)`: read the eight pages, then propose."""
    return run


@pytest.fixture(scope="session")
def right_play(town_sql: Mapping[str, str]) -> Played:
    """A run of 24 candidates in which every role is played right."""
    return run(Cast(sql=town_sql), limit=24)
