"""Columns out of many wordings: a model groups them, and what most of its answers group alike is one (paper 3.2).

Each reading of a document chose its own words for what it measured. The columns of a region are the groups on which
a majority of independent answers agree, pair by pair: a doubtful member joins nothing, and doubtful pairs are not
chained.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from longstride.llm import ChatModel, ModelError
from longstride.llm.structured import complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Message
from longstride.synthesis.tables.by_model.cells import Cell, Wording, majority
from longstride.synthesis.tables.by_model.reading import NO_ANSWER
from longstride.synthesis.tables.corpus_table import normal
from longstride.synthesis.tables.values import unit_key
from longstride.synthesis.tables.wording import phrase
from longstride.synthesis.with_models import Tally

SCHEMAS, COLUMNS = "schemas proposed", "columns agreed"
IN_NO_COLUMN = "in no column by majority"
NO_NAME = "a column without a readable name"
SAME_NAME = "two columns of one name"
TOO_RARE = "rarer than the wordings that fit one request"
MOST_WORDINGS = 80  # of a region, the most frequent; not in the paper
LONGEST_EXAMPLE = 120  # characters


class ReplyColumn(BaseModel):
    """One column as a model proposes it: untrusted."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[str, Field(max_length=80)]
    members: Annotated[list[int], Field(max_length=MOST_WORDINGS)]
    summable: bool = False


class SchemaReply(BaseModel):
    """What the extractor answers for the wordings of a region."""

    columns: Annotated[list[ReplyColumn], Field(max_length=MOST_WORDINGS)]


@dataclass(frozen=True)
class SchemaColumn:
    """A property that one kind of thing has, under all the words that its readings used."""

    kind: str
    name: str  # as it stands in a question: "population", "number of employees"
    summable: bool
    wordings: frozenset[Wording]


@dataclass(frozen=True)
class Use:
    """How a wording is used in a region."""

    wording: Wording
    unit: str
    entities: int
    example: str


def uses_of(cells: Iterable[Cell]) -> list[Use]:
    """The wordings of these cells, those that most entities have first."""
    entities: dict[Wording, dict[str, None]] = {}
    first: dict[Wording, Cell] = {}
    for cell in cells:
        for wording in cell.wordings:
            entities.setdefault(wording, {})[normal(cell.entity)] = None
            first.setdefault(wording, cell)
    uses = [
        Use(wording, first[wording].value.unit, len(names), first[wording].quote.text[:LONGEST_EXAMPLE])
        for wording, names in entities.items()
    ]
    return sorted(uses, key=lambda use: (-use.entities, use.wording.kind, use.wording.attribute))


async def agreed_columns(cells: Sequence[Cell], extractor: ChatModel, answers: int, tally: Tally) -> list[SchemaColumn]:
    """The columns of a region by the majority of `answers` proposals; none where too few of them came."""
    uses = uses_of(cells)
    if len(uses) > MOST_WORDINGS:
        tally.count(COLUMNS, TOO_RARE, len(uses) - MOST_WORDINGS)
    uses = uses[:MOST_WORDINGS]
    if not uses:
        return []
    replies = await asyncio.gather(*(_proposed(uses, extractor, index, tally) for index in range(answers)))
    return united(uses, [reply for reply in replies if reply is not None], answers, tally)


def schema_prompt(uses: Sequence[Use]) -> str:
    """The extractor's request for the columns of a region."""
    lines = [
        f"{number}. {use.wording.kind} | {use.wording.attribute} | {use.unit or 'plain count'} | "
        f"{use.entities} things | {' '.join(use.example.split())}"
        for number, use in enumerate(uses, start=1)
    ]
    return fill_prompt("extractor_schema", attributes=delimited("\n".join(lines), "attributes"))


def united(uses: Sequence[Use], replies: Sequence[SchemaReply], asked: int, tally: Tally) -> list[SchemaColumn]:
    """Wordings that more than half of the answers asked for put together, each with every other of its column."""
    placed = [_places(reply, uses) for reply in replies]
    needed = majority(asked)
    groups: list[list[int]] = []
    for member, use in enumerate(uses):
        if sum(member in places for places in placed) < needed:
            tally.count(COLUMNS, IN_NO_COLUMN)
            continue
        for group in groups:
            one_unit = unit_key(use.unit) == unit_key(uses[group[0]].unit)
            if one_unit and all(_together(member, other, placed) >= needed for other in group):
                group.append(member)
                break
        else:
            groups.append([member])
    columns: list[SchemaColumn] = []
    taken: set[tuple[str, str]] = set()
    for group in groups:
        column = _column(group, uses, placed, needed)
        if column is None:
            tally.count(COLUMNS, NO_NAME)
        elif (column.kind, column.name) in taken:
            tally.count(COLUMNS, SAME_NAME)
        else:
            taken.add((column.kind, column.name))
            tally.count(COLUMNS)
            columns.append(column)
    return columns


def column_of(cell: Cell, by_wording: Mapping[Wording, SchemaColumn], readings: int) -> SchemaColumn | None:
    """The column into which the words of most readings of a cell fall."""
    counts = Counter(column for wording in cell.wordings if (column := by_wording.get(wording)) is not None)
    return next((column for column, votes in counts.items() if votes >= majority(readings)), None)


async def _proposed(uses: Sequence[Use], extractor: ChatModel, index: int, tally: Tally) -> SchemaReply | None:
    messages: list[Message] = [{"role": "user", "content": schema_prompt(uses)}]
    try:
        reply = await complete_structured(extractor, messages, SchemaReply, sample_index=index)
    except ModelError:
        tally.count(SCHEMAS, NO_ANSWER)
        return None
    tally.count(SCHEMAS)
    return reply


def _places(reply: SchemaReply, uses: Sequence[Use]) -> dict[int, ReplyColumn]:
    """The column of each wording in one answer, by the wording's index; what stands twice stands nowhere."""
    found: dict[int, ReplyColumn] = {}
    twice: set[int] = set()
    for column in reply.columns:
        for number in dict.fromkeys(column.members):
            index = number - 1
            if index in found:
                twice.add(index)
            elif 0 <= index < len(uses):
                found[index] = column
    return {index: column for index, column in found.items() if index not in twice}


def _together(first: int, second: int, placed: Sequence[Mapping[int, ReplyColumn]]) -> int:
    return sum(first in places and places.get(first) is places.get(second) for places in placed)


def _column(
    group: Sequence[int], uses: Sequence[Use], placed: Sequence[Mapping[int, ReplyColumn]], needed: int
) -> SchemaColumn | None:
    """A group under the name that most answers give it, else under its most used wording."""
    lead = uses[group[0]]
    proposals = [places[group[0]] for places in placed if group[0] in places]
    names = Counter(normal(each.name) for each in proposals)
    name, votes = min(names.items(), key=lambda item: (-item[1], item[0]))
    said = phrase("", name if votes >= needed else lead.wording.attribute, lead.unit, counted=False)
    if said is None:
        return None
    summable = sum(each.summable for each in proposals) >= needed
    return SchemaColumn(lead.wording.kind, said, summable, frozenset(uses[index].wording for index in group))
